"""NumPy: what a user of `numpy.linalg` alone would write.

Every routine of `numpy.linalg` computes in float64, and rounds its result to float32 if its arguments are float32.
`lstsq` therefore solves float32 problems in float64; solvers in several steps round after each step.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from lamm_robust.solvers import batched, host, normal_equations, orthogonal, singular_values
from lamm_robust.solvers.arrays import Ranked, Unranked, adjoint
from lamm_robust.solvers.contracts import (
    LAPACK_EPS,
    basic,
    complex_too,
    full_rank,
    minimum_norm,
    share,
    size_times,
)
from lamm_robust.values import Array, Solver


def lstsq(A: Array, b: Array, rcond: float | None = None) -> Ranked:
    """LAPACK DGELSD, by `numpy.linalg.lstsq`; float32 is solved in float64.

    By default rcond = eps·max(m, n). With rcond = −1, the default before NumPy 2, LAPACK's DLALSD takes its own eps,
    DLAMCH('Epsilon') = 2⁻⁵³, half of NumPy's. It does so for rcond = 0, too, which thus does not keep everything.
    """
    x, _, rank, _ = np.linalg.lstsq(A, b, rcond=rcond)
    return x, int(rank)


def pinv(A: Array, b: Array) -> Unranked:
    """The explicit pseudo-inverse times b, by `numpy.linalg.pinv` with its default rcond = 1e-15."""
    return np.linalg.pinv(A) @ b, None


def qr(A: Array, b: Array) -> Unranked:
    """Householder QR (LAPACK xGEQRF) and R x = Qᵀb by `solve`, for NumPy has no triangular solve."""
    Q, R = np.linalg.qr(A)
    return np.linalg.solve(R, adjoint(Q) @ b), None


def normal_lu(A: Array, b: Array) -> Unranked:
    """AᵀA x = Aᵀb by LU with partial pivoting (LAPACK xGESV)."""
    return np.linalg.solve(adjoint(A) @ A, adjoint(A) @ b), None


def normal_cholesky(A: Array, b: Array) -> Unranked:
    """AᵀA x = Aᵀb by Cholesky (LAPACK xPOTRF) and two solves with its factor."""
    L = np.linalg.cholesky(adjoint(A) @ A)
    return np.linalg.solve(adjoint(L), np.linalg.solve(L, adjoint(A) @ b)), None


def dropping(A: Array, b: Array) -> Ranked:
    """LAMM's first solver: keep a column if it raises the rank, then the normal equations of the columns kept.

    The rank test is `numpy.linalg.matrix_rank` of the columns kept so far with the new one.
    """
    kept: list[int] = []
    for column in range(A.shape[1]):
        candidate = [*kept, column]
        if np.linalg.matrix_rank(A[:, candidate]) == len(candidate):
            kept = candidate
    x = np.zeros((A.shape[1], *b.shape[1:]), dtype=A.dtype)
    if kept:
        x[kept] = normal_lu(A[:, kept], b)[0]
    return x, len(kept)


FULL_RANK = complex_too(full_rank("LinAlgError"))
LSTSQ = complex_too(
    minimum_norm(
        "σ_i ≤ eps·max(m, n)·σ₁, with the eps of float64 for float32 too",
        "LinAlgError",
        reports_rank=True,
        cutoff=size_times(1, eps=2.0**-52),
    )
)
PINV = complex_too(minimum_norm("σ_i ≤ 1e-15·σ₁, for float32 too", "LinAlgError", cutoff=share(1e-15)))

NUMPY = host.library(
    "numpy",
    forks=True,
    solvers=(
        Solver("lstsq", "numpy.linalg.lstsq", LSTSQ, lstsq),
        Solver("pinv", "numpy.linalg.pinv(A) @ b", PINV, pinv),
        Solver(
            "lstsq-rcond-minus-1",
            "numpy.linalg.lstsq(rcond=-1), the default before NumPy 2",
            complex_too(
                minimum_norm(
                    "σ_i ≤ 2⁻⁵³·σ₁, for float32 too", "LinAlgError", reports_rank=True, cutoff=share(LAPACK_EPS)
                )
            ),
            partial(lstsq, rcond=-1),
        ),
        Solver(
            "lstsq-scaled",
            "numpy.linalg.lstsq of A with unit columns and rcond = m·eps, as in numpy.polyfit",
            complex_too(basic("singular values of A with unit columns up to m·eps times the largest", "LinAlgError")),
            singular_values.lstsq_scaled,
        ),
        Solver(
            "lstsq-block",
            "numpy.linalg.lstsq with b as the first of eight columns",
            LSTSQ,
            batched.first_column(lstsq),
        ),
        Solver(
            "pinv-rtol",
            "numpy.linalg.pinv(A, rtol=max(m, n)·eps) @ b",
            complex_too(minimum_norm("σ_i ≤ max(m, n)·eps·σ₁", "LinAlgError", cutoff=size_times(1))),
            singular_values.numpy_pinv_rtol,
        ),
        Solver("pinv-stacked", "numpy.linalg.pinv of a stack of eight, the first times b", PINV, batched.numpy_pinv),
        Solver(
            "svd-stacked",
            "numpy.linalg.svd of a stack of eight, the first applied to b",
            complex_too(minimum_norm("σ_i ≤ max(m, n)·eps·σ₁", "LinAlgError", reports_rank=True, cutoff=size_times(1))),
            batched.numpy_svd,
        ),
        Solver("qr", "numpy.linalg.qr, then solve with R", FULL_RANK, qr),
        Solver("tsqr", "QR of four blocks of rows, then of their R's", FULL_RANK, orthogonal.tsqr),
        Solver("normal-lu", "solve(AᵀA, Aᵀb)", FULL_RANK, normal_lu),
        Solver("normal-lu-stacked", "solve(AᵀA, Aᵀb) for a stack of eight", FULL_RANK, batched.numpy_normal_lu),
        Solver("normal-lu-scaled", "solve(AᵀA, Aᵀb) for A with unit columns", FULL_RANK, normal_equations.scaled_lu),
        Solver("normal-inv", "inv(AᵀA) @ (Aᵀb)", FULL_RANK, normal_equations.inverse),
        Solver("left-inverse", "(inv(AᵀA) @ Aᵀ) @ b", FULL_RANK, normal_equations.left_inverse),
        Solver(
            "normal-pinv",
            "numpy.linalg.pinv(AᵀA) @ (Aᵀb)",
            complex_too(
                minimum_norm("σ_i ≤ √1e-15·σ₁, for float32 too", "LinAlgError", cutoff=share(math.sqrt(1e-15)))
            ),
            singular_values.numpy_normal_pinv,
        ),
        Solver("normal-cholesky", "cholesky(AᵀA), then two solves", FULL_RANK, normal_cholesky),
        Solver(
            "dropping",
            "LAMM's first solver: drop redundant columns, then normal equations",
            complex_too(
                basic(
                    "a column with which matrix_rank (σ_i > eps·max(m, n)·σ₁) of those kept does not grow",
                    "LinAlgError",
                    reports_rank=True,
                )
            ),
            dropping,
        ),
    ),
)
