"""Lineax: linear solves in JAX by one function, `lineax.linear_solve`; it runs as JAX does.

Every call has ``throw=False``. `Solution.result` then says whether the solve succeeded: for a direct solver that its
answer is finite, for LSMR that it reached a tolerance. Where it failed, x is NaN, so that a refusal looks as in JAX.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lamm_robust.solvers.arrays import Answer, eps_of
from lamm_robust.solvers.contracts import complex_too, full_rank_any_shape, minimum_norm, size_times
from lamm_robust.solvers.jax_ import JAX, jit
from lamm_robust.values import DEVICES, Library, Solver


def linear_solve(A: Any, b: Any, solver: Any) -> tuple[Any, dict[str, Any]]:
    """Call `lineax.linear_solve`; return x and statistics. x is NaN if Lineax reports failure.

    Lineax takes one right-hand side at a time, so k of them are vmapped.
    """
    import jax
    import jax.numpy as jnp
    import lineax

    def one(vector: Any) -> tuple[Any, dict[str, Any]]:
        solution = lineax.linear_solve(lineax.MatrixLinearOperator(A), vector, solver, throw=False)
        succeeded = solution.result == lineax.RESULTS.successful
        return jnp.where(succeeded, solution.value, jnp.nan), solution.stats

    return one(b) if b.ndim == 1 else jax.vmap(one, in_axes=1, out_axes=(1, 0))(b)


def auto(A: Any, b: Any) -> Answer:
    """`AutoLinearSolver(well_posed=None)`: QR, but LU where A is square."""
    import lineax

    return linear_solve(A, b, lineax.AutoLinearSolver(well_posed=None))[0], None


def qr(A: Any, b: Any) -> Answer:
    """`QR()`: Householder QR of A, or of Aᵀ where A is wide, and a triangular solve."""
    import lineax

    return linear_solve(A, b, lineax.QR())[0], None


def svd(A: Any, b: Any) -> Answer:
    """`SVD()`, which `AutoLinearSolver(well_posed=False)` chooses too; its default rcond is 2·eps·max(m, n)."""
    import jax.numpy as jnp
    import lineax

    x, stats = linear_solve(A, b, lineax.SVD())
    return x, jnp.max(stats["rank"])  # one for each right-hand side, all equal


def normal_cholesky(A: Any, b: Any) -> Answer:
    """`Normal(Cholesky())`: AᵀA x = Aᵀb, or AAᵀ y = b and x = Aᵀy where A is wide."""
    import lineax

    return linear_solve(A, b, lineax.Normal(lineax.Cholesky()))[0], None


def lsmr(A: Any, b: Any) -> Answer:
    """`LSMR` (Fong & Saunders 2011) from x = 0, to rtol = eps and with conlim = 1/eps: as far as the precision goes.

    By its own default it takes at most 10·min(m, n) steps.
    """
    import lineax

    eps = eps_of(A)
    return linear_solve(A, b, lineax.LSMR(rtol=eps, atol=0.0, conlim=1 / eps))[0], None


LINEAX: Library = replace(
    JAX,
    name="lineax",
    module="lineax",
    devices=DEVICES,  # Lineax asks for full precision in every product: where they are emulated, it is as on the CPU
    solvers=(
        Solver(
            "auto",
            "AutoLinearSolver(well_posed=None): LU if square, else QR",
            complex_too(full_rank_any_shape()),
            jit(auto),
        ),
        Solver("qr", "linear_solve with QR", complex_too(full_rank_any_shape()), jit(qr)),
        Solver(
            "svd",
            "linear_solve with SVD; also AutoLinearSolver(well_posed=False)",
            complex_too(minimum_norm("σ_i ≤ 2·eps·max(m, n)·σ₁", reports_rank=True, cutoff=size_times(2))),
            jit(svd),
        ),
        Solver(
            "normal-cholesky",
            "linear_solve with Normal(Cholesky())",
            complex_too(full_rank_any_shape()),
            jit(normal_cholesky),
        ),
        Solver(
            "lsmr",
            "linear_solve with LSMR(rtol=eps, atol=0, conlim=1/eps)",
            complex_too(
                minimum_norm(
                    "nothing: what the iteration has not reached; NaN after 10·min(m, n) steps, or if κ seems > 1/eps"
                )
            ),
            jit(lsmr),
        ),
    ),
)
