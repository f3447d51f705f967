"""The `exact` oracle: the stored bits are rationals, so the answer is one, too.

A and b become integer matrices times a power of two. Rank, x★ = A⁺b and ‖b − Ax★‖² follow in exact rational arithmetic
(FLINT); σ₁ and σ_r are enclosed in ball arithmetic (Arb). Any shape, any rank, any number of right-hand sides, any
scale. The cost grows with n³ and with the length of the rationals, n times the bits of an entry: milliseconds at 30×10,
seconds at 1024×128. Where there are many rows and few columns, only their exact sums become integers; see `long`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from flint import fmpq_mat, fmpz_mat

from lamm_robust.oracles import long
from lamm_robust.oracles.bounds import Integers
from lamm_robust.oracles.certificate import ZERO_SPECTRUM, Spectrum, seal
from lamm_robust.oracles.empty import certify_empty
from lamm_robust.oracles.enclosures import scale_ball, square_root
from lamm_robust.oracles.equilibration import column_exponents, scaled_integers
from lamm_robust.oracles.integers import integer_matrix
from lamm_robust.oracles.rational import Skeleton, fractions, minimum_norm, residual_squares, skeleton, solve
from lamm_robust.oracles.singular_values import spectrum
from lamm_robust.oracles.validation import check_problem
from lamm_robust.values import Array, Ball, Certificate

Answers = Callable[[fmpz_mat, fmpz_mat, Skeleton | None], tuple[list[Ball], list[Ball]]]
"""Integer A and B, and the factors of A (None if A = 0) → A⁺B, row by row, and the norms of the columns of B − AA⁺B."""


def certify(A: Array, b: Array) -> Certificate:
    """Prove the certificate of min ‖Ax − b‖₂; A is m×n, b has length m or is m×k.

    Raises ValueError for what `check_problem` refuses, and NotCertifiedError when a singular value has no enclosure
    that is small enough.
    """
    check_problem(A, b)
    found = long.certify(A, b) if long.is_long(A, b) else None
    return found or certify_integers("exact", A, b, rational_answers)


def certify_integers(method: str, A: Array, b: Array, answers: Answers) -> Certificate:
    """Prove the certificate of (A, b) for the oracle named `method`; `answers` solves the problem in integers.

    Raises ValueError for what `check_problem` refuses, and NotCertifiedError.
    """
    started = time.perf_counter()
    check_problem(A, b)
    if A.size == 0:
        return certify_empty(method, A, b)
    (integer_A, exponent_A), (integer_b, exponent_b) = integer_matrix(A), integer_matrix(b)
    factors = None if integer_A.is_zero() else skeleton(integer_A)
    found = spectrum(integer_A, factors).scale(exponent_A) if factors else ZERO_SPECTRUM
    scaled = None
    if factors and (exponents := column_exponents(A, factors.rank)) is not None:
        scaled = exponents, scaled_spectrum(integer_A, factors, exponents).scale(exponent_A)
    x, norms = answers(integer_A, integer_b, factors)
    return seal(
        method,
        (A, b),
        found,
        [entry.mid for entry in x],
        [scale_ball(norm, exponent_b) for norm in norms],
        offset=exponent_b - exponent_A,
        x_errors=[entry.radius for entry in x],
        scaled=scaled,
        started=started,
    )


def scaled_spectrum(A: fmpz_mat, factors: Skeleton, exponents: Integers) -> Spectrum:
    """Enclose σ₁ and σ_r of an integer A with columns (rows, if wide) scaled by 2^−exponents."""
    N, exponent = scaled_integers(A, exponents)
    if factors.rank < min(A.nrows(), A.ncols()):  # for columns of zeros
        scaled = skeleton(N)
    else:  # A is one of the factors
        scaled = replace(factors, R=N) if N.nrows() < N.ncols() else replace(factors, C=N)
    return spectrum(N, scaled).scale(exponent)


def rational_answers(A: fmpz_mat, B: fmpz_mat, factors: Skeleton | None) -> tuple[list[Ball], list[Ball]]:
    """Return A⁺B, row by row, and the norms of the columns of B − AA⁺B, all but the square roots exact."""
    X = minimum_norm(factors, fmpq_mat(B), solve) if factors else fmpq_mat(A.ncols(), B.ncols())
    return [Ball(x) for x in fractions(X)], [square_root(Ball(square)) for square in residual_squares(A, B, X)]
