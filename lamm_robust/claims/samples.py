"""What the samples of `clock` show: quartiles of times, ratios turn by turn, and whether a promise is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lamm_robust.claims.finding import Spread, quartiles

Row = Mapping[str, Any]
"""One line of samples: names of what was measured, and numbers or lists of them."""

FASTER = 5.0
"""Lower end of the 5–20 times speed-up that the notes promise; more than 20 also keeps the promise."""


def micro(samples: Sequence[float]) -> Spread:
    """Quartiles and median in microseconds, of seconds."""
    return quartiles([1e6 * value for value in samples])


def ratio(above: Sequence[float], below: Sequence[float]) -> Spread:
    """Quartiles and median of the ratios turn by turn."""
    return quartiles([a / b for a, b in zip(above, below, strict=True)])


def size(row: Row) -> str:
    """The size of the matrix as text, "rows×columns"."""
    return f"{row['m']}×{row['n']}"


def where(passes: Mapping[str, bool]) -> tuple[bool, str]:
    """Whether a claim holds everywhere, and, if it holds only somewhere, where that is."""
    names = [name for name, good in passes.items() if good]
    return len(names) == len(passes) > 0, " or ".join(names) if 0 < len(names) < len(passes) else ""


def faster(speedups: Mapping[str, float]) -> tuple[bool, str]:
    """Whether the promise of 5 to 20 times is kept, and where: see `where`."""
    return where({name: value >= FASTER for name, value in speedups.items()})
