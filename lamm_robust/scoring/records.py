"""From outcomes to records: every score that an answer allows, and the verdict.

Answers wait until there is a stack of them at problems of one shape: a stack costs little more than one.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lamm_robust.scoring import number_truths, numbers
from lamm_robust.scoring.derivatives import derivative_scores
from lamm_robust.scoring.limits import resolves
from lamm_robust.scoring.metrics import STACK, score, score_each, worst
from lamm_robust.scoring.nonfinite import Undefined
from lamm_robust.scoring.truths import Certified, Known, Truths
from lamm_robust.scoring.verdicts import is_finite, judge_all
from lamm_robust.values import Array, Case, Contract, Number, Outcome, Record, Regime, Solver, Variant, Verdict


class Done(NamedTuple):
    """A case and its record."""

    case: Case
    record: Record


class Undone(NamedTuple):
    """A case that has no record, and why."""

    case: Case
    why: str
    absent: bool = False
    """True if the solver's library cannot be measured here, false if the problem could not be certified."""


Attempt = tuple[Case, Known, Outcome]
"""A case, its problem with the truth, and how the attempt ended."""


@dataclass(eq=False)
class Scoring:
    """Collects answers by problem shape and scores them in stacks: a stack costs little more than one answer."""

    truths: Truths
    solver: Callable[[Variant], Solver]
    _stacks: dict[tuple[int | str, ...], list[Attempt]] = field(default_factory=lambda: defaultdict(list))
    _oldest: float = math.inf
    """When the first of the waiting answers came, by `time.monotonic`."""

    def add(self, case: Case, outcome: Outcome) -> list[Done | Undone]:
        """Add the outcome of a case. Returns the cases that this completes: each has a record, or a reason for none."""
        certified = self.truths.certify(case.key)
        if certified is None:
            return [Undone(case, self.truths.refused[case.key])]
        A, b = certified.problem.A, certified.problem.b
        stack = self._stacks[(A.dtype.kind, *A.shape, *b.shape[1:])]
        stack.append((case, certified, outcome))
        self._oldest = min(self._oldest, time.monotonic())
        return self._finish(stack) if len(stack) >= STACK else []

    def flush(self, patience: float = 0.0) -> list[Done | Undone]:
        """Score all answers that wait, if the first of them has waited for `patience` seconds."""
        if time.monotonic() - self._oldest < patience:
            return []
        self._oldest = math.inf
        return [done for stack in self._stacks.values() for done in self._finish(stack)]

    def _finish(self, stack: list[Attempt]) -> list[Done | Undone]:
        attempts, stack[:] = list(stack), []
        return [Done(case, found) for (case, *_), found in zip(attempts, records(attempts, self.solver), strict=True)]


def record(case: Case, certified: Known, solver: Solver, outcome: Outcome) -> Record:
    """The record of one outcome, scored and judged."""
    return next(records([(case, certified, outcome)], lambda _: solver))


def records(attempts: Sequence[Attempt], solver: Callable[[Variant], Solver]) -> Iterator[Record]:
    """The records of attempts at problems of one shape, scored and judged."""
    contracts = [solver(case.variant).contract for case, _, _ in attempts]
    if any(contract.returns is not Number.X for contract in contracts):
        yield from number_records(attempts, contracts)
        return
    scores = scores_of([(certified, outcome) for _, certified, outcome in attempts], contracts)
    for (case, certified, outcome), contract, (worst_scores, columns) in zip(attempts, contracts, scores, strict=True):
        verdict = judge_all(contract, certified.limits, outcome, columns)
        yield _record(case, certified.facts, contract, outcome, verdict, worst_scores)


def number_records(attempts: Sequence[Attempt], contracts: Sequence[Contract]) -> Iterator[Record]:
    """The records of attempts at other numbers than x, see `numbers`: κ is that of A as stored, and nothing else."""
    for (case, certified, outcome), contract in zip(attempts, contracts, strict=True):
        scores, verdict = numbers.judge_number(contract, certified, outcome)
        facts = {**certified.facts, "regime": number_truths.regime(certified)}
        facts |= {"kappa_columns": facts["kappa"], "column_ratio": 1.0}
        yield _record(case, facts, contract, outcome, verdict, scores)


def _record(
    case: Case, facts: Mapping[str, object], contract: Contract, outcome: Outcome, verdict: Verdict, scores: Scores
) -> Record:
    """The row of an attempt; `facts` are those of its problem."""
    variant = case.variant
    return Record(
        **facts,  # type: ignore[arg-type]
        variant=str(variant),
        library=variant.library,
        algorithm=variant.algorithm,
        device=variant.device,
        promises=contract.deficiency,
        status=outcome.status,
        verdict=verdict,
        warned=outcome.warned,
        repeatable=outcome.repeatable,
        cause=outcome.cause,
        message=outcome.message,
        reported_rank=outcome.rank,
        seconds=outcome.seconds,
        min_seconds=outcome.min_seconds,
        first_call_seconds=outcome.first_call_seconds,
        scores=scores,
    )


Scores = dict[str, float]


def scores_of(
    attempts: Sequence[tuple[Known, Outcome]], contracts: Sequence[Contract]
) -> list[tuple[Scores, list[Scores]]]:
    """The scores of each outcome: the worst over the right-hand sides, and those of each of them.

    Metrics need a finite x̂, rank_error a reported rank, truncated_error a cutoff where the rank is ambiguous, and all
    of them a truth.
    """
    finite = {
        place: (certified.frame, outcome.x)
        for place, (certified, outcome) in enumerate(attempts)
        if isinstance(certified, Certified) and is_finite(outcome.x)
    }
    metrics = score_each([frame for frame, _ in finite.values()], [x for _, x in finite.values()])
    each = dict(zip(finite, metrics, strict=True))
    found = []
    for place, ((certified, outcome), contract) in enumerate(zip(attempts, contracts, strict=True)):
        columns = each.get(place, [])
        scores = worst(columns)
        found.append((scores, columns))
        if isinstance(certified, Undefined):
            continue
        if outcome.derivatives and certified.derivatives:
            found_there = outcome.derivatives
            scores |= derivative_scores(certified.truth, certified.problem, certified.derivatives, found_there)
        if certified.regime is Regime.AMBIGUOUS:
            truncated = truncated_error(certified, outcome.x, contract)
            for target in (scores, *columns):
                target.update(truncated)
        elif outcome.rank is not None:
            scores["rank_error"] = float(outcome.rank - certified.truth.rank)
    return found


def truncated_error(certified: Certified, x: Array | None, contract: Contract) -> Scores:
    """How far x̂ and its fit are from A_k⁺b, where the solver's own cutoff leaves a rank k beyond doubt; else empty.

    The larger of the forward error and of ‖A(x̂ − A_k⁺b)‖/‖b‖ in units of u(1 + 2κ_k), the two halves of Wedin's
    theorem: where κ_k²‖r‖ excuses any x, the fit is still known. Empty, too, where κ_k is beyond the precision.
    """
    if not is_finite(x) or (frame := certified.truncated_frame(contract)) is None:
        return {}
    if not resolves(frame.precision, frame.truth.m, frame.truth.n, frame.kappa):
        return {}
    found = score(frame, x)
    fit = found["residual_excess"] / (frame.u * (1 + 2 * frame.kappa))
    return {"truncated_error": max(found["forward_error"], fit)}
