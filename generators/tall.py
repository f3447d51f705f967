"""Very many rows and few columns: a mean, a trend and seasons, fitted to up to a million observations.

Row i of A is 1, offset + t_i, and ±1 by season. Here t_i = (2i + 1 − m)/2^q is evenly spaced in (−1, 1), with the
smallest 2^q ≥ m, and the j-th season changes sign every 2^j rows. With an intercept and a trend only,

    κ + 1/κ = (1 + offset² + v)/√v   with   v = (m² − 1)/(3·4^q),

since both sides are the trace of AᵀA over the root of its determinant. As v is between 1/12 and 1/3, κ is 4 to 7 for
offset 1, 9 to 18 for 2 and 30 to 59 for 4.

The problems are easy but long. Sums of a million terms that are rounded one by one lose up to m units in the last
place, and about √m if the errors are random (Higham, The accuracy of floating point summation, SIAM J. Sci. Comput. 14
(1993) 783-799). The usual tolerance for singular values, eps·max(m, n) of the largest, grows with m: for a million rows
in float32 it is 0.12, so that from κ = 8.4 on a perfectly visible singular value counts as zero.

The numbers of A are stored exactly, as long as 1 + log₂ offset + q bits are no more than the dtype has. The entries of
b are rounded, which adds to their errors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamm_robust.generators.parts.elementary import SIGNIFICAND
from lamm_robust.generators.parts.grids import Grid, Shapes, by_profile, cross
from lamm_robust.generators.parts.parameters import MAX_SEED, power_of_two, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.generators.parts.stream import Integers, Stream
from lamm_robust.values import Array, Family, Params, Precision

MAX_ROWS = 2**20
"""The most rows, a million: 16 MiB for two columns of float64."""
MAX_COLUMNS = 8
UNIT = 24
"""Numbers are 64-bit integers in units of 2⁻²⁴: q = log₂ of the row count, rounded up, is at most 20."""
MAX_LOG2_OFFSET = 29
"""log₂ of the largest offset: b is then below 2⁶³ in units of 2⁻²⁴."""
MIN_NOISE, MAX_NOISE = 2.0**-16, 16.0


def row_bits(m: int) -> int:
    """Return q = log₂ m, rounded up."""
    return (m - 1).bit_length()


def design(m: int, n: int, offset: int) -> Integers:
    """Return A (m×n) as whole numbers, in units of 2⁻²⁴."""
    i = np.arange(m, dtype=np.int64)
    A = np.full((m, n), 2**UNIT, dtype=np.int64)
    if n > 1:
        A[:, 1] = offset * 2**UNIT + (2 * i + 1 - m) * 2 ** (UNIT - row_bits(m))
    for j in range(n - 2):
        A[(i >> j) & 1 == 1, j + 2] *= -1
    return A


def build(dtype: Precision, *, m: int, n: int, offset: int, noise: float, seed: int) -> tuple[Array, Array]:
    """Build A (m×n) of rank n, and b (m) = Ax + e: the entries of x are ±1, ±2 or ±3, those of e uniform in ±noise.

    Raises ValueError for a bad parameter, and for entries of A that the dtype cannot store exactly.
    """
    whole("m", m, 1, MAX_ROWS)
    # two full periods of the longest season: within one, a trend is the sum of seasons that double in length
    whole("n", n, 1, min(MAX_COLUMNS, m.bit_length()))
    power_of_two("offset", offset, most_offset(dtype, m, n), 1.0)
    power_of_two("noise", noise, MAX_NOISE, MIN_NOISE)
    whole("seed", seed, 0, MAX_SEED)
    A = design(m, n, int(offset))
    largest = int(noise * 2**UNIT)
    b = Stream("tall", "noise", m, n, seed).integers(m, -largest, largest)
    for j, factor in enumerate(Stream("tall", "solution", m, n, seed).coefficients(n)):
        b += factor * A[:, j]
    return _round(A, dtype), _round(b, dtype)


def _round(values: Integers, dtype: Precision) -> Array:
    """Return integers in units of 2⁻²⁴ as numbers of the dtype, each rounded once."""
    # where float32 is asked for, the numbers are below 2⁵³ and exact in float64: they are not rounded twice
    return np.ldexp(values.astype(np.float64), -UNIT).astype(dtype)


def most_offset(dtype: Precision, m: int, n: int) -> int:
    """Return the largest offset accepted for an m×n matrix, a power of two; 0 where A has no trend (n = 1)."""
    return 2 ** min(SIGNIFICAND[dtype] - 1 - row_bits(m), MAX_LOG2_OFFSET) if n > 1 else 0


LONG, SEASONS, SHORT, MILLION = (100_000, 2), (100_000, 4), (1024, 4), (1_000_000, 2)
SMALL = 2.0**-10


def _small(_dtype: Precision) -> Grid:
    yield from _cross((LONG,), (4,), (0.5,))
    yield from _cross((SHORT,), (0, 4, 64), (SMALL,))


def _standard(dtype: Precision) -> Grid:
    yield from _cross((LONG,), (0, 4, 16), (SMALL, 1.0))
    yield from _cross((SEASONS,), (2, 8), (0.5,))
    yield from _cross((SHORT, (8192, 8)), (0, 4, 64), (SMALL, 1.0), seeds=(1,))
    if dtype == "float32":
        yield from _cross((MILLION,), (4,), (0.5,))


def _full(_dtype: Precision) -> Grid:
    yield from _cross((LONG, SEASONS), (0, 1, 2, 4, 8, 16, 32, 64), (0.0, SMALL, 1.0), seeds=(0, 1))
    yield from _cross((SHORT, (8192, 8)), (0, 1, 4, 16, 64, 256), (0.0, SMALL, 1.0), seeds=(0, 1))
    yield from _cross((MILLION, (MAX_ROWS, 1), (MAX_ROWS, 4)), (0,), (0.5,))
    yield from _cross((MILLION, (MAX_ROWS, 4)), (1, 2, 4, 8), (0.5,))


def _cross(shapes: Shapes, offsets: Sequence[int], noises: Sequence[float], seeds: Sequence[int] = (0,)) -> Grid:
    return cross(shapes, offset=offsets, noise=noises, seed=seeds)


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, dtype: Precision) -> Params:
    """Draw up to 2048 rows and 4 columns; the simplest problem is the mean of one number."""
    m = draw.whole(1, 2048)
    n = draw.whole(1, min(4, m.bit_length()))
    offset = draw.one_of((0, *(2**k for k in range(10)), 2**13, 2**29))
    return {
        "m": m,
        "n": n,
        "offset": min(offset, most_offset(dtype, m, n)),
        "noise": draw.one_of((0.0, 1.0, SMALL, MAX_NOISE)),
        "seed": draw.seed(),
    }


FAMILY = Family(
    name="tall",
    summary="a mean, a trend and seasons of up to a million observations: long sums, and a tolerance that grows with m",
    parameters={
        "m": "number of rows: observations",
        "n": "number of columns: the mean, the trend, and seasons",
        "offset": "where the middle of the time axis is, in units of half its length: 0 or a power of two",
        "noise": "largest error in b: 0 or a power of two",
        "seed": "number of the random stream of x and the errors",
    },
    build=build,
    grid=grid,
    strategy=strategy,
)
