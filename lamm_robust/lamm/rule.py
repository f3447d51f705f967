"""When a step is taken, how long the next one may be, and when to stop: for both loops, in their own arrays.

The step Vα is right to first order only, and where X is ill-conditioned it can be very long. So it is shortened to the
*step size*, the longest step allowed: a trust region (Nocedal and Wright, Numerical Optimization, 2nd ed., chapter 4),
which shrinks when a step makes things worse, grows when it held back progress, and follows steps that are shorter.

Central differences reach over a share of the step size, too. What they measure is then no derivative, but the change
over steps as long as those to be taken: it leaves fewer columns nearly dependent by accident, and becomes the
derivative as steps become short. From 60 random meshes of 4 modes to random targets, 37 arrived so, with all 12
directions, and 20 with differences over 2⁻¹⁸ (`jax-lstsq`, float64).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lamm_robust.lamm.result import Ending

TOLERANCE = 1e-5
"""‖δ‖ at which the target is reached, by default: a hundred roundings of float32, and below what power meters show."""

SHRINK = 0.5
"""A step that made things worse is not taken, and the next is at most half as long."""

GROW = 2.0
"""A step that was shortened and yet too slow lets the next one be twice as long."""

FOLLOW = 4.0
"""After a step that needed no shortening, the next is at most so many times as long."""

SPAN = 0.3
"""The share of the step size that differences reach: of 0.1, 0.3 and 1, that with which most meshes arrived."""

SLOW = 0.5
"""A step is slow if more than half of what was missing is still missing: unshortened steps near a target that can be
reached do far better, for they converge quadratically."""

GAIN = 1e-3
"""The share by which the magnitude must fall within `PATIENCE` steps."""

PATIENCE = 20
"""Steps without such a gain after which nothing nearer is expected: enough for the step size to shrink a million-fold,
and directions are drawn anew for each of them."""

Where = Callable[..., Any]
"""`where` of NumPy or of JAX."""


class Progress(NamedTuple):
    """How far a loop has come, apart from its parameters."""

    magnitude: Any
    step_size: Any
    mark: Any
    """The magnitude from which gains are counted."""
    since: Any
    """Steps since the mark."""
    unsolved: Any
    """Steps in a row whose α was not finite."""


def begun(magnitude: Any, step_size: Any) -> Progress:
    """Before the first step."""
    return Progress(magnitude, step_size, magnitude, 0, 0)


def goes_on(progress: Progress, enough: Any) -> Any:
    """Whether another step may help: also for arrays, in which "and" is &."""
    return (progress.magnitude > enough) & (progress.since < PATIENCE)


def shortened(length: Any, step_size: Any, where: Where) -> Any:
    """The factor that brings a step of that length to the step size, if it is longer."""
    return where(length > step_size, step_size / where(length > 0, length, 1), 1)


def advanced(before: Progress, length: Any, magnitude: Any, where: Where) -> Progress:
    """The progress after a step that was `length` long before it was shortened and would leave `magnitude`.

    NaN is no improvement; an infinite length, or none, is that of an α which is not finite.
    """
    better, limited, solved = magnitude < before.magnitude, length > before.step_size, length < float("inf")
    slow = limited & (magnitude > SLOW * before.magnitude)
    tried, after = _smaller(length, before.step_size, where), _smaller(FOLLOW * length, before.step_size, where)
    now = where(better, magnitude, before.magnitude)
    gained = now < (1 - GAIN) * before.mark
    return Progress(
        magnitude=now,
        step_size=where(better, where(slow, GROW * after, after), SHRINK * tried),
        mark=where(gained, now, before.mark),
        since=where(gained, 0, before.since + 1),
        unsolved=where(solved, 0, before.unsolved + 1),
    )


def _smaller(length: Any, step_size: Any, where: Where) -> Any:
    """The length, unless it is longer or none."""
    return where(length < step_size, length, step_size)


def reach(difference: Any, span: Any, step_size: Any, where: Where) -> Any:
    """The step of central differences: a share of the step size, but not less than the least that makes sense."""
    return where(span * step_size > difference, span * step_size, difference)


def ending(progress: Progress, enough: Any) -> Ending:
    """How a loop has ended that stands there, in Python's numbers."""
    if progress.magnitude <= enough:
        return Ending.REACHED
    if progress.since < PATIENCE:
        return Ending.STEP_LIMIT
    return Ending.NO_SOLUTION if progress.unsolved >= PATIENCE else Ending.STALLED
