"""σ₁ and σ_r of stacks of tall matrices of full column rank, enclosed in float64.

A = B·2^c, column by column. σ₁² is the largest eigenvalue of AᵀA, and 1/σ_r = ‖A⁺‖ is the norm of 2^(−c)·S·C up to
factors 1/√(1 ± φ), by the text of `inverse`. Both Gram matrices are formed in float64 and their largest eigenvalues
bounded by `largest_eigenvalue`: relative to the largest eigenvalue, rounding errors do not grow with κ. Of large
matrices φ is not known at first; `smallest` then encloses 1/σ_r if it can.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from math import frexp, ldexp

import numpy as np

from lamm_robust.oracles.bounds import (
    BLOCK,
    TINY,
    UP,
    Doubles,
    Integers,
    U,
    frobenius,
    gamma,
    gram,
    rescaled,
    row_blocks,
    size_norm,
)
from lamm_robust.oracles.certificate import Spectrum
from lamm_robust.oracles.eigenvalues import largest_eigenvalue
from lamm_robust.oracles.enclosures import scale_ball
from lamm_robust.oracles.guesses import Factor, Pencil
from lamm_robust.oracles.inverse import Inverse, sharpened
from lamm_robust.oracles.smallest import largest_values
from lamm_robust.values import Ball

NORMAL = 900
"""Powers of two below this are far from overflow and underflow, also of what is 2U times as large: as floats, they are
scaled exactly."""

UNKNOWN = (1.0, 4.0)
"""Bounds of a square that are too far apart for any tolerance."""


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


def extremes(B: Doubles, planes: Doubles, inverse: Inverse, *exponents: Integers) -> list[Extremes]:
    """Enclose σ₁ and σ_r of B·2^e, B stack × m × n, for each e of `exponents`, those of its columns (stack × n).

    `planes` are the digits of B. Gram matrices are formed once, and scaled for each e. Where nothing is known, the
    bounds are too far apart for any tolerance.
    """
    m, n = B.shape[1:]
    H, _ = gram(B[:, rows] for rows in row_blocks(m))
    high, low = [e.max(axis=-1) for e in exponents], [e.min(axis=-1) for e in exponents]
    shifts = [least[:, np.newaxis] - e for e, least in zip(exponents, low, strict=True)]
    scaled = [rescaled(H, e - top[:, np.newaxis], m) for e, top in zip(exponents, high, strict=True)]
    smallest = by_vectors(planes, inverse, shifts) if n > BLOCK else None
    if smallest is None:
        inverse = sharpened(B, planes, inverse)
        assert inverse.C is not None, "φ is not known without it"
        K, _ = gram_of_rows(inverse.S @ inverse.C)
        scaled += [rescaled(K, shift, n) for shift in shifts]
    # all at once: a small stack costs hardly less than a large one
    bounds = largest_eigenvalue(np.concatenate([H for H, _ in scaled]), np.concatenate([error for _, error in scaled]))
    pairs = list(zip(*(np.split(side, len(scaled)) for side in roots(*bounds)), strict=True))
    if smallest is None:
        found = zip(shifts, pairs[len(exponents) :], strict=True)
        smallest = [stretched(inverse, shift, *pair) for shift, pair in found]
    return list(map(Extremes, high, pairs[: len(exponents)], low, smallest))


def gram_of_rows(M: Doubles) -> tuple[Doubles, Doubles]:
    """Return MMᵀ for a stack of square M, and a bound of its error, as `gram` does."""
    Mt = M.swapaxes(1, 2)
    return gram(Mt[:, rows] for rows in row_blocks(M.shape[-1]))


def stretched(inverse: Inverse, shift: Integers, lower: Doubles, upper: Doubles) -> tuple[Doubles, Doubles]:
    """Return bounds of 2^low/σ_r from those of the norm of the computed 2^shift·SC."""
    assert inverse.C is not None, "φ is not known without it"
    S = np.ldexp(inverse.S, shift[:, :, np.newaxis])
    # ‖|S||C|‖_F is at most ‖S‖_F ‖|C|‖
    lost = gamma(S.shape[-1]) * frobenius(S) * size_norm(inverse.C) * UP + TINY
    shrink = (lower - lost) / np.sqrt(1 + inverse.phi) * (1 - 8 * U)
    stretch = (upper + lost) / np.sqrt(1 - inverse.phi) * (1 + 8 * U)
    return finite_bounds(shrink, stretch)


def by_vectors(planes: Doubles, inverse: Inverse, shifts: list[Integers]) -> list[tuple[Doubles, Doubles]] | None:
    """Return bounds of 2^low/σ_r of large matrices by their own vectors; None if that is not sharp for one of them."""
    near = inverse.near
    if near is None:
        return None
    K, _ = gram_of_rows(inverse.S)
    scaled = [rescaled(K, shift, K.shape[-1]) for shift in shifts]
    found = []
    for i, S in enumerate(inverse.S):
        if not inverse.proved[i]:
            found.append([UNKNOWN] * len(shifts))
            continue
        factor = Factor(planes[i], inverse.planes[i], inverse.units[i], near[i], float(inverse.alpha[i]))
        pencils = [
            Pencil(products[i], np.ldexp(S, shift[i][:, np.newaxis]), float(frobenius(products[i]) + error[i]) * UP)
            for shift, (products, error) in zip(shifts, scaled, strict=True)
        ]
        bounds = largest_values(factor, pencils)
        if bounds is None:
            return None
        found.append(bounds)
    return [roots(lower, upper) for lower, upper in np.array(found).transpose(1, 2, 0)]


def roots(lower: Doubles, upper: Doubles) -> tuple[Doubles, Doubles]:
    """Return the square roots of lower and upper bounds, rounded outwards."""
    return finite_bounds(np.sqrt(np.maximum(lower, 0)) * (1 - 4 * U), np.sqrt(upper) * (1 + 4 * U))


def finite_bounds(lower: Doubles, upper: Doubles) -> tuple[Doubles, Doubles]:
    """Return the bounds, replaced by 1 and 2 (too far apart for any tolerance) where they are not positive numbers."""
    good = np.isfinite(lower) & np.isfinite(upper) & (lower > 0)
    return np.where(good, lower, 1.0), np.where(good, upper, 2.0)
