"""Matrices of whole numbers for the family `named`: stored without rounding, most of them exactly rank-deficient."""

from __future__ import annotations

from fractions import Fraction
from math import comb

from lamm_robust.generators.parts.rational_matrices import Rows, table

BAUER = """
22 10 2 3 7
14 7 10 0 8
-1 13 -1 -11 3
-3 -2 13 -2 4
9 8 1 -2 4
9 1 -7 5 -1
2 -6 6 5 1
4 5 0 -2 2
"""
ROSSER = """
611 196 -192 407 -8 -52 -49 29
196 899 113 -192 -71 -43 -8 -44
-192 113 899 196 61 49 8 52
407 -192 196 611 8 44 59 -23
-8 -71 61 8 411 -599 208 208
-52 -43 49 44 -599 411 208 208
-49 -8 8 59 208 208 99 -911
29 -44 52 -23 208 208 -911 99
"""


def pascal(m: int, n: int, _parameter: int) -> Rows:
    """Return the binomials (i + j over i): whole numbers, and of determinant 1 if square. Higham, section 28.4."""
    return table(m, n, lambda i, j: Fraction(comb(i + j, i)))


def _columns(text: str, n: int) -> Rows:
    return [[Fraction(entry) for entry in row.split()[:n]] for row in text.split("\n")[1:-1]]


def bauer(_m: int, n: int, _parameter: int) -> Rows:
    """Return the first n columns of Bauer's 8×5 matrix: rank 3, and σ = √1248, 20 and √384.

    Golub and Reinsch, Singular value decomposition and least squares solutions, Numer. Math. 14 (1970) 403-420.
    """
    return _columns(BAUER, n)


def rosser(_m: int, n: int, _parameter: int) -> Rows:
    """Return the first n columns of Rosser's 8×8 matrix: symmetric and singular, κ = 10√10405/(510 − 100√26).

    The last column depends on the others. Rosser, Lanczos, Hestenes and Karush, Separation of close eigenvalues of a
    real symmetric matrix, J. Res. Nat. Bur. Standards 47 (1951) 291-297.
    """
    return _columns(ROSSER, n)


def magic(m: int, n: int, _parameter: int) -> Rows:
    """Return the first n columns of the magic square of an order m divisible by 4: rank 3, however large.

    MATLAB's `magic` of doubly even order: the numbers from 1 row by row, and m² + 1 − k for k where row and column are
    both in the middle of their four, or both not. Rank 3: Moler, Numerical Computing with MATLAB, 2004, section 1.4.
    MATLAB's manual solves 8×6 by `pinv`.
    """
    middle = [i % 4 in (1, 2) for i in range(m)]
    return table(m, n, lambda i, j: Fraction(m * m - m * i - j if middle[i] == middle[j] else m * i + j + 1))


def inverse_hilbert(m: int, n: int, _parameter: int) -> Rows:
    """Return the first n columns of the inverse of the m×m Hilbert matrix: whole numbers.

    Golub, Numerical methods for solving linear least squares problems, Numer. Math. 7 (1965) 206-216, with the first
    five of six columns; the formula: Higham, section 28.1.
    """
    return table(m, n, lambda i, j: Fraction(_inverse_hilbert(m, i + 1, j + 1)))


def _inverse_hilbert(m: int, i: int, j: int) -> int:
    size = (i + j - 1) * comb(m + i - 1, m - j) * comb(m + j - 1, m - i) * comb(i + j - 2, i - 1) ** 2
    return -size if (i + j) % 2 else size
