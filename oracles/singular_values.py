"""Rigorous σ₁ and σ_r without a trusted eigensolver.

σ₁² is the largest eigenvalue of S = AᵀA, and 1/σ_r² that of K = A⁺(A⁺)ᵀ, whatever the rank. Both are symmetric
positive semidefinite, and the largest eigenvalue μ of such an S is bracketed by any square V whose E = VᵀV − I has norm
below 1. With B = VᵀSV,

    max_i B_ii / (VᵀV)_ii  ≤  μ  ≤  ‖B‖_∞ / (1 − ‖E‖_∞).

The left side is a Rayleigh quotient of column i. For the right side, V is invertible, so every z is Vy and
zᵀSz = yᵀBy ≤ ‖B‖₂‖y‖², while zᵀz = yᵀ(I + E)y ≥ (1 − ‖E‖₂)‖y‖²; the 2-norm of a symmetric matrix is at most its
∞-norm. V is the float64 eigenvector matrix of S. It is only a guess: B and E are formed in Arb ball arithmetic, so a
bad guess widens the bracket but cannot make it wrong. The gap is about n·u for any spectrum, repeated eigenvalues
included. The Rayleigh quotient is the more accurate side (its error is quadratic in that of V), hence it is the
midpoint: unless the largest eigenvalues agree to u, float(σ) does not depend on the BLAS that computed V.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, ctx, fmpz_mat

from lamm_robust.oracles.certificate import SIGMA_TOLERANCE, Spectrum
from lamm_robust.oracles.enclosures import power_of_two, quotient, square_root
from lamm_robust.oracles.rational import Skeleton, is_identity
from lamm_robust.values import Array, Ball, NotCertifiedError

FIRST_BITS = 256
"""Working precision of the first attempt: inverting a Gram matrix costs 2·log₂ κ bits, 107 at κ = 1/u, and with about
100 bits more the bracket is limited by V alone."""

LAST_BITS = 2**16
"""Working precision of the last attempt: 2·log₂ κ for the widest range of float64, κ = 2^2100, needs 4200 bits; the
rest is for ill-conditioned C and R of a deficient matrix."""


def spectrum(A: fmpz_mat, factors: Skeleton) -> Spectrum:
    """Enclose σ₁ and σ_r of an integer A ≠ 0 (m×n) with its skeleton. Raises NotCertifiedError as `enclose` does."""
    if A.nrows() < A.ncols():  # Aᵀ has the same singular values, and the smaller Gram matrix
        A, factors = A.transpose(), factors.transpose()
    gram = A.transpose() * A
    sigma_max = square_root(enclose(lambda: arb_mat(gram)))
    inverse_sigma_min = square_root(enclose(lambda: inverse_gram(factors)))
    return Spectrum(factors.rank, sigma_max, quotient(Ball(Fraction(1)), inverse_sigma_min))


def inverse_gram(A: Skeleton, gram: fmpz_mat | None = None) -> arb_mat:
    """Enclose K = A⁺(A⁺)ᵀ = Qᵀ M (CᵀC)⁻¹ Mᵀ Q with Q = (RRᵀ)⁻¹R, for the skeleton A = C M⁻¹ R.

    `gram` is CᵀWC in place of CᵀC, for rows with weights. Raises ZeroDivisionError when the working precision cannot
    tell a Gram matrix from a singular one.
    """
    inner = arb_mat(A.C.transpose() * A.C if gram is None else gram)
    if is_identity(A.R):
        return inner.inv()
    M = arb_mat(A.M)
    Q = arb_mat(A.R * A.R.transpose()).solve(arb_mat(A.R))
    return Q.transpose() * (M * inner.solve(M.transpose())) * Q


def enclose(matrix: Callable[[], arb_mat]) -> Ball:
    """Enclose the largest eigenvalue of a semidefinite matrix ≠ 0, which is evaluated at growing precision.

    Raises NotCertifiedError when the bracket at the largest precision is wider than SIGMA_TOLERANCE.
    """
    bits = FIRST_BITS
    while bits <= LAST_BITS:
        with ctx.workprec(bits):
            ball = attempt(matrix)
        if ball is not None and ball.radius <= SIGMA_TOLERANCE * ball.mid:
            return ball
        bits *= 2
    raise NotCertifiedError(f"a singular value has no enclosure to {float(SIGMA_TOLERANCE)} at {LAST_BITS} bits")


def attempt(matrix: Callable[[], arb_mat]) -> Ball | None:
    """Bracket the largest eigenvalue of a matrix at the precision in force, or return None if that is too low."""
    try:
        S = matrix()
    except ZeroDivisionError:
        return None
    guess = eigenvectors(S)
    return None if guess is None else bracket(S, arb_mat(guess.tolist()))


def bracket(S: arb_mat, V: arb_mat) -> Ball | None:
    """Bracket the largest eigenvalue of S by approximate eigenvectors V; None when ‖VᵀV − I‖_∞ < 1 is not certain."""
    Vt = V.transpose()
    B, N = Vt * S * V, Vt * V
    n = V.ncols()
    gap = 1 - infinity_norm(N - arb_mat(n, n, 1))
    if not gap > 0:
        return None
    lower = max(((B[i, i] / N[i, i]).lower() for i in range(n)), default=arb(0))
    upper = (infinity_norm(B) / gap).upper()
    if not (lower.is_finite() and upper.is_finite() and lower > 0):
        return None
    mid = fraction(lower)
    return Ball(mid, fraction(upper) - mid)


def infinity_norm(S: arb_mat) -> arb:
    """Return an upper bound of the ∞-norm, the largest absolute row sum."""
    bound = arb(0)
    for row in S.tolist():
        bound = bound.max(sum((entry.abs_upper() for entry in row), arb(0)).upper())
    return bound.upper()


def eigenvectors(S: arb_mat) -> Array | None:
    """Return approximate eigenvectors of the midpoint of S in float64 (n×n), or None when S is too uncertain."""
    n = S.ncols()
    diagonal = [S[i, i].mid() for i in range(n)]
    if not all(d.is_finite() for d in diagonal):
        return None
    parts = (d.man_exp() for d in diagonal)
    top = max((int(abs(man)).bit_length() + int(exp) for man, exp in parts if man != 0), default=0)
    scale = arb(2) ** -top
    table = np.array([float((scale * entry).mid()) for entry in S.entries()]).reshape(n, n)
    return np.linalg.eigh(table)[1] if np.isfinite(table).all() else None


def fraction(exact: arb) -> Fraction:
    """Return an Arb ball of radius 0 as a Fraction."""
    man, exp = exact.man_exp()
    return int(man) * power_of_two(int(exp))


def rational_ball(number: arb) -> Ball:
    """Return an Arb ball as the same ball with a rational midpoint and radius."""
    return Ball(fraction(number.mid()), fraction(number.rad()))
