"""The arithmetic under the scores, against rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.accurate import Doubles, exact_gradient, exact_residual, exact_sums, two_product
from tests.problems import rational


def wild(generator: np.random.Generator, *shape: int) -> Doubles:
    """Full significands over a range of scales, so that products need all of their 106 bits."""
    return generator.standard_normal(shape) * 2.0 ** generator.integers(-40, 40, shape)


def test_two_product_is_exact() -> None:
    generator = np.random.default_rng(0)
    a, b = wild(generator, 200), wild(generator, 200)
    p, e = two_product(a, b)
    assert np.array_equal(p, a * b)
    assert np.any(e != 0)
    for factor, other, high, low in zip(*map(rational, (a, b, p, e)), strict=True):
        assert factor * other == high + low


def test_sums_survive_total_cancellation() -> None:
    terms = np.array([[1e16, 1.0, -1e16], [1.0, 1e-40, -1.0], [0.1, 0.2, 0.3]])
    high, low = exact_sums(terms)
    assert high.tolist() == [1.0, 1e-40, 0.6]
    exact = sum(map(Fraction, (0.1, 0.2, 0.3)), Fraction(0))
    assert abs(Fraction(low[2]) - (exact - Fraction(high[2]))) <= abs(exact) * Fraction(1, 2**105)


@pytest.mark.parametrize("seed", range(5))
def test_residual_and_gradient_are_exact(seed: int) -> None:
    generator = np.random.default_rng(seed)
    A, b = generator.standard_normal((7, 4)), generator.standard_normal(7)
    x: Doubles = np.linalg.lstsq(A, b, rcond=None)[0].astype(np.float64)
    high, low = exact_residual(A, b, x)
    exact = [
        Fraction(float(b_i)) - sum((a * c for a, c in zip(rational(row), rational(x), strict=True)), Fraction(0))
        for row, b_i in zip(A, b, strict=True)
    ]
    assert high.tolist() == [float(value) for value in exact]
    kept = [big + small for big, small in zip(rational(high), rational(low), strict=True)]
    assert all(abs(k - e) <= abs(e) * Fraction(1, 2**105) for k, e in zip(kept, exact, strict=True))

    # the gradient nearly vanishes at the solution: in float64 it would be all rounding error
    gradient = exact_gradient(A, high, low)
    for column, found in zip(A.T, gradient, strict=True):
        truth = sum((a * r for a, r in zip(rational(column), kept, strict=True)), Fraction(0))
        scale = sum((abs(a * r) for a, r in zip(rational(column), kept, strict=True)), Fraction(0))
        assert abs(Fraction(float(found)) - truth) <= abs(truth) * Fraction(1, 2**52) + scale * Fraction(1, 2**100)
