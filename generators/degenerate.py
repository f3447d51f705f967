"""Shapes and right-hand sides at the edge: no rows, no columns, one of either, nothing but zeros, nothing to fit.

A selection that comes back empty, a model without regressors, a single measurement, a sensor that is switched off:
programs meet these more often than ill-conditioned matrices, and code that is right in general divides by zero or
takes the largest of no numbers there. All entries are whole numbers of two digits, so nothing is rounded. The matrix is

* ``zero``: all entries are 0, or there are none. The rank is 0, x★ = 0, and every b is at right angles to the range;
* ``dense``: of rank min(m, n), proved by parity (see `integer_designs`);
* ``column`` or ``row``: zero but for one column, or one row, at a place that the seed decides, and of rank 1.

The right-hand side is ``zero``, ``orthogonal`` to the range of A exactly (so that x★ = 0 again), or ``general``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamm_robust.generators.parts.grids import Grid, Shapes, by_profile, cross
from lamm_robust.generators.parts.integer_designs import LARGEST_ENTRY, MAX_COLUMNS, independent_columns, repeated_rows
from lamm_robust.generators.parts.parameters import MAX_SEED, MAX_SIZE, one_of, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.generators.parts.stream import Integers, Stream
from lamm_robust.values import Array, Family, Params, Precision

MATRICES = ("zero", "dense", "column", "row")
TARGETS = ("zero", "general", "orthogonal")


def rank_of(m: int, n: int, matrix: str) -> int:
    """Return the rank of the m×n matrix named ``matrix``: ``zero``, ``dense``, ``column`` or ``row``."""
    return {"zero": 0, "dense": min(m, n), "column": 1, "row": 1}[matrix]


def matrices(m: int, n: int) -> tuple[str, ...]:
    """Return the names of the m×n matrices; if m or n is 0, all are the same and only ``zero`` is returned."""
    return MATRICES if m * n else MATRICES[:1]


def targets(m: int, n: int, matrix: str) -> tuple[str, ...]:
    """Return the names of the right-hand sides of a matrix: no ``general`` at rank 0, no ``orthogonal`` at rank m."""
    rank, possible = rank_of(m, n, matrix), ["zero"]
    if rank:
        possible.append("general")
    if rank < m:
        possible.append("orthogonal")
    return tuple(possible)


def build(dtype: Precision, *, m: int, n: int, matrix: str, target: str, seed: int) -> tuple[Array, Array]:
    """Build A (m×n) and b (m), whole numbers of two digits; m and n may be 0.

    Raises ValueError for a bad parameter, and for a matrix or a right-hand side that does not exist in this shape.
    """
    _check(m, n, matrix, target, seed)
    stream = Stream("degenerate", m, n, matrix, target, seed)
    A, at_right_angles = design(stream, m, n, matrix)
    b = {
        "zero": np.zeros(m, dtype=np.int64),
        "general": stream.nonzero(m, LARGEST_ENTRY),
        "orthogonal": at_right_angles,
    }[target]
    return A.astype(dtype, order="C"), b.astype(dtype)


def design(stream: Stream, m: int, n: int, matrix: str) -> tuple[Integers, Integers]:
    """Draw A (m×n), and a vector (m) orthogonal to its columns, which is zero only if the rank is m."""
    A, across = np.zeros((m, n), dtype=np.int64), stream.nonzero(m, LARGEST_ENTRY)
    if matrix == "row":
        place = int(stream.integers(1, 0, m - 1)[0])
        A[place], across[place] = stream.nonzero(n, LARGEST_ENTRY), 0
    if matrix in ("dense", "column"):
        rows, signs = repeated_rows(m, rank_of(m, n, matrix))  # +1 and −1 at two equal rows
        across = signs * int(stream.integers(1, 1, LARGEST_ENTRY)[0])
        different = int(rows[-1]) + 1
        if matrix == "dense":
            A = independent_columns(stream, different, n)[rows]
        else:
            A[:, int(stream.integers(1, 0, n - 1)[0])] = stream.nonzero(different, LARGEST_ENTRY)[rows]
    return A, across


def _check(m: int, n: int, matrix: str, target: str, seed: int) -> None:
    whole("m", m, 0, MAX_SIZE)
    whole("n", n, 0, MAX_COLUMNS)
    one_of("matrix", matrix, MATRICES)
    if matrix not in matrices(m, n):
        raise ValueError(f"matrix is {matrix!r}; where A is {m}×{n} and has no entries accepted is zero.")
    one_of("target", target, TARGETS)
    if target not in (accepted := targets(m, n, matrix)):
        rank = rank_of(m, n, matrix)
        raise ValueError(f"target is {target!r}; where m={m} and rank={rank} accepted is {' or '.join(accepted)}.")
    whole("seed", seed, 0, MAX_SEED)


EMPTY = ((0, 0), (30, 0), (0, 10))
LINES = ((1, 1), (1, 3), (11, 1))
TALL = ((30, 10),)
FLAT = ((16, 16), (10, 30))
"""(m, n) of square and wide grid problems. Other families have these shapes, too: JAX compiles once for each shape."""


def _small(_dtype: Precision) -> Grid:
    yield from _cross(EMPTY[:1], ("zero",), ("zero",))
    yield from _cross(EMPTY[1:2], ("zero",), ("orthogonal",))
    yield from _cross(EMPTY[2:], ("zero",), ("zero",))
    yield from _cross(LINES, ("dense",), ("general",))
    yield from _cross(TALL, ("zero", "dense"), ("orthogonal",))
    yield from _cross(TALL, ("dense",), ("zero",))
    yield from _cross(TALL, ("column", "row"), ("general",))


def _standard(_dtype: Precision) -> Grid:
    yield from _cross((*EMPTY, *TALL), MATRICES, TARGETS)
    yield from _cross(LINES, MATRICES[:2], TARGETS)
    yield from _cross(FLAT, MATRICES, ("orthogonal",))
    yield from _cross(FLAT, ("dense",), ("zero",))


def _full(_dtype: Precision) -> Grid:
    yield from _cross((*EMPTY, *LINES, *TALL, *FLAT), MATRICES, TARGETS)
    yield from _cross((*LINES, *TALL, *FLAT), MATRICES[1:], TARGETS[1:], seeds=(1, 2))


def _cross(shapes: Shapes, kinds: Sequence[str], sides: Sequence[str], seeds: Sequence[int] = (0,)) -> Grid:
    """Yield the parameters of all combinations, without the matrices and right-hand sides that a shape lacks."""
    for m, n in shapes:
        for matrix in kinds:
            if matrix in matrices(m, n):
                there = [side for side in sides if side in targets(m, n, matrix)]
                yield from cross([(m, n)], matrix=(matrix,), target=there, seed=seeds)


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, _dtype: Precision) -> Params:
    """Draw up to 32 rows and columns; the simplest problem has neither."""
    m, n = draw.whole(0, 32), draw.whole(0, 32)
    matrix, target = draw.one_of(MATRICES), draw.one_of(TARGETS)
    matrix = matrix if matrix in matrices(m, n) else "zero"
    target = target if target in targets(m, n, matrix) else "zero"
    return {"m": m, "n": n, "matrix": matrix, "target": target, "seed": draw.seed()}


FAMILY = Family(
    name="degenerate",
    summary="no rows, no columns, one of either, zero matrices and targets, one column or row that is not zero",
    parameters={
        "m": "number of rows, 0 or more",
        "n": "number of columns, 0 or more",
        "matrix": "what A is: " + ", ".join(MATRICES),
        "target": "what b is: " + ", ".join(TARGETS),
        "seed": "number of the random stream",
    },
    build=build,
    grid=grid,
    strategy=strategy,
)
