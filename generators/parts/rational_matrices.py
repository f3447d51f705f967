"""Matrices of quotients and powers for the family `named`, by their formulas: rationals, to be rounded once.

All matrices of `named` are functions of m, n and one parameter, which most of them ignore.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

Rows = list[list[Fraction]]
"""A matrix as a list of rows."""


def table(m: int, n: int, entry: Callable[[int, int], Fraction]) -> Rows:
    """Return the m×n matrix whose (i, j) entry is entry(i, j), with i and j counted from 0."""
    return [[entry(i, j) for j in range(n)] for i in range(m)]


def vandermonde(m: int, n: int, _parameter: int) -> Rows:
    """Return the powers t_i^j of the harmonic nodes t_i = 1/(i + 1), the worst of the usual ones.

    κ∞ > (n − 1)ⁿ if square: Gautschi, How (un)stable are Vandermonde systems?, in Asymptotic and Computational
    Analysis, 1990, 193-210; Higham, Table 22.1 (V1).
    """
    return table(m, n, lambda i, j: Fraction(1, (i + 1) ** j))


def chebyshev_vandermonde(m: int, n: int, _parameter: int) -> Rows:
    """Return T_j(t_i), Chebyshev polynomials at equally spaced points of [0, 1]: the transpose of gallery's chebvand.

    Higham, Stability analysis of algorithms for solving confluent Vandermonde-like systems, SIAM J. Matrix Anal.
    Appl. 11 (1990) 23-41. The points lie on half of the interval on which the polynomials are orthogonal.
    """
    return [_chebyshev(Fraction(i, max(m - 1, 1)), n) for i in range(m)]


def _chebyshev(t: Fraction, count: int) -> list[Fraction]:
    values = [Fraction(1), t]
    while len(values) < count:
        values.append(2 * t * values[-1] - values[-2])
    return values[:count]


def hilbert(m: int, n: int, _parameter: int) -> Rows:
    """Return 1/(i + j + 1). Hilbert, Ein Beitrag zur Theorie des Legendre'schen Polynoms, Acta Math. 18 (1894) 155."""
    return table(m, n, lambda i, j: Fraction(1, i + j + 1))


def lauchli(_m: int, n: int, parameter: int) -> Rows:
    """Return a row of ones on μI with μ = 2^−parameter: κ = √(n + μ²)/μ, and AᵀA is singular once μ² < u.

    Läuchli, Jordan-Elimination und Ausgleichung nach kleinsten Quadraten, Numer. Math. 3 (1961) 226-240.
    """
    mu = Fraction(1, 2**parameter)
    return [[Fraction(1)] * n, *table(n, n, lambda i, j: mu if i == j else Fraction(0))]


def cauchy(m: int, n: int, _parameter: int) -> Rows:
    """Return 1/(x_i + y_j) with x_i = i + 1 and y_j = j + 1, as gallery's cauchy does.

    Cauchy, Exercices d'analyse et de physique mathématique 2 (1841) 151-159; Higham, section 28.1.
    """
    return table(m, n, lambda i, j: Fraction(1, i + j + 2))


def lotkin(m: int, n: int, _parameter: int) -> Rows:
    """Return the Hilbert matrix with a first row of ones. Lotkin, A set of test matrices, MTAC 9 (1955) 153-161."""
    return table(m, n, lambda i, j: Fraction(1, i + j + 1) if i else Fraction(1))
