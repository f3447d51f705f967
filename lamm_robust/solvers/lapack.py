"""LAPACK in a batch, one matrix after the other on a CPU, and products in full precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jax.scipy.linalg import solve_triangular

from lamm_robust.solvers.branches import spread


def product(A: Any, B: Any) -> Any:
    """AB with the precision of its type: at JAX's default precision a GPU rounds float32 to 11 bits, a TPU to 8."""
    return jnp.matmul(A, B, precision=jax.lax.Precision.HIGHEST)


def one_by_one(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of matrices, which `jax.vmap` on a CPU turns into a loop over the matrices.

    The LAPACK calls of jaxlib 0.10 share the matrices of a batch out to the threads of XLA's pool, and wait for them in
    a thread of that pool. Once every thread waits, nothing runs any more: with two threads, two batches in one program
    are enough. A loop calls LAPACK for one matrix at a time, which never waits. It takes as long as the batched call on
    two cores; on more, the price is that a batch has one core. jaxlib 0.12 does not seem to need it: see docs/solve.md.
    """

    @custom_vmap
    def alone(*operands: Any) -> Any:
        return function(*operands)

    @alone.def_vmap
    def _many(size: int, batched: tuple[bool, ...], *operands: Any) -> tuple[Any, Any]:
        found = _loop(function)(*spread(size, batched, operands))
        return found, jax.tree.map(lambda _: True, found)

    return alone


def _loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of batches of matrices: however often it is batched again, there is one loop."""

    def in_turn(*operands: Any) -> Any:
        return jax.lax.map(lambda own: function(*own), operands)

    @custom_vmap
    def batch(*operands: Any) -> Any:
        return jax.lax.platform_dependent(*operands, cpu=in_turn, default=jax.vmap(function))

    @batch.def_vmap
    def _batches(size: int, batched: tuple[bool, ...], *operands: Any) -> tuple[Any, Any]:
        everything = spread(size, batched, operands)
        shape = everything[0].shape[:2]
        flat = (array.reshape(-1, *array.shape[2:]) for array in everything)
        found = jax.tree.map(lambda array: array.reshape(*shape, *array.shape[1:]), _loop(function)(*flat))
        return found, jax.tree.map(lambda _: True, found)

    return batch


@one_by_one
def qr(M: Any) -> Any:
    """(Q, R) of the QR factorisation of M (m×n): Q is m×min(m, n)."""
    return jax.lax.linalg.qr(M, full_matrices=False)


@one_by_one
def qr_of(M: Any) -> Any:
    """R alone, of the QR factorisation of M."""
    return jax.lax.linalg.qr(M, full_matrices=False)[1]


def triangular(T: Any, M: Any, *, transpose: bool = False) -> Any:
    """T⁻¹M for an upper triangular T, or T⁻ᵀM: linear in M, and differentiated as a function of M only."""

    def solve(turned: bool, _: Any, right: Any) -> Any:
        return one_by_one(lambda T, M: solve_triangular(T, M, trans=int(turned)))(T, right)

    return jax.lax.custom_linear_solve(
        lambda X: product(T.T if transpose else T, X),
        M,
        lambda matvec, right: solve(transpose, matvec, right),
        lambda matvec, right: solve(not transpose, matvec, right),
    )
