"""Random words, orthogonal transforms and roundings: what the families are made of."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from lamm_robust.generators.bits import Stream
from lamm_robust.generators.elementary import (
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
from lamm_robust.generators.orthogonal import apply, norm, reflectors, total
from lamm_robust.values import PRECISIONS, Precision

# --- Philox ---------------------------------------------------------------------------------------------


def test_words_are_those_of_the_published_generator() -> None:
    # known-answer test of Philox4x64-10 from the Random123 distribution: counter and key all zero give
    # 16554d9eca36314c db20fe9d672d0fdc d7e772cee186176b 7e68b68aec7ba23b; NumPy counts up before each block
    philox = np.random.Philox(key=0, counter=2**256 - 1)
    words = [int(word) for word in philox.random_raw(4)]
    assert words == [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B]


def test_streams_are_named_by_every_word() -> None:
    first = Stream("spectrum", 30, 0).raw(4)
    assert np.array_equal(Stream("spectrum", 30, 0).raw(4), first)
    assert not np.any(np.isin(Stream("spectrum", 30, 1).raw(4), first))
    assert not np.any(np.isin(Stream("spectrum", 3, 0).raw(4), first))


def test_uniform_numbers_are_dyadic_and_uniform() -> None:
    values = Stream("uniform").uniform(10_000)
    assert np.all((values >= 0) & (values < 1))
    assert np.array_equal(values * 2.0**53, np.floor(values * 2.0**53))
    # a mean of 10⁴ has standard deviation 0.0029; the extremes come within a few 10⁻⁴ of the ends
    assert 0.49 < values.mean() < 0.51
    assert values.min() < 0.001
    assert values.max() > 0.999


def test_signs_and_integers_cover_their_range_evenly() -> None:
    signs = Stream("signs").signs(10_000)
    assert set(signs.tolist()) == {-1, 1}
    assert abs(int(signs.sum())) < 400  # four standard deviations
    digits = Stream("digits").integers(10_000, -2, 2)
    counts = np.unique_counts(digits)
    assert counts.values.tolist() == [-2, -1, 0, 1, 2]
    assert np.all(np.abs(counts.counts - 2000) < 160)


def test_coefficients_use_every_number() -> None:
    assert set(Stream("solution").coefficients(300)) == {-3, -2, -1, 1, 2, 3}


def test_permutation_moves_every_number_everywhere() -> None:
    drawn = np.array([Stream("permutation", seed).permutation(5) for seed in range(500)])
    assert all(sorted(row) == [0, 1, 2, 3, 4] for row in drawn.tolist())
    for position in range(5):
        counts = np.bincount(drawn[:, position], minlength=5)
        assert np.all(np.abs(counts - 100) < 40)


def test_bell_has_the_moments_it_claims_and_is_never_zero() -> None:
    values = Stream("bell").bell(40_000)
    assert np.all(np.abs(values * 2.0**21 % 2) == 1)  # odd multiples of 2⁻²¹
    assert np.all(np.abs(values) < 3)
    assert abs(values.mean()) < 0.02
    assert 0.97 < (values**2).mean() < 1.03
    assert 2.5 < (values**4).mean() < 2.7


# --- orthogonal -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 2, 3, 7, 64, 100])
def test_total_adds_every_term_once(length: int) -> None:
    terms = Stream("total", length).integers(3 * length, -1000, 1000).reshape(length, 3).astype(np.float64)
    before = terms.copy()
    assert np.array_equal(total(terms), before.sum(axis=0))  # whole numbers: exact in any order
    assert np.array_equal(terms, before)


def test_norm_of_a_pythagorean_vector() -> None:
    assert norm(np.array([2.0, 3.0, 6.0])) == 7.0


@pytest.mark.parametrize(("size", "count"), [(1, 1), (2, 2), (7, 3), (30, 30), (30, 99)])
def test_products_of_reflectors_are_orthogonal(size: int, count: int) -> None:
    identity = np.eye(size)
    Q = apply(reflectors(Stream("Q", size), size, count), identity)
    assert np.array_equal(identity, np.eye(size))
    assert np.abs(Q.T @ Q - identity).max() < 1e-14 * math.sqrt(size)
    if size > 1:
        assert np.abs(Q - identity).max() > 0.1


def test_first_column_points_along_the_first_draw() -> None:
    x = Stream("Q", 5).bell(5)
    Q = apply(reflectors(Stream("Q", 5), 5, 5), np.eye(5))
    assert np.allclose(Q[:, 0], -np.sign(x[0]) * x / np.linalg.norm(x), rtol=0, atol=1e-15)


def test_no_entry_is_favoured() -> None:
    squares = np.zeros((4, 4))
    for seed in range(2000):
        squares += apply(reflectors(Stream("Haar", seed), 4, 4), np.eye(4)) ** 2
    # E q_ij² = 1/4 for Haar; the mean of 2000 has standard deviation 0.005, and `bell` is only about normal
    assert np.all(np.abs(squares / 2000 - 0.25) < 0.025)


# --- elementary -----------------------------------------------------------------------------------------


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
