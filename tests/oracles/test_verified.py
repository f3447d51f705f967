"""The verified oracle, many problems at once, and the oracle that chooses."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from lamm_robust.oracles import auto, ball, certify_all, exact, stored, verified
from lamm_robust.values import Array, Certificate, NotCertifiedError
from tests.support.hard import why_false
from tests.support.problems import problem_of, random_problem

# --- certificates -----------------------------------------------------------------------------------------------------

SHAPES = [(1, 1), (7, 1), (30, 10), (12, 12), (5, 20), (600, 3), (3, 600)]


def relative_radius(certificate: Certificate) -> float:
    """Its radius over the size of the largest entry of x."""
    return float(certificate.x_radius / max(abs(entry) for entry in stored(certificate).flat))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("m", "n"), SHAPES)
@pytest.mark.parametrize("log10_cond", [0.0, 5.0, 12.0])
def test_full_rank_is_proved_sharply(m: int, n: int, log10_cond: float, dtype: str) -> None:
    problem = random_problem(m, n, log10_cond if dtype == "float64" else log10_cond / 2, 0.5, 7, dtype)  # type: ignore[arg-type]
    found = verified.certify(problem.A, problem.b)
    assert found.method == "verified"
    assert found.rank == min(m, n)
    assert relative_radius(found) <= 1e-20
    assert not why_false(found, exact.certify(problem.A, problem.b))


def test_square_and_wide_problems_have_no_residual() -> None:
    for m, n in ((4, 4), (3, 5)):
        problem = random_problem(m, n, 3.0, 1.0, 1)
        (norm,) = verified.certify(problem.A, problem.b).residual_norm
        assert norm.mid == norm.radius == 0


def test_a_consistent_system_leaves_a_residual_of_hardly_anything() -> None:
    (norm,) = verified.certify(np.array([[1.0], [0.0]]), np.array([1.0, 0.0])).residual_norm
    assert norm.mid == 0
    assert norm.radius < 1e-140


def test_several_right_hand_sides_some_of_them_zero() -> None:
    A = random_problem(9, 4, 4.0, 1.0, 2).A
    b = np.random.default_rng(1).standard_normal((9, 3)) * [1.0, 0.0, 1e-200]
    found = verified.certify(A, b)
    assert found.x.shape == (4, 4, 3)
    assert not found.x[:, :, 1].any()
    assert found.residual_norm[1].mid == 0
    assert not why_false(found, exact.certify(A, b))


def test_a_dyadic_answer_is_exact_to_the_last_digit_of_the_residual() -> None:
    A = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    b = np.array([0.5, 3.0, 1 / 3])
    found = verified.certify(A, b)
    assert not why_false(found, exact.certify(A, b))
    assert float(found.residual_norm[0]) == 1 / 3


REFUSED = {
    "deficient": (np.ones((3, 2)), np.arange(3.0), "full rank is not proved"),
    "zero": (np.zeros((3, 2)), np.arange(3.0), "full rank is not proved"),
    "scaled too badly": (np.array([[1.0], [2.0**-900]]), np.ones(2), "entries of a column of A"),
    "scaled too badly, wide": (np.array([[1.0, 2.0**-900]]), np.ones(1), "entries of a row of A"),
    "orthogonal right-hand side": (np.array([[3.0], [1.0]]), np.array([1.0, -3.0]), "x may be zero"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_proved_is_refused_with_the_reason(kind: str) -> None:
    A, b, sentence = REFUSED[kind]
    with pytest.raises(NotCertifiedError, match=f"verified: .*{sentence}"):
        verified.certify(A, b)
    assert not why_false(ball.certify(A, b), exact.certify(A, b))


def test_the_price_of_exact_products_is_refused_beyond_float64() -> None:
    hilbert = np.array([[1 / (i + j + 1) for j in range(20)] for i in range(25)])
    with pytest.raises(NotCertifiedError, match="full rank is not proved"):
        verified.certify(hilbert, np.ones(25))


# --- many at once, and the oracle that chooses ------------------------------------------------------------------------


def test_a_stack_proves_what_each_alone_does() -> None:
    shapes = [(12, 5)] * 40 + [(3, 8)] * 3 + [(12, 5)]
    problems = [random_problem(m, n, i % 7, 1.0, i, "float32") for i, (m, n) in enumerate(shapes)]
    pairs = [(problem.A, problem.b) for problem in problems]
    pairs[5] = (np.ones((12, 5), dtype=np.float32), pairs[5][1])
    found = certify_all(pairs)
    for i, (certificate, (A, b)) in enumerate(zip(found, pairs, strict=True)):
        assert isinstance(certificate, Certificate)
        assert certificate.method == ("exact" if i == 5 else "verified")
        assert not why_false(certificate, exact.certify(A, b))


def test_what_nothing_proves_is_an_error_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ball, "LAST_BITS", 0)  # of the precisions that it tries
    monkeypatch.setattr(auto, "BALL_COLUMNS", 1)
    pairs = [(np.eye(2), np.ones(2)), (np.ones((3, 2)), np.ones(3)), (np.eye(2), np.ones(2))]
    first, refused, last = certify_all(pairs)
    assert isinstance(first, Certificate)
    assert isinstance(last, Certificate)
    assert isinstance(refused, NotCertifiedError)
    assert str(refused).startswith("ball: x has no enclosure")


def test_bad_input_is_named_before_anything_is_certified() -> None:
    with pytest.raises(ValueError, match="problem 1: b has 3 rows but A has 2"):
        certify_all([(np.ones((2, 1)), np.ones(2)), (np.ones((2, 1)), np.ones(3))])
    with pytest.raises(ValueError, match=r"problem 1: A\[0, 0\] is nan"):
        certify_all([(np.ones((2, 1)), np.ones(2)), (np.full((2, 1), np.nan), np.ones(2))])
    with pytest.raises(ValueError, match=r"problem 0 is a ndarray; accepted is a pair \(A, b\)"):
        certify_all([np.ones((2, 1)), np.ones(2)])
    assert certify_all([]) == []
    assert len(certify_all((A, np.ones(2)) for A in (np.ones((2, 1)), np.eye(2)))) == 2


@pytest.mark.parametrize(
    ("A", "method"),
    [
        (random_problem(30, 10, 2.0, 1.0, 1).A, "exact"),
        (random_problem(60, 30, 2.0, 1.0, 1).A, "verified"),
        (np.repeat(random_problem(60, 15, 2.0, 1.0, 1).A, 2, axis=1), "exact"),
        (np.repeat(random_problem(120, 60, 2.0, 1.0, 1).A.astype(np.float32), 2, axis=1), "ball"),
    ],
    ids=["small", "large", "deficient", "large and deficient"],
)
def test_auto_asks_the_cheapest_that_can(A: Array, method: str) -> None:
    assert auto.certify(A, np.ones(len(A), dtype=A.dtype)).method == method


def test_nothing_depends_on_the_scale() -> None:
    problem = random_problem(8, 3, 5.0, 0.1, 4)
    plain = verified.certify(problem.A, problem.b)
    for a, c in ((900, -900), (-1000, 1000), (1000, 1000)):
        scaled = verified.certify(np.ldexp(problem.A, a), np.ldexp(problem.b, c))
        assert np.array_equal(scaled.x, plain.x)
        assert np.array_equal(scaled.exponent, plain.exponent + c - a)
        assert scaled.sigma_min.mid == plain.sigma_min.mid * Fraction(2) ** a
        assert scaled.residual_norm[0].mid == plain.residual_norm[0].mid * Fraction(2) ** c


def test_a_problem_from_a_public_report_of_a_flat_valley() -> None:
    """x = (1, 1) exactly, κ near 1e8: normal equations in float64 have no correct digit."""
    problem = problem_of([[1.0, 1.0], [1e-8, 0.0], [0.0, 1e-8]], [2.0, 1e-8, 1e-8])
    found = verified.certify(problem.A, problem.b)
    assert np.array_equal(found.x[0] * 2.0**found.exponent, [1.0, 1.0])


@pytest.mark.parametrize("fit", [0.0, 1e-30, 0.75])
@pytest.mark.parametrize(
    "squares",
    [
        (0.25, 0.0, 0.0, 0.0, 0.0),
        (0.3, 1e-17, -1e-33, 2.0**-160, 2.0**-212),
        (2.0**-700, 2.0**-760, 0.0, 0.0, 2.0**-900),
        (1e-40, 0.0, 0.0, 0.0, 1e-41),
        (1e-40, 0.0, 0.0, 0.0, 1e-39),
        (3.0, 2.0**-53, 2.0**-106, 2.0**-159, 2.0**-205),
        (-1e-60, 0.0, 0.0, 0.0, 1e-50),
        (0.0, 0.0, 0.0, 0.0, 1e-50),
        (0.0, 0.0, 0.0, 0.0, 0.0),
    ],
)
def test_a_residual_norm_encloses_all_that_its_square_and_the_fit_leave_open(
    squares: tuple[float, ...], fit: float
) -> None:
    """The least and the largest √s for s within the last number of the sum of the others; less ‖B(x★ − x)‖."""
    unit = 7
    one = verified.Answer(
        x=np.zeros((4, 1, 1)),
        exponents=np.zeros((1, 1), dtype=np.int64),
        radius=np.zeros(1),
        largest=np.zeros(1),
        unit=np.array([unit]),
        squares=np.array(squares)[:, np.newaxis],
        residual_unit=np.array([unit]),
        fit=np.array([fit]),
    )
    found, scale = one.residual_norm_of(0), Fraction(2) ** unit
    mid, radius = found.mid / scale, found.radius / scale - Fraction(fit)
    square, left = sum(map(Fraction, squares[:4]), Fraction(0)), Fraction(squares[4])
    assert (mid + radius) ** 2 >= square + left
    lowest = mid - radius
    assert lowest <= 0 or lowest**2 <= max(square - left, Fraction(0))
    assert radius <= 11 * max(mid, Fraction(math.sqrt(left)), Fraction(1, 2**250))
    assert radius <= mid / 2**198 or left > square / 2**200 or not square
