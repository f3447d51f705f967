"""The damped step: α = argmin ‖Xα − δ‖² + λ‖α‖², where λ follows how well Xα predicted the last step (both loops).

It is a trust region, too: a larger λ makes a shorter step, and one that turns away from directions in which X is weak.
A step that is computed without λ and shortened afterwards keeps its direction, which those decide where X is
ill-conditioned. The rule for λ is Nielsen's (Madsen, Nielsen and Tingleff, Methods for non-linear least squares
problems, 2nd ed., IMM, Technical University of Denmark, 2004, section 3.2 and equation 2.21), as in Levenberg and
Marquardt's method; here in the space of the k directions of a step.
"""

from __future__ import annotations

from typing import Any

from lamm_robust.lamm.rule import Progress, Where, after_step

FIRST = 1e-3
"""λ of the first step over the mean ‖column of X‖² (τ of Madsen et al. for a start that is not near)."""

RANGE = 1e-10, 1e6
"""The least λ over the mean ‖column‖², whose root is a hundred roundings of float32, and the most, with which a step is
a millionth of what it could be."""

SHRINK = 1 / 3
"""The least factor on λ after a step that helped: slow enough for a good step to be no accident."""

DOUBLE = 2.0
"""The first factor on λ after a step that made things worse; each further one is twice as large."""


def damped_system(X: Any, delta: Any, damping: Any, numbers: Any) -> tuple[Any, Any]:
    """The least-squares problem (m + k rows) whose solution is the damped α: rows √λ·I under X, zeros under δ.

    `numbers` is the module of the arrays, numpy or jax.numpy; λ is `damping` times the mean ‖column‖².
    """
    k = X.shape[1]
    root = numbers.sqrt(damping * numbers.sum(X * X) / k).astype(X.dtype)
    below = root * numbers.eye(k, dtype=X.dtype)
    return numbers.concatenate((X, below)), numbers.concatenate((delta, numbers.zeros(k, X.dtype)))


def after_damped_step(before: Progress, length: Any, magnitude: Any, predicted: Any, where: Where) -> Progress:
    """The progress after a damped step of that length, which would leave that magnitude and was to leave `predicted`.

    Differences then reach over a share of its length (the step size). NaN is no improvement.
    """
    then = after_step(before, length, magnitude, where)
    better, hoped = magnitude < before.magnitude, before.magnitude**2 - predicted**2
    gain = (before.magnitude**2 - magnitude**2) / where(hoped > 0, hoped, 1)
    factor = 1 - (2 * gain - 1) ** 3
    factor = where(better, where(factor > SHRINK, factor, SHRINK), before.growth)
    damping = before.damping * factor
    damping = where(damping < RANGE[0], RANGE[0], where(damping > RANGE[1], RANGE[1], damping))
    return then._replace(
        step_size=where(length < float("inf"), length, then.step_size),
        damping=damping,
        growth=where(better, DOUBLE, 2 * before.growth),
    )
