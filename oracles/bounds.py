"""Rounding errors of float64 arithmetic, bounded without trusting any algorithm.

All that is assumed is IEEE 754 arithmetic that rounds to nearest, and matrix products that are sums of products in some
order, fused or not: then every entry of a computed product AB with inner dimension n is within γ_n (|A||B|) of the
exact one, γ_n = nu/(1 − nu) (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §3.1 and eq. 3.13). What
factorisations return is only ever a guess, of which products are formed that prove something.

Everything works on stacks: the last two axes are those of a matrix.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from lamm_robust.error_free import FEW, digit_bits, wide_bits

Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

U = 2.0**-53
"""Unit roundoff of float64."""

UP = 1 + 2.0**-20
"""The factor that rounds a bound up. Bounds are sums and products of at most 2³⁰ non-negative numbers, and rounding
makes them smaller by less than this."""

TINY = 2.0**-500
"""An upper bound of all that underflow can lose, which is added to every bound or to a part of it. Scaling, digits and
squares lose less than 2^-1000 each, and this is multiplied by no more than entries of S, below 2⁴⁰⁰."""

NORMAL = 1000
"""Powers of two up to this, and down to its negative, are normal numbers."""

ROWS = 1024
"""Rows of M in one block of MᵀM: the error bound γ grows with these and with the number of blocks, not with m."""

BLOCK = 64
"""The size up to which triangular matrices are inverted as if full: at n = 1024, smaller blocks save no time."""

UP_SHARP = 1 + 2.0**-46
"""The factor that rounds up where `UP` is too coarse: for the result of at most 16 operations."""

INNER = 128
"""Terms that are added in one product with vectors: its error grows with these and the number of such products."""


def gamma(n: int) -> float:
    """Return γ_n = nu/(1 − nu), rounded up."""
    return n * U / (1 - n * U) * UP


def norm(v: Doubles) -> Doubles:
    """Return upper bounds of the 2-norms of vectors, along the last axis."""
    bound: Doubles = np.sqrt(np.einsum("...i,...i", v, v)) * UP + TINY
    return bound


def frobenius(M: Doubles) -> Doubles:
    """Return upper bounds of the Frobenius norms of matrices."""
    return norm(M.reshape(*M.shape[:-2], -1))


def size_norm(M: Doubles) -> Doubles:
    """Return upper bounds of the 2-norms of |M|: ‖|M|‖² ≤ ‖M‖_∞ ‖M‖₁."""
    sizes = np.abs(M)
    bound: Doubles = np.sqrt(sizes.sum(axis=-1).max(axis=-1) * sizes.sum(axis=-2).max(axis=-1)) * UP + TINY
    return bound


def symmetric_norm(M: Doubles) -> Doubles:
    """Return upper bounds of the 2-norms of the symmetric parts of matrices."""
    if M.shape[-1] <= BLOCK:  # in a stack of small ones, sums of rows would take longer than what they prove
        return frobenius(M)
    return row_sum_norm((M + M.swapaxes(-1, -2)) / 2)


def row_sum_norm(M: Doubles) -> Doubles:
    """Return upper bounds of the 2-norms of symmetric matrices: the ∞-norm or the Frobenius norm, both are above it."""
    bound: Doubles = np.minimum(np.abs(M).sum(axis=-1).max(axis=-1) * UP + TINY, frobenius(M))
    return bound


def gram(blocks: Iterable[Doubles]) -> tuple[Doubles, Doubles]:
    """Return MᵀM for M in blocks of rows, and a bound on the 2-norm of its error, γ‖M‖_F² for a sum of block sums."""
    total, squares, count, longest = np.zeros(()), np.zeros(()), 0, 0
    for block in blocks:
        product = block.swapaxes(-1, -2) @ block
        total = np.add(total, product, out=product)
        squares = squares + frobenius(block) ** 2
        count, longest = count + 1, max(longest, block.shape[-2])
    total = total + total.swapaxes(-1, -2)
    total /= 2
    return total, gamma(longest + count + 1) * squares * UP


def rescaled(H: Doubles, exponents: Integers, rows: int) -> tuple[Doubles, Doubles]:
    """Return DHD for H from `gram` of M with so many rows, D = 2^exponents (stack × n, ≤ 0), and a bound of its error.

    Powers of two are exact, so DHD is what `gram` makes of MD, and its error is at most γ‖MD‖_F²; the trace of DHD is
    ‖MD‖_F² but for a share γ.
    """
    found = H.copy()
    for part in powers(exponents):
        found *= part[:, np.newaxis, :]
        found *= part[:, :, np.newaxis]
    share = gamma(min(rows, ROWS) + len(row_blocks(rows)) + 1)
    return found, share * np.trace(found, axis1=-2, axis2=-1) * UP**2 + TINY


def powers(exponents: Integers) -> list[Doubles]:
    """Return one or two arrays of powers of two whose product is 2^exponents: neither overflows nor underflows."""
    if np.abs(exponents).max() <= NORMAL:
        return [np.ldexp(1.0, exponents)]
    return [np.ldexp(1.0, half) for half in (exponents // 2, exponents - exponents // 2)]


def length_of_digits(planes: Doubles) -> int:
    """Return the bits of the digits of matrices (… × m × digits × n): longer if they are large and their digits few."""
    m, places, n = planes.shape[-3:]
    return wide_bits(max(m, n)) if n > BLOCK and places <= FEW else digit_bits(max(m, n))


def row_blocks(m: int) -> list[slice]:
    """Return slices that cut m rows into blocks of ROWS."""
    return [slice(first, first + ROWS) for first in range(0, m, ROWS)]


def product_in_parts(M: Doubles, V: Doubles) -> tuple[Doubles, float]:
    """Return MV for two matrices as a sum of products of INNER terms each, and the share of |M||V| its error may be."""
    total, inner = np.zeros((len(M), V.shape[1])), range(0, len(V), INNER)
    for first in inner:
        total += M[:, first : first + INNER] @ V[first : first + INNER]
    return total, gamma(min(INNER, len(V)) + len(inner))


def upper_inverse(R: Doubles) -> Doubles:
    """Return the inverses of a stack of upper triangular matrices with non-zero diagonals, computed by halves."""
    n = R.shape[-1]
    if n <= BLOCK:
        return np.asarray(np.linalg.inv(R), dtype=np.float64)
    half, inverse = n // 2, np.zeros(R.shape)
    inverse[..., :half, :half] = upper_inverse(R[..., :half, :half])
    inverse[..., half:, half:] = upper_inverse(R[..., half:, half:])
    corner = inverse[..., :half, :half] @ R[..., :half, half:]
    inverse[..., :half, half:] = -corner @ inverse[..., half:, half:]
    return np.triu(inverse)  # exactly, whatever LAPACK wrote below the diagonal


def cholesky(K: Doubles) -> tuple[Doubles, npt.NDArray[np.bool_]]:
    """Return the lower Cholesky factors of a stack, and a mask of where they exist; the others are identities."""
    try:
        return np.asarray(np.linalg.cholesky(K), dtype=np.float64), np.ones(len(K), dtype=np.bool_)
    except np.linalg.LinAlgError:
        if len(K) == 1:
            return np.eye(K.shape[-1], dtype=np.float64)[np.newaxis], np.zeros(1, dtype=np.bool_)
    found = [cholesky(matrix[np.newaxis]) for matrix in K]
    return np.concatenate([L for L, _ in found]), np.concatenate([there for _, there in found])
