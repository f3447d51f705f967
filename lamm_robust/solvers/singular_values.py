"""Solvers by the singular value decomposition: all form x = Σ vᵢ uᵢᵀb/σᵢ, and differ in which σᵢ count as zero.

A cutoff is a share of σ₁. How it is chosen is most of what separates these routes on deficient problems; whether the
pseudo-inverse is formed (`pinv`) or only applied (`svd`) is what separates them on ill-conditioned ones.
"""

from __future__ import annotations

import numpy as np

from lamm_robust.solvers.arrays import Ranked, Unranked, adjoint, column_norms, columnwise, divide_rows, eps_of
from lamm_robust.solvers.contracts import Cutoff
from lamm_robust.values import Array


def svd(A: Array, b: Array, cutoff: Cutoff) -> Ranked:
    """The SVD (`scipy.linalg.svd`, LAPACK xGESDD) applied to b from left to right; A⁺ is never formed.

    Golub and Reinsch, Singular value decomposition and least squares solutions, Numer. Math. 14 (1970) 403.
    """
    from scipy.linalg import svd

    (m, n), (U, sigma, Vt) = A.shape, svd(A, full_matrices=False)
    return solve_truncated(U, sigma, Vt, b, cutoff(m, n, eps_of(A)))


def solve_truncated(U: Array, sigma: Array, Vt: Array, b: Array, cutoff: float) -> Ranked:
    """x = Σ vᵢ uᵢᵀb/σᵢ over the σᵢ > cutoff·σ₁, and the number of these (the numerical rank)."""
    rank = int((sigma > cutoff * sigma[0]).sum())
    return adjoint(Vt[:rank]) @ divide_rows(adjoint(U[:, :rank]) @ b, sigma[:rank]), rank


def lsq_linear(A: Array, b: Array) -> Unranked:
    """`scipy.optimize.lsq_linear` without bounds: it calls `numpy.linalg.lstsq(rcond=-1)` and checks the bounds."""
    from scipy.optimize import lsq_linear

    return columnwise(lambda vector: lsq_linear(A, vector).x, b), None


def lstsq_scaled(A: Array, b: Array) -> Unranked:
    """`numpy.linalg.lstsq` of A with columns of length 1 and rcond = m·eps, then unscaled: as `numpy.polyfit` does it.

    Scaling by column norms is within √n of the best that column scaling can do for κ (van der Sluis, Numer. Math. 14
    (1969) 14). The shortest solution of the scaled problem is not the shortest of the problem itself.
    """
    scale = column_norms(A)
    return divide_rows(np.linalg.lstsq(A / scale, b, rcond=len(b) * eps_of(A))[0], scale), None


def numpy_pinv_rtol(A: Array, b: Array) -> Unranked:
    """`numpy.linalg.pinv(A, rtol=max(m, n)·eps) @ b`: the default of the array API standard (rtol=None)."""
    return np.linalg.pinv(A, rtol=max(A.shape) * eps_of(A)) @ b, None


def numpy_normal_pinv(A: Array, b: Array) -> Unranked:
    """`numpy.linalg.pinv(AᵀA) @ (Aᵀb)`: its rcond = 1e-15 cuts the squares of A's singular values."""
    return np.linalg.pinv(adjoint(A) @ A) @ (adjoint(A) @ b), None


def scipy_normal_pinvh(A: Array, b: Array) -> Unranked:
    """`scipy.linalg.pinvh(AᵀA) @ (Aᵀb)`: eigenvalues (LAPACK xSYEVR) up to n·eps times the largest count as zero."""
    from scipy.linalg import pinvh

    return pinvh(adjoint(A) @ A) @ (adjoint(A) @ b), None
