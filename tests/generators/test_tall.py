"""Many rows: the design in closed form, and the size of the errors in what is stored."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lamm_robust.generators.tall import MAX_LOG2_OFFSET, MAX_ROWS, build, grid, most_offset, row_bits
from lamm_robust.oracles import select, stored
from lamm_robust.values import PRECISIONS, Ball, Certificate, Precision

EXACT = select("exact")


def certified(dtype: Precision, **params: Any) -> Certificate:
    return EXACT.certify(*build(dtype, **({"noise": 0.0, "seed": 0} | params)))


@pytest.mark.parametrize(("m", "bits"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (2**20, 20)])
def test_time_needs_as_many_bits_as_the_number_of_rows(m: int, bits: int) -> None:
    assert row_bits(m) == bits


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_a_small_design_by_hand(dtype: Precision) -> None:
    A, _ = build(dtype, m=5, n=3, offset=2, noise=0.0, seed=0)
    assert A.dtype == np.dtype(dtype)
    # q = 3: steps of 2/8 around 2; the first season changes sign with every row
    assert A.tolist() == [[1, 1.5, 1], [1, 1.75, -1], [1, 2, 1], [1, 2.25, -1], [1, 2.5, 1]]
    A, _ = build(dtype, m=8, n=4, offset=0, noise=0.0, seed=0)
    assert A[:, 3].tolist() == [1, 1, -1, -1, 1, 1, -1, -1]
    assert build(dtype, m=3, n=1, offset=0, noise=0.0, seed=0)[0].tolist() == [[1], [1], [1]]


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("m", [2, 1000, 20_000])
@pytest.mark.parametrize("offset", [0, 2, 64])
def test_condition_number_is_that_of_the_formula(m: int, offset: int, dtype: Precision) -> None:
    truth = certified(dtype, m=m, n=2, offset=offset)
    v = Fraction(m**2 - 1, 3 * 4 ** row_bits(m))
    assert truth.rank == 2
    assert isinstance(truth.kappa, Ball)
    kappa = truth.kappa.mid
    total = 1 + offset**2 + v
    assert abs((kappa + 1 / kappa) ** 2 * v / total**2 - 1) < Fraction(1, 10**8)
    # both singular values, not only their ratio: their squares add up to the trace
    assert abs((truth.sigma_max.mid**2 + truth.sigma_min.mid**2) / (m * total) - 1) < Fraction(1, 10**8)


def test_a_million_rows_in_float32_hide_a_singular_value_behind_the_usual_tolerance() -> None:
    (params,) = [params for params in grid("standard", "float32") if int(params["m"]) == 10**6]
    A, b = build("float32", **params)  # type: ignore[arg-type]
    assert A.shape == (10**6, 2)
    assert np.all(A[:, 0] == 1)
    steps = np.diff(A[:, 1].astype(np.float64))
    assert np.all(steps == 2.0**-19)
    v = (10**12 - 1) / 3 / 4**20
    kappa = (1 + 16 + v) / math.sqrt(v)  # less 1/κ
    assert 1 / (10**6 * float(np.finfo(np.float32).eps)) < kappa / 3
    sigma = np.linalg.svd(A.astype(np.float64), compute_uv=False)
    assert sigma[0] / sigma[1] == pytest.approx(kappa, rel=0.01)
    assert len(np.unique(b)) > 10**5


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize(("m", "n"), [(1, 1), (4, 3), (8, 4), (128, 8), (100, 7), (1024, 4), (100_000, 4)])
def test_rank_is_full_and_seasons_are_well_conditioned(m: int, n: int, dtype: Precision) -> None:
    truth = certified(dtype, m=m, n=n, offset=0)
    assert truth.rank == n
    assert truth.kappa is not None
    if m >= 100:
        assert 1.0 <= float(truth.kappa) < 8.0


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("noise", [2.0**-10, 1.0, 16.0])
def test_errors_are_evenly_spread_up_to_the_noise(noise: float, dtype: Precision) -> None:
    m = 30_000
    A, b = build(dtype, m=m, n=2, offset=4, noise=noise, seed=3)
    truth = EXACT.certify(A, b)
    # evenly spread numbers have a variance of noise²/3; the root of that of 30,000 of them is right to within 0.3 %
    size = float(truth.residual_norm[0]) / math.sqrt(m)
    assert size == pytest.approx(noise / math.sqrt(3), rel=0.015)
    x = np.array(stored(truth).tolist(), dtype=np.float64)
    r = b - A.astype(np.float64) @ x
    assert 0.99 * noise < np.abs(r).max() < 1.01 * noise + 1e-5


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_without_errors_the_solution_is_whole(dtype: Precision) -> None:
    truth = certified(dtype, m=1024, n=4, offset=4)
    x = stored(truth).tolist()
    if dtype == "float64":
        assert {abs(entry) for entry in x} <= {1, 2, 3}
        assert truth.residual_norm[0].mid == 0
    else:  # b is rounded
        assert all(abs(entry - round(entry)) < 1e-6 and 1 <= abs(round(entry)) <= 3 for entry in x)
        assert 0 <= float(truth.residual_norm[0]) < 1e-5


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("m", [2, 1000, 100_000, MAX_ROWS])
def test_the_largest_offset_is_stored_exactly_and_the_next_would_not_be(m: int, dtype: Precision) -> None:
    offset = most_offset(dtype, m, 2)
    A, _ = build(dtype, m=m, n=2, offset=offset, noise=0.0, seed=0)
    step = Fraction(2, 2 ** row_bits(m))
    first = offset - Fraction(m - 1, 2 ** row_bits(m))
    for i in {0, 1, m // 3, m - 1}:
        assert Fraction(float(A[i, 1])) == first + i * step
    if offset < 2**MAX_LOG2_OFFSET:
        largest = 2 * offset + Fraction(m - 1, 2 ** row_bits(m))
        assert Fraction(float(np.dtype(dtype).type(largest))) != largest
    with pytest.raises(ValueError, match=f"^offset is {2 * offset}; accepted is a number from 0 to"):
        build(dtype, m=m, n=2, offset=2 * offset, noise=0.0, seed=0)


def test_both_precisions_store_the_same_matrix() -> None:
    for params in grid("small", "float32"):
        named: dict[str, Any] = dict(params)
        (single, b), (double, c) = build("float32", **named), build("float64", **named)
        assert np.array_equal(single.astype(np.float64), double)
        assert np.array_equal(b, c.astype(np.float32))
