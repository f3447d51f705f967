"""Backward errors in ball arithmetic: where they are asked for, against paper, and what too few bits give."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lamm_robust.scoring import fine
from lamm_robust.scoring.fine import Fine, lacks_digits
from lamm_robust.values import UNIT_ROUNDOFF

TINY = 2.0**-100
A = np.array([[1.0, 0.0], [0.0, TINY], [0.0, 0.0]])


def test_float64_lacks_digits_from_where_kappa_u_is_above_a_thousandth() -> None:
    limit = 1e-3 / UNIT_ROUNDOFF["float64"]
    assert lacks_digits(np.array([1.0, limit, np.nextafter(limit, math.inf), math.inf])).tolist() == [
        False,
        False,
        True,
        True,
    ]


def test_a_backward_error_by_hand() -> None:
    # b = (1, TINY, 3), x̂ = (1, 2): r̂ = (0, −TINY, 3), Aᵀr̂ = (0, −TINY²), H₂₂ = 5·TINY² + 9 + TINY²
    found = Fine(A).backward_error(np.array([1.0, TINY, 3.0]), np.array([1.0, 2.0]))
    assert found == pytest.approx(TINY**2 / 3, rel=1e-12)
    # without a residual: r̂ = (0, −TINY, 0), H₂₂ = 5·TINY² + TINY²
    found = Fine(A).backward_error(np.array([1.0, TINY, 0.0]), np.array([1.0, 2.0]))
    assert found == pytest.approx(TINY / math.sqrt(6), rel=1e-12)


def test_what_is_exactly_a_solution_has_none() -> None:
    one = Fine(A)
    assert one.backward_error(np.array([1.0, TINY, 3.0]), np.array([1.0, 1.0])) == 0.0
    assert one.backward_error(np.array([0.0, 0.0, 3.0]), np.zeros(2)) == 0.0
    assert one.backward_error(np.zeros(3), np.zeros(2)) == 0.0  # H is zero here


def test_bits_are_added_until_there_are_enough_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too few bits give no number, and never a wrong one."""
    dense = np.array([[0.5, 0.5], [0.5, 0.5 + 2.0**-52], [0.25, 0.25]]) @ np.diag([1.0, 2.0**-52])
    b, x = np.array([1.0, 2.0, 3.0]), np.array([2.0**30, 2.0**80])
    expected = Fine(dense).backward_error(b, x)
    assert expected > 0
    monkeypatch.setattr(fine, "FIRST_BITS", 2)
    enough, steps = [], [2**k for k in range(1, 12)]
    for last in steps:
        monkeypatch.setattr(fine, "LAST_BITS", last)
        found = Fine(dense).backward_error(b, x)
        assert math.isnan(found) or found == pytest.approx(expected, rel=2e-16)
        enough.append(not math.isnan(found))
    assert enough == sorted(enough)
    assert (enough[0], enough[-1]) == (False, True)
    first = steps[enough.index(True)]
    monkeypatch.setattr(fine, "LAST_BITS", first - 1)
    assert math.isnan(Fine(dense).backward_error(b, x))
