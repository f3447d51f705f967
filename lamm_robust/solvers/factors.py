"""The complete orthogonal factorisation of a triangular matrix, and products with its pseudo-inverse.

Golub and Van Loan, Matrix Computations, 4th ed., 5.5.2. The first half of it is a loop of array operations rather than
LAPACK's xGEQP3, which JAX neither exports nor has for TPUs, and which it runs on the host where there is a GPU.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lamm_robust.solvers.lapack import product, qr, triangular
from lamm_robust.solvers.powers import frobenius, ldexp, lengths


class Factors(NamedTuple):
    """W = U T Vᵀ·2**e of rank r (n×n): T is upper triangular; U and V have orthonormal columns, but for zeros.

    At full rank, T·2**e is W itself, and U and V are unit matrices; then products with them are exact. Otherwise e is
    0, and n − r columns of U and V are zero; there T is a unit matrix.
    """

    U: Any
    T: Any
    V: Any
    e: Any

    def pinv(self, M: Any) -> Any:
        """The product W⁺M."""
        return ldexp(product(self.V, triangular(self.T, product(self.U.T, M))), -self.e[:, None])

    def pinv_transposed(self, M: Any) -> Any:
        """The product (W⁺)ᵀM."""
        return product(self.U, triangular(self.T, product(self.V.T, ldexp(M, -self.e[:, None])), transpose=True))


class Deficient(NamedTuple):
    """What is found of a matrix W that may lack rank."""

    factors: Factors
    kept: Any
    """Which rows and columns of T belong to W."""
    rank: Any
    size: Any
    """The Frobenius norm of W."""
    is_cut: Any
    """Whether a row within the numerical rank is left out, because all its entries underflow."""

    def solve(self, C: Any, *, transpose: bool) -> tuple[Any, Any]:
        """W⁺C, or (W⁺)ᵀC, and the Frobenius norm of W⁺."""
        F, unit = self.factors, jnp.eye(len(C), dtype=C.dtype)
        left, right = (F.V, F.U) if transpose else (F.U, F.V)
        both = jnp.hstack([jnp.where(self.kept[:, None], unit, 0), product(left.T, C)])
        solved = triangular(F.T, both, transpose=transpose)
        return product(right, solved[:, len(C) :]), frobenius(solved[:, : len(C)])

    def errors(self, X: Any, inverse: Any, sizes: Any, residuals: Any, unit: Any) -> Any:
        """Bounds on the errors of X in units of `unit`, by Wedin's theorem for constant rank (Higham, Theorem 20.1).

        `inverse` is ‖W⁺‖; `sizes` are ‖b‖ and `residuals` ‖b − Ax‖ for each column. ∞ where the theorem does not hold:
        where rounding errors are as large as the smallest singular value, or that underflows beside the largest.
        """
        found = inverse * (sizes + 2 * self.size * lengths(X) + inverse * self.size * residuals)
        return jnp.where((unit * inverse * self.size >= 1) | self.is_cut, jnp.inf, found)


def same(value: Any, like: Any) -> Any:
    """The value as an array that XLA takes for made of `like`: `jax.shard_map` refuses branches that differ in that."""
    return jnp.where(like == like, value, value)


def of_full_rank(R: Any, e: Any) -> Factors:
    """The factors of R·2**e where R is of full rank."""
    unit = same(jnp.eye(len(R), dtype=R.dtype), R)
    return Factors(unit, R, unit, e)


def complete(R: Any, e: Any, rcond: Any) -> Deficient:
    """The complete orthogonal factorisation of R·2**e with the rank that rcond leaves of R."""
    index = jnp.arange(len(R), dtype=e.dtype)
    U, diagonal = pivoted(R)
    rows = ldexp(product(U.T, R), e[None, :])
    counts = diagonal > rcond * diagonal[0]
    keeps = counts & (jnp.max(jnp.abs(rows), axis=1) > 0)  # not too small for a number beside a much larger column
    rank = jnp.sum(keeps, dtype=e.dtype)
    kept = (index < rank)[None, :]
    (kept_first, longest_first), (_, places) = sorted_by(jnp.stack([jnp.where(keeps, 0, 1), -e]))
    Z, L = qr(jnp.where(kept, rows[kept_first][:, longest_first].T, 0))
    diagonal_of_rest = ~kept & (index[:, None] == index[None, :])
    T = jnp.where(diagonal_of_rest, 1, L).T[::-1, ::-1]
    U, V = (jnp.where(kept, M, 0)[:, ::-1] for M in (U[:, kept_first], Z[places]))
    is_cut = jnp.any(counts & ~keeps)
    return Deficient(Factors(U, T, V, jnp.zeros_like(e)), kept[0, ::-1], rank, frobenius(rows), is_cut)


def sorted_by(keys: Any) -> tuple[Any, Any]:
    """For each row of keys: the order in which they ascend, equal ones as they stand, and the place of each in it.

    By counting, which takes both at once.
    """
    index = jnp.arange(keys.shape[1], dtype=keys.dtype)
    one, other = keys[:, :, None], keys[:, None, :]
    is_before = (one < other) | ((one == other) & (index[:, None] < index[None, :])[None])
    places = jnp.sum(is_before, axis=1, dtype=keys.dtype)
    order = jnp.sum(jnp.where(places[:, None, :] == index[None, :, None], index[None, None, :], 0), axis=2)
    return order, places


def pivoted(R: Any) -> tuple[Any, Any]:
    """Q and the diagonal of R (n×n) by QR with column pivoting: Gram–Schmidt with reorthogonalisation.

    Each step takes the longest column that is left, and its length is the diagonal entry. As accurate as Householder's
    method, since a column is made orthogonal to the ones before it a second time (Björck, Numerical Methods for Least
    Squares Problems, SIAM 1996, 2.4). Columns of Q beyond the numerical rank are of no use.
    """

    def step(k: Any, state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        rest, Q, diagonal = state
        squares = jnp.sum(rest * rest, axis=0)
        longest = jnp.argmax(squares)
        column = jax.lax.dynamic_index_in_dim(rest, longest, axis=1)
        column = column - product(Q, product(Q.T, column))
        square = jnp.sum(column * column, axis=0, keepdims=True)
        column = jnp.where(square > 0, column / jnp.sqrt(jnp.where(square > 0, square, 1)), 0)
        return (
            rest - column * product(column.T, rest),
            jax.lax.dynamic_update_slice_in_dim(Q, column, k, axis=1),
            jax.lax.dynamic_update_slice_in_dim(diagonal, jnp.sqrt(jnp.max(squares, keepdims=True)), k, axis=0),
        )

    nothing = same(jnp.zeros_like(R), R)
    _, Q, diagonal = jax.lax.fori_loop(0, len(R), step, (R, nothing, nothing[0]))
    return Q, diagonal
