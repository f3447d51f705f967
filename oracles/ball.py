"""The `ball` oracle: the formulas of `exact` in ball arithmetic (Arb), at growing precision.

Rational answers have numerators of n times the bits of an entry; a ball has the bits that the answer needs. So the
rank and its skeleton A = C M⁻¹ R are exact as in `rational`, and so are Gram matrices, but systems with them are
solved in balls, whose radii are rigorous (Johansson, IEEE Trans. Comput. 66 (2017) 1281). A Gram matrix squares κ,
which costs nothing but bits.
"""

from __future__ import annotations

import time
from fractions import Fraction

from flint import arb, arb_mat, ctx, fmpz_mat

from lamm_robust.oracles.certificate import Spectrum, seal
from lamm_robust.oracles.empty import certify_empty
from lamm_robust.oracles.enclosures import root_between, scaled
from lamm_robust.oracles.integers import integer_matrix
from lamm_robust.oracles.rational import Skeleton, minimum_norm, skeleton
from lamm_robust.oracles.singular_values import FIRST_BITS, LAST_BITS, fraction, spectrum
from lamm_robust.oracles.validation import check_problem
from lamm_robust.values import Array, Ball, Certificate, NotCertifiedError

ZERO = Ball(Fraction(0))

SHARP = Fraction(1, 10**30)
"""‖x − x★‖ ≤ this · ‖x★‖, roughly: far below what other oracles promise (`RADIUS`), for a few bits."""


def certify(A: Array, b: Array) -> Certificate:
    """Prove the certificate of min ‖Ax − b‖₂; A is m×n, b has length m or is m×k.

    Raises ValueError for what `check_problem` refuses, and NotCertifiedError when the largest precision proves too
    little.
    """
    started = time.perf_counter()
    check_problem(A, b)
    if A.size == 0:
        return certify_empty("ball", A, b)
    integer_A, exponent_A = integer_matrix(A)
    integer_b, exponent_b = integer_matrix(b)
    factors = None if integer_A.is_zero() else skeleton(integer_A)
    found = Spectrum(0, ZERO, ZERO) if factors is None else spectrum(integer_A, factors).scaled(exponent_A)
    X, norms = enclosed(integer_A, integer_b, factors)
    return seal(
        "ball",
        (A, b),
        found,
        [ball.mid for ball in X],
        [scaled(ball, exponent_b) for ball in norms],
        offset=exponent_b - exponent_A,
        x_errors=[ball.radius for ball in X],
        started=started,
    )


def enclosed(A: fmpz_mat, B: fmpz_mat, factors: Skeleton | None) -> tuple[list[Ball], list[Ball]]:
    """Enclose A⁺B, row by row, and the norms of the columns of B − AA⁺B; A = 0 has no factors.

    Raises NotCertifiedError.
    """
    normal = A.transpose() * B
    bits = FIRST_BITS
    while bits <= LAST_BITS:
        with ctx.workprec(bits):
            try:
                X = arb_mat(A.ncols(), B.ncols()) if factors is None else minimum_norm(factors, arb_mat(B), solve)
            except ZeroDivisionError:  # the precision cannot tell a Gram matrix from a singular one
                X = None
            if X is not None and all(is_sharp(X, normal, j) for j in range(B.ncols())):
                norms = [residual_norm(X, B, normal, j) for j in range(B.ncols())]
                return [ball(X[i, j]) for i in range(X.nrows()) for j in range(X.ncols())], norms
        bits *= 2
    raise NotCertifiedError(f"ball: x has no enclosure to {float(SHARP)} at {LAST_BITS} bits")


def solve(G: fmpz_mat, Y: arb_mat) -> arb_mat:
    """Enclose G⁻¹Y. Raises ZeroDivisionError at too low a precision."""
    return arb_mat(G).solve(Y)


def is_sharp(X: arb_mat, normal: fmpz_mat, j: int) -> bool:
    """Whether column j of X is known to SHARP of its largest entry.

    Where Aᵀb is zero, so is A⁺b, and X is set to that.
    """
    column = [X[i, j] for i in range(X.nrows())]
    if all(normal[i, j] == 0 for i in range(normal.nrows())):
        for i in range(X.nrows()):
            X[i, j] = 0
        return True
    return bool(
        max(x.rad() for x in column) <= arb(SHARP.numerator) / SHARP.denominator * max(abs(x).lower() for x in column)
    )


def residual_norm(X: arb_mat, B: fmpz_mat, normal: fmpz_mat, j: int) -> Ball:
    """Enclose ‖b − Ax‖ for column j of X = A⁺B: its square is bᵀb − (Aᵀb)ᵀx, and not negative."""
    squares = sum((arb(B[i, j]) ** 2 for i in range(B.nrows())), arb(0))
    explained = sum((arb(normal[i, j]) * X[i, j] for i in range(X.nrows())), arb(0))
    found = ball(squares - explained)
    return root_between(found.mid - found.radius, found.mid + found.radius)


def ball(number: arb) -> Ball:
    """The same ball, with rational ends."""
    return Ball(fraction(number.mid()), fraction(number.rad()))
