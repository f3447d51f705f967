"""Functions that return other numbers than x, right and wrong, for `check` in processes of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamm_robust.values import Array


def rank(A: Array) -> Any:
    return np.linalg.matrix_rank(A)


def absolute_rank(A: Array) -> Any:
    return np.linalg.matrix_rank(A, tol=1e-3)


def half_a_rank(A: Array) -> float:
    return 1.5


def lstsq(A: Array, b: Array) -> Any:
    return np.linalg.lstsq(A, b)


def zero_residual(A: Array, b: Array) -> Any:
    x, _, rank, sigma = np.linalg.lstsq(A, b)
    return x, np.zeros(b.shape[1:] or 1, A.dtype), rank, sigma


def transposed_pinv(A: Array) -> Array:
    return np.asarray(np.linalg.pinv(A).T)


def by_address(A: Array) -> Array:
    """Singular values of the numbers as they lie in memory, which are those of A only by rows."""
    flat = np.ndarray(A.shape, A.dtype, buffer=A.copy(order="A").tobytes(order="A"))
    return np.asarray(np.linalg.svdvals(flat))
