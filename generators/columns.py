"""Design matrices with related columns: what a regression is handed by mistake.

A column twice, the same quantity in two units, two constants, a column of zeros, an intercept beside all dummies of a
factor (the dummy variable trap: Suits, Use of dummy variables in regression equations, J. Amer. Statist. Assoc. 52
(1957) 548-551), a total beside its parts. Each pattern makes exactly one column too many. Every entry is a whole
number of at most 300 in size, so nothing is rounded. The stored matrix has the rank min(m, n − 1), proved by parity
(see `integer_designs`), and a factorisation that finds a larger one has taken its own rounding errors for data.
Without the extra column the matrix is well conditioned as a rule: no κ is asked for.

The order of the columns matters to what eliminates them in turn, so ``position`` says where the related ones stand.
In a complex precision the entries are Gaussian integers; the related columns are combined as in the real one.

Rows stand twice where there is room, which makes a residual of exact size possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamm_robust.generators.parts import integer_designs as designs
from lamm_robust.generators.parts.complex_svd import joined, unit_multiples
from lamm_robust.generators.parts.grids import Grid, Shapes, as_real, by_profile, cross, grid_as_real
from lamm_robust.generators.parts.parameters import MAX_SEED, MAX_SIZE, one_of, whole
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.generators.parts.stream import Integers, Stream
from lamm_robust.values import COMPLEX, EVERY_PRECISION, Array, Family, Params, Precision

LEVELS = 3
"""The number of levels of the factor: its three dummies and the intercept are four columns of rank three."""


@dataclass(frozen=True)
class Pattern:
    """k + 1 related columns, each a linear combination of the first k columns of a basis."""

    combinations: tuple[tuple[int, ...], ...]
    """For each related column, its coefficients in the basis."""
    basis: str = "free"
    """What the basis begins with: ``free`` numbers only, an ``intercept``, or the dummies of a ``factor``."""


PATTERNS = {
    "duplicate": Pattern(((1,), (1,))),
    "affine": Pattern(((0, 1), (2, 1), (1, 0)), "intercept"),
    "scaled": Pattern(((1,), (3,))),
    "constant": Pattern(((1,), (5,)), "intercept"),
    "zero": Pattern(((),)),
    "dummy": Pattern(((1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1)), "factor"),
    "sum": Pattern(((1, 0), (0, 1), (1, 1))),
}
"""The related columns are (x, x), (x, x + 2, 1), (x, 3x), (1, 5), (0), (1, d₁, d₂, d₃) and (x, y, x + y)."""
POSITIONS = ("first", "middle", "last")


def basis(kind: str, rows: int, columns: int, seed: int) -> Integers:
    """Draw independent columns, of shape (rows, columns); an intercept or dummies take the place of the first ones.

    A column of ones is odd on the diagonal, and the dummies begin with the rows of an identity, odd on the diagonal
    and even above it: parity still proves the rank.
    """
    B = designs.independent_columns(Stream("columns", "basis", rows, columns, seed), rows, columns)
    if kind == "intercept":
        B[:, 0] = 1
    if kind == "factor":
        levels = Stream("columns", "levels", rows, columns, seed).integers(rows, 0, LEVELS - 1)
        levels[:LEVELS] = np.arange(LEVELS)[:rows]  # no level is empty if there are rows enough
        B[:, :LEVELS] = levels[:, None] == np.arange(LEVELS)
    return B


def imaginary_basis(kind: str, rows: int, columns: int, seed: int) -> Integers:
    """Draw the imaginary parts of a complex basis: even numbers from −98 to 98, and none of an intercept or dummies.

    Modulo 1 + i they vanish, so the parity of the real parts proves the rank of the Gaussian integers, too.
    """
    stream = Stream("columns", "imaginary", rows, columns, seed)
    Q = 2 * stream.integers(rows * columns, -49, 49).reshape(rows, columns)
    Q[:, : {"intercept": 1, "factor": LEVELS}.get(kind, 0)] = 0
    return Q


def related_columns(pattern: str, B: Integers) -> Integers:
    """Return the related columns of a pattern, made of the first columns of the basis B."""
    block = np.zeros((len(B), len(PATTERNS[pattern].combinations)), dtype=np.int64)
    for j, combination in enumerate(PATTERNS[pattern].combinations):
        for k, factor in enumerate(combination):
            block[:, j] += factor * B[:, k]
    return block


def arranged(pattern: str, position: str, B: Integers) -> Integers:
    """Return the columns of A: the related ones at their position among those of the basis that stand alone."""
    block = related_columns(pattern, B)
    single = B[:, block.shape[1] - 1 :]
    start = {"first": 0, "middle": single.shape[1] // 2, "last": single.shape[1]}[position]
    return np.hstack((single[:, :start], block, single[:, start:]))


def build(
    dtype: Precision, *, m: int, n: int, pattern: str, position: str, residual: float, seed: int
) -> tuple[Array, Array]:
    """Build A (m×n) and b (m), whole numbers: rank A = min(m, n − 1), ‖b − Ax★‖/‖Ax★‖ = residual to within 1/32.

    Raises ValueError for a bad parameter, and for a residual where every row must be different.
    """
    whole("m", m, 1, MAX_SIZE)
    one_of("pattern", pattern, tuple(PATTERNS))
    whole("n", n, len(PATTERNS[pattern].combinations), designs.MAX_COLUMNS)
    one_of("position", position, POSITIONS)
    designs.check_residual(residual, m, min(m, n - 1))
    whole("seed", seed, 0, MAX_SEED)
    rows, signs = designs.repeated_rows(m, min(m, n - 1))
    order = Stream("columns", "order", m, n, seed).permutation(m)
    different = int(rows[-1]) + 1
    kind = PATTERNS[pattern].basis
    B = basis(kind, different, n - 1, seed)[rows[order]]
    A = arranged(pattern, position, B)
    y = Stream("columns", "solution", m, n, seed).coefficients(n - 1)
    if dtype in COMPLEX:
        Q = imaginary_basis(kind, different, n - 1, seed)[rows[order]]
        turned = unit_multiples(Stream("columns", "turns", m, n, seed), y)
        parts = designs.complex_right_side(np.stack((B, Q)), turned, signs[order], residual)
        return joined(np.stack((A, arranged(pattern, position, Q))), dtype), joined(parts, dtype)
    b = designs.right_side(B, y, signs[order], residual, [0] * m)
    return A.astype(dtype, order="C"), np.array(b, dtype=np.int64).astype(dtype)


SMALL = 2.0**-10
TALL = ((30, 10), (16, 9))
FLAT = ((16, 16), (10, 30))
"""(m, n) of a square and a wide problem: the square one has one row twice, the rank of the wide one is m. Other
families have these shapes, too: JAX compiles once for each shape."""

ALL = tuple(PATTERNS)


def _small(_dtype: Precision) -> Grid:
    yield from _cross(TALL[:1], ALL, POSITIONS[2:], (1.0,))
    yield from _cross(TALL[1:], ("affine", "dummy"), POSITIONS[:1], (SMALL,))
    yield from _cross(FLAT[:1], ("duplicate", "sum"), POSITIONS[1:2], (SMALL,))
    yield from _cross(FLAT[1:], ("scaled",), POSITIONS[1:2], (0.0,))


def _standard(_dtype: Precision) -> Grid:
    yield from _cross(TALL[:1], ALL, POSITIONS, (1.0,))
    yield from _cross(TALL[1:], ALL, POSITIONS[::2], (SMALL,), seeds=(1,))
    yield from _cross(FLAT[:1], ALL, POSITIONS[1:2], (SMALL,))
    yield from _cross(FLAT[1:], ALL, POSITIONS[1:2], (0.0,))
    yield from _cross(((100, 50),), ALL[:2], POSITIONS[2:], (1.0,))


def _full(_dtype: Precision) -> Grid:
    yield from _cross(TALL, ALL, POSITIONS, (0.0, SMALL, 1.0), seeds=(0, 1, 2))
    yield from _cross(FLAT[:1], ALL, POSITIONS, (0.0, SMALL), seeds=(0, 1, 2))
    yield from _cross(FLAT[1:], ALL, POSITIONS, (0.0,), seeds=(0, 1, 2))
    yield from _cross(((64, 16), (100, 50)), ALL, POSITIONS, (SMALL, 1.0))


def _cross(
    shapes: Shapes,
    patterns: Sequence[str],
    positions: Sequence[str],
    residuals: Sequence[float],
    seeds: Sequence[int] = (0,),
) -> Grid:
    return cross(shapes, pattern=patterns, position=positions, residual=residuals, seed=seeds)


grid = by_profile(_small, _standard, _full)


@search_strategy
def strategy(draw: Draw, _dtype: Precision) -> Params:
    """Draw up to 32 rows and columns; the simplest problem is one row of two equal columns, without a residual."""
    pattern = draw.one_of(ALL)
    m, n = draw.whole(1, 32), draw.whole(len(PATTERNS[pattern].combinations), 32)
    position = draw.one_of(POSITIONS)
    residual = draw.one_of(designs.RESIDUALS)
    return {
        "m": m,
        "n": n,
        "pattern": pattern,
        "position": position,
        "residual": residual if m > max(n - 1, 1) else 0.0,
        "seed": draw.seed(),
    }


FAMILY = Family(
    name="columns",
    summary="regressions with one column too many: duplicates, units, constants, zeros, dummies, totals",
    parameters={
        "m": "number of rows",
        "n": "number of columns",
        "pattern": "how columns are related: " + ", ".join(PATTERNS),
        "position": "where the related columns stand: " + ", ".join(POSITIONS),
        "residual": "‖b − Ax★‖/‖Ax★‖, 0 or a power of two",
        "seed": "number of the random stream",
    },
    build=build,
    grid=grid_as_real(grid),
    strategy=as_real(strategy),
    precisions=EVERY_PRECISION,
)
