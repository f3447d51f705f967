"""One row per variant: what its records say about whether it can be trusted. Pure functions of records."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lamm_robust.reports.grading import (
    BACKWARD,
    PASSES,
    has_one_answer,
    is_broken,
    is_edge,
    is_failure,
    is_full_rank,
    is_graded,
    is_undefined,
)
from lamm_robust.values import UNIT_ROUNDOFF, Deficiency, Record, Regime, Verdict


@dataclass(frozen=True)
class Row:
    """What the leaderboard says of one variant; NaN and None where there is nothing to say it from."""

    variant: str
    library: str
    algorithm: str
    precision: str
    device: str
    stability: str
    backward_safe_kappa: float
    """Largest κ such that every graded full-rank problem at or below it was solved backward stably; 0 if none."""
    forward_safe_kappa: float
    """The same, where forward stable is enough."""
    deficient_passed: int
    deficient_total: int
    undefined_flagged: int
    """Problems with NaN or ∞ in A or b at which it refused or returned NaN or ∞."""
    undefined_total: int
    edges_passed: int
    """Empty matrices and extreme scales."""
    edges_total: int
    worst_backward_error: float
    worst_backward_problem: str
    worst_forward_error: float
    worst_forward_problem: str
    silent_failures: int
    failures: int
    """As `is_failure` says."""
    rank_right: int
    rank_total: int
    computes_in: str
    relative_time: float
    """Median over problems of the time relative to the fastest variant that passed the same problem."""
    seconds: float
    """Median steady-state seconds."""
    first_call_seconds: float
    """Median first call."""
    unrepeatable: int
    cases: int


SAME_KAPPA = 0.9
"""Two problems whose κ differ by less than a tenth were asked to have the same κ, before rounding."""


def safe_kappa(records: Iterable[Record], passing: frozenset[str]) -> float:
    """The largest κ such that every one of the records at or below it has a passing verdict; 0 if none has."""
    graded = list(records)
    fails_from = min((r.kappa for r in graded if r.verdict not in passing), default=math.inf)
    return max((r.kappa for r in graded if r.kappa < SAME_KAPPA * fails_from), default=0.0)


def stability(records: Iterable[Record], precision: str) -> str:
    """The stability class in words, from graded records; a crash on an undefined problem makes a solver broken, too.

    *Conditionally stable* is stable under the condition that A has full rank and κ ≤ u^(-1/2), which is what solvers
    that square κ but refine or switch promise (as CholeskyQR2 does: Yamamoto et al., Electron. Trans. Numer.
    Anal. 44 (2015) 306). How it does on rank-deficient problems is counted in a column of its own.
    """
    judged = [r for r in records if is_graded(r) or is_undefined(r)]
    if any(map(is_broken, judged)):
        return "broken"
    graded = [r for r in judged if is_graded(r)]
    verdicts = {record.verdict for record in graded}
    if not verdicts:
        return "not judged"
    if verdicts <= BACKWARD:
        return "backward stable"
    if verdicts <= PASSES:
        return "forward stable"
    limit = UNIT_ROUNDOFF[precision] ** -0.5
    unstable = any(is_full_rank(r) and r.kappa <= limit and r.verdict not in PASSES for r in graded)
    return "unstable" if unstable else "conditionally stable"


HIGH_KAPPA = 1e3
"""From here on, errors of working and higher precision differ by three digits: they cannot be confused."""

LOW_KAPPA = 10.0
"""Up to here even methods that square κ lose only two digits, so a loss of more is the arithmetic's."""


def computes_in(records: Iterable[Record]) -> str:
    """The arithmetic that the errors betray, or "?" where the problems at hand cannot tell.

    With κ high, working precision leaves a relative error near uκ, while an answer computed in higher precision
    and rounded once has relative error near u whatever κ is. With κ low, every method leaves a few u, unless
    products are rounded to fewer bits (TF32 has 11: an error of 2^-11 is 2^13 units of float32). A method that squares
    κ shows working precision by both: rounding errors with κ low, and more than that with κ high. An answer without any
    error, such as x★ = 0 or a small whole number, could come from any arithmetic and is left out.
    """
    judged = (r for r in records if is_graded(r) and is_full_rank(r) and has_one_answer(r))
    solved = [r for r in judged if 0 < r.scores.get("relative_error", 0.0) < math.inf]
    if not solved:
        return "?"
    precision = solved[0].precision
    u = UNIT_ROUNDOFF[precision]
    high = [(r.scores["relative_error"] / u, r.kappa) for r in solved if r.kappa >= HIGH_KAPPA]
    low = [r.scores["relative_error"] / u for r in solved if r.kappa <= LOW_KAPPA]
    if low and sorted(low)[3 * len(low) // 4] > 100:  # of small whole numbers, any arithmetic makes few errors
        return f"less than {precision}"
    if precision == "float32" and high and statistics.median(error for error, _ in high) <= 2:
        return "float64"
    if high and statistics.median(error / kappa for error, kappa in high) <= 10:
        return precision
    return precision if low and (high or precision == "float64") else "?"


Groups = Iterable[Sequence[Record]]
"""Records, a sequence per variant; may be gone through several times, and holds only one in memory at a time."""

Place = tuple[str, str, str]
"""Problem, precision, device: where times can be compared."""


def fastest_right(groups: Groups) -> dict[Place, float]:
    """The time of the fastest variant that passed, at each problem."""
    fastest: dict[Place, float] = {}
    for record in itertools.chain.from_iterable(groups):
        if record.seconds is not None and is_graded(record) and record.verdict in PASSES:
            place = record.problem, record.precision, record.device
            fastest[place] = min(record.seconds, fastest.get(place, math.inf))
    return fastest


def relative_time(records: Iterable[Record], fastest: Mapping[Place, float]) -> float:
    """The median, over the problems that a variant passed, of its time over that of the fastest that did."""
    ratios = [
        record.seconds / fastest[record.problem, record.precision, record.device]
        for record in records
        if record.seconds is not None and is_graded(record) and record.verdict in PASSES
    ]
    return statistics.median(ratios) if ratios else math.nan


def _worst(records: Iterable[Record], metric: str) -> tuple[float, str]:
    scored = [(r.scores[metric], r.problem) for r in records if metric in r.scores]
    return max(scored, key=lambda pair: pair[0], default=(math.nan, ""))


def _median(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else math.nan


def row(records: Sequence[Record], relative_time: float) -> Row:
    """The leaderboard row of one variant from all its records (at least one)."""
    one = records[0]
    graded = [r for r in records if is_graded(r)]
    full = [r for r in graded if is_full_rank(r)]
    promised = [r for r in graded if r.promises != Deficiency.FULL_RANK_ONLY]  # others are graded if they crash
    deficient = [r for r in promised if r.regime == Regime.DEFICIENT]
    backward, backward_problem = _worst(graded, "backward_error")
    forward, forward_problem = _worst(filter(has_one_answer, full), "forward_error")
    undefined = [r for r in records if is_undefined(r)]
    edges = [r for r in records if is_edge(r)]
    ranked = [r for r in records if "rank_error" in r.scores]
    return Row(
        variant=one.variant,
        library=one.library,
        algorithm=one.algorithm,
        precision=one.precision,
        device=one.device,
        stability=stability(records, one.precision),
        backward_safe_kappa=safe_kappa(full, BACKWARD),
        forward_safe_kappa=safe_kappa(full, PASSES),
        deficient_passed=sum(r.verdict in PASSES for r in deficient),
        deficient_total=len(deficient),
        undefined_flagged=sum(r.verdict == Verdict.FLAGGED for r in undefined),
        undefined_total=len(undefined),
        edges_passed=sum(r.verdict in PASSES for r in edges),
        edges_total=len(edges),
        worst_backward_error=backward,
        worst_backward_problem=backward_problem,
        worst_forward_error=forward,
        worst_forward_problem=forward_problem,
        silent_failures=sum(r.verdict == Verdict.WRONG for r in records),
        failures=sum(map(is_failure, records)),
        rank_right=sum(r.scores["rank_error"] == 0.0 for r in ranked),
        rank_total=len(ranked),
        computes_in=computes_in(records),
        relative_time=relative_time,
        seconds=_median(r.seconds for r in records),
        first_call_seconds=_median(r.first_call_seconds for r in records),
        unrepeatable=sum(not r.repeatable for r in records),
        cases=len(records),
    )


STABILITY_ORDER = (
    "backward stable",
    "forward stable",
    "conditionally stable",
    "unstable",
    "broken",
    "not judged",
)


@dataclass(frozen=True)
class Summary:
    """What the records of a run say; all that tables are made of."""

    rows: list[Row]
    """The leaderboard, the most trustworthy first within each device and precision."""
    decades: Mapping[str, Mapping[str, Mapping[int, float]]]
    """metric → variant → decade of κ → worst score over resolvable full-rank problems."""
    silent: list[Record]
    """Wrong answers without a warning, sorted by variant, the simplest problem first."""
    open: list[Record]
    """Records that are failures and show it, likewise."""

    @property
    def cases(self) -> int:
        """How many records there are."""
        return sum(row.cases for row in self.rows)


def summarise(groups: Groups) -> Summary:
    """Go through the records twice: for the fastest times, and for the rest."""
    fastest = fastest_right(groups)
    rows: list[Row] = []
    decades: dict[str, dict[str, Mapping[int, float]]] = {metric: {} for metric in DECADE_METRICS}
    silent: list[Record] = []
    failed: list[Record] = []
    for records in groups:
        rows.append(row(records, relative_time(records, fastest)))
        for metric, worst in decades.items():
            worst[records[0].variant] = by_decade(records, metric)
        silent += [r for r in records if r.verdict == Verdict.WRONG]
        failed += filter(is_failure, records)
    return Summary(sorted(rows, key=_rank), decades, simplest_first(silent), simplest_first(failed))


def _rank(row: Row) -> tuple[object, ...]:
    return (
        row.device,
        -int(row.precision.removeprefix("float")),
        STABILITY_ORDER.index(row.stability),
        row.silent_failures,
        -row.backward_safe_kappa,
        -row.forward_safe_kappa,
        row.variant,
    )


DECADE_METRICS = ("backward_error", "forward_error")
"""What is shown by κ."""


def by_decade(records: Iterable[Record], metric: str) -> Mapping[int, float]:
    """Decade of κ → worst score over resolvable full-rank problems (inf where no answer came)."""
    worst: dict[int, float] = {}
    for r in records:
        if is_graded(r) and is_full_rank(r) and (metric != "forward_error" or has_one_answer(r)):
            decade = round(math.log10(r.kappa))
            worst[decade] = max(worst.get(decade, 0.0), r.scores.get(metric, math.inf))
    return worst


def simplest_first(records: Iterable[Record]) -> list[Record]:
    """By variant, then the smallest and best conditioned problems first."""
    return sorted(records, key=lambda r: (r.variant, *simplicity(r)))


def simplicity(record: Record) -> tuple[int, float, str]:
    """What problems are sorted by, the simplest first: size, κ (those without one first), and key."""
    return record.m * record.n, 0.0 if math.isnan(record.kappa) else record.kappa, record.problem
