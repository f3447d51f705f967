"""Design matrices of small whole numbers, with a rank that parity proves and residuals of known size.

Modulo 2, a matrix of integers that is odd on its diagonal and even above it is triangular with a unit diagonal: every
leading minor is odd, so the rank is full whatever the other entries are.

Rows that stand twice, like repeated measurements, make room for a residual: a vector with +1 at one and −1 at the
other of two equal rows is at right angles to every column. The same holds for two rows of equal weight. No
factorisation is needed to know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from lamm_robust.generators.parts.known_svd import whole_residual
from lamm_robust.generators.parts.parameters import power_of_two
from lamm_robust.generators.parts.stream import Integers, Stream

LARGEST_ENTRY = 99
"""Largest absolute value of an odd entry: two digits, like real data. Even entries go down to −100."""
MAX_COLUMNS = 128
"""The most columns: with the entries, solutions and residuals of this file, b then fits the 24 bits of float32."""
MIN_RESIDUAL, MAX_RESIDUAL = 2.0**-10, 4.0
RESIDUALS = (0.0, 1.0, 2.0**-4, 2.0**-10, 4.0)
"""Values of ‖r★‖/‖Ax★‖ that a search draws from, the simplest first."""


def independent_columns(stream: Stream, rows: int, columns: int) -> Integers:
    """Draw a matrix of full rank, shape (rows, columns): entries from −100 to 99, odd on the diagonal, even above."""
    drawn = stream.integers(rows * columns, -LARGEST_ENTRY, LARGEST_ENTRY).reshape(rows, columns)
    even = drawn - drawn % 2
    row, column = np.indices((rows, columns))
    return np.where(row < column, even, np.where(row == column, even + 1, drawn))


def pair_count(m: int, rank: int) -> int:
    """Return how many of the rows can stand twice among m rows if at least ``rank`` of these must be different."""
    return min(m - rank, m // 2)


def repeated_rows(m: int, rank: int) -> tuple[Integers, Integers]:
    """Return two arrays of length m: for each row, the index of the distinct row that stands there, and a sign.

    `pair_count` of the distinct rows stand twice, next to each other. The signs are +1 and −1 at such a pair and 0 at a
    single row, so this vector is orthogonal to every column.
    """
    pairs = pair_count(m, rank)
    rows = [i // 2 for i in range(2 * pairs)] + list(range(pairs, m - pairs))
    signs = [1, -1] * pairs + [0] * (m - 2 * pairs)
    return np.array(rows, dtype=np.int64), np.array(signs, dtype=np.int64)


def check_residual(residual: object, m: int, rank: int) -> None:
    """Raise ValueError unless the residual is 0, or a power of two in range and a row can stand twice."""
    if power_of_two("residual", residual, MAX_RESIDUAL, MIN_RESIDUAL) and not pair_count(m, rank):
        raise ValueError(f"residual is {residual!r}; where no row can stand twice (m={m}, rank={rank}) accepted is 0.")


def right_side(
    design: Integers, y: Sequence[int], signs: Integers, residual: float, exponents: Sequence[int]
) -> list[int]:
    """Return the right-hand side 2^t By + ρs for a design B (m×n), a solution y (n) and signs s (m).

    With the row weights D = diag(2^exponents), ‖Dρs‖/‖D 2^t By‖ is ``residual`` to within 1/32 of it: ρ is a whole
    number of 16 or more, and t ≥ 0 is the least that allows this. With residual 0, ρ and t are 0.
    """
    fit = [sum(a * c for a, c in zip(row, y, strict=True)) for row in design.tolist()]
    squares = [Fraction(4) ** exponent for exponent in exponents]
    image = sum(w * f**2 for w, f in zip(squares, fit, strict=True)) or Fraction(1)  # By may happen to be 0
    noise = sum(w * s**2 for w, s in zip(squares, signs.tolist(), strict=True)) or Fraction(1)  # 0 without pairs
    shift, rho = whole_residual(image / noise, residual)
    return [2**shift * f + rho * s for f, s in zip(fit, signs.tolist(), strict=True)]


def complex_right_side(design: Integers, y: Integers, signs: Integers, residual: float) -> Integers:
    """Return `right_side` for Gaussian integers, without weights: 2^t By + ρs in parts (2 × m), as B and y are."""
    fit = complex_image(design, y)
    image = Fraction(sum(real**2 + imag**2 for real, imag in fit) or 1)
    shift, rho = whole_residual(image / (sum(sign**2 for sign in signs.tolist()) or 1), residual)
    parts = [
        (2**shift * real + rho * sign, 2**shift * imag) for (real, imag), sign in zip(fit, signs.tolist(), strict=True)
    ]
    return np.array(parts, dtype=np.int64).T


def complex_image(design: Integers, y: Integers) -> list[tuple[int, int]]:
    """Return By as pairs of parts, one for each row, for B (2 × m × n) and y (2 × n) in parts."""
    (P, Q), (c, d) = design.tolist(), y.tolist()
    return [_complex_inner(p, q, c, d) for p, q in zip(P, Q, strict=True)]


def _complex_inner(p: Sequence[int], q: Sequence[int], c: Sequence[int], d: Sequence[int]) -> tuple[int, int]:
    """Return the parts of Σ (p + iq)(c + id)."""
    terms = list(zip(p, q, c, d, strict=True))
    return sum(a * x - b * y for a, b, x, y in terms), sum(a * y + b * x for a, b, x, y in terms)
