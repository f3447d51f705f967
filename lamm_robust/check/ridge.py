"""What one failure may show by accident, and several do not: that x solves the ridge problem, and not least squares.

The x that makes ‖Ax − b‖² + λ‖x‖² smallest has Aᵀ(b − Ax) = λx: the gradient is along x itself, by the same λ at all
problems, or by the same share of ‖A‖². A scaled answer has a gradient along AᵀAx★, and one by early stopping, rounding
or a cutoff has one in other directions, with another λ at each problem.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamm_robust.error_free import Doubles
from lamm_robust.scoring.evidence import Evidence
from lamm_robust.scoring.frame import LARGEST, Frame, norm
from lamm_robust.text import two_digits

ALONG = 0.1
"""A gradient is along x if at most this share of it is not: what `VISIBLE` leaves of rounding errors."""

VISIBLE = 100.0
"""A gradient of at most so many u(‖A‖_F²‖x‖ + ‖A‖_F‖b‖) is rounding error, as forming AᵀA and Aᵀb leaves it."""

ALIKE = 0.1
"""Two λ are one if they differ by at most this share, as rounding may move them."""

LEAST = 3
"""The least number of problems with one λ that are no accident."""

MOST = 0.9
"""The least share of the visible gradients that are along x by one λ; of a ridge, all are."""

TELLING = 2.0
"""The least κ of a problem that tells a ridge from a scaling, whose gradient is along x where AᵀA is c·I."""


@dataclass(frozen=True)
class Gradient:
    """Aᵀ(b − Ax̂) of one answer, as a multiple of x̂."""

    factor: float
    """The λ for which λx̂ is nearest to it."""
    is_along: bool
    tells: bool
    """Whether only a ridge makes it so: more than one unknown, and singular values that differ."""
    sizes: tuple[float, ...]
    """What λ may be a share of, in the order of `UNITS`."""


UNITS = ("", "·‖A‖_F²", "·‖A‖_F²/n", "·σ₁²")
"""1, the trace of AᵀA, the mean of its diagonal, and its largest eigenvalue."""


@dataclass(frozen=True)
class Ridge:
    """The λ of a ridge problem that the answers of a solver solve."""

    share: float
    unit: int
    """The place of what it is a share of, in `UNITS`."""

    def explains(self, gradient: Gradient | None) -> bool:
        """Whether an answer with this gradient is one of the ridge's."""
        return gradient is not None and gradient.is_along and self._near(gradient)

    def _near(self, gradient: Gradient) -> bool:
        return abs(gradient.factor / gradient.sizes[self.unit] - self.share) <= ALIKE * self.share

    @property
    def words(self) -> str:
        """The sentence."""
        return f"solves the ridge problem with λ = {two_digits(self.share)}{UNITS[self.unit]}, not least squares"


def gradient_of(frame: Frame, x: Doubles) -> Gradient | None:
    """The gradient of an answer (right-hand sides × n, in the scale of the frame) as a multiple of the answer.

    Its residual is exact. None if there is no gradient beyond rounding error, or the answer is absurd, or next to 0.
    """
    if not 0 < np.abs(x).max() < LARGEST:
        return None
    size = float(norm(x.ravel()))
    found = Evidence([(frame, column) for column in range(frame.columns)], np.ascontiguousarray(x)).gradient
    frobenius = float(norm(frame.A.ravel()))
    rounding = frame.u * frobenius * (frobenius * size + norm(frame.b.ravel()))
    if not VISIBLE * rounding < norm(found.ravel()) < LARGEST * size:
        return None
    along = float(np.vdot(found / size, x / size))
    n, unit = frame.A.shape[1], math.ldexp(1.0, 2 * frame.a_exponent)
    trace = frobenius**2 / frame.folds
    return Gradient(
        factor=along * unit,
        is_along=along > 0 and bool(norm((found - along * x).ravel()) <= ALONG * norm(found.ravel())),
        tells=n > frame.folds and frame.kappa >= TELLING,
        sizes=(1.0, trace * unit, trace * unit * frame.folds / n, frame.sigma_max**2 * unit),
    )


def ridge_of(gradients: Sequence[Gradient | None]) -> Ridge | None:
    """The ridge that explains most of the gradients that tell; None if there is none."""
    telling = [g for g in gradients if g is not None and g.tells]
    along = [g for g in telling if g.is_along]
    if len(along) < max(LEAST, MOST * len(telling)):
        return None
    found = [Ridge(float(np.median([g.factor / g.sizes[unit] for g in along])), unit) for unit in range(len(UNITS))]
    counts = [sum(map(ridge.explains, telling)) for ridge in found]
    best = max(range(len(found)), key=lambda unit: counts[unit])  # the first of the best, which is the plainest
    return found[best] if counts[best] >= max(LEAST, MOST * len(telling)) else None
