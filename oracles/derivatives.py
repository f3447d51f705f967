"""The derivatives of x★ = A⁺b along given directions, in rational arithmetic, for every shape and rank.

Along matrices of the rank of A, the derivative of the pseudo-inverse in the direction dA is

    −A⁺dA A⁺ + (AᵀA)⁺dAᵀ(I − AA⁺) + (I − A⁺A)dAᵀ(AAᵀ)⁺

(Golub and Pereyra, SIAM J. Numer. Anal. 10 (1973) 413, (4.12)). With X = A⁺B, R = B − AX and Y = A⁺ᵀX, it makes of X

    by A: −A⁺dA X + A⁺A⁺ᵀdAᵀR + (I − A⁺A)dAᵀY,        by B: A⁺dB,

and the derivatives of ⟨C, X⟩ are, with V = A⁺ᵀC, W = A⁺V and N = (I − A⁺A)C,

    by A: −VXᵀ + RWᵀ + YNᵀ,                           by B: V.

What takes dA out of the tangent space of these matrices, (I − AA⁺)dA(I − A⁺A), has no part in any of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from flint import fmpq, fmpq_mat, fmpz

from lamm_robust.oracles.integers import integer_matrix
from lamm_robust.oracles.rational import Matrix, Skeleton, fractions, minimum_norm, skeleton, solve
from lamm_robust.oracles.validation import check_problem
from lamm_robust.values import Array, Derivatives, Directions, NotCertifiedError


@dataclass(frozen=True)
class Inverse:
    """A and A⁺ as rationals: A = N·scale for an integer N, with the factors of N, or None where N = 0."""

    A: fmpq_mat
    factors: Skeleton | None
    scale: fmpq

    def plus(self, Y: Matrix) -> Matrix:
        """Return A⁺Y."""
        if self.factors is None:
            return fmpq_mat(self.A.ncols(), Y.ncols())
        return minimum_norm(self.factors, Y, solve) / self.scale

    def plus_transposed(self, Y: Matrix) -> Matrix:
        """Return A⁺ᵀY."""
        if self.factors is None:
            return fmpq_mat(self.A.nrows(), Y.ncols())
        return minimum_norm(self.factors.transpose(), Y, solve) / self.scale

    def beyond_rows(self, Y: Matrix) -> Matrix:
        """Return (I − A⁺A)Y."""
        return Y - self.plus(self.A * Y)

    def beyond_columns(self, Y: Matrix) -> Matrix:
        """Return (I − AA⁺)Y."""
        return Y - self.A * self.plus(Y)


def differentiate(A: Array, b: Array, directions: Directions) -> Derivatives:
    """Return the derivatives of A⁺b and the norms in `scoring.derivatives`; A is m×n, b has length m or is m×k.

    Raises ValueError for what `check_problem` refuses, and NotCertifiedError for an empty A and where numbers are out
    of the range of float64.
    """
    check_problem(A, b)
    if A.size == 0:
        raise NotCertifiedError("there is nothing to differentiate by in an empty A")
    integers, exponent = integer_matrix(A)
    inverse = Inverse(_rational(A), None if integers.is_zero() else skeleton(integers), _power(exponent))
    B, dA, dB, C = map(_rational, (b, directions.dA, directions.db, directions.c))
    X = inverse.plus(B)
    R, Y = B - inverse.A * X, inverse.plus_transposed(X)
    V = inverse.plus_transposed(C)
    W, N = inverse.plus(V), inverse.beyond_rows(C)
    S, D, H = dA * X, dA.transpose() * R, dA.transpose() * Y
    straight, U = inverse.plus(S), inverse.plus_transposed(D)
    bent, across = inverse.plus(U), inverse.beyond_rows(H)
    by_b = inverse.plus(dB)
    found = {
        "jvp_A": (bent + across - straight, directions.c.shape),
        "jvp_b": (by_b, directions.c.shape),
        "vjp_A": (R * W.transpose() + Y * N.transpose() - V * X.transpose(), A.shape),
        "vjp_b": (V, b.shape),
    }
    sizes = {
        **dict(zip("BXRYCVWN", (B, X, R, Y, C, V, W, N), strict=True)),
        "A⁺S": straight,
        "S⊥": inverse.beyond_columns(S),
        "U": U,
        "D⊥": inverse.beyond_rows(D),
        "A⁺U": bent,
        "A⁺ᵀH": inverse.plus_transposed(H),
        "H⊥": across,
        "A⁺Y": inverse.plus(Y),
        "dB": dB,
        "A⁺dB": by_b,
        "dB⊥": inverse.beyond_columns(dB),
        **_products(inverse, dA),
    }
    try:
        return Derivatives(
            values={name: _in_two_parts(M).reshape(2, *shape) for name, (M, shape) in found.items()},
            norms={name: _norm(M) for name, M in sizes.items()},
        )
    except OverflowError as error:
        raise NotCertifiedError("a derivative is out of the range of float64") from error


def _products(inverse: Inverse, dA: Matrix) -> dict[str, Matrix]:
    """Return dA between A⁺, A⁺A⁺ᵀ and the projections I − AA⁺ and I − A⁺A (⊥), by which errors of X and R grow."""
    m = dA.nrows()
    A_plus = inverse.plus(fmpq_mat(m, m, [int(i == j) for i in range(m) for j in range(m)]))
    across, squared = dA - dA * A_plus * inverse.A, A_plus * A_plus.transpose()
    return {
        "A⁺dAA⁺": A_plus * dA * A_plus,
        "A⁺dAA⁺A⁺ᵀ": A_plus * dA * squared,
        "A⁺dA⊥": A_plus * across,
        "⊥dAA⁺A⁺ᵀ": inverse.beyond_columns(dA * squared),
        "⊥dA⊥": inverse.beyond_columns(across),
    }


def _power(exponent: int) -> fmpq:
    """Return 2**exponent."""
    return fmpq(1) * fmpz(2) ** exponent if exponent >= 0 else fmpq(1, fmpz(2) ** -exponent)


def _rational(array: Array) -> fmpq_mat:
    """Return an array as a matrix of rationals, a vector as one column."""
    integers, exponent = integer_matrix(array)
    return fmpq_mat(integers) * _power(exponent)


def _in_two_parts(M: fmpq_mat) -> npt.NDArray[np.float64]:
    """Return the entries, row by row, as sums of two float64 (2 × entries). Raises OverflowError for too large ones."""
    exact = fractions(M)
    leading = [float(entry) for entry in exact]
    rest = [float(entry - Fraction(first)) for entry, first in zip(exact, leading, strict=True)]
    return np.array([leading, rest])


def _norm(M: fmpq_mat) -> float:
    """Return the Frobenius norm, rounded. Raises OverflowError where it is too large."""
    entries = fractions(M)
    largest = max(map(abs, entries), default=Fraction(0))
    if not largest:
        return 0.0
    return float(largest) * math.sqrt(math.fsum(float(entry / largest) ** 2 for entry in entries))
