"""What is said of numbers that are wrong: the other number that they are, and nothing that they are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.check.clues import Clues
from lamm_robust.check.number_reasons import LEAST, number_reason, squares_kappa
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import proved
from lamm_robust.solvers import user
from lamm_robust.values import Array, Case, Cause, Deficiency, Number, Outcome, Solver, Status, Variant
from tests.support.problems import problem_of

TALL = [[3, 0], [0, 4], [0, 0], [0, 0]], [3, 8, 5, 0]
"""σ = (4, 3), x★ = (1, 2), ‖r★‖² = 25, m − n = 2, so that s² = 12.5."""
SQUARE = [[1, 2], [3, 4]], [5, 6]
SINGULAR = [[1, 2], [2, 4]], [1, 1]


def clues(number: Number, problem: tuple[Any, Any], value: Any, cause: Cause = Cause.NONE, **more: Any) -> Clues:
    certified = proved(problem_of(*problem), catalog.find_oracle("auto"))
    full = number in (Number.COVARIANCE, Number.STANDARD_ERRORS)
    deficiency = Deficiency.FULL_RANK_ONLY if full else Deficiency.MINIMUM_NORM
    promised = user.contract(deficiency, ("tall", "wide", "square"), returns=number)
    outcome = Outcome(
        Status.SOLVED, x=np.asarray(value, np.float64), cause=cause, message="another one" if cause else ""
    )
    solver = Solver("f", "", promised, lambda A, b: (A, b))
    case = Case(certified.problem.key, Variant("yours", "f", "float64", "cpu"))
    return Clues(record(case, certified, solver, outcome), certified, outcome, returns=number, **more)


def said(known: Clues) -> str:
    return number_reason(known).say(known)


@pytest.mark.parametrize(
    ("number", "problem", "value", "words"),
    [
        (Number.RESIDUAL, TALL, [5], "says 5 where the residual sum of squares is 25: that is ‖b − Ax‖, its root"),
        (Number.RESIDUAL, TALL, [6.25], "says 6.25 where the residual sum of squares is 25: that is divided by m"),
        (Number.RESIDUAL, TALL, [12.5], "says 12.5 where the residual sum of squares is 25: that is divided by m − n"),
        (Number.RESIDUAL, TALL, [98], "says 98 where the residual sum of squares is 25: that is ‖b‖²"),
        (Number.RESIDUAL, TALL, [0], "says 0 where the residual sum of squares is 25"),
        (Number.RESIDUAL, TALL, [5.1], "says 5.1 where the residual sum of squares is 25"),
        (Number.COND, SQUARE, 222.996, "says κ = 222.996 where it is 14.933: that is its square"),
        (Number.RANK, SQUARE, 3, "says rank 3 of 2, though A is 2×2"),
        (Number.RANK, SQUARE, -1, "says rank -1 of 2, though A is 2×2"),
        (Number.RANK, SINGULAR, 2, "says rank 2 of 1: counts a singular value that is rounding error"),
    ],
)
def test_a_number_is_named_if_it_is_another_one(number: Number, problem: Any, value: Any, words: str) -> None:
    assert said(clues(number, problem, value)) == words


@pytest.mark.parametrize(
    ("number", "value", "end"),
    [
        (Number.SVDVALS, [16, 9], ": those are their squares"),
        (Number.COVARIANCE, np.diag([1 / 9, 1 / 16]), ": that is without s² = ‖r‖²/(m − n)"),
        (Number.COVARIANCE, np.diag([6.25 / 9, 6.25 / 16]), ": that is with m in the place of m − n"),
        (Number.STANDARD_ERRORS, [12.5 / 9, 12.5 / 16], ": those are their squares"),
        (Number.STANDARD_ERRORS, np.sqrt([6.25 / 9, 6.25 / 16]), ": that is with m in the place of m − n"),
        (Number.STANDARD_ERRORS, [1 / 3, 1 / 4], ": that is without s² = ‖r‖²/(m − n)"),
    ],
)
def test_several_numbers_are_named_if_they_are_others(number: Number, value: Any, end: str) -> None:
    assert said(clues(number, TALL, value)).endswith(end)
    assert ": that is" not in said(clues(number, TALL, np.asarray(value) * 1.01))


def test_the_norm_of_a_condition_number_is_said_if_it_is_one() -> None:
    """‖A‖₁ = 6 and ‖A‖_∞ = 7, ‖A⁻¹‖₁ = 3.5 and ‖A⁻¹‖_∞ = 3: both have κ = 21."""
    assert said(clues(Number.COND, SQUARE, 21)).endswith("it is the condition number in the 1-norm and the ∞-norm")
    assert said(clues(Number.COND, SQUARE, 15)).endswith("it is the condition number in the Frobenius norm")
    assert said(clues(Number.COND, TALL, 25 / 12)).endswith("it is the condition number in the Frobenius norm")
    for wrong in (1.0, 1e6):  # no norm has a finite κ
        assert said(clues(Number.COND, SINGULAR, wrong)) == f"says κ = {wrong:g} where it is inf"


def graded(exponent: int) -> Any:
    return [[1, 0], [0, 2.0**-exponent], [0, 0]], [1, 1, 1]


def by_gram(A: Array) -> Array:
    """A⁺ with the error of (AᵀA)⁻¹, uκ²."""
    return np.asarray(np.linalg.pinv(A) * (1 + 2.0**-53 * np.linalg.cond(A) ** 2))


def gram_sigmas(A: Array) -> Array:
    """Singular values with the error of roots of eigenvalues, uσ₁²/σ."""
    sigma = np.linalg.svdvals(A)
    return np.asarray(sigma + 2.0**-53 * sigma[0] ** 2 / sigma)


@pytest.mark.parametrize(
    ("number", "function", "is_gram"),
    [
        (Number.PINV, by_gram, True),
        (Number.PINV, lambda A: np.linalg.pinv(A) * 1.001, False),
        (Number.PINV, lambda A: 0 * A.T, False),
        (Number.PINV, lambda A: np.linalg.pinv(A, rcond=1e-3), False),
        (Number.SVDVALS, gram_sigmas, True),
        (Number.SVDVALS, lambda A: np.linalg.svdvals(A) * 1.001, False),
        (Number.SVDVALS, lambda A: np.linalg.svdvals(A.astype(np.float32)) * (1 + 1e-8), False),
    ],
)
def test_squares_are_guessed_at_from_several_failures(
    number: Number, function: Callable[[Array], Array], is_gram: bool
) -> None:
    failures = []
    for exponent in (13, 15, 17, 19, 21, 23):
        problem = graded(exponent)
        failures.append(clues(number, problem, function(np.array(problem[0], np.float64))))
    assert squares_kappa(failures) == is_gram
    assert not squares_kappa(failures[: LEAST - 1])
    assert not squares_kappa([])


def test_rounding_of_a_small_residual_is_no_layout() -> None:
    fits = [[3, 0], [0, 4], [0, 0]], [3, 8, 0]
    assert (
        said(clues(Number.RESIDUAL, fits, [-1e-14], Cause.LAYOUT))
        == "says -1e-14 where the residual sum of squares is 0"
    )
    assert said(clues(Number.RESIDUAL, fits, [7], Cause.LAYOUT)) == "another one"
