"""Wide systems: every equation has its own size, and the shortest solution is that of a matrix near A, or it is not."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from lamm_robust.oracles import select
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.metrics import score
from lamm_robust.values import Array, Problem, Verdict
from tests.scoring.test_columnwise import judged
from tests.support.problems import problem_of

BACKWARD = (Verdict.COLUMNWISE_STABLE, Verdict.BACKWARD_STABLE)


def star(problem: Problem) -> Array:
    truth = select("exact").certify(problem.A, problem.b)
    x: Array = np.ldexp(truth.x[0], truth.exponent).astype(problem.A.dtype)
    return x


def lq(A: Array, b: Array) -> Array:
    Q, R = scipy.linalg.qr(A.T, mode="economic")
    x: Array = Q @ scipy.linalg.solve_triangular(R, b, trans="T")
    return x


# --- rows of different size ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_answers_that_are_right_row_by_row_pass_whatever_the_sizes_of_the_rows(seed: int) -> None:
    generator = np.random.default_rng(seed)
    n = int(generator.integers(3, 5))
    A = generator.integers(-6, 7, (2, n)).astype(float)
    A[1] *= 10.0 ** generator.integers(8, 18)
    problem = problem_of(A, generator.integers(1, 9, 2).astype(float))
    x = star(problem)
    for answer in (x, np.nextafter(x, np.inf), np.nextafter(x, 0.0), lq(problem.A, problem.b)):
        assert judged(problem, answer) is Verdict.COLUMNWISE_STABLE


def test_an_equation_that_is_not_met_is_no_solution_however_small_its_row_is() -> None:
    problem = problem_of([[1.0, 0.0, 0.0], [0.0, 1e-20, 0.0]], [1.0, 1e-20])
    for x in ([1.0, -1e17, 1e15], [1.0, 0.0, 0.0]):
        assert judged(problem, np.array(x), basic_only=True) is Verdict.WRONG
    assert judged(problem, np.array([1.0, 1.0, 1e3]), basic_only=True) in BACKWARD


def test_fits_of_wide_systems_are_measured_with_rows_of_one_size_where_these_are_resolvable() -> None:
    A = np.array([[1.0, 0.0, 0.0], [0.0, 2.0**-60, 0.0]])
    problem = problem_of(A, [1.0, 2.0**-60])
    found = score(Frame(problem, select("exact").certify(A, problem.b)), np.array([1.0, 1.5, 0.0]))
    assert found["residual_excess"] == found["fit_error"] == pytest.approx(0.5 / np.sqrt(2), rel=1e-15)
    parallel = problem_of(np.array([[1.0, 0.0, 0.0], [1.0, 2.0**-60, 0.0]]), [1.0, 1.0])
    found = score(Frame(parallel, select("exact").certify(parallel.A, parallel.b)), np.array([1.0, 2.0**59, 0.0]))
    assert found["fit_error"] == pytest.approx(0.5 / np.sqrt(2), rel=1e-15)  # as stored


# --- the shortest solution ----------------------------------------------------------------------------------


def test_the_part_outside_the_row_space_by_hand() -> None:
    """y = A⁺ᵀx̂ is (1, 2¹⁰), so a change of A by u‖A‖_F makes a part of 2¹⁰·u‖A‖_F, roughly; x̂ has e."""
    A, e = np.array([[1.0, 0.0, 0.0], [0.0, 2.0**-10, 0.0]]), 2.0**-30
    problem = problem_of(A, [1.0, 2.0**-10])
    found = score(Frame(problem, select("exact").certify(A, problem.b)), np.array([1.0, 1.0, e]))
    size = np.sqrt(1 + 2.0**-20)
    assert found["null_backward_error"] == pytest.approx(e / (2.0**-53 * size * np.hypot(1, 2.0**10)), rel=1e-12)
    by_rows = np.sqrt(2) * np.hypot(1, 1)  # both rows have norm 1, and so y is (1, 1); powers of two cancel
    assert found["columnwise_null_backward_error"] == pytest.approx(e / (2.0**-53 * by_rows), rel=1e-12)


@pytest.mark.parametrize(
    ("A", "b", "x", "expected"),
    [
        ([[1, 0, 0], [0, 1e-20, 0]], [1, 1e-20], [1, 1, 0.13], Verdict.BACKWARD_STABLE),  # a change of row 2 as stored
        ([[1, 0, 0], [0, 1e-20, 0]], [1, 1e-20], [1, 1, 0.15], Verdict.WRONG),  # too, and more than a tenth of x
        ([[1, 0, 0], [1, 1e-10, 0]], [1, 1], [1, 0, 1e-6], Verdict.FORWARD_STABLE),  # no change puts 1e-6 there
        ([[1, 0, 0], [1, 1e-10, 0]], [1, 1], [1, 0, 1e-15], Verdict.COLUMNWISE_STABLE),
        ([[1, 0, 0], [0, 1e-10, 0], [0, 0, 0]], [1, 0, 0], [1, 0, 1e-6], Verdict.FORWARD_STABLE),  # rank 2 of 3
        ([[1, 0, 0], [0, 1e-10, 0], [0, 0, 0]], [1, 1e-10, 0], [1, 1, 1e-6], Verdict.BACKWARD_STABLE),  # y is long
        ([[1, 1, 0], [1, 1 + 2.0**-52, 0]], [1, 1], [1, 0, 1e12], Verdict.INACCURATE),  # beyond the precision
    ],
)
def test_a_part_outside_the_row_space_needs_a_change_of_a_that_puts_it_there(
    A: list[list[float]], b: list[float], x: list[float], expected: Verdict
) -> None:
    problem = problem_of(np.array(A, dtype=float), b)
    assert judged(problem, np.array(x)) is expected
    assert judged(problem, star(problem)) in BACKWARD


@pytest.mark.parametrize("seed", range(10))
def test_honest_solvers_find_the_shortest_solution_of_a_matrix_near_a(seed: int) -> None:
    generator = np.random.default_rng(seed)
    A = generator.standard_normal((4, 9)) * np.logspace(0, -seed, 4)[:, np.newaxis]
    A[3] = A[2] + 10.0**-seed * A[3]
    problem = problem_of(A, generator.standard_normal(4))
    frame = Frame(problem, select("exact").certify(problem.A, problem.b))
    for x in (lq(problem.A, problem.b), np.linalg.lstsq(problem.A, problem.b, rcond=None)[0]):
        assert score(frame, x)["null_backward_error"] < 10
    assert score(frame, lq(problem.A, problem.b))["columnwise_null_backward_error"] < 10


def test_a_change_of_a_as_a_whole_may_cost_a_small_row_digits_but_not_all() -> None:
    """A row of 2⁻³⁰ moves by u‖A‖, 2³⁰ units of its own; so its equation is met to seven digits, not to sixteen."""
    problem = problem_of([[1.0, 0.0, 0.0], [0.0, 2.0**-30, 0.0]], [1.0, 2.0**-30])
    near, far = np.array([1.0, 1.0 + 2.0**-23, 0.0]), np.array([1.0, 0.7, 0.0])
    assert judged(problem, near) is judged(problem, near, basic_only=True) is Verdict.BACKWARD_STABLE
    assert judged(problem, far) is judged(problem, far, basic_only=True) is Verdict.WRONG
