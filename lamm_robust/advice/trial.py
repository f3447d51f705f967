"""Attempts at a problem by many solvers, each in a supervised process, and what they are worth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lamm_robust import catalog
from lamm_robust.advice.scored import digits, judged
from lamm_robust.defaults import CHECK_SECONDS, FIRST_SECONDS
from lamm_robust.reports.grading import PASSES
from lamm_robust.runs.sweep import why_not_asked
from lamm_robust.scoring.frame import norm
from lamm_robust.scoring.truths import Certified
from lamm_robust.values import PRECISIONS, Case, Outcome, Problem, Regime, Variant, Verdict
from lamm_robust.workers.opening import Workers
from lamm_robust.workers.pool import Group, Pool, group_of

SLOTS = 2
"""Workers at a time: most of the wait is for libraries to be imported, which hardly disturbs the times of others."""

Progress = Callable[[str], None]
"""Told in a few words what is at work."""


@dataclass(frozen=True, eq=False)
class Tried:
    """One call, as it was measured."""

    variant: Variant
    outcome: Outcome
    verdict: Verdict
    digits_x: float
    """Right digits of x̂ as a whole, beside the shortest solution x★; NaN without a finite answer."""
    digits_fit: float
    """Right digits of the fit Ax̂, beside Ax★; NaN without a finite answer."""
    residual: float
    """‖b − Ax̂‖, of the right-hand side where it is worst; NaN without a finite answer."""
    is_ambiguous: bool = False
    """Whether κ is beyond the precision, so that the verdict asked for little."""

    @property
    def judged(self) -> str:
        """The verdict; *ambiguous* where a better one would say nothing of the digits of x."""
        return str(Regime.AMBIGUOUS if self.is_ambiguous and self.verdict in PASSES else self.verdict)

    @property
    def answered(self) -> bool:
        """Whether there is a finite answer."""
        return not math.isnan(self.digits_x)


def attempts(
    wanted: Sequence[tuple[Variant, Problem]], absent: dict[str, str], progress: Progress = lambda _: None
) -> Iterator[tuple[Variant, Problem, Outcome]]:
    """Each variant, its problem, and how its attempt ended, as answers come.

    Solvers that do not take such a problem are left out. Libraries that are absent are added to `absent`, with the
    reason. What is done with an answer takes none of the workers' time: they have others to work on.
    """
    problems: dict[Case, Problem] = {}
    for variant, problem in wanted:
        if why := catalog.absent(catalog.LIBRARY[variant.library], variant.device):
            absent[variant.library] = str(why)
        elif not why_not_asked(problem, catalog.find_solver(variant)):
            problems[Case(problem.key, variant)] = problem
    with Workers(catalog.LIBRARY, case_seconds=CHECK_SECONDS, first_seconds=FIRST_SECONDS) as workers:
        pool, done = Pool(problems, problems.__getitem__, workers.open, SLOTS, _process_of), 0
        for answers in pool:
            for answer in answers:
                done += 1
                progress(f"{done} of {len(problems)} attempts, {answer.case.variant.library}")
                yield answer.case.variant, problems[answer.case], answer.outcome
        absent |= {variant.library: why.why for variant, why in pool.absent.items()}


def _process_of(case: Case) -> Group:
    """The group of a case, that of both precisions where processes do not differ: most of the wait is imports."""
    library, precision, device = group_of(case)
    environments = [dict(catalog.LIBRARY[library].environment(each, device)) for each in PRECISIONS]
    return library, PRECISIONS[0] if environments[0] == environments[1] else precision, device


def tried(certified: Certified, variant: Variant, outcome: Outcome) -> Tried:
    """The outcome of a variant at a problem with its truth, measured."""
    scores, verdict = judged(certified, catalog.find_solver(variant).contract, outcome)
    is_ambiguous = certified.regime is Regime.AMBIGUOUS
    return Tried(variant, outcome, verdict, *worth(certified, scores), is_ambiguous)


def worth(certified: Certified, scores: Mapping[str, float]) -> tuple[float, float, float]:
    """Right digits of x̂ and of its fit, and the length of its residual, from its scores; NaN if there are none."""
    if not scores:
        return math.nan, math.nan, math.nan
    return digits(scores["relative_error"]), digits(scores["fit_error"]), residual(certified, scores["residual_excess"])


def residual(certified: Certified, excess: float) -> float:
    """‖b − Ax̂‖ where A(x̂ − x★) is so long, beside b: r★ is at right angles to it."""
    b = certified.problem.b.reshape(certified.problem.m, -1).astype(np.float64)
    shortest = max((float(ball) for ball in certified.truth.residual_norm), default=0.0)
    return math.hypot(shortest, excess * float(norm(b.T).max(initial=0.0)))
