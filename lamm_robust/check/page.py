"""What a check has found, as a page to read and as plain JSON values."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Iterator
from typing import Any

from lamm_robust.check.judgement import SHOWN, Checked, Failure
from lamm_robust.defaults import CASE_MEMORY, CHECK_SECONDS
from lamm_robust.reports.grading import is_graded
from lamm_robust.reports.summary import Row
from lamm_robust.scoring.verdicts import shape_of
from lamm_robust.text import aligned, duration, finite, number, printable
from lamm_robust.values import Deficiency, Shape, Verdict

REFUSED = Verdict.REFUSED
LOST = (Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.FLAKY)

HEADER = (
    "",
    "class",
    "backward\nto κ",
    "forward\nto κ",
    "deficient",
    "worst\nbackward",
    "worst\nforward",
    "silent",
    "time",
)


def page(found: Checked, *, replays: bool = True) -> str:
    """The verdict and the reasons for it, as lines of text."""
    return "\n".join([*_head(found), *_failures(found, replays), *_beside(found), *_end(found)])


def _head(found: Checked) -> Iterator[str]:
    row, terms, u = found.row, found.terms, "u‖A‖_F"
    passed = f"{row.deficient_passed} of {row.deficient_total} rank-deficient problems passed"
    yield f"{printable(found.target)}: {row.stability}"
    yield f"{terms.precision} on the {terms.device.upper()}, held to {terms.contract}, {_tried(found)}"
    yield ""
    backward, forward = _kappa(row.backward_safe_kappa), _kappa(row.forward_safe_kappa)
    yield f"safe κ       {backward} backward stably, {forward} forward stably"
    if row.deficient_total:
        yield f"deficient    {passed}"
    if row.edges_total:
        yield f"edge cases   {row.edges_passed} of {row.edges_total} passed: A is empty, or squares over- or underflow"
    if row.undefined_total:
        yield f"undefined    {row.undefined_flagged} of {row.undefined_total} problems with NaN or ∞ in A or b flagged"
    yield (
        f"worst        backward error {number(row.worst_backward_error)} {u}, "
        f"forward error {number(row.worst_forward_error)} Wedin bounds (10·√(mn) are allowed)"
    )
    yield f"failures     {_counts(found)}"
    if row.rank_total:
        yield f"rank         reported, and right at {row.rank_right} of {row.rank_total} problems"
    yield f"computes in  {row.computes_in}"
    yield f"time         {'–' if math.isnan(row.seconds) else duration(row.seconds)} in the median"
    if refused := _refused_shapes(found):
        others = ",".join(shape for shape in found.terms.accepted() if shape not in refused)
        yield f"note         refuses every {' and '.join(refused)} problem: --shapes {others} leaves them out"
    if differ := sum(not r.repeatable for r in found.records if r.verdict != Verdict.BAD_OUTPUT):
        yield f"note         at {differ} problems two calls with the same input gave different bits"


def _refused_shapes(found: Checked) -> list[Shape]:
    """Shapes at which every problem was refused, though not at all."""
    by_shape = {
        shape: {r.verdict for r in found.records if shape_of(r.m, r.n) == shape} for shape in found.terms.accepted()
    }
    refused = [shape for shape, verdicts in by_shape.items() if verdicts - {Verdict.FLAGGED} == {REFUSED}]
    return refused if len(refused) < len(by_shape) else []


def _kappa(value: float) -> str:
    return f"to {number(value)}" if value else "nowhere"


def _tried(found: Checked) -> str:
    tried = f"{found.row.cases} problems of the {found.terms.profile} profile"
    ended = f" ({found.untried} more were not tried: enough is broken)" if found.untried else ""
    return tried + ended + (f" ({found.unproved} could not be proved)" if found.unproved else "")


def _counts(found: Checked) -> str:
    if not found.failures:
        return "none"
    counts = Counter(failure.record.verdict for failure in found.failures)
    silent = (
        f" ({found.row.silent_failures} silent: no correct digit, and no warning)" if found.row.silent_failures else ""
    )
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()) + silent


def _failures(found: Checked, replays: bool) -> Iterator[str]:
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


def replay_line(found: Checked, failure: Failure) -> str:
    """The command that shows one case in full."""
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


def _beside(found: Checked) -> Iterator[str]:
    if not found.beside:
        return
    yield ""
    yield "Beside LAPACK's drivers at the same problems, where they take them:"
    rows = [(found.row, 1.0 if found.row.seconds == found.row.seconds else math.nan), *found.beside]
    yield from aligned(HEADER, [_cells(row, time) for row, time in rows])


def _cells(row: Row, time: float) -> list[str]:
    total = row.deficient_total
    return [
        f"{row.library}-{row.algorithm}" if row.library == "scipy" else "yours",
        row.stability,
        number(row.backward_safe_kappa) if row.backward_safe_kappa else "–",
        number(row.forward_safe_kappa) if row.forward_safe_kappa else "–",
        f"{row.deficient_passed}/{total}" if total else "–",
        number(row.worst_backward_error),
        number(row.worst_forward_error),
        str(row.silent_failures),
        "–" if math.isnan(time) else f"{time:.1f}×",
    ]


def _end(found: Checked) -> Iterator[str]:
    if found.terms.require:
        yield ""
        yield f"required: {found.terms.require}: {'held' if found.passed else 'not held'}"


def facts(found: Checked) -> dict[str, Any]:
    """The verdict as plain JSON values, without numbers that JSON does not have."""
    row, verdicts = found.row, Counter(record.verdict for record in found.records)
    return {
        "target": found.target,
        "precision": found.terms.precision,
        "contract": found.terms.contract,
        "class": row.stability,
        "safe_kappa": finite(found.safe_kappa),
        "silent_failures": row.silent_failures,
        "refusals": verdicts[REFUSED],
        "crashes": sum(verdicts[value] for value in LOST),
        "worst_backward_error": finite(row.worst_backward_error),
        "worst_forward_error": finite(row.worst_forward_error),
        "computes_in": row.computes_in,
        "cases": row.cases,
        "passed": found.passed,
        "failures": [{"key": f.record.problem, "verdict": f.record.verdict, "why": f.why} for f in found.failures],
    }
