"""The pages of failures: an index with counts and the simplest of each kind, and beside it every failure as a line."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from lamm_robust.reports.reasons import open_failure, reason, silent_failure
from lamm_robust.reports.summary import Summary, simplicity
from lamm_robust.text import inert
from lamm_robust.values import Record

SHOWN = 3
"""Failures of a kind that the index shows: the simplest."""

ALL = "all-failures.md"
"""The page beside the index, with all of them."""

SILENT = """\
A finite answer, no warning, and no correct digit, of x as a whole or of an entry, on a problem that the
precision can resolve and that the contract of the solver covers; or one that fits nothing, where κ is
beyond the precision; or a finite answer without a warning where A or b holds NaN or ∞.
"""
OPEN = """\
Refused, crashed, timed out, flaky, not finite or bad output, on problems that the contract covers; where A
or b holds NaN or ∞, to refuse or to return what is not finite is right, and the others are here.
"""

Words = Callable[[Record], str]

KINDS: Sequence[tuple[str, Callable[[Record], str]]] = (
    ("reason", reason),
    ("family", lambda record: record.family),
    ("solver", lambda record: record.variant),
)
"""By what failures are counted in the index, and what that is of a record."""


def index_markdown(summary: Summary) -> str:
    """The index in Markdown: failures in silence and failures that show, counted by reason, family and solver."""
    parts = ["# Failures\n\n", f'Each line replays: `lamm-robust replay "KEY"`. All failures: [{ALL}]({ALL}).\n']
    for title, legend, records, words in _halves(summary):
        parts.append(f"\n# {title}: {len(records)}\n\n{legend}")
        for name, of in KINDS:
            parts += [f"\n## {title} by {name}\n", *_counted(records, of, words)]
    return "".join(parts)


def all_markdown(summary: Summary) -> str:
    """A Markdown page with one line for each failure, silent or not, that can be replayed."""
    parts = ["# All failures\n\nThe simplest problem of each solver comes first. Counts: [failures.md](failures.md).\n"]
    for title, legend, records, words in _halves(summary):
        parts += [f"\n# {title}: {len(records)}\n\n{legend}", *replay_lines(records, words)]
    return "".join(parts)


def _halves(summary: Summary) -> Iterator[tuple[str, str, Sequence[Record], Words]]:
    """Title, legend and records of the failures in silence and of those that show, and what tells of one of them."""
    yield "Silent failures", SILENT, summary.silent, silent_failure
    yield "Failures that show", OPEN, summary.open, open_failure


def _counted(records: Iterable[Record], of: Callable[[Record], str], words: Words) -> Iterator[str]:
    """Each kind with its count, the most frequent first, and the simplest failures of it."""
    kinds: dict[str, list[Record]] = {}
    for record in records:
        kinds.setdefault(of(record), []).append(record)
    for kind, members in sorted(kinds.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        yield f"\n**{inert(kind)}: {len(members)}**\n\n"
        yield from (_line(record, words) for record in _simplest(members))
    if not kinds:
        yield "\nNone.\n"


def _simplest(records: Iterable[Record]) -> list[Record]:
    """The failures at the three simplest problems, one for each problem."""
    found: dict[str, Record] = {}
    for record in sorted(records, key=lambda record: (*simplicity(record), record.variant)):
        found.setdefault(record.problem, record)
    return list(found.values())[:SHOWN]


def replay_lines(records: Iterable[Record], words: Words) -> Iterator[str]:
    """A heading for each variant and a line for each of its records; records must come sorted by variant."""
    grouped = [(variant, list(members)) for variant, members in itertools.groupby(records, key=lambda r: r.variant)]
    for variant, members in grouped:
        yield f"\n## {variant}: {len(members)}\n\n"
        yield from (_line(record, words) for record in members)
    if not grouped:
        yield "\nNone.\n"


def _line(record: Record, words: Words) -> str:
    return f"- `{record.key}` — {inert(words(record))}\n"
