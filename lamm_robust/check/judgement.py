"""A verdict on one solver of the user's own: what it is held to, what its answers say of it, and what failed and why.

Where the answers come from does not matter here: `supervised` gets them from a child process, `testing` from this one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lamm_robust import catalog
from lamm_robust.check.reasons import Clues, Reason, is_single, reason
from lamm_robust.defaults import CASE_MEMORY, CHECK_SECONDS
from lamm_robust.reports.grading import BACKWARD, COLUMNWISE, PASSES, is_broken, is_graded, is_judged, is_undefined
from lamm_robust.reports.summary import Row, row, simplicity
from lamm_robust.runs.plan import grid
from lamm_robust.scoring.nonfinite import as_undefined
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

REQUIRED: Mapping[Requirement, frozenset[Verdict]] = {
    "column-wise-stable": COLUMNWISE,
    "backward-stable": BACKWARD,
    "forward-stable": PASSES,
}
"""The verdicts that each requirement allows, and so the classes that meet it, which are named like verdicts."""

LOST = (Verdict.TIMED_OUT, Verdict.FLAKY)
"""Verdicts on attempts that did not end by themselves, or not every time."""

SHOWN = 3
"""The number of failures that a page shows."""


@dataclass(frozen=True)
class Terms:
    """What a solver is held to, and on which problems."""

    contract: Deficiency = Deficiency.MINIMUM_NORM
    shapes: tuple[Shape, ...] = ()
    """The shapes that it takes; none means all, or tall and square for a solver of full rank only."""
    precision: Precision = "float64"
    device: Device = "cpu"
    profile: str = "quick"
    families: tuple[str, ...] = ()
    require: Requirement | None = None
    case_seconds: float = CHECK_SECONDS
    case_memory: int = CASE_MEMORY

    def chosen_shapes(self) -> tuple[Shape, ...]:
        """The shapes of the problems that the solver is tried at."""
        full_rank_only = self.contract is Deficiency.FULL_RANK_ONLY
        return self.shapes or (("tall", "square") if full_rank_only else SHAPES)

    def passing_verdicts(self) -> frozenset[Verdict]:
        """The verdicts that are not failures: forward stable is enough unless more is required."""
        return REQUIRED[self.require or "forward-stable"]


@dataclass(frozen=True, eq=False)
class Failure:
    """A problem at which the solver failed, and why."""

    clues: Clues
    reason: Reason
    why: str

    @property
    def record(self) -> Record:
        """The record of the attempt that failed."""
        return self.clues.record


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a check has found out about a solver."""

    target: str
    terms: Terms
    row: Row
    records: Sequence[Record]
    failures: Sequence[Failure]
    """The failed attempts, at the simplest problem first."""
    untried: int
    """The number of problems that were left out when enough had been seen."""
    unproved: int
    """The number of problems that were tried and have no proved answer."""
    drivers: Sequence[Row] = ()
    """LAPACK's drivers at the same problems; their time is relative to this solver's."""

    @property
    def passed(self) -> bool:
        """Whether what was required holds; true if nothing was required."""
        require = self.terms.require
        return require is None or self.row.stability in REQUIRED[require]

    @property
    def safe_kappa(self) -> float:
        """The κ up to which every graded full-rank problem passed as required."""
        row = self.row
        to = row.columnwise_safe_kappa, row.backward_safe_kappa, row.forward_safe_kappa
        return dict(zip(REQUIRED, to, strict=True))[self.terms.require or "forward-stable"]


Outcomes = dict[Case, Outcome]


def variant_of(solver: Solver, terms: Terms) -> Variant:
    """The variant by which records name the solver."""
    return Variant(user.NAME, solver.algorithm, terms.precision, terms.device)


def problems(terms: Terms, truths: Truths) -> list[ProblemKey]:
    """The problems of the profile that the solver is tried at, the smallest first; ValueError if there are none."""
    families = catalog.select_families(terms.families)
    shapes = terms.chosen_shapes()
    every = grid(terms.profile, terms.precision, families)
    keys = [key for key in every if shape_of(*truths.problem(key).A.shape) in shapes]
    if not keys:
        raise ValueError(f"no problem of {', '.join(families)} is {' or '.join(shapes)} in the {terms.profile} profile")
    return sorted(keys, key=lambda key: _order(truths.problem(key)))


def _order(problem: Problem) -> tuple[bool, int]:
    """What problems are sorted by: by size, and last those that solvers may refuse, as they are empty or not finite."""
    return not problem.A.size or as_undefined(problem) is not None, problem.A.size


PassesAlone = Callable[[Clues, Case], bool]
"""Whether a solver passes a case at which it failed when it is asked again, alone in a fresh process."""


def judge_solver(
    target: str,
    solver: Solver,
    terms: Terms,
    truths: Truths,
    outcomes: Outcomes,
    planned: int,
    passes_alone: PassesAlone = lambda *_: False,
) -> Judgement:
    """The judgement from the outcomes at some of the planned problems; ValueError if there is nothing to judge."""
    records = score_outcomes(outcomes, truths, lambda _: solver)
    if not records:
        raise ValueError("nothing could be judged: no problem that was tried has a proved answer")
    found = row(records, math.nan)
    if any(map(is_breaking, records)):
        found = replace(found, stability="broken")
    return Judgement(
        target=target,
        terms=terms,
        row=found,
        records=records,
        failures=_failures(records, terms, truths, outcomes, passes_alone),
        untried=planned - len(outcomes),
        unproved=len(outcomes) - len(records),
    )


def is_breaking(record: Record) -> bool:
    """Whether a record makes its solver broken; at an edge case an error does not, but a lost process does."""
    return is_broken(record) and (not record.edge or record.verdict in LOST or record.cause is Cause.PROCESS_LOST)


def is_shown(record: Record, terms: Terms) -> bool:
    """Whether a record is shown as a failure; edge cases and silence at undefined problems are, but decide no class."""
    if is_judged(record):
        return record.verdict not in terms.passing_verdicts()
    return is_broken(record) or (is_undefined(record) and record.verdict == Verdict.WRONG)


def _failures(
    records: Sequence[Record], terms: Terms, truths: Truths, outcomes: Outcomes, passes_alone: PassesAlone
) -> list[Failure]:
    """What failed and why, the simplest problem first; the first `SHOWN` are asked once more, alone."""
    cases = {str(case): case for case in outcomes}
    answers = [outcome.x for outcome in outcomes.values() if outcome.x is not None and outcome.x.any()]
    all_single = all(map(is_single, answers))
    found = []
    for record in records:
        if is_shown(record, terms):
            case = cases[record.key]
            certified = truths.certify(case.key)
            assert certified, "what was scored is certified"
            found.append(Clues(record, certified, outcomes[case], all_single=all_single))
    found.sort(key=lambda clues: (not is_graded(clues.record), *simplicity(clues.record)))  # edge cases come last
    found[:SHOWN] = [replace(c, passes_alone=passes_alone(c, cases[c.record.key])) for c in found[:SHOWN]]
    return [Failure(clues, why, why.say(clues)) for clues in found for why in [reason(clues)]]


def score_outcomes(outcomes: Outcomes, truths: Truths, solver: Callable[[Variant], Solver]) -> list[Record]:
    """The records of the outcomes; problems whose truth cannot be proved have none."""
    scoring = Scoring(truths, solver)
    done = [one for case, outcome in outcomes.items() for one in scoring.add(case, outcome)]
    return [one.record for one in [*done, *scoring.flush()] if isinstance(one, Done)]
