"""Elementary functions and rationals: right to 120 bits, rounded once."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from lamm_robust.generators.parts.elementary import (
    cos_sin,
    cos_sin_pi,
    exponential,
    log_ratio,
    nearest,
    pi,
    power,
    root,
    rounded_array,
)
from lamm_robust.values import PRECISIONS, Precision


def test_powers_are_rounded_once() -> None:
    assert power(10, Fraction(-12)) == 1e-12
    assert power(10, Fraction(3)) == 1000.0
    assert power(2, Fraction(1, 2)) == math.sqrt(2)
    with mpmath.workdps(60):
        assert power(10, Fraction(-7, 3)) == float(mpmath.mpf(10) ** (-mpmath.mpf(7) / 3))


def test_logarithms_are_known_to_more_digits_than_are_used() -> None:
    assert [log_ratio(value, 7) for value in (1, 7)] == [0, 1]
    with mpmath.workdps(60):
        exact = mpmath.log(2) / mpmath.log(3)
        found = log_ratio(2, 3)
        assert 0 < abs(mpmath.mpf(found.numerator) / found.denominator - exact) < mpmath.mpf(2) ** -119
        assert power(10, -4 * found) == float(mpmath.power(10, -4 * exact))


def test_precision_set_by_others_is_neither_used_nor_changed() -> None:
    with mpmath.workprec(20):
        assert power(2, Fraction(1, 2)) == math.sqrt(2)
        assert mpmath.mp.prec == 20


def test_cosine_and_sine_are_rounded_once_to_the_dtype() -> None:
    cosine, sine = "0.540302305868139717400936607443", "0.841470984807896506652502321630"  # of 1 radian
    assert cos_sin(1.0, "float64") == (float(cosine), float(sine))
    assert cos_sin(-1.0, "float64") == (float(cosine), -float(sine))
    for found, printed in zip(cos_sin(1.0, "float32"), (cosine, sine), strict=True):
        assert found == float(np.float32(found))
        assert abs(found - float(printed)) < 2.0**-25  # half a unit in the last place of [½, 1)
    assert cos_sin(0.0, "float32") == (1.0, 0.0)


def near(found: Fraction, digits: str) -> bool:
    """Whether a number agrees with 34 printed digits: 10⁻³⁴ is within 2⁻¹¹²."""
    printed = Fraction(digits)
    return abs(found - printed) <= 10 * Fraction(10) ** -34 * abs(printed)


def test_what_is_computed_with_is_right_to_more_than_twice_the_digits_kept() -> None:
    assert near(pi(), "3.1415926535897932384626433832795029")
    assert near(exponential(Fraction(1)), "2.7182818284590452353602874713526625")
    assert near(exponential(Fraction(-1, 2)), "0.60653065971263342360379953499118045")
    assert near(exponential(Fraction(-1, 3)), "0.71653131057378925042560409692537967")
    assert near(root(Fraction(2)), "1.4142135623730950488016887242096981")
    assert not near(root(Fraction(2)), "1.4142135623730950488016887242097981")
    assert near(root(Fraction(2, 10**40)), "1.4142135623730950488016887242096981e-20")
    assert near(root(Fraction(2 * 10**90)), "1.4142135623730950488016887242096981e45")
    cosine, sine = cos_sin_pi(Fraction(1, 5))
    assert near(cosine, "0.80901699437494742410229341718281906")  # (1 + √5)/4
    assert near(sine, "0.58778525229247312916870595463907277")
    assert cos_sin_pi(Fraction(-1, 5)) == (cosine, -sine)


def test_what_is_exact_stays_exact() -> None:
    quarters = [entry for k in range(4) for entry in cos_sin_pi(Fraction(k, 2))]
    assert quarters == [1, 0, 0, 1, -1, 0, 0, -1]
    assert exponential(Fraction(0)) == 1
    assert [root(Fraction(q)) for q in (0, 1, Fraction(9, 4), 4**100)] == [0, 1, Fraction(3, 2), 2**100]


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_rationals_go_to_the_nearest_number(dtype: Precision) -> None:
    kind = np.dtype(dtype).type
    for k in range(200):
        value = Fraction(3 ** (k % 40) + k, 7 ** (k % 23) + 2 * k) * (-1) ** k
        stored = kind(nearest(value, dtype))
        error = abs(Fraction(float(stored)) - value)
        for neighbour in (np.nextafter(stored, kind(-np.inf)), np.nextafter(stored, kind(np.inf))):
            assert error <= abs(Fraction(float(neighbour)) - value)


def test_rounding_to_float32_does_not_go_through_float64() -> None:
    # just above halfway between 1 and the next float32: float64 rounds it to the tie, and the tie to 1
    value = 1 + Fraction(1, 2**24) + Fraction(1, 2**70)
    assert nearest(value, "float32") == 1 + 2.0**-23
    assert nearest(1 + Fraction(1, 2**24), "float32") == 1.0
    assert nearest(1 + Fraction(3, 2**24), "float32") == 1 + 2.0**-22
    assert nearest(Fraction(0), "float32") == 0.0


def test_rounded_arrays_keep_shape_and_dtype() -> None:
    array = rounded_array([[Fraction(1, 3), Fraction(2)], [Fraction(-1, 7), Fraction(0)]], "float32")
    assert array.dtype == np.float32
    assert array.tolist() == np.array([[1 / 3, 2], [-1 / 7, 0]], dtype=np.float32).tolist()
