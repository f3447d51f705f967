"""The arithmetic in which a variant computes, as the size of its errors shows it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping

from lamm_robust.reports import grading
from lamm_robust.values import UNIT_ROUNDOFF, Precision, Record

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
