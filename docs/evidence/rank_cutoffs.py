"""Rank rules, as cutoffs for singular values: what `docs/rank.md` compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from lamm_robust.solvers.contracts import Cutoff, eps_of_precision, share, size_times
from lamm_robust.values import Array, Precision

STORED, ONE_SIZE = "as stored", "of one size"
"""Columns (rows, if A is wide)."""


@dataclass(frozen=True)
class Rule:
    """A cutoff, as a share of σ₁."""

    name: str
    share: Cutoff
    who: str
    """Whose rule it is."""
    absolute: bool = False
    """Whether it is no share of σ₁, but a cutoff of its own."""


RULES: Sequence[Rule] = (
    Rule("eps", eps_of_precision, "SciPy `lstsq`"),
    Rule("eps·min(m, n)", lambda m, n, eps: eps * min(m, n), "Julia `rank`, `pinv`; Eigen"),
    Rule("eps·max(m, n)", size_times(1), "NumPy, PyTorch, MATLAB; SciPy `pinv`; JAX `lstsq`"),
    Rule("10·eps·max(m, n)", size_times(10), "JAX and TensorFlow `pinv`"),
    Rule("½√(m + n + 1)·eps", lambda m, n, eps: 0.5 * sqrt(m + n + 1) * eps, "*Numerical Recipes*"),
    Rule("5(√m + √n)·eps", lambda m, n, eps: 5 * (sqrt(m) + sqrt(n)) * eps, "ten times random errors of u"),
    Rule("4√max(m, n)·eps", lambda m, n, eps: 4 * sqrt(max(m, n)) * eps, "`lamm_robust.solve`"),
    Rule("10·max(m, n)^¼·eps", lambda m, n, eps: 10 * max(m, n) ** 0.25 * eps, "nobody"),
    Rule("64·eps", lambda _m, _n, eps: 64 * eps, "recommended above"),
    Rule("1e-15", share(1e-15), "NumPy `pinv`"),
    Rule("1e-6", share(1e-6), "scikit-learn `LinearRegression`"),
    Rule("σ ≤ 1e-10", share(1e-10), "`matrix_rank(A, tol=1e-10)`", absolute=True),
    Rule("σ ≤ 1e-6", share(1e-6), "`matrix_rank(A, tol=1e-6)`", absolute=True),
)

ESTIMATED: Sequence[str] = ("eps", "eps·max(m, n)", "4√max(m, n)·eps", "64·eps")
"""The cutoffs that xGELSY is given: each costs a factorisation."""

METHODS: Mapping[str, str] = {
    "svd": "xGESDD with vectors",
    "values": "xGESDD without vectors",
    "gelsd": "xGELSD",
    "qr": "diagonal of xGEQP3",
    "gelsy": "xGELSY's estimate",
}


def cutoffs(m: int, n: int, precision: Precision) -> Array:
    """The cutoffs of all rules for an m×n matrix."""
    eps = float(np.finfo(precision).eps)
    return np.array([rule.share(m, n, eps) for rule in RULES])


ABSOLUTE = np.array([rule.absolute for rule in RULES])


def ranks(sigma: Array, shares: Array) -> Any:
    """The rank by each rule: how many of σ (descending) are above the cutoff."""
    levels = np.where(ABSOLUTE, shares, shares * float(sigma[0]))
    return (sigma.astype(np.float64) > levels[:, np.newaxis]).sum(axis=1)
