"""What the page plots of a solver: error by κ, time by size, and performance profiles.

Profiles are those of Dolan and Moré (Math. Program. 91 (2002) 201): the share of problems at which a solver is within a
factor τ of the best.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from lamm_robust.reports import grading, summary
from lamm_robust.scoring.limits import threshold
from lamm_robust.values import Record

Decades = Mapping[int, float]
"""log₁₀ κ, rounded → a worst value; ∞ where an attempt gave no finite answer."""

Points = Sequence[tuple[float, float]]
"""The corners of a curve: where it is, and how high."""

ERROR_FACTORS: Sequence[float] = [10 ** (step / 2) for step in range(33)]
"""τ at which a profile of errors is drawn: from 1 to 1e16, all that float64 can tell apart."""

TIME_FACTORS: Sequence[float] = [10 ** (step / 8) for step in range(25)]
"""τ at which a profile of times is drawn: from 1 to 1000, more than any solver is slower that one would use."""


def worst_by_decade(records: Iterable[Record], *, by_columns: bool) -> Decades:
    """log₁₀ κ, rounded → the worst forward error over `threshold`, full rank, without edge cases.

    As stored, κ and the error are those of A, and only problems count that are resolvable so; by columns, both are
    those of A with columns (rows, if wide) of one size.
    """
    metric = "columnwise_forward_error" if by_columns else "forward_error"
    known = (r for r in records if metric in r.scores or "forward_error" not in r.scores)  # others: an earlier suite's
    return summary.worst_by_decade(known, metric, lambda r: threshold(r.precision, r.m, r.n))


def seconds_by_size(records: Iterable[Record]) -> Mapping[float, float]:
    """log₁₀ of m·n, rounded to halves → the median seconds of graded attempts that were right, in ascending order."""
    seconds: dict[float, list[float]] = {}
    for r in records:
        if grading.is_graded(r) and r.verdict in grading.PASSES and r.seconds is not None:
            seconds.setdefault(round(2 * math.log10(r.m * r.n)) / 2, []).append(r.seconds)
    return {size: statistics.median(own) for size, own in sorted(seconds.items())}


def profile(own: Mapping[int, float], best: Mapping[int, float], factors: Sequence[float]) -> Points:
    """(log₁₀ τ, share of the solver's problems within τ of the best) for each factor; nothing without problems."""
    if not own:
        return []
    ratios = sorted(value / best[place] if value < math.inf else math.inf for place, value in own.items())
    return [
        (math.log10(factor), sum(ratio <= factor * ROUNDED for ratio in ratios) / len(ratios)) for factor in factors
    ]


ROUNDED = 1 + 1e-12
"""Room for the rounding of a factor that is a power of a root of ten."""
