"""The exact answer of a long problem, many rows and few columns, from sums over its rows.

All that the truth needs of A (m×n) and b (m×k) is in the Gram matrix of [A b], which has n + k rows however large m is:
with H = AᵀA, c = Aᵀb,

    rank A = rank H,    A⁺b = H⁺c,    ‖b − AA⁺b‖² = bᵀb − cᵀA⁺b,    σᵢ(A)² = λᵢ(H).

H squares κ, which costs nothing here: no sum is rounded, see `lamm_robust.row_sums`.
"""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
from flint import fmpq_mat, fmpz_mat

from lamm_robust.oracles.certificate import ZERO_SPECTRUM, Scaled, Spectrum, seal
from lamm_robust.oracles.enclosures import power_of_two, scale_ball, square_root
from lamm_robust.oracles.rational import columns, dot, fractions, minimum_norm, skeleton, solve
from lamm_robust.oracles.singular_values import spectrum
from lamm_robust.oracles.weighted import half_exponent
from lamm_robust.row_sums import Sums, row_sums
from lamm_robust.values import Array, Ball, Certificate

LONG = 20_000
"""The least number of rows at which sums over rows are worth their start, some milliseconds."""

FEW = 16
"""The most columns of A and b together: with more, `verified` is as fast, since here the work grows with the square of
the columns times that of the digits."""


def is_long(A: Array, b: Array) -> bool:
    """Return whether A (m×n) and b (m or m×k) have many rows and few columns, so that `certify` is the fastest."""
    return len(A) >= LONG and A.shape[1] > 0 and A.shape[1] + b.size // len(b) <= FEW


def certify(A: Array, b: Array) -> Certificate | None:
    """Prove the certificate of min ‖Ax − b‖₂ for long A and b that `check_problem` accepts, by exact sums over rows.

    None if the entries of a column differ too much in size. Raises NotCertifiedError when a singular value has no
    enclosure that is small enough.
    """
    started = time.perf_counter()
    n, targets = A.shape[1], b.size // len(b)
    sums = row_sums(A, b.reshape(len(b), targets))
    if sums is None:
        return None
    of_A = slice(0, n)
    (H, exponent_H), (c, exponent_c) = matrix(sums, of_A, of_A), matrix(sums, of_A, slice(n, None))
    if H.is_zero():
        X, rank = fmpq_mat(n, targets), 0
    else:
        factors = skeleton(H)
        X, rank = minimum_norm(factors, fmpq_mat(c), solve), factors.rank
    offset = exponent_c - exponent_H
    numerators, denominator = X.numer_denom()
    explained = [dot(y, x) for y, x in zip(columns(c), columns(numerators), strict=True)]
    squares = [
        sums.norm_square(n + j) - Fraction(int(part), int(denominator)) * power_of_two(offset + exponent_c)
        for j, part in enumerate(explained)
    ]
    return seal(
        "exact",
        (A, b),
        root_spectrum(H, exponent_H) if rank else ZERO_SPECTRUM,
        fractions(X),
        [square_root(Ball(square)) for square in squares],
        offset=offset,
        scaled=equilibrated(sums, n, rank),
        started=started,
    )


def matrix(sums: Sums, first: slice, second: slice) -> tuple[fmpz_mat, int]:
    """Return `Sums.block` with a matrix of FLINT."""
    found, exponent = sums.block(first, second)
    return fmpz_mat(found), exponent


def root_spectrum(H: fmpz_mat, exponent: int) -> Spectrum:
    """Enclose the roots of the largest and the smallest non-zero eigenvalue of a semidefinite H·2^exponent ≠ 0."""
    found = spectrum(H, skeleton(H))
    sigma = [square_root(scale_ball(ball, exponent)) for ball in (found.sigma_max, found.sigma_min)]
    return Spectrum(found.rank, *sigma)


def equilibrated(sums: Sums, n: int, rank: int) -> Scaled | None:
    """Return the exponents of the n columns of A, and the spectrum with their norms in [1/2, 1).

    As `equilibration.column_exponents` has it, here from exact norms: None where there is nothing to scale.
    """
    squares = [sums.norm_square(i) for i in range(n)]
    there = [half_exponent(square) for square in squares if square]
    if len(set(there)) < 2 or rank < len(there):
        return None
    exponents = [half_exponent(square) if square else max(there) for square in squares]
    short = Sums(sums.whole, [e - f for e, f in zip(sums.exponents, exponents, strict=False)], sums.unit)
    return np.array(exponents, dtype=np.int64), root_spectrum(*matrix(short, slice(0, n), slice(0, n)))
