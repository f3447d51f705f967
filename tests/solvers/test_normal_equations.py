"""What distinguishes the ways around AᵀA from AᵀA itself, and from each other."""

from __future__ import annotations

import numpy as np
import pytest

from lamm_robust.scoring.limits import threshold
from lamm_robust.values import Device, Precision, Status
from tests.support.problems import problem_of, random_problem
from tests.support.solving import answer, scores, tried

SMALL = threshold("float64", 60, 12)
"""The largest backward error that counts as rounding: 268."""


@pytest.fixture(autouse=True)
def _on_the_cpu(device: Device) -> None:
    if device != "cpu":
        pytest.skip("what an algorithm is does not depend on the device")


def hard(precision: Precision) -> tuple[float, float]:
    """log₁₀κ and ‖r‖/‖Ax‖ of problems on which the normal equations lose everything that they can."""
    return (4, 1e-6) if precision == "float32" else (7, 1e-12)


def test_peters_and_wilkinson_keep_the_condition_out_of_what_they_square(precision: Precision) -> None:
    problem = random_problem(60, 12, *hard(precision), seed=1, dtype=precision)
    wilkinson, normal = scores(problem, "scipy-peters-wilkinson", "scipy-normal-lu")
    assert wilkinson["backward_error"] < SMALL / 10
    assert normal["backward_error"] > SMALL


def test_peters_and_wilkinson_is_as_far_from_the_gram_matrix_as_can_be(precision: Precision) -> None:
    """κ² is far beyond 1/u here: nothing that forms AᵀA has a digit left, and Cholesky of it breaks down."""
    log10_cond = 5.5 if precision == "float32" else 12
    wilkinson, normal = scores(
        random_problem(60, 12, log10_cond, 1e-6, seed=1, dtype=precision),
        "scipy-peters-wilkinson",
        "scipy-normal-cholesky",
    )
    assert wilkinson["forward_error"] < SMALL
    assert normal["forward_error"] == np.inf


def test_seminormal_equations_need_their_correction(precision: Precision) -> None:
    problem = random_problem(60, 12, *hard(precision), seed=1, dtype=precision)
    plain, corrected, normal = scores(problem, "scipy-seminormal", "scipy-seminormal-corrected", "scipy-normal-lu")
    assert plain["backward_error"] > SMALL, "R of a QR, but its square is solved with"
    assert normal["backward_error"] > SMALL
    assert corrected["backward_error"] < SMALL / 10


def test_one_correction_is_not_enough_where_kappa_squared_is_far_beyond_the_precision() -> None:
    corrected, qr = scores(random_problem(60, 12, 12, 1e-12, seed=1), "scipy-seminormal-corrected", "scipy-qr")
    assert corrected["forward_error"] > SMALL
    assert qr["backward_error"] < 10


@pytest.mark.parametrize("name", ["scipy-seminormal", "scipy-seminormal-corrected"])
def test_seminormal_equations_refuse_a_zero_on_the_diagonal(name: str, precision: Precision) -> None:
    outcome = tried(name, problem_of([[1, 0], [2, 0], [3, 0]], [1, 2, 3], precision))
    assert outcome.status is Status.REFUSED
    assert "zero on its diagonal" in outcome.message


@pytest.mark.parametrize("name", ["numpy-normal-inv", "numpy-left-inverse"])
def test_an_explicit_inverse_is_worse_than_solving_the_same_equations(name: str, precision: Precision) -> None:
    log10_cond = 2.5 if precision == "float32" else 5
    problem = random_problem(60, 12, log10_cond, 1e-3, seed=1, dtype=precision)
    inverse, solved = scores(problem, name, "numpy-normal-lu")
    assert inverse["backward_error"] > 10 * solved["backward_error"]
    assert inverse["relative_error"] < 0.1


def test_the_two_readings_of_the_textbook_formula_differ(precision: Precision) -> None:
    problem = random_problem(60, 12, 2, 0.1, seed=1, dtype=precision)
    inv, left = answer("numpy-normal-inv", problem), answer("numpy-left-inverse", problem)
    A, b = problem.A, problem.b
    assert np.array_equal(left, (np.linalg.inv(A.T @ A) @ A.T) @ b)
    assert np.array_equal(inv, np.linalg.inv(A.T @ A) @ (A.T @ b))
    assert not np.array_equal(inv, left)


@pytest.mark.parametrize("name", ["numpy-normal-lu-scaled", "numpy-lstsq-scaled", "scipy-lsqr-scaled", "scipy-fossils"])
def test_column_scaling_makes_powers_of_two_in_columns_harmless(name: str, precision: Precision) -> None:
    """With columns of length 1, A·D is the same problem for every D of powers of two: the same bits times D⁻¹."""
    problem = random_problem(20, 5, 1, 0.1, seed=4, dtype=precision)
    powers = np.array([0, -30, 7, -12, 25])
    scaled = problem_of(np.ldexp(problem.A, powers), problem.b, precision)
    assert np.array_equal(answer(name, scaled), np.ldexp(answer(name, problem), -powers))
    assert not np.array_equal(
        answer("scipy-lsqr-tight", scaled), np.ldexp(answer("scipy-lsqr-tight", problem), -powers)
    )


def test_scaling_keeps_columns_that_a_cutoff_would_drop(precision: Precision) -> None:
    scale = np.array([1, 2.0**-60])
    problem = problem_of(np.array([[1, 1], [1, 2], [1, 3], [1, 5]]) * scale, [1, 2, 3, 5], precision)
    assert np.allclose(answer("numpy-lstsq-scaled", problem) * scale, [0, 1], atol=1e-5)
    assert not np.allclose(answer("numpy-lstsq", problem) * scale, [0, 1], atol=0.1)
