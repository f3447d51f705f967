"""Solvers that are given several problems at once, where libraries take other routes through BLAS and LAPACK.

The problem is the first of a batch of eight. The others are multiples of it in A or in b, and so have other solutions.
The answer is the solution of the first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamm_robust.solvers.arrays import Answer, Ranked, Unranked, eps_of
from lamm_robust.solvers.singular_values import solve_truncated
from lamm_robust.values import Array, Solve

FACTORS = tuple(1 - k / 16 for k in range(8))
"""The factors of the eight members of a batch: the first is the problem itself, and none is larger than it."""


def stack(A: Array) -> Array:
    """The matrices of a batch, 8×m×n."""
    return np.multiply.outer(np.array(FACTORS, dtype=A.dtype), A)


def block(b: Array) -> Array:
    """The right-hand sides of a batch side by side: m×8 if b is one vector, m×8k for k of them."""
    return np.hstack([factor * b.reshape(len(b), -1) for factor in FACTORS])


def first_column(solve: Callable[[Array, Array], tuple[Array, Any]]) -> Callable[[Array, Array], tuple[Array, Any]]:
    """The solver that hands eight right-hand sides to `solve` as one block, and returns the solution to the first."""

    def solve_block(A: Array, b: Array) -> tuple[Array, Any]:
        """Solve with b as the first column of an m×8 block."""
        x, rank = solve(A, block(b))
        columns = x.shape[1] // len(FACTORS)
        return x[:, :columns].reshape(-1, *b.shape[1:]), rank

    return solve_block


def numpy_pinv(A: Array, b: Array) -> Unranked:
    """`numpy.linalg.pinv` of a stack of eight matrices, with its default rcond = 1e-15, and the first times b."""
    return np.linalg.pinv(stack(A))[0] @ b, None


def numpy_svd(A: Array, b: Array) -> Ranked:
    """`numpy.linalg.svd` of a stack of eight matrices; those of the first up to max(m, n)·eps·σ₁ count as 0."""
    U, sigma, Vt = (factor[0] for factor in np.linalg.svd(stack(A), full_matrices=False))
    return solve_truncated(U, sigma, Vt, b, max(A.shape) * eps_of(A))


def numpy_normal_lu(A: Array, b: Array) -> Unranked:
    """`numpy.linalg.solve` of the normal equations of a stack of eight problems."""
    matrices = stack(A)
    transposed = matrices.conj().transpose(0, 2, 1)
    x = np.linalg.solve(transposed @ matrices, transposed @ b.reshape(len(b), -1))[0]
    return x.reshape(-1, *b.shape[1:]), None


def vmap_eight(solve: Solve) -> Solve:
    """The solver that hands a batch of eight to a JAX solver by `jax.vmap`, and returns the solution of the first."""

    def solve_batch(A: Any, b: Any) -> Answer:
        """Solve (A, b) as the first of eight problems."""
        import jax
        import jax.numpy as jnp

        factors = jnp.asarray(FACTORS, dtype=A.dtype)
        matrices, targets = jnp.multiply.outer(factors, A), jnp.broadcast_to(b, (len(FACTORS), *b.shape))
        x, rank = jax.vmap(solve)(matrices, targets)
        return x[0], None if rank is None else rank[0]

    return solve_batch
