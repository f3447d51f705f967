"""A comparison of two runs as a Markdown page, and as plain JSON values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lamm_robust.reports.compare import CONFIDENCE, DIGIT, SLOWER, Comparison, ErrorChange, Pair, Times
from lamm_robust.reports.gate import Result
from lamm_robust.scoring.metrics import METRICS
from lamm_robust.text import duration, finite, inert, markdown_table, number
from lamm_robust.values import BY

UNIT = {metric.name: metric.unit for metric in METRICS}

SHORT = 12
"""Characters of a commit or a digest that a reader compares."""


def markdown(old: Path, new: Path, found: Comparison, results: Sequence[Result]) -> str:
    """The comparison and the results of its gates as a Markdown page."""
    parts = [
        f"# {inert(old)} → {inert(new)}\n\n",
        *_gates(results),
        *_overview(found),
        *_verdicts("got worse", found.worse),
        *_verdicts("got better", found.better),
        *_accuracy(found),
        *_times(found),
        *_conditions(found),
    ]
    return "".join(parts)


def _gates(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        count = len(result.failing)
        counts = f"{count} unexpected failure{'' if count == 1 else 's'}, {len(result.excused)} expected"
        stale = f", {len(result.stale)} expected that did not happen" if result.stale else ""
        yield f"**Gate {result.gate}: {'passed' if result.passed else 'FAILED'}.** {counts}{stale}.\n\n"
        yield from (f"- failed: {line}\n" for line in _count_by_variant(result.failing))
        yield from (f"- expected, did not happen: `{e.case}` ({inert(e.reason)})\n" for e in result.stale)
        for reason in dict.fromkeys(result.excused.values()):
            names = [name for name, why in result.excused.items() if why == reason]
            yield from (f"- expected: {line} ({inert(reason)})\n" for line in _count_by_variant(names))
        yield "\n" if result.failing or result.stale or result.excused else ""


def _count_by_variant(names: Iterable[str]) -> list[str]:
    """How often each variant is in the keys of cases, or the names of variants; the page has the keys below."""
    counts = Counter(name.rpartition(BY)[2] for name in names)
    return [f"{variant}, {count} times" if count > 1 else variant for variant, count in counts.most_common()]


def _overview(found: Comparison) -> Iterator[str]:
    if found.unfinished:
        yield f"**{inert(found.unfinished)}.**\n\n"
    yield f"{found.cases} attempts are in both runs; of {found.identical} every score is the same to the last bit.\n\n"
    if found.vanished:
        yield f"Could not be measured any more: {', '.join(found.vanished)}.\n\n"
    for counts, whose in ((found.only_old, "old"), (found.only_new, "new")):
        if counts:
            named = ", ".join(f"{variant} ({count})" for variant, count in counts.items())
            yield f"Only in the {whose} run, and not judged: {sum(counts.values())} attempts: {named}.\n\n"


def _verdicts(how: str, pairs: Sequence[Pair]) -> Iterator[str]:
    yield f"## Verdicts that {how}: {len(pairs)}\n\n"
    if pairs:
        yield 'Each line replays: `lamm-robust replay "KEY"`.\n\n'
    for pair in pairs:
        error = "backward_error" in {**pair.old.scores, **pair.new.scores}
        said = f", {_error(pair, 'backward_error')}" if error else ""
        message = f": {inert(pair.new.message)}" if pair.new.message else ""
        yield f"- `{pair.key}` — {pair.old.verdict} → {pair.new.verdict}{said}{message}\n"
    yield "\n" if pairs else ""


def _error(pair: Pair, metric: str) -> str:
    """The score of a metric in both runs, with its unit."""
    old, new = (record.scores.get(metric, math.nan) for record in (pair.old, pair.new))
    return f"{metric.replace('_', ' ')} {number(old)} → {number(new)} {UNIT[metric]}"


def _accuracy(found: Comparison) -> Iterator[str]:
    yield f"## Errors that changed by a digit or more under the same verdict: {len(found.lost) + len(found.gained)}\n\n"
    for how, errors in (("larger", found.lost), ("smaller", found.gained)):
        for error in errors:
            yield f"- {how}: `{error.pair.key}` — {error.pair.new.verdict}, {_error(error.pair, error.metric)}\n"
    yield "\n" if found.lost or found.gained else ""


def _times(found: Comparison) -> Iterator[str]:
    yield "## Time, new over old\n\n"
    if found.other_clock:
        yield f"Not comparable: {inert(found.other_clock)}. The ratios are shown all the same.\n\n"
    if not found.times:
        yield "No variant passed a problem in both runs.\n\n"
        return
    interval = f"{float(CONFIDENCE):.0%} interval"
    header = ["solver", "problems", "old", "new", "median ratio", interval, "least times", ""]
    yield markdown_table(header, map(_time_cells, sorted(found.times, key=lambda t: -t.median)))
    yield f"\nSlower or faster: the whole interval, and the ratio of the least times, beyond {SLOWER:g}.\n\n"


def _time_cells(times: Times) -> list[str]:
    """A row of the table of times."""
    verdict = "slower" if times.slower else "faster" if times.faster else ""
    interval = f"{times.low:.2f} to {times.high:.2f}" if times.low else "too few to tell"
    seconds = duration(times.old_seconds), duration(times.new_seconds)
    return [times.variant, str(times.cases), *seconds, f"{times.median:.2f}", interval, f"{times.least:.2f}", verdict]


def _conditions(found: Comparison) -> Iterator[str]:
    yield "## What the runs were made with\n\n"
    if not found.conditions:
        yield "The same versions, code, machine and settings.\n"
        return
    rows = ([inert(name), *(inert(_shorten(value)) for value in pair)] for name, pair in found.conditions.items())
    yield markdown_table(["", "old", "new"], rows)


def _shorten(value: str) -> str:
    """The value; of a hexadecimal digest or commit, only the first characters."""
    digits, plus, rest = value.partition("+")
    is_digest = len(digits) in (40, 64) and set(digits) <= set("0123456789abcdef")
    return digits[:SHORT] + plus + rest if is_digest else value


def facts(old: Path, new: Path, found: Comparison, results: Sequence[Result]) -> dict[str, Any]:
    """The comparison and the results of its gates as plain JSON values; null stands for ∞, NaN and what is missing."""
    return {
        "old": str(old),
        "new": str(new),
        "unfinished": found.unfinished or None,
        "cases": found.cases,
        "identical": found.identical,
        "gates": [
            {
                "gate": result.gate,
                "passed": result.passed,
                "failing": result.failing,
                "expected": dict(result.excused),
                "did not happen": [vars(expected) for expected in result.stale],
            }
            for result in results
        ],
        "worse": list(map(_pair_facts, found.worse)),
        "better": list(map(_pair_facts, found.better)),
        "less accurate": list(map(_error_facts, found.lost)),
        "more accurate": list(map(_error_facts, found.gained)),
        "times": [finite(vars(t) | {"slower": t.slower, "faster": t.faster}) for t in found.times],
        "times not comparable": found.other_clock or None,
        "vanished": found.vanished,
        "only old": found.only_old,
        "only new": found.only_new,
        "conditions": {name: list(pair) for name, pair in found.conditions.items()},
        "limits": {"digit": DIGIT, "slower": SLOWER, "confidence": float(CONFIDENCE)},
    }


def _pair_facts(pair: Pair) -> dict[str, Any]:
    return {
        "case": pair.key,
        "old": pair.old.verdict,
        "new": pair.new.verdict,
        "message": pair.new.message,
        "old scores": finite(pair.old.scores),
        "new scores": finite(pair.new.scores),
    }


def _error_facts(error: ErrorChange) -> dict[str, Any]:
    old, new = (finite(record.scores.get(error.metric)) for record in (error.pair.old, error.pair.new))
    return {"case": error.pair.key, "metric": error.metric, "old": old, "new": new}
