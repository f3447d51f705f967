"""A verdict on one solver of the user's own: what it is held to, what its answers say of it, and what failed and why.

How the answers are had is another matter: see `check_worker` and `testing`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lamm_robust import catalog
from lamm_robust.check.reasons import Clues, Reason, is_single, reason
from lamm_robust.defaults import CASE_MEMORY, CHECK_SECONDS
from lamm_robust.reports.grading import BACKWARD, PASSES, is_broken, is_graded, is_judged, is_undefined
from lamm_robust.reports.summary import Row, row, simplicity
from lamm_robust.runs.plan import grid
from lamm_robust.scoring.records import Done, Scoring
from lamm_robust.scoring.truths import Truths
from lamm_robust.scoring.verdicts import shape_of
from lamm_robust.solvers import user
from lamm_robust.values import (
    SHAPES,
    Case,
    Cause,
    Deficiency,
    Device,
    Outcome,
    Precision,
    Problem,
    ProblemKey,
    Record,
    Requirement,
    Shape,
    Solver,
    Variant,
    Verdict,
)

REQUIRED: Mapping[Requirement, frozenset[Verdict]] = {"backward-stable": BACKWARD, "forward-stable": PASSES}
"""The verdicts that each allows; a class bears the name of a verdict where nothing worse is below it."""

LOST = (Verdict.TIMED_OUT, Verdict.FLAKY)
"""Verdicts on attempts that did not end by themselves, or not always."""

SHOWN = 3
"""Failures that a page shows."""


@dataclass(frozen=True)
class Terms:
    """What a solver is held to, and on which problems."""

    contract: Deficiency = Deficiency.MINIMUM_NORM
    shapes: tuple[Shape, ...] = ()
    """Those that it takes; none means all, or tall and square for a solver of full rank only."""
    precision: Precision = "float64"
    device: Device = "cpu"
    profile: str = "quick"
    families: tuple[str, ...] = ()
    require: Requirement | None = None
    case_seconds: float = CHECK_SECONDS
    case_memory: int = CASE_MEMORY

    def accepted(self) -> tuple[Shape, ...]:
        """The shapes of problems that are asked."""
        full_rank_only = self.contract is Deficiency.FULL_RANK_ONLY
        return self.shapes or (("tall", "square") if full_rank_only else SHAPES)

    def passing(self) -> frozenset[Verdict]:
        """The verdicts that are no failures: forward stable is enough unless more is required."""
        return REQUIRED[self.require or "forward-stable"]


@dataclass(frozen=True, eq=False)
class Failure:
    """A problem at which the solver failed, and why."""

    clues: Clues
    reason: Reason
    why: str

    @property
    def record(self) -> Record:
        """Of the attempt that failed."""
        return self.clues.record


@dataclass(frozen=True, eq=False)
class Checked:
    """What a check has found."""

    target: str
    terms: Terms
    row: Row
    records: Sequence[Record]
    failures: Sequence[Failure]
    """The simplest problem first."""
    untried: int
    """Problems that were left out when enough had been seen."""
    unproved: int
    """Problems without a truth."""
    beside: Sequence[tuple[Row, float]] = field(default=())
    """Other solvers at the same problems, and their time over this one's."""

    @property
    def passed(self) -> bool:
        """Whether what was required holds; true if nothing was."""
        require = self.terms.require
        return require is None or self.row.stability in REQUIRED[require]

    @property
    def safe_kappa(self) -> float:
        """Every graded full-rank problem up to this κ passed as required."""
        backward = self.terms.require == "backward-stable"
        return self.row.backward_safe_kappa if backward else self.row.forward_safe_kappa


Outcomes = dict[Case, Outcome]


def variant_of(solver: Solver, terms: Terms) -> Variant:
    """What the solver is called in records."""
    return Variant(user.NAME, solver.algorithm, terms.precision, terms.device)


def problems(terms: Terms, truths: Truths) -> list[ProblemKey]:
    """The problems of the profile that the solver is asked, the smallest first; ValueError if there is none."""
    families = catalog.select_families(terms.families)
    shapes = terms.accepted()
    keys = [
        key
        for key in grid(terms.profile, terms.precision, families)
        if shape_of(*truths.problem(key).A.shape) in shapes
    ]
    if not keys:
        raise ValueError(f"no problem of {', '.join(families)} is {' or '.join(shapes)} in the {terms.profile} profile")
    return sorted(keys, key=lambda key: _size(truths.problem(key)))


def _size(problem: Problem) -> tuple[bool, int]:
    """Small problems first, and last those that solvers may refuse: empty ones, and with NaN or ∞ in them."""
    finite = bool(np.isfinite(problem.A).all() and np.isfinite(problem.b).all())
    return not (problem.A.size and finite), problem.A.size


RightAlone = Callable[[Clues, Case], bool]
"""Whether a failure is none when its problem is asked again, alone in a fresh process."""


def judged(
    target: str,
    solver: Solver,
    terms: Terms,
    truths: Truths,
    outcomes: Outcomes,
    planned: int,
    right_alone: RightAlone = lambda *_: False,
) -> Checked:
    """What the outcomes say of the solver, of as many as were planned; ValueError if there is nothing to judge."""
    records = scored(outcomes, truths, lambda _: solver)
    if not records:
        raise ValueError("nothing could be judged: no problem that was tried has a proved answer")
    found = row(records, math.nan)
    if any(map(is_breaking, records)):
        found = replace(found, stability="broken")
    return Checked(
        target=target,
        terms=terms,
        row=found,
        records=records,
        failures=_failures(records, terms, truths, outcomes, right_alone),
        untried=planned - len(outcomes),
        unproved=len(outcomes) - len(records),
    )


def is_breaking(record: Record) -> bool:
    """Whether it makes a solver broken; at an edge case a solver may raise an error, but not take its process along."""
    return is_broken(record) and (not record.edge or record.verdict in LOST or record.cause is Cause.PROCESS_LOST)


def is_failed(record: Record, terms: Terms) -> bool:
    """Whether it is to be shown: edge cases and silence where there is no answer are, and decide no class."""
    if is_judged(record):
        return record.verdict not in terms.passing()
    return is_broken(record) or (is_undefined(record) and record.verdict == Verdict.WRONG)


def _failures(
    records: Sequence[Record], terms: Terms, truths: Truths, outcomes: Outcomes, right_alone: RightAlone
) -> list[Failure]:
    """What failed and why; the failures that are shown are looked at once more."""
    cases = {str(case): case for case in outcomes}
    failed = [r for r in records if is_failed(r, terms)]
    answers = [outcome.x for outcome in outcomes.values() if outcome.x is not None and outcome.x.any()]
    all_single = all(map(is_single, answers))
    found = []
    for one in failed:
        case = cases[one.key]
        certified = truths.certified(case.key)
        assert certified, "what was scored is certified"
        found.append(Clues(one, certified, outcomes[case], all_single=all_single))
    found.sort(key=_simplest)
    found[:SHOWN] = [replace(c, right_alone=right_alone(c, cases[c.record.key])) for c in found[:SHOWN]]
    return [Failure(clues, why, why.say(clues)) for clues in found for why in [reason(clues)]]


def _simplest(clues: Clues) -> tuple[object, ...]:
    """Small and well-conditioned first; edge cases and problems without an answer last."""
    return not is_graded(clues.record), *simplicity(clues.record)


def scored(outcomes: Outcomes, truths: Truths, solver: Callable[[Variant], Solver]) -> list[Record]:
    """The records of the attempts at problems that have a truth."""
    scoring = Scoring(truths, solver)
    done = [one for case, outcome in outcomes.items() for one in scoring.add(case, outcome)]
    return [one.record for one in [*done, *scoring.flush()] if isinstance(one, Done)]
