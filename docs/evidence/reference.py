"""The committed run as the pages quote it: leaderboard cells by solver and precision, and counts over its records."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from lamm_robust.reports.summary import worst_by_decade
from lamm_robust.storage.parquet import Records
from lamm_robust.text import number
from lamm_robust.values import Precision, Record


class Reference:
    """A results directory: a cell of its leaderboard, or the records of one solver."""

    def __init__(self, directory: Path) -> None:
        """Open the directory; StoreError if there is none, or it is damaged."""
        self._records = Records(directory)
        self._leaderboard = (directory / "leaderboard.md").read_text(encoding="utf-8")
        with (directory / "leaderboard.csv").open(encoding="utf-8", newline="") as stream:
            self.rows = {row["variant"]: row for row in csv.DictReader(stream)}
        self.of = cache(self._of)

    def _of(self, solver: str, precision: Precision = "float64") -> Sequence[Record]:
        """The records of a solver, such as "numpy-lstsq", on the CPU."""
        return self._records.of(f"{solver}-{precision}-cpu")

    def cell(self, solver: str, field: str, precision: Precision = "float64") -> str:
        """A field of the leaderboard row of a solver on the CPU, as it stands in the file."""
        return self.rows[f"{solver}-{precision}-cpu"][field]

    def figure(self, solver: str, field: str, precision: Precision = "float64") -> str:
        """The same, as pages show numbers: two digits, or one and an exponent."""
        return number(float(self.cell(solver, field, precision)))

    def cells(self, solver: str, precision: Precision = "float64") -> list[str]:
        """The cells of the leaderboard row of a solver on the CPU, as people see them."""
        table = self._leaderboard.partition(f"\n## {precision} on CPU\n")[2].partition("\n## ")[0]
        (row,) = (line for line in table.splitlines() if line.startswith(f"| {solver} |"))
        return [cell.strip() for cell in row.strip("|").split("|")]

    def share(self, solver: str, part: str, precision: Precision = "float64") -> str:
        """Two fields of the row, such as "60/60" for `deficient`: how many passed, and of how many."""
        done = {"undefined": "flagged", "ambiguous": "fitted", "rank": "right"}.get(part, "passed")
        return f"{self.cell(solver, f'{part}_{done}', precision)}/{self.cell(solver, f'{part}_total', precision)}"

    def count(self, solver: str, holds: Callable[[Record], bool], precision: Precision = "float64") -> int:
        """How many records of a solver on the CPU have a property."""
        return sum(map(holds, self.of(solver, precision)))

    def worst(self, solver: str, metric: str, decade: int, precision: Precision = "float64") -> str:
        """The worst score of a solver over graded full-rank problems with κ near 10^decade, as pages show numbers."""
        return number(worst_by_decade(self.of(solver, precision), metric)[decade])
