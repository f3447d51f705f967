"""The judge, on every branch, and on answers known to be right and wrong."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.oracles import select
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.limits import STABLE, limits, regime, threshold
from lamm_robust.scoring.metrics import METRICS, score, score_each
from lamm_robust.scoring.verdicts import ANSWERS, judge, judge_all, shape_of
from lamm_robust.solvers.contracts import basic, full_rank, minimum_norm
from lamm_robust.strategies import problem
from lamm_robust.values import (
    PRECISIONS,
    UNIT_ROUNDOFF,
    Array,
    Ball,
    Certificate,
    Contract,
    Outcome,
    Precision,
    Problem,
    Regime,
    Status,
    Verdict,
)
from tests.support.problems import by_hand, problem_of, random_problem

ANY = minimum_norm("σ_i ≤ eps·σ₁ counts as zero")
SOME = basic("pivots")
FULL = full_rank("LinAlgError")

PERFECT = {metric.name: 0.0 for metric in METRICS if not metric.full_rank}


def truth_with(kappa: float, rank: int, m: int = 4, n: int = 4) -> Certificate:
    problem = problem_of(np.eye(m, n), np.ones(m))
    return by_hand(problem, rank, [0.0] * n, 0.0, kappa, 1.0)


def solved(x: Array | None = None, *, warned: bool = False) -> Outcome:
    return Outcome(Status.SOLVED, x=np.zeros(4) if x is None else x, warned=warned)


# --- regimes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_problem_is_resolvable_while_small_errors_leave_a_digit(precision: Precision) -> None:
    limit = 0.1 / UNIT_ROUNDOFF[precision] / {"float32": 20, "float64": 40}[precision]  # 10·√n, 10·√(mn)
    assert regime(truth_with(0.99 * limit, 4), precision) is Regime.RESOLVABLE
    assert regime(truth_with(1.01 * limit, 4), precision) is Regime.AMBIGUOUS
    assert regime(truth_with(0.99 * limit, 3), precision) is Regime.DEFICIENT
    assert regime(truth_with(1.01 * limit, 3), precision) is Regime.AMBIGUOUS


def test_the_limit_itself_is_resolvable_and_the_radius_of_kappa_counts() -> None:
    limit = Fraction(0.1) * 2**53 / 40  # small·u·κ is then 0.1 exactly
    truth = replace(truth_with(2.0, 4), kappa=Ball(limit))
    assert regime(truth, "float64") is Regime.RESOLVABLE
    unsure = replace(truth, kappa=Ball(limit, limit / 10**9))
    assert regime(unsure, "float64") is Regime.AMBIGUOUS


@pytest.mark.parametrize(("m", "n", "small"), [(16, 4, 80), (4, 16, 80), (400, 4, 200), (4, 400, 200), (9, 9, 90)])
def test_the_regime_depends_on_the_shape(m: int, n: int, small: float) -> None:
    limit = 0.1 * 2.0**53 / small  # 10·√(n·min(m, 100))
    rank = min(m, n)
    assert regime(truth_with(0.99 * limit, rank, m, n), "float64") is Regime.RESOLVABLE
    assert regime(truth_with(1.01 * limit, rank, m, n), "float64") is Regime.AMBIGUOUS
    assert limits(truth_with(2.0, rank, m, n), "float64").small == pytest.approx(small)


def test_full_rank_of_a_wide_matrix_is_its_number_of_rows() -> None:
    assert regime(truth_with(2.0, 3, 3, 5), "float64") is Regime.RESOLVABLE
    assert regime(truth_with(2.0, 2, 3, 5), "float64") is Regime.DEFICIENT


def test_the_zero_matrix_is_deficient() -> None:
    problem = problem_of([[0.0]], [1.0])
    truth = select("exact").certify(problem.A, problem.b)
    assert regime(truth, "float64") is Regime.DEFICIENT
    assert limits(truth, "float64").fit == 10 * 2.0**-53 * 3  # κ is taken as 1
    assert judged(problem, np.zeros(1)) is Verdict.BACKWARD_STABLE
    assert judged(problem, np.ones(1)) is Verdict.WRONG


def test_shapes_and_threshold() -> None:
    assert [shape_of(3, 2), shape_of(2, 2), shape_of(2, 3)] == ["tall", "square", "wide"]
    assert threshold("float64", 9, 4) == threshold("float64", 4, 9) == pytest.approx(60.0)
    assert threshold("float64", 100, 9) == threshold("float64", 10**6, 9) == pytest.approx(300.0)
    assert threshold("float64", 99, 9) < threshold("float64", 100, 9)
    assert threshold("float32", 9, 4) == threshold("float32", 1000, 4) == threshold("float32", 4, 9) == 20.0
    assert threshold("float32", 4000, 4) == 40.0
    assert threshold("float32", 10**5, 4) == threshold("float32", 10**6, 4) == pytest.approx(200.0)
    for precision in PRECISIONS:
        assert {threshold(precision, *shape) for shape in ((0, 5), (4, 0), (0, 0), (1, 1))} == {STABLE}
    assert STABLE == 10.0


# --- every branch of the judgement ---------------------------------------------------------------------------

SMALL, LARGE = 40.0, 40.1  # C√(mn) for 4×4, which still passes, and a little more

RESOLVABLE, AMBIGUOUS = 2.0, 2.0**45  # κ
UNIT = 2.0**-53 * 2  # uκ at κ = 2
NO_FIT = 2.0**-53 * 5  # u(1 + 2κ) at κ = 2
FIT = 40 * 2.0**-53 * 5  # C√(mn)·u·(1 + 2κ) at κ = 2

COLUMNS = {"columnwise_backward_error": 0.0, "columnwise_null_backward_error": 0.0}

CASES: tuple[tuple[Contract, int, float, dict[str, float], Verdict], ...] = (
    (ANY, 4, RESOLVABLE, {}, Verdict.BACKWARD_STABLE),
    (ANY, 4, RESOLVABLE, COLUMNS | {"columnwise_backward_error": SMALL}, Verdict.COLUMNWISE_STABLE),
    (ANY, 4, RESOLVABLE, COLUMNS | {"columnwise_backward_error": LARGE}, Verdict.BACKWARD_STABLE),
    (ANY, 4, RESOLVABLE, COLUMNS | {"backward_error": LARGE}, Verdict.COLUMNWISE_STABLE),
    # a digit that column-wise stable solvers have is asked of all
    (ANY, 4, RESOLVABLE, {"entry_error": 0.099}, Verdict.BACKWARD_STABLE),
    (ANY, 4, RESOLVABLE, {"entry_error": 0.1}, Verdict.WRONG),
    (ANY, 3, RESOLVABLE, {"entry_error": 0.1}, Verdict.WRONG),
    (SOME, 4, RESOLVABLE, {"entry_error": 0.1}, Verdict.WRONG),
    (SOME, 3, RESOLVABLE, {"entry_error": 0.1}, Verdict.BACKWARD_STABLE),
    (ANY, 4, RESOLVABLE, {"entry_error": 0.1, "backward_error": LARGE}, Verdict.WRONG),
    # an answer without a digit must be explained column by column
    (ANY, 4, RESOLVABLE, {"relative_error": 0.1, "columnwise_forward_error": SMALL}, Verdict.BACKWARD_STABLE),
    (ANY, 4, RESOLVABLE, {"relative_error": 0.1, "columnwise_forward_error": LARGE}, Verdict.WRONG),
    (ANY, 4, RESOLVABLE, {"relative_error": 0.099, "columnwise_forward_error": LARGE}, Verdict.BACKWARD_STABLE),
    (ANY, 3, RESOLVABLE, {"relative_error": 0.1, "forward_error": LARGE}, Verdict.WRONG),
    (SOME, 3, RESOLVABLE, {"relative_error": 0.1, "forward_error": LARGE}, Verdict.BACKWARD_STABLE),
    (SOME, 3, RESOLVABLE, {"residual_excess": FIT, "fit_error": 0.09}, Verdict.BACKWARD_STABLE),
    (SOME, 3, RESOLVABLE, {"residual_excess": 1.01 * FIT, "fit_error": 0.09}, Verdict.INACCURATE),
    (ANY, 4, RESOLVABLE, {"backward_error": SMALL}, Verdict.BACKWARD_STABLE),
    (ANY, 4, RESOLVABLE, {"backward_error": LARGE}, Verdict.FORWARD_STABLE),
    (ANY, 4, RESOLVABLE, {"backward_error": LARGE, "forward_error": SMALL}, Verdict.FORWARD_STABLE),
    (ANY, 4, RESOLVABLE, {"backward_error": LARGE, "residual_excess": FIT}, Verdict.FORWARD_STABLE),
    (ANY, 4, RESOLVABLE, {"backward_error": LARGE, "residual_excess": 1.01 * FIT}, Verdict.INACCURATE),
    # the fit must have a digit: here ‖Ax★‖/‖b‖ is residual_excess/fit_error, far above u(1 + 2κ)
    (ANY, 4, RESOLVABLE, {"fit_error": 0.099, "residual_excess": 0.099}, Verdict.BACKWARD_STABLE),
    (ANY, 4, RESOLVABLE, {"fit_error": 0.1, "residual_excess": 0.1, "relative_error": 1.0}, Verdict.WRONG),
    (SOME, 3, RESOLVABLE, {"fit_error": 0.1, "residual_excess": 0.1}, Verdict.WRONG),
    # unless rounding leaves none: b (almost) orthogonal to the range
    (ANY, 4, RESOLVABLE, {"fit_error": math.inf, "residual_excess": FIT}, Verdict.BACKWARD_STABLE),
    (ANY, 4, RESOLVABLE, {"fit_error": 1.0, "residual_excess": FIT}, Verdict.BACKWARD_STABLE),
    (ANY, 4, RESOLVABLE, {"fit_error": 0.5, "residual_excess": FIT}, Verdict.INACCURATE),
    (ANY, 4, RESOLVABLE, {"fit_error": 1.0, "residual_excess": 1.05 * FIT}, Verdict.INACCURATE),
    # an answer that is only near has fewer excuses
    (
        ANY,
        4,
        RESOLVABLE,
        {"fit_error": 1.0, "residual_excess": NO_FIT, "backward_error": LARGE},
        Verdict.FORWARD_STABLE,
    ),
    (ANY, 4, RESOLVABLE, {"fit_error": 0.5, "residual_excess": NO_FIT, "backward_error": LARGE}, Verdict.INACCURATE),
    (
        ANY,
        4,
        RESOLVABLE,
        {"backward_error": LARGE, "fit_error": math.inf, "residual_excess": FIT, "relative_error": math.inf},
        Verdict.FORWARD_STABLE,
    ),
    # explained by rounding, and yet without a digit: not stable, but no silent failure either
    (
        ANY,
        4,
        RESOLVABLE,
        {"backward_error": LARGE, "fit_error": 0.5, "residual_excess": FIT, "relative_error": 1.0},
        Verdict.INACCURATE,
    ),
    (ANY, 4, RESOLVABLE, {"backward_error": LARGE, "forward_error": LARGE}, Verdict.INACCURATE),
    (
        ANY,
        4,
        RESOLVABLE,
        {"backward_error": LARGE, "forward_error": LARGE, "relative_error": 0.099},
        Verdict.INACCURATE,
    ),
    (
        ANY,
        4,
        RESOLVABLE,
        {"backward_error": LARGE, "forward_error": LARGE, "relative_error": 0.1},
        Verdict.WRONG,
    ),
    # a solution that is not the shortest one
    (ANY, 3, RESOLVABLE, {"null_component": 0.099 / UNIT}, Verdict.BACKWARD_STABLE),
    (ANY, 3, RESOLVABLE, {"null_component": 0.1 / UNIT}, Verdict.FORWARD_STABLE),
    (
        ANY,
        3,
        RESOLVABLE,
        {"null_component": 0.1 / UNIT, "forward_error": LARGE, "relative_error": 1.0},
        Verdict.WRONG,
    ),
    # … or the shortest for no matrix near A
    (ANY, 3, RESOLVABLE, {"null_backward_error": SMALL}, Verdict.BACKWARD_STABLE),
    (ANY, 3, RESOLVABLE, {"null_backward_error": LARGE}, Verdict.FORWARD_STABLE),
    (SOME, 3, RESOLVABLE, {"null_backward_error": LARGE}, Verdict.BACKWARD_STABLE),
    (ANY, 4, RESOLVABLE, COLUMNS | {"columnwise_null_backward_error": SMALL}, Verdict.COLUMNWISE_STABLE),
    (ANY, 4, RESOLVABLE, COLUMNS | {"columnwise_null_backward_error": LARGE}, Verdict.BACKWARD_STABLE),
    (ANY, 4, AMBIGUOUS, {"null_backward_error": LARGE}, Verdict.INACCURATE),
    (ANY, 4, AMBIGUOUS, {"null_backward_error": LARGE, "residual_excess": 0.1}, Verdict.WRONG),
    (FULL, 3, AMBIGUOUS, {"null_backward_error": LARGE}, Verdict.BACKWARD_STABLE),
    (ANY, 3, AMBIGUOUS, {"null_backward_error": LARGE}, Verdict.INACCURATE),
    (SOME, 3, AMBIGUOUS, {"null_backward_error": LARGE}, Verdict.BACKWARD_STABLE),
    # any solution will do
    (
        SOME,
        3,
        RESOLVABLE,
        {"null_component": LARGE, "forward_error": LARGE, "relative_error": 1.0},
        Verdict.BACKWARD_STABLE,
    ),
    (SOME, 3, RESOLVABLE, {"backward_error": LARGE, "fit_error": 0.09, "residual_excess": 0.09}, Verdict.INACCURATE),
    (SOME, 3, RESOLVABLE, {"backward_error": LARGE, "fit_error": 0.1, "residual_excess": 0.1}, Verdict.WRONG),
    (SOME, 3, RESOLVABLE, {"backward_error": LARGE}, Verdict.INACCURATE),  # a fit alone is no distance to x★
    (
        SOME,
        3,
        RESOLVABLE,
        {"backward_error": LARGE, "forward_error": LARGE, "fit_error": 1.0, "residual_excess": FIT},
        Verdict.INACCURATE,
    ),
    (SOME, 4, RESOLVABLE, {"backward_error": LARGE, "forward_error": SMALL}, Verdict.FORWARD_STABLE),
    (SOME, 4, RESOLVABLE, {"null_component": 0.1 / UNIT, "forward_error": LARGE}, Verdict.INACCURATE),
    (FULL, 4, RESOLVABLE, {}, Verdict.BACKWARD_STABLE),
    (FULL, 3, RESOLVABLE, {}, Verdict.OUT_OF_CONTRACT),
    # beyond resolution only the backward error and the fit are judged
    (ANY, 4, AMBIGUOUS, {"forward_error": math.inf, "null_component": LARGE}, Verdict.BACKWARD_STABLE),
    (ANY, 4, AMBIGUOUS, {"backward_error": SMALL, "relative_error": 9.0}, Verdict.BACKWARD_STABLE),
    (ANY, 4, AMBIGUOUS, {"residual_error": SMALL}, Verdict.BACKWARD_STABLE),
    (ANY, 4, AMBIGUOUS, {"residual_error": SMALL, "residual_excess": 0.1}, Verdict.BACKWARD_STABLE),
    (ANY, 4, AMBIGUOUS, {"residual_error": LARGE, "residual_excess": 0.09}, Verdict.BACKWARD_STABLE),
    (ANY, 4, AMBIGUOUS, {"residual_error": LARGE, "residual_excess": 0.1}, Verdict.INACCURATE),
    (ANY, 4, AMBIGUOUS, {"backward_error": LARGE, "residual_excess": 0.0}, Verdict.INACCURATE),
    (ANY, 4, AMBIGUOUS, {"backward_error": LARGE, "relative_error": 9.0}, Verdict.INACCURATE),
    (ANY, 4, AMBIGUOUS, {"backward_error": LARGE, "truncated_error": SMALL}, Verdict.FORWARD_STABLE),
    (ANY, 4, AMBIGUOUS, {"backward_error": LARGE, "truncated_error": LARGE}, Verdict.INACCURATE),
    (ANY, 4, AMBIGUOUS, {"truncated_error": LARGE}, Verdict.BACKWARD_STABLE),
    (ANY, 4, AMBIGUOUS, COLUMNS | {"columnwise_backward_error": SMALL}, Verdict.COLUMNWISE_STABLE),
    # what fits nothing is wrong there, too
    (ANY, 4, AMBIGUOUS, {"backward_error": LARGE, "residual_excess": 0.099}, Verdict.INACCURATE),
    (ANY, 4, AMBIGUOUS, {"backward_error": LARGE, "residual_excess": 0.1}, Verdict.WRONG),
    (
        ANY,
        4,
        AMBIGUOUS,
        {"backward_error": LARGE, "residual_excess": 0.1, "truncated_error": SMALL},
        Verdict.FORWARD_STABLE,
    ),
)


@pytest.mark.parametrize(("contract", "rank", "kappa", "changed", "expected"), CASES)
def test_judgement(contract: Contract, rank: int, kappa: float, changed: dict[str, float], expected: Verdict) -> None:
    assert judge(contract, limits(truth_with(kappa, rank), "float64"), solved(), PERFECT | changed) is expected


def test_a_tenth_of_the_answer_outside_the_row_space_is_not_short() -> None:
    wide = replace(limits(truth_with(2.0, 3), "float64"), unit=0.1 / 32)
    for outside, expected in ((31.9, Verdict.BACKWARD_STABLE), (32.0, Verdict.FORWARD_STABLE)):
        assert judge(ANY, wide, solved(), PERFECT | {"null_component": outside}) is expected


def test_a_basic_solution_of_a_wide_system_of_full_rank_need_not_be_short() -> None:
    scores = PERFECT | {"forward_error": LARGE, "null_component": LARGE, "relative_error": 1.0}
    truth = truth_with(2.0, 3, 3, 5)
    outcome = Outcome(Status.SOLVED, x=np.zeros(5))
    assert judge(SOME, limits(truth, "float64"), outcome, scores) is Verdict.BACKWARD_STABLE
    assert judge(ANY, limits(truth, "float64"), outcome, scores) is Verdict.WRONG


def test_a_warning_makes_a_wrong_answer_inaccurate() -> None:
    scores = PERFECT | {"backward_error": LARGE, "forward_error": LARGE, "relative_error": 1.0}
    truth = truth_with(2.0, 4)
    assert judge(ANY, limits(truth, "float64"), solved(warned=False), scores) is Verdict.WRONG
    assert judge(ANY, limits(truth, "float64"), solved(warned=True), scores) is Verdict.INACCURATE
    beyond, nowhere = truth_with(AMBIGUOUS, 4), PERFECT | {"backward_error": LARGE, "residual_excess": 1.0}
    assert judge(ANY, limits(beyond, "float64"), solved(warned=False), nowhere) is Verdict.WRONG
    assert judge(ANY, limits(beyond, "float64"), solved(warned=True), nowhere) is Verdict.INACCURATE


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kappa", [RESOLVABLE, AMBIGUOUS])
def test_one_entry_that_is_not_finite_is_enough(bad: float, kappa: float) -> None:
    outcome = solved(np.array([0.0, bad, 0.0, 0.0]))
    assert judge(ANY, limits(truth_with(kappa, 4), "float64"), outcome, {}) is Verdict.NON_FINITE


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.CRASHED, Verdict.CRASHED),
        (Status.TIMED_OUT, Verdict.TIMED_OUT),
        (Status.FLAKY, Verdict.FLAKY),
        (Status.BAD_OUTPUT, Verdict.BAD_OUTPUT),
        (Status.REFUSED, Verdict.REFUSED),
        (Status.NOT_ATTEMPTED, Verdict.OUT_OF_CONTRACT),
    ],
)
def test_no_answer(status: Status, expected: Verdict) -> None:
    assert judge(ANY, limits(truth_with(2.0, 4), "float64"), Outcome(status), {}) is expected


def test_refusing_what_the_contract_excludes_is_no_defect_but_crashing_is() -> None:
    truth = truth_with(2.0, 3)
    assert judge(FULL, limits(truth, "float64"), Outcome(Status.REFUSED), {}) is Verdict.OUT_OF_CONTRACT
    assert judge(FULL, limits(truth, "float64"), Outcome(Status.CRASHED), {}) is Verdict.CRASHED
    assert judge(ANY, limits(truth, "float64"), Outcome(Status.REFUSED), {}) is Verdict.REFUSED


# --- answers that are known to be wrong, and one that is right ---------------------------------------------


def judged(problem: Problem, x: Array, contract: Contract = ANY) -> Verdict:
    truth = select("exact").certify(problem.A, problem.b)
    precision = problem.key.dtype
    scores = score(Frame(problem, truth), x)
    return judge(contract, limits(truth, precision), Outcome(Status.SOLVED, x=x), scores)


def star(problem: Problem) -> Array:
    truth = select("exact").certify(problem.A, problem.b)
    x: Array = np.ldexp(truth.x[0], truth.exponent).astype(problem.A.dtype)
    return x


def kappa(problem: Problem) -> float:
    return float(np.linalg.cond(problem.A.astype(np.float64)))


GOOD = (Verdict.COLUMNWISE_STABLE, Verdict.BACKWARD_STABLE, Verdict.FORWARD_STABLE)
PROBLEMS = tuple(
    random_problem(m, n, log10_cond, residual, seed=7, dtype=dtype)
    for (m, n), log10_cond, residual in itertools.product(((12, 4), (5, 5)), (0, 3), (1e-6, 1.0))
    for dtype in PRECISIONS
)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: f"{p.m}x{p.n}-{p.key.dtype}")
def test_the_rounded_truth_passes_and_known_wrong_answers_do_not(problem: Problem) -> None:
    x = star(problem)
    assert judged(problem, x) is Verdict.COLUMNWISE_STABLE
    stretched = judged(problem, x * problem.A.dtype.type(1 + 1e-3))
    # at κ = 1e3, a thousandth is within what rounding to float32 explains: only there may it pass
    assert stretched not in GOOD or (problem.key.dtype == "float32" and kappa(problem) > 100)
    assert judged(problem, np.zeros_like(x)) is Verdict.WRONG
    assert judged(problem, -x) is Verdict.WRONG


@pytest.mark.parametrize(("residual", "direction"), [(1e-9, 0), (1e-9, 1), (1e-9, 2), (1.0, 2)])
def test_forward_threshold_is_two_sided(residual: float, direction: int) -> None:
    """Truth plus 0.9 times the allowed number of Wedin bounds passes as forward stable; plus 10 times does not."""
    problem = random_problem(12, 3, 4, residual, seed=3)
    truth = select("exact").certify(problem.A, problem.b)
    frame = Frame(problem, truth)
    unit = np.linalg.svd(problem.A)[2][direction]
    x = star(problem)
    one = score(frame, x + 1e-6 * unit)["forward_error"] / 1e-6
    allowed = threshold("float64", problem.m, problem.n) / one
    near, far = (
        score(frame, x + factor * allowed * unit)["forward_error"] / threshold("float64", 12, 3) for factor in (0.9, 10)
    )
    assert near == pytest.approx(0.9, rel=1e-2)
    assert far == pytest.approx(10, rel=1e-2)
    assert judged(problem, x + 0.9 * allowed * unit) in GOOD
    assert judged(problem, x + 10 * allowed * unit) not in GOOD


def test_what_kappa_squared_excuses_in_x_is_not_excused_in_the_fit() -> None:
    """With a large residual the forward bound is wide along the leading direction too; the fit is not."""
    problem = random_problem(12, 3, 4, 1.0, seed=3)
    truth = select("exact").certify(problem.A, problem.b)
    leading = np.linalg.svd(problem.A)[2][0]
    x = star(problem)
    one = score(Frame(problem, truth), x + 1e-6 * leading)["forward_error"] / 1e-6
    shifted = x + 0.9 * threshold("float64", 12, 3) / one * leading
    assert score(Frame(problem, truth), shifted)["forward_error"] < threshold("float64", 12, 3)
    assert judged(problem, shifted) is Verdict.INACCURATE


def test_the_constant_in_the_backward_error_does_not_let_zero_pass() -> None:
    """Near the limit of resolution a change of 21 u‖A‖_F makes A singular and x = 0 a solution."""
    A = np.eye(10)
    A[9, 9] = 2.0**-18
    problem = problem_of(A, np.eye(10)[9], "float32")
    x = star(problem)
    truth = select("exact").certify(problem.A, problem.b)
    assert score(Frame(problem, truth), np.zeros(10, np.float32))["backward_error"] < threshold("float32", 10, 10)
    assert judged(problem, np.zeros(10, np.float32)) not in GOOD
    assert judged(problem, -x) is Verdict.WRONG
    assert judged(problem, x) is Verdict.COLUMNWISE_STABLE


@pytest.mark.parametrize("seed", range(5))
def test_rounding_is_no_silent_failure_where_b_is_orthogonal_to_the_range(seed: int) -> None:
    generator = np.random.default_rng(seed)
    M = generator.integers(-50, 50, (6, 3)).astype(float)
    M[:, 2] += M[:, 1] * 2.0**20
    y = generator.integers(-50, 50, 6).astype(float)
    problem = problem_of(np.vstack([M, M]), np.concatenate([y, -y]))
    assert not np.any(star(problem))
    x = np.linalg.pinv(problem.A) @ problem.b
    assert judged(problem, x) in GOOD
    assert judged(problem, x + 1.0) is Verdict.WRONG


def test_zero_never_passes_where_the_residual_hides_everything() -> None:
    """κ²‖r★‖ is so large that x = 0 and x★/2 are within rounding of x★; their fits are not."""
    problem = random_problem(30, 10, 12, 1e3, seed=1)
    for x in (np.zeros(10), star(problem) / 2):
        assert judged(problem, x) not in GOOD
    assert judged(problem, star(problem)) is Verdict.COLUMNWISE_STABLE


def test_the_longer_solution_of_a_deficient_problem_is_wrong_only_where_the_norm_is_promised() -> None:
    A = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])
    problem = problem_of(A, [1.0, 2.0, 4.0])
    short = star(problem)
    long = short + np.array([2.0, -1.0])
    assert judged(problem, short) is Verdict.BACKWARD_STABLE
    assert judged(problem, long) is Verdict.WRONG
    assert judged(problem, long, SOME) is Verdict.BACKWARD_STABLE
    assert judged(problem, long, FULL) is Verdict.OUT_OF_CONTRACT
    slightly = short + 1e-3 * np.array([2.0, -1.0])
    assert judged(problem, slightly) is Verdict.INACCURATE


def test_rank_error_is_no_part_of_the_verdict() -> None:
    problem = random_problem(6, 3, 1, 0.1, seed=0)
    truth = select("exact").certify(problem.A, problem.b)
    outcome = Outcome(Status.SOLVED, x=star(problem), rank=1)
    scores = score(Frame(problem, truth), star(problem)) | {"rank_error": -2.0}
    verdicts = {judge(ANY, limits(truth, "float64"), o, scores) for o in (outcome, replace(outcome, rank=None))}
    assert verdicts == {Verdict.COLUMNWISE_STABLE}


# --- several right-hand sides -----------------------------------------------------------------------------


def verdict_on(A: list[list[float]], b: list[list[float]], x: list[list[float]]) -> Verdict:
    problem = problem_of(A, b)
    truth = select("exact").certify(problem.A, problem.b)
    (columns,) = score_each([Frame(problem, truth)], [np.array(x)])
    return judge_all(ANY, limits(truth, "float64"), solved(np.array(x)), columns)


def test_the_worst_right_hand_side_decides() -> None:
    A, b = [[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]], [[1.0, 0.0], [2.0, 0.0], [3.0, 1.0]]
    assert verdict_on(A, b, [[1.0, 0.0], [1.0, 0.0]]) is Verdict.COLUMNWISE_STABLE
    assert verdict_on(A, b, [[1.0, 1e-20], [1.0, 0.0]]) is Verdict.COLUMNWISE_STABLE  # x★ = 0 has no digits to lose
    assert verdict_on(A, b, [[1.0, 0.2], [1.0, 0.0]]) is Verdict.WRONG  # but so much is no rounding error of b
    assert verdict_on(A, b, [[1 + 1e-11, 1e-20], [1.0, 0.0]]) is Verdict.INACCURATE
    assert verdict_on(A, b, [[1 + 1e-11, 0.0], [1.0, 0.0]]) is Verdict.INACCURATE


def test_verdicts_on_right_hand_sides_are_ordered_from_the_best_to_the_worst() -> None:
    changes = [
        COLUMNS,
        {},
        {"backward_error": LARGE},
        {"backward_error": LARGE, "forward_error": LARGE},
        {"backward_error": LARGE, "forward_error": LARGE, "relative_error": 1.0},
    ]
    columns, known = [PERFECT | change for change in changes], limits(truth_with(2.0, 4), "float64")
    assert [judge_all(ANY, known, solved(), [column]) for column in columns] == list(ANSWERS)
    for (i, one), (k, other) in itertools.product(enumerate(columns), repeat=2):
        assert judge_all(ANY, known, solved(), [one, other]) is ANSWERS[max(i, k)]


def test_one_right_hand_side_does_not_excuse_another() -> None:
    A, b = [[1.0, 1.0], [1.0, 1.000000000004], [0.0, 0.0]], [[0.001, 0.0], [0.001, 0.0], [1.0, 1.0]]
    lost = [[0.0, 1e-300], [0.0, 0.0]]  # x★ = (0.001, 0) of the first is lost, the second is right
    assert verdict_on(A, [row[:1] for row in b], [[0.0], [0.0]]) is Verdict.INACCURATE
    assert verdict_on(A, b, lost) is Verdict.INACCURATE


def test_a_tiny_right_hand_side_counts_as_much_as_a_huge_one() -> None:
    A = [[1.0, 1.0], [1.0, 2.0], [1.0, 4.0]]
    b = [[1e300, 1e-300], [2e300, 2e-300], [5e300, 7e-300]]
    problem = problem_of(A, b)
    x = select("exact").certify(problem.A, problem.b)
    right = np.ldexp(x.x[0], x.exponent)
    assert verdict_on(A, b, right.tolist()) is Verdict.COLUMNWISE_STABLE
    assert verdict_on(A, b, (right * [1.0, -1000.0]).tolist()) is Verdict.WRONG


def test_no_scores_are_needed_where_there_is_no_answer() -> None:
    refused = Outcome(Status.REFUSED, message="singular")
    assert judge_all(ANY, limits(truth_with(1.0, 4), "float64"), refused, []) is Verdict.REFUSED


# --- other precisions ------------------------------------------------------------------------------------


def rounded(values: Array, bits: int) -> Array:
    """The values with so many bits, as products on a GPU take them: 11 in TF32, 8 in bfloat16."""
    mantissa, exponent = np.frexp(np.asarray(values, np.float64))
    return np.asarray(np.ldexp(np.rint(mantissa * 2**bits) / 2**bits, exponent), values.dtype)


@pytest.mark.parametrize(("m", "n"), [(10, 10), (30, 10), (64, 64), (200, 20)])
def test_fewer_bits_are_not_taken_for_float32(m: int, n: int) -> None:
    """What is computed of inputs in TF32 or bfloat16 errs by more than rounding in float32, at κ = 1 and 100."""
    for log10_cond in (0, 2):
        values = f"m={m} n={n} mode=geometric log10_cond={log10_cond} residual=0.0 direction=random seed=0"
        asked = problem(f"spectrum {values} dtype=float32")
        assert asked.verdict(np.linalg.lstsq(asked.A, asked.b, rcond=None)[0]) == Verdict.COLUMNWISE_STABLE
        for bits in (8, 11):
            other = np.linalg.lstsq(rounded(asked.A, bits), asked.b, rcond=None)[0]
            assert asked.verdict(other) not in GOOD, (bits, log10_cond)
            if log10_cond == 0:  # with κ = 100, rounding A moves x by nearly as much
                assert asked.verdict(rounded(asked.x.astype(np.float32), bits)) not in GOOD, bits
