"""The leaderboard as Markdown, CSV and tables for a terminal, and the page of failures: functions of a summary."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from lamm_robust.reports import grading
from lamm_robust.reports.summary import DECADE_METRICS, Row, Summary
from lamm_robust.text import csv_text, duration, inert, markdown_table, number, share
from lamm_robust.values import Record, Regime


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of the leaderboard."""

    name: str
    """Its heading in files."""
    meaning: str
    keep: int = 0
    """On a terminal that is too narrow, columns with the lowest numbers are left out first; 0 is in files only."""

    @property
    def heading(self) -> str:
        """Its heading on a terminal: shorter, and in two lines if it has several words."""
        return self.name.replace(" stable", "").replace(" ", "\n", 1)


COLUMNS: tuple[Column, ...] = (
    Column("solver", "library and algorithm", 12),
    Column("class", "stability over every graded problem", 11),
    Column(
        "column-wise to κ",
        "every full-rank problem at or below this κ, of columns of one size, was solved column-wise stably",
        10,
    ),
    Column("backward stable to κ", "every full-rank problem at or below this κ, as stored, was backward stably", 9),
    Column("forward stable to κ", "the same for forward stability, or better"),
    Column(
        "to ratio",
        "where columns (rows, if wide) differ in size by at most this, no answer was lost for that alone",
        7,
    ),
    Column("deficient", "rank-deficient problems solved stably, of those within its contract", 6),
    Column(
        "NaN or ∞",
        "problems with NaN or ∞ in A or b at which it said so, by an error or a non-finite x; *lost*: crashes, hangs",
        5,
    ),
    Column("edges", "empty matrices, and numbers whose squares over- or underflow: solved stably, of those covered", 5),
    Column("beyond", "problems with κ beyond the precision at which it did not, in silence, fit nothing", 1),
    Column("worst backward", "largest backward error, in u‖A‖_F", 4),
    Column("worst forward", "largest forward error at full rank, in Wedin bounds", 3),
    Column("silent", "silent failures: finite, no warning, and no correct digit, or no answer exists", 8),
    Column(
        "failed",
        "refused, crashed, timed out, flaky, non-finite or bad output within its contract (with NaN or ∞ in A or b, "
        "to refuse or to return NaN or ∞ is right)",
        2,
    ),
    Column("rank right", "reported ranks that are exact, where the precision can tell"),
    Column("computes in", "the arithmetic that its errors betray"),
    Column("time", "median time relative to the fastest solver that is right on the same problem", 7),
    Column("first call", "median seconds of the first call on a shape, compilation included"),
)

WORDS = """\
- **u**: the unit roundoff, 2⁻²⁴ ≈ 6e-8 in float32 and 2⁻⁵³ ≈ 1e-16 in float64. **κ**: the largest over the smallest
  non-zero singular value of A, certified; where A has full rank, with its columns (its rows, if it is wide) brought to
  one size by powers of two. **Wedin bound**: how far rounding A and b can move the solution.
- **small**: an error of at most 10·√(n·min(m, 1000)) of its units, for m×n with m ≥ n, counts as rounding (173 for
  30×10).
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


def cells(row: Row) -> list[str]:
    """The texts of a leaderboard row, one for each of `COLUMNS`."""
    safe = row.columnwise_safe_kappa, row.backward_safe_kappa, row.forward_safe_kappa
    return [
        f"{row.library}-{row.algorithm}",
        row.stability,
        *(number(k) if k else "–" for k in safe),
        number(row.safe_ratio),
        share(row.deficient_passed, row.deficient_total),
        share(row.undefined_flagged, row.undefined_total) + f", {row.undefined_lost} lost" * bool(row.undefined_lost),
        share(row.edges_passed, row.edges_total),
        share(row.ambiguous_fitted, row.ambiguous_total),
        number(row.worst_backward_error),
        number(row.worst_forward_error),
        str(row.silent_failures),
        str(row.failures),
        share(row.rank_right, row.rank_total),
        row.computes_in,
        "–" if math.isnan(row.relative_time) else f"{row.relative_time:.1f}×",
        duration(row.first_call_seconds),
    ]


def groups(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """Title → rows of each precision and device; rows must come sorted by these."""
    grouped = itertools.groupby(rows, key=lambda r: f"{r.precision} on {r.device.upper()}")
    return [(title, list(members)) for title, members in grouped]


def leaderboard_markdown(title: str, summary: Summary, absent: Mapping[str, str]) -> str:
    """The leaderboard page: a table per precision and device, the errors by κ, and what was not measured."""
    parts = [f"# {inert(title)}\n\n{summary.asked_to_fit}, and no more.\n\n"]
    for name, members in groups(summary.rows):
        parts += [f"## {name}\n\n", markdown_table([c.name for c in COLUMNS], map(cells, members)), "\n"]
        for metric, words in DECADE_METRICS.items():
            heading = f"### Worst {words}, by κ to the nearest power of ten ({name}, full rank)\n\n"
            parts += [heading, decade_table(members, summary.decades[metric]), "\n"]
    if absent:
        why = ([inert(variant), inert(reason)] for variant, reason in absent.items())
        parts += ["## Not measured\n\n", markdown_table(["solver", "why"], why), "\n"]
    parts += ["## Columns\n\n", *(f"- **{c.name}**: {c.meaning}.\n" for c in COLUMNS), "\n## Words\n\n", WORDS]
    return "".join(parts)


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


def failures_markdown(summary: Summary) -> str:
    """A Markdown page with one line for each failure, silent or not, that can be replayed."""
    parts = [
        "# Failures\n\n",
        'Each line replays: `lamm-robust replay "KEY"`. The simplest problem of each solver comes first.\n\n',
        "# Silent failures\n\n",
        "A finite answer, no warning, and no correct digit, on a problem that the precision can resolve and that\n",
        "the contract of the solver covers; or one that fits nothing, where κ is beyond the precision; or a finite\n",
        "answer without a warning where A or b holds NaN or ∞.\n",
        *replay_lines(summary.silent, silent_failure),
        "\n# Failures that show\n\n",
        "Refused, crashed, timed out, flaky, not finite or bad output, on problems that the contract covers; where A\n",
        "or b holds NaN or ∞, to refuse or to return what is not finite is right, and the others are here.\n",
        *replay_lines(summary.open, lambda r: inert(f"{r.verdict}, κ = {number(r.kappa)} {r.message}")),
    ]
    return "".join(parts)


def replay_lines(records: Iterable[Record], words: Callable[[Record], str]) -> Iterator[str]:
    """A heading for each variant and a line for each of its records; records must come sorted by variant."""
    grouped = [(variant, list(members)) for variant, members in itertools.groupby(records, key=lambda r: r.variant)]
    for variant, members in grouped:
        yield f"\n## {variant}: {len(members)}\n\n"
        yield from (f"- `{r.key}` — {words(r)}\n" for r in members)
    if not grouped:
        yield "\nNone.\n"


def silent_failure(record: Record) -> str:
    """What a silent failure looks like: regime, κ, error, and the rank if a wrong one was reported."""
    if record.regime == Regime.UNDEFINED:
        return "undefined: a finite answer, though A or b is not finite"
    error = record.scores["relative_error"]
    what = f"{record.regime}, κ = {number(grading.kappa(record))}: relative error {number(error)}"
    if record.reported_rank is not None and record.reported_rank != record.rank:
        what += f", rank {record.reported_rank} reported for {record.rank}"
    return what


def terminal_tables(rows: Sequence[Row], width: int) -> list[Table]:
    """The leaderboard for a terminal `width` characters wide, one table for each precision and device."""
    texts = {row.variant: cells(row) for row in rows}
    if not texts:
        return []
    shown = fitting_columns([list(column) for column in zip(*texts.values(), strict=True)], width)
    tables = []
    for title, members in groups(rows):
        table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for index in shown:
            words = COLUMNS[index].name in ("solver", "class", "computes in")
            table.add_column(COLUMNS[index].heading, justify="left" if words else "right", no_wrap=True)
        for row in members:
            table.add_row(*(texts[row.variant][index] for index in shown), style=STYLE.get(row.stability, ""))
        tables.append(table)
    return tables


def fitting_columns(texts: Sequence[Sequence[str]], width: int) -> list[int]:
    """The indices of the columns, with these texts in them, that are shown on a terminal `width` characters wide."""
    shown = [index for index, column in enumerate(COLUMNS) if column.keep]

    def needed(index: int) -> int:
        return 2 + max(len(text) for text in [*texts[index], *COLUMNS[index].heading.split("\n")])

    while sum(map(needed, shown)) + 1 > width and len(shown) > 1:  # two blanks between columns, and the margins
        shown.remove(min(shown, key=lambda index: COLUMNS[index].keep))
    return shown


STYLE: Mapping[str, str] = {
    "column-wise stable": "bold green",
    "backward stable": "green",
    "unstable": "yellow",
    "broken": "red",
}
