"""JAX: every solver as one compiled program, float32 with x64 off and float64 with x64 on, on CPU, GPU or emulated.

A compiled function cannot raise an error for a singular matrix, so a refusal shows as NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from lamm_robust.solvers import emulated, host, iterative
from lamm_robust.solvers import jax_orthogonal as orthogonal
from lamm_robust.solvers.arrays import Answer, adjoint
from lamm_robust.solvers.batched import vmap_eight
from lamm_robust.solvers.contracts import (
    basic,
    complex_too,
    full_rank,
    full_rank_any_shape,
    minimum_norm,
    real_only,
    size_times,
)
from lamm_robust.solvers.differentiation import by_jax
from lamm_robust.values import DEVICES, EMULATED, REAL_OF, Array, Device, Library, Precision, Solve, Solver


def solve(A: Any, b: Any) -> Answer:
    """`lamm_robust.solve`, the solver that this project recommends."""
    from lamm_robust.solvers.least_squares import solve as recommended

    x, rank, _ = recommended(A, b)
    return x, rank


def lstsq(A: Any, b: Any) -> Answer:
    """`jax.numpy.linalg.lstsq`: SVD, with its default rcond = eps·max(m, n)."""
    import jax.numpy as jnp

    x, _, rank, _ = jnp.linalg.lstsq(A, b)
    return x, rank


def pinv(A: Any, b: Any) -> Answer:
    """`jax.numpy.linalg.pinv(A) @ b`, with its default rtol = 10·max(m, n)·eps."""
    import jax.numpy as jnp

    return jnp.linalg.pinv(A) @ b, None


def normal_lu(A: Any, b: Any) -> Answer:
    """AᵀA x = Aᵀb by LU with partial pivoting."""
    import jax.numpy as jnp

    return jnp.linalg.solve(adjoint(A) @ A, adjoint(A) @ b), None


def normal_cholesky(A: Any, b: Any) -> Answer:
    """AᵀA x = Aᵀb by Cholesky; NaN where the factorisation fails."""
    from jax.scipy.linalg import cho_factor, cho_solve

    return cho_solve(cho_factor(adjoint(A) @ A), adjoint(A) @ b), None


def lamm_cond(A: Any, b: Any) -> Answer:
    """LAMM's second solver: if rank(AᵀA) is full, the normal equations, else the pseudo-inverse."""
    import jax
    import jax.numpy as jnp

    gram = adjoint(A) @ A
    full = jnp.linalg.matrix_rank(gram) == A.shape[1]
    x = jax.lax.cond(full, lambda: jnp.linalg.solve(gram, adjoint(A) @ b), lambda: jnp.linalg.pinv(A) @ b)
    return x, None


def dropping(A: Any, b: Any) -> Answer:
    """LAMM's first solver with static shapes: columns that it drops are set to zero, which adds no rank."""
    import jax
    import jax.numpy as jnp

    def consider(mask: Any, column: Any) -> tuple[Any, None]:
        candidate = mask.at[column].set(1)
        grows = jnp.linalg.matrix_rank(A * candidate) > jnp.sum(mask)
        return jnp.where(grows, candidate, mask), None

    mask, _ = jax.lax.scan(consider, jnp.zeros_like(A[0]), jnp.arange(A.shape[1]))
    kept = A * mask
    gram = kept.T @ kept + jnp.diag(1 - mask)  # a unit diagonal for the columns left out: their x is 0
    return jnp.linalg.solve(gram, kept.T @ b), jnp.sum(mask)


def highest(solve: Solve) -> Solve:
    """The solver with products in full float32: on GPUs, JAX takes TF32, with 11 bits, for float32 by default."""

    def solve_precisely(A: Any, b: Any) -> Answer:
        """Solve with `jax.default_matmul_precision("highest")`."""
        import jax

        with jax.default_matmul_precision("highest"):
            return solve(A, b)

    return solve_precisely


def jit(solve: Solve) -> Solve:
    """The solver as one program, which JAX compiles at the first call with each shape."""

    @cache
    def program() -> Callable[[Any, Any], Answer]:
        import jax

        compiled: Callable[[Any, Any], Answer] = jax.jit(solve)
        return compiled

    @wraps(solve)
    def compiled_solve(A: Any, b: Any) -> Answer:
        return program()(A, b)

    return compiled_solve


def _environment(precision: Precision, device: Device) -> dict[str, str]:
    return {
        "JAX_ENABLE_X64": "1" if REAL_OF[precision] == "float64" else "0",
        "JAX_PLATFORMS": "cuda" if device == "gpu" else "cpu",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # leave GPU memory to others
    }


def _put(array: Array, device: Device) -> Any:
    import jax

    return jax.device_put(array.copy(), jax.devices(_backend(device))[0])


def _backend(device: Device) -> str:
    return "gpu" if device == "gpu" else "cpu"


def _wait(result: Any) -> Any:
    import jax

    return jax.block_until_ready(result)  # type: ignore[no-untyped-call]


def _device_name(device: Device) -> str:
    import jax

    name = str(jax.devices(_backend(device))[0].device_kind)
    return f"{name}, {device}" if device in EMULATED else name


def _state() -> dict[str, object]:
    import jax

    return {**host.state(), **{name: getattr(jax.config, name) for name in host.JAX_SETTINGS}}


LSTSQ = complex_too(minimum_norm("σ_i < eps·max(m, n)·σ₁", reports_rank=True, cutoff=size_times(1)))
PINV = complex_too(minimum_norm("σ_i ≤ 10·max(m, n)·eps·σ₁", cutoff=size_times(10)))
FULL_RANK = complex_too(full_rank())
SOLVE = real_only(
    minimum_norm(
        "rows with |r_ii| ≤ 4·√(max(m, n))·eps·|r_11| in pivoted R of A (of Aᵀ if wide), columns of one size",
        reports_rank=True,
    ),
    "lamm_robust.solve refuses complex numbers",
)

REDUCED: tuple[Device, ...] = ("gpu", *EMULATED)
"""The devices whose products in float32 are not in full float32 by default: the `-highest` solvers run only there."""

JAX = Library(
    name="jax",
    module="jax",
    devices=(*DEVICES, *EMULATED),
    environment=_environment,
    begin=emulated.begin,
    put=_put,
    wait=_wait,
    state=_state,
    forks=False,  # it has threads of its own
    device_name=_device_name,
    differentiate=by_jax,
    solvers=(
        Solver(
            "solve",
            "lamm_robust.solve: QR, and a complete orthogonal factorisation where it is needed",
            SOLVE,
            jit(solve),
        ),
        Solver("lstsq", "jax.numpy.linalg.lstsq", LSTSQ, jit(lstsq)),
        Solver("pinv", "jax.numpy.linalg.pinv(A) @ b", PINV, jit(pinv)),
        Solver("qr", "jax.numpy.linalg.qr, then solve_triangular", FULL_RANK, jit(orthogonal.qr)),
        Solver("qr-lq", "jax.numpy.linalg.qr of A or Aᵀ", complex_too(full_rank_any_shape()), jit(orthogonal.qr_or_lq)),
        Solver(
            "qr-pivoted",
            "jax.scipy.linalg.qr(pivoting=True), basic solution",
            complex_too(basic("columns from the first with |R_kk| ≤ max(m, n)·eps·|R_11| on", reports_rank=True)),
            jit(orthogonal.pivoted_qr),  # on GPUs without MAGMA, JAX copies A to the host and calls LAPACK there
        ),
        Solver("cholesky-qr2", "CholeskyQR twice", FULL_RANK, jit(orthogonal.cholesky_qr2)),
        Solver(
            "shifted-cholesky-qr3",
            "CholeskyQR with a shift, then twice without",
            FULL_RANK,
            jit(orthogonal.shifted_cholesky_qr3),
        ),
        Solver("normal-lu", "solve(AᵀA, Aᵀb)", FULL_RANK, jit(normal_lu)),
        Solver("normal-cholesky", "cho_solve(cho_factor(AᵀA), Aᵀb)", FULL_RANK, jit(normal_cholesky)),
        Solver(
            "normal-cg",
            "jax.scipy.sparse.linalg.cg on the normal equations, tol = eps, 4n steps at most",
            minimum_norm("nothing: directions that the steps do not reach are missing"),
            jit(iterative.conjugate_gradients),
        ),
        Solver("lstsq-vmap", "jax.numpy.linalg.lstsq, vmapped over eight problems", LSTSQ, jit(vmap_eight(lstsq))),
        Solver("pinv-vmap", "jax.numpy.linalg.pinv(A) @ b, vmapped over eight problems", PINV, jit(vmap_eight(pinv))),
        Solver("qr-vmap", "QR, vmapped over eight problems", FULL_RANK, jit(vmap_eight(orthogonal.qr))),
        Solver(
            "normal-cholesky-vmap",
            "cho_solve(cho_factor(AᵀA), Aᵀb), vmapped over eight problems",
            FULL_RANK,
            jit(vmap_eight(normal_cholesky)),
        ),
        Solver(
            "solve-highest",
            "lamm_robust.solve, products in full precision",
            SOLVE,
            jit(highest(solve)),
            devices=REDUCED,
        ),
        Solver(
            "pinv-highest",
            "jax.numpy.linalg.pinv(A) @ b, products in full precision",
            PINV,
            jit(highest(pinv)),
            devices=REDUCED,
        ),
        Solver(
            "qr-highest",
            "QR, products in full precision",
            FULL_RANK,
            jit(highest(orthogonal.qr)),
            devices=REDUCED,
        ),
        Solver(
            "normal-lu-highest",
            "solve(AᵀA, Aᵀb), products in full precision",
            FULL_RANK,
            jit(highest(normal_lu)),
            devices=REDUCED,
        ),
        Solver(
            "normal-cholesky-highest",
            "cho_solve(cho_factor(AᵀA), Aᵀb), products in full precision",
            FULL_RANK,
            jit(highest(normal_cholesky)),
            devices=REDUCED,
        ),
        Solver(
            "lamm-cond",
            "LAMM's second solver: lax.cond(rank(AᵀA) full, normal equations, pinv)",
            complex_too(minimum_norm("nothing if matrix_rank(AᵀA) is full, else σ_i ≤ 10·max(m, n)·eps·σ₁")),
            jit(lamm_cond),
        ),
        Solver(
            "dropping",
            "LAMM's first solver, jitted: drop redundant columns, then normal equations",
            basic(
                "a column with which matrix_rank (σ_i > eps·max(m, n)·σ₁) of those kept does not grow",
                reports_rank=True,
            ),
            jit(dropping),
        ),
    ),
)
