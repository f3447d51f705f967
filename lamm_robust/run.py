"""The loop: every case of a plan is built, certified, attempted, scored, judged and recorded.

It takes the tables it needs as arguments and knows no family, oracle or solver by name. Cases are grouped by worker;
while a worker solves one case, this process certifies and scores the one before.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from lamm_robust.metrics import Frame, norm, score
from lamm_robust.values import (
    BY,
    AbsentError,
    Device,
    NotCertifiedError,
    Oracle,
    Outcome,
    Precision,
    Problem,
    ProblemKey,
    Record,
    Regime,
    Shape,
    Solver,
    Status,
    Variant,
)
from lamm_robust.verdicts import judge, regime, shape_of


@dataclass(frozen=True)
class Case:
    """One variant at one problem: the unit of planning, resuming and replaying."""

    key: ProblemKey
    variant: Variant

    def __str__(self) -> str:
        return f"{self.key}{BY}{self.variant}"


class Asks(Protocol):
    """What the loop needs of a worker: send one attempt, then receive its outcome."""

    def send(self, problem: Problem, algorithm: str) -> None:
        """Ask for an attempt."""

    def receive(self, problem: Problem) -> Outcome:
        """The outcome of the attempt that was sent."""


@dataclass(frozen=True)
class Tables:
    """The doors to the other rooms, handed in by the caller."""

    solver: Callable[[Variant], Solver]
    worker: Callable[[str, Precision, Device], AbstractContextManager[Asks]]


@dataclass(frozen=True, eq=False)
class Certified:
    """A problem with its truth, ready to score attempts."""

    problem: Problem
    frame: Frame
    regime: Regime

    @cached_property
    def residual_ratio(self) -> float:
        """The largest ‖r★‖/‖b‖ over the right-hand sides; 0 where b = 0."""
        b_norms = [norm(self.frame.b[:, column]) for column in range(self.frame.columns)]
        pairs = zip(self.frame.residual_star, b_norms, strict=True)
        return max((shortest / size for shortest, size in pairs if size), default=0.0)


class Truths:
    """Each problem built and certified once; what could not be certified is kept with the reason."""

    def __init__(self, build: Callable[[ProblemKey], Problem], oracle: Oracle) -> None:
        self._build = build
        self._oracle = oracle
        self._problems: dict[ProblemKey, Problem] = {}
        self._certified: dict[ProblemKey, Certified] = {}
        self.refused: dict[ProblemKey, str] = {}

    def problem(self, key: ProblemKey) -> Problem:
        """The problem of a key."""
        if key not in self._problems:
            self._problems[key] = self._build(key)
        return self._problems[key]

    def certified(self, key: ProblemKey) -> Certified | None:
        """The problem with its truth, or None if the oracle could not prove it."""
        if key not in self._certified and key not in self.refused:
            problem = self.problem(key)
            try:
                truth = self._oracle.certify(problem.A, problem.b)
                frame = Frame(problem, truth)
            except NotCertifiedError as error:
                self.refused[key] = str(error)
                return None
            self._certified[key] = Certified(problem, frame, regime(truth, key.dtype))
        return self._certified.get(key)


def sweep(
    cases: Sequence[Case], tables: Tables, truths: Truths, absent: dict[Variant, str]
) -> Iterator[tuple[Case, Record | None]]:
    """Run the cases, grouped by worker, and yield each with its record, or None where there is none.

    There is none without a truth (`truths.refused` says why), and for a library that turns out not to work on
    this machine, whose variants and the reason are added to `absent`.
    """

    def group(case: Case) -> tuple[str, Precision, Device]:
        return case.variant.library, case.variant.precision, case.variant.device

    for name, grouped in itertools.groupby(sorted(cases, key=group), key=group):
        members = list(grouped)
        with contextlib.ExitStack() as held:
            try:
                worker = held.enter_context(tables.worker(*name))
            except AbsentError as error:
                absent |= {case.variant: f"not measured: {error}" for case in members}
                yield from ((case, None) for case in members)
                continue
            for case, outcome in _outcomes(members, tables, truths, worker):
                certified = truths.certified(case.key)
                scored = record(case, certified, tables.solver(case.variant), outcome) if certified else None
                yield case, scored


def _outcomes(cases: Iterable[Case], tables: Tables, truths: Truths, worker: Asks) -> Iterator[tuple[Case, Outcome]]:
    """Each case's outcome; the caller handles one while the worker is busy with the next."""
    done: tuple[Case, Outcome] | None = None
    for case in cases:
        problem, solver = truths.problem(case.key), tables.solver(case.variant)
        shape = shape_of(problem.m, problem.n)
        accepted = shape in solver.contract.shapes
        try:
            if accepted:
                worker.send(problem, solver.algorithm)
        finally:  # whatever becomes of this case, the one before has its outcome
            if done:
                yield done
        if accepted:
            done = case, worker.receive(problem)
        else:
            done = case, Outcome(Status.NOT_ATTEMPTED, message=not_taken(shape, solver))
    if done:
        yield done


def not_taken(shape: Shape, solver: Solver) -> str:
    """Why a solver is not asked about a shape, in words."""
    return f"A is {shape}; the solver takes {' or '.join(solver.contract.shapes)}"


def record(case: Case, certified: Certified, solver: Solver, outcome: Outcome) -> Record:
    """Score and judge one outcome."""
    problem, truth = certified.problem, certified.frame.truth
    scores = scores_of(certified, outcome)
    verdict = judge(solver.contract, truth, case.key.dtype, outcome, scores)
    return Record(
        problem=str(case.key),
        digest=problem.digest,
        family=case.key.family,
        m=problem.m,
        n=problem.n,
        variant=str(case.variant),
        library=case.variant.library,
        algorithm=case.variant.algorithm,
        precision=case.variant.precision,
        device=case.variant.device,
        promises=solver.contract.deficiency.value,
        oracle=truth.method,
        rank=truth.rank,
        kappa=certified.frame.kappa if truth.kappa else math.nan,
        residual_ratio=certified.residual_ratio,
        regime=certified.regime.value,
        status=outcome.status.value,
        verdict=verdict.value,
        warned=outcome.warned,
        repeatable=outcome.repeatable,
        message=outcome.message,
        reported_rank=outcome.rank,
        seconds=outcome.seconds,
        first_call_seconds=outcome.first_call_seconds,
        scores=scores,
    )


def scores_of(certified: Certified, outcome: Outcome) -> dict[str, float]:
    """Every score that the outcome allows: metrics need a finite x̂, rank_error a reported rank."""
    scores: dict[str, float] = {}
    if outcome.x is not None and np.all(np.isfinite(outcome.x)):
        scores |= score(certified.frame, outcome.x)
    if outcome.rank is not None and certified.regime is not Regime.AMBIGUOUS:
        scores["rank_error"] = float(outcome.rank - certified.frame.truth.rank)
    return scores
