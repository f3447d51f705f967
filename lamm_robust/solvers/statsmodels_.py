"""Statsmodels: ordinary least squares as statisticians fit it, with everything else that `fit` computes.

It calls `numpy.linalg` in several steps, each of which solves float32 problems in float64 and rounds the result.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from lamm_robust.solvers import host
from lamm_robust.solvers.arrays import Ranked
from lamm_robust.solvers.contracts import full_rank, minimum_norm, real_only, share
from lamm_robust.values import Array, Solver


def ols(A: Array, b: Array, method: Literal["pinv", "qr"]) -> Ranked:
    """x and the rank of the model after `OLS(b, A).fit(method)`.

    "pinv", the default, is the pseudo-inverse from an SVD, with rcond = 1e-15, times b. Its rank is that of
    `numpy.linalg.matrix_rank` on the diagonal matrix of singular values, which follows another rule than x. "qr" is
    Householder QR and `numpy.linalg.solve` with R. Its rank is matrix_rank(R).
    """
    from statsmodels.regression.linear_model import OLS

    model = OLS(b, A)
    x: Array = model.fit(method=method).params
    return x.reshape(-1, *b.shape[1:]), int(model.rank)  # one column comes back as a vector


UNDOCUMENTED = "statsmodels documents none, and its QR transposes without conjugating"

STATSMODELS = host.library(
    "statsmodels",
    forks=False,  # pandas imports PyArrow where it is installed, and its allocator has a thread
    solvers=(
        Solver(
            "pinv",
            "OLS(b, A).fit(), the pseudo-inverse times b",
            real_only(
                minimum_norm(
                    "σ_i ≤ 1e-15·σ₁, for float32 too; for the rank it reports, σ_i ≤ eps·min(m, n)·σ₁",
                    "LinAlgError",
                    "MissingDataError",
                    "ValueError",
                    reports_rank=True,
                    cutoff=share(1e-15),
                ),
                UNDOCUMENTED,
            ),
            partial(ols, method="pinv"),
        ),
        Solver(
            "qr",
            'OLS(b, A).fit(method="qr")',
            real_only(full_rank("LinAlgError", "MissingDataError", "ValueError", reports_rank=True), UNDOCUMENTED),
            partial(ols, method="qr"),
        ),
    ),
)
