"""The process of a study at one precision: ``python -m lamm_robust.lamm.child PARENT``.

JAX fixes the precision when it is imported. The process reads tasks as JSON from its standard input, prints a line of
JSON for each run and race, and ends with its parent.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import numpy as np

from lamm_robust.lamm.accuracy import score_systems
from lamm_robust.lamm.apply import apply_delta
from lamm_robust.lamm.mesh import mesh
from lamm_robust.lamm.race import race, time_call
from lamm_robust.lamm.records import Course, Run, Task, dump
from lamm_robust.lamm.result import Steered
from lamm_robust.lamm.solver import TRACED
from lamm_robust.lamm.targets import TARGETS, Target, problem
from lamm_robust.values import Precision
from lamm_robust.workers.containment import die_with

REPEATS, ENOUGH = 3, 0.2
"""A compiled loop is timed this many times, or until it has taken this many seconds; the shortest time counts."""


def runs(task: Task, precision: Precision) -> Iterator[Run]:
    """The runs of a task: from every start to every target."""
    for target in TARGETS:
        if target.name in task.targets:
            for start in range(task.starts):
                yield run(task, target, start, precision)


def run(task: Task, target: Target, start: int, precision: Precision) -> Run:
    """One loop, timed without compilation: a compiled loop is run again for that."""
    driver: Any = "compiled" if task.solver.partition("-")[0] in TRACED else "original"
    phases, delta = problem(target, task.modes, start)
    asked: Any = {"directions": task.directions, "steps": task.steps, "keep": task.keep, "seed": start}

    def once(**changed: int) -> tuple[float, Steered]:
        settings = {**asked, "solver": task.solver, "driver": driver, **changed}
        return time_call(partial(apply_delta, mesh(task.modes), phases, delta, **settings))

    if driver == "original":
        once(steps=1)  # the matrix and the directions are compiled
    seconds, found = once()
    if driver == "compiled":
        times = [once()[0]]
        while len(times) < REPEATS and sum(times) < ENOUGH:
            times.append(once()[0])
        seconds = min(times)
    scores = score_systems(found.systems, precision)
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
        rank_reported=_extremes(reported.tolist()),
        rank_seen=_extremes(scores.rank),
        kappa=tuple(scores.kappa),
        forward=tuple(scores.forward),
        backward=tuple(scores.backward),
        uncertified=scores.uncertified,
    )


def _extremes(values: list[int]) -> tuple[int, ...]:
    return (min(values), max(values)) if values else ()


def main(parent: str) -> None:
    """Run the tasks and courses of standard input, and print a line for each run and race."""
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
