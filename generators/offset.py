"""Regression on variables with a huge offset: unix time, dates, serial numbers, pressures in pascal.

The columns of A are an intercept and ``regressors`` variables offset + step·k with small whole numbers k, the first
variable evenly spaced like time. What the fit depends on is a small part of each number. With one regressor t

    κ + 1/κ = (m + Σt²)/√(m Σ(t − t̄)²),

because both sides are the trace of AᵀA over the root of its determinant: κ is about √12·offset²/(m·step). Centring t
removes it. Longley's data are the classical case, with a milder offset (An appraisal of least squares programs for the
electronic computer from the point of view of the user, J. Amer. Statist. Assoc. 62 (1967) 819-841).

In a complex precision the counts are Gaussian integers, beside a real offset.

Every number is a rational, rounded once. In float64 whole numbers below 2⁵³ are stored as they are: with a whole step
the rank is regressors + 1. In float32 neighbours are 128 apart near 1.7·10⁹ and 2²³ apart near 10¹⁴. Hours of unix time
are moved by up to 64 seconds, seconds fall on a few values, and from some offset on a variable is stored as a constant
beside the constant intercept. The rank of the stored matrix is what rounding leaves of it, down to 1, and truth is
always that of the stored bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from lamm_robust.generators.parts import integer_designs as designs
from lamm_robust.generators.parts.complex_svd import joined, unit_multiples
from lamm_robust.generators.parts.elementary import rounded_array
from lamm_robust.generators.parts.grids import Grid, as_real, by_profile, cross, grid_as_real
from lamm_robust.generators.parts.integer_designs import independent_columns
from lamm_robust.generators.parts.parameters import MAX_SEED, nonnegative, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.generators.parts.stream import Integers, Stream
from lamm_robust.values import COMPLEX, EVERY_PRECISION, REAL_OF, Array, Family, Params, Precision

MAX_POINTS = 1000
MAX_REGRESSORS = 8
MAX_OFFSET = 10**15
"""The largest offset: below 2⁵³, so that float64 stores whole offsets exactly."""
MAX_STEP = 86400.0
"""The largest step: a day in seconds."""
MIN_STEP = 2.0**-20
"""The smallest step: about a microsecond in seconds."""
UNIX_TIME = 1_700_000_000
"""November 2023, in seconds since 1970."""
HOUR = 3600.0


def counts(m: int, regressors: int, seed: int) -> Integers:
    """Return the whole numbers k (m × regressors): 0, 1, … in the first column, −100 to 99 in the others.

    As the columns 1, 2, … of A they are odd on the diagonal and even above it, which proves the rank (see
    `integer_designs`); the column 0, 1, 2, … has this property, too.
    """
    k = independent_columns(Stream("offset", "counts", m, regressors, seed), m, regressors + 1)[:, 1:]
    k[:, 0] = np.arange(m)
    return k


def observations(k: Integers, seed: int) -> list[Fraction]:
    """Return b (m): a linear function of the counts k (m × regressors), slopes ±1, ±2 or ±3, with errors up to 0.5."""
    m, regressors = k.shape
    slopes = Stream("offset", "slopes", m, regressors, seed).coefficients(regressors)
    errors = Stream("offset", "errors", m, regressors, seed).integers(m, -5, 5).tolist()
    lines = [sum(slope * count for slope, count in zip(slopes, row, strict=True)) for row in k.tolist()]
    return [Fraction(10 * line + error, 10) for line, error in zip(lines, errors, strict=True)]


def imaginary_counts(m: int, regressors: int, seed: int) -> Integers:
    """Return the imaginary parts of the counts of a complex problem: even numbers from −98 to 98 (m × regressors).

    Modulo 1 + i they vanish, so the parity of the real parts proves the rank in the complex precision, too.
    """
    return 2 * Stream("offset", "imaginary", m, regressors, seed).integers(m * regressors, -49, 49).reshape(
        m, regressors
    )


def complex_observations(k: Integers, imaginary: Integers, seed: int) -> tuple[list[Fraction], list[Fraction]]:
    """Return b (m) in parts: a linear function of the complex counts, each slope times 1 or i, with complex errors."""
    m, regressors = k.shape
    slopes = Stream("offset", "slopes", m, regressors, seed).coefficients(regressors)
    c, d = unit_multiples(Stream("offset", "turns", m, regressors, seed), slopes)
    lines = designs.complex_image(np.stack((k, imaginary)), np.stack((c, d)))
    errors = Stream("offset", "complex errors", m, regressors, seed).integers(2 * m, -5, 5).reshape(2, m).tolist()
    real, imag = (
        [Fraction(10 * line + error, 10) for line, error in zip(part, wrong, strict=True)]
        for part, wrong in zip(zip(*lines, strict=True), errors, strict=True)
    )
    return real, imag


def build(dtype: Precision, *, m: int, regressors: int, offset: int, step: float, seed: int) -> tuple[Array, Array]:
    """Build A (m × (regressors + 1)), with rows 1, offset + step·k, and b (m); raises ValueError for bad parameters."""
    whole("m", m, 2, MAX_POINTS)
    whole("regressors", regressors, 1, min(MAX_REGRESSORS, m - 1))
    whole("offset", offset, 0, MAX_OFFSET)
    if nonnegative("step", step, MAX_STEP) < MIN_STEP:
        raise ValueError(f"step is {step!r}; accepted is a number from {MIN_STEP:g} to {MAX_STEP:g}.")
    whole("seed", seed, 0, MAX_SEED)
    k = counts(m, regressors, seed)
    if dtype in COMPLEX:
        return _complex(dtype, k, imaginary_counts(m, regressors, seed), offset, Fraction(step), seed)
    A = [[Fraction(1), *(offset + Fraction(step) * count for count in row)] for row in k.tolist()]
    return rounded_array(A, dtype), rounded_array(observations(k, seed), dtype)


def _complex(
    dtype: Precision, k: Integers, imaginary: Integers, offset: int, step: Fraction, seed: int
) -> tuple[Array, Array]:
    """Build A with rows 1, offset + step·(k + i·imaginary), and b, both complex: the offset is real, and huge."""
    real = [[Fraction(1), *(offset + step * count for count in row)] for row in k.tolist()]
    imag = [[Fraction(0), *(step * count for count in row)] for row in imaginary.tolist()]
    A, b = (real, imag), complex_observations(k, imaginary, seed)
    of = REAL_OF[dtype]
    left, right = (np.stack([rounded_array(part, of) for part in parts]) for parts in (A, b))
    return joined(left, dtype), joined(right, dtype)


OFFSETS = (0, 10**6, UNIX_TIME, 10**10, 10**14)
STEPS = (1.0, HOUR, 2.0**-10)


def _small(_dtype: Precision) -> Grid:
    # the shapes of NIST's Norris and Longley: JAX compiles once for each shape
    yield from _cross(((36, 1),), OFFSETS, (HOUR,))
    yield from _cross(((16, 6),), OFFSETS[1:], (1.0,))
    yield from _cross(((36, 1),), (UNIX_TIME,), (1.0, 2.0**-10))


def _standard(_dtype: Precision) -> Grid:
    yield from _cross(((36, 1), (16, 6), (16, 3), (200, 4)), OFFSETS, STEPS[:2])
    yield from _cross(((36, 1),), OFFSETS[1:4], STEPS[2:])
    yield from _cross(((16, 6),), OFFSETS, STEPS[:1], seeds=(1,))


def _full(_dtype: Precision) -> Grid:
    decades = [10**exponent for exponent in range(3, 16)]
    yield from _cross(((36, 1), (16, 6), (16, 3)), (0, UNIX_TIME, *decades), STEPS, seeds=(0, 1, 2))
    yield from _cross(((2, 1), (200, 4)), OFFSETS, STEPS)


def _cross(
    sizes: Sequence[tuple[int, int]], offsets: Sequence[int], steps: Sequence[float], seeds: Sequence[int] = (0,)
) -> Grid:
    for m, regressors in sizes:
        for named in cross(offset=offsets, step=steps, seed=seeds):
            yield {"m": m, "regressors": regressors, **named}


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, _dtype: Precision) -> Params:
    """Draw up to 40 rows and 4 regressors; the simplest problem is a line through two points at 0 and 1."""
    m = draw.whole(2, 40)
    return {
        "m": m,
        "regressors": draw.whole(1, min(4, m - 1)),
        "offset": draw.one_of((*OFFSETS, MAX_OFFSET)),
        "step": draw.one_of(STEPS),
        "seed": draw.seed(),
    }


FAMILY = Family(
    name="offset",
    summary="regressions with an intercept on variables with a huge offset, like unix time",
    parameters={
        "m": "number of observations",
        "regressors": "variables beside the intercept",
        "offset": "whole number that is added to every variable",
        "step": "unit in which the variables change",
        "seed": "number of the random stream of the observations and of all variables but the first",
    },
    build=build,
    grid=grid_as_real(grid),
    strategy=as_real(strategy),
    precisions=EVERY_PRECISION,
)
