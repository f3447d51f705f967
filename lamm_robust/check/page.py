"""The judgement on a solver as a page to read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from lamm_robust.check.arithmetic import computes_in
from lamm_robust.check.beside_table import beside_lines
from lamm_robust.check.command import line_for, replay_line
from lamm_robust.check.derivatives import derivative_lines
from lamm_robust.check.failures import SHOWN, Failure
from lamm_robust.check.judgement import Judgement
from lamm_robust.check.notes import notes
from lamm_robust.check.reasons import both_kappas
from lamm_robust.check.terms import ALLOWANCES, Terms
from lamm_robust.reports.columns import class_of
from lamm_robust.reports.grading import (
    PASSES,
    is_ambiguous,
    is_broken,
    is_full_rank,
    is_graded,
    is_resolvable_as_a_whole,
    kappa,
)
from lamm_robust.reports.row import Row
from lamm_robust.scoring.limits import THRESHOLD_IN_WORDS
from lamm_robust.scoring.number_scores import ERROR
from lamm_robust.text import duration, number, printable, two_digits
from lamm_robust.values import Number, Record, Verdict


def page(found: Judgement, *, replays: bool = True) -> str:
    """The verdict and the reasons for it as text; `replays` adds the command that shows each failure in full."""
    return "\n".join([*_head(found), *_failures(found, replays), *beside_lines(found), *_requirement(found)])


def first_line(found: Judgement, *, replays: bool = True) -> str:
    """What keeps the requirement from being held, with the line that shows the gravest failure, if there is one."""
    said = f"{printable(found.target)}: {_gate(found)}"
    if not found.failures:
        return said
    failure = found.failures[0]
    return f"{said}: {printable(failure.why)}: {_again(found, failure, replays)}"


def _gate(found: Judgement) -> str:
    """What is required, and whether it is held."""
    allow = ",".join(found.terms.allow)
    return f"required: {found.terms.require}{f', but for {allow}' if allow else ''}: {found.standing}"


def _requirement(found: Judgement) -> Iterator[str]:
    """Whether what was required holds, what keeps it from that, and how to ask for less."""
    if found.terms.require is None:
        return
    yield ""
    yield _gate(found)
    if (forbidden := found.forbidden) and len(found.unmet) == len(forbidden):  # nothing else keeps it from being held
        names = ",".join([*found.terms.allow, *forbidden])
        what = " and ".join(ALLOWANCES[name] for name in forbidden)
        yield f"with --allow {names} it does not depend on {what}"


def _head(found: Judgement) -> Iterator[str]:
    row, terms = found.row, found.terms
    yield f"{printable(found.target)}: {class_of(row)}"
    held = f"held to {terms.promised}{_lam(terms)}{_limit(terms)}"
    yield f"{terms.precision} on the {terms.device.upper()}, {held}, {_extent(found)}"
    yield ""
    if terms.returns is not Number.X:
        yield from number_lines(found)
        return
    backward, forward = _kappa(row.backward_safe_kappa), _kappa(row.forward_safe_kappa)
    yield f"safe κ       {backward} backward stably, {forward} forward stably{_end_as_stored(found)}"
    if not math.isnan(row.safe_ratio):
        yield f"columns      {_columns(found)}"
    yield from _passed(row)
    if row.undefined_total:
        yield f"undefined    {row.undefined_flagged} of {row.undefined_total} problems with NaN or ∞ in A or b flagged"
    for passed in _beyond(found, lambda r: r.verdict is not Verdict.WRONG and not is_broken(r)):
        yield f"{passed}: to fit, or to warn, is all they ask"
    small = THRESHOLD_IN_WORDS[terms.precision]
    yield (
        f"worst        backward error {number(row.worst_backward_error)} u‖A‖_F, "
        f"forward error {number(row.worst_forward_error)} Wedin bounds (rounding: to {small})"
    )
    yield f"failures     {_failure_counts(found)}"
    if terms.derivative:
        yield from derivative_lines(found.records, lambda record: line_for(found, [record.problem]))
    if row.rank_total:
        yield f"rank         reported, and right at {row.rank_right} of {row.rank_total} problems"
    yield f"computes in  {computes_in(found)}"
    yield f"time         {duration(row.seconds)} in the median"
    for note in notes(found):
        yield f"note         {note}"


def _passed(row: Row) -> Iterator[str]:
    """How many rank-deficient problems, and how many edge cases, were passed, where there are any."""
    if row.deficient_total:
        yield f"deficient    {row.deficient_passed} of {row.deficient_total} rank-deficient problems passed"
    if row.edges_total:
        yield f"edge cases   {row.edges_passed} of {row.edges_total} passed: A is empty, or squares over- or underflow"


def _beyond(found: Judgement, passes: Callable[[Record], bool]) -> Iterator[str]:
    """How many problems with κ beyond the precision were passed, where there are any."""
    if beyond := list(filter(is_ambiguous, found.records)):
        passed = f"{sum(map(passes, beyond))} of {len(beyond)}"
        yield f"beyond       {passed} problems with κ beyond the precision passed"


def number_lines(found: Judgement) -> Iterator[str]:
    """What the page says of a number other than x."""
    row, terms = found.row, found.terms
    yield f"safe κ       {_kappa(row.forward_safe_kappa)}{_end_as_stored(found)}"
    yield from _passed(row)
    if row.undefined_total:
        yield f"undefined    {row.undefined_flagged} of {row.undefined_total} problems with NaN or ∞ flagged"
    yield from _beyond(found, lambda r: r.verdict in PASSES)
    errors = [r.scores[ERROR] for r in found.records if is_graded(r) and ERROR in r.scores]
    small = THRESHOLD_IN_WORDS[terms.precision]
    yield f"worst        {number(max(errors, default=math.nan))} perturbation bounds (rounding: to {small})"
    yield f"failures     {_failure_counts(found)}"
    if math.isfinite(row.seconds):
        yield f"time         {duration(row.seconds)} in the median"
    for note in notes(found):
        yield f"note         {note}"


def _lam(terms: Terms) -> str:
    """λ, if it is to solve ridge problems, and of which matrix all numbers are."""
    return "" if terms.lam is None else f" with λ = {terms.lam:g}, judged as [A; √λI]x ≈ [b; 0]"


def _limit(terms: Terms) -> str:
    """The κ up to which something is promised, if there is one."""
    return f" up to κ = {number(terms.limit)}" if math.isfinite(terms.limit) else ""


def _columns(found: Judgement) -> str:
    """Up to which κ columns are asked about and right; and up to which ratio none is lost, if there is such a κ."""
    safe = found.row.columnwise_safe_kappa
    if not safe:
        return "nowhere column-wise stably"
    end = _end(safe, map(kappa, filter(_is_of_grid, found.records)))
    return f"{_kappa(safe)} column-wise stably{end}; none lost by sizes up to {number(found.row.safe_ratio)} : 1"


def _end_as_stored(found: Judgement) -> str:
    tried = (r.kappa for r in found.records if _is_of_grid(r) and is_resolvable_as_a_whole(r))
    return _end(found.row.forward_safe_kappa, tried)


def _is_of_grid(record: Record) -> bool:
    """Whether a problem has a κ that safe κ could have reached, whether or not the contract covers it."""
    return is_full_rank(record) and not record.edge


def _end(safe: float, tried: Iterable[float]) -> str:
    """What is said behind a safe κ that is the largest of those tried, so that no failure but the grid ended it."""
    return ", the largest tried" if safe and safe == max(tried, default=math.nan) else ""


def _kappa(value: float) -> str:
    return f"to {two_digits(value)}" if value else "nowhere"


def _extent(found: Judgement) -> str:
    """How many problems were tried, how many were not, and how many have no proved answer."""
    tried = f"{found.row.cases} problems of the {found.terms.profile_asked} profile"
    reason = found.stopped or "enough is broken"
    untried = f" ({found.untried} more were not tried: {reason})" if found.untried else ""
    return tried + untried + (f" ({found.unproved} could not be proved)" if found.unproved else "")


def _failure_counts(found: Judgement) -> str:
    if not found.failures:
        return "none"
    counts = Counter(failure.record.verdict for failure in found.failures)
    silent = found.row.silent_failures
    note = f" ({silent} silent: no correct digit, and no warning)" if silent else ""
    expected = f"; {found.expected_failures} expected" if found.expected_failures else ""
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()) + note + expected


def _failures(found: Judgement, replays: bool) -> Iterator[str]:
    if not found.failures:
        return
    graded = [failure for failure in found.failures if is_graded(failure.record)]
    reasons = Counter(failure.reason.name for failure in found.failures)
    yield f"reasons      {', '.join(f'{name} {count}×' for name, count in reasons.most_common())}"
    if graded:
        first = min(graded, key=lambda failure: failure.clues.kappa)
        yield ""
        condition = f"κ = {two_digits(first.clues.kappa)}" if first.record.rank else "A = 0"
        yield f"Fails first at {condition}{_lack_of_rank(first.record)}: {printable(first.why)}"
    yield ""
    yield "The failures, the gravest first, edge cases last:" if len(found.failures) > 1 else "The failure:"
    for failure in found.failures[:SHOWN]:
        record = failure.record
        condition = (_condition(record) if record.rank else "no κ") + _lack_of_rank(record)
        known = ", expected" if record.problem in found.expected else ""
        yield f"  {record.m}×{record.n}, {condition}, {record.verdict}{known}: {printable(failure.why)}"
        yield f"    {_again(found, failure, replays)}"


def _again(found: Judgement, failure: Failure, replays: bool) -> str:
    """The command that shows a failure in full, or the line of Python that makes its problem."""
    return replay_line(found, failure) if replays else f'strategies.problem("{failure.record.problem}")'


def _lack_of_rank(record: Record) -> str:
    """The rank, where it is not full: many a failure is one there alone."""
    full = min(record.m, record.n)
    return f", rank {record.rank} of {full}" if record.rank is not None and record.rank < full else ""


def _condition(record: Record) -> str:
    """κ, and what it is with columns (rows, if wide) of one size, where only that can be asked."""
    if is_resolvable_as_a_whole(record) or math.isnan(record.kappa_columns):
        return f"κ = {two_digits(record.kappa)}"
    return f"κ = {both_kappas(record)}"
