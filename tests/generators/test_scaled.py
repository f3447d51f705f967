"""Scales: powers of two on the integers of `exact_rank`, up to the edges of the range and not beyond."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lamm_robust.generators import exact_rank
from lamm_robust.generators.scaled import EDGES, RANGES, base, build, grid, last_bit, log2_sizes
from lamm_robust.oracles import select, stored
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.metrics import score
from lamm_robust.values import PRECISIONS, Array, Precision
from tests.support.problems import fit_ratio, problem_of, rational

EXACT = select("exact")
PLACE: dict[str, Any] = {"m": 30, "n": 10, "rank": 7, "log2_cond": 4, "residual": 0.0625, "seed": 0}


def problems(profile: str, dtype: Precision) -> list[dict[str, Any]]:
    return [dict(params) for params in grid(profile, dtype)]


def known_solution(log2_a: int, log2_b: int, **params: Any) -> list[Fraction]:
    """x★ = A⁺b: the solution of the integers, times the power of two that A and b are scaled by."""
    of = base(**params)
    shift = log2_b - max(log2_sizes(of.b.tolist())) - log2_a + max(log2_sizes(of.A.ravel().tolist()))
    return [entry * Fraction(2) ** shift for entry in of.x]


def log2_of_largest(array: Array) -> int:
    """Of the largest entry, rounded down, by way of `frexp`."""
    return int(np.frexp(np.abs(array.astype(np.float64)).max())[1]) - 1


def test_exponents_by_hand() -> None:
    assert max(log2_sizes([0, 5, -8])) == 3
    assert max(log2_sizes([Fraction(3, 4), Fraction(-1, 8)])) == -1
    assert min(log2_sizes([0, 5, -8])) == 2
    assert min(log2_sizes([Fraction(3, 4), Fraction(-1, 8)])) == -3
    assert last_bit([0, 12, -40]) == 2
    assert last_bit([7]) == 0


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_ranges_are_those_of_the_dtype(dtype: Precision) -> None:
    facts, of = np.finfo(dtype), RANGES[dtype]
    assert 2.0**of.subnormal == float(facts.smallest_subnormal)
    assert 2.0**of.tiny == float(facts.smallest_normal)
    assert 2.0**of.largest < float(facts.max) < 2.0**of.largest * 2


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("profile", ["small", "standard"])
def test_stored_problem_is_that_of_exact_rank_times_powers_of_two(profile: str, dtype: Precision) -> None:
    for params in problems(profile, dtype):
        A, b = build(dtype, **params)
        log2_a, log2_b = params.pop("log2_a"), params.pop("log2_b")
        assert (log2_of_largest(A), log2_of_largest(b)) == (log2_a, log2_b)
        for stored_array, integers in zip((A, b), exact_rank.build(dtype, **params), strict=True):
            shift = log2_of_largest(stored_array) - log2_of_largest(integers)
            assert rational(stored_array.ravel()) == [Fraction(2) ** shift * v for v in rational(integers.ravel())]


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("profile", ["small", "standard"])
def test_rank_condition_number_and_solution_of_what_is_stored(profile: str, dtype: Precision) -> None:
    for params in problems(profile, dtype):
        A, b = build(dtype, **params)
        truth = EXACT.certify(A, b)
        assert truth.rank == params["rank"]
        assert truth.kappa is not None
        assert abs(truth.kappa.mid - 2 ** params["log2_cond"]) <= truth.kappa.radius <= Fraction(1, 10**9)
        assert stored(truth).tolist() == known_solution(**params)
        assert truth.x_radius == 0
        if params["residual"]:
            # ‖b − Ax★‖/‖Ax★‖ in rationals, as the squares overflow
            assert 31 / 32 <= fit_ratio(b, truth) / params["residual"] <= 33 / 32
        else:
            assert truth.residual_norm[0].mid == 0


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("profile", ["small", "standard", "full"])
def test_every_entry_of_the_solution_is_a_normal_number(profile: str, dtype: Precision) -> None:
    of, sizes = RANGES[dtype], []
    for params in problems(profile, dtype):
        sizes += [abs(entry) for entry in known_solution(**params) if entry]
    assert Fraction(2) ** of.tiny <= min(sizes) < Fraction(2) ** (of.tiny + 16)
    assert Fraction(2) ** (of.largest - 16) < max(sizes) < Fraction(2) ** of.largest


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_the_edges_are_reached(dtype: Precision) -> None:
    of, number = RANGES[dtype], np.dtype(dtype).type
    overflow = Fraction(2) ** (of.largest + 1)
    vanish = Fraction(2) ** (of.subnormal - 1)  # half the smallest number rounds to zero
    seen = set()
    for log2_a, log2_b in EDGES[dtype]:
        A, b = build(dtype, **PLACE, log2_a=log2_a, log2_b=log2_b)
        sigma, sizes = EXACT.certify(A, b).sigma_max.mid, np.abs(A[A != 0])
        with np.errstate(over="ignore", under="ignore"):
            squares = sizes * sizes
        seen |= {
            *(["σ₁² overflows, σ₁ does not"] if sigma < overflow < sigma**2 else []),
            *(["σ₁² vanishes"] if sigma**2 < vanish else []),
            *(["all squares of entries vanish"] if not squares.any() else []),
            *(["a sum of two entries overflows"] if sizes.max() > np.finfo(dtype).max / number(2) else []),
            *(["some entries are subnormal"] if sizes.min() < np.finfo(dtype).tiny <= sizes.max() else []),
            *(["all entries are subnormal"] if sizes.max() < np.finfo(dtype).tiny else []),
            *(["b/A is huge"] if log2_b - log2_a > of.largest * 0.8 else []),
            *(["A/b is huge"] if log2_a - log2_b > of.largest * 0.8 else []),
        }
    assert len(seen) == 8, seen


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_the_limits_are_those_of_the_dtype_and_not_timid(dtype: Precision) -> None:
    of, found = base(**PLACE), RANGES[dtype]
    low, high = of.exponents_of_a(dtype)
    assert high == found.largest
    for log2_a in (low, high):
        for log2_b in of.exponents_of_b(dtype, log2_a):
            A, b = build(dtype, **PLACE, log2_a=log2_a, log2_b=log2_b)
            assert np.all(np.isfinite(A))
            assert np.all(np.isfinite(b))
        lowest, highest_b = of.exponents_of_b(dtype, log2_a)
        for wrong in (lowest - 1, highest_b + 1):
            with pytest.raises(ValueError, match=f"^log2_b is {wrong}; accepted is a whole number from {lowest} to"):
                build(dtype, **PLACE, log2_a=log2_a, log2_b=wrong)
    for wrong in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"^log2_a is {wrong}; accepted is a whole number from {low} to {high}"):
            build(dtype, **PLACE, log2_a=wrong, log2_b=0)
    # one bit further down, the last bit of an entry would be below the smallest number
    A, _ = build(dtype, **PLACE, log2_a=low, log2_b=of.exponents_of_b(dtype, low)[1])
    assert last_bit([int(v * Fraction(2) ** -found.subnormal) for v in rational(A.ravel())]) == 0


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_scores_of_an_answer_do_not_depend_on_the_scale(dtype: Precision) -> None:
    def scores(log2_a: int, log2_b: int) -> dict[str, float]:
        problem = problem_of(*build(dtype, **PLACE, log2_a=log2_a, log2_b=log2_b), dtype)
        shift = log2_b - log2_a
        x = np.ldexp(near, shift).astype(dtype)
        assert np.array_equal(np.ldexp(x.astype(np.longdouble), -shift), near)
        return score(Frame(problem, EXACT.certify(problem.A, problem.b)), x)

    exact = known_solution(**PLACE, log2_a=5, log2_b=5)
    near = np.array([float(v) for v in exact]) * (1 + 2.0**-10)
    near = near.astype(np.float32).astype(np.float64)
    plain = scores(5, 5)
    assert plain["relative_error"] == pytest.approx(2.0**-10, rel=0.01)
    for edge in EDGES[dtype]:
        assert scores(*edge) == plain
