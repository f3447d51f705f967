"""Iterative refinement of a QR solution on the augmented system r + Ax = b, Aᵀr = 0."""

from __future__ import annotations

import numpy as np

from lamm_robust.solvers.arrays import Unranked
from lamm_robust.values import Array


def corrections(Q: Array, R: Array, f: Array, g: Array) -> tuple[Array, Array]:
    """(s, z) with s + Az = f and Aᵀs = g, for A = QR: Björck, Iterative refinement of linear least squares solutions I.

    BIT 7 (1967) 257; also Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 20.5.
    """
    from scipy.linalg import solve_triangular

    along, h = Q.T @ f, solve_triangular(R, g, trans="T", check_finite=False)  # NaN, if x has overflowed
    return f + Q @ (h - along), solve_triangular(R, along - h, check_finite=False)


def qr_refined(A: Array, b: Array) -> Unranked:
    """Householder QR and one step of refinement in the same precision (Björck and Higham: see `corrections`)."""
    from scipy.linalg import qr, solve_triangular

    Q, R = qr(A, mode="economic")
    x = solve_triangular(R, Q.T @ b)
    r = b - A @ x
    _, z = corrections(Q, R, b - r - A @ x, -(A.T @ r))
    return x + z, None


STEPS = 30
"""The most steps of refinement, as in LAPACK's DSGESV (ITERMAX)."""

ENOUGH = 2.0**-37.5
"""The largest relative residual of both equations after all steps: the geometric mean of the two eps.

Where κ²‖r‖ is large, no solver can do better; a refinement that diverges is never as good.
"""

EPS_OF_FACTOR = 2.0**-23

NOT_CONVERGED = "the refinement did not converge: κ is too large for the float32 factor"


def float32_qr_refined(A: Array, b: Array) -> Unranked:
    """QR in float32, refined on the augmented system in float64; LinAlgError where the refinement does not converge.

    Björck, BIT 7 (1967) 257; Demmel, Hida, Riedy and Li, ACM Trans. Math. Softw. 35 (2009) 28; Carson, Higham and
    Pranesh, SIAM J. Sci. Comput. 42 (2020) A4063, in the case of two precisions. The refinement converges while κ is
    below about 1/eps of float32. For float32 problems residuals thus have twice the working precision, and x is
    rounded once, at the end; for float64 problems the factor has the low precision. It ends when both equations hold
    to √(mn)·eps of their terms, or after `STEPS` if they hold to `ENOUGH`.
    """
    from scipy.linalg import LinAlgError, qr

    size, shift = _exponent(A), _exponent(b)  # float32 has the digits for A, but not the range, nor norms for large b
    scaled, target = np.ldexp(A.astype(np.float64), -size), np.ldexp(b.astype(np.float64), -shift)
    Q, R = (factor.astype(np.float64) for factor in qr(scaled.astype(np.float32), mode="economic"))
    x, r = np.zeros((A.shape[1], *b.shape[1:])), target
    small, norm_a, norm_b = np.sqrt(A.size) * 2.0**-52, np.linalg.norm(scaled), np.linalg.norm(target)
    for _ in range(STEPS):
        f, g = target - r - scaled @ x, -(scaled.T @ r)
        terms = norm_b + norm_a * np.linalg.norm(x)
        seen = norm_a * (np.linalg.norm(r) + EPS_OF_FACTOR * terms)  # a float32 Q brings that much of f into Aᵀr
        left = max(np.linalg.norm(f) / terms, np.linalg.norm(g) / seen) if terms else 0.0
        if left <= small:
            break
        s, z = corrections(Q, R, f, g)
        x, r = x + z, r + s
    if not left <= ENOUGH:  # NaN neither
        raise LinAlgError(NOT_CONVERGED)
    return np.ldexp(x, shift - size).astype(A.dtype), None


def _exponent(array: Array) -> int:
    """The power of two just above the largest entry."""
    return int(np.frexp(np.abs(array).max())[1])
