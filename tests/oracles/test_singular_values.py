"""σ₁, σ_r and κ against closed forms, matrices built with known singular values, and mpmath's SVD."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, arb_mat

from lamm_robust.oracles import singular_values as module
from lamm_robust.oracles.exact import certify
from lamm_robust.oracles.singular_values import bracket, enclose
from lamm_robust.values import Array, Ball, Certificate, NotCertifiedError

TIGHT = Fraction(1, 10**13)
"""n·u for the small matrices here, with a factor of a hundred."""


def spectrum(A: Array) -> Certificate:
    return certify(A, np.ones(len(A), dtype=A.dtype))


def holds(ball: Ball, value: Fraction, tight: Fraction = TIGHT) -> bool:
    return abs(ball.mid - value) <= ball.radius <= tight * value


def holds_all(certificate: Certificate, sigma_max: Fraction, sigma_min: Fraction) -> bool:
    assert certificate.kappa is not None
    return (
        holds(certificate.sigma_max, sigma_max)
        and holds(certificate.sigma_min, sigma_min)
        and holds(certificate.kappa, sigma_max / sigma_min, 2 * TIGHT)
    )


def reflection(n: int, seed: int) -> Array:
    """I − 2vvᵀ/n with v of signs: orthogonal, and dyadic because n is a power of two."""
    v = np.random.default_rng(seed).choice([-1.0, 1.0], n)
    return np.eye(n) - 2.0 / n * np.outer(v, v)


def known(m: int, n: int, sigma: list[float], seed: int) -> Array:
    """An m×n matrix (m ≥ n, powers of two) with exactly these non-zero singular values, all powers of two.

    Every product and partial sum is a short multiple of a power of two, so no operation rounds.
    """
    diagonal = np.zeros((m, n))
    diagonal[range(len(sigma)), range(len(sigma))] = sigma
    return reflection(m, seed) @ diagonal @ reflection(n, seed + 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "diagonal", [[3.0, 1.0], [1.0, 1.0, 1.0], [3.0, 3.0, 1.0, 1.0], [2.0**10, -7.0, 2.0**-10], [5.0]]
)
def test_diagonal(diagonal: list[float], dtype: str) -> None:
    sizes = [abs(Fraction(v)) for v in diagonal]
    certificate = spectrum(np.diag(diagonal).astype(dtype))
    assert certificate.rank == len(diagonal)
    assert holds_all(certificate, max(sizes), min(sizes))


def test_golden_ratio() -> None:
    """[[1, 1], [0, 1]] has σ₁² and σ₂² = (3 ± √5)/2, the roots of t² − 3t + 1, between the ends."""
    certificate = spectrum(np.array([[1.0, 1.0], [0.0, 1.0]]))
    for ball in (certificate.sigma_max, certificate.sigma_min):
        below, above = ((ball.mid + side * ball.radius) ** 2 for side in (-1, 1))
        assert (below * below - 3 * below + 1) * (above * above - 3 * above + 1) < 0
        assert 0 < ball.radius <= TIGHT * ball.mid
    assert certificate.kappa is not None
    assert abs(float(certificate.kappa) - (3 + 5**0.5) / 2) < 1e-14


@pytest.mark.parametrize(
    ("m", "n", "sigma"),
    [
        (4, 4, [4.0, 1.0, 1.0, 2.0**-20]),
        (4, 4, [2.0**5] * 4),
        (16, 4, [1.0, 1.0, 2.0**-30, 2.0**-30]),
        (16, 4, [8.0, 8.0, 0.5]),
        (16, 8, [2.0**-k for k in range(0, 40, 8)]),
        (64, 16, [2.0**-k for k in range(16)]),
    ],
)
@pytest.mark.parametrize("wide", [False, True])
def test_known_singular_values(m: int, n: int, sigma: list[float], wide: bool) -> None:
    A = known(m, n, sigma, seed=m + n)
    certificate = spectrum(np.ascontiguousarray(A.T) if wide else A)
    assert certificate.rank == len(sigma)
    assert holds_all(certificate, Fraction(max(sigma)), Fraction(min(sigma)))


@pytest.mark.parametrize(
    ("m", "n", "rank", "decades"), [(12, 6, 6, 0), (12, 6, 6, 15), (6, 12, 6, 8), (9, 9, 9, 15), (8, 6, 3, 0)]
)
def test_against_mpmath_at_60_digits(m: int, n: int, rank: int, decades: int) -> None:
    g = np.random.default_rng([m, n, rank, decades])
    if rank < min(m, n):
        A = (g.integers(-99, 99, (m, rank)) @ g.integers(-99, 99, (rank, n))).astype(np.float64)
    else:
        A = g.standard_normal((m, n)) * np.logspace(0, -decades, n)
    mp = mpmath.MPContext()
    mp.dps = 60
    tall = A if m >= n else A.T
    values = mp.svd_r(mp.matrix(tall.tolist()), compute_uv=False)
    certificate = spectrum(A)
    assert certificate.rank == rank
    pairs = [(certificate.sigma_max, values[0]), (certificate.sigma_min, values[rank - 1])]
    for ball, value in pairs:
        mid, radius = (mp.mpf(v.numerator) / v.denominator for v in (ball.mid, ball.radius))
        assert abs(mid - value) <= radius + mp.mpf(10) ** -50 * values[0]
        assert 0 < radius <= mp.mpf(10) ** -13 * value


def test_condition_number_beyond_the_first_precision() -> None:
    """AᵀA = [[2, 2], [2, 2 + s²]]: σ₁²σ₂² = 2s² and σ₁² + σ₂² = 4 + s², so κ = √8/s up to s²; here 2⁵⁰¹·⁵."""
    s = 2.0**-500
    certificate = spectrum(np.array([[1.0, 1.0], [1.0, 1.0], [0.0, s]]))
    kappa, product = certificate.kappa, Fraction(2) * Fraction(s) ** 2
    assert kappa is not None
    low, high = (
        (certificate.sigma_max.mid + side * certificate.sigma_max.radius) ** 2
        * (certificate.sigma_min.mid + side * certificate.sigma_min.radius) ** 2
        for side in (-1, 1)
    )
    assert low <= product <= high <= product * (1 + 10 * TIGHT)
    assert abs(kappa.mid * Fraction(s) - Fraction(2) * Fraction(141421356237, 10**11)) < Fraction(1, 10**10)


def test_bracket_of_a_bad_guess_still_holds() -> None:
    """[[2, 1], [1, 2]] has μ = 3; the identity as eigenvectors gives 2 ≤ μ ≤ 3, a poor but true bracket."""
    S = arb_mat([[2, 1], [1, 2]])
    assert bracket(S, arb_mat(2, 2, 1)) == Ball(Fraction(2), Fraction(1))


def test_bracket_pays_for_vectors_that_are_not_orthonormal() -> None:
    """V = ½: B = 2 and E = −¾, so the bracket is 8 ≤ μ ≤ 8; without 1/(1 − ‖E‖) it would end at 2."""
    ball = bracket(arb_mat([[8]]), arb_mat([[arb(0.5)]]))
    assert ball is not None
    assert ball.mid == 8
    assert abs(ball.radius) < Fraction(1, 10**12)
    assert bracket(arb_mat([[8]]), arb_mat([[arb(1.5)]])) is None


def test_bracket_covers_the_uncertainty_of_the_matrix() -> None:
    ball = bracket(arb_mat([[arb(4, 1)]]), arb_mat([[1]]))
    assert ball is not None
    assert Fraction(29, 10) < ball.mid <= 3
    assert 5 <= ball.mid + ball.radius < Fraction(51, 10)


def test_bracket_of_nothing_known() -> None:
    assert bracket(arb_mat([[arb("nan")]]), arb_mat([[1]])) is None
    assert module.eigenvectors(arb_mat([[arb("nan")]])) is None


def test_repeated_failure_is_not_certified() -> None:
    def singular() -> arb_mat:
        raise ZeroDivisionError

    with pytest.raises(NotCertifiedError, match="a singular value has no enclosure to 1e-09 at 65536 bits"):
        enclose(singular)


def test_wide_bracket_is_refused() -> None:
    with pytest.raises(NotCertifiedError, match="no enclosure"):
        enclose(lambda: arb_mat([[arb(4, 1)]]))


def test_wrong_eigenvectors_cannot_make_a_wrong_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "eigenvectors", lambda S: np.eye(S.ncols()))
    with pytest.raises(NotCertifiedError):
        spectrum(np.array([[1.0, 1.0], [0.0, 1.0]]))
    assert holds_all(spectrum(np.diag([3.0, 1.0])), Fraction(3), Fraction(1))
