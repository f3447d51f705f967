"""Certificates in decimal: what a reader sees is a bound, too.

Digits are rounded correctly from the exact stored value, and the radius that goes with them is rounded up
and includes the rounding of the digits, so a printed number and its printed radius still enclose the truth.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from lamm_robust.oracles.certificate import stored
from lamm_robust.oracles.enclosures import square_root
from lamm_robust.values import Ball, Certificate

RADIUS_DIGITS = 3
"""Digits of a printed radius: rounding it up by 1 % loses nothing that anyone compares."""


def decimals(certificate: Certificate, digits: int = 40) -> tuple[list[Any], str]:
    """Return x as decimal strings of `digits` significant digits, and a bound on ‖x_printed − x★‖_F.

    The list has the shape of x★: flat for one right-hand side, rows for several. Exact short values print
    short (0.5). Raises ValueError when digits < 1.
    """
    values = stored(certificate)
    printed = [decimal(v, digits) for v in values.flat]
    rounding = sum(((Fraction(p) - v) ** 2 for p, v in zip(printed, values.flat, strict=True)), Fraction(0))
    radius = certificate.x_radius + _largest(square_root(Ball(rounding)))
    return np.array(printed, dtype=object).reshape(values.shape).tolist(), _upwards(radius)


def ball_decimal(ball: Ball, digits: int = 40) -> tuple[str, str]:
    """Return the midpoint in `digits` significant digits, and a radius about it that covers the ball."""
    mid = decimal(ball.mid, digits)
    return mid, _upwards(ball.radius + abs(Fraction(mid) - ball.mid))


def decimal(value: Fraction, digits: int) -> str:
    """Return the value correctly rounded (ties to even) to `digits` significant digits."""
    if digits < 1:
        raise ValueError(f"digits is {digits}; accepted is an integer of at least 1")
    return str(_divide(value, digits, ROUND_HALF_EVEN))


def _upwards(value: Fraction) -> str:
    return str(_divide(value, RADIUS_DIGITS, ROUND_UP))


def _largest(ball: Ball) -> Fraction:
    return ball.mid + ball.radius


def _divide(value: Fraction, digits: int, rounding: str) -> Decimal:
    """One correctly rounded division: decimal's `divide` rounds once, and integers enter it exactly."""
    context = Context(prec=digits, rounding=rounding, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])
    return context.divide(Decimal(value.numerator), Decimal(value.denominator))
