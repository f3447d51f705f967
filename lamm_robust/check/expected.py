"""Failures that the owner of a solver knows and expects: a TOML file with a reason for each, which has to stay true.

    [[expected]]
    problem = "nonfinite *"
    reason = "NaN is not handled yet"

`problem` is the key of a problem, or a pattern with * of several. A failure that is expected keeps no requirement from
being held, and changes nothing else: classes and counts are of all failures. What is expected and does not fail, or is
of no problem, keeps a requirement from being held: its line has to go.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from lamm_robust.values import Record

FORM = 'expected tables [[expected]], each with problem = "…" and reason = "…"'


@dataclass(frozen=True)
class Expected:
    """A failure that is expected, or several."""

    problem: str
    """The key of a problem, or a pattern of keys."""
    reason: str


def read_expected(path: Path) -> tuple[Expected, ...]:
    """What a file says is expected; ValueError that names the file and what is wrong with it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"--expect {path}: {getattr(error, 'strerror', None) or error}; {FORM}") from None
    tables = content.get("expected")
    if set(content) != {"expected"} or not isinstance(tables, list):
        raise ValueError(f"--expect {path}: it has {', '.join(map(repr, content)) or 'nothing'}; {FORM}")
    return tuple(_one(path, number, table) for number, table in enumerate(tables, 1))


def _one(path: Path, number: int, table: Any) -> Expected:
    known = isinstance(table, dict) and set(table) == {"problem", "reason"}
    if not known or not all(isinstance(value, str) and value.strip() for value in table.values()):
        raise ValueError(f"--expect {path}: table {number} is {table!r}; {FORM}")
    return Expected(table["problem"].strip(), table["reason"].strip())


@dataclass(frozen=True)
class Met:
    """What became of one that is expected."""

    expected: Expected
    failed: int
    """The number of its problems that failed."""
    tried: int
    """The number of its problems that were tried."""

    @property
    def wrong(self) -> str:
        """Why its line has to go, in words; empty if it has not."""
        if self.failed:
            return ""
        return f"expected failure '{self.expected.problem}' " + ("did not fail" if self.tried else "names no problem")


def meet(
    records: Sequence[Record], expected: Sequence[Expected], fails: Callable[[Record], bool]
) -> tuple[dict[str, str], list[Met]]:
    """Problems that fail as expected → the first reason given, and what became of each that is expected."""
    failed = {record.problem for record in records if fails(record)}
    reasons: dict[str, str] = {}
    met = []
    for one in expected:
        tried = {record.problem for record in records if fnmatchcase(record.problem, one.problem)}
        met.append(Met(one, len(tried & failed), len(tried)))
        reasons = dict.fromkeys(tried & failed, one.reason) | reasons
    return reasons, met
