"""What a solver with a tolerance is to find where A has full rank, but not to the working precision.

A tolerance on the singular values selects a rank k, and with it another problem, whose answer is A_k⁺b. Where the
certified singular values leave no doubt of k, and a gap after it, this is the truth that such a solver is held to.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from lamm_robust.scoring.frame import Frame
from lamm_robust.values import Array, Ball, NotCertifiedError, Problem, Truncation

Truncate = Callable[[Array, Array, int], Truncation]


def truncated_frame(problem: Problem, frame: Frame, cutoff: float, truncate: Truncate) -> Frame | None:
    """The frame of the problem in which singular values up to cutoff·σ₁ are zero; None where its rank is in doubt."""
    sigma = np.linalg.svd(frame.A, compute_uv=False)[:: frame.folds]  # those of a complex A are all there twice
    near = int((sigma > cutoff * sigma[0]).sum())
    bound = Fraction(cutoff)
    for rank in (near, near + 1, near - 1):  # float64 may be one off where the cutoff is near its own precision
        if rank == frame.truth.rank:
            if surely_above(frame.truth.sigma_min, frame.truth.sigma_max, bound):
                return frame
        elif 0 < rank < frame.truth.rank:
            try:
                found = truncate(problem.A, problem.b, rank)
            except NotCertifiedError:
                continue
            left, largest = found.certificate, found.certificate.sigma_max
            if surely_above(left.sigma_min, largest, bound) and surely_below(found.sigma_next, largest, bound):
                return Frame(problem, left)
    return None


def surely_above(sigma: Ball, largest: Ball, cutoff: Fraction) -> bool:
    """Whether σ > cutoff·σ₁ for every σ and σ₁ in their balls."""
    return sigma.mid - sigma.radius > cutoff * (largest.mid + largest.radius)


def surely_below(sigma: Ball, largest: Ball, cutoff: Fraction) -> bool:
    """Whether σ < cutoff·σ₁ for every σ and σ₁ in their balls."""
    return sigma.mid + sigma.radius < cutoff * (largest.mid - largest.radius)
