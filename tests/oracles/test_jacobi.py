"""All singular values: against mpmath, at matrices whose values are known, and with what must not be believed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb_mat, ctx, fmpz_mat
from mpmath import MPContext
from mpmath.libmp import to_rational

from lamm_robust.oracles import exact, jacobi
from lamm_robust.oracles.jacobi import all_singular_values
from lamm_robust.values import Array, Ball

DIGITS = 150


def by_mpmath(A: Array) -> list[Fraction]:
    mp = MPContext()
    mp.dps = DIGITS
    tall = A if A.shape[0] >= A.shape[1] else A.T
    return [
        Fraction(*map(int, to_rational(sigma._mpf_))) for sigma in mp.svd_r(mp.matrix(tall.tolist()), compute_uv=False)
    ]


def holds(ball: Ball, value: Fraction, largest: Fraction) -> bool:
    return bool(abs(ball.mid - value) <= ball.radius + largest / 10 ** (DIGITS - 20))


def with_values(m: int, n: int, digits: float, seed: int) -> Array:
    generator = np.random.default_rng(seed)
    U, V = (np.linalg.qr(generator.standard_normal((size, n)))[0] for size in (m, n))
    return np.asarray((U * np.logspace(0, -digits, n)) @ V.T)


def deficient(m: int, rank: int, n: int) -> Array:
    generator = np.random.default_rng(m)
    return (generator.integers(-3, 4, (m, rank)) @ generator.integers(-3, 4, (rank, n))).astype(np.float64)


@pytest.mark.parametrize(
    "A",
    [
        with_values(12, 6, 2, 0),
        with_values(9, 7, 14, 1),
        with_values(8, 6, 20, 2),
        with_values(5, 5, 3, 3).T,
        with_values(11, 4, 6, 4).T,
        deficient(9, 4, 7),
        deficient(5, 3, 12),
        np.vander(np.linspace(1, 20, 10), 8),
        np.array([[1 / (i + j + 1) for j in range(8)] for i in range(8)]),
    ],
)
def test_every_value_is_that_of_mpmath(A: Array) -> None:
    found, right = all_singular_values(A), by_mpmath(A)
    truth = exact.certify(A, A[:, 0])
    assert len(found) == truth.rank
    assert all(holds(ball, value, right[0]) for ball, value in zip(found, right, strict=False))
    assert all(ball.radius <= Fraction(1, 10**19) * ball.mid for ball in found)
    for ball, other in ((found[0], truth.sigma_max), (found[-1], truth.sigma_min)):
        assert abs(ball.mid - other.mid) <= ball.radius + other.radius


def test_values_that_agree_and_values_of_any_size() -> None:
    reflected = np.eye(6) * 3 - np.ones((6, 6))  # 3(I − vvᵀ) − 3·vvᵀ for a unit vector v: ±3, six times
    assert [float(one) for one in all_singular_values(reflected)] == [3.0] * 6
    ends = np.diag([5e-324, 1e200, 0.0, 1.0])
    assert [float(one) for one in all_singular_values(ends)] == [1e200, 1.0, 5e-324]
    assert [float(one) for one in all_singular_values(np.ones((4, 9), np.float32))] == [6.0]


@pytest.mark.parametrize("shape", [(3, 2), (0, 4), (4, 0), (0, 0)])
def test_nothing_is_left_of_zeros(shape: tuple[int, int]) -> None:
    assert all_singular_values(np.zeros(shape)) == []


def test_weights_are_those_of_rows_scaled_by_their_roots() -> None:
    A, roots = deficient(6, 3, 4), np.array([1.0, 8.0, 0.25, 0.0, 3.0, 1.0])
    weighted = all_singular_values(A, [Fraction(root) ** 2 for root in roots.tolist()])
    scaled = all_singular_values(A * roots[:, np.newaxis])
    assert len(weighted) == len(scaled) == 3
    for one, other in zip(weighted, scaled, strict=True):
        assert abs(one.mid - other.mid) <= one.radius + other.radius


def test_a_bad_guess_widens_the_bounds_and_never_makes_them_false() -> None:
    A = with_values(6, 4, 2, 5)
    H = fmpz_mat([[int(v) for v in row] for row in np.rint(2.0**40 * (A.T @ A)).tolist()])
    right = np.linalg.eigvalsh(np.array(H.tolist(), dtype=float))[::-1]
    Q = np.linalg.qr(np.eye(4) + 1e-4 * np.random.default_rng(0).standard_normal((4, 4)))[0]
    vectors = np.linalg.eigh(np.array(H.tolist(), dtype=float))[1][:, ::-1]
    with ctx.workprec(256):
        found = jacobi.bounds(H, arb_mat((vectors @ Q * 1.01).tolist()), 4)
    assert found is not None
    for (lower, upper), value in zip(found, right, strict=True):
        assert float(lower) < value < float(upper) < 2 * value
        assert float(upper) / float(lower) > 1.02, "V is off by one percent, and so are the bounds"
