"""Weighted rows and graded columns: a well-conditioned integer design, scaled over many powers of two.

*Stiff* problems have rows of very different weight. Heavy rows are nearly constraints, and light rows decide what
those leave open. Householder QR without row interchanges can lose the light rows when heavy rows come after them;
sorting or pivoting the rows by size prevents it (Powell and Reid, On applying Householder transformations to linear
least squares problems, Information Processing 68, North-Holland 1969, 122-126; Björck, Numerical Methods for Least
Squares Problems, SIAM 1996, section 4.4). So the ``order`` of the rows is an axis. Graded columns are the same in the
other direction: unknowns in badly chosen units. They are harmless to a solver that scales columns, and fatal to one
that cuts singular values.

The weights are powers of two from 2^⌊span/2⌋ down, evenly spread in the exponent, and so cost no bit: A is stored
exactly and has the rank min(m, n), proved by parity (see `integer_designs`). Rows stand twice where there is room, at
the same weight, and the residual there is ± the weight of the row. The entry of b in a light row may need more than
the 24 bits of float32; it is rounded once then.

With the weights on the columns of the design B and m ≥ n, 2^span/κ(B) ≤ κ ≤ 2^span·κ(B), where κ(B) is moderate (over
50 seeds 4 to 15 at 30×10 and 15 to 1100 at 16×16). With weights on the rows, or on the columns of a wide matrix, only
the heaviest different ones matter, as many as the rank: κ is the span of their weights, up to a factor of the same
kind.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamm_robust.generators.parts import integer_designs as designs
from lamm_robust.generators.parts.grids import Grid, Shapes, by_profile, cross
from lamm_robust.generators.parts.parameters import MAX_SEED, MAX_SIZE, one_of, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.generators.parts.stream import Integers, Stream
from lamm_robust.values import Array, Family, Params, Precision

ORDERS = ("descending", "ascending", "shuffled")
AXES = ("rows", "columns")
MAX_LOG2_SPAN = 80
"""Largest log₂ of the ratio of weights, 24 decades: even squares of entries stay normal numbers of float32."""


def exponents(count: int, log2_span: int) -> list[int]:
    """Return log₂ of ``count`` weights: whole numbers from ⌊span/2⌋ down to ⌊span/2⌋ − span, evenly spread."""
    last = max(count - 1, 1)
    return [log2_span // 2 - i * log2_span // last for i in range(count)]


def arrangement(count: int, order: str, stream: Stream) -> Integers:
    """Return the indices 0 … count − 1 of the weights in the named order; index 0 has the largest weight."""
    if order == "shuffled":
        return stream.permutation(count)
    return np.arange(count) if order == "descending" else np.arange(count)[::-1]


def build(
    dtype: Precision, *, m: int, n: int, log2_span: int, order: str, axis: str, residual: float, seed: int
) -> tuple[Array, Array]:
    """Build A (m×n) and b (m): rank A = min(m, n), ‖b − Ax★‖/‖Ax★‖ = residual to within 1/32 and b's rounding.

    Raises ValueError for a bad parameter, and for a residual where every row must be different.
    """
    _check(m, n, log2_span, order, axis, residual, seed)
    rank = min(m, n)
    rows, signs = designs.repeated_rows(m, rank)
    different = m - designs.pair_count(m, rank)
    B = designs.independent_columns(Stream("weighted", "design", m, n, seed), different, n)[rows]
    heights = np.array(exponents(different, log2_span if axis == "rows" else 0))[rows]
    widths = np.array(exponents(n, log2_span if axis == "columns" else 0))
    y = Stream("weighted", "solution", m, n, seed).coefficients(n)
    b = np.array(designs.right_side(B, y, signs, residual, heights.tolist()), dtype=np.float64)
    places = arrangement(m if axis == "rows" else n, order, Stream("weighted", "order", m, n, seed))
    A, b = np.ldexp(B.astype(np.float64), heights[:, None] + widths), np.ldexp(b, heights)
    A, b = (A[places], b[places]) if axis == "rows" else (A[:, places], b)
    return A.astype(dtype, order="C"), b.astype(dtype)


def _check(m: int, n: int, log2_span: int, order: str, axis: str, residual: float, seed: int) -> None:
    whole("m", m, 1, MAX_SIZE)
    whole("n", n, 1, designs.MAX_COLUMNS)
    one_of("axis", axis, AXES)
    weights = n if axis == "columns" else m - designs.pair_count(m, min(m, n))
    whole("log2_span", log2_span, 0, MAX_LOG2_SPAN if weights > 1 else 0)
    one_of("order", order, ORDERS)
    designs.check_residual(residual, m, min(m, n))
    whole("seed", seed, 0, MAX_SEED)


SPANS = (16, 33, 66)
"""``log2_span`` in grids: the largest weight is up to 2⁶⁶, about 10²⁰, times the smallest."""
TALL = ((30, 10), (16, 9))
FLAT = ((16, 16), (10, 30))
"""(m, n) of square and wide grid problems. Other families have these shapes, too: JAX compiles once for each shape."""
SMALL = 2.0**-10


def _small(_dtype: Precision) -> Grid:
    yield from _cross(TALL[:1], SPANS[2:], ORDERS[1:], AXES[:1], (0.0,))
    yield from _cross(TALL[:1], SPANS[1:2], ORDERS[:1], AXES[1:], (1.0,))
    yield from _cross(TALL[:1], SPANS[:2], ORDERS[1:2], AXES[:1], (SMALL, 1.0))
    yield from _cross(TALL[1:], SPANS[1:], ORDERS[2:], AXES[1:], (SMALL,))
    yield from _cross(FLAT, SPANS[1:2], ORDERS[2:], AXES[:1], (0.0,))
    yield from _cross(FLAT[:1], SPANS[1:2], ORDERS[1:2], AXES[1:], (0.0,))


def _standard(_dtype: Precision) -> Grid:
    yield from _cross(TALL, SPANS, ORDERS, AXES, (SMALL,))
    yield from _cross(TALL[:1], SPANS, ORDERS[1:2], AXES, (1.0,), seeds=(1,))
    yield from _cross(FLAT, SPANS[:2], ORDERS[1:], AXES, (0.0,))


def _full(_dtype: Precision) -> Grid:
    spans = (0, 8, *SPANS, 80)
    yield from _cross(TALL, spans, ORDERS, AXES, (0.0, SMALL, 1.0), seeds=(0, 1))
    yield from _cross(FLAT, spans, ORDERS, AXES, (0.0,), seeds=(0, 1))
    yield from _cross(((64, 16), (100, 50)), SPANS, ORDERS, AXES, (SMALL, 1.0))


def _cross(
    shapes: Shapes,
    spans: Sequence[int],
    orders: Sequence[str],
    axes: Sequence[str],
    residuals: Sequence[float],
    seeds: Sequence[int] = (0,),
) -> Grid:
    return cross(shapes, log2_span=spans, order=orders, axis=axes, residual=residuals, seed=seeds)


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, _dtype: Precision) -> Params:
    """Draw up to 32 rows and columns; the simplest problem is 1×1 without weights or residual."""
    m, n = draw.whole(1, 32), draw.whole(1, 32)
    log2_span = draw.whole(0, MAX_LOG2_SPAN)
    order, axis = draw.one_of(ORDERS), draw.one_of(AXES)
    residual = draw.one_of(designs.RESIDUALS)
    weights = n if axis == "columns" else m - designs.pair_count(m, min(m, n))
    return {
        "m": m,
        "n": n,
        "log2_span": log2_span if weights > 1 else 0,
        "order": order,
        "axis": axis,
        "residual": residual if m > n else 0.0,
        "seed": draw.seed(),
    }


FAMILY = Family(
    name="weighted",
    summary="integer designs with weights over many powers of two, in the rows (stiff) or in the columns (graded)",
    parameters={
        "m": "number of rows",
        "n": "number of columns",
        "log2_span": "log₂ of the ratio of the largest to the smallest weight",
        "order": "how the weights stand: " + ", ".join(ORDERS),
        "axis": "what the weights scale: " + ", ".join(AXES),
        "residual": "‖b − Ax★‖/‖Ax★‖, 0 or a power of two",
        "seed": "number of the random stream",
    },
    build=build,
    grid=grid,
    strategy=strategy,
)
