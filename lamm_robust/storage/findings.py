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
from typing import Any

from lamm_robust.storage.files import write_text
from lamm_robust.values import BY, Precision

DIRECTORY = Path("results") / "worst"
"""Where hunts leave what they find, and where the `worst` profile looks for it."""

SILENT = "silent"
"""In place of a score: look for silent failures, by way of large errors."""

DISASTER = 500.0
"""Severity beyond that of any score, which is a decimal logarithm of a double: what was looked for was found."""

HEAD = """\
# The worst that hunts have found

For each solver the problem at which it does worst, and the smallest at which it is nearly as bad (half of the decimal
digits by which it errs, or another silent failure). They were searched for, not sampled: they say how bad it can get,
not how often. `lamm-robust hunt SOLVER` adds to them; with `lamm-robust run --profile worst` every solver tries them.

A hunt for silent failures that found none says so, and shows where the answer was farthest from the truth.

| solver | looked for | tried | worst | simplest that is nearly as bad |
| --- | --- | ---: | --- | --- |"""


@dataclass(frozen=True)
class Found:
    """A problem, the SHA-256 of its bits, and a line on what the solver did with it."""

    problem: str
    digest: str
    said: str


@dataclass(frozen=True)
class Hunted:
    """What one hunt brought home."""

    solver: str
    score: str
    severity: float
    """Of the worst problem: the larger, the worse."""
    seconds: float
    tried: int
    suite: str
    worst: Found
    shrunk: Found

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.solver}-{self.score}.toml"


Types = Mapping[str, type | tuple[type, ...]]
NUMBER = (int, float)
OF_PROBLEMS: Types = {"problem": str, "digest": str, "said": str}
OF_HUNTS: Types = {"solver": str, "score": str, "severity": NUMBER, "seconds": NUMBER, "tried": int, "suite": str}


def read(path: Path) -> Hunted:
    """The inverse of `keep`; ValueError that names a file which is not one of ours."""
    try:
        facts: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        hunted = Hunted(**{**facts, "worst": Found(**facts["worst"]), "shrunk": Found(**facts["shrunk"])})
        _check(hunted, OF_HUNTS)
        _check(hunted.worst, OF_PROBLEMS)
        _check(hunted.shrunk, OF_PROBLEMS)
        return hunted
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError, KeyError) as error:
        raise ValueError(f"'{path}' is not what a hunt leaves ({error}); delete it and hunt again") from error


def _check(entry: Found | Hunted, types: Types) -> None:
    """TypeError for a value of another type than it is written as."""
    for name, kind in types.items():
        if not isinstance(value := getattr(entry, name), kind):
            raise TypeError(f"{name} is {value!r}")


def read_all(directory: Path) -> list[Hunted]:
    """Everything that hunts have left in a directory, by name."""
    return [read(path) for path in sorted(directory.glob("*.toml"))]


def problems(directory: Path, precision: Precision) -> dict[str, str]:
    """The keys of all problems found at a precision, each once, with the digests of their bits."""
    found = [found for hunted in read_all(directory) for found in (hunted.worst, hunted.shrunk)]
    return {each.problem: each.digest for each in found if each.problem.endswith(f"dtype={precision}")}


def keep(hunted: Hunted, directory: Path) -> bool:
    """Write it down, unless something worse is there from the same suite; whether it was written."""
    directory.mkdir(parents=True, exist_ok=True)
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
    """TOML's basic strings and numbers are written as JSON's are."""
    return [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in facts.items()]


def page(hunts: list[Hunted]) -> str:
    """A table of what was found, and the lines that make it again."""
    rows = [
        f"| {h.solver} | {looked_for(h)} | {h.tried} in {h.seconds:g} s | {h.worst.said} | {h.shrunk.said} |"
        for h in hunts
    ]
    keys = [f'lamm-robust replay "{h.shrunk.problem}{BY}{h.solver}"' for h in hunts]
    return "\n".join([HEAD, *rows, "", "```sh", *keys, "```", ""])


def looked_for(hunted: Hunted) -> str:
    """The score, and whether a silent failure was found if one was looked for."""
    return hunted.score + (": none found" if hunted.score == SILENT and hunted.severity < DISASTER / 2 else "")
