"""What the oracles do, for real and complex problems: each is imported when it is called.

Lists and help need the names of oracles, and not FLINT and mpmath, which take longer to import than a list to print.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from lamm_robust.values import Array, Ball, Certificate, Derivatives, Directions, NotCertifiedError, Truncation

if TYPE_CHECKING:
    import numpy.typing as npt

    from lamm_robust.oracles.covariance import Regression
    from lamm_robust.oracles.equality import Constrained


def exact(A: Array, b: Array) -> Certificate:
    """Prove the truth in FLINT rationals; see `exact.certify`."""
    from lamm_robust.oracles import complex_
    from lamm_robust.oracles.exact import certify

    return complex_.of_any(certify)(A, b)


def verified(A: Array, b: Array) -> Certificate:
    """Prove the truth in float64; see `verified.certify`."""
    from lamm_robust.oracles import complex_
    from lamm_robust.oracles.verified import certify

    return complex_.of_any(certify)(A, b)


def ball(A: Array, b: Array) -> Certificate:
    """Prove the truth in Arb balls; see `ball.certify`."""
    from lamm_robust.oracles import complex_
    from lamm_robust.oracles.ball import certify

    return complex_.of_any(certify)(A, b)


def estimated(A: Array, b: Array) -> Certificate:
    """Compute the truth in mpmath twice; see `mpmath_.certify`."""
    from lamm_robust.oracles import complex_
    from lamm_robust.oracles.mpmath_ import certify

    return complex_.of_any(certify)(A, b)


def auto(A: Array, b: Array) -> Certificate:
    """Prove the truth by the cheapest way that can; see `auto.certify`."""
    from lamm_robust.oracles import complex_
    from lamm_robust.oracles.auto import certify

    return complex_.of_any(certify)(A, b)


def certify_all(problems: Iterable[Any]) -> list[Certificate | NotCertifiedError]:
    """Certify many pairs (A, b), those of one shape together; see `auto.certify_all`."""
    from lamm_robust.oracles import complex_

    return complex_.certify_all(problems)


def certify_weighted(A: Array, b: Array, weights: Sequence[Fraction]) -> Certificate:
    """Prove the truth of min Σ wᵢ|aᵢᵀx − bᵢ|²; see `weighted.certify`."""
    from lamm_robust.oracles import complex_

    return complex_.certify_weighted(A, b, weights)


def certify_ridge(A: Array, b: Array, penalty: Fraction, weights: Sequence[Fraction] = ()) -> Certificate:
    """Prove the truth of min ‖Ax − b‖² + λ‖x‖² for λ = `penalty` > 0; see `ridge.certify`."""
    from lamm_robust.oracles import ridge

    return ridge.certify(A, b, penalty, weights)


def certify_equality(A: Array, b: Array, C: Array, d: Array) -> Constrained:
    """Prove the truth of min ‖Ax − b‖ subject to Cx = d; see `equality.certify`."""
    from lamm_robust.oracles import equality

    return equality.certify(A, b, C, d)


def truncate(A: Array, b: Array, rank: int) -> Truncation:
    """Prove the truth of A without its singular values after the rank-th, and b; see `truncated.truncate`."""
    from lamm_robust.oracles import complex_

    return complex_.truncate(A, b, rank)


def all_singular_values(A: Array, weights: Sequence[Fraction] = ()) -> list[Ball]:
    """Enclose the singular values of A (m×n) that are not zero, the largest first; see `jacobi.all_singular_values`."""
    from lamm_robust.oracles import complex_

    return complex_.all_singular_values(A, weights)


def regression(A: Array, b: Array, weights: Sequence[Fraction] = ()) -> Regression:
    """Return the exact numbers of the regression of b on the columns of A; see `covariance.regression`."""
    from lamm_robust.oracles import covariance

    return covariance.regression(A, b, weights)


def differentiate(A: Array, b: Array, directions: Directions) -> Derivatives:
    """Return the exact derivatives of A⁺b along directions; see `derivatives.differentiate`."""
    from lamm_robust.oracles import derivatives

    return derivatives.differentiate(A, b, directions)


def stored(certificate: Certificate) -> npt.NDArray[Any]:
    """Return the x that a certificate stores, as exact Fractions; see `certificate.stored`."""
    from lamm_robust.oracles.certificate import stored as fractions

    return fractions(certificate)
