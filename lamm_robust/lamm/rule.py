"""When a loop takes a step, how long the next one may be, and when it stops: for both loops, in their own arrays.

The step Vα is right to first order only, and can be very long where X is ill-conditioned. So it is shortened to the
*step size*, the longest step allowed: a trust region (Nocedal and Wright, Numerical Optimization, 2nd ed., chapter 4).
It shrinks when a step makes things worse, grows when it held back progress, and follows steps that are shorter.

Central differences reach over a share of the step size, too. They then measure no derivative, but the change over steps
as long as the next one: fewer columns are nearly dependent by accident, and the derivative comes back as steps become
short. Of 60 random meshes of 4 modes, with all 12 directions and random targets, 37 arrived with such differences, and
20 with differences over 2⁻¹⁸ (`jax-lstsq`, float64).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lamm_robust.lamm.result import Ending

TOLERANCE = 1e-5
"""The default ‖δ‖ at which a target is reached: a hundred roundings of float32, and less than power meters show."""

SHRINK = 0.5
"""After a step that made things worse (and is not taken), the next step size is this times its length."""

GROW = 2.0
"""The factor on the step size after a step that was shortened and yet slow."""

FOLLOW = 4.0
"""How many times as long as a step that needed no shortening the next one may be."""

SPAN = 0.3
"""The share of the step size over which differences reach: of 0.1, 0.3 and 1, most meshes arrived with it."""

SLOW = 0.5
"""A step is slow if it leaves more than this share of the magnitude: near a target that can be reached, unshortened
steps leave far less, for they converge quadratically."""

GAIN = 1e-3
"""The share by which the magnitude must fall within `PATIENCE` steps."""

PATIENCE = 20
"""The default of the patience: a loop stops after so many steps without a gain of `GAIN`. The step size can shrink a
million-fold in them, and each has new directions."""

Where = Callable[..., Any]
"""Type of numpy.where and jax.numpy.where."""


class Progress(NamedTuple):
    """The state of a loop, apart from its parameters: numbers of NumPy or JAX."""

    magnitude: Any
    step_size: Any
    mark: Any
    """The magnitude from which gains are counted."""
    since: Any
    """The number of steps since `mark` was set."""
    unsolved: Any
    """The number of steps in a row, up to the last one, whose α was not finite."""
    damping: Any = 0.0
    """λ of the next damped step (see `damping`), in units of X."""
    growth: Any = 2.0
    """The factor on it if that step makes things worse."""


def start_progress(magnitude: Any, step_size: Any, damping: Any = 0.0) -> Progress:
    """The progress before the first step."""
    return Progress(magnitude, step_size, magnitude, 0, 0, damping)


def may_go_on(progress: Progress, enough: Any, patience: Any = PATIENCE) -> Any:
    """Whether another step may help; `&`, not `and`, since the numbers may be arrays of JAX."""
    return (progress.magnitude > enough) & (progress.since < patience)


def shortening(length: Any, step_size: Any, where: Where) -> Any:
    """The factor on a step of that length: 1, or what makes a longer one as long as the step size."""
    return where(length > step_size, step_size / where(length > 0, length, 1), 1)


def after_step(before: Progress, length: Any, magnitude: Any, where: Where) -> Progress:
    """The progress after a step of that length (before it was shortened) that would leave that magnitude.

    A magnitude of NaN is no improvement. A length of ∞ or NaN is that of an α that is not finite.
    """
    better, limited, solved = magnitude < before.magnitude, length > before.step_size, length < float("inf")
    slow = limited & (magnitude > SLOW * before.magnitude)
    tried, after = _shorter(length, before.step_size, where), _shorter(FOLLOW * length, before.step_size, where)
    now = where(better, magnitude, before.magnitude)
    gained = now < (1 - GAIN) * before.mark
    return before._replace(
        magnitude=now,
        step_size=where(better, where(slow, GROW * after, after), SHRINK * tried),
        mark=where(gained, now, before.mark),
        since=where(gained, 0, before.since + 1),
        unsolved=where(solved, 0, before.unsolved + 1),
    )


def _shorter(length: Any, step_size: Any, where: Where) -> Any:
    """min(length, step_size), and step_size if the length is NaN."""
    return where(length < step_size, length, step_size)


def difference_reach(difference: Any, span: Any, step_size: Any, where: Where) -> Any:
    """The step of central differences: max(span · step_size, difference)."""
    return where(span * step_size > difference, span * step_size, difference)


FLOOR = 1.1 * 2**0.5
"""The factor on the length of the noise within which a matrix is as near as one can see: a step is computed from one
measurement and judged by another, which differ by √2 lengths; 1.1 is the factor of Morozov's principle."""


def noise_floor(noise: float, count: int) -> float:
    """The ‖δ‖ that measurements of `count` entries with that standard deviation cannot tell from 0."""
    return float(FLOOR * noise * count**0.5)


def ending(progress: Progress, enough: Any, patience: int = PATIENCE) -> Ending:
    """How a loop ended that stopped with this progress, in numbers of Python."""
    if progress.magnitude <= enough:
        return Ending.REACHED
    if progress.since < patience:
        return Ending.STEP_LIMIT
    return Ending.NO_SOLUTION if progress.unsolved >= patience else Ending.STALLED
