"""The curves of a claim: what its table has measured over κ, as charts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from lamm_robust.reports.page.curves import Points
from lamm_robust.reports.page.plot import Axis, Curve, chart, powers

OVER = "κ"
"""The first column of a table that has curves."""

COLUMN = re.compile(r"(?P<name>[^:]+): (?P<unit>.+)|(?P<long>.+) \((?P<of>[^()]+)\)")
"""What the title of a measured column says: *name: unit* or *name (unit)*. Other columns count or refuse something."""

LETTER = 7
"""Width of a letter of a name: the plot's own margin of 190 is for 26 of them."""


def charts_of(claim: Mapping[str, Any]) -> list[Markup]:
    """For each unit of a claim's table over κ a chart of its columns; none where the table is another one."""
    if not claim["columns"] or claim["columns"][0] != OVER:
        return []
    units: dict[str, dict[str, Points]] = {}
    for place, title in enumerate(claim["columns"]):
        if found := COLUMN.fullmatch(title):
            pairs = [(middle(row[0]), middle(row[place])) for row in claim["rows"]]  # some rows have a word for κ
            if points := [(math.log10(kappa), math.log10(value)) for kappa, value in pairs if kappa > 0 < value]:
                units.setdefault(found["unit"] or found["of"], {})[found["name"] or found["long"]] = points
    return [_chart(claim["title"], unit, curves) for unit, curves in units.items()]


def middle(value: object) -> float:
    """The middle of (smallest, middle, largest), a number itself; 0 for what has no place on a logarithmic axis."""
    number = value[1] if isinstance(value, Sequence) and len(value) == 3 else value
    return float(number) if isinstance(number, int | float) and math.isfinite(number) else 0.0


def _chart(title: str, unit: str, curves: Mapping[str, Points]) -> Markup:
    """The medians of some columns in one unit, over κ, on logarithmic axes."""
    across, up = ([point[axis] for points in curves.values() for point in points] for axis in (0, 1))
    x = Axis(OVER, min(across), max(across), powers(min(across), max(across)))
    low, high = math.floor(min(up)), max(math.ceil(max(up)), math.floor(min(up)) + 1)
    lines = [
        Curve(name, name, points, colour, f"{name}: in the median of the problems")
        for colour, (name, points) in enumerate(curves.items())
    ]
    return chart(
        f"{title}: {unit} over κ",
        x,
        Axis(unit, low, high, powers(low, high)),
        lines,
        names=LETTER * (2 + max(map(len, curves))),
    )
