"""Hunt for the problem at which one solver does worst, and shrink it to one that a person can look at."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from lamm_robust import catalog
from lamm_robust.defaults import CHECK_SECONDS
from lamm_robust.hunt import search
from lamm_robust.keys import parse_key
from lamm_robust.reports.grading import has_one_answer, is_judged
from lamm_robust.runs.plan import grid
from lamm_robust.runs.sweep import why_not_asked
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Truths
from lamm_robust.storage import findings
from lamm_robust.storage.findings import DISASTER, SILENT
from lamm_robust.terminal import progress
from lamm_robust.values import (
    SUITE,
    Case,
    Family,
    Oracle,
    Outcome,
    Problem,
    ProblemKey,
    Record,
    Regime,
    Variant,
    Verdict,
)
from lamm_robust.workers.opening import Workers
from lamm_robust.workers.second_look import ask

NO_EDGES = "; empty matrices, extreme scales, NaN and ∞ were left out, which --edges brings in"

LARGEST = 4096
"""Entries of A up to which a problem is tried: larger ones cost much and say nothing else."""

SHARE = 0.5
"""A shrunk problem may lose this share of the decimal digits by which the worst one is off."""


@dataclass
class Prey:
    """One solver in a process of its own, and every problem at which it was tried."""

    variant: Variant
    attempt: Callable[[Case, Problem], Outcome]
    truths: Truths
    score: str
    edges: bool = False
    """Whether it is tried at edge cases, and with NaN and ∞, too: that some solvers fail there is known soon."""
    on_tried: Callable[[Prey], None] = lambda _: None
    """Hears of every problem that was tried."""
    worst: tuple[float, Record] | None = None
    """The worst problem so far, and the smallest of those."""
    seen: dict[ProblemKey, tuple[float, Record | None]] = field(default_factory=dict)

    def badness(self, key: ProblemKey) -> float:
        """How badly the solver does at a problem; −∞ where it is not asked or nothing is known."""
        if key not in self.seen:
            found = self._record(key)
            self.seen[key] = (-math.inf if found is None else severity(found, self.score), found)
            if found is not None:
                self._keep(self.seen[key][0], found)
            self.on_tried(self)
        return self.seen[key][0]

    def _record(self, key: ProblemKey) -> Record | None:
        params = dict(key.params)
        if int(params.get("m", 1)) * int(params.get("n", 1)) > LARGEST:
            return None
        try:
            problem = self.truths.problem(key)
        except ValueError:  # parameters that do not go together
            return None
        solver = catalog.find_solver(self.variant)
        if problem.A.size > LARGEST or why_not_asked(problem, solver):
            return None
        if (certified := self.truths.certified(key)) is None:
            return None
        if not self.edges and (certified.facts["edge"] or certified.regime is Regime.UNDEFINED):
            return None
        case = Case(key, self.variant)
        return record(case, certified, solver, self.attempt(case, problem))

    def _keep(self, bad: float, found: Record) -> None:
        if self.worst is None or (bad, -found.m * found.n) > (self.worst[0], -self.worst[1].m * self.worst[1].n):
            self.worst = bad, found


def severity(found: Record, score: str) -> float:
    """The decimal logarithm of a score; for silent failures, that of the forward error, and DISASTER for being one.

    A finite answer where there is none has no score: it counts a little less than one that is off by its own size. What
    is recorded and not judged counts for nothing: beyond the contract or the resolution, or how far one of many right
    answers is from the shortest.
    """
    if found.regime == Regime.UNDEFINED:
        return DISASTER - 1 if score == SILENT and found.verdict == Verdict.WRONG else search.LOWEST
    if not is_judged(found) or (score == "forward_error" and not has_one_answer(found)):
        return search.LOWEST
    value = found.scores.get(shown(found, score), 0.0)
    size = math.log10(value) if 0 < value < math.inf else (search.LOWEST if value == 0 else -search.LOWEST)
    return size + DISASTER * (score == SILENT and found.verdict == Verdict.WRONG)


def shown(found: Record, score: str) -> str:
    """The score that is looked at: for silent failures, the distance to x★ where x★ is the one right answer."""
    return score if score != SILENT else "forward_error" if has_one_answer(found) else "backward_error"


@contextmanager
def prey(variant: Variant, score: str, oracle: Oracle, *, edges: bool = False) -> Iterator[Prey]:
    """The solver of a variant, ready to be tried. ValueError if it cannot be measured here."""
    library = catalog.LIBRARY[variant.library]
    if reason := catalog.absent(library, variant.device):
        raise ValueError(f"{variant}: {reason.sentence}")
    with Workers(catalog.LIBRARY, case_seconds=CHECK_SECONDS) as workers:
        worker = workers.open(variant.library, variant.precision, variant.device)

        def attempt(case: Case, problem: Problem) -> Outcome:
            return ask(worker, case, problem, workers.open)

        try:
            yield Prey(variant, attempt, Truths(catalog.build_problem, oracle), score, edges)
        finally:
            worker.close()


@dataclass(frozen=True)
class Catch:
    """What a hunt brings home."""

    worst: Record
    shrunk: Record
    tried: int


def hunt(hunted: Prey, families: Sequence[Family], seconds: float) -> Catch | None:
    """Search for that long and shrink for half as long again at most; None if the solver was never tried.

    It begins with the `quick` grid: what is known is not to be searched for.
    """
    start, dtype = time.monotonic(), hunted.variant.precision
    with suppress(search.OutOfTimeError):
        at_known = search.bounded(hunted.badness, start + seconds / 3)
        for known in grid("quick", dtype, [family.name for family in families]):
            at_known(known)
    search.climb(families, dtype, search.bounded(hunted.badness, start + seconds / 2))
    ranked = sorted(families, key=lambda family: -best_of(hunted, family.name))
    for place, family in enumerate(ranked):  # the more promising families get more of the time
        left = start + seconds - time.monotonic()
        share = left if place == len(ranked) - 1 else left / 2
        search.evolve(family, dtype, search.bounded(hunted.badness, time.monotonic() + share))
    if hunted.worst is None:
        return None
    bad, found = hunted.worst
    # any other silent failure will do, whatever its error
    limit = min(bad, DISASTER) if bad > DISASTER / 2 else bad - SHARE * max(bad, 0.0)
    badness, key = search.bounded(hunted.badness, start + 1.5 * seconds), parse_key(found.problem)

    def bad_enough(simpler: ProblemKey) -> bool:
        return badness(simpler) >= limit

    family = catalog.FAMILIES[key.family]
    with suppress(search.OutOfTimeError):
        key = search.shrink(key, bad_enough, family)
        key = search.shrink(next(filter(bad_enough, search.smaller(key)), key), bad_enough, family)
    shrunk = min(
        (seen for bad, seen in hunted.seen.values() if seen is not None and bad >= limit),
        key=lambda seen: (seen.m * seen.n, seen.problem != str(key), len(seen.problem)),
    )
    return Catch(found, shrunk, sum(seen is not None for _, seen in hunted.seen.values()))


def best_of(hunted: Prey, family: str) -> float:
    """The largest badness found in a family."""
    return max((bad for key, (bad, _) in hunted.seen.items() if key.family == family), default=-math.inf)


def sentence(found: Record, score: str) -> str:
    """One line on what happened where."""
    known = "" if found.rank is None else f"rank {found.rank}, κ = {found.kappa:.3g}, "
    return f"{found.m}×{found.n}, {known}{found.regime}: {ended(found, score)}"


def ended(found: Record, score: str) -> str:
    """The verdict, and the score if there is one."""
    scores: Mapping[str, float] = found.scores
    name = shown(found, score)
    said = f"{name} {scores[name]:.3g}" if name in scores else found.status
    return f"{found.verdict}, {said}"


def hunt_text(
    solver: str,
    score: str,
    seconds: float,
    families: Sequence[str],
    oracle: Oracle,
    directory: Path,
    *,
    edges: bool = False,
) -> tuple[str, bool]:
    """Hunt, keep what is found, and tell; and whether there was anything to try.

    ValueError for names that are not known, and a solver that is not here.
    """
    variant = catalog.find_variant(solver)
    if score not in (SILENT, *catalog.METRIC):
        raise catalog.unknown("metric", score, (SILENT, *catalog.METRIC))
    findings.read_all(directory)  # what is damaged there is to be found before the hunt, not after it
    chosen = [catalog.FAMILIES[name] for name in catalog.select_families(families)]
    start = time.monotonic()
    with (
        prey(variant, score, oracle, edges=edges) as hunted,
        progress(1.5 * seconds, f"hunting {variant}", count=False) as steps,
    ):

        def tell(so_far: Prey) -> None:
            steps.reach(time.monotonic() - start, ended(so_far.worst[1], score) if so_far.worst else "")

        hunted.on_tried = tell
        caught = hunt(hunted, chosen, seconds)
    if caught is None:
        return f"{variant} takes none of the problems of these families" + ("" if edges else NO_EDGES), False
    none = "no silent failure found; " if score == SILENT and caught.worst.verdict != Verdict.WRONG else ""
    kept = findings.keep(written(caught, variant, score, seconds), directory)
    lines = [f"{caught.tried} problems tried; {none}the worst, and the simplest that is nearly as bad:"]
    for found in [caught.worst] + [caught.shrunk] * (caught.shrunk is not caught.worst):
        lines += ["", sentence(found, score), f"  lamm-robust replay {found.key!r}", f"  problem({found.problem!r})"]
    lines += ["", f"kept in {directory}" if kept else f"{directory} has something worse from before, and keeps it"]
    return "\n".join(lines), True


def written(caught: Catch, variant: Variant, score: str, seconds: float) -> findings.Hunted:
    """A catch as it is kept."""
    return findings.Hunted(
        solver=str(variant),
        score=score,
        severity=severity(caught.worst, score),
        seconds=seconds,
        tried=caught.tried,
        suite=SUITE,
        worst=findings.Found(caught.worst.problem, caught.worst.digest, sentence(caught.worst, score)),
        shrunk=findings.Found(caught.shrunk.problem, caught.shrunk.digest, sentence(caught.shrunk, score)),
    )
