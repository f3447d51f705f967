"""Elementary functions to 120 bits, and rationals rounded once to the working precision.

The exp, pow, sin and cos of a C library differ in the last bit from one machine to the next, so mpmath evaluates them
at 120 bits. That is more than twice the 53 of float64: the chance that the last of those bits matters to the rounding
of a value is about one in 2⁶⁰.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from lamm_robust.values import Array, Precision

WORKING_BITS = 120
SIGNIFICAND = {"float32": 24, "float64": 53}
"""Bits of the significand, the hidden one included (IEEE 754)."""


@cache
def _context() -> Any:
    """Make an mpmath context for this file alone: it neither sees nor changes the precision that others set."""
    import mpmath

    context = mpmath.MPContext()
    context.prec = WORKING_BITS
    return context


def _rounded(value: Any, dtype: Precision) -> float:
    context = _context()
    with context.workprec(SIGNIFICAND[dtype]):
        return float(+value)


def power(base: int, exponent: Fraction) -> float:
    """Return ``base`` to the power of a rational ``exponent``, rounded once to float64."""
    return _rounded(_context().power(base, _number(exponent)), "float64")


def log_ratio(value: int, base: int) -> Fraction:
    """Return log_base(value) as a Fraction, to 120 bits, for value ≥ 1 and base ≥ 2; exactly 1 if they are equal."""
    context = _context()
    return _exact(context.log(value) / context.log(base))


def cos_sin(angle: float, dtype: Precision) -> tuple[float, float]:
    """Return cosine and sine of an angle in radians, each rounded once to the dtype."""
    context = _context()
    cosine, sine = context.cos_sin(context.mpf(angle))
    return _rounded(cosine, dtype), _rounded(sine, dtype)


def _exact(value: Any) -> Fraction:
    """Return an mpmath number as a Fraction, exactly."""
    sign, mantissa, exponent, _ = value._mpf_
    magnitude = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return -magnitude if sign else magnitude


def _number(value: Fraction) -> Any:
    return _context().mpf(value.numerator) / value.denominator


def exponential(value: Fraction) -> Fraction:
    """Return exp(value) as a Fraction, to 120 bits; round with `nearest` after the last operation."""
    return _exact(_context().exp(_number(value)))


def cos_sin_pi(value: Fraction) -> tuple[Fraction, Fraction]:
    """Return cos(π·value) and sin(π·value) as Fractions, to 120 bits each; 0 and ±1 are exact."""
    context, angle = _context(), _number(value)
    return _exact(context.cospi(angle)), _exact(context.sinpi(angle))


@cache
def pi() -> Fraction:
    """Return π to 120 bits."""
    return _exact(+_context().pi)


def root(value: Fraction) -> Fraction:
    """Return the square root of a rational that is not negative, to 120 bits."""
    shift = max(0, WORKING_BITS - (value.numerator.bit_length() - value.denominator.bit_length()) // 2)
    return Fraction(math.isqrt(value.numerator * 4**shift // value.denominator), 2**shift)


def nearest(value: Fraction, dtype: Precision) -> float:
    """Return the number of the dtype nearest to a rational in its normal range, ties to even."""
    bits = SIGNIFICAND[dtype]
    exponent = value.numerator.bit_length() - value.denominator.bit_length() - bits
    scaled = value / Fraction(2) ** exponent  # 0, or between 2^(bits − 1) and 2^(bits + 1) in size
    if abs(scaled) >= 2**bits:
        scaled, exponent = scaled / 2, exponent + 1
    return math.ldexp(round(scaled), exponent)


def rounded_array(values: list[Any], dtype: Precision) -> Array:
    """Return nested lists of rationals as an array of the dtype, each entry rounded once."""
    exact = np.array(values, dtype=object)
    return np.array([nearest(value, dtype) for value in exact.flat], dtype=dtype).reshape(exact.shape)
