"""Attempts as plain JSON values.

JSON has no NaN, no ∞ and no complex numbers. These are strings such as "1-2j", which `complex` reads. Entries and
scores that are none of its numbers are the strings "nan", "inf" and "-inf", which `float` reads; what there is none of
(κ of rank 0, x of a solver that refused) is null.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from lamm_robust.oracles import stored
from lamm_robust.scoring.truths import Certified, Known
from lamm_robust.values import REAL_OF, Precision


def or_null(kappa: float) -> Any:
    """κ for JSON; None where there is none."""
    return None if math.isnan(kappa) else plain(kappa)


def plain(value: Any) -> Any:
    """A number, or a list of numbers, for JSON: others as strings that `float` or `complex` reads."""
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, complex):
        return str(value).strip("()")
    return value if math.isfinite(value) else str(float(value))


def x_star(problem: Known, precision: Precision) -> list[Any] | None:
    """The exact solution, each entry correctly rounded to the working precision; None where there is no answer."""
    if not isinstance(problem, Certified):
        return None
    exact = stored(problem.truth)
    nearest: list[Any] = [rounded(entry, REAL_OF[precision]) for entry in exact.flat]
    shape, half = exact.shape, len(nearest) // 2
    if problem.truth.is_complex:
        nearest, shape = list(map(complex, nearest[:half], nearest[half:])), (problem.truth.n, *shape[1:])
    return list(np.array(list(map(plain, nearest)), dtype=object).reshape(shape).tolist())


def rounded(value: Fraction, precision: Precision) -> float:
    """The nearest number of a precision, ties to even; beyond the largest one, ∞."""
    try:
        near = float(value)  # Python divides whole numbers with one rounding
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    if precision == "float64":
        return near
    with np.errstate(over="ignore", under="ignore"):
        twice = np.float32(near)  # rounded twice, so that its neighbour may be nearer where `near` is half-way
    if not np.isfinite(twice):
        return float(twice)
    ways = (np.float32(-np.inf), np.float32(np.inf))
    neighbours = [twice, *(np.nextafter(twice, way) for way in ways)]
    return float(min((n for n in neighbours if np.isfinite(n)), key=lambda n: abs(Fraction(float(n)) - value)))
