"""Answers to long problems: whole numbers in the place of rows."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from lamm_robust.error_free import Doubles
from lamm_robust.oracles import select
from lamm_robust.scoring import frame as frames
from lamm_robust.scoring import long
from lamm_robust.scoring.fine import quotient
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.long import gram_of, root, rounded
from lamm_robust.scoring.metrics import score
from lamm_robust.values import Problem
from tests.support.problems import problem_of


def counted(rows: int) -> Problem:
    """A line through 0, 1, 2, … with noise that is 1 and −1 in turn: sums that are known by formulas."""
    i = np.arange(rows, dtype=np.float64)
    return problem_of(np.column_stack([np.ones(rows), i]), (-1.0) ** i)


def framed(problem: Problem) -> Frame:
    return Frame(problem, select("auto").certify(problem.A, problem.b))


@pytest.mark.parametrize("rows", [1000, 20_000])
def test_residuals_and_gradients_are_those_of_formulas(rows: int) -> None:
    """For x̂ = (p, q), r̂ᵢ = ±1 − p − qi: its sums and those of its squares are polynomials of the number of rows."""
    problem, (p, q) = counted(rows), (Fraction(3, 1024), Fraction(-5, 4096))
    frame = framed(problem)
    gram, (a, b) = frame.gram, (frame.a_exponent, int(frame.b_exponents[0]))
    assert gram
    x = np.ldexp([float(p), float(q)], frame.x_shifts[0])
    length, gradient = gram.residual(x.tolist(), 0)
    one, first, second = rows, Fraction(rows * (rows - 1), 2), Fraction((rows - 1) * rows * (2 * rows - 1), 6)
    signs = Fraction(-rows, 2)  # Σ (−1)ⁱ i for an even number of rows; Σ (−1)ⁱ is 0
    square = one + p**2 * one + q**2 * second + 2 * p * q * first - 2 * q * signs
    along = -p * one - q * first, signs - p * first - q * second
    assert math.ldexp(length, b) == pytest.approx(math.sqrt(square), rel=1e-15)
    assert [math.ldexp(value, a + b) for value in gradient] == [float(value) for value in along]


def test_no_row_is_looked_at_once_the_sums_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "matrix_digits", None)
    monkeypatch.setattr(frames, "exact_images", None)
    frame = framed(counted(1000))
    assert score(frame, np.array([0.0, 1e-3]))["backward_error"] > 1e6


def test_a_problem_is_long_by_its_rows_and_few_columns_and_a_moderate_range() -> None:
    def known(A: Doubles, sides: int = 1) -> bool:
        return gram_of(A, np.full((len(A), sides), 0.25)) is not None

    A = np.full((long.LONG, 8), 0.25)
    assert known(A)
    assert not known(A[1:])
    assert known(A, 8)
    assert not known(A, 9)
    assert not known(A[:, :0])
    A[0] = 1e-300
    assert not known(A)


def test_roots_and_roundings_round_once() -> None:
    """Just above the middle between two doubles, by a bit that is far behind: the upper one is nearest."""
    middle = 2**53 + 1  # of 2⁵³ and 2⁵³ + 2
    for bits in (80, 200, 400):
        assert rounded((middle << bits) + 1, -bits) == 2.0**53 + 2
        assert rounded(-(middle << bits) - 1, -bits) == -(2.0**53) - 2
        assert root((middle << bits) ** 2 + 1, -2 * bits) == 2.0**53 + 2
        assert root((middle << bits) ** 2 - 1, -2 * bits) == 2.0**53


@pytest.mark.parametrize("exponent", [-1001, -64, 0, 7, 100])
def test_roots_and_roundings_are_those_of_many_digits(exponent: int) -> None:
    for number in (0, 1, 2, 3**5, 10**40 + 1, 2**200 - 1, 7**300):
        with mpmath.workdps(400):
            exact = mpmath.ldexp(mpmath.mpf(number), exponent)
            right, nearest = float(mpmath.sqrt(exact)), float(exact)
        assert root(number, exponent) == right
        assert rounded(number, exponent) == nearest
        assert rounded(-number, exponent) == -nearest


@pytest.mark.parametrize("log2_scale", [0, -300, 300])
@pytest.mark.parametrize("distance", [2.0**-26, 2.0**-50, 0.0])
def test_backward_errors_beyond_float64_are_those_of_ball_arithmetic(distance: float, log2_scale: int) -> None:
    """Two columns so close that float64 holds no digit of what tells them apart; or that are the same."""
    i = np.arange(1000, dtype=np.float64)
    A = np.column_stack([np.ones(1000), i / 1024, i / 1024 + distance * (i % 3)])
    A[:, 0] = np.ldexp(A[:, 0], log2_scale // 2)
    frame = framed(problem_of(A, np.cos(i)))
    assert frame.gram
    for x in ([0.5, -0.25, 0.25], [0.0, 0.0, 0.0], [1e-30, 1e20, -1e20], frame.x_star[0, :, 0].tolist()):
        right = frame.fine.backward_error(frame.b[:, 0], np.array(x))
        assert quotient(*frame.gram.normal(x, 0)) == pytest.approx(right, rel=3e-16)


def test_without_a_gradient_there_is_no_backward_error() -> None:
    frame = framed(problem_of(np.full((1000, 2), 0.5), np.full(1000, 0.25)))
    assert frame.gram
    right = frame.x_star[0, :, 0].tolist()
    assert quotient(*frame.gram.normal(right, 0)) == 0.0
    assert quotient(*frame.gram.normal([right[0], 2 * right[1]], 0)) > 0.0
