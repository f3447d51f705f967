"""The rulers, measured: against paper, against high precision, and against answers known to be wrong."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest

from lamm_robust.oracles import select, stored
from lamm_robust.scoring.frame import Frame, norm
from lamm_robust.scoring.metrics import METRICS, ratio, score
from lamm_robust.values import UNIT_ROUNDOFF, Array, NotCertifiedError, Precision, Problem
from tests.support.problems import by_hand, problem_of, random_problem

U = 2.0**-53


def frame_of(problem: Problem) -> Frame:
    return Frame(problem, select("exact").certify(problem.A, problem.b))


def paper() -> tuple[Problem, Frame]:
    """A = [diag(4, 2); 0], b = (4, 2, 3): x★ = (1, 1), ‖r★‖ = 3, σ = (4, 2), κ = 2, ‖A‖_F = √20, ‖b‖ = √29."""
    problem = problem_of([[4, 0], [0, 2], [0, 0]], [4, 2, 3])
    return problem, Frame(problem, by_hand(problem, 2, [1.0, 1.0], 3.0, 4.0, 2.0))


def test_every_score_by_hand() -> None:
    _, frame = paper()
    e = 2.0**-20  # x̂ = (1, 1 + e): r̂ = (0, −2e, 3), Aᵀr̂ = (0, −4e)
    found = score(frame, np.array([1.0, 1.0 + e]))
    wedin = U * 2 * (2 * math.sqrt(2) + 3 * 3 / 4)
    residual = math.sqrt(9 + 4 * e * e)
    size = math.sqrt(1 + (1 + e) ** 2)
    expected = {
        "forward_error": e / wedin,
        "relative_error": e / math.sqrt(2),
        "backward_error": 4 * e / math.sqrt(size**2 * 4 + residual**2) / (U * math.sqrt(20)),
        "residual_excess": 2 * e / math.sqrt(29),
        "fit_error": 2 * e / math.sqrt(20),
        "residual_error": 4 * e * e / (residual + 3) / (U * (math.sqrt(29) + 4 * math.sqrt(2))),
        "orthogonality": 4 * e / (4 * residual) / U,
        "norm_excess": size / math.sqrt(2) - 1,
        "null_component": 0.0,
        "null_backward_error": 0.0,
        "entry_error": e,  # of an entry far above what rounding explains
    }
    # by_hand says nothing of columns of one size, so there the problem is taken as it is
    twice = ("forward_error", "backward_error", "null_backward_error")
    expected |= {f"columnwise_{name}": expected[name] for name in twice}
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert set(found) == {metric.name for metric in METRICS}


def test_residual_error_is_the_growth_of_the_residual() -> None:
    problem, frame = paper()
    x = np.array([1.0, 3.0])  # r̂ = (0, −4, 3)
    assert np.linalg.norm(problem.b - problem.A @ x) == 5.0
    expected = (5 - 3) / (U * (math.sqrt(29) + 4 * math.sqrt(2)))
    assert score(frame, x)["residual_error"] == pytest.approx(expected, rel=1e-12)


def test_null_component_by_hand() -> None:
    # A = [2 0], b = (2): x★ = (1, 0), the null space is the second axis, κ = 1
    problem = problem_of([[2.0, 0.0]], [2.0])
    frame = Frame(problem, by_hand(problem, 1, [1.0, 0.0], 0.0, 2.0, 2.0))
    found = score(frame, np.array([1.0, 0.75]))
    assert found["null_component"] == pytest.approx(0.75 / (U * 1.25))
    assert found["norm_excess"] == pytest.approx(0.25)
    assert found["backward_error"] == 0.0  # it is a least-squares solution all the same


def test_null_component_is_in_units_of_kappa() -> None:
    # diag(4, 1) beside a zero column: κ = 4
    problem = problem_of([[4.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [4.0, 1.0])
    frame = Frame(problem, by_hand(problem, 2, [1.0, 1.0, 0.0], 0.0, 4.0, 1.0))
    found = score(frame, np.array([1.0, 1.0, 0.5]))
    assert found["null_component"] == pytest.approx(0.5 / (U * 4 * 1.5))


def test_the_null_component_of_an_answer_far_shorter_than_the_solution_is_its_own() -> None:
    """Its distance to x★, which has the same part outside, is 10¹² times as long, and so are the errors in it."""
    problem = random_problem(3, 8, 1, 0.0, seed=2)
    frame = frame_of(problem)
    x = np.ldexp(frame.truth.x[0], frame.truth.exponent - 40)
    assert score(frame, x)["null_component"] < 10
    outside = np.linalg.svd(problem.A)[2][-1] * np.linalg.norm(x) * 1e-3
    assert score(frame, x + outside)["null_component"] == pytest.approx(1e-3 / (U * frame.kappa), rel=1e-3)


def test_the_truth_scores_zero() -> None:
    _, frame = paper()
    assert set(score(frame, np.array([1.0, 1.0])).values()) == {0.0}


def test_zero_matrix_accepts_only_zero() -> None:
    problem = problem_of([[0.0, 0.0], [0.0, 0.0]], [1.0, 1.0])
    frame = frame_of(problem)
    assert set(score(frame, np.zeros(2)).values()) == {0.0}
    wrong = score(frame, np.array([1.0, 0.0]))
    assert wrong["forward_error"] == math.inf
    assert wrong["norm_excess"] == math.inf
    assert wrong["null_component"] == 1 / U  # the whole of x̂, with κ = 1 for want of a better one


def test_zero_right_hand_side() -> None:
    frame = frame_of(problem_of([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], [0.0, 0.0, 0.0]))
    assert set(score(frame, np.zeros(2)).values()) == {0.0}
    assert score(frame, np.array([1e-30, 0.0]))["forward_error"] == math.inf


def test_several_right_hand_sides_score_as_their_worst() -> None:
    A = [[4.0, 0.0], [0.0, 2.0], [0.0, 0.0]]
    both = frame_of(problem_of(A, [[4.0, 1.0], [2.0, 5.0], [3.0, 0.0]]))
    x = np.array([[1.0, 0.25], [1.0, 2.5 * (1 + 2.0**-20)]])
    second = frame_of(problem_of(A, [1.0, 5.0, 0.0]))
    alone = score(second, x[:, 1])
    found = score(both, x)
    assert found["relative_error"] == pytest.approx(alone["relative_error"], rel=1e-12)
    assert found["backward_error"] == pytest.approx(alone["backward_error"], rel=1e-12)


def test_the_worst_norm_excess_is_the_largest_in_size() -> None:
    problem = problem_of([[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [0.0, 0.0]])
    found = score(frame_of(problem), np.array([[1.25, 0.25], [0.0, 0.0]]))
    assert found["norm_excess"] == -0.75


@pytest.mark.parametrize(("a", "b"), [(600, 600), (-900, -900), (900, 100), (0, -900)])
def test_scores_do_not_depend_on_scale(a: int, b: int) -> None:
    plain = random_problem(6, 3, 5, 1e-3, seed=4)
    scaled = problem_of(np.ldexp(plain.A, a), np.ldexp(plain.b, b))
    x = np.linalg.lstsq(plain.A, plain.b, rcond=None)[0] * (1 + 1e-9)
    expected = score(frame_of(plain), x)
    assert score(frame_of(scaled), np.ldexp(x, b - a)) == pytest.approx(expected, rel=1e-9)


def test_a_condition_number_that_scores_cannot_hold_is_refused() -> None:
    with pytest.raises(NotCertifiedError, match="beyond 2"):
        frame_of(problem_of(np.diag([1e300, 1e-300]), [1.0, 1.0]))
    wide = frame_of(problem_of(np.diag([1e130, 1e-130]), [1.0, 1.0]))
    found = score(wide, np.array([1e-130, 1e130]))
    assert found["relative_error"] < 1e-15
    assert found["backward_error"] < 1


def test_absurdly_large_answers_are_infinitely_wrong() -> None:
    problem, frame = paper()
    for x in ([1e300, 1.0], [-1e300, 1.0]):
        assert set(score(frame, np.array(x)).values()) == {math.inf}
    huge = frame_of(problem_of(np.ldexp(problem.A, 600), problem.b))
    assert set(score(huge, np.array([1e300, 1.0])).values()) == {math.inf}
    one = frame_of(problem_of([[1.0]], [1.0]))
    assert set(score(one, np.array([2.0**900])).values()) == {math.inf}
    found = score(one, np.array([-np.nextafter(2.0**900, 0)]))  # its square overflows, and no score does
    assert found["relative_error"] == found["norm_excess"] == pytest.approx(2.0**900)


def test_a_frame_refuses_the_truth_of_another_problem() -> None:
    problem, frame = paper()
    other = problem_of(problem.A, problem.b + 1)
    with pytest.raises(ValueError, match="another problem"):
        Frame(other, frame.truth)


def test_ratio_and_norm() -> None:
    assert ratio(np.array([0.0, 1.0, -1.0, 0.0]), np.array([0.0, 0.0, 4.0, 2.0])).tolist() == [
        0.0,
        math.inf,
        -0.25,
        0.0,
    ]
    vectors = np.array([[3e200, -4e200], [3e-300, 4e-300], [0.0, 0.0], [5e-324, 0.0], [0.0, -2.0]])
    assert norm(vectors).tolist() == pytest.approx([5e200, 5e-300, 0.0, 5e-324, 2.0], rel=1e-15, abs=0.0)
    assert norm(np.asfortranarray(vectors)[0]) == pytest.approx(5e200, rel=1e-15)


# --- forward error, against 60 digits --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_forward_error_sees_digits_that_float64_cannot(dtype: Precision) -> None:
    problem = random_problem(8, 3, 3, 1e-2, seed=1, dtype=dtype)
    frame = frame_of(problem)
    x = np.ldexp(frame.truth.x[0], frame.truth.exponent).astype(dtype)  # x★ correctly rounded
    with mpmath.workdps(60):
        star = [mpmath.mpf(value.numerator) / value.denominator for value in stored(frame.truth)]
        error = mpmath.norm([mpmath.mpf(float(value)) - s for value, s in zip(x, star, strict=True)])
        size = mpmath.norm(star)
        u, kappa = mpmath.mpf(UNIT_ROUNDOFF[dtype]), mpmath.mpf(float(frame.truth.kappa or 0))
        residual = mpmath.mpf(float(frame.truth.residual_norm[0]))
        wedin = u * kappa * (2 * size + (kappa + 1) * residual / mpmath.mpf(float(frame.truth.sigma_max)))
        expected = float(error / wedin)
    found = score(frame, x)
    assert found["forward_error"] == pytest.approx(expected, rel=1e-12)
    assert 0 < found["relative_error"] <= UNIT_ROUNDOFF[dtype]


# --- backward error, against the exact optimum -----------------------------------------------------------


def optimal_backward_error(A: Array, b: Array, x: Array) -> float:
    """Waldén, Karlson and Sun (1995), in 50 digits: min(η, σ_min[A, η(I − rr⁺)]) with η = ‖r‖/‖x‖, over u‖A‖_F."""
    with mpmath.workdps(50):
        M, v = mpmath.matrix(A.tolist()), mpmath.matrix(x.tolist())
        r = mpmath.matrix(b.tolist()) - M * v
        eta = mpmath.norm(r) / mpmath.norm(v)
        m, n = A.shape
        wide = mpmath.zeros(m, n + m)
        wide[:, :n] = M
        wide[:, n:] = eta * (mpmath.eye(m) - r * r.T / mpmath.norm(r) ** 2)
        smallest = min(mpmath.svd_r(wide.T, compute_uv=False))
        frobenius = mpmath.sqrt(mpmath.fsum(entry**2 for entry in A.ravel().tolist()))
        return float(min(eta, smallest) / (U * frobenius))


def by_qr(A: Array, b: Array) -> Array:
    Q, R = np.linalg.qr(A)
    return np.linalg.solve(R, Q.T @ b)


def by_normal_equations(A: Array, b: Array) -> Array:
    return np.linalg.solve(A.T @ A, A.T @ b)


def by_pinv(A: Array, b: Array) -> Array:
    return np.linalg.pinv(A) @ b


@pytest.mark.parametrize("solve", [by_qr, by_normal_equations, by_pinv])
@pytest.mark.parametrize("residual", [1e-12, 1e-4, 1.0, 1e4])
@pytest.mark.parametrize("log10_cond", [0, 3, 6])
def test_backward_error_is_within_root_two_of_the_optimum(
    solve: Callable[[Array, Array], Array], residual: float, log10_cond: float
) -> None:
    problem = random_problem(6, 3, log10_cond, residual, seed=int(log10_cond))
    x = solve(problem.A, problem.b)
    found = score(frame_of(problem), x)["backward_error"]
    optimum = optimal_backward_error(problem.A, problem.b, x)
    # the estimate lies in [optimum/√2·…, optimum]: 0.758 to 1.000 were seen over 500 solves; a percent for float64
    assert 0.70 * optimum <= found <= 1.01 * optimum


def test_backward_error_tells_pinv_from_qr() -> None:
    """Forward error alone would call both good."""
    problem = random_problem(30, 10, 8, 1e-8, seed=2)
    frame = frame_of(problem)
    good, bad = (score(frame, solve(problem.A, problem.b)) for solve in (by_qr, by_pinv))
    assert max(good["forward_error"], bad["forward_error"]) < 10
    assert good["backward_error"] < 5
    assert bad["backward_error"] > 1e4
