"""Gates on a comparison: which changes fail it, and which of them are expected, each for a stated reason.

Expected failures are strict: one that does not happen fails the gate too, so that the list never outlives its reasons.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from lamm_robust.reports.compare import Comparison

FAILING: Mapping[str, Callable[[Comparison], list[str]]] = {
    "verdict": lambda c: [*(pair.key for pair in c.worse), *c.vanished, *c.restless],
    "accuracy": lambda c: [error.pair.key for error in c.lost],
    "time": lambda c: [times.variant for times in c.times if times.slower],
}
"""Gate → what fails it: keys of cases, or names of variants: slower, no longer measured, or no longer repeatable."""

FIELDS = ("case", "gate", "reason")


@dataclass(frozen=True)
class Expectation:
    """A failure that is known, and why it is accepted."""

    case: str
    """A glob over keys of cases, or over names of variants where these fail."""
    gate: str
    reason: str


@dataclass(frozen=True)
class Result:
    """Whether a comparison passes a gate, and why."""

    gate: str
    failing: list[str]
    """Keys of cases, or names of variants, that failed the gate and were not expected to."""
    excused: Mapping[str, str]
    """What failed as expected → the reason."""
    stale: list[Expectation]
    """Expected failures that did not happen."""

    @property
    def passed(self) -> bool:
        """Whether nothing failed but what was expected, and all of that did."""
        return not self.failing and not self.stale


def settle(gate: str, comparison: Comparison, expectations: Sequence[Expectation]) -> Result:
    """The result of a gate on a comparison.

    ValueError if nothing could pass it: a run is unfinished, or the gate is time and times cannot be compared.
    """
    if comparison.unfinished:
        raise ValueError(f"{comparison.unfinished}, so no gate can be passed; finish it, or leave out --fail-on")
    if gate == "time" and comparison.other_clock:
        raise ValueError(
            f"the runs were timed under other conditions ({comparison.other_clock}), so time cannot be a gate; "
            "leave out --fail-on time, or measure both on one machine"
        )
    mine = [expected for expected in expectations if expected.gate == gate]
    failing = FAILING[gate](comparison)
    # reversed, so that of several expectations for one failure the first gives the reason
    reasons = {name: e.reason for name in failing for e in reversed(mine) if fnmatchcase(name, e.case)}
    stale = [e for e in mine if not any(fnmatchcase(name, e.case) for name in failing)]
    return Result(gate, [name for name in failing if name not in reasons], reasons, stale)


def read_expected(path: Path) -> list[Expectation]:
    """The expected failures of a TOML file: tables ``[[expected]]`` with ``case``, ``gate`` and ``reason``.

    ValueError that names the file, the entry and what would be accepted.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot read '{path}': {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"'{path}' is not TOML: {error}") from error
    if unknown := [name for name in content if name != "expected"]:
        raise ValueError(f"'{path}' has '{unknown[0]}'; accepted are tables [[expected]] with {', '.join(FIELDS)}")
    entries = content.get("expected", [])
    if not isinstance(entries, list):
        raise ValueError(f"'expected' in '{path}' is one table; write [[expected]], once per entry")
    return [_read_entry(f"entry {number} of '{path}'", entry) for number, entry in enumerate(entries, start=1)]


def _read_entry(where: str, entry: Any) -> Expectation:
    """One table of the file; ValueError that begins with `where` if it lacks a field or has another."""
    if not isinstance(entry, dict):
        raise ValueError(f"{where} is {entry!r}; expected a table with {', '.join(FIELDS)}")
    if unknown := [name for name in entry if name not in FIELDS]:
        raise ValueError(f"{where} has '{unknown[0]}'; accepted: {', '.join(FIELDS)}")
    for name in FIELDS:
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise ValueError(f"{where} has no '{name}'; every entry needs {', '.join(FIELDS)}, in words")
    if entry["gate"] not in FAILING:
        raise ValueError(f"{where} has gate = '{entry['gate']}'; accepted: {', '.join(FAILING)}")
    return Expectation(**entry)
