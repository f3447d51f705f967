"""The solver that this project recommends: minimum-norm least squares in JAX, as one program of static shapes.

Let G be A, or Aᵀ if A is wide, D the powers of two that bring the largest entry of each column of GD⁻¹ to [2, 4), and
GD⁻¹ = QR. The scaling is exact, except for entries that underflow beside the largest entry of their column. Columns of
one length would be within √n of the best column scaling for κ (van der Sluis, Numer. Math. 14 (1969) 14); these differ
in length by 2√m at most.

* *Full rank*, which ‖R‖_F‖R⁻¹‖_F < 1/rcond proves in nearly all cases at little cost (then |r_nn| > rcond·|r_11| in
  every order of the columns): x by one triangular solve. For a tall A, QR of A and b side by side gives Qᵀb, and Q is
  not formed, which halves the work. Backward stable column by column (Higham, Accuracy and Stability of Numerical
  Algorithms, 2nd ed., SIAM 2002, Theorem 20.3).
* *Otherwise* (for a batch: if any member is not of full rank), `lax.cond` takes the branch of a complete orthogonal
  factorisation RD = U T Vᵀ: QR with column pivoting of R (`factors.pivoted`), the rows that are not rounding errors,
  unscaled, and QR of their transpose with the longest rows first (Golub and Van Loan, Matrix Computations, 4th ed.,
  5.5.2; Cox and Higham in Numerical Analysis 1997, Pitman Research Notes 380, p. 57, for the order).

Beside this file: `by_qr` has the two branches, `factors` the factorisation, `derivatives` the rules of differentiation,
`powers` the scaling, `lapack` what calls of LAPACK in a batch need, and `branches` the choice within a batch.

*Numerical rank*: how many rows of the pivoted R, from the first, have diagonal entries above rcond times the first one.
By default rcond = 4·√(max(m, n))·eps, for rounding errors grow like the square root of the number of terms. On the
rank-deficient problems of the standard profile the first row of rounding errors was at most 0.74√(max(m, n))·eps, and
where the precision can resolve the smallest singular value the last row was at least 24 times that unit: 4 is the
geometric mean. With the usual cutoff, which grows like max(m, n), the slope of long straight lines counts as zero.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lamm_robust.solvers.arrays import eps_of, root_of_size
from lamm_robust.solvers.branches import either
from lamm_robust.solvers.by_qr import factorised, minimised
from lamm_robust.solvers.derivatives import solution
from lamm_robust.solvers.factors import same

MARGIN = 4.0
"""The default rcond in units of √(max(m, n))·eps: see the head of this module."""

ACCEPTED = (np.dtype(np.float32), np.dtype(np.float64))
"""LAPACK has no 16-bit numbers, and complex ones are not done."""


class Solution(NamedTuple):
    """What `solve` returns: arrays, so that it passes through jit and vmap."""

    x: Any
    """The shortest x that minimises ‖Ax − b‖₂: (n,), or (n, k) for k right-hand sides."""
    rank: Any
    """The numerical rank of A, by the rule at the head of this module."""
    error: Any
    """About how large ‖x − x★‖₂ may be, where x★ is exact for this rank: a number for each right-hand side."""


def solve(A: Any, b: Any, rcond: float | None = None) -> Solution:
    """Minimise ‖Ax − b‖₂, and then ‖x‖₂, for A (m×n) and b (m, or m×k), both float32 or both float64.

    `solve` can be compiled (jax.jit), batched (jax.vmap), exported, and differentiated any number of times in forward
    and reverse mode where the rank does not change: x alone, for the derivatives of the others are 0. Rows of the
    pivoted R count as zero from the first diagonal entry at or below `rcond` times the first; rcond must be known when
    the program is compiled, and None is 4·√(max(m, n))·eps. NaN or ∞ in A or b makes all of x NaN, for a compiled
    program cannot raise. Raises ValueError for other shapes and types, for float64 where JAX is not set to compute in
    it, and for an rcond that is not in [0, 1).
    """
    A, b = _array("A", A), _array("b", b)
    if A.ndim != 2 or b.ndim not in (1, 2) or b.shape[0] != A.shape[0]:
        several = "; for several A, use jax.vmap" if A.ndim > 2 else ""
        raise ValueError(f"A has shape {A.shape} and b {b.shape}; accepted are (m, n) with (m,) or (m, k){several}")
    if A.dtype not in ACCEPTED or A.dtype != b.dtype:
        raise ValueError(f"A is {A.dtype} and b is {b.dtype}; accepted are float32 for both, or float64 for both")
    rcond = None if rcond is None else _checked(rcond)
    if 0 in A.shape:
        nothing = jnp.zeros(A.shape[1:] + b.shape[1:], A.dtype)
        return Solution(nothing, jnp.int32(0), jnp.zeros(b.shape[1:], A.dtype))
    if not isinstance(A, jax.core.Tracer) and not isinstance(b, jax.core.Tracer):
        found, is_full = _of_full_rank(A, b, rcond)
        if is_full:
            return Solution(*found)
    return Solution(*_compiled(A, b, rcond))


def _checked(rcond: Any) -> float:
    """The rcond as a number; ValueError if it is none, or not in [0, 1)."""
    if isinstance(rcond, int | float | np.number) and 0 <= rcond < 1:
        return float(rcond)
    fixed = "; under jit it has to be static (static_argnames)" if isinstance(rcond, jax.core.Tracer) else ""
    shown = f"{rcond}" if isinstance(rcond, int | float | np.number) else f"{rcond} (of type {type(rcond).__name__})"
    raise ValueError(f"rcond is {shown}; accepted is a Python number from 0 to less than 1, or None{fixed}")


def _array(name: str, values: Any) -> Any:
    """The values as an array of JAX; ValueError if they are no array of numbers, or if JAX would round them."""
    if isinstance(values, jax.Array):
        return values
    asked = getattr(values, "dtype", None)
    kind = type(values).__name__ if asked is None else asked
    if asked is None and not hasattr(values, "__jax_array__"):
        raise ValueError(f"{name} is {kind}; accepted are arrays of float32 or float64, as jax.numpy.asarray makes")
    try:
        array = jnp.asarray(values)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {kind}; accepted are arrays of float32 or float64") from None
    if asked == np.float64 and array.dtype != np.float64:
        raise ValueError(f"{name} is float64, which JAX rounds to float32 unless its option jax_enable_x64 is set")
    return array


def _cutoff(A: Any, rcond: float | None) -> Any:
    """The rcond, or its default: a number, or an array if the number of rows is a symbol."""
    return MARGIN * root_of_size(A) * eps_of(A) if rcond is None else rcond


def _as_asked(A: Any, b: Any, X: Any, rank: Any, errors: Any) -> tuple[Any, Any, Any]:
    """X, rank and errors in the shapes of a vector b or a matrix b."""
    return X.reshape(A.shape[1:] + b.shape[1:]), rank.astype(np.int32), errors.reshape(b.shape[1:])


@partial(jax.jit, static_argnums=2)
def _compiled(A: Any, b: Any, rcond: float | None) -> tuple[Any, Any, Any]:
    """`solve` as one compiled program, so that calls outside of jit compile it once for each shape."""
    return _as_asked(A, b, *_solve(A, b.reshape(b.shape[0], -1), rcond))


@partial(jax.jit, static_argnums=2)
def _of_full_rank(A: Any, b: Any, rcond: float | None) -> tuple[tuple[Any, Any, Any], Any]:
    """What `_compiled` finds where A is of full rank, and whether it is: a third of that program.

    For arrays outside of jit, whose numbers Python can look at: the rest is compiled when a matrix wants it.
    """
    B = b.reshape(b.shape[0], -1)
    found, is_full = minimised(A, B, _cutoff(A, rcond), lambda usual, _: lambda is_full, given: (usual(given), is_full))
    return _as_asked(A, b, *found), is_full


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def _solve(A: Any, B: Any, rcond: float | None) -> tuple[Any, Any, Any]:
    """`solve` for A (m×n) and B (m×k): X (n×k), the rank as a floating-point number, and k errors."""
    X, rank, errors = minimised(A, B, _cutoff(A, rcond), either)
    return X, rank.astype(A.dtype), errors


@_solve.defjvp
def _solve_jvp(rcond: float | None, primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    A, B = jax.lax.stop_gradient(primals)
    X, rank, errors, F = factorised(A, B, _cutoff(A, rcond))
    X, dX = jax.jvp(lambda A, B: solution(F, A, B, X), primals, tangents)
    rank = rank.astype(A.dtype)
    return (X, rank, errors), (dX, same(jnp.zeros_like(rank), rank), same(jnp.zeros_like(errors), errors))
