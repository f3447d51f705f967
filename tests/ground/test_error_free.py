"""The arithmetic under the scores, against rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.error_free import (
    FEW,
    Doubles,
    carry,
    digit_bits,
    digits,
    exact_gradient,
    exact_residuals,
    grid,
    matrix_digits,
    norm_square,
    places,
    product,
    products,
    to_doubles,
    transposed_product,
    transposed_products,
    wide_bits,
)
from tests.support.problems import rational

ZERO = Fraction(0)


def wild(generator: np.random.Generator, *shape: int) -> Doubles:
    """Full significands over a range of scales, below 1/2."""
    return generator.uniform(-0.5, 0.5, shape) * 2.0 ** -generator.integers(0, 80, shape)


def unit(place: int, bits: int) -> Fraction:
    return Fraction(1, 2 ** (bits * (place + 1)))


def dot(a: list[Fraction], b: list[Fraction]) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), ZERO)


def value(number: Doubles) -> list[Fraction]:
    """The exact sums of the digits of a vector of numbers."""
    return [sum(entry, ZERO) for entry in zip(*map(rational, number), strict=True)]


def stacked(*matrices: Doubles) -> Doubles:
    """Their digits, with zeros where one has more of them than another."""
    found = [matrix_digits(A) for A in matrices]
    places = max(A.shape[1] for A in found)
    return np.array([np.pad(A, ((0, 0), (0, places - A.shape[1]), (0, 0))) for A in found])


@pytest.mark.parametrize("length", [1, 2, 5, 30, 32, 33, 100, *(2**k + i for k in range(12, 23) for i in (0, 1))])
def test_sums_of_products_of_digits_fit_into_a_double_and_more_bits_would_not(length: int) -> None:
    bits = digit_bits(length)
    assert places(bits) * length * 4 ** (bits - 1) < 2**53 - 2**40
    assert 2 * places(bits) * length * 4**bits > 2**53  # at most half a digit of slack: β is rounded down
    assert 1074 <= places(bits) * bits < 1074 + bits


@pytest.mark.parametrize("bits", [14, 16, 18, 21, 24])
def test_digits_are_small_multiples_of_their_units_and_add_up(bits: int) -> None:
    values = np.append(wild(np.random.default_rng(1), 50), [0.5, -0.5, 0.0, 5e-324, -(2.0**-1022), 0.5 - 2.0**-54])
    found = digits(values, bits)
    assert len(found) <= places(bits)
    assert value(found) == rational(values)
    for place, digit in enumerate(found):
        assert all((q / unit(place, bits)).denominator == 1 or abs(q) < Fraction(2) ** -1022 for q in rational(digit))
        assert all(abs(q) <= 2 ** (bits - 1) * unit(place, bits) for q in rational(digit))


def test_ordinary_numbers_have_few_digits() -> None:
    generator = np.random.default_rng(2)
    assert len(digits(generator.uniform(0.1, 0.5, 100), 21)) == 3
    assert len(digits(generator.uniform(0.1, 0.5, 100).astype(np.float32).astype(np.float64), 21)) == 2
    assert len(digits(np.zeros(4), 21)) == 1


def test_matrices_get_an_even_number_of_digits() -> None:
    A = np.random.default_rng(2).uniform(0.1, 0.5, (6, 5))
    found = matrix_digits(A)
    assert found.shape == (6, 4, 5)
    assert np.array_equal(found[:, :3], digits(A, digit_bits(6)).transpose(1, 0, 2))
    assert not found[:, 3].any()
    assert matrix_digits(np.full((6, 5), 0.25)).shape == (6, 2, 5)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (7, 4), (4, 7), (6, 6)])
@pytest.mark.parametrize("seed", range(3))
def test_residual_and_gradient_are_exact(m: int, n: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    plain, badly_scaled = generator.uniform(-0.5, 0.5, (m, n)), wild(generator, m, n)
    matrices = (plain, badly_scaled, np.zeros((m, n)))
    x, b = wild(generator, 3, n) / (n + 2), wild(generator, 3, m) / (n + 2)
    x[0] = generator.uniform(-1, 1, n) / (n + 2)
    b[0] = plain @ x[0]  # rounded: all but the last bits of b − Ax cancel
    A = stacked(*matrices)
    (residual,) = exact_residuals(A, x, b[np.newaxis])
    gradient = exact_gradient(A, residual)
    for i, matrix in enumerate(matrices):
        exact = [Fraction(float(t)) - dot(rational(row), rational(x[i])) for t, row in zip(b[i], matrix, strict=True)]
        assert value(residual[:, i]) == exact
        assert_rounded(to_doubles(residual)[i], exact)
        assert_rounded(gradient[i], [dot(rational(column), exact) for column in matrix.T])


def assert_rounded(found: Doubles, exact: list[Fraction]) -> None:
    for f, e in zip(rational(found), exact, strict=True):
        assert abs(f - e) <= abs(e) * Fraction(1, 2**51)


def test_the_fullest_digits_do_not_overflow() -> None:
    """Every digit as large as can be, and all products of one sign, in the longest sums that are allowed."""
    bits, length = digit_bits(8192), 8192
    full = sum(2.0 ** (bits - 1 - bits * (place + 1)) for place in range(2))
    A, x = np.full((1, length), full), np.full((1, length), full * 2.0**-bits)
    assert np.abs(digits(A, bits)[:, 0, 0]).tolist() == [2.0**-1, 2.0 ** (-1 - bits)]
    (residual,) = exact_residuals(stacked(A), x, np.zeros((1, 1, 1)))
    assert value(residual[:, 0]) == [-length * Fraction(full) ** 2 / 2**bits]
    gradient = exact_gradient(stacked(A.T), np.full((1, 1, length), 2.0**-1))
    assert gradient.tolist() == [[length * full / 2]]


def test_the_grid_leaves_room_for_the_residual_and_wastes_little() -> None:
    b, x = np.array([[3.0, 0.0], [1.0, -5.0], [0.0, 0.0]]), np.array([[1.0, 2.0, 0.5], [2.0**80, 0.0, 0.0], [0.0] * 3])
    scale = grid(b, x)
    largest = np.ldexp([3.0, 2.0**80, 0.0], -scale)
    assert np.all(largest <= 1 / 5)
    assert np.all(largest[:2] > 1 / 20)


def test_a_residual_that_vanishes_is_zero_in_every_digit() -> None:
    A = np.random.default_rng(3).integers(-8, 8, (9, 4)) / 16
    x = np.random.default_rng(4).integers(-(2**40), 2**40, (1, 4)) / 2.0**43
    (residual,) = exact_residuals(stacked(A), x, (A @ x[0])[np.newaxis, np.newaxis])
    assert not residual.any()
    assert not exact_gradient(stacked(A), residual).any()


def test_carried_digits_do_not_cancel() -> None:
    """Each is at most half of the unit before it, so that the first that is not zero tells the size of the number."""
    generator = np.random.default_rng(5)
    A, x = generator.uniform(-0.5, 0.5, (20, 10)), generator.uniform(-1, 1, (1, 10)) / 12
    (residual,) = exact_residuals(stacked(A), x, (A @ x[0])[np.newaxis, np.newaxis])
    for place in range(1, len(residual)):
        assert all(abs(q) <= unit(place - 1, digit_bits(20)) / 2 for q in rational(residual[place, 0]))
    assert not residual[0].any()
    assert residual.any()


@pytest.mark.parametrize("exponent", [-300, -600, -860])
def test_the_range_of_doubles_is_spanned(exponent: int) -> None:
    A = np.array([[0.25, 0.0], [0.3, 2.0**exponent]])
    x = np.array([[2.0**exponent / 3, 0.2]])
    b = (A @ x[0])[np.newaxis]
    (residual,) = exact_residuals(stacked(A), x, b[np.newaxis])
    exact = [Fraction(float(t)) - dot(rational(row), rational(x[0])) for t, row in zip(b[0], A, strict=True)]
    underflow = Fraction(2) ** -1070
    assert all(abs(f - e) <= underflow for f, e in zip(value(residual[:, 0]), exact, strict=True))
    assert exact[1] != 0


@pytest.mark.parametrize("length", [65, 100, 1000, 4096, 4097, 20_000, 2**20])
def test_sums_of_products_with_few_longer_digits_fit_into_a_double(length: int) -> None:
    bits = wide_bits(length)
    assert bits >= digit_bits(length)
    assert FEW * length * 4 ** (bits - 1) < 2**53 - 2**40


@pytest.mark.parametrize("length", [65, 3000, 20_000])
def test_the_square_of_longer_digits_that_are_as_large_as_can_be_is_exact(length: int) -> None:
    bits = wide_bits(length)
    units = 2.0 ** -(bits * np.arange(1, 13))
    r = np.repeat((units * 2 ** (bits - 1))[:, np.newaxis, np.newaxis], length, axis=2)
    r[:, 0, ::3] *= -1
    r[-1, 0, 0] /= 2 ** (bits - 1)  # so that the last bit counts
    (found,) = value(norm_square(r, bits))
    one = sum(map(Fraction, r[:, 0, 1].tolist()), ZERO)
    first = sum(map(Fraction, r[:, 0, 0].tolist()), ZERO)
    assert found == (length - 1) * one**2 + first**2


def test_products_with_several_vectors_are_those_with_each() -> None:
    generator, bits = np.random.default_rng(1), wide_bits(200)
    A = np.moveaxis(digits(wild(generator, 200, 70), bits)[:FEW], 0, 1).copy()
    x, r = (digits(wild(generator, 3, length), bits) for length in (70, 200))
    for i in range(3):
        alone = product(A[np.newaxis], x[:, i : i + 1])
        assert value(carry(products(A, x)[:, i].copy(), bits)) == value(carry(alone[:, 0].copy(), bits))
        transposed = transposed_product(A[np.newaxis], r[:, i : i + 1], bits)
        assert value(carry(transposed_products(A, r)[:, i].copy(), bits)) == value(transposed[:, 0])
    first = [sum(map(Fraction, A[0, :, j].tolist()), ZERO) for j in range(70)]
    assert value(products(A, x)[:, 0])[0] == dot(first, value(x[:, 0]))
