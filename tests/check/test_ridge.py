"""Whether answers solve a ridge problem: λ and its unit, from answers worked out on paper, and what is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.check.arithmetic import computes_in
from lamm_robust.check.command import replay_line
from lamm_robust.check.facts import facts
from lamm_robust.check.judgement import Judgement
from lamm_robust.check.only import attempt_only
from lamm_robust.check.page import page
from lamm_robust.check.ridge import UNITS, Gradient, Ridge, gradient_of, ridge_of
from lamm_robust.check.terms import Terms
from lamm_robust.scoring.frame import Frame
from lamm_robust.solvers import user
from lamm_robust.testing import check_here
from lamm_robust.values import Array, Deficiency
from tests.support import broken, foils, impostors
from tests.support.problems import problem_of

HERE = Path(__file__).parents[2]
FAMILIES = ("spectrum", "columns", "named")


@pytest.fixture(autouse=True)
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamm_robust.workers.repeats.REPEATS", (2, 2))  # nothing here is about time


def gradient(A: Any, b: Any, x: Any) -> Gradient | None:
    """The gradient at the rounded numbers of an answer."""
    problem = problem_of(A, b)
    frame = Frame(problem, catalog.find_oracle("auto").certify(problem.A, problem.b))
    return gradient_of(frame, np.ldexp(np.array([[float(v) for v in x]]), frame.x_shifts))


def ridge_solution(sigmas: tuple[int, ...], lam: Fraction) -> list[Fraction]:
    """x of A = diag(σ) over a row of zeros and b = (σ, 1): σ²/(σ² + λ)."""
    return [s * s / (s * s + lam) for s in map(Fraction, sigmas)]


@pytest.mark.parametrize("scale", [1.0, 2.0**60, 2.0**-60])
@pytest.mark.parametrize("lam", [Fraction(1, 4), Fraction(1, 10**8), Fraction(1, 10**11)])
def test_lambda_is_found_as_stored(lam: Fraction, scale: float) -> None:
    """With A as stored times c and b times c, x stays, and λ is c² times as large."""
    A, b = np.array([[1.0, 0], [0, 2], [0, 0]]), np.array([1.0, 2, 1])
    found = gradient(A * scale, b * scale, ridge_solution((1, 2), lam))
    assert found
    assert (found.is_along, found.tells) == (True, True)
    assert found.factor == pytest.approx(float(lam) * scale**2, rel=1e-3)
    assert found.sizes == pytest.approx((1.0, 5 * scale**2, 2.5 * scale**2, 4 * scale**2))


@pytest.mark.parametrize(("entry", "lam"), [(1e308, None), (-1.7e308, 1e-300), (5e-324, 0.01), (5e-324, 1e300)])
def test_numbers_from_one_end_to_the_other_warn_of_nothing(entry: float, lam: float | None) -> None:
    """Warnings are errors in tests; whoever checks a function would see them between the lines."""

    def constant(A: Array, b: Array, *_: float) -> Array:
        return np.full((A.shape[1], *b.shape[1:]), entry)

    found = check_here(constant, Terms(families=("raw",), lam=lam))
    assert found.row.silent_failures > 0


def test_what_rounding_hides_is_no_gradient() -> None:
    A, b = [[1, 0], [0, 2], [0, 0]], [1, 2, 1]
    assert gradient(A, b, ridge_solution((1, 2), Fraction(1, 10**15))) is None
    assert gradient(A, b, (0, 0)) is None
    assert gradient(A, b, (1e300, 1)) is None


@pytest.mark.parametrize(
    ("x", "along", "tells"),
    [
        ((0.99, 0.99), False, True),  # a scaling: the gradient is along AᵀAx★ = (1, 4)
        ((1.0, 0.0), False, True),  # a cutoff: the gradient is in what was left out
        ((1.25, 4 / 3.75), False, True),  # λ = −1/4
        ((0.8, 4 / 4.25), True, True),
    ],
)
def test_other_answers_have_gradients_elsewhere(x: tuple[float, ...], along: bool, tells: bool) -> None:
    found = gradient([[1, 0], [0, 2], [0, 0]], [1, 2, 1], x)
    assert found
    assert (found.is_along, found.tells) == (along, tells)


@pytest.mark.parametrize(("A", "b", "x"), [([[1], [0]], [1, 1], [0.8]), ([[1, 0], [0, 1]], [1, 1], [0.8, 0.8])])
def test_where_all_is_along_x_nothing_tells(A: Any, b: Any, x: Any) -> None:
    found = gradient(A, b, x)
    assert found
    assert (found.is_along, found.tells) == (True, False)
    assert ridge_of([found] * 9) is None


def made(factor: float, norm: float, *, is_along: bool = True) -> Gradient:
    return Gradient(factor, is_along, tells=True, sizes=(1.0, norm, norm / 2, norm / 3))


def test_it_takes_one_lambda_at_several_problems() -> None:
    one = [made(1e-8, size) for size in (1.0, 7.0, 50.0)]
    assert ridge_of(one) == Ridge(1e-8, 0)
    assert ridge_of(one[:2]) is None
    assert ridge_of([*one, None, None]) == Ridge(1e-8, 0)  # of rounding errors nothing is known
    assert ridge_of([*one, made(1e-8, 1.0, is_along=False)]) is None
    assert ridge_of([made(10.0**-k, 1.0) for k in range(9)]) is None
    assert not Ridge(1e-8, 0).explains(made(2e-8, 1.0))
    assert not Ridge(1e-8, 0).explains(None)


@pytest.mark.parametrize(("unit", "words"), list(enumerate(UNITS)))
def test_the_unit_of_lambda_is_found(unit: int, words: str) -> None:
    sizes = [(1.0, 4.0, 2.0, 3.0), (1.0, 100.0, 10.0, 70.0), (1.0, 9e6, 1e6, 8e6)]
    found = ridge_of([Gradient(1.5e-8 * size[unit], True, True, size) for size in sizes])
    assert found
    assert found.words == f"solves the ridge problem with λ = 1.5e-8{words}, not least squares"


def judged(solve: Callable[[Array, Array], Any], **terms: Any) -> Judgement:
    return check_here(solve, replace(Terms(families=FAMILIES, contract=Deficiency.FULL_RANK_ONLY), **terms))


def test_the_line_that_repeats_a_ridge_has_enough_problems() -> None:
    found = judged(impostors.ridge_of_gram_matrix)
    failure = next(f for f in found.failures if f.reason.name == "ridge")
    assert failure.why == "solves the ridge problem with λ = 1e-12, not least squares"
    keys = [part.split('"')[1] for part in replay_line(found, failure).split("--only ")[1:]]
    target = user.parse_target("tests/support/impostors.py:ridge_of_gram_matrix", HERE)
    again = attempt_only(target, Terms(contract=Deficiency.FULL_RANK_ONLY), keys)
    assert {one.why for one in again} == {failure.why}
    alone = attempt_only(target, Terms(contract=Deficiency.FULL_RANK_ONLY), keys[:1])
    assert "ridge" not in str(alone[0].why)


def sign(A: Array, b: Array) -> Array:
    x = impostors.right(A, b)
    x[0] *= -1
    return x


def row_dropped(A: Array, b: Array) -> Array:
    return impostors.right(A[:-1], b[:-1])


def last_zeroed(A: Array, b: Array) -> Array:
    x = impostors.right(A, b)
    x[-1] = 0
    return x


def eleven_bits(A: Array, b: Array) -> Array:
    return np.asarray(foils.half_of_the_bits(A, b)[0])


@pytest.mark.parametrize(
    ("solve", "terms", "said"),
    [
        (sign, {}, "?"),
        (row_dropped, {}, "?"),
        (last_zeroed, {}, "?"),
        (impostors.ridge_of_gram_matrix, {}, "?"),
        (impostors.five_steps, {}, "?"),
        (broken.scaled, {}, "?"),
        (impostors.half_of_the_bits, {}, "float32"),
        (eleven_bits, {"precision": "float32"}, "less than float32"),
        (impostors.right, {}, "float64"),
        (impostors.right, {"precision": "float32"}, "float64"),
    ],
)
def test_less_precision_is_only_said_where_that_is_why(
    solve: Callable[[Array, Array], Any], terms: dict[str, Any], said: str
) -> None:
    found = judged(solve, **terms)
    assert computes_in(found) == said
    assert f"\ncomputes in  {said}\n" in page(found)
    assert facts(found)["computes_in"] == said
