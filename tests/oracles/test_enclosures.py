"""Rational balls: roots, quotients and scaling enclose, and hardly more."""

from __future__ import annotations

from fractions import Fraction

import pytest

from lamm_robust.oracles.enclosures import quotient, scale_ball, square_root
from lamm_robust.values import Ball


@pytest.mark.parametrize(
    "value",
    [
        Fraction(2),
        Fraction(1, 5),
        Fraction(10) ** 700,
        Fraction(1, 3 * 10**700),
        Fraction(10**300 + 1, 10**300),
    ],
)
def test_square_root_encloses(value: Fraction) -> None:
    root = square_root(Ball(value))
    assert (root.mid - root.radius) ** 2 <= value <= (root.mid + root.radius) ** 2
    assert root.radius <= root.mid / 10**70


def test_square_root_of_a_ball_and_of_squares() -> None:
    root = square_root(Ball(Fraction(4), Fraction(1)))
    assert (root.mid - root.radius) ** 2 <= 3
    assert 5 <= (root.mid + root.radius) ** 2 <= 6
    assert square_root(Ball(Fraction(9, 16))) == Ball(Fraction(3, 4))
    assert square_root(Ball(Fraction(0))) == Ball(Fraction(0))
    below_zero = square_root(Ball(Fraction(1), Fraction(4)))
    assert below_zero.mid - below_zero.radius <= 0


def test_quotient_and_scaling_enclose_the_corners() -> None:
    ratio = quotient(Ball(Fraction(6), Fraction(1)), Ball(Fraction(3), Fraction(1)))
    assert ratio.mid - ratio.radius <= Fraction(5, 4)
    assert ratio.mid + ratio.radius == Fraction(7, 2)
    assert scale_ball(Ball(Fraction(3), Fraction(1)), -2) == Ball(Fraction(3, 4), Fraction(1, 4))
