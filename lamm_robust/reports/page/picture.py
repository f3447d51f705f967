"""Boxes as an SVG file of their own, to be shown in a README or sent on: what people type, or solvers by family.

It is a pure function of records and of where they were made, as `report.html` is, and shows the same boxes. A file that
is shown as an image cannot use the page's style, so that it has one of its own, which follows light and dark, too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from markupsafe import Markup

from lamm_robust.reports.page.cells import WORDS, Cell, State, cell
from lamm_robust.reports.page.report import made
from lamm_robust.reports.page.usual import CALLS, OURS, TRAPS, Call
from lamm_robust.text import printable
from lamm_robust.values import Device, Precision, Record

LEFT, COLUMN, LINE, MARGIN = 262, 64, 30, 12
"""Widths of the names and of a column, height of a row, and the margin around all, in pixels."""

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

Row = tuple[str, Sequence[Cell]]
"""What is typed, or the name of a solver, and its boxes."""


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


def _is_of(family: str, record: Record) -> bool:
    return record.family == family


def _row(label: str, group: Sequence[Record], columns: Sequence[Holds]) -> Row:
    mark = " (ours)" if (group[0].library, group[0].algorithm) in OURS else ""
    return label + mark, [cell(filter(holds, group)) for holds in columns]


def _draw(title: str, rows: Sequence[Row], columns: Sequence[str], environment: Mapping[str, Any]) -> str:
    """The SVG of the rows, with words above each column of boxes, and below what made them."""
    headings = [textwrap.wrap(words.replace("_", " "), LETTERS, break_long_words=False) for words in columns]
    top = MARGIN + 26 + max(map(len, headings)) * HEAD + 6
    width, bottom = max(LEFT + COLUMN * len(columns) + MARGIN, NARROWEST), top + LINE * len(rows)
    source = " · ".join([f"suite {environment.get('suite', {}).get('suite', 'unknown')}", *made(environment)])
    parts = [
        Markup(OPENING).format(width, bottom + 62),  # noqa: S704  # our own text
        Markup("<title>{}</title>").format(f"{title}: {_said(rows)}"),
        Markup("<style>{}</style>").format(Markup(STYLE)),  # noqa: S704  # our own text
        Markup('<rect class="paper" width="{}" height="{}"/>').format(width, bottom + 62),
        Markup('<text class="title" x="{}" y="{}">{}</text>').format(MARGIN, MARGIN + 14, title),
        *(_heading(lines, LEFT + COLUMN * index + COLUMN // 2, top - 8) for index, lines in enumerate(headings)),
    ]
    for index, (label, cells) in enumerate(rows):
        y = top + LINE * index
        parts.append(Markup('<text class="code" x="{}" y="{}">{}</text>').format(MARGIN, y + LINE // 2 + 4, label))
        parts += [_box(each, LEFT + COLUMN * place, y) for place, each in enumerate(cells)]
    parts += [*_legend(bottom + 14), _small(source, bottom + 52), Markup("</svg>\n")]
    return Markup("\n").join(parts)


def _said(rows: Sequence[Row]) -> str:
    """The picture in words: how many kinds of problems each line is wrong at in silence."""
    return "; ".join(
        f"{label.removesuffix(' (ours)')} is wrong in silence at "
        f"{sum(c.state == State.SILENT for c in cells)} of {len(cells)} kinds"
        for label, cells in rows
    )


def _heading(lines: Sequence[str], x: int, bottom: int) -> Markup:
    """The words of a column, in lines of a few letters, above `bottom`."""
    spans = [
        Markup('<text class="head mid" x="{}" y="{}">{}</text>').format(x, bottom - HEAD * (len(lines) - 1 - i), line)
        for i, line in enumerate(lines)
    ]
    return Markup("").join(spans)


def _box(found: Cell, x: int, y: int) -> Markup:
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
    for state, words in WORDS.items():
        parts += [
            Markup('<rect class="{}" x="{}" y="{}" width="24" height="16"/>').format(state, x, y),
            Markup('<text class="head mid on-{}" x="{}" y="{}">{}</text>').format(
                state, x + 12, y + 12, example.get(state, "")
            ),
            Markup('<text class="head" x="{}" y="{}">{}</text>').format(x + 29, y + 12, words),
        ]
        x += 44 + 6 * len(words)
    return parts


def _small(text: str, y: int) -> Markup:
    return Markup('<text class="small" x="{}" y="{}">{}</text>').format(MARGIN, y, printable(text))
