"""From outcomes to records: which scores an outcome allows, what waits in a stack, and for how long."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest

from lamm_robust.oracles import select
from lamm_robust.scoring import records as module
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.metrics import score
from lamm_robust.scoring.nonfinite import as_undefined
from lamm_robust.scoring.records import Done, Scoring, Undone, record, records, scores_of, truncated_error
from lamm_robust.scoring.truths import Certified, Known, Truths
from lamm_robust.solvers.contracts import full_rank, minimum_norm, share
from lamm_robust.values import (
    Array,
    Case,
    Cause,
    Certificate,
    NotCertifiedError,
    Oracle,
    Outcome,
    Problem,
    ProblemKey,
    Regime,
    Solver,
    Status,
    Variant,
    Verdict,
)
from tests.support.problems import problem_of

VARIANT = Variant("planted", "any", "float64", "cpu")
ANY = Solver("any", "", minimum_norm(""), lambda A, b: (A, b))
CUT = minimum_norm("", cutoff=share(1e-8))


def certified(problem: Problem) -> Certified:
    oracle = select("auto")
    return Certified(problem, Frame(problem, oracle.certify(problem.A, problem.b)), oracle.truncate)


DIAGONAL = certified(problem_of(np.diag([4.0, 1.0]), [4.0, 1.0]))
SEVERAL = certified(problem_of(np.diag([4.0, 1.0]), [[4.0, 8.0], [1.0, 3.0]]))
DEFICIENT = certified(problem_of(np.diag([4.0, 0.0]), [4.0, 1.0]))


def solved(x: npt.ArrayLike, rank: int | None = None) -> Outcome:
    return Outcome(Status.SOLVED, x=np.array(x, dtype=np.float64), rank=rank)


def scores(known: Known, outcome: Outcome, contract: object = None) -> tuple[dict[str, float], list[dict[str, float]]]:
    (found,) = scores_of([(known, outcome)], [CUT if contract is None else contract])  # type: ignore[list-item]
    return found


# --- which scores there are -------------------------------------------------------------------------------


def test_a_rank_is_scored_where_it_was_reported_whether_or_not_there_is_an_answer() -> None:
    for rank, error in ((2, 0.0), (1, -1.0), (3, 1.0)):
        worst, (column,) = scores(DIAGONAL, solved([1.0, 1.0], rank))
        assert worst == column | {"rank_error": error}
        assert "rank_error" not in column
        assert type(worst["rank_error"]) is float
    assert scores(DEFICIENT, Outcome(Status.SOLVED, rank=2)) == ({"rank_error": 1.0}, [])
    assert scores(DEFICIENT, solved([math.nan, 1.0], 1)) == ({"rank_error": 0.0}, [])
    assert "rank_error" not in scores(DIAGONAL, solved([1.0, 1.0]))[0]


def test_each_right_hand_side_has_its_scores_and_the_worst_stand_for_all() -> None:
    worst, columns = scores(SEVERAL, solved([[1.0, 2.0], [1.5, 3.0]]))
    assert [column["residual_excess"] for column in columns] == [pytest.approx(0.5 / math.sqrt(17)), 0.0]
    assert worst["residual_excess"] == columns[0]["residual_excess"]
    assert len(columns[0]) > 8


def test_what_has_no_answer_has_no_scores() -> None:
    undefined = as_undefined(problem_of([[1.0, math.nan]], [1.0]))
    assert undefined is not None
    assert scores(undefined, solved([1.0, 1.0], 1)) == ({}, [])
    assert scores(DIAGONAL, Outcome(Status.CRASHED)) == ({}, [])


def test_where_the_rank_is_ambiguous_answers_are_held_to_the_solvers_own_cutoff() -> None:
    A = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-50]])
    one = certified(problem_of(A, [[2.0, 1.0], [2.0, 3.0]]))
    assert one.regime is Regime.AMBIGUOUS
    kept = np.linalg.pinv(A, rcond=1e-8) @ one.problem.b
    worst, columns = scores(one, solved(kept, 2))
    assert "rank_error" not in worst
    left = one.truncated_frame(CUT)
    assert left is not None
    assert worst["truncated_error"] == score(left, kept)["forward_error"] < 10
    assert [column["truncated_error"] for column in columns] == [worst["truncated_error"]] * 2
    far = scores(one, solved(kept + 1.0))[0]
    assert far["truncated_error"] > 1e12
    assert truncated_error(one, None, CUT) == truncated_error(one, np.array([math.nan, 1.0]), CUT) == {}
    assert truncated_error(one, kept, minimum_norm("")) == {}  # it has no cutoff
    assert "truncated_error" not in scores(one, solved(kept), minimum_norm(""))[0]
    assert "truncated_error" not in scores(SEVERAL, solved(np.eye(2)))[0]  # nothing is ambiguous


def test_outcomes_with_and_without_an_answer_keep_their_places() -> None:
    outcomes = [Outcome(Status.CRASHED), solved([1.0, 1.0]), Outcome(Status.REFUSED, rank=1), solved([1.0, 2.0])]
    found = scores_of([(DIAGONAL, outcome) for outcome in outcomes], [CUT] * 4)
    assert [len(columns) for _, columns in found] == [0, 1, 0, 1]
    assert found[1][0]["residual_excess"] == 0.0 < found[3][0]["residual_excess"]
    assert [worst for worst, columns in found if not columns] == [{}, {"rank_error": -1.0}]


def test_every_field_of_an_outcome_is_in_its_record() -> None:
    outcome = Outcome(
        Status.SOLVED,
        x=np.array([1.0, 1.0]),
        rank=2,
        seconds=2.0,
        min_seconds=1.0,
        first_call_seconds=3.0,
        cause=Cause.LAYOUT,
        message="said",
        warned=True,
        repeatable=False,
    )
    solver = Solver("any", "", full_rank(), ANY.solve)
    found = record(Case(DIAGONAL.problem.key, VARIANT), DIAGONAL, solver, outcome)
    said = {field.name: getattr(found, field.name) for field in fields(found)}
    assert said == {
        **DIAGONAL.facts,
        "variant": "planted-any-float64-cpu",
        "library": "planted",
        "algorithm": "any",
        "device": "cpu",
        "promises": "full_rank_only",
        "status": "solved",
        "verdict": Verdict.COLUMNWISE_STABLE,
        "warned": True,
        "repeatable": False,
        "cause": Cause.LAYOUT,
        "message": "said",
        "reported_rank": 2,
        "seconds": 2.0,
        "min_seconds": 1.0,
        "first_call_seconds": 3.0,
        "scores": scores(DIAGONAL, outcome)[0],
    }


def test_each_solver_is_held_to_its_own_contract() -> None:
    solvers = {"any": ANY, "full": Solver("full", "", full_rank(), ANY.solve)}
    cases = [Case(DEFICIENT.problem.key, replace(VARIANT, algorithm=name)) for name in solvers]
    attempts = [(case, DEFICIENT, solved([1.0, 0.0])) for case in cases]
    found = [one.verdict for one in records(attempts, lambda variant: solvers[variant.algorithm])]
    assert found == [Verdict.BACKWARD_STABLE, Verdict.OUT_OF_CONTRACT]


# --- what waits ------------------------------------------------------------------------------------------

SHAPES: dict[str, tuple[Array, Array]] = {
    "tall": (np.eye(3, 2), np.ones(3)),
    "other": (np.eye(3, 2), np.ones((3, 2))),
    "square": (np.eye(2), np.ones(2)),
    "hard": (np.eye(1), np.ones(1)),
}


def build(key: ProblemKey) -> Problem:
    return replace(problem_of(*SHAPES[key.family]), key=key)


def certify(A: Array, b: Array) -> Certificate:
    if A.size == 1:
        raise NotCertifiedError("too hard")
    return select("exact").certify(A, b)


@pytest.fixture
def scoring() -> Scoring:
    return Scoring(Truths(build, Oracle("exact", "", certify)), lambda _: ANY)


Add = Callable[..., list[str]]


@pytest.fixture
def add(scoring: Scoring) -> Add:
    def add(family: str, number: int = 0) -> list[str]:
        key = ProblemKey(family, (("number", number),), "float64")
        A, b = SHAPES[family]
        return names(scoring.add(Case(key, VARIANT), solved(A.T @ b)))

    return add


def names(found: list[Done | Undone]) -> list[str]:
    return [f"{one.case.key.family} {dict(one.case.key.params)['number']}" for one in found]


def test_stacks_are_of_one_shape_and_are_scored_when_they_are_full(
    monkeypatch: pytest.MonkeyPatch, scoring: Scoring, add: Add
) -> None:
    monkeypatch.setattr(module, "STACK", 3)
    assert [add("tall", k) for k in (1, 2)] == [[], []]
    assert add("other", 3) == []
    assert add("square", 4) == []
    assert add("tall", 5) == ["tall 1", "tall 2", "tall 5"]
    assert add("tall", 6) == []
    assert names(scoring.flush()) == ["tall 6", "other 3", "square 4"]
    assert scoring.flush() == []


def test_what_is_scored_has_a_record_and_what_is_not_proved_a_reason(scoring: Scoring, add: Add) -> None:
    case = Case(ProblemKey("hard", (), "float64"), VARIANT)
    assert scoring.add(case, solved([1.0])) == [Undone(case, "too hard", absent=False)]
    add("tall", 1)
    (done,) = scoring.flush()
    assert isinstance(done, Done)
    assert (done.record.key, done.record.verdict) == (str(done.case), "column-wise stable")


def test_answers_wait_no_longer_than_the_patience(monkeypatch: pytest.MonkeyPatch, scoring: Scoring, add: Add) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    add("tall", 1)
    clock.now = 104.0
    add("square", 2)
    assert scoring.flush(4.5) == []
    clock.now = 104.5
    assert names(scoring.flush(4.5)) == ["tall 1", "square 2"]  # the first has waited for 4.5 seconds
    assert scoring.flush() == []
    add("tall", 3)  # waiting begins anew
    clock.now = 108.0
    assert scoring.flush(4.5) == []
    assert names(scoring.flush(3.5)) == ["tall 3"]
