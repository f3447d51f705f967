"""The columns in which solvers are ranked: eight that decide, for every table, and others for those who ask more."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lamm_robust.reports.row import Row
from lamm_robust.reports.stability import STABILITY_ORDER
from lamm_robust.reports.summary import ORDER
from lamm_robust.text import duration, number, share


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard."""

    name: str
    """Its heading where all columns are shown."""
    meaning: str
    text: Callable[[Row], str]
    order: Callable[[Row], float]
    """What it is sorted by, the best smallest; NaN comes last."""
    keep: int = 0
    """Whether it is one of the eight: not 0. On a terminal that is too narrow, the lowest are left out first."""
    short: str = ""
    """Its heading among the eight, if that is another one."""

    @property
    def heading(self) -> str:
        """Its heading on a terminal, where all columns are shown: in two lines if it has several words."""
        return self.name.replace(" stable", "").replace(" ", "\n", 1)

    @property
    def title(self) -> str:
        """Its heading among the eight."""
        return self.short or self.name


def _kappa(value: float) -> str:
    return number(value) if value else "–"


def class_of(row: Row) -> str:
    """The class; with the ratio of column sizes up to which it holds, where it is about A as a whole."""
    as_a_whole = row.stability in ("backward stable", "forward stable") and not math.isnan(row.safe_ratio)
    return f"{row.stability}, {number(row.safe_ratio)}:1" if as_a_whole else row.stability


def _missing(passed: int, total: int) -> float:
    """What shares are sorted by: the share that is missing; NaN where there is nothing."""
    return 1 - passed / total if total else math.nan


COLUMNS: tuple[Column, ...] = (
    Column("solver", "library and algorithm", lambda r: f"{r.library}-{r.algorithm}", lambda _: 0.0, 8),
    Column(
        "class",
        "stability over every graded problem; *2e6:1* says that no answer was lost for columns (rows, if wide) of "
        "different size alone while the sizes differ by at most that",
        class_of,
        lambda r: STABILITY_ORDER.index(r.stability),
        7,
    ),
    Column(
        "column-wise to κ",
        "every graded full-rank problem at or below this κ, of columns of one size, was solved column-wise stably",
        lambda r: _kappa(r.columnwise_safe_kappa),
        lambda r: -r.columnwise_safe_kappa,
    ),
    Column(
        "backward stable to κ",
        "every graded full-rank problem at or below this κ, as stored, was solved backward stably",
        lambda r: _kappa(r.backward_safe_kappa),
        lambda r: -r.backward_safe_kappa,
    ),
    Column(
        "forward stable to κ",
        "every graded full-rank problem at or below this κ, as stored, was solved forward stably, or better",
        lambda r: _kappa(r.forward_safe_kappa),
        lambda r: -r.forward_safe_kappa,
        5,
        "safe κ",
    ),
    Column(
        "to ratio",
        "where columns (rows, if wide) differ in size by at most this, no answer was lost for that alone",
        lambda r: number(r.safe_ratio),
        lambda r: -r.safe_ratio,
    ),
    Column(
        "deficient",
        "rank-deficient problems solved stably, of those within its contract",
        lambda r: share(r.deficient_passed, r.deficient_total),
        lambda r: _missing(r.deficient_passed, r.deficient_total),
        4,
    ),
    Column(
        "NaN or ∞",
        "problems with NaN or ∞ in A or b at which it said so, by an error or a non-finite x; *lost*: crashes, hangs",
        lambda r: share(r.undefined_flagged, r.undefined_total) + f", {r.undefined_lost} lost" * bool(r.undefined_lost),
        lambda r: _missing(r.undefined_flagged, r.undefined_total),
    ),
    Column(
        "edges",
        "empty matrices, and numbers whose squares over- or underflow: solved stably, of those covered",
        lambda r: share(r.edges_passed, r.edges_total),
        lambda r: _missing(r.edges_passed, r.edges_total),
    ),
    Column(
        "worst backward",
        "largest backward error, in u‖A‖_F",
        lambda r: number(r.worst_backward_error),
        lambda r: r.worst_backward_error,
    ),
    Column(
        "worst forward",
        "largest forward error at full rank, in Wedin bounds",
        lambda r: number(r.worst_forward_error),
        lambda r: r.worst_forward_error,
    ),
    Column(
        "silent",
        "silent failures: finite, no warning, and no correct digit, or no answer exists",
        lambda r: str(r.silent_failures),
        lambda r: r.silent_failures,
        6,
    ),
    Column(
        "failed",
        "refused, crashed, timed out, flaky, non-finite or bad output within its contract (with NaN or ∞ in A or b, "
        "to refuse or to return NaN or ∞ is right)",
        lambda r: str(r.failures),
        lambda r: r.failures,
        2,
    ),
    Column(
        "beyond",
        "problems with κ beyond the precision at which it did not, in silence, fit nothing",
        lambda r: share(r.ambiguous_fitted, r.ambiguous_total),
        lambda r: _missing(r.ambiguous_fitted, r.ambiguous_total),
        1,
        "ungraded",
    ),
    Column(
        "rank right",
        "reported ranks that are exact, where the precision can tell",
        lambda r: share(r.rank_right, r.rank_total),
        lambda r: _missing(r.rank_right, r.rank_total),
    ),
    Column(
        "computes in",
        "the arithmetic that its errors betray; *less than* one may also be an iteration that stops early",
        lambda r: r.computes_in,
        lambda r: ORDER.index(r.computes_in) if r.computes_in in ORDER else math.nan,
    ),
    Column(
        "time",
        "median time relative to the fastest solver that is right on the same problem",
        lambda r: "–" if math.isnan(r.relative_time) else f"{r.relative_time:.1f}×",
        lambda r: r.relative_time,
        3,
    ),
    Column(
        "first call",
        "median seconds of the first call on a shape, compilation included",
        lambda r: duration(r.first_call_seconds),
        lambda r: r.first_call_seconds,
    ),
    Column(
        "derivative",
        "problems at which JVP and VJP of x are as near the exact ones as rounding explains, of those where it has any "
        "and x is promised; measured in the profile `derivatives`",
        lambda r: share(r.derivatives_right, r.derivatives_total),
        lambda r: _missing(r.derivatives_right, r.derivatives_total),
    ),
)
"""All columns; those with `keep` are the eight."""

EIGHT: tuple[Column, ...] = tuple(column for column in COLUMNS if column.keep)
"""The columns that decide: no table for people shows more of them at a time."""


def leading(rows: Iterable[Row]) -> tuple[Column, ...]:
    """The eight columns, and that of derivatives if any of the rows has some."""
    measured = any(row.derivatives_total for row in rows)
    return (*EIGHT, *(column for column in COLUMNS if measured and column.name == "derivative"))


RULE = (
    "Ranked by class, the most trustworthy first; equal ones by fewer silent failures, then by the κ up to which "
    "they are column-wise, backward and forward stable, then by name."
)
"""The rule of `summary.summarise`, which sorts the rows."""


def cells(row: Row) -> list[str]:
    """The texts of a leaderboard row, one for each of `COLUMNS`."""
    return [column.text(row) for column in COLUMNS]
