"""Right-hand sides: the image, the part outside the range and its size, in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.generators.parts.exact_algebra import (
    add_residual,
    image,
    inner_product,
    outside_range,
    rationals,
    semidefinite_solution,
)
from lamm_robust.generators.parts.stream import Stream


def fractions(*entries: int) -> list[Fraction]:
    return [Fraction(entry) for entry in entries]


def test_image_by_hand() -> None:
    assert image(np.array([[1.0, 2.0], [0.5, -4.0]]), fractions(3, -1)) == [1, Fraction(11, 2)]
    # 1 + 2⁻⁶⁰ is no number of float64, and is kept
    assert image(np.array([[1.0, 2.0**-60]]), fractions(1, 1)) == [1 + Fraction(1, 2**60)]


def test_moved_by_hand() -> None:
    assert add_residual(fractions(3, 4), fractions(0, 2), 0.0) == [3, 4]
    assert add_residual(fractions(3, 4), fractions(0, 2), 2.0) == [3, 14]
    assert add_residual(fractions(0, 0), fractions(0, 2), 2.0) == [0, 0]


def test_outside_the_range_by_hand() -> None:
    A = np.array([[1.0, 1.0], [0.0, 2.0**-30], [0.0, 0.0]])
    assert outside_range(A, fractions(5, 7, 11)) == [0, 0, 11]
    # the range is spanned by (1, 1, 1)/4
    assert outside_range(np.full((3, 1), 0.25, dtype=np.float32), fractions(1, 2, 6)) == [-2, -1, 3]


@pytest.mark.parametrize("columns", [[0], [0, 1], [0, 0, 1], [0, 1, 1, 2, 0]])
def test_the_part_outside_is_the_orthogonal_projection(columns: list[int]) -> None:
    A = Stream("columns").bell(21).reshape(7, 3)[:, columns]  # some with repeated columns
    v = rationals(Stream("v").bell(7).tolist())
    outside = outside_range(A, v)
    assert any(outside)
    assert all(inner_product(rationals(column), outside) == 0 for column in A.T.tolist())
    # v − outside is in the range: adding it changes nothing
    assert outside_range(A, [a - b for a, b in zip(v, outside, strict=True)]) == [0] * 7


def test_semidefinite_systems() -> None:
    assert semidefinite_solution([[2, 1], [1, 2]], fractions(3, 3)) == [1, 1]
    assert semidefinite_solution([[0, 0], [0, 4]], fractions(0, 1)) == [0, Fraction(1, 4)]
    y = semidefinite_solution([[1, 1, 0], [1, 1, 0], [0, 0, 3]], [Fraction(1, 2), Fraction(1, 2), Fraction(3, 4)])
    assert y == [Fraction(1, 2), 0, Fraction(1, 4)]
