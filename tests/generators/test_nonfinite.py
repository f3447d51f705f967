"""NaN and ∞ where they were asked for, bit for bit, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lamm_robust.generators import exact_rank
from lamm_robust.generators.nonfinite import PATTERNS, PLACES, build, grid
from lamm_robust.oracles import select
from lamm_robust.values import PRECISIONS, PROFILES, Array, Precision

HOLDS: dict[str, Callable[[Array], Any]] = {
    "not-a-number": np.isnan,
    "plus-infinity": np.isposinf,
    "minus-infinity": np.isneginf,
}
SHARE = {"first": (1, 1), "middle": (1, 1), "last": (1, 1), "row": (1, 7), "column": (9, 1), "all": (9, 7)}
WHERE = {"first": (0, 0), "middle": (4, 3), "last": (8, 6), "row": (4, 0), "column": (0, 3), "all": (0, 0)}
"""Of a 9×7 matrix: how many rows and columns are concerned, and where they begin."""

dtypes = pytest.mark.parametrize("dtype", PRECISIONS)


@dtypes
@pytest.mark.parametrize("value", PATTERNS)
@pytest.mark.parametrize(("array", "place"), [(array, place) for array in PLACES for place in PLACES[array]])
def test_it_stands_where_it_was_asked_for_and_nowhere_else(
    dtype: Precision, value: str, array: str, place: str
) -> None:
    A, b = build(dtype, m=9, n=7, rank=5, value=value, array=array, place=place, seed=3)
    clean_A, clean_b = exact_rank.build(dtype, m=9, n=7, rank=5, log2_cond=2, residual=1.0, seed=3)
    expected_A, expected_b = np.zeros((9, 7), dtype=bool), np.zeros(9, dtype=bool)
    (rows, columns), (row, column) = SHARE[place], WHERE[place]
    if array == "A":
        expected_A[row : row + rows, column : column + columns] = True
    else:
        expected_b[row : row + rows] = True
    for found, clean, expected in ((A, clean_A, expected_A), (b, clean_b, expected_b)):
        assert np.array_equal(HOLDS[value](found), expected)
        assert found[~expected].tobytes() == clean[~expected].tobytes()
        assert len({entry.tobytes() for entry in found[expected]}) <= 1
    assert select("exact").certify(clean_A, clean_b).rank == 5


@dtypes
def test_the_nan_is_the_quiet_one(dtype: Precision) -> None:
    _, b = build(dtype, m=2, n=1, rank=1, value="not-a-number", array="b", place="last", seed=0)
    assert b[1:].byteswap().tobytes().hex() == {"float32": "7fc00000", "float64": "7ff8000000000000"}[dtype]


@dtypes
@pytest.mark.parametrize("profile", [profile.name for profile in PROFILES])
def test_every_problem_of_the_grids_has_one(profile: str, dtype: Precision) -> None:
    problems = [dict(params) for params in grid(profile, dtype)]
    assert {"small": 6, "standard": 20, "full": 100}[profile] <= len(problems) <= {"small": 12}.get(profile, 200)
    assert {params["value"] for params in problems} == set(PATTERNS)
    assert {params["array"] for params in problems} == {"A", "b"}
    for params in problems:
        named: dict[str, Any] = dict(params)
        A, b = build(dtype, **named)
        assert np.isfinite(A).all() == (named["array"] == "b")
        assert np.isfinite(b).all() == (named["array"] == "A")
