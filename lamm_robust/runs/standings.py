"""How each solver does while a run goes on: a table that is drawn again and again, or a line when a solver is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rich.box import SIMPLE_HEAD
from rich.table import Table

from lamm_robust.reports.grading import is_failure
from lamm_robust.scoring.records import Done, Undone
from lamm_robust.text import count_of
from lamm_robust.values import Case, Variant, Verdict

BESIDE = 8
"""Lines of a terminal that the table leaves to its heading, the bar below it, and what was printed before."""


@dataclass
class Standing:
    """What has become of the attempts of a variant so far."""

    planned: int = 0
    done: int = 0
    silent: int = 0
    failed: int = 0

    def add(self, one: Done | Undone) -> None:
        """Count an attempt."""
        self.done += 1
        if isinstance(one, Done):
            self.silent += one.record.verdict == Verdict.WRONG
            self.failed += is_failure(one.record)

    def cells(self) -> list[str]:
        """How many are done, silent, and failed, as texts; what has not begun shows what is planned."""
        if not self.done:
            return [f"0/{self.planned}", "", ""] if self.planned else ["", "", ""]
        return [f"{self.done}/{self.planned}", str(self.silent or "·"), str(self.failed or "·")]


def solver_of(variant: Variant) -> str:
    """The name of the solver of a variant."""
    return f"{variant.library}-{variant.algorithm}"


def place_of(variant: Variant) -> str:
    """Where it runs: the precision, and the device unless it is the CPU."""
    return variant.precision if variant.device == "cpu" else f"{variant.precision} {variant.device}"


@dataclass
class Standings:
    """The standing of every variant of a run."""

    of: dict[Variant, Standing] = field(default_factory=dict)
    _ended: list[Variant] = field(default_factory=list)

    @classmethod
    def planned(cls, cases: Iterable[Case]) -> Standings:
        """The standings before the first attempt."""
        found = cls()
        for case in cases:
            found.of.setdefault(case.variant, Standing()).planned += 1
        return found

    def add(self, batch: Sequence[Done | Undone]) -> None:
        """Count attempts."""
        for one in batch:
            standing = self.of[one.case.variant]
            standing.add(one)
            if standing.done == standing.planned:
                self._ended.append(one.case.variant)

    def ended(self) -> Iterator[str]:
        """A line for each variant that is done since this was asked last."""
        while self._ended:
            variant = self._ended.pop(0)
            found = self.of[variant]
            yield (
                f"{solver_of(variant)} {place_of(variant)}: {count_of(found.done, 'attempt')}, "
                f"{found.silent} silent, {found.failed} failed"
            )

    def table(self, height: int) -> Table:
        """The solvers as rows, with three columns for each precision and device; the last begun if not all fit."""
        places = list(dict.fromkeys(map(place_of, self.of)))
        rows: dict[str, dict[str, Standing]] = {}
        for variant, standing in self.of.items():
            rows.setdefault(solver_of(variant), {})[place_of(variant)] = standing
        most = max(1, height - BESIDE)
        names = list(rows)
        if len(names) > most:
            begun = [name for name in names if any(one.done for one in rows[name].values())]
            names = begun[-most:] + [name for name in names if name not in begun][: most - len(begun[-most:])]
        shown = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
        shown.add_column("solver", no_wrap=True)
        for place in places:
            for heading in (place, "silent", "failed"):
                shown.add_column(heading, justify="right", no_wrap=True)
        for name in names:
            shown.add_row(name, *(cell for place in places for cell in rows[name].get(place, Standing()).cells()))
        return shown
