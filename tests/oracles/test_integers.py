"""Floating-point arrays as integers times a power of two: no bit is lost."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.oracles.integers import integer_matrix


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_integers_are_the_stored_bits(dtype: str) -> None:
    g = np.random.default_rng(7)
    info = np.finfo(np.dtype(dtype))
    spread = g.standard_normal((4, 3)) * 10.0 ** g.integers(-30, 30, (4, 3))
    A = np.vstack([spread, [[0.0, info.max, -info.smallest_subnormal]]]).astype(dtype)
    N, exponent = integer_matrix(A)
    back = [[Fraction(int(v)) * Fraction(2) ** exponent for v in row] for row in N.tolist()]
    assert back == [[Fraction(float(v)) for v in row] for row in A]


def test_integers_share_the_largest_power_of_two() -> None:
    N, exponent = integer_matrix(np.array([12.0, -20.0, 0.0]))
    assert ([int(v) for v in N.entries()], exponent) == ([3, -5, 0], 2)
    assert integer_matrix(np.zeros((2, 3)))[1] == 0
