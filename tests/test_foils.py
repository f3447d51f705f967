"""Planted bad solvers are all caught within the quick profile, and the rounded truth never is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.attempt import attempt
from lamm_robust.run import Certified, Truths, record, records
from lamm_robust.solvers.contracts import minimum_norm
from lamm_robust.solvers.numpy_ import NUMPY
from lamm_robust.summary import Row, row
from lamm_robust.values import Array, Case, Outcome, Precision, Record, Solver, Status, Variant
from tests import foils

Solve = Callable[[Any, Any], tuple[Any, Any]]


@pytest.fixture(scope="module")
def problems(precision: Precision) -> list[Certified]:
    """The quick profile at the precision under test, certified."""
    truths = Truths(catalog.build_problem, catalog.find_oracle("auto"))
    certified = [truths.certified(key) for key in catalog.plan("quick", precision, catalog.FAMILIES)]
    assert not truths.refused
    return [one for one in certified if one]


@pytest.fixture(autouse=True)
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamm_robust.attempt.REPEATS", (2, 2))  # one to take, one to compare it with


def solver(solve: Solve) -> Solver:
    return Solver("foil", "", minimum_norm("2u·max(m, n)·σ₁", "LinAlgError", reports_rank=True), solve)


def leaderboard(solve: Solve, problems: Sequence[Certified]) -> tuple[Row, set[str]]:
    """What a user sees of a solver: its row, and its verdicts."""
    found = list(tried(solver(solve), problems))
    return row(found, 1.0), {r.verdict for r in found}


def tried(foil: Solver, problems: Sequence[Certified]) -> Iterator[Record]:
    for certified in problems:
        outcome = attempt(NUMPY, foil, certified.problem, "cpu")
        yield record(case(certified), certified, foil, outcome)


def case(certified: Certified) -> Case:
    key = certified.problem.key
    return Case(key, Variant("numpy", "foil", key.dtype, "cpu"))


Seen = Callable[[Row, set[str]], bool]

UNSTABLE: Seen = lambda row, _: row.stability == "unstable"  # noqa: E731 - a name for a line of the table
LESS_THAN_STABLE: Seen = lambda row, _: row.stability not in ("backward stable", "forward stable")  # noqa: E731
SILENT: Seen = lambda row, _: row.silent_failures > 0  # noqa: E731
BROKEN: Seen = lambda row, verdicts: row.stability == "broken" and verdicts == {"bad output"}  # noqa: E731
NOT_FINITE: Seen = lambda row, verdicts: "non-finite" in verdicts and row.failures > 0  # noqa: E731
MISSES_DEFICIENT: Seen = lambda row, _: row.deficient_passed < row.deficient_total  # noqa: E731
UNREPEATABLE: Seen = lambda row, _: row.unrepeatable > 0  # noqa: E731
WRONG_RANKS: Seen = lambda row, _: row.rank_right < row.rank_total  # noqa: E731
LOW_PRECISION: Seen = lambda row, _: row.computes_in.startswith("less than")  # noqa: E731

CAUGHT: dict[str, tuple[Callable[[], Solve], tuple[Seen, ...]]] = {
    "no rank cut": (lambda: foils.keeps_every_singular_value, (SILENT, MISSES_DEFICIENT, WRONG_RANKS)),
    "too high a rank cut": (lambda: foils.cuts_at_a_thousandth, (SILENT, UNSTABLE, WRONG_RANKS)),
    "normal equations": (lambda: foils.normal_equations, (SILENT, UNSTABLE, WRONG_RANKS)),
    "transposed": (lambda: foils.transposed, (SILENT, UNSTABLE, MISSES_DEFICIENT)),
    "half of the bits inside": (lambda: foils.half_of_the_bits, (UNSTABLE, LOW_PRECISION)),
    "small scale error": (lambda: foils.scaled, (UNSTABLE, MISSES_DEFICIENT)),
    "not minimum-norm": (lambda: foils.not_the_shortest, (SILENT, MISSES_DEFICIENT)),
    "stale state": (foils.Stale, (SILENT, UNSTABLE)),
    "random NaN": (foils.SometimesNaN, (NOT_FINITE,)),
    "wrong dtype": (lambda: foils.other_dtype, (BROKEN,)),
    "wrong shape": (lambda: foils.other_shape, (BROKEN,)),
    "changed input": (lambda: foils.overwrites_its_input, (BROKEN,)),
    "a row forgotten": (lambda: foils.forgets_the_last_row, (SILENT, UNSTABLE)),
    "small entries dropped": (lambda: foils.forgets_small_entries, (LESS_THAN_STABLE,)),
    "unrepeatable": (foils.Restless, (UNREPEATABLE,)),
    "false rank": (lambda: foils.claims_full_rank, (WRONG_RANKS,)),
}


@pytest.fixture(scope="module")
def good(problems: list[Certified]) -> tuple[Row, set[str]]:
    return leaderboard(foils.lstsq, problems)


@pytest.mark.parametrize("name", CAUGHT)
def test_bad_solvers_are_caught_and_the_good_one_is_not(
    name: str, problems: list[Certified], good: tuple[Row, set[str]]
) -> None:
    make, signs = CAUGHT[name]
    seen = leaderboard(make(), problems)
    assert [sign(*seen) for sign in signs] == [True] * len(signs), seen
    assert [sign(*good) for sign in signs] == [False] * len(signs)


def test_the_good_solver_is_good(good: tuple[Row, set[str]]) -> None:
    assert good[0].stability == "backward stable"
    assert (good[0].silent_failures, good[0].failures, good[0].unrepeatable) == (0, 0, 0)


def judged(problems: Sequence[Certified], answer: Callable[[Certified], Array]) -> list[Record]:
    exact = solver(lambda A, b: (A, b))
    outcomes = [Outcome(Status.SOLVED, x=answer(one), rank=one.truth.rank) for one in problems]
    return [next(records([(case(c), c, o)], lambda _: exact)) for c, o in zip(problems, outcomes, strict=True)]


def rounded(certified: Certified) -> Array:
    """x★, rounded once to the precision of the problem."""
    x: Array = np.ldexp(certified.truth.x[0], certified.truth.exponent).astype(certified.problem.A.dtype)
    return x


def test_the_rounded_truth_never_fails(problems: list[Certified]) -> None:
    """x̂ = Dx★, |D − I| ≤ u, solves the problem with AD⁻¹: the residual is the same, and orthogonal to range A."""
    found = judged(problems, rounded)
    assert {r.verdict for r in found} == {"backward stable"}
    assert max(r.scores["backward_error"] for r in found) <= 1.0
    assert max(r.scores["relative_error"] for r in found) <= 2.0**-24


def test_nor_does_one_in_which_every_entry_is_moved_to_its_neighbour(problems: list[Certified]) -> None:
    chance = np.random.default_rng(7)

    def nudged(certified: Certified) -> Array:
        x = rounded(certified)
        return np.nextafter(x, chance.choice([-np.inf, np.inf], x.shape).astype(x.dtype))

    found = judged(problems, nudged)
    assert {r.verdict for r in found} == {"backward stable"}
    assert max(r.scores["backward_error"] for r in found) <= 3.0
