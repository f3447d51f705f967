"""SciPy: LAPACK's least-squares drivers by name, and the direct routes of `scipy.linalg`."""

from __future__ import annotations

import math
from functools import partial
from typing import Literal

from lamm_robust.solvers import batched, host, iterative, normal_equations, orthogonal, randomized, refinement
from lamm_robust.solvers import singular_values as sv
from lamm_robust.solvers.contracts import (
    LAPACK_EPS,
    basic,
    eps_of_precision,
    full_rank,
    full_rank_any_shape,
    minimum_norm,
    share,
    size_times,
)
from lamm_robust.values import Array, Library, Solver

DOCUMENTED = ("LinAlgError", "ValueError")
"""ValueError is what `check_finite` announces: NaN or ∞ in what any of these routines is given.

It is on unless switched off, and raises as `numpy.asarray_chkfinite` does; `scipy.linalg.lstsq` lists the class itself.
"""


def lstsq(
    A: Array, b: Array, driver: Literal["gelsd", "gelsy", "gelss"], cond: sv.Cutoff | None = None
) -> tuple[Array, int]:
    """`scipy.linalg.lstsq` with one of LAPACK's drivers, and SciPy's default cond = eps unless another is given.

    xGELSS takes cond = 0 at its word and keeps what is above the smallest normal number, where 1/σ does not overflow;
    xGELSD, the default driver, does not and takes its own precision instead.
    """
    from scipy.linalg import lstsq

    m, n = A.shape
    x, _, rank, _ = lstsq(A, b, cond=cond and cond(m, n, sv.eps_of(A)), lapack_driver=driver)
    return x, int(rank)


def pinv(A: Array, b: Array) -> tuple[Array, None]:
    """The explicit pseudo-inverse times b, by `scipy.linalg.pinv` with its default rtol = max(m, n)·eps."""
    from scipy.linalg import pinv

    return pinv(A) @ b, None


def qr(A: Array, b: Array) -> tuple[Array, None]:
    """Householder QR (LAPACK xGEQRF) and a triangular solve (xTRTRS)."""
    from scipy.linalg import qr, solve_triangular

    Q, R = qr(A, mode="economic")
    return solve_triangular(R, Q.T @ b), None


def normal_lu(A: Array, b: Array) -> tuple[Array, None]:
    """AᵀA x = Aᵀb by LU with partial pivoting; SciPy warns when its condition estimate is near 1/eps."""
    from scipy.linalg import solve

    return solve(A.T @ A, A.T @ b, assume_a="gen"), None


def normal_cholesky(A: Array, b: Array) -> tuple[Array, None]:
    """AᵀA x = Aᵀb by Cholesky (LAPACK xPOTRF, xPOTRS)."""
    from scipy.linalg import cho_factor, cho_solve

    return cho_solve(cho_factor(A.T @ A), A.T @ b), None


KRYLOV_RULE = "nothing: directions that the steps do not reach are missing"
KRYLOV = minimum_norm(KRYLOV_RULE)

SCIPY = Library(
    name="scipy",
    module="scipy",
    devices=("cpu",),
    environment=host.environment,
    put=host.put,
    wait=host.wait,
    state=host.state,
    forks=True,
    solvers=(
        Solver(
            "gelsd",
            "scipy.linalg.lstsq, divide-and-conquer SVD (the default driver)",
            minimum_norm("σ_i ≤ eps·σ₁", *DOCUMENTED, reports_rank=True, cutoff=eps_of_precision),
            partial(lstsq, driver="gelsd"),
        ),
        Solver(
            "gelsy",
            "scipy.linalg.lstsq, QR with column pivoting and complete orthogonal factorisation",
            minimum_norm(
                "columns beyond the leading block of R with estimated condition below 1/eps",
                *DOCUMENTED,
                reports_rank=True,
            ),
            partial(lstsq, driver="gelsy"),
        ),
        Solver(
            "gelss",
            "scipy.linalg.lstsq, QR-iteration SVD",
            minimum_norm("σ_i ≤ eps·σ₁", *DOCUMENTED, reports_rank=True, cutoff=eps_of_precision),
            partial(lstsq, driver="gelss"),
        ),
        Solver(
            "gelsd-size-eps",
            "scipy.linalg.lstsq(cond=max(m, n)·eps), divide-and-conquer SVD",
            minimum_norm("σ_i ≤ max(m, n)·eps·σ₁", *DOCUMENTED, reports_rank=True, cutoff=size_times(1)),
            partial(lstsq, driver="gelsd", cond=size_times(1)),
        ),
        Solver(
            "gelsy-size-eps",
            "scipy.linalg.lstsq(cond=max(m, n)·eps), complete orthogonal factorisation",
            minimum_norm(
                "columns beyond the leading block of R with estimated condition below 1/(max(m, n)·eps)",
                *DOCUMENTED,
                reports_rank=True,
            ),
            partial(lstsq, driver="gelsy", cond=size_times(1)),
        ),
        Solver(
            "gelss-rcond-0",
            "scipy.linalg.lstsq(cond=0), QR-iteration SVD that keeps everything",
            minimum_norm("only singular values below the smallest normal number", *DOCUMENTED, reports_rank=True),
            partial(lstsq, driver="gelss", cond=share(0.0)),
        ),
        Solver(
            "gelsd-block",
            "scipy.linalg.lstsq with b as the first of eight columns",
            minimum_norm("σ_i ≤ eps·σ₁", *DOCUMENTED, reports_rank=True, cutoff=eps_of_precision),
            batched.first_column(partial(lstsq, driver="gelsd")),
        ),
        Solver(
            "gels",
            "LAPACK xGELS: QR, or LQ if A is wide",
            full_rank_any_shape(*DOCUMENTED),
            orthogonal.gels,
        ),
        Solver(
            "lsq-linear",
            "scipy.optimize.lsq_linear without bounds, which is numpy.linalg.lstsq(rcond=-1)",
            minimum_norm("σ_i ≤ 2⁻⁵³·σ₁, for float32 too", *DOCUMENTED, cutoff=share(LAPACK_EPS)),
            sv.lsq_linear,
        ),
        Solver(
            "svd-eps",
            "scipy.linalg.svd applied to b",
            minimum_norm("σ_i ≤ eps·σ₁", *DOCUMENTED, reports_rank=True, cutoff=eps_of_precision),
            partial(sv.svd, cutoff=eps_of_precision),
        ),
        Solver(
            "svd-size-eps",
            "scipy.linalg.svd applied to b",
            minimum_norm("σ_i ≤ max(m, n)·eps·σ₁", *DOCUMENTED, reports_rank=True, cutoff=size_times(1)),
            partial(sv.svd, cutoff=size_times(1)),
        ),
        Solver(
            "svd-10-size-eps",
            "scipy.linalg.svd applied to b",
            minimum_norm("σ_i ≤ 10·max(m, n)·eps·σ₁", *DOCUMENTED, reports_rank=True, cutoff=size_times(10)),
            partial(sv.svd, cutoff=size_times(10)),
        ),
        Solver(
            "pinv",
            "scipy.linalg.pinv(A) @ b",
            minimum_norm("σ_i ≤ max(m, n)·eps·σ₁", *DOCUMENTED, cutoff=size_times(1)),
            pinv,
        ),
        Solver("qr", "scipy.linalg.qr, then solve_triangular", full_rank(*DOCUMENTED), qr),
        Solver(
            "qr-block",
            "scipy.linalg.qr, then solve_triangular, with b as the first of eight columns",
            full_rank(*DOCUMENTED),
            batched.first_column(qr),
        ),
        Solver(
            "qr-refined",
            "Householder QR and one step of refinement at the same precision",
            full_rank(*DOCUMENTED),
            refinement.qr_refined,
        ),
        Solver(
            "float32-qr-refined",
            "QR in float32, refined on the augmented system in float64",
            full_rank(*DOCUMENTED),
            refinement.float32_qr_refined,
        ),
        Solver(
            "qr-pivoted",
            "scipy.linalg.qr(pivoting=True), basic solution",
            basic("columns from the first with |R_kk| ≤ max(m, n)·eps·|R_11| on", *DOCUMENTED, reports_rank=True),
            orthogonal.pivoted_qr,
        ),
        Solver(
            "qr-complete",
            "scipy.linalg.qr(pivoting=True), complete orthogonal factorisation",
            minimum_norm(
                "columns from the first with |R_kk| ≤ max(m, n)·eps·|R_11| on", *DOCUMENTED, reports_rank=True
            ),
            orthogonal.complete_orthogonal,
        ),
        Solver("cholesky-qr2", "CholeskyQR twice", full_rank(*DOCUMENTED), orthogonal.cholesky_qr2),
        Solver(
            "shifted-cholesky-qr3",
            "CholeskyQR with a shift, then twice without",
            full_rank(*DOCUMENTED),
            orthogonal.shifted_cholesky_qr3,
        ),
        Solver("seminormal", "RᵀR x = Aᵀb, R by QR", full_rank(*DOCUMENTED), normal_equations.seminormal),
        Solver(
            "seminormal-corrected",
            "RᵀR x = Aᵀb, R by QR, and one correction",
            full_rank(*DOCUMENTED),
            normal_equations.corrected_seminormal,
        ),
        Solver(
            "peters-wilkinson",
            "A = LU, then the normal equations of L",
            full_rank(*DOCUMENTED),
            normal_equations.peters_wilkinson,
        ),
        Solver("normal-lu", "scipy.linalg.solve(AᵀA, Aᵀb)", full_rank(*DOCUMENTED), normal_lu),
        Solver("normal-cholesky", "cho_solve(cho_factor(AᵀA), Aᵀb)", full_rank(*DOCUMENTED), normal_cholesky),
        Solver(
            "normal-pinvh",
            "scipy.linalg.pinvh(AᵀA) @ (Aᵀb)",
            minimum_norm("σ_i ≤ √(n·eps)·σ₁", *DOCUMENTED, cutoff=lambda _m, n, eps: math.sqrt(n * eps)),
            sv.scipy_normal_pinvh,
        ),
        Solver("lsqr", "scipy.sparse.linalg.lsqr with its defaults", KRYLOV, iterative.lsqr_defaults),
        Solver("lsqr-tight", "lsqr, tolerances at eps, 4·min(m, n) steps at most", KRYLOV, iterative.lsqr_tight),
        Solver(
            "lsqr-scaled",
            "lsqr of A with unit columns, tolerances at eps",
            basic(f"{KRYLOV_RULE}; of many solutions the one that is shortest in units of the columns"),
            iterative.column_scaled(iterative.lsqr_tight),
        ),
        Solver("lsmr", "scipy.sparse.linalg.lsmr with its defaults", KRYLOV, iterative.lsmr_defaults),
        Solver("lsmr-tight", "lsmr, tolerances at eps, 4·min(m, n) steps at most", KRYLOV, iterative.lsmr_tight),
        Solver(
            "sketch-precondition",
            "QR of a sketch of A as the preconditioner of LSQR",
            full_rank(*DOCUMENTED),
            randomized.sketch_and_precondition,
        ),
        Solver(
            "iterative-sketching",
            "sketch and solve, then gradient steps with damping and momentum",
            full_rank(*DOCUMENTED),
            randomized.iterative_sketching,
        ),
        Solver(
            "fossils",
            "sketch and solve, then two steps of refinement by Polyak's method",
            full_rank(*DOCUMENTED),
            randomized.fossils,
        ),
    ),
)
