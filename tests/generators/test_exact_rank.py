"""Exact rank: rank, singular values and solution proved in integers and rationals."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest
import scipy.linalg

from lamm_robust.generators.exact_rank import build, grid, recipe
from lamm_robust.generators.parts.known_svd import bits_needed
from lamm_robust.values import PRECISIONS, UNIT_ROUNDOFF, Array, Precision

CASES: list[dict[str, Any]] = [
    {"m": m, "n": n, "rank": rank, "log2_cond": log2_cond, "residual": residual, "seed": seed}
    for seed, (m, n, rank, log2_cond, residual) in enumerate(
        [
            (16, 9, 4, 6, 1.0),
            (9, 16, 8, 3, 2.0**-8),
            (30, 10, 7, 0, 1.0),
            (12, 12, 11, 8, 0.0),
            (12, 12, 12, 8, 0.0),
            (5, 6, 1, 0, 16.0),
            (4, 2, 2, 5, 0.5),
            (2, 3, 1, 0, 1.0),
            (7, 3, 0, 0, 1.0),
            (7, 3, 0, 0, 0.0),
            (1, 1, 1, 0, 0.0),
        ]
    )
]
cases = pytest.mark.parametrize("params", CASES, ids=lambda p: f"{p['m']}x{p['n']}-{p['rank']}")


def rationals(A: Array, b: Array) -> tuple[Any, Any]:
    exact = flint.fmpq_mat(flint.fmpz_mat([[int(entry) for entry in row] for row in A.tolist()]))
    return exact, flint.fmpq_mat(flint.fmpz_mat([[int(entry)] for entry in b.tolist()]))


def column(x: list[Fraction]) -> Any:
    return flint.fmpq_mat(len(x), 1, [flint.fmpq(entry.numerator, entry.denominator) for entry in x])


def squared_norm(column: Any) -> Fraction:
    entry = (column.transpose() * column)[0, 0]
    return Fraction(int(entry.p), int(entry.q))


@cases
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_stored_matrix_has_exactly_the_rank_and_singular_values_asked(params: dict[str, Any], dtype: Precision) -> None:
    A, b = build(dtype, **params)
    exact, _ = rationals(A, b)
    rank, last = params["rank"], max(params["rank"] - 1, 1)
    assert np.array_equal(A, np.round(A))
    assert exact.rank() == rank
    # AᵀA has the eigenvalues σ², all of them powers of 4: compare characteristic polynomials, exactly
    scale = np.linalg.norm(A, 2) if rank else 1.0
    largest = 2 ** round(np.log2(scale))
    factor = flint.fmpq_poly([0, 1]) ** (params["n"] - rank)
    for i in range(rank):
        sigma = largest // 2 ** (i * params["log2_cond"] // last)
        factor *= flint.fmpq_poly([-(sigma**2), 1])
    assert (exact.transpose() * exact).charpoly() == factor
    if rank:
        assert sigma * 2 ** params["log2_cond"] == largest


@cases
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_known_solution_is_the_minimum_norm_solution_of_the_stored_problem(
    params: dict[str, Any], dtype: Precision
) -> None:
    A, b = rationals(*build(dtype, **params))
    x = column(recipe(**params).solution())
    residual = b - A * x
    assert A.transpose() * residual == flint.fmpq_mat(params["n"], 1)
    augmented = flint.fmpq_mat(params["m"] + 1, params["n"], [*A.entries(), *x.entries()])
    assert augmented.rank() == params["rank"]  # x★ is in the row space
    assert (squared_norm(x) > 0) == (params["rank"] > 0)


@cases
def test_residual_is_of_the_size_asked(params: dict[str, Any]) -> None:
    A, b = rationals(*build("float64", **params))
    image = A * column(recipe(**params).solution())
    size, asked = squared_norm(b - image), Fraction(params["residual"]) ** 2
    if params["rank"]:
        ratio = size / squared_norm(image)
        assert asked * Fraction(31, 32) ** 2 <= ratio <= asked * Fraction(33, 32) ** 2
    else:
        assert (size > 0) == (asked > 0)


@pytest.mark.parametrize("log2_residual", [-8, -3, 0, 5])
@pytest.mark.parametrize("rank", [1, 2, 7])
def test_residual_is_the_nearest_whole_number_above_sixteen(rank: int, log2_residual: int) -> None:
    for seed in range(10):
        parts = recipe(9, 8, rank, 3 if rank > 1 else 0, 2.0**log2_residual, seed)
        image = sum((sigma * y) ** 2 for sigma, y in zip(parts.sigma, parts.y, strict=True))
        square = Fraction(4) ** (parts.shift + log2_residual) * image
        assert (parts.rho - Fraction(1, 2)) ** 2 <= square <= (parts.rho + Fraction(1, 2)) ** 2
        assert square >= 16**2
        assert parts.shift == 0 or square < 32**2  # no larger than it must be


@cases
def test_both_precisions_store_the_same_integers(params: dict[str, Any]) -> None:
    for single, double in zip(build("float32", **params), build("float64", **params), strict=True):
        assert (single.dtype.name, double.dtype.name) == ("float32", "float64")
        assert np.array_equal(single.astype(np.float64), double)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize(("m", "n", "rank"), [(30, 10, 9), (10, 30, 4), (3, 3, 2), (100, 50, 49)])
@pytest.mark.parametrize("residual", [0.0, 2.0**-6, 1.0, 8.0])
def test_the_largest_condition_number_still_fits(dtype: Precision, m: int, n: int, rank: int, residual: float) -> None:
    bits = {"float32": 24, "float64": 53}[dtype]
    limit = max(k for k in range(bits) if bits_needed(m, n, rank, k, residual) <= bits)
    for seed in range(3):
        params: dict[str, Any] = {"m": m, "n": n, "rank": rank, "residual": residual, "seed": seed}
        A, b = build(dtype, **params, log2_cond=limit)
        assert max(np.abs(A).max(), np.abs(b).max()) <= 2**bits
        exact, target = rationals(A, b)
        x = column(recipe(**params, log2_cond=limit).solution())
        assert exact.transpose() * (target - exact * x) == flint.fmpq_mat(n, 1)
        with pytest.raises(ValueError, match=f"log2_cond is {limit + 1}"):
            build(dtype, **params, log2_cond=limit + 1)


def test_the_limit_is_not_timid() -> None:
    # 30×10: three layers on the left and two on the right leave 24 − 5 bits, b takes two more for ‖y‖
    assert bits_needed(30, 10, 9, 17, 0.0) == 24
    # and a residual of 1 takes one more
    assert bits_needed(30, 10, 9, 15, 1.0) <= 24


def test_quick_grid_holds_deficient_problems_only_with_different_seeds() -> None:
    for dtype in PRECISIONS:
        listed: list[dict[str, Any]] = list(grid("small", dtype))
        assert len(listed) >= 20
        assert all(params["rank"] < min(params["m"], params["n"]) for params in listed)
        assert {params["seed"] for params in listed} == {0, 1}
        assert len({params["rank"] for params in listed}) >= 5


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_pivoted_qr_with_its_default_tolerance_falls_for_some(dtype: Precision) -> None:
    wrong = 0
    listed: list[dict[str, Any]] = list(grid("small", dtype))
    for params in listed:
        x = np.array([float(entry) for entry in recipe(**params).solution()])
        A, b = build(dtype, **params)
        # scipy's default `cond`, handed over by name: eps = 2u
        answer = scipy.linalg.lstsq(A, b, cond=2 * UNIT_ROUNDOFF[dtype], lapack_driver="gelsy")[0]
        wrong += bool(np.linalg.norm(answer - x) > 0.1 * np.linalg.norm(x))
    assert 0.1 * len(listed) < wrong < 0.9 * len(listed)
