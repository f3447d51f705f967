"""Axes of families cross in the small profile: what is hard alone is there together with what else is hard."""

from __future__ import annotations

from typing import Any

import pytest

from lamm_robust.generators import build_problem, exact_rank, named, polynomial, right_sides, spectrum
from lamm_robust.values import PRECISIONS, Family, Precision, ProblemKey

precisions = pytest.mark.parametrize("dtype", PRECISIONS)
HIGHEST = {"float32": 13, "float64": 40}
"""log₂ κ of 8e3 and of 1e12."""


def small(family: Family, dtype: Precision) -> list[dict[str, Any]]:
    return [dict(params) for params in family.grid("small", dtype)]


@precisions
def test_several_right_sides_meet_high_condition_numbers(dtype: Precision) -> None:
    listed = small(right_sides.FAMILY, dtype)
    steep = {(p["m"], p["n"], p["rank"]) for p in listed if p["log2_cond"] == HIGHEST[dtype] and p["k"] > 1}
    assert steep == {(30, 10, 10), (30, 10, 7)}
    # κ = 16, where the tiny columns beside the huge ones can still be told from what κ excuses
    assert {(p["rank"], p["k"], p["log2_span"]) for p in listed if p["log2_cond"] == 4} == {(10, 8, 80), (7, 8, 80)}
    assert all(p["log2_cond"] >= 7 for p in listed if (p["m"], p["n"]) != (30, 10))


@precisions
def test_deficient_ranks_meet_high_condition_numbers_in_every_shape(dtype: Precision) -> None:
    listed = [p for p in small(exact_rank.FAMILY, dtype) if p["log2_cond"] == HIGHEST[dtype]]
    assert {(p["m"], p["n"]) for p in listed} == {(30, 10), (16, 16), (10, 30)}
    assert all(p["rank"] < min(p["m"], p["n"]) and not p["residual"] for p in listed)


@precisions
def test_sizes_on_both_sides_of_blocks(dtype: Precision) -> None:
    families = (spectrum.FAMILY, exact_rank.FAMILY, named.FAMILY)
    shapes = {family.name: {(p["m"], p["n"]) for p in small(family, dtype)} for family in families}
    assert shapes["spectrum"] & shapes["exact_rank"] >= {(33, 32), (65, 33), (31, 31), (64, 64)}
    assert (33, 32) in shapes["named"]
    assert {31, 32, 33, 64, 65} <= {size for shape in shapes["spectrum"] for size in shape}
    standard = {(p["m"], p["n"]) for p in spectrum.FAMILY.grid("standard", dtype)}
    assert {(size, size) for size in (31, 32, 33, 64, 65)} <= standard


@precisions
def test_quick_fits_over_numbers_far_from_zero(dtype: Precision) -> None:
    far = [p for p in small(polynomial.FAMILY, dtype) if p["abscissae"] in ("unix", "wavelengths")]
    assert {(p["points"], p["degree"]) for p in far} == {(36, 1), (40, 2), (16, 6), (21, 5)}
    for params in far:
        A = build_problem(ProblemKey("polynomial", tuple(params.items()), dtype)).A.astype("float64")
        sizes = abs(A).max(axis=0)
        assert sizes.max() / sizes.min() > 1e9
        assert abs(A[:, 1]).max() / abs(A[:, 1]).min() < 1.3  # the columns are nearly parallel, too
