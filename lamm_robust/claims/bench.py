"""What experiments with a clock share: arrays from a seed, calls of solvers, and times in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import unwrap
from typing import Any, cast

import jax
import numpy as np

from lamm_robust import catalog
from lamm_robust.lamm.race import time_call
from lamm_robust.values import Array, Device, Precision, Solver

ROUNDS = 7, 60
"""The least number of turns (quartiles need so many) and the most."""
SLOW, FEW = 0.3, 3
"""If one turn takes more than SLOW seconds, FEW is the least number of turns."""
SECONDS = 0.4
"""Seconds for the turns of a comparison; turns up to the least number are made in any case."""
SEED = 20260601

Samples = dict[str, list[float]]
Row = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """The precision and device of an experiment."""

    precision: Precision
    device: Device

    def matrix(self, m: int, n: int, rank: int | None = None) -> Array:
        """An m×n matrix: normal entries at full rank, else a product of whole numbers, exactly of the given rank."""
        draw = np.random.default_rng(SEED)
        if rank is None or rank == n:  # a product of whole numbers would be ill-conditioned
            return cast(Array, draw.normal(size=(m, n)).astype(self.precision))
        factors = draw.integers(-1, 2, (m, rank)), draw.integers(-1, 2, (rank, n))
        return cast(Array, (factors[0] @ factors[1]).astype(self.precision))

    def vector(self, m: int) -> Array:
        """A vector of m normal entries."""
        return cast(Array, np.random.default_rng(SEED + 1).normal(size=m).astype(self.precision))

    def put(self, array: Array) -> Any:
        """The array on the device."""
        return jax.device_put(array, jax.devices(self.device)[0])

    def on_device(self, algorithm: str, A: Array, *, eager: bool = False) -> Callable[[], object]:
        """A call of a JAX solver that waits for the result; eager means one operation at a time, without `jit`."""
        solve = solver("jax", algorithm).solve
        function = unwrap(solve) if eager else solve
        A_, b_ = self.put(A), self.put(self.vector(len(A)))
        return lambda: jax.block_until_ready(function(A_, b_))  # type: ignore[no-untyped-call]

    def on_host(self, algorithm: str, A: Array, library: str = "numpy") -> Callable[[], object]:
        """A call of a solver of NumPy or SciPy."""
        solve, b = solver(library, algorithm).solve, self.vector(len(A))
        return lambda: solve(A, b)


def solver(library: str, algorithm: str) -> Solver:
    """The solver of that library and algorithm."""
    return next(s for s in catalog.LIBRARY[library].solvers if s.algorithm == algorithm)


def seconds_of(call: Callable[[], object]) -> float:
    """The seconds that one call takes."""
    return time_call(call)[0]


def time_in_turns(calls: Mapping[str, Callable[[], object]]) -> Samples:
    """The seconds of several calls, each in turn, after a first call of each that is not counted (it may compile)."""
    for call in calls.values():
        call()
    samples: Samples = {name: [] for name in calls}
    least = FEW if sum(map(seconds_of, calls.values())) > SLOW else ROUNDS[0]
    end = time.perf_counter() + SECONDS
    for turn in range(ROUNDS[1]):
        if turn >= least and time.perf_counter() > end:
            break
        for name, call in calls.items():
            samples[name].append(seconds_of(call))
    return samples


def blocking_call(program: Any, arrays: tuple[Any, ...]) -> Callable[[], object]:
    """A call of a compiled program that waits for the result."""
    return lambda: jax.block_until_ready(program(*arrays))  # type: ignore[no-untyped-call]
