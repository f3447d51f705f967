"""The weighted problem: means by hand, and rows scaled by exact roots."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.oracles import exact, stored
from lamm_robust.oracles.weighted import certify, half_exponent
from lamm_robust.values import Array, Ball


def agree(one: Ball, other: Ball) -> bool:
    return abs(one.mid - other.mid) <= one.radius + other.radius


def test_a_weighted_mean() -> None:
    w = [Fraction(0.1), Fraction(2), Fraction(1, 3)]
    b = np.array([1.0, 2.0, 4.0])
    mean = sum((v * Fraction(c) for v, c in zip(w, b.tolist(), strict=True)), Fraction(0)) / sum(w)
    squares = sum((v * (Fraction(c) - mean) ** 2 for v, c in zip(w, b.tolist(), strict=True)), Fraction(0))
    found = certify(np.ones((3, 1)), b, w)
    (x,) = stored(found)
    assert abs(x - mean) <= found.x_radius < 1e-60
    assert agree(Ball(found.residual_norm[0].mid ** 2, Fraction(1, 10**60)), Ball(squares))
    assert float(found.sigma_max) == float(found.sigma_min) == pytest.approx(float(sum(w)) ** 0.5, rel=1e-14)
    assert (found.method, found.rank, float(found.kappa or 0)) == ("weighted", 1, 1.0)
    twice = stored(certify(np.ones((3, 2)), b, w))  # the shortest of all (x₁, x₂) with x₁ + x₂ = mean
    assert all(abs(entry - mean / 2) < 1e-60 for entry in twice)


CASES = [(7, 3, 3), (7, 4, 2), (4, 4, 4), (3, 6, 3), (4, 7, 2)]


@pytest.mark.parametrize(("m", "n", "rank"), CASES)
def test_it_is_the_problem_with_scaled_rows(m: int, n: int, rank: int) -> None:
    generator = np.random.default_rng(m * n)
    A = (generator.integers(-5, 6, (m, rank)) @ generator.integers(-5, 6, (rank, n))).astype(np.float64)
    b = generator.integers(-9, 10, (m, 2)).astype(np.float64)
    for roots in (2.0 ** generator.integers(-20, 20, m), generator.integers(1, 9, m), np.arange(m)):
        D = np.asarray(roots, dtype=np.float64)[:, np.newaxis]
        found, right = certify(A, b, [Fraction(root) ** 2 for root in D.ravel().tolist()]), exact.certify(D * A, D * b)
        gap = max(abs(p - q) for p, q in zip(stored(found).flat, stored(right).flat, strict=True))
        assert gap <= found.x_radius + right.x_radius
        assert found.rank == right.rank
        for name in ("sigma_max", "sigma_min", "kappa", "kappa_columns"):
            assert agree(getattr(found, name), getattr(right, name)), name
        assert all(map(agree, found.residual_norm, right.residual_norm))


@pytest.mark.parametrize("turned", [False, True])
def test_columns_or_rows_of_one_size(turned: bool) -> None:
    A = np.array([[1.0, 2.0**40], [1.0, 2.0**40 + 3 * 2.0**30], [1.0, 2.0**41]])
    A, D = (A.T, np.array([1.0, 2.0**-30])) if turned else (A, np.array([4.0, 1.0, 2.0]))
    found = certify(A, np.ones(len(A)), [Fraction(d) ** 2 for d in D.tolist()])
    right = exact.certify(D[:, np.newaxis] * A, D)
    assert found.equilibrated is not None
    assert right.equilibrated is not None
    assert found.equilibrated.exponents.tolist() == right.equilibrated.exponents.tolist()
    for name in ("sigma_max", "sigma_min", "kappa"):
        assert agree(getattr(found.equilibrated, name), getattr(right.equilibrated, name)), name
    assert float(found.equilibrated.kappa) < 100
    assert float(found.kappa or 0) > (100 if turned else 1e12)


@pytest.mark.parametrize("v", [1, 4, Fraction(15, 4), Fraction(1, 4), Fraction(7, 1000)])
def test_half_exponents(v: Fraction) -> None:
    e = half_exponent(Fraction(v))
    assert Fraction(4) ** (e - 1) <= v < Fraction(4) ** e


def test_without_any_weight_nothing_is_left() -> None:
    found = certify(np.ones((2, 2)), np.ones(2), [Fraction(0)] * 2)
    assert (found.rank, found.kappa, found.residual_norm) == (0, None, (Ball(Fraction(0)),))
    assert not any(stored(found))


@pytest.mark.parametrize(
    ("A", "weights", "words"),
    [
        (np.ones((2, 1)), [Fraction(1)], "there are 1 weights; accepted are 2, none negative"),
        (np.ones((2, 1)), [Fraction(1), Fraction(-1)], "none negative"),
        (np.ones((2, 0)), [Fraction(1)] * 2, "A is 2×0; weights need one row and one column at least"),
    ],
)
def test_what_it_refuses(A: Array, weights: list[Fraction], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        certify(A, np.ones(2), weights)
