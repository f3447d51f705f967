"""The `ball` oracle: the formulas of `exact` in ball arithmetic (Arb), at growing precision.

Rational answers have numerators of n times the bits of an entry; a ball has the bits that the answer needs. So the
rank and the skeleton A = C M⁻¹ R are exact as in `rational`, and so are Gram matrices, but systems with them are solved
in balls, whose radii are rigorous (Johansson, IEEE Trans. Comput. 66 (2017) 1281). A Gram matrix squares κ, which costs
nothing but bits.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb, arb_mat, ctx, fmpz_mat

from lamm_robust.oracles.enclosures import root_between
from lamm_robust.oracles.exact import certify_integers
from lamm_robust.oracles.rational import Skeleton, minimum_norm
from lamm_robust.oracles.singular_values import FIRST_BITS, LAST_BITS, rational_ball
from lamm_robust.values import Array, Ball, Certificate, NotCertifiedError

SHARP = Fraction(1, 10**30)
"""The radius to reach, ‖x − x★‖ ≤ SHARP · ‖x★‖, roughly: far below the promise `RADIUS`, for a few bits more."""


def certify(A: Array, b: Array) -> Certificate:
    """Prove the certificate of min ‖Ax − b‖₂; A is m×n, b has length m or is m×k.

    Raises ValueError for what `check_problem` refuses, and NotCertifiedError when the largest precision proves too
    little.
    """
    return certify_integers("ball", A, b, enclose_answers)


def enclose_answers(A: fmpz_mat, B: fmpz_mat, factors: Skeleton | None) -> tuple[list[Ball], list[Ball]]:
    """Enclose A⁺B, row by row, and the norms of the columns of B − AA⁺B; `factors` is None if A = 0.

    Raises NotCertifiedError when the largest precision leaves x too uncertain.
    """
    normal = A.transpose() * B
    bits = FIRST_BITS
    while bits <= LAST_BITS:
        with ctx.workprec(bits):
            try:
                X = minimum_norm(factors, arb_mat(B), solve) if factors else arb_mat(A.ncols(), B.ncols())
            except ZeroDivisionError:  # the precision cannot tell a Gram matrix from a singular one
                X = None
            if X is not None and all(is_sharp(X, normal, j) for j in range(B.ncols())):
                norms = [residual_norm(X, B, normal, j) for j in range(B.ncols())]
                return [rational_ball(entry) for entry in X.entries()], norms
        bits *= 2
    raise NotCertifiedError(f"ball: x has no enclosure to {float(SHARP)} at {LAST_BITS} bits")


def solve(G: fmpz_mat, Y: arb_mat) -> arb_mat:
    """Enclose G⁻¹Y. Raises ZeroDivisionError when the precision is too low."""
    return arb_mat(G).solve(Y)


def is_sharp(X: arb_mat, normal: fmpz_mat, j: int) -> bool:
    """Tell whether column j of X = A⁺B is known to SHARP of its largest entry; ``normal`` is AᵀB."""
    if all(normal[i, j] == 0 for i in range(normal.nrows())):
        for i in range(X.nrows()):
            X[i, j] = 0  # where Aᵀb is zero, so is A⁺b, which no ball of positive radius can prove
        return True
    column = [X[i, j] for i in range(X.nrows())]
    allowed = arb(SHARP.numerator) / SHARP.denominator * max(abs(x).lower() for x in column)
    return bool(max(x.rad() for x in column) <= allowed)


def residual_norm(X: arb_mat, B: fmpz_mat, normal: fmpz_mat, j: int) -> Ball:
    """Enclose ‖b − Ax‖ for column j of X = A⁺B: its square is bᵀb − (Aᵀb)ᵀx, and not negative."""
    squares = sum((arb(B[i, j]) ** 2 for i in range(B.nrows())), arb(0))
    explained = sum((arb(normal[i, j]) * X[i, j] for i in range(X.nrows())), arb(0))
    found = rational_ball(squares - explained)
    return root_between(found.mid - found.radius, found.mid + found.radius)
