"""What no single failure shows, but the records of many problems do: whether errors grow like κ².

A small error at one κ has many causes. Normal equations have an error of about uκ², whatever the problem, while the
residual is small: so the *slope* over κ tells them from a scaled, rounded or weighted answer (no growth), and the
*size* from a ridge, an early stop or a cutoff (growth from another level).
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable, Sequence

from lamm_robust.reports.grading import has_error, kappa
from lamm_robust.values import UNIT_ROUNDOFF, Record

LOW_KAPPA = 30.0
"""Up to this κ a method that squares κ loses at most three digits: a loss of more has another cause."""

SMALL_RESIDUAL = 1e-3
"""The largest ‖r★‖/‖b‖ of problems that show growth: with a large residual, κ² is in every method's Wedin bound."""

FIRST_FIGURES = 0.3
"""The trend is measured while κ is at most so many u^(-1/2): beyond, an error of uκ² is a whole digit."""

DECADE = 6.0
"""Two problems show a slope if their κ differ by so much: nearly a decade."""

SLOPE = 0.5
"""Backward and forward error, each over κ, grow by a κ more than a stable method's. Measured, as the median over pairs:
0.64 to 2.0 for solve, Cholesky, inv and pinv of AᵀA in both precisions; −1.1 to 0.4 for scaled, rounded, weighted and
dropped input, for MINRES and for stable methods."""

SIZES = (10**-2.5, 10**0.5)
"""Where the relative error over uκ² lies. Measured, as the median: 0.05 to 0.25 for the same; 1e-4 for a cutoff of
1e-6, and for stable methods less; 5 to 3e3 for ridges from 1e-12 on and for early stops."""

MOST = 0.67
"""… at so many of the problems at least. Measured: 0.83 to 1 for the same, 0.71 for classical Gram–Schmidt; 0.2 to 0.61
for cutoffs, early stops and other norms, which are right at some problems and fail at others, so that their median may
be anywhere in float32, which leaves κ little room."""

Point = tuple[float, float, float]
"""log₁₀ of κ, and of forward and backward error (at least 0.01 units, so that an exact answer has a logarithm)."""


def squares_kappa(records: Iterable[Record]) -> bool:
    """Whether the errors grow like κ²: by their slope, and by their size. False where too few problems can show it."""
    shown = [r for r in records if _can_show(r)]
    if len(shown) < 2:
        return False
    u = UNIT_ROUNDOFF[shown[0].precision]
    sizes = [r.scores["relative_error"] / (u * r.kappa**2) for r in shown]
    points = [_point(r) for r in shown]
    like = sum(SIZES[0] <= size <= SIZES[1] for size in sizes) >= MOST * len(sizes)
    return like and all(_slope(points, error) >= SLOPE for error in (1, 2))


def witnesses(records: Iterable[Record]) -> list[Record]:
    """Two records that show such growth by themselves, of the lowest κ for which there are two; nothing if none do."""
    shown = sorted((r for r in records if _can_show(r)), key=lambda r: r.kappa)
    pairs = itertools.combinations(shown, 2)
    return next(([a, b] for a, b in pairs if squares_kappa([a, b])), [])


def _can_show(r: Record) -> bool:
    scored = "relative_error" in r.scores and all(map(math.isfinite, r.scores.values()))
    moderate = LOW_KAPPA < r.kappa < FIRST_FIGURES * UNIT_ROUNDOFF[r.precision] ** -0.5
    alike = r.kappa <= DECADE * kappa(r)  # elsewhere the sizes of columns decide how κ enters
    return has_error(r) and scored and moderate and alike and r.residual_ratio <= SMALL_RESIDUAL


def _point(r: Record) -> Point:
    forward, backward = (math.log10(max(r.scores[name], 0.01)) for name in ("forward_error", "backward_error"))
    return math.log10(r.kappa), forward, backward


def _slope(points: Sequence[Point], error: int) -> float:
    """The median slope of an error over κ, from all pairs that are far enough apart (Theil and Sen); −∞ without any."""
    pairs = itertools.combinations(sorted(points), 2)
    far = [(b[error] - a[error]) / (b[0] - a[0]) for a, b in pairs if b[0] - a[0] >= math.log10(DECADE)]
    return statistics.median(far) if far else -math.inf
