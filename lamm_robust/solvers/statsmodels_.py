"""Statsmodels: ordinary least squares as statisticians fit it, with everything that `fit` computes besides x.

It calls `numpy.linalg`, which computes float32 in float64 and rounds what it returns, here between any two steps.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from lamm_robust.solvers import host
from lamm_robust.solvers.contracts import full_rank, minimum_norm, share
from lamm_robust.values import Array, Library, Solver


def ols(A: Array, b: Array, method: Literal["pinv", "qr"]) -> tuple[Array, int]:
    """`OLS(b, A).fit(method)`, with the rank that the model then has.

    "pinv", the default: the pseudo-inverse from an SVD, with rcond = 1e-15, times b; the rank is that of
    `numpy.linalg.matrix_rank` on the diagonal matrix of singular values, which is another rule than for x. "qr":
    Householder QR and `numpy.linalg.solve` with R; the rank is matrix_rank(R).
    """
    from statsmodels.regression.linear_model import OLS

    model = OLS(b, A)
    x: Array = model.fit(method=method).params
    return x.reshape(-1, *b.shape[1:]), int(model.rank)  # one column comes back as a vector


STATSMODELS = Library(
    name="statsmodels",
    module="statsmodels",
    devices=("cpu",),
    environment=host.environment,
    put=host.put,
    wait=host.wait,
    state=host.state,
    forks=False,  # pandas imports PyArrow where it is installed, and its allocator has a thread
    solvers=(
        Solver(
            "pinv",
            "OLS(b, A).fit(), the pseudo-inverse times b",
            minimum_norm(
                "σ_i ≤ 1e-15·σ₁, for float32 too; for the rank it reports, σ_i ≤ eps·min(m, n)·σ₁",
                "LinAlgError",
                "MissingDataError",
                "ValueError",
                reports_rank=True,
                cutoff=share(1e-15),
            ),
            partial(ols, method="pinv"),
        ),
        Solver(
            "qr",
            'OLS(b, A).fit(method="qr")',
            full_rank("LinAlgError", "MissingDataError", "ValueError", reports_rank=True),
            partial(ols, method="qr"),
        ),
    ),
)
