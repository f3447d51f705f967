"""Krylov methods: nothing is factored, and A is only multiplied with vectors.

Started from zero they stay in the row space of A, and so tend to the shortest solution: Paige and Saunders, ACM Trans.
Math. Softw. 8 (1982) 43 (LSQR); Fong and Saunders, SIAM J. Sci. Comput. 33 (2011) 2950 (LSMR). In exact arithmetic they
end after rank(A) steps; in rounded arithmetic they take more the larger κ is. Both return a reason for stopping,
which is rarely looked at, and is not looked at here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lamm_robust.solvers.singular_values import column_norms, columnwise, eps_of, rows_over
from lamm_robust.values import Array

Unranked = tuple[Array, None]


def lsqr_defaults(A: Array, b: Array) -> Unranked:
    """`scipy.sparse.linalg.lsqr` as it comes: atol = btol = 1e-6, conlim = 1e8, 2n steps at most."""
    from scipy.sparse.linalg import lsqr

    return columnwise(lambda vector: lsqr(A, vector)[0], b).astype(A.dtype), None


def lsqr_tight(A: Array, b: Array) -> Unranked:
    """LSQR until its own estimate of the backward error is at eps, with no limit on κ: see `most_steps`."""
    from scipy.sparse.linalg import lsqr

    return columnwise(lambda vector: lsqr(A, vector, iter_lim=most_steps(A), **tight(A))[0], b).astype(A.dtype), None


def lsmr_defaults(A: Array, b: Array) -> Unranked:
    """`scipy.sparse.linalg.lsmr` as it comes: atol = btol = 1e-6, conlim = 1e8, min(m, n) steps at most."""
    from scipy.sparse.linalg import lsmr

    return columnwise(lambda vector: lsmr(A, vector)[0], b).astype(A.dtype), None


def lsmr_tight(A: Array, b: Array) -> Unranked:
    """LSMR until its own estimate of the backward error is at eps, with no limit on κ: see `most_steps`."""
    from scipy.sparse.linalg import lsmr

    return columnwise(lambda vector: lsmr(A, vector, maxiter=most_steps(A), **tight(A))[0], b).astype(A.dtype), None


def tight(A: Array) -> dict[str, float]:
    """Tolerances for either method: until its own estimate of the backward error is at eps, and no limit on κ."""
    return {"atol": eps_of(A), "btol": eps_of(A), "conlim": 0}


def most_steps(A: Array) -> int:
    """4·min(m, n): four times what exact arithmetic needs, since rounding costs the basis its orthogonality."""
    return int(4 * min(A.shape))


def column_scaled(solve: Callable[[Array, Array], Unranked]) -> Callable[[Array, Array], Unranked]:
    """The solver of the problem with columns of length 1, which is the usual preconditioner of these methods."""

    def scaled(A: Array, b: Array) -> Unranked:
        scale = column_norms(A)
        return rows_over(solve(A / scale, b)[0], scale), None

    scaled.__doc__ = f"Columns scaled to length 1 and back. {solve.__doc__}"
    return scaled


def conjugate_gradients(A: Any, b: Any) -> tuple[Any, None]:
    """`jax.scipy.sparse.linalg.cg` on the normal equations, AᵀA being applied in two steps and never formed.

    Hestenes and Stiefel, J. Res. Natl. Bur. Stand. 49 (1952) 409, section 10. Until the residual of the normal
    equations is at eps, and for 4n steps at most.
    """
    from jax.scipy.sparse.linalg import cg

    gram = partial(_gram_times, A)
    x, _ = cg(gram, A.T @ b, tol=eps_of(A), maxiter=4 * A.shape[1])  # type: ignore[no-untyped-call]
    return x, None


def _gram_times(A: Any, v: Any) -> Any:
    return A.T @ (A @ v)
