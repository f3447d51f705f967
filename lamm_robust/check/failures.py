"""What counts as a failure under the terms of a check, and why each is one: the gravest first."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lamm_robust.check import number_reasons
from lamm_robust.check.clues import Clues, changes_matter, has_cutoff, has_singles, heeds_layout, is_single, is_steady
from lamm_robust.check.conjugation import mistake_of
from lamm_robust.check.derivatives import wrong_derivatives
from lamm_robust.check.endings import Reason
from lamm_robust.check.reasons import reason
from lamm_robust.check.ridge import ridge_of
from lamm_robust.check.ridge_reasons import other_of, ridge_reason
from lamm_robust.check.scored import Outcomes
from lamm_robust.check.terms import Terms
from lamm_robust.check.trend import squares_kappa
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
from lamm_robust.reports.summary import simplicity
from lamm_robust.scoring.truths import Known, Truths
from lamm_robust.values import Case, Cause, Number, Outcome, Record, Status, Verdict

LOST = (Verdict.TIMED_OUT, Verdict.FLAKY)
"""Verdicts on attempts that did not end by themselves, or not every time."""

SHOWN = 3
"""The number of failures that a page shows."""

GRAVEST = (
    *(Verdict.WRONG, Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.FLAKY, Verdict.BAD_OUTPUT),
    *(Verdict.REFUSED, Verdict.NON_FINITE, Verdict.INACCURATE),
)
"""Verdicts on failures, the gravest first: what nobody notices, what stops a program, what says so, what has digits."""


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


PassesAlone = Callable[[Case, Known, Outcome], bool]
"""Whether a solver passes a case, with this truth, at which it failed with this outcome, when it is asked again, alone
in a fresh process."""


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
    """The verdicts that are no failure at a judged problem; see `reports.stability` for which problem asks what.

    Columns are asked about at full rank only. Where the precision resolves nothing but columns of one size, who is not
    held to that may be inaccurate.
    """
    passing = terms.passing_verdicts()
    if passing <= COLUMNWISE:
        return passing if is_full_rank(record) else BACKWARD
    return passing if is_resolvable_as_a_whole(record) else ANSWERED - {Verdict.WRONG}


def failures_of(
    records: Sequence[Record],
    terms: Terms,
    truths: Truths,
    outcomes: Outcomes,
    passes_alone: PassesAlone,
    expected: Container[str],
) -> list[Failure]:
    """What failed and why: what is not expected first, then by `gravity`; the first `SHOWN` are asked again, alone."""

    def place(record: Record) -> tuple[object, ...]:
        return record.problem in expected, *gravity(record)

    cases = {str(case): case for case in outcomes}
    answers = [outcome.x for outcome in outcomes.values() if outcome.x is not None and outcome.x.any()]
    all_single = all(map(is_single, answers))
    failed = [record for record in records if is_shown(record, terms)]
    again = {record.key for record in sorted(failed, key=place)[:SHOWN]}
    found = []
    for record in failed:
        case = cases[record.key]
        certified = truths.certify(case.key)
        assert certified, "what was scored is certified"
        alone = record.key in again and passes_alone(case, certified, outcomes[case])
        found.append(Clues(record, certified, outcomes[case], alone, all_single=all_single, returns=terms.returns))
    signs = shared_signs(found, records, terms.returns) | _habits(found, records, terms)
    ordered = [replace(clues, **signs) for clues in sorted(found, key=lambda clues: place(clues.record))]
    return [Failure(clues, why, why.say(clues)) for clues in ordered for why in [explain(clues, terms)]]


def shared_signs(failed: Sequence[Clues], records: Iterable[Record], returns: Number) -> dict[str, Any]:
    """What several failures show, and one may show by accident: κ squared, a ridge, or a conjugate wrong.

    They are fields of `Clues`, by name. `records` are those of all attempts, passed ones too.
    """
    if returns is not Number.X:
        return {"squares_kappa": number_reasons.squares_kappa(failed)}
    return {
        "squares_kappa": squares_kappa(records),
        "ridge": ridge_of([c.gradient for c in failed]),
        "mistake": mistake_of([c.mistakes for c in failed]),
    }


def _habits(failed: Sequence[Clues], records: Sequence[Record], terms: Terms) -> dict[str, Any]:
    """What the failures at the problems of a profile show together of how the solver answers: more fields of `Clues`.

    Of a few problems that somebody has chosen, they would tell nothing.
    """
    changes = changes_matter(records, failed)
    return {
        "has_cutoff": has_cutoff(failed),
        "has_singles": has_singles(failed),
        "changes_matter": changes,
        "is_steady": is_steady(failed, changes=changes),
        "heeds_layout": heeds_layout(failed),
        "other": None if terms.lam is None else other_of(failed, terms.lam),
    }


def explain(clues: Clues, terms: Terms) -> Reason:
    """Why an attempt failed, from the table of what the function was asked for."""
    if terms.lam is not None:
        return ridge_reason(clues, terms.lam)
    return reason(clues) if terms.returns is Number.X else number_reasons.number_reason(clues)
