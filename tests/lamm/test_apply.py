"""Steering: targets are reached or the result says why not, and both loops take the same way."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lamm_robust
from lamm_robust.lamm import apply_delta, apply_deltas, queue
from lamm_robust.lamm.layer import dense
from lamm_robust.lamm.mesh import mesh, random_phases
from lamm_robust.lamm.result import Ending
from lamm_robust.lamm.rule import PATIENCE
from lamm_robust.lamm.step import columns, draw_directions
from lamm_robust.values import Precision

# JAX computes in its default type, which the precision decides
pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("precision")]

MODES = 3
START = np.asarray(random_phases(0, MODES))
LAYER = dense(np.array([[0.5, -1.0, 0.3], [0.2, 0.8, -0.6]]))
WEIGHTS = np.asarray(jax.random.normal(jax.random.key(3), (2, 3)))


def nearby(angle: float = 0.1, seed: int = 1) -> Any:
    """The change to a mesh whose phases are a little different: it can be reached."""
    there = START + angle * np.asarray(jax.random.normal(jax.random.key(seed), START.shape))
    return np.asarray(mesh(MODES)(there) - mesh(MODES)(START))


@pytest.mark.parametrize(
    ("driver", "solver"),
    [
        ("original", None),
        ("original", "scipy-gelsd"),
        ("original", lambda X, d: np.linalg.lstsq(X, d)),
        ("compiled", None),
        ("compiled", "jax-qr"),
        ("compiled", "lamm-cond"),
        ("compiled", lambda X, d: jnp.linalg.pinv(X) @ d),
        ("compiled", lamm_robust.solve),
    ],
    ids=str,
)
def test_a_near_target_is_reached(driver: Any, solver: Any, precision: Precision) -> None:
    delta = nearby()
    found = apply_delta(mesh(MODES), START, delta, solver=solver, driver=driver, directions=4)
    assert found.status is Ending.REACHED
    assert found.params.dtype == np.dtype(precision)
    wanted = np.asarray(mesh(MODES)(START), np.float64) + delta
    missing = np.linalg.norm(np.asarray(mesh(MODES)(found.params), np.float64) - wanted)
    assert missing <= 1.1e-5  # the tolerance, and float32's rounding of the matrix
    assert abs(missing - found.magnitude) < 1e-6
    assert found.magnitude == found.history.magnitude[-1]
    assert found.steps == len(found.history.rank) == len(found.history.step_size) == len(found.history.magnitude) - 1


def test_both_loops_take_the_same_way(precision: Precision) -> None:
    both = [
        apply_delta(mesh(MODES), START, nearby(0.5), solver="jax-lstsq", driver=driver, directions=4, steps=6, keep=4)
        for driver in ("original", "compiled")
    ]
    close = 1e-3 if precision == "float32" else 1e-9  # rounding, as far as X lets it grow
    for name in ("magnitude", "step_size"):
        one, other = (getattr(found.history, name) for found in both)
        assert one.dtype == other.dtype == np.dtype(precision)
        assert np.allclose(one, other, rtol=close, atol=close)
    assert np.array_equal(both[0].history.accepted, both[1].history.accepted)
    assert both[0].history.rank.tolist() == both[1].history.rank.tolist() == [4] * 6
    for name in ("X", "delta", "alpha"):
        one, other = (np.asarray(getattr(found.systems, name)) for found in both)
        assert one.shape == other.shape
        assert len(one) == 2  # steps 0 and 4
        assert np.allclose(one, other, rtol=close, atol=close * np.abs(one).max())


@pytest.mark.usefixtures("on_cpus_in_float64_only")
def test_kept_problems_are_those_that_were_solved() -> None:
    found = apply_delta(mesh(MODES), START, nearby(), solver="jax-lstsq", directions=4, keep=1)
    assert found.systems is not None
    assert len(found.systems.X) == found.steps
    for X, delta, alpha, magnitude in zip(
        found.systems.X, found.systems.delta, found.systems.alpha, found.history.magnitude, strict=False
    ):
        assert np.linalg.norm(delta) == pytest.approx(magnitude, rel=1e-5)
        assert np.linalg.norm(X.T @ (delta - X @ alpha)) < 1e-4 * np.linalg.norm(delta)
    assert apply_delta(mesh(MODES), START, nearby(), directions=4).systems is None


@pytest.mark.usefixtures("on_cpus_in_float64_only")
@pytest.mark.parametrize("driver", ["original", "compiled"])
def test_a_layer_is_steered_like_a_mesh(driver: Any) -> None:
    delta = np.asarray(LAYER(WEIGHTS + 0.3) - LAYER(WEIGHTS))
    found = apply_delta(LAYER, WEIGHTS, delta, driver=driver, solver="jax-lstsq")
    assert found.status is Ending.REACHED
    assert np.allclose(found.params, WEIGHTS + 0.3, rtol=0, atol=1e-3)  # inputs are independent: one solution


@pytest.mark.usefixtures("on_cpus_in_float64_only")
@pytest.mark.parametrize(
    ("driver", "solver"), [("original", None), ("original", "numpy-normal-lu"), ("compiled", None), ("compiled", "qr")]
)
def test_half_of_the_power_cannot_vanish_and_the_result_says_so(driver: Any, solver: Any) -> None:
    here = np.asarray(mesh(MODES)(START))
    found = apply_delta(mesh(MODES), START, -here / 2, driver=driver, solver=solver, directions=4)
    assert found.status is Ending.STALLED
    assert "cannot get nearer" in found.status
    # the rows of what is missing sum to 1/2 whatever the mesh does: ‖δ‖ is at least that of N² entries 1/2N
    assert 0.5 - 1e-5 <= found.magnitude < np.linalg.norm(here / 2)
    assert np.isfinite(found.params).all()
    assert np.isfinite(found.history.magnitude).all()
    assert np.all(np.diff(found.history.magnitude) <= 0)


@pytest.mark.usefixtures("on_cpus_in_float64_only")
@pytest.mark.parametrize("driver", ["original", "compiled"])
def test_a_solver_that_returns_nan_ends_with_a_sentence(driver: Any) -> None:
    found = apply_delta(mesh(MODES), START, nearby(), solver=lambda X, d: X[0] * np.nan, driver=driver)
    assert found.status is Ending.NO_SOLUTION
    assert found.steps == PATIENCE
    assert np.array_equal(found.params, START)
    assert not found.history.accepted.any()
    assert np.isfinite(found.history.magnitude).all()


def test_a_solver_that_refuses_is_no_error() -> None:
    def refusing(X: Any, d: Any) -> Any:
        raise np.linalg.LinAlgError("no")

    found = apply_delta(mesh(MODES), START, nearby(), solver=refusing, driver="original")
    assert found.status is Ending.NO_SOLUTION


@pytest.mark.parametrize("driver", ["original", "compiled"])
def test_a_delta_of_zero_returns_at_once(driver: Any) -> None:
    def broken(X: Any, d: Any) -> Any:
        raise AssertionError("the solver was called")

    found = apply_delta(mesh(MODES), START, np.zeros((MODES, MODES)), solver=broken, driver=driver)
    assert found.status is Ending.ZERO
    assert found.steps == 0
    assert found.magnitude == 0
    assert np.array_equal(found.params, START)


@pytest.mark.usefixtures("on_cpus_in_float64_only")
@pytest.mark.parametrize("driver", ["original", "compiled"])
def test_limits_and_tolerances(driver: Any) -> None:
    asked: Any = {"driver": driver, "directions": 4, "solver": "jax-lstsq"}
    few = apply_delta(mesh(MODES), START, nearby(), steps=1, **asked)
    assert few.status is Ending.STEP_LIMIT
    assert few.steps == 1
    within = apply_delta(mesh(MODES), START, nearby(), atol=10.0, steps=8, **asked)
    assert (within.status, within.steps) == (Ending.REACHED, 0)
    size = np.linalg.norm(nearby())
    relative = apply_delta(mesh(MODES), START, nearby(), atol=0.0, rtol=0.1, steps=8, **asked)
    assert relative.status is Ending.REACHED
    assert 1e-4 * size < relative.magnitude <= 0.1 * size
    assert relative.history.magnitude[-2] > 0.1 * size


@pytest.mark.usefixtures("in_float64_only")
def test_many_at_once_are_each_as_alone(precision: Precision) -> None:
    starts = np.stack([START, START + 1, START])
    deltas = np.stack([nearby(), np.asarray(mesh(MODES)(START) - mesh(MODES)(START + 1)), np.zeros((MODES, MODES))])
    asked: Any = {"solver": "lstsq", "directions": 4, "steps": 8}
    together = apply_deltas(mesh(MODES), starts, deltas, seed=5, **asked)
    assert together[2].status is Ending.ZERO
    close = 1e-2 if precision == "float32" else 1e-8
    for i in (0, 1):
        alone = apply_delta(mesh(MODES), starts[i], deltas[i], seed=5 + i, **asked)
        assert together[i].steps == alone.steps
        assert together[i].status is alone.status
        scale = alone.history.magnitude[0]
        assert np.allclose(together[i].history.magnitude, alone.history.magnitude, rtol=close, atol=1e-6 * scale)


@pytest.mark.usefixtures("in_float64_only")
def test_more_targets_than_slots_wait_in_a_queue(monkeypatch: pytest.MonkeyPatch, precision: Precision) -> None:
    monkeypatch.setattr(queue, "SLOTS", 2)
    starts, changes = np.stack([START + 0.1 * i for i in range(5)]), (0.02, 0.3, 0.0, 0.1, 0.02)
    deltas = np.stack([np.asarray(mesh(MODES)(s + c) - mesh(MODES)(s)) for s, c in zip(starts, changes, strict=True)])
    asked: Any = {"solver": "lstsq", "rule": "damped", "draw": "signs", "directions": 4, "steps": 6}
    together = apply_deltas(mesh(MODES), starts, deltas, seed=3, **asked)
    assert len({one.steps for one in together}) > 1  # they end at different times
    for i, one in enumerate(together):
        alone = apply_delta(mesh(MODES), starts[i], deltas[i], seed=3 + i, **asked)
        assert (one.steps, one.status) == (alone.steps, alone.status)
        close = 1e-2 if precision == "float32" else 1e-8
        assert np.allclose(one.history.magnitude, alone.history.magnitude, rtol=close, atol=1e-5)


@pytest.mark.usefixtures("on_cpus_in_float64_only")
def test_the_seed_decides() -> None:
    one, same, other = (
        apply_delta(mesh(MODES), START, nearby(), solver="lstsq", directions=4, seed=seed, steps=8)
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one.history.magnitude, same.history.magnitude)
    assert not np.array_equal(one.history.magnitude, other.history.magnitude)


def test_a_matrix_that_is_only_measured_can_be_steered(precision: Precision) -> None:
    def measured(params: Any) -> Any:
        return np.outer(params, params) + params[0]  # NumPy, which JAX cannot trace

    start = np.array([1.0, 2.0, -1.0], precision)
    target = measured(np.array([1.2, 1.9, -0.8], precision))
    found = apply_delta(measured, start, target - measured(start), driver="original")
    assert found.status is Ending.REACHED
    assert np.linalg.norm(measured(found.params) - target) < 1.1e-5


ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"delta": np.zeros((2, 3))}, r"delta has shape \(2, 3\), but the matrix has \(3, 3\)"),
    ({"delta": np.full((3, 3), np.nan)}, "delta holds something that is no finite real number"),
    ({"params": START * np.inf}, "params holds NaN or ∞"),
    ({"params": np.zeros((2, 3), int)}, r"params is int\d\d of shape \(2, 3\); accepted are float32 and float64"),
    ({"params": START[:, :2]}, r"phases has shape \(2, 2\); for 3 modes it must be \(2, 3\)"),
    ({"solver": "lstsqq"}, "unknown solver 'lstsqq'; did you mean 'jax-lstsq'"),
    ({"solver": "numpy-lstsq"}, "'numpy-lstsq' cannot be compiled; the original driver takes it"),
    ({"driver": "fast"}, "driver is 'fast'; accepted: original, compiled"),
    ({"directions": 0}, "directions is 0; accepted is a whole number from 1"),
    ({"steps": 2.5}, "steps is 2.5; accepted is a whole number from 1"),
    ({"step_size": 0.0}, "step_size is 0.0; accepted is a positive number"),
    ({"atol": -1.0}, "atol is -1.0; accepted is a number from 0"),
    ({"method": "exact"}, "method is 'exact'; accepted: central, forward"),
    ({"seed": -1}, "seed is -1; accepted is a whole number from 0"),
    ({"hurry": 3}, "unknown setting 'hurry'; known: directions"),
    ({"solver": 3}, "solver is 3; accepted is a name of the catalog or a function"),
    ({"solver": lambda X, d: d}, r"the solver returns α of shape \(9,\); for 6 directions it is \(6,\)"),
    ({"solver": lambda X, d: d, "driver": "original"}, r"the solver returns α of shape \(9,\); for 6 directions"),
    ({"solver": lambda X, d: np.linalg.lstsq(X, d)[0]}, "computes outside of JAX, .*; driver='original' only calls"),
    ({"params": {"theta": 1.0}}, "params is a dict; accepted is an array of numbers"),
    ({"delta": np.full((3, 3), np.finfo(START.dtype).max)}, "delta is too large: its length overflows in float"),
]


@pytest.mark.usefixtures("on_cpus_in_float64_only")
@pytest.mark.parametrize(("changes", "message"), ERRORS, ids=[message[:30] for _, message in ERRORS])
def test_bad_input_is_named(changes: dict[str, Any], message: str) -> None:
    arguments = {"params": START, "delta": nearby(), **changes}
    with pytest.raises(ValueError, match=message):
        apply_delta(mesh(MODES), **arguments)


def test_a_matrix_without_numbers_is_named() -> None:
    with pytest.raises(ValueError, match="matrix_fn returns NaN or ∞ for params"):
        apply_delta(lambda p: p * jnp.nan, START, START)
    with pytest.raises(ValueError, match="matrix_fn is a float; accepted is a function of params"):
        apply_delta(1.0, START, START)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="matrix_fn returns a list; the compiled driver takes an array of JAX"):
        apply_delta(lambda p: [p[0], p[1]], START, START)
    with pytest.raises(ValueError, match="computes outside of JAX, .*; driver='original' only calls"):
        apply_delta(lambda p: np.asarray(p) ** 2, START, START)
    with pytest.raises(ValueError, match=r"params has shape \(2, 3\) for 4 deltas"):
        apply_deltas(mesh(MODES), START, np.zeros((4, 3, 3)))


@pytest.mark.parametrize("driver", ["original", "compiled"])
def test_columns_reach_over_a_share_of_the_step_size_along_new_directions(driver: Any, precision: Precision) -> None:
    asked: Any = {"driver": driver, "solver": "jax-lstsq", "directions": 4, "step_size": 0.5, "keep": 1}
    found = apply_delta(mesh(MODES), START, nearby(), span=0.2, seed=7, **asked)
    assert found.systems is not None
    V, later = (np.asarray(draw_directions(jax.random.key(7), step, 4, START.shape, START.dtype)) for step in (0, 1))
    assert np.abs(V - later).max() > 0.1
    first = columns(mesh(MODES), START, V, 0.2 * 0.5)
    assert np.allclose(found.systems.X[0], first, rtol=0, atol=1e3 * np.finfo(precision).eps)
    derivative = columns(mesh(MODES), START, V, method="forward")
    assert np.abs(found.systems.X[0] - derivative).max() > 1e-4
    alike = apply_delta(mesh(MODES), START, nearby(), span=0.0, seed=7, **asked).systems
    assert alike is not None
    assert np.allclose(alike.X[0], derivative, rtol=0, atol=1e-3 if precision == "float32" else 1e-8)


# --- devices --------------------------------------------------------------------------------------------------------

ASKED: Any = {"driver": "original", "solver": "numpy-lstsq", "directions": 4}


def test_a_device_that_fails_costs_nothing_that_was_reached() -> None:
    calls = 0

    def failing(params: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > 30:
            raise OSError("the laser is off")
        return np.asarray(mesh(MODES)(params))

    found = apply_delta(failing, START, nearby(0.5), **ASKED)
    assert found.status is Ending.DEVICE
    assert "raised an exception" in found.status
    assert str(found.error) == "the laser is off"
    assert found.steps == (30 - 2) // 9  # two measurements of the start, then 2k + 1 for each step
    wanted = np.asarray(mesh(MODES)(START)) + nearby(0.5)
    assert np.linalg.norm(np.asarray(mesh(MODES)(found.params)) - wanted) == pytest.approx(found.magnitude, rel=1e-3)


@pytest.mark.usefixtures("on_cpus_in_float64_only")
def test_a_callback_sees_every_step_and_may_stop() -> None:
    seen: list[tuple[int, float]] = []

    def stop_at_two(steps: int, params: Any, magnitude: float) -> bool:
        assert params.shape == START.shape
        seen.append((steps, magnitude))
        return steps == 2

    found = apply_delta(mesh(MODES), START, nearby(0.5), callback=stop_at_two, **ASKED)
    assert found.status is Ending.STOPPED
    assert [steps for steps, _ in seen] == [1, 2]
    assert [magnitude for _, magnitude in seen] == pytest.approx(found.history.magnitude[1:].tolist())


def test_noise_ends_at_its_own_length_and_costs_fewer_measurements(precision: Precision) -> None:
    noise, calls, sized = 1e-3, [0, 0], False
    target = np.asarray(mesh(MODES)(START), np.float64) + nearby(0.3)

    def measured(params: Any) -> Any:
        calls[sized] += 1
        return np.asarray(mesh(MODES)(params)) + noise * draw.normal(size=(MODES, MODES))

    for sized in (False, True):
        draw = np.random.default_rng(0)
        said: Any = {"noise": noise} if sized else {}
        found = apply_delta(measured, START, target=target, rule="damped", steps=60, **said, **ASKED)
        left = np.linalg.norm(np.asarray(mesh(MODES)(found.params), np.float64) - target)
        assert left < 5 * noise * MODES  # the noise of all entries has a length of about MODES · noise
    assert found.status is Ending.REACHED
    assert calls[True] < calls[False]  # which goes on to its patience at the floor


@pytest.mark.usefixtures("on_cpus_in_float64_only")
def test_patience_is_a_setting() -> None:
    away = -np.asarray(mesh(MODES)(START)) / 2
    short, long = (apply_delta(mesh(MODES), START, away, patience=p, **ASKED) for p in (3, 20))
    assert short.status is long.status is Ending.STALLED
    assert short.steps < long.steps


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64])
def test_what_a_device_measures_is_cast(kind: Any, precision: Precision) -> None:
    found = apply_delta(
        lambda p: (100 * np.asarray(p)).astype(kind), START, target=100 * START + 3, span=0.3, atol=9.0, **ASKED
    )
    assert found.status is Ending.REACHED
    assert found.params.dtype == np.dtype(precision)


@pytest.mark.usefixtures("in_float64_only")
@pytest.mark.parametrize("driver", ["original", "compiled"])
def test_a_complex_field_is_steered(driver: Any) -> None:
    def field(params: Any) -> Any:
        return jnp.exp(1j * params) * (1 + params**2)

    start = np.asarray(START[0])
    found = apply_delta(field, start, target=np.asarray(field(start + 0.2)), driver=driver, solver="jax-lstsq")
    assert found.status is Ending.REACHED
    assert np.allclose(found.params, start + 0.2, rtol=0, atol=1e-4)
    both = apply_deltas(field, np.stack([start, start]), np.stack([field(start + 0.1) - field(start)] * 2))
    assert [one.status for one in both] == [Ending.REACHED] * 2


MORE_ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"delta": None}, "accepted is one of delta, a change of the matrix, and target, the matrix itself"),
    ({"target": np.zeros((3, 3))}, "accepted is one of delta"),
    ({"delta": None, "target": np.zeros((2, 2))}, r"target has shape \(2, 2\), but the matrix has \(3, 3\)"),
    ({"noise": 1e-3}, "noise needs driver='original'"),
    ({"callback": print}, "callback needs driver='original'"),
    ({"driver": "original", "callback": 3}, "callback is 3; accepted is a function"),
    ({"driver": "original", "noise": -1.0}, "noise is -1.0; accepted is a number from 0"),
    ({"patience": 0}, "patience is 0; accepted is a whole number from 1"),
    ({"rule": "steepest"}, "rule is 'steepest'; accepted: capped, damped"),
    ({"draw": "straws"}, "draw is 'straws'; accepted: sphere, signs"),
]


@pytest.mark.usefixtures("on_cpus_in_float64_only")
@pytest.mark.parametrize(("changes", "message"), MORE_ERRORS, ids=[message[:30] for _, message in MORE_ERRORS])
def test_bad_settings_of_devices_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        apply_delta(mesh(MODES), START, **{"delta": nearby(), **changes})
