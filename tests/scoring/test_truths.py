"""Problems with their truth: what is kept, what is asked of an oracle and how often, and the facts of a record."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lamm_robust.oracles import select
from lamm_robust.scoring import truths
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.truths import Certified, Truths
from lamm_robust.solvers.contracts import minimum_norm
from lamm_robust.values import (
    Array,
    Certificate,
    Edge,
    NotCertifiedError,
    Oracle,
    Problem,
    ProblemKey,
    Regime,
    Truncation,
)
from tests.support.problems import by_hand, problem_of

KEYS = [ProblemKey("given", (("number", k),), "float64") for k in range(4)]


class Clock:
    """A clock that goes on by 1, 2, 4, 8 … seconds each time it is read, so that no two spans are alike."""

    def __init__(self) -> None:
        self.now, self.step = 0.0, 1.0

    def __call__(self) -> float:
        self.now += self.step
        self.step *= 2
        return self.now


class Works:
    """A family and an oracle that count what they are asked; problem 3 cannot be proved, and problem 2 holds NaN."""

    def __init__(self) -> None:
        self.built: list[int] = []
        self.asked: list[float] = []
        self.truths = Truths(self.build, Oracle("counting", "", self.certify))

    def build(self, key: ProblemKey) -> Problem:
        number = int(dict(key.params)["number"])
        self.built.append(number)
        return replace(problem_of([[1.0 + number]], [math.nan if number == 2 else 1.0]), key=key)

    def certify(self, A: Array, b: Array) -> Certificate:
        self.asked.append(float(A[0, 0]))
        if A[0, 0] == 4:
            raise NotCertifiedError("four is too hard")
        return select("exact").certify(A, b)


def test_a_problem_is_built_and_certified_once() -> None:
    works = Works()
    first = works.truths.certify(KEYS[0])
    assert isinstance(first, Certified)
    assert first.problem is works.truths.problem(KEYS[0])
    assert works.truths.certify(KEYS[0]) is first
    assert (works.built, works.asked) == ([0], [1.0])
    assert works.truths.refused == {}


def test_what_was_refused_is_not_asked_again_and_nan_never() -> None:
    works = Works()
    assert [works.truths.certify(KEYS[3]) for _ in range(2)] == [None, None]
    assert works.truths.refused == {KEYS[3]: "four is too hard"}
    assert works.truths.certify(KEYS[2]) is works.truths.certify(KEYS[2])
    assert (works.built, works.asked) == ([3, 2], [4.0])


def test_the_latest_problems_are_kept_and_the_oldest_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truths, "KEPT", 2)
    works = Works()
    for number in (0, 1, 2, 1, 2, 0):
        works.truths.certify(KEYS[number])
    assert works.built == [0, 1, 2, 0]
    assert works.asked == [1.0, 2.0, 1.0]


def test_seconds_are_those_of_building_and_of_certifying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truths, "time", SimpleNamespace(perf_counter=Clock()))
    works = Works()
    works.truths.problem(KEYS[0])
    assert works.truths.seconds == 2.0  # from 1 to 3
    works.truths.certify(KEYS[0])
    assert works.truths.seconds == 2.0 + 8.0  # from 7 to 15
    works.truths.certify(KEYS[0])
    works.truths.problem(KEYS[0])
    assert works.truths.seconds == 10.0
    works.truths.certify(KEYS[3])  # 16 seconds of nothing, 32 to build; 64, and 128 to be refused
    assert works.truths.seconds == 10.0 + 32.0 + 128.0


# --- facts -----------------------------------------------------------------------------------------------


def certified(A: npt.ArrayLike, b: npt.ArrayLike) -> Certified:
    problem = problem_of(A, b)
    return Certified(problem, Frame(problem, select("exact").certify(problem.A, problem.b)))


def test_facts_by_hand() -> None:
    one = certified([[8.0, 0.0], [0.0, 0.5], [0.0, 0.0]], [[1.0, 3.0, 0.0], [0.0, 0.0, 0.0], [0.0, 4.0, 0.0]])
    assert one.facts == {
        "problem": "given dtype=float64",
        "digest": one.problem.digest,
        "family": "given",
        "m": 3,
        "n": 2,
        "precision": "float64",
        "oracle": "exact",
        "rank": 2,
        "kappa": 16.0,
        "kappa_columns": 1.0,
        "column_ratio": 16.0,
        "residual_ratio": 0.8,  # of the second right-hand side, 4/5; the others are 0 and 0/0
        "regime": Regime.RESOLVABLE,
        "edge": Edge.NONE,
    }
    assert one.regime is one.limits.regime
    assert one.truth is one.frame.truth


def test_facts_where_columns_have_one_size_and_where_the_rank_is_not_full() -> None:
    plain = certified([[2.0, 0.0], [0.0, 3.0]], [1.0, 1.0]).facts
    assert (plain["kappa"], plain["kappa_columns"], plain["column_ratio"]) == (1.5, 1.5, 1.0)
    zero = certified(np.zeros((2, 1)), [3.0, 4.0]).facts
    assert (zero["rank"], zero["residual_ratio"], zero["column_ratio"]) == (0, 1.0, 1.0)
    assert zero["kappa"] != zero["kappa"]  # NaN
    assert zero["kappa_columns"] != zero["kappa_columns"]
    deficient = certified([[1.0, 0.0], [0.0, 0.0]], [1.0, 1.0]).facts
    assert (deficient["kappa"], deficient["kappa_columns"], deficient["regime"]) == (1.0, 1.0, Regime.DEFICIENT)
    assert certified(np.zeros((0, 2)), []).facts["residual_ratio"] == 0.0


def test_a_ratio_of_columns_beyond_every_double_is_the_largest_power_of_two() -> None:
    problem = problem_of(np.eye(2), np.ones(2))
    truth = select("exact").certify(np.diag([2.0, 1.0]), problem.b)
    for exponents, ratio in (([1023, 1], 2.0**1022), ([-1000, 23], 2.0**1023), ([1000, -1000], 2.0**1023)):
        columns = select("exact").certify(np.diag([4.0, 1.0]), problem.b).equilibrated
        assert columns is not None
        wide = replace(truth, digest=problem.digest, equilibrated=replace(columns, exponents=np.array(exponents)))
        assert Certified(problem, Frame(problem, wide)).facts["column_ratio"] == ratio


# --- what a solver's own cutoff leaves --------------------------------------------------------------------


def test_a_cutoff_is_of_the_size_of_the_problem_and_eps_is_twice_u() -> None:
    one = certified(np.eye(3, 2), np.ones(3))
    assert one.cutoff(minimum_norm("", cutoff=lambda m, n, eps: (100 * m + n) * eps)) == 302 * 2.0**-52
    assert one.cutoff(minimum_norm("")) is None


def test_a_truncation_is_asked_for_once_for_each_cutoff() -> None:
    asked: list[int] = []
    problem = problem_of([[4.0, 0.0], [0.0, 1.0]], [4.0, 1.0])

    def truncate(A: Array, b: Array, rank: int) -> Truncation:
        asked.append(rank)
        left = by_hand(problem, 1, [1.0, 0.0], 1.0, 4.0, 4.0)
        return Truncation(left, sigma_next=replace(left.sigma_min, mid=left.sigma_min.mid / 4))

    def at(cutoff: float) -> Any:
        return minimum_norm("", cutoff=lambda m, n, eps: cutoff)

    frame = Frame(problem, select("exact").certify(problem.A, problem.b))
    one = Certified(problem, frame, truncate)
    found = one.truncated_frame(at(0.5))
    assert found is not None
    assert found.truth.rank == 1
    assert one.truncated_frame(at(0.5)) is found
    assert asked == [1]
    assert one.truncated_frame(at(0.1)) is frame
    assert one.truncated_frame(minimum_norm("")) is None
    assert Certified(problem, frame).truncated_frame(at(0.1)) is None
    assert asked == [1]
    kept = Truths(lambda _: problem, replace(select("exact"), truncate=truncate)).certify(problem.key)
    assert isinstance(kept, Certified)
    assert kept.truncate is truncate
