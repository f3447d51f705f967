"""What the scores mean: the verdict on one attempt.

With NaN or ∞ in A or b there is no truth, and a solver is right to say so. A verdict holds a solver to its own
contract: one that promises the minimum-norm solution is held to the norm, one that promises any least-squares solution
is not, and one that takes full rank only is out of contract on other problems.

Wherever a solver that is stable column by column must have a correct digit (see `metrics.entry_error`), every verdict
with the word *stable* says that there is one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeGuard

import numpy as np

from lamm_robust.scoring.limits import NO_CORRECT_DIGIT, Limits
from lamm_robust.values import Array, Contract, Deficiency, Outcome, Regime, Shape, Status, Verdict

_FAILED: Mapping[Status, Verdict] = {
    Status.CRASHED: Verdict.CRASHED,
    Status.TIMED_OUT: Verdict.TIMED_OUT,
    Status.FLAKY: Verdict.FLAKY,
    Status.BAD_OUTPUT: Verdict.BAD_OUTPUT,
    Status.REFUSED: Verdict.REFUSED,
    Status.NOT_ATTEMPTED: Verdict.OUT_OF_CONTRACT,
}


COLUMNWISE = "columnwise_"
"""How the names of the scores begin that are measured with columns of one size."""


def is_finite(x: Array | None) -> TypeGuard[Array]:
    """Whether there is an answer, and every entry of it is a number."""
    return x is not None and bool(np.isfinite(x).all())


def shape_of(m: int, n: int) -> Shape:
    """Whether an m×n matrix is tall, square or wide."""
    return "tall" if m > n else "wide" if m < n else "square"


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
    # where there are many solutions and any will do, neither the norm nor the distance to x★ is promised
    any_solution = not limits.unique and not promises_the_shortest(contract, limits)
    if limits.regime is Regime.AMBIGUOUS:
        return _judge_ambiguous(limits, outcome, scores, any_solution=any_solution)
    right = any_solution or _has_digits(limits, scores)
    near = scores["residual_excess"] <= limits.fit
    right_length = near if any_solution else _is_short(limits, scores)  # a long solution costs the fit its digits
    backward = _is_explained(limits, scores, any_solution=any_solution)
    fits = _fits(limits, scores, limits.small)
    if backward and right and right_length and fits:
        return _backward_stable(limits, scores, any_solution=any_solution)
    explained = near and right and (fits if any_solution else _is_near(limits, scores))
    if explained and not any_solution and _fits(limits, scores):
        return Verdict.FORWARD_STABLE
    error = scores["fit_error"] if any_solution else max(scores["relative_error"], scores["entry_error"])
    silent = error >= NO_CORRECT_DIGIT and not explained and not outcome.warned
    return Verdict.WRONG if silent else Verdict.INACCURATE


def promises_the_shortest(contract: Contract, limits: Limits) -> bool:
    """Whether x̂ is to be the shortest solution; of who is for full rank only, nothing is known where there is less."""
    if contract.deficiency is Deficiency.FULL_RANK_ONLY:
        return limits.full_rank
    return contract.deficiency is Deficiency.MINIMUM_NORM


def _explains(limits: Limits, scores: Mapping[str, float], change: str, *, any_solution: bool) -> bool:
    """Whether x̂ solves the problem, and is the shortest where it must be, after a small change of A.

    `change` begins the names of the scores: "" for one of A as a whole, "columnwise_" for one of every column (row, if
    wide). Two changes are found, one for each half of what is asked, and neither is large.
    """
    length = 0.0 if any_solution else scores.get(f"{change}null_backward_error", math.inf)
    return max(scores.get(f"{change}backward_error", math.inf), length) <= limits.small


def _is_explained(limits: Limits, scores: Mapping[str, float], *, any_solution: bool) -> bool:
    """Whether a small change of A explains the answer: one of every column is one of A, measured where κ is small.

    Of A as it is stored, κ may be so large that ‖A⁺ᵀx̂‖ is not what it is for the changed matrix.
    """
    return any(_explains(limits, scores, change, any_solution=any_solution) for change in ("", COLUMNWISE))


def _backward_stable(limits: Limits, scores: Mapping[str, float], *, any_solution: bool) -> Verdict:
    """Whether a small change of A explains the answer column by column, or only as a whole.

    Where the rank is not full there is no score by columns: the shortest solution depends on their sizes.
    """
    columnwise = _explains(limits, scores, COLUMNWISE, any_solution=any_solution)
    return Verdict.COLUMNWISE_STABLE if columnwise else Verdict.BACKWARD_STABLE


def _judge_ambiguous(limits: Limits, outcome: Outcome, scores: Mapping[str, float], *, any_solution: bool) -> Verdict:
    """The verdict where κ is beyond the precision: not the distance to x★ is judged, but the change of A and the fit.

    An answer may be far longer than x★ here, and rounding then explains a longer residual, too, but it must fit. One
    that neither a small change of A nor the solver's own cutoff explains, and that is a tenth of b away from the best
    fit, fits nothing. The cutoff explains what is near A_k⁺b and its fit, see `records.truncated_error`.
    """
    fits = scores["residual_error"] <= limits.small or scores["residual_excess"] < NO_CORRECT_DIGIT
    explained = _is_explained(limits, scores, any_solution=any_solution)
    if explained and fits:
        return _backward_stable(limits, scores, any_solution=any_solution)
    if scores.get("truncated_error", math.inf) <= limits.small:
        return Verdict.FORWARD_STABLE
    silent = not explained and scores["residual_excess"] >= NO_CORRECT_DIGIT and not outcome.warned
    return Verdict.WRONG if silent else Verdict.INACCURATE


def _judge_undefined(outcome: Outcome) -> Verdict:
    """The verdict where there is no answer: a documented error says so, and so does any NaN or ∞ in x̂."""
    if outcome.status is not Status.REFUSED and outcome.status in _FAILED:
        return _FAILED[outcome.status]
    if not is_finite(outcome.x):
        return Verdict.FLAGGED
    return Verdict.INACCURATE if outcome.warned else Verdict.WRONG


ANSWERS = (
    Verdict.COLUMNWISE_STABLE,
    Verdict.BACKWARD_STABLE,
    Verdict.FORWARD_STABLE,
    Verdict.INACCURATE,
    Verdict.WRONG,
)
"""The verdicts on a finite answer, the best first."""


def judge_all(contract: Contract, limits: Limits, outcome: Outcome, scores: Sequence[Mapping[str, float]]) -> Verdict:
    """The verdict on the worst of the answers to several right-hand sides, with the scores of each as in `judge`."""
    found = [judge(contract, limits, outcome, column) for column in scores or [{}]]
    return max(found, key=lambda verdict: ANSWERS.index(verdict) if verdict in ANSWERS else 0)


def _has_digits(limits: Limits, scores: Mapping[str, float]) -> bool:
    """Whether x̂ has the digits that a solver has which is stable column by column, whatever its norm excuses.

    Every entry of which such a solver has a digit has one; and where x̂ as a whole has none, a small change of every
    column explains that.
    """
    if scores["entry_error"] >= NO_CORRECT_DIGIT:
        return False
    by_columns = scores.get("columnwise_forward_error", scores["forward_error"])
    return scores["relative_error"] < NO_CORRECT_DIGIT or by_columns <= limits.small


def _is_near(limits: Limits, scores: Mapping[str, float]) -> bool:
    """Whether rounding A and b explains the distance to x★, of columns of one size, too, where only these resolve κ."""
    by_columns = scores.get(f"{COLUMNWISE}forward_error", 0.0) if limits.only_columns else 0.0
    return max(scores["forward_error"], by_columns) <= limits.small


def _is_short(limits: Limits, scores: Mapping[str, float]) -> bool:
    """Whether the part of x̂ outside the row space of A is less than a tenth of x̂, whatever explains it."""
    return scores["null_component"] * limits.unit < NO_CORRECT_DIGIT


def _fits(limits: Limits, scores: Mapping[str, float], changes: float = 1.0) -> bool:
    """Whether the fit Ax̂ has a correct digit, or as many changes of A by u leave it none: ‖Ax★‖ ≤ changes·u(1 + 2κ)‖b‖.

    An answer that `small` such changes explain (a backward stable one) may lose what they can move; one that is only
    near x★ may not.
    """
    if scores["fit_error"] < NO_CORRECT_DIGIT:
        return True
    return scores["residual_excess"] / scores["fit_error"] <= changes * limits.lost  # the quotient is ‖Ax★‖/‖b‖
