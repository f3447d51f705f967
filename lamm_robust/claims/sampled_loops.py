"""Experiments with the LAMM loop: where it ends, how long it takes, and how many steps."""

from __future__ import annotations

import time
from functools import partial
from itertools import product
from typing import Any, cast

import numpy as np

from lamm_robust.claims.bench import Bench, Row, in_turns, timed
from lamm_robust.lamm.apply import apply_delta
from lamm_robust.lamm.chosen import Driver
from lamm_robust.lamm.mesh import mesh, random_phases
from lamm_robust.lamm.result import Ending, Steered
from lamm_robust.values import Array

SEEDS = tuple(range(20))
"""Of meshes, targets and directions."""
OTHER = 1000
"""Added to a seed for the mesh whose transmission is the target."""
NEAR = 0.05
"""Radians by which each phase of a near target differs: the loop then converges as Newton's method does."""
OUTSIDE = 0.1
"""Standard deviation of what is added to a target to put it out of reach."""

ORIGINAL: tuple[Driver, str] = ("original", "numpy-dropping")
COMPILED: tuple[Driver, str] = ("compiled", "jax-lamm-cond")
"""LAMM's two: a Python loop that drops columns, and one compiled program with `lax.cond`."""
BETWEEN: tuple[Driver, str] = ("original", "jax-lamm-cond")
"""The Python loop with the other solver: what it shares with each of them shows where they part."""


def phases(bench: Bench, modes: int, seed: int) -> Array:
    """Where a loop starts."""
    return np.asarray(random_phases(seed, modes), bench.precision)


def wanted(bench: Bench, modes: int, seed: int, target: str) -> Array:
    """The change to the transmission of a mesh that is near, of any other, or to what no mesh has."""
    start, other = phases(bench, modes, seed), phases(bench, modes, seed + OTHER)
    draw = np.random.default_rng(seed)
    if target == "near":
        other = (start + NEAR * draw.normal(size=start.shape)).astype(bench.precision)
    noise = OUTSIDE * draw.normal(size=(modes, modes)) if target == "out of reach" else 0.0
    matrix = mesh(modes)
    return cast(Array, (np.asarray(matrix(other)) - np.asarray(matrix(start)) + noise).astype(bench.precision))


def steered(bench: Bench, modes: int, seed: int, which: tuple[Driver, str], target: str, **settings: Any) -> Steered:
    """One loop to its end."""
    delta, (driver, solver) = wanted(bench, modes, seed, target), which
    return apply_delta(
        mesh(modes), phases(bench, modes, seed), delta, driver=driver, solver=solver, seed=seed, **settings
    )


LIMIT = 100
"""Steps of a loop at most: what arrives at a near target does so in a few."""
TASKS = (("near", 1e-5), ("near", 0.0), ("far", 1e-5), ("far", 0.0), ("out of reach", 0.0))
"""Targets, and tolerances: that of the notes, and none, so that a loop goes as far as it gets."""


DIRECTIONS = (4, 9, 12)
"""Below, at and above the nine degrees of freedom of four modes."""


def magnitudes(bench: Bench) -> list[Row]:
    """Final magnitudes of LAMM's two loops and the one between, from the same start and with the same directions."""
    rows = []
    for target, atol in TASKS:
        for directions in DIRECTIONS:
            for seed in SEEDS:
                ask = {"directions": directions, "atol": atol, "steps": LIMIT}
                ends = {
                    name: steered(bench, 4, seed, which, target, **ask).magnitude
                    for name, which in (("original", ORIGINAL), ("python loop", BETWEEN), ("compiled", COMPILED))
                }
                rows.append({"target": target, "atol": atol, "directions": directions, "seed": seed, **ends})
    return rows


SIZES = ((4, 9), (8, 49), (16, 64))
"""Modes, and directions: the (N − 1)² degrees of freedom, as far as the original loop is not too slow."""
STEPS = 8
"""In each timed loop; none arrives in so few."""


def loops(bench: Bench) -> list[Row]:
    """Seconds of loops of a few steps: LAMM's two, and the Python loop with the compiled solver."""
    rows = []
    for modes, directions in SIZES:
        ask = {"directions": directions, "steps": STEPS, "atol": 0.0}
        calls = {
            name: partial(steered, bench, modes, 0, which, "out of reach", **ask)
            for name, which in (
                ("original", ORIGINAL),
                ("python loop", BETWEEN),
                ("compiled", COMPILED),
            )
        }
        first = timed(calls["compiled"])
        rows.append({"modes": modes, "directions": directions, "steps": STEPS, "first": first, **in_turns(calls)})
    return rows


NEAR_BY = ((4, 4), (4, 9), (8, 24), (8, 49))
"""Modes, and directions below and at the degrees of freedom."""


def arrivals(bench: Bench) -> list[Row]:
    """Seconds and steps of LAMM's two loops to near targets, each after a first loop that may compile."""
    rows = []
    for modes, directions in NEAR_BY:
        ask = {"directions": directions, "atol": 1e-3, "steps": LIMIT}
        for name, which in (("original", ORIGINAL), ("compiled", COMPILED)):
            first = timed(partial(steered, bench, modes, OTHER, which, "near", **ask))
            seconds, found = [], []
            for seed in SEEDS:
                start = time.perf_counter()
                found.append(steered(bench, modes, seed, which, "near", **ask))
                seconds.append(time.perf_counter() - start)
            counts = {
                "steps": [one.steps for one in found],
                "reached": [one.status is Ending.REACHED for one in found],
            }
            rows.append(
                {"modes": modes, "directions": directions, "loop": name, "first": first, "seconds": seconds, **counts}
            )
    return rows


SOLVERS = ("dropping", "lamm-cond", "pinv", "normal-lu", "solve")


def steps(bench: Bench) -> list[Row]:
    """Steps of the compiled loop to near and far targets, by solver."""
    rows = []
    for solver, directions, target in product(SOLVERS, DIRECTIONS, ("near", "far")):
        which: tuple[Driver, str] = ("compiled", f"jax-{solver}")
        found = [steered(bench, 4, seed, which, target, directions=directions, steps=LIMIT) for seed in SEEDS]
        counts = {"steps": [one.steps for one in found], "reached": sum(one.status is Ending.REACHED for one in found)}
        rows.append({"solver": solver, "directions": directions, "target": target, **counts})
    return rows
