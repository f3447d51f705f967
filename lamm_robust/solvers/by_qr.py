"""Least squares by QR, tall and wide: the triangular problem, its two branches, and how large the errors may be."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from lamm_robust.solvers.arrays import eps_of, root_of_size
from lamm_robust.solvers.branches import Branch, either
from lamm_robust.solvers.derivatives import Known, is_wide
from lamm_robust.solvers.factors import Factors, complete, of_full_rank, same
from lamm_robust.solvers.lapack import product, qr, qr_of, triangular
from lamm_robust.solvers.powers import OF_ZERO, frobenius, ldexp, norms, room_of, scale_columns, scale_targets

Found = tuple[Any, Any, Any]
"""X (n×k), the rank, and k errors."""
Chooser = Callable[[Branch, Branch], Callable[[Any, Any], Any]]
"""Of a usual and a rare branch, a function of (is_usual, given)."""


class Tall(NamedTuple):
    """A = QRD·2**top with D = 2**e, and what the branches need of A and B, whose columns are scaled by 2**−back."""

    is_full: Any
    R: Any
    e: Any
    condition: Any
    """The condition number ‖R‖_F‖R⁻¹‖_F in the Frobenius norm."""
    back: Any
    inverse: Any
    C: Any
    """QᵀB (n×k)."""
    Y: Any
    """R⁻¹C."""
    residuals: Any
    """The norms of what is left of B."""


class Wide(NamedTuple):
    """Aᵀ = QRD·2**top with D = 2**e, and B scaled by 2**−back, or by (D·2**back)⁻¹ if A is of full rank."""

    is_full: Any
    R: Any
    e: Any
    condition: Any
    back: Any
    Q: Any
    T: Any


def minimised(A: Any, B: Any, rcond: Any, chooser: Chooser) -> Any:
    """X, the rank and the errors for A (m×n) and B (m×k), by the branch that the chooser takes."""
    given = _wide(A, B, rcond)[0] if is_wide(A) else _tall(A, B, rcond)
    full, deficient = _branches(A)
    return _chosen(chooser, full, lambda *asked: deficient(*asked)[0], roundoff(A), rcond, given)


def factorised(A: Any, B: Any, rcond: Any) -> tuple[Any, Any, Any, Known]:
    """What `minimised` finds, and the factors of A."""
    given, Q, top = _wide(A, B, rcond) if is_wide(A) else _tall_with_q(A, B, rcond)
    full, deficient = _branches(A)
    found, W = _chosen(
        either,
        lambda unit, rcond, given: (full(unit, rcond, given), of_full_rank(given.R, given.e)),
        deficient,
        *(roundoff(A), rcond, given),
    )
    return *found, Known(Q, W, top)


def _branches(A: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return (_wide_full, _wide_deficient) if is_wide(A) else (_tall_full, _tall_deficient)


def _chosen(chooser: Chooser, usual: Any, rare: Any, unit: Any, rcond: Any, given: Any) -> Any:
    """What the branch (unit, rcond, given) that is chosen returns."""
    if isinstance(unit, float):  # then unit and rcond are constants of the program
        return chooser(partial(usual, unit, rcond), partial(rare, unit, rcond))(given.is_full, given)
    return chooser(lambda asked: usual(*asked), lambda asked: rare(*asked))(given.is_full, (unit, rcond, given))


def _tall(A: Any, B: Any, rcond: Any) -> Tall:
    """QR of A and B side by side, which does not form Q."""
    n, (S, exponents) = A.shape[1], _side_by_side(A, B)
    reduced = qr_of(S)
    return _triangular(reduced[:n, :n], reduced[:n, n:], norms(reduced[n:, n:]), exponents, rcond)


def _tall_with_q(A: Any, B: Any, rcond: Any) -> tuple[Tall, Any, Any]:
    n, (S, exponents) = A.shape[1], _side_by_side(A, B)
    Q, R = qr(S[:, :n])
    C = product(Q.T, S[:, n:])
    return _triangular(R, C, norms(S[:, n:] - product(Q, C)), exponents, rcond), Q, _split(exponents[:n])[1]


def _side_by_side(A: Any, B: Any) -> tuple[Any, Any]:
    """The scaled columns of A and B, and their exponents; those of B are large, as small ones may not underflow."""
    room, M = room_of(A.dtype), jnp.hstack([A, B])
    S, exponents = scale_columns(M, np.array([0] * A.shape[1] + [room] * B.shape[1], np.int32)[None, :])
    return jnp.where(jnp.isfinite(M).all(), S, jnp.nan), exponents


def _triangular(R: Any, C: Any, residuals: Any, exponents: Any, rcond: Any) -> Tall:
    n = len(R)
    e, top = _split(exponents[:n])
    solved = triangular(R, jnp.hstack([jnp.eye(n, dtype=R.dtype), C]))
    inverse, Y = solved[:, :n], solved[:, n:]
    condition = frobenius(R) * frobenius(inverse)
    return Tall(condition * rcond < 1, R, e, condition, exponents[n:] - top, inverse, C, Y, residuals)


def _split(exponents: Any) -> tuple[Any, Any]:
    """(e, top) for the exponents of columns: e ≤ 0 for each, 0 for a column of zeros, and one top for all.

    top is 0 where all columns are zeros: 2**−top enters derivatives, where ∞ times 0 would be NaN.
    """
    top = jnp.max(exponents)
    top = jnp.where(top > OF_ZERO, top, 0)
    return jnp.where(exponents > OF_ZERO, exponents - top, 0), top


def _wide(A: Any, B: Any, rcond: Any) -> tuple[Wide, Any, Any]:
    """QR of Aᵀ. At full rank the system is consistent, and its rows may be scaled."""
    S, exponents = scale_columns(A.T)
    e, top = _split(exponents)
    Q, R = qr(jnp.where(jnp.isfinite(A).all() & jnp.isfinite(B).all(), S, jnp.nan))
    condition = frobenius(R) * frobenius(triangular(R, same(jnp.eye(len(R), dtype=R.dtype), R)))
    is_full = condition * rcond < 1
    T, shift = scale_targets(B, jnp.where(is_full, e, 0))
    return Wide(is_full, R, e, condition, shift - top, Q, T), Q, top


def _tall_full(unit: Any, _: Any, given: Tall) -> Found:
    """Backward stable column by column, and so are the errors: each |x_j| counts with the size of its column."""
    _, R, e, condition, back, inverse, C, Y, residuals = given
    loads = _both(norms(C), residuals) + product(norms(R), jnp.abs(Y)) + condition * residuals
    least = jnp.min(e)
    weight = unit * frobenius(ldexp(inverse, (least - e)[:, None]))
    return ldexp(Y, back[None, :] - e[:, None]), _count(e), _claimed(weight * loads, back - least)


def _tall_deficient(unit: Any, rcond: Any, given: Tall) -> tuple[Found, Factors]:
    found, room = complete(given.R, given.e, rcond), room_of(given.R.dtype)
    C, residuals, back = ldexp(given.C, -room), ldexp(given.residuals, -room), given.back + room
    X, inverse = found.solve(C, transpose=False)
    missed = norms(C - product(ldexp(given.R, given.e[None, :]), X))
    errors = unit * found.errors(X, inverse, _both(norms(C), residuals), _both(missed, residuals), unit)
    return (ldexp(X, back[None, :]), found.rank, _claimed(errors, back)), found.factors


def _wide_full(unit: Any, _: Any, given: Wide) -> Found:
    _, R, e, condition, back, Q, T = given
    Y = triangular(R, T, transpose=True)
    return ldexp(product(Q, Y), back[None, :]), _count(e), _claimed(3 * unit * condition * norms(Y), back)


def _wide_deficient(unit: Any, rcond: Any, given: Wide) -> tuple[Found, Factors]:
    found, room = complete(given.R, given.e, rcond), room_of(given.R.dtype)
    T, back = ldexp(given.T, -room), given.back + room
    Y, inverse = found.solve(T, transpose=True)
    missed = norms(T - product(ldexp(given.R, given.e[None, :]).T, Y))
    errors = unit * found.errors(Y, inverse, norms(T), missed, unit)
    return (ldexp(product(given.Q, Y), back[None, :]), found.rank, _claimed(errors, back)), found.factors


def _count(e: Any) -> Any:
    """How many columns there are, as the rank: made of an array of the branch, for `jax.shard_map` asks for that."""
    return jnp.sum(same(jnp.ones_like(e), e), dtype=e.dtype)


def _claimed(errors: Any, exponent: Any) -> Any:
    """errors · 2**exponent, or the smallest normal number if it is less: XLA makes 0 of that, which claims x = x★."""
    least = float(np.finfo(errors.dtype).tiny)
    return jnp.where(errors == 0, errors, jnp.maximum(ldexp(errors, exponent), least))


def _both(one: Any, other: Any) -> Any:
    """√(one² + other²) of lengths whose squares are numbers."""
    return jnp.sqrt(one * one + other * other)


def roundoff(M: Any) -> Any:
    """√max(m, n)·eps, but at most 64·eps: the relative change of each entry of A and b that the error estimates assume.

    Rounding errors of a sum of m terms grow like √m if they are random. For columns of ones, where they are not, at
    most twice as much was needed (m = 500), and 1.5u for the small problems of the small profile. They stop growing,
    for LAPACK sums blocks and lanes apart: up to m = 2,000,000 at most 33·eps was needed, in float32.
    """
    root, most = root_of_size(M), 64.0
    return (min(root, most) if isinstance(root, float) else jnp.minimum(root, most)) * eps_of(M)
