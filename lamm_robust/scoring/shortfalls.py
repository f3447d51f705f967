"""What an answer lacks, in words: those bounds of its verdict that it exceeds, and nothing that was not asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.limits import NO_CORRECT_DIGIT, Limits
from lamm_robust.scoring.verdicts import promises_the_shortest
from lamm_robust.text import number, scaled_lines
from lamm_robust.values import Certificate, Contract, Regime

ASKS = {
    Regime.RESOLVABLE: "full rank",
    Regime.DEFICIENT: "deficient",
    Regime.AMBIGUOUS: "κ beyond the precision, so that x need only fit",
}


def of_problem(truth: Certificate, limits: Limits, kappa: float) -> str:
    """Rank, regime and κ of the matrix of a problem, in words."""
    return f"rank {truth.rank} of {min(truth.m, truth.n)} ({ASKS[limits.regime]}), κ = {number(kappa)}"


def shortfalls(contract: Contract, frame: Frame, limits: Limits, scores: Mapping[str, float]) -> Iterator[str]:
    """The bounds that an answer exceeds, as clauses: first how long it is, then how it fits, then how near it is.

    `scores` are those of a finite answer to a problem that has one, the worst over its right-hand sides.
    """
    any_solution = not limits.unique and not promises_the_shortest(contract, limits)
    fits = scores["residual_excess"] <= limits.fit
    if not limits.unique and limits.regime is not Regime.AMBIGUOUS and not (any_solution and fits):
        yield from _length(frame, limits, scores)
    if not fits:
        away, small = number(scores["residual_excess"]), number(limits.fit)
        yield f"Ax is {away}‖b‖ away from the best fit ({small} is rounding)"
    if scores["backward_error"] > limits.small:
        yield f"backward error {number(scores['backward_error'])} u‖A‖_F"
    elif (by_columns := scores.get("columnwise_backward_error", 0.0)) > limits.small:
        line = scaled_lines(frame.truth.m, frame.truth.n).removesuffix("s")
        yield f"backward error {number(by_columns)} u {line} by {line}"
    if any_solution or limits.regime is Regime.AMBIGUOUS:
        return
    near = scores["forward_error"] <= limits.small
    # a large residual leaves no digit to any solver, while an answer that does not fit has no such excuse
    excused = ", nor could be: as near x★ as rounding allows" if near and fits else ""
    if scores["relative_error"] >= NO_CORRECT_DIGIT:
        yield f"no digit of x is right{excused}"
    elif scores["entry_error"] >= NO_CORRECT_DIGIT:
        yield f"an entry of x has no right digit{excused}"
    else:
        yield f"relative error {number(scores['relative_error'])}"
    if not near:
        yield f"forward error {number(scores['forward_error'])} Wedin bounds"


def longer(excess: float, frame: Frame) -> str:
    """How much longer x̂ is than the shortest solution, for its `norm_excess`, which is relative to b where x★ = 0."""
    zeros = ~frame.x_star[0].any(axis=0)
    if zeros.any():
        return "x is longer than the shortest solution" + (", 0" if zeros.all() else " by far")
    return f"x is {number(1 + excess)} times as long as the shortest solution"


def _length(frame: Frame, limits: Limits, scores: Mapping[str, float]) -> Iterator[str]:
    """How long x̂ is beside the shortest solution, or what of it does not belong to that."""
    excess, outside = scores["norm_excess"], scores["null_component"]
    if excess >= 1:
        yield longer(excess, frame)
    elif max(outside, scores["null_backward_error"]) > limits.small:
        yield f"{number(outside * limits.unit)} of x is outside the row space of A"
