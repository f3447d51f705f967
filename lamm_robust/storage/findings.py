"""What hunts have found: one small TOML file for each solver and score, and a page of them all.

The problems in a directory of such files are the `worst` profile. They say how bad it can get and are no sample of
anything, so they are never mixed into the tables of a grid.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from lamm_robust.storage.files import sweep, write_text
from lamm_robust.values import BY, Precision

DIRECTORY = Path("results") / "worst"
"""Where hunts leave what they find, and where the `worst` profile looks for it."""

SILENT = "silent"
"""What a hunt names instead of a score when it looks for silent failures, by way of large errors."""

DISASTER = 500.0
"""The severity of a silent failure: beyond that of any score, which is the decimal logarithm of a double."""

HEAD = """\
# The worst that hunts have found

For each solver the problem at which it does worst, and the smallest at which it is nearly as bad (half of the decimal
digits by which it errs, or another silent failure). They were searched for, not sampled: they say how bad it can get,
not how often. `lamm-robust hunt SOLVER` adds to them; with `lamm-robust run --profile worst` every solver tries them.
A hunt looks at matrices of at most 4,096 entries, so that a problem of the fixed grids may be worse.

A hunt for silent failures that found none says so, and shows where the answer was farthest from the truth.

| solver | looked for | tried | worst | simplest that is nearly as bad |
| --- | --- | ---: | --- | --- |"""


@dataclass(frozen=True)
class Found:
    """A problem that a hunt has found."""

    problem: str
    """The key of the problem."""
    digest: str
    """The SHA-256 of its bits."""
    said: str
    """A line on what the solver did with it."""


@dataclass(frozen=True)
class Hunted:
    """The result of one hunt: the worst problem, and the smallest that is nearly as bad."""

    solver: str
    score: str
    severity: float
    """How badly the solver did at the worst problem: the larger, the worse."""
    seconds: float
    tried: int
    suite: str
    worst: Found
    shrunk: Found

    @property
    def of(self) -> str:
        """Library and algorithm of the solver, at whatever precision and on whatever device."""
        return self.solver.rsplit("-", 2)[0]

    @property
    def name(self) -> str:
        """The name of the file that holds the result."""
        return f"{self.solver}-{self.score}.toml"


def read(path: Path) -> Hunted:
    """The result in a file that `keep` wrote; ValueError for a file of another kind."""
    try:
        facts: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        hunted = Hunted(**{**facts, "worst": Found(**facts["worst"]), "shrunk": Found(**facts["shrunk"])})
        for entry in (hunted, hunted.worst, hunted.shrunk):
            _check(entry)
        return hunted
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"'{path}' is not what a hunt leaves ({error}); delete it and hunt again") from error


def _check(entry: Found | Hunted) -> None:
    """TypeError for a field whose value has another type than its annotation; a whole number is a float, too."""
    for name, kind in get_type_hints(type(entry)).items():
        if not isinstance(value := getattr(entry, name), (int, float) if kind is float else kind):
            raise TypeError(f"{name} is {value!r}")


def read_all(directory: Path) -> list[Hunted]:
    """The results of all hunts in a directory, in the order of their names; errors as `read`."""
    return [read(path) for path in sorted(directory.glob("*.toml")) if path.is_file()]


def problems(directory: Path, precision: Precision) -> dict[str, str]:
    """The keys of all problems that hunts have found at a precision, each with the digest of its bits."""
    found = [found for hunted in read_all(directory) for found in (hunted.worst, hunted.shrunk)]
    return {each.problem: each.digest for each in found if each.problem.endswith(f"dtype={precision}")}


def keep(hunted: Hunted, directory: Path) -> bool:
    """Write a result down, unless a worse one of the same suite is there; returns whether it was written."""
    directory.mkdir(parents=True, exist_ok=True)
    sweep(directory)
    path = directory / hunted.name
    if path.exists():
        before = read(path)
        if before.suite == hunted.suite and before.severity > hunted.severity:
            return False
    write_text(path, _toml(hunted))
    write_text(directory / "README.md", page(read_all(directory)))
    return True


def _toml(hunted: Hunted) -> str:
    facts = {name: value for name, value in vars(hunted).items() if not isinstance(value, Found)}
    return "\n".join(
        [
            f"# lamm-robust hunt {hunted.solver} --score {hunted.score} --seconds {hunted.seconds:g}",
            *_lines(facts),
            "\n[worst]",
            *_lines(vars(hunted.worst)),
            "\n[shrunk]",
            *_lines(vars(hunted.shrunk)),
            "",
        ]
    )


def _lines(facts: Mapping[str, object]) -> list[str]:
    """The lines of a TOML table, whose basic strings and numbers are written as those of JSON are."""
    return [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in facts.items()]


def page(hunts: list[Hunted]) -> str:
    """The page of all results in Markdown: a table, and the commands that replay its rows."""
    rows = [
        f"| {h.solver} | {_goal(h)} | {h.tried} in {h.seconds:g} s | {h.worst.said} | {h.shrunk.said} |" for h in hunts
    ]
    keys = [f'lamm-robust replay "{h.shrunk.problem}{BY}{h.solver}"' for h in hunts]
    return "\n".join([HEAD, *rows, "", "```sh", *keys, "```", ""])


def _goal(hunted: Hunted) -> str:
    """The score that a hunt was for; if that was silent failures, also whether it found none."""
    return hunted.score + (": none found" if hunted.score == SILENT and hunted.severity < DISASTER / 2 else "")
