"""The `exact` oracle: the stored bits are rationals, so the answer is one too.

A and b become integer matrices times a power of two. Rank, x★ = A⁺b and ‖b − Ax★‖² follow in exact rational
arithmetic (FLINT); σ₁ and σ_r are enclosed in ball arithmetic (Arb). Any shape, any rank, any number of
right-hand sides, any scale. The cost grows with n³ and with the length of the rationals, n times the bits of
an entry: milliseconds at 30×10, seconds at 1024×128.
"""

from __future__ import annotations

import time
from fractions import Fraction

from flint import fmpq_mat

from lamm_robust.oracles.certificate import Spectrum, seal
from lamm_robust.oracles.empty import certify_empty
from lamm_robust.oracles.enclosures import scaled, square_root
from lamm_robust.oracles.integers import integer_matrix
from lamm_robust.oracles.rational import fractions, minimum_norm, residual_squares, skeleton, solve
from lamm_robust.oracles.singular_values import spectrum
from lamm_robust.oracles.validation import check_problem
from lamm_robust.values import Array, Ball, Certificate


def certify(A: Array, b: Array) -> Certificate:
    """Prove the certificate of min ‖Ax − b‖₂; A is m×n, b has length m or is m×k.

    Raises ValueError for what `check_problem` refuses, and NotCertifiedError when a singular value resists
    enclosure.
    """
    started = time.perf_counter()
    check_problem(A, b)
    if A.size == 0:
        return certify_empty("exact", A, b)
    integer_A, exponent_A = integer_matrix(A)
    integer_b, exponent_b = integer_matrix(b)
    if integer_A.is_zero():
        found = Spectrum(0, Ball(Fraction(0)), Ball(Fraction(0)))
        X = fmpq_mat(integer_A.ncols(), integer_b.ncols())
    else:
        factors = skeleton(integer_A)
        found = spectrum(integer_A, factors).scaled(exponent_A)
        X = minimum_norm(factors, fmpq_mat(integer_b), solve)
    rss = residual_squares(integer_A, integer_b, X)
    residual_norm = [scaled(square_root(Ball(square)), exponent_b) for square in rss]
    offset = exponent_b - exponent_A
    return seal("exact", (A, b), found, fractions(X), residual_norm, offset=offset, started=started)
