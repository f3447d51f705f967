"""Advice on one problem: proof, attempts, remedies and what is unknowable, measured and ranked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lamm_robust import catalog
from lamm_robust.advice import panel
from lamm_robust.advice.columns import Columns, look_at
from lamm_robust.advice.data import Data, prepare
from lamm_robust.advice.remedies import Remedy, reference, remedies
from lamm_robust.advice.scored import scores, with_frame
from lamm_robust.advice.trial import Progress, Tried, attempts, tried, worth
from lamm_robust.advice.unknowable import Unknowable, unknowable
from lamm_robust.reports.grading import PASSES
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.truths import Certified, proved
from lamm_robust.scoring.verdicts import is_finite
from lamm_robust.values import Outcome, Precision, Problem, Variant

Outcomes = dict[tuple[Variant, Problem], Outcome]

ONE_DIGIT = 1.0
"""How many digits a call may be behind another and still be recommended for its speed: luck is about one."""

ALIKE, INSTANT = 2.0, 0.1
"""Times within this factor of the least are alike, for on another day they change places; so are those up to a tenth of
a second, which feels like none (Nielsen, Usability Engineering, 1993, section 5.5)."""


@dataclass(frozen=True)
class Measured:
    """Something that was tried, and the digits that came of it; NaN where nothing finite did."""

    what: str
    digits_x: float
    digits_fit: float


@dataclass(frozen=True, eq=False)
class Advice:
    """All that is said of one problem."""

    data: Data
    certified: Certified
    columns: Columns
    calls: tuple[Tried, ...]
    """The best first."""
    recommended: Tried | None
    why: str
    remedies: tuple[Measured, ...]
    """The first is the reference as it is; none but this if nothing was worth trying."""
    unknowable: Unknowable | None
    absent: dict[str, str]
    """Libraries that could not be tried, with the reason."""
    seconds: float

    @property
    def stored(self) -> Precision:
        """The precision that the numbers are stored in."""
        return self.data.precision

    def call(self, one: Tried) -> str:
        """What to type for a call that was tried."""
        return panel.call(one.variant, self.stored)


def advise(given: Data, only: Sequence[str] = (), progress: Progress = lambda _: None) -> Advice:
    """The advice on a problem; `only` are globs of solvers.

    ValueError for what is no problem or names no solver, NotCertifiedError if nothing proves it.
    """
    start, data = time.perf_counter(), prepare(given)
    precisions: tuple[Precision, ...] = ("float32", "float64") if data.precision == "float32" else ("float64",)
    variants, oracle = panel.chosen(only, precisions), catalog.cached_oracle("auto")
    progress("proving the answer")
    certified = with_frame(proved(data.problem(data.precision), oracle))
    of = {data.precision: certified} | {p: in_precision(certified, p) for p in precisions if p != data.precision}
    columns = look_at(data.A)
    helps = list(remedies(data, columns, certified, oracle))
    wanted = [(v, of[v.precision].problem) for v in variants]
    wanted += [(reference(p), of[p].problem) for p in precisions if reference(p) not in variants]
    wanted += [(remedy.variant, remedy.problem) for remedy in helps]
    outcomes: Outcomes = {}
    absent: dict[str, str] = {}
    calls: list[Tried] = []
    for variant, problem, outcome in attempts(list(dict.fromkeys(wanted)), absent, progress):
        outcomes[variant, problem] = outcome
        if variant in variants and problem is of[variant.precision].problem:
            calls.append(tried(of[variant.precision], variant, outcome))
    progress("measuring what was tried")
    calls = ranked(calls)
    best, why = recommend(calls)
    measured = _measured(helps, outcomes, of, precisions)
    open_ = unknowable(data, columns, certified)
    seconds = time.perf_counter() - start
    return Advice(data, certified, columns, tuple(calls), best, why, measured, open_, absent, seconds)


def in_precision(certified: Certified, precision: Precision) -> Certified:
    """The same numbers in a precision that holds them, with the same truth: it depends on the numbers alone."""
    key = replace(certified.problem.key, dtype=precision)
    A, b = (array.astype(precision) for array in (certified.problem.A, certified.problem.b))
    problem = Problem(key, A, b)
    truth = replace(certified.truth, digest=problem.digest)
    return with_frame(Certified(problem, Frame(problem, truth), certified.truncate))


def ranked(calls: Sequence[Tried]) -> list[Tried]:
    """The best first: by whole digits of x and of the fit, then by time; what has no answer comes last."""

    def place(one: Tried) -> tuple[bool, float, float, float]:
        if not one.answered:
            return True, 0.0, 0.0, 0.0
        return False, -round(one.digits_x), -round(one.digits_fit), _seconds(one)

    return sorted(calls, key=place)


def recommend(calls: Sequence[Tried]) -> tuple[Tried | None, str]:
    """The fastest of the calls that no other one beats by more than a digit, and why; None if nothing is answered."""
    answered = [one for one in calls if one.answered]
    if not answered:
        return None, "no call returned a finite answer"
    best_x, best_fit = max(one.digits_x for one in answered), max(one.digits_fit for one in answered)
    near = [one for one in answered if one.digits_x >= best_x - ONE_DIGIT and one.digits_fit >= best_fit - ONE_DIGIT]
    if near:
        fast = fastest([one for one in near if one.verdict in PASSES] or near)
        if len(near) == 1:
            return fast, "every other call is over a digit behind, in x or in the fit"
        why = f"of {len(near)} calls that none beats by over a digit, the shortest to type of the fastest"
        return fast, why
    fast = fastest([one for one in answered if one.digits_x >= best_x - ONE_DIGIT])
    better = max(answered, key=lambda one: one.digits_fit)
    why = (
        "no call is best in both: this one has the digits of x; "
        f"{better.variant} has {better.digits_fit:.1f} of the fit, and {better.digits_x:.1f} of x"
    )
    return fast, why


def fastest(calls: Sequence[Tried]) -> Tried:
    """The shortest to type of those calls that take the least time, up to a factor of `ALIKE` or `INSTANT` seconds."""
    most = max(ALIKE * min(_seconds(one) for one in calls), INSTANT)
    return min((one for one in calls if _seconds(one) <= most), key=lambda one: panel.length(one.variant))


def _seconds(one: Tried) -> float:
    return one.outcome.seconds if one.outcome.seconds is not None else np.inf


def _measured(
    helps: Sequence[Remedy], outcomes: Outcomes, of: dict[Precision, Certified], precisions: Sequence[Precision]
) -> tuple[Measured, ...]:
    """The reference in each precision, the stored one first, and every remedy."""
    found = []
    for precision in precisions:
        what = "as it is" if precision == precisions[0] else f"{precision}: A and b by .astype({precision!r})"
        variant, certified = reference(precision), of[precision]
        found.append(_worth(what, certified, outcomes.get((variant, certified.problem))))
    for one in helps:
        found.append(_worth(one.what, one.certified, outcomes.get((one.variant, one.problem)), one))
    return tuple(found)


def _worth(what: str, certified: Certified, outcome: Outcome | None, remedy: Remedy | None = None) -> Measured:
    if outcome is None or not is_finite(outcome.x):
        return Measured(what, np.nan, np.nan)
    x = remedy.back(outcome.x.astype(np.float64)) if remedy else outcome.x
    return Measured(what, *worth(certified, scores(certified, x)[0])[:2])
