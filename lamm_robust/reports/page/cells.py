"""What became of the problems of one kind: counts by state, and the simplest that were not solved."""

from __future__ import annotations

import enum
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from lamm_robust.reports import grading
from lamm_robust.reports.reasons import open_failure, reason, silent_failure
from lamm_robust.reports.summary import simplicity
from lamm_robust.text import number
from lamm_robust.values import Record, Verdict

SHOWN = 3
"""Problems that a cell shows: enough to see what they have in common, few enough to read."""

REASONS = 6
"""Reasons that a cell lists; the rest is counted together."""


class State(enum.StrEnum):
    """What an attempt means for trust, the gravest first; the value is the name of its colour on the page."""

    SILENT = "silent"
    OPEN = "open"
    LOST = "lost"
    SOLVED = "solved"
    UNGRADED = "ungraded"
    UNPROMISED = "unpromised"


WORDS = {
    State.SILENT: "wrong in silence",
    State.OPEN: "failed and said so",
    State.LOST: "digits lost, or all lost with a warning",
    State.SOLVED: "solved",
    State.UNGRADED: "ungraded",
    State.UNPROMISED: "not promised",
}

SHOWS = "A box shows the gravest failure in it, and how many; where there is none, what most of its problems are."
"""How `Cell.state` and its number are to be read, for the legends of pages."""

UNSOLVED = (State.SILENT, State.OPEN, State.LOST)
"""The states of which a cell shows reasons and problems."""


def state(record: Record) -> State:
    """The state of an attempt; every record has one."""
    if record.verdict == Verdict.WRONG:
        return State.SILENT
    if grading.is_failure(record):
        return State.OPEN
    if record.verdict == Verdict.OUT_OF_CONTRACT:
        return State.UNPROMISED
    if grading.is_ambiguous(record):
        return State.UNGRADED
    return State.SOLVED if record.verdict in {*grading.PASSES, Verdict.FLAGGED} else State.LOST


def seen(record: Record) -> str:
    """What an attempt that did not solve its problem looks like, in a line."""
    match state(record):
        case State.SILENT:
            return silent_failure(record)
        case State.OPEN:
            return open_failure(record)
        case _:
            error = record.scores.get("relative_error", math.nan)
            return f"{record.verdict}, κ = {number(record.kappa)}, relative error {number(error)}"


@dataclass(frozen=True)
class Example:
    """A problem that was not solved: the key of the attempt, and what it looked like."""

    key: str
    words: str


@dataclass(frozen=True)
class Cell:
    """What became of the problems of one kind at the hands of one solver."""

    counts: Counter[State]
    reasons: list[tuple[str, int]]
    """Why problems were not solved, the gravest state first and then the most frequent."""
    examples: list[Example]
    """The simplest problems that were not solved, those of the gravest state first."""

    @classmethod
    def empty(cls) -> Cell:
        """The cell of a solver that no problem of the kind was put to."""
        return cls(Counter(), [], [])

    @property
    def state(self) -> State:
        """The gravest of the failures; without any, the most frequent state; *unpromised* if there is no problem."""
        if not self.total:
            return State.UNPROMISED
        failures = (state for state in UNSOLVED if self.counts[state])
        return next(failures, max(State, key=lambda state: self.counts[state]))

    @property
    def total(self) -> int:
        """All problems of the kind."""
        return self.counts.total()

    @property
    def shown(self) -> str:
        """The number in the cell, empty if all are solved: colour is never the only sign."""
        match self.state:
            case State.SOLVED | State.UNGRADED:
                return ""
            case State.UNPROMISED:
                return "–"
            case found:
                return f"{SIGN[found]}{self.counts[found]}"

    @property
    def words(self) -> str:
        """The counts of all states in a line."""
        if not self.total:
            return "no problem of the kind"
        if self.counts[self.state] == self.total and self.total > 1:
            return f"all {self.total} {WORDS[self.state]}"
        return "; ".join(f"{self.counts[s]} {WORDS[s]}" for s in State if self.counts[s]) + f"; of {self.total}"


SIGN = {State.SILENT: "", State.OPEN: "!", State.LOST: "~"}
"""What stands before the number of each state, so that print without colours tells them apart."""


def cell(records: Iterable[Record]) -> Cell:
    """The cell of the records of one solver at problems of one kind."""
    by_state: dict[State, list[Record]] = {}
    for record in records:
        by_state.setdefault(state(record), []).append(record)
    counts = Counter({found: len(members) for found, members in by_state.items()})
    reasons: list[tuple[str, int]] = []
    examples: list[Example] = []
    for found in UNSOLVED:
        members = sorted(by_state.get(found, ()), key=simplicity)
        reasons += sorted(Counter(map(reason, members)).items(), key=lambda pair: (-pair[1], pair[0]))
        examples += [Example(r.key, seen(r)) for r in members[: SHOWN - len(examples)]]
    if len(reasons) > REASONS:
        reasons = [*reasons[: REASONS - 1], ("other reasons", sum(count for _, count in reasons[REASONS - 1 :]))]
    return Cell(counts, reasons, examples)
