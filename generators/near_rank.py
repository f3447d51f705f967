"""Matrices of numerical rank r: a gap of stated width between σ_r and σ_{r+1}, in exact dyadic numbers.

They are made like those of `exact_rank`, A = 2^(L+R) U Σ Vᵀ with U and V products of dyadic reflectors, but have full
rank: the r leading singular values are powers of two from 2^(gap + log2_cond) down to 2^gap, and all others are 1.
Numerical rank is well defined where the gap is wide and the small values are within the error of the data (Golub,
Klema and Stewart, Rank degeneracy and least squares problems, Technical Report STAN-CS-76-559, Stanford University,
1976; Hansen, Rank-Deficient and Discrete Ill-Posed Problems, SIAM 1998, section 3.1). A gap of 2⁻⁵ is no reason to
drop anything, and one of u is a reason to drop the rest. The gap from which on a solver drops them shows its
tolerance. Its answer changes there, because the solution that b is made from has components of the same size along
all right singular vectors.

As long as the integers fit the significand (`fits`), nothing is rounded and the singular values of the stored matrix
are exactly these. A wider gap next to mixed rows and columns needs more bits than there are. Every entry of A and b is
rounded once then, which moves each singular value by at most u‖A‖_F (Weyl), and the residual likewise. With
log2_cond = 0 the stored κ is that asked to within a factor of 2 up to a gap of u. Beyond u the small singular values
are what rounding leaves of them. That is little, because the entries of the large part have few bits and round without
noise: κ becomes up to thousands of times what is asked, and the rank may drop towards r.
"""

from __future__ import annotations

from collections.abc import Sequence

from lamm_robust.generators.parts.complex_svd import ComplexRecipe, draw_complex_recipe, joined
from lamm_robust.generators.parts.elementary import SIGNIFICAND, rounded_array
from lamm_robust.generators.parts.grids import Grid, as_real, by_profile, cross, grid_as_real
from lamm_robust.generators.parts.known_svd import Recipe, bits_needed, descending_powers, draw_recipe
from lamm_robust.generators.parts.parameters import MAX_SEED, check_room_for_residual, power_of_two, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.values import COMPLEX, EVERY_PRECISION, REAL_OF, Array, Family, Params, Precision

MAX_ROWS = 512
"""The most rows or columns: integers of Python are used, which have no limit and are slow, a second at 512×512."""
BEYOND = 6
"""``gap_bits`` may exceed the significand by this many bits: beyond, rounding stores the same matrix again."""
MAX_LOG2_COND = 20
MIN_RESIDUAL, MAX_RESIDUAL = 2.0**-20, 16.0


def recipe(m: int, n: int, rank: int, gap_bits: int, log2_cond: int, residual: float, seed: int) -> Recipe:
    """Draw the integers that A and b are made of; all min(m, n) singular values are at least 1."""
    return draw_recipe("near_rank", (m, n, seed), (m, n), _sigma(m, n, rank, gap_bits, log2_cond), residual)


def complex_recipe(
    m: int, n: int, rank: int, gap_bits: int, log2_cond: int, residual: float, seed: int
) -> ComplexRecipe:
    """Draw the Gaussian integers that a complex A and b are made of."""
    return draw_complex_recipe("near_rank", (m, n, seed), (m, n), _sigma(m, n, rank, gap_bits, log2_cond), residual)


def _sigma(m: int, n: int, rank: int, gap_bits: int, log2_cond: int) -> list[int]:
    leading = [2**gap_bits * value for value in descending_powers(log2_cond, rank)]
    return leading + [1] * (min(m, n) - rank)


def fits(dtype: Precision, *, m: int, n: int, gap_bits: int, log2_cond: int, residual: float) -> bool:
    """Tell whether the dtype holds every entry of A and b exactly, whatever rank and seed."""
    return bits_needed(m, n, min(m, n), gap_bits + log2_cond, residual) <= SIGNIFICAND[REAL_OF[dtype]]


def build(
    dtype: Precision, *, m: int, n: int, rank: int, gap_bits: int, log2_cond: int, residual: float, seed: int
) -> tuple[Array, Array]:
    """Build A (m×n) and b (m): σ_{r+1}/σ_r = 2^−gap_bits and κ = 2^(gap_bits + log2_cond), exactly where it `fits`.

    Where it fits, ``residual`` is ‖b − Ax★‖/‖Ax★‖ to within 1/32 of it. Raises ValueError for a bad parameter.
    """
    whole("m", m, 2, MAX_ROWS)
    whole("n", n, 2, MAX_ROWS)
    whole("rank", rank, 1, min(m, n) - 1)
    whole("gap_bits", gap_bits, 0, SIGNIFICAND[REAL_OF[dtype]] + BEYOND)
    whole("log2_cond", log2_cond, 0, MAX_LOG2_COND if rank > 1 else 0)
    check_room_for_residual(power_of_two("residual", residual, MAX_RESIDUAL, MIN_RESIDUAL), m, n)
    whole("seed", seed, 0, MAX_SEED)
    # integers of Python: with a gap beyond u they are longer than 64 bits
    if dtype in COMPLEX:
        parts = complex_recipe(m, n, rank, gap_bits, log2_cond, residual, seed).problem(object)
        A, b = (rounded_array(part.tolist(), REAL_OF[dtype]) for part in parts)
        return joined(A, dtype), joined(b, dtype)
    A, b = recipe(m, n, rank, gap_bits, log2_cond, residual, seed).problem(object)
    return rounded_array(A.tolist(), dtype), rounded_array(b.tolist(), dtype)


GAPS: dict[Precision, tuple[int, ...]] = {"float32": (5, 10, 15, 18, 22, 26), "float64": (5, 15, 26, 40, 46, 56)}
"""``gap_bits`` in grids: gaps from far above every tolerance to below u; with the last two, A and b are rounded."""
FINE: dict[Precision, tuple[int, ...]] = {
    "float32": (*range(5, 28, 2), 30),
    "float64": (5, 10, 15, 20, 26, 32, 38, 42, 44, 46, 48, 50, 52, 54, 56, 59),
}
TALL = ((30, 10), (16, 9))
FLAT = ((16, 16), (10, 30))
SMALL = 2.0**-8


def _small(dtype: Precision) -> Grid:
    yield from _cross(((30, 10, 7),), GAPS[dtype], (0,), (0.0,))
    yield from _cross(((16, 9, 8),), GAPS[dtype][:3:2], (4,), (SMALL,))
    yield from _cross(((16, 16, 8), (10, 30, 5)), GAPS[dtype][2:4], (0,), (0.0,))


def _standard(dtype: Precision) -> Grid:
    yield from _cross(((30, 10, 7),), GAPS[dtype], (0, 4), (SMALL, 1.0))
    yield from _cross(((16, 9, 8), (16, 9, 1)), GAPS[dtype], (0,), (SMALL,), seeds=(1,))
    yield from _cross(((16, 16, 8), (10, 30, 5)), GAPS[dtype], (0,), (0.0,))


def _full(dtype: Precision) -> Grid:
    tall = [(m, n, rank) for m, n in TALL for rank in (1, n // 2, n - 1)]
    flat = [(m, n, rank) for m, n in FLAT for rank in (1, m // 2, m - 1)]
    yield from _cross(tall, FINE[dtype], (0, 4), (0.0, SMALL, 1.0))
    yield from _cross(flat, FINE[dtype], (0, 4), (0.0,), seeds=(0, 1))
    yield from _cross(((64, 16, 12), (100, 50, 40)), GAPS[dtype], (0,), (SMALL,))


def _cross(
    places: Sequence[tuple[int, int, int]],
    gaps: Sequence[int],
    exponents: Sequence[int],
    residuals: Sequence[float],
    seeds: Sequence[int] = (0,),
) -> Grid:
    for m, n, rank in places:
        possible = exponents if rank > 1 else (0,)
        yield from cross([(m, n)], rank=(rank,), gap_bits=gaps, log2_cond=possible, residual=residuals, seed=seeds)


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, dtype: Precision) -> Params:
    """Draw up to 32 rows and columns; the simplest problem is 2×2 of rank 1 without a gap."""
    m, n = draw.whole(2, 32), draw.whole(2, 32)
    rank = draw.whole(1, min(m, n) - 1)
    gap_bits = draw.whole(0, SIGNIFICAND[dtype] + BEYOND)
    log2_cond = draw.whole(0, 8)
    residual = draw.one_of((0.0, 1.0, 2.0**-4, SMALL, 16.0))
    return {
        "m": m,
        "n": n,
        "rank": rank,
        "gap_bits": gap_bits,
        "log2_cond": log2_cond if rank > 1 else 0,
        "residual": residual if m > n else 0.0,
        "seed": draw.seed(),
    }


FAMILY = Family(
    name="near_rank",
    summary="full rank by a gap: σ_{r+1}/σ_r is a power of two, from far above rounding to below it",
    parameters={
        "m": "number of rows",
        "n": "number of columns",
        "rank": "number r of the large singular values",
        "gap_bits": "−log₂ of σ_{r+1}/σ_r; the singular values after the r-th are all equal",
        "log2_cond": "log₂ of σ₁/σ_r",
        "residual": "‖b − Ax★‖/‖Ax★‖, 0 or a power of two",
        "seed": "number of the random stream",
    },
    build=build,
    grid=grid_as_real(grid),
    strategy=as_real(strategy),
    precisions=EVERY_PRECISION,
)
