"""Weights: powers of two on a whole-number design, and the condition number that they make."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lamm_robust.generators.parts.integer_designs import pair_count
from lamm_robust.generators.weighted import AXES, ORDERS, build, exponents, grid
from lamm_robust.oracles import select
from lamm_robust.values import PRECISIONS, UNIT_ROUNDOFF, Array, Precision
from tests.support.problems import fit_ratio

EXACT = select("exact")
SHAPES = pytest.mark.parametrize(("m", "n"), [(30, 10), (16, 9), (16, 16), (10, 30)])


def plain(m: int, n: int) -> Array:
    """The design without weights: equal rows stand together, at the beginning."""
    return build("float64", m=m, n=n, log2_span=0, order="descending", axis="rows", residual=0.0, seed=0)[0]


@pytest.mark.parametrize(
    ("count", "span", "expected"),
    [(1, 0, [0]), (2, 5, [2, -3]), (4, 6, [3, 1, -1, -3]), (3, 33, [16, 0, -17]), (3, 0, [0, 0, 0])],
)
def test_exponents_by_hand(count: int, span: int, expected: list[int]) -> None:
    assert exponents(count, span) == expected


@SHAPES
@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("span", [33, 66, 80])
def test_descending_weights_are_powers_of_two_on_the_design(m: int, n: int, dtype: Precision, span: int) -> None:
    design = plain(m, n)
    assert np.array_equal(design, np.round(design))
    assert np.abs(design).max() <= 100
    named: dict[str, Any] = {"m": m, "n": n, "log2_span": span, "order": "descending", "residual": 0.0, "seed": 0}
    pairs = pair_count(m, min(m, n))
    single = exponents(m - pairs, span)
    heights = [*np.repeat(single[:pairs], 2), *single[pairs:]]
    rows, _ = build(dtype, axis="rows", **named)
    columns, _ = build(dtype, axis="columns", **named)
    assert rows.dtype == columns.dtype == np.dtype(dtype)
    assert np.array_equal(rows.astype(np.float64), np.ldexp(design, np.array(heights)[:, None]))
    assert np.array_equal(columns.astype(np.float64), np.ldexp(design, np.array(exponents(n, span))))


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_orders_permute_one_problem(axis: str, dtype: Precision) -> None:
    named: dict[str, Any] = {"m": 16, "n": 9, "log2_span": 66, "axis": axis, "residual": 1.0, "seed": 3}
    (down, b), (up, c), (mixed, d) = (build(dtype, order=order, **named) for order in ORDERS)
    if axis == "columns":
        assert np.array_equal(down[:, ::-1], up)
        assert sorted(map(tuple, down.T.tolist())) == sorted(map(tuple, mixed.T.tolist()))
        assert np.array_equal(b, c)
        assert np.array_equal(b, d)
    else:
        assert np.array_equal(down[::-1], up)
        assert np.array_equal(b[::-1], c)
        both, other = np.column_stack((down, b)).tolist(), np.column_stack((mixed, d)).tolist()
        assert sorted(both) == sorted(other)
    assert not np.array_equal(down, mixed)
    assert not np.array_equal(up, mixed)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("profile", ["small", "standard"])
def test_rank_and_residual_of_what_is_stored_are_those_asked(profile: str, dtype: Precision) -> None:
    for params in grid(profile, dtype):
        named: dict[str, Any] = dict(params)
        A, b = build(dtype, **named)
        truth = EXACT.certify(A, b)
        assert truth.rank == min(named["m"], named["n"])
        if named["residual"]:
            assert 31 / 32 <= fit_ratio(b, truth) / named["residual"] <= 33 / 32
        elif dtype == "float64":
            assert truth.residual_norm[0].mid == 0


@SHAPES
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("span", [16, 33, 66])
def test_condition_number_is_that_of_the_weights_up_to_that_of_the_design(m: int, n: int, axis: str, span: int) -> None:
    A, b = build("float64", m=m, n=n, log2_span=span, order="shuffled", axis=axis, residual=0.0, seed=0)
    truth = EXACT.certify(A, b)
    assert truth.kappa is not None
    kappa, design = float(truth.kappa), plain(m, n)
    norm = np.linalg.norm(design, 2)
    if axis == "rows":
        # σ_n lies between w_n σ_min of the n heaviest different rows and w_n ‖B‖
        pairs, rank = pair_count(m, min(m, n)), min(m, n)
        heaviest = np.unique(design, axis=0, return_index=True)[1]
        block = design[np.sort(heaviest)[:rank]]
        weights = exponents(m - pairs, span)
        factor = 2.0 ** (weights[0] - weights[rank - 1])
        lowest, highest = np.linalg.norm(design[0]) / norm, norm / np.linalg.svd(block, compute_uv=False)[rank - 1]
        assert factor * lowest <= kappa <= factor * highest
        assert highest < 5000
    elif m >= n:
        own = np.linalg.cond(design)
        assert 2.0**span / own <= kappa <= 2.0**span * own
        assert own < 500


@pytest.mark.parametrize("profile", ["small", "standard"])
def test_float32_rounds_nothing_but_b_and_that_once(profile: str) -> None:
    for params in grid(profile, "float32"):
        named: dict[str, Any] = dict(params)
        (single, b), (double, c) = build("float32", **named), build("float64", **named)
        assert np.array_equal(single.astype(np.float64), double)
        assert np.all(np.abs(b.astype(np.float64) - c) <= UNIT_ROUNDOFF["float32"] * np.abs(c))


def test_ten_decades_up_and_down_stay_normal_numbers() -> None:
    for axis in AXES:
        A, b = build("float32", m=30, n=10, log2_span=80, order="ascending", axis=axis, residual=1.0, seed=0)
        sizes = np.abs(A[A != 0].astype(np.float64)) ** 2
        assert np.finfo(np.float32).tiny < sizes.min() < 1e-20
        assert 1e20 < sizes.max() < np.finfo(np.float32).max
        assert np.all(np.isfinite(b))
