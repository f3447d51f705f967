"""Times of variants relative to the fastest that passed the same problem, and their medians."""

from __future__ import annotations

import math
import statistics
from array import array
from collections.abc import Iterable, Iterator

from lamm_robust.reports import grading
from lamm_robust.reports.grading import PASSES
from lamm_robust.values import Record

Place = tuple[str, str, str]
"""Problem, precision, device: only times at the same place are compared."""


def place(record: Record) -> Place:
    """The place of a record."""
    return record.problem, record.precision, record.device


def _times(records: Iterable[Record]) -> Iterator[tuple[Place, float]]:
    """The seconds of each attempt that passed and that κ counts for, with its place."""
    for r in records:
        if r.seconds is not None and grading.is_graded(r) and r.verdict in PASSES:
            yield place(r), r.seconds


class Times:
    """The times of all variants, so few bytes each that those of a million records fit: records are read once only."""

    def __init__(self) -> None:
        self._numbers: dict[Place, int] = {}
        self._fastest = array("d")
        self._taken: list[tuple[array[int], array[float]]] = []

    def add(self, records: Iterable[Record]) -> None:
        """Add the records of one more variant."""
        places, taken = array("q"), array("d")
        for at, seconds in _times(records):
            number = self._numbers.setdefault(at, len(self._numbers))
            if number == len(self._fastest):
                self._fastest.append(math.inf)
            self._fastest[number] = min(seconds, self._fastest[number])
            places.append(number)
            taken.append(seconds)
        self._taken.append((places, taken))

    def relative(self) -> list[float]:
        """For each variant the median, over the problems that it passed, of its time over that of the fastest there."""
        return [
            median(seconds / self._fastest[number] for number, seconds in zip(places, taken, strict=True))
            for places, taken in self._taken
        ]


def median(values: Iterable[float | None]) -> float:
    """The median of the values that are not None; NaN if there are none."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else math.nan
