"""Plots of convergence as SVG: for each mesh and target a grid of small plots, readable in grey print, too.

A line is the median over all starts, a shade the whole range. Nothing in them is active: no script, no link, and no
font from elsewhere. All text is ours or escaped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from operator import attrgetter

from lamm_robust.lamm.digest import UNREACHABLE, group, has_arrived, median
from lamm_robust.lamm.records import MEMBERS, Run, member_name
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

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 270, 212, 48, 26, 12, 76
LABEL, LINE = 165, 15
"""Width and height of a name in the legend, enough for fonts wider than Helvetica, too."""
TITLE = 18
ENDS, BAR = 32, 5
"""Where the bars of endings begin under a plot, and the height of all of them over their number of rows."""
POINTS = 100
"""The most points of a line: a plot is two hundred wide."""
ALIKE = 0.02
"""Medians that are nowhere further apart than this, in powers of ten, have one line."""
NAMES = [member_name(*member) for member in MEMBERS]
NEAREST = 0.5
"""The least ‖δ‖ from a mesh to a target with half of the power: each row sum is off by 1/2, shared by N entries."""
FONT = 'font-family="Helvetica, Arial, sans-serif" font-size="10"'


def plots(runs: Sequence[Run]) -> dict[str, str]:
    """File names and their SVG, one for each mesh and target: the runs of every member from all starts."""
    shown = group(runs, attrgetter("modes", "target"))
    return {f"lamm-{modes}-{target}.svg": figure(own) for (modes, target), own in shown.items()}


def figure(runs: Sequence[Run]) -> str:
    """A grid of plots, one for each precision and number of directions."""
    every = [run for run in runs if run.rule == "library"]
    kinds = sorted(
        {(run.precision, run.directions) for run in runs if run.rule != "library" or len(every) == len(runs)}
    )
    across = max(2, len({directions for _, directions in kinds}))
    decades = _decades(runs)
    members = list(dict.fromkeys(run.member for run in runs))
    width, under = WIDTH * across, TITLE + HEIGHT * -(-len(kinds) // across)
    height = under + legend_height(len(members), width)
    page = f'width="{width}" height="{height}"'
    starts = len({run.start for run in runs})
    title = f"N = {runs[0].modes}, target: {runs[0].target}; ‖δ‖ after each step, median and range over {starts} starts"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {page} viewBox="0 0 {width} {height}" {FONT}>',
        f'<rect {page} fill="white"/>',
        f'<text x="8" y="13" font-size="12">{escape(title)}</text>',
    ]
    for place, (precision, directions) in enumerate(kinds):
        own = [run for run in runs if (run.precision, run.directions) == (precision, directions)]
        own += [run for run in every if run.precision == precision and run.directions != directions]
        at = place % across * WIDTH, TITLE + place // across * HEIGHT
        parts.append(panel(own, f"{precision}, {directions} directions", at, decades))
    parts.append(legend(members, under, width))
    return "\n".join([*parts, "</svg>", ""])


def style(member: str) -> tuple[str, str]:
    """Colour and dashes of a member, the same in every plot."""
    place = NAMES.index(member) if member in NAMES else sum(map(ord, member))
    return STYLES[place % len(STYLES)]


Curve = list[tuple[float, float, float]]
"""The least, the median and the greatest ‖δ‖ after each step."""


def curve(runs: Sequence[Run], steps: int) -> Curve:
    """The curve of several runs up to that step; a run that has ended stays where it is."""
    found = []
    for step in range(steps + 1):
        values = [run.magnitude[min(step, run.steps)] for run in runs]
        known = [value for value in values if math.isfinite(value)] or [math.inf]
        found.append((min(known), median(known), max(known)))
    return found


def coinciding(curves: dict[str, Curve], floor: float) -> list[list[str]]:
    """The members whose medians lie on each other, together, in their order."""
    groups: list[list[str]] = []
    for member, own in curves.items():
        for others in groups:
            pairs = zip(own, curves[others[0]], strict=True)
            if all(abs(math.log10(max(a[1], floor) / max(b[1], floor))) < ALIKE for a, b in pairs):
                others.append(member)
                break
        else:
            groups.append([member])
    return groups


def _decades(runs: Sequence[Run]) -> tuple[int, int]:
    """The powers of ten between which all magnitudes lie; those that are 0 are drawn at the bottom."""
    values = [value for run in runs for value in run.magnitude if 0 < value < math.inf]
    low, high = (math.log10(f(values)) for f in (min, max)) if values else (-1.0, 0.0)
    return max(-17, math.floor(low)), max(math.ceil(high), math.floor(low) + 1)


def panel(runs: Sequence[Run], title: str, at: tuple[int, int], decades: tuple[int, int]) -> str:
    """One plot with its axes and endings, at a place (x, y) of the figure; its steps end where the last median does."""
    left, top, right, bottom = LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM
    low, high = decades
    by_member = group(runs, attrgetter("member"))
    steps = max(10, *(math.ceil(median(run.steps for run in own)) for own in by_member.values()))
    curves = {member: curve(own, steps) for member, own in by_member.items()}

    def x(step: float) -> float:
        return left + (right - left) * step / steps

    def y(value: float) -> float:
        exponent = min(math.log10(value), high) if value > 10.0**low else low
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
    box = f'x="{left}" y="{top}" width="{right - left}" height="{bottom - top}"'
    parts.append(f'<rect {box} fill="none" stroke="#444444" stroke-width="0.7"/>')
    alike = coinciding(curves, 10.0**low)
    places = sorted({*range(0, steps + 1, -(-steps // POINTS)), steps})
    for members in reversed(alike):  # the last member has a line without gaps, which must not hide those of others
        own = curves[members[0]]
        ahead = [f"{x(step):.1f},{y(own[step][2]):.1f}" for step in places]
        back = [f"{x(step):.1f},{y(own[step][0]):.1f}" for step in places]
        shade = " ".join([*ahead, *reversed(back)])
        parts.append(f'<polygon points="{shade}" fill="{style(members[0])[0]}" fill-opacity="0.06"/>')
        points = " ".join(f"{x(step):.1f},{y(own[step][1]):.1f}" for step in places)
        parts.append(f'<polyline points="{points}" fill="none" {stroke(members[0])}/>')
    parts.append(_ends(by_member, left, right, bottom + ENDS - 12))
    same = "; ".join(" = ".join(members) for members in alike if len(members) > 1)
    if same:
        parts.append(f'<text x="{left}" y="{HEIGHT - 3}" font-size="6">{escape(same)}</text>')
    return "\n".join([*parts, "</g>"])


def _ends(by_member: dict[str, list[Run]], left: int, right: int, top: int) -> str:
    """A bar for each member: the share of runs that arrived, that came no nearer, and that had no more steps."""
    parts = []
    for row, (member, own) in enumerate(by_member.items()):
        arrived = sum(map(has_arrived, own)) / len(own)
        stuck = sum(run.status in ("STALLED", "NO_SOLUTION") for run in own) / len(own)
        y, width = top + BAR * row, right - left
        for start, part, colour in ((0.0, arrived, style(member)[0]), (arrived, stuck, "#bbbbbb")):
            if part:
                box = f'x="{left + width * start:.1f}" y="{y}" width="{width * part:.1f}" height="{BAR - 1}"'
                parts.append(f'<rect {box} fill="{colour}"/>')
        parts.append(
            f'<rect x="{left}" y="{y}" width="{width}" height="{BAR - 1}" fill="none" stroke="#999999" '
            'stroke-width="0.3"/>'
        )
    return "\n".join(parts)


def stroke(member: str) -> str:
    """The SVG attributes of the line of a member."""
    colour, dashes = style(member)
    return f'stroke="{colour}" stroke-width="1.3"' + (f' stroke-dasharray="{dashes}"' if dashes else "")


def _power(exponent: int) -> str:
    digits = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return "1" if exponent == 0 else f"10{digits}"


def legend_height(count: int, width: int) -> int:
    """The height of a legend of so many names in that width."""
    return 14 + LINE * -(-count // (width // LABEL))


def legend(members: Sequence[str], top: int, width: int) -> str:
    """The legend: the line of each member with its name, as many in a row as there is room for."""
    parts, across = [], width // LABEL
    for place, member in enumerate(members):
        x, y = 12 + width / across * (place % across), top + 14 + LINE * (place // across)
        parts.append(f'<line x1="{x:.0f}" x2="{x + 34:.0f}" y1="{y - 3}" y2="{y - 3}" {stroke(member)}/>')
        parts.append(f'<text x="{x + 40:.0f}" y="{y}">{escape(member)}</text>')
    return "\n".join(parts)
