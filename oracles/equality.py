"""Least squares under equality constraints, min ‖Ax − b‖ subject to Cx = d, in exact rational arithmetic.

With P = I − C⁺C, the projection onto the null space of C, every x with Cx = d is C⁺d + Py, so that

    x★ = C⁺d + (AP)⁺(b − AC⁺d)

(Eldén, SIAM J. Numer. Anal. 17 (1980) 338, for full row rank of C). Rows of (AP)⁺ are in the null space of C, where C⁺d
has no part, so x★ is the shortest solution if there are several. There is one only if rank C + rank AP = n, which is
the rank of A and C together. C⁺ and (AP)⁺ come from `rational`: nothing is rounded.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq, fmpq_mat, fmpz_mat

from lamm_robust.oracles.certificate import ZERO_SPECTRUM, Spectrum, seal
from lamm_robust.oracles.enclosures import power_of_two, quotient, scale_ball, square_root
from lamm_robust.oracles.integers import integer_matrix
from lamm_robust.oracles.rational import Skeleton, fractions, identity, minimum_norm, skeleton, solve
from lamm_robust.oracles.singular_values import spectrum
from lamm_robust.oracles.validation import check_problem
from lamm_robust.values import Array, Ball, Certificate


@dataclass(frozen=True)
class Constrained:
    """What is proved about min ‖Ax − b‖ subject to Cx = d."""

    certificate: Certificate
    """That of A and b with x★ of the constrained problem; rank, σ₁, σ_r and κ are those of A on the null space of C, so
    of AP."""
    rank: int
    """The rank of A and C together: x★ is the only solution if it is n."""
    kappa_constraints: Ball | None
    """κ of C; None where C = 0."""


def certify(A: Array, b: Array, C: Array, d: Array) -> Constrained:
    """Prove the constrained problem; A is m×n, b has length m or is m×k, C is p×n, d has length p or is p×k.

    No dimension is 0. Raises ValueError for what `check_problem` refuses, for shapes and precisions that do not fit,
    and where no x fulfils Cx = d, and NotCertifiedError when a singular value has no enclosure that is small enough.
    """
    started = time.perf_counter()
    _check(A, b, C, d)
    (N, exponent), (K, exponent_C) = integer_matrix(A), integer_matrix(C)
    B, D = _relative(b, exponent), _relative(d, exponent_C)  # N x ≈ B, K x = D
    of_C, x0, projection = None if K.is_zero() else skeleton(K), fmpq_mat(A.shape[1], D.ncols()), identity(A.shape[1])
    if of_C:
        x0 = minimum_norm(of_C, D, solve)
        projection = fmpq_mat(projection) - minimum_norm(of_C, fmpq_mat(K), solve)
    if K * x0 != D:
        raise ValueError("no x fulfils Cx = d exactly; with constraints that are only almost met, weigh them")
    projected, denominator = fmpq_mat(N * projection).numer_denom()
    of_A, X = None if projected.is_zero() else skeleton(projected), x0
    if of_A:
        X = x0 + minimum_norm(of_A, B - N * x0, solve) * fmpq(denominator)
    left = B - N * X
    certificate = seal(
        "equality",
        (A, b),
        _spectrum(projected, of_A, Fraction(1, int(denominator))).scale(exponent),
        fractions(X),
        [scale_ball(square_root(Ball(square)), exponent) for square in _squares(left)],
        started=started,
    )
    found = _spectrum(K, of_C, Fraction(1))
    kappa = quotient(found.sigma_max, found.sigma_min) if found.rank else None
    return Constrained(certificate, certificate.rank + found.rank, kappa)


def _check(A: Array, b: Array, C: Array, d: Array) -> None:
    """Raise ValueError for arrays that hold no constrained problem."""
    check_problem(A, b)
    try:
        check_problem(C, d)
    except ValueError as error:
        raise ValueError(f"of the constraints Cx = d, as A and b: {error}") from None
    if C.dtype != A.dtype or C.shape[1] != A.shape[1] or d.shape[1:] != b.shape[1:]:
        one, other = (f"{v.shape} {v.dtype}, {w.shape}" for v, w in ((A, b), (C, d)))
        raise ValueError(f"C and d are {other}, but A and b {one}; accepted are as many columns, in one precision")
    if not (A.size and C.size):
        raise ValueError(f"A is {A.shape[0]}×{A.shape[1]} and C {C.shape[0]}×{C.shape[1]}; neither may be empty")


def _relative(array: Array, exponent: int) -> fmpq_mat:
    """The array over 2**exponent, exactly; one column if it is 1-D."""
    whole, own = integer_matrix(array)
    power = power_of_two(own - exponent)
    return fmpq_mat(whole) * fmpq(power.numerator, power.denominator)


def _spectrum(M: fmpz_mat, factors: Skeleton | None, unit: Fraction) -> Spectrum:
    """Enclose σ₁ and σ_r of unit · M; `factors` are of M, or None if it is 0."""
    if factors is None:
        return ZERO_SPECTRUM
    found = spectrum(M, factors)
    ends = [Ball(unit * sigma.mid, unit * sigma.radius) for sigma in (found.sigma_max, found.sigma_min)]
    return Spectrum(found.rank, *ends)


def _squares(M: fmpq_mat) -> Sequence[Fraction]:
    """The sum of the squares of each column."""
    table, width = fractions(M), M.ncols()
    return [sum((v * v for v in table[j::width]), Fraction(0)) for j in range(width)]
