"""A verdict on one solver of the user's own: what it is held to, what its answers say of it, and what failed and why.

Where the answers come from does not matter here: `supervised` gets them from a child process, `testing` from this one.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from lamm_robust import catalog
from lamm_robust.check import number_reasons
from lamm_robust.check.clues import Clues, changes_matter, has_cutoff, has_singles, heeds_layout, is_single, is_steady
from lamm_robust.check.conjugation import mistake_of
from lamm_robust.check.derivatives import wrong_derivatives
from lamm_robust.check.expected import Expected, Met, meet
from lamm_robust.check.reasons import Reason, reason
from lamm_robust.check.ridge import ridge_of
from lamm_robust.check.ridge_reasons import other_of, ridge_reason
from lamm_robust.check.scored import Scored
from lamm_robust.check.trend import squares_kappa
from lamm_robust.defaults import CASE_MEMORY, CHECK_SECONDS, FIRST_SECONDS
from lamm_robust.reports.grading import (
    ANSWERED,
    BACKWARD,
    COLUMNWISE,
    PASSES,
    is_ambiguous,
    is_broken,
    is_full_rank,
    is_graded,
    is_judged,
    is_resolvable_as_a_whole,
    is_undefined,
)
from lamm_robust.reports.summary import Row, row, simplicity, stability
from lamm_robust.runs.plan import grid
from lamm_robust.runs.sweep import why_not_asked
from lamm_robust.scoring.nonfinite import as_undefined
from lamm_robust.scoring.truths import Truths
from lamm_robust.solvers import user
from lamm_robust.solvers.calling import Calling
from lamm_robust.text import count_of
from lamm_robust.values import (
    COMPLEX,
    DIFFERENTIATED,
    OF_A,
    OF_REGRESSION,
    PRECISIONS,
    RIDGE,
    UNIT_ROUNDOFF,
    Array,
    Arrays,
    Case,
    Cause,
    ClassRequirement,
    Contract,
    Deficiency,
    Device,
    Number,
    Outcome,
    Precision,
    Problem,
    ProblemKey,
    Record,
    Shape,
    Solver,
    Status,
    Variant,
    Verdict,
    digest,
)

REQUIRED: Mapping[ClassRequirement, frozenset[Verdict]] = {
    "column-wise-stable": COLUMNWISE,
    "backward-stable": BACKWARD,
    "forward-stable": PASSES,
    "conditionally-stable": PASSES,
}
"""The verdicts that each requirement allows, and so the classes that meet it, which are named like verdicts."""

CONDITIONALLY_STABLE = "conditionally stable"
"""The class that meets the last requirement, too: it promises nothing for κ > u^(-1/2), see `summary.stability`."""

Allowance = Literal["silent", "ranks", "declined"]
ALLOWANCES: Mapping[Allowance, str] = {
    "silent": "silent failures (at edge cases and where there is no answer, too)",
    "ranks": "wrong reported ranks",
    "declined": "problems that it declines by NotImplementedError",
}
"""What a requirement forbids beside a worse class, unless it is allowed by name."""

LOST = (Verdict.TIMED_OUT, Verdict.FLAKY)
"""Verdicts on attempts that did not end by themselves, or not every time."""


class Stop(enum.StrEnum):
    """What ended a check before it had tried every problem; the value says it."""

    USER = "it was stopped"
    TIME = "--seconds were over"


SHOWN = 3
"""The number of failures that a page shows."""

GRAVEST = (
    *(Verdict.WRONG, Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.FLAKY, Verdict.BAD_OUTPUT),
    *(Verdict.REFUSED, Verdict.NON_FINITE, Verdict.INACCURATE),
)
"""Verdicts on failures, the gravest first: what nobody notices, what stops a program, what says so, what has digits."""


@dataclass(frozen=True)
class Terms:
    """What a solver is held to, and on which problems."""

    contract: Deficiency = Deficiency.MINIMUM_NORM
    shapes: tuple[Shape, ...] = ()
    """The shapes that it takes; none means all, or tall and square for a solver of full rank only."""
    precision: Precision = "float64"
    device: Device = "cpu"
    profile: str = "small"
    derivative: bool = False
    """Whether it is differentiated, too, at the problems of a profile of their own."""
    families: tuple[str, ...] = ()
    require: ClassRequirement | None = None
    allow: tuple[Allowance, ...] = ()
    """What does not count against the requirement."""
    refuses: tuple[str, ...] = ()
    """Names of exceptions by which it refuses a problem, beside LinAlgError and ValueError."""
    one_right_side: bool = False
    """Whether it takes b of length m only."""
    columns: int | None = None
    """The number of columns of A that it takes; None means any."""
    max_cond: float | None = None
    """The κ of A as stored up to which it promises anything; None means any."""
    expected: tuple[Expected, ...] = ()
    """Failures that are known, and keep no requirement from being held."""
    beside: tuple[str, ...] = ()
    """What else is tried for comparison: names of variants' solvers, and targets."""
    strict: bool = False
    """Whether x must have the dtype of A to the letter."""
    arrays: Arrays = "numpy"
    """Whose arrays it takes and may return."""
    batched: bool = False
    """Whether it takes several A and b at once, on a first axis."""
    cutoff: float | None = None
    """The share of σ₁ up to which it takes singular values for zero; None if it has another rule."""
    case_seconds: float = CHECK_SECONDS
    first_seconds: float = FIRST_SECONDS
    """Time limit of the first call in a process, which may compile."""
    case_memory: int = CASE_MEMORY
    seconds: float | None = None
    """Time limit of all attempts together; None for none. What was done by then is judged."""
    returns: Number = Number.X
    """What the function returns: x, or another number, which is held to no `contract`."""
    lam: float | None = None
    """λ, if it is to solve min ‖Ax − b‖² + λ‖x‖², as f(A, b, λ)."""

    def chosen_shapes(self) -> tuple[Shape, ...]:
        """The shapes of the problems that the solver is tried at."""
        return self.shapes or (("tall",) if self.returns in OF_REGRESSION else user.usual_shapes(self.contract))

    def promise(self) -> Contract:
        """The contract of the solver."""
        regression = self.returns in OF_REGRESSION
        return user.contract(
            Deficiency.FULL_RANK_ONLY if regression else self.contract,
            self.chosen_shapes(),
            self.refuses,
            one_right_side=self.one_right_side or regression,
            columns=self.columns,
            strict=self.strict,
            cutoff=self.cutoff,
            returns=self.returns,
            penalty=self.lam,
        )

    @property
    def promised(self) -> str:
        """What it is held to, as --contract has it."""
        if self.lam is not None:
            return RIDGE
        return self.contract if self.returns is Number.X else self.returns

    @property
    def profile_asked(self) -> str:
        """The profile whose problems it is tried at."""
        return DIFFERENTIATED.name if self.derivative else self.profile

    @property
    def calling(self) -> Calling:
        """How it is called."""
        return Calling(self.arrays, self.batched, full_rank=self.contract is Deficiency.FULL_RANK_ONLY)

    @property
    def limit(self) -> float:
        """The κ beyond which only wrong answers in silence, and broken ones, are held against the solver."""
        if self.max_cond is not None:
            return self.max_cond
        return UNIT_ROUNDOFF[self.precision] ** -0.5 if self.require == "conditionally-stable" else math.inf

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

    @property
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

    @property
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

    @property
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


Outcomes = dict[Case, Outcome]


def variant_of(solver: Solver, terms: Terms) -> Variant:
    """The variant by which records name the solver."""
    return Variant(user.NAME, solver.algorithm, terms.precision, terms.device)


def problems(terms: Terms, truths: Truths) -> list[ProblemKey]:
    """The problems of the profile that the solver is tried at, the smallest first; ValueError if there are none."""
    refuse_complex(terms)
    families = catalog.select_families(terms.families)
    solver = Solver("", "", terms.promise(), lambda A, b: (A, b))
    every = grid(terms.profile_asked, terms.precision, families)
    keys = [key for key in every if not why_not_asked(truths.problem(key), solver)]
    if terms.returns in OF_A:  # one problem for each A
        keys = list({_bits(truths.problem(key).A): key for key in reversed(keys)}.values())
    if not keys:
        shapes = " or ".join(terms.chosen_shapes())
        left = " with so many columns" if terms.columns is not None else ""
        raise ValueError(f"no problem of {', '.join(families)} is {shapes}{left} in the {terms.profile_asked} profile")
    return sorted(keys, key=lambda key: _order(truths.problem(key)))


def refuse_complex(terms: Terms) -> None:
    """ValueError for a number other than x, or derivatives, in a complex precision: neither is scored there."""
    if terms.precision in COMPLEX and (terms.derivative or terms.returns is not Number.X):
        what = "--derivative" if terms.derivative else f"--contract {terms.returns}"
        raise ValueError(f"{what} is of real numbers, not of {terms.precision}; accepted are {', '.join(PRECISIONS)}")


def _bits(A: Array) -> str:
    """What tells a matrix from others: the digest of a problem without right-hand sides."""
    return digest(A, A[:, :0])


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
        failures=_failures(records, terms, truths, outcomes, passes_alone, expected),
        untried=planned - len(outcomes),
        unproved=len(outcomes) - len(records),
        stopped=stopped,
        expected=expected,
        met=met,
    )


def class_of_records(records: Sequence[Record], precision: Precision) -> str:
    """The class that records show; see `summary.stability` and `is_breaking`."""
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


def excuse(record: Record, terms: Terms) -> Record:
    """The record, as out of contract if κ is beyond the promise and it is neither a pass, nor silent, nor broken."""
    held = record.verdict in PASSES | {Verdict.WRONG} or is_broken(record)
    if held or not is_judged(record) or not record.kappa > terms.limit:
        return record
    return replace(record, verdict=Verdict.OUT_OF_CONTRACT)


def is_breaking(record: Record) -> bool:
    """Whether a record makes its solver broken; at an edge case an error does not, but a lost process does."""
    return is_broken(record) and (not record.edge or record.verdict in LOST or record.cause is Cause.PROCESS_LOST)


def is_wrong_rank(record: Record) -> bool:
    """Whether a wrong rank was reported of a graded problem."""
    return is_graded(record) and record.scores.get("rank_error", 0.0) != 0.0


def is_declined(record: Record) -> bool:
    """Whether the solver said of a problem that was asked that it is not for it: only the user may say that."""
    return record.status is Status.NOT_ATTEMPTED


def is_shown(record: Record, terms: Terms) -> bool:
    """Whether a record is shown as a failure; some that are decide no class, such as those at edge cases."""
    if is_judged(record):
        return record.verdict not in _allowed(record, terms)
    silent = record.verdict == Verdict.WRONG and (is_undefined(record) or is_ambiguous(record))
    return silent or is_broken(record)


def is_against(record: Record, terms: Terms) -> bool:
    """Whether a record keeps a requirement from being held, and so may be expected: a failure, or what is forbidden."""
    wrong_derivative = terms.derivative and bool(wrong_derivatives([record]))
    return is_shown(record, terms) or is_wrong_rank(record) or is_declined(record) or wrong_derivative


def gravity(record: Record) -> tuple[object, ...]:
    """What failures are sorted by: edge cases last, then the gravest verdict first, then the simplest problem."""
    at = GRAVEST.index(record.verdict) if record.verdict in GRAVEST else len(GRAVEST)
    return not is_graded(record), at, *simplicity(record)


def _allowed(record: Record, terms: Terms) -> frozenset[Verdict]:
    """The verdicts that are no failure at a judged problem; see `summary.stability` for which problem asks what.

    Columns are asked about at full rank only. Where the precision resolves nothing but columns of one size, who is not
    held to that may be inaccurate.
    """
    passing = terms.passing_verdicts()
    if passing <= COLUMNWISE:
        return passing if is_full_rank(record) else BACKWARD
    return passing if is_resolvable_as_a_whole(record) else ANSWERED - {Verdict.WRONG}


def _failures(
    records: Sequence[Record],
    terms: Terms,
    truths: Truths,
    outcomes: Outcomes,
    passes_alone: PassesAlone,
    expected: Container[str],
) -> list[Failure]:
    """What failed and why: what is not expected first, then by `gravity`; the first `SHOWN` are asked again, alone."""
    cases = {str(case): case for case in outcomes}
    answers = [outcome.x for outcome in outcomes.values() if outcome.x is not None and outcome.x.any()]
    all_single = all(map(is_single, answers))
    found = []
    for record in records:
        if is_shown(record, terms):
            case = cases[record.key]
            certified = truths.certify(case.key)
            assert certified, "what was scored is certified"
            found.append(Clues(record, certified, outcomes[case], all_single=all_single, returns=terms.returns))
    cutoff, singles, changes = has_cutoff(found), has_singles(found), changes_matter(records, found)
    other = None if terms.lam is None else other_of(found, terms.lam)
    found = [
        replace(c, has_cutoff=cutoff, has_singles=singles, changes_matter=changes, other=other)
        for c in with_shared_signs(found, records, terms.returns)
    ]
    found.sort(key=lambda clues: (clues.record.problem in expected, *gravity(clues.record)))
    found[:SHOWN] = [replace(c, passes_alone=passes_alone(c, cases[c.record.key])) for c in found[:SHOWN]]
    steady, layout = is_steady(found), heeds_layout(found)
    found = [replace(clues, is_steady=steady, heeds_layout=layout) for clues in found]
    return [Failure(clues, why, why.say(clues)) for clues in found for why in [explain(clues, terms)]]


def with_shared_signs(failed: Sequence[Clues], records: Iterable[Record], returns: Number) -> list[Clues]:
    """The failures with what several show, and one may show by accident: κ squared, a ridge, or a conjugate wrong.

    `records` are those of all attempts, passed ones too.
    """
    if returns is not Number.X:
        squares = number_reasons.squares_kappa(failed)
        return [replace(c, squares_kappa=squares) for c in failed]
    squares, ridge = squares_kappa(records), ridge_of([c.gradient for c in failed])
    mistake = mistake_of([c.mistakes for c in failed])
    return [replace(c, squares_kappa=squares, ridge=ridge, mistake=mistake) for c in failed]


def explain(clues: Clues, terms: Terms) -> Reason:
    """Why an attempt failed, from the table of what the function was asked for."""
    if terms.lam is not None:
        return ridge_reason(clues, terms.lam)
    return reason(clues) if terms.returns is Number.X else number_reasons.number_reason(clues)
