"""The judgement on a solver of the user's own: what its answers say of it, and whether what is required holds.

Where the answers come from does not matter here: `supervised` gets them from a child process, `testing` from this one.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from lamm_robust.check.derivatives import wrong_derivatives
from lamm_robust.check.expected import Met, meet
from lamm_robust.check.failures import (
    Failure,
    PassesAlone,
    excuse,
    failures_of,
    is_against,
    is_breaking,
    is_declined,
    is_shown,
    is_wrong_rank,
)
from lamm_robust.check.scored import Outcomes, Scored
from lamm_robust.check.terms import REQUIRED, Allowance, Terms
from lamm_robust.reports.row import Row, row
from lamm_robust.reports.stability import stability
from lamm_robust.scoring.truths import Truths
from lamm_robust.text import count_of
from lamm_robust.values import Number, Precision, Record, Solver, Status, Verdict

CONDITIONALLY_STABLE = "conditionally stable"
"""The class that meets the last requirement, too: it promises nothing for κ > u^(-1/2), see `reports.stability`."""


class Stop(enum.StrEnum):
    """What ended a check before it had tried every problem; the value says it."""

    USER = "it was stopped"
    TIME = "--seconds were over"


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a check has found out about a solver."""

    target: str
    terms: Terms
    row: Row
    records: Sequence[Record]
    failures: Sequence[Failure]
    """The failed attempts: those that are not expected first, then by `gravity`."""
    untried: int
    """The number of problems that were left out when enough had been seen."""
    unproved: int
    """The number of problems that were tried and have no proved answer."""
    stopped: Stop | None = None
    """What ended the check before it had tried every problem, other than that enough was seen."""
    doubt: str = ""
    """Why the times that were measured beside the solver are not to be believed; empty if they are."""
    expected: Mapping[str, str] = field(default_factory=dict)
    """Problem that fails as expected → the reason. All but what is required counts it like any other failure."""
    met: Sequence[Met] = ()
    """What became of each failure that is expected."""
    drivers: Sequence[Row] = ()
    """LAPACK's drivers at the same problems; their time is relative to this solver's."""
    left_out: Sequence[str] = ()
    """What it was to be compared with and is not, with the reason."""

    @property
    def passed(self) -> bool:
        """Whether what was required holds; true if nothing was required."""
        return not self.unmet

    @cached_property
    def unmet(self) -> list[str]:
        """What keeps the requirement from being held, in words; nothing if it is, or nothing was required."""
        require = self.terms.require
        if require is None:
            return []
        classes = {*REQUIRED[require], *([CONDITIONALLY_STABLE] if require == "conditionally-stable" else [])}
        if not self.expected:
            found, left_out = self.row.stability, ""
        else:
            kept = [r for r in self.records if r.problem not in self.expected or not is_shown(r, self.terms)]
            found, left_out = class_of_records(kept, self.terms.precision), " without the expected failures"
            classes.add("not judged")  # every graded problem fails, as expected
        wrong_class = [] if found in classes else [f"the class is {found}{left_out}"]
        return [*wrong_class, *self.unmet_beside_class]

    @cached_property
    def unexpected(self) -> list[Record]:
        """The records of all problems but those that fail as expected."""
        return [record for record in self.records if record.problem not in self.expected]

    @property
    def expected_failures(self) -> int:
        """How many of the failures are expected; wrong ranks and derivatives, which may be, too, are none."""
        return sum(failure.record.problem in self.expected for failure in self.failures)

    @property
    def standing(self) -> str:
        """Whether what was required holds, as a page says it, and with how many failures that are expected."""
        if self.unmet:
            return f"not held: {', '.join(self.unmet)}"
        return f"held: {as_expected(len(self.expected))}" if self.expected else "held"

    @property
    def unmet_beside_class(self) -> list[str]:
        """What keeps a requirement from being held apart from the class, in words."""
        words = {"silent": "silent failure", "ranks": "wrong rank", "declined": "declined problem"}
        other = "unexpected " if self.expected else ""
        found = [count_of(number, other + words[name]) for name, number in self.forbidden.items()]
        found += wrong_derivatives(self.unexpected) if self.terms.derivative else []
        if self.stopped:
            return [*found, f"{self.stopped} before the end"]
        if self.untried:  # enough had failed, which may all be expected
            return [*found, *([f"{count_of(self.untried, 'problem')} not tried"] if self.expected else [])]
        return [*found, *(one.wrong for one in self.met if one.wrong)]

    @cached_property
    def forbidden(self) -> Mapping[Allowance, int]:
        """How often it did, unexpectedly, what a requirement forbids beside a worse class; without zeros.

        What is allowed is left out.
        """
        counts: Mapping[Allowance, int] = {
            "silent": sum(record.verdict == Verdict.WRONG for record in self.unexpected),
            "ranks": sum(map(is_wrong_rank, self.unexpected)),
            "declined": sum(map(is_declined, self.unexpected)),
        }
        return {name: number for name, number in counts.items() if number and name not in self.terms.allow}

    @property
    def excused(self) -> int:
        """The number of problems beyond the κ of its promise at which it refused or was inaccurate."""
        limit = self.terms.limit
        return sum(r.verdict == Verdict.OUT_OF_CONTRACT and r.kappa > limit for r in self.records)

    @property
    def wrong_ranks(self) -> int:
        """The number of graded problems of which a wrong rank was reported."""
        return sum(is_wrong_rank(record) for record in self.records)

    @property
    def safe_kappa(self) -> float:
        """The κ up to which every graded full-rank problem passed as required."""
        row = self.row
        forward = row.forward_safe_kappa
        to = row.columnwise_safe_kappa, row.backward_safe_kappa, forward, forward
        return dict(zip(REQUIRED, to, strict=True))[self.terms.require or "forward-stable"]


def as_expected(many: int) -> str:
    """How many problems fail as expected, in words."""
    return f"{count_of(many, 'problem')} {'fails' if many == 1 else 'fail'} as expected"


def judge_solver(
    target: str,
    solver: Solver,
    terms: Terms,
    truths: Truths,
    outcomes: Outcomes,
    planned: int,
    passes_alone: PassesAlone = lambda *_: False,
    *,
    stopped: Stop | None = None,
    scored: Scored | None = None,
) -> Judgement:
    """The judgement from the outcomes at some of the planned problems; ValueError if there is nothing to judge.

    Some of the outcomes may be scored already.
    """
    scored = scored or Scored(truths, lambda _: solver)
    records = [excuse(r, terms) for r in scored.records(outcomes)]
    if not records:
        raise ValueError("nothing could be judged: no problem that was tried has a proved answer")
    expected, met = meet(records, terms.expected, lambda r: is_against(r, terms))
    found = replace(own_row(records, math.nan, terms), stability=class_of_records(records, terms.precision))
    return Judgement(
        target=target,
        terms=terms,
        row=found,
        records=records,
        failures=failures_of(records, terms, truths, outcomes, passes_alone, expected),
        untried=planned - len(outcomes),
        unproved=len(outcomes) - len(records),
        stopped=stopped,
        expected=expected,
        met=met,
    )


def class_of_records(records: Sequence[Record], precision: Precision) -> str:
    """The class that records show; see `reports.stability` and `is_breaking`."""
    return "broken" if any(map(is_breaking, records)) else stability(records, precision)


def own_row(records: Sequence[Record], relative_time: float, terms: Terms) -> Row:
    """The row of a function of the user's own.

    It has no ratio of columns for another number than x, which is of A as stored, and neither that nor a time if the
    function has answered nothing.
    """
    found = row(records, relative_time)
    if not any(r.status is Status.SOLVED for r in records):
        return replace(found, safe_ratio=math.nan, seconds=math.nan)
    return found if terms.returns is Number.X else replace(found, safe_ratio=math.nan)
