"""A comparison of two runs as a Markdown page."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from lamm_robust.reports.changes import RANK, ErrorChange, Pair
from lamm_robust.reports.compare import CONFIDENCE, SLOWER, Comparison, Times
from lamm_robust.reports.compare_headline import by_solver, few, headline
from lamm_robust.reports.gate import Result
from lamm_robust.scoring.metrics import METRICS
from lamm_robust.text import count_of, duration, inert, markdown_table, number
from lamm_robust.values import BY

UNIT = {metric.name: metric.unit for metric in METRICS}

SHORT = 12
"""Characters of a commit or a digest that a reader compares."""

WIDTH = 100
"""Characters of a line of prose."""

LONGEST = 190
"""Characters of a key or a message in a line: with what stands beside it, a line stays below 200."""

CELL = 60
"""Characters of a cell of a table: three beside each other stay below 200."""

SHOWN = 3
"""Cases of a solver that changed in the same way which the page shows, the simplest; `--json` has all."""

GROUPS = 40
"""Solvers and changes that a section shows, the gravest and most frequent first; the rest is counted."""

ROWS = 12
"""Rows of the table of times, if no more are slower, faster or noise: those that differ most."""


def markdown(old: Path, new: Path, found: Comparison, results: Sequence[Result]) -> str:
    """The comparison and the results of its gates as a Markdown page."""
    parts = [
        f"# {_cut(inert(old), CELL)} → {_cut(inert(new), CELL)}\n\n",
        *(f"{_wrapped(sentence)}\n\n" for sentence in headline(found)),
        *_gates(results),
        *_overview(found),
        *_verdicts("got worse", found.worse),
        *_verdicts("got better", found.better),
        *_accuracy(found),
        *_times(found),
        *_set_aside(found),
        *_conditions(found),
    ]
    return "".join(parts)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _wrapped(text: str, indent: str = "") -> str:
    """The text in lines of at most `WIDTH` characters, unless a word is longer."""
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _gates(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        failures = count_of(len(result.failing), "unexpected failure")
        stale = f", {len(result.stale)} expected that did not happen" if result.stale else ""
        passed = "passed" if result.passed else "FAILED"
        yield f"**Gate {result.gate}: {passed}.** {failures}, {len(result.excused)} expected{stale}.\n\n"
        yield from (f"- failed: {line}\n" for line in _count_by_variant(result.failing))
        for e in result.stale:
            yield f"- expected, did not happen: `{_cut(e.case, WIDTH)}` ({_cut(inert(e.reason), CELL)})\n"
        for reason in dict.fromkeys(result.excused.values()):
            names = [name for name, why in result.excused.items() if why == reason]
            said = _cut(inert(reason), CELL)
            yield from (f"- expected: {line} ({said})\n" for line in _count_by_variant(names))
        yield "\n" if result.failing or result.stale or result.excused else ""


def _count_by_variant(names: Iterable[str]) -> list[str]:
    """How often each variant is in the keys of cases, or the names of variants; the page has the keys below."""
    counts = Counter(name.rpartition(BY)[2] for name in names)
    return [f"{variant}, {count} times" if count > 1 else variant for variant, count in counts.most_common()]


def _overview(found: Comparison) -> Iterator[str]:
    if found.unfinished:
        yield f"**{_wrapped(inert(found.unfinished))}.**\n\n"
    exact = found.identical == found.alike
    alike, how = (found.identical, "to the last bit") if exact else (found.alike, "to four digits")
    yield f"{found.cases} attempts are in both runs; of {alike} every score is the same {how}.\n\n"
    if found.vanished:
        yield _wrapped(f"Could not be measured any more: {', '.join(found.vanished)}.") + "\n\n"
    for counts, whose in ((found.only_old, "old"), (found.only_new, "new")):
        if counts:
            yield _wrapped(_in_one_run(counts, whose)) + "\n\n"


def _in_one_run(counts: Mapping[str, int], whose: str) -> str:
    named = few([f"{variant} ({count})" for variant, count in counts.items()])
    return f"Only in the {whose} run, and not judged: {sum(counts.values())} attempts: {named}."


def _verdicts(how: str, pairs: Sequence[Pair]) -> Iterator[str]:
    yield f"## Verdicts that {how}: {len(pairs)}\n\n"
    if pairs:
        yield 'By solver, the gravest first, each with its simplest cases: `lamm-robust replay "KEY"`.\n\n'
    yield from _grouped(pairs)


def _grouped(pairs: Iterable[Pair]) -> Iterator[str]:
    """Cases by solver and change: a line for each group, and its simplest cases."""
    groups: dict[tuple[str, str, str], list[Pair]] = {}
    for pair in pairs:
        groups.setdefault((pair.new.variant, pair.old.verdict, pair.new.verdict), []).append(pair)
    ordered = sorted(groups.items(), key=lambda item: (-RANK[item[0][2]], -len(item[1]), item[0]))
    for (variant, before, after), members in ordered[:GROUPS]:
        more = f", {count_of(len(members), 'problem')}:" if len(members) > 1 else ":"
        yield f"- {variant}: {before} → {after}{more}\n"
        for pair in members[:SHOWN]:
            yield f"  - `{_cut(pair.key, LONGEST)}`\n"
            said = "; ".join(filter(None, [_error(pair, "backward_error"), inert(pair.new.message)]))
            yield f"    {_cut(said, LONGEST)}\n" if said else ""
    if len(ordered) > GROUPS:
        rest = sum(len(members) for _, members in ordered[GROUPS:])
        yield f"- and {count_of(len(ordered) - GROUPS, 'such group')} with {count_of(rest, 'case')}: see `--json`\n"
    yield "\n" if ordered else ""


def _error(pair: Pair, metric: str) -> str:
    """The score of a metric in both runs, with its unit; empty if neither has it."""
    if metric not in {**pair.old.scores, **pair.new.scores}:
        return ""
    old, new = (record.scores.get(metric, math.nan) for record in (pair.old, pair.new))
    return f"{metric.replace('_', ' ')} {number(old)} → {number(new)} {UNIT[metric]}"


def _accuracy(found: Comparison) -> Iterator[str]:
    yield f"## Errors that changed by a digit or more under the same verdict: {len(found.lost) + len(found.gained)}\n\n"
    for how, errors in (("larger", found.lost), ("smaller", found.gained)):
        groups: dict[str, list[ErrorChange]] = {}
        for error in errors:
            groups.setdefault(error.pair.new.variant, []).append(error)
        for variant, members in sorted(groups.items(), key=lambda item: -len(item[1]))[:GROUPS]:
            yield f"- {how}: {variant}, {count_of(len(members), 'error')}:\n"
            for error in members[:SHOWN]:
                yield f"  - `{_cut(error.pair.key, LONGEST)}`\n"
                yield f"    {error.pair.new.verdict}, {_error(error.pair, error.metric)}\n"
    yield "\n" if found.lost or found.gained else ""


def _times(found: Comparison) -> Iterator[str]:
    yield "## Time, new over old\n\n"
    if found.other_clock:
        yield _wrapped(f"Not comparable: {inert(found.other_clock)}. The ratios are shown all the same.") + "\n\n"
    if not found.times:
        yield "No variant passed a problem in both runs.\n\n"
        return
    interval = f"{float(CONFIDENCE):.0%} interval"
    header = ["solver", "problems", "old", "new", "median ratio", interval, "least times", ""]
    ordered = sorted(found.times, key=lambda t: -abs(math.log(t.median)))
    most = max(ROWS, sum(bool(t.said) for t in found.times))
    shown = sorted(sorted(ordered, key=lambda t: not t.said)[:most], key=lambda t: -t.median)
    yield markdown_table(header, map(_time_cells, shown))
    if rest := [t.median for t in found.times if t not in shown]:
        yield f"\n{count_of(len(rest), 'more solver')}: median ratios from {min(rest):.2f} to {max(rest):.2f}.\n"
    yield "\n" + _wrapped(
        f"Slower or faster: the whole interval, and the ratio of the least times, beyond {SLOWER:g} times what solvers "
        "of other libraries show. Noise: beyond it, but so are they, or nothing else differs between the runs."
    )
    yield "\n\n"


def _time_cells(times: Times) -> list[str]:
    """A row of the table of times."""
    interval = f"{times.low:.2f} to {times.high:.2f}" if times.low else "too few to tell"
    seconds = duration(times.old_seconds), duration(times.new_seconds)
    ratios = f"{times.median:.2f}", interval, f"{times.least:.2f}"
    return [times.variant, str(times.cases), *seconds, *ratios, times.said]


def _set_aside(found: Comparison) -> Iterator[str]:
    """Changes that say nothing: by why, and which solvers."""
    noisy = [times.variant for times in found.times if times.noisy]
    total = sum(map(len, found.aside.values())) + found.aside_errors.total() + len(noisy)
    yield f"## Changes that say nothing: {total}\n\n"
    for why, pairs in found.aside.items():
        errors = found.aside_errors[why]
        if pairs or errors:
            worse = sum(pair.step > 0 for pair in pairs)
            verdicts = f"{worse} verdicts worse, {len(pairs) - worse} better{by_solver(pairs)}"
            yield _wrapped(f"- {why.value}: {verdicts}; {errors} with other errors", indent="  ") + "\n"
    if noisy:
        yield _wrapped(f"- noise of timing: {few(noisy)}", indent="  ") + "\n"
    yield "\n" if total else ""


def _conditions(found: Comparison) -> Iterator[str]:
    yield "## What the runs were made with\n\n"
    if not found.conditions:
        yield "The same versions, code, machine and settings.\n"
        return
    rows = ([_cell(name), *(_cell(shortened(value)) for value in pair)] for name, pair in found.conditions.items())
    yield markdown_table(["", "old", "new"], rows)


def _cell(text: str) -> str:
    return _cut(inert(text), CELL)


def shortened(value: str) -> str:
    """The value; of a hexadecimal digest or commit, only the first characters."""
    digits, plus, rest = value.partition("+")
    is_digest = len(digits) in (40, 64) and set(digits) <= set("0123456789abcdef")
    return digits[:SHORT] + plus + rest if is_digest else value
