"""The public strategy: what is asked is what is drawn, it prints as code, and it shrinks to something simple."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis.errors import NonInteractiveExampleWarning
from hypothesis.vendor.pretty import pretty

from lamm_robust.scoring.verdicts import shape_of
from lamm_robust.strategies import LeastSquaresProblem, least_squares_problems, problem
from lamm_robust.values import REQUIREMENTS, Array, Precision, Requirement, Shape

slow_draws = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
SEARCH = settings(max_examples=2000, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@slow_draws
@given(least_squares_problems(dtype="float32", rank="full", max_cond=1e4, shapes=("tall", "square")))
def test_full_rank_and_moderate_conditioning(drawn: LeastSquaresProblem) -> None:
    m, n = drawn.A.shape
    assert m >= n == drawn.rank
    assert drawn.cond <= 1e4
    assert drawn.A.dtype == drawn.b.dtype == np.float32
    sigma = np.linalg.svd(drawn.A.astype(np.float64), compute_uv=False)
    assert sigma[0] / sigma[-1] == pytest.approx(drawn.cond, rel=1e-6)


def unit(values: Array) -> tuple[Array, int]:
    """The same with the largest entry in [1/2, 1), and the exponent of what was taken out."""
    exponent = int(np.frexp(np.abs(values).max())[1])
    return np.ldexp(values.astype(np.float64), -exponent), exponent


@slow_draws
@given(least_squares_problems(rank="deficient", max_cond=1e9))  # beyond, rounding x★ once costs the fit
def test_deficient(drawn: LeastSquaresProblem) -> None:
    assert drawn.rank < min(drawn.A.shape)
    (A, a), (x, c), (b, d) = map(unit, (drawn.A, drawn.x, drawn.b))  # at the edge of the range, squares overflow
    assert np.linalg.norm(np.ldexp(A @ x, a + c - d) - b) <= np.linalg.norm(b) * (1 + 1e-6)


@pytest.mark.parametrize("shape", ["tall", "square", "wide"])
def test_shapes_and_sizes(shape: Shape) -> None:
    @settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
    @given(least_squares_problems(shapes=(shape,), max_entries=100))
    def check(drawn: LeastSquaresProblem) -> None:
        assert shape_of(*drawn.A.shape) == shape
        assert drawn.A.size <= 100

    check()


@slow_draws
@given(least_squares_problems())
def test_it_prints_as_the_code_that_makes_it_again(drawn: LeastSquaresProblem) -> None:
    again = eval(repr(drawn), {"problem": problem})
    assert np.array_equal(again.A, drawn.A)
    assert np.array_equal(again.b, drawn.b)
    assert repr(again) == repr(drawn)


@slow_draws
@given(least_squares_problems(max_cond=1e6))
def test_the_truth_scores_as_true(drawn: LeastSquaresProblem) -> None:
    scores = drawn.score(drawn.x)
    assert scores["forward_error"] <= 1
    assert scores["backward_error"] <= drawn.small


EASY = problem("raw A=1,0;0,2;0,0 b=1,2,1 dtype=float64")  # κ = 2, x★ = (1, 1)
DEFICIENT = problem("raw A=1,2;2,4;3,6 b=1,2,3 dtype=float64")  # x★ = (1/5, 2/5); (1, 0) solves it, too
LOST = problem("raw A=1,1;1,1.0000000000000002 b=1,2 dtype=float64")  # κ = 1.8e16
UNDEFINED = problem("nonfinite m=30 n=10 rank=10 value=not-a-number array=A place=middle seed=0 dtype=float64")


@pytest.mark.parametrize(
    ("asked", "x", "contract", "verdict", "require"),
    [
        (EASY, [1, 1], "minimum_norm", "column-wise stable", "column-wise-stable"),
        (EASY, [1 + 2e-15, 1], "minimum_norm", "column-wise stable", "column-wise-stable"),
        (EASY, [1 + 1e-9, 1], "minimum_norm", "inaccurate", None),
        (EASY, [-1, -1], "full_rank_only", "wrong", None),
        (EASY, [np.nan, 1], "minimum_norm", "non-finite", None),
        (DEFICIENT, [0.2, 0.4], "minimum_norm", "backward stable", "column-wise-stable"),
        (DEFICIENT, [1, 0], "minimum_norm", "wrong", None),
        (DEFICIENT, [1, 0], "basic", "backward stable", "column-wise-stable"),
        (DEFICIENT, [5, 5], "full_rank_only", "out of contract", "column-wise-stable"),
        (
            LOST,
            [0.75, 0.75],
            "minimum_norm",
            "column-wise stable",
            "column-wise-stable",
        ),  # A₁⁺b, where little can be asked
        (UNDEFINED, np.full(10, np.nan), "minimum_norm", "flagged", "column-wise-stable"),
        (UNDEFINED, np.zeros(10), "minimum_norm", "wrong", None),
    ],
)
def test_answers_are_judged(
    asked: LeastSquaresProblem, x: Array, contract: str, verdict: str, require: Requirement | None
) -> None:
    """`require` is the strictest requirement that the answer meets."""
    assert asked.verdict(x, contract) == verdict
    for each in REQUIREMENTS:
        if require and REQUIREMENTS.index(each) >= REQUIREMENTS.index(require):
            asked.assert_solved(x, contract, each)
        else:
            with pytest.raises(AssertionError) as raised:
                asked.assert_solved(x, contract, each)
            assert str(raised.value).startswith(f"problem('{asked.problem.key}'): {verdict}, ")


def test_columns_are_asked_about_where_that_is_required() -> None:
    """NumPy's answer over unix times: no digit of the slope, where Householder QR has several."""
    times = problem("raw A=1,1700000000;1,1700000060;1,1700000120;1,1700000180 b=20,21,23,24 dtype=float64")
    with pytest.raises(AssertionError):
        times.assert_solved([0.0, 1.3e-8], require="forward-stable")
    times.assert_solved(times.x, require="column-wise-stable")


def test_forward_stable_is_enough_where_that_is_required() -> None:
    hard = problem("raw A=1,0;0,1e-8;0,0 b=1,1e-8,1 dtype=float64")
    x = np.array([1 + 1e-12, 1])
    assert hard.verdict(x) == "forward stable"
    hard.assert_solved(x, require="forward-stable")
    assert why(hard, x) == (
        "forward stable, where backward stable is required: rank 2 of 2 (full rank), κ = 1e8: "
        "backward error 5e3 u‖A‖_F, relative error 7e-13 (up to 24 units are rounding)"
    )


def test_what_rounding_allows_is_no_fault() -> None:
    """A large residual leaves x no digit: ‖b − Ax‖ is 1e6, and κ² u of it moves x by its own size."""
    hidden = problem("spectrum m=8 n=4 mode=geometric log10_cond=7 residual=1e6 direction=random seed=0 dtype=float64")
    largest, *_, smallest = np.linalg.svd(hidden.A)[2]  # along the last, x may move by far, and Ax hardly does
    said = why(hidden, hidden.x + np.linalg.norm(hidden.x) * (0.5 * smallest + 1e-8 * largest))
    assert said.startswith("forward stable, where backward stable is required: rank 4 of 4 (full rank), κ = 1e7: ")
    assert "no digit of x is right, nor could be: as near x★ as rounding allows (up to 57 units" in said
    assert "forward error" not in said
    said = why(hidden, 1.5 * hidden.x)  # as near, but it does not fit
    assert said.startswith("wrong, where ")
    assert "nor could be" not in said


def why(asked: LeastSquaresProblem, x: Any, contract: str = "minimum_norm") -> str:
    """What is said of an answer behind the line that makes the problem."""
    with pytest.raises(AssertionError) as raised:
        asked.assert_solved(x, contract)
    return str(raised.value).removeprefix(f"{asked!r}: ")


DEFICIENT_BY_HAND = problem("raw A=1,1;1,1;0,0 b=1,1,1 dtype=float64")  # x★ = (1/2, 1/2), Ax★ = (1, 1, 0)


def test_a_solution_that_should_be_0_is_not_so_many_times_as_long() -> None:
    said = why(problem("raw A=1,1;1,1;0,0 b=0,0,1 dtype=float64"), [1e10, -1e10])
    assert ": x is longer than the shortest solution, 0, " in said
    said = why(problem("raw A=1,1;1,1;0,0 b=1,0;1,0;1,1 dtype=float64"), [[1e10, 0], [-1e10, 0]])
    assert ": x is longer than the shortest solution by far, " in said


def test_columns_are_named_where_they_alone_are_lost() -> None:
    uneven = problem("raw A=1,0;0,1e-5;0,0 b=1,1e-5,1 dtype=float64")
    with pytest.raises(AssertionError, match="κ = 1e5: backward error .* u column by column, relative error "):
        uneven.assert_solved([1, 1 + 1e-6], require="column-wise-stable")


@pytest.mark.parametrize(
    ("x", "contract", "words"),
    [
        ([1e15, -1e15], "minimum_norm", "x is 2e15 times as long as the shortest solution, Ax is 0.82‖b‖ away"),
        (
            [1.5, -0.5],
            "minimum_norm",
            "x is 2.2 times as long as the shortest solution, no digit of x is right, forward error 5e15",
        ),
        (
            [0.6, 0.4],
            "minimum_norm",
            "0.2 of x is outside the row space of A, no digit of x is right, forward error 5e14",
        ),
        ([0.7, 0.7], "minimum_norm", "Ax is 0.33‖b‖ away from the best fit (8e-15 is rounding), backward error "),
        # of a basic solution, the length and the distance to x★ are not asked, unless its length costs the fit
        ([0.7, 0.7], "basic", "Ax is 0.33‖b‖ away from the best fit (8e-15 is rounding), backward error "),
        ([1e10 + 0.50001, 0.5 - 1e10], "basic", "x is 2e10 times as long as the shortest solution, Ax is 8e-6‖b‖ away"),
    ],
)
def test_what_an_answer_lacks_is_said(x: list[float], contract: str, words: str) -> None:
    said = why(DEFICIENT_BY_HAND, x, contract)
    assert " is required: rank 1 of 2 (deficient), κ = 1: " + words in said
    assert ("forward" in said or "digit" in said) == (contract != "basic")


@pytest.mark.parametrize(
    ("x", "asked", "words"),
    [
        ([1.0], {}, r"x is float64 of shape \(1,\); expected numbers of shape \(2,\)"),
        ([[1.0], [1.0]], {}, r"expected numbers of shape \(2,\)"),
        (["1", "1"], {}, "expected numbers"),
        ([1, 1], {"contract": "best"}, "contract is 'best'; accepted: minimum_norm, basic, full_rank_only"),
        ([1, 1], {"require": "stable"}, "require is 'stable'; accepted: .*backward-stable, forward-stable"),
    ],
)
def test_what_cannot_be_judged_is_named(x: Any, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        EASY.assert_solved(x, **asked)


def test_a_pseudo_inverse_that_keeps_rounding_errors_is_not_let_through(precision: Precision) -> None:
    """Its backward error alone is small: what documents once recommended as a test."""
    key = f"exact_rank m=16 n=8 rank=4 log2_cond=4 residual=0.0 seed=0 dtype={precision}"
    deficient = problem(key)
    x = (np.linalg.pinv(deficient.A, rcond=0.0) @ deficient.b).astype(precision)
    with pytest.raises(AssertionError):
        deficient.assert_solved(x)


def test_several_right_hand_sides_are_judged_by_the_worst() -> None:
    two = problem("right_sides m=30 n=10 rank=10 log2_cond=4 k=8 log2_span=80 seed=0 dtype=float64")
    x = two.x.copy()
    assert two.verdict(x) == "column-wise stable"
    x[:, 4] *= -1
    assert two.verdict(x) == "wrong"


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(least_squares_problems(families=["raw"], max_cond=1e30))
def test_entries_of_any_size_can_be_scored(drawn: LeastSquaresProblem) -> None:
    assert drawn.cond <= 1e30
    assert drawn.score(drawn.x)["forward_error"] <= 1


def test_a_condition_number_may_be_beyond_every_double() -> None:
    assert problem("raw A=1e300,0;0,1e-300 b=1,1 dtype=float64").cond == np.inf


def test_hypothesis_prints_it_as_code() -> None:
    drawn = problem("raw A=3 b=1 dtype=float64")
    assert pretty(drawn) == repr(drawn) == "problem('raw A=3 b=1 dtype=float64')"


def simplest(**asked: Any) -> LeastSquaresProblem:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NonInteractiveExampleWarning)
        return find(least_squares_problems(**asked), lambda _: True, settings=SEARCH)


def test_what_it_shrinks_to() -> None:
    few = ["spectrum", "polynomial", "exact_rank", "columns", "weighted", "lamm"]  # of all it takes thrice the time
    assert simplest(dtype="float64").A.shape == (1, 1)
    assert simplest(dtype="float64", shapes=("tall",), families=few).A.shape == (2, 1)
    assert simplest(dtype="float64", shapes=("wide",), families=few).A.size <= 4
    # a problem of another family is certified before it is passed over
    assert simplest(dtype="float64", rank="deficient", families=["exact_rank", "columns"]).A.size <= 8
    assert repr(simplest(families=["polynomial"], dtype="float32")).startswith("problem('polynomial points=")


def test_a_failure_shrinks_to_a_small_one() -> None:
    def normal_equations_fail(drawn: LeastSquaresProblem) -> bool:
        A, b = drawn.A, drawn.b
        try:
            x = np.linalg.solve(A.T @ A, A.T @ b)
        except np.linalg.LinAlgError:
            return False
        return bool(np.isfinite(x).all()) and drawn.score(x)["relative_error"] > 0.1

    asked = least_squares_problems(dtype="float64", rank="full", shapes=("tall",), families=["spectrum"])
    found = find(asked, normal_equations_fail, settings=SEARCH)
    assert found.A.size <= 8
    assert found.cond > 1e6


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"dtype": "float16"}, "dtype is 'float16'; accepted are float32, float64, or None for either"),
        ({"shapes": ()}, r"shapes is \(\); accepted are some of tall, square, wide"),
        ({"shapes": ("flat",)}, "accepted are some of tall, square, wide"),
        ({"rank": "low"}, "rank is 'low'; accepted are any, full, deficient"),
        ({"max_cond": 0.5}, "max_cond is 0.5; accepted is a number of 1 or more"),
        ({"max_cond": "a"}, "max_cond is 'a'; accepted is a number of 1 or more"),
        ({"families": "raw"}, "families is 'raw'; accepted is a list of names"),
        ({"max_cond": float("nan")}, "max_cond is nan"),
        ({"max_entries": 0}, "max_entries is 0; accepted is 1 or more"),
        ({"min_entries": -1}, "min_entries is -1; accepted is 0 to max_entries, 1000"),
        ({"min_entries": 9, "max_entries": 8}, "min_entries is 9; accepted is 0 to max_entries, 8"),
        ({"families": ["spectral"]}, "unknown family 'spectral'; did you mean 'spectrum'"),
    ],
)
def test_bad_input_is_named(asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        least_squares_problems(**asked)
    with pytest.raises(ValueError, match="unknown family"):
        problem("spectral m=1 dtype=float64")


def test_complex_problems_are_drawn_and_judged() -> None:
    @settings(max_examples=8)
    @given(drawn=least_squares_problems(dtype="complex128", rank="full", max_cond=1e6, max_entries=40))
    def check(drawn: LeastSquaresProblem) -> None:
        assert drawn.A.dtype.name == drawn.x.dtype.name == "complex128"
        assert drawn.x.shape == (drawn.A.shape[1], *drawn.b.shape[1:])
        assert drawn.verdict(drawn.x) in ("column-wise stable", "backward stable")

    check()
    mine = problem("raw A=1;1j b=2,4j dtype=complex128")  # x★ = (2 − i·4i)/2
    assert mine.x.tolist() == [3]
    assert mine.verdict([3]) == "column-wise stable"
    assert mine.verdict([-3j]) == "wrong"
    with pytest.raises(ValueError, match="none of them has complex64 problems"):
        least_squares_problems(dtype="complex64", families=["polynomial"])
