"""The loop with tables of its own: what is asked of workers, what is recorded, and what is not."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lamm_robust.oracles import select
from lamm_robust.runs.sweep import sweep
from lamm_robust.scoring.records import Done, Undone
from lamm_robust.scoring.truths import Certified, Truths
from lamm_robust.solvers.contracts import full_rank, minimum_norm
from lamm_robust.values import (
    AbsentError,
    Answer,
    Array,
    Case,
    Certificate,
    Device,
    NotCertifiedError,
    Oracle,
    Outcome,
    Precision,
    Problem,
    ProblemKey,
    Record,
    Solver,
    Status,
    Variant,
)
from tests.support.problems import problem_of

TALL, WIDE, SINGULAR, UNPROVED = (ProblemKey(name, (), "float64") for name in ("tall", "wide", "singular", "unproved"))
MATRICES = {
    "tall": ([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]], [1.0, 2.0, 2.0]),
    "wide": ([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]], [1.0, 2.0]),
    "singular": ([[1.0, 1.0], [1.0, 1.0]], [1.0, 1.0]),
    "unproved": ([[3.0]], [1.0]),
}
ANY = Solver("any", "", minimum_norm("", reports_rank=True), lambda A, b: (A, b))
FULL = Solver("full", "", full_rank("LinAlgError"), lambda A, b: (A, b))


def build(key: ProblemKey) -> Problem:
    return replace(problem_of(*MATRICES[key.family]), key=key)


def certify(A: Array, b: Array) -> Certificate:
    if A.shape == (1, 1):
        raise NotCertifiedError("too hard")
    return select("exact").certify(A, b)


class Recorder:
    """A worker that notes what it is asked and answers with NumPy's lstsq, one case at a time."""

    log: list[str]
    started: list[tuple[str, str, str]]

    def __init__(self) -> None:
        self.reads, self._writes = os.pipe()
        os.write(self._writes, b"x")  # there is always something to hear
        self.writes: int | None = None
        self.has_greeted = True
        self.pending: deque[Case] = deque()
        self.problems: deque[Problem] = deque()

    def ask(self, case: Case, problem: Problem) -> None:
        self.log.append(f"{problem.key.family} {case.variant.algorithm}")
        self.pending.append(case)
        self.problems.append(problem)

    def pump(self, seconds: float) -> list[Answer]:
        return [Answer(self.pending.popleft(), self.outcome(self.problems.popleft()))] if self.pending else []

    def outcome(self, problem: Problem) -> Outcome:
        x, _, rank, _ = np.linalg.lstsq(problem.A, problem.b, rcond=None)
        return Outcome(Status.SOLVED, x=x, rank=int(rank), seconds=0.5)

    def close(self) -> None:
        os.close(self.reads)
        os.close(self._writes)


class Office:
    """Opens recorders and keeps what all of them were asked."""

    def __init__(self, kind: type[Recorder] = Recorder) -> None:
        self.kind = kind
        self.started: list[tuple[str, str, str]] = []
        self.log: list[str] = []

    def open(self, library: str, precision: Precision, device: Device) -> Recorder:
        self.started.append((library, precision, device))
        worker = self.kind()
        worker.log = self.log
        return worker


def variant(algorithm: str, library: str = "numpy") -> Variant:
    return Variant(library, algorithm, "float64", "cpu")


def truths() -> Truths:
    return Truths(build, Oracle("exact", "", certify))


def solver(v: Variant) -> Solver:
    return ANY if v.algorithm == "any" else FULL


def swept(
    cases: Sequence[Case],
    office: Office | None = None,
    known: Truths | None = None,
    **more: Any,
) -> list[Done | Undone]:
    batches = sweep(cases, solver, known or truths(), (office or Office()).open, **more)
    return [done for batch in batches for done in batch]


def only(cases: Sequence[Case], office: Office | None = None) -> Record:
    (done,) = swept(cases, office)
    assert isinstance(done, Done)
    return done.record


def test_every_case_is_answered_once_and_groups_share_a_worker() -> None:
    office = Office()
    cases = [Case(key, variant("any", lib)) for key in (TALL, WIDE) for lib in ("numpy", "scipy")]
    done = swept(cases, office)
    assert sorted(str(one.case) for one in done) == sorted(map(str, cases))
    assert all(isinstance(one, Done) and one.record.key == str(one.case) for one in done)
    assert office.started == [("numpy", "float64", "cpu"), ("scipy", "float64", "cpu")]
    assert office.log == ["tall any", "wide any"] * 2


@pytest.mark.parametrize("slots", [1, 2, 3, 7])
def test_any_number_of_workers_gives_the_same_records(slots: int) -> None:
    cases = [Case(key, variant(a, lib)) for key in (TALL, WIDE, SINGULAR) for a in ("any", "full") for lib in "abc"]
    done = swept(cases, slots=slots)
    found = {str(one.case): replace(one.record, seconds=None) for one in done if isinstance(one, Done)}
    assert found == {str(case): replace(only([case]), seconds=None) for case in cases}
    assert len(done) == len(cases)


def test_a_record_says_what_was_asked_and_found() -> None:
    record = only([Case(TALL, variant("any"))])
    assert (record.problem, record.variant) == ("tall dtype=float64", "numpy-any-float64-cpu")
    assert (record.m, record.n, record.rank, record.reported_rank) == (3, 2, 2, 2)
    assert (record.kappa, record.regime, record.promises) == (2.0, "resolvable", "minimum_norm")
    assert record.residual_ratio == pytest.approx(2 / 3)
    assert (record.status, record.verdict, record.oracle) == ("solved", "column-wise stable", "exact")
    assert record.seconds == 0.5
    assert record.scores["rank_error"] == 0.0
    assert record.scores["backward_error"] < 1
    assert record.digest == build(TALL).digest


def test_a_shape_outside_the_contract_is_not_attempted() -> None:
    office = Office()
    record = only([Case(WIDE, variant("full"))], office)
    assert office.log == []
    assert (record.status, record.verdict) == ("not attempted", "out of contract")
    assert record.message == "A is wide; the solver takes tall or square"
    assert record.scores == {}


def test_a_deficient_problem_is_attempted_but_out_of_contract() -> None:
    office = Office()
    record = only([Case(SINGULAR, variant("full"))], office)
    assert office.log == ["singular full"]
    assert (record.regime, record.verdict) == ("deficient", "out of contract")


def test_without_truth_there_is_no_record_but_the_reason() -> None:
    known = truths()
    found = {one.case: one for one in swept([Case(UNPROVED, variant("any")), Case(TALL, variant("any"))], known=known)}
    unproved = Case(UNPROVED, variant("any"))
    assert found[unproved] == Undone(unproved, "too hard", absent=False)
    assert isinstance(found[Case(TALL, variant("any"))], Done)
    assert known.refused == {UNPROVED: "too hard"}


def test_answers_that_are_not_finite_have_no_scores() -> None:
    class Broken(Recorder):
        def outcome(self, problem: Problem) -> Outcome:
            return Outcome(Status.SOLVED, x=np.full(problem.n, math.nan), rank=1)

    record = only([Case(TALL, variant("any"))], Office(Broken))
    assert record.verdict == "non-finite"
    assert record.scores == {"rank_error": -1.0}


def test_a_library_that_does_not_start_is_absent_and_the_others_go_on() -> None:
    class Picky(Office):
        def open(self, library: str, precision: Precision, device: Device) -> Recorder:
            worker = super().open(library, precision, device)
            if library == "broken":
                worker.has_greeted, worker.pump = False, refuse  # type: ignore[method-assign]
            return worker

    def refuse(seconds: float) -> list[Answer]:
        raise AbsentError("ImportError", worker="broken")

    cases = [Case(key, variant("any", lib)) for key in (TALL, WIDE) for lib in ("broken", "numpy")]
    found = swept(cases, Picky())
    undone = [one for one in found if isinstance(one, Undone)]
    assert {(one.why, one.absent) for one in undone} == {("not measured: no worker for broken: ImportError", True)}
    assert {one.case for one in undone} == {case for case in cases if "broken" in str(case)}
    assert len(found) == len(cases)


def test_outcomes_are_not_lost_when_a_worker_cannot_be_replaced() -> None:
    class Dying(Recorder):
        def pump(self, seconds: float) -> list[Answer]:
            if len(self.pending) == 1:
                raise AbsentError("it does not start again")
            return super().pump(seconds)

    cases = [Case(key, variant("any")) for key in (TALL, WIDE, SINGULAR)]
    done: list[Done | Undone] = []
    with pytest.raises(AbsentError, match="does not start again"):  # noqa: PT012 - after some batches
        for batch in sweep(cases, solver, truths(), Office(Dying).open):
            done += batch
    assert sorted(str(one.case) for one in done if isinstance(one, Done)) == sorted(map(str, cases[:2]))


def test_problems_are_built_and_certified_once() -> None:
    calls: list[str] = []

    def counting(key: ProblemKey) -> Problem:
        calls.append(key.family)
        return build(key)

    known = Truths(counting, Oracle("exact", "", certify))
    swept([Case(TALL, variant("any", lib)) for lib in ("a", "b", "c")], known=known)
    assert calls == ["tall"]
    assert known.seconds > 0


def test_old_problems_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamm_robust.scoring.truths.KEPT", 2)
    calls: list[str] = []

    def counting(key: ProblemKey) -> Problem:
        calls.append(key.family)
        return build(key)

    known = Truths(counting, Oracle("exact", "", certify))
    for key in (TALL, WIDE, TALL, SINGULAR, TALL):
        known.certify(key)
    assert calls == ["tall", "wide", "singular", "tall"]


class Sick(Recorder):
    """Crashes where it is told to: the first time, or always."""

    crashes: list[str]

    def outcome(self, problem: Problem) -> Outcome:
        if problem.key.family in self.crashes:
            self.crashes.remove(problem.key.family)
            return Outcome(Status.CRASHED, message="signal 11")
        return super().outcome(problem)


def test_crashes_are_looked_at_again_when_all_else_is_done() -> None:
    Sick.crashes = ["tall", "tall", "wide"]
    office = Office(Sick)
    suspects: list[Answer] = []
    cases = [Case(key, variant("any")) for key in (TALL, WIDE, SINGULAR)]
    done = swept(cases, office, on_suspect=suspects.append)
    assert [str(one.case) for one in done] == [str(cases[i]) for i in (2, 0, 1)]
    assert [one.record.verdict for one in done if isinstance(one, Done)] == ["backward stable", "crashed", "flaky"]
    assert [answer.case for answer in suspects] == cases[:2]
    assert office.log == ["tall any", "wide any", "singular any", "tall any", "wide any"]


class Killed(Recorder):
    """Its process is killed from outside at the first answer; after that it crashes where it is told to."""

    crashes: list[str]
    killed = False

    def pump(self, seconds: float) -> list[Answer]:
        answers = super().pump(seconds)
        if answers and not Killed.killed:
            Killed.killed = True
            return [Answer(answers[0].case, Outcome(Status.CRASHED, message="signal 9"), inconclusive=True)]
        return answers

    def outcome(self, problem: Problem) -> Outcome:
        if Killed.killed and self.crashes:
            self.crashes.pop()
            return Outcome(Status.CRASHED, message="signal 11")
        return super().outcome(problem)


@pytest.mark.parametrize(("crashes", "verdict"), [(0, "column-wise stable"), (1, "flaky"), (2, "crashed")])
def test_after_a_kill_a_crash_needs_two_looks_of_its_own(crashes: int, verdict: str) -> None:
    Killed.killed, Killed.crashes = False, ["tall"] * crashes
    assert only([Case(TALL, variant("any"))], Office(Killed)).verdict == verdict


def test_what_is_not_asked_of_a_library_that_is_absent_is_not_recorded() -> None:
    class Absent(Recorder):
        def pump(self, seconds: float) -> list[Answer]:
            raise AbsentError("no worker")

    class Nobody(Office):
        def open(self, library: str, precision: Precision, device: Device) -> Recorder:
            worker = super().open(library, precision, device)
            worker.has_greeted = False
            return worker

    done = swept([Case(key, variant("full")) for key in (WIDE, TALL)], Nobody(Absent))
    assert all(isinstance(one, Undone) for one in done)
    assert len(done) == 2


def test_suspects_of_an_earlier_run_get_their_second_look() -> None:
    Sick.crashes = ["tall"]
    first = [Answer(Case(key, variant("any")), Outcome(Status.CRASHED)) for key in (TALL, WIDE)]
    done = swept([], Office(Sick), suspects=first)
    assert [one.record.verdict for one in done if isinstance(one, Done)] == ["crashed", "flaky"]


def test_residual_ratio_of_zero_b() -> None:
    known = Truths(lambda key: replace(problem_of([[1.0]], [0.0]), key=key), select("exact"))
    certified = known.certify(TALL)
    assert isinstance(certified, Certified)
    assert certified.residual_ratio == 0.0
