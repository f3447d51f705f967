"""Plans are pure functions of names: shards are disjoint and complete, and selections survive being written down."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from lamm_robust import catalog
from lamm_robust.runs import plan
from lamm_robust.runs.plan import Selection, Shard, grid, parse_selection, parse_shard
from lamm_robust.scoring.verdicts import shape_of
from lamm_robust.values import DEVICES, PRECISIONS, SHAPES, Precision

SELECTION = Selection("quick", PRECISIONS, DEVICES, ("numpy", "*-qr-*"), ("polynomial", "spectrum"), Shard(2, 5))


def keys(selection: Selection) -> list[str]:
    return [str(case) for case in selection.cases()]


@pytest.mark.parametrize("of", [1, 2, 3, 7, 100])  # which is more than there are problems
def test_shards_are_disjoint_and_complete(of: int) -> None:
    whole = Selection("quick", PRECISIONS, ("cpu",), ("numpy",), ("polynomial", "nist", "raw"))
    parts = [keys(replace(whole, shard=Shard(k, of))) for k in range(1, of + 1)]
    assert Counter(key for part in parts for key in part) == Counter(keys(whole))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= max(Counter(key.split(" @ ")[0] for key in keys(whole)).values())


def test_a_problem_is_in_one_shard_with_all_its_solvers() -> None:
    problems = [
        {key.split(" @ ")[0] for key in keys(Selection("quick", PRECISIONS, ("cpu",), shard=Shard(k, 4)))}
        for k in range(1, 5)
    ]
    assert sum(map(len, problems)) == len(set().union(*problems))


def test_plans_are_the_same_every_time() -> None:
    assert keys(SELECTION) == keys(SELECTION)
    assert len(set(keys(SELECTION))) == len(keys(SELECTION)) > 10


@pytest.mark.parametrize("text", ["1/1", "1/4", "4/4", "999999999/999999999"])
def test_shards_round_trip(text: str) -> None:
    assert str(parse_shard(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "/",
        "1/",
        "/4",
        "0/4",
        "5/4",
        "-1/4",
        "1/-4",
        "1/0",
        "a/b",
        "1.0/4",
        "1/4/2",
        "١/٤",
        "1/4x",
        "9" * 10 + "/1",
    ],
)
def test_what_is_no_shard_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"no shard.*expected K/N with 1 ≤ K ≤ N, such as 1/4"):
        parse_shard(text)


def test_selections_survive_json() -> None:
    assert parse_selection(json.loads(json.dumps(SELECTION.facts()))) == SELECTION
    assert SELECTION.whole() == Selection("quick", PRECISIONS, DEVICES, ("numpy", "*-qr-*"), ("polynomial", "spectrum"))


def test_titles_and_directories_say_what_is_in_them() -> None:
    assert SELECTION.title() == (
        "Least-squares solvers: the quick profile, only numpy, *-qr-*, polynomial, spectrum, shard 2/5"
    )
    assert SELECTION.directory() == "quick-shard-2-of-5"
    assert SELECTION.whole().directory() == "quick"
    assert Selection("full", PRECISIONS, DEVICES).title() == "Least-squares solvers: the full profile"


@pytest.mark.parametrize("precision", PRECISIONS)
def test_quick_is_most_of_small_in_few_shapes_and_every_family_is_in_it(precision: Precision) -> None:
    """A shape more is a compilation of every JAX solver more."""
    quick, small = (grid(profile, precision, catalog.FAMILIES) for profile in ("quick", "small"))
    assert [key for key in small if key in set(quick)] == quick
    assert len(quick) > 0.7 * len(small)
    assert {key.family for key in quick} == set(catalog.FAMILIES)
    problems = [catalog.build_problem(key) for key in quick]
    assert len({(*p.A.shape, *p.b.shape[1:]) for p in problems}) <= 15
    assert {shape_of(p.m, p.n) for p in problems} == set(SHAPES)
    assert any(p.b.ndim == 2 for p in problems)
    for key in small:  # most shapes are read from parameters
        problem = catalog.build_problem(key)
        assert plan.shape_of(key) == (*problem.A.shape, *problem.b.shape[1:])


def test_the_quick_profile_runs_the_core_solvers_unless_others_are_asked_for() -> None:
    quick = Selection("quick", ("float32",), ("cpu",))
    assert {f"{v.library}-{v.algorithm}" for v in quick.variants()} == set(catalog.CORE)
    asked = replace(quick, solvers=("scipy-fossils",))
    assert [str(v) for v in asked.variants()] == ["scipy-fossils-float32-cpu"]
    everything = replace(quick, profile="standard").variants()
    assert everything == catalog.select_variants((), ("float32",), ("cpu",))
    assert len(everything) > 2 * len(catalog.CORE)
