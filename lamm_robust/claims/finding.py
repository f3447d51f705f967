"""The nouns of this room: a claim, what was measured about it, and the verdict."""

from __future__ import annotations

import enum
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lamm_robust.claims.lab import Lab


class Verdict(enum.StrEnum):
    """How a claim is settled; the value is the word in tables."""

    HOLDS = "holds"
    ONLY_WHEN = "holds only when"
    FAILS = "does not hold"
    DEPENDS = "depends on the machine"
    """Settled by a clock, and not alike in every run."""
    UNDECIDED = "undecided"
    """What was measured agrees with the claim and with its opposite."""
    NOT_MEASURED = "not measured"


class Source(enum.StrEnum):
    """The document that makes a claim."""

    NOTES = "LAMM code notes"
    CHAPTER = "textbook chapter"
    NEIGHBOUR = "asked by us"


class Spread(NamedTuple):
    """The smallest, the middle and the largest of several measurements (for times, the quartiles and the median)."""

    low: float
    middle: float
    high: float


Cell = str | int | float | Spread


@dataclass(frozen=True)
class Table:
    """Measured numbers: a heading for each column, and rows."""

    header: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]


@dataclass(frozen=True)
class Finding:
    """What was measured for a claim, and what follows from it."""

    verdict: Verdict
    decisive: str
    """The numbers that decide, in a few words."""
    table: Table
    when: str = ""
    """The condition of *holds only when*, what differs from run to run, or why nothing was measured."""
    replay: tuple[str, ...] = ()
    """Commands or lines of Python that show one case."""
    margin: str = ""
    """How far the measured numbers are from the limit that decides; empty for a theorem."""

    @property
    def ruling(self) -> str:
        """The verdict and its condition."""
        joint = " " if self.verdict is Verdict.ONLY_WHEN else ": "
        return self.verdict + (joint + self.when if self.when else "")


@dataclass(frozen=True)
class Claim:
    """A sentence of a document in our words, the experiment, and the function that makes it."""

    title: str
    sentence: str
    source: Source
    experiment: str
    measure: Callable[[Lab], Finding]


def spread(values: Iterable[float]) -> Spread:
    """The smallest, median and largest of at least one value."""
    ordered = sorted(values)
    return Spread(ordered[0], statistics.median(ordered), ordered[-1])


def quartiles(values: Sequence[float]) -> Spread:
    """Quartiles and median of at least two times, whose extremes are due to other processes."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(low, middle, high)


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The exponent p of y ∝ xᵖ, fitted to logarithms by least squares; at least two different x, all positive."""
    return float(statistics.linear_regression([math.log(x) for x in xs], [math.log(y) for y in ys]).slope)


def conclude(
    holds: bool,
    decisive: str,
    table: Table,
    *,
    when: str = "",
    margin: str = "",
    cases: Iterable[str] = (),
    replay: Iterable[str] = (),
) -> Finding:
    """The finding that a claim holds or does not hold, or, if there is a condition `when`, that it holds only then.

    `margin` says how far the numbers are from the limit. `cases` are keys of cases that show it,
    and `replay` other commands or lines of Python.
    """
    verdict = Verdict.ONLY_WHEN if when else Verdict.HOLDS if holds else Verdict.FAILS
    again = (*(f'lamm-robust replay "{case}"' for case in cases), *replay)
    return Finding(verdict, decisive, table, when, again, margin)
