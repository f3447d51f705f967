"""Hunt for the problem at which one solver does worst, and shrink it to one that a person can look at."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from lamm_robust import catalog
from lamm_robust.console import progress
from lamm_robust.defaults import CHECK_SECONDS
from lamm_robust.hunt import search
from lamm_robust.hunt.html import hunt_html
from lamm_robust.hunt.quarry import Quarry
from lamm_robust.keys import parse_key
from lamm_robust.reports.grading import has_one_answer, is_judged, is_undefined
from lamm_robust.runs.plan import grid
from lamm_robust.runs.sweep import why_not_asked
from lamm_robust.scoring.nonfinite import Undefined
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Truths
from lamm_robust.storage import findings
from lamm_robust.storage.findings import DISASTER, SILENT
from lamm_robust.values import (
    SUITE,
    AbsentError,
    Case,
    Family,
    HarnessError,
    Oracle,
    Outcome,
    Problem,
    ProblemKey,
    Record,
    Variant,
    Verdict,
)
from lamm_robust.workers.opening import Workers
from lamm_robust.workers.second_look import ask

NO_EDGES = "; empty matrices, extreme scales, NaN and ∞ were left out, which --edges brings in"

LARGEST = 4096
"""The most entries of A with which a problem is tried: larger ones cost much and say nothing else."""

SHARE = 0.5
"""The share that a shrunk problem may lose of the decimal digits by which the answer to the worst one is off."""


@dataclass
class Prey:
    """One solver in a process of its own, and all problems at which it was tried."""

    quarry: Quarry
    attempt: Callable[[Case, Problem], Outcome]
    truths: Truths
    score: str
    edges: bool = False
    """Whether it is tried at edge cases and with NaN and ∞, too: where solvers fail there is soon known."""
    on_tried: Callable[[Prey], None] = lambda _: None
    """Called after every problem that was tried."""
    worst: tuple[float, Record] | None = None
    """The largest severity so far, and the record of the smallest problem that has it."""
    seen: dict[ProblemKey, tuple[float, Record | None]] = field(default_factory=dict)
    """The severity at every problem that a search chose, and the record if there was an attempt."""

    def severity(self, key: ProblemKey) -> float:
        """How badly the solver does at a problem; −∞ where it is not tried."""
        if key not in self.seen:
            found = self._record(key)
            severe = -math.inf if found is None else severity(found, self.score)
            self.seen[key] = severe, found
            if found is not None and (self.worst is None or _order(severe, found) > _order(*self.worst)):
                self.worst = severe, found
            self.on_tried(self)
        return self.seen[key][0]

    def _record(self, key: ProblemKey) -> Record | None:
        """The record of an attempt; None if the problem does not exist, is too large, left out, or not proved."""
        params = dict(key.params)
        if int(params.get("m", 1)) * int(params.get("n", 1)) > LARGEST:
            return None
        try:
            problem = self.truths.problem(key)
        except ValueError:  # these parameters do not go together
            return None
        solver = self.quarry.solver
        if (
            problem.A.size > LARGEST
            or why_not_asked(problem, solver)
            or (certified := self.truths.certify(key)) is None
        ):
            return None
        if not self.edges and (isinstance(certified, Undefined) or certified.edge):
            return None
        case = Case(key, self.quarry.variant)
        return record(case, certified, solver, self.attempt(case, problem))


def _order(severe: float, found: Record) -> tuple[float, int]:
    """What tried problems are compared by: severity, then how small they are."""
    return severe, -found.m * found.n


def severity(found: Record, score: str) -> float:
    """The decimal logarithm of a score; for silent failures, that of the forward error, and DISASTER for being one.

    A finite answer to an undefined problem has no score: it counts a little less than one that is off by its own size.
    What is recorded but not judged counts for nothing: problems beyond the contract or the precision, and the distance
    from x★ where it is one of many right answers.
    """
    if is_undefined(found):
        return DISASTER - 1 if score == SILENT and found.verdict == Verdict.WRONG else search.LOWEST
    if not is_judged(found) or (score == "forward_error" and not has_one_answer(found)):
        return search.LOWEST
    value = found.scores.get(score_name(found, score), 0.0)
    size = math.log10(value) if 0 < value < math.inf else (search.LOWEST if value == 0 else -search.LOWEST)
    return size + DISASTER * (score == SILENT and found.verdict == Verdict.WRONG)


def score_name(found: Record, score: str) -> str:
    """The score that counts: for silent failures forward_error if x★ is the one right answer, else backward_error."""
    return score if score != SILENT else "forward_error" if has_one_answer(found) else "backward_error"


@contextmanager
def prey(quarry: Quarry, score: str, oracle: Oracle, *, edges: bool = False) -> Iterator[Prey]:
    """A solver with a worker to try it in; AbsentError, at the first try, if it cannot be imported there."""
    variant = quarry.variant
    with (
        Workers(
            {variant.library: quarry.library}, case_seconds=CHECK_SECONDS, first_seconds=quarry.first_seconds
        ) as workers,
        closing(workers.open(variant.library, variant.precision, variant.device)) as worker,
    ):
        attempt = partial(ask, worker, open_worker=workers.open)
        yield Prey(quarry, attempt, Truths(catalog.build_problem, oracle), score, edges)


@dataclass(frozen=True)
class Catch:
    """What a hunt has found."""

    worst: Record
    shrunk: Record
    """The simplest problem that is nearly as bad."""
    tried: int
    """The number of problems at which the solver was tried."""


def hunt(hunted: Prey, families: Sequence[Family], seconds: float) -> Catch | None:
    """Search for so many seconds, and shrink for at most half as many more; None if the solver was never tried.

    The search begins with the `small` grid: no time is lost on finding what is known.
    """
    start, dtype = time.monotonic(), hunted.quarry.variant.precision
    with suppress(search.OutOfTimeError):
        at_known = search.with_deadline(hunted.severity, start + seconds / 3)
        for known in grid("small", dtype, [family.name for family in families]):
            at_known(known)
    search.climb(families, dtype, search.with_deadline(hunted.severity, start + seconds / 2))
    ranked = sorted(families, key=lambda family: -largest_severity(hunted, family.name))
    for place, family in enumerate(ranked):  # the more promising families get more of the time
        left = start + seconds - time.monotonic()
        share = left if place == len(ranked) - 1 else left / 2
        search.evolve(family, dtype, search.with_deadline(hunted.severity, time.monotonic() + share))
    if hunted.worst is None:
        return None
    worst, found = hunted.worst
    # in place of a silent failure any other one will do, whatever its error
    limit = min(worst, DISASTER) if worst > DISASTER / 2 else worst - SHARE * max(worst, 0.0)
    severity_at, key = search.with_deadline(hunted.severity, start + 1.5 * seconds), parse_key(found.problem)

    def is_bad_enough(simpler: ProblemKey) -> bool:
        return severity_at(simpler) >= limit

    family = catalog.FAMILIES[key.family]
    with suppress(search.OutOfTimeError):
        key = search.shrink(key, is_bad_enough, family)
        key = search.shrink(next(filter(is_bad_enough, search.smaller_problems(key)), key), is_bad_enough, family)
    shrunk = min(
        (seen for severe, seen in hunted.seen.values() if seen is not None and severe >= limit),
        key=lambda seen: (seen.m * seen.n, seen.problem != str(key), len(seen.problem)),
    )
    return Catch(found, shrunk, sum(seen is not None for _, seen in hunted.seen.values()))


def largest_severity(hunted: Prey, family: str) -> float:
    """The largest severity found in a family; −∞ if there is none."""
    return max((severe for key, (severe, _) in hunted.seen.items() if key.family == family), default=-math.inf)


def sentence(found: Record, score: str) -> str:
    """One line on a record: shape, rank and κ of the problem, and how the solver did there."""
    known = "" if found.rank is None else f"rank {found.rank}, κ = {found.kappa:.3g}, "
    return f"{found.m}×{found.n}, {known}{found.regime}: {result(found, score)}"


def result(found: Record, score: str) -> str:
    """The verdict, and the score that counts, or the status if there is none."""
    name = score_name(found, score)
    said = f"{name} {found.scores[name]:.3g}" if name in found.scores else found.status
    return f"{found.verdict}, {said}"


class Told(NamedTuple):
    """What a hunt has to say."""

    text: str
    tried: bool
    """Whether the solver was tried at any problem."""
    unkept: Exception | None = None
    """Why what was found could not be kept, if it could not."""
    page: str = ""
    """The page, if one was asked for."""


def hunt_text(
    quarry: Quarry,
    score: str,
    seconds: float,
    families: Sequence[str],
    oracle: Oracle,
    directory: Path | None,
    *,
    edges: bool = False,
    script: bool = False,
    html: bool = False,
) -> Told:
    """Hunt, and keep what is found in the directory, if there is one; returns what to print, and how it went.

    With `script`, that ends with the simplest problem as a script without us; with `html`, there is a page, too.

    ValueError for an unknown name, a solver that cannot be imported, and damaged files in the directory.
    """
    if score not in (SILENT, *catalog.METRIC):
        raise catalog.unknown("metric", score, (SILENT, *catalog.METRIC))
    if directory:
        findings.read_all(directory)  # damage there should be found before the hunt, not after it
    chosen = [catalog.FAMILIES[name] for name in catalog.select_families(families)]
    start = time.monotonic()
    with (
        prey(quarry, score, oracle, edges=edges) as hunted,
        progress(1.5 * seconds, f"hunting {quarry.name}") as steps,
    ):

        def tell(so_far: Prey) -> None:
            steps.reach(time.monotonic() - start, result(so_far.worst[1], score) if so_far.worst else "")

        hunted.on_tried = tell
        try:
            caught = hunt(hunted, chosen, seconds)
        except AbsentError as error:
            raise ValueError(f"{quarry.name} cannot be used: {error.why}") from error
    if caught is None:
        none = f"{quarry.name} takes none of the problems of these families" + ("" if edges else NO_EDGES)
        late = f"no problem could be tried within {seconds:g} s; give the hunt more --seconds"
        return Told(none if hunted.seen else late, tried=False)
    silent = score == SILENT and caught.worst.verdict == Verdict.WRONG
    none = "no silent failure found; " if score == SILENT and not silent else ""
    simplest = "the simplest that is wrong in silence, too" if silent else "the simplest that is nearly as bad"
    lines = [f"{caught.tried} problems tried; {none}the worst, and {simplest}:"]
    ends = [("The worst", caught.worst)]
    if caught.shrunk is not caught.worst:
        ends.append((simplest.capitalize(), caught.shrunk))
    told = [(heading, sentence(found, score), found) for heading, found in ends]
    for _, words, found in told:
        lines += ["", words, f"  {quarry.command(found)}", f"  problem({found.problem!r})"]
    if script:
        lines += ["", *_script(quarry, caught.shrunk)]
    tried = [record for _, record in hunted.seen.values() if record is not None]
    page = hunt_html(quarry, told, tried) if html else ""
    return _kept(lines, as_finding(caught, quarry.variant, score, seconds), directory)._replace(page=page)


def _script(quarry: Quarry, found: Record) -> list[str]:
    """The lines of the script of an attempt, or why it has none."""
    try:
        return quarry.script(found).splitlines()
    except ValueError as error:
        return [f"no script: {error}"]


def _kept(lines: Sequence[str], found: findings.Hunted, directory: Path | None) -> Told:
    """What is said in the end, once what was found is in the directory, if there is one."""
    text = "\n".join(lines)
    if directory is None:
        return Told(text, tried=True)
    try:
        kept = findings.keep(found, directory)
    except (HarnessError, OSError, ValueError) as error:  # what was found after a long search is told all the same
        return Told(text, tried=True, unkept=error)
    said = f"kept in {directory}" if kept else f"{directory} has something worse from before, and keeps it"
    return Told(f"{text}\n\n{said}", tried=True)


def as_finding(caught: Catch, variant: Variant, score: str, seconds: float) -> findings.Hunted:
    """A catch as `findings` keeps it."""
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
