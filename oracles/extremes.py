"""σ₁ and σ_r of stacks of tall matrices of full column rank, enclosed in float64.

A = B·2^c, column by column. σ₁² is the largest eigenvalue of AᵀA, and 1/σ_r = ‖A⁺‖ is the norm of 2^(−c)·S·C up to
factors 1/√(1 ± φ), by the text of `inverse`. Both Gram matrices are formed in float64 and their largest eigenvalues
bounded by `largest_eigenvalue`: relative to the largest eigenvalue, rounding errors do not grow with κ.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from math import frexp, ldexp

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
    rescaled,
    row_blocks,
    size_norm,
)
from lamm_robust.oracles.certificate import Spectrum
from lamm_robust.oracles.enclosures import scale_ball
from lamm_robust.oracles.inverse import Inverse
from lamm_robust.values import Ball

NORMAL = 900
"""Powers of two below this are far from overflow and underflow, also of what is 2U times as large: as floats, they are
scaled exactly."""


@dataclass(frozen=True, eq=False)
class Extremes:
    """Bounds of σ₁ and 1/σ_r for each matrix of a stack."""

    high: Integers
    largest: tuple[Doubles, Doubles]
    """Lower and upper bounds of σ₁/2^high."""
    low: Integers
    inverse_smallest: tuple[Doubles, Doubles]
    """Lower and upper bounds of 2^low/σ_r."""

    def spectra(self, rank: int) -> list[Spectrum]:
        """Return the spectrum of each matrix, all of full rank."""
        lower, upper = self.inverse_smallest
        largest = map(ball_between, *(side.tolist() for side in (*self.largest, self.high)))
        smallest = 1 / upper * (1 - 2 * U), 1 / lower * (1 + 2 * U), self.low
        return list(map(Spectrum, repeat(rank), largest, map(ball_between, *(side.tolist() for side in smallest))))


def ball_between(lower: float, upper: float, exponent: int) -> Ball:
    """Return a ball that holds all numbers from ``lower`` to ``upper``, times 2^exponent."""
    mid = (lower + upper) / 2
    radius = (upper - lower) / 2 * UP + 2 * U * mid
    if abs(frexp(mid)[1] + exponent) < NORMAL:  # the radius is above 2U·mid, and not subnormal either
        return Ball(Fraction(ldexp(mid, exponent)), Fraction(ldexp(radius, exponent)))
    return scale_ball(Ball(Fraction(mid), Fraction(radius)), exponent)


def extremes(B: Doubles, inverse: Inverse, *exponents: Integers) -> list[Extremes]:
    """Enclose σ₁ and σ_r of B·2^e, B stack × m × n, for each e of `exponents`, those of its columns (stack × n).

    BᵀB, and MMᵀ of M = SC, are formed once, and scaled for each e. Where nothing is known, the bounds are too far apart
    for any tolerance.
    """
    m, n = B.shape[1:]
    H = gram(B[:, rows] for rows in row_blocks(m))[0] if inverse.squares is None else inverse.squares
    Mt = (inverse.S @ inverse.C).swapaxes(1, 2)
    K, _ = gram(Mt[:, rows] for rows in row_blocks(n))
    high, low = [e.max(axis=-1) for e in exponents], [e.min(axis=-1) for e in exponents]
    scaled = [rescaled(H, e - top[:, np.newaxis], m) for e, top in zip(exponents, high, strict=True)]
    scaled += [rescaled(K, least[:, np.newaxis] - e, n) for e, least in zip(exponents, low, strict=True)]
    # all at once: a small stack costs hardly less than a large one
    bounds = largest_eigenvalue(np.concatenate([H for H, _ in scaled]), np.concatenate([error for _, error in scaled]))
    pairs = list(zip(*(np.split(side, len(scaled)) for side in roots(*bounds)), strict=True))
    found = []
    for i, e in enumerate(exponents):
        S = np.ldexp(inverse.S, (low[i][:, np.newaxis] - e)[:, :, np.newaxis])
        lost = gamma(n) * frobenius(S) * size_norm(inverse.C) * UP + TINY  # ‖|S||C|‖_F is at most ‖S‖_F ‖|C|‖
        lower, upper = pairs[len(exponents) + i]
        shrink = (lower - lost) / np.sqrt(1 + inverse.phi) * (1 - 8 * U)
        stretch = (upper + lost) / np.sqrt(1 - inverse.phi) * (1 + 8 * U)
        found.append(Extremes(high[i], pairs[i], low[i], finite_bounds(shrink, stretch)))
    return found


def roots(lower: Doubles, upper: Doubles) -> tuple[Doubles, Doubles]:
    """Return the square roots of lower and upper bounds, rounded outwards."""
    return finite_bounds(np.sqrt(np.maximum(lower, 0)) * (1 - 4 * U), np.sqrt(upper) * (1 + 4 * U))


def finite_bounds(lower: Doubles, upper: Doubles) -> tuple[Doubles, Doubles]:
    """Return the bounds, replaced by 1 and 2 (too far apart for any tolerance) where they are not positive numbers."""
    good = np.isfinite(lower) & np.isfinite(upper) & (lower > 0)
    return np.where(good, lower, 1.0), np.where(good, upper, 2.0)
