"""Named matrices of whole numbers, for `named`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import comb

Rows = list[list[Fraction]]


def table(m: int, n: int, entry: Callable[[int, int], Fraction]) -> Rows:
    """Return the m×n matrix of the entries at (i, j), counted from 0."""
    return [[entry(i, j) for j in range(n)] for i in range(m)]


def pascal(m: int, n: int, _parameter: int) -> Rows:
    """Return the binomials (i + j over i): whole numbers, and of determinant 1 if square. Higham, section 28.4."""
    return table(m, n, lambda i, j: Fraction(comb(i + j, i)))
