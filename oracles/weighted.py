"""The weighted problem min Σ wᵢ(aᵢᵀx − bᵢ)², proved for exact weights w ≥ 0.

It is min ‖D(Ax − b)‖ with D = diag(√wᵢ). D is irrational, so D·A is never formed: with W = D² and the skeleton
A = C M⁻¹ R of `rational` (of the rows with wᵢ > 0),

    x★ = (DA)⁺Db = R⁺ M (CᵀWC)⁻¹ CᵀWb,    ‖D(b − Ax★)‖² = bᵀWb − (AᵀWb)ᵀx★,

both rational, and σ₁² and 1/σ_r² of DA are the largest eigenvalues of AᵀWA and of the K of `singular_values` with
CᵀWC in place of CᵀC. So nothing is rounded that `exact` does not round. Where DA has full rank, its columns (its rows,
if it is wide) are also brought to one size: scaling columns scales A, and scaling rows scales the weights.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import lcm

import numpy as np
from flint import arb_mat, fmpq_mat, fmpz_mat

from lamm_robust.oracles.certificate import ZERO_SPECTRUM, Scaled, Spectrum, seal
from lamm_robust.oracles.enclosures import power_of_two, quotient, scale_ball, square_root
from lamm_robust.oracles.integers import integer_matrix
from lamm_robust.oracles.rational import Matrix, Skeleton, columns, dot, fractions, full_row_solve, skeleton, solve
from lamm_robust.oracles.singular_values import enclose, inverse_gram
from lamm_robust.oracles.validation import check_problem
from lamm_robust.values import Array, Ball, Certificate


def certify(A: Array, b: Array, weights: Sequence[Fraction]) -> Certificate:
    """Prove x★, and rank, σ₁, σ_r, κ and residual of D·A and D·b; A is m×n and not empty, b has length m or is m×k.

    `weights` are wᵢ = Dᵢᵢ² ≥ 0, one for each row. Raises ValueError for other weights and for what `check_problem`
    refuses, and NotCertifiedError when a singular value has no enclosure that is small enough.
    """
    started = time.perf_counter()
    check_problem(A, b)
    if not A.size:
        raise ValueError(f"A is {A.shape[0]}×{A.shape[1]}; weights need one row and one column at least")
    if len(weights) != len(A) or min(weights) < 0:
        raise ValueError(f"there are {len(weights)} weights; accepted are {len(A)}, none negative")
    unit, whole = whole_numbers(weights)
    (integer_A, exponent_A), (integer_b, exponent_b) = integer_matrix(A), integer_matrix(b)
    N, B = (scale_rows([min(w, 1) for w in whole], M) for M in (integer_A, integer_b))  # rows without weight are zeros
    factors = None if N.is_zero() else skeleton(N)
    X = weighted_solution(factors, whole, B) if factors else fmpq_mat(A.shape[1], B.ncols())
    scaled = None
    if factors and factors.rank == min(A.shape):
        scaled = equilibrated(N, whole, factors, unit, exponent_A)
    return seal(
        "weighted",
        (A, b),
        spectrum(N, whole, factors, unit).scale(exponent_A) if factors else ZERO_SPECTRUM,
        fractions(X),
        [scale_ball(square_root(Ball(unit * square)), exponent_b) for square in residual_squares(N, whole, B, X)],
        offset=exponent_b - exponent_A,
        scaled=scaled,
        started=started,
    )


def whole_numbers(weights: Sequence[Fraction]) -> tuple[Fraction, list[int]]:
    """Return (unit, whole numbers) with weights = unit · whole numbers."""
    shared = lcm(*(w.denominator for w in weights))
    return Fraction(1, shared), [int(w * shared) for w in weights]


def scale_rows(factors: Sequence[int], M: fmpz_mat) -> fmpz_mat:
    """Return diag(factors) · M."""
    return fmpz_mat([[f * entry for entry in row] for f, row in zip(factors, M.tolist(), strict=True)])


def weighted_solution(A: Skeleton, weights: Sequence[int], B: fmpz_mat) -> Matrix:
    """Return (DA)⁺DB for the skeleton of A, exactly."""
    WC = scale_rows(weights, A.C).transpose()
    return full_row_solve(A.R, A.M * solve(WC * A.C, fmpq_mat(WC * B)), solve)


def spectrum(A: fmpz_mat, weights: Sequence[int], factors: Skeleton, unit: Fraction) -> Spectrum:
    """Enclose σ₁ and σ_r of √unit · DA ≠ 0. Raises NotCertifiedError as `enclose` does."""
    gram = scale_rows(weights, A).transpose() * A
    inner = scale_rows(weights, factors.C).transpose() * factors.C
    largest, inverse = enclose(lambda: arb_mat(gram)), enclose(lambda: inverse_gram(factors, inner))
    sigma_max = square_root(Ball(unit * largest.mid, unit * largest.radius))
    sigma_min = quotient(Ball(Fraction(1)), square_root(Ball(inverse.mid / unit, inverse.radius / unit)))
    return Spectrum(factors.rank, sigma_max, sigma_min)


def equilibrated(
    A: fmpz_mat, weights: Sequence[int], factors: Skeleton, unit: Fraction, exponent: int
) -> Scaled | None:
    """Return exponents e and the spectrum of √unit·DA·2^exponent with column j (row j, if wide) divided by 2^e_j.

    Their norms are then in [1/2, 1). None where all e are equal already; A is of full rank, so one of its `factors`.
    """
    wide, WA = A.nrows() < A.ncols(), scale_rows(weights, A).tolist()
    products = [[v * w for v, w in zip(*rows, strict=True)] for rows in zip(A.tolist(), WA, strict=True)]
    squares = [int(sum(line)) for line in (products if wide else zip(*products, strict=True))]
    exponents = [half_exponent(unit * square * power_of_two(2 * exponent)) for square in squares]
    if len(set(exponents)) == 1:
        return None
    top = max(exponents)
    shifts = [1 << (top - e) for e in exponents]
    if wide:
        equal = spectrum(A, [w * s * s for w, s in zip(weights, shifts, strict=True)], factors, unit)
    else:
        N = scale_rows(shifts, A.transpose()).transpose()
        equal = spectrum(N, weights, replace(factors, C=N), unit)
    return np.array(exponents, dtype=np.int64), equal.scale(exponent - top)


def half_exponent(v: Fraction) -> int:
    """Return e with 4^(e − 1) ≤ v < 4^e, for v > 0."""
    e = (v.numerator.bit_length() - v.denominator.bit_length()) // 2
    while v >= power_of_two(2 * e):
        e += 1
    return e


def residual_squares(A: fmpz_mat, weights: Sequence[int], B: fmpz_mat, X: fmpq_mat) -> list[Fraction]:
    """Return (b − Ax)ᵀW(b − Ax) = bᵀWb − (AᵀWb)ᵀx for each column b of B and x of X = (DA)⁺DB."""
    numerator, denominator = X.numer_denom()
    WB = scale_rows(weights, B)
    explained = zip(columns(A.transpose() * WB), columns(numerator), strict=True)
    return [
        Fraction(int(denominator * dot(b, wb) - dot(c, y)), int(denominator))
        for b, wb, (c, y) in zip(columns(B), columns(WB), explained, strict=True)
    ]
