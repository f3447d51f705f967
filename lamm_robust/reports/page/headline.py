"""What a page says first: who can be trusted for what, in sentences made of records alone."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lamm_robust.reports.page.cells import State
from lamm_robust.reports.page.portraits import Portrait, Problem
from lamm_robust.reports.page.usual import NORMAL_EQUATIONS, OURS
from lamm_robust.reports.row import Row
from lamm_robust.reports.stability import STABILITY_ORDER
from lamm_robust.text import count_of, number

STABLE = STABILITY_ORDER[:3]
"""The classes of solvers that are stable at every graded problem of which their class asks something."""

FEW = 5
"""Names that a sentence lists; more are counted."""


@dataclass(frozen=True)
class Known:
    """What the sentences about one precision on one device are made of."""

    rows: Sequence[Row]
    called: Sequence[Portrait]
    """The portraits of the solvers that are default calls or common lines."""
    unsolved: Sequence[tuple[str, Problem]]
    """The problems that no solver solved."""
    problems: int
    """How many problems were judged, edge cases among them."""
    silent: Mapping[str, Counter[str]]
    """Variant → where it is wrong in silence → how often."""

    @property
    def stable(self) -> list[Row]:
        """The rows of the solvers that are stable."""
        return [row for row in self.rows if row.stability in STABLE]


@dataclass(frozen=True)
class Sentence:
    """A sentence of the headline: what it is about, and what the records say."""

    about: str
    words: str


def headline(known: Known) -> list[Sentence]:
    """The sentences for one precision and device; one that there is nothing to say for is left out."""
    said = ((about, say(known)) for about, say in SENTENCES)
    return [Sentence(about, words) for about, words in said if words]


def _any_rank(known: Known) -> str:
    return _by_class([r for r in known.stable if r.deficient_total], "that promises an answer at any rank")


def _full_rank(known: Known) -> str:
    return _by_class([r for r in known.stable if not r.deficient_total], "that promises one at full rank only")


def _but(known: Known) -> str:
    silent = sorted((r for r in known.stable if r.silent_failures), key=lambda r: (-r.silent_failures, r.variant))
    if not silent:
        return ""
    places = sum((known.silent[r.variant] for r in silent), Counter[str]()).most_common()
    where = ", ".join(f"{count_of(count, 'time')} {place}" for place, count in places)
    are = "is" if len(silent) == 1 else "are"
    listed = _few([f"{_name(r)} ({r.silent_failures})" for r in silent])
    return f"{len(silent)} of these {are} wrong in silence where their class asks less, {where}: {listed}."


def _typed(known: Known) -> str:
    typed = [p for p in known.called if not p.ours]
    wrong = sorted((p for p in typed if p.counts[State.SILENT]), key=lambda p: (-p.counts[State.SILENT], p.name))
    lines = "default calls and common lines"
    if not typed or not wrong:
        return f"None of {len(typed)} {lines} is wrong in silence anywhere." if typed else ""
    listed = _few([f"{p.name} ({p.counts[State.SILENT]})" for p in wrong])
    return f"{len(wrong)} of {len(typed)} {lines} are wrong in silence somewhere, at so many problems: {listed}."


def _fastest(known: Known) -> str:
    timed = [row for row in known.stable if not math.isnan(row.relative_time)]
    if not timed:
        return ""
    row = min(timed, key=lambda row: (row.relative_time, row.variant))
    return f"{_name(row)}: at the median problem {row.relative_time:.1f} times the time of the fastest that is right."


def _normal(known: Known) -> str:
    row = next((r for r in known.rows if (r.library, r.algorithm) == NORMAL_EQUATIONS), None)
    if row is None:
        return ""
    up_to = f"up to κ = {number(row.forward_safe_kappa)}" if row.forward_safe_kappa else "at no κ"
    silent = f"{row.silent_failures} of {row.cases} attempts are wrong in silence, wherever their κ is"
    return f"{_name(row)} is right at every graded full-rank problem {up_to}{_answered(known)}. {silent}."


def _answered(known: Known) -> str:
    """Up to which κ, as stored, the normal equations always had an answer, and how far off it was at most."""
    own = (p.by_kappa for p in known.called if (p.library, p.algorithm) == NORMAL_EQUATIONS)
    decades = sorted(next(own, {}).items())
    finite = list(itertools.takewhile(lambda pair: math.isfinite(pair[1]), decades))
    worst = max((error for _, error in finite), default=0.0)
    off = f"its error is at most {number(worst)} times what rounding allows"
    return f"; up to κ near 1e{finite[-1][0]} {off}" if worst > 1 else ""


def _silent(known: Known) -> str:
    worst = max(known.rows, key=lambda row: (row.silent_failures, row.variant))
    many = sum(row.silent_failures > 0 for row in known.rows)
    if not many:
        return "No solver was wrong without a warning."
    gave = "gave at least once a finite answer without a warning that lacks a correct digit, as a whole or in an entry"
    most = f"{_name(worst)} most often, in {worst.silent_failures} of {worst.cases} attempts"
    return f"{many} of {count_of(len(known.rows), 'solver')} {gave}; {most}."


def _restless(known: Known) -> str:
    restless = sorted((r for r in known.rows if r.unrepeatable), key=lambda r: (-r.unrepeatable, r.variant))
    listed = _few([f"{_name(r)} (at {r.unrepeatable} of {r.cases})" for r in restless])
    return f"Called again with the same bits, other bits came back from {listed}." if restless else ""


def _nobody(known: Known) -> str:
    judged = f"{count_of(known.problems, 'problem')}, edge cases among them,"
    if not known.unsolved:
        return f"Each of {judged} was solved by some solver."
    families = ", ".join(sorted({problem.family for _, problem in known.unsolved}))
    return f"{len(known.unsolved)} of {judged} that a contract covers and the precision resolves: {families}."


SENTENCES: Sequence[tuple[str, Callable[[Known], str]]] = (
    ("Stable at any rank", _any_rank),
    ("Stable at full rank", _full_rank),
    ("But", _but),
    ("Fastest of these", _fastest),
    ("What people type", _typed),
    ("Normal equations", _normal),
    ("In silence", _silent),
    ("Not repeatable", _restless),
    ("Solved by nobody", _nobody),
)
"""What each sentence is about, and what makes it: "" if it has nothing to say."""


def _by_class(rows: Sequence[Row], which: str) -> str:
    """The names of the solvers of each class, the most trustworthy first."""
    classes = [(kind, [_name(row) for row in rows if row.stability == kind]) for kind in STABLE]
    told = [f"{kind}: {_few(names)}" for kind, names in classes if names]
    return f"{'; '.join(told)}." if told else f"No solver {which} is stable at every graded problem."


def _few(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    return ", ".join(names[:FEW]) + (f" and {len(names) - FEW} more" if len(names) > FEW else "")


def _name(row: Row) -> str:
    ours = " (ours)" if (row.library, row.algorithm) in OURS else ""
    return f"{row.library}-{row.algorithm}{ours}"
