"""Boxes as an SVG file of their own, to be shown in a README or sent on: what people type, by family, or by problem.

It is a pure function of records and of where they were made, as `report.html` is, and shows the same boxes. A file that
is shown as an image cannot use the page's style, so that it has one of its own, which follows light and dark, too.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from markupsafe import Markup

from lamm_robust.keys import parse_key
from lamm_robust.reports.page.cells import SIGN, UNSOLVED, WORDS, State, cell, state
from lamm_robust.reports.page.report import made
from lamm_robust.reports.page.usual import CALLS, OURS, TRAPS, Call
from lamm_robust.reports.summary import simplicity
from lamm_robust.text import number, printable
from lamm_robust.values import Device, Precision, Record

LEFT, COLUMN, LINE, MARGIN = 286, 64, 30, 12
"""Widths of the names and of a column, height of a row, and the margin around all, in pixels."""

LEFT_OF_PROBLEMS = 330
"""Width of what a problem is called."""

HEAD = 13
"""Height of a line of a heading."""

LETTERS = 10
"""Letters of a heading in a line."""

NARROWEST = 970
"""Least width: the legend and the line on what made the picture need so much."""

OPENING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img">'

STYLE = """
text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1b1b1b }
.code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace } .mid { text-anchor: middle }
.title { font-size: 16px; font-weight: 600 } .small { font-size: 11px; fill: #595959 } .head { font-size: 11px }
.silent { fill: #b3261e } .open { fill: #ffd54f } .lost { fill: #ffe7c2 } .solved { fill: #bfe3c1 }
.ungraded { fill: #fff; stroke: #bbb; stroke-dasharray: 3 2 } .unpromised { fill: #e4e4e4 } .paper { fill: #fff }
.on-silent { fill: #fff; font-weight: 600 } .on-open { fill: #332600 } .on-lost { fill: #5a3a00 }
.on-unpromised { fill: #555 }
@media (prefers-color-scheme: dark) { text { fill: #ececec } .small { fill: #b0b0b0 } .paper { fill: #141414 }
.silent { fill: #c2372e } .open { fill: #c9a02a } .lost { fill: #5d451a } .solved { fill: #245029 }
.unpromised { fill: #303030 } .ungraded { fill: #141414; stroke: #777 }
.on-lost { fill: #ffe7c2 } .on-unpromised { fill: #b4b4b4 } }
"""


def asked(precision: Precision, device: Device) -> dict[str, Call]:
    """The variants of the lines that people type, at a precision on a device, and each line."""
    calls = [call for call in CALLS if call.device in ("", device)]
    return {f"{call.library}-{call.algorithm}-{precision}-{device}": call for call in calls}


Holds = Callable[[Record], bool]
"""Whether a record belongs in a column."""


@dataclass(frozen=True)
class Box:
    """A box: its state, what stands in it, and what a pointer on it shows."""

    state: State
    shown: str
    words: str


Row = tuple[str, Sequence[Box]]
"""What is typed, the name of a solver or what a problem is called, and its boxes."""


def picture(
    groups: Iterable[Sequence[Record]], precision: Precision, device: Device, environment: Mapping[str, Any]
) -> str:
    """The SVG: a row for each line that people type, from the records of its solver; a column for each trap.

    `groups` are the records of each variant of `asked`, in its order; ValueError if there are none.
    """
    calls = asked(precision, device)
    rows = [_row(calls[group[0].variant].typed, group, [trap.holds for trap in TRAPS]) for group in groups]
    if not rows:
        raise ValueError(f"there are no records of lines that people type, in {precision} on {device}")
    title = f"What you get if you type … ({precision} on {device.upper()})"
    return _draw(title, rows, [trap.words for trap in TRAPS], environment)


def by_family(
    groups: Sequence[Sequence[Record]], precision: Precision, device: Device, environment: Mapping[str, Any]
) -> str:
    """The SVG: a row for each solver, from its records; a column for each family of problems."""
    families = list(dict.fromkeys(record.family for group in groups for record in group))
    columns: list[Holds] = [partial(_is_of, family) for family in families]
    rows = [_row(f"{group[0].library}-{group[0].algorithm}", group, columns) for group in groups]
    return _draw(f"Where each fails, by family ({precision} on {device.upper()})", rows, families, environment)


def by_problem(
    groups: Iterable[Sequence[Record]], precision: Precision, device: Device, environment: Mapping[str, Any]
) -> str:
    """The SVG: a row for each problem that any of the lines that people type does not solve; a column for each line.

    `groups` are the records of each variant of `asked`, in its order, at a few problems: those that hunts have found. A
    box shows the relative error. ValueError if there are no such problems.
    """
    answers: dict[str, dict[str, Record]] = {}
    names: dict[str, str] = {}
    for group in groups:
        names[group[0].variant] = f"{group[0].library} {group[0].algorithm}{_mark(group[0])}".replace("-", " ")
        for record in group:
            answers.setdefault(record.problem, {})[record.variant] = record
    found = [own for own in answers.values() if any(state(record) in UNSOLVED for record in own.values())]
    if not found:
        raise ValueError(f"nothing that lines that people type do not solve, in {precision} on {device}")
    nothing = Box(State.UNPROMISED, "", "not tried")
    rows = [
        (_called(next(iter(own.values()))), [_answer(own[v]) if v in own else nothing for v in names])
        for own in sorted(found, key=lambda own: simplicity(next(iter(own.values()))))
    ]
    title = f"Relative errors at the worst inputs that hunts have found ({precision} on {device.upper()})"
    return _draw(title, rows, list(names.values()), environment, LEFT_OF_PROBLEMS, "solvers")


def _called(record: Record) -> str:
    """What a problem is called in few words: shape, κ, family, and the first parameter that is a word."""
    kappa = "" if math.isnan(record.kappa) else f", κ = {number(record.kappa)}"
    words = (value for _, value in parse_key(record.problem).params if isinstance(value, str))
    return f"{record.m}×{record.n}{kappa}: {record.family} {next(words, '')}".rstrip()


def _answer(record: Record) -> Box:
    """The box of one attempt, which shows the relative error of x, if there is one."""
    error, found = record.scores.get("relative_error", math.nan), state(record)
    shown = "" if math.isnan(error) else number(error)
    return Box(found, SIGN.get(found, "") + shown, f"{record.verdict}: {record.problem}")


def _is_of(family: str, record: Record) -> bool:
    return record.family == family


def _mark(record: Record) -> str:
    return " (ours)" if (record.library, record.algorithm) in OURS else ""


def _row(label: str, group: Sequence[Record], columns: Sequence[Holds]) -> Row:
    cells = (cell(filter(holds, group)) for holds in columns)
    return label + _mark(group[0]), [Box(each.state, each.shown, each.words) for each in cells]


def _draw(
    title: str,
    rows: Sequence[Row],
    columns: Sequence[str],
    environment: Mapping[str, Any],
    left: int = LEFT,
    of: str = "kinds",
) -> str:
    """The SVG of the rows, with words above each column of boxes, and below what made them.

    `left` is the width of the rows' names, and `of` says what the columns are.
    """
    headings = [textwrap.wrap(words.replace("_", " "), LETTERS, break_long_words=False) for words in columns]
    top = MARGIN + 26 + max(map(len, headings)) * HEAD + 6
    width, bottom = max(left + COLUMN * len(columns) + MARGIN, NARROWEST), top + LINE * len(rows)
    source = " · ".join([f"suite {environment.get('suite', {}).get('suite', 'unknown')}", *made(environment)])
    parts = [
        Markup(OPENING).format(width, bottom + 62),  # noqa: S704  # our own text
        Markup("<title>{}</title>").format(f"{title}: {'; '.join(_said(label, boxes, of) for label, boxes in rows)}"),
        Markup("<style>{}</style>").format(Markup(STYLE)),  # noqa: S704  # our own text
        Markup('<rect class="paper" width="{}" height="{}"/>').format(width, bottom + 62),
        Markup('<text class="title" x="{}" y="{}">{}</text>').format(MARGIN, MARGIN + 14, title),
        *(_heading(lines, left + COLUMN * index + COLUMN // 2, top - 8) for index, lines in enumerate(headings)),
    ]
    for index, (label, cells) in enumerate(rows):
        y = top + LINE * index
        parts.append(Markup('<text class="code" x="{}" y="{}">{}</text>').format(MARGIN, y + LINE // 2 + 4, label))
        parts += [_box(each, left + COLUMN * place, y) for place, each in enumerate(cells)]
    parts += [*_legend(bottom + 14), _small(source, bottom + 52), Markup("</svg>\n")]
    return Markup("\n").join(parts)


def _said(label: str, boxes: Sequence[Box], of: str) -> str:
    """A row in words: of how many columns it is red."""
    red = sum(box.state == State.SILENT for box in boxes)
    return f"{label.removesuffix(' (ours)')} is wrong in silence at {red} of {len(boxes)} {of}"


def _heading(lines: Sequence[str], x: int, bottom: int) -> Markup:
    """The words of a column, in lines of a few letters, above `bottom`."""
    spans = [
        Markup('<text class="head mid" x="{}" y="{}">{}</text>').format(x, bottom - HEAD * (len(lines) - 1 - i), line)
        for i, line in enumerate(lines)
    ]
    return Markup("").join(spans)


def _box(found: Box, x: int, y: int) -> Markup:
    box = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
        found.state, x + 1, y + 1, COLUMN - 2, LINE - 2, found.words
    )
    if not found.shown:
        return box
    place = x + COLUMN // 2, y + LINE // 2 + 4
    return box + Markup('<text class="mid on-{}" x="{}" y="{}">{}</text>').format(found.state, *place, found.shown)


def _legend(y: int) -> list[Markup]:
    """What the colours mean, in a line."""
    parts, x = [], MARGIN
    example = {State.SILENT: "3", State.OPEN: "!3", State.LOST: "~3", State.UNPROMISED: "–"}
    for each, words in WORDS.items():
        parts += [
            Markup('<rect class="{}" x="{}" y="{}" width="24" height="16"/>').format(each, x, y),
            Markup('<text class="head mid on-{}" x="{}" y="{}">{}</text>').format(
                each, x + 12, y + 12, example.get(each, "")
            ),
            Markup('<text class="head" x="{}" y="{}">{}</text>').format(x + 29, y + 12, words),
        ]
        x += 44 + 6 * len(words)
    return parts


def _small(text: str, y: int) -> Markup:
    return Markup('<text class="small" x="{}" y="{}">{}</text>').format(MARGIN, y, printable(text))
