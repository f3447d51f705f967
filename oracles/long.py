"""The exact answer of a long problem, many rows and few columns, from sums over its rows.

All that the truth needs of A (m×n) and b (m×k) is in the Gram matrix of [A b], which has n + k rows however large m is:
with H = AᵀA, c = Aᵀb,

    rank A = rank H,    A⁺b = H⁺c,    ‖b − AA⁺b‖² = bᵀb − cᵀA⁺b,    σᵢ(A)² = λᵢ(H).

H squares κ, which costs nothing here: no sum is rounded. A and b are cut into digits of BITS bits, so short that BLAS
adds the products of ROWS of them without any rounding (see `lamm_robust.error_free`); blocks of rows are added as
integers. So one pass over blocks that fit the cache takes the place of m·(n + k) integers of Python, and the memory is
that of a block.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from flint import fmpq_mat, fmpz_mat

from lamm_robust.error_free import split
from lamm_robust.oracles.bounds import Doubles
from lamm_robust.oracles.certificate import ZERO_SPECTRUM, Scaled, Spectrum, seal
from lamm_robust.oracles.enclosures import power_of_two, scale_ball, square_root
from lamm_robust.oracles.rational import columns, dot, fractions, minimum_norm, skeleton, solve
from lamm_robust.oracles.singular_values import spectrum
from lamm_robust.oracles.weighted import half_exponent
from lamm_robust.values import Array, Ball, Certificate

LONG = 20_000
"""The least number of rows at which sums over rows are worth their start, some milliseconds."""

FEW = 16
"""The most columns of A and b together: with more, `verified` is as fast, since here the work grows with the square of
the columns times that of the digits."""

ROWS, BITS = 8192, 21
"""Rows of a block, and bits of a digit: digits are at most 2^(BITS − 1) units in size, so a sum of ROWS products is at
most 2^(2·BITS − 2)·ROWS = 2⁵³ units, and exact in float64. A block of some columns fits a cache of a megabyte."""

PLACES = 16
"""The most digits of an entry: full significands of a column whose entries differ by up to 2²⁸³. The work grows with
the square."""

BLOCKS = 512
"""The blocks whose sums are added in 64-bit integers: 512·2⁵³ = 2⁶² is below their limit."""


def is_long(A: Array, b: Array) -> bool:
    """Return whether A (m×n) and b (m or m×k) have many rows and few columns, so that `certify` is the fastest."""
    return len(A) >= LONG and A.shape[1] > 0 and A.shape[1] + b.size // len(b) <= FEW


@dataclass(frozen=True, eq=False)
class Sums:
    """The Gram matrix of [A b], exactly: entry (i, j) is whole[i][j] · 2^(unit + exponents[i] + exponents[j])."""

    whole: list[list[int]]
    exponents: list[int]
    unit: int

    def block(self, first: slice, second: slice) -> tuple[fmpz_mat, int]:
        """Return (N, e) with rows `first` and columns `second` of the Gram matrix equal to N·2^e."""
        up, across = self.exponents[first], self.exponents[second]
        least = min(up), min(across)
        found = [
            [v << (e - least[0] + f - least[1]) for v, f in zip(row[second], across, strict=True)]
            for row, e in zip(self.whole[first], up, strict=True)
        ]
        return fmpz_mat(found), self.unit + sum(least)

    def norm_square(self, i: int) -> Fraction:
        """Return the square of the norm of column i."""
        return self.whole[i][i] * power_of_two(self.unit + 2 * self.exponents[i])


def certify(A: Array, b: Array) -> Certificate | None:
    """Prove the certificate of min ‖Ax − b‖₂ for long A and b that `check_problem` accepts, by exact sums over rows.

    None if the entries of a column differ too much in size. Raises NotCertifiedError when a singular value has no
    enclosure that is small enough.
    """
    started = time.perf_counter()
    n, targets = A.shape[1], b.size // len(b)
    sums = row_sums(A, b.reshape(len(b), targets))
    if sums is None:
        return None
    of_A = slice(0, n)
    (H, exponent_H), (c, exponent_c) = sums.block(of_A, of_A), sums.block(of_A, slice(n, None))
    if H.is_zero():
        X, rank = fmpq_mat(n, targets), 0
    else:
        factors = skeleton(H)
        X, rank = minimum_norm(factors, fmpq_mat(c), solve), factors.rank
    offset = exponent_c - exponent_H
    numerators, denominator = X.numer_denom()
    explained = [dot(y, x) for y, x in zip(columns(c), columns(numerators), strict=True)]
    squares = [
        sums.norm_square(n + j) - Fraction(int(part), int(denominator)) * power_of_two(offset + exponent_c)
        for j, part in enumerate(explained)
    ]
    return seal(
        "exact",
        (A, b),
        root_spectrum(H, exponent_H) if rank else ZERO_SPECTRUM,
        fractions(X),
        [square_root(Ball(square)) for square in squares],
        offset=offset,
        scaled=equilibrated(sums, n, rank),
        started=started,
    )


def root_spectrum(H: fmpz_mat, exponent: int) -> Spectrum:
    """Enclose the roots of the largest and the smallest non-zero eigenvalue of a semidefinite H·2^exponent ≠ 0."""
    found = spectrum(H, skeleton(H))
    sigma = [square_root(scale_ball(ball, exponent)) for ball in (found.sigma_max, found.sigma_min)]
    return Spectrum(found.rank, *sigma)


def equilibrated(sums: Sums, n: int, rank: int) -> Scaled | None:
    """Return the exponents of the n columns of A, and the spectrum with their norms in [1/2, 1).

    As `equilibration.column_exponents` has it, here from exact norms: None where there is nothing to scale.
    """
    squares = [sums.norm_square(i) for i in range(n)]
    there = [half_exponent(square) for square in squares if square]
    if len(set(there)) < 2 or rank < len(there):
        return None
    exponents = [half_exponent(square) if square else max(there) for square in squares]
    short = Sums(sums.whole, [e - f for e, f in zip(sums.exponents, exponents, strict=False)], sums.unit)
    return np.array(exponents, dtype=np.int64), root_spectrum(*short.block(slice(0, n), slice(0, n)))


def row_sums(A: Array, b: Array) -> Sums | None:
    """Return the Gram matrix of [A b], or None if the entries of a column need more than PLACES digits."""
    width = A.shape[1] + b.shape[1]
    blocks = range(0, len(A), ROWS)
    tops = np.zeros(width)
    for first in blocks:
        tops = np.maximum(tops, np.abs(columns_of(A, b, first)).max(axis=1))
    exponents = np.where(tops > 0, np.frexp(tops)[1] + 1, 0)  # entries are then below 1/2
    total = np.zeros((PLACES, width, PLACES, width), dtype=object)
    part, most = np.zeros(total.shape, dtype=np.int64), 0
    for count, first in enumerate(blocks, 1):
        found = block_sums(columns_of(A, b, first), exponents)
        if found is None:
            return None
        places = len(found)
        part[:places, :, :places] += found
        most = max(most, places)
        if count % BLOCKS == 0 or first == blocks[-1]:
            total[:most, :, :most] += part[:most, :, :most].astype(object)
            part[...] = 0
    whole = np.zeros((width, width), dtype=object)
    for i, j in np.ndindex(most, most):
        whole += total[i, :, j] << (BITS * (2 * most - 2 - i - j))
    return Sums(whole.tolist(), [int(e) for e in exponents], -2 * BITS * most)


def columns_of(A: Array, b: Array, first: int) -> Doubles:
    """Return the columns of A and b in the block of rows that begins at `first`, as rows (columns × rows)."""
    rows = slice(first, first + ROWS)
    return np.concatenate([A[rows].T, b[rows].T], dtype=np.float64)


def block_sums(lines: Doubles, exponents: npt.NDArray[np.intc]) -> npt.NDArray[np.int64] | None:
    """Return the sums of products of digits of lines·2^−exponents (width × rows), as whole numbers, or None.

    Entry (i, a, j, c) belongs to digit i of line a and digit j of line c, in units of 2^(−BITS·(i + j + 2)). None if
    digits are left over.
    """
    scaled = lines
    for half in (exponents // 2, exponents - exponents // 2):  # 2^-exponents may overflow
        scaled = scaled * np.ldexp(1.0, -half)[:, np.newaxis]
    digits, rest = split(scaled, BITS, PLACES)
    if rest.any() or ((scaled == 0) & (lines != 0)).any():
        return None
    places, width = len(digits), len(lines)
    flat = digits.reshape(places * width, -1)
    place = np.repeat(np.arange(1, places + 1), width)
    whole = np.ldexp(flat @ flat.T, BITS * (place[:, np.newaxis] + place))
    found: npt.NDArray[np.int64] = whole.astype(np.int64).reshape(places, width, places, width)
    return found
