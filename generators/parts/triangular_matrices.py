"""Triangular and nearly triangular matrices for the family `named`: they fool pivoting."""

from __future__ import annotations

from fractions import Fraction

from lamm_robust.generators.parts.elementary import root
from lamm_robust.generators.parts.rational_matrices import Rows, table


def kahan(m: int, n: int, parameter: int) -> Rows:
    """Return the upper trapezoidal diag(1, s, s², …)·(1 on the diagonal, −c above), with s² + c² = 1.

    Column pivoting moves no column, and the last diagonal entry is far above σ_n: Kahan, Numerical linear algebra,
    Canad. Math. Bull. 9 (1966) 757-801. With tan(π/4 − θ/2) = t = 2^−parameter, s = sin θ = (1 − t²)/(1 + t²) and
    c = cos θ = 2t/(1 + t²) are rational; gallery's θ = 1.2 has t = 0.19.
    """
    t = Fraction(1, 2**parameter)
    s, c = (1 - t**2) / (1 + t**2), 2 * t / (1 + t**2)
    return table(m, n, lambda i, j: s**i * (-c if j > i else int(i == j)))


def triw(m: int, n: int, _parameter: int) -> Rows:
    """Return 1 on the diagonal and −1 above: nothing on the diagonal tells that κ∞ = n·2ⁿ⁻¹ if square.

    Golub and Wilkinson, Ill-conditioned eigensystems and the computation of the Jordan canonical form,
    SIAM Rev. 18 (1976) 578-619; Higham, chapter 8.
    """
    return table(m, n, lambda i, j: Fraction(-1 if j > i else int(i == j)))


def gks(m: int, n: int, _parameter: int) -> Rows:
    """Return triw with columns of norm 1: 1/√j on the diagonal and −1/√j above, in column j from 1 (to 120 bits).

    Nearly singular without a small diagonal entry. Golub, Klema and Stewart, Rank degeneracy and least squares
    problems, Report STAN-CS-76-559, Stanford 1976. All entries of a column are rounded alike: κ stays what it was.
    """
    scale = [root(Fraction(1, j + 1)) for j in range(n)]
    return [[scale[j] * entry for j, entry in enumerate(row)] for row in triw(m, n, 0)]


def gfpp(m: int, n: int, _parameter: int) -> Rows:
    """Return −1 below a diagonal of ones, and a last column of ones: partial pivoting lets entries grow to 2ⁿ⁻¹.

    κ is harmless, about n/2 if square.

    Wilkinson, Error analysis of direct methods of matrix inversion, J. ACM 8 (1961) 281-330, p. 327; Higham and
    Higham, Large growth factors in Gaussian elimination with pivoting, SIAM J. Matrix Anal. Appl. 10 (1989) 155-164.
    """
    return table(m, n, lambda i, j: Fraction(-1 if j < min(i, n - 1) else int(i == j or j == n - 1)))
