"""What the records of a run say: a row per variant, its worst errors, and its failures. Pure functions of records."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lamm_robust.reports import grading
from lamm_robust.reports.row import Row, row
from lamm_robust.reports.stability import STABILITY_ORDER
from lamm_robust.reports.times import Times
from lamm_robust.values import Record, Verdict

Groups = Iterable[Sequence[Record]]
"""The records of a run, one sequence per variant, of which one at a time is in memory."""


@dataclass(frozen=True)
class Summary:
    """What the records of a run say: all tables are made of it."""

    rows: list[Row]
    """The leaderboard, the most trustworthy first within each device and precision."""
    decades: Mapping[str, Mapping[str, Mapping[int, float]]]
    """metric → variant → decade of κ → worst score over resolvable full-rank problems."""
    silent: list[Record]
    """Wrong answers without a warning, sorted by variant, the simplest problem first."""
    open: list[Record]
    """Failures that show, in the same order."""

    @property
    def cases(self) -> int:
        """How many records there are."""
        return sum(row.cases for row in self.rows)

    @property
    def asked_to_fit(self) -> str:
        """How many attempts could be asked for no more than a fit, as a sentence without its end."""
        ambiguous = sum(row.ambiguous_total for row in self.rows)
        return f"{ambiguous} of {self.cases} attempts are asked for no more than a fit, since κ is beyond the precision"


def summarise(groups: Groups, also: Callable[[Sequence[Record]], None] | None = None) -> Summary:
    """The summary of a run. `also` is called once with the records of each variant, for what else is made of them."""
    times = Times()
    rows: list[Row] = []
    decades: dict[str, dict[str, Mapping[int, float]]] = {metric: {} for metric in DECADE_METRICS}
    silent: list[Record] = []
    failed: list[Record] = []
    for records in groups:
        if also:
            also(records)
        times.add(records)
        rows.append(row(records))
        for metric, worst in decades.items():
            worst[records[0].variant] = worst_by_decade(records, metric)
        silent += [r for r in records if r.verdict == Verdict.WRONG]
        failed += filter(grading.is_failure, records)
    rows = [replace(one, relative_time=time) for one, time in zip(rows, times.relative(), strict=True)]
    return Summary(sorted(rows, key=_trust), decades, simplest_first(silent), simplest_first(failed))


ORDER = ("float64", "float32", "complex128", "complex64")
"""The order of precisions in tables."""


def _trust(row: Row) -> tuple[object, ...]:
    """What rows are sorted by: device and precision, then the most trustworthy first."""
    return (
        row.device,
        ORDER.index(row.precision),
        STABILITY_ORDER.index(row.stability),
        row.silent_failures,
        -row.columnwise_safe_kappa,
        -row.backward_safe_kappa,
        -row.forward_safe_kappa,
        row.variant,
    )


DECADE_METRICS = {
    "columnwise_backward_error": "column-wise backward error in u‖AD‖_F",
    "backward_error": "backward error in u‖A‖_F",
    "forward_error": "forward error in Wedin bounds",
}
"""The scores of which the leaderboard shows the worst in each decade of κ, and what it calls them."""


def worst_by_decade(
    records: Iterable[Record], metric: str, unit: Callable[[Record], float] = lambda _: 1.0
) -> Mapping[int, float]:
    """log₁₀ κ, rounded → worst score, in a unit, over graded full-rank problems; ∞ where an attempt gave no answer.

    κ is that with columns of one size where the score is; else that of A as stored, and only problems count that are
    resolvable so. For forward errors, only problems with one answer count.
    """
    by_columns = metric.startswith("columnwise")
    worst: dict[int, float] = {}
    for r in records:
        judged = grading.is_graded(r) and grading.is_full_rank(r)
        asked = by_columns or grading.is_resolvable_as_a_whole(r)
        if judged and asked and (not metric.endswith("forward_error") or grading.has_one_answer(r)):
            decade = round(math.log10(grading.kappa(r) if by_columns else r.kappa))
            worst[decade] = max(worst.get(decade, 0.0), r.scores.get(metric, math.inf) / unit(r))
    return worst


def simplest_first(records: Iterable[Record]) -> list[Record]:
    """The records by variant, the smallest and best conditioned problems of each first."""
    return sorted(records, key=lambda r: (r.variant, *simplicity(r)))


def simplicity(record: Record) -> tuple[int, float, str]:
    """What problems are sorted by, the simplest first: entries of A, κ (problems without κ first), and key."""
    kappa = grading.kappa(record)
    return record.m * record.n, 0.0 if math.isnan(kappa) else kappa, record.problem
