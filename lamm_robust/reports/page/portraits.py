"""What the page shows of each solver, gathered in one pass through the records, and what is known of all together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lamm_robust.reports import grading
from lamm_robust.reports.page import curves
from lamm_robust.reports.page.cells import Cell, State, cell, state
from lamm_robust.reports.page.usual import OURS, TRAPS
from lamm_robust.reports.reasons import where
from lamm_robust.reports.summary import simplicity
from lamm_robust.reports.times import Place, place
from lamm_robust.text import printable
from lamm_robust.values import UNIT_ROUNDOFF, Record, Verdict


@dataclass(frozen=True)
class Portrait:
    """What the page shows of one variant besides its row in the leaderboard."""

    variant: str
    library: str
    algorithm: str
    precision: str
    device: str
    families: Mapping[str, Cell]
    traps: Sequence[Cell]
    """One for each of `TRAPS`, in their order."""
    counts: Mapping[State, int]
    """The states of all attempts."""
    silent: Counter[str]
    """Where it is wrong in silence, in words → how often."""
    by_kappa: curves.Decades
    """log₁₀ of κ as stored, rounded → the worst forward error over what is allowed."""
    by_kappa_columns: curves.Decades
    """The same with columns (rows, if wide) of one size."""
    by_size: Mapping[float, float]
    """log₁₀ of the entries of A, rounded to halves → median seconds of the attempts that were right."""
    errors: Mapping[int, float]
    """Number of a place → relative error, at least u, or ∞: of graded problems of full rank with one answer."""
    times: Mapping[int, float]
    """Number of a place → seconds, or ∞ where it was not right: of graded problems."""

    @property
    def name(self) -> str:
        """Library and algorithm, on one line."""
        return printable(f"{self.library}-{self.algorithm}")

    @property
    def ours(self) -> bool:
        """Whether it is the solver of this project."""
        return (self.library, self.algorithm) in OURS


@dataclass
class Problem:
    """A problem that solvers were judged at, at a place."""

    simplicity: tuple[int, float, str]
    family: str
    regime: str
    asked: int = 0
    solved: int = 0


@dataclass
class Gallery:
    """The portraits of all variants, and the problems that they were judged at; `add` fills it."""

    portraits: dict[str, Portrait] = field(default_factory=dict)
    problems: dict[Place, Problem] = field(default_factory=dict)
    _number: dict[Place, int] = field(default_factory=dict)

    def add(self, records: Sequence[Record]) -> None:
        """Look at all records of one variant, of which there is at least one."""
        one = records[0]
        states = [state(record) for record in records]
        families = dict.fromkeys(record.family for record in records)
        self.portraits[one.variant] = Portrait(
            variant=one.variant,
            library=one.library,
            algorithm=one.algorithm,
            precision=one.precision,
            device=one.device,
            families={name: cell(r for r in records if r.family == name) for name in families},
            traps=[cell(filter(trap.holds, records)) for trap in TRAPS],
            counts={each: states.count(each) for each in State},
            silent=Counter(where(r) for r in records if r.verdict == Verdict.WRONG),
            by_kappa=curves.worst_by_decade(records, by_columns=False),
            by_kappa_columns=curves.worst_by_decade(records, by_columns=True),
            by_size=curves.seconds_by_size(records),
            errors={self._place(r): error_of(r) for r in records if grading.has_error(r)},
            times={self._place(r): time_of(r) for r in records if has_time(r)},
        )
        for record in filter(grading.is_judged, records):
            self._ask(record)

    def _place(self, record: Record) -> int:
        """The number of a problem at a precision and on a device: times and errors are compared there only."""
        return self._number.setdefault(place(record), len(self._number))

    def _ask(self, record: Record) -> None:
        at = place(record)
        if at not in self.problems:
            self.problems[at] = Problem(simplicity(record), record.family, str(record.regime))
        problem = self.problems[at]
        problem.asked += 1
        problem.solved += record.verdict in grading.PASSES

    def of(self, precision: str, device: str) -> list[Portrait]:
        """The portraits at a precision and on a device."""
        return [p for p in self.portraits.values() if (p.precision, p.device) == (precision, device)]

    def unsolved(self, precision: str, device: str) -> list[tuple[str, Problem]]:
        """The keys of the problems at a place that no solver solved of those that promise to, the simplest first."""
        found = [
            (key, problem)
            for (key, *where), problem in self.problems.items()
            if where == [precision, device] and not problem.solved
        ]
        return sorted(found, key=lambda pair: pair[1].simplicity)


def error_of(record: Record) -> float:
    """The relative error of x, at least u: below it, differences mean nothing; ∞ if there is no finite answer."""
    error = record.scores.get("relative_error", math.inf)
    return math.inf if math.isnan(error) else max(error, UNIT_ROUNDOFF[record.precision])


def has_time(record: Record) -> bool:
    """Whether an attempt counts among times: graded, and wrong, or right and timed."""
    return grading.is_graded(record) and (record.seconds is not None or record.verdict not in grading.PASSES)


def time_of(record: Record) -> float:
    """The seconds of an attempt that was right, else ∞."""
    return record.seconds if record.seconds is not None and record.verdict in grading.PASSES else math.inf


def best(values: Iterable[Mapping[int, float]]) -> dict[int, float]:
    """Number of a place → the smallest value there."""
    smallest: dict[int, float] = {}
    for own in values:
        for at, value in own.items():
            smallest[at] = min(value, smallest.get(at, math.inf))
    return smallest
