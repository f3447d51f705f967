"""`check --html`: the judgement on a solver as a page to look at, one file that opens without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from lamm_robust.check.judgement import Judgement
from lamm_robust.check.page import page
from lamm_robust.reports.columns import class_of
from lamm_robust.reports.page.cells import UNSOLVED, WORDS, Cell
from lamm_robust.reports.page.charts import Figure, figures
from lamm_robust.reports.page.frame import Frame, as_printed
from lamm_robust.reports.page.portraits import Gallery

HERE = Path(__file__).parent

DRAWN = 2
"""Charts of error against κ, which come first: of one solver, profiles and times beside others say nothing."""


@dataclass(frozen=True)
class Part:
    """What the page shows of a judgement in one precision."""

    found: Judgement
    families: Sequence[tuple[str, Cell]]
    figures: Sequence[Figure]

    @property
    def title(self) -> str:
        """The precision, the device and the class, with the ratio of column sizes up to which it holds."""
        return f"{self.found.terms.precision} on {self.found.terms.device.upper()}: {class_of(self.found.row)}"

    @property
    def lines(self) -> list[Markup]:
        """The lines of the judgement in words, as it is printed, with the blanks between the columns of its table."""
        return as_printed(page(self.found).splitlines())

    @property
    def failing(self) -> list[tuple[str, Cell]]:
        """The families of which it did not solve all problems."""
        return [(name, cell) for name, cell in self.families if cell.state in UNSOLVED]


def check_html(judgements: Sequence[Judgement]) -> str:
    """The page of the judgements on one solver, in one precision each: the same bytes for the same judgements."""
    target = judgements[0].target
    return Frame("check.html", folder=HERE).render(
        {"title": target, "made": [], "states": WORDS, "parts": [_part(found) for found in judgements]}
    )


def _part(found: Judgement) -> Part:
    """The boxes and the charts of the records of a judgement, of which there may be none."""
    gallery = Gallery()
    if found.records:
        gallery.add(found.records)
    portraits = list(gallery.portraits.values())
    families = [pair for portrait in portraits for pair in portrait.families.items()]
    where = f"{found.terms.precision} on {found.terms.device.upper()}"
    drawn = figures(portraits, [p.variant for p in portraits], where)[:DRAWN] if portraits else []
    return Part(found, families, drawn)
