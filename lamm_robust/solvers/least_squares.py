"""The solver that this project recommends: minimum-norm least squares in JAX, as one program of static shapes.

Let G be A, or Aᵀ if A is wide, D the powers of two that bring the largest entry of each column of GD⁻¹ to [½, 1), and
GD⁻¹ = QR. The scaling is exact, except for entries that underflow beside the largest entry of their column. Columns of
one length would be within √n of the best column scaling for κ (van der Sluis, Numer. Math. 14 (1969) 14); these differ
in length by 2√m at most.

* *Full rank*, which ‖R‖_F‖R⁻¹‖_F < 1/rcond proves in nearly all cases at little cost (then |r_nn| > rcond·|r_11| in
  every order of the columns): x by one triangular solve. For a tall A, QR of A and b side by side gives Qᵀb, and Q is
  not formed, which halves the work. Backward stable column by column (Higham, Accuracy and Stability of Numerical
  Algorithms, 2nd ed., SIAM 2002, Theorem 20.3).
* *Otherwise* (for a batch: if any member is not of full rank), `lax.cond` takes the branch of a complete orthogonal
  factorisation RD = U Lᵀ Vᵀ: QR with column pivoting of R (LAPACK xGEQP3), the rows that are not rounding errors,
  unscaled, and QR of their transpose with the longest rows first (Golub and Van Loan, Matrix Computations, 4th ed.,
  5.5.2; Cox and Higham in Numerical Analysis 1997, Pitman Research Notes 380, p. 57, for the order).

*Numerical rank*: how many rows of the pivoted R, from the first, have diagonal entries above rcond times the first one.
By default rcond = 4·√(max(m, n))·eps, for rounding errors grow like the square root of the number of terms. On the
rank-deficient problems of the standard profile the first row of rounding errors was at most 0.74√(max(m, n))·eps, and
where the precision can resolve the smallest singular value the last row was at least 24 times that unit: 4 is the
geometric mean. With the usual cutoff, which grows like max(m, n), the slope of long straight lines counts as zero.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import qr, solve_triangular

from lamm_robust.solvers.arrays import eps_of
from lamm_robust.solvers.branches import either

MARGIN = 4.0
"""The default rcond in units of √(max(m, n))·eps: see the head of this module."""

OF_ZERO = -(2**20)
"""The exponent that stands for 0: below that of every other number."""


class Solution(NamedTuple):
    """What `solve` returns: arrays, so that it passes through jit and vmap."""

    x: Any
    """The shortest x that minimises ‖Ax − b‖₂: (n,), or (n, k) for k right-hand sides."""
    rank: Any
    """The numerical rank of A, by the rule at the head of this module."""
    error: Any
    """About how large ‖x − x★‖₂ may be, where x★ is exact for this rank: a number for each right-hand side."""


def solve(A: Any, b: Any, rcond: Any = None) -> Solution:
    """Minimise ‖Ax − b‖₂, and then ‖x‖₂, for A (m×n) and b (m, or m×k), both float32 or both float64.

    `solve` can be compiled (jax.jit), batched (jax.vmap), and differentiated in forward and reverse mode where the rank
    does not change: x alone, any number of times at full rank and once otherwise. Rows of the pivoted R count as zero
    from the first diagonal entry at or below `rcond` times the first; rcond must be known when the program is compiled,
    and None is 4·√(max(m, n))·eps. NaN or ∞ in A or b makes all of x NaN, for a compiled program cannot raise. Raises
    ValueError for other shapes and types, for float64 where JAX is not set to compute in it, and for an rcond that is
    not in [0, 1).
    """
    A, b = _array("A", A), _array("b", b)
    if A.ndim != 2 or b.ndim not in (1, 2) or b.shape[0] != A.shape[0]:
        raise ValueError(f"A has shape {A.shape} and b {b.shape}; accepted are (m, n) with (m,) or (m, k)")
    if A.dtype not in (jnp.float32, jnp.float64) or A.dtype != b.dtype:
        raise ValueError(f"A is {A.dtype} and b is {b.dtype}; accepted are float32 for both, or float64 for both")
    if rcond is not None and not (isinstance(rcond, int | float | np.number) and 0 <= rcond < 1):
        fixed = "; under jit it has to be static (static_argnames)" if isinstance(rcond, jax.core.Tracer) else ""
        raise ValueError(f"rcond is {rcond}; accepted is a number from 0 to less than 1, or None{fixed}")
    if 0 in A.shape:
        nothing = jnp.zeros(A.shape[1:] + b.shape[1:], A.dtype)
        return Solution(nothing, jnp.int32(0), jnp.zeros(b.shape[1:], A.dtype))
    default = MARGIN * math.sqrt(max(A.shape)) * eps_of(A)
    x, rank, error = _compiled(A, b.reshape(b.shape[0], -1), default if rcond is None else float(rcond))
    return Solution(x.reshape(A.shape[1:] + b.shape[1:]), rank, error.reshape(b.shape[1:]))


def _array(name: str, values: Any) -> Any:
    """The values as an array of JAX; ValueError if they are no array of numbers, or if JAX would round them."""
    asked = getattr(values, "dtype", None)
    try:
        array = jnp.asarray(values)
    except (TypeError, ValueError):
        kind = asked or type(values).__name__
        raise ValueError(f"{name} is {kind}; accepted are arrays of float32 or float64") from None
    if asked == np.float64 and array.dtype != np.float64:
        raise ValueError(f"{name} is float64, which JAX rounds to float32 unless its option jax_enable_x64 is set")
    return array


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def _solve(A: Any, B: Any, rcond: float) -> tuple[Any, Any, Any]:
    """`solve` for A (m×n) and B (m×k): X (n×k), the rank, and k errors."""
    X, rank, errors = (_tall if A.shape[0] >= A.shape[1] else _wide)(A, B, rcond)
    finite = jnp.isfinite(A).all() & jnp.isfinite(B).all()
    return jnp.where(finite, X, jnp.nan), rank, jnp.where(finite, errors, jnp.nan)


@_solve.defjvp
def _solve_jvp(rcond: float, primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    """The derivative of A⁺b at constant rank (Golub and Pereyra, SIAM J. Numer. Anal. 10 (1973) 413, (4.12))."""
    (A, B), (dA, dB) = primals, tangents
    X, rank, errors = _solve(A, B, rcond)
    A = jnp.where(rank < 0, jnp.nan, A)  # never; it makes the next QR wait, since two of a batch at once can hang XLA
    wide = A.shape[0] < A.shape[1]
    S, e, top = scale_columns(A.T if wide else A)
    Q, R = jnp.linalg.qr(S)
    F = complete(R, e, rcond)

    def plus(M: Any) -> Any:  # A⁺M
        return ldexp(Q @ F.apply_transposed(M) if wide else F.apply(Q.T @ M), -top)

    def dual(M: Any) -> Any:  # (A⁺)ᵀM·2**top
        return F.apply(Q.T @ M) if wide else Q @ F.apply_transposed(M)

    turned = dA.T @ ldexp(dual(X), -top)
    missed = ldexp(B - A @ X, -top)  # at once, for A⁺(A⁺)ᵀ alone may overflow
    dX = plus(dB - dA @ X) + plus(dual(dA.T @ missed)) + turned - plus(A @ turned)
    return (X, rank, errors), (dX, np.zeros(rank.shape, jax.dtypes.float0), jnp.zeros_like(errors))


_compiled = jax.jit(_solve, static_argnums=2)
"""`_solve` as one compiled program, so that calls outside of jit compile it once for each shape."""


def _tall(A: Any, B: Any, rcond: float) -> tuple[Any, Any, Any]:
    """`_solve` for m ≥ n: QR of A and B side by side, and Q is not formed."""
    n, (S, e, top), (T, shift) = A.shape[1], scale_columns(A), scale_targets(B)
    reduced = jnp.linalg.qr(jnp.hstack([S, T]), mode="r")
    R, C, residuals = reduced[:n, :n], reduced[:n, n:], norms(reduced[n:, n:])
    solved = solve_triangular(R, jnp.hstack([jnp.eye(n, dtype=R.dtype), C]))
    inverse, Y = solved[:, :n], solved[:, n:]
    unit = roundoff(A)
    condition = condition_of(R, inverse)
    choose = either(partial(_tall_full, unit), partial(_tall_deficient, rcond, unit))
    found = choose(condition * rcond < 1, R, condition, inverse, Y, C, residuals, e, shift - top)
    return cast(tuple[Any, Any, Any], found)


def _tall_full(
    unit: float, R: Any, condition: Any, inverse: Any, Y: Any, C: Any, residuals: Any, e: Any, back: Any
) -> tuple[Any, Any, Any]:
    sizes = jnp.hypot(norms(C), residuals)
    loads = sizes + norms(R) @ jnp.abs(Y) + condition * residuals
    least = jnp.min(e)
    weight = unit * norms(ldexp(inverse, (least - e)[:, None]).reshape(-1))
    return ldexp(Y, back - e[:, None]), jnp.int32(len(R)), ldexp(weight * loads, back - least)


def _tall_deficient(
    rcond: float,
    unit: float,
    R: Any,
    _condition: Any,
    _inverse: Any,
    _Y: Any,
    C: Any,
    residuals: Any,
    e: Any,
    back: Any,
) -> tuple[Any, Any, Any]:
    F, room = complete(R, e, rcond), room_of(R)
    C, residuals, back = ldexp(C, -room), ldexp(residuals, -room), back + room
    X = F.apply(C)
    missed = jnp.hypot(residuals, lengths(C - ldexp(R, e) @ X))
    errors = unit * F.errors(X, jnp.hypot(lengths(C), residuals), missed, unit)
    return ldexp(X, back), F.rank, ldexp(errors, back)


def _wide(A: Any, B: Any, rcond: float) -> tuple[Any, Any, Any]:
    """`_solve` for m < n: QR of Aᵀ. At full rank the system is consistent, and its rows may be scaled."""
    S, e, top = scale_columns(A.T)
    Q, R = jnp.linalg.qr(S)
    inverse = solve_triangular(R, jnp.eye(len(R), dtype=R.dtype))
    unit, condition = roundoff(A), condition_of(R, inverse)
    choose = either(_wide_full, partial(_wide_deficient, rcond, unit))
    Y, rank, errors, shift = choose(condition * rcond < 1, R, condition, B, e)
    return ldexp(Q @ Y, shift - top), rank, unit * ldexp(errors, shift - top)


def _wide_full(R: Any, condition: Any, B: Any, e: Any) -> tuple[Any, Any, Any, Any]:
    T, shift = scale_targets(B, e[:, None])
    Y = solve_triangular(R, T, trans=1)
    return Y, jnp.int32(len(R)), 3 * condition * norms(Y), shift


def _wide_deficient(rcond: float, unit: float, R: Any, _condition: Any, B: Any, e: Any) -> tuple[Any, Any, Any, Any]:
    F, room, (T, shift) = complete(R, e, rcond), room_of(R), scale_targets(B)
    T = ldexp(T, -room)
    Y = F.apply_transposed(T)
    return Y, F.rank, F.errors(Y, lengths(T), lengths(T - ldexp(R, e).T @ Y), unit), shift + room


class Complete(NamedTuple):
    """The factorisation RD = U Lᵀ Vᵀ of rank r: L is upper triangular, and a unit matrix from its row r + 1 on."""

    U: Any
    L: Any
    V: Any
    rank: Any
    size: Any
    """Frobenius norm ‖RD‖_F of the factorised matrix RD."""
    is_cut: Any
    """Whether a row within the numerical rank is left out, because all its entries underflow."""

    @property
    def kept(self) -> Any:
        """Which rows are within the numerical rank, as a column (n×1) of truth values."""
        return (jnp.arange(len(self.L)) < self.rank)[:, None]

    def apply(self, M: Any) -> Any:
        """The product (RD)⁺M = V L⁻ᵀ UᵀM."""
        return self.V @ solve_triangular(self.L, jnp.where(self.kept, self.U.T @ M, 0), trans=1)

    def apply_transposed(self, M: Any) -> Any:
        """The product ((RD)⁺)ᵀM = U L⁻¹ VᵀM."""
        return self.U @ solve_triangular(self.L, jnp.where(self.kept, self.V.T @ M, 0))

    def errors(self, X: Any, sizes: Any, residuals: Any, unit: float) -> Any:
        """Bounds on the errors of X in units of `unit`, by Wedin's theorem for constant rank (Higham, Theorem 20.1).

        `sizes` are ‖b‖ and `residuals` ‖b − Ax‖ for each column. ∞ where the theorem does not hold: where rounding
        errors are as large as the smallest singular value, or that underflows beside the largest.
        """
        inverse = frobenius(jnp.where(self.kept, solve_triangular(self.L, jnp.eye(len(self.L), dtype=self.L.dtype)), 0))
        found = inverse * (sizes + 2 * self.size * lengths(X) + inverse * self.size * residuals)
        return jnp.where((unit * inverse * self.size < 1) & ~self.is_cut, found, jnp.inf)


def complete(R: Any, e: Any, rcond: float) -> Complete:
    """The complete orthogonal factorisation of R·2**e with the rank that rcond leaves of R."""
    U, pivoted, columns = cast(tuple[Any, Any, Any], qr(R, pivoting=True))
    diagonal = jnp.abs(jnp.diagonal(pivoted))
    counts = jnp.cumprod(diagonal > rcond * diagonal[0]) == 1
    rows = ldexp(pivoted, e[columns])
    lost = counts & (jnp.max(jnp.abs(rows), axis=1) == 0)  # too small for a number beside a much larger column
    order = jnp.argsort(~counts | lost, stable=True)
    kept = (counts & ~lost)[order]
    U, rows = U[:, order], jnp.where(kept[:, None], rows[order], 0).T
    longest_first = jnp.argsort(-e[columns], stable=True)
    Z, L = jnp.linalg.qr(rows[longest_first])
    V = jnp.zeros_like(Z).at[columns[longest_first]].set(Z)
    unit = jnp.diag(jnp.where(kept, 0, 1).astype(L.dtype))
    return Complete(U, L + unit, V, jnp.sum(kept, dtype=jnp.int32), frobenius(rows), jnp.any(lost))


def condition_of(R: Any, inverse: Any) -> Any:
    """The condition number ‖R‖_F‖R⁻¹‖_F in the Frobenius norm."""
    return norms(R.reshape(-1)) * norms(inverse.reshape(-1))


def scale_columns(M: Any) -> tuple[Any, Any, Any]:
    """(MD⁻¹, e, top) with D = 2**(e + top): e ≤ 0 for each column, and one top for all."""
    M, lift = lift_subnormals(M)
    largest = jnp.max(jnp.abs(M), axis=0)
    exponent = jnp.frexp(jnp.where(largest > 0, largest, 1))[1]
    S, exponent = ldexp(M, -exponent), exponent - lift
    top = jnp.max(jnp.where(largest > 0, exponent, jnp.min(exponent)))
    return S, jnp.where(largest > 0, exponent - top, 0), top


def room_of(M: Any) -> int:
    """A third of the range of exponents: the rest is for the growth of numbers in a solve."""
    return int(np.finfo(M.dtype).maxexp) // 3


def scale_targets(B: Any, e: Any = 0) -> tuple[Any, Any]:
    """(T, shift) with B = T · 2**(e + shift), e for each row: the largest entry of each column of T is near 2**room.

    They are made that large because small entries may belong to small rows of A, and must not underflow.
    """
    M, lift = lift_subnormals(B)
    exponent = jnp.max(jnp.where(M == 0, OF_ZERO, jnp.frexp(M)[1] - e), axis=0) - room_of(M)
    return ldexp(M, -e - exponent), exponent - lift


def lift_subnormals(M: Any) -> tuple[Any, Any]:
    """(M · 2**lift, lift) without subnormal numbers, which XLA flushes to zero; the lift of most columns is 0."""
    about = np.finfo(M.dtype)
    bits = jax.lax.bitcast_convert_type(M, f"int{about.bits}")
    fraction = (bits & (2**about.nmant - 1)).astype(M.dtype)  # a subnormal number in units of the smallest one
    is_normal = bits & (2**about.nexp - 1 << about.nmant) != 0
    lift = about.nmant + 1
    high = jnp.where(is_normal, M * 2.0**lift, jnp.where(bits < 0, -fraction, fraction) * float(2 * about.tiny))
    is_low = jnp.max(jnp.abs(M), axis=0) < 1
    return jnp.where(is_low, high, M), jnp.where(is_low, lift, 0)


def ldexp(M: Any, exponent: Any) -> Any:
    """M · 2**exponent in three steps, no factor of which overflows: linear in M, as `jnp.ldexp` is not.

    The result is exact, unless it is too small for a normal number: XLA makes it zero.
    """
    most = 3 * (int(np.finfo(M.dtype).maxexp) - 2)  # beyond, all numbers over- or underflow, and 0 stays 0
    exponent = jnp.clip(exponent, -most, most)
    one, third = jnp.ones((), M.dtype), exponent // 3
    # without the barrier, XLA makes the powers again for each entry of M
    powers = jnp.ldexp(one, third), jnp.ldexp(one, exponent - 2 * third)
    first, last = jax.lax.optimization_barrier(powers)  # type: ignore[no-untyped-call]
    return M * first * first * last


def norms(M: Any) -> Any:
    """The 2-norms of the columns of a scaled M, where a square that over- or underflows does not matter."""
    return jnp.sqrt(jnp.sum(M * M, axis=0))


def lengths(M: Any) -> Any:
    """The 2-norms of the columns of any M, computed without overflow."""
    largest = jnp.max(jnp.abs(M), axis=0, initial=0)
    size = jnp.where(largest > 0, largest, 1)
    return jnp.where(largest < jnp.inf, size * jnp.sqrt(jnp.sum(jnp.square(M / size), axis=0)), largest)


def frobenius(M: Any) -> Any:
    """The Frobenius norm ‖M‖_F."""
    return lengths(M.reshape(-1))


def roundoff(M: Any) -> float:
    """√max(m, n)·eps: the relative change of each entry of A and b that the error estimates assume.

    Rounding errors of a sum of m terms grow like √m if they are random. For columns of ones, where they are not, at
    most twice as much was needed (m = 500), and 1.5u for the small problems of the quick profile.
    """
    return math.sqrt(max(M.shape)) * eps_of(M)
