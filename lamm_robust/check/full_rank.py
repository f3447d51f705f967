"""Whether a solver seems to be for matrices of full rank alone, which its author may not have said."""

from __future__ import annotations

from collections.abc import Sequence

from lamm_robust.check.trend import LOW_KAPPA
from lamm_robust.reports.grading import PASSES, is_full_rank, is_graded
from lamm_robust.values import Record, Regime

LUCK = 0.1
"""The largest share of problems without full rank that such a solver may pass: rounding errors can make a singular
matrix a regular one whose solution is near the shortest."""

MOST = 0.5
"""The share of tall and square problems of full rank, with κ up to `LOW_KAPPA`, that it passes at the least: beyond
that κ, it may lose them for other reasons. One that passes fewer has another fault, which no contract takes away."""


def seems_full_rank_only(records: Sequence[Record]) -> str:
    """What speaks for it, in words: how few problems without full rank are solved; empty if nothing does."""
    deficient = [r.verdict in PASSES for r in records if is_graded(r) and r.regime == Regime.DEFICIENT]
    regular = [r for r in records if is_graded(r) and is_full_rank(r) and r.m >= r.n and r.kappa <= LOW_KAPPA]
    easy = [r.verdict in PASSES for r in regular]
    if not deficient or not easy or sum(deficient) > LUCK * len(deficient) or sum(easy) <= MOST * len(easy):
        return ""
    solved = f"{sum(deficient)} of {len(deficient)} problems" if any(deficient) else "no problem"
    return f"solves {solved} without full rank"
