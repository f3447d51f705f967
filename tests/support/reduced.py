"""What to expect of solvers on devices that take fewer bits of the inputs of float32 products."""

from __future__ import annotations

from functools import lru_cache

from lamm_robust.solvers.emulated import BITS
from lamm_robust.solvers.lowering import LOWERED, SHAPES, programs
from lamm_robust.values import EMULATED, Device, Library, Precision, Solver


@lru_cache(maxsize=128)
def asks_for_full_precision(solver: Solver, precision: Precision) -> bool:
    """Whether each product of a JAX program asks for full precision, at every shape of A that the solver takes."""
    shapes = [SHAPES[name] for name in solver.contract.shapes]
    found = [programs(solver.solve, shape, precision, ["cuda"])["cuda"] for shape in shapes]
    return all(set(program.products) <= {"highest"} for program in found)


def loss(library: Library, solver: Solver, precision: Precision, device: Device) -> float:
    """How many times larger the rounding of products may be than that of the precision: 1 where none is reduced.

    On a GPU it may be that of TF32, or not: XLA decides which products its matrix units compute; old GPUs have none.
    """
    reduced = device == "gpu" or device in EMULATED
    if not reduced or precision != "float32" or library.name not in LOWERED:
        return 1
    return 1 if asks_for_full_precision(solver, precision) else 2.0 ** (23 - BITS.get(device, BITS["emulated-tf32"]))
