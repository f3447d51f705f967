"""Columns of very different size: what is a failure column by column, though small beside the whole of A."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.linalg

from lamm_robust import catalog
from lamm_robust.keys import parse_key
from lamm_robust.oracles import select
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.limits import limits
from lamm_robust.scoring.metrics import score
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Certified, Truths
from lamm_robust.scoring.verdicts import judge
from lamm_robust.solvers.contracts import basic, minimum_norm
from lamm_robust.values import Array, Case, Outcome, Problem, Regime, Status, Variant, Verdict
from tests.support.problems import problem_of, random_problem
from tests.support.solving import named, tried

ANY, SOME = minimum_norm("none"), basic("pivots")


def judged(problem: Problem, x: Array, basic_only: bool = False) -> Verdict:
    truth = select("auto").certify(problem.A, problem.b)
    x = np.asarray(x, dtype=problem.A.dtype)
    outcome = Outcome(Status.SOLVED, x=x)
    contract = SOME if basic_only else ANY
    return judge(contract, limits(truth, problem.key.dtype), outcome, score(Frame(problem, truth), x))


def householder(A: Array, b: Array) -> Array:
    Q, R = scipy.linalg.qr(A, mode="economic")
    x: Array = scipy.linalg.solve_triangular(R, Q.T @ b)
    return x


def lstsq(A: Array, b: Array) -> Array:
    x: Array = np.linalg.lstsq(A, b, rcond=None)[0]
    return x


def pinv(A: Array, b: Array) -> Array:
    x: Array = np.linalg.pinv(A) @ b
    return x


def line(start: float, step: float, y: list[float], noise: float = 0.0) -> Problem:
    t = start + step * np.arange(len(y))
    return problem_of(np.column_stack([np.ones(len(y)), t]), y)


TIMES = line(1.7e9, 60.0, [20, 21, 23, 24, 26, 27])
"""Temperatures over seconds since 1970: the slope is 17/700 degrees a second."""

LINES = {
    "unix times": TIMES,
    "unix times in milliseconds": line(1.7e12, 60_000.0, [20, 21, 23, 24, 26, 27]),
    "counters near 2^32": line(2.0**32, 1.0, [1, 3, 5, 7, 9]),
    "counters near 10^8": line(1e8, 1.0, [1, 3, 5, 7, 9]),
    "orthogonal columns": problem_of([[1.0, 0.0], [0.0, 1e-20]], [1.0, 1.0]),
    "units": problem_of([[1e-9, 3e6], [2e-9, -1e6], [5e-9, 2e6]], [1.0, 2.0, 2.0]),
    "parabola over years": problem_of(np.vander(np.arange(1900.0, 2021.0, 20), 3), [7.0, 6, 4, 5, 4, 2, 1]),
}


@pytest.mark.parametrize("name", LINES)
def test_householder_qr_is_stable_column_by_column(name: str) -> None:
    problem = LINES[name]
    assert judged(problem, householder(problem.A, problem.b)) is Verdict.COLUMNWISE_STABLE


@pytest.mark.parametrize("solve", [lstsq, pinv])
@pytest.mark.parametrize("name", ["unix times", "counters near 2^32", "counters near 10^8", "orthogonal columns"])
def test_a_slope_without_a_digit_is_wrong_whatever_the_norm_of_a_excuses(
    name: str, solve: Callable[[Array, Array], Array]
) -> None:
    problem = LINES[name]
    x = solve(problem.A, problem.b)
    truth = select("exact").certify(problem.A, problem.b)
    assert score(Frame(problem, truth), x)["backward_error"] < 10  # as a whole, A need change by rounding only
    assert judged(problem, x) is Verdict.WRONG


def test_the_slope_of_a_line_over_unix_times_in_numbers() -> None:
    truth = select("exact").certify(TIMES.A, TIMES.b)
    assert float(truth.kappa or 0) == pytest.approx(2.8e16, rel=0.05)
    assert float(truth.kappa_columns or 0) == pytest.approx(3.7e7, rel=0.05)
    found, u = limits(truth, "float64"), 2.0**-53
    assert found.regime is Regime.RESOLVABLE
    assert found.lost == pytest.approx(u * 2 * float(truth.kappa_columns or 0), rel=1e-6)
    assert found.unit == pytest.approx(u * float(truth.kappa or 0), rel=1e-6)
    assert found.only_columns
    assert found.fit == pytest.approx(found.small * found.lost, rel=1e-6)  # of columns of one size: A asks nothing
    assert found.unique
    intercept, slope = 141 / 6 - 17 / 700 * 1700000150, 17 / 700  # through the mean, by hand
    assert judged(TIMES, np.array([intercept, slope])) is Verdict.COLUMNWISE_STABLE
    assert judged(TIMES, np.array([0.0, 1.4e-8])) is Verdict.WRONG
    assert judged(TIMES, np.array([intercept, slope + 1e-13])) is Verdict.BACKWARD_STABLE  # digits, and too few


def test_a_digit_is_asked_only_where_a_change_of_the_columns_leaves_one() -> None:
    """Of the second entry in 2.6e-15·x₂, beside 1·x₁: twenty units of rounding in the first column hide it."""
    problem = problem_of([[1.0, 0.0], [0.0, 2.6e-15]], [1.0, 2.6e-15])
    truth = select("exact").certify(problem.A, problem.b)
    assert score(Frame(problem, truth), np.array([1.0, 1.9]))["entry_error"] == 0.0
    assert judged(problem, np.array([1.0, 1000.0])) is Verdict.WRONG  # but no change of the columns explains this


def test_wide_systems_are_judged_row_by_row() -> None:
    generator = np.random.default_rng(3)
    A = generator.standard_normal((3, 6)) * np.array([[1.0], [1e-9], [1e9]])
    problem = problem_of(A, A @ generator.standard_normal(6))
    Q, R = scipy.linalg.qr(A.T, mode="economic")
    x = Q @ scipy.linalg.solve_triangular(R, problem.b, trans="T")
    assert judged(problem, x) is Verdict.COLUMNWISE_STABLE
    truth = select("exact").certify(problem.A, problem.b)
    assert float(truth.kappa or 0) > 1e17
    assert float(truth.kappa_columns or 0) < 20
    without = np.linalg.lstsq(A[[0, 2]], problem.b[[0, 2]], rcond=None)[0]  # the second row is lost
    assert judged(problem, without) is Verdict.WRONG


@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e120])
def test_the_size_of_a_column_changes_no_score_by_columns(scale: float) -> None:
    problem = random_problem(12, 4, 5, 1e-2, seed=1)
    power = 2.0 ** np.round(np.log2(scale))
    D = np.array([1.0, power, 1.0, 1 / power])
    x = householder(problem.A, problem.b)
    names = ("columnwise_backward_error", "columnwise_forward_error", "entry_error")
    found = []
    for factors in (np.ones(4), D):
        scaled = problem_of(problem.A * factors, problem.b)
        truth = select("exact").certify(scaled.A, scaled.b)
        found.append([score(Frame(scaled, truth), x / factors)[name] for name in names])
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_rank_deficient_problems_have_no_score_by_columns() -> None:
    problem = problem_of([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]], [1.0, 2.0, 4.0])
    truth = select("exact").certify(problem.A, problem.b)
    assert truth.equilibrated is None
    assert truth.kappa_columns is truth.kappa
    found = score(Frame(problem, truth), np.zeros(2))
    assert not [name for name in found if name.startswith("columnwise")]
    assert found["entry_error"] == 1.0


def test_a_column_of_zeros_hides_no_other_column() -> None:
    wider = problem_of(np.column_stack([TIMES.A, np.zeros(6)]), TIMES.b)
    right = np.append(householder(TIMES.A, TIMES.b), 0.0)
    assert judged(wider, right) is Verdict.COLUMNWISE_STABLE
    assert judged(wider, lstsq(wider.A, wider.b)) is Verdict.WRONG
    longer = right + np.array([0.0, 0.0, 1e-6 * np.linalg.norm(right)])
    assert judged(wider, longer) is Verdict.BACKWARD_STABLE  # by a change beside the times that dwarfs zeros and ones


@pytest.mark.parametrize(
    "key",
    [
        "spectrum m=30 n=10 mode=one_large log10_cond=5 residual=1.0 direction=random seed=0 dtype=float32",
        "orthogonal matrix=stiff seed=1 dtype=float32",
    ],
)
def test_a_cutoff_excuses_no_answer_that_fits_nothing(key: str) -> None:
    """A large residual makes the Wedin bound of A_k⁺b so wide that it excuses any x; the fit is known all the same."""
    name = "normal-pinv" if key.startswith("spectrum") else "pinv"
    certified = Truths(catalog.build_problem, select("auto")).certify(parse_key(key))
    assert isinstance(certified, Certified)
    outcome, solver = tried(f"numpy-{name}", certified.problem), named(f"numpy-{name}")
    found = record(Case(certified.problem.key, Variant("numpy", name, "float32", "cpu")), certified, solver, outcome)
    assert found.regime is Regime.AMBIGUOUS
    assert found.scores["residual_excess"] > 10
    assert found.verdict is Verdict.WRONG


@pytest.mark.parametrize("shape", [(3, 0), (0, 2), (0, 0)])
def test_matrices_without_entries_have_no_score_by_columns(shape: tuple[int, int]) -> None:
    problem = problem_of(np.zeros(shape), np.ones(shape[0]))
    found = score(Frame(problem, select("exact").certify(problem.A, problem.b)), np.zeros(shape[1]))
    assert not [name for name in found if name.startswith("columnwise")]
    assert set(found.values()) == {0.0}


def test_any_solution_will_do_but_its_length_must_not_cost_the_fit() -> None:
    problem = problem_of([[3.0, 5.0, 7.0]], [1.0])
    assert judged(problem, np.array([2.0, -1.0, 0.0]), basic_only=True) is Verdict.COLUMNWISE_STABLE
    long = np.array([4e14 + 1 / 3, -2.4e14, 0.0])  # 3·x₁ + 5·x₂ is 1 in exact numbers, and 0.9375 as stored
    assert judged(problem, long, basic_only=True) is Verdict.INACCURATE


def test_lapack_is_not_at_fault_where_rounding_leaves_no_fit() -> None:
    """b is orthogonal to the range of A but for rounding: ‖Ax★‖ is 4u‖b‖."""
    b = [6.655163764953613, -0.9340486526489244, -0.5636892318725559, -0.47088241577148393]
    problem = problem_of([[1.0], [3.0], [6.0], [1.0]], b)
    assert judged(problem, lstsq(problem.A, problem.b)) is Verdict.COLUMNWISE_STABLE


def test_a_float32_answer_of_the_bug_report_is_wrong_among_ten_thousand_rows() -> None:
    problem = catalog.build_problem(parse_key("field report=jax-13105 dtype=float32"))
    assert judged(problem, np.array([2020.0, 2020.0])) is Verdict.COLUMNWISE_STABLE
    assert judged(problem, np.array([0.303, 2020.303])) is Verdict.WRONG


@pytest.mark.parametrize("x", [[1e30, 1e30], [0.0, 0.0], [-3e15, 7e15]])
def test_what_fits_nothing_is_wrong_beyond_the_precision_too(x: list[float]) -> None:
    problem = problem_of([[1.0, 1.0], [1.0, 1.0 + 2.0**-52]], [1.0, 2.0])
    assert limits(select("exact").certify(problem.A, problem.b), "float64").regime is Regime.AMBIGUOUS
    assert judged(problem, np.array(x)) is Verdict.WRONG
    assert judged(problem, np.array([1.5, 0.0])) is not Verdict.WRONG  # it halves b, as the pseudo-inverse does
