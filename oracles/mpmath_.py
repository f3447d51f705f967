"""The `mpmath` oracle: a computation in high precision, done twice.

Singular values come from `mpmath.svd_r`, the solution from `mpmath.qr_solve` (Householder) for full column rank and
from the SVD otherwise, at two working precisions. A quantity whose two values agree is reported from the finer one,
with a radius from the digits that agree; if too few agree, the precision grows. The oracle shares no algorithm with
`exact`, so each is a check of the other, but its radii are estimates.

*Rank.* At d digits the computed singular values of the stored matrix carry errors near 10^-d σ₁. One that is truly zero
falls with the precision, and one that is not stays where it is. σ_i is *kept* when its two values agree to three
digits, and *zero* when the finer one lies below 10^-(d₁+d₂)/2 σ₁, half-way between the two noise floors. If any σ_i is
neither, the precision grows. A true singular value below both floors would look like zero. So a zero is believed only
at a precision that would show the smallest singular value that A can have (see `proof_digits`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from mpmath import MPContext
from mpmath.libmp import to_rational

from lamm_robust.oracles.bounds import Integers
from lamm_robust.oracles.certificate import ZERO_SPECTRUM, Spectrum, seal
from lamm_robust.oracles.empty import certify_empty
from lamm_robust.oracles.enclosures import scale_ball
from lamm_robust.oracles.equilibration import column_exponents
from lamm_robust.oracles.validation import check_problem
from lamm_robust.values import Array, Ball, Certificate, NotCertifiedError

SPARE_DIGITS = 40
"""Digits beyond those of the data: 16 to reach 1e-3·u, 16 more for κ near 1/u, and a few to spare."""

GROWTH = (2, 3, 5, 8, 12)
"""Working precisions as multiples of half the first one: each about 1.5 times the one before, five in all. A problem
that does not settle at six times the digits of its data is for the exact oracle."""

SAFETY = 10
"""The factor from a difference of two values to a radius. The difference is the error of the coarser value, give or
take a digit by chance; the finer value, which is reported, is better by as many digits as the precisions differ."""

GUARD_DIGITS = 10
"""Extra digits for noise: at d digits it is a moderate multiple of 10^-d σ₁, far below 10^10 times that."""

AGREE = Fraction(1, 1000)
"""Two values of a kept singular value differ by at most this share; those of a zero one differ in all digits."""


class RankUnprovedError(NotCertifiedError):
    """A singular value looks like zero at a precision that would not show it if it were not."""


def certify(A: Array, b: Array) -> Certificate:
    """Compute the certificate of min ‖Ax − b‖₂ at two agreeing precisions; A is m×n, b length m or m×k.

    Raises ValueError for what `check_problem` refuses, and NotCertifiedError, which says what did not agree,
    when the largest precision is reached.
    """
    started = time.perf_counter()
    check_problem(A, b)
    if A.size == 0:
        return certify_empty("mpmath", A, b)
    reason = ""
    attempts = list(pairwise(precisions(A, b)))
    while attempts:
        digits = attempts.pop(0)
        try:
            return _compare(A, b, digits, started)
        except RankUnprovedError:  # only a precision that proves it helps; it is enough, so this happens once
            attempts = [(proof_digits(A), proof_digits(A) + SPARE_DIGITS)]
        except (NotCertifiedError, RuntimeError) as error:  # svd_r's "no convergence" is a RuntimeError
            reason = f"mpmath at {digits[0]} and {digits[1]} digits: {error}"
    raise NotCertifiedError(reason)


def _compare(A: Array, b: Array, digits: tuple[int, int], started: float) -> Certificate:
    """Write the certificate of the digits that agree at two precisions. Raises NotCertifiedError if too few do."""
    coarse, fine = (Working(A, b, d) for d in digits)
    sigma, finer_sigma = coarse.singular_values(), fine.singular_values()
    rank = agreed_rank(sigma, finer_sigma, digits)
    if rank < len(sigma) and A.any() and digits[0] < proof_digits(A):
        raise RankUnprovedError
    kept = [agreement(c, f, digits[0]) for c, f in zip(sigma, finer_sigma, strict=True)][:rank]
    spectrum = Spectrum(rank, kept[0], kept[-1]) if rank else ZERO_SPECTRUM
    exponents = column_exponents(A, rank)
    scaled = None
    if exponents is not None:
        pairs = zip(coarse.singular_values(exponents), fine.singular_values(exponents), strict=True)
        equal = [agreement(c, f, digits[0]) for c, f in pairs]
        scaled = exponents, Spectrum(rank, equal[0], equal[rank - 1]).scale(fine.exponent_A)
    (x, norms), (finer_x, finer_norms) = coarse.solve(rank), fine.solve(rank)
    residual_norm = [agreement(c, f, digits[0]) for c, f in zip(norms, finer_norms, strict=True)]
    entries = [agreement(c, f, digits[0]) for c, f in zip(x, finer_x, strict=True)]
    return seal(
        "mpmath",
        (A, b),
        spectrum.scale(fine.exponent_A),
        finer_x,
        [scale_ball(ball, fine.exponent_b) for ball in residual_norm],
        offset=fine.exponent_b - fine.exponent_A,
        x_errors=[ball.radius for ball in entries],
        scaled=scaled,
        started=started,
    )


def agreement(coarse: Fraction, fine: Fraction, digits: int) -> Ball:
    """Return the finer value with a radius from the digits that agree, and never more than `digits`."""
    return Ball(fine, SAFETY * abs(fine - coarse) + abs(fine) / 10**digits)


def agreed_rank(coarse: Sequence[Fraction], fine: Sequence[Fraction], digits: tuple[int, int]) -> int:
    """Count the singular values that are kept, by the rule of the module's text, from their values at two precisions.

    Raises NotCertifiedError if a singular value neither stays nor falls.
    """
    floor = fine[0] / 10 ** (sum(digits) // 2)
    rank = 0
    for i, (c, f) in enumerate(zip(coarse, fine, strict=True), start=1):
        if f and abs(f - c) <= AGREE * f:
            rank += 1
        elif f > floor:
            raise NotCertifiedError(f"σ_{i} neither stays nor falls with the precision, so the rank is open")
    return rank


class Working:
    """One problem at one precision: A and b in an mpmath context of their own, scaled so that entries are near 1."""

    def __init__(self, A: Array, b: Array, digits: int) -> None:
        self.mp = MPContext()
        self.mp.dps = digits
        self.exponent_A, self.exponent_b = _exponent(A), _exponent(b)
        self.A = self._lift(A, self.exponent_A)
        self.b = self._lift(b.reshape(len(b), -1), self.exponent_b)

    def _lift(self, array: Array, exponent: int) -> Any:
        return self.mp.matrix(array.tolist()) * self.mp.ldexp(1, -exponent)

    def singular_values(self, exponents: Integers | None = None) -> list[Fraction]:
        """Return all min(m, n) singular values of the scaled A, largest first.

        With exponents, those of A·2^−exponents, column by column (row by row, if A is wide).
        """
        tall = self.A if self.A.rows >= self.A.cols else self.A.T
        if exponents is not None:
            tall = tall * self.mp.diag([self.mp.ldexp(1, -e) for e in exponents.tolist()])
        return [rational(s) for s in self.mp.svd_r(tall, compute_uv=False)]

    def solve(self, rank: int) -> tuple[list[Fraction], list[Fraction]]:
        """Return the scaled A⁺b row by row, and the norm of each column of the scaled b − Ax."""
        one_target = self.b.cols == 1
        x = self._by_qr() if one_target and rank == self.A.cols else self._by_svd(rank)
        r = self.b - self.A * x
        return [rational(v) for v in x], [rational(self.mp.norm(r[:, j])) for j in range(r.cols)]

    def _by_qr(self) -> Any:
        """Return A⁺b by Householder QR.

        `qr_solve` divides by zero when a pivot is exactly zero, and calls a column whose square is below the
        unit roundoff singular; the SVD has neither limit.
        """
        try:
            return self.mp.qr_solve(self.A, self.b)[0]
        except (ZeroDivisionError, ValueError):
            return self._by_svd(self.A.cols)

    def _by_svd(self, rank: int) -> Any:
        """Return V diag(1/σ₁ … 1/σ_r, 0 …) Uᵀb, which is A⁺b for A = U diag(σ) Vᵀ."""
        if self.A.rows >= self.A.cols:
            U, sigma, Vt = self.mp.svd_r(self.A, full_matrices=False)
        else:
            V, sigma, Ut = self.mp.svd_r(self.A.T, full_matrices=False)
            U, Vt = Ut.T, V.T
        inverse = self.mp.diag([1 / s if i < rank else 0 for i, s in enumerate(sigma)])
        return Vt.T * (inverse * (U.T * self.b))


def rational(v: Any) -> Fraction:
    """Return an mpmath number, which is an integer times a power of two, as a Fraction."""
    numerator, denominator = to_rational(v._mpf_)
    return Fraction(int(numerator), int(denominator))


def _exponent(array: Array) -> int:
    return int(np.frexp(np.abs(array).max())[1])


def precisions(A: Array, b: Array) -> Iterator[int]:
    """Yield working precisions in digits; the first is twice the span of the data, for squares, plus SPARE_DIGITS."""
    first = SPARE_DIGITS + 2 * max(span(A), span(b))
    return (factor * first // 2 for factor in GROWTH)


def proof_digits(A: Array) -> int:
    """Return a precision, in digits, at which every non-zero singular value of A ≠ 0 is above the noise.

    With A = 2^e·M for an integer matrix M of rank r, the product of its squared non-zero singular values is a sum of
    squared r×r minors (Cauchy-Binet), an integer of at least 1, so σ_r(M) ≥ σ₁(M)^(1−r) and σ_r/σ₁ ≥ ‖M‖_F^(−r).
    """
    bits: float = _exponent(A) - min(lowest_bit(v) for v in A[A != 0].tolist()) + math.log2(A.size) / 2
    digits: int = math.ceil(min(A.shape) * bits * math.log10(2))
    return digits + GUARD_DIGITS


def lowest_bit(v: Any) -> int:
    """Return the exponent of the last bit that is set in a float v ≠ 0."""
    numerator, denominator = v.as_integer_ratio()
    return int((numerator & -numerator).bit_length() - denominator.bit_length())


def span(array: Array) -> int:
    """Count the decimal digits from the leading bit of the largest entry of an array to the last of the smallest."""
    entries = np.abs(array[array != 0])
    if not entries.size:
        return 1
    ratio = Fraction(float(entries.max())) / Fraction(float(entries.min()))
    significand_bits = np.finfo(array.dtype).nmant + 1
    return (int(ratio).bit_length() + significand_bits) * 3 // 10 + 1  # log₁₀ 2 is about 0.3
