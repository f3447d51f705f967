"""Two runs against each other: a dot for each attempt, and for each solver how its times compare, with an interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lamm_robust.reports.page.plot import Axis

SIDE = 420
"""Width and height of the square in which dots stand."""

LEFT, BOTTOM, TOP = 62, 40, 12
"""Margins for the texts of the axes."""

NAMES = 250
"""Room for the names of solvers, of up to 36 letters."""

STEP = 17
"""Height of a solver's line."""

TWICE = 2.0
"""Ratios are shown from 1/TWICE to TWICE at least."""

Spot = tuple[float, float]


@dataclass(frozen=True)
class Whisker:
    """A solver's ratio of times: the median, its interval, and the class of its colour."""

    name: str
    median: float
    low: float
    high: float
    kind: str
    words: str


def scatter(title: str, axis: Axis, x: str, y: str, spots: Mapping[str, Iterable[Spot]]) -> Markup:
    """Dots on a square with the same axis twice, and its diagonal; the classes are drawn in their order."""

    def place(value: float) -> float:
        return SIDE * (min(max(value, axis.low), axis.high) - axis.low) / (axis.high - axis.low)

    bottom, right = TOP + SIDE, LEFT + SIDE
    parts = [
        Markup('<svg class="chart square" role="img" viewBox="0 0 {} {}" aria-label="{}">').format(
            right + 20, bottom + BOTTOM, title
        )
    ]
    for value, text in axis.ticks:
        across, up = LEFT + place(value), bottom - place(value)
        parts += [
            Markup('<path class="grid" d="M{} {:.0f}H{}M{:.0f} {}V{}"/>').format(LEFT, up, right, across, TOP, bottom),
            Markup('<text x="{}" y="{:.0f}" class="end">{}</text>').format(LEFT - 6, up + 4, text),
            Markup('<text x="{:.0f}" y="{}" class="mid">{}</text>').format(across, bottom + 16, text),
        ]
    parts += [
        Markup('<path class="mark" d="M{} {}L{} {}"/>').format(LEFT, bottom, right, TOP),
        Markup('<text x="{}" y="{}" class="mid">{}</text>').format(LEFT + SIDE // 2, bottom + 34, x),
        Markup('<text transform="translate(14 {}) rotate(-90)" class="mid">{}</text>').format(TOP + SIDE // 2, y),
    ]
    for kind, own in spots.items():
        dots = sorted({(round(LEFT + place(a)), round(bottom - place(b))) for a, b in own})
        parts.append(Markup('<path class="dots {}" d="{}"/>').format(kind, "".join(f"M{a} {b}h0" for a, b in dots)))
    return Markup("\n").join([*parts, Markup("</svg>")])


def whiskers(title: str, lines: Sequence[Whisker]) -> Markup:
    """A line for each solver: its name, a dot at the median of its ratios, and a bar for the interval around it."""
    ends = [abs(math.log(v)) for line in lines for v in (line.median, line.low, line.high) if 0 < v < math.inf]
    far = max([math.log(TWICE), *ends])
    width, height = 480, STEP * len(lines)

    def across(ratio: float) -> float:
        place = math.copysign(far, ratio - 1) if ratio in (0.0, math.inf) else math.log(ratio)
        return NAMES + width * (place + far) / (2 * far)

    parts = [
        Markup('<svg class="chart" role="img" viewBox="0 0 {} {}" aria-label="{}">').format(
            NAMES + width + 40, TOP + height + 30, title
        )
    ]
    for ratio in _ticks(far):
        at = across(ratio)
        kind = "mark" if ratio == 1 else "grid"
        parts += [
            Markup('<path class="{}" d="M{:.0f} {}V{}"/>').format(kind, at, TOP, TOP + height),
            Markup('<text x="{:.0f}" y="{}" class="mid">{}</text>').format(at, TOP + height + 18, f"{ratio:g}×"),
        ]
    for index, line in enumerate(lines):
        y = TOP + STEP * index + STEP // 2
        parts += [
            Markup('<text x="{}" y="{}" class="end">{}</text>').format(NAMES - 8, y + 4, line.name),
            Markup('<path class="bar {}" d="M{:.1f} {}H{:.1f}"><title>{}</title></path>').format(
                line.kind, across(line.low), y, across(line.high), line.words
            ),
            Markup('<path class="dots large {}" d="M{:.1f} {}h0"/>').format(line.kind, across(line.median), y),
        ]
    return Markup("\n").join([*parts, Markup("</svg>")])


def _ticks(far: float) -> list[float]:
    """Ratios at which the axis has a text: powers of two, as far as it reaches, at most nine."""
    most = math.floor(far / math.log(TWICE) + 1e-9)
    step = max(1, -(-most // 4))
    powers = range(0, most + 1, step)
    return sorted({TWICE**p for p in powers} | {TWICE**-p for p in powers})
