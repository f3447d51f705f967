"""What a regression reports: against elimination in Fractions, with weights, and where there is none."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.oracles import regression
from lamm_robust.values import Array
from tests.support.rational import product, solved


def by_elimination(A: Array, b: Array, roots: Array) -> tuple[list[list[Fraction]], Fraction, Fraction]:
    """(AᵀWA)⁻¹, S and s² for weights that are squares, from rows times their roots."""
    rows = [[Fraction(v) * Fraction(w) for v in row] for row, w in zip(A.tolist(), roots.tolist(), strict=True)]
    y = [Fraction(v) * Fraction(w) for v, w in zip(b.tolist(), roots.tolist(), strict=True)]
    columns = list(zip(*rows, strict=True))
    n = len(columns)
    unit = [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]
    inverse = solved([[product(p, q) for q in columns] for p in columns], unit)
    x = [product(row, [product(c, y) for c in columns]) for row in inverse]
    left = [value - product(row, x) for value, row in zip(y, rows, strict=True)]
    rss = product(left, left)
    return inverse, rss, rss / (sum(bool(w) for w in roots) - n)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("m", "n", "scale"), [(5, 1, 1.0), (6, 3, 2.0**-600), (9, 4, 2.0**500), (12, 5, 1.0)])
def test_every_number_is_that_of_elimination(m: int, n: int, scale: float, weighted: bool) -> None:
    generator = np.random.default_rng(m)
    A = generator.standard_normal((m, n)) * scale
    b, roots = generator.standard_normal(m) / scale, generator.integers(0, 4, m) / 2 if weighted else np.ones(m)
    roots[: n + 1] += 1  # so that enough rows count
    found = regression(A, b, [Fraction(root) ** 2 for root in roots] if weighted else [])
    if not weighted:
        roots = np.ones(m)
    inverse, rss, variance = by_elimination(A, b, roots)
    assert [list(row) for row in found.inverse_gram] == inverse
    assert (found.residual_sum_of_squares, found.variance) == (rss, variance)
    assert found.covariance == [[variance * v for v in row] for row in inverse]
    for error, row, j in zip(found.standard_errors, inverse, range(n), strict=True):
        assert (error.mid - error.radius) ** 2 <= variance * row[j] <= (error.mid + error.radius) ** 2
        assert error.radius <= error.mid / 10**60


def test_r_squared_is_about_the_mean_where_a_constant_is_spanned() -> None:
    dummies, line = np.array([[1, 0], [1, 0], [0, 1.0], [0, 1]]), np.array([[1.0], [2], [3], [4]])
    b = np.array([1.0, 3, 5, 11])
    assert (regression(dummies, b).r_squared, regression(dummies, b).about_mean) == (Fraction(9, 14), True)
    assert (regression(line, b).r_squared, regression(line, b).about_mean) == (1 - Fraction(108, 10) / 156, False)
    assert regression(line, np.zeros(4)).r_squared is None


@pytest.mark.parametrize(
    ("A", "b", "weights", "said"),
    [
        (np.array([[1.0, 2], [2, 4], [3, 6]]), np.ones(3), [], "rank 1 and 2 columns"),
        (np.eye(2), np.ones(2), [], "2 rows and 2 columns"),
        (np.eye(3)[:, :2], np.ones(3), [Fraction(1), Fraction(1), Fraction(0)], "2 rows with weight and 2 columns"),
        (np.eye(3)[:, :2], np.ones((3, 2)), [], "one right-hand side"),
        (np.ones((3, 1)), np.ones(3), [Fraction(1)], "1 weights; accepted are 3"),
        (np.ones((3, 0)), np.ones(3), [], "A is 3×0"),
    ],
)
def test_what_has_no_covariance_is_refused(A: Array, b: Array, weights: list[Fraction], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        regression(A, b, weights)
