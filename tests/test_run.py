"""The loop with tables of its own: what is asked of workers, what is recorded, and what is not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from lamm_robust.run import Case, Tables, Truths, sweep
from lamm_robust.solvers.contracts import full_rank, minimum_norm
from lamm_robust.values import (
    AbsentError,
    Array,
    Certificate,
    Device,
    NotCertifiedError,
    Oracle,
    Outcome,
    Precision,
    Problem,
    ProblemKey,
    Solver,
    Status,
    Variant,
)
from oracles import select
from tests.problems import problem_of

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
    """A worker that notes what it is asked and answers with NumPy's lstsq."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str, str]] = []
        self.asked: list[str] = []

    def send(self, problem: Problem, algorithm: str) -> None:
        self.asked.append(f"{problem.key.family} {algorithm}")

    def receive(self, problem: Problem) -> Outcome:
        x, _, rank, _ = np.linalg.lstsq(problem.A, problem.b, rcond=None)
        return Outcome(Status.SOLVED, x=x, rank=int(rank), seconds=0.5)

    @contextmanager
    def open(self, library: str, precision: Precision, device: Device) -> Iterator[Recorder]:
        self.started.append((library, precision, device))
        yield self


def variant(algorithm: str, library: str = "numpy") -> Variant:
    return Variant(library, algorithm, "float64", "cpu")


def doors(worker: Recorder) -> Tables:
    return Tables(lambda v: ANY if v.algorithm == "any" else FULL, worker.open)


def truths() -> Truths:
    return Truths(build, Oracle("exact", "", certify))


def test_every_case_is_answered_once_and_groups_share_a_worker() -> None:
    worker = Recorder()
    cases = [Case(key, variant("any", lib)) for key in (TALL, WIDE) for lib in ("numpy", "scipy")]
    done = list(sweep(cases, doors(worker), truths(), {}))
    assert sorted(str(case) for case, _ in done) == sorted(map(str, cases))
    assert worker.started == [("numpy", "float64", "cpu"), ("scipy", "float64", "cpu")]
    assert worker.asked == ["tall any", "wide any"] * 2


def test_a_record_says_what_was_asked_and_found() -> None:
    ((_, record),) = sweep([Case(TALL, variant("any"))], doors(Recorder()), truths(), {})
    assert record is not None
    assert (record.problem, record.variant) == ("tall dtype=float64", "numpy-any-float64-cpu")
    assert (record.m, record.n, record.rank, record.reported_rank) == (3, 2, 2, 2)
    assert (record.kappa, record.regime, record.promises) == (2.0, "resolvable", "minimum_norm")
    assert record.residual_ratio == pytest.approx(2 / 3)
    assert (record.status, record.verdict, record.oracle) == ("solved", "backward stable", "exact")
    assert record.seconds == 0.5
    assert record.scores["rank_error"] == 0.0
    assert record.scores["backward_error"] < 1
    assert record.digest == build(TALL).digest


def test_a_shape_outside_the_contract_is_not_attempted() -> None:
    worker = Recorder()
    ((_, record),) = sweep([Case(WIDE, variant("full"))], doors(worker), truths(), {})
    assert record is not None
    assert worker.asked == []
    assert (record.status, record.verdict) == ("not attempted", "out of contract")
    assert record.message == "A is wide; the solver takes tall or square"
    assert record.scores == {}


def test_a_deficient_problem_is_attempted_but_out_of_contract() -> None:
    worker = Recorder()
    ((_, record),) = sweep([Case(SINGULAR, variant("full"))], doors(worker), truths(), {})
    assert record is not None
    assert worker.asked == ["singular full"]
    assert (record.regime, record.verdict) == ("deficient", "out of contract")


def test_without_truth_there_is_no_record_but_the_reason() -> None:
    known = truths()
    cases = [Case(UNPROVED, variant("any")), Case(TALL, variant("any"))]
    found = [record for _, record in sweep(cases, doors(Recorder()), known, {})]
    assert found[0] is None
    assert found[1] is not None
    assert known.refused == {UNPROVED: "too hard"}


def test_answers_that_are_not_finite_have_no_scores() -> None:
    class Broken(Recorder):
        def receive(self, problem: Problem) -> Outcome:
            return Outcome(Status.SOLVED, x=np.full(problem.n, math.nan), rank=1)

    ((_, record),) = sweep([Case(TALL, variant("any"))], doors(Broken()), truths(), {})
    assert record is not None
    assert record.verdict == "non-finite"
    assert record.scores == {"rank_error": -1.0}


def test_the_last_case_is_scored_while_the_next_is_running() -> None:
    worker = Recorder()
    cases = [Case(key, variant("any")) for key in (TALL, SINGULAR)]
    (first, _), *_ = sweep(cases, doors(worker), truths(), {})
    running = sweep(cases, doors(Recorder()), truths(), {})
    assert next(running)[0] == first == cases[0]
    worker = Recorder()
    running = sweep(cases, doors(worker), truths(), {})
    next(running)
    assert worker.asked == ["tall any", "singular any"]


def test_a_library_that_does_not_start_is_absent_and_the_others_go_on() -> None:
    class Picky(Recorder):
        @contextmanager
        def open(self, library: str, precision: Precision, device: Device) -> Iterator[Recorder]:
            if library == "broken":
                raise AbsentError("no worker for broken: ImportError")
            yield self

    absent: dict[Variant, str] = {}
    cases = [Case(key, variant("any", lib)) for key in (TALL, WIDE) for lib in ("broken", "numpy")]
    found = {str(case): record for case, record in sweep(cases, doors(Picky()), truths(), absent)}
    assert absent == {variant("any", "broken"): "not measured: no worker for broken: ImportError"}
    assert [record is None for record in found.values()] == [True, True, False, False]


def test_an_outcome_is_not_lost_when_the_worker_cannot_be_replaced() -> None:
    class Dying(Recorder):
        def send(self, problem: Problem, algorithm: str) -> None:
            if self.asked:
                raise AbsentError("it does not start again")
            super().send(problem, algorithm)

    cases = [Case(key, variant("any")) for key in (TALL, WIDE, SINGULAR)]
    running = sweep(cases, doors(Dying()), truths(), {})
    case, record = next(running)
    assert case == cases[0]
    assert record is not None
    with pytest.raises(AbsentError, match="does not start again"):
        next(running)


def test_problems_are_built_and_certified_once() -> None:
    calls: list[str] = []

    def counting(key: ProblemKey) -> Problem:
        calls.append(key.family)
        return build(key)

    known = Truths(counting, Oracle("exact", "", certify))
    list(sweep([Case(TALL, variant("any", lib)) for lib in ("a", "b", "c")], doors(Recorder()), known, {}))
    assert calls == ["tall"]


def test_residual_ratio_of_zero_b() -> None:
    known = Truths(lambda key: replace(problem_of([[1.0]], [0.0]), key=key), select("exact"))
    certified = known.certified(TALL)
    assert certified is not None
    assert certified.residual_ratio == 0.0
