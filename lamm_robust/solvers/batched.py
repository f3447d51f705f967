"""The same solvers asked for several problems at once, where libraries take other routes through BLAS and LAPACK.

The problem is the first of a batch, the others are neighbours that are multiples of it in A or in b, and so have other
solutions; what comes back for the first is the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamm_robust.solvers.singular_values import eps_of, truncated
from lamm_robust.values import Array, Solve

FACTORS = tuple(1 - k / 16 for k in range(8))
"""What the problem is multiplied with: a batch of eight, its first member the problem itself, none larger than it."""


def stacked(A: Array) -> Array:
    """The matrices of the batch, 8×m×n."""
    return np.multiply.outer(np.array(FACTORS, dtype=A.dtype), A)


def block(b: Array) -> Array:
    """The right-hand sides of the batch side by side, m×8 if b is one vector."""
    return np.hstack([factor * b.reshape(len(b), -1) for factor in FACTORS])


def first_column(solve: Callable[[Array, Array], tuple[Array, Any]]) -> Callable[[Array, Array], tuple[Array, Any]]:
    """A solver given eight right-hand sides as one block; the solution to the first of them."""

    def solve_block(A: Array, b: Array) -> tuple[Array, Any]:
        x, rank = solve(A, block(b))
        columns = x.shape[1] // len(FACTORS)
        return x[:, :columns].reshape(-1, *b.shape[1:]), rank

    solve_block.__doc__ = f"With b as the first column of an m×8 block. {solve.__doc__}"
    return solve_block


def numpy_pinv(A: Array, b: Array) -> tuple[Array, None]:
    """`numpy.linalg.pinv` of a stack of eight matrices, with its default rcond = 1e-15, and the first times b."""
    return np.linalg.pinv(stacked(A))[0] @ b, None


def numpy_svd(A: Array, b: Array) -> tuple[Array, int]:
    """`numpy.linalg.svd` of a stack of eight matrices; of the first, σ_i ≤ max(m, n)·eps·σ₁ are zero."""
    U, sigma, Vt = (factor[0] for factor in np.linalg.svd(stacked(A), full_matrices=False))
    return truncated(U, sigma, Vt, b, max(A.shape) * eps_of(A))


def numpy_normal_lu(A: Array, b: Array) -> tuple[Array, None]:
    """`numpy.linalg.solve` of the normal equations of a stack of eight problems."""
    stack = stacked(A)
    transposed = stack.transpose(0, 2, 1)
    x = np.linalg.solve(transposed @ stack, transposed @ b.reshape(len(b), -1))[0]
    return x.reshape(-1, *b.shape[1:]), None


def vmapped(solve: Solve) -> Solve:
    """`jax.vmap` of a JAX solver over a batch of eight; the solution of the first of them."""

    def solve_batch(A: Any, b: Any) -> tuple[Any, Any]:
        import jax
        import jax.numpy as jnp

        factors = jnp.asarray(FACTORS, dtype=A.dtype)
        matrices, targets = jnp.multiply.outer(factors, A), jnp.broadcast_to(b, (len(FACTORS), *b.shape))
        x, rank = jax.vmap(solve)(matrices, targets)
        return x[0], None if rank is None else rank[0]

    solve_batch.__doc__ = f"Vmapped over eight problems, of which the first is this one. {solve.__doc__}"
    return solve_batch
