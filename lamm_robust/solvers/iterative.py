"""Krylov methods: nothing is factored, and A is only multiplied with vectors.

Started from zero they stay in the row space of A, and so tend to the shortest solution: Paige and Saunders, ACM Trans.
Math. Softw. 8 (1982) 43 (LSQR); Fong and Saunders, SIAM J. Sci. Comput. 33 (2011) 2950 (LSMR). In exact arithmetic they
end after rank(A) steps; in rounded arithmetic they take more the larger κ is. Both return a reason for stopping, which
most users ignore, and so do the solvers here.
"""

from __future__ import annotations

from typing import Any

from lamm_robust.solvers.arrays import Answer, Unranked, column_norms, columnwise, divide_rows, eps_of
from lamm_robust.values import Array


def lsqr(A: Array, b: Array, *, tight: bool = False) -> Unranked:
    """`scipy.sparse.linalg.lsqr` with its defaults (atol = btol = 1e-6, conlim = 1e8, 2n steps), or tight.

    `tight` runs until LSQR's own estimate of the backward error is at eps, without a limit on κ, up to `most_steps`.
    """
    from scipy.sparse.linalg import lsqr

    options = {"iter_lim": most_steps(A), **tight_tolerances(A)} if tight else {}
    return columnwise(lambda column: lsqr(A, column, **options)[0], b).astype(A.dtype), None


def lsmr(A: Array, b: Array, *, tight: bool = False) -> Unranked:
    """`scipy.sparse.linalg.lsmr` with its defaults (atol = btol = 1e-6, conlim = 1e8, min(m, n) steps), or tight.

    `tight` runs until LSMR's own estimate of the backward error is at eps, without a limit on κ, up to `most_steps`.
    """
    from scipy.sparse.linalg import lsmr

    options = {"maxiter": most_steps(A), **tight_tolerances(A)} if tight else {}
    return columnwise(lambda column: lsmr(A, column, **options)[0], b).astype(A.dtype), None


def tight_tolerances(A: Array) -> dict[str, float]:
    """Options of LSQR and LSMR: stop when the estimate of the backward error is at eps, whatever κ is."""
    return {"atol": eps_of(A), "btol": eps_of(A), "conlim": 0}


def most_steps(A: Array) -> int:
    """4·min(m, n): four times what exact arithmetic needs, since rounding costs the basis its orthogonality."""
    return int(4 * min(A.shape))


def lsqr_scaled(A: Array, b: Array) -> Unranked:
    """Tight LSQR on A with columns of length 1, the usual preconditioner of Krylov methods, then unscaled."""
    scale = column_norms(A)
    return divide_rows(lsqr(A / scale, b, tight=True)[0], scale), None


def conjugate_gradients(A: Any, b: Any) -> Answer:
    """`jax.scipy.sparse.linalg.cg` on the normal equations, AᵀA being applied in two steps and never formed.

    Hestenes and Stiefel, J. Res. Natl. Bur. Stand. 49 (1952) 409, section 10. It runs until the residual of the
    normal equations is at eps, and for 4n steps at most.
    """
    from jax.scipy.sparse.linalg import cg

    x, _ = cg(lambda v: A.T @ (A @ v), A.T @ b, tol=eps_of(A), maxiter=4 * A.shape[1])  # type: ignore[no-untyped-call]
    return x, None
