"""What a JAX solver would run on a GPU, read from the program that JAX hands to XLA: no GPU is needed for that.

XLA calls the library kernels by name, so they are known before anything is compiled; so is the precision that each
product asks for. XLA still decides how it multiplies and in which order it adds, and that shows on a GPU alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from lamm_robust.values import Precision, Solve

Platform = Literal["cpu", "cuda", "rocm", "tpu"]
"""A platform as JAX calls it; `cuda` is NVIDIA's and `rocm` is AMD's."""

GPUS: tuple[Platform, ...] = ("cuda", "rocm")

LOWERED = ("jax", "lineax")
"""The libraries whose solvers are programs of JAX."""

SHAPES: Mapping[str, tuple[int, ...]] = {"tall": (12, 4), "square": (5, 5), "wide": (4, 9), "batch": (3, 12, 4)}
"""The shapes of A that solvers are lowered for: JAX chooses kernels by shape and by whether there is a batch.

For matrices beyond 1024 rows or columns it takes another SVD (gesvd in place of gesvdj).
"""

HYBRID = "hybrid_"
"""What stands in the names of kernels that copy their arguments to the host and call LAPACK there."""

_CALL = re.compile(r"custom_call @(\w+)|stablehlo\.(triangular_solve|cholesky)\b")
_PRODUCT = re.compile(r"stablehlo\.dot_general [^:]*:")
_CONSTANT = re.compile(r"(%\w+) = stablehlo\.constant")
_CASE = re.compile(r'(?:(%\w+)(?::\d+)? = )?"stablehlo\.(?:case|if)"\((%\w+)')


@dataclass(frozen=True)
class Program:
    """What one lowered program calls, multiplies and asks of the host."""

    kernels: tuple[str, ...]
    """Custom calls, such as `cusolver_gesvdj_ffi`, and what XLA itself maps to kernels, in alphabetical order."""
    products: Mapping[str, int]
    """Matrix products in the text of the program, by the precision that they ask for: "default", "high", "highest"."""
    host: tuple[str, ...]
    """What makes the device wait for the host: kernels that compute there, branches and loops that it decides."""

    def __str__(self) -> str:
        asked = ", ".join(f"{count} {precision}" for precision, count in sorted(self.products.items()))
        parts = (" ".join(self.kernels), f"products: {asked or 'none'}", f"host: {', '.join(self.host) or 'nothing'}")
        return "; ".join(filter(None, parts))


def programs(
    solve: Solve, shape: Sequence[int], precision: Precision, platforms: Sequence[Platform]
) -> dict[Platform, Program]:
    """What the solver would run on each platform for A of a shape, (m, n) or (batch, m, n), and b to it.

    JAX must be set to the precision. Raises what tracing or lowering raises where the solver is not for the shape.
    """
    import jax

    batched = jax.vmap(solve) if len(shape) > 2 else solve
    A, b = (jax.ShapeDtypeStruct(size, precision) for size in (shape, shape[:-1]))  # type: ignore[no-untyped-call]
    traced = jax.jit(batched).trace(A, b)
    return {platform: _read(traced.lower(lowering_platforms=(platform,)).as_text()) for platform in platforms}


def default_precision() -> Precision:
    """The precision that JAX is set to in this process; kernels have the same names in both."""
    import jax.numpy as jnp

    return cast(Precision, str(jnp.zeros(0).dtype))


def _read(text: str) -> Program:
    kernels = tuple(sorted({call or f"XLA's {step}" for call, step in _CALL.findall(text)}))
    asked = Counter(_precision(product) for product in _PRODUCT.findall(text))
    computing = [f"LAPACK on the host ({name})" for name in kernels if HYBRID in name]
    waits = {"branches": any(map(_chooses, text.split("func.func"))), "loops": "stablehlo.while" in text}
    return Program(kernels, asked, (*computing, *(name for name, is_there in waits.items() if is_there)))


def _precision(product: str) -> str:
    """The lower of the precisions that a product asks for its two arguments; the default where it asks for none."""
    asked = re.findall(r"\w+", product)
    return next((name for name in ("default", "high", "highest") if name.upper() in asked), "default")


def _chooses(function: str) -> bool:
    """Whether a function has a branch that is not decided by a constant, as JAX writes those between platforms."""
    known: set[Any] = {None}
    for line in function.splitlines():
        if constant := _CONSTANT.search(line):
            known.add(constant[1])
        elif case := _CASE.search(line):
            if case[2] not in known:
                return True
            known.add(case[1])
    return False
