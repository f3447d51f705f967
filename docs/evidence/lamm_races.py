"""The races of LAMM's loops once more, alone, on a machine that is idle: the numbers of docs/lamm.md on how fast it is.

    python docs/evidence/lamm_races.py [--write results/lamm]

It takes two minutes, and prints the table of races. With --write they replace those of that study, whose pages are
written again; its runs stay as they are.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from lamm_robust.lamm.conduct import FOUND, Study, conduct, rewrite
from lamm_robust.lamm.page import race_table
from lamm_robust.lamm.records import COURSES
from lamm_robust.storage.files import write_text
from lamm_robust.values import PRECISIONS


def is_race(line: str) -> bool:
    """Whether the line of a study is a race."""
    return bool(json.loads(line)["kind"] == "Race")


def main() -> None:
    """Run the races, print their table, and write them into a study if that is asked for."""
    parser = argparse.ArgumentParser(description="The races of LAMM's loops, alone.")
    parser.add_argument("--write", type=Path, metavar="DIR", help="a results directory of `lamm-robust lamm`")
    study = parser.parse_args().write
    with tempfile.TemporaryDirectory() as directory:
        _, races = conduct(Study((), None, (), PRECISIONS, COURSES["standard"]), Path(directory), lambda: None)
        _, *lines = (Path(directory) / FOUND).read_text(encoding="utf-8").splitlines()
    print(race_table(races))
    if study:
        kept = [line for line in (study / FOUND).read_text(encoding="utf-8").splitlines() if not is_race(line)]
        write_text(study / FOUND, "\n".join([*kept, *lines]) + "\n")
        rewrite(study)


if __name__ == "__main__":
    main()
