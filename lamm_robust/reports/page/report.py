"""`report.html`, put together: a pure function of records, their summary, and where they were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lamm_robust.reports.columns import COLUMNS, EIGHT, RULE
from lamm_robust.reports.leaderboard import groups
from lamm_robust.reports.page.cells import SHOWN, WORDS, Cell, State
from lamm_robust.reports.page.charts import FEW, Figure, figures
from lamm_robust.reports.page.frame import Frame, slug
from lamm_robust.reports.page.headline import Known, Sentence, headline
from lamm_robust.reports.page.portraits import Gallery, Portrait, Problem
from lamm_robust.reports.page.usual import CALLS, TRAPS, Call
from lamm_robust.reports.page.words import glossary
from lamm_robust.reports.row import Row
from lamm_robust.reports.summary import Summary
from lamm_robust.text import printable

LARGEST = 2_000_000
"""Bytes of a page, at most: it opens in a second and can be sent on. A larger one shows fewer problems in a box."""

FITTING = ((SHOWN, SHOWN), (SHOWN, 2), (SHOWN, 1), (2, 1), (1, 1), (0, 0))
"""How many problems a box shows where its gravest state is silent, and elsewhere: the first pair that fits."""

UNSOLVED = 30
"""Problems that nobody solved which the page lists; the rest is counted."""

MEASURED = ("numpy", "scipy", "jax", "torch", "scikit-learn", "statsmodels", "lineax")
"""The packages whose versions stand under the title."""


@dataclass(frozen=True)
class Line:
    """A row of the table of default calls: a line that people type, and what became of it."""

    call: Call
    portrait: Portrait
    cells: Sequence[tuple[str, Cell]]
    """The id of each cell, and the cell."""


@dataclass(frozen=True)
class Entry:
    """A row of the ranking, with the portrait of the same variant."""

    row: Row
    portrait: Portrait
    cells: Sequence[tuple[str, Cell]]

    @property
    def id(self) -> str:
        """The id of the solver on the page."""
        return slug(self.row.variant)


@dataclass(frozen=True)
class Group:
    """All that the page shows of one precision on one device."""

    title: str
    id: str
    sentences: Sequence[Sentence]
    families: Sequence[str]
    lines: Sequence[Line]
    entries: Sequence[Entry]
    unsolved: Sequence[tuple[str, Problem]]
    figures: Sequence[Figure]
    calls: frozenset[str] = field(default_factory=frozenset)
    """The variants of the lines."""


@dataclass(frozen=True)
class Meanings:
    """What names mean, in a line each: known to the catalogue, and not to records."""

    families: Mapping[str, str]
    solvers: Mapping[str, str]
    """By library and algorithm, such as numpy-lstsq."""


def report_html(
    title: str, summary: Summary, gallery: Gallery, environment: Mapping[str, Any], meanings: Meanings
) -> str:
    """The page, complete: the same bytes for the same records and the same environment.

    `title` is that of the leaderboard; `environment` is the content of `environment.json`.
    """
    template = Frame("report.html", script="report.js")
    portraits = gallery.portraits.values()
    content = {
        "title": title,
        "groups": [_group(name, rows, gallery, meanings) for name, rows in groups(summary.rows)],
        "made": made(environment),
        "facts": list(_facts(environment)),
        "absent": environment.get("not measured", {}),
        "columns": [*EIGHT[1:], *(column for column in COLUMNS if not column.keep)],
        "folded": len(COLUMNS) - len(EIGHT),
        "rule": RULE,
        "traps": [TRAPS[place] for place in asked_traps(gallery)],
        "families": _among(meanings.families, (name for p in portraits for name in p.families)),
        "solvers": _among(meanings.solvers, (p.name for p in portraits)),
        "states": WORDS,
        "words": glossary(),
        "cases": summary.cases,
        "asked_to_fit": summary.asked_to_fit,
        "unsolved_shown": UNSOLVED,
    }
    for silent, others in FITTING:
        shown = {State.SILENT: silent, State.OPEN: others, State.LOST: others}
        page = template.render(content, shown=shown)
        if len(page.encode()) <= LARGEST:
            break
    return page


def _among(meanings: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The meanings of the names that have one, each once, in their order."""
    return {name: meanings[name] for name in dict.fromkeys(names) if name in meanings}


def _group(title: str, rows: Sequence[Row], gallery: Gallery, meanings: Meanings) -> Group:
    precision, device = rows[0].precision, rows[0].device
    portraits = gallery.of(precision, device)
    there = dict.fromkeys(name for p in portraits for name in p.families)
    families = [*(n for n in meanings.families if n in there), *(n for n in there if n not in meanings.families)]
    known = {(p.library, p.algorithm): p for p in portraits}
    empty = Cell.empty()
    lines = [
        Line(call, p, [(_trap_id(p, place), p.traps[place]) for place in asked_traps(gallery)])
        for call in CALLS
        if call.device in ("", device) and (p := known.get((call.library, call.algorithm)))
    ]
    called = [line.portrait for line in lines]
    named = [p.variant for p in (portraits if len(portraits) <= FEW else called)]
    unsolved = gallery.unsolved(precision, device)
    problems = sum(place[1:] == (precision, device) for place in gallery.problems)
    entries = [
        Entry(
            row,
            p := gallery.portraits[row.variant],
            [(f"{slug(row.variant)}.{slug(name)}", p.families.get(name, empty)) for name in families],
        )
        for row in rows
    ]
    return Group(
        title=title,
        id=slug(f"{precision}-{device}"),
        sentences=headline(Known(rows, called, unsolved, problems, {p.variant: p.silent for p in portraits})),
        families=families,
        lines=lines,
        entries=entries,
        unsolved=unsolved,
        figures=figures(portraits, named, title),
        calls=frozenset(p.variant for p in called),
    )


def asked_traps(gallery: Gallery) -> list[int]:
    """The places of the traps of which any solver was asked a problem: a small run has none of some."""
    return [i for i in range(len(TRAPS)) if any(p.traps[i].total for p in gallery.portraits.values())]


def _trap_id(portrait: Portrait, place: int) -> str:
    """The id of the box of a trap: that of the family's box, if the trap is the whole family."""
    trap = TRAPS[place]
    return f"{slug(portrait.variant)}.{f'trap-{place}' if trap.parameters else slug(trap.family)}"


def made(environment: Mapping[str, Any]) -> list[str]:
    """Date, processor and versions, as the title shows them."""
    versions = environment.get("versions", {})
    found = [str(environment.get("processor", "unknown processor")), *_dates(environment)]
    measured = ", ".join(f"{name} {versions[name]}" for name in MEASURED if versions.get(name, "absent") != "absent")
    return [*found, *([measured] if measured else [])]


def _dates(environment: Mapping[str, Any]) -> list[str]:
    """The days of the measurements: one, or the first and the last."""
    days = sorted({str(worker.get("started", ""))[:10] for worker in environment.get("workers", [])} - {""})
    return [] if not days else [days[0]] if len(days) == 1 else [f"{days[0]} to {days[-1]}"]


def _facts(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the environment says of how the numbers were measured, as names and texts."""
    suite, limits = environment.get("suite", {}), environment.get("limits", {})
    pairs = [
        *((name, suite.get(name)) for name in ("suite", "profile", "oracle")),
        *((name, environment.get(name)) for name in ("system", "processor", "cores", "commit", "code")),
        ("versions", ", ".join(f"{name} {version}" for name, version in environment.get("versions", {}).items())),
        ("flags", ", ".join(f"{name}={value}" for name, value in environment.get("flags", {}).items()) or "none"),
        ("devices", ", ".join(dict.fromkeys(str(w.get("device", "")) for w in environment.get("workers", [])))),
        ("seconds for an attempt, at most", limits.get("case seconds")),
        ("attempts missing", environment.get("missing")),
    ]
    return [(name, printable(value)) for name, value in pairs if value not in (None, "")]
