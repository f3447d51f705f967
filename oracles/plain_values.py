"""A certificate as plain values that JSON can hold: what `lamm-robust truth` prints.

What a reader sees is a bound, too. Digits are rounded correctly from the exact stored value. The radius that goes with
them is rounded up and includes the rounding of the digits, so a printed x and its printed radius enclose the truth.
"""

from __future__ import annotations

import math
import re
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from lamm_robust.oracles.certificate import norm_above, stored
from lamm_robust.oracles.covariance import Regression
from lamm_robust.oracles.enclosures import square_root, upper_end
from lamm_robust.values import Ball, Certificate, Truncation

DIGITS = 40
"""Printed digits: more than double-double arithmetic holds, so that a printed answer can judge any solver in use."""

RADIUS_DIGITS = 3
"""Digits of a printed radius: rounding it up by 1 % loses nothing that anyone compares."""

COMPLEX = re.compile(r"([+-]?[^+-]+(?:E[+-]\d+)?)([+-][^+-]+(?:E[+-]\d+)?)j")
"""How a complex number is printed: the real part, and the imaginary part with its sign."""

AT_MOST = "<= "
"""What stands before an upper bound where no digit of a number is certain."""


def facts(certificate: Certificate) -> dict[str, Any]:
    """Return what a certificate says: numbers as decimal strings of `DIGITS` digits, or as `certain_digits` has them.

    ``x`` is a list, or a list of rows for several right-hand sides, of complex numbers as "1+2j"; ``radius`` bounds ‖x
    printed − x★‖_F; ``residual_norm`` is ‖b − Ax★‖_F over all right-hand sides; ``kappa``, and ``kappa_columns``, which
    is κ with columns (rows, if A is wide) of one size, are "nan" when the rank is 0.
    """
    x, radius = decimals(certificate)
    kappa, equal = (
        "nan" if ball is None else certain_digits(ball) for ball in (certificate.kappa, certificate.kappa_columns)
    )
    return {
        "rank": certificate.rank,
        "x": x,
        "radius": radius,
        "residual_norm": certain_digits(total_norm(certificate.residual_norm)),
        "kappa": kappa,
        "kappa_columns": equal,
        "method": certificate.method,
        "seconds": round(certificate.seconds, 6),
        "m": certificate.m,
        "n": certificate.n,
    }


def truncation_facts(truncation: Truncation) -> dict[str, Any]:
    """Return the `facts` of a truncated problem, and ``sigma_next``, the largest singular value that counts as zero."""
    return {**facts(truncation.certificate), "sigma_next": certain_digits(truncation.sigma_next)}


def regression_facts(found: Regression) -> dict[str, Any]:
    """Return what a regression reports beside x, as decimal strings: rational numbers rounded correctly to `DIGITS`.

    ``covariance`` is a list of rows; ``r_squared`` is "nan" where b does not vary.
    """
    r_squared = found.r_squared
    return {
        "degrees_of_freedom": found.degrees_of_freedom,
        "residual_sum_of_squares": _decimal(found.residual_sum_of_squares, DIGITS),
        "residual_deviation": certain_digits(found.residual_deviation),
        "r_squared": "nan" if r_squared is None else _decimal(r_squared, DIGITS),
        "about_mean": found.about_mean,
        "standard_errors": [certain_digits(one) for one in found.standard_errors],
        "covariance": [[_decimal(entry, DIGITS) for entry in row] for row in found.covariance],
    }


def decimals(certificate: Certificate, digits: int = DIGITS) -> tuple[list[Any], str]:
    """Return x as decimal strings of `digits` significant digits, and a bound on ‖x printed − x★‖_F.

    The list has the shape of x★: flat for one right-hand side, rows for several. Exact short values print short (0.5).
    Raises ValueError when digits < 1.
    """
    values = stored(certificate)
    printed = [_decimal(v, digits) for v in values.flat]
    rounding = norm_above([Fraction(p) - v for p, v in zip(printed, values.flat, strict=True)])
    radius = _divide(certificate.x_radius + rounding, RADIUS_DIGITS, ROUND_UP)
    shape = values.shape
    if certificate.is_complex:
        printed, shape = _complex(printed), (certificate.n, *shape[1:])
    return np.array(printed, dtype=object).reshape(shape).tolist(), radius


def _complex(printed: list[str]) -> list[str]:
    """Complex numbers as "1+2j", from their real parts followed by their imaginary ones."""
    half = len(printed) // 2
    return [
        f"{real}{'' if imag[0] == '-' else '+'}{imag}j"
        for real, imag in zip(printed[:half], printed[half:], strict=True)
    ]


def _parts(entry: str) -> list[str]:
    """The decimals in a printed number: itself, or the real and the imaginary part of a complex one."""
    found = COMPLEX.fullmatch(entry)
    return list(found.groups()) if found else [entry]


def shorter(printed: list[list[str]], radius: str, digits: int) -> tuple[list[list[str]], str]:
    """Return rows of `decimals` rounded to fewer digits, and the radius that then encloses the truth."""
    table = [[_parts(entry) for entry in row] for row in printed]
    rounded = [[[_decimal(Fraction(part), digits) for part in entry] for entry in row] for row in table]
    pairs = zip(_flat(table), _flat(rounded), strict=True)
    lost = norm_above([Fraction(p) - Fraction(v) for v, p in pairs])
    rows = [[entry[0] if len(entry) == 1 else _complex(entry)[0] for entry in row] for row in rounded]
    return rows, _divide(Fraction(radius) + lost, RADIUS_DIGITS, ROUND_UP)


def _flat(table: list[list[list[str]]]) -> list[str]:
    return [part for row in table for entry in row for part in entry]


def certain_digits(ball: Ball) -> str:
    """Return the midpoint of a ball of numbers ≥ 0, to as many digits as its radius leaves certain.

    Where it leaves none, return an upper bound, as in "<= 1.3E-200"; "0" is only what is proved to be zero.
    """
    if ball.radius >= ball.mid:
        return f"{AT_MOST}{_divide(upper_end(ball), RADIUS_DIGITS, ROUND_UP)}" if ball.radius else "0"
    share = ball.radius / ball.mid
    certain = math.floor(math.log10(share.denominator) - math.log10(share.numerator)) if share else DIGITS
    return _decimal(ball.mid, max(1, min(DIGITS, certain)))


def total_norm(norms: tuple[Ball, ...]) -> Ball:
    """Enclose √(Σ vᵢ²) of norms vᵢ known as balls; the triangle inequality bounds the radius."""
    if len(norms) == 1:
        return norms[0]
    mid = square_root(Ball(sum((ball.mid**2 for ball in norms), Fraction(0))))
    return Ball(mid.mid, mid.radius + norm_above([ball.radius for ball in norms]))


def _decimal(value: Fraction, digits: int) -> str:
    """Return a value correctly rounded (ties to even) to so many significant digits."""
    if digits < 1:
        raise ValueError(f"digits is {digits}; accepted is an integer of at least 1")
    return _divide(value, digits, ROUND_HALF_EVEN)


def _divide(value: Fraction, digits: int, rounding: str) -> str:
    """Return a value rounded once to so many digits: the integers enter `divide` exactly, which rounds correctly."""
    context = Context(prec=digits, rounding=rounding, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])
    return str(context.divide(Decimal(value.numerator), Decimal(value.denominator)))
