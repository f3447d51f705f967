"""Random matrices with prescribed singular values: A = U Σ Vᵀ with U and V random orthogonal.

This is the usual way to generate test matrices (LAPACK's DLATMS with DLAGGE; Stewart 1980, see `reflectors`). The
largest singular value is 1, the smallest 1/κ, and ``mode`` says how the others lie between: the modes 1 to 6 of DLATMS
(Demmel and McKenney, A test matrix generation suite, LAPACK Working Note 9, 1989), and shapes that it does not have.
The negative modes of DLATMS are the same singular values in reverse order, which makes no difference between random U
and V. Exponential decay is its mode 3, ``geometric``.

The solution that b is built from is a unit vector of the row space, and the residual is at right angles to the range.
The size of the residual relative to ‖Ax‖ is an axis of its own, because what a solver loses depends on it.

In a complex precision U and V are random unitary matrices (`complex_reflectors`), and x is complex.

Everything is computed in float64 and rounded once to the working precision. That rounding moves each singular value by
up to about u‖A‖_F (a few times that in float64, where the computing is rounded, too), and the residual by up to about
u‖A‖_F‖x‖. What is asked beyond these limits (κ > 1/u, residual < u) becomes what rounding makes of it, and truth is
always that of the stored bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from lamm_robust.generators.parts.complex_reflectors import apply as apply_complex
from lamm_robust.generators.parts.complex_reflectors import draw_reflectors as draw_complex_reflectors
from lamm_robust.generators.parts.complex_svd import conjugate_transpose, joined
from lamm_robust.generators.parts.elementary import log_ratio, power
from lamm_robust.generators.parts.grids import (
    BLOCK_SQUARE,
    BLOCK_TALL,
    MORE_BLOCK_SQUARE,
    Grid,
    Shapes,
    as_real,
    by_profile,
    cross,
    grid_as_real,
)
from lamm_robust.generators.parts.parameters import (
    MAX_SEED,
    MAX_SIZE,
    check_room_for_residual,
    nonnegative,
    one_of,
    whole,
)
from lamm_robust.generators.parts.reflectors import apply, draw_reflectors, norm
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.generators.parts.stream import Floats, Stream
from lamm_robust.values import COMPLEX, EVERY_PRECISION, Array, Family, Params, Precision

DLATMS = ("one_large", "one_small", "geometric", "arithmetic", "log_uniform", "normal")
"""Modes 1 to 6 of LAPACK's DLATMS, in its order."""
MODES = (*DLATMS, "polynomial", "step", "spiked", "clustered", "stairs")
DIRECTIONS = ("leading", "trailing", "random")
RESIDUALS = (0.0, 1.0, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15, 1e3)
"""Values of ``residual`` = ‖b − Ax‖/‖Ax‖ that a search draws from, the simplest first."""
MAX_LOG10_COND = 30
"""The largest log₁₀ κ accepted, far beyond 1/u of float64: the stored κ is about 10¹⁶ for anything larger, too."""
MAX_RESIDUAL = 1e15
"""Largest ``residual`` = ‖b − Ax‖/‖Ax‖ accepted: below 1/u of float64, so that Ax is not rounded away in b."""

SPIKES = 4
"""In the mode ``spiked``, one of this many singular values is a spike (at least one in all)."""
CLUSTER = 1024
"""In the mode ``clustered``, distances of exponents from the centre of their cluster are divided by this."""


def singular_values(mode: str, count: int, log10_cond: float, seed: int) -> Floats:
    """Return σ₁ = 1 ≥ … ≥ σ_count = 10**−log10_cond, each rounded once to float64 (shape (count,)).

    With t = i/(count − 1) for i = 0 … count − 1, and the two ends always at 1 and 1/κ:

    * the modes 1 to 6 of DLATMS: ``one_large`` 1, 1/κ, …, 1/κ; ``one_small`` 1, …, 1, 1/κ; ``geometric`` κ^−t;
      ``arithmetic`` 1 − t(1 − 1/κ); ``log_uniform`` random with uniform logarithm; ``normal`` of the distribution
      of the entries that U and V are made from, here 1/κ + |z|/3·(1 − 1/κ) for z of `Stream.bell` (DLATMS takes
      the z themselves, with whatever κ they have);
    * ``polynomial`` (i + 1)^−p with p = log κ/log count: a heavy tail, most of the decay is at the start;
    * ``step`` 1 in the first half (rounded up), 1/κ in the second: a gap at half the rank;
    * ``spiked`` k = max(1, ⌊count/4⌋) spikes κ^(−i/2k), all above κ^−½, and a flat bulk at 1/κ (as in Johnstone,
      On the distribution of the largest eigenvalue in principal components analysis, Ann. Statist. 29 (2001));
    * ``clustered`` κ^−(c + (t − c)/1024) with c the one of 0, ½ and 1 that is nearest to t: tight clusters at 1, κ^−½
      and 1/κ, the middle one with half of the values, and no two values equal unless κ is 1;
    * ``stairs`` 1, 8/κ, 4/κ and 1/κ, none above 1, in the quarters of t (RandLAPACK's step): a gap, then small steps.
    """
    depth = Fraction(log10_cond)
    smallest = power(10, -depth)
    last = max(count - 1, 1)
    steps = [Fraction(i, last) for i in range(count)]
    ones = {"one_large": 1, "one_small": count - 1, "step": (count + 1) // 2}
    if mode in ones:
        return np.array([1.0] * ones[mode] + [smallest] * (count - ones[mode]))
    if mode == "stairs":
        stairs = [min(1.0, height * smallest) for height in (8, 4, 1)]
        return np.array([[1.0, *stairs][min(3, int(4 * step))] for step in steps])
    if mode == "arithmetic":
        return np.array([float(1 - step * (1 - Fraction(smallest))) for step in steps])
    if mode == "normal":
        sizes = np.abs(Stream("spectrum", mode, count, seed).bell(max(count - 2, 0))).tolist()
        shares = [Fraction(1), *(Fraction(size) / 3 for size in sorted(sizes, reverse=True)), Fraction(0)][:count]
        return np.array([float(share + (1 - share) * Fraction(smallest)) for share in shares])
    return np.array([power(10, -depth * step) for step in _exponents(mode, steps, seed)])


def _exponents(mode: str, steps: list[Fraction], seed: int) -> list[Fraction]:
    """Return the s from 0 to 1 for which the singular values of a mode are κ^−s; ``steps`` go evenly from 0 to 1."""
    count = len(steps)
    if mode == "log_uniform":
        inner = sorted(Stream("spectrum", mode, count, seed).uniform(max(count - 2, 0)).tolist())
        return [Fraction(0), *map(Fraction, inner), Fraction(1)][:count]
    if mode == "polynomial":
        return [log_ratio(i + 1, max(count, 2)) for i in range(count)]
    if mode == "spiked":
        spikes = max(1, count // SPIKES)
        return [Fraction(i, 2 * spikes) if i < spikes else Fraction(1) for i in range(count)]
    if mode == "clustered":
        centres = [Fraction(round(2 * step), 2) for step in steps]
        return [centre + (step - centre) / CLUSTER for centre, step in zip(centres, steps, strict=True)]
    return steps


def build(
    dtype: Precision, *, m: int, n: int, mode: str, log10_cond: float, residual: float, direction: str, seed: int
) -> tuple[Array, Array]:
    """Build A (m×n) and b (m): ‖A‖₂ = 1, ‖x‖ = 1, b = Ax + residual·‖Ax‖·u with u ⟂ range(A), up to rounding.

    Raises ValueError for a bad parameter, for a residual where the range is the whole space (m ≤ n), and for a
    condition number other than 1 with a single singular value.
    """
    _check(m, n, mode, log10_cond, residual, direction, seed)
    rank = min(m, n)
    sigma = singular_values(mode, rank, log10_cond, seed)
    coordinates = _coordinates(direction, rank, Stream("spectrum", "direction", m, n, seed))
    signs = Stream("spectrum", "signs", m, n, seed).signs(rank)
    if dtype in COMPLEX:
        parts = _complex_parts(m, n, sigma, coordinates, residual, seed)
        return joined(parts[:, :, :n], dtype), joined(parts[:, :, n], dtype)
    start = np.zeros((m, n + 1))  # [Σ Vᵀ | Σ Vᵀx + residual], so that U turns A and b at once
    start[:rank, :n] = signs[:, None] * _right_factor(sigma, n, Stream("spectrum", "right", m, n, seed)).T
    start[:rank, n] = signs * sigma * coordinates
    if residual:
        start[rank, n] = residual * norm(sigma * coordinates)
    turned = apply(draw_reflectors(Stream("spectrum", "left", m, n, seed), m, rank + 1), start)
    return turned[:, :n].astype(dtype), turned[:, n].astype(dtype)


def _complex_parts(m: int, n: int, sigma: Floats, coordinates: Floats, residual: float, seed: int) -> Floats:
    """Return [A | b] in parts (2 × m × (n + 1)): A = U Σ Vᴴ with unitary U and V, b as in the real problem.

    Each coordinate of x is turned by a right angle or not, at random.
    """

    def stream(part: str) -> Stream:
        return Stream("spectrum", "complex", part, m, n, seed)

    rank = len(sigma)
    turned = stream("turns").integers(rank, 0, 1)
    along = coordinates * stream("signs").signs(rank) * sigma
    right = np.zeros((2, n, rank))
    np.fill_diagonal(right[0], sigma)
    start = np.zeros((2, m, n + 1))
    start[:, :rank, :n] = conjugate_transpose(apply_complex(draw_complex_reflectors(stream("right"), n, rank), right))
    start[:, :rank, n] = along * (1 - turned), along * turned
    if residual:
        start[0, rank, n] = residual * norm(along)
    return apply_complex(draw_complex_reflectors(stream("left"), m, rank + 1), start)


def _check(m: int, n: int, mode: str, log10_cond: float, residual: float, direction: str, seed: int) -> None:
    whole("m", m, 1, MAX_SIZE)
    whole("n", n, 1, MAX_SIZE)
    one_of("mode", mode, MODES)
    if nonnegative("log10_cond", log10_cond, MAX_LOG10_COND) and min(m, n) == 1:
        raise ValueError(f"log10_cond is {log10_cond}; with one singular value (m={m}, n={n}) accepted is 0.")
    check_room_for_residual(nonnegative("residual", residual, MAX_RESIDUAL), m, n)
    one_of("direction", direction, DIRECTIONS)
    whole("seed", seed, 0, MAX_SEED)


def _coordinates(direction: str, rank: int, stream: Stream) -> Floats:
    """Return Vᵀx, a unit vector of length ``rank``: the coordinates of x along the right singular vectors."""
    if direction == "random":
        bell = stream.bell(rank)
        return bell / norm(bell)
    unit = np.zeros(rank)
    unit[0 if direction == "leading" else -1] = 1.0
    return unit


def _right_factor(sigma: Floats, n: int, stream: Stream) -> Floats:
    """Return VΣ (n×rank) for a random orthogonal V."""
    scaled = np.zeros((n, len(sigma)))
    np.fill_diagonal(scaled, sigma)
    return apply(draw_reflectors(stream, n, len(sigma)), scaled)


EXPONENTS: dict[Precision, tuple[float, ...]] = {
    "float32": (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8),
    "float64": (*range(13), 14, 16),
}
"""log₁₀ κ in grids: from perfectly conditioned to beyond 1/u, with small steps where digits can still be expected."""
EVEN: dict[Precision, tuple[float, ...]] = {
    "float32": (0, 1, 2, 3, 4, 5, 6),
    "float64": (0, 2, 4, 6, 8, 10, 12),
}
FEW: dict[Precision, tuple[float, ...]] = {"float32": (1, 3, 5), "float64": (4, 8, 12)}
SMALL: dict[Precision, float] = {"float32": 1e-5, "float64": 1e-12}
"""A small ``residual`` for grids: nearly zero, but still 100 to 10,000 times u."""

NOT_GEOMETRIC = ("one_large", "one_small", "arithmetic", "log_uniform")
FURTHER = tuple(mode for mode in MODES if mode not in ("geometric", "stairs", *NOT_GEOMETRIC))
"""Modes that grids use in fewer shapes: they differ between σ₁ and the smallest, which changes few solvers' answers."""
TALL = ((4, 2), (16, 4), (30, 6), (64, 16), (200, 5), (100, 50))
FLAT = ((12, 12), (16, 16), (4, 16), (10, 30), (50, 100))
"""(m, n) of square and wide grid problems: the range of A is the whole space, so every system is consistent."""
MORE_TALL = (*TALL[1:], (8, 4), (16, 9), (30, 3), (30, 10), (60, 20), (100, 10))
MORE_FLAT = (*FLAT, (4, 4), (8, 8), (32, 32), (64, 64), (16, 64))
TWO_VALUES = ((2, 2), (2, 4))
"""(m, n) with two singular values, 1 and 1/κ: all modes are the same there."""
ONE_VALUE = ((2, 1), (11, 1), (1, 1), (1, 2))


def _small(dtype: Precision) -> Grid:
    yield from _cross(((30, 10),), ("geometric",), EXPONENTS[dtype], (SMALL[dtype],))
    yield from _cross(((30, 10),), ("geometric",), EXPONENTS[dtype][::2], (1.0,))
    yield from _cross(((30, 10),), (*NOT_GEOMETRIC, *FURTHER), FEW[dtype][1:2], (SMALL[dtype],))
    yield from _cross(BLOCK_TALL, ("geometric",), FEW[dtype][:2], (SMALL[dtype], 1.0))
    yield from _cross(BLOCK_SQUARE, ("geometric",), (0, *FEW[dtype][:2]), (0.0,))
    yield from _cross(((30, 10),), ("stairs",), FEW[dtype][1:2], (SMALL[dtype],))
    yield from _cross(((30, 10),), ("geometric",), FEW[dtype][1:2], (SMALL[dtype],), DIRECTIONS[:2])
    yield from _cross(((10, 30),), ("geometric",), EVEN[dtype][::2], (0.0,))
    # with two unknowns errors do not average out: what squares κ shows it soonest here, in float32 too
    yield from _cross(((4, 2),), ("geometric",), EVEN[dtype], (SMALL[dtype],))
    # and what squares κ below 100 only: it is beyond rounding at one in three of these
    yield from _cross(((4, 2),), ("geometric",), (1.95,), (0.0,), DIRECTIONS[::2], seeds=range(4))
    # an explicit inverse of a square: float32 resolves a backward error of uκ only where there are few entries
    yield from _cross(((2, 2),), ("geometric",), (4,), (0.0,))


def _standard(dtype: Precision) -> Grid:
    residuals = (SMALL[dtype], 1.0)
    yield from _cross(((30, 10),), ("geometric",), EXPONENTS[dtype], (0.0, *residuals), seeds=(0, 1))
    yield from _cross(TALL, ("geometric",), EVEN[dtype], residuals)
    yield from _cross(FLAT, ("geometric",), EVEN[dtype], (0.0,))
    yield from _cross(((16, 4), (30, 10), (64, 16)), NOT_GEOMETRIC, FEW[dtype], residuals)
    yield from _cross(((12, 12), (10, 30)), NOT_GEOMETRIC, FEW[dtype], (0.0,))
    yield from _cross(((30, 10),), FURTHER, FEW[dtype], residuals)
    yield from _cross(((12, 12),), FURTHER, FEW[dtype], (0.0,))
    yield from _cross(((30, 10),), ("stairs",), FEW[dtype][1:], (1.0,))
    yield from _cross(((30, 10),), ("geometric",), EVEN[dtype], residuals, DIRECTIONS[:2])
    yield from _cross(((256, 64),), ("geometric",), FEW[dtype][:2], residuals)
    yield from _cross(BLOCK_TALL, ("geometric",), FEW[dtype], residuals)
    yield from _cross((*BLOCK_SQUARE, *MORE_BLOCK_SQUARE), ("geometric",), FEW[dtype], (0.0,))


def _full(dtype: Precision) -> Grid:
    residuals = (SMALL[dtype], 1e-3, 1.0)
    yield from _cross((TALL[0], *MORE_TALL), ("geometric",), EXPONENTS[dtype], residuals)
    yield from _cross((*TWO_VALUES, *MORE_FLAT), ("geometric",), EXPONENTS[dtype], (0.0,))
    yield from _cross(MORE_TALL, NOT_GEOMETRIC, EXPONENTS[dtype][1:], residuals)
    yield from _cross(MORE_FLAT, NOT_GEOMETRIC, EXPONENTS[dtype][1:], (0.0,))
    yield from _cross(((30, 10), (64, 16)), (*FURTHER, "stairs"), EXPONENTS[dtype][1:], residuals)
    yield from _cross(((12, 12), (10, 30)), FURTHER, EXPONENTS[dtype][1:], (0.0,))
    yield from _cross(MORE_TALL, ("geometric",), EVEN[dtype], residuals, DIRECTIONS[:2], seeds=(0, 1))
    yield from _cross(ONE_VALUE, ("geometric",), (0,), (0.0,), seeds=(0, 1, 2))
    yield from _cross(((256, 64),), MODES, FEW[dtype], residuals)


def _cross(
    shapes: Shapes,
    modes: Sequence[str],
    exponents: Sequence[float],
    residuals: Sequence[float],
    directions: Sequence[str] = ("random",),
    seeds: Sequence[int] = (0,),
) -> Grid:
    return cross(shapes, mode=modes, log10_cond=exponents, residual=residuals, direction=directions, seed=seeds)


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, dtype: Precision) -> Params:
    """Draw up to 32 rows and columns; the simplest problem is 1×1 of κ = 1, without a residual."""
    m, n = draw.whole(1, 32), draw.whole(1, 32)
    mode = draw.one_of(MODES)
    log10_cond = draw.whole(0, int(EXPONENTS[dtype][-1]))
    residual = draw.one_of(RESIDUALS)
    return {
        "m": m,
        "n": n,
        "mode": mode,
        "log10_cond": log10_cond if min(m, n) > 1 else 0,
        "residual": residual if m > n else 0.0,
        "direction": draw.one_of(DIRECTIONS),
        "seed": draw.seed(),
    }


FAMILY = Family(
    name="spectrum",
    summary="random orthogonal U and V with prescribed singular values (LAPACK DLATMS modes 1 to 6, and others)",
    parameters={
        "m": "number of rows",
        "n": "number of columns",
        "mode": "how the singular values lie between 1 and 1/κ: " + ", ".join(MODES),
        "log10_cond": "log₁₀ of the condition number κ",
        "residual": "‖b − Ax‖/‖Ax‖, 0 for a consistent system",
        "direction": "the right singular vector that x lies along: " + ", ".join(DIRECTIONS),
        "seed": "number of the random stream",
    },
    build=build,
    grid=grid_as_real(grid),
    strategy=as_real(strategy),
    precisions=EVERY_PRECISION,
)
