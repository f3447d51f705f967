"""How truths are printed: every printed radius is checked to hold, and to be hardly larger than needed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.oracles.exact import certify
from lamm_robust.oracles.plain_values import decimals


def test_decimals_are_rounded_correctly() -> None:
    certificate = certify(np.array([[3.0, 0.0], [0.0, 8.0]]), np.array([2.0, 1.0]))
    printed, radius = decimals(certificate)
    assert printed == ["0.6666666666666666666666666666666666666667", "0.125"]
    error = abs(Fraction(printed[0]) - Fraction(2, 3))
    assert error <= Fraction(radius) <= error * Fraction(102, 100)
    assert decimals(certificate, 2)[0] == ["0.67", "0.12"]
    assert Fraction(1, 200) <= Fraction(decimals(certificate, 2)[1]) < Fraction(7, 1000)


def test_decimals_cover_the_radius_of_the_certificate() -> None:
    loose = replace(certify(np.array([[8.0]]), np.array([1.0])), x_radius=Fraction(1, 3 * 10**5))
    printed, radius = decimals(loose)
    assert printed == ["0.125"]
    assert Fraction(1, 3 * 10**5) <= Fraction(radius) <= Fraction(102, 100) / (3 * 10**5)


def test_decimals_of_several_right_hand_sides_and_any_scale() -> None:
    certificate = certify(np.array([[5e-324]]), np.array([[1.0, -3.0]]))
    printed, radius = decimals(certificate, 10)
    assert printed == [["2.024022533E+323", "-6.072067599E+323"]]
    error = (Fraction(printed[0][0]) - 2**1074) ** 2 + (Fraction(printed[0][1]) + 3 * 2**1074) ** 2
    assert error <= Fraction(radius) ** 2 <= error * Fraction(103, 100)


def test_digits_are_checked() -> None:
    with pytest.raises(ValueError, match="digits is 0; accepted is an integer of at least 1"):
        decimals(certify(np.array([[3.0]]), np.array([1.0])), 0)
