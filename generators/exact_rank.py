"""Integer matrices whose rank, singular values and minimum-norm solution are known exactly.

A rank-deficient problem must be stored without a rounding error, or its rank is full. With orthogonal U and V made of
dyadic reflectors (see `known_svd`) and Σ = diag(2^−k), A = 2^s U Σ Vᵀ is a matrix of integers that the working
precision holds exactly. Its rank is the number of non-zeros in Σ, its non-zero singular values are powers of two, and
κ is 2^log2_cond.

In a complex precision the integers are Gaussian, and U and V unitary (see `complex_svd`).

Singular values at the level of rounding come from the solver alone. A factorisation that keeps one of them answers
with a solution that has nothing to do with x★.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamm_robust.generators.parts.complex_svd import ComplexRecipe, draw_complex_recipe, joined
from lamm_robust.generators.parts.elementary import SIGNIFICAND
from lamm_robust.generators.parts.grids import (
    BLOCK_SQUARE,
    BLOCK_TALL,
    MIDDLE,
    MORE_BLOCK_SQUARE,
    STEEP,
    Grid,
    Shapes,
    as_real,
    by_profile,
    cross,
    grid_as_real,
)
from lamm_robust.generators.parts.known_svd import Recipe, bits_needed, descending_powers, draw_recipe
from lamm_robust.generators.parts.parameters import MAX_SEED, MAX_SIZE, power_of_two, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.values import COMPLEX, EVERY_PRECISION, REAL_OF, Array, Family, Params, Precision

MAX_LOG2_RESIDUAL = 20


def recipe(m: int, n: int, rank: int, log2_cond: int, residual: float, seed: int) -> Recipe:
    """Draw the integers that A and b are made of: singular values 2^log2_cond … 1, evenly spread in the exponent."""
    return draw_recipe("exact_rank", (m, n, rank, seed), (m, n), descending_powers(log2_cond, rank), residual)


def complex_recipe(m: int, n: int, rank: int, log2_cond: int, residual: float, seed: int) -> ComplexRecipe:
    """Draw the Gaussian integers that a complex A and b are made of."""
    sigma = descending_powers(log2_cond, rank)
    return draw_complex_recipe("exact_rank", (m, n, rank, seed), (m, n), sigma, residual)


def build(
    dtype: Precision, *, m: int, n: int, rank: int, log2_cond: int, residual: float, seed: int
) -> tuple[Array, Array]:
    """Build A (m×n) and b (m), whole numbers: rank A = ``rank``, κ = 2^log2_cond, and x★ is the recipe's solution.

    ``residual`` is ‖b − Ax★‖/‖Ax★‖ to within 1/32 of it (with rank 0, where Ax★ = 0, it only says whether b is 0).
    Raises ValueError for parameters that no such integers in the significand of ``dtype`` can meet.
    """
    check(dtype, m, n, rank, log2_cond, residual, seed)
    if dtype in COMPLEX:
        parts = complex_recipe(m, n, rank, log2_cond, residual, seed).problem(np.int64)
        return joined(parts[0], dtype), joined(parts[1], dtype)
    A, b = recipe(m, n, rank, log2_cond, residual, seed).problem(np.int64)
    return A.astype(dtype, order="C"), b.astype(dtype)


def check(dtype: Precision, m: int, n: int, rank: int, log2_cond: int, residual: float, seed: int) -> None:
    """Raise ValueError, naming the parameter and what is accepted, unless `build` can meet these parameters."""
    dtype = REAL_OF[dtype]
    whole("m", m, 1, MAX_SIZE)
    whole("n", n, 1, MAX_SIZE)
    whole("rank", rank, 0, min(m, n))
    whole("log2_cond", log2_cond, 0, SIGNIFICAND[dtype] if rank > 1 else 0)
    if power_of_two("residual", residual, 2.0**MAX_LOG2_RESIDUAL) and rank == m:
        raise ValueError(f"residual is {residual}; where the range is the whole space (rank={rank}=m) accepted is 0.")
    whole("seed", seed, 0, MAX_SEED)
    needed, held = bits_needed(m, n, rank, log2_cond, residual), SIGNIFICAND[dtype]
    if needed > held:
        raise ValueError(
            f"log2_cond is {log2_cond}: with m={m} n={n} rank={rank} residual={residual} the integers need "
            f"{needed} bits; accepted is what the {held} of {dtype} hold: a smaller log2_cond or a residual "
            "nearer to 1."
        )


SMALL_SHAPES = ((16, 9), (16, 16), (30, 10), (10, 30))
SHAPES = (*SMALL_SHAPES, (4, 2), (16, 4), (12, 12), (4, 16), (30, 6), (64, 16), (100, 50))
FULL_SHAPES = (*SHAPES, (4, 4), (8, 4), (8, 8), (64, 64), (200, 5), (50, 100), (16, 64))

SEEDS = (0, 1, 2)
"""Seeds are counted from 0 and never selected: what a solver gets wrong here, it gets wrong on an unseen sample."""
MODERATE = 2.0**-8
"""‖b − Ax★‖/‖Ax★‖ of grid problems: with κ = 2⁸, A and b of every grid shape still fit the 24 bits of float32."""


def _small(dtype: Precision) -> Grid:
    yield from _cross(_deficient(SMALL_SHAPES), (0,), (1.0,), SEEDS[:1])
    yield from _cross(_deficient(SMALL_SHAPES), (8,), (MODERATE,), SEEDS[1:2])
    # without a residual: beside a large one, a small turn of A would excuse the loss of what κ makes small
    yield from _cross(((30, 10, 7), (30, 10, 9), (16, 16, 8), (10, 30, 5)), STEEP[dtype], (0.0,), SEEDS[:1])
    yield from _cross(((33, 32, 31), (65, 33, 16), (31, 31, 30), (64, 64, 32)), MIDDLE[dtype], (1.0,), SEEDS[:1])


def _standard(dtype: Precision) -> Grid:
    yield from _cross(_deficient(SHAPES), (0, 8), (MODERATE, 1.0), SEEDS[:2])
    conds = (*MIDDLE[dtype], *STEEP[dtype])
    yield from _cross(_several(SHAPES), conds, (0.0,), SEEDS[2:])
    yield from _cross(_several((*BLOCK_TALL, *BLOCK_SQUARE, *MORE_BLOCK_SQUARE)), conds, (MODERATE,), SEEDS[:1])
    # of 26 to 31 columns, which xGELSD divides: it makes small singular values larger than NumPy's cutoff
    yield from _cross(((28, 28, 24),), (3,), (0.0, 1.0), SEEDS[:2])
    yield from _cross([(m, n, 0) for m, n in SMALL_SHAPES], (0,), (0.0, 1.0), SEEDS[:1])
    yield from _cross([(m, n, min(m, n)) for m, n in SHAPES], (0, 8), (0.0,), SEEDS[:1])


def _full(dtype: Precision) -> Grid:
    yield from _cross(_deficient(FULL_SHAPES), (0, 2, 4, 6, 8), (0.0, MODERATE, 16.0), SEEDS)
    yield from _cross(_several(FULL_SHAPES), (*MIDDLE[dtype], *STEEP[dtype]), (0.0, MODERATE), SEEDS[:1])
    every = [(m, n, rank) for m, n in SHAPES for rank in range(min(m, n))]
    yield from _cross(every, (0, 4), (1.0,), range(5))
    yield from _cross([(m, n, min(m, n)) for m, n in FULL_SHAPES], (0, 4, 8), (0.0,), SEEDS)


def _deficient(shapes: Shapes) -> list[tuple[int, int, int]]:
    """List (m, n, rank) for each shape: about half its full rank, and one less than full rank."""
    return [(m, n, rank) for m, n in shapes for rank in sorted({min(m, n) // 2, min(m, n) - 1})]


def _several(shapes: Shapes) -> list[tuple[int, int, int]]:
    """List those of `_deficient` with several singular values: a single one has no κ but 1."""
    return [place for place in _deficient(shapes) if place[2] > 1]


def _cross(
    places: Sequence[tuple[int, int, int]], exponents: Sequence[int], residuals: Sequence[float], seeds: Sequence[int]
) -> Grid:
    for m, n, rank in places:
        possible = exponents if rank > 1 else (0,)
        yield from cross([(m, n)], rank=(rank,), log2_cond=possible, residual=residuals, seed=seeds)


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, dtype: Precision) -> Params:
    """Draw up to 32 rows and columns; the simplest problem is 1×1 of rank 0, all zeros."""
    m, n = draw.whole(1, 32), draw.whole(1, 32)
    rank = draw.whole(0, min(m, n))
    log2_cond = draw.whole(0, SIGNIFICAND[dtype])
    residual = draw.one_of((0.0, 1.0, 2.0**-4, MODERATE, 16.0))
    seed = draw.seed()
    residual = residual if rank < m else 0.0
    spare = SIGNIFICAND[dtype] - bits_needed(m, n, rank, 0, residual)
    log2_cond = min(log2_cond, spare) if rank > 1 else 0
    return {"m": m, "n": n, "rank": rank, "log2_cond": log2_cond, "residual": residual, "seed": seed}


FAMILY = Family(
    name="exact_rank",
    summary="integer matrices of exact rank, singular values powers of two (seeds 0, 1, …, not selected)",
    parameters={
        "m": "number of rows",
        "n": "number of columns",
        "rank": "exact rank of the stored matrix",
        "log2_cond": "log₂ of the ratio κ of its largest to its smallest non-zero singular value",
        "residual": "‖b − Ax★‖/‖Ax★‖, 0 or a power of two",
        "seed": "number of the random stream",
    },
    build=build,
    grid=grid_as_real(grid),
    strategy=as_real(strategy),
    precisions=EVERY_PRECISION,
)
