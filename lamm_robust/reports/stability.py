"""The stability class of a variant, and the κ and the ratio of column sizes up to which it holds."""

from __future__ import annotations

import math
from collections.abc import Iterable

from lamm_robust.reports import grading
from lamm_robust.reports.grading import BACKWARD, COLUMNWISE, PASSES
from lamm_robust.values import UNIT_ROUNDOFF, Record, Verdict

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


STABILITY_ORDER = (
    *("column-wise stable", "backward stable", "forward stable"),
    *("conditionally stable", "unstable", "broken", "not judged"),
)
"""The stability classes, the most trustworthy first."""
