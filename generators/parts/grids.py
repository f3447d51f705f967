"""Fixed grids of problems: Cartesian products of short literal tables, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import TypeVar

from lamm_robust.generators.parts.parameters import one_of
from lamm_robust.values import PROFILES, REAL_OF, Precision, Value

Shapes = Sequence[tuple[int, int]]
"""A list of shapes (m, n)."""
Table = TypeVar("Table")
Grid = Iterator[dict[str, Value]]
"""The problems of a grid: for each, parameter → value."""

MIDDLE: dict[Precision, tuple[int, ...]] = {"float32": (7,), "float64": (20,)}
"""log₂ κ in grids of integer matrices: κ = 128 or 1e6, where what squares κ has lost half of the digits."""
STEEP: dict[Precision, tuple[int, ...]] = {"float32": (13,), "float64": (40,)}
"""log₂ κ in grids of integer matrices: κ = 8e3 or 1e12, below which no tolerance and no loss of digits can hide.

At 30×10, uκ√(mn) is 0.8 % and 0.2 %: the precision still sees the smallest singular value well.
"""
BLOCK_TALL: Shapes = ((33, 32), (65, 33))
BLOCK_SQUARE: Shapes = ((31, 31), (64, 64))
"""(m, n) with 31, 32, 33, 64 and 65 in them, on both sides of the block sizes 32 and 64 that libraries work with.

There a remainder of rows or columns is handled apart, or there is none. Grids share these shapes, as JAX compiles once
for each.
"""
MORE_BLOCK_SQUARE: Shapes = ((32, 32), (33, 33), (65, 65))
"""The other squares of these sizes, for the larger grids."""


def of_profile(profile: str, tables: Mapping[str, Table]) -> Table:
    """Return the table of a profile; raises ValueError for a name that is not a profile."""
    return tables[one_of("profile", profile, [known.name for known in PROFILES])]


def cross(shapes: Shapes = (), **axes: Sequence[Value]) -> Grid:
    """Yield every combination of values on the axes; m and n of the shapes, if there are any, come first."""
    for values in product(*axes.values()):
        named = dict(zip(axes, values, strict=True))
        yield from ({"m": m, "n": n, **named} for m, n in shapes) if shapes else (named,)


def by_profile(
    small: Callable[[Precision], Grid], standard: Callable[[Precision], Grid], full: Callable[[Precision], Grid]
) -> Callable[[str, Precision], Grid]:
    """Make the grid of a family, which lists the problems of a profile; it raises ValueError for an unknown one."""

    def grid(profile: str, dtype: Precision) -> Grid:
        return of_profile(profile, {"small": small, "standard": standard, "full": full})(dtype)

    return grid


Asked = TypeVar("Asked")


def as_real(make: Callable[[Precision], Asked]) -> Callable[[Precision], Asked]:
    """Make of what depends on a real precision what depends on any: of a complex one, on that of its parts."""
    return lambda dtype: make(REAL_OF[dtype])


def grid_as_real(grid: Callable[[str, Precision], Grid]) -> Callable[[str, Precision], Grid]:
    """Make the grid of a family that has the same parameters in a complex precision as in that of its parts."""
    return lambda profile, dtype: grid(profile, REAL_OF[dtype])
