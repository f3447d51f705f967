"""Several right-hand sides at once: some in the range, some orthogonal to it, some zero, of very different size.

A is an integer matrix of exact rank as in `exact_rank`, A = 2^(L+R) U Σ Vᵀ, and column j of b (m×k) is
2^(e_j + L) U (Σ y_j, z_j), with whole numbers y_j and z_j. Its solution is 2^(e_j − R) V y_j, and z_j is what no x
explains. In turn a column has both parts, only the one in the range, only the one at right angles to it, or is zero,
so that x★ = 0 exactly for the last two. Where the rank is m, the range is the whole space and there is no z_j.

Columns are huge and tiny by turns, which is harmless as long as each is solved for itself. What a solver measures or
scales over all of b (a norm, a tolerance, a common exponent, a stopping rule of iterative refinement) is that of the
huge columns, and the tiny ones lose what is too small beside them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamm_robust.generators.parts.complex_svd import draw_complex_recipe, joined, unit_multiples
from lamm_robust.generators.parts.elementary import SIGNIFICAND
from lamm_robust.generators.parts.grids import MIDDLE, STEEP, Grid, as_real, by_profile, cross, grid_as_real
from lamm_robust.generators.parts.known_svd import (
    Recipe,
    apply_layers,
    bits_needed,
    descending_powers,
    draw_recipe,
)
from lamm_robust.generators.parts.parameters import MAX_SEED, MAX_SIZE, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.generators.parts.stream import Integers, Stream
from lamm_robust.values import COMPLEX, EVERY_PRECISION, REAL_OF, Array, Family, Params, Precision

KINDS = ("both", "range", "orthogonal", "zero")
"""Kinds of columns of b, in turn: parts in the range of A and orthogonal to it, one of these two, or zero."""
MAX_COUNT = 64
MAX_LOG2_SPAN = 80
"""Largest log₂ of the ratio of column scales, chosen so that squares of entries stay normal numbers in float32."""


def kind(j: int) -> str:
    """Return the kind (one of `KINDS`) of column j of b."""
    return KINDS[j % len(KINDS)]


def exponent(j: int, log2_span: int) -> int:
    """Return e_j, the exponent of column j of b: high and low in turn, reversed in each second set of kinds."""
    half = log2_span // 2
    return log2_span - half if (j + j // len(KINDS)) % 2 == 0 else -half


def recipe(m: int, n: int, rank: int, log2_cond: int, seed: int) -> Recipe:
    """Draw the integers that A (m×n) is made of; the right-hand side of this recipe is not used."""
    return draw_recipe("right_sides", (m, n, rank, seed), (m, n), descending_powers(log2_cond, rank), 0.0)


def coordinates(m: int, n: int, rank: int, k: int, seed: int) -> tuple[Integers, Integers]:
    """Draw y (rank × k) and z ((m − rank) × k), the coordinates of b: ±1, ±2 and ±3, or columns of zeros."""

    def of(part: str, size: int, kinds: Sequence[str]) -> Integers:
        streams = [Stream("right_sides", part, m, n, rank, seed, j) for j in range(k)]
        drawn = [stream.coefficients(size) if kind(j) in kinds else [0] * size for j, stream in enumerate(streams)]
        return np.array(drawn, dtype=np.int64).reshape(k, size).T

    return of("solution", rank, ("both", "range")), of("residual", m - rank, ("both", "orthogonal"))


def build(
    dtype: Precision, *, m: int, n: int, rank: int, log2_cond: int, k: int, log2_span: int, seed: int
) -> tuple[Array, Array]:
    """Build A (m×n), whole numbers with rank ``rank`` and κ = 2^log2_cond, and b (m×k), all without rounding.

    Raises ValueError for a bad parameter, and where the entries need more bits than the dtype has.
    """
    whole("m", m, 1, MAX_SIZE)
    whole("n", n, 1, MAX_SIZE)
    whole("rank", rank, 1, min(m, n))
    room = SIGNIFICAND[REAL_OF[dtype]] - entry_bits(m, n, rank, 0)
    whole("log2_cond", log2_cond, 0, room if rank > 1 else 0)
    whole("k", k, 1, MAX_COUNT)
    whole("log2_span", log2_span, 0, MAX_LOG2_SPAN)
    whole("seed", seed, 0, MAX_SEED)
    sizes = np.array([exponent(j, log2_span) for j in range(k)])
    if dtype in COMPLEX:
        A, b = _complex_parts(m, n, rank, log2_cond, k, seed)
        return joined(A, dtype), joined(np.ldexp(b.astype(np.float64), sizes), dtype)
    behind = recipe(m, n, rank, log2_cond, seed)
    y, z = coordinates(m, n, rank, k, seed)
    A, _ = behind.problem(np.int64)
    b = apply_layers(behind.left, np.vstack((np.array(behind.sigma, dtype=np.int64)[:, None] * y, z)))
    return A.astype(dtype, order="C"), np.ldexp(b.astype(np.float64), sizes).astype(dtype, order="C")


def complex_coordinates(m: int, n: int, rank: int, k: int, seed: int) -> Integers:
    """Return y above z in parts (2 × m × k): those of the real problem, times 1 or i at random."""
    both = np.vstack(coordinates(m, n, rank, k, seed))
    return unit_multiples(Stream("right_sides", "turns", m, n, rank, seed, k), both.ravel()).reshape(2, m, k)


def _complex_parts(m: int, n: int, rank: int, log2_cond: int, k: int, seed: int) -> tuple[Integers, Integers]:
    """Return A (2×m×n) and b (2×m×k) of Gaussian integers, in parts, before the columns of b are scaled."""
    sigma = descending_powers(log2_cond, rank)
    behind = draw_complex_recipe("right_sides", (m, n, rank, seed), (m, n), sigma, 0.0)
    weights = np.array([*sigma, *[1] * (m - rank)], dtype=np.int64)[:, None]
    b = apply_layers(behind.left, weights * complex_coordinates(m, n, rank, k, seed))
    return behind.problem(np.int64)[0], b


def entry_bits(m: int, n: int, rank: int, log2_cond: int) -> int:
    """Count the bits of the largest entry of A, or of b before it is scaled: |2^L U (Σy, z)| ≤ 2^L·2^log2_cond·3√m."""
    return max(bits_needed(m, n, rank, log2_cond, 0.0), bits_needed(m, 1, m, log2_cond, 0.0))


TALL, DEFICIENT = (30, 10, 10), (30, 10, 7)
FLAT = ((16, 16, 8), (16, 16, 16), (10, 30, 5), (10, 30, 10))
ODD = ((65, 33, 33), (33, 33, 33), (33, 33, 20))
"""(m, n, rank) of sizes just above those of blocks."""


def _small(dtype: Precision) -> Grid:
    yield from _cross((TALL, DEFICIENT), (4, *STEEP[dtype]), (8,), (80,))
    yield from _cross((TALL,), MIDDLE[dtype], (1,), (0,))
    yield from _cross(FLAT, MIDDLE[dtype], (4,), (80,))


def _standard(dtype: Precision) -> Grid:
    yield from _cross((TALL, DEFICIENT), (0, *MIDDLE[dtype], *STEEP[dtype]), (1, 8), (0, 80))
    yield from _cross((TALL, DEFICIENT), (8,), (4,), (80,))
    yield from _cross(FLAT, (4, *STEEP[dtype]), (4,), (80,), seeds=(1,))
    yield from _cross(ODD, MIDDLE[dtype], (4,), (80,))


def _full(dtype: Precision) -> Grid:
    conds = (0, 4, 8, *MIDDLE[dtype], *STEEP[dtype])
    yield from _cross((TALL, DEFICIENT), conds, range(1, 9), (0, 20, 80), seeds=(0, 1))
    yield from _cross(FLAT, conds, (1, 2, 4, 8), (0, 20, 80), seeds=(0, 1))
    yield from _cross(ODD, conds, (4,), (0, 80), seeds=(0, 1))


def _cross(
    places: Sequence[tuple[int, int, int]],
    exponents: Sequence[int],
    counts: Sequence[int],
    spans: Sequence[int],
    seeds: Sequence[int] = (0,),
) -> Grid:
    for m, n, rank in places:
        for named in cross(log2_cond=exponents, k=counts, log2_span=spans, seed=seeds):
            yield {"m": m, "n": n, "rank": rank, **named}


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, _dtype: Precision) -> Params:
    """Draw up to 16 rows and columns and 8 right-hand sides; the simplest problem is 1×1 with one right-hand side."""
    m, n = draw.whole(1, 16), draw.whole(1, 16)
    rank = draw.whole(1, min(m, n))
    log2_cond = draw.whole(0, 8)
    return {
        "m": m,
        "n": n,
        "rank": rank,
        "log2_cond": log2_cond if rank > 1 else 0,
        "k": draw.whole(1, 8),
        "log2_span": draw.whole(0, MAX_LOG2_SPAN),
        "seed": draw.seed(),
    }


FAMILY = Family(
    name="right_sides",
    summary="several right-hand sides: in the range, orthogonal to it, zero, huge and tiny side by side",
    parameters={
        "m": "number of rows",
        "n": "number of columns",
        "rank": "exact rank of the stored matrix",
        "log2_cond": "log₂ of the ratio κ of its largest to its smallest non-zero singular value",
        "k": "number of right-hand sides",
        "log2_span": "log₂ of the ratio of the scales of the huge and the tiny ones",
        "seed": "number of the random stream",
    },
    build=build,
    grid=grid_as_real(grid),
    strategy=as_real(strategy),
    precisions=EVERY_PRECISION,
)
