"""Fixed grids: the Cartesian product of short literal tables, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import TypeVar

from lamm_robust.generators.parts.parameters import one_of
from lamm_robust.values import PROFILES, Precision, Value

Shapes = Sequence[tuple[int, int]]
Table = TypeVar("Table")
Grid = Iterator[dict[str, Value]]


def of_profile(profile: str, tables: Mapping[str, Table]) -> Table:
    """Return the table of a profile; raises ValueError for a name that is not a profile."""
    return tables[one_of("profile", profile, [known.name for known in PROFILES])]


def crossed(shapes: Shapes = (), **axes: Sequence[Value]) -> Iterator[dict[str, Value]]:
    """Yield every combination of the axes as parameters; with shapes, m and n come first."""
    for values in product(*axes.values()):
        named = dict(zip(axes, values, strict=True))
        yield from ({"m": m, "n": n, **named} for m, n in shapes) if shapes else (named,)


def by_profile(
    quick: Callable[[Precision], Grid], standard: Callable[[Precision], Grid], full: Callable[[Precision], Grid]
) -> Callable[[str, Precision], Grid]:
    """Return the grid of a family: it lists the problems of a profile, and raises ValueError for an unknown one."""

    def grid(profile: str, dtype: Precision) -> Grid:
        return of_profile(profile, {"quick": quick, "standard": standard, "full": full})(dtype)

    return grid
