"""From outcomes to records: every score that an answer allows, and the verdict.

Answers wait until there is a stack of them at problems of one shape: a stack costs little more than one.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from lamm_robust.scoring.metrics import STACK, score, score_each, worst
from lamm_robust.scoring.nonfinite import Undefined
from lamm_robust.scoring.truths import Certified, Known, Truths
from lamm_robust.scoring.verdicts import judge_all
from lamm_robust.values import Array, Case, Contract, Outcome, Record, Regime, Solver, Variant


class Done(NamedTuple):
    """A case and its record."""

    case: Case
    record: Record


class Undone(NamedTuple):
    """A case that has no record, and why."""

    case: Case
    why: str
    absent: bool = False
    """Whether its library cannot be measured here; else its problem could not be certified."""


@dataclass(eq=False)
class Scoring:
    """Answers that wait to be scored, by the shape of their problem: a stack at a time costs little more than one."""

    truths: Truths
    solver: Callable[[Variant], Solver]
    _stacks: dict[tuple[int, ...], list[tuple[Case, Known, Outcome]]] = field(default_factory=lambda: defaultdict(list))
    _oldest: float = math.inf
    """When the first of the waiting answers came."""

    def add(self, case: Case, outcome: Outcome) -> list[Done | Undone]:
        """Take in the outcome of a case; returns the cases that have become done or known not to be."""
        certified = self.truths.certified(case.key)
        if certified is None:
            return [Undone(case, self.truths.refused[case.key])]
        stack = self._stacks[(*certified.problem.A.shape, *certified.problem.b.shape[1:])]
        stack.append((case, certified, outcome))
        self._oldest = min(self._oldest, time.monotonic())
        return self._finish(stack) if len(stack) >= STACK else []

    def flush(self, patience: float = 0.0) -> list[Done | Undone]:
        """Score all that waits, if one of it has waited for longer than so many seconds."""
        if time.monotonic() - self._oldest < patience:
            return []
        self._oldest = math.inf
        return [done for stack in self._stacks.values() for done in self._finish(stack)]

    def _finish(self, stack: list[tuple[Case, Known, Outcome]]) -> list[Done | Undone]:
        answers, stack[:] = list(stack), []
        found = zip((case for case, _, _ in answers), records(answers, self.solver), strict=True)
        return [Done(case, record) for case, record in found]


def record(case: Case, certified: Known, solver: Solver, outcome: Outcome) -> Record:
    """Score and judge one outcome."""
    return next(records([(case, certified, outcome)], lambda _: solver))


def records(answers: Sequence[tuple[Case, Known, Outcome]], solver: Callable[[Variant], Solver]) -> Iterator[Record]:
    """Score and judge outcomes at problems of one shape."""
    contracts = [solver(case.variant).contract for case, _, _ in answers]
    scores = scores_of([(certified, outcome) for _, certified, outcome in answers], contracts)
    for (case, certified, outcome), contract, (scored, columns) in zip(answers, contracts, scores, strict=True):
        variant = case.variant
        yield Record(
            **certified.facts,  # type: ignore[arg-type]
            variant=str(variant),
            library=variant.library,
            algorithm=variant.algorithm,
            device=variant.device,
            promises=contract.deficiency,
            status=outcome.status,
            verdict=judge_all(contract, certified.limits, outcome, columns),
            warned=outcome.warned,
            repeatable=outcome.repeatable,
            cause=outcome.cause,
            message=outcome.message,
            reported_rank=outcome.rank,
            seconds=outcome.seconds,
            min_seconds=outcome.min_seconds,
            first_call_seconds=outcome.first_call_seconds,
            scores=scored,
        )


Scores = dict[str, float]


def scores_of(
    attempts: Sequence[tuple[Known, Outcome]], contracts: Sequence[Contract]
) -> list[tuple[Scores, list[Scores]]]:
    """Every score that each outcome allows, the worst over the right-hand sides and for each of them.

    Metrics need a finite x̂, rank_error a reported rank, truncated_error a cutoff where the rank is ambiguous, and all
    of them a truth.
    """
    finite = [(c.frame, o.x) for c, o in attempts if isinstance(c, Certified) and is_finite(o.x)]
    metrics = iter(score_each([frame for frame, _ in finite], [x for _, x in finite if x is not None]))
    each = [next(metrics) if isinstance(c, Certified) and is_finite(o.x) else [] for c, o in attempts]
    scores = [(worst(columns), columns) for columns in each]
    for (scored, columns), (certified, outcome), contract in zip(scores, attempts, contracts, strict=True):
        if isinstance(certified, Undefined):
            continue
        if certified.regime is Regime.AMBIGUOUS:
            cut = truncated_error(certified, outcome.x, contract)
            for target in (scored, *columns):
                target.update(cut)
        elif outcome.rank is not None:
            scored["rank_error"] = float(outcome.rank - certified.truth.rank)
    return scores


def truncated_error(certified: Certified, x: Array | None, contract: Contract) -> dict[str, float]:
    """The forward error against what the solver's own cutoff leaves of the problem."""
    if x is None or not is_finite(x):
        return {}
    frame = certified.left_by(contract)
    return {} if frame is None else {"truncated_error": score(frame, x)["forward_error"]}


def is_finite(x: Array | None) -> bool:
    """Whether there is an answer, and every entry of it is a number."""
    return x is not None and bool(np.isfinite(x).all())
