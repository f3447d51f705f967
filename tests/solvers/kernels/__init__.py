"""The golden files of what JAX and Lineax solvers run on GPUs, and the command that writes them.

``python -m tests.solvers.kernels`` writes both files again, after a change of a solver or with a new JAX: read the
diff. Every line is a solver, a platform, and the shapes for which the program calls the same kernels.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from lamm_robust import catalog
from lamm_robust.solvers.lowering import GPUS, LOWERED, SHAPES, programs
from lamm_robust.values import Library, Precision, Solver

LIBRARIES = [catalog.LIBRARY[name] for name in LOWERED]


def golden(precision: Precision) -> Path:
    """The committed file of a precision."""
    return Path(__file__).with_name(f"{precision}.txt")


def written_with() -> str:
    """The first line of a golden file: kernels are chosen by JAX."""
    return f"# JAX {metadata.version('jax')}, Lineax {metadata.version('lineax')}"


def takes(solver: Solver, shape: str) -> bool:
    """Whether a solver is lowered for a shape; all take a batch of tall problems, or of whatever they do take."""
    return shape == "batch" or shape in solver.contract.shapes


def lines(library: Library, solver: Solver, precision: Precision) -> list[str]:
    """What a solver runs: a line for each platform, or several where its shapes differ."""
    found: dict[str, list[str]] = {}
    for platform in GPUS:
        for name, shape in SHAPES.items():
            if takes(solver, name):
                program = programs(solver.solve, shape, precision, [platform])[platform]
                found.setdefault(f"{platform}: {program}", []).append(name)
    title = f"{library.name}-{solver.algorithm}"
    return [f"{title} ({' '.join(shapes)}) on {program}" for program, shapes in found.items()]


def table(precision: Precision) -> str:
    """The text of the golden file of a precision, in which JAX must be set to compute."""
    rows = [line for library in LIBRARIES for solver in library.solvers for line in lines(library, solver, precision)]
    return "\n".join([written_with(), *rows, ""])
