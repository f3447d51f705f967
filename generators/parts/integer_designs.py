"""Designs of small whole numbers: a rank that parity proves, and residuals of exact size.

Modulo 2, a matrix of integers that is odd on its diagonal and even above it is triangular with a unit
diagonal: every leading minor is odd, so that the rank is full whatever the other entries are.

Rows that stand twice, like measurements that are repeated, make room for a residual: a vector with +1 at one
and −1 at the other of two equal rows is at right angles to every column. It is so with two rows of the same
weight too, and no factorisation is needed to know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from lamm_robust.generators.parts.known_svd import whole_residual
from lamm_robust.generators.parts.parameters import power_of_two
from lamm_robust.generators.parts.stream import Integers, Stream

LARGEST_ENTRY = 99
"""Two digits, like real data. Even numbers go down to −100."""
MAX_COLUMNS = 128
"""With entries, coefficients and residuals as they are here, an unweighted b then fits the 24 bits of float32."""
MIN_RESIDUAL, MAX_RESIDUAL = 2.0**-10, 4.0
RESIDUALS = (0.0, 1.0, 2.0**-4, 2.0**-10, 4.0)
"""What a search draws from, the simplest first."""


def independent(stream: Stream, rows: int, columns: int) -> Integers:
    """Draw numbers from −100 to 99 with an odd diagonal and even numbers above: shape (rows, columns)."""
    drawn = stream.integers(rows * columns, -LARGEST_ENTRY, LARGEST_ENTRY).reshape(rows, columns)
    even = drawn - drawn % 2
    row, column = np.indices((rows, columns))
    return np.where(row < column, even, np.where(row == column, even + 1, drawn))


def pair_count(m: int, rank: int) -> int:
    """Return how many of the rows can stand twice: at least ``rank`` of the m are different."""
    return min(m - rank, m // 2)


def repeated(m: int, rank: int) -> tuple[Integers, Integers]:
    """Return which of the m − pairs different rows stands where, and +1 and −1 at pairs, 0 at single rows."""
    pairs = pair_count(m, rank)
    rows = [i // 2 for i in range(2 * pairs)] + list(range(pairs, m - pairs))
    signs = [1, -1] * pairs + [0] * (m - 2 * pairs)
    return np.array(rows, dtype=np.int64), np.array(signs, dtype=np.int64)


def check_residual(residual: object, m: int, rank: int) -> None:
    """Raise ValueError unless it is 0, or a power of two in range where a row can stand twice."""
    if power_of_two("residual", residual, MAX_RESIDUAL, MIN_RESIDUAL) and not pair_count(m, rank):
        raise ValueError(f"residual is {residual!r}; where no row can stand twice (m={m}, rank={rank}) accepted is 0.")


def observed(
    design: Integers, y: Sequence[int], signs: Integers, residual: float, exponents: Sequence[int]
) -> list[int]:
    """Return 2^t B y + ρ s for the design B, so that ‖Dρs‖/‖D 2^t By‖ with D = diag(2^exponents) is ``residual``.

    ρ is a whole number of 16 or more, so that the ratio is right to within 1/32 of it; t ≥ 0 is the least
    that allows this.
    """
    fit = [sum(a * c for a, c in zip(row, y, strict=True)) for row in design.tolist()]
    squares = [Fraction(4) ** exponent for exponent in exponents]
    image = sum(w * f**2 for w, f in zip(squares, fit, strict=True)) or Fraction(1)
    noise = sum(w * s**2 for w, s in zip(squares, signs.tolist(), strict=True)) or Fraction(1)
    shift, rho = whole_residual(image / noise, residual)
    return [2**shift * f + rho * s for f, s in zip(fit, signs.tolist(), strict=True)]
