"""The gap: singular values of the stored bits, exactly where they fit and within Weyl's bound elsewhere."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest

from lamm_robust.generators.near_rank import build, fits, grid, recipe
from lamm_robust.generators.parts.known_svd import layers
from lamm_robust.generators.parts.stream import Stream
from lamm_robust.oracles import select
from lamm_robust.values import PRECISIONS, UNIT_ROUNDOFF, Array, Ball, Precision
from tests.support.problems import fit_ratio, rational

EXACT = select("exact")

CASES: list[dict[str, Any]] = [
    {"m": m, "n": n, "rank": rank, "gap_bits": gap, "log2_cond": cond, "residual": residual, "seed": seed}
    for seed, (m, n, rank, gap, cond, residual) in enumerate(
        [
            (30, 10, 7, 5, 0, 2.0**-8),
            (30, 10, 7, 12, 2, 1.0),
            (16, 9, 8, 10, 3, 0.0),
            (12, 12, 5, 14, 0, 0.0),
            (9, 16, 1, 13, 0, 0.0),
            (9, 16, 4, 0, 4, 0.0),
            (4, 2, 1, 8, 0, 0.5),
            (2, 2, 1, 20, 0, 0.0),
            (3, 7, 2, 6, 6, 0.0),
        ]
    )
]
cases = pytest.mark.parametrize("params", CASES, ids=lambda p: f"{p['m']}x{p['n']}-{p['gap_bits']}")


def fitting(params: dict[str, Any], dtype: Precision) -> bool:
    return fits(dtype, **{name: params[name] for name in ("m", "n", "gap_bits", "log2_cond", "residual")})


def scale(params: dict[str, Any]) -> Fraction:
    """2^(L+R), which the singular values carry."""
    return Fraction(2) ** sum(len(layers(Stream("any"), params[size])) for size in ("m", "n"))


def holds(ball: Ball, value: Fraction) -> bool:
    """The enclosure of a singular value is about 2·10⁻¹⁵ wide."""
    return abs(ball.mid - value) <= ball.radius <= abs(value) / 10**14


def frobenius(A: Array) -> Fraction:
    """An upper bound of ‖A‖_F."""
    return Fraction(float(np.linalg.norm(A.astype(np.float64)))) * Fraction(1001, 1000)


@cases
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_stored_singular_values_are_exactly_those_asked(params: dict[str, Any], dtype: Precision) -> None:
    assert fitting(params, dtype)
    A, b = build(dtype, **params)
    count, rank = min(params["m"], params["n"]), params["rank"]
    truth, cut = EXACT.certify(A, b), EXACT.truncate
    assert cut is not None
    assert truth.rank == count
    assert truth.kappa is not None
    assert holds(truth.sigma_min, scale(params))
    assert holds(truth.kappa, Fraction(2) ** (params["gap_bits"] + params["log2_cond"]))
    if params["gap_bits"]:
        found = cut(A, b, rank)
        assert holds(found.certificate.sigma_min, scale(params) * 2 ** params["gap_bits"])
        assert holds(found.sigma_next, scale(params))


@cases
def test_all_singular_values_by_the_characteristic_polynomial(params: dict[str, Any]) -> None:
    A, _ = build("float32", **params)
    exact = flint.fmpz_mat([[int(entry) for entry in row] for row in A.tolist()])
    rank, count, base = params["rank"], min(params["m"], params["n"]), int(scale(params))
    factor = flint.fmpz_poly([0, 1]) ** (params["n"] - count) * flint.fmpz_poly([-(base**2), 1]) ** (count - rank)
    last = max(rank - 1, 1)
    for i in range(rank):
        sigma = base * 2 ** (params["gap_bits"] + params["log2_cond"] - i * params["log2_cond"] // last)
        factor *= flint.fmpz_poly([-(sigma**2), 1])
    assert (exact.transpose() * exact).charpoly() == factor


@cases
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_known_solution_and_residual_are_those_of_the_stored_problem(params: dict[str, Any], dtype: Precision) -> None:
    A, b = build(dtype, **params)
    x = recipe(**params).solution()
    r = [y - sum(a * c for a, c in zip(rational(row), x, strict=True)) for row, y in zip(A, rational(b), strict=True)]
    for column in A.T:
        assert sum(a * c for a, c in zip(rational(column), r, strict=True)) == 0
    if params["residual"]:
        assert 31 / 32 <= fit_ratio(b, EXACT.certify(A, b)) / params["residual"] <= 33 / 32
    else:
        assert not any(r)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("profile", ["small", "standard"])
def test_rounding_moves_singular_values_by_no_more_than_weyl_allows(profile: str, dtype: Precision) -> None:
    exact = rounded = 0
    for params in grid(profile, dtype):
        named: dict[str, Any] = dict(params)
        A, b = build(dtype, **named)
        truth = EXACT.certify(A, b)
        assert truth.rank == min(named["m"], named["n"])
        largest = scale(named) * 2 ** (named["gap_bits"] + named["log2_cond"])
        if fitting(named, dtype):
            assert holds(truth.sigma_min, scale(named))
            assert holds(truth.sigma_max, largest)
            exact += 1
            continue
        bound = Fraction(UNIT_ROUNDOFF[dtype]) * frobenius(A)
        assert abs(truth.sigma_min.mid - scale(named)) <= bound
        assert abs(truth.sigma_max.mid - largest) <= bound
        rounded += 1
    assert exact >= 5
    assert rounded >= 1


@pytest.mark.parametrize(("dtype", "gap"), [("float32", 22), ("float32", 24), ("float64", 51), ("float64", 53)])
@pytest.mark.parametrize(("m", "n", "rank"), [(30, 10, 7), (16, 16, 8), (10, 30, 5)])
def test_up_to_rounding_the_gap_is_there_and_no_longer_exact(
    m: int, n: int, rank: int, dtype: Precision, gap: int
) -> None:
    for seed in range(3):
        A, b = build(dtype, m=m, n=n, rank=rank, gap_bits=gap, log2_cond=0, residual=0.0, seed=seed)
        kappa = EXACT.certify(A, b).kappa
        assert kappa is not None
        assert 0.5 <= float(kappa) / 2**gap <= 2
        assert not holds(kappa, Fraction(2) ** gap)


@pytest.mark.parametrize(("dtype", "gap"), [("float32", 30), ("float64", 59)])
def test_beyond_rounding_the_small_singular_values_shrink_and_some_vanish(dtype: Precision, gap: int) -> None:
    params: dict[str, Any] = {"m": 16, "n": 16, "rank": 8, "log2_cond": 0, "residual": 0.0, "seed": 0}
    A, b = build(dtype, **params, gap_bits=gap)
    truth, cut = EXACT.certify(A, b), EXACT.truncate
    assert cut is not None
    assert 8 < truth.rank < 16
    found, asked = cut(A, b, 8), scale(params)
    assert asked / 16 < found.sigma_next.mid <= asked + Fraction(UNIT_ROUNDOFF[dtype]) * frobenius(A)
    assert abs(found.certificate.sigma_min.mid / (asked * 2**gap) - 1) < max(8 * UNIT_ROUNDOFF[dtype], 1e-14)
    assert truth.sigma_min.mid < asked / 8


def test_the_limit_is_not_timid() -> None:
    def widest(dtype: Precision, residual: float) -> int:
        return max(k for k in range(60) if fits(dtype, m=30, n=10, gap_bits=k, log2_cond=0, residual=residual))

    # three layers on the left leave 21 of the 24 bits; three on the right, or four for ‖y‖ ≤ 3√10, come off these
    assert widest("float32", 0.0) == 17
    assert widest("float64", 0.0) == 46
    assert widest("float32", 2.0**-8) == 16


def test_what_fits_float32_is_stored_alike_in_both_precisions() -> None:
    for params in CASES:
        for single, double in zip(build("float32", **params), build("float64", **params), strict=True):
            assert np.array_equal(single.astype(np.float64), double)
