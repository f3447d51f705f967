"""Rational ball arithmetic: the operations that turn eigenvalues into σ and κ.

A ball is a rational midpoint and a rational radius, so nothing overflows, underflows or is rounded without being seen.
The one irrational step, the square root, is taken between two integers.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor, isqrt

from lamm_robust.values import Ball

ROOT_BITS = 256
"""Bits of a square root: 77 digits, above the 60 that a printed residual norm promises."""


def square_root(ball: Ball) -> Ball:
    """Enclose √v for every v ≥ 0 in a ball; exact when the ball is the square of a short rational."""
    mid, above = _root_bounds(ball.mid)
    if not ball.radius:
        return Ball(mid, above - mid)
    lower, _ = _root_bounds(max(Fraction(0), ball.mid - ball.radius))
    _, upper = _root_bounds(upper_end(ball))
    return Ball(mid, max(upper - mid, mid - lower))


def root_between(lower: Fraction, upper: Fraction) -> Ball:
    """Enclose √v for all v ≥ 0 between two bounds."""
    lower, upper = max(Fraction(0), lower), max(Fraction(0), upper)
    return square_root(Ball((lower + upper) / 2, (upper - lower) / 2))


def quotient(numerator: Ball, denominator: Ball) -> Ball:
    """Enclose p/q for p ≥ 0 and q > 0 in two balls.

    p/q is furthest from the midpoints' ratio where q is smallest. That distance, (p + ρ)/(q − δ) − p/q, is written as
    one fraction of integers: four operations of `Fraction` would reduce four.
    """
    p, below_p = numerator.mid.numerator, numerator.mid.denominator
    rho, below_rho = numerator.radius.numerator, numerator.radius.denominator
    q, below_q = denominator.mid.numerator, denominator.mid.denominator
    delta, below_delta = denominator.radius.numerator, denominator.radius.denominator
    spread = (rho * below_p * q * below_delta + p * below_rho * delta * below_q) * below_q
    return Ball(
        Fraction(p * below_q, q * below_p),
        Fraction(spread, below_p * below_rho * q * (q * below_delta - delta * below_q)),
    )


def is_within(ball: Ball, share: Fraction) -> bool:
    """Return whether the radius of a ball is at most a share of its midpoint, which is not negative."""
    mid, radius = ball.mid, ball.radius
    return (
        radius.numerator * share.denominator * mid.denominator <= share.numerator * mid.numerator * radius.denominator
    )


def scale_ball(ball: Ball, exponent: int) -> Ball:
    """Return 2**exponent times a ball."""
    power = power_of_two(exponent)
    return Ball(ball.mid * power, ball.radius * power)


def upper_end(ball: Ball) -> Fraction:
    """Return the largest number of a ball."""
    return ball.mid + ball.radius


def power_of_two(exponent: int) -> Fraction:
    """Return 2**exponent, faster than `Fraction` does."""
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def _root_bounds(v: Fraction) -> tuple[Fraction, Fraction]:
    """Bracket √v between neighbours on a dyadic grid; both are √v where that lies on the grid."""
    shift = ROOT_BITS - (v.numerator.bit_length() - v.denominator.bit_length()) // 2
    target = v * power_of_two(2 * shift)
    root = isqrt(floor(target))
    grid = power_of_two(-shift)
    return root * grid, (root if root * root == target else root + 1) * grid
