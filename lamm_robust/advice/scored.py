"""Scores and verdicts of answers to one large problem, in a fraction of the time that exact sums take.

Exact products (`scoring.evidence`) may take most of a second for an answer. Long doubles, with 64 bits on x86, leave 11
bits below float64, and so an error below a unit in every score where hundreds of units are small. Where a long double
is a double, scores of answers in float64 are off by a few units. Where there are many rows and few columns, exact
scores take a millisecond (`scoring.long`), and are those that are given.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lamm_robust.error_free import Doubles
from lamm_robust.scoring.evidence import Evidence
from lamm_robust.scoring.frame import Frame, norm
from lamm_robust.scoring.metrics import score_each, worst
from lamm_robust.scoring.records import truncated_error
from lamm_robust.scoring.truths import Certified
from lamm_robust.scoring.verdicts import is_finite, judge_all
from lamm_robust.values import Array, Contract, Outcome, Problem, Regime, Verdict

EXACT_ENTRIES = 20_000
"""Entries of A up to which scores are exact, as in every run: an answer takes ten milliseconds."""

MOST_DIGITS = 16.0
"""What float64 can hold: beyond it, digits are luck."""


class QuickFrame(Frame):
    """A large problem and its truth in one scale, with Ax★ in long doubles: exact, it takes a second of every frame."""

    @cached_property
    def long_doubles(self) -> npt.NDArray[np.longdouble]:
        """A in long doubles, for sums of very many rows that need not be exact."""
        return self.A.astype(np.longdouble)

    @cached_property
    def fit_star(self) -> Doubles:
        """Ax★ (1 × m × columns)."""
        image: Doubles = (self.long_doubles @ self.x_star.astype(np.longdouble).sum(axis=0)).astype(np.float64)
        return image[np.newaxis]

    @cached_property
    def fit_norms(self) -> Doubles:
        """‖Ax★‖ of each right-hand side."""
        return norm(self.fit_star[0].T)

    @cached_property
    def layout(self) -> tuple[int, int]:
        """No digits of A, and the number of parts of x★; such a frame is not stacked with others."""
        return 0, len(self.x_star)


def with_frame(certified: Certified) -> Certified:
    """The problem with its truth, framed for quick scores if exact ones take long."""
    frame = certified.frame
    if is_small(certified.problem) or (frame.gram and frame.equilibrated.gram):
        return certified
    return replace(certified, frame=QuickFrame(certified.problem, certified.truth))


def is_small(problem: Problem) -> bool:
    """Whether exact scores of answers to the problem, and the proof of what a cutoff leaves of it, take no time."""
    return problem.A.size <= EXACT_ENTRIES


class Quick(Evidence):
    """The evidence of one answer, with products in long doubles."""

    @cached_property
    def _products(self) -> tuple[Doubles, Doubles, Doubles]:
        """‖b − Ax̂‖, Aᵀ(b − Ax̂) and ‖A(x★ − x̂)‖, one row for each answer."""
        residuals, gradients, distances = [], [], []
        for place, (frame, column) in enumerate(self._members):
            assert isinstance(frame, QuickFrame)
            A = frame.long_doubles
            residual = frame.b[:, column] - A @ self.x[place].astype(np.longdouble)
            residuals.append(residual)
            gradients.append(residual @ A)
            distances.append(A @ -self.error[place].astype(np.longdouble))
        r, gradient, away = (np.array(rows).astype(np.float64) for rows in (residuals, gradients, distances))
        return norm(r), gradient, norm(away)

    @cached_property
    def fine_backward_error(self) -> Doubles:
        """NaN for each answer: whole numbers of every row would take a second, and columns of one size need none."""
        return np.full(len(self.x), np.nan)


@np.errstate(all="ignore")  # where κ is near 1e300, bounds of entries are ∞ or NaN, and nothing is asked of these
def scores(
    certified: Certified, x: Array, contract: Contract | None = None
) -> tuple[dict[str, float], list[dict[str, float]]]:
    """The scores of a finite x̂: the worst over the right-hand sides, and those of each; of a `QuickFrame` not exact.

    With a contract, that of the solver's own cutoff is among them where the rank is ambiguous and the problem small.
    """
    quick = isinstance(certified.frame, QuickFrame)
    columns = score_each([certified.frame], [x], Quick if quick else Evidence)[0]
    found = worst(columns)
    if is_small(certified.problem) and contract is not None and certified.regime is Regime.AMBIGUOUS:
        truncated = truncated_error(certified, x, contract)
        for target in (found, *columns):
            target.update(truncated)
    return found, columns


def judged(certified: Certified, contract: Contract, outcome: Outcome) -> tuple[dict[str, float], Verdict]:
    """The worst scores of an outcome, none without a finite answer, and the verdict."""
    found: dict[str, float] = {}
    columns: list[dict[str, float]] = []
    if is_finite(outcome.x):
        found, columns = scores(certified, outcome.x, contract)
    return found, judge_all(contract, certified.limits, outcome, columns)


def digits(error: float) -> float:
    """How many decimal digits a relative error leaves right: between 0 and `MOST_DIGITS`."""
    if not error > 0:
        return MOST_DIGITS if error == 0 else 0.0
    return min(max(-math.log10(error), 0.0), MOST_DIGITS) if error < 1 else 0.0
