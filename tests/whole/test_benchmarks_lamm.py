"""How long LAMM's loop takes: in Python, compiled, and for a hundred targets at once.

``pytest --benchmark-only -k lamm``. Each test steers meshes by small deltas to ‖δ‖ ≤ 1e-3, in ten steps at most, and is
grouped by the shape of X, so that the loops stand side by side; what arrived, and in how many steps, is in
``extra_info``, so that a fast loop that goes nowhere is seen to.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from lamm_robust.lamm import apply_delta, apply_deltas
from lamm_robust.lamm.mesh import mesh
from lamm_robust.lamm.race import SMALL, TOLERANCE, count_reached, steps
from lamm_robust.lamm.targets import problem
from lamm_robust.values import Device, Precision

LOOPS: dict[str, dict[str, Any]] = {
    "original-dropping": {"driver": "original", "solver": "numpy-dropping"},
    "original-qr": {"driver": "original", "solver": "jax-qr"},
    "compiled-qr": {"solver": "jax-qr"},
    "compiled-solve": {"solver": "jax-solve"},
}
SHAPES = ((4, 4), (4, 9), (8, 24), (8, 49), (16, 112))
"""N, and the number of directions: X is N² × k."""
MANY = 100

shapes = pytest.mark.parametrize(("modes", "directions"), SHAPES, ids=[f"{n * n}x{k}" for n, k in SHAPES])


@shapes
@pytest.mark.parametrize("loop", LOOPS)
def test_lamm_one_target(
    benchmark: BenchmarkFixture, loop: str, modes: int, directions: int, precision: Precision, device: Device
) -> None:
    phases, delta = problem(SMALL, modes, 0)
    asked: Any = {"directions": directions, "atol": TOLERANCE, "steps": 10, **LOOPS[loop]}
    apply_delta(mesh(modes), phases, delta, **asked)
    benchmark.group = f"LAMM, {modes * modes}×{directions} {precision} {device}"
    found = benchmark(apply_delta, mesh(modes), phases, delta, **asked)
    benchmark.extra_info.update(steps=found.steps, reached=count_reached([found]))
    assert found.magnitude < found.history.magnitude[0]


@shapes
@pytest.mark.parametrize("together", [True, False], ids=["together", "one-by-one"])
def test_lamm_many_targets(
    benchmark: BenchmarkFixture, together: bool, modes: int, directions: int, precision: Precision, device: Device
) -> None:
    problems = [problem(SMALL, modes, seed) for seed in range(MANY)]
    phases, deltas = (np.stack(parts) for parts in zip(*problems, strict=True))
    asked: Any = {"directions": directions, "atol": TOLERANCE, "steps": 10, "solver": "jax-qr"}

    def all_of_them() -> Any:
        if together:
            return apply_deltas(mesh(modes), phases, deltas, **asked)
        return [apply_delta(mesh(modes), phases[i], deltas[i], seed=i, **asked) for i in range(MANY)]

    all_of_them()
    benchmark.group = f"LAMM, {MANY} targets, {modes * modes}×{directions} {precision} {device}"
    found = benchmark(all_of_them)
    benchmark.extra_info.update(steps=steps(found), reached=count_reached(found))
    assert all(one.magnitude < one.history.magnitude[0] for one in found)
