"""Easy problems at the edges of the range: overflow, underflow and subnormal numbers.

The integers of `exact_rank`, with A multiplied by one power of two and b by another. Nothing is rounded: rank and κ of
the stored matrix are those of the integers, and x★ is their solution times a power of two. What changes is what a
solver may compute on the way. Norms, Gram matrices and products of two entries overflow or vanish where their squares
do, from about 2⁶⁴ and 2⁻⁷⁵ in float32, and 2⁵¹² and 2⁻⁵³⁷ in float64. Entries next to the largest number leave no room
for a sum of two. Subnormal numbers have few bits, and are zero to a processor that is told to flush them. LAPACK's
drivers xGELSD, xGELSS and xGELSY scale A and b whose largest entry is too large or too small before they begin, its
factorisations do not. That the norm of a vector takes care is an old demand (Blue, A portable Fortran program to find
the Euclidean norm of a vector, ACM Trans. Math. Softw. 4 (1978) 15-23).

Only parameters for which all entries of x★ are normal numbers of the dtype are accepted: there always is an answer
with a small relative error. An A and a b that are stored exactly in subnormal numbers are accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lamm_robust.generators import exact_rank
from lamm_robust.generators.parts.complex_svd import joined
from lamm_robust.generators.parts.elementary import SIGNIFICAND
from lamm_robust.generators.parts.grids import Grid, by_profile, cross, grid_as_real
from lamm_robust.generators.parts.known_svd import bits_needed
from lamm_robust.generators.parts.parameters import whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.generators.parts.stream import Integers
from lamm_robust.values import COMPLEX, EVERY_PRECISION, REAL_OF, Array, Family, Params, Precision


@dataclass(frozen=True)
class Range:
    """Exponents of the powers of two that a dtype holds (IEEE 754)."""

    subnormal: int
    """The exponent of the smallest subnormal number above 0."""
    tiny: int
    """The exponent of the smallest normal number, below which the significand loses bits."""
    largest: int
    """The exponent of the largest power of two."""


RANGES = {"float32": Range(-149, -126, 127), "float64": Range(-1074, -1022, 1023)}


def log2_sizes(values: Iterable[int | Fraction]) -> list[int]:
    """Return e with 2^e ≤ |v| < 2^(e+1) for each dyadic number v in values that is not 0."""
    return [v.numerator.bit_length() - v.denominator.bit_length() for v in values if v]


def last_bit(values: Iterable[int]) -> int:
    """Return the largest e for which all values are multiples of 2^e; at least one must not be 0."""
    return min((v & -v).bit_length() - 1 for v in values if v)


@dataclass(frozen=True, eq=False)
class Base:
    """An integer problem before scaling, with its solution: A (m×n) and b (m), neither of them zero, and x★ (n)."""

    A: Integers
    b: Integers
    x: list[Fraction]
    """Of a complex problem, all three are in parts, the real ones first."""

    def exponents_of_a(self, dtype: Precision) -> tuple[int, int]:
        """Return the least and the greatest ``log2_a`` for which the dtype stores the scaled A without rounding."""
        return _least_exponent(self.A, dtype), RANGES[REAL_OF[dtype]].largest

    def exponents_of_b(self, dtype: Precision, log2_a: int) -> tuple[int, int]:
        """Return the least and the greatest ``log2_b`` that are accepted next to ``log2_a``.

        With these, b is stored without rounding, and all entries of x★ are normal numbers of the dtype.
        """
        of, sizes = RANGES[REAL_OF[dtype]], log2_sizes(self.x)
        unscaled = _log2_largest(self.b) + log2_a - _log2_largest(self.A)  # with this b, x★ is not scaled
        low, high = of.tiny - min(sizes), of.largest - 1 - max(sizes)
        return max(_least_exponent(self.b, dtype), unscaled + low), min(of.largest, unscaled + high)


def _log2_largest(values: Integers) -> int:
    return max(log2_sizes(values.ravel().tolist()))


def _least_exponent(values: Integers, dtype: Precision) -> int:
    """Return the least log₂ of the largest entry at which scaled values are multiples of the smallest subnormal."""
    return RANGES[REAL_OF[dtype]].subnormal + _log2_largest(values) - last_bit(values.ravel().tolist())


def base(m: int, n: int, rank: int, log2_cond: int, residual: float, seed: int, dtype: Precision = "float64") -> Base:
    """Return the problem of `exact_rank` with these parameters, before scaling; Gaussian integers if complex."""
    recipe = exact_rank.complex_recipe if dtype in COMPLEX else exact_rank.recipe
    drawn = recipe(m, n, rank, log2_cond, residual, seed)
    return Base(*drawn.problem(np.int64), drawn.solution())


def build(
    dtype: Precision, *, m: int, n: int, rank: int, log2_cond: int, residual: float, log2_a: int, log2_b: int, seed: int
) -> tuple[Array, Array]:
    """Build A (m×n) and b (m), scaled so that log₂ of their largest entries, rounded down, is log2_a and log2_b.

    Raises ValueError as `exact_rank` does, for a scale at which an entry would be rounded or overflow, and for one
    at which an entry of x★ would not be a normal number.
    """
    exact_rank.check(dtype, m, n, rank, log2_cond, residual, seed)
    whole("rank", rank, 1, min(m, n))
    of = base(m, n, rank, log2_cond, residual, seed, dtype)
    whole("log2_a", log2_a, *of.exponents_of_a(dtype))
    whole("log2_b", log2_b, *of.exponents_of_b(dtype, log2_a))
    return _scale(of.A, log2_a, dtype), _scale(of.b, log2_b, dtype)


def _scale(values: Integers, log2_largest: int, dtype: Precision) -> Array:
    """Multiply by the power of two that brings the largest entry to [2^log2_largest, 2^(log2_largest + 1)); exact."""
    scaled = np.ldexp(values.astype(np.float64), log2_largest - _log2_largest(values))
    return joined(scaled, dtype) if dtype in COMPLEX else scaled.astype(dtype, order="C")


EDGES: dict[Precision, tuple[tuple[int, int], ...]] = {
    "float32": (
        *((127, 127), (64, 64), (-80, -80), (-124, -124)),
        *((-138, -130), (120, 10), (-60, 50), (5, 127), (5, -110)),
    ),
    "float64": (
        *((1023, 1023), (512, 512), (-540, -540), (-1020, -1020)),
        *((-1063, -1055), (1016, 10), (-500, 500), (5, 1023), (5, -1010)),
    ),
}
"""log₂ of the largest entries of A and b. In this order: entries are next to overflow; their squares overflow; their
squares vanish; the smallest entries are subnormal; all entries of A are subnormal; A is huge and x★ tiny; A is small
and x★ huge; only b and x★ are huge; only b and x★ are tiny."""
BETWEEN: dict[Precision, tuple[tuple[int, int], ...]] = {
    "float32": ((5, 5), (40, 30), (-40, -30), (100, 100), (-100, -100), (-133, -128), (127, 20), (-30, 90)),
    "float64": (
        *((5, 5), (300, 200), (-300, -200), (900, 900), (-900, -900)),
        *((-1060, -1050), (1023, 20), (-300, 700)),
    ),
}
"""log₂ of the largest entries of A and b away from the edges; the first pair leaves the integers about as they are."""
SMALL = 2.0**-4

Places = Sequence[tuple[int, int, int]]
Scales = Sequence[tuple[int, int]]
TALL, DEFICIENT, SQUARE, WIDE = (30, 10, 10), (30, 10, 7), (16, 16, 16), (10, 30, 5)


def _small(dtype: Precision) -> Grid:
    yield from _cross((TALL,), EDGES[dtype][:8], (4,), (SMALL,))
    yield from _cross((DEFICIENT,), EDGES[dtype][:1], (4,), (SMALL,))
    yield from _cross((WIDE,), EDGES[dtype][2:3], (4,), (0.0,))


def _standard(dtype: Precision) -> Grid:
    yield from _cross((TALL, DEFICIENT), EDGES[dtype], (4,), (SMALL,))
    yield from _cross((TALL,), BETWEEN[dtype][:1], (4,), (SMALL,))
    yield from _cross((SQUARE, WIDE), EDGES[dtype], (4,), (0.0,))


def _full(dtype: Precision) -> Grid:
    scales = (*EDGES[dtype], *BETWEEN[dtype])
    yield from _cross((TALL, DEFICIENT), scales, (0, 4), (0.0, SMALL, 1.0), seeds=(0, 1))
    yield from _cross((SQUARE, (16, 16, 8), WIDE, (10, 30, 10)), scales, (0, 4), (0.0,), seeds=(0, 1))


def _cross(
    places: Places, scales: Scales, exponents: Sequence[int], residuals: Sequence[float], seeds: Sequence[int] = (0,)
) -> Grid:
    for m, n, rank in places:
        for log2_a, log2_b in scales:
            yield from cross(
                [(m, n)],
                rank=(rank,),
                log2_cond=exponents,
                residual=residuals,
                log2_a=(log2_a,),
                log2_b=(log2_b,),
                seed=seeds,
            )


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, dtype: Precision) -> Params:
    """Draw up to 16 rows and columns at any scale; the simplest problem is 1×1 with A and b from 1 to 2."""
    m, n = draw.whole(1, 16), draw.whole(1, 16)
    rank = draw.whole(1, min(m, n))
    log2_cond, residual = draw.whole(0, 8), draw.one_of((0.0, 1.0, SMALL))
    seed = draw.seed()
    residual = residual if rank < m else 0.0
    log2_cond = min(log2_cond, SIGNIFICAND[REAL_OF[dtype]] - bits_needed(m, n, rank, 0, residual)) if rank > 1 else 0
    of = base(m, n, rank, log2_cond, residual, seed, dtype)
    log2_a = draw.whole(*of.exponents_of_a(dtype))
    log2_b = draw.whole(*of.exponents_of_b(dtype, log2_a))
    named = {"log2_cond": log2_cond, "residual": residual, "log2_a": log2_a, "log2_b": log2_b, "seed": seed}
    return {"m": m, "n": n, "rank": rank, **named}


FAMILY = Family(
    name="scaled",
    summary="integer matrices of exact rank, times powers of two: next to overflow, underflow, and subnormal",
    parameters={
        "m": "number of rows",
        "n": "number of columns",
        "rank": "exact rank of the stored matrix",
        "log2_cond": "log₂ of the ratio κ of its largest to its smallest non-zero singular value",
        "residual": "‖b − Ax★‖/‖Ax★‖, 0 or a power of two",
        "log2_a": "log₂ of the largest entry of A, rounded down",
        "log2_b": "log₂ of the largest entry of b, rounded down",
        "seed": "number of the random stream",
    },
    build=build,
    grid=grid_as_real(grid),
    strategy=strategy,
    precisions=EVERY_PRECISION,
)
