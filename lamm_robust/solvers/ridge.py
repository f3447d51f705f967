"""Ridge regression as users of libraries call it: functions f(A, b, λ) → x of min ‖Ax − b‖² + λ‖x‖².

They are no variants, since the problems of runs have no λ: `check --contract ridge` puts some of them beside a user's
own function, and docs/ridge.md compares all of them. A is m×n, b has length m or is m×k, and x is n or n×k. SciPy's
factorisations are in the precision of A, while NumPy's of float32 are in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from lamm_robust.solvers.arrays import adjoint
from lamm_robust.values import Array

TIGHT = 1e-15
"""A tolerance that asks an iteration for all the digits that float64 has; scikit-learn's default is 1e-4."""


def _rows(A: Array, b: Array, lam: float) -> tuple[Array, Array]:
    """[A; √λI] and [b; 0] in the precision of A."""
    n = A.shape[1]
    below = math.sqrt(lam) * np.eye(n, dtype=A.dtype)
    return np.vstack([A, below]).astype(A.dtype), np.concatenate([b, np.zeros((n, *b.shape[1:]), b.dtype)])


def stacked_qr(A: Array, b: Array, lam: float) -> Array:
    """Householder QR of [A; √λI] (Golub and Van Loan, Matrix Computations, 4th ed., section 6.1.4)."""
    from scipy.linalg import qr, solve_triangular

    rows, target = _rows(A, b, lam)
    Q, R = qr(rows, mode="economic")
    return np.asarray(solve_triangular(R, adjoint(Q) @ target))


def stacked_lstsq(A: Array, b: Array, lam: float) -> Array:
    """`scipy.linalg.lstsq` (xGELSD) of [A; √λI] and [b; 0]."""
    from scipy.linalg import lstsq

    return np.asarray(lstsq(*_rows(A, b, lam))[0])


def filtered_svd(A: Array, b: Array, lam: float) -> Array:
    """x = Σ σᵢ/(σᵢ² + λ)·(uᵢᵀb)·vᵢ, from the SVD of A alone."""
    from scipy.linalg import svd

    U, s, Vt = svd(A, full_matrices=False)
    factors = s / (s * s + s.dtype.type(lam))
    return np.asarray(adjoint(Vt) @ (factors.reshape(-1, *[1] * (b.ndim - 1)) * (adjoint(U) @ b)))


def normal_equations(A: Array, b: Array, lam: float) -> Array:
    """(AᵀA + λI)x = Aᵀb by LU, as the sum is written in textbooks (Tikhonov, Soviet Math. Dokl. 4 (1963) 1035)."""
    gram = adjoint(A) @ A
    gram.flat[:: len(gram) + 1] += gram.dtype.type(lam)
    return np.linalg.solve(gram, adjoint(A) @ b)


def sklearn_ridge(A: Array, b: Array, lam: float, *, solver: str, **options: Any) -> Array:
    """`sklearn.linear_model.Ridge(alpha=λ, fit_intercept=False, solver=…)`."""
    from sklearn.linear_model import Ridge

    found = Ridge(alpha=lam, fit_intercept=False, solver=solver, **options).fit(A, b).coef_.T
    return np.asarray(found.reshape(-1, *b.shape[1:]))  # one column comes back as a vector


def sklearn_cholesky(A: Array, b: Array, lam: float) -> Array:
    """scikit-learn's Ridge by "cholesky", which "auto", its default, takes for dense arrays."""
    return sklearn_ridge(A, b, lam, solver="cholesky")


def damped(A: Array, b: Array, lam: float, *, name: str, **options: Any) -> Array:
    """`scipy.sparse.linalg.lsqr` or `lsmr` with `damp` = √λ, for each right-hand side."""
    from scipy.sparse import linalg

    solve: Callable[..., tuple[Array, ...]] = getattr(linalg, name)
    found = [solve(A, column, damp=math.sqrt(lam), **options)[0] for column in b.reshape(len(b), -1).T]
    return np.array(found).T.reshape(-1, *b.shape[1:]).astype(A.dtype)


STEPS = 1000
"""The most steps of an iteration that is asked for all digits: exact arithmetic would take as many as A has columns,
and in docs/ridge.md it has 9 to 30."""

EVERY: Mapping[str, Callable[[Array, Array, float], Array]] = {
    "scipy QR of [A; √λI]": stacked_qr,
    "scipy lstsq of [A; √λI]": stacked_lstsq,
    "scipy SVD, σ/(σ² + λ)": filtered_svd,
    "numpy (AᵀA + λI)⁻¹Aᵀb": normal_equations,
    "sklearn Ridge cholesky (its default)": sklearn_cholesky,
    "sklearn Ridge svd": partial(sklearn_ridge, solver="svd"),
    "sklearn Ridge lsqr": partial(sklearn_ridge, solver="lsqr"),
    "sklearn Ridge lsqr, tol=1e-15": partial(sklearn_ridge, solver="lsqr", tol=TIGHT, max_iter=STEPS),
    "sklearn Ridge sparse_cg": partial(sklearn_ridge, solver="sparse_cg"),
    "sklearn Ridge sparse_cg, tol=1e-15": partial(sklearn_ridge, solver="sparse_cg", tol=TIGHT, max_iter=STEPS),
    "scipy lsqr damp": partial(damped, name="lsqr"),
    "scipy lsqr damp, atol=btol=1e-15": partial(damped, name="lsqr", atol=TIGHT, btol=TIGHT, iter_lim=STEPS),
    "scipy lsmr damp": partial(damped, name="lsmr"),
    "scipy lsmr damp, atol=btol=1e-15": partial(damped, name="lsmr", atol=TIGHT, btol=TIGHT, maxiter=STEPS),
}
"""How the documentation shows a way → it."""
