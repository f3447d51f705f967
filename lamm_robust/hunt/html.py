"""`hunt --html`: what a hunt found as a page to look at, one file that opens without a network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from markupsafe import Markup

from lamm_robust import catalog
from lamm_robust.hunt.quarry import Quarry
from lamm_robust.keys import parse_key
from lamm_robust.reports import grading
from lamm_robust.reports.page.cells import WORDS, State, cell, state
from lamm_robust.reports.page.frame import Frame
from lamm_robust.reports.page.plot import Axis, chart, powers
from lamm_robust.values import Record

HERE = Path(__file__).parent

SHOWN = 64
"""The most entries of A that are shown: a person looks at no more."""

LOWEST, HIGHEST = -17.0, 2.0
"""log₁₀ of relative errors, between which the picture shows them; above is no finite answer."""

Found = tuple[str, str, Record]
"""A heading, a sentence, and the record that they are about."""


def hunt_html(quarry: Quarry, found: Sequence[Found], tried: Sequence[Record]) -> str:
    """The page of a hunt, from the records of all that was tried: the same bytes for the same records."""
    states = [state(record) for record in tried]
    names = sorted({record.family for record in tried})
    cells = [(name, cell(record for record in tried if record.family == name)) for name in names]
    return Frame("hunt.html", folder=HERE).render(
        {
            "title": f"The worst of {quarry.name}",
            "made": [],
            "states": WORDS,
            "tried": len(tried),
            "counts": [(each, states.count(each)) for each in State if each in states],
            "found": [(heading, words, quarry.command(r), repr(r.problem), entries(r)) for heading, words, r in found],
            "svg": picture(tried),
            "families": sorted(cells, key=lambda pair: [-pair[1].counts[each] for each in State]),
        }
    )


def entries(record: Record) -> list[list[str]]:
    """A heading and the rows of A and b, to the last bit; nothing if they are too many to look at."""
    if record.m * record.n > SHOWN or not record.m:
        return []
    problem = catalog.build_problem(parse_key(record.problem))
    b = problem.b.reshape(record.m, -1)
    heading = ["row", *(f"A{j + 1}" for j in range(record.n))]
    heading += [f"b{j + 1}" for j in range(b.shape[1])] if b.shape[1] > 1 else ["b"]
    rows = ([str(i + 1), *map(str, (*problem.A[i], *b[i]))] for i in range(record.m))
    return [heading, *rows]


def picture(tried: Iterable[Record]) -> Markup | None:
    """A dot for each problem that has a κ: its error over κ, in the colour of what became of it."""
    dots: dict[str, list[tuple[float, float]]] = {each: [] for each in reversed(State)}
    for record in tried:
        kappa = grading.kappa(record)
        if math.isfinite(kappa):
            dots[state(record)].append((math.log10(kappa), _height(record)))
    places = [across for own in dots.values() for across, _ in own]
    if not places:
        return None
    x = Axis("κ of A with columns of one size", 0, max(1.0, *places), powers(0, max(1.0, *places)))
    y = Axis("relative error of x", LOWEST, HIGHEST + 1, [*powers(LOWEST, HIGHEST), (HIGHEST + 1, "none")])
    return chart("All that was tried: error over κ", x, y, [], (-1.0, "no correct digit"), names=20, dots=dots)


def _height(record: Record) -> float:
    """log₁₀ of the relative error, within the picture."""
    error = record.scores.get("relative_error", math.inf)
    if not math.isfinite(error):
        return HIGHEST + 1
    return min(max(math.log10(error), LOWEST), HIGHEST) if error > 0 else LOWEST
