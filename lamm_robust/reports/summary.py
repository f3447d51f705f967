"""One row per variant: what its records say about whether it can be trusted. Pure functions of records."""

from __future__ import annotations

import math
import statistics
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lamm_robust.reports import derivatives, grading
from lamm_robust.reports.grading import BACKWARD, COLUMNWISE, PASSES
from lamm_robust.values import UNIT_ROUNDOFF, Deficiency, Precision, Record, Regime, Verdict


@dataclass(frozen=True)
class Row:
    """What the leaderboard says of one variant; NaN and None where there is nothing to say it from."""

    variant: str
    library: str
    algorithm: str
    precision: str
    device: str
    stability: str
    columnwise_safe_kappa: float
    """Largest κ, of columns of one size, such that every graded full-rank problem at or below it was solved column-wise
    stably; 0 if none."""
    backward_safe_kappa: float
    """Largest κ, of A as stored, such that every graded full-rank problem at or below it was solved backward stably or
    better; 0 if none."""
    forward_safe_kappa: float
    """The same for forward stably or better."""
    safe_ratio: float
    """Largest ratio of column sizes (of rows, if wide) such that no graded full-rank problem at or below it was lost
    for that alone, see `grading.is_lost_by_columns`; NaN if there is no full-rank problem."""
    deficient_passed: int
    deficient_total: int
    undefined_flagged: int
    """Problems with NaN or ∞ in A or b at which it refused or returned NaN or ∞."""
    undefined_total: int
    undefined_lost: int
    """Problems with NaN or ∞ in A or b at which it crashed or hung, or returned what is no answer."""
    edges_passed: int
    """Problems with empty matrices or extreme scales that passed."""
    edges_total: int
    ambiguous_fitted: int
    """Problems whose κ is beyond the precision at which it did not answer in silence with what fits nothing."""
    ambiguous_total: int
    worst_backward_error: float
    worst_backward_problem: str
    worst_forward_error: float
    worst_forward_problem: str
    silent_failures: int
    failures: int
    """Attempts that ended without an answer where there is one, or that crashed; see `grading.is_failure`."""
    rank_right: int
    """Reported ranks that are exact."""
    rank_total: int
    computes_in: str
    relative_time: float
    """Median over problems of the time relative to the fastest variant that passed the same problem."""
    seconds: float
    """Median steady-state seconds."""
    first_call_seconds: float
    """Median seconds of first calls on a shape."""
    unrepeatable: int
    """Attempts in which a second call with the same input gave other bits."""
    cases: int
    derivatives_right: int = 0
    """Problems at which every derivative that was found is right, see `derivatives.is_right`."""
    derivatives_total: int = 0


SAME_KAPPA = 0.9
"""Two problems whose κ differ by less than a tenth were asked to have the same κ, before rounding."""


def safe_kappa(verdicts: Iterable[tuple[float, str]], passing: frozenset[str]) -> float:
    """The largest κ of pairs of κ and verdict such that all at or below it are passing verdicts; 0 if there is none."""
    graded = list(verdicts)
    fails_from = min((kappa for kappa, verdict in graded if verdict not in passing), default=math.inf)
    return max((kappa for kappa, _ in graded if kappa < SAME_KAPPA * fails_from), default=0.0)


def safe_ratio(records: Iterable[Record]) -> float:
    """The largest ratio of column sizes such that no record at or below it was lost for that alone.

    NaN if there are no records: all of them are graded, and of full rank.
    """
    ratios = [(r.column_ratio, grading.is_lost_by_columns(r)) for r in records]
    fails_from = min((ratio for ratio, failed in ratios if failed), default=math.inf)
    return max((ratio for ratio, _ in ratios if ratio < fails_from), default=1.0 if ratios else math.nan)


def stability(records: Iterable[Record], precision: str) -> str:
    """The stability class in words, from graded records, and so of problems that have an answer.

    *Column-wise stable* is asked of every graded problem, the other classes of A as it is stored, see
    `grading.as_a_whole`: backward stability as a whole promises no digit where κ is small only once columns are of one
    size. An answer in silence that fits nothing counts wherever it is.

    *Conditionally stable* is stable under the condition that A has full rank and κ ≤ u^(-1/2), which is what solvers
    that square κ but refine or switch promise (as CholeskyQR2 does: Yamamoto et al., Electron. Trans. Numer.
    Anal. 44 (2015) 306). How it does on rank-deficient problems is counted in a column of its own.
    """
    every = list(records)
    graded = [r for r in every if grading.is_graded(r)]
    if not graded:
        return "not judged"
    if any(map(grading.is_broken, graded)):
        return "broken"
    lost = {r.verdict for r in every if grading.is_ambiguous(r) and r.verdict == Verdict.WRONG}
    by_columns = {r.verdict for r in graded if grading.is_full_rank(r)}
    asked = [(r, verdict) for r in graded if (verdict := grading.as_a_whole(r)) is not None]
    verdicts = lost | {verdict for _, verdict in asked}
    if by_columns and by_columns <= COLUMNWISE and verdicts <= BACKWARD:
        return "column-wise stable"
    if verdicts <= BACKWARD:
        return "backward stable"
    if verdicts <= PASSES:
        return "forward stable"
    limit = UNIT_ROUNDOFF[precision] ** -0.5
    unstable = any(grading.is_full_rank(r) and r.kappa <= limit and verdict not in PASSES for r, verdict in asked)
    return "unstable" if unstable else "conditionally stable"


TWICE: Mapping[Precision, str] = {"float32": "float64", "complex64": "complex128"}
"""Precision → the one with twice its digits."""

HIGH_KAPPA = 1e3
"""From this κ on, errors of working and higher precision differ by three digits: they cannot be confused."""

FEW = 4
"""The least number of errors of which a quarter says something."""

LOW_KAPPA = 10.0
"""Up to this κ even methods that square κ lose only two digits, so a loss of more is the arithmetic's."""


def computes_in(records: Iterable[Record]) -> str:
    """The arithmetic that the errors show, or "?" where the problems at hand cannot tell.

    With κ high, working precision leaves a relative error near uκ, while an answer computed in higher precision
    and rounded once has relative error near u whatever κ is. With κ low, every method leaves a few u, unless
    products are rounded to fewer bits (TF32 has 11: an error of 2^-11 is 2^13 units of float32). A method that squares
    κ shows working precision by both: rounding errors with κ low, and more than that with κ high. An answer without any
    error, such as x★ = 0 or a small whole number, could come from any arithmetic and is left out.
    """
    judged = (r for r in records if grading.is_graded(r) and grading.is_full_rank(r) and grading.has_one_answer(r))
    solved = [r for r in judged if 0 < r.scores.get("relative_error", 0.0) < math.inf]
    if not solved:
        return "?"
    precision = solved[0].precision
    u = UNIT_ROUNDOFF[precision]
    high = [(r.scores["relative_error"] / u, r.kappa) for r in solved if r.kappa >= HIGH_KAPPA]
    low = [r.scores["relative_error"] / u for r in solved if r.kappa <= LOW_KAPPA]
    if low and sorted(low)[3 * len(low) // 4] > 100:  # of small whole numbers, any arithmetic makes few errors
        return f"less than {precision}"
    worse = sorted(error for error, _ in high)[3 * len(high) // 4] if len(high) >= FEW else math.inf
    if precision in TWICE and worse <= 2:  # of several: one whole number may be right by luck
        return TWICE[precision]
    if high and statistics.median(error / kappa for error, kappa in high) <= 10:
        return precision
    return precision if low and (high or precision not in TWICE) else "?"


Groups = Iterable[Sequence[Record]]
"""The records of a run, one sequence per variant, of which one at a time is in memory."""

Place = tuple[str, str, str]
"""Problem, precision, device: only times at the same place are compared."""


def place(record: Record) -> Place:
    """The place of a record."""
    return record.problem, record.precision, record.device


def _times(records: Iterable[Record]) -> Iterator[tuple[Place, float]]:
    """The seconds of each attempt that passed and that κ counts for, with its place."""
    for r in records:
        if r.seconds is not None and grading.is_graded(r) and r.verdict in PASSES:
            yield place(r), r.seconds


class Times:
    """The times of all variants, so few bytes each that those of a million records fit: records are read once only."""

    def __init__(self) -> None:
        self._numbers: dict[Place, int] = {}
        self._fastest = array("d")
        self._taken: list[tuple[array[int], array[float]]] = []

    def add(self, records: Iterable[Record]) -> None:
        """Add the records of one more variant."""
        places, taken = array("q"), array("d")
        for at, seconds in _times(records):
            number = self._numbers.setdefault(at, len(self._numbers))
            if number == len(self._fastest):
                self._fastest.append(math.inf)
            self._fastest[number] = min(seconds, self._fastest[number])
            places.append(number)
            taken.append(seconds)
        self._taken.append((places, taken))

    def relative(self) -> list[float]:
        """For each variant the median, over the problems that it passed, of its time over that of the fastest there."""
        return [
            median(seconds / self._fastest[number] for number, seconds in zip(places, taken, strict=True))
            for places, taken in self._taken
        ]


def _worst(records: Iterable[Record], metric: str) -> tuple[float, str]:
    """The largest score of a metric, and the problem that showed it; NaN and "" if there is no score."""
    scored = [(r.scores[metric], r.problem) for r in records if metric in r.scores]
    return max(scored, key=lambda pair: pair[0], default=(math.nan, ""))


def median(values: Iterable[float | None]) -> float:
    """The median of the values that are not None; NaN if there are none."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else math.nan


def row(records: Sequence[Record], relative_time: float = math.nan) -> Row:
    """The leaderboard row of one variant from all its records (at least one)."""
    one = records[0]
    graded = [r for r in records if grading.is_graded(r)]
    full = [r for r in graded if grading.is_full_rank(r)]
    resolvable = filter(grading.is_resolvable_as_a_whole, full)
    as_stored = [(r.kappa, verdict) for r in resolvable if (verdict := grading.as_a_whole(r))]
    # a solver for full rank only is graded at a deficient problem if it crashes there, but promises nothing
    promised = [r for r in graded if r.promises != Deficiency.FULL_RANK_ONLY]
    deficient = [r for r in promised if r.regime == Regime.DEFICIENT]
    backward, backward_problem = _worst(graded, "backward_error")
    forward, forward_problem = _worst(filter(grading.has_one_answer, full), "forward_error")
    undefined = [r for r in records if grading.is_undefined(r)]
    edges = [r for r in records if grading.is_edge(r)]
    ambiguous = [r for r in records if grading.is_ambiguous(r)]
    ranked = [r for r in records if "rank_error" in r.scores]
    differentiated = derivatives.counts(records)
    return Row(
        variant=one.variant,
        library=one.library,
        algorithm=one.algorithm,
        precision=one.precision,
        device=one.device,
        stability=stability(records, one.precision),
        columnwise_safe_kappa=safe_kappa([(grading.kappa(r), r.verdict) for r in full], COLUMNWISE),
        backward_safe_kappa=safe_kappa(as_stored, BACKWARD),
        forward_safe_kappa=safe_kappa(as_stored, PASSES),
        safe_ratio=safe_ratio(full),
        deficient_passed=sum(r.verdict in PASSES for r in deficient),
        deficient_total=len(deficient),
        undefined_flagged=sum(r.verdict == Verdict.FLAGGED for r in undefined),
        undefined_total=len(undefined),
        undefined_lost=sum(map(grading.is_broken, undefined)),
        edges_passed=sum(r.verdict in PASSES for r in edges),
        edges_total=len(edges),
        ambiguous_fitted=sum(r.verdict != Verdict.WRONG for r in ambiguous),
        ambiguous_total=len(ambiguous),
        worst_backward_error=backward,
        worst_backward_problem=backward_problem,
        worst_forward_error=forward,
        worst_forward_problem=forward_problem,
        silent_failures=sum(r.verdict == Verdict.WRONG for r in records),
        failures=sum(map(grading.is_failure, records)),
        rank_right=sum(r.scores["rank_error"] == 0.0 for r in ranked),
        rank_total=len(ranked),
        computes_in=computes_in(records),
        relative_time=relative_time,
        seconds=median(r.seconds for r in records),
        first_call_seconds=median(r.first_call_seconds for r in records),
        unrepeatable=sum(not r.repeatable for r in records),
        cases=len(records),
        derivatives_right=differentiated[0],
        derivatives_total=differentiated[1],
    )


STABILITY_ORDER = (
    *("column-wise stable", "backward stable", "forward stable"),
    *("conditionally stable", "unstable", "broken", "not judged"),
)
"""The stability classes, the most trustworthy first."""


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
