"""What the scores mean: the regime of a problem, and the verdict on one attempt.

The regime is decided by the truth alone, never by how solvers did; with NaN or ∞ in A or b there is no truth, and a
solver is right to say so. A verdict holds a solver to its own contract: one that promises the minimum-norm solution is
held to the norm, one that promises any least-squares solution is not, and one that takes full rank only is out of
contract on other problems.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeGuard

import numpy as np

from lamm_robust.values import (
    UNIT_ROUNDOFF,
    Array,
    Certificate,
    Contract,
    Deficiency,
    Outcome,
    Precision,
    Regime,
    Shape,
    Status,
    Verdict,
)

STABLE = 10.0
"""C in "an error is small if it is at most C·√(mn) units".

Backward-stable algorithms have backward errors of a modest multiple of u‖A‖_F that grows slowly with m and
n; √(mn) is the growth of a random walk over the entries of A. Calibrated on the `standard` profile: Householder QR
stays below 2.7·√(mn) and LAPACK's SVD drivers below 5.7·√(mn), and 10 leaves room for another BLAS.
"""

RESOLVABLE = 0.1
"""A problem is resolvable while uκ√(mn) is at most this.

By Weyl's theorem, rounding the entries of A moves singular values by at most about u√(mn)·σ₁; where that is
no more than a tenth of σ_r, no solver can be excused for losing σ_r in rounding.
"""

NO_CORRECT_DIGIT = 0.1
"""A relative error from here on leaves not one decimal digit."""

_FAILED: Mapping[Status, Verdict] = {
    Status.CRASHED: Verdict.CRASHED,
    Status.TIMED_OUT: Verdict.TIMED_OUT,
    Status.FLAKY: Verdict.FLAKY,
    Status.BAD_OUTPUT: Verdict.BAD_OUTPUT,
    Status.REFUSED: Verdict.REFUSED,
    Status.NOT_ATTEMPTED: Verdict.OUT_OF_CONTRACT,
}


def is_finite(x: Array | None) -> TypeGuard[Array]:
    """Whether there is an answer, and every entry of it is a number."""
    return x is not None and bool(np.isfinite(x).all())


def shape_of(m: int, n: int) -> Shape:
    """Whether an m×n matrix is tall, square or wide."""
    return "tall" if m > n else "wide" if m < n else "square"


def threshold(m: int, n: int) -> float:
    """C·√(mn): the largest score that still counts as rounding error. A matrix without entries counts as 1×1."""
    return STABLE * math.sqrt(max(m * n, 1))


def regime(truth: Certificate, precision: Precision) -> Regime:
    """Whether the precision can see the smallest non-zero singular value, and if so, whether A has full rank."""
    if _kappa(truth) * Fraction(UNIT_ROUNDOFF[precision] * math.sqrt(truth.m * truth.n)) > RESOLVABLE:
        return Regime.AMBIGUOUS
    return Regime.RESOLVABLE if truth.rank == min(truth.m, truth.n) else Regime.DEFICIENT


def fit_threshold(truth: Certificate, precision: Precision) -> float:
    """C·√(mn)·u·(1 + 2κ): the largest `residual_excess` that rounding A and b explains.

    The other half of Wedin's theorem (Higham, Theorem 20.1, for the residual). It matters where κ²‖r★‖ makes the
    half about x so wide that even x = 0 is within it: the fit is only sensitive to κ.
    """
    return threshold(truth.m, truth.n) * UNIT_ROUNDOFF[precision] * float(1 + 2 * _kappa(truth))


@dataclass(frozen=True)
class Limits:
    """What a verdict on an answer to a problem depends on, apart from the answer."""

    regime: Regime
    unique: bool
    """Whether there is only one solution: the rank is n."""
    small: float
    """C·√(mn): scores up to this are rounding error."""
    fit: float
    """The largest `residual_excess` that rounding A and b explains."""
    lost: float
    """u(1 + 2κ): what rounding A and b can do to a fit, relative to b."""
    unit: float
    """uκ: the unit of `null_component`."""


def limits(truth: Certificate, precision: Precision) -> Limits:
    """The limits for answers in a precision to the problem of a certificate."""
    kappa, u = _kappa(truth), UNIT_ROUNDOFF[precision]
    return Limits(
        regime=regime(truth, precision),
        unique=truth.rank == truth.n,
        small=threshold(truth.m, truth.n),
        fit=fit_threshold(truth, precision),
        lost=u * float(1 + 2 * kappa),
        unit=u * float(kappa),
    )


UNDEFINED = Limits(Regime.UNDEFINED, unique=False, small=math.nan, fit=math.nan, lost=math.nan, unit=math.nan)
"""The limits where A or b holds NaN or ∞, so that there is no answer."""


def judge(contract: Contract, limits: Limits, outcome: Outcome, scores: Mapping[str, float]) -> Verdict:
    """The verdict on one attempt; `scores` are needed if it returned a finite x and the problem has an answer."""
    if limits.regime is Regime.UNDEFINED:
        return _judge_undefined(outcome)
    harmless = outcome.status in (Status.SOLVED, Status.REFUSED)
    if harmless and limits.regime is Regime.DEFICIENT and contract.deficiency is Deficiency.FULL_RANK_ONLY:
        return Verdict.OUT_OF_CONTRACT
    if outcome.status in _FAILED:
        return _FAILED[outcome.status]
    if not is_finite(outcome.x):
        return Verdict.NON_FINITE
    if limits.regime is Regime.AMBIGUOUS:
        # The distance to x★ cannot be judged; the change of A and the fit can. An answer may be far longer than x★
        # here, and rounding then explains a longer residual, too, but it must fit.
        fits = scores["residual_error"] <= limits.small or scores["residual_excess"] < NO_CORRECT_DIGIT
        if scores["backward_error"] <= limits.small and fits:
            return Verdict.BACKWARD_STABLE
        truncated = scores.get("truncated_error", math.inf)  # the distance to what its own tolerance leaves of A
        return Verdict.FORWARD_STABLE if truncated <= limits.small else Verdict.INACCURATE
    # where there are many solutions and any will do, neither the norm nor the distance to x★ is promised
    any_solution = not limits.unique and contract.deficiency is Deficiency.BASIC
    fits = _fits(limits, scores)
    if scores["backward_error"] <= limits.small and fits and (any_solution or _is_short(limits, scores)):
        return Verdict.BACKWARD_STABLE
    explained = scores["residual_excess"] <= limits.fit
    explained = explained and (any_solution or scores["forward_error"] <= limits.small)
    if explained and fits and not any_solution:
        return Verdict.FORWARD_STABLE
    error = scores["fit_error"] if any_solution else scores["relative_error"]
    silent = error >= NO_CORRECT_DIGIT and not explained and not outcome.warned
    return Verdict.WRONG if silent else Verdict.INACCURATE


def _judge_undefined(outcome: Outcome) -> Verdict:
    """The verdict where there is no answer: a documented error says so, and so does any NaN or ∞ in x̂."""
    if outcome.status is not Status.REFUSED and outcome.status in _FAILED:
        return _FAILED[outcome.status]
    if not is_finite(outcome.x):
        return Verdict.FLAGGED
    return Verdict.INACCURATE if outcome.warned else Verdict.WRONG


ANSWERS = (Verdict.BACKWARD_STABLE, Verdict.FORWARD_STABLE, Verdict.INACCURATE, Verdict.WRONG)
"""The verdicts on a finite answer, the best first."""


def judge_all(contract: Contract, limits: Limits, outcome: Outcome, scores: Sequence[Mapping[str, float]]) -> Verdict:
    """The verdict on the worst of the answers to several right-hand sides, with the scores of each as in `judge`."""
    found = [judge(contract, limits, outcome, column) for column in scores or [{}]]
    return max(found, key=lambda verdict: ANSWERS.index(verdict) if verdict in ANSWERS else 0)


def _is_short(limits: Limits, scores: Mapping[str, float]) -> bool:
    """Whether the part of x̂ outside the row space of A is rounding error, and less than a tenth of x̂."""
    outside = scores["null_component"]
    return outside <= limits.small and outside * limits.unit < NO_CORRECT_DIGIT


def _fits(limits: Limits, scores: Mapping[str, float]) -> bool:
    """Whether the fit Ax̂ has a correct digit, or rounding A and b leaves it none: ‖Ax★‖ ≤ u(1 + 2κ)‖b‖."""
    if scores["fit_error"] < NO_CORRECT_DIGIT:
        return True
    return scores["residual_excess"] / scores["fit_error"] <= limits.lost  # the quotient is ‖Ax★‖/‖b‖


def _kappa(truth: Certificate) -> Fraction:
    """An upper bound of κ; 1 where the rank is 0."""
    return Fraction(1) if truth.kappa is None else truth.kappa.mid + truth.kappa.radius
