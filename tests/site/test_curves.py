"""The curves of a claim: which tables have some, and where their points are."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from lamm_robust.site.curves import charts_of, middle

CLAIM: dict[str, Any] = {
    "title": "QR <errs> less",
    "columns": ["κ", "qr, residual 0 (bounds)", "LU: error", "qr, residual 1 (bounds)", "LU refuses"],
    "rows": [
        [10.0, [0.1, 1.0, 9.0], [1e-15, 1e-14, 1e-13], [1.0, 10.0, 99.0], 0],
        [1000.0, [1.0, 100.0, 101.0], [1e-9, 1e-8, 1e-7], [1.0, math.inf, math.inf], 1],
        ["slope", 1.0, 2.0, 1.0, "–"],
    ],
}


def corners(svg: str) -> dict[str, list[str]]:
    """Name of a curve → its corners."""
    return {name: points.split() for name, points in re.findall(r'data-solver="([^"]*)" points="([^"]*)"', svg)}


def test_columns_of_one_unit_share_a_chart() -> None:
    bounds, error = charts_of(CLAIM)
    assert 'aria-label="QR &lt;errs&gt; less: bounds over κ"' in bounds
    assert corners(bounds).keys() == {"qr, residual 0", "qr, residual 1"}
    assert corners(error).keys() == {"LU"}


def test_points_are_the_middles_on_logarithmic_axes() -> None:
    bounds, error = charts_of(CLAIM)
    assert corners(bounds)["qr, residual 0"] == ["68,290", "570,12"]  # 1 at κ = 10, and 100, the most, at the other end
    assert corners(bounds)["qr, residual 1"] == ["68,151"]  # ∞ has no place
    assert corners(error)["LU"] == ["68,290", "570,12"]


@pytest.mark.parametrize("columns", [[], ["A", "time (µs)"], ["κ", "columns kept"]])
def test_other_tables_have_none(columns: list[str]) -> None:
    assert charts_of({**CLAIM, "columns": columns}) == []


@pytest.mark.parametrize(
    ("value", "expected"), [(3, 3.0), ([1, 2, 3], 2.0), ("–", 0.0), ("abc", 0.0), (math.nan, 0.0), (None, 0.0)]
)
def test_middle(value: object, expected: float) -> None:
    assert middle(value) == expected
