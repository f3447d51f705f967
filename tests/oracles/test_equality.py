"""Constrained least squares: by hand, by the equations of Lagrange in Fractions, and against LAPACK."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.linalg.lapack import dgglse

from lamm_robust.oracles import certify_equality, exact, stored
from lamm_robust.oracles.rational import solve_rational
from lamm_robust.values import Array

CASES = [(6, 4, 2, 0), (3, 4, 2, 1), (5, 3, 3, 2), (2, 5, 3, 3)]
"""m, n, p and a seed."""


def problem(m: int, n: int, p: int, seed: int) -> tuple[Array, Array, Array, Array]:
    """Small whole numbers."""
    draw = np.random.default_rng(seed).integers
    A, b, C, d = draw(-9, 10, (m, n)), draw(-9, 10, m), draw(-9, 10, (p, n)), draw(-9, 10, p)
    return A.astype(np.float64), b.astype(np.float64), C.astype(np.float64), d.astype(np.float64)


@pytest.mark.parametrize("case", CASES)
def test_the_equations_of_lagrange(case: tuple[int, int, int, int]) -> None:
    A, b, C, d = problem(*case)
    _, n, p, _ = case
    found = certify_equality(A, b, C, d)
    top, bottom = np.hstack([A.T @ A, C.T]), np.hstack([C, np.zeros((p, p))])  # whole numbers, so exact
    rows = [[Fraction(v) for v in row] for row in np.vstack([top, bottom]).tolist()]
    x, rank, rss = solve_rational(rows, [Fraction(v) for v in [*(A.T @ b).tolist(), *d.tolist()]])
    assert (rank, found.rank) == (n + p, n)
    assert rss == 0
    gaps = [abs(mine - theirs) for mine, theirs in zip(stored(found.certificate), x[:n], strict=True)]
    assert max(gaps) <= found.certificate.x_radius < 1e-55
    residual = b - A @ np.array([float(v) for v in x[:n]])
    assert float(found.certificate.residual_norm[0]) == pytest.approx(float(np.linalg.norm(residual)), abs=1e-12)
    assert dgglse(A, C, b, d)[3] == pytest.approx([float(v) for v in x[:n]], rel=1e-9)


def test_the_condition_numbers_are_those_of_the_factors() -> None:
    A, b, C, d = problem(6, 4, 2, 0)
    found = certify_equality(A, b, C, d)
    basis = np.linalg.svd(C)[2][2:].T
    on_null_space = np.linalg.svd(A @ basis, compute_uv=False)
    assert float(found.certificate.sigma_max) == pytest.approx(on_null_space[0], rel=1e-12)
    assert float(found.certificate.sigma_min) == pytest.approx(on_null_space[-1], rel=1e-12)
    assert float(found.kappa_constraints or 0) == pytest.approx(np.linalg.cond(C), rel=1e-12)


def test_the_shortest_of_many() -> None:
    A, C = np.array([[1.0, 1.0, 1.0]]), np.array([[1.0, -1.0, 0.0], [2.0, -2.0, 0.0]])
    found = certify_equality(A, np.array([5.0]), C, np.array([1.0, 2.0]))
    # x = (s + 1/2, s − 1/2, t) with 2s + t = 5, of which 2s² + t² is least at s = t = 5/3
    assert [float(v) for v in stored(found.certificate)] == pytest.approx([13 / 6, 7 / 6, 5 / 3], rel=1e-15)
    assert found.rank == 2


def test_scales_are_powers_of_two_apart() -> None:
    A, b, C, d = problem(6, 4, 2, 0)
    plain = stored(certify_equality(A, b, C, d).certificate)
    scaled = certify_equality(A * 2.0**300, b * 2.0**280, C * 2.0**-400, d * 2.0**-420)
    for one, other in zip(plain, stored(scaled.certificate), strict=True):
        assert abs(other * 2**20 - one) < Fraction(1, 10**50)


def test_without_a_constraint_that_says_anything() -> None:
    A, b, _, _ = problem(6, 4, 2, 0)
    found, right = certify_equality(A, b, np.zeros((1, 4)), np.zeros(1)), exact.certify(A, b)
    gaps = [abs(p - q) for p, q in zip(stored(found.certificate), stored(right), strict=True)]
    assert max(gaps) <= found.certificate.x_radius + right.x_radius
    assert (found.kappa_constraints, found.rank) == (None, 4)


def test_several_right_hand_sides_in_float32() -> None:
    A, b, C, d = (v.astype(np.float32) for v in problem(6, 4, 2, 0))
    both = certify_equality(A, np.column_stack([b, -b]), C, np.column_stack([d, -d]))
    one = stored(certify_equality(A, b, C, d).certificate)
    for single, (first, second) in zip(one, stored(both.certificate), strict=True):
        assert first == -second
        assert abs(first - single) < Fraction(1, 10**50)


def test_what_it_refuses() -> None:
    A, b, C, d = problem(6, 4, 2, 0)
    with pytest.raises(ValueError, match="no x fulfils Cx = d exactly"):
        certify_equality(A, b, np.ones((2, 4)), np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="A is 6×4 and C 0×4; neither may be empty"):
        certify_equality(A, b, C[:0], d[:0])
    with pytest.raises(ValueError, match="but A and b"):
        certify_equality(A, b, C.astype(np.float32), d.astype(np.float32))
