"""Planted bad solvers are all caught within the small profile, and the rounded truth never is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from lamm_robust.reports.row import Row, row
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Certified
from lamm_robust.solvers.numpy_ import NUMPY
from lamm_robust.values import UNIT_ROUNDOFF, Array, Case, Library, Precision, Record, Solver, Variant
from lamm_robust.workers.attempt import attempt
from tests.support import foils
from tests.support.certified import small


@pytest.fixture(scope="module")
def problems(precision: Precision) -> list[Certified]:
    """The small profile at the precision under test, certified, without problems that have no answer, or no entries."""
    return list(small(precision))


@pytest.fixture(autouse=True)
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamm_robust.workers.repeats.REPEATS", (2, 2))  # one to take, one to compare it with


@pytest.fixture
def library() -> Library:
    return foils.library()


def find(library: Library, algorithm: str) -> Solver:
    return next(solver for solver in library.solvers if solver.algorithm == algorithm)


def tried(solver: Solver, problems: Sequence[Certified]) -> list[Record]:
    return [
        record(case(solver, certified), certified, solver, attempt(NUMPY, solver, certified.problem, "cpu"))
        for certified in problems
    ]


def case(solver: Solver, certified: Certified) -> Case:
    key = certified.problem.key
    return Case(key, Variant("foils", solver.algorithm, key.dtype, "cpu"))


def leaderboard(solver: Solver, problems: Sequence[Certified]) -> tuple[Row, set[str]]:
    """What a user sees of a solver: its row, and its verdicts."""
    found = tried(solver, problems)
    return row(found, 1.0), {r.verdict for r in found}


Seen = Callable[[Row, set[str]], bool]

UNSTABLE: Seen = lambda row, _: row.stability == "unstable"  # noqa: E731 - a name for a line of the table
BEST = {"column-wise stable", "backward stable"}
"""The verdicts on rounding errors alone; where the rank is deficient, nothing is asked column by column."""

LESS_THAN_STABLE: Seen = lambda row, _: row.stability not in ("column-wise stable", "backward stable", "forward stable")  # noqa: E731
SILENT: Seen = lambda row, _: row.silent_failures > 0  # noqa: E731
BROKEN: Seen = lambda row, verdicts: row.stability == "broken" and verdicts == {"bad output"}  # noqa: E731
NOT_FINITE: Seen = lambda row, verdicts: "non-finite" in verdicts and row.failures > 0  # noqa: E731
MISSES_DEFICIENT: Seen = lambda row, _: row.deficient_passed < row.deficient_total  # noqa: E731
UNREPEATABLE: Seen = lambda row, _: row.unrepeatable > 0  # noqa: E731
WRONG_RANKS: Seen = lambda row, _: row.rank_right < row.rank_total  # noqa: E731
LOW_PRECISION: Seen = lambda row, _: row.computes_in.startswith("less than")  # noqa: E731

CAUGHT: Mapping[str, tuple[Seen, ...]] = {
    "no rank cut": (SILENT, MISSES_DEFICIENT, WRONG_RANKS),
    "too high a rank cut": (SILENT, UNSTABLE, WRONG_RANKS),
    "normal equations": (SILENT, UNSTABLE, WRONG_RANKS),
    "transposed": (SILENT, UNSTABLE, MISSES_DEFICIENT),
    "half of the bits inside": (SILENT, UNSTABLE, LOW_PRECISION),
    "small scale error": (UNSTABLE,),
    "not minimum-norm": (SILENT, MISSES_DEFICIENT),
    "stale state": (SILENT, LESS_THAN_STABLE),
    "random NaN": (NOT_FINITE,),
    "wrong dtype": (BROKEN,),
    "wrong shape": (BROKEN,),
    "changed input": (BROKEN,),
    "a row forgotten": (SILENT, UNSTABLE),
    "small entries dropped": (LESS_THAN_STABLE,),
    "unrepeatable": (UNREPEATABLE,),
    "false rank": (WRONG_RANKS,),
    "a sign lost": (SILENT, UNSTABLE, WRONG_RANKS),
}

GOOD = ("good", "slightly scaled")
"""Those among the foils that nothing may be found against."""


@pytest.fixture(scope="module")
def good(problems: list[Certified]) -> list[tuple[Row, set[str]]]:
    solvers = [find(foils.library(), name) for name in GOOD]
    return [leaderboard(solver, problems) for solver in solvers]


@pytest.mark.parametrize("name", CAUGHT)
def test_bad_solvers_are_caught_and_good_ones_are_not(
    name: str, library: Library, problems: list[Certified], good: list[tuple[Row, set[str]]]
) -> None:
    signs, seen = CAUGHT[name], leaderboard(find(library, name), problems)
    assert [sign(*seen) for sign in signs] == [True] * len(signs), seen
    for fine in good:
        assert [sign(*fine) for sign in signs] == [False] * len(signs), fine


def test_every_planted_solver_is_in_the_table(library: Library) -> None:
    assert {solver.algorithm for solver in library.solvers} == {*CAUGHT, *GOOD}


def test_the_good_solvers_are_good(good: list[tuple[Row, set[str]]]) -> None:
    for found, verdicts in good:
        assert found.stability in BEST, found
        assert verdicts <= BEST, found
        assert (found.silent_failures, found.failures, found.unrepeatable) == (0, 0, 0)
        assert (found.deficient_passed, found.rank_right) == (found.deficient_total, found.rank_total)


def rounded(certified: Certified) -> Array:
    """x★, rounded once to the precision of the problem."""
    x: Array = np.ldexp(certified.truth.x[0], certified.truth.exponent).astype(certified.problem.A.dtype)
    return x


def knowing(answer: Callable[[Certified], Array], problems: Sequence[Certified]) -> list[Record]:
    """The records of a solver that returns these answers, and the exact ranks."""
    answers = {one.problem.digest: (answer(one), one.truth.rank) for one in problems}
    return tried(foils.solver("exact", foils.Knows(answers)), problems)


def test_the_rounded_truth_never_fails(problems: list[Certified], precision: Precision) -> None:
    """x̂ = Dx★, |D − I| ≤ u, solves the problem with AD⁻¹: the residual is the same, and orthogonal to range A."""
    found = knowing(rounded, problems)
    assert [r.key for r in found if r.verdict not in BEST] == []
    assert row(found, 1.0).stability == "column-wise stable"
    assert max(r.scores["backward_error"] for r in found) <= 1.0
    # at most u in every entry, and near it where there is one entry only
    assert 0.5 <= max(r.scores["relative_error"] for r in found) / UNIT_ROUNDOFF[precision] <= 1.0


def test_nor_does_one_in_which_every_entry_is_moved_to_its_neighbour(problems: list[Certified]) -> None:
    chance = np.random.default_rng(7)

    def nudged(certified: Certified) -> Array:
        x = rounded(certified)
        moved = np.nextafter(x, chance.choice([-np.inf, np.inf], x.shape).astype(x.dtype))
        return np.where(x.any(axis=0), moved, x)  # 0 has no neighbours that are rounding errors of it

    found = knowing(nudged, problems)
    assert [r.key for r in found if r.verdict not in BEST] == []
    assert row(found, 1.0).stability == "column-wise stable"
    assert 1.0 < max(r.scores["backward_error"] for r in found) <= 3.0  # moved by 2u at most, on top of u
