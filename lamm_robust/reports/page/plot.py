"""Small line charts as SVG: grey curves for all solvers, and a few in colour with their names beside them.

Colours are classes of the page's style sheet, for its content policy forbids `style` attributes, and so that a chart
follows the reader's light or dark. Text goes in through Jinja2's escape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from markupsafe import Markup

from lamm_robust.reports.page.curves import Points

WIDTH, HEIGHT = 760, 330
LEFT, RIGHT, TOP, BOTTOM = 68, 190, 12, 40
"""Margins: the right one is for names of 26 letters."""

LINE = 14
"""The least distance between two names."""

COLOURS = 11
"""Colours of the style sheet, of which two neighbours differ in brightness, too."""

Scale = Callable[[float], float]


@dataclass(frozen=True)
class Axis:
    """What an axis shows, between two values, with a text at each of some values."""

    title: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Curve:
    """A curve and the name of its solver."""

    name: str
    label: str
    points: Points
    colour: int | None
    """Number of its colour, for a curve with its name beside it; None for a grey one."""
    words: str
    """What a pointer on it shows."""


def power(exponent: float) -> str:
    """The text 10ᵉ."""
    digits = str(round(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return "1" if exponent == 0 else f"10{digits}"


def powers(low: float, high: float, most: int = 9) -> list[tuple[float, str]]:
    """The powers of ten between two exponents, with their texts; every second or third if there are many."""
    step = max(1, -(-(math.floor(high) - math.ceil(low) + 1) // most))
    return [(float(e), power(e)) for e in range(math.ceil(low), math.floor(high) + 1) if e % step == 0]


def chart(
    title: str,
    x: Axis,
    y: Axis,
    curves: Sequence[Curve],
    mark: tuple[float, str] | None = None,
    names: int = RIGHT,
    dots: Mapping[str, Points] = MappingProxyType({}),
) -> Markup:
    """The chart of curves and dots in values of its axes; what is beyond an axis is drawn at its end.

    `mark` is a level, `names` the width of the margin for the names of the curves, and `dots` are points by the class
    of their colour, the last on top.
    """
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def across(value: float) -> float:
        return LEFT + (right - LEFT) * (min(max(value, x.low), x.high) - x.low) / (x.high - x.low)

    def up(value: float) -> float:
        return bottom - (bottom - TOP) * (min(max(value, y.low), y.high) - y.low) / (y.high - y.low)

    parts = [
        Markup('<svg class="chart" role="img" viewBox="0 0 {} {}" aria-label="{}">').format(
            right + names, HEIGHT, title
        ),
        *(_level(up(value), text) for value, text in y.ticks),
        *(
            Markup('<text x="{:.0f}" y="{}" class="mid">{}</text>').format(across(v), bottom + 16, t)
            for v, t in x.ticks
        ),
        Markup('<text x="{}" y="{}" class="mid">{}</text>').format((LEFT + right) // 2, bottom + 33, x.title),
        Markup('<text transform="translate(13 {}) rotate(-90)" class="mid">{}</text>').format(
            (TOP + bottom) // 2, y.title
        ),
        *_marked(mark, up),
        *(_line(curve, across, up) for curve in curves if curve.colour is None),
        *(_line(curve, across, up) for curve in curves if curve.colour is not None),
        *(_dots(kind, own, across, up) for kind, own in dots.items() if own),
        *_names([curve for curve in curves if curve.colour is not None and curve.points], across, up),
        Markup("</svg>"),
    ]
    return Markup("\n").join(parts)


def _level(height: float, text: str) -> Markup:
    line = Markup('<path class="grid" d="M{} {:.0f}H{}"/>').format(LEFT, height, WIDTH - RIGHT)
    return line + Markup('<text x="{}" y="{:.0f}" class="end">{}</text>').format(LEFT - 6, height + 4, text)


def _marked(mark: tuple[float, str] | None, up: Scale) -> list[Markup]:
    if mark is None:
        return []
    height = up(mark[0])
    return [
        Markup('<path class="mark" d="M{} {:.0f}H{}"/>').format(LEFT, height, WIDTH - RIGHT),
        Markup('<text x="{}" y="{:.0f}" class="note end">{}</text>').format(WIDTH - RIGHT - 4, height - 5, mark[1]),
    ]


def _line(curve: Curve, across: Scale, up: Scale) -> Markup:
    corners = " ".join(f"{a},{b}" for a, b in bends([(round(across(a)), round(up(b))) for a, b in curve.points]))
    kind = "" if curve.colour is None else f" c{curve.colour % COLOURS}"
    return Markup('<polyline class="line{}" data-solver="{}" points="{}"><title>{}</title></polyline>').format(
        kind, curve.name, corners, curve.words
    )


def _dots(kind: str, points: Points, across: Scale, up: Scale) -> Markup:
    """A dot at each place, of points that fall on the same pixel one."""
    places = sorted({(round(across(a)), round(up(b))) for a, b in points})
    return Markup('<path class="dots {}" d="{}"/>').format(kind, "".join(f"M{a} {b}h0" for a, b in places))


def bends(corners: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The corners without those in the middle of a level stretch, which nobody sees."""
    around = zip(corners, corners[1:], corners[2:], strict=False)
    return [*corners[:1], *(b for a, b, c in around if not a[1] == b[1] == c[1]), *corners[1:][-1:]]


def _names(curves: Sequence[Curve], across: Scale, up: Scale) -> list[Markup]:
    """The names right of the curves' ends, as near to them as their distance allows, with a line where they are not."""
    ends = sorted(curves, key=lambda curve: up(curve.points[-1][1]))
    bottom = HEIGHT - 8  # of a line of text: letters such as j reach below it
    heights = spread([up(curve.points[-1][1]) for curve in ends], LINE, TOP, bottom)
    right, parts = WIDTH - RIGHT, []
    for curve, height in zip(ends, heights, strict=True):
        a, b = curve.points[-1]
        kind = f"c{(curve.colour or 0) % COLOURS}"
        parts.append(
            Markup('<path class="lead {}" d="M{:.0f} {:.0f}L{} {:.0f}"/>').format(
                kind, across(a), up(b), right + 12, height
            )
        )
        parts.append(
            Markup('<text class="name {}" x="{}" y="{:.0f}">{}</text>').format(
                kind, right + 15, height + 4, curve.label
            )
        )
    return parts


def spread(wanted: Sequence[float], distance: float, low: float, high: float) -> list[float]:
    """Heights at least `distance` apart, in the same order and near the wanted ones, which ascend.

    They end at `high`, and begin at `low` if there is room.
    """
    heights: list[float] = []
    for height in wanted:
        heights.append(max(height, heights[-1] + distance if heights else low))
    ceiling = high
    for index in reversed(range(len(heights))):
        heights[index] = min(heights[index], ceiling)
        ceiling = heights[index] - distance
    return heights
