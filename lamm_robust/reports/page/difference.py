"""`compare --html`: two runs against each other, as a page that people look at."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lamm_robust.reports.changes import FINENESS, LEAST, NO_ANSWER, RANK, Aside, Pair
from lamm_robust.reports.compare import CONFIDENCE, SLOWER, Comparison, Times
from lamm_robust.reports.compare_headline import headline
from lamm_robust.reports.compare_page import SHOWN, shortened
from lamm_robust.reports.gate import Result
from lamm_robust.reports.page.frame import Frame
from lamm_robust.reports.page.plot import Axis, powers
from lamm_robust.reports.page.scatter import Whisker, scatter, whiskers
from lamm_robust.text import duration, number
from lamm_robust.values import Verdict

LINES = 60
"""Solvers in the picture of times: those that differ most. More would not be read."""

CASES = 200
"""Solvers and changes whose simplest cases the page lists; the rest is counted, and in `--json`."""


@dataclass(frozen=True)
class Change:
    """What changed for one solver, in texts."""

    variant: str
    worse: int
    better: int
    lost: int
    gained: int
    aside: int
    ratio: str
    said: str

    @property
    def counts(self) -> list[int]:
        """The numbers of the row, in the order of its columns."""
        return [self.worse, self.better, self.lost, self.gained, self.aside]


@dataclass(frozen=True)
class Group:
    """Cases of one solver that changed in the same way: how many, and the simplest."""

    variant: str
    old: Verdict
    new: Verdict
    count: int
    pairs: Sequence[Pair]

    @property
    def worse(self) -> bool:
        """Whether the verdict got worse."""
        return RANK[self.new] > RANK[self.old]


def difference_html(old: Path, new: Path, found: Comparison, results: Sequence[Result]) -> str:
    """The page: the same bytes for the same two directories."""
    flips = Counter((pair.old.verdict, pair.new.verdict) for pair in [*found.worse, *found.better])
    groups = _groups([*found.worse, *found.better])
    return Frame("difference.html").render(
        {
            "title": f"{old} → {new}",
            "made": [],
            "sentences": headline(found),
            "results": results,
            "found": found,
            "before": sorted({a for a, _ in flips}, key=RANK.__getitem__),
            "after": sorted({b for _, b in flips}, key=RANK.__getitem__),
            "flips": flips,
            "rank": RANK,
            "groups": groups[:CASES],
            "more": len(groups) - CASES,
            "changes": _changes(found),
            "errors": _errors(found),
            "times": _times(found.times),
            "untold": max(0, len(found.times) - LINES),
            "asides": [(why.value, found.aside[why], found.aside_errors[why]) for why in Aside],
            "conditions": [(name, *map(shortened, pair)) for name, pair in found.conditions.items()],
            "slower": SLOWER,
            "confidence": f"{float(CONFIDENCE):.0%}",
        }
    )


def _groups(pairs: Sequence[Pair]) -> list[Group]:
    """The cases by solver and change, the gravest and most frequent first."""
    groups: dict[tuple[str, Verdict, Verdict], list[Pair]] = {}
    for pair in pairs:
        groups.setdefault((pair.new.variant, pair.old.verdict, pair.new.verdict), []).append(pair)
    made = [Group(*key, len(members), members[:SHOWN]) for key, members in groups.items()]
    return sorted(made, key=lambda g: (not g.worse, -RANK[g.new], -g.count, g.variant))


def _changes(found: Comparison) -> list[Change]:
    """The solvers for which anything changed, those with more that got worse first."""
    worse, better = (Counter(pair.new.variant for pair in pairs) for pairs in (found.worse, found.better))
    lost, gained = (Counter(error.pair.new.variant for error in errors) for errors in (found.lost, found.gained))
    aside = Counter(pair.new.variant for pairs in found.aside.values() for pair in pairs)
    times = {t.variant: t for t in found.times}
    beyond = [name for name, t in times.items() if t.said]
    rows = [
        Change(
            *(name, worse[name], better[name], lost[name], gained[name], aside[name]),
            ratio=f"{times[name].median:.2f}" if name in times else "–",
            said=times[name].said if name in times else "",
        )
        for name in dict.fromkeys([*worse, *better, *lost, *gained, *aside, *beyond])
    ]
    return sorted(rows, key=lambda row: (*(-count for count in row.counts), row.variant))


def _errors(found: Comparison) -> str:
    """The picture of relative errors, old against new."""
    low, high = math.floor(math.log10(LEAST)), NO_ANSWER / FINENESS
    axis = Axis("", low, high, [*powers(low, high - 2), (high, "none")])
    spots: Mapping[str, list[tuple[float, float]]] = {
        kind: [(a / FINENESS, b / FINENESS) for a, b in own] for kind, own in found.spots.items()
    }
    return scatter("Relative error, old against new", axis, "relative error, old run", "new run", spots)


def _times(times: Sequence[Times]) -> str:
    """The picture of the ratios of times: of the solvers that differ most, the slowest first."""
    far = sorted(times, key=lambda t: (not t.said, -abs(math.log(t.median)), t.variant))[:LINES]
    return whiskers(
        "Time, new over old",
        [
            Whisker(
                *(t.variant, t.median, t.low, t.high),
                kind=t.said or "alike",
                words=f"{t.variant}: {number(t.median)} times, {duration(t.old_seconds)} → {duration(t.new_seconds)}",
            )
            for t in sorted(far, key=lambda t: (-t.median, t.variant))
        ],
    )
