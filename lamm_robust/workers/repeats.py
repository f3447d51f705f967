"""Repeated calls of a solver, and their times.

A solver of ours is called with the same numbers. A user's own may remember them, so it is timed with other signs each
time, which cost it the same.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lamm_robust.values import Array, Device, Library, Problem, Solver
from lamm_robust.workers.answers import copy_of
from lamm_robust.workers.layouts import Layout

REPEATS = (3, 30)
"""The fewest calls after the first, so that a median exists, and the most, after which it has settled.

Calls with other layouts are among them, but their times count only where there are too few others.
"""

BUDGET_SECONDS = 0.01
"""How long fast solvers are called again: a hundred times the call overhead of the slowest library."""

clock = time.perf_counter
"""The clock, taken before a solver can put another one in its place."""

KEPT_BYTES = 16 << 20
"""Inputs of so many bytes are kept until an attempt ends, so that a solver cannot know later ones by their place."""

PATTERNS = 5
"""Signs repeat after so many rows and columns, and so after 2⁵ calls: more than are made."""

MUCH_FASTER = 4.0
"""Later calls that are so many times as fast as the first either need not compile again, or find the answer where the
first has left it: which of them, calls with other numbers tell."""


@dataclass(frozen=True, eq=False)
class Trial:
    """What a call with arrays of another layout gave: an answer, unless the solver refused; and what is wrong."""

    layout: Layout
    seconds: float
    x: Array | None = None
    fault: str = ""
    refusal: str = ""


@dataclass(frozen=True, eq=False)
class Calls:
    """The calls of one attempt: who is called with what, and what is known after the first call and other layouts."""

    library: Library
    solver: Solver
    problem: Problem
    device: Device
    A: Any
    b: Any
    first: float
    """Seconds of the first call."""
    trials: Sequence[Trial]
    end: float
    """When the time for repeated calls is over."""

    def answer(self, x: Any) -> Array:
        """A copy of an answer as a NumPy array."""
        return copy_of(self.library.get(x), self.solver, self.problem)

    @property
    def fewest(self) -> int:
        """How many calls more there must be: those with other layouts are among `REPEATS`."""
        return max(1, REPEATS[0] - len(self.trials))

    @property
    def most(self) -> int:
        """How many calls more there may be."""
        return REPEATS[1] - len(self.trials)

    def enough(self, seconds: list[float]) -> list[float]:
        """The times, with those of other layouts if they are too few."""
        return seconds if len(seconds) >= REPEATS[0] else seconds + [trial.seconds for trial in self.trials]


def repeat(calls: Calls) -> tuple[list[float], Array]:
    """The times of repeated calls of a solver of ours, and its answer to the last one.

    Where these are much faster than the first call, calls with other numbers tell whether it had to compile then, or
    remembers its answer now.
    """
    wait, solve, A, b, fewest, most = calls.library.wait, calls.solver.solve, calls.A, calls.b, calls.fewest, calls.most
    seconds: list[float] = []
    last, before = None, clock()
    while len(seconds) < fewest or (len(seconds) < most and before < calls.end):
        last, _ = wait(solve(A, b))
        now = clock()
        seconds.append(now - before)
        before = now
    again = calls.answer(last)
    if calls.first >= MUCH_FASTER * median(seconds):
        fresh = _fresh_seconds(calls)
        seconds = fresh if fresh and min(fresh) >= MUCH_FASTER * median(seconds) else seconds
    return calls.enough(seconds), again


def repeat_foreign(calls: Calls) -> tuple[list[float], Array]:
    """The times of calls of a user's own solver, no two with the same numbers, and its answer to the first ones again.

    That call tells nothing by its time. Nor do those with other layouts, if the first took much longer than they.
    """
    remembers = calls.first >= MUCH_FASTER * median([trial.seconds for trial in calls.trials])
    seconds = _varied_seconds(calls, range(calls.fewest if remembers else calls.fewest - 1, calls.most - 1))
    last, _ = calls.library.wait(calls.solver.solve(calls.A, calls.b))
    again = calls.answer(last)
    return (seconds if remembers else calls.enough(seconds)), again


def _fresh_seconds(calls: Calls) -> list[float]:
    """The times of calls with the same numbers in new places and with other signs; nothing if one of them fails.

    Changing the sign of A or b is exact, costs a solver the same, and changes x by its sign at most.
    """
    library, problem = calls.library, calls.problem
    seconds = []
    with contextlib.suppress(Exception):
        for a_sign, b_sign in ((-1, -1), (-1, 1), (1, -1)):
            A, b = library.put(a_sign * problem.A, calls.device), library.put(b_sign * problem.b, calls.device)
            start = clock()
            library.wait(calls.solver.solve(A, b))
            seconds.append(clock() - start)
        return seconds
    return []


def _varied_seconds(calls: Calls, number: range) -> list[float]:
    """The times of so many calls, the fewest and the most, until a time; no two with the same numbers or in one place.

    Signs of columns change, too: what a solver does for A and b of a few rows it might remember for all their signs.
    """
    problem = calls.problem
    seconds: list[float] = []
    kept: list[Problem] = []
    while len(seconds) < number.start or (len(seconds) < number.stop and clock() < calls.end):
        other = signed(problem, len(seconds) + 1)
        if problem.A.nbytes * len(kept) < KEPT_BYTES:
            kept.append(other)
        start = clock()
        calls.library.wait(calls.solver.solve(other.A, other.b))
        seconds.append(clock() - start)
    return seconds


def signed(problem: Problem, number: int) -> Problem:
    """The problem with other signs of some rows of A and b and of some columns of A, and so of some entries of x.

    `number`, from 1 to 2^PATTERNS − 1, says which. Changing signs is exact, and any sensible solver rounds alike.
    """
    m, n = problem.A.shape
    signs = _signs(m + n, problem.A.dtype.char)[number]
    A, b = problem.A * signs[:m, np.newaxis], (problem.b.T * signs[:m]).T
    return replace(problem, A=np.ascontiguousarray(A * signs[m:]), b=np.ascontiguousarray(b))


@functools.lru_cache(maxsize=64)
def _signs(length: int, dtype: str) -> Array:
    """2^PATTERNS rows of so many signs, as numbers of a dtype: the bits of the number of the row, over and over."""
    bits = np.arange(1 << PATTERNS)[:, np.newaxis] >> np.arange(length) % PATTERNS
    return (1 - 2 * (bits & 1)).astype(dtype)


def median(values: list[float]) -> float:
    """The median of at least one value; five times as fast as `statistics.median` at this size."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2
