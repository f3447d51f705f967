"""Integer matrices whose rank, singular values and minimum-norm solution are known exactly.

A rank-deficient problem must be stored without a rounding error, or its rank is full. Reflectors
H = I − ½vvᵀ with four entries ±1 in v are exactly orthogonal and their entries are multiples of ½. A *layer*
is a block diagonal of such reflectors over a random grouping of the coordinates in fours (up to three are
left over, others in the next layer); a few layers mix the coordinates well and cost one bit each. With layers
U and V and Σ = diag(2^−k), A = 2^s U Σ Vᵀ is a matrix of integers that the working precision holds exactly:
its rank is the number of non-zeros in Σ, its non-zero singular values are powers of two, and κ is
2^log2_cond.

With fewer than four coordinates every dyadic orthogonal matrix is a signed permutation: U or V is the
identity then. Rounding-level singular values of these matrices come from the solver alone: a factorisation
that keeps one of them answers with a solution that has nothing to do with x★.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from generators.bits import Integers, Stream
from generators.checks import MAX_SEED, MAX_SIZE, power_of_two, whole
from generators.elementary import SIGNIFICAND
from generators.grids import Shapes, crossed, of_profile
from lamm_robust.values import Array, Family, Precision, Value

LARGEST_Y = 3
"""The coordinates of x★ along the right singular vectors are ±1, ±2 or ±3, before scaling."""
RESIDUAL_UNITS = 4
"""The residual is a whole number of at least 2⁴, so that rounding it moves the ratio by at most 1/32."""
MAX_LOG2_RESIDUAL = 20


@dataclass(frozen=True)
class Layer:
    """Reflectors on disjoint groups of four coordinates; ``groups`` and ``signs`` have shape (g, 4)."""

    groups: Integers
    signs: Integers


def _layer_count(size: int) -> int:
    """Return log₄ size, and three at least: two layers on nearly the same four coordinates may cancel.

    A single reflector does for four coordinates, and fewer than four cannot be mixed.
    """
    return max(3, ((size - 1).bit_length() + 1) // 2) if size > 4 else size // 4


def layers(stream: Stream, size: int) -> list[Layer]:
    """Draw enough layers to let every coordinate reach every other."""
    fours = size // 4
    return [
        Layer(stream.permutation(size)[: 4 * fours].reshape(fours, 4), stream.signs(4 * fours).reshape(fours, 4))
        for _ in range(_layer_count(size))
    ]


def twice(layer: Layer, M: Integers) -> Integers:
    """Return 2 H M for the block diagonal H of I − ½vvᵀ, in exact integers; M has shape (size, columns)."""
    product = 2 * M
    block = layer.signs[:, :, None] * M[layer.groups]
    inner = block[:, 0] + block[:, 1] + block[:, 2] + block[:, 3]  # vᵀM of each group
    product[layer.groups] -= layer.signs[:, :, None] * inner[:, None]
    return product


@dataclass(frozen=True)
class Recipe:
    """What A, b and x★ are made of, in integers: A = 2^(L+R) U Σ Vᵀ and b = 2^L U (2^t Σ y + ρ e_j).

    L and R are the numbers of layers in U and V, t is ``shift`` and j is ``column``.
    """

    left: list[Layer]
    right: list[Layer]
    sigma: list[int]
    y: list[int]
    shift: int
    rho: int
    column: int


def recipe(m: int, n: int, rank: int, log2_cond: int, residual: float, seed: int) -> Recipe:
    """Draw the integers behind the problem; Σ holds 2^log2_cond … 1, evenly spread in the exponent."""

    def stream(part: str) -> Stream:
        return Stream("exact_rank", part, m, n, rank, seed)

    last = max(rank - 1, 1)
    sigma = [2 ** (log2_cond - i * log2_cond // last) for i in range(rank)]
    draw = stream("solution")
    y = (draw.signs(rank) * draw.integers(rank, 1, LARGEST_Y)).tolist()
    image = sum((s * c) ** 2 for s, c in zip(sigma, y, strict=True)) or 1
    shift, rho = whole_residual(image, residual)
    column = int(stream("residual").integers(1, rank, m - 1)[0]) if residual else 0
    return Recipe(layers(stream("left"), m), layers(stream("right"), n), sigma, y, shift, rho, column)


def whole_residual(image: Fraction | int, residual: float) -> tuple[int, int]:
    """Return the smallest t ≥ 0 for which residual·2^t·√image is 2⁴ or more, and that number rounded."""
    if residual == 0:
        return 0, 0
    square, shift = Fraction(residual) ** 2 * image, 0
    while square < 4**RESIDUAL_UNITS:
        square, shift = 4 * square, shift + 1
    return shift, (math.isqrt(int(4 * square)) + 1) // 2


def bits_needed(m: int, n: int, rank: int, log2_cond: int, residual: float) -> int:
    """Count the bits that hold every entry of A and b, whatever the seed.

    |A| ≤ 2^(L+R)·2^log2_cond and |b| ≤ 2^L ‖2^t Σy + ρe_j‖. Either t = 0 and ‖Σy‖ ≤ 2^log2_cond·3√rank, or
    ρ ≤ 2⁵ and ‖2^t Σy‖ ≤ 2⁵/residual; the other of the two parts is larger or smaller by the residual.
    """
    image = log2_cond + ((LARGEST_Y**2 * rank - 1).bit_length() + 1) // 2  # the least s with 4^s ≥ 9 rank
    if residual:
        exponent = math.frexp(residual)[1] - 1
        image = max(image, RESIDUAL_UNITS + 1 - exponent) + max(0, exponent) + 1
    return _layer_count(m) + max(_layer_count(n) + log2_cond, image)


def build(
    dtype: Precision, *, m: int, n: int, rank: int, log2_cond: int, residual: float, seed: int
) -> tuple[Array, Array]:
    """Build A (m×n) and b (m), whole numbers: rank A = ``rank``, κ = 2^log2_cond, x★ = `known_solution`.

    ``residual`` is ‖b − Ax★‖/‖Ax★‖ to within 1/32 of it (with rank 0, where Ax★ = 0, it only says whether b
    is 0). Raises ValueError for parameters that no such integers in the significand of ``dtype`` can meet.
    """
    _check(dtype, m, n, rank, log2_cond, residual, seed)
    parts = recipe(m, n, rank, log2_cond, residual, seed)
    diagonal = np.zeros((n, m), dtype=np.int64)
    np.fill_diagonal(diagonal[:rank, :rank], parts.sigma)
    A = turn(parts.left, turn(parts.right, diagonal).T)
    target = np.zeros((m, 1), dtype=np.int64)
    target[:rank, 0] = [2**parts.shift * s * c for s, c in zip(parts.sigma, parts.y, strict=True)]
    if parts.rho:
        target[parts.column] = parts.rho
    return A.astype(dtype, order="C"), turn(parts.left, target)[:, 0].astype(dtype)


def known_solution(*, m: int, n: int, rank: int, log2_cond: int, residual: float, seed: int) -> list[Fraction]:
    """Return x★ = A⁺b of the stored problem, exactly: 2^(t − R) V y, as n rationals."""
    parts = recipe(m, n, rank, log2_cond, residual, seed)
    y = np.zeros((n, 1), dtype=np.int64)
    y[:rank, 0] = parts.y
    scale = Fraction(2) ** (parts.shift - 2 * len(parts.right))
    return [scale * int(entry) for entry in turn(parts.right, y)[:, 0]]


def turn(turns: list[Layer], M: Integers) -> Integers:
    """Return the product of 2 H over the layers, the first innermost, times M."""
    for layer in turns:
        M = twice(layer, M)
    return M


def _check(dtype: Precision, m: int, n: int, rank: int, log2_cond: int, residual: float, seed: int) -> None:
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


QUICK_SHAPES = ((16, 9), (16, 16), (30, 10), (10, 30))
SHAPES = (*QUICK_SHAPES, (4, 2), (16, 4), (12, 12), (4, 16), (30, 6), (64, 16), (100, 50))
FULL_SHAPES = (*SHAPES, (4, 4), (8, 4), (8, 8), (64, 64), (200, 5), (50, 100), (16, 64))

SEEDS = (0, 1, 2)
"""Counted from 0 and never selected: what a solver gets wrong here, it gets wrong on an unseen sample."""
MODERATE = 2.0**-8
"""A residual that every shape of the grids can have next to κ = 2⁸ in the 24 bits of float32."""

Grid = Iterator[dict[str, Value]]


def _quick(_dtype: Precision) -> Grid:
    yield from _cross(_deficient(QUICK_SHAPES), (0,), (1.0,), SEEDS[:2])
    yield from _cross(_deficient(QUICK_SHAPES), (8,), (MODERATE,), SEEDS[:1])


def _standard(_dtype: Precision) -> Grid:
    yield from _cross(_deficient(SHAPES), (0, 8), (MODERATE, 1.0), SEEDS)
    yield from _cross([(m, n, 0) for m, n in QUICK_SHAPES], (0,), (0.0, 1.0), SEEDS[:1])
    yield from _cross([(m, n, min(m, n)) for m, n in SHAPES], (0, 8), (0.0,), SEEDS[:1])


def _full(_dtype: Precision) -> Grid:
    yield from _cross(_deficient(FULL_SHAPES), (0, 2, 4, 6, 8), (0.0, MODERATE, 16.0), SEEDS)
    every = [(m, n, rank) for m, n in SHAPES for rank in range(min(m, n))]
    yield from _cross(every, (0, 4), (1.0,), range(5))
    yield from _cross([(m, n, min(m, n)) for m, n in FULL_SHAPES], (0, 4, 8), (0.0,), SEEDS)


def _deficient(shapes: Shapes) -> list[tuple[int, int, int]]:
    """Each shape with about half its full rank, and with one less than full rank."""
    return [(m, n, rank) for m, n in shapes for rank in sorted({min(m, n) // 2, min(m, n) - 1})]


def _cross(
    places: Sequence[tuple[int, int, int]],
    exponents: Sequence[int],
    residuals: Sequence[float],
    seeds: Sequence[int],
) -> Grid:
    for m, n, rank in places:
        possible = exponents if rank > 1 else (0,)
        for named in crossed(log2_cond=possible, residual=residuals, seed=seeds):
            yield {"m": m, "n": n, "rank": rank, **named}


def grid(profile: str, dtype: Precision) -> Grid:
    """List the problems of a profile; raises ValueError for an unknown one."""
    return of_profile(profile, {"quick": _quick, "standard": _standard, "full": _full})(dtype)


def strategy(dtype: Precision) -> Any:
    """Up to 32 rows and columns; the simplest is m=1 n=1 rank=0 and all zeros.

    The number of draws is always the same, so that a search shrinks a counterexample without obstacles.
    """
    from hypothesis import strategies as st

    @st.composite
    def parameters(draw: st.DrawFn) -> dict[str, Value]:
        m, n = draw(st.integers(1, 32)), draw(st.integers(1, 32))
        rank = draw(st.integers(0, min(m, n)))
        log2_cond = draw(st.integers(0, SIGNIFICAND[dtype]))
        residual = draw(st.sampled_from((0.0, 1.0, 2.0**-4, MODERATE, 16.0)))
        seed = draw(st.integers(0, 9999))
        residual = residual if rank < m else 0.0
        spare = SIGNIFICAND[dtype] - bits_needed(m, n, rank, 0, residual)
        log2_cond = min(log2_cond, spare) if rank > 1 else 0
        return {"m": m, "n": n, "rank": rank, "log2_cond": log2_cond, "residual": residual, "seed": seed}

    return parameters()


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
    grid=grid,
    strategy=strategy,
)
