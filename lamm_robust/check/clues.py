"""A failed attempt with everything that is known about it, measured where a reason may need it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lamm_robust.error_free import Doubles
from lamm_robust.reports.grading import is_full_rank
from lamm_robust.scoring.frame import LARGEST, norm
from lamm_robust.scoring.truths import Certified, Known
from lamm_robust.values import Array, Outcome, Record

PARALLEL = 1e-3
"""An error is along x★ if at most this share of it, and of the answer, is not: κu/δ for a scaling by 1 + δ, with room
for κ = 10⁴."""

NEARER = 0.01
"""A truncated solution explains an answer if it is at most so far from it, relative to the distance of x★."""

CUT_ERROR = 1e3
"""… and at most so many uκ_k² of A_k, what forming AᵀA may cost: what stopped early is near A_k⁺b, but not so near."""


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
    has_cutoff: bool = True
    """Whether most failures at such κ are explained by a cutoff: see `has_cutoff` below."""
    squares_kappa: bool = False
    """Whether the errors at all problems grow like κ²: see `trend`."""

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
        """Scores up to this are rounding errors; see `scoring.limits.threshold`."""
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
        near = PARALLEL * min(abs(delta), abs(1 + delta)) * size  # of the error, and of the answer
        return delta if norm((error - delta * star).ravel()) <= near else None

    @cached_property
    def cut(self) -> float | None:
        """σ/σ₁ of the largest singular value that the answer takes for zero though A has it; None if there is none."""
        frame = self.proved.frame
        U, sigma, Vt = np.linalg.svd(frame.A, full_matrices=False)
        near = NEARER * min(1.0, self.score("relative_error"))
        for k in range(1, self.proved.truth.rank):
            with np.errstate(all="ignore"):  # a singular value may vanish in float64, and an answer may be absurd
                left = Vt[:k].T @ ((U.T @ frame.b)[:k] / sigma[:k, np.newaxis])
                rounding = CUT_ERROR * frame.u * (sigma[0] / sigma[k - 1]) ** 2
                if norm((self.x - left).ravel()) <= min(near, rounding) * norm(left.ravel()):
                    return float(sigma[k] / sigma[0])
        return None


def is_single(x: Array) -> bool:
    """Whether every entry of a float64 answer is a number of float32."""
    with np.errstate(over="ignore"):
        return x.dtype == np.float64 and bool(np.array_equal(x, x.astype(np.float32), equal_nan=True))


MOST = 0.5
"""The least share of the failures at such κ that a cutoff explains, if there is one. Measured over the quick profile:
0.8 or more for cutoffs; 0.06 to 0.4 for LSQR, LSMR, MINRES and five steps of CG, which sometimes end at A_k⁺b, too."""


def has_cutoff(failures: Sequence[Clues]) -> bool:
    """Whether most wrong answers at problems with singular values below the largest that seems cut are A_k⁺b."""
    answered = [c for c in failures if is_full_rank(c.record) and "relative_error" in c.record.scores]
    cuts = [c.cut for c in answered]
    largest = max((cut for cut in cuts if cut is not None), default=0.0)
    below = [cut for c, cut in zip(answered, cuts, strict=True) if 2 * c.kappa * largest >= 1]  # κ itself is rounded
    return sum(cut is not None for cut in below) >= MOST * len(below)
