"""The table of families: every member keeps the promises of `Family`, and bad keys get one clear line."""

from __future__ import annotations

from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from lamm_robust.generators import FAMILIES, build_problem
from lamm_robust.values import PRECISIONS, PROFILES, Family, Precision, ProblemKey

SIMPLEST: dict[str, dict[str, Any]] = {
    "spectrum": {
        "m": 1,
        "n": 1,
        "mode": "one_large",
        "log10_cond": 0,
        "residual": 0.0,
        "direction": "leading",
        "seed": 0,
    },
    "exact_rank": {"m": 1, "n": 1, "rank": 0, "log2_cond": 0, "residual": 0.0, "seed": 0},
    "polynomial": {"points": 2, "degree": 0, "abscissae": "integers", "seed": 0},
    "nist": {"dataset": "Norris"},
    "lamm": {"modes": 2, "directions": 1, "step": 0.0, "seed": 0},
    "named": {"matrix": "vandermonde", "m": 1, "n": 1, "parameter": 0, "residual": 0.0, "seed": 0},
    "integral": {"equation": "phillips", "m": 1, "n": 1, "noise": 0.0, "seed": 0},
    "columns": {"m": 1, "n": 2, "pattern": "duplicate", "position": "first", "residual": 0.0, "seed": 0},
    "offset": {"m": 2, "regressors": 1, "offset": 0, "step": 1.0, "seed": 0},
    "near_rank": {"m": 2, "n": 2, "rank": 1, "gap_bits": 0, "log2_cond": 0, "residual": 0.0, "seed": 0},
    "weighted": {
        "m": 1,
        "n": 1,
        "log2_span": 0,
        "order": "descending",
        "axis": "rows",
        "residual": 0.0,
        "seed": 0,
    },
    "field": {"report": "krylov-1054"},
    "scaled": {"m": 1, "n": 1, "rank": 1, "log2_cond": 0, "residual": 0.0, "log2_a": 0, "log2_b": 0, "seed": 0},
    "tall": {"m": 1, "n": 1, "offset": 0, "noise": 0.0, "seed": 0},
    "right_sides": {"m": 1, "n": 1, "rank": 1, "log2_cond": 0, "k": 1, "log2_span": 0, "seed": 0},
    "raw": {"A": 0, "b": 0},
    "degenerate": {"m": 0, "n": 0, "matrix": "zero", "target": "zero", "seed": 0},
    "nonfinite": {"m": 1, "n": 1, "rank": 1, "value": "not-a-number", "array": "A", "place": "first", "seed": 0},
    "orthogonal": {"matrix": "spectrum_1", "seed": 0},
}

GRID_SIZES = {"small": (190, 290), "standard": (1000, 1400), "full": (8000, 15000)}
GRID_SHAPES = {"small": 38, "standard": 74, "full": 140}

families = pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
precisions = pytest.mark.parametrize("dtype", PRECISIONS)


def keys(profile: str, dtype: Precision) -> list[ProblemKey]:
    return [
        ProblemKey(family.name, tuple(params.items()), dtype)
        for family in FAMILIES
        for params in family.grid(profile, dtype)
    ]


def named(family: str, dtype: str = "float64", **params: Any) -> ProblemKey:
    return ProblemKey(family, tuple(params.items()), dtype)  # type: ignore[arg-type]


# --- members --------------------------------------------------------------------------------------------


def test_names_are_unique_and_complete() -> None:
    assert [family.name for family in FAMILIES] == list(SIMPLEST)


@families
def test_words_are_there(family: Family) -> None:
    assert family.summary
    assert all(meaning for meaning in family.parameters.values())


@families
@precisions
def test_problems_are_read_only_arrays_of_the_dtype(family: Family, dtype: Precision) -> None:
    problem = build_problem(ProblemKey(family.name, tuple(SIMPLEST[family.name].items()), dtype))
    assert problem.A.dtype == problem.b.dtype == np.dtype(dtype)
    assert problem.A.shape == (problem.m, problem.n)
    several = (SIMPLEST[family.name]["k"],) if "k" in SIMPLEST[family.name] else ()
    assert problem.b.shape == (problem.m, *several)
    with pytest.raises(ValueError, match="read-only"):
        problem.A[...] = 1
    with pytest.raises(ValueError, match="read-only"):
        problem.b[...] = 1


@families
@precisions
def test_the_simplest_problem_is_what_a_search_shrinks_to(family: Family, dtype: Precision) -> None:
    found = hypothesis.find(family.strategy(dtype), lambda _: True)
    assert found == SIMPLEST[family.name]
    assert list(found) == list(family.parameters)


@families
@precisions
def test_every_draw_builds(family: Family, dtype: Precision) -> None:
    @hypothesis.settings(max_examples=40, derandomize=True, deadline=None, database=None)
    @hypothesis.given(st.data())
    def check(data: st.DataObject) -> None:
        params = data.draw(family.strategy(dtype))
        problem = build_problem(ProblemKey(family.name, tuple(params.items()), dtype))
        assert problem.A.flags.c_contiguous
        assert (np.isfinite(problem.A).all() and np.isfinite(problem.b).all()) == family.defined

    check()


# --- grids ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [profile.name for profile in PROFILES])
@precisions
def test_grids_have_the_promised_number_of_different_problems(profile: str, dtype: Precision) -> None:
    listed = keys(profile, dtype)
    low, high = GRID_SIZES[profile]
    assert low <= len(listed) <= high
    assert len(set(map(str, listed))) == len(listed)
    assert {key.family for key in listed} == {family.name for family in FAMILIES}


@pytest.mark.parametrize(("profile", "every"), [("small", 1), ("standard", 2), ("full", 40)])
def test_grids_build_within_the_promised_number_of_shapes(profile: str, every: int) -> None:
    """The problems of the two precisions take turns, for their shapes are the same."""
    some = *keys(profile, "float32")[::every], *keys(profile, "float64")[every // 2 :: every]
    problems = [build_problem(key) for key in some]
    shapes = {(problem.m, problem.n) for problem in problems}
    assert len(shapes) <= GRID_SHAPES[profile]
    assert any(m > n for m, n in shapes)
    assert any(m == n for m, n in shapes)
    assert any(m < n for m, n in shapes)
    assert len({problem.digest for problem in problems}) >= 0.98 * len(problems)


@families
@precisions
def test_grids_name_parameters_in_the_order_of_the_key(family: Family, dtype: Precision) -> None:
    for profile in PROFILES:
        grid = list(family.grid(profile.name, dtype))
        assert all(list(params) == list(family.parameters) for params in grid)
        assert grid == list(family.grid(profile.name, dtype))


def test_larger_profiles_use_more_seeds() -> None:
    for dtype in PRECISIONS:
        asked = [[dict(key.params) for key in keys(profile.name, dtype)] for profile in PROFILES]
        # but for problems of 4×2, of which small has eight alike: what they are for shows at one in three
        seeds = [{params.get("seed") for params in listed if params.get("m") != 4} for listed in asked]
        assert seeds[0] < seeds[1] <= seeds[2]


@families
def test_unknown_profile_is_refused(family: Family) -> None:
    with pytest.raises(ValueError, match=r"profile is 'fast'; accepted is one of small, standard, full"):
        list(family.grid("fast", "float64"))


# --- bad keys -------------------------------------------------------------------------------------------


def test_parameters_are_put_in_the_order_of_the_family() -> None:
    shuffled = named("polynomial", seed=0, abscissae="unit", degree=1, points=4)
    assert str(build_problem(shuffled).key) == "polynomial points=4 degree=1 abscissae=unit seed=0 dtype=float64"


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (
            named("spectra"),
            "family is 'spectra'; accepted is one of spectrum, exact_rank, polynomial, nist, lamm, named, integral",
        ),
        (named("nist", datum="Norris"), "nist has no parameter 'datum'; accepted are dataset"),
        (named("nist"), "nist needs the parameter 'dataset'; its parameters are dataset"),
        (named("nist", dataset="norris"), "dataset is 'norris'; accepted is one of Norris, Pontius"),
        (
            named("nist", dtype="float16", dataset="Norris"),
            "dtype is 'float16'; accepted is one of float32, float64",
        ),
    ],
)
def test_bad_keys_are_refused_by_name(key: ProblemKey, sentence: str) -> None:
    with pytest.raises(ValueError, match="^" + sentence):
        build_problem(key)


GOOD: dict[str, dict[str, Any]] = {
    "spectrum": SIMPLEST["spectrum"] | {"m": 6, "n": 3},
    "exact_rank": SIMPLEST["exact_rank"] | {"m": 6, "n": 5, "rank": 4},
    "polynomial": SIMPLEST["polynomial"] | {"points": 6, "degree": 2},
    "lamm": SIMPLEST["lamm"] | {"modes": 3},
    "named": SIMPLEST["named"] | {"m": 6, "n": 5},
    "integral": SIMPLEST["integral"] | {"m": 6, "n": 6},
    "columns": SIMPLEST["columns"] | {"m": 6, "n": 5},
    "offset": SIMPLEST["offset"] | {"m": 6, "regressors": 2},
    "near_rank": SIMPLEST["near_rank"] | {"m": 6, "n": 5, "rank": 2},
    "weighted": SIMPLEST["weighted"] | {"m": 6, "n": 5},
    "scaled": SIMPLEST["scaled"] | {"m": 6, "n": 5, "rank": 4},
    "tall": SIMPLEST["tall"] | {"m": 8, "n": 3},
    "right_sides": SIMPLEST["right_sides"] | {"m": 6, "n": 5, "rank": 4},
    "degenerate": SIMPLEST["degenerate"] | {"m": 6, "n": 5},
    "nonfinite": SIMPLEST["nonfinite"] | {"m": 6, "n": 5},
    "orthogonal": SIMPLEST["orthogonal"],
}


@pytest.mark.parametrize(
    ("family", "changed", "sentence"),
    [
        ("spectrum", {"m": 0}, "m is 0; accepted is a whole number from 1 to 4096"),
        ("spectrum", {"n": 2.0}, "n is 2.0; accepted is a whole number"),
        ("spectrum", {"m": True}, "m is True; accepted is a whole number"),
        ("spectrum", {"mode": "flat"}, "mode is 'flat'; accepted is one of one_large, one_small, geometric"),
        ("spectrum", {"log10_cond": -1}, "log10_cond is -1; accepted is a number from 0 to 30"),
        ("spectrum", {"log10_cond": float("nan")}, "log10_cond is nan; accepted is a number from 0 to 30"),
        ("spectrum", {"log10_cond": 2, "n": 1}, "log10_cond is 2; with one singular value"),
        ("spectrum", {"residual": -0.5}, "residual is -0.5; accepted is a number from 0"),
        ("spectrum", {"residual": "1"}, "residual is '1'; accepted is a number from 0"),
        ("spectrum", {"residual": 1.0, "n": 6}, "residual is 1.0; where the range is the whole space"),
        ("spectrum", {"direction": "up"}, "direction is 'up'; accepted is one of leading, trailing, random"),
        ("spectrum", {"seed": -1}, "seed is -1; accepted is a whole number from 0 to 9223372036854775807"),
        ("exact_rank", {"m": 5000}, "m is 5000; accepted is a whole number from 1 to 4096"),
        ("exact_rank", {"n": 0}, "n is 0; accepted is a whole number"),
        ("exact_rank", {"rank": 6}, "rank is 6; accepted is a whole number from 0 to 5"),
        ("exact_rank", {"rank": 1, "log2_cond": 1}, "log2_cond is 1; accepted is 0"),
        ("exact_rank", {"residual": 0.3}, "residual is 0.3; accepted is 0 or a power of two"),
        ("exact_rank", {"m": 4, "residual": 1.0}, "residual is 1.0; where the range is the whole space"),
        ("exact_rank", {"log2_cond": 53}, "log2_cond is 53: with m=6 n=5 rank=4 .* the 53 of float64 hold"),
        ("exact_rank", {"seed": 0.5}, "seed is 0.5; accepted is a whole number"),
        ("polynomial", {"points": 1}, "points is 1; accepted is a whole number from 2 to 1000"),
        ("polynomial", {"degree": 6}, "degree is 6; accepted is a whole number from 0 to 5"),
        ("polynomial", {"points": 50, "degree": 13}, "degree is 13; accepted is a whole number from 0 to 12"),
        (
            "polynomial",
            {"abscissae": "evenly"},
            "abscissae is 'evenly'; accepted is one of integers, unit, centred",
        ),
        ("polynomial", {"seed": None}, "seed is None; accepted is a whole number"),
        ("lamm", {"modes": 1}, "modes is 1; accepted is a whole number from 2 to 16"),
        ("lamm", {"directions": 0}, "directions is 0; accepted is a whole number from 1 to 1024"),
        ("lamm", {"step": 2}, "step is 2; accepted is a number from 0 to 1"),
        ("lamm", {"step": 1e-17}, "step is 1e-17; in float64 accepted is 0 or from"),
        ("lamm", {"seed": 2**63}, "seed is 9223372036854775808; accepted is a whole number"),
        ("named", {"matrix": "hilb"}, "matrix is 'hilb'; accepted is one of vandermonde, chebyshev_vandermonde"),
        ("named", {"m": 257}, "m is 257; accepted is a whole number from 1 to 256"),
        ("named", {"n": 17}, "n is 17; accepted is a whole number from 1 to 16"),
        ("named", {"matrix": "triw", "n": 65}, "n is 65; accepted is a whole number from 1 to 64"),
        ("named", {"matrix": "gfpp", "n": 7}, "n is 7; accepted is a whole number from 1 to 6"),
        ("named", {"matrix": "pascal", "m": 30, "n": 29}, "n is 29; accepted is a whole number from 1 to 28"),
        ("named", {"matrix": "lauchli", "n": 4}, "m is 6; with matrix=lauchli and n=4 accepted is 5"),
        ("named", {"matrix": "lauchli", "parameter": 61}, "parameter is 61; accepted is a whole number from 0 to 60"),
        ("named", {"matrix": "kahan"}, "parameter is 0; accepted is a whole number from 1 to 60"),
        ("named", {"parameter": 1}, "parameter is 1; accepted is 0"),
        ("named", {"residual": 1e16}, r"residual is 1e\+16; accepted is a number from 0"),
        ("named", {"residual": 1.0, "n": 6}, "residual is 1.0; where the range is the whole space"),
        ("named", {"seed": -1}, "seed is -1; accepted is a whole number"),
        ("integral", {"equation": "blur"}, "equation is 'blur'; accepted is one of phillips, shaw, heat"),
        ("integral", {"n": 65}, "n is 65; accepted is a whole number from 1 to 64"),
        ("integral", {"m": 5}, "m is 5; accepted is a whole number from 6 to 12"),
        ("integral", {"m": 7}, "m is 7; with equation=phillips and n=6 accepted is 6 or 12"),
        (
            "integral",
            {"equation": "heat", "m": 17, "n": 17},
            "m is 17; with equation=heat and n=17 accepted is 34",
        ),
        ("integral", {"noise": 1.0}, "noise is 1.0; accepted is a number from 0 to 0.5"),
        ("integral", {"seed": True}, "seed is True; accepted is a whole number"),
        ("columns", {"m": 0}, "m is 0; accepted is a whole number from 1 to 4096"),
        ("columns", {"n": 1}, "n is 1; accepted is a whole number from 2 to 128"),
        ("columns", {"n": 3, "pattern": "dummy"}, "n is 3; accepted is a whole number from 4 to 128"),
        ("columns", {"pattern": "twice"}, "pattern is 'twice'; accepted is one of duplicate, affine, scaled"),
        ("columns", {"position": 0}, "position is 0; accepted is one of first, middle, last"),
        ("columns", {"residual": 0.3}, "residual is 0.3; accepted is 0 or a power of two"),
        ("columns", {"residual": 2.0**-11}, "residual is 0.00048828125; accepted is 0 or from 0.000976562 to 4"),
        ("columns", {"residual": 8.0}, "residual is 8.0; accepted is a number from 0 to 4"),
        ("columns", {"residual": 1.0, "n": 7}, r"residual is 1.0; where no row can stand twice \(m=6, rank=6\)"),
        ("columns", {"seed": -1}, "seed is -1; accepted is a whole number"),
        ("offset", {"m": 1}, "m is 1; accepted is a whole number from 2 to 1000"),
        ("offset", {"regressors": 6}, "regressors is 6; accepted is a whole number from 1 to 5"),
        ("offset", {"offset": 1.7e9}, "offset is 1700000000.0; accepted is a whole number from 0"),
        ("offset", {"offset": 10**16}, "offset is 10000000000000000; accepted is a whole number from 0"),
        ("offset", {"step": 0}, "step is 0; accepted is a number from 9.53674e-07 to 86400"),
        ("offset", {"step": -1.0}, "step is -1.0; accepted is a number from 0 to 86400"),
        ("offset", {"seed": "0"}, "seed is '0'; accepted is a whole number"),
        ("near_rank", {"m": 1}, "m is 1; accepted is a whole number from 2 to 512"),
        ("near_rank", {"n": 1}, "n is 1; accepted is a whole number from 2 to 512"),
        ("near_rank", {"rank": 5}, "rank is 5; accepted is a whole number from 1 to 4"),
        ("near_rank", {"gap_bits": 60}, "gap_bits is 60; accepted is a whole number from 0 to 59"),
        ("near_rank", {"log2_cond": 21}, "log2_cond is 21; accepted is a whole number from 0 to 20"),
        ("near_rank", {"rank": 1, "log2_cond": 1}, "log2_cond is 1; accepted is 0"),
        ("near_rank", {"residual": 2.0**-21}, "residual is 4.76837158203125e-07; accepted is 0 or from"),
        ("near_rank", {"residual": 1.0, "n": 6}, "residual is 1.0; where the range is the whole space"),
        ("near_rank", {"seed": 0.5}, "seed is 0.5; accepted is a whole number"),
        ("weighted", {"m": 5000}, "m is 5000; accepted is a whole number from 1 to 4096"),
        ("weighted", {"n": 129}, "n is 129; accepted is a whole number from 1 to 128"),
        ("weighted", {"log2_span": 81}, "log2_span is 81; accepted is a whole number from 0 to 80"),
        ("weighted", {"log2_span": 8, "m": 2, "n": 1}, "log2_span is 8; accepted is 0"),
        ("weighted", {"log2_span": 8, "axis": "columns", "n": 1}, "log2_span is 8; accepted is 0"),
        ("weighted", {"order": "sorted"}, "order is 'sorted'; accepted is one of descending, ascending, shuffled"),
        ("weighted", {"axis": "both"}, "axis is 'both'; accepted is one of rows, columns"),
        ("weighted", {"residual": 1.0, "n": 6}, "residual is 1.0; where no row can stand twice"),
        ("weighted", {"seed": True}, "seed is True; accepted is a whole number"),
        ("scaled", {"rank": 0}, "rank is 0; accepted is a whole number from 1 to 5"),
        ("scaled", {"m": 0}, "m is 0; accepted is a whole number from 1 to 4096"),
        ("scaled", {"log2_cond": 53}, "log2_cond is 53: with m=6 n=5 rank=4 "),
        ("scaled", {"log2_a": 1024}, "log2_a is 1024; accepted is a whole number from -10.. to 1023"),
        ("scaled", {"log2_a": -1074}, "log2_a is -1074; accepted is a whole number from -10.. to 1023"),
        ("scaled", {"log2_a": 1000, "log2_b": -100}, "log2_b is -100; accepted is a whole number from -..? to 1023"),
        ("scaled", {"log2_a": 0.5}, "log2_a is 0\\.5; accepted is a whole number"),
        ("scaled", {"seed": -1}, "seed is -1; accepted is a whole number"),
        ("tall", {"m": 0}, "m is 0; accepted is a whole number from 1 to 1048576"),
        ("tall", {"n": 5}, "n is 5; accepted is a whole number from 1 to 4"),
        ("tall", {"m": 1024, "n": 9}, "n is 9; accepted is a whole number from 1 to 8"),
        ("tall", {"n": 1, "offset": 1}, "offset is 1; accepted is a number from 0 to 0"),
        ("tall", {"offset": 3}, "offset is 3; accepted is 0 or a power of two"),
        ("tall", {"offset": 0.5}, "offset is 0\\.5; accepted is 0 or from 1 to"),
        ("tall", {"offset": 1073741824}, "offset is 1073741824; accepted is a number from 0 to 5.36871e"),
        ("tall", {"noise": 32.0}, "noise is 32\\.0; accepted is a number from 0 to 16"),
        ("tall", {"noise": 7.62939453125e-06}, "noise is 7.62939453125e-06; accepted is 0 or from"),
        ("tall", {"seed": "0"}, "seed is '0'; accepted is a whole number"),
        ("right_sides", {"m": 5000}, "m is 5000; accepted is a whole number from 1 to 4096"),
        ("right_sides", {"n": 0}, "n is 0; accepted is a whole number from 1 to 4096"),
        ("right_sides", {"rank": 6}, "rank is 6; accepted is a whole number from 1 to 5"),
        ("right_sides", {"rank": 1, "log2_cond": 1}, "log2_cond is 1; accepted is 0"),
        ("right_sides", {"log2_cond": 53}, "log2_cond is 53; accepted is a whole number from 0 to 4."),
        ("right_sides", {"k": 0}, "k is 0; accepted is a whole number from 1 to 64"),
        ("right_sides", {"log2_span": 81}, "log2_span is 81; accepted is a whole number from 0 to 80"),
        ("right_sides", {"seed": True}, "seed is True; accepted is a whole number"),
        ("degenerate", {"m": -1}, "m is -1; accepted is a whole number from 0 to 4096"),
        ("degenerate", {"n": 129}, "n is 129; accepted is a whole number from 0 to 128"),
        ("degenerate", {"matrix": "full"}, "matrix is 'full'; accepted is one of zero, dense, column, row"),
        ("degenerate", {"target": "any"}, "target is 'any'; accepted is one of zero, general, orthogonal"),
        (
            "degenerate",
            {"target": "general"},
            "target is 'general'; where m=6 and rank=0 accepted is zero or orthogonal",
        ),
        (
            "degenerate",
            {"m": 0, "matrix": "row"},
            "matrix is 'row'; where A is 0×5 and has no entries accepted is zero",
        ),
        ("degenerate", {"seed": -1}, "seed is -1; accepted is a whole number"),
        ("nonfinite", {"m": 0}, "m is 0; accepted is a whole number from 1 to 256"),
        ("nonfinite", {"rank": 0}, "rank is 0; accepted is a whole number from 1 to 5"),
        ("nonfinite", {"value": "nan"}, "value is 'nan'; accepted is one of not-a-number, plus-infinity"),
        ("nonfinite", {"array": "x"}, "array is 'x'; accepted is one of A, b"),
        ("nonfinite", {"array": "b", "place": "row"}, "place is 'row'; accepted is one of first, middle, last, all"),
        ("nonfinite", {"seed": 0.5}, "seed is 0.5; accepted is a whole number"),
        ("orthogonal", {"matrix": "spectrum"}, "matrix is 'spectrum'; accepted is one of spectrum_1, spectrum_3"),
        ("orthogonal", {"seed": -1}, "seed is -1; accepted is a whole number from 0"),
    ],
)
def test_bad_values_are_refused_by_name(family: str, changed: dict[str, Any], sentence: str) -> None:
    build_problem(named(family, **GOOD[family]))
    with pytest.raises(ValueError, match="^" + sentence):
        build_problem(named(family, **(GOOD[family] | changed)))
