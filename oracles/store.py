"""How a certificate keeps x★: 2**exponent times an unevaluated sum of four float64 arrays.

Four doubles hold about 212 bits, 64 digits, of every entry. Each entry is rounded down to a grid that lies
`GRID_BITS` below the largest one, then split into doubles by repeated correct rounding. What is left over is
known exactly, so the radius is a bound and not an estimate, and it is zero when the sum is exact.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt, ldexp
from typing import Any

import numpy as np
import numpy.typing as npt

from lamm_robust.values import UNIT_ROUNDOFF, Array, Ball, Certificate, NotCertifiedError, digest
from oracles.balls import quotient, scaled

PARTS = 4
"""Doubles per entry: 212 bits put the storage error near 1e-64, far below every error to be judged."""

GRID_BITS = 900
"""The grid of stored entries is 2^-900 of the largest: every double on it is normal (exponents end at -1022),
and int → float conversion stays below its overflow at 2^1024."""

RADIUS_SHARE = Fraction(1, 1000)
"""‖x − x★‖ ≤ this · u‖x★‖, so that the certificate is 1000 times sharper than the smallest relative error of
a working-precision answer that it judges."""

SIGMA_TOLERANCE = Fraction(1, 10**9)
"""Relative radius allowed to σ₁ and σ_r: they only scale error bounds, which are read to two digits, but κ is
also printed and compared between machines; nine digits cost no more than six."""


@dataclass(frozen=True)
class Spectrum:
    """Rank, σ₁ and σ_r of A; both are zero when the rank is."""

    rank: int
    sigma_max: Ball
    sigma_min: Ball

    def scaled(self, exponent: int) -> Spectrum:
        """Return the spectrum of 2**exponent times the matrix."""
        return Spectrum(self.rank, scaled(self.sigma_max, exponent), scaled(self.sigma_min, exponent))


def split(values: Sequence[Fraction], offset: int = 0) -> tuple[npt.NDArray[np.float64], int, Fraction]:
    """Store the vector 2**offset · values as (parts, exponent, radius), parts of shape (4, len(values)).

    The radius bounds the 2-norm of the difference; it is 0 when nothing was rounded.
    """
    top = max((_exponent_above(v) for v in values if v), default=0)
    entries = [_split_entry(v, GRID_BITS - top) for v in values]
    parts = np.array([doubles for doubles, _ in entries]).T
    left_over = sum(error * error for _, error in entries)
    radius = Fraction(isqrt(left_over) + 1, 2**GRID_BITS) if left_over else Fraction(0)
    exponent = top + offset if any(values) else 0
    return parts, exponent, radius * Fraction(2) ** exponent


def _exponent_above(v: Fraction) -> int:
    """Return e with |v| < 2**e."""
    return v.numerator.bit_length() - v.denominator.bit_length() + 1


def _split_entry(v: Fraction, shift: int) -> tuple[list[float], int]:
    """Split v·2**shift, an integer plus a fraction, into doubles times 2**-GRID_BITS; bound the rest."""
    left, fraction = divmod(v.numerator << max(shift, 0), v.denominator << max(-shift, 0))
    doubles = []
    for _ in range(PARTS):
        part = float(left)
        left -= int(part)
        doubles.append(ldexp(part, -GRID_BITS))
    return doubles, abs(left) + (fraction != 0)


def stored(certificate: Certificate) -> npt.NDArray[Any]:
    """Return the stored x as exact Fractions in an object array of the shape of x★."""
    power = Fraction(2) ** certificate.exponent
    flat = certificate.x.reshape(len(certificate.x), -1).T.tolist()
    values = np.empty(len(flat), dtype=object)
    values[:] = [power * sum(Fraction(part) for part in parts) for parts in flat]
    return values.reshape(certificate.x.shape[1:])


def seal(
    method: str,
    problem: tuple[Array, Array],
    spectrum: Spectrum,
    x: Sequence[Fraction],
    residual_norm: Sequence[Ball],
    *,
    offset: int = 0,
    x_error: Fraction = Fraction(0),
    started: float,
) -> Certificate:
    """Write the certificate of (A, b) from x★ = 2**offset · x, row by row, with x known to within x_error.

    `started` is the value of time.perf_counter() when the oracle was called. Raises NotCertifiedError when
    the radius of x, σ₁ or σ_r is too large for the precision of the data.
    """
    A, b = problem
    m, n = A.shape
    parts, exponent, radius = split(x, offset)
    radius += x_error * Fraction(2) ** offset
    largest = max(abs(v) for v in x) * Fraction(2) ** offset
    _check_radius(radius, largest, A.dtype.name)
    return Certificate(
        method=method,
        digest=digest(A, b),
        m=m,
        n=n,
        rank=spectrum.rank,
        x=parts.reshape(PARTS, n, *b.shape[1:]),
        exponent=exponent,
        x_radius=radius,
        residual_norm=tuple(residual_norm),
        sigma_max=spectrum.sigma_max,
        sigma_min=spectrum.sigma_min,
        kappa=_kappa(spectrum),
        seconds=time.perf_counter() - started,
    )


def _check_radius(radius: Fraction, largest: Fraction, precision: str) -> None:
    """Hold radius ≤ RADIUS_SHARE · u‖x★‖, where ‖x★‖ is at least its largest entry less the radius."""
    allowed = RADIUS_SHARE * Fraction(UNIT_ROUNDOFF[precision]) * (largest - radius)
    if radius > allowed:
        known = "to no digit: it may be zero"
        if radius < largest:
            known = f"only to 2^{_exponent_above(radius / largest)} of its largest entry"
        raise NotCertifiedError(f"x is known {known}; {precision} needs {float(RADIUS_SHARE)} u")


def _kappa(spectrum: Spectrum) -> Ball | None:
    for name, sigma in (("σ₁", spectrum.sigma_max), ("σ_r", spectrum.sigma_min)):
        if sigma.radius > SIGMA_TOLERANCE * sigma.mid:
            raise NotCertifiedError(f"{name} is not known to a relative {float(SIGMA_TOLERANCE):.0e}")
    return quotient(spectrum.sigma_max, spectrum.sigma_min) if spectrum.rank else None
