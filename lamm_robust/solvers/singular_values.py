"""Through the singular value decomposition: the same x = Σ vᵢ uᵢᵀb/σᵢ, with other ideas of which σᵢ are zero.

A cutoff is a share of σ₁. How it is chosen is most of what separates these routes on deficient problems; whether the
pseudo-inverse is formed (`pinv`) or only applied (`svd`) is what separates them on ill-conditioned ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamm_robust.values import Array

Cutoff = Callable[[int, int, float], float]
Ranked = tuple[Array, int]
Unranked = tuple[Array, None]


def eps_of(A: Any) -> float:
    """The distance from 1 to the next number in the precision of an array, NumPy's or JAX's: 2u."""
    return float(np.finfo(A.dtype).eps)


def rows_over(x: Array, scale: Array) -> Array:
    """D⁻¹x with D = diag(scale): entries of a vector, or rows of a matrix, over numbers."""
    return (x.T / scale).T


def columnwise(solve: Callable[[Array], Array], b: Array) -> Array:
    """The solutions for one right-hand side or, one after the other, for several: for what takes only one."""
    if b.ndim == 1:
        return solve(b)
    return np.column_stack([solve(column) for column in b.T])


def svd(A: Array, b: Array, cutoff: Cutoff) -> Ranked:
    """The SVD (`scipy.linalg.svd`, LAPACK xGESDD) applied to b from left to right; A⁺ is never formed.

    Golub and Reinsch, Singular value decomposition and least squares solutions, Numer. Math. 14 (1970) 403.
    """
    from scipy.linalg import svd

    (m, n), (U, sigma, Vt) = A.shape, svd(A, full_matrices=False)
    return truncated(U, sigma, Vt, b, cutoff(m, n, eps_of(A)))


def truncated(U: Array, sigma: Array, Vt: Array, b: Array, cutoff: float) -> Ranked:
    """Σ vᵢ uᵢᵀb/σᵢ over σᵢ > cutoff·σ₁, and how many those are."""
    rank = int((sigma > cutoff * sigma[0]).sum())
    return Vt[:rank].T @ rows_over(U[:, :rank].T @ b, sigma[:rank]), rank


def lstsq_machine_eps(A: Array, b: Array) -> Ranked:
    """`numpy.linalg.lstsq(rcond=-1)`, the default before NumPy 2.

    LAPACK's DLALSD then takes its own precision, DLAMCH('Epsilon') = 2⁻⁵³, half of NumPy's eps; rcond = 0 means the
    same, and not that everything is kept.
    """
    x, _, rank, _ = np.linalg.lstsq(A, b, rcond=-1)
    return x, int(rank)


def lsq_linear(A: Array, b: Array) -> Unranked:
    """`scipy.optimize.lsq_linear` without bounds: it calls `numpy.linalg.lstsq(rcond=-1)` and checks the bounds."""
    from scipy.optimize import lsq_linear

    return columnwise(lambda vector: lsq_linear(A, vector).x, b), None


def lstsq_scaled(A: Array, b: Array) -> Unranked:
    """Columns scaled to length 1, `numpy.linalg.lstsq` with rcond = m·eps, and back: what `numpy.polyfit` does.

    Scaling by column norms is within √n of the best that column scaling can do for κ (van der Sluis, Numer. Math. 14
    (1969) 14). The shortest solution of the scaled problem is not the shortest.
    """
    scale = column_norms(A)
    return rows_over(np.linalg.lstsq(A / scale, b, rcond=len(b) * eps_of(A))[0], scale), None


def column_norms(A: Array) -> Any:
    """The 2-norms of the columns, with 1 for a column of zeros, so that one can divide by them."""
    norms = np.sqrt((A * A).sum(axis=0))
    norms[norms == 0] = 1
    return norms


def numpy_pinv_rtol(A: Array, b: Array) -> Unranked:
    """`numpy.linalg.pinv(A, rtol=max(m, n)·eps) @ b`: what rtol=None means, the default of the array API standard."""
    return np.linalg.pinv(A, rtol=max(A.shape) * eps_of(A)) @ b, None


def numpy_normal_pinv(A: Array, b: Array) -> Unranked:
    """`numpy.linalg.pinv(AᵀA) @ (Aᵀb)`: its rcond = 1e-15 cuts the squares of A's singular values."""
    return np.linalg.pinv(A.T @ A) @ (A.T @ b), None


def scipy_normal_pinvh(A: Array, b: Array) -> Unranked:
    """`scipy.linalg.pinvh(AᵀA) @ (Aᵀb)`: eigenvalues of AᵀA (LAPACK xSYEVR) up to n·eps times the largest are zero."""
    from scipy.linalg import pinvh

    return pinvh(A.T @ A) @ (A.T @ b), None
