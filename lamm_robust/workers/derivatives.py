"""Derivatives of a solver's x along the directions of a problem, in every way in which its library differentiates.

A way that raises leaves no derivative behind, and its words go into the message of the outcome. What has another shape
or dtype than a derivative counts as raised, too: nothing could be compared with it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import replace

from lamm_robust.values import Array, Device, Library, Outcome, Problem, Solver, Status
from lamm_robust.workers.answers import LONGEST_MESSAGE
from lamm_robust.workers.repeats import clock

WAYS = ("jvp", "vjp", "vmapped_vjp")
"""The ways that there are; a library may lack some."""

LONGEST_REASON = 300
"""Characters that are kept of what a way raised: JAX adds pages of advice."""


def with_derivatives(outcome: Outcome, library: Library, solver: Solver, problem: Problem, device: Device) -> Outcome:
    """The outcome with the derivatives that the solver has at the problem, if it has solved it and is asked for any."""
    along = problem.directions
    if library.differentiate is None or along is None or outcome.status is not Status.SOLVED:
        return outcome
    arrays = (problem.A, problem.b, along.dA, along.db, along.c)
    start, found = clock(), dict[str, Array]()
    said = [outcome.message] if outcome.message else []
    for way, differentiate in library.differentiate(solver).items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                by_A, by_b = library.wait(differentiate(*(library.put(array, device) for array in arrays)))
                pair = {f"{way}_A": library.get(by_A).copy(), f"{way}_b": library.get(by_b).copy()}
            fault = derivatives_fault(problem, pair)
        except MemoryError:
            raise
        except Exception as error:
            fault = f"{type(error).__name__}: {' '.join(str(error).split())}"
        if fault:
            said.append(f"no {way}: {fault}"[:LONGEST_REASON])
        else:
            found |= pair
    message = "; ".join(said)[:LONGEST_MESSAGE]
    return replace(outcome, message=message, derivatives=found, spent=outcome.spent + clock() - start)


def shapes(problem: Problem) -> Mapping[str, tuple[int, ...]]:
    """Name → the shape of that derivative, for every name that there is."""
    x = (problem.n, *problem.b.shape[1:])
    forward = {"jvp_A": x, "jvp_b": x}
    return forward | {f"{way}_{by}": M.shape for way in WAYS[1:] for by, M in (("A", problem.A), ("b", problem.b))}


def derivatives_fault(problem: Problem, found: Mapping[str, Array]) -> str:
    """What is wrong with the form of derivatives, in words; empty if nothing is."""
    if found and problem.directions is None:
        return "derivatives that nobody asked for"
    expected = shapes(problem)
    for name, values in found.items():
        if name not in expected:
            return f"a derivative called {name!r}"
        if values.shape != expected[name] or values.dtype != problem.A.dtype:
            return f"{name} has shape {values.shape} in {values.dtype}, expected {expected[name]}"
    return ""


def most_bytes(problem: Problem) -> int:
    """The most bytes that the derivatives at a problem may take; none where it has no directions."""
    if problem.directions is None:
        return 0
    return sum(map(math.prod, shapes(problem).values())) * problem.A.itemsize
