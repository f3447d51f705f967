"""Experiments with the LAMM loop: where it ends, how long it takes, and in how many steps."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any, cast

import numpy as np

from lamm_robust.claims.bench import Bench, Row, seconds_of, time_in_turns
from lamm_robust.lamm.apply import apply_delta
from lamm_robust.lamm.mesh import mesh, random_phases
from lamm_robust.lamm.race import time_call
from lamm_robust.lamm.result import Ending, Steered
from lamm_robust.lamm.solver import Driver
from lamm_robust.values import Array

SEEDS = tuple(range(20))
"""The seeds of meshes, targets and directions."""
OTHER = 1000
"""What is added to a seed for the mesh whose transmission is the target."""
NEAR = 0.05
"""How far each phase of a near target is, in radians: the loop then converges as Newton's method does."""
OUTSIDE = 0.1
"""The standard deviation of the noise that puts a target out of reach."""

ORIGINAL: tuple[Driver, str] = ("original", "numpy-dropping")
COMPILED: tuple[Driver, str] = ("compiled", "jax-lamm-cond")
"""LAMM's two loops: one in Python that drops columns, and one compiled program with `lax.cond`."""
BETWEEN: tuple[Driver, str] = ("original", "jax-lamm-cond")
"""The Python loop with the other solver, which shows whether the loop or the solver makes a difference."""
LOOPS = {"original": ORIGINAL, "python loop": BETWEEN, "compiled": COMPILED}


def phases(bench: Bench, modes: int, seed: int) -> Array:
    """The phases from which a loop starts."""
    return np.asarray(random_phases(seed, modes), bench.precision)


def target_change(bench: Bench, modes: int, seed: int, target: str) -> Array:
    """The wanted change of the transmission: to a mesh that is near, to any other, or to what no mesh has."""
    start, other = phases(bench, modes, seed), phases(bench, modes, seed + OTHER)
    draw = np.random.default_rng(seed)
    if target == "near":
        other = (start + NEAR * draw.normal(size=start.shape)).astype(bench.precision)
    noise = OUTSIDE * draw.normal(size=(modes, modes)) if target == "out of reach" else 0.0
    matrix = mesh(modes)
    return cast(Array, (np.asarray(matrix(other)) - np.asarray(matrix(start)) + noise).astype(bench.precision))


def steer(bench: Bench, modes: int, seed: int, which: tuple[Driver, str], target: str, **settings: Any) -> Steered:
    """The result of one loop by `which` driver and solver, to a target."""
    delta, (driver, solver) = target_change(bench, modes, seed, target), which
    return apply_delta(
        mesh(modes), phases(bench, modes, seed), delta, driver=driver, solver=solver, seed=seed, **settings
    )


LIMIT = 100
"""The most steps of a loop; those that arrive at a near target need few."""
NOTED = 1e-5
"""The tolerance of the notes' two magnitudes."""
TASKS = (("near", (NOTED, 0.0)), ("far", (NOTED, 0.0)), ("out of reach", (0.0,)))
"""Targets and tolerances: that of the notes, or 0, with which a loop goes as far as it gets."""

DIRECTIONS = {4: (4, 9, 12), 8: (24, 49)}
"""Numbers of directions below and at the degrees of freedom, and above where the original loop is fast, by modes."""
ALL = {4: (4, 9, 12), 8: (24, 49, 56)}
"""The same for the compiled loop alone."""
BESIDE = 4
"""The modes up to which the third loop and targets out of reach are tried, too: they are slow, and decide little."""


def magnitudes(bench: Bench) -> list[Row]:
    """The final magnitudes of the loops, from the same start and with the same directions."""
    rows = []
    for modes, each in DIRECTIONS.items():
        which = {name: loop for name, loop in LOOPS.items() if modes <= BESIDE or name != "python loop"}
        tasks = [task for task in TASKS if modes <= BESIDE or task[0] != "out of reach"]
        for (target, tolerances), directions, seed in product(tasks, each, SEEDS):
            ask = {"directions": directions, "atol": 0.0, "steps": LIMIT}
            found = {name: steer(bench, modes, seed, loop, target, **ask) for name, loop in which.items()}
            kept = found["original"].history.rank
            shared = {"modes": modes, "target": target, "directions": directions, "seed": seed}
            shared["kept"] = [int(kept.min()), int(kept.max())] if len(kept) else []
            for atol in tolerances:
                rows.append(shared | {"atol": atol} | {name: stopped_at(one, atol) for name, one in found.items()})
    return rows


def stopped_at(found: Steered, atol: float) -> float:
    """The magnitude at which a loop with this tolerance would have ended, of one that went on."""
    magnitude = found.history.magnitude
    return float(next((value for value in magnitude if value <= atol), magnitude[-1]))


SIZES = ((4, 9), (8, 49), (16, 64))
"""Modes and directions: the (N − 1)² degrees of freedom, or fewer where the original loop is too slow."""
STEPS = 8
"""The steps of each timed loop; none arrives in so few."""


def loops(bench: Bench) -> list[Row]:
    """The seconds of loops of a few steps: LAMM's two, and the Python loop with the compiled solver."""
    rows = []
    for modes, directions in SIZES:
        ask = {"directions": directions, "steps": STEPS, "atol": 0.0}
        calls = {name: partial(steer, bench, modes, 0, which, "out of reach", **ask) for name, which in LOOPS.items()}
        first = seconds_of(calls["compiled"])
        rows.append({"modes": modes, "directions": directions, "steps": STEPS, "first": first, **time_in_turns(calls)})
    return rows


NEAR_BY = ((4, 4), (4, 9), (8, 24), (8, 49))
"""Modes, and directions below and at the degrees of freedom."""


def arrivals(bench: Bench) -> list[Row]:
    """The seconds and steps of LAMM's two loops to near targets, each after a first loop that may compile."""
    rows = []
    for modes, directions in NEAR_BY:
        ask = {"directions": directions, "atol": 1e-3, "steps": LIMIT}
        for name, which in (("original", ORIGINAL), ("compiled", COMPILED)):
            first = seconds_of(partial(steer, bench, modes, OTHER, which, "near", **ask))
            times = [time_call(partial(steer, bench, modes, seed, which, "near", **ask)) for seed in SEEDS]
            rows.append(
                {
                    "modes": modes,
                    "directions": directions,
                    "loop": name,
                    "first": first,
                    "seconds": [seconds for seconds, _ in times],
                    "steps": [found.steps for _, found in times],
                    "reached": [found.status is Ending.REACHED for _, found in times],
                }
            )
    return rows


SOLVERS = ("dropping", "lamm-cond", "pinv", "normal-lu", "qr", "solve")


def steps(bench: Bench) -> list[Row]:
    """The steps of the compiled loop to near and far targets, by solver."""
    rows = []
    for modes, each in ALL.items():
        for solver, directions, target in product(SOLVERS, each, ("near", "far")):
            which: tuple[Driver, str] = ("compiled", f"jax-{solver}")
            found = [steer(bench, modes, seed, which, target, directions=directions, steps=LIMIT) for seed in SEEDS]
            counts = {
                "steps": [one.steps for one in found],
                "reached": [one.status is Ending.REACHED for one in found],
            }
            rows.append({"modes": modes, "solver": solver, "directions": directions, "target": target, **counts})
    return rows
