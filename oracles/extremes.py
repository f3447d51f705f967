"""σ₁ and σ_r of stacks of tall matrices of full column rank, enclosed in float64.

A = B·2^c, column by column. σ₁² is the largest eigenvalue of AᵀA, and 1/σ_r = ‖A⁺‖ is the norm of 2^(−c)·S·C up to
factors 1/√(1 ± φ), by the text of `inverse`. Both Gram matrices are formed in float64 and their largest eigenvalues
bounded by `largest_eigenvalue`: relative to the largest eigenvalue, rounding errors do not grow with κ.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lamm_robust.oracles.bounds import (
    TINY,
    UP,
    Doubles,
    Integers,
    U,
    frobenius,
    gamma,
    gram,
    largest_eigenvalue,
    row_blocks,
)
from lamm_robust.oracles.certificate import Spectrum
from lamm_robust.oracles.enclosures import scale_ball
from lamm_robust.oracles.inverse import Inverse
from lamm_robust.values import Ball


@dataclass(frozen=True, eq=False)
class Extremes:
    """Bounds of σ₁ and 1/σ_r for each matrix of a stack."""

    high: Integers
    largest: tuple[Doubles, Doubles]
    """Lower and upper bounds of σ₁/2^high."""
    low: Integers
    inverse_smallest: tuple[Doubles, Doubles]
    """Lower and upper bounds of 2^low/σ_r."""

    def spectrum(self, i: int, rank: int) -> Spectrum:
        """Return the spectrum of the i-th matrix, of full rank."""
        lower, upper = (float(bound[i]) for bound in self.inverse_smallest)
        largest = ball_between(float(self.largest[0][i]), float(self.largest[1][i]), int(self.high[i]))
        return Spectrum(rank, largest, ball_between(1 / upper * (1 - 2 * U), 1 / lower * (1 + 2 * U), int(self.low[i])))


def ball_between(lower: float, upper: float, exponent: int) -> Ball:
    """Return a ball that holds all numbers from ``lower`` to ``upper``, times 2^exponent."""
    mid = (lower + upper) / 2
    return scale_ball(Ball(Fraction(mid), Fraction((upper - lower) / 2 * UP + 2 * U * mid)), exponent)


def extremes(B: Doubles, inverse: Inverse, exponents: Integers) -> Extremes:
    """Enclose σ₁ and σ_r of B·2^exponents, for B (stack × m × n) and the exponents of its columns (stack × n).

    Where nothing is known, the bounds are too far apart for any tolerance.
    """
    high, low = exponents.max(axis=-1), exponents.min(axis=-1)
    up = (exponents - high[:, np.newaxis])[:, np.newaxis, :]
    H, error = gram(np.ldexp(B[:, rows], up) for rows in row_blocks(B.shape[1]))
    largest = roots(*largest_eigenvalue(H, error + TINY))

    rows_down = (low[:, np.newaxis] - exponents)[:, :, np.newaxis]
    S, n = np.ldexp(inverse.S, rows_down), B.shape[2]
    lost = gamma(n) * frobenius(np.abs(S) @ np.abs(inverse.C)) * UP + TINY
    M = S @ inverse.C
    H, error = gram(M[:, rows] for rows in row_blocks(n))
    lower, upper = roots(*largest_eigenvalue(H, error))
    shrink = (lower - lost) / np.sqrt(1 + inverse.phi) * (1 - 8 * U)
    stretch = (upper + lost) / np.sqrt(1 - inverse.phi) * (1 + 8 * U)
    return Extremes(high, largest, low, finite_bounds(shrink, stretch))


def roots(lower: Doubles, upper: Doubles) -> tuple[Doubles, Doubles]:
    """Return the square roots of lower and upper bounds, rounded outwards."""
    return finite_bounds(np.sqrt(np.maximum(lower, 0)) * (1 - 4 * U), np.sqrt(upper) * (1 + 4 * U))


def finite_bounds(lower: Doubles, upper: Doubles) -> tuple[Doubles, Doubles]:
    """Return the bounds, replaced by 1 and 2 (too far apart for any tolerance) where they are not positive numbers."""
    good = np.isfinite(lower) & np.isfinite(upper) & (lower > 0)
    return np.where(good, lower, 1.0), np.where(good, upper, 2.0)
