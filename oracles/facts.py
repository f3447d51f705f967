"""A certificate as plain values that JSON can hold: what `lamm-robust truth` prints."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from lamm_robust.oracles.enclosures import square_root
from lamm_robust.oracles.plain_values import decimal, decimals
from lamm_robust.values import Ball, Certificate, Truncation

DIGITS = 40
"""More than double-double arithmetic holds, so that a printed answer can judge any solver that people use."""


def facts(certificate: Certificate) -> dict[str, Any]:
    """The certificate's facts: numbers as decimal strings of 40 digits or as many as are known.

    ``x`` is a list, or a list of rows for several right-hand sides; ``radius`` bounds ‖x printed − x★‖_F;
    ``residual_norm`` is ‖b − Ax★‖_F over all right-hand sides; ``kappa`` is "nan" when the rank is 0.
    """
    x, radius = decimals(certificate, DIGITS)
    kappa = "nan" if certificate.kappa is None else known(certificate.kappa)
    return {
        "rank": certificate.rank,
        "x": x,
        "radius": radius,
        "residual_norm": known(together(certificate.residual_norm)),
        "kappa": kappa,
        "method": certificate.method,
        "seconds": round(certificate.seconds, 6),
        "m": certificate.m,
        "n": certificate.n,
    }


def truncation_facts(truncation: Truncation) -> dict[str, Any]:
    """The `facts` of what is left, and ``sigma_next``, the largest singular value that counts as zero."""
    return {**facts(truncation.certificate), "sigma_next": known(truncation.sigma_next)}


def known(ball: Ball) -> str:
    """The midpoint to as many digits as the radius leaves certain, DIGITS at most; "0" where none is."""
    if ball.radius >= ball.mid:
        return "0"
    share = ball.radius / ball.mid
    certain = math.floor(math.log10(share.denominator) - math.log10(share.numerator)) if share else DIGITS
    return decimal(ball.mid, max(1, min(DIGITS, certain)))


def together(norms: tuple[Ball, ...]) -> Ball:
    """Enclose √(Σ vᵢ²) of numbers known as balls; the triangle inequality bounds the radius."""
    if len(norms) == 1:
        return norms[0]
    mid = square_root(Ball(sum((ball.mid**2 for ball in norms), Fraction(0))))
    spread = square_root(Ball(sum((ball.radius**2 for ball in norms), Fraction(0))))
    return Ball(mid.mid, mid.radius + spread.mid + spread.radius)
