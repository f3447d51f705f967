"""The least-squares solver of a loop: by its name in the catalog, or a function of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

from lamm_robust import catalog
from lamm_robust.lamm.options import Solve
from lamm_robust.solvers import target_
from lamm_robust.values import Device, Library, Solver

Driver = Literal["original", "compiled"]
DRIVERS: tuple[Driver, ...] = ("original", "compiled")

DEFAULT = {"original": "dropping", "compiled": "solve"}
"""LAMM's first solver, and the one that this project recommends."""

TRACED = ("jax", "lineax")
"""Libraries whose solvers can be part of a compiled program, the first one first."""


def find(name: str, driver: Driver) -> tuple[Library, Solver]:
    """The solver of that name, an algorithm or library-algorithm; ValueError for one that is unknown or not installed.

    An algorithm alone is that of the first library that has it: of JAX, if the loop is compiled.
    """
    libraries = [library for library in catalog.LIBRARY.values() if driver == "original" or library.name in TRACED]
    known = {
        f"{library.name}-{solver.algorithm}": (library, solver) for library in libraries for solver in library.solvers
    }
    full = name if name in known else next((key for key in known if key.partition("-")[2] == name), None)
    if full is None:
        if driver == "compiled" and any(name in (key, key.partition("-")[2]) for key in _everywhere()):
            raise ValueError(f"solver '{name}' cannot be compiled; the original driver takes it, or choose one of JAX")
        raise catalog.unknown("solver", name, known)
    library, solver = known[full]
    if reason := catalog.absent(library, "cpu"):
        raise ValueError(f"solver '{name}': {reason}")
    return library, solver


def _everywhere() -> list[str]:
    return [f"{library.name}-{s.algorithm}" for library in catalog.LIBRARY.values() for s in library.solvers]


@lru_cache(maxsize=256)
def chosen(solver: str | Callable[[Any, Any], Any], driver: Driver, backend: Device) -> Solve:
    """The solver as the driver calls it, one object for each, so that a loop is compiled once; ValueError as `find`.

    The backend is JAX's, where its solvers compute in the original loop, too.
    """
    if callable(solver):
        return own(solver)
    if not isinstance(solver, str):
        raise ValueError(f"solver is {solver!r}; accepted is a name of the catalog or a function (X, δ) → α")
    library, found = find(solver, driver)
    device: Device = backend if library.name in TRACED else "cpu"
    return found.solve if driver == "compiled" else hosted(library, found, device)


def own(function: Callable[[Any, Any], Any]) -> Solve:
    """A function that returns α, or something that holds it, as a target of `lamm-robust check` may."""
    return lambda X, delta: target_.parts(function(X, delta))


def hosted(library: Library, solver: Solver, device: Device) -> Solve:
    """The solver of a library, from and to NumPy's arrays."""

    def solve(X: Any, delta: Any) -> tuple[Any, Any]:
        x, rank = library.wait(solver.solve(library.put(X, device), library.put(delta, device)))
        return library.get(x), rank

    return solve
