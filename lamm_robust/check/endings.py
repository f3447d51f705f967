"""Why an attempt failed, where that is seen from how it ended or from the problem: true of whatever is returned.

The tables of reasons for x (`reasons`), for other numbers (`number_reasons`) and for ridge problems (`ridge_reasons`)
share this one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from lamm_robust.check.clues import Clues
from lamm_robust.scoring.nonfinite import Undefined
from lamm_robust.values import UNIT_ROUNDOFF, Cause, Edge, Verdict

LAYOUT = "depends on the layout"
"""The name of a reason that numbers other than x have, too, by a rule of their own."""

NO_SQUARE = 1e-4
"""κ²u up to which even normal equations change the residual by less than `workers.attempt.CHANGED` of b."""


def _too_slow(c: Clues) -> str:
    """What happened, and the option that allows for more time, where time was what lacked."""
    says = c.record.message
    lacked = "no answer within" in says and "-seconds" not in says
    return f"{says} (--case-seconds allows more)" if lacked else says


def _raised(c: Clues) -> str:
    is_crash = c.record.verdict is Verdict.CRASHED and c.record.cause is Cause.NONE
    return f"raised {c.record.message}{' (--refuses NAME, if it documents that)' if is_crash else ''}"


def _bad_output(c: Clues) -> str:
    hint = "; JAX computes in float64 only where jax_enable_x64 is set (or ask with --precision float32)"
    return c.record.message + (hint if c.record.cause is Cause.FLOAT32 else "")


def _depends_on_layout(c: Clues) -> bool:
    """Whether the answer is another one for another layout, and a loss of κ²u, the most by rounding, cannot be why."""
    if c.record.cause is not Cause.LAYOUT or isinstance(c.certified, Undefined):
        return False
    return c.is_steady and c.heeds_layout and UNIT_ROUNDOFF[c.record.precision] * c.kappa**2 <= NO_SQUARE


def _extreme(c: Clues) -> str:
    frame = c.proved.frame
    # the largest entry of A in the frame is at most 1/2
    a, b = (math.floor(math.log10(2) * (exponent - 1)) for exponent in (frame.a_exponent, int(frame.b_exponents.max())))
    return f"overflow or underflow, with entries of A near 1e{a} and of b near 1e{b}?"


def _undefined(c: Clues) -> str:
    assert isinstance(c.certified, Undefined)
    return f"a finite answer, and no warning, though {c.certified.where}"


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


ENDED: tuple[Reason, ...] = (
    # no answer at all: the message says it
    Reason("flaky", has_verdict(Verdict.FLAKY), _too_slow),
    Reason("timed out", has_verdict(Verdict.TIMED_OUT), _too_slow),
    Reason(
        "ended its process",
        lambda c: c.record.verdict is Verdict.CRASHED and c.record.cause is Cause.PROCESS_LOST,
        lambda c: c.record.message,
    ),
    Reason("raised an exception", has_verdict(Verdict.CRASHED, Verdict.REFUSED), _raised),
    # an answer that is another one the next time
    Reason(
        "depends on earlier calls",
        lambda c: c.passes_alone,
        lambda _: "right when asked alone in a fresh process: it keeps something from earlier calls, or is random",
    ),
    Reason("bad output", has_verdict(Verdict.BAD_OUTPUT), _bad_output),
    Reason(
        "not repeatable",
        lambda c: c.changes_matter and not c.record.repeatable,
        lambda _: "answers differ between two calls with the same input: it keeps something, or is random",
    ),
    Reason(LAYOUT, _depends_on_layout, lambda c: c.record.message),
    Reason("undefined", lambda c: isinstance(c.certified, Undefined), _undefined),
    Reason("empty", lambda c: c.record.edge == Edge.EMPTY, lambda c: f"A is {c.record.m}×{c.record.n}: empty"),
    Reason("extreme scale", lambda c: c.record.edge == Edge.SCALE, _extreme),
)
"""How an attempt ended, and what kind of problem it was: true of whatever is returned."""
