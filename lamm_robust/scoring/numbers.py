"""What functions return beside x, judged: by how far it is from the truth, and by what the precision can show of it.

`number_scores` says what the scores are, `number_truths` what is true.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from lamm_robust.scoring.limits import NO_CORRECT_DIGIT
from lamm_robust.scoring.nonfinite import Undefined
from lamm_robust.scoring.number_scores import ERROR, LOSS, MEASURES, Scores
from lamm_robust.scoring.number_truths import exact_number, is_promised, regime
from lamm_robust.scoring.truths import Certified, Known
from lamm_robust.scoring.verdicts import judge
from lamm_robust.values import (
    OF_A,
    OF_REGRESSION,
    UNIT_ROUNDOFF,
    Cause,
    Contract,
    Number,
    Outcome,
    Regime,
    Status,
    Verdict,
)

AT_ANY_KAPPA = frozenset({Number.RANK, Number.COND, Number.SVDVALS})
"""The numbers whose scores already say what can be asked where κ is beyond the precision. There nobody can know the
rank, on which the others depend: they may be inaccurate, but nothing is held against them."""


def judge_number(contract: Contract, certified: Known, outcome: Outcome) -> tuple[Scores, Verdict]:
    """The scores of a returned number, which is `outcome.x`, and the verdict on it."""
    number = contract.returns
    if isinstance(certified, Undefined):
        unasked = number in OF_A and bool(np.isfinite(certified.problem.A).all())
        unasked = unasked or (outcome.x is not None and not outcome.x.size)  # what is empty says nothing
        return {}, Verdict.OUT_OF_CONTRACT if unasked else judge(contract, certified.limits, outcome, {})
    harmless = outcome.status in (Status.SOLVED, Status.REFUSED)
    if harmless and not is_promised(number, certified):
        return {}, Verdict.OUT_OF_CONTRACT
    if outcome.x is None:
        return {}, judge(contract, certified.limits, outcome, {})
    if number is Number.RESIDUAL and not outcome.x.size:
        return {}, _withheld(certified)
    if np.isnan(outcome.x).any():
        return {}, Verdict.NON_FINITE
    if np.isinf(outcome.x).any() and _overflows(number, certified):
        return {}, Verdict.OUT_OF_CONTRACT
    scores = MEASURES[number](certified, outcome.x)
    if scores[ERROR] == math.inf and np.isinf(outcome.x).any():
        return scores, Verdict.NON_FINITE
    if _depends_on_layout(number, certified, outcome):
        return scores, Verdict.WRONG
    if max(value for name, value in scores.items() if name != LOSS) <= certified.limits.small:
        return scores, Verdict.FORWARD_STABLE
    asked = number in AT_ANY_KAPPA or regime(certified) is not Regime.AMBIGUOUS
    silent = asked and scores[LOSS] >= NO_CORRECT_DIGIT and not outcome.warned
    return scores, Verdict.WRONG if silent else Verdict.INACCURATE


def _overflows(number: Number, certified: Certified) -> bool:
    """Whether a true entry of A⁺ or of a covariance is beyond the largest number, so that ∞ may stand for it."""
    if number is not Number.PINV and number not in OF_REGRESSION:
        return False  # where ∞ is compared with the true number itself
    largest = Fraction(float(np.finfo(certified.problem.key.dtype).max))
    found = exact_number(number, certified)
    rows = found if found and isinstance(found[0], list) else [found]
    return any(abs(entry) >= largest for row in rows for entry in row)


LEAST_CHANGE = 1e-4
"""A tenth of the share by which numbers for two layouts differ if they are said to: see `workers.attempt.CHANGED`."""


def _depends_on_layout(number: Number, certified: Certified, outcome: Outcome) -> bool:
    """Whether two numbers of A differ by more than rounding explains for both, so that one of them is wrong."""
    kappa = float(certified.truth.kappa.mid) if certified.truth.kappa else 1.0
    rounding = certified.limits.small * UNIT_ROUNDOFF[certified.problem.key.dtype] * kappa
    return outcome.cause is Cause.LAYOUT and number in OF_A and rounding <= LEAST_CHANGE


def _withheld(certified: Certified) -> Verdict:
    """The verdict on an empty residual: NumPy and SciPy document it for rank below n, and for m ≤ n."""
    truth = certified.truth
    seen = truth.rank == truth.n < truth.m and regime(certified) is Regime.RESOLVABLE
    return Verdict.REFUSED if seen else Verdict.OUT_OF_CONTRACT
