"""SciPy: LAPACK's least-squares drivers by name, and the direct routes of `scipy.linalg`."""

from __future__ import annotations

from functools import partial
from typing import Literal

from lamm_robust.solvers import host
from lamm_robust.solvers.contracts import eps_of_precision, full_rank, minimum_norm, size_times
from lamm_robust.values import Array, Library, Solver

DOCUMENTED = ("LinAlgError", "ValueError")
"""ValueError is what `check_finite` announces: NaN or ∞ in what any of these routines is given.

It is on unless switched off, and raises as `numpy.asarray_chkfinite` does; `scipy.linalg.lstsq` lists the class itself.
"""


def lstsq(A: Array, b: Array, driver: Literal["gelsd", "gelsy", "gelss"]) -> tuple[Array, int]:
    """`scipy.linalg.lstsq` with one of LAPACK's drivers and SciPy's default cond = eps."""
    from scipy.linalg import lstsq

    x, _, rank, _ = lstsq(A, b, lapack_driver=driver)
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
            "pinv",
            "scipy.linalg.pinv(A) @ b",
            minimum_norm("σ_i ≤ max(m, n)·eps·σ₁", *DOCUMENTED, cutoff=size_times(1)),
            pinv,
        ),
        Solver("qr", "scipy.linalg.qr, then solve_triangular", full_rank(*DOCUMENTED), qr),
        Solver("normal-lu", "scipy.linalg.solve(AᵀA, Aᵀb)", full_rank(*DOCUMENTED), normal_lu),
        Solver("normal-cholesky", "cho_solve(cho_factor(AᵀA), Aᵀb)", full_rank(*DOCUMENTED), normal_cholesky),
    ),
)
