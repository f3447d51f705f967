"""Which solvers survive where float32 products are rounded as GPUs and TPUs round them: the table of `docs/gpu.md`.

    lamm-robust run --profile small --device emulated --solver 'jax-*' --out results/emulated
    python docs/evidence/emulated.py results/emulated [--write]

It compares each solver at each problem with itself on the CPU (a `-highest` solver with the one without), and prints
the table, or with --write puts it into the page.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from lamm_robust.reports.grading import is_judged
from lamm_robust.scoring.verdicts import ANSWERS
from lamm_robust.storage.parquet import Records
from lamm_robust.text import markdown_table
from lamm_robust.values import EMULATED, Device, Record, Verdict

PAGE = Path(__file__).parents[1] / "gpu.md"
BEGIN, END = "<!-- emulated -->\n", "<!-- /emulated -->"

HIGHEST = "-highest"


def order(record: Record) -> int:
    """The place of a verdict among answers, from the best on; after all of them if there is no answer."""
    return ANSWERS.index(record.verdict) if record.verdict in ANSWERS else len(ANSWERS)


def judged(records: Records, algorithm: str, device: Device) -> dict[str, Record]:
    """The judged records of a solver on a device, by problem, without those that time ran out for."""
    found = records.of(f"jax-{algorithm}-float32-{device}")
    return {r.problem: r for r in found if is_judged(r) and r.verdict != Verdict.TIMED_OUT}


def lost(records: Records, algorithm: str, device: Device) -> tuple[int, int, int]:
    """How many problems were judged on the device and on the CPU, were worse there, and were silently wrong, too."""
    here = judged(records, algorithm, device)
    there = judged(records, algorithm.removesuffix(HIGHEST), "cpu")
    both = here.keys() & there.keys()
    worse = [here[problem] for problem in both if order(here[problem]) > order(there[problem])]
    return len(both), len(worse), sum(r.verdict is Verdict.WRONG and not r.warned for r in worse)


def table(records: Records, algorithms: Sequence[str], devices: Sequence[Device]) -> str:
    """The table, those that lose least first: a row for each solver, a column for each device."""
    rows = []
    for algorithm in algorithms:
        found = [lost(records, algorithm, device) for device in devices]
        cells = [
            f"{worse} of {both}, {silent} in silence" if worse else f"0 of {both}" for both, worse, silent in found
        ]
        rows.append((found[0][1], [f"`jax-{algorithm}`", *cells]))
    header = ["solver", *(f"worse on {device} than on the CPU" for device in devices)]
    return markdown_table(header, [cells for _, cells in sorted(rows, key=lambda row: row[0])])


def main() -> None:
    """Print the table of a results directory, or write it into the page."""
    records = Records(Path(sys.argv[1]))
    devices = [device for device in EMULATED if any(v.endswith(device) for v in records.variants())]
    ending = f"-float32-{devices[0]}"
    names = [v.removeprefix("jax-").removesuffix(ending) for v in records.variants() if v.endswith(ending)]
    found = table(records, names, devices)
    if "--write" not in sys.argv:
        print(found.rstrip())
        return
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{found.rstrip()}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
