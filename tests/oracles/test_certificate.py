"""How truths are stored: every radius is checked to hold, and to be hardly larger than needed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.oracles import stored
from lamm_robust.oracles.certificate import Spectrum, norm_above, seal, split
from lamm_robust.oracles.exact import certify
from lamm_robust.values import UNIT_ROUNDOFF, Ball, Certificate, NotCertifiedError

ONE = Ball(Fraction(1))
THIRD = Fraction(1, 3)


def rebuilt(parts: np.ndarray, exponents: list[int]) -> list[Fraction]:
    return [Fraction(2) ** e * sum(map(Fraction, entry)) for e, entry in zip(exponents, parts.T.tolist(), strict=True)]


def sealed(
    x: Fraction, x_error: Fraction = Fraction(0), dtype: str = "float64", sigma: Ball = ONE, offset: int = 0
) -> Certificate:
    data = np.ones((1, 1), dtype=dtype), np.ones(1, dtype=dtype)
    truth = Spectrum(1, sigma, ONE)
    return seal("test", data, truth, [x], [ONE], offset=offset, x_errors=[x_error], started=0.0)


@pytest.mark.parametrize("power", [-3000, -1074, -1, 0, 1, 1023, 3000])
def test_split_round_trip(power: int) -> None:
    values = [
        THIRD * Fraction(2) ** power,
        -Fraction(22, 7) * Fraction(2) ** power,
        Fraction(0),
        Fraction(1, 10**30) * Fraction(2) ** power,
    ]
    parts, exponents, errors = split(values)
    assert parts.shape == (4, 4)
    for value, back, error in zip(values, rebuilt(parts, exponents), errors, strict=True):
        assert abs(value - back) <= error <= abs(value) / 2**208
        assert abs(value - back) >= Fraction(99, 100) * error
    assert (np.abs(parts[1:]) <= np.abs(parts[:-1]) * 2.0**-53).all()
    assert 0.25 <= np.abs(parts[0][parts[0] != 0]).min() <= np.abs(parts[0]).max() <= 1


@pytest.mark.parametrize(
    "values",
    [
        [Fraction(1, 4), Fraction(-3)],
        [Fraction(0), Fraction(0)],
        [Fraction(2**212 - 1, 2**100)],
        [Fraction(1, 2**5000), Fraction(2) ** 5000],
    ],
)
def test_short_dyadic_values_are_stored_exactly(values: list[Fraction]) -> None:
    parts, exponents, errors = split(values)
    assert rebuilt(parts, exponents) == values
    assert not any(errors)


def test_every_entry_keeps_its_own_digits() -> None:
    values = [Fraction(1), THIRD / 10**900]
    parts, exponents, _ = split(values)
    assert abs(rebuilt(parts, exponents)[1] / values[1] - 1) < Fraction(1, 10**60)


def test_norm_above() -> None:
    assert norm_above([Fraction(0), Fraction(0)]) == 0
    assert norm_above([Fraction(3), Fraction(-4)]) == 5
    assert 2 < norm_above([Fraction(1), Fraction(1)]) ** 2 <= 2 + Fraction(1, 10**60)


def test_right_hand_sides_of_any_scale_are_certified_apart() -> None:
    A = np.array([[3.0]])
    table = stored(certify(A, np.array([[1.0, 1e-300]])))
    assert abs(table[0, 1] * 3 / Fraction(1e-300) - 1) < Fraction(1, 10**60)
    spread = stored(certify(np.diag([1e-200, 1e100]), np.ones(2)))
    assert abs(spread[1] * Fraction(1e100) - 1) < Fraction(1, 10**60)


def test_each_right_hand_side_must_be_known_by_itself() -> None:
    data = np.ones((1, 1)), np.ones((1, 2))
    truth = Spectrum(1, ONE, ONE)
    x, tiny = [Fraction(1), Fraction(1, 10**30)], Fraction(1, 10**32)
    with pytest.raises(NotCertifiedError):
        seal("test", data, truth, x, [ONE, ONE], x_errors=[tiny, tiny], started=0.0)
    seal("test", data, truth, x, [ONE, ONE], x_errors=[tiny, tiny**2], started=0.0)


def test_stored_has_the_shape_of_x() -> None:
    A = np.array([[3.0, 0.0], [0.0, 5.0]])
    flat = stored(certify(A, np.array([1.0, 1.0])))
    table = stored(certify(A, np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])))
    assert flat.shape == (2,)
    assert table.shape == (2, 3)
    assert abs(table[1, 2] - Fraction(3, 5)) < Fraction(1, 10**60)
    assert abs(table[0, 1] - Fraction(2, 3)) < Fraction(1, 10**60)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("offset", [0, -2000])
def test_radius_is_held_against_the_precision(dtype: str, offset: int) -> None:
    share = Fraction(UNIT_ROUNDOFF[dtype]) / 1000
    fine = sealed(THIRD, share * THIRD * Fraction(99, 100), dtype, offset=offset)
    assert Fraction(98, 100) < fine.x_radius / (share * THIRD * Fraction(2) ** offset) <= 1
    with pytest.raises(NotCertifiedError, match=rf"x is known only to 2\^-\d+ of its largest entry; {dtype}"):
        sealed(THIRD, share * THIRD * Fraction(101, 100), dtype, offset=offset)


def test_a_solution_that_may_be_zero_is_refused() -> None:
    with pytest.raises(NotCertifiedError, match="it may be zero"):
        sealed(Fraction(0), Fraction(1, 10**80))
    assert sealed(Fraction(0)).x_radius == 0


def test_loose_singular_values_are_refused() -> None:
    assert sealed(Fraction(1), sigma=Ball(Fraction(1), Fraction(99, 10**11))).sigma_max.radius > 0
    with pytest.raises(NotCertifiedError, match="σ₁ is not known"):
        sealed(Fraction(1), sigma=Ball(Fraction(1), Fraction(101, 10**11)))
