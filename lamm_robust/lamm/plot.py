"""Plots of convergence as SVG: for each mesh and target a grid of small plots, readable in grey print, too.

Nothing in them is active: no script, no link, and no font from elsewhere. All text is ours or escaped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from operator import attrgetter

from lamm_robust.lamm.digest import UNREACHABLE, group
from lamm_robust.lamm.records import SOLVERS, Run
from lamm_robust.lamm.rule import TOLERANCE

STYLES: Sequence[tuple[str, str]] = (
    ("#000000", "7 3"),
    ("#d55e00", "2 2"),
    ("#0072b2", "9 2 2 2"),
    ("#cc79a7", "4 4"),
    ("#e69f00", "1 3"),
    ("#56b4e9", "12 3"),
    ("#666666", "5 2 1 2"),
    ("#009e73", ""),
)
"""Colours of Okabe and Ito, which people with colour blindness can tell apart, and dashes for grey print."""

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 250, 170, 48, 26, 12, 34
LABEL, LINE = 165, 15
"""Width and height of a name in the legend, enough for fonts wider than Helvetica, too."""
TITLE = 18
NEAREST = 0.5
"""The least ‖δ‖ from a mesh to a target with half of the power: each row sum is off by 1/2, shared by N entries."""
FONT = 'font-family="Helvetica, Arial, sans-serif" font-size="10"'


def plots(runs: Sequence[Run]) -> dict[str, str]:
    """File names and their SVG, one for each mesh and target: the runs of every solver from the first start."""
    shown = group((run for run in runs if run.start == 0), attrgetter("modes", "target"))
    return {f"lamm-{modes}-{target}.svg": figure(own) for (modes, target), own in shown.items()}


def figure(runs: Sequence[Run]) -> str:
    """A grid of plots, one for each precision and number of directions."""
    kinds = sorted({(run.precision, run.directions) for run in runs})
    across = max(2, len({directions for _, directions in kinds}))
    steps = max(10, *(run.steps for run in runs))
    decades = _decades(runs)
    solvers = list(dict.fromkeys(run.solver for run in runs))
    width, under = WIDTH * across, TITLE + HEIGHT * -(-len(kinds) // across)
    height = under + legend_height(len(solvers), width)
    page = f'width="{width}" height="{height}"'
    title = f"N = {runs[0].modes}, target: {runs[0].target}; ‖δ‖ after each step, from the first start"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {page} viewBox="0 0 {width} {height}" {FONT}>',
        f'<rect {page} fill="white"/>',
        f'<text x="8" y="13" font-size="12">{escape(title)}</text>',
    ]
    for place, (precision, directions) in enumerate(kinds):
        own = [run for run in runs if (run.precision, run.directions) == (precision, directions)]
        at = place % across * WIDTH, TITLE + place // across * HEIGHT
        parts.append(panel(own, f"{precision}, {directions} directions", at, steps, decades))
    parts.append(legend(solvers, under, width))
    return "\n".join([*parts, "</svg>", ""])


def style(solver: str) -> tuple[str, str]:
    """Colour and dashes of a solver, the same in every plot."""
    place = SOLVERS.index(solver) if solver in SOLVERS else sum(map(ord, solver))
    return STYLES[place % len(STYLES)]


def _decades(runs: Sequence[Run]) -> tuple[int, int]:
    """The powers of ten between which all magnitudes lie; those that are 0 are drawn at the bottom."""
    values = [value for run in runs for value in run.magnitude if 0 < value < math.inf]
    low, high = (math.log10(f(values)) for f in (min, max)) if values else (-1.0, 0.0)
    return max(-17, math.floor(low)), max(math.ceil(high), math.floor(low) + 1)


def panel(runs: Sequence[Run], title: str, at: tuple[int, int], steps: int, decades: tuple[int, int]) -> str:
    """One plot with its axes, at a place (x, y) of the figure."""
    left, top, right, bottom = LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM
    low, high = decades

    def x(step: float) -> float:
        return left + (right - left) * step / steps

    def y(value: float) -> float:
        exponent = math.log10(value) if value > 10.0**low else low
        return bottom - (bottom - top) * (exponent - low) / (high - low)

    parts = [f'<g transform="translate({at[0]},{at[1]})">', f'<text x="{left}" y="{top - 7}">{escape(title)}</text>']
    for exponent in range(low, high + 1, max(1, (high - low) // 5)):
        place = y(10.0**exponent)
        parts += [
            f'<line x1="{left}" x2="{right}" y1="{place:.1f}" y2="{place:.1f}" stroke="#dddddd" stroke-width="0.5"/>',
            f'<text x="{left - 4}" y="{place + 3:.1f}" text-anchor="end">{_power(exponent)}</text>',
        ]
    name, mark = ("1/2", NEAREST) if runs[0].target in UNREACHABLE else ("tolerance", TOLERANCE)
    if 10.0**low <= mark <= 10.0**high:
        line = f'y1="{y(mark):.1f}" y2="{y(mark):.1f}" stroke="#888888" stroke-width="0.8"'
        parts += [
            f'<line x1="{left}" x2="{right}" {line}/>',
            f'<text x="{right - 3}" y="{y(mark) - 3:.1f}" text-anchor="end" font-size="8" fill="#666666">{name}</text>',
        ]
    for step in (0, steps // 2, steps):
        parts.append(f'<text x="{x(step):.1f}" y="{bottom + 13}" text-anchor="middle">{step}</text>')
    parts.append(f'<text x="{(left + right) / 2}" y="{bottom + 25}" text-anchor="middle">steps</text>')
    box = f'x="{left}" y="{top}" width="{right - left}" height="{bottom - top}"'
    parts.append(f'<rect {box} fill="none" stroke="#444444" stroke-width="0.7"/>')
    for run in reversed(runs):  # the last solver has a line without gaps, which must not hide those of others
        points = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in enumerate(run.magnitude))
        parts.append(f'<polyline points="{points}" fill="none" {stroke(run.solver)}/>')
        parts.append(
            f'<circle cx="{x(run.steps):.1f}" cy="{y(run.magnitude[-1]):.1f}" r="1.8" fill="{style(run.solver)[0]}"/>'
        )
    return "\n".join([*parts, "</g>"])


def stroke(solver: str) -> str:
    """The SVG attributes of the line of a solver."""
    colour, dashes = style(solver)
    return f'stroke="{colour}" stroke-width="1.3"' + (f' stroke-dasharray="{dashes}"' if dashes else "")


def _power(exponent: int) -> str:
    digits = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return "1" if exponent == 0 else f"10{digits}"


def legend_height(count: int, width: int) -> int:
    """The height of a legend of so many names in that width."""
    return 14 + LINE * -(-count // (width // LABEL))


def legend(solvers: Sequence[str], top: int, width: int) -> str:
    """The legend: the line of each solver with its name, as many in a row as there is room for."""
    parts, across = [], width // LABEL
    for place, solver in enumerate(solvers):
        x, y = 12 + width / across * (place % across), top + 14 + LINE * (place // across)
        parts.append(f'<line x1="{x:.0f}" x2="{x + 34:.0f}" y1="{y - 3}" y2="{y - 3}" {stroke(solver)}/>')
        parts.append(f'<text x="{x + 40:.0f}" y="{y}">{escape(solver)}</text>')
    return "\n".join(parts)
