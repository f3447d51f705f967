"""Damped steps and the baseline: λ as its formula has it, arrivals where shortened steps fail, and SciPy's LM."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from lamm_robust.lamm import apply_delta
from lamm_robust.lamm.baseline import levenberg_marquardt
from lamm_robust.lamm.damping import FIRST, RANGE, after_damped_step, damped_system
from lamm_robust.lamm.mesh import mesh, random_phases
from lamm_robust.lamm.result import Ending
from lamm_robust.lamm.rule import Progress
from lamm_robust.lamm.targets import TARGETS, problem
from lamm_robust.values import Precision

pytestmark = pytest.mark.usefixtures("precision")

HERE = Progress(magnitude=1.0, step_size=0.5, mark=1.0, since=3, unsolved=2, damping=1e-2, growth=2.0)


@pytest.mark.parametrize("numbers", [np, jnp], ids=["numpy", "jax"])
def test_the_damped_problem_has_the_damped_solution(numbers: Any) -> None:
    draw = np.random.default_rng(0)
    X, delta = numbers.asarray(draw.normal(size=(7, 3))), numbers.asarray(draw.normal(size=7))
    larger, longer = (np.asarray(part, np.float64) for part in damped_system(X, delta, 0.3, numbers))
    A, b = np.asarray(X, np.float64), np.asarray(delta, np.float64)
    weight = 0.3 * np.mean(np.sum(A * A, axis=0))
    expected = np.linalg.solve(A.T @ A + weight * np.eye(3), A.T @ b)  # where the gradient of both terms is zero
    assert np.allclose(np.linalg.lstsq(larger, longer)[0], expected, rtol=0, atol=1e-6)


CASES = {
    # (‖δ‖ after it, predicted) → (damping, growth), by Nielsen's formula max(1/3, 1 − (2ρ − 1)³)
    "as predicted": (0.5, 0.5, (1e-2 / 3, 2.0)),  # ρ = 1
    "half of it": (0.875**0.5, 0.75**0.5, (1e-2, 2.0)),  # ρ = 1/2
    "a quarter": (0.9375**0.5, 0.75**0.5, (1.125e-2, 2.0)),  # ρ = 1/4
    "worse": (1.5, 0.5, (2e-2, 4.0)),
    "no number": (np.nan, 0.5, (2e-2, 4.0)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("where", [np.where, jnp.where], ids=["numpy", "jax"])
def test_damping_follows_the_gain(name: str, where: Any) -> None:
    magnitude, predicted, expected = CASES[name]
    found = after_damped_step(HERE, 0.2, magnitude, predicted, where)
    assert (float(found.damping), float(found.growth)) == pytest.approx(expected, rel=1e-5)
    assert float(found.step_size) == pytest.approx(0.2)  # differences reach over a share of it


def test_damping_stays_within_its_range() -> None:
    state = HERE._replace(damping=RANGE[1])
    for _ in range(5):
        state = after_damped_step(state, 1e-9, 2.0, 0.5, np.where)
    assert state.damping == RANGE[1]
    assert after_damped_step(HERE._replace(damping=RANGE[0]), 0.1, 0.5, 0.5, np.where).damping == RANGE[0]
    assert RANGE[0] < FIRST < RANGE[1]


def test_both_loops_take_the_same_damped_way(precision: Precision) -> None:
    start = np.asarray(random_phases(0, 3))
    delta = np.asarray(mesh(3)(start + 0.3) - mesh(3)(start))
    asked: Any = {"solver": "jax-qr", "rule": "damped", "directions": 4, "steps": 5}
    one, other = (apply_delta(mesh(3), start, delta, driver=d, **asked).history for d in ("original", "compiled"))
    close = 1e-3 if precision == "float32" else 1e-9
    assert np.allclose(one.magnitude, other.magnitude, rtol=close, atol=close)
    assert np.allclose(one.step_size, other.step_size, rtol=close, atol=close)
    assert np.array_equal(one.accepted, other.accepted)


@pytest.mark.usefixtures("on_cpus_in_float64_only")
@pytest.mark.parametrize("method", ["central", "forward"])
def test_damped_steps_arrive_with_more_directions_than_degrees_of_freedom(method: Any) -> None:
    phases, delta = problem(TARGETS[0], 4, 0)
    found = apply_delta(mesh(4), phases, delta, solver="jax-qr", rule="damped", method=method, directions=12)
    assert found.status is Ending.REACHED
    assert found.steps < 40


@pytest.mark.usefixtures("on_cpus_in_float64_only")
def test_the_baseline_arrives_and_says_how_it_went() -> None:
    phases, delta = problem(TARGETS[0], 4, 0)
    found = levenberg_marquardt(mesh(4), phases, delta)
    assert found.status is Ending.REACHED
    missing = np.asarray(mesh(4)(found.params), np.float64) - np.asarray(mesh(4)(phases), np.float64) - delta
    assert np.linalg.norm(missing) < 1.2e-5
    assert found.history.magnitude[0] == pytest.approx(np.linalg.norm(delta), rel=1e-5)
    assert np.all(np.diff(found.history.magnitude) <= 0)
    few = levenberg_marquardt(mesh(4), phases, delta, steps=1)
    assert (few.status, few.steps) == (Ending.STEP_LIMIT, 1)
    lossy = levenberg_marquardt(mesh(4), *problem(TARGETS[-1], 4, 0), steps=50)
    assert lossy.status in (Ending.STALLED, Ending.STEP_LIMIT)
    assert lossy.magnitude >= 0.5 - 1e-5
