"""`results/history.csv`: what the reference tables of each suite said of each solver, from files and commits.

    python docs/evidence/history.py [--write]

Of each suite the last committed leaderboard counts. Suites ask other things, so that their numbers stand beside each
other on the pages of a site, and are not compared.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from lamm_robust.text import csv_text

ROOT = Path(__file__).parents[2]
OUT = ROOT / "results/history.csv"
TABLE = "results/reference/leaderboard.csv"
HEADER = ("suite", "measured", "solver", "precision", "device", "class", "silent", "failed", "cases")


def git(*words: str) -> str:
    """What git says in this repository."""
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S607  # our own words


def versions() -> Iterator[Callable[[str], str]]:
    """What reads a file as it is here, and then as it was at each commit of the leaderboard, the latest first."""
    yield lambda name: (ROOT / name).read_text(encoding="utf-8")
    for commit in git("log", "--format=%H", "--", TABLE).split():
        yield lambda name, at=commit: git("show", f"{at}:{name}")  # type: ignore[misc]  # the default binds the commit


def rows() -> Iterator[list[str]]:
    """A row for each suite and variant, the latest suite first, in the order of its leaderboard."""
    seen = set[str]()
    for read in versions():
        where = json.loads(read("results/reference/environment.json"))
        suite, day = where["suite"]["suite"], min(worker["started"] for worker in where["workers"])[:10]
        if suite in seen:
            continue
        seen.add(suite)
        for row in csv.DictReader(io.StringIO(read(TABLE))):
            solver = f"{row['library']}-{row['algorithm']}"
            counts = (row["stability"], row["silent_failures"], row["failures"], row["cases"])
            yield [suite, day, solver, row["precision"], row["device"], *counts]


def main(*, write: bool) -> None:
    """Print the table, or write it."""
    text = csv_text(HEADER, rows())
    if write:
        OUT.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main(write="--write" in sys.argv)
