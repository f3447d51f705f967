"""What is true of a problem beside x: its rank, κ, singular values, A⁺, residual, standard errors and covariance."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from lamm_robust.scoring import penrose
from lamm_robust.scoring.limits import resolves
from lamm_robust.scoring.nonfinite import Undefined
from lamm_robust.scoring.truths import Certified, Known
from lamm_robust.values import OF_REGRESSION, Number, Regime

ROOT_BITS = 80
"""Bits of a square root of a rational: more than any precision has, so that its error is no part of a score."""


def regime(certified: Known) -> Regime:
    """What the precision can be asked to see of A as it is stored: no number but x is asked of columns of one size."""
    if isinstance(certified, Undefined):
        return certified.regime
    truth = certified.truth
    kappa = truth.kappa.mid + truth.kappa.radius if truth.kappa else Fraction(1)
    if not resolves(certified.problem.key.dtype, truth.m, truth.n, kappa):
        return Regime.AMBIGUOUS
    return Regime.RESOLVABLE if truth.rank == min(truth.m, truth.n) else Regime.DEFICIENT


def is_promised(number: Number, certified: Certified) -> bool:
    """Whether there is such a number: A = 0 has no κ, and less than full column rank no covariance."""
    truth = certified.truth
    if number is Number.COND:
        return truth.rank > 0
    return number not in OF_REGRESSION or (truth.rank == truth.n < truth.m and truth.n > 0)


def exact_number(number: Number, certified: Certified) -> Any:
    """The true number as nested lists of Fractions (square roots to `ROOT_BITS` bits); ∞ for κ where there is none.

    NotCertifiedError if it cannot be proved.
    """
    truth = certified.truth
    if number is Number.RANK:
        return Fraction(truth.rank)
    if number is Number.RESIDUAL:
        return [ball.mid**2 for ball in truth.residual_norm]
    if number is Number.PINV:
        return penrose.pseudo_inverse(certified)[0]
    if number in OF_REGRESSION:
        G, S, freedom = certified.regression
        if number is Number.STANDARD_ERRORS:
            return [root(S / freedom * row[j]) for j, row in enumerate(G)]
        return [[S / freedom * entry for entry in row] for row in G]
    sigmas = certified.sigmas
    if number is Number.SVDVALS:
        return sigmas
    return sigmas[0] / sigmas[-1] if sigmas[-1] else math.inf


def printed(number: Number, certified: Certified) -> list[Any]:
    """The true number in nested lists, each entry rounded to float64; ∞ beyond that."""

    def nearest(value: Any) -> Any:
        if isinstance(value, list):
            return [nearest(one) for one in value]
        return value if value == math.inf else quotient(value, Fraction(1))

    found = nearest(exact_number(number, certified))
    return found if isinstance(found, list) else [found]


def root(v: Fraction) -> Fraction:
    """√v for v ≥ 0, to a relative error of 2^−ROOT_BITS."""
    shift = ROOT_BITS - (v.numerator.bit_length() - v.denominator.bit_length()) // 2
    scaled = v * Fraction(4) ** shift
    return Fraction(math.isqrt(scaled.numerator // scaled.denominator)) / Fraction(2) ** shift


def quotient(part: Fraction | float, whole: Fraction) -> float:
    """part/whole; 0 for 0/0, and ∞ for what no float holds."""
    if not part or part == math.inf:
        return float(part)
    try:
        return float(Fraction(part) / whole)
    except (OverflowError, ZeroDivisionError):
        return math.inf
