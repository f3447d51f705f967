"""How a certificate is written, and how it keeps x★: 2**exponent times an unevaluated sum of four float64 arrays.

Four doubles hold about 212 bits, 64 digits, of every entry, which has an exponent of its own. An entry is rounded down
to a grid that lies `GRID_BITS` below it, then split into doubles by repeated correct rounding. What is left over is
known exactly, so the radius is a bound and not an estimate, and it is zero when the sum is exact.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ldexp
from typing import Any

import numpy as np
import numpy.typing as npt

from lamm_robust.oracles.enclosures import is_within, power_of_two, quotient, scale_ball, square_root, upper_end
from lamm_robust.values import UNIT_ROUNDOFF, Array, Ball, Certificate, Equilibrated, NotCertifiedError, digest

PARTS = 4
"""Doubles per entry: 212 bits put the storage error near 1e-64, far below every error to be judged."""

GRID_BITS = 256
"""The grid of a stored entry is 2^-256 of the entry: 44 bits below what four doubles hold, so that what is left
over is known well, and far from the overflow of int → float conversion at 2^1024."""

RADIUS_SHARE = Fraction(1, 1000)
"""‖x − x★‖ ≤ RADIUS_SHARE · u‖x★‖: a certificate is 1000 times sharper than the smallest relative error of a
working-precision answer that it judges."""

RADIUS = Fraction(1, 10**20)
"""‖x − x★‖ ≤ RADIUS · max |x_j|: the promise of oracles whose error bounds can be made smaller by more work. It is a
tenth of the RADIUS_SHARE · u that float64 needs."""

SIGMA_TOLERANCE = Fraction(1, 10**9)
"""The relative radius allowed to σ₁ and σ_r. They only scale error bounds, which are read to two digits, but κ is also
printed and compared between machines; nine digits cost no more than six."""


@dataclass(frozen=True)
class Spectrum:
    """The rank r of A, σ₁ and σ_r; both singular values are 0 if r is 0."""

    rank: int
    sigma_max: Ball
    sigma_min: Ball

    def scale(self, exponent: int) -> Spectrum:
        """Return the spectrum of 2**exponent times the matrix."""
        return Spectrum(self.rank, scale_ball(self.sigma_max, exponent), scale_ball(self.sigma_min, exponent))


Scaled = tuple[npt.NDArray[np.int64], Spectrum]
"""Exponents of the columns (rows, if A is wide) of A, and the spectrum of A·2^−exponents; see `equilibration`."""

ZERO_SPECTRUM = Spectrum(0, Ball(Fraction(0)), Ball(Fraction(0)))
"""The spectrum of a matrix of zeros, or of size 0."""


def split(values: Sequence[Fraction]) -> tuple[npt.NDArray[np.float64], list[int], list[Fraction]]:
    """Store each of N values as 2**exponent times four doubles: parts of shape (4, N), exponents, rounding errors.

    A rounding error bounds what is left over of a value, and is 0 where nothing was rounded.
    """
    entries = [_split_entry(v) for v in values]
    parts = np.array([doubles for doubles, _, _ in entries]).T
    return parts, [exponent for _, exponent, _ in entries], [error for _, _, error in entries]


def _split_entry(v: Fraction) -> tuple[list[float], int, Fraction]:
    """Split one value into four doubles on the grid of 2**-GRID_BITS, with a sum below 1, times 2**exponent."""
    exponent = _exponent_above(v) if v else 0
    shift = GRID_BITS - exponent
    left, fraction = divmod(v.numerator << max(shift, 0), v.denominator << max(-shift, 0))
    doubles = []
    for _ in range(PARTS):
        part = float(left)
        left -= int(part)
        doubles.append(ldexp(part, -GRID_BITS))
    return doubles, exponent, (abs(left) + (fraction != 0)) * Fraction(2) ** -shift


def _exponent_above(v: Fraction) -> int:
    """Return e with |v| < 2**e."""
    return v.numerator.bit_length() - v.denominator.bit_length() + 1


def norm_above(values: Sequence[Fraction]) -> Fraction:
    """Return an upper bound of the 2-norm of a vector; the bound is 0 only for a vector of zeros."""
    return upper_end(square_root(Ball(sum((v * v for v in values), Fraction(0)))))


def stored(certificate: Certificate) -> npt.NDArray[Any]:
    """Return the x that a certificate stores, as exact Fractions in an object array of the shape of x★."""
    flat = certificate.x.reshape(len(certificate.x), -1).T.tolist()
    exponents = certificate.exponent.ravel().tolist()
    values = np.empty(len(flat), dtype=object)
    values[:] = [Fraction(2) ** e * sum(map(Fraction, parts)) for e, parts in zip(exponents, flat, strict=True)]
    return values.reshape(certificate.x.shape[1:])


def seal(
    method: str,
    problem: tuple[Array, Array],
    spectrum: Spectrum,
    x: Sequence[Fraction],
    residual_norm: Sequence[Ball],
    *,
    offset: int = 0,
    x_errors: Sequence[Fraction] = (),
    scaled: Scaled | None = None,
    started: float,
) -> Certificate:
    """Write the certificate of (A, b) from rational answers: x★ = 2**offset · x, row by row.

    Each entry of x is known to within its x_error, and is exact if there are none. `started` is the value of
    time.perf_counter() when the oracle was called. Raises NotCertifiedError when the radius of x, σ₁ or σ_r is too
    large for the precision of the data.
    """
    A, b = problem
    parts, exponents, rounding = split(x)
    errors = [one + other for one, other in zip(rounding, x_errors or [Fraction(0)] * len(x), strict=True)]
    targets = b.size // len(b)
    radii = [norm_above(errors[j::targets]) for j in range(targets)]
    for j, radius in enumerate(radii):  # each right-hand side is a problem of its own
        _check_radius(radius, max(map(abs, x[j::targets])), A.dtype.name)
    return assemble(
        method,
        problem,
        spectrum,
        parts.reshape(PARTS, A.shape[1], targets),
        (np.array(exponents, dtype=np.int64) + offset).reshape(A.shape[1], targets),
        [radius * power_of_two(offset) for radius in radii],
        residual_norm,
        scaled=scaled,
        started=started,
    )


def assemble(
    method: str,
    problem: tuple[Array, Array],
    spectrum: Spectrum,
    x: npt.NDArray[np.float64],
    exponent: npt.NDArray[np.int64],
    radii: Sequence[Fraction],
    residual_norm: Sequence[Ball],
    *,
    scaled: Scaled | None = None,
    started: float,
) -> Certificate:
    """Write the certificate of (A, b) from x in parts (PARTS × n × targets), exponents, and a radius for each target.

    The caller has found the radii small enough. Raises NotCertifiedError when σ₁ or σ_r is not known well enough.
    """
    A, b = problem
    m, n = A.shape
    return Certificate(
        method=method,
        digest=digest(A, b),
        m=m,
        n=n,
        rank=spectrum.rank,
        x=x.reshape(PARTS, n, *b.shape[1:]),
        exponent=exponent.reshape(n, *b.shape[1:]),
        x_radius=radii[0] if len(radii) == 1 else norm_above(radii),
        residual_norm=tuple(residual_norm),
        sigma_max=spectrum.sigma_max,
        sigma_min=spectrum.sigma_min,
        kappa=_kappa(spectrum),
        equilibrated=_equilibrated(*scaled) if scaled else None,
        seconds=time.perf_counter() - started,
    )


def _check_radius(radius: Fraction, largest: Fraction, precision: str) -> None:
    """Raise NotCertifiedError unless radius ≤ RADIUS_SHARE · u‖x★‖; ‖x★‖ is at least its largest entry less radius."""
    allowed = RADIUS_SHARE * Fraction(UNIT_ROUNDOFF[precision]) * (largest - radius)
    if radius > allowed:
        known = "to no digit: it may be zero"
        if radius < largest:
            known = f"only to 2^{_exponent_above(radius / largest)} of its largest entry"
        raise NotCertifiedError(f"x is known {known}; {precision} needs {float(RADIUS_SHARE)} u")


def _equilibrated(exponents: npt.NDArray[np.int64], spectrum: Spectrum) -> Equilibrated:
    """Return what is proved of the scaled matrix. Raises NotCertifiedError as `_kappa` does."""
    kappa = _kappa(spectrum)
    assert kappa is not None, "columns are scaled where the rank is full"
    return Equilibrated(exponents, spectrum.sigma_max, spectrum.sigma_min, kappa)


def _kappa(spectrum: Spectrum) -> Ball | None:
    """Return κ = σ₁/σ_r, or None for the rank 0. Raises NotCertifiedError for a σ that is not known well enough."""
    for name, sigma in (("σ₁", spectrum.sigma_max), ("σ_r", spectrum.sigma_min)):
        if not is_within(sigma, SIGMA_TOLERANCE):
            raise NotCertifiedError(f"{name} is not known to a relative {float(SIGMA_TOLERANCE):.0e}")
    return quotient(spectrum.sigma_max, spectrum.sigma_min) if spectrum.rank else None
