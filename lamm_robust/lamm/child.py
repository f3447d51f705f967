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
from lamm_robust.lamm.baseline import levenberg_marquardt
from lamm_robust.lamm.mesh import mesh
from lamm_robust.lamm.race import race, time_call
from lamm_robust.lamm.records import BASELINE, Course, Run, Task, dump
from lamm_robust.lamm.result import Steered
from lamm_robust.lamm.solver import TRACED
from lamm_robust.lamm.targets import TARGETS, Target, problem
from lamm_robust.values import Precision
from lamm_robust.workers.containment import die_with

REPEATS, ENOUGH = 3, 0.05
"""A compiled loop is timed this many times, or until it has taken this many seconds; the shortest time counts."""
SCORED = 1
"""The problems of so many starts are scored, of undamped steps: certifying them takes longer than the runs."""
AT_ONCE = 1e30
"""A tolerance with which a loop ends before its first step: it is compiled, and does nothing."""


def runs(task: Task, precision: Precision) -> Iterator[Run]:
    """The runs of a task: from every start to every target."""
    for target in TARGETS:
        if target.name in task.targets:
            for start in range(task.first, task.first + task.starts):
                yield run(task, target, start, precision)


def run(task: Task, target: Target, start: int, precision: Precision) -> Run:
    """One loop, timed without compilation: a compiled loop is made ready for that."""
    driver = "library" if task.solver == BASELINE else original_or_compiled(task.solver)
    phases, delta = problem(target, task.modes, start)
    matrix_fn = mesh(task.modes)
    asked: Any = {"directions": task.directions, "steps": task.steps, "keep": task.keep, "seed": start}

    def once(**changed: Any) -> tuple[float, Steered]:
        if driver == "library":
            return time_call(partial(levenberg_marquardt, matrix_fn, phases, delta, **{"steps": task.steps, **changed}))
        settings = {**asked, "solver": task.solver, "driver": driver, "rule": task.rule, **changed}
        return time_call(partial(apply_delta, matrix_fn, phases, delta, **settings))

    once(**({"steps": 1} if driver != "compiled" else {"atol": AT_ONCE}))  # compiles what there is to compile
    seconds, found = once()
    times = [seconds]
    while driver == "compiled" and len(times) < REPEATS and sum(times) < ENOUGH:
        times.append(once()[0])
    scores = score_systems(found.systems if start < SCORED and task.rule == "capped" else None, precision)
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
        seconds=min(times),
        rank_reported=_extremes(reported.tolist()),
        rank_seen=_extremes(scores.rank),
        kappa=tuple(scores.kappa),
        forward=tuple(scores.forward),
        backward=tuple(scores.backward),
        uncertified=scores.uncertified,
        rule=task.rule,
    )


def original_or_compiled(solver: str) -> str:
    """The driver of a solver of the catalog."""
    return "compiled" if solver.partition("-")[0] in TRACED else "original"


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
