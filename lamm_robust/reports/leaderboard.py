"""The leaderboard as Markdown, CSV and tables for a terminal: functions of a summary."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from lamm_robust.reports.columns import RULE, Column, leading
from lamm_robust.reports.row import Row
from lamm_robust.reports.summary import DECADE_METRICS, Summary
from lamm_robust.text import csv_text, inert, markdown_table, number

WORDS = """\
- **u**: the unit roundoff, 2⁻²⁴ ≈ 6e-8 in float32 and 2⁻⁵³ ≈ 1e-16 in float64. **κ**: the largest over the smallest
  non-zero singular value of A, certified; where A has full rank, with its columns (its rows, if it is wide) brought to
  one size by powers of two. **Wedin bound**: how far rounding A and b can move the solution.
- **small**: an error of so many of its units counts as rounding: 10·√n in float32, and 10·√(n·min(m, 100)) in
  float64, for m×n with m ≥ n (32 and 173 for 30×10).
- **column-wise stable**: the answer is exact for a matrix of which every column is within rounding of that of A,
  beside the size of *that* column (of rows, if A is wide), and the shortest, where that is promised. Where A is
  rank-deficient, the shortest solution depends on the sizes, and *backward stable* is asked.
- **backward stable**: the answer is exact for a matrix within rounding of A as a whole. Where columns differ in size it
  may have no correct digit of what a small column contributes: *to ratio* says up to where it has.
- **forward stable**: not that, but as near the solution as rounding A and b allows.
- Whichever of these words an answer gets, it has a correct digit wherever a column-wise stable solver must have one.
- **conditionally stable**: something failed, but no full-rank problem with κ ≤ u^(-1/2) (4e3 in float32, 9e7 in
  float64) did: see *deficient* and *silent*. **unstable**: such a problem failed. **broken**: crashed, timed out, or
  returned what is no answer.
- **graded**: problems whose non-zero singular values the precision can resolve (small·uκ ≤ 0.1), so that rank and
  solution are well defined, and that the solver's contract covers. "Stable to κ" ends with the last of them. A class
  below *column-wise stable* is asked of those that are resolvable as they are stored.
- **beyond**: the other problems, whose κ is beyond the precision. The distance to x★ is not asked there; but an answer
  that no small change of A explains, and whose fit is a tenth of b away from the best, is a silent failure.
- **edges**: matrices without rows or columns, and A, b or solutions whose squares over- or underflow. They say nothing
  of conditioning, and count in no other column but *silent* and *failed*.
- **NaN or ∞**: with one in A or b no finite x is a solution. A solver that refuses or returns NaN or ∞ has *flagged*
  the problem, as it should; a finite x without a warning is a silent failure; where it crashed or hung, it is *lost*,
  and *failed*. These problems count nowhere else.
"""


def groups(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """Title → rows of each precision and device; rows must come sorted by these."""
    grouped = itertools.groupby(rows, key=lambda r: f"{r.precision} on {r.device.upper()}")
    return [(title, list(members)) for title, members in grouped]


def leaderboard_markdown(title: str, summary: Summary, absent: Mapping[str, str]) -> str:
    """The leaderboard page: what columns mean, a table per precision and device, errors by κ, what was not measured."""
    shown = leading(summary.rows)
    legend = "".join(f"- **{column.title}**: {column.meaning}.\n" for column in shown)
    more = "More columns, every failure and curves: [report.html](report.html); all fields: leaderboard.csv."
    parts = [f"# {inert(title)}\n\n{summary.asked_to_fit}. {RULE}\n\n{legend}\n{more}\n\n"]
    for name, members in groups(summary.rows):
        body = ([column.text(row) for column in shown] for row in members)
        parts += [f"## {name}\n\n", markdown_table([column.title for column in shown], body), "\n"]
    if absent:
        why = ([inert(variant), inert(reason)] for variant, reason in absent.items())
        parts += ["## Not measured\n\n", markdown_table(["solver", "why"], why), "\n"]
    for name, members in groups(summary.rows):
        for metric, words in DECADE_METRICS.items():
            heading = f"## Worst {words}, by κ to the nearest power of ten ({name}, full rank)\n\n"
            parts += [heading, decade_table(members, summary.decades[metric]), "\n"]
    return "".join([*parts, "## Words\n\n", WORDS])


def decade_table(rows: Sequence[Row], worst: Mapping[str, Mapping[int, float]]) -> str:
    """A Markdown table of the worst scores, solvers × decades of κ; ∞ where no finite answer came."""
    decades = sorted({decade for row in rows for decade in worst.get(row.variant, {})})
    body = [
        [f"{r.library}-{r.algorithm}", *(number(worst.get(r.variant, {}).get(d, math.nan)) for d in decades)]
        for r in rows
    ]
    return markdown_table(["solver", *(f"1e{d}" for d in decades)], body)


def leaderboard_csv(rows: Iterable[Row]) -> str:
    """Every field of every row as CSV, in full precision."""
    return csv_text([f.name for f in dataclasses.fields(Row)], (vars(row).values() for row in rows))


def terminal_tables(rows: Sequence[Row], width: int) -> list[Table]:
    """The leaderboard for a terminal `width` characters wide, one table for each precision and device."""
    shown = list(leading(rows))
    text = _full if _needed(rows, shown, _full) <= width else _brief
    while len(shown) > 1 and _needed(rows, shown, text) > width:
        shown.remove(min(shown, key=lambda column: column.keep))
    tables = []
    for title, members in groups(rows):
        table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for column in shown:
            words = column.name in ("solver", "class")
            table.add_column(_heading(column), justify="left" if words else "right", no_wrap=True)
        for row in members:
            table.add_row(*(text(column, row) for column in shown), style=STYLE.get(row.stability, ""))
        tables.append(table)
    return tables


def _needed(rows: Sequence[Row], columns: Iterable[Column], text: Callable[[Column, Row], str]) -> int:
    """The width of a table on a terminal, with two blanks between columns, and the margins."""
    texts = ([*(text(column, row) for row in rows), *_heading(column).split("\n")] for column in columns)
    return 1 + sum(2 + max(map(len, each)) for each in texts)


def _full(column: Column, row: Row) -> str:
    """The text of a cell."""
    return column.text(row)


def _brief(column: Column, row: Row) -> str:
    """The text of a cell where there is little room: without the word in which most classes end."""
    return column.text(row).replace(" stable", "")


def _heading(column: Column) -> str:
    """The heading of one of the eight columns on a terminal: in two lines if it has several words."""
    return column.title.replace(" ", "\n", 1)


STYLE: Mapping[str, str] = {
    "column-wise stable": "bold green",
    "backward stable": "green",
    "unstable": "yellow",
    "broken": "red",
}
