"""Solvers of ridge problems as f(A, b, λ), right and wrong, for `check` in processes of its own."""

from __future__ import annotations

import numpy as np

from lamm_robust.solvers.ridge import normal_equations, stacked_qr
from lamm_robust.values import Array


def honest(A: Array, b: Array, lam: float) -> Array:
    return stacked_qr(A, b, lam)


def not_the_root(A: Array, b: Array, lam: float) -> Array:
    """λ in the place of √λ, as `damp` of SciPy's lsqr invites."""
    return stacked_qr(A, b, lam * lam)


def mean_of_squares(A: Array, b: Array, lam: float) -> Array:
    """λ for a mean over rows, as in scikit-learn's Lasso and ElasticNet."""
    return stacked_qr(A, b, lam * len(A))


def without_penalty(A: Array, b: Array, lam: float) -> Array:
    return np.linalg.lstsq(A, b, rcond=None)[0]


def intercept(A: Array, b: Array, lam: float) -> Array:
    """An intercept, which is fitted without a penalty, as scikit-learn's Ridge does unless told."""
    return stacked_qr(A - A.mean(axis=0), b - b.mean(axis=0), lam)


def penalised_intercept(A: Array, b: Array, lam: float) -> Array:
    """A column of ones that is penalised like the others."""
    return stacked_qr(np.column_stack([np.ones(len(A), A.dtype), A]), b, lam)[1:]


def by_gram(A: Array, b: Array, lam: float) -> Array:
    return normal_equations(A, b, lam)
