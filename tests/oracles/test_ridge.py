"""Ridge regression: by hand, in Fractions, and in mpmath with √λ to 60 digits."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from lamm_robust.oracles import certify_ridge, exact, stored
from lamm_robust.oracles.rational import solve_rational
from lamm_robust.values import Array, Ball


def test_one_unknown_by_hand() -> None:
    A, b = np.array([[3.0], [4.0]]), np.array([1.0, 2.0])
    found = certify_ridge(A, b, Fraction(5))  # x = aᵀb/(aᵀa + λ), and Σ(b − ax)² + λx² = bᵀb − (aᵀb)²/(aᵀa + λ)
    (x,) = stored(found)
    assert abs(x - Fraction(11, 30)) <= found.x_radius < 1e-60
    assert float(found.residual_norm[0]) == pytest.approx(float(5 - Fraction(121, 30)) ** 0.5, rel=1e-15)
    assert float(found.sigma_max) == float(found.sigma_min) == pytest.approx(30**0.5, rel=1e-15)
    assert (found.method, found.m, found.n, found.rank, float(found.kappa or 0)) == ("ridge", 3, 1, 1, 1.0)


CASES = [(5, 3), (3, 3), (2, 4)]


@pytest.mark.parametrize(("m", "n"), CASES)
@pytest.mark.parametrize("lam", [1e-12, 0.1, 7.0, 1e9])
def test_it_is_the_stacked_problem_in_60_digits(m: int, n: int, lam: float) -> None:
    generator = np.random.default_rng(m + n)
    A, b = generator.standard_normal((m, n)), generator.standard_normal(m)
    A[:, -1] = A[:, 0]  # rank n only by the penalty
    found = certify_ridge(A, b, Fraction(lam))
    with mpmath.workdps(60):
        rows = mpmath.matrix([*A.tolist(), *(mpmath.sqrt(lam) * mpmath.eye(n)).tolist()])
        right = mpmath.qr_solve(rows, mpmath.matrix([*b.tolist(), *[0] * n]))
        size = max(abs(entry) for entry in right[0])
        for mine, theirs in zip(stored(found), right[0], strict=True):
            assert abs(mpmath.mpf(mine.numerator) / mine.denominator - theirs) < size * mpmath.mpf(10) ** -35
        sigmas = mpmath.svd_r(rows, compute_uv=False)
        norm = right[1]
    assert found.rank == n
    assert float(found.sigma_max) == pytest.approx(float(sigmas[0]), rel=1e-9)
    assert float(found.sigma_min) == pytest.approx(float(sigmas[n - 1]), rel=1e-9)
    assert float(found.residual_norm[0]) == pytest.approx(float(norm), rel=1e-14)


@pytest.mark.parametrize(("m", "n"), CASES)
def test_a_square_penalty_is_exact_rows(m: int, n: int) -> None:
    generator = np.random.default_rng(m * n)
    A, b = generator.integers(-9, 10, (m, n)).astype(np.float64), generator.integers(-9, 10, (m, 2)).astype(np.float64)
    found = certify_ridge(A, b, Fraction(1, 64))
    right = exact.certify(np.vstack([A, np.eye(n) / 8]), np.vstack([b, np.zeros((n, 2))]))
    gap = max(abs(p - q) for p, q in zip(stored(found).flat, stored(right).flat, strict=True))
    assert gap <= found.x_radius + right.x_radius
    for name in ("sigma_max", "sigma_min", "kappa", "kappa_columns"):
        one: Ball = getattr(found, name)
        other: Ball = getattr(right, name)
        assert abs(one.mid - other.mid) <= one.radius + other.radius, name


def test_weights_and_a_penalty() -> None:
    A, b, w = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([1.0, 2.0, 4.0]), (1, 2, 0)
    found = certify_ridge(A, b, Fraction(1, 3), [Fraction(one) for one in w])
    # AᵀWA + λI and AᵀWb, of the row (1, 2) once and of (3, 4) twice
    gram = [[Fraction(19) + Fraction(1, 3), Fraction(26)], [Fraction(26), Fraction(36) + Fraction(1, 3)]]
    right, _, _ = solve_rational(gram, [Fraction(13), Fraction(18)])
    assert all(abs(p - q) < Fraction(1, 10**60) for p, q in zip(stored(found), right, strict=True))


def test_a_complex_problem() -> None:
    found = certify_ridge(np.array([[1.0], [2.0j]]), np.array([1.0, 1.0 + 0j]), Fraction(3))
    assert [float(part) for part in stored(found)] == [
        1 / 8,
        -2 / 8,
    ]  # (1 − 2j)/(5 + 3): conjugated, and not transposed
    assert (found.m, found.n, found.rank, found.is_complex) == (3, 1, 1, True)


def test_without_columns() -> None:
    found = certify_ridge(np.zeros((2, 0)), np.array([3.0, 4.0]), Fraction(1))
    assert (found.m, found.n, found.rank, float(found.residual_norm[0])) == (2, 0, 0, 5.0)


@pytest.mark.parametrize(
    ("A", "penalty", "words"),
    [(np.ones((2, 1)), 0, "λ is 0; accepted are numbers above 0"), (np.ones((2, 1)) * np.nan, 1, "A.0, 0. is nan")],
)
def test_what_it_refuses(A: Array, penalty: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        certify_ridge(A, np.ones(2), Fraction(penalty))
