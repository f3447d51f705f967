"""The process in which a study runs at one precision, which JAX fixes when it is imported: lines of JSON come out.

It is started as ``python -m lamm_robust.lamm.child PARENT`` with tasks as JSON on its standard input.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any, cast

import jax
import numpy as np

from lamm_robust.lamm.accuracy import accuracy
from lamm_robust.lamm.apply import apply_delta
from lamm_robust.lamm.chosen import TRACED
from lamm_robust.lamm.mesh import mesh
from lamm_robust.lamm.race import race
from lamm_robust.lamm.records import Course, Run, Task, dump
from lamm_robust.lamm.result import Steered
from lamm_robust.lamm.targets import TARGETS, Target, problem
from lamm_robust.values import Precision
from lamm_robust.workers.child import die_with

REPEATS, ENOUGH = 3, 0.2
"""A compiled loop is timed so many times, or until it has taken so many seconds; the shortest time counts."""


def runs(task: Task, precision: Precision) -> Iterator[Run]:
    """Every start to every target of a task."""
    for target in TARGETS:
        if target.name in task.targets:
            for start in range(task.starts):
                yield run(task, target, start, precision)


def run(task: Task, target: Target, start: int, precision: Precision) -> Run:
    """One loop, timed without compilation: a compiled one is run again for that."""
    driver: Any = "compiled" if task.solver.partition("-")[0] in TRACED else "original"
    phases, delta = problem(target, task.modes, start)
    F, asked = mesh(task.modes), {"directions": task.directions, "steps": task.steps, "keep": task.keep}

    def once(**changed: int) -> tuple[Steered, float]:
        before = time.perf_counter()
        settings = cast(Any, asked | changed)
        found = apply_delta(F, phases, delta, solver=task.solver, driver=driver, seed=start, **settings)
        return found, time.perf_counter() - before

    if driver == "original":
        once(steps=1)  # the matrix and the directions are compiled
    found, seconds = once()
    if driver == "compiled":
        times = [once()[1]]
        while len(times) < REPEATS and sum(times) < ENOUGH:
            times.append(once()[1])
        seconds = min(times)
    scores = accuracy(found.systems, precision)
    reported = found.history.rank[found.history.rank >= 0]
    return Run(
        modes=task.modes,
        target=target.name,
        start=start,
        solver=task.solver,
        driver=driver,
        precision=precision,
        directions=task.directions,
        status=found.status.name,
        magnitude=tuple(found.history.magnitude.tolist()),
        accepted=int(found.history.accepted.sum()),
        seconds=seconds,
        rank_reported=_ends(reported.tolist()),
        rank_seen=_ends(scores.rank),
        kappa=tuple(scores.kappa),
        forward=tuple(scores.forward),
        backward=tuple(scores.backward),
        uncertified=scores.uncertified,
    )


def _ends(values: list[int]) -> tuple[int, ...]:
    return (min(values), max(values)) if values else ()


def main(parent: str) -> None:
    """Run what comes in, and write what is found, a line at a time."""
    die_with(int(parent))
    asked = json.load(sys.stdin)
    precision: Precision = "float64" if jax.config.jax_enable_x64 else "float32"  # type: ignore[attr-defined]
    print(json.dumps({"kind": "Hello", "device": jax.devices()[0].device_kind, "numpy": np.__version__}), flush=True)
    for task in asked["tasks"]:
        for found in runs(Task(**task), precision):
            print(dump(found), flush=True)
    for course in asked["courses"]:
        print(dump(race(Course(**course), precision)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
