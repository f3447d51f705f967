"""The charts of a group: solvers at one precision on one device."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lamm_robust.reports.page import curves
from lamm_robust.reports.page.plot import Axis, Curve, chart, powers
from lamm_robust.reports.page.portraits import Portrait, best
from lamm_robust.text import duration, number

FEW = 8
"""Solvers up to which all have their names in a chart."""

LOWEST, HIGHEST = -3.0, 16.0
"""log₁₀ of the error over what is allowed, between which a chart shows it: below, nobody cares."""

NO_ANSWER = 17.0
"""Where ∞ is drawn: above every number."""


@dataclass(frozen=True)
class Table:
    """The numbers of a chart as a table: the same content for those who cannot see it, and for all solvers."""

    caption: str
    header: Sequence[str]
    body: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Figure:
    """A chart with its sentence and its numbers."""

    heading: str
    words: str
    svg: Markup
    table: Table
    kept: bool = False
    """Whether it is printed, too."""


def figures(portraits: Sequence[Portrait], named: Sequence[str], where: str) -> list[Figure]:
    """All charts of a group; `named` are the variants with their names beside their curves."""
    colours = {variant: place for place, variant in enumerate(named)}
    drawn = [p for p in portraits if p.variant not in colours] + [
        p for name in named for p in portraits if p.variant == name
    ]

    def curve(p: Portrait, points: curves.Points, words: str) -> Curve:
        label = f"{p.name} (ours)" if p.ours else p.name
        return Curve(p.name, label, points, colours.get(p.variant), f"{p.name}: {words}")

    return [
        _by_kappa(drawn, curve, f"Error against κ, as stored ({where})", lambda p: p.by_kappa, "κ of A as stored"),
        _by_kappa(
            drawn,
            curve,
            f"Error against κ, columns of one size ({where})",
            lambda p: p.by_kappa_columns,
            "κ of A with columns of one size",
        ),
        _profile(drawn, curve, f"Who comes near the best error ({where})", "error", curves.ERROR_FACTORS),
        _profile(drawn, curve, f"Who is right, and fast ({where})", "time", curves.TIME_FACTORS),
        _by_size(drawn, curve, f"Time against size ({where})"),
    ]


Draw = Callable[[Portrait, curves.Points, str], Curve]


def _by_kappa(
    drawn: Sequence[Portrait], curve: Draw, heading: str, of: Callable[[Portrait], curves.Decades], axis: str
) -> Figure:
    decades = sorted({decade for p in drawn for decade in of(p)}) or [0, 1]
    tops = [math.log10(e) for p in drawn for e in of(p).values() if 0 < e < math.inf]
    high = min(HIGHEST, max(2.0, math.ceil(max(tops, default=2.0)))) + 1
    lines = [
        curve(
            p,
            [(d, _log(e, high)) for d, e in sorted(of(p).items())],
            f"at most {number(max(of(p).values(), default=math.nan))} times what is allowed",
        )
        for p in drawn
    ]
    y = Axis("worst error / allowed", LOWEST, high, [*powers(LOWEST, high - 1), (high, "none")])
    x = Axis(axis, decades[0], max(decades[-1], decades[0] + 1), powers(decades[0], decades[-1]))
    words = (
        "The worst distance to the exact solution over what rounding allows, in each decade of κ: full rank, without "
        "edge cases. On or below the line, x as a whole is as near as rounding allows; “none” is no finite answer."
    )
    svg = chart(heading, x, y, lines, (0.0, "allowed"))
    header = ["solver", *(f"1e{d}" for d in decades)]
    body = [(p.name, [number(of(p).get(d, math.nan)) for d in decades]) for p in _listed(drawn)]
    return Figure(heading, words, svg, Table(f"{heading}: worst error over what is allowed", header, body), kept=True)


def _log(error: float, top: float) -> float:
    """log₁₀ of an error over what is allowed, and the top of the chart for ∞."""
    return top if math.isinf(error) else min(math.log10(error), top - 1) if error > 0 else LOWEST


def _profile(drawn: Sequence[Portrait], curve: Draw, heading: str, what: str, factors: Sequence[float]) -> Figure:
    of: Callable[[Portrait], Mapping[int, float]] = (lambda p: p.errors) if what == "error" else (lambda p: p.times)
    smallest = best(map(of, drawn))
    points = {p.variant: curves.profile(of(p), smallest, factors) for p in drawn}
    lines = [curve(p, points[p.variant], _within(points[p.variant])) for p in drawn]
    last = math.log10(factors[-1])
    x = Axis(f"factor τ over the best {what}", 0, last, powers(0, last))
    y = Axis("share of its problems", 0, 1, [(share / 4, f"{25 * share} %") for share in range(5)])
    words = {
        "error": "The share of the full-rank problems that a solver covers at which its relative error is within a "
        "factor τ of the smallest that any solver has there; errors below u count as u.",
        "time": "The share of the graded problems that a solver covers at which it is right, and within a factor τ of "
        "the fastest that is right there. Where a curve ends is how often it is right within the largest τ.",
    }[what]
    steps = [step for step in range(len(factors)) if step % (len(factors) // 4) == 0]
    header = ["solver", *(f"τ = {number(factors[step])}" for step in steps)]
    body = [
        (p.name, [f"{100 * points[p.variant][s][1]:.0f} %" if points[p.variant] else "–" for s in steps])
        for p in _listed(drawn)
    ]
    caption = f"{heading}: share of its problems within τ of the best {what}"
    return Figure(heading, words, chart(heading, x, y, lines), Table(caption, header, body))


def _within(points: curves.Points) -> str:
    return f"best at {100 * points[0][1]:.0f} %, {100 * points[-1][1]:.0f} % in the end" if points else "no problem"


def _by_size(drawn: Sequence[Portrait], curve: Draw, heading: str) -> Figure:
    sizes = sorted({size for p in drawn for size in p.by_size}) or [0.0, 1.0]
    times = [math.log10(s) for p in drawn for s in p.by_size.values() if s > 0] or [-5.0, 0.0]
    low, high = math.floor(min(times)), math.ceil(max(times))
    lines = [
        curve(p, [(size, math.log10(s)) for size, s in p.by_size.items() if s > 0], "median seconds where it is right")
        for p in drawn
    ]
    x = Axis("entries of A", sizes[0], max(sizes[-1], sizes[0] + 1), powers(sizes[0], sizes[-1]))
    y = Axis("time of a call", low, max(high, low + 1), [(e, duration(10.0**e)) for e in range(low, high + 1)])
    words = (
        "The median time of a call in which a solver was right, by the number of entries of A; compilation left out."
    )
    header = ["solver", *(number(10**size) for size in sizes)]
    body = [(p.name, [duration(p.by_size.get(size, math.nan)) for size in sizes]) for p in _listed(drawn)]
    caption = f"{heading}: median time by entries of A"
    return Figure(heading, words, chart(heading, x, y, lines), Table(caption, header, body))


def _listed(drawn: Iterable[Portrait]) -> list[Portrait]:
    return sorted(drawn, key=lambda p: p.name)
