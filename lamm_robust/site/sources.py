"""What a site is made of: results directories, what hunts have found, claims, and files that are copied."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lamm_robust.reports.page.cells import State, state
from lamm_robust.reports.page.portraits import Gallery, Portrait
from lamm_robust.reports.summary import Row, Summary, summarise
from lamm_robust.storage import findings, parquet
from lamm_robust.storage.files import refuse_other_versions
from lamm_robust.storage.findings import Hunted
from lamm_robust.values import Record, StoreError

CLAIMS = "claims.json"

COPIED = (".md", ".svg", ".html", ".json", ".csv")
"""Endings of the files of a study that are copied, for which the site has no page of its own."""


@dataclass(frozen=True)
class Answer:
    """What one solver did with a problem."""

    solver: str
    verdict: str
    state: State


@dataclass(eq=False)
class Results:
    """A results directory: its summary and gallery, and what every solver did with every problem."""

    directory: Path
    environment: Mapping[str, Any]
    gallery: Gallery = field(default_factory=Gallery)
    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    """Problem, device → the answers of all solvers, in the order of the file."""
    summary: Summary = field(init=False)

    def __post_init__(self) -> None:
        self.summary = summarise(parquet.Records(self.directory), also=self._add)

    def _add(self, records: Sequence[Record]) -> None:
        self.gallery.add(records)
        for r in records:
            answer = Answer(f"{r.library}-{r.algorithm}", str(r.verdict), state(r))
            self.answers.setdefault((r.problem, r.device), []).append(answer)

    @property
    def name(self) -> str:
        """The name of the directory, which names its pages."""
        return self.directory.resolve().name

    @property
    def suite(self) -> str:
        """The suite of its problems and verdicts."""
        return str(self.environment.get("suite", {}).get("suite", "unknown"))

    @property
    def title(self) -> str:
        """The title of its page."""
        profile = self.environment.get("suite", {}).get("profile", "unknown")
        return str(self.environment.get("title") or f"Least-squares solvers: the {profile} profile")

    def of(self, solver: str) -> list[tuple[Row, Portrait]]:
        """The rows and portraits of a solver, named by library and algorithm, one for each precision and device."""
        rows = [row for row in self.summary.rows if f"{row.library}-{row.algorithm}" == solver]
        return [(row, self.gallery.portraits[row.variant]) for row in rows]


@dataclass
class Sources:
    """Everything that the directories given hold."""

    results: list[Results] = field(default_factory=list)
    hunts: list[Hunted] = field(default_factory=list)
    claims: list[Mapping[str, Any]] = field(default_factory=list)
    copied: dict[str, list[Path]] = field(default_factory=dict)
    """Name of a study → its files."""

    @property
    def solvers(self) -> list[str]:
        """The solvers of all results, the most trustworthy first, and then those that were only hunted for."""
        ranked = (f"{row.library}-{row.algorithm}" for each in self.results for row in each.summary.rows)
        return list(dict.fromkeys(ranked))


def read(directories: Iterable[Path]) -> Sources:
    """What the directories hold; one may hold several kinds. StoreError for one that holds nothing known."""
    found = Sources()
    for directory in directories:
        before = (len(found.results), len(found.hunts), len(found.claims), len(found.copied))
        with refuse_other_versions(directory):
            _read(directory, found)
        if before == (len(found.results), len(found.hunts), len(found.claims), len(found.copied)):
            known = f"records ({parquet.RECORDS}), hunts (*.toml), {CLAIMS}, or a study (*.md and *.svg)"
            raise StoreError(f"'{directory}' holds nothing that a site is made of; expected {known}")
    return found


def _read(directory: Path, found: Sources) -> None:
    if (directory / parquet.RECORDS).is_file():
        found.results.append(Results(directory, parquet.read_environment(directory)))
        return
    hunts = findings.read_all(directory)
    found.hunts += hunts
    if (directory / CLAIMS).is_file():
        found.claims += json.loads((directory / CLAIMS).read_text(encoding="utf-8"))["claims"]
    elif not hunts and (files := sorted(p for p in directory.glob("*") if p.suffix in COPIED)):
        found.copied[directory.resolve().name] = files
