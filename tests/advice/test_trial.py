"""Attempts at one problem by many solvers: which processes they share."""

from __future__ import annotations

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.advice.trial import attempts
from lamm_robust.values import Device, Precision
from lamm_robust.workers.opening import Workers
from lamm_robust.workers.supervisor import Worker
from tests.support.problems import problem_of

OPEN = Workers.open


def test_both_precisions_share_a_process_unless_the_library_fixes_one_when_it_is_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[tuple[str, Precision]] = []

    def count(workers: Workers, library: str, precision: Precision, device: Device) -> Worker:
        opened.append((library, precision))
        return OPEN(workers, library, precision, device)

    monkeypatch.setattr(Workers, "open", count)
    precisions: tuple[Precision, ...] = ("float32", "float64")
    A, b = np.array([[3, 0], [0, 5], [0, 0]]), np.array([3, 10, 1])
    problems = {precision: problem_of(A, b, precision) for precision in precisions}
    wanted = [
        (catalog.find_variant(f"{library}-qr-{precision}-cpu"), problems[precision])
        for library in ("numpy", "jax")
        for precision in precisions
    ]
    found = list(attempts(wanted, {}))
    assert sorted(str(variant) for variant, _, _ in found) == sorted(str(variant) for variant, _ in wanted)
    for variant, _, outcome in found:
        assert outcome.x is not None
        assert outcome.x.dtype == variant.precision
        np.testing.assert_allclose(outcome.x, [1, 2], rtol=1e-6)
    assert sorted(library for library, _ in opened) == ["jax", "jax", "numpy"]
    assert {precision for library, precision in opened if library == "jax"} == set(precisions)
