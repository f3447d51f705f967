"""The pages of a site, each from the sources and the catalogue alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamm_robust import catalog
from lamm_robust.generators.field import REPORTS
from lamm_robust.reports.columns import COLUMNS
from lamm_robust.reports.page.cells import UNSOLVED, WORDS, Cell, State
from lamm_robust.reports.page.frame import Frame, slug
from lamm_robust.reports.page.portraits import Portrait
from lamm_robust.reports.page.report import made, report_html
from lamm_robust.reports.page.usual import CALLS, OURS
from lamm_robust.reports.row import Row
from lamm_robust.reports.summary import ORDER
from lamm_robust.runs.results import meanings
from lamm_robust.site.curves import charts_of
from lamm_robust.site.sources import Answer, Results, Said, Sources
from lamm_robust.site.studies import MARKDOWN, pages_of
from lamm_robust.storage.findings import Hunted
from lamm_robust.values import Library, Solver

HERE = Path(__file__).parent

MOST = 30
"""Problems that nobody solved which the page of a family lists; the rest is counted."""

Pages = Iterator[tuple[str, str]]
"""The path of a page in the folder, and the page."""


def pages(sources: Sources) -> Pages:
    """Every page of the site; the index comes last, so that a folder with an index is whole."""
    yield from _results(sources)
    yield from _solvers(sources)
    yield from _families(sources)
    yield from _reports(sources)
    yield from _studies(sources)
    if sources.claims:
        claims = [(claim, charts_of(claim)) for claim in sources.claims]
        yield "claims.html", Frame("claims.html", folder=HERE).render(_common(sources, "Claims", ""), claims=claims)
    yield "index.html", _index(sources)


def _common(sources: Sources, title: str, root: str) -> dict[str, Any]:
    """What every template needs; `root` is the way from the page to the folder."""
    about = [made(each.environment) for each in sources.results]
    return {"title": title, "root": root, "made": about[0] if about else [], "states": WORDS}


def _known() -> list[tuple[Library, Solver]]:
    return [(library, solver) for library in catalog.LIBRARY.values() for solver in library.solvers]


def _results(sources: Sources) -> Pages:
    for each in sources.results:
        page = report_html(each.title, each.summary, each.gallery, each.environment, meanings())
        yield f"results/{slug(each.name)}.html", page


@dataclass(frozen=True)
class Place:
    """A solver at one precision on one device, in one results directory."""

    results: Results
    row: Row
    portrait: Portrait

    @property
    def link(self) -> str:
        """Where its row is in the page of its results, from the page of a solver."""
        return f"../results/{slug(self.results.name)}.html#{slug(self.row.variant)}"

    @property
    def facts(self) -> list[tuple[str, str, str]]:
        """Title, text and meaning of the columns of the leaderboard, without the solver's name."""
        return [(column.title, column.text(self.row), column.meaning) for column in COLUMNS[1:]]

    @property
    def failing(self) -> list[tuple[str, Cell]]:
        """The families of problems that it did not solve all of, the gravest first."""
        cells = [(name, cell) for name, cell in self.portrait.families.items() if cell.state in UNSOLVED]
        return sorted(cells, key=lambda pair: (UNSOLVED.index(pair[1].state), -pair[1].counts[pair[1].state], pair[0]))

    @property
    def worst(self) -> tuple[str, list[Answer]] | None:
        """The simplest problem of its gravest failure, and what all solvers did with it; None if it never failed."""
        if not self.failing:
            return None
        problem = self.failing[0][1].examples[0].key.partition(" @ ")[0]
        return problem, self.results.answers[problem, self.row.device]


def _solvers(sources: Sources) -> Pages:
    known = {f"{library.name}-{solver.algorithm}": solver for library, solver in _known()}
    frame = Frame("solver.html", folder=HERE)
    for name in sources.solvers:
        places = [Place(each, row, portrait) for each in sources.results for row, portrait in each.of(name)]
        typed = [call.typed for call in CALLS if f"{call.library}-{call.algorithm}" == name]
        content = {
            **_common(sources, name, "../"),
            "solver": known.get(name),
            "ours": tuple(name.split("-", 1)) in OURS,
            "typed": typed,
            "places": places,
            "hunts": [(hunt, _others(sources, hunt)) for hunt in sources.hunts if hunt.of == name],
            "by_state": _by_state,
            "history": _history(sources, name, places),
        }
        yield f"solver/{slug(name)}.html", frame.render(content)


def _history(sources: Sources, name: str, places: Sequence[Place]) -> list[Said]:
    """What each suite said of a solver, if there are several: those of the results, then those of earlier ones."""
    own = [place.results.said(place.row) for place in places]
    known = {(said.suite, said.where) for said in own}
    said = [*own, *(each for each in sources.history.get(name, []) if (each.suite, each.where) not in known)]
    return said if len({each.suite for each in said}) > 1 else []


def _others(sources: Sources, hunt: Hunted) -> list[Answer]:
    """What all solvers did with the worst problem of a hunt, if any results have it."""
    device = hunt.solver.rpartition("-")[2]
    return next(
        (a for each in (*sources.hunted, *sources.results) if (a := each.answers.get((hunt.worst.problem, device)))), []
    )


def _families(sources: Sources) -> Pages:
    frame = Frame("family.html", folder=HERE)
    for name, family in catalog.FAMILIES.items():
        groups = [group for each in sources.results for group in _groups(each, name)]
        if groups:
            yield f"family/{slug(name)}.html", frame.render(_common(sources, name, "../"), family=family, groups=groups)


def _groups(results: Results, family: str) -> Iterator[dict[str, Any]]:
    """For each precision and device: solvers, what became of the problems of a family, and what nobody solved."""
    for precision, device in dict.fromkeys((row.precision, row.device) for row in results.summary.rows):
        cells = [
            (p.name, p.ours, p.families[family]) for p in results.gallery.of(precision, device) if family in p.families
        ]
        if cells:
            order = sorted(cells, key=lambda entry: (*(entry[2].counts[s] for s in UNSOLVED), entry[0]))
            unsolved = [key for key, p in results.gallery.unsolved(precision, device) if p.family == family]
            yield {
                "title": f"{results.name}: {precision} on {device.upper()}",
                "cells": order,
                "unsolved": unsolved[:MOST],
                "more": len(unsolved) - MOST,
            }


def _reports(sources: Sources) -> Pages:
    frame = Frame("public.html", folder=HERE)
    for report in REPORTS:
        tables = [
            (f"{each.name}: {precision} on {device.upper()}", problem, each.answers[problem, device])
            for each in sources.results
            for precision in ORDER
            for problem, device in each.answers
            if problem == f"field report={report.name} dtype={precision}"
        ]
        if tables:
            yield (
                f"report/{slug(report.name)}.html",
                frame.render(_common(sources, report.name, "../"), report=report, tables=tables, ordered=_by_state),
            )


def _studies(sources: Sources) -> Pages:
    frame = Frame("study.html", folder=HERE)
    for name, files in sources.copied.items():
        for page in pages_of(name, files):
            yield page.path, frame.render({**_common(sources, page.title, "../"), "made": []}, page=page)


def _by_state(answers: Sequence[Answer]) -> list[tuple[State, list[Answer]]]:
    """The answers by their state, the gravest first, each of which there is any."""
    return [(s, own) for s in State if (own := [a for a in answers if a.state == s])]


def _index(sources: Sources) -> str:
    summaries: Mapping[str, str] = meanings().solvers
    first = sources.results[0] if sources.results else None
    solvers = [(name, summaries.get(name, ""), first.of(name) if first else []) for name in sources.solvers]
    portraits = [p for each in sources.results for p in each.gallery.portraits.values()]
    there = {family for p in portraits for family in p.families}
    asked = {problem.partition(" dtype=")[0] for each in sources.results for problem, _ in each.answers}
    return Frame("index.html", script="search.js", folder=HERE).render(
        _common(sources, "Which least-squares solver can you trust?", ""),
        sources=sources,
        studies=[(name, pages_of(name, files), _others_of(files)) for name, files in sources.copied.items()],
        solvers=solvers,
        families=[(name, family.summary) for name, family in catalog.FAMILIES.items() if name in there],
        reports=[report for report in REPORTS if f"field report={report.name}" in asked],
    )


def _others_of(files: Sequence[Path]) -> list[str]:
    """The names of a study's files that have no page."""
    return [file.name for file in files if file.suffix != MARKDOWN]
