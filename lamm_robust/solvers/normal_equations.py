"""Solvers by the normal equations AᵀA x = Aᵀb: as written, and repaired.

Forming AᵀA squares κ and makes an error of order u·κ² in x (Higham, Accuracy and Stability of Numerical Algorithms,
2nd ed., section 20.4), which no later treatment of AᵀA can undo.
"""

from __future__ import annotations

import numpy as np

from lamm_robust.solvers.arrays import Unranked, adjoint, column_norms, divide_rows
from lamm_robust.values import Array


def inverse(A: Array, b: Array) -> Unranked:
    """inv(AᵀA) @ (Aᵀb), with the inverse by LU (LAPACK xGESV with the unit matrix)."""
    return np.linalg.inv(adjoint(A) @ A) @ (adjoint(A) @ b), None


def left_inverse(A: Array, b: Array) -> Unranked:
    """(inv(AᵀA) @ Aᵀ) @ b: the textbook's formula from left to right, which forms the left inverse of A."""
    return np.linalg.inv(adjoint(A) @ A) @ adjoint(A) @ b, None


def scaled_lu(A: Array, b: Array) -> Unranked:
    """The normal equations of A with columns scaled to length 1, by LU, then unscaled.

    The scaling is within √n of the best for κ (van der Sluis, Numer. Math. 14 (1969) 14).
    """
    scale = column_norms(A)
    unit = A / scale
    return divide_rows(np.linalg.solve(adjoint(unit) @ unit, adjoint(unit) @ b), scale), None


def seminormal(A: Array, b: Array) -> Unranked:
    """The seminormal equations RᵀR x = Aᵀb, where R is that of Householder QR and Q is not used.

    R comes from a backward stable QR, but the two solves square its condition number (Björck 1987: see
    `corrected_seminormal`).
    """
    from scipy.linalg import cho_solve

    return cho_solve((_triangle(A), False), adjoint(A) @ b), None


def corrected_seminormal(A: Array, b: Array) -> Unranked:
    """The seminormal equations and one step of refinement: x + δ with RᵀR δ = Aᵀ(b − Ax).

    Björck, Stability analysis of the method of seminormal equations for linear least squares problems, Linear Algebra
    Appl. 88/89 (1987) 31: about as good as QR while uκ² is moderate.
    """
    from scipy.linalg import cho_solve

    factor = (_triangle(A), False)
    x = cho_solve(factor, adjoint(A) @ b)
    return x + cho_solve(factor, adjoint(A) @ (b - A @ x)), None


def _triangle(A: Array) -> Array:
    from scipy.linalg import LinAlgError, qr

    R: Array = qr(A, mode="r")[0][: A.shape[1]]
    if not R.diagonal().all():  # cho_solve does not check it
        raise LinAlgError("R has a zero on its diagonal")
    return R


def peters_wilkinson(A: Array, b: Array) -> Unranked:
    """A = LU with partial pivoting, then LᵀL y = Lᵀb by Cholesky and U x = y.

    Peters and Wilkinson, The least squares problem and pseudo-inverses, Comput. J. 13 (1970) 309: with
    pivoting, L is well-conditioned and U as ill-conditioned as A, and only L is squared.
    """
    from scipy.linalg import cho_factor, cho_solve, lu, solve_triangular

    L, U = lu(A, permute_l=True)  # the rows of L are put back into the order of those of A and b
    return solve_triangular(U, cho_solve(cho_factor(adjoint(L) @ L), adjoint(L) @ b)), None
