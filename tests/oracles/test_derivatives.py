"""The exact derivatives, beside differences of pseudo-inverses along curves of constant rank, without rounding."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lamm_robust.oracles.derivatives import differentiate
from lamm_robust.values import Directions, NotCertifiedError
from tests.support.rational import pseudo_inverse

STEP = Fraction(1, 10**30)
"""The step of the differences: their error is of the size of its square, since they are symmetric."""

CASES = [(5, 3, 3), (3, 5, 3), (4, 4, 4), (5, 4, 2), (3, 5, 1), (4, 4, 3), (3, 2, 0)]
"""(m, n, rank): tall, wide, square, and deficient ones."""

Matrix = Any
"""An array of Fractions."""


def rational(values: Any) -> Matrix:
    return np.vectorize(lambda v: Fraction(int(v)), otypes=[object])(values)


def plus(A: Matrix) -> Matrix:
    return np.array(pseudo_inverse(A.tolist()), dtype=object) if A.any() else A.T * 0


def drawn(m: int, n: int, rank: int, k: int) -> tuple[Matrix, ...]:
    """A of the rank, b, E, F, db and c, all small whole numbers."""
    rng = np.random.default_rng([m, n, rank, k])
    left, right = rng.integers(-3, 4, (m, rank)), rng.integers(-3, 4, (rank, n))
    others = (rng.integers(-3, 4, shape) for shape in ((m, k), (m, m), (n, n), (m, k), (n, k)))
    return tuple(map(rational, (left @ right, *others)))


def exact(found: Any, name: str) -> Matrix:
    leading, rest = found.values[name]
    return np.vectorize(Fraction)(leading) + np.vectorize(Fraction)(rest)


def floats(*values: Matrix) -> Any:
    return [v.astype(np.float64) for v in values]


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("m", "n", "rank"), CASES)
def test_derivatives_are_limits_of_differences(m: int, n: int, rank: int, k: int) -> None:
    """x moves with (I + tE)A(I + tF) and b + t·db, which keep the rank; ⟨c, x⟩ moves as its gradients say."""
    A, b, E, F, db, c = drawn(m, n, rank, k)
    dA = E @ A + A @ F
    A_, b_, dA_, db_, c_ = floats(A, b, dA, db, c)
    found = differentiate(A_, b_, Directions(dA_, db_, c_))

    def x(t: Fraction, *, by_A: bool) -> Matrix:
        moved = (rational(np.eye(m)) + t * E) @ A @ (rational(np.eye(n)) + t * F) if by_A else A
        return plus(moved) @ (b if by_A else b + t * db)

    for name, gradient, direction, by_A in (("jvp_A", "vjp_A", dA, True), ("jvp_b", "vjp_b", db, False)):
        difference = (x(STEP, by_A=by_A) - x(-STEP, by_A=by_A)) / (2 * STEP)
        size = max(1, np.abs(difference).max())
        assert np.abs(exact(found, name) - difference).max() <= size * Fraction(1, 10**28)
        change = (c * difference).sum()
        assert abs((exact(found, gradient) * direction).sum() - change) <= size * Fraction(1, 10**25)


@pytest.mark.parametrize(("m", "n", "rank"), CASES)
def test_gradients_have_no_part_that_changes_the_rank(m: int, n: int, rank: int) -> None:
    """(I − AA⁺)G(I − A⁺A) = 0, and the derivative along such a direction is 0, however large it is."""
    A, b, E, F, db, c = drawn(m, n, rank, 1)
    P, N = rational(np.eye(m)) - A @ plus(A), rational(np.eye(n)) - plus(A) @ A
    A_, b_, dA_, db_, c_ = floats(A, b, P @ (E @ np.ones((m, n), int) + np.ones((m, n), int) @ F) @ N, db, c)
    found = differentiate(A_, b_, Directions(dA_, db_, c_))
    rest = P @ exact(found, "vjp_A") @ N
    assert np.abs(rest).max() <= Fraction(1, 10**28) * max(1, np.abs(found.values["vjp_A"][0]).max())
    assert np.abs(found.values["jvp_A"][0]).max() <= 1e-12 * max(1, np.abs(dA_).max() * np.abs(b_).max())


def test_shapes_are_those_of_x_a_and_b() -> None:
    A, ones = np.eye(3, 2), np.ones
    found = differentiate(A, ones(3), Directions(A, ones(3), ones(2)))
    assert [found.values[name].shape for name in found.values] == [(2, 2), (2, 2), (2, 3, 2), (2, 3)]


def test_scales_are_exact() -> None:
    """Of A·2^p and b·2^q each derivative is the same times a power of two."""
    A, b = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]), np.array([1.0, -1.0, 2.0])
    dA, db, c = A[::-1] + 0.5, np.ones(3), np.array([1.0, -2.0])
    one = differentiate(A, b, Directions(dA, db, c)).values
    other = differentiate(A * 2.0**40, b * 2.0**-30, Directions(dA, db, c)).values
    for name, power in (("jvp_A", -110), ("jvp_b", -40), ("vjp_A", -110), ("vjp_b", -40)):
        assert np.array_equal(np.ldexp(one[name], power), other[name])


def test_what_has_no_derivative_is_refused() -> None:
    nothing = np.zeros((3, 0))
    with pytest.raises(NotCertifiedError, match="empty"):
        differentiate(nothing, np.ones(3), Directions(nothing, np.ones(3), np.ones(0)))
    tiny = np.eye(2) * 2.0**-1000
    with pytest.raises(NotCertifiedError, match="range"):
        differentiate(tiny, np.ones(2), Directions(np.eye(2), np.ones(2), np.ones(2)))
