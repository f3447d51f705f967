"""The least-squares solver of a loop: by its name in the catalog, or a function of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal

from lamm_robust import catalog
from lamm_robust.solvers import results
from lamm_robust.values import Device, Library, Solve, Solver

Driver = Literal["original", "compiled"]
DRIVERS: tuple[Driver, ...] = ("original", "compiled")

DEFAULT = {"original": "dropping", "compiled": "solve"}
"""The solvers of the two drivers: LAMM's first one, and the one that this project recommends."""

TRACED = ("jax", "lineax")
"""The libraries whose solvers can be part of a compiled program; of equal names, the first counts."""


def find_solver(name: str, driver: Driver) -> tuple[Library, Solver]:
    """The solver of that name, an algorithm or library-algorithm; ValueError for one that is unknown or not installed.

    An algorithm alone is that of the first library that has it: of JAX, if the loop is compiled.
    """
    every = {f"{each.name}-{s.algorithm}": (each, s) for each in catalog.LIBRARY.values() for s in each.solvers}
    known = {full: pair for full, pair in every.items() if driver == "original" or pair[0].name in TRACED}

    def match(table: Mapping[str, Any]) -> str | None:
        return name if name in table else next((full for full in table if full.partition("-")[2] == name), None)

    full = match(known)
    if full is None:
        if match(every):
            raise ValueError(f"solver '{name}' cannot be compiled; the original driver takes it, or choose one of JAX")
        raise catalog.unknown("solver", name, known)
    library, solver = known[full]
    if reason := catalog.absent(library, "cpu"):
        raise ValueError(f"solver '{name}': {reason}")
    return library, solver


@lru_cache(maxsize=256)
def prepare_solver(solver: str | Callable[[Any, Any], Any], driver: Driver, backend: Device) -> Solve:
    """The solver as the driver calls it; ValueError as `find_solver`. Cached, so that a loop is compiled once for each.

    The backend is JAX's, where its solvers compute in the original loop, too.
    """
    if callable(solver):
        return lambda X, delta: results.parts(solver(X, delta))
    if not isinstance(solver, str):
        raise ValueError(f"solver is {solver!r}; accepted is a name of the catalog or a function (X, δ) → α")
    library, found = find_solver(solver, driver)
    device: Device = backend if library.name in TRACED else "cpu"
    return found.solve if driver == "compiled" else on_host(library, found, device)


def on_host(library: Library, solver: Solver, device: Device) -> Solve:
    """The solver as a function from and to NumPy's arrays."""

    def solve(X: Any, delta: Any) -> tuple[Any, Any]:
        x, rank = library.wait(solver.solve(library.put(X, device), library.put(delta, device)))
        return library.get(x), rank

    return solve
