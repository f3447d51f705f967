"""SciPy: LAPACK's least-squares drivers by name, and the direct routes of `scipy.linalg`."""

from __future__ import annotations

import math
from functools import partial
from typing import Literal

from lamm_robust.solvers import batched, host, iterative, normal_equations, orthogonal, randomized, refinement
from lamm_robust.solvers import singular_values as sv
from lamm_robust.solvers.arrays import Ranked, Unranked, adjoint, eps_of
from lamm_robust.solvers.contracts import (
    LAPACK_EPS,
    Cutoff,
    basic,
    complex_too,
    eps_of_precision,
    full_rank,
    full_rank_any_shape,
    minimum_norm,
    share,
    size_times,
)
from lamm_robust.values import Array, Solver

DOCUMENTED = ("LinAlgError", "ValueError")
"""Errors by which SciPy refuses a problem: `check_finite`, on by default, raises ValueError for NaN or ∞.

`numpy.asarray_chkfinite` documents that class, and so does `scipy.linalg.lstsq`.
"""


def lstsq(A: Array, b: Array, driver: Literal["gelsd", "gelsy", "gelss"], cond: Cutoff | None = None) -> Ranked:
    """`scipy.linalg.lstsq` with one of LAPACK's drivers, and SciPy's default cond = eps unless another is given.

    With cond = 0, xGELSS keeps every singular value above the smallest normal number, where 1/σ does not overflow.
    xGELSD, the default driver, takes its own precision instead of 0.
    """
    from scipy.linalg import lstsq

    m, n = A.shape
    x, _, rank, _ = lstsq(A, b, cond=cond and cond(m, n, eps_of(A)), lapack_driver=driver)
    return x, int(rank)


def pinv(A: Array, b: Array) -> Unranked:
    """The explicit pseudo-inverse times b, by `scipy.linalg.pinv` with its default rtol = max(m, n)·eps."""
    from scipy.linalg import pinv

    return pinv(A) @ b, None


def qr(A: Array, b: Array) -> Unranked:
    """Householder QR (LAPACK xGEQRF) and a triangular solve (xTRTRS)."""
    from scipy.linalg import qr, solve_triangular

    Q, R = qr(A, mode="economic")
    return solve_triangular(R, adjoint(Q) @ b), None


def normal_lu(A: Array, b: Array) -> Unranked:
    """AᵀA x = Aᵀb by LU with partial pivoting; SciPy warns when its condition estimate is near 1/eps."""
    from scipy.linalg import solve

    return solve(adjoint(A) @ A, adjoint(A) @ b, assume_a="gen"), None


def normal_cholesky(A: Array, b: Array) -> Unranked:
    """AᵀA x = Aᵀb by Cholesky (LAPACK xPOTRF, xPOTRS)."""
    from scipy.linalg import cho_factor, cho_solve

    return cho_solve(cho_factor(adjoint(A) @ A), adjoint(A) @ b), None


FULL_RANK = complex_too(full_rank(*DOCUMENTED))
REAL_FULL_RANK = full_rank(*DOCUMENTED)
ABOVE_EPS = complex_too(minimum_norm("σ_i ≤ eps·σ₁", *DOCUMENTED, reports_rank=True, cutoff=eps_of_precision))
ABOVE_SIZE_EPS = complex_too(
    minimum_norm("σ_i ≤ max(m, n)·eps·σ₁", *DOCUMENTED, reports_rank=True, cutoff=size_times(1))
)
PIVOTED_RULE = "columns from the first with |R_kk| ≤ max(m, n)·eps·|R_11| on"
KRYLOV_RULE = "nothing: directions that the steps do not reach are missing"
KRYLOV = minimum_norm(KRYLOV_RULE)

SCIPY = host.library(
    "scipy",
    forks=True,
    solvers=(
        Solver(
            "gelsd",
            "scipy.linalg.lstsq, divide-and-conquer SVD (the default driver)",
            ABOVE_EPS,
            partial(lstsq, driver="gelsd"),
        ),
        Solver(
            "gelsy",
            "scipy.linalg.lstsq, QR with column pivoting and complete orthogonal factorisation",
            complex_too(
                minimum_norm(
                    "columns beyond the leading block of R with estimated condition below 1/eps",
                    *DOCUMENTED,
                    reports_rank=True,
                )
            ),
            partial(lstsq, driver="gelsy"),
        ),
        Solver("gelss", "scipy.linalg.lstsq, QR-iteration SVD", ABOVE_EPS, partial(lstsq, driver="gelss")),
        Solver(
            "gelsd-size-eps",
            "scipy.linalg.lstsq(cond=max(m, n)·eps), divide-and-conquer SVD",
            ABOVE_SIZE_EPS,
            partial(lstsq, driver="gelsd", cond=size_times(1)),
        ),
        Solver(
            "gelsy-size-eps",
            "scipy.linalg.lstsq(cond=max(m, n)·eps), complete orthogonal factorisation",
            complex_too(
                minimum_norm(
                    "columns beyond the leading block of R with estimated condition below 1/(max(m, n)·eps)",
                    *DOCUMENTED,
                    reports_rank=True,
                )
            ),
            partial(lstsq, driver="gelsy", cond=size_times(1)),
        ),
        Solver(
            "gelss-rcond-0",
            "scipy.linalg.lstsq(cond=0), QR-iteration SVD that keeps everything",
            complex_too(
                minimum_norm("only singular values below the smallest normal number", *DOCUMENTED, reports_rank=True)
            ),
            partial(lstsq, driver="gelss", cond=share(0.0)),
        ),
        Solver(
            "gelsd-block",
            "scipy.linalg.lstsq with b as the first of eight columns",
            ABOVE_EPS,
            batched.first_column(partial(lstsq, driver="gelsd")),
        ),
        Solver(
            "gels",
            "LAPACK xGELS: QR, or LQ if A is wide",
            complex_too(full_rank_any_shape(*DOCUMENTED)),
            orthogonal.gels,
        ),
        Solver(
            "lsq-linear",
            "scipy.optimize.lsq_linear without bounds, which is numpy.linalg.lstsq(rcond=-1)",
            minimum_norm("σ_i ≤ 2⁻⁵³·σ₁, for float32 too", *DOCUMENTED, cutoff=share(LAPACK_EPS)),
            sv.lsq_linear,
        ),
        Solver("svd-eps", "scipy.linalg.svd applied to b", ABOVE_EPS, partial(sv.svd, cutoff=eps_of_precision)),
        Solver("svd-size-eps", "scipy.linalg.svd applied to b", ABOVE_SIZE_EPS, partial(sv.svd, cutoff=size_times(1))),
        Solver(
            "svd-10-size-eps",
            "scipy.linalg.svd applied to b",
            complex_too(
                minimum_norm("σ_i ≤ 10·max(m, n)·eps·σ₁", *DOCUMENTED, reports_rank=True, cutoff=size_times(10))
            ),
            partial(sv.svd, cutoff=size_times(10)),
        ),
        Solver(
            "pinv",
            "scipy.linalg.pinv(A) @ b",
            complex_too(minimum_norm("σ_i ≤ max(m, n)·eps·σ₁", *DOCUMENTED, cutoff=size_times(1))),
            pinv,
        ),
        Solver("qr", "scipy.linalg.qr, then solve_triangular", FULL_RANK, qr),
        Solver(
            "qr-block",
            "scipy.linalg.qr, then solve_triangular, with b as the first of eight columns",
            FULL_RANK,
            batched.first_column(qr),
        ),
        Solver(
            "qr-refined",
            "Householder QR and one step of refinement at the same precision",
            REAL_FULL_RANK,
            refinement.qr_refined,
        ),
        Solver(
            "float32-qr-refined",
            "QR in float32, refined on the augmented system in float64",
            REAL_FULL_RANK,
            refinement.float32_qr_refined,
        ),
        Solver(
            "qr-pivoted",
            "scipy.linalg.qr(pivoting=True), basic solution",
            complex_too(basic(PIVOTED_RULE, *DOCUMENTED, reports_rank=True)),
            orthogonal.pivoted_qr,
        ),
        Solver(
            "qr-complete",
            "scipy.linalg.qr(pivoting=True), complete orthogonal factorisation",
            complex_too(minimum_norm(PIVOTED_RULE, *DOCUMENTED, reports_rank=True)),
            orthogonal.complete_orthogonal,
        ),
        Solver("cholesky-qr2", "CholeskyQR twice", FULL_RANK, orthogonal.cholesky_qr2),
        Solver(
            "shifted-cholesky-qr3",
            "CholeskyQR with a shift, then twice without",
            FULL_RANK,
            orthogonal.shifted_cholesky_qr3,
        ),
        Solver("seminormal", "RᵀR x = Aᵀb, R by QR", FULL_RANK, normal_equations.seminormal),
        Solver(
            "seminormal-corrected",
            "RᵀR x = Aᵀb, R by QR, and one correction",
            FULL_RANK,
            normal_equations.corrected_seminormal,
        ),
        Solver(
            "peters-wilkinson",
            "A = LU, then the normal equations of L",
            FULL_RANK,
            normal_equations.peters_wilkinson,
        ),
        Solver("normal-lu", "scipy.linalg.solve(AᵀA, Aᵀb)", FULL_RANK, normal_lu),
        Solver("normal-cholesky", "cho_solve(cho_factor(AᵀA), Aᵀb)", FULL_RANK, normal_cholesky),
        Solver(
            "normal-pinvh",
            "scipy.linalg.pinvh(AᵀA) @ (Aᵀb)",
            complex_too(minimum_norm("σ_i ≤ √(n·eps)·σ₁", *DOCUMENTED, cutoff=lambda _m, n, eps: math.sqrt(n * eps))),
            sv.scipy_normal_pinvh,
        ),
        Solver("lsqr", "scipy.sparse.linalg.lsqr with its defaults", KRYLOV, iterative.lsqr),
        Solver(
            "lsqr-tight",
            "lsqr, tolerances at eps, 4·min(m, n) steps at most",
            KRYLOV,
            partial(iterative.lsqr, tight=True),
        ),
        Solver(
            "lsqr-scaled",
            "lsqr of A with unit columns, tolerances at eps",
            basic(f"{KRYLOV_RULE}; of many solutions the one that is shortest in units of the columns"),
            iterative.lsqr_scaled,
        ),
        Solver("lsmr", "scipy.sparse.linalg.lsmr with its defaults", KRYLOV, iterative.lsmr),
        Solver(
            "lsmr-tight",
            "lsmr, tolerances at eps, 4·min(m, n) steps at most",
            KRYLOV,
            partial(iterative.lsmr, tight=True),
        ),
        Solver(
            "sketch-precondition",
            "QR of a sketch of A as the preconditioner of LSQR",
            REAL_FULL_RANK,
            randomized.sketch_and_precondition,
        ),
        Solver(
            "iterative-sketching",
            "sketch and solve, then gradient steps with damping and momentum",
            REAL_FULL_RANK,
            randomized.iterative_sketching,
        ),
        Solver(
            "fossils",
            "sketch and solve, then two steps of refinement by Polyak's method",
            REAL_FULL_RANK,
            randomized.fossils,
        ),
    ),
)
