"""The compiled loop against the original one, and many targets at once against one after another."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np

from lamm_robust.lamm.apply import apply_delta, apply_deltas
from lamm_robust.lamm.mesh import mesh
from lamm_robust.lamm.records import Course, Race
from lamm_robust.lamm.result import Ending, Steered
from lamm_robust.lamm.targets import TARGETS, problem
from lamm_robust.values import Precision

T = TypeVar("T")

TOLERANCE = 1e-3
"""The ‖δ‖ at which a loop of a race ends: a fiftieth of a typical small delta."""

TIMES = 3
"""Fast loops are timed so often, and the shortest time counts: other programs make none shorter."""

SOLVER = "jax-qr"
"""The solver of the compiled loop: the fastest that is backward stable where X has full rank, as here."""

QUEUED: Any = {"rule": "damped", "draw": "signs", "method": "forward"}
"""How the targets of a batch are steered: fewer steps, and directions and columns that cost less (the derivatives of a
mesh by all phases are made at once; differences call it twice for each direction)."""

SMALL = next(target for target in TARGETS if target.name == "small")
"""The targets of a race: small deltas, as training asks for one after another, all reached in a few steps."""


def race(course: Course, precision: Precision) -> Race:
    """The times of both loops with the same tolerance and step limit, after each was compiled."""
    F, problems = mesh(course.modes), [problem(SMALL, course.modes, seed) for seed in range(course.targets)]
    phases, deltas = (np.stack(parts) for parts in zip(*problems, strict=True))

    asked: Any = {"directions": course.directions, "atol": TOLERANCE, "steps": course.steps}

    def loop(count: int, **settings: Any) -> tuple[float, list[Steered]]:
        def all_of_them() -> list[Steered]:
            return [apply_delta(F, phases[i], deltas[i], seed=i, **asked, **settings) for i in range(count)]

        return time_call(all_of_them)

    first, _ = loop(1, solver=SOLVER)
    compiled, found = min((loop(course.targets, solver=SOLVER) for _ in range(TIMES)), key=itemgetter(0))
    queued: Any = {**asked, **QUEUED, "solver": SOLVER}
    apply_deltas(F, phases, deltas, **queued)
    batched, at_once = shortest(lambda: apply_deltas(F, phases, deltas, **queued))
    loop(1, driver="original", solver=SOLVER)
    original, slowly = min((loop(course.originals, driver="original") for _ in range(TIMES)), key=itemgetter(0))
    same, likewise = loop(course.originals, driver="original", solver=SOLVER)
    return Race(
        **asdict(course),
        precision=precision,
        solver=SOLVER,
        original_seconds=original,
        original_steps=steps(slowly),
        compiled_seconds=compiled,
        compiled_steps=steps(found),
        batched_seconds=batched,
        compile_seconds=first,
        original_reached=count_reached(slowly),
        compiled_reached=count_reached(found),
        batched_reached=count_reached(at_once),
        same_original_seconds=same,
        same_original_steps=steps(likewise),
    )


def shortest(call: Callable[[], T]) -> tuple[float, T]:
    """The shortest time of several calls, and a result."""
    return min((time_call(call) for _ in range(TIMES)), key=itemgetter(0))


def time_call(call: Callable[[], T]) -> tuple[float, T]:
    """The seconds that a call takes, and its result."""
    before = time.perf_counter()
    found = call()
    return time.perf_counter() - before, found


def steps(found: list[Steered]) -> int:
    """The number of steps of all loops together."""
    return sum(one.steps for one in found)


def count_reached(found: list[Steered]) -> int:
    """The number of loops that reached their target."""
    return sum(one.status is Ending.REACHED for one in found)
