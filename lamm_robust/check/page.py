"""The judgement on a solver as a page to read, and as plain JSON values."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lamm_robust.check.judgement import SHOWN, Failure, Judgement
from lamm_robust.defaults import CASE_MEMORY, CHECK_SECONDS
from lamm_robust.reports.grading import BROKEN, is_graded
from lamm_robust.reports.leaderboard import COLUMNS, cells
from lamm_robust.scoring.verdicts import shape_of
from lamm_robust.text import duration, finite, number, printable, text_table
from lamm_robust.values import Cause, Deficiency, Shape, Verdict

LEFT_OUT = ("solver", "NaN or ∞", "edges", "failed", "rank right", "computes in", "first call")
COMPARED = [index for index, column in enumerate(COLUMNS) if column.name not in LEFT_OUT]
"""Columns of the leaderboard in which a solver is compared with LAPACK's drivers."""


def page(found: Judgement, *, replays: bool = True) -> str:
    """The verdict and the reasons for it as text; `replays` adds the command that shows each failure in full."""
    require = found.terms.require
    end = ["", f"required: {require}: {'held' if found.passed else 'not held'}"] if require else []
    return "\n".join([*_head(found), *_failures(found, replays), *_drivers(found), *end])


def _head(found: Judgement) -> Iterator[str]:
    row, terms = found.row, found.terms
    yield f"{printable(found.target)}: {row.stability}"
    yield f"{terms.precision} on the {terms.device.upper()}, held to {terms.contract}, {_extent(found)}"
    yield ""
    backward, forward = _kappa(row.backward_safe_kappa), _kappa(row.forward_safe_kappa)
    yield f"safe κ       {backward} backward stably, {forward} forward stably"
    if row.deficient_total:
        yield f"deficient    {row.deficient_passed} of {row.deficient_total} rank-deficient problems passed"
    if row.edges_total:
        yield f"edge cases   {row.edges_passed} of {row.edges_total} passed: A is empty, or squares over- or underflow"
    if row.undefined_total:
        yield f"undefined    {row.undefined_flagged} of {row.undefined_total} problems with NaN or ∞ in A or b flagged"
    yield (
        f"worst        backward error {number(row.worst_backward_error)} u‖A‖_F, "
        f"forward error {number(row.worst_forward_error)} Wedin bounds (10·√(mn) are allowed)"
    )
    yield f"failures     {_failure_counts(found)}"
    if row.rank_total:
        yield f"rank         reported, and right at {row.rank_right} of {row.rank_total} problems"
    yield f"computes in  {row.computes_in}"
    yield f"time         {duration(row.seconds)} in the median"
    if refused := _refused_shapes(found):
        others = ",".join(shape for shape in terms.chosen_shapes() if shape not in refused)
        yield f"note         refuses every {' and '.join(refused)} problem: --shapes {others} leaves them out"
    if differ := sum(not r.repeatable for r in found.records if r.verdict != Verdict.BAD_OUTPUT):
        yield f"note         at {differ} problems two calls with the same input gave different bits"
    refusals = Counter(r.message for r in found.records if r.cause is Cause.LAYOUT_REFUSED).most_common(1)
    if refusals and 2 * refusals[0][1] > row.cases:  # at a few problems, rounding may be why it raises an exception
        yield f"note         at {refusals[0][1]} problems it {printable(refusals[0][0])}"


def _refused_shapes(found: Judgement) -> list[Shape]:
    """The shapes of which every problem was refused; none if that is so for all shapes."""
    verdicts = {s: {r.verdict for r in found.records if shape_of(r.m, r.n) == s} for s in found.terms.chosen_shapes()}
    refused = [shape for shape in verdicts if verdicts[shape] - {Verdict.FLAGGED} == {Verdict.REFUSED}]
    return refused if len(refused) < len(verdicts) else []


def _kappa(value: float) -> str:
    return f"to {number(value)}" if value else "nowhere"


def _extent(found: Judgement) -> str:
    """How many problems were tried, how many were not, and how many have no proved answer."""
    tried = f"{found.row.cases} problems of the {found.terms.profile} profile"
    untried = f" ({found.untried} more were not tried: enough is broken)" if found.untried else ""
    return tried + untried + (f" ({found.unproved} could not be proved)" if found.unproved else "")


def _failure_counts(found: Judgement) -> str:
    if not found.failures:
        return "none"
    counts = Counter(failure.record.verdict for failure in found.failures)
    silent = found.row.silent_failures
    note = f" ({silent} silent: no correct digit, and no warning)" if silent else ""
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()) + note


def _failures(found: Judgement, replays: bool) -> Iterator[str]:
    if not found.failures:
        return
    graded = [failure for failure in found.failures if is_graded(failure.record)]
    reasons = Counter(failure.reason.name for failure in found.failures)
    yield f"reasons      {', '.join(f'{name} {count}×' for name, count in reasons.most_common())}"
    if graded:
        first = min(graded, key=lambda failure: failure.clues.kappa)
        yield ""
        yield f"Fails first at κ = {number(first.clues.kappa)}: {printable(first.why)}"
    yield ""
    yield "The simplest failures:" if len(found.failures) > 1 else "The failure:"
    for failure in found.failures[:SHOWN]:
        record = failure.record
        kappa = f"κ = {number(record.kappa)}" if record.rank else "no κ"
        yield f"  {record.m}×{record.n}, {kappa}, {record.verdict}: {printable(failure.why)}"
        yield f"    {replay_line(found, failure)}" if replays else f"    {record.problem}"


def replay_line(found: Judgement, failure: Failure) -> str:
    """The command that shows one failed attempt in full."""
    terms, words = found.terms, [found.target]
    if terms.contract is not Deficiency.MINIMUM_NORM:
        words += ["--contract", terms.contract]
    if terms.shapes:
        words += ["--shapes", ",".join(terms.shapes)]
    if terms.device != "cpu":
        words += ["--device", terms.device]
    if terms.case_seconds != CHECK_SECONDS:
        words += ["--case-seconds", f"{terms.case_seconds:g}"]
    if terms.case_memory != CASE_MEMORY:
        words += ["--case-memory", str(terms.case_memory >> 20)]
    quoted = " ".join(shlex.quote(word) for word in words)
    return f'lamm-robust check {quoted} --only "{failure.record.problem}"'


def _drivers(found: Judgement) -> Iterator[str]:
    """The table of the solver and of LAPACK's drivers at the same problems."""
    if not found.drivers:
        return
    yield ""
    yield "Beside LAPACK's drivers at the same problems, where they take them:"
    mine = replace(found.row, relative_time=math.nan if math.isnan(found.row.seconds) else 1.0)
    rows = [("yours", mine), *((f"{row.library}-{row.algorithm}", row) for row in found.drivers)]
    body = [[name, *(cells(row)[index] for index in COMPARED)] for name, row in rows]
    yield from text_table(["", *(COLUMNS[index].heading for index in COMPARED)], body)


def facts(found: Judgement) -> dict[str, Any]:
    """The judgement as plain JSON values; null stands for ∞ and NaN."""
    row, verdicts = found.row, Counter(record.verdict for record in found.records)
    return {
        "target": found.target,
        "precision": found.terms.precision,
        "contract": found.terms.contract,
        "class": row.stability,
        "safe_kappa": finite(found.safe_kappa),
        "silent_failures": row.silent_failures,
        "refusals": verdicts[Verdict.REFUSED],
        "crashes": sum(verdicts[value] for value in BROKEN - {Verdict.BAD_OUTPUT}),
        "worst_backward_error": finite(row.worst_backward_error),
        "worst_forward_error": finite(row.worst_forward_error),
        "computes_in": row.computes_in,
        "cases": row.cases,
        "passed": found.passed,
        "failures": [{"key": f.record.problem, "verdict": f.record.verdict, "why": f.why} for f in found.failures],
    }
