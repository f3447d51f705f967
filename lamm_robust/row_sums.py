"""The Gram matrix of [A b] for many rows and few columns, exactly: all that truth and scores need of a long problem.

No sum is rounded. A and b are cut into digits of BITS bits, so short that BLAS adds the products of ROWS of them
without any rounding (see `lamm_robust.error_free`); blocks of rows are added as integers. So one pass over blocks that
fit the cache takes the place of m·(n + k) integers of Python, and the memory is that of a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from lamm_robust.error_free import Doubles, dyadic, split
from lamm_robust.values import Array

ROWS, BITS = 8192, 21
"""Rows of a block, and bits of a digit: digits are at most 2^(BITS − 1) units in size, so a sum of ROWS products is at
most 2^(2·BITS − 2)·ROWS = 2⁵³ units, and exact in float64. A block of some columns fits a cache of a megabyte."""

PLACES = 16
"""The most digits of an entry: full significands of a column whose entries differ by up to 2²⁸³. The work grows with
the square."""

BLOCKS = 512
"""The blocks whose sums are added in 64-bit integers: 512·2⁵³ = 2⁶² is below their limit."""


@dataclass(frozen=True, eq=False)
class Sums:
    """The Gram matrix of [A b], exactly: entry (i, j) is whole[i][j] · 2^(unit + exponents[i] + exponents[j])."""

    whole: list[list[int]]
    exponents: list[int]
    unit: int

    def block(self, first: slice, second: slice) -> tuple[list[list[int]], int]:
        """Return (N, e) with rows `first` and columns `second` of the Gram matrix equal to N·2^e."""
        up, across = self.exponents[first], self.exponents[second]
        least = min(up), min(across)
        found = [
            [v << (e - least[0] + f - least[1]) for v, f in zip(row[second], across, strict=True)]
            for row, e in zip(self.whole[first], up, strict=True)
        ]
        return found, self.unit + sum(least)

    def entry(self, i: int, j: int) -> Fraction:
        """Return entry (i, j)."""
        return dyadic(self.whole[i][j], self.unit + self.exponents[i] + self.exponents[j])

    def norm_square(self, i: int) -> Fraction:
        """Return the square of the norm of column i."""
        return self.entry(i, i)


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
