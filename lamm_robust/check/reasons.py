"""Why an answer failed, in words: a table of signs and sentences, of which the first that fits wins.

A sentence says what the numbers show. Where it goes on to guess at the algorithm, it asks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lamm_robust.error_free import Doubles
from lamm_robust.reports.grading import is_full_rank
from lamm_robust.scoring.frame import LARGEST, norm
from lamm_robust.scoring.limits import NO_CORRECT_DIGIT, STABLE
from lamm_robust.scoring.nonfinite import Undefined
from lamm_robust.scoring.truths import Certified, Known
from lamm_robust.text import number
from lamm_robust.values import UNIT_ROUNDOFF, Array, Cause, Deficiency, Edge, Outcome, Record, Regime, Verdict

LOW_KAPPA = 30.0
"""Up to this κ a method that squares κ loses at most three digits: a loss of more has another cause."""

MODERATE_KAPPA = 1e3
"""Up to this κ cancellation among the entries of (AᵀA)⁻¹ leaves 33 bits of x: more than float32 has."""

PARALLEL = 1e-3
"""An error is along x★ if at most this share of it is not: κu/δ for a scaling by 1 + δ, with room for κ = 10⁴."""

MUCH_LONGER = 1e3
"""An answer so many times as long as x★ is noise: a basic solution of a small, well-scaled problem is tens of times as
long."""

NEARER = 0.01
"""A truncated solution explains an answer if it is at most so far from it, relative to the distance of x★."""

NO_SQUARE = 1e-4
"""κ²u up to which even normal equations change the residual by less than `workers.attempt.CHANGED` of b."""

SINGLE = UNIT_ROUNDOFF["float32"]


@dataclass(frozen=True, eq=False)
class Clues:
    """A failed attempt, and everything that is known about it."""

    record: Record
    certified: Known
    outcome: Outcome
    passes_alone: bool = False
    """Whether a second attempt at the problem, alone in a fresh process, passed."""
    all_single: bool = False
    """Whether every float64 answer of the solver consists of numbers of float32."""

    @property
    def proved(self) -> Certified:
        """The problem with its truth; AssertionError if it has none."""
        assert isinstance(self.certified, Certified)
        return self.certified

    @property
    def kappa(self) -> float:
        """κ of the problem; 1 where A = 0."""
        return self.proved.frame.kappa

    @property
    def small(self) -> float:
        """C·√(mn): scores up to this are rounding errors."""
        return self.certified.limits.small

    def score(self, name: str) -> float:
        """A score of the answer; KeyError if it is not finite."""
        return self.record.scores[name]

    @cached_property
    def x(self) -> Doubles:
        """The answer in the scale of the frame, n × right-hand sides."""
        assert self.outcome.x is not None
        wide = self.outcome.x.astype(np.float64).reshape(len(self.outcome.x), -1)
        with np.errstate(over="ignore"):  # an absurd answer may overflow
            scaled: Doubles = np.ldexp(wide, self.proved.frame.x_shifts.T)
        return scaled

    @cached_property
    def factor(self) -> float | None:
        """The δ for which x̂ is (1 + δ)x★, or None if it is not along x★."""
        star, error = self.proved.frame.x_star[0], self.x - self.proved.frame.x_star.sum(axis=0)
        size = float(norm(star.ravel()))
        if not (size and np.abs(error).max() < LARGEST):
            return None
        delta = float(np.vdot(error / size, star / size))
        return delta if norm((error - delta * star).ravel()) <= PARALLEL * abs(delta) * size else None

    @cached_property
    def cut(self) -> float | None:
        """σ/σ₁ of the largest singular value that the answer takes for zero though A has it; None if there is none."""
        frame = self.proved.frame
        U, sigma, Vt = np.linalg.svd(frame.A, full_matrices=False)
        near = NEARER * min(1.0, self.score("relative_error"))
        for k in range(1, self.proved.truth.rank):
            with np.errstate(all="ignore"):  # a singular value may vanish in float64, and an answer may be absurd
                left = Vt[:k].T @ ((U.T @ frame.b)[:k] / sigma[:k, np.newaxis])
                if norm((self.x - left).ravel()) <= near * norm(left.ravel()):
                    return float(sigma[k] / sigma[0])
        return None


def _bad_output(c: Clues) -> str:
    hint = "; JAX computes in float64 only where jax_enable_x64 is set (or ask with --precision float32)"
    return c.record.message + (hint if c.record.cause is Cause.FLOAT32 else "")


def _depends_on_layout(c: Clues) -> bool:
    """Whether the answer is another one for another layout, and a loss of κ²u, the most by rounding, cannot be why."""
    if c.record.cause is not Cause.LAYOUT or isinstance(c.certified, Undefined):
        return False
    return UNIT_ROUNDOFF[c.record.precision] * c.kappa**2 <= NO_SQUARE


def _extreme(c: Clues) -> str:
    frame = c.proved.frame
    # the largest entry of A in the frame is at most 1/2
    a, b = (math.floor(math.log10(2) * (exponent - 1)) for exponent in (frame.a_exponent, int(frame.b_exponents.max())))
    return f"overflow or underflow, with entries of A near 1e{a} and of b near 1e{b}?"


def _undefined(c: Clues) -> str:
    assert isinstance(c.certified, Undefined)
    return f"a finite answer, and no warning, though {c.certified.where}"


def is_single(x: Array) -> bool:
    """Whether every entry of a float64 answer is a number of float32."""
    with np.errstate(over="ignore"):
        return x.dtype == np.float64 and bool(np.array_equal(x, x.astype(np.float32)))


def _computes_in_float32(c: Clues) -> bool:
    assert c.outcome.x is not None
    is_right = c.score("forward_error") * UNIT_ROUNDOFF[c.record.precision] <= c.small * SINGLE  # to float32
    seen_by_all = c.all_single and (is_right or c.kappa * SINGLE >= 1)
    return is_single(c.outcome.x) and (seen_by_all or (is_right and c.kappa <= MODERATE_KAPPA))


def _single(c: Clues) -> str:
    if c.kappa * SINGLE < 1:
        return "right to float32 only: computes in float32"
    return f"computes in float32, for which κ = {number(c.kappa)} is too much"


def _scaled(c: Clues) -> str:
    assert c.factor is not None
    places = max(1, -int(f"{abs(c.factor):.0e}".partition("e")[2]))  # up to the first digit of the difference
    return f"x is {1 + c.factor:.{places}f} times the answer"


def _is_shortest_promised(c: Clues) -> bool:
    return not c.certified.limits.unique and c.record.promises != Deficiency.BASIC


def _keeps_noise(c: Clues) -> bool:
    if c.certified.regime is not Regime.DEFICIENT or not _is_shortest_promised(c):
        return False
    reported, outside = c.record.reported_rank, c.score("null_component") * c.certified.limits.unit
    noise = MUCH_LONGER <= c.score("norm_excess") < math.inf and outside > 0.5
    return noise or (reported is not None and reported > c.proved.truth.rank)


def _noise(c: Clues) -> str:
    reported, rank = c.record.reported_rank, c.proved.truth.rank
    ranks = f" (reports rank {reported} of {rank})" if reported is not None and reported != rank else ""
    longer = f": x is {number(1 + c.score('norm_excess'))} times as long as the shortest solution"
    return f"keeps a singular value that is rounding error{ranks}{longer if c.score('norm_excess') >= 1 else ''}"


def _is_longer_solution(c: Clues) -> bool:
    fits = c.score("residual_excess") <= c.certified.limits.fit
    return fits and _is_shortest_promised(c) and c.score("null_component") > c.small


def _squares_kappa(c: Clues) -> bool:
    inaccurate = is_full_rank(c.record) and c.record.verdict != Verdict.FORWARD_STABLE
    return inaccurate and c.kappa > LOW_KAPPA and c.score("backward_error") <= STABLE * c.kappa


def _few_digits(c: Clues) -> bool:
    return is_full_rank(c.record) and c.kappa <= LOW_KAPPA and c.score("relative_error") < NO_CORRECT_DIGIT


@dataclass(frozen=True)
class Reason:
    """What can be wrong with an attempt, how it shows, and the sentence that says so."""

    name: str
    """The reason in two or three words, by which failures are counted."""
    shows: Callable[[Clues], bool]
    say: Callable[[Clues], str]


def has_verdict(*wanted: Verdict) -> Callable[[Clues], bool]:
    """A function of clues: whether the verdict is one of these."""
    return lambda c: c.record.verdict in wanted


REASONS: tuple[Reason, ...] = (
    # no answer at all: the message says it
    Reason("flaky", has_verdict(Verdict.FLAKY), lambda c: c.record.message),
    Reason("timed out", has_verdict(Verdict.TIMED_OUT), lambda c: c.record.message),
    Reason(
        "ended its process",
        lambda c: c.record.verdict is Verdict.CRASHED and c.record.cause is Cause.PROCESS_LOST,
        lambda c: c.record.message,
    ),
    Reason(
        "raised an exception", has_verdict(Verdict.CRASHED, Verdict.REFUSED), lambda c: f"raised {c.record.message}"
    ),
    # an answer that is another one the next time
    Reason(
        "depends on earlier calls",
        lambda c: c.passes_alone,
        lambda _: "right when asked alone in a fresh process: it keeps something from earlier calls, or is random",
    ),
    Reason("bad output", has_verdict(Verdict.BAD_OUTPUT), _bad_output),
    Reason(
        "not repeatable",
        lambda c: not c.record.repeatable,
        lambda _: "answers differ between two calls with the same input: it keeps something, or is random",
    ),
    Reason("depends on the layout", _depends_on_layout, lambda c: c.record.message),
    Reason("undefined", lambda c: isinstance(c.certified, Undefined), _undefined),
    Reason("empty", lambda c: c.record.edge == Edge.EMPTY, lambda c: f"A is {c.record.m}×{c.record.n}: empty"),
    Reason("extreme scale", lambda c: c.record.edge == Edge.SCALE, _extreme),
    Reason("not finite", has_verdict(Verdict.NON_FINITE), lambda _: "x has entries that are infinite or not a number"),
    # a finite answer: from here on there are scores
    Reason("zero", lambda c: not c.x.any() and c.score("relative_error") == 1.0, lambda _: "x is zero"),
    Reason("float32", _computes_in_float32, _single),
    Reason("keeps rounding errors", _keeps_noise, _noise),
    Reason(
        "not the shortest",
        _is_longer_solution,
        lambda c: (
            f"not the shortest solution: {number(c.score('null_component') * c.certified.limits.unit)} of x "
            "is outside the row space"
        ),
    ),
    Reason(
        "drops singular values",
        lambda c: c.cut is not None,
        lambda c: f"takes singular values from {number(c.cut or 0.0)}·σ₁ down for zero, though they are not",
    ),
    Reason("squares κ", _squares_kappa, lambda c: f"error grows like κ² (κ = {number(c.kappa)}): normal equations?"),
    Reason("scaled", lambda c: c.factor is not None, _scaled),
    Reason(
        "no near matrix",
        has_verdict(Verdict.FORWARD_STABLE),
        lambda c: (
            "near the answer, but exact for no matrix near A "
            f"(backward error {number(c.score('backward_error'))} u‖A‖): "
            "an explicit inverse, pseudo-inverse or Gram matrix?"
        ),
    ),
    Reason(
        "few digits",
        _few_digits,
        lambda c: (
            f"only {-math.log10(c.score('relative_error')):.0f} digits are right where κ = {number(c.kappa)}: "
            "lower precision inside, or another problem solved?"
        ),
    ),
    Reason("wrong", has_verdict(Verdict.WRONG), lambda c: f"not one digit is right where κ = {number(c.kappa)}"),
    Reason(
        "inaccurate",
        lambda _: True,
        lambda c: (
            f"errors are beyond rounding: backward {number(c.score('backward_error'))} u‖A‖, "
            f"forward {number(c.score('forward_error'))} Wedin bounds, where {number(c.small)} is small"
        ),
    ),
)


def reason(clues: Clues) -> Reason:
    """The first of `REASONS` that shows; the last one always does."""
    return next(one for one in REASONS if one.shows(clues))
