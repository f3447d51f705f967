"""Huge offsets: what is stored of them, and the condition number that follows."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lamm_robust.generators.offset import HOUR, UNIX_TIME, build, counts, grid
from lamm_robust.oracles import select
from lamm_robust.values import PRECISIONS, UNIT_ROUNDOFF, Precision
from tests.support.problems import fit_ratio, rational

EXACT = select("exact")


def two_sided_kappa(t: list[Fraction]) -> float:
    """κ + 1/κ of the columns 1 and t, by trace and determinant of AᵀA."""
    m, total, squares = len(t), sum(t), sum(value**2 for value in t)
    return math.sqrt((m + squares) ** 2 / (m * squares - total**2))


@pytest.mark.parametrize("profile", ["small", "standard", "full"])
def test_float64_stores_whole_steps_as_they_are_with_full_rank(profile: str) -> None:
    seen = 0
    for params in list(grid(profile, "float64"))[:: 5 if profile == "full" else 1]:
        named: dict[str, Any] = dict(params)
        if named["step"] < 1:
            continue
        A, b = build("float64", **named)
        k = counts(named["m"], named["regressors"], named["seed"])
        assert np.all(A[:, 0] == 1)
        assert A[:, 1:].astype(object).tolist() == (named["offset"] + int(named["step"]) * k.astype(object)).tolist()
        assert EXACT.certify(A, b).rank == named["regressors"] + 1
        seen += 1
    assert seen >= 9


@pytest.mark.parametrize("offset", [0, 10**6, UNIX_TIME, 10**10, 10**14, 10**15])
@pytest.mark.parametrize("step", [1.0, HOUR])
@pytest.mark.parametrize("m", [2, 36, 200])
def test_condition_number_is_that_of_the_formula(m: int, step: float, offset: int) -> None:
    A, b = build("float64", m=m, regressors=1, offset=offset, step=step, seed=0)
    asked = two_sided_kappa([offset + Fraction(step) * i for i in range(m)])
    truth = EXACT.certify(A, b)
    assert truth.kappa is not None
    kappa = float(truth.kappa)
    assert kappa + 1 / kappa == pytest.approx(asked, rel=1e-12)
    if m > 2 and offset > 100 * step * m:
        assert kappa == pytest.approx(math.sqrt(12) * offset**2 / (m * step), rel=0.02)


@pytest.mark.parametrize(
    ("offset", "step", "values", "rank"),
    [
        (0, 1.0, 36, 2),
        (10**6, HOUR, 36, 2),
        (10**6, 2.0**-10, 2, 2),
        (UNIX_TIME, HOUR, 36, 2),
        (UNIX_TIME, 1.0, 1, 1),
        (10**10, HOUR, 36, 2),
        (10**10, 1.0, 1, 1),
        (10**14, HOUR, 1, 1),
        (10**14, 1.0, 1, 1),
    ],
)
def test_float32_collapses_what_it_cannot_tell_apart(offset: int, step: float, values: int, rank: int) -> None:
    A, b = build("float32", m=36, regressors=1, offset=offset, step=step, seed=0)
    assert len(set(A[:, 1].tolist())) == values
    truth = EXACT.certify(A, b)
    assert truth.rank == rank
    if rank == 2:
        assert truth.kappa is not None
        kappa = float(truth.kappa)
        assert kappa + 1 / kappa == pytest.approx(two_sided_kappa(rational(A[:, 1])), rel=1e-12)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_ranks_of_the_grid_are_what_rounding_leaves(dtype: Precision) -> None:
    ranks = {}
    for params in grid("small", dtype):
        named: dict[str, Any] = dict(params)
        truth = EXACT.certify(*build(dtype, **named))
        ranks[named["regressors"], named["offset"], named["step"]] = truth.rank
    at = {(1, offset): rank for (n, offset, step), rank in ranks.items() if (n, step) == (1, HOUR)}
    many = [rank for (n, _, _), rank in ranks.items() if n == 6]
    assert list(at.values()) == ([2, 2, 2, 2, 1] if dtype == "float32" else [2, 2, 2, 2, 2])
    assert many == ([7, 6, 1, 1] if dtype == "float32" else [7, 7, 7, 7])


def test_unix_time_in_float32_is_moved_by_up_to_64_seconds() -> None:
    A, _ = build("float32", m=200, regressors=1, offset=UNIX_TIME, step=HOUR, seed=0)
    moved = np.abs(A[:, 1].astype(np.float64) - (UNIX_TIME + 3600.0 * np.arange(200)))
    assert 32 < moved.max() <= 64


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("step", [1.0, 0.1, 2.0**-10, 3600.5])
def test_every_entry_is_rounded_once(dtype: Precision, step: float) -> None:
    A, b = build(dtype, m=30, regressors=3, offset=UNIX_TIME, step=step, seed=1)
    assert A.dtype == b.dtype == np.dtype(dtype)
    for row, k in zip(A[:, 1:], counts(30, 3, 1).tolist(), strict=True):
        for entry, count in zip(rational(row), k, strict=True):
            value = UNIX_TIME + Fraction(step) * count
            assert abs(entry - value) <= Fraction(UNIT_ROUNDOFF[dtype]) * value


@pytest.mark.parametrize("regressors", [1, 3])
@pytest.mark.parametrize("seed", range(5))
def test_observations_are_linear_to_within_five_tenths(regressors: int, seed: int) -> None:
    A, b = build("float64", m=40, regressors=regressors, offset=0, step=1.0, seed=seed)
    assert np.allclose(10 * b, np.round(10 * b), rtol=0, atol=1e-9)
    truth = EXACT.certify(A, b)
    # uniform on −5 … 5 tenths has the standard deviation 0.32
    assert 0.2 < float(truth.residual_norm[0]) / math.sqrt(39 - regressors) < 0.45
    assert 1e-3 < fit_ratio(b, truth) < 0.1
