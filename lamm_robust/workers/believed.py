"""What a worker's answer must be to be believed: whatever writes it shares its process with foreign code.

An answer that no attempt can have comes from a solver that has written into the pipe: the process is to be replaced.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from lamm_robust.solvers.numbers import shapes
from lamm_robust.values import AbsentError, Case, Cause, Library, Outcome, Problem, Status
from lamm_robust.workers import derivatives, wire

SAID_OUTSIDE = (Status.TIMED_OUT, Status.FLAKY)
"""What is only said of a process from outside."""

Shapes = tuple[tuple[int, ...], ...]
"""The shapes that an answer may have, the usual one first: no other has more entries."""


def shapes_of(library: Library, case: Case, problem: Problem) -> Shapes:
    """The shapes that an answer to a case may have, by what its solver returns."""
    name = case.variant.algorithm
    returns = next(solver.contract.returns for solver in library.solvers if solver.algorithm == name)
    return shapes(returns, problem)


def most_bytes(allowed: Shapes, problem: Problem) -> int:
    """The longest content of a frame that can be an answer of these shapes to a problem."""
    return wire.HEAD_BYTES + math.prod(allowed[0]) * problem.A.itemsize + derivatives.most_bytes(problem)


def require_answer(outcome: Outcome, problem: Problem, allowed: Shapes) -> None:
    """WireError unless an outcome can be that of an attempt at a problem, with an answer of one of these shapes."""
    x = outcome.x
    if x is not None and (x.dtype != problem.A.dtype or x.shape not in allowed):
        raise wire.WireError(f"an x of shape {x.shape} in {x.dtype}")
    if fault := derivatives.derivatives_fault(problem, outcome.derivatives):
        raise wire.WireError(fault)
    if (x is None) is (outcome.status is Status.SOLVED):
        raise wire.WireError(f"an outcome that is {outcome.status} with{'out' if x is None else ''} an x")
    if outcome.status in SAID_OUTSIDE or outcome.cause is Cause.PROCESS_LOST:
        raise wire.WireError(f"it says of itself that it is {outcome.cause or outcome.status}")


def require_one_thread(library: Library, pools: Iterable[Mapping[str, Any]]) -> None:
    """AbsentError unless every BLAS of a process runs on one thread, as `process.THREADS` asks."""
    for pool in pools:
        if pool["num_threads"] != 1:
            raise AbsentError(f"{pool['internal_api']} of {library.name} runs on {pool['num_threads']} threads")
