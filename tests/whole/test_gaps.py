"""Solvers that are wrong in one corner only fail the small profile, where axes cross and arrays lie in other ways."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lamm_robust.check.clues import Clues
from lamm_robust.check.reasons import reason
from lamm_robust.check.terms import REQUIRED
from lamm_robust.reports.grading import is_graded
from lamm_robust.reports.row import row
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Certified
from lamm_robust.solvers.numpy_ import NUMPY
from lamm_robust.values import Case, Cause, Outcome, Precision, Record, Solve, Variant
from lamm_robust.workers.attempt import attempt
from tests.support import foils
from tests.support.certified import small
from tests.support.gaps import GAPS, LAYOUT_GAPS

Tried = list[tuple[Certified, Outcome, Record]]


@pytest.fixture(autouse=True)
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamm_robust.workers.repeats.REPEATS", (1, 1))


def tried(solve: Solve, problems: Sequence[Certified]) -> Tried:
    solver, found = foils.solver("planted", solve), []
    for one in problems:
        key, outcome = one.problem.key, attempt(NUMPY, solver, one.problem, "cpu")
        case = Case(key, Variant("foils", "planted", key.dtype, "cpu"))
        found.append((one, outcome, record(case, one, solver, outcome)))
    return found


def passes(found: Tried) -> bool:
    """Whether `check --require backward-stable` would say that it holds."""
    return row([record for _, _, record in found], 1.0).stability in REQUIRED["backward-stable"]


@pytest.mark.parametrize("name", GAPS)
def test_what_is_wrong_where_axes_cross_is_seen(name: str, precision: Precision) -> None:
    solve, family = GAPS[name]
    found = tried(solve, small(precision))
    assert not passes(found)
    failed = [record for _, _, record in found if record.verdict not in REQUIRED["backward-stable"]]
    assert family in {record.family for record in failed if is_graded(record)}


@pytest.mark.parametrize("name", LAYOUT_GAPS)
def test_what_is_wrong_for_a_layout_is_seen_and_said(name: str, precision: Precision) -> None:
    found = tried(LAYOUT_GAPS[name], small(precision))
    assert not passes(found)
    wrong = [Clues(record, one, outcome) for one, outcome, record in found if record.verdict == "wrong"]
    easy = [clues for clues in wrong if clues.kappa < 30]  # where no loss by rounding, not of κ²u, could be why
    assert sum(reason(clues).name == "depends on the layout" for clues in easy) > 2 / 3 * len(easy) > 30
    told = {outcome.message for _, outcome, _ in found if outcome.cause is Cause.LAYOUT}
    assert all(name in message for message in told)


def test_a_good_solver_passes_and_no_layout_changes_its_answers(precision: Precision) -> None:
    found = tried(foils.lstsq, small(precision))
    assert passes(found)
    assert {outcome.cause for _, outcome, _ in found} == {Cause.NONE}
    assert all(outcome.repeatable for _, outcome, _ in found)
