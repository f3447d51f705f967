"""What experiments with a clock share: arrays with a seed, calls of solvers, and calls in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import unwrap
from typing import Any, cast

import jax
import numpy as np

from lamm_robust import catalog
from lamm_robust.values import Array, Device, Precision, Solver

ROUNDS = 7, 60
"""At least so many turns, for quartiles, and at most so many."""
SLOW, FEW = 0.3, 3
"""Turns that take longer than this many seconds are done this often."""
SECONDS = 0.4
"""For the turns of one comparison, as far as the least number allows."""
SEED = 20260601

Samples = dict[str, list[float]]
Row = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """Where an experiment is made."""

    precision: Precision
    device: Device

    def matrix(self, m: int, n: int, rank: int | None = None) -> Array:
        """Normal entries; of an exact rank, whole numbers that rounding does not touch."""
        draw = np.random.default_rng(SEED)
        if rank is None or rank == n:  # whole numbers would be ill-conditioned
            return cast(Array, draw.normal(size=(m, n)).astype(self.precision))
        factors = draw.integers(-1, 2, (m, rank)), draw.integers(-1, 2, (rank, n))
        return cast(Array, (factors[0] @ factors[1]).astype(self.precision))

    def vector(self, m: int) -> Array:
        """Normal entries."""
        return cast(Array, np.random.default_rng(SEED + 1).normal(size=m).astype(self.precision))

    def put(self, array: Array) -> Any:
        """The array on the device."""
        return jax.device_put(array, jax.devices(self.device)[0])

    def on_device(self, algorithm: str, A: Array, *, eager: bool = False) -> Callable[[], object]:
        """A call of a JAX solver that waits for its end; eager is one operation at a time, as without `jit`."""
        solve = solver("jax", algorithm).solve
        function = unwrap(solve) if eager else solve
        A_, b_ = self.put(A), self.put(self.vector(len(A)))
        return lambda: jax.block_until_ready(function(A_, b_))  # type: ignore[no-untyped-call]

    def on_host(self, algorithm: str, A: Array, library: str = "numpy") -> Callable[[], object]:
        """A call of a solver of NumPy or SciPy."""
        solve, b = solver(library, algorithm).solve, self.vector(len(A))
        return lambda: solve(A, b)


def solver(library: str, algorithm: str) -> Solver:
    """A solver of the catalog."""
    return next(s for s in catalog.LIBRARY[library].solvers if s.algorithm == algorithm)


def timed(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def in_turns(calls: Mapping[str, Callable[[], object]]) -> Samples:
    """Seconds of several calls, each in turn, after a first call of each that is not counted (it may compile)."""
    for call in calls.values():
        call()
    samples: Samples = {name: [] for name in calls}
    least = FEW if sum(map(timed, calls.values())) > SLOW else ROUNDS[0]
    end = time.perf_counter() + SECONDS
    for turn in range(ROUNDS[1]):
        if turn >= least and time.perf_counter() > end:
            break
        for name, call in calls.items():
            samples[name].append(timed(call))
    return samples


def waiting(program: Any, arrays: tuple[Any, ...]) -> Callable[[], object]:
    """A call of a compiled program that waits for its end."""
    return lambda: jax.block_until_ready(program(*arrays))  # type: ignore[no-untyped-call]
