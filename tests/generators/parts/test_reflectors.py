"""Products of reflectors: sums in a fixed order, orthogonality, no favoured entry."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lamm_robust.generators.parts.reflectors import apply, draw_reflectors, norm, pairwise_sum
from lamm_robust.generators.parts.stream import Stream


@pytest.mark.parametrize("length", [1, 2, 3, 7, 64, 100])
def test_total_adds_every_term_once(length: int) -> None:
    terms = Stream("total", length).integers(3 * length, -1000, 1000).reshape(length, 3).astype(np.float64)
    before = terms.copy()
    assert np.array_equal(pairwise_sum(terms), before.sum(axis=0))  # whole numbers: exact in any order
    assert np.array_equal(terms, before)


def test_norm_of_a_pythagorean_vector() -> None:
    assert norm(np.array([2.0, 3.0, 6.0])) == 7.0


@pytest.mark.parametrize(("size", "count"), [(1, 1), (2, 2), (7, 3), (30, 30), (30, 99)])
def test_products_of_reflectors_are_orthogonal(size: int, count: int) -> None:
    identity = np.eye(size)
    Q = apply(draw_reflectors(Stream("Q", size), size, count), identity)
    assert np.array_equal(identity, np.eye(size))
    assert np.abs(Q.T @ Q - identity).max() < 1e-14 * math.sqrt(size)
    if size > 1:
        assert np.abs(Q - identity).max() > 0.1


def test_first_column_points_along_the_first_draw() -> None:
    x = Stream("Q", 5).bell(5)
    Q = apply(draw_reflectors(Stream("Q", 5), 5, 5), np.eye(5))
    assert np.allclose(Q[:, 0], -np.sign(x[0]) * x / np.linalg.norm(x), rtol=0, atol=1e-15)


def test_no_entry_is_favoured() -> None:
    squares = np.zeros((4, 4))
    for seed in range(2000):
        squares += apply(draw_reflectors(Stream("Haar", seed), 4, 4), np.eye(4)) ** 2
    # E q_ij² = 1/4 for Haar; the mean of 2000 has standard deviation 0.005, and `bell` is only about normal
    assert np.all(np.abs(squares / 2000 - 0.25) < 0.025)
