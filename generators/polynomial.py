"""Polynomial least squares in the monomial basis: the columns of A are 1, t, t², …, t^degree.

The textbook example fits a quadratic to (0, 1.0), (1, 2.1), (2, 3.9), (3, 8.2), (4, 15.8): it is the problem
``points=5 degree=2 abscissae=integers seed=0``. The condition number grows exponentially with the degree, and how fast
depends on the abscissae (Gautschi, Norm estimates for inverses of Vandermonde matrices, Numer. Math. 23 (1975)
337-347). Abscissae, powers and observations are exact rationals, each rounded once.

What people fit over is often far from 0: wavelengths, or seconds since 1970. The columns are of very different size
then, and nearly parallel. An error that is small beside the largest column can be all of what a small one adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lamm_robust.generators.parts.elementary import power, rounded_array
from lamm_robust.generators.parts.grids import Grid, by_profile, cross
from lamm_robust.generators.parts.parameters import MAX_SEED, one_of, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.generators.parts.stream import Stream
from lamm_robust.values import Array, Family, Params, Precision

NEAR = ("integers", "unit", "centred")
FAR = ("wavelengths", "unix")
ABSCISSAE = (*NEAR, *FAR)
"""Kinds of abscissae: from 0, 0 to 1 and −1 to 1, and two that are far from 0."""
UNIX_TIME, MINUTE = 1_700_000_000, 60
"""November 2023, in seconds since 1970, and the seconds between two observations."""
WAVELENGTHS = (370, 470)
"""The first and the last wavelength in nanometres: blue light."""
MAX_POINTS = 1000
MAX_DEGREE = 12
"""The largest degree: 999¹² < 2¹²⁰, so that every power is a normal number of float32."""
MAX_UNIX_DEGREE = 4
"""The largest degree over unix times, for the same reason: (1.7·10⁹ + 60·999)⁴ < 2¹²³."""
TEXTBOOK_TENTHS = (10, 21, 39, 82, 158)
"""The textbook's observations 1.0, 2.1, 3.9, 8.2, 15.8, times 10: powers of two, each with an error of up to 0.2."""


def nodes(points: int, kind: str) -> list[Fraction]:
    """Return the abscissae of a kind.

    They are 0, 1, … (``integers``), these mapped to [0, 1] (``unit``), [−1, 1] (``centred``) or [370, 470]
    (``wavelengths``), or minutes of unix time, 1 700 000 000, 1 700 000 060, … (``unix``).
    """
    steps = [Fraction(i) for i in range(points)]
    if kind == "integers":
        return steps
    if kind == "unix":
        return [UNIX_TIME + MINUTE * step for step in steps]
    first, last = {"unit": (0, 1), "centred": (-1, 1), "wavelengths": WAVELENGTHS}[kind]
    return [first + (last - first) * step / (points - 1) for step in steps]


def most_degrees(points: int, kind: str) -> int:
    """Return the largest degree for so many points of a kind: one less than points, and what float32 can hold."""
    return min(MAX_UNIX_DEGREE if kind == "unix" else MAX_DEGREE, points - 1)


def observations(points: int, seed: int) -> list[Fraction]:
    """Return b (points): b_i = 2^(4i/(points − 1)), from 1 to 16, rounded to tenths and moved by up to 0.2."""
    if (points, seed) == (len(TEXTBOOK_TENTHS), 0):
        return [Fraction(tenths, 10) for tenths in TEXTBOOK_TENTHS]
    errors = Stream("polynomial", points, seed).integers(points, -2, 2).tolist()
    growth = [power(2, Fraction(4 * i, points - 1)) for i in range(points)]
    return [Fraction(round(10 * value) + error, 10) for value, error in zip(growth, errors, strict=True)]


def build(dtype: Precision, *, points: int, degree: int, abscissae: str, seed: int) -> tuple[Array, Array]:
    """Build A (points × (degree + 1)) with entries t_i^j, and b (points); raises ValueError for bad parameters."""
    whole("points", points, 2, MAX_POINTS)
    one_of("abscissae", abscissae, ABSCISSAE)
    whole("degree", degree, 0, most_degrees(points, abscissae))
    whole("seed", seed, 0, MAX_SEED)
    powers = [[t**j for j in range(degree + 1)] for t in nodes(points, abscissae)]
    return rounded_array(powers, dtype), rounded_array(observations(points, seed), dtype)


def _small(_dtype: Precision) -> Grid:
    yield from _cross(((5, 2),), NEAR[:1])
    yield from _cross(((21, 5), (16, 8)), NEAR)
    yield from _cross(((16, 6),), NEAR[:2])
    yield from _cross(((16, 6), (21, 5)), FAR[:1])
    # the shapes of NIST's Norris and Pontius: JAX compiles once for each shape
    yield from _cross(((36, 1), (40, 2)), FAR[1:])


def _standard(_dtype: Precision) -> Grid:
    fits = ((5, 2), (16, 3), (16, 6), (16, 8), (21, 5), (30, 5), (30, 9), (200, 4), (12, 11))
    yield from _cross(fits, NEAR, seeds=(0, 1))
    yield from _cross(((16, 3), (16, 6), (21, 5), (30, 9)), FAR[:1], seeds=(0, 1))
    yield from _cross(((36, 1), (40, 2), (16, 3), (200, 4)), FAR[1:], seeds=(0, 1))


def _full(_dtype: Precision) -> Grid:
    fits = [(points, degree) for points in (12, 16, 21, 30, 100) for degree in (1, 2, 3, 5, 8, 11)]
    yield from _cross(((5, 1), (5, 2), (5, 3), (5, 4), *fits), NEAR, seeds=(0, 1, 2))
    yield from _cross(((5, 2), *fits), FAR[:1], seeds=(0, 1, 2))
    yield from _cross([fit for fit in fits if fit[1] <= MAX_UNIX_DEGREE], FAR[1:], seeds=(0, 1, 2))


def _cross(fits: Sequence[tuple[int, int]], kinds: Sequence[str], seeds: Sequence[int] = (0,)) -> Grid:
    for points, degree in fits:
        for named in cross(abscissae=kinds, seed=seeds):
            yield {"points": points, "degree": degree, **named}


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, _dtype: Precision) -> Params:
    """Draw up to 40 points; the simplest problem is the mean of two observations (points=2 degree=0)."""
    points = draw.whole(2, 40)
    degree, abscissae = draw.whole(0, min(MAX_DEGREE, points - 1)), draw.one_of(ABSCISSAE)
    return {
        "points": points,
        "degree": min(degree, most_degrees(points, abscissae)),
        "abscissae": abscissae,
        "seed": draw.seed(),
    }


FAMILY = Family(
    name="polynomial",
    summary="polynomial fits in the monomial basis (the textbook's quadratic is points=5 degree=2 seed=0)",
    parameters={
        "points": "number of observations",
        "degree": "degree of the polynomial",
        "abscissae": "where the observations are: " + ", ".join(ABSCISSAE),
        "seed": "number of the random stream of the observations",
    },
    build=build,
    grid=grid,
    strategy=strategy,
)
