"""One attempt: call a solver on a problem, time it, look at what came back, and never raise.

The first call on a shape is timed apart, since it may compile. Calls are then repeated; the median is the
steady-state time. Every call blocks until the answer is really there.
"""

from __future__ import annotations

import statistics
import time
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from lamm_robust.values import Array, Device, Library, Outcome, Problem, Solver, Status

REPEATS = (3, 30)
"""At least 3 steady-state calls, so that a median exists; at most 30, enough for it to settle."""

BUDGET_SECONDS = 0.01
"""Repeat fast solvers for about this long: a hundred times the call overhead of the slowest library."""


ABOUT_CODE = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ImportWarning, ResourceWarning)
"""Warnings that say nothing of the answer, and so do not excuse a wrong one."""


def attempt(library: Library, solver: Solver, problem: Problem, device: Device) -> Outcome:
    """How the solver's attempt at the problem ended; every exception becomes an outcome.

    The first call is reported as such whether or not this process has seen the shape before.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            outcome = _measured(library, solver, problem, device)
        except Exception as error:  # a crash is a result
            outcome = _failure(solver, error)
    caught = [w for w in caught if not issubclass(w.category, ABOUT_CODE)]
    if not caught:
        return outcome
    text = "; ".join(dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in caught))
    message = "; ".join(filter(None, (outcome.message, text)))
    return replace(outcome, warned=True, message=message)


def _failure(solver: Solver, error: Exception) -> Outcome:
    documented = type(error).__name__ in solver.contract.errors
    status = Status.REFUSED if documented else Status.CRASHED
    return Outcome(status, message=f"{type(error).__name__}: {error}")


def _measured(library: Library, solver: Solver, problem: Problem, device: Device) -> Outcome:
    A, b = library.put(problem.A, device), library.put(problem.b, device)

    def call() -> tuple[Any, float]:
        start = time.perf_counter()
        result = library.wait(solver.solve(A, b))
        return result, time.perf_counter() - start

    (x, rank), first = call()
    seconds: list[float] = []
    last = x
    while len(seconds) < REPEATS[0] or (len(seconds) < REPEATS[1] and sum(seconds) < BUDGET_SECONDS):
        (last, _), elapsed = call()
        seconds.append(elapsed)
    answer = np.asarray(x)
    fault = _fault(answer, problem, (A, b))
    return Outcome(
        Status.BAD_OUTPUT if fault else Status.SOLVED,
        x=None if fault else answer,
        rank=None if rank is None else int(rank),
        seconds=statistics.median(seconds),
        first_call_seconds=first,
        message=fault,
        repeatable=answer.tobytes() == np.asarray(last).tobytes(),
    )


def _fault(x: Array, problem: Problem, inputs: tuple[Any, Any]) -> str:
    """What is wrong with the form of an answer, in words; empty if nothing is."""
    expected = (problem.n, *problem.b.shape[1:])
    if x.shape != expected:
        return f"x has shape {x.shape}, expected {expected}"
    if x.dtype != problem.A.dtype:
        return f"x is {x.dtype}, expected {problem.A.dtype}"
    for name, given, kept in zip("Ab", inputs, (problem.A, problem.b), strict=True):
        if np.asarray(given).tobytes() != kept.tobytes():
            return f"the solver changed its input {name}"
    return ""
