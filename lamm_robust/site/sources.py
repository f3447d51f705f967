"""What a site is made of: results directories, what hunts have found, claims, what earlier suites said, and studies."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lamm_robust.reports.page.cells import State, state
from lamm_robust.reports.page.portraits import Gallery, Portrait
from lamm_robust.reports.row import Row
from lamm_robust.reports.summary import Summary, summarise
from lamm_robust.storage import findings, parquet
from lamm_robust.storage.files import refuse_other_versions
from lamm_robust.storage.findings import Hunted
from lamm_robust.values import HUNTED, Record, StoreError

CLAIMS = "claims.json"

HISTORY = "history.csv"

COPIED = (".md", ".svg", ".html", ".json", ".csv")
"""Endings of the files of a study that are copied, for which the site has no page of its own."""


@dataclass(frozen=True)
class Answer:
    """What one solver did with a problem."""

    solver: str
    verdict: str
    state: State


@dataclass(frozen=True)
class Said:
    """What the results of a suite say of a solver at one precision on one device."""

    suite: str
    measured: str
    """The day."""
    where: str
    """Precision and device."""
    stability: str
    silent: int
    failed: int
    cases: int


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

    def said(self, row: Row) -> Said:
        """What a row of its summary says."""
        days = sorted(str(worker.get("started", ""))[:10] for worker in self.environment.get("workers", []))
        counts = (row.silent_failures, row.failures, row.cases)
        return Said(self.suite, days[0] if days else "", f"{row.precision} {row.device}", row.stability, *counts)

    @property
    def profile(self) -> str:
        """The profile of its problems."""
        return str(self.environment.get("suite", {}).get("profile", "unknown"))

    @property
    def title(self) -> str:
        """The title of its page."""
        return str(self.environment.get("title") or f"Least-squares solvers: the {self.profile} profile")

    def of(self, solver: str) -> list[tuple[Row, Portrait]]:
        """The rows and portraits of a solver, named by library and algorithm, one for each precision and device."""
        rows = [row for row in self.summary.rows if f"{row.library}-{row.algorithm}" == solver]
        return [(row, self.gallery.portraits[row.variant]) for row in rows]


@dataclass
class Sources:
    """Everything that the directories given hold."""

    results: list[Results] = field(default_factory=list)
    hunts: list[Hunted] = field(default_factory=list)
    hunted: list[Results] = field(default_factory=list)
    """What every solver did with what hunts found: no sample of anything, and so beside no other results."""
    claims: list[Mapping[str, Any]] = field(default_factory=list)
    history: dict[str, list[Said]] = field(default_factory=dict)
    """Solver → what was said of it, the latest suite first, from a file that `docs/evidence/history.py` makes."""
    copied: dict[str, list[Path]] = field(default_factory=dict)
    """Name of a study → its files."""

    @property
    def solvers(self) -> list[str]:
        """The solvers of all results, the most trustworthy first, and then those that were only hunted for."""
        ranked = (f"{row.library}-{row.algorithm}" for each in self.results for row in each.summary.rows)
        hunted = (hunt.of for hunt in self.hunts)
        return list(dict.fromkeys((*ranked, *hunted)))

    @property
    def size(self) -> int:
        """How many sources there are, of any kind."""
        lists = len(self.results) + len(self.hunts) + len(self.hunted) + len(self.claims)
        return lists + len(self.history) + len(self.copied)


def read(directories: Iterable[Path]) -> Sources:
    """What the directories hold; one may hold several kinds. StoreError for one that holds nothing known."""
    found = Sources()
    for directory in directories:
        before = found.size
        with refuse_other_versions(directory):
            _read(directory, found)
        if before == found.size:
            known = f"records ({parquet.RECORDS}), hunts (*.toml), {CLAIMS}, or a study (*.md and *.svg)"
            raise StoreError(f"'{directory}' holds nothing that a site is made of; expected {known}")
    return found


def _read(directory: Path, found: Sources) -> None:
    if (directory / parquet.RECORDS).is_file():
        results = Results(directory, parquet.read_environment(directory))
        (found.hunted if results.profile == HUNTED.name else found.results).append(results)
        return
    hunts = findings.read_all(directory)
    found.hunts += hunts
    if (directory / HISTORY).is_file():
        _read_history(directory / HISTORY, found.history)
    if (directory / CLAIMS).is_file():
        found.claims += json.loads((directory / CLAIMS).read_text(encoding="utf-8"))["claims"]
    elif not hunts and (files := sorted(p for p in directory.glob("*") if p.suffix in COPIED)):
        found.copied[directory.resolve().name] = files


def _read_history(path: Path, history: dict[str, list[Said]]) -> None:
    """Add what a file says of each solver."""
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            counts = (int(row["silent"]), int(row["failed"]), int(row["cases"]))
            said = Said(row["suite"], row["measured"], f"{row['precision']} {row['device']}", row["class"], *counts)
            history.setdefault(row["solver"], []).append(said)
