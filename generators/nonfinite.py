"""NaN or ∞ in A or b: there is no answer, and the question is whether a solver says so.

One missing measurement is NaN in most programs, one division by zero is ∞, and both spread silently. No finite x is a
least-squares solution then. So a solver is right if it refuses or returns an x that is not finite, and wrong if it
returns numbers as if nothing were the matter. LAPACK itself promises nothing: SciPy's manual names "crashes,
non-termination" as what may happen without `check_finite`. With ∞ as the first entry of a 30×10 matrix,
`numpy.linalg.lstsq`, `numpy.linalg.pinv` and `jax.numpy.linalg.lstsq` gave no answer within a minute (OpenBLAS 0.3).

The problem is one of `exact_rank` (κ = 4, and a residual as large as the fit where there is room) in which some entries
are replaced: one, a row, a column or all of A; one or all of b. Of a complex entry it is the imaginary part, where who
looks at real parts misses it. A NaN is always the same quiet one, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lamm_robust.generators import exact_rank
from lamm_robust.generators.parts.grids import Grid, as_real, by_profile, cross, grid_as_real
from lamm_robust.generators.parts.parameters import MAX_SEED, one_of, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.values import COMPLEX, EVERY_PRECISION, REAL_OF, Array, Family, Params, Precision

LARGEST = 256
"""Largest m or n accepted: NaN behaves the same at any size."""
LOG2_COND = 2
"""log₂ of κ = 4, which every size and precision can hold: conditioning is not the question."""

PATTERNS: Mapping[str, Mapping[Precision, int]] = {
    "not-a-number": {"float32": 0x7FC00000, "float64": 0x7FF8000000000000},
    "plus-infinity": {"float32": 0x7F800000, "float64": 0x7FF0000000000000},
    "minus-infinity": {"float32": 0xFF800000, "float64": 0xFFF0000000000000},
}
"""Value → its bits in each precision (IEEE 754, 3.4 and 6.2.1: this NaN is positive and quiet, with no payload).

The values are not called "nan" and "inf", because a key would read these as numbers.
"""
ENTRY = ("first", "middle", "last")
"""Place names that mean one single entry."""
PLACES: Mapping[str, Sequence[str]] = {"A": (*ENTRY, "row", "column", "all"), "b": (*ENTRY, "all")}


def build(
    dtype: Precision, *, m: int, n: int, rank: int, value: str, array: str, place: str, seed: int
) -> tuple[Array, Array]:
    """Build A (m×n) of rank ``rank`` and b (m), then store the value at the place of the array A or b.

    Raises ValueError for a bad parameter.
    """
    whole("m", m, 1, LARGEST)
    whole("n", n, 1, LARGEST)
    whole("rank", rank, 1, min(m, n))
    one_of("value", value, tuple(PATTERNS))
    one_of("array", array, tuple(PLACES))
    one_of("place", place, PLACES[array])
    whole("seed", seed, 0, MAX_SEED)
    exponent, residual = (LOG2_COND if rank > 1 else 0), float(rank < m)
    A, b = exact_rank.build(dtype, m=m, n=n, rank=rank, log2_cond=exponent, residual=residual, seed=seed)
    changed = A if array == "A" else b
    parts = changed.imag if dtype in COMPLEX else changed
    bits = parts.view(np.uint32 if REAL_OF[dtype] == "float32" else np.uint64)  # no arithmetic touches a NaN
    bits[index_of(changed.shape, place)] = PATTERNS[value][REAL_OF[dtype]]
    return A, b


def index_of(shape: tuple[int, ...], place: str) -> tuple[int | slice, ...]:
    """Return the index of a place in an array of that shape; ``row`` and ``column`` mean the middle ones."""
    if place == "all":
        return ()
    if place == "row":
        return (shape[0] // 2,)
    if place == "column":
        return (slice(None), shape[1] // 2)
    return tuple({"first": 0, "middle": size // 2, "last": size - 1}[place] for size in shape)


VALUES = tuple(PATTERNS)
NAN = VALUES[:1]
TALL, DEFICIENT, SQUARE, WIDE = (30, 10, 10), (30, 10, 7), (16, 16, 16), (10, 30, 10)
"""(m, n, rank) of the grid problems; other families have these shapes, too, because JAX compiles per shape."""
INSIDE = tuple(place for place in PLACES["A"] if place != "first")
"""All places but the first entry. Solvers that call LAPACK's SVD may hang on ∞ there, which costs twice the time limit:
`small` does not ask it, `standard` asks it once, and `full` everywhere."""


def _small(_dtype: Precision) -> Grid:
    yield from _cross((TALL,), VALUES, "A", ("middle",))
    yield from _cross((TALL,), NAN, "A", ("row", "all"))
    yield from _cross((TALL,), VALUES[:2], "b", ("middle",))
    yield from _cross((DEFICIENT,), VALUES[:2], "A", ("last",))
    yield from _cross((SQUARE, WIDE), NAN, "A", ("first",))
    yield from _cross((WIDE,), NAN, "b", ("last",))


def _standard(_dtype: Precision) -> Grid:
    yield from _cross((TALL,), VALUES, "A", INSIDE)
    yield from _cross((TALL,), VALUES, "b", ("middle", "all"))
    yield from _cross((DEFICIENT,), VALUES, "A", ("middle", "column"))
    yield from _cross((SQUARE, WIDE), VALUES[:2], "A", ("last",))
    yield from _cross((TALL, SQUARE, WIDE), NAN, "A", ("first",))
    yield from _cross((TALL,), ("plus-infinity",), "A", ("first",))
    yield from _cross((SQUARE, WIDE), NAN, "b", ("last",))


def _full(_dtype: Precision) -> Grid:
    for array, places in PLACES.items():
        yield from _cross((TALL, DEFICIENT, SQUARE, WIDE, (1, 1, 1)), VALUES, array, places)


def _cross(sizes: Sequence[tuple[int, int, int]], values: Sequence[str], array: str, places: Sequence[str]) -> Grid:
    for m, n, rank in sizes:
        yield from cross([(m, n)], rank=(rank,), value=values, array=(array,), place=places, seed=(0,))


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, _dtype: Precision) -> Params:
    """Draw up to 16 rows and columns; the simplest problem is one NaN as the only entry of A."""
    m, n = draw.whole(1, 16), draw.whole(1, 16)
    rank = draw.whole(1, min(m, n))
    value, array = draw.one_of(VALUES), draw.one_of(tuple(PLACES))
    return {
        "m": m,
        "n": n,
        "rank": rank,
        "value": value,
        "array": array,
        "place": draw.one_of(PLACES[array]),
        "seed": draw.seed(),
    }


FAMILY = Family(
    name="nonfinite",
    summary="NaN or ∞ in A or b: no answer exists, and a solver should say so",
    parameters={
        "m": "number of rows",
        "n": "number of columns",
        "rank": "rank of A before anything is replaced",
        "value": "what is put in: " + ", ".join(PATTERNS),
        "array": "where: A or b",
        "place": "at which entries: " + ", ".join(PLACES["A"]) + " (of b: " + ", ".join(PLACES["b"]) + ")",
        "seed": "number of the random stream",
    },
    build=build,
    grid=grid_as_real(grid),
    strategy=as_real(strategy),
    precisions=EVERY_PRECISION,
    defined=False,
)
