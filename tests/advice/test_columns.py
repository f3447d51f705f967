"""What is seen of columns, on matrices of which it is known."""

from __future__ import annotations

import numpy as np
import pytest

from lamm_robust.advice.columns import look_at

T = np.arange(20.0)


def test_sizes_means_and_spreads() -> None:
    A = np.column_stack([np.ones(20), T, 1e6 + T, 1e-5 * np.sin(T), np.zeros(20)])
    seen = look_at(A)
    np.testing.assert_allclose(seen.lengths[:2], [np.sqrt(20), np.sqrt(2470)])
    np.testing.assert_allclose(seen.means[1:3], [9.5, 1e6 + 9.5])
    np.testing.assert_allclose(seen.spreads[2], np.std(T))
    assert (seen.constant, seen.zero, seen.far) == (0, [4], [2])
    assert (seen.dwarfing, seen.dwarfed) == ([2], [3])


def test_no_overflow_at_the_edge_of_the_range() -> None:
    seen = look_at(np.column_stack([1e300 * (1 + T), 1e-300 * np.cos(T)]))
    assert np.isfinite(seen.lengths).all()
    assert seen.lengths[0] == pytest.approx(1e300 * np.sqrt(2870))


def test_a_combination_is_named_with_its_factors() -> None:
    a, b = np.sin(T), 10 * np.cos(3 * T)
    (found,) = look_at(np.column_stack([a, b, 2 * a - 0.5 * b])).dependences
    assert found.column == 2
    assert dict(found.terms) == pytest.approx({1: -0.5, 0: 2.0})
    assert found.distance < 1e-15


def test_how_far_a_column_is_from_the_others() -> None:
    a, own = np.eye(4)[0], np.eye(4)[1]
    (found,) = look_at(np.column_stack([a, 3 * a + 3e-4 * own])).dependences
    assert found.distance == pytest.approx(1e-4, rel=1e-6)
    assert dict(found.terms) == pytest.approx({0: 3.0})
    assert look_at(np.column_stack([a, a + 0.1 * own])).dependences == ()


def test_a_column_that_depends_exactly_explains_no_later_one() -> None:
    a, b = np.sin(T), np.cos(T)
    found = {one.column: dict(one.terms) for one in look_at(np.column_stack([a, a, b, a + b])).dependences}
    assert found == {1: pytest.approx({0: 1.0}), 3: pytest.approx({0: 1.0, 2: 1.0})}


def test_of_a_wide_matrix_no_dependence_is_named() -> None:
    assert look_at(np.ones((2, 3))).dependences == ()


def test_columns_at_the_edge_of_overflow_are_looked_at_in_silence() -> None:
    """pytest makes an error of every warning."""
    A = np.array([[1e308, 1e308, 1e-300], [1e308, 1.1e308, 0.0], *[[1e308, 1e308, 1e-300]] * 2])
    found = look_at(A)
    assert found.lengths[0] == np.finfo(np.float64).max
    assert (found.constant, found.zero, found.far) == (0, [], [])
    assert found.dwarfed == [2]
    assert not any(np.isnan(factor) for one in found.dependences for _, factor in one.terms)
