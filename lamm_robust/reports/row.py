"""The leaderboard row of a variant: what all its records say about whether it can be trusted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lamm_robust.reports import derivatives, grading
from lamm_robust.reports.arithmetic import computes_in
from lamm_robust.reports.grading import BACKWARD, COLUMNWISE, PASSES
from lamm_robust.reports.stability import safe_kappa, safe_ratio, stability
from lamm_robust.reports.times import median
from lamm_robust.values import Deficiency, Record, Regime, Verdict


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


def _worst(records: Iterable[Record], metric: str) -> tuple[float, str]:
    """The largest score of a metric, and the problem that showed it; NaN and "" if there is no score."""
    scored = [(r.scores[metric], r.problem) for r in records if metric in r.scores]
    return max(scored, key=lambda pair: pair[0], default=(math.nan, ""))


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
