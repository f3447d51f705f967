"""The judgement on a solver as a page to read, and as plain JSON values."""

from __future__ import annotations

import itertools
import math
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from lamm_robust.check.arithmetic import computes_in
from lamm_robust.check.derivatives import derivative_lines
from lamm_robust.check.failures import SHOWN, Failure, is_declined, is_wrong_rank
from lamm_robust.check.full_rank import seems_full_rank_only
from lamm_robust.check.judgement import Judgement, as_expected
from lamm_robust.check.number_reasons import BY_GRAM
from lamm_robust.check.reasons import CONJUGATE, GROWTH, RIDGE, both_kappas
from lamm_robust.check.ridge import LEAST
from lamm_robust.check.terms import ALLOWANCES, Terms
from lamm_robust.check.trend import witnesses
from lamm_robust.reports.columns import COLUMNS, cells, class_of
from lamm_robust.reports.grading import (
    BROKEN,
    PASSES,
    is_full_rank,
    is_graded,
    is_judged,
    is_resolvable_as_a_whole,
    kappa,
)
from lamm_robust.reports.summary import Row, simplicity
from lamm_robust.scoring.limits import THRESHOLD_IN_WORDS
from lamm_robust.scoring.numbers import ERROR
from lamm_robust.scoring.verdicts import shape_of
from lamm_robust.text import count_of, duration, finite, number, printable, text_table, two_digits
from lamm_robust.values import SUITE, Cause, Deficiency, Number, Record, Regime, Shape, Verdict

LEFT_OUT = ("solver", "NaN or ∞", "edges", "beyond", "failed", "rank right", "computes in", "first call", "derivative")
COMPARED = [index for index, column in enumerate(COLUMNS) if column.name not in LEFT_OUT]
"""Columns of the leaderboard in which a solver is compared with LAPACK's drivers."""

LAPACK = "LAPACK's drivers"

OF_NUMBERS = [
    index
    for index, column in enumerate(COLUMNS)
    if column.name in ("class", "forward stable to κ", "deficient", "silent", "time")
]
"""Those in which a function of another number than x is compared."""


def page(found: Judgement, *, replays: bool = True) -> str:
    """The verdict and the reasons for it as text; `replays` adds the command that shows each failure in full."""
    return "\n".join([*_head(found), *_failures(found, replays), *_drivers(found), *_requirement(found)])


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
    if row.ambiguous_total:
        fitted = f"{row.ambiguous_fitted} of {row.ambiguous_total}"
        yield f"beyond       {fitted} problems with κ beyond the precision passed: to fit, or to warn, is all they ask"
    small = THRESHOLD_IN_WORDS[terms.precision]
    yield (
        f"worst        backward error {number(row.worst_backward_error)} u‖A‖_F, "
        f"forward error {number(row.worst_forward_error)} Wedin bounds (rounding: to {small})"
    )
    yield f"failures     {_failure_counts(found)}"
    if terms.derivative:
        yield from derivative_lines(found.records, lambda record: _line_for(found, [record.problem]))
    if row.rank_total:
        yield f"rank         reported, and right at {row.rank_right} of {row.rank_total} problems"
    yield f"computes in  {computes_in(found)}"
    yield f"time         {duration(row.seconds)} in the median"
    for note in _notes(found):
        yield f"note         {note}"


def _passed(row: Row) -> Iterator[str]:
    """How many rank-deficient problems, and how many edge cases, were passed, where there are any."""
    if row.deficient_total:
        yield f"deficient    {row.deficient_passed} of {row.deficient_total} rank-deficient problems passed"
    if row.edges_total:
        yield f"edge cases   {row.edges_passed} of {row.edges_total} passed: A is empty, or squares over- or underflow"


def number_lines(found: Judgement) -> Iterator[str]:
    """What the page says of a number other than x."""
    row, terms = found.row, found.terms
    yield f"safe κ       {_kappa(row.forward_safe_kappa)}{_end_as_stored(found)}"
    yield from _passed(row)
    if row.undefined_total:
        yield f"undefined    {row.undefined_flagged} of {row.undefined_total} problems with NaN or ∞ flagged"
    if beyond := [r for r in found.records if r.regime == Regime.AMBIGUOUS and r.verdict != Verdict.OUT_OF_CONTRACT]:
        passed = sum(r.verdict in PASSES for r in beyond)
        yield f"beyond       {passed} of {len(beyond)} problems with κ beyond the precision passed"
    errors = [r.scores[ERROR] for r in found.records if is_graded(r) and ERROR in r.scores]
    small = THRESHOLD_IN_WORDS[terms.precision]
    yield f"worst        {number(max(errors, default=math.nan))} perturbation bounds (rounding: to {small})"
    yield f"failures     {_failure_counts(found)}"
    if math.isfinite(row.seconds):
        yield f"time         {duration(row.seconds)} in the median"
    for note in _notes(found):
        yield f"note         {note}"


def _lam(terms: Terms) -> str:
    """λ, if it is to solve ridge problems, and of which matrix all numbers are."""
    return "" if terms.lam is None else f" with λ = {terms.lam:g}, judged as [A; √λI]x ≈ [b; 0]"


def _limit(terms: Terms) -> str:
    """The κ up to which something is promised, if there is one."""
    return f" up to κ = {number(terms.limit)}" if math.isfinite(terms.limit) else ""


def _notes(found: Judgement) -> Iterator[str]:
    """What a user may want to change, or to know."""
    if found.doubt:
        yield found.doubt
    if wrong := sorted(filter(is_wrong_rank, found.records), key=simplicity):
        ranks = f"{wrong[0].reported_rank} for {wrong[0].rank}"
        yield f"wrong rank at {count_of(len(wrong), 'problem')}: {ranks}, at {wrong[0].problem}"
    yield from _promises(found)
    if found.excused:
        many = count_of(found.excused, "problem")
        yield f"refused or inaccurate at {many} beyond that κ, where only a wrong answer in silence counts"
    yield from _expected(found)
    if declined := sum(map(is_declined, found.records)):
        yield f"{count_of(declined, 'problem')} declined: it raised NotImplementedError there"
    if wide := sum(r.cause is Cause.FLOAT64 for r in found.records):
        yield f"float64 for float32 at {count_of(wide, 'problem')}, rounded here: say .astype(A.dtype) (or --strict)"
    if differ := sum(not r.repeatable for r in found.records if r.verdict != Verdict.BAD_OUTPUT):
        yield f"at {count_of(differ, 'problem')} two calls with the same input gave different bits"
    refusals = Counter(r.message for r in found.records if r.cause is Cause.LAYOUT_REFUSED).most_common(1)
    if refusals and 2 * refusals[0][1] > found.row.cases:  # at a few problems, rounding may be why it raises
        yield f"at {refusals[0][1]} problems it {printable(refusals[0][0])}"


def _expected(found: Judgement) -> Iterator[str]:
    """What was expected to fail, and did or did not."""
    for reason, many in Counter(found.expected.values()).items():
        yield f"{as_expected(many)}: {printable(reason)}"
    if not found.terms.require:  # else it is said below
        yield from (printable(one.wrong) for one in found.met if one.wrong)


def _promises(found: Judgement) -> Iterator[str]:
    """What it seems to promise less than it was held to, and the option that says so."""
    if refused := _refused_shapes(found):
        others = ",".join(shape for shape in found.terms.chosen_shapes() if shape not in refused)
        yield f"refuses every {' and '.join(refused)} problem: --shapes {others} leaves them out"
    about_x = found.terms.returns is Number.X and found.terms.contract != Deficiency.FULL_RANK_ONLY
    if about_x and (words := seems_full_rank_only(found.records)):
        yield f"{words}: --contract full_rank_only asks for none"
    if _fails_several_sides_only(found):
        yield "fails with several right-hand sides (b is m×k), and not with one: --one-right-side leaves them out"


def _fails_several_sides_only(found: Judgement) -> bool:
    """Whether there are failures, and all of them have several right-hand sides."""
    graded = [failure for failure in found.failures if is_judged(failure.record)]
    return bool(graded) and all(failure.clues.certified.problem.b.ndim > 1 for failure in graded)


def _refused_shapes(found: Judgement) -> list[Shape]:
    """The shapes of which every problem was refused; none if that is so for all shapes."""
    verdicts = {s: {r.verdict for r in found.records if shape_of(r.m, r.n) == s} for s in found.terms.chosen_shapes()}
    refused = [shape for shape in verdicts if verdicts[shape] - {Verdict.FLAGGED} == {Verdict.REFUSED}]
    return refused if len(refused) < len(verdicts) else []


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


def replay_line(found: Judgement, failure: Failure) -> str:
    """The command that shows one failed attempt in full, with whatever of the terms is not the default."""
    # some reasons need several problems to be seen: with these they are seen again
    others: list[Record] = []
    if failure.reason.name == GROWTH:
        others = witnesses(found.records)
    if failure.reason.name == RIDGE:
        telling = (f for f in found.failures if f.reason.name == RIDGE and f.clues.gradient and f.clues.gradient.tells)
        others = [f.record for f in itertools.islice(telling, LEAST)]
    if failure.reason.name == CONJUGATE or (found.terms.returns is not Number.X and failure.reason.name in BY_GRAM):
        others = [f.record for f in found.failures if f.reason.name == failure.reason.name][:LEAST]
    return _line_for(found, dict.fromkeys(record.problem for record in (failure.record, *others)))


def _line_for(found: Judgement, keys: Iterable[str]) -> str:
    """The command that shows the attempts at some problems, with whatever of the terms is not the default."""
    terms, usual = found.terms, Terms()
    options = (
        ("promised", "--contract", terms.promised),
        ("lam", "--lam", f"{terms.lam}"),
        ("shapes", "--shapes", ",".join(terms.shapes)),
        ("one_right_side", "--one-right-side", ""),
        ("columns", "--columns", str(terms.columns)),
        ("refuses", "--refuses", ",".join(terms.refuses)),
        ("max_cond", "--max-cond", f"{terms.max_cond or 0:g}"),
        ("strict", "--strict", ""),
        ("arrays", "--arrays", terms.arrays),
        ("derivative", "--derivative", ""),
        ("batched", "--batched", ""),
        ("cutoff", "--cutoff", f"{terms.cutoff}"),
        ("require", "--require", terms.require or ""),
        ("allow", "--allow", ",".join(terms.allow)),
        ("device", "--device", terms.device),
        ("case_seconds", "--case-seconds", f"{terms.case_seconds:g}"),
        ("first_seconds", "--first-seconds", f"{terms.first_seconds:g}"),
        ("case_memory", "--case-memory", str(terms.case_memory >> 20)),
    )
    words = [found.target]
    for name, option, value in options:
        if getattr(terms, name) != getattr(usual, name):
            words += [option, value] if value else [option]
    quoted = " ".join(shlex.quote(word) for word in words)
    only = " ".join(f'--only "{key}"' for key in keys)
    return f"lamm-robust check {quoted} {only}"


def _drivers(found: Judgement) -> Iterator[str]:
    """The table of the solver and of LAPACK's drivers at the same problems, and what is left out of it."""
    if found.drivers:
        yield from _compared(found)
    if found.left_out:
        yield ""
        yield from (f"not compared: {printable(words)}" for words in found.left_out)


def _compared(found: Judgement) -> Iterator[str]:
    yield ""
    is_x = found.terms.returns is Number.X
    beside = LAPACK if is_x and found.terms.lam is None else "others"
    yield f"Beside {beside} at the same problems, where they take them:"
    columns = COMPARED if is_x else OF_NUMBERS
    mine = replace(found.row, relative_time=math.nan if math.isnan(found.row.seconds) else 1.0)
    rows = [("yours", mine), *((printable(f"{row.library}-{row.algorithm}".rstrip("-")), row) for row in found.drivers)]
    body = [[name, *(cells(row)[index] for index in columns)] for name, row in rows]
    yield from text_table(["", *(COLUMNS[index].heading for index in columns)], body)


def facts(found: Judgement) -> dict[str, Any]:
    """The judgement as plain JSON values; null stands for ∞ and NaN."""
    row, verdicts = found.row, Counter(record.verdict for record in found.records)
    return {
        "suite": SUITE,
        "target": found.target,
        "precision": found.terms.precision,
        "contract": found.terms.promised,
        "class": row.stability,
        "safe_kappa": finite(found.safe_kappa),
        "max_cond": finite(found.terms.limit),
        "silent_failures": row.silent_failures,
        "wrong_ranks": found.wrong_ranks,
        "refusals": verdicts[Verdict.REFUSED],
        "crashes": sum(verdicts[value] for value in BROKEN - {Verdict.BAD_OUTPUT}),
        "worst_backward_error": finite(row.worst_backward_error),
        "worst_forward_error": finite(row.worst_forward_error),
        "computes_in": computes_in(found),
        "times_doubted": bool(found.doubt),
        "cases": row.cases,
        "passed": found.passed,
        "unmet": found.unmet,
        "expected_failures": len(found.expected),
        "failures": [
            {
                "key": f.record.problem,
                "verdict": f.record.verdict,
                "why": f.why,
                "expected": found.expected.get(f.record.problem),
            }
            for f in found.failures
        ],
        **({"derivatives": [row.derivatives_right, row.derivatives_total]} if found.terms.derivative else {}),
    }
