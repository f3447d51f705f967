"""Scikit-learn: linear regression without an intercept, and ridge regression without a penalty.

Both compute by SciPy, in the precision of their arguments.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from lamm_robust.solvers import host
from lamm_robust.solvers.arrays import Ranked, Unranked, eps_of
from lamm_robust.solvers.contracts import eps_of_precision, full_rank_any_shape, minimum_norm, real_only, share
from lamm_robust.values import Array, Solver


def linear_regression(A: Array, b: Array, *, tight: bool = False) -> Ranked:
    """`LinearRegression`, which from 1.9 on hands its tol to `scipy.linalg.lstsq` as cond.

    The default is 1e-6. `tight` is eps, the default of `scipy.linalg.lstsq` itself.
    """
    from sklearn.linear_model import LinearRegression

    fitted = LinearRegression(fit_intercept=False, **({"tol": eps_of(A)} if tight else {})).fit(A, b)
    return fitted.coef_.T, int(fitted.rank_)  # one row of coefficients for each right-hand side


def ridge(A: Array, b: Array, solver: Literal["cholesky", "svd"]) -> Unranked:
    """`Ridge` with alpha = 0, which scikit-learn advises against, by "cholesky", its default, or "svd"."""
    from sklearn.linear_model import Ridge

    found = Ridge(alpha=0.0, fit_intercept=False, solver=solver).fit(A, b).coef_.T
    return found.reshape(-1, *b.shape[1:]), None  # one column comes back as a vector


REFUSED = "scikit-learn refuses complex numbers"

SKLEARN = host.library(
    "sklearn",
    forks=False,  # where PyArrow is installed it is imported too, and its allocator has a thread
    solvers=(
        Solver(
            "linear-regression",
            "LinearRegression(fit_intercept=False), by scipy.linalg.lstsq with cond = 1e-6",
            real_only(
                minimum_norm("σ_i ≤ 1e-6·σ₁", "LinAlgError", "ValueError", reports_rank=True, cutoff=share(1e-6)),
                REFUSED,
            ),
            linear_regression,
        ),
        Solver(
            "linear-regression-eps",
            "LinearRegression(fit_intercept=False, tol=eps), by scipy.linalg.lstsq with cond = eps",
            real_only(
                minimum_norm("σ_i ≤ eps·σ₁", "LinAlgError", "ValueError", reports_rank=True, cutoff=eps_of_precision),
                REFUSED,
            ),
            partial(linear_regression, tight=True),
        ),
        Solver(
            "ridge-cholesky",
            "Ridge(alpha=0, fit_intercept=False): AᵀA (AAᵀ if wide) by Cholesky, the SVD if that fails",
            real_only(full_rank_any_shape("LinAlgError", "ValueError"), REFUSED),
            partial(ridge, solver="cholesky"),
        ),
        Solver(
            "ridge-svd",
            'Ridge(alpha=0, fit_intercept=False, solver="svd")',
            real_only(minimum_norm("by size alone, σ_i ≤ 1e-15, whatever σ₁ is", "LinAlgError", "ValueError"), REFUSED),
            partial(ridge, solver="svd"),
        ),
    ),
)
