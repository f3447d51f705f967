"""What several files of this room do with arrays, NumPy's or JAX's, and the types of what solvers return."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lamm_robust.values import Array

Answer = tuple[Any, Any]
"""x and the rank or None, in the library's own arrays."""
Ranked = tuple[Array, int]
Unranked = tuple[Array, None]


def eps_of(A: Any) -> float:
    """The machine epsilon 2u of the precision of an array: the distance from 1 to the next number."""
    return float(np.finfo(A.dtype).eps)


def root_of_size(A: Any) -> Any:
    """√max(m, n) of an m×n array: a number, or an array of JAX where a program is exported for any number of rows."""
    size = max(A.shape)
    if isinstance(size, int):
        return math.sqrt(size)
    import jax.numpy as jnp

    return jnp.sqrt(jnp.asarray(size).astype(A.dtype))


def adjoint(A: Any) -> Any:
    """The conjugate transpose of a matrix: of a real one its transpose, the same view that ``A.T`` is."""
    return A.conj().T


def squares(A: Any) -> Any:
    """|a|² of each entry, as real numbers."""
    return (A * A.conj()).real


def column_norms(A: Array) -> Any:
    """The 2-norms of the columns, with 1 for a column of zeros, so that one can divide by them."""
    norms = np.sqrt(squares(A).sum(axis=0))
    norms[norms == 0] = 1
    return norms


def divide_rows(x: Array, scale: Array) -> Array:
    """D⁻¹x with D = diag(scale), for a vector or a matrix x."""
    return (x.T / scale).T


def columnwise(solve: Callable[[Array], Array], b: Array) -> Array:
    """The solution for b (m), or those for the columns of b (m×k), by a function that takes one column at a time."""
    if b.ndim == 1:
        return solve(b)
    return np.column_stack([solve(column) for column in b.T])
