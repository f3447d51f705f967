"""Other numbers than x: what is right passes to the last bit, what a changed problem explains, too; faults do not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.check.clues import Clues
from lamm_robust.check.number_reasons import number_reason
from lamm_robust.keys import parse_key
from lamm_robust.runs.plain import rounded
from lamm_robust.scoring.nonfinite import as_undefined
from lamm_robust.scoring.number_scores import ERROR
from lamm_robust.scoring.number_truths import exact_number, is_promised, printed, regime
from lamm_robust.scoring.numbers import judge_number
from lamm_robust.scoring.penrose import CONDITIONS, conditions
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Certified, Known, proved
from lamm_robust.solvers import user
from lamm_robust.values import (
    NUMBERS,
    OF_A,
    OF_REGRESSION,
    UNIT_ROUNDOFF,
    Array,
    Case,
    Cause,
    Deficiency,
    Number,
    Outcome,
    Precision,
    Problem,
    ProblemKey,
    Regime,
    Solver,
    Status,
    Variant,
    Verdict,
)

ORACLE = catalog.find_oracle("auto")
GOOD = Verdict.FORWARD_STABLE


def of(A: Array, b: Array | None = None) -> Certified:
    b = np.ones(len(A), A.dtype) if b is None else b
    dtype: Precision = "float32" if A.dtype == np.float32 else "float64"
    return proved(Problem(ProblemKey("given", (), dtype), A, b), ORACLE)


def at(key: str) -> Certified:
    return proved(catalog.build_problem(parse_key(key)), ORACLE)


def spectrum(log10_cond: float, dtype: str, residual: float = 0.5, n: int = 4) -> Certified:
    return at(
        f"spectrum m=8 n={n} mode=geometric log10_cond={log10_cond} residual={residual} direction=random seed=1 "
        f"dtype={dtype}"
    )


def solver(number: Number, function: Callable[..., Any] = lambda A, b: A) -> Solver:
    deficiency = Deficiency.FULL_RANK_ONLY if number in OF_REGRESSION else Deficiency.MINIMUM_NORM
    promised = user.contract(deficiency, ("tall", "wide", "square"), returns=number)
    return Solver("f", "", promised, user.as_solve(function, returns=number))


def judged(number: Number, certified: Known, x: Any, **more: Any) -> tuple[dict[str, float], Verdict]:
    outcome = Outcome(Status.SOLVED, x=np.asarray(x, certified.problem.A.dtype), **more)
    return judge_number(solver(number).contract, certified, outcome)


def correct(number: Number, certified: Certified) -> Array:
    """The true number, each entry correctly rounded to the precision of the problem."""
    dtype = certified.problem.A.dtype

    def nearest(value: Any) -> Any:
        if isinstance(value, list):
            return [nearest(one) for one in value]
        return value if value == math.inf else rounded(value, certified.problem.key.dtype)

    return np.asarray(nearest(exact_number(number, certified)), dtype)


# --- what is right passes -------------------------------------------------------------------------------------------

PROBLEMS = (
    "spectrum m=8 n=4 mode=geometric log10_cond=0 residual=0.5 direction=random seed=0 dtype={}",
    "spectrum m=8 n=4 mode=one_small log10_cond=3 residual=1e-12 direction=random seed=0 dtype={}",
    "spectrum m=9 n=5 mode=geometric log10_cond=6 residual=1000.0 direction=random seed=2 dtype={}",
    "spectrum m=9 n=5 mode=one_large log10_cond=14 residual=0.5 direction=random seed=2 dtype={}",
    "exact_rank m=16 n=9 rank=5 log2_cond=4 residual=1.0 seed=0 dtype={}",
    "spectrum m=4 n=7 mode=arithmetic log10_cond=2 residual=0.0 direction=random seed=0 dtype={}",
    "polynomial points=12 degree=3 abscissae=integers seed=0 dtype={}",
    "raw A=1,2;3,4;5,6 b=1,2,4 dtype={}",
    "raw A=0,0;0,0;0,0 b=1,2,4 dtype={}",
    "raw A=1,2;2,4 b=0,0 dtype={}",
    "raw A=3;4 b=0,0 dtype={}",
    "raw A=1e-30,0;0,1e-35;0,1e-36 b=1e-30,0,1e-36 dtype={}",
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("key", PROBLEMS)
def test_correctly_rounded_numbers_and_their_neighbours_pass(key: str, dtype: str) -> None:
    certified = at(key.format(dtype))
    for number in NUMBERS:
        if not is_promised(number, certified):
            continue
        right = correct(number, certified)
        most = 1.0 if number is not Number.PINV else math.sqrt(max(certified.truth.rank, 1))
        scores, verdict = judged(number, certified, right)
        assert verdict is GOOD, (number, scores)
        assert max(value for name, value in scores.items() if name == ERROR) <= 1.01 * most, number
        if number is Number.RANK:
            continue
        for way in (np.inf, -np.inf):
            neighbour = np.where(right == 0, right, np.nextafter(right, np.asarray(way, right.dtype)))
            scores, verdict = judged(number, certified, neighbour)
            assert verdict is GOOD, (number, scores)
            assert scores[ERROR] <= 3.1 * most, number


@pytest.mark.parametrize("log10_cond", [0, 3, 7, 11])
@pytest.mark.parametrize("residual", [1e-12, 0.5, 100.0])
def test_the_exact_number_of_a_changed_problem_is_explained(log10_cond: float, residual: float) -> None:
    certified, u = spectrum(log10_cond, "float64", residual), UNIT_ROUNDOFF["float64"]
    A, b = certified.problem.A, certified.problem.b
    generator = np.random.default_rng(7)
    E, f = generator.standard_normal(A.shape), generator.standard_normal(b.shape)
    size = 50 * u
    near = of(
        A + size * np.linalg.norm(A, 2) * E / np.linalg.norm(E, 2),
        b + size * np.linalg.norm(b) * f / np.linalg.norm(f),
    )
    for number in NUMBERS:
        scores, _ = judged(number, certified, correct(number, near))
        assert scores[ERROR] <= 2 * 55, (number, scores)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lapack_passes(dtype: str) -> None:
    for log10_cond in (0, 2, 4, 6, 9, 12):
        certified = spectrum(log10_cond, dtype)
        A, b = certified.problem.A, certified.problem.b
        assert judged(Number.SVDVALS, certified, np.linalg.svdvals(A))[1] is GOOD
        assert judged(Number.COND, certified, np.linalg.cond(A))[1] is GOOD
        if regime(certified) is Regime.RESOLVABLE:
            eps = np.finfo(A.dtype).eps
            assert judged(Number.RANK, certified, np.linalg.matrix_rank(A))[1] is GOOD
            assert judged(Number.PINV, certified, np.linalg.pinv(A, rtol=8 * eps))[1] is GOOD
            assert judged(Number.RESIDUAL, certified, np.linalg.lstsq(A, b)[1])[1] is GOOD


# --- what is true, by hand ------------------------------------------------------------------------------------------


def test_numbers_by_hand() -> None:
    certified = of(np.array([[3.0, 0], [0, 4], [0, 0]]), np.array([3.0, 8, 5]))
    assert printed(Number.SVDVALS, certified) == [4, 3]
    assert printed(Number.COND, certified) == [4 / 3]
    assert printed(Number.RANK, certified) == [2]
    assert printed(Number.PINV, certified) == [[1 / 3, 0, 0], [0, 0.25, 0]]
    assert printed(Number.RESIDUAL, certified) == [25]
    assert printed(Number.STANDARD_ERRORS, certified) == [5 / 3, 1.25]
    assert printed(Number.COVARIANCE, certified) == [[25 / 9, 0], [0, 25 / 16]]
    assert printed(Number.COND, of(np.array([[1.0, 2], [2, 4]]))) == [math.inf]


def test_scores_by_hand() -> None:
    u = UNIT_ROUNDOFF["float64"]
    certified = of(np.diag([4.0, 2.0]), np.array([1.0, 1]))
    assert judged(Number.SVDVALS, certified, [4, 2 + 2.0**-40])[0][ERROR] == 2.0**-40 / (4 * u)
    assert judged(Number.COND, certified, 4.0)[0][ERROR] == pytest.approx((1 / 2 - 1 / 4) / (1.5 * u))
    X = np.diag([0.25, 0.5 + 2.0**-30])
    assert judged(Number.PINV, certified, X)[0][ERROR] == pytest.approx(2.0**-30 / (2 * u * 0.5))
    found = conditions(certified, X)
    delta = 2.0**-30
    expected = (4 * delta / 4, (2 * delta * 0.5 + 2 * delta**2) / 0.5, 0.0, 0.0)
    assert [found[name] for name in CONDITIONS] == pytest.approx([value / (2 * u) for value in expected])
    skew = conditions(certified, np.array([[0.25, delta], [0, 0.5]]))
    assert [skew["penrose_ax"], skew["penrose_xa"]] == pytest.approx([4 * delta / (2 * u), 2 * delta / (2 * u)])


def test_the_residual_by_hand() -> None:
    u = UNIT_ROUNDOFF["float64"]
    certified = of(np.array([[1.0], [0.0]]), np.array([3.0, 4.0]))  # x★ = 3, r★ = (0, 4), δ = 5 + 3, κ = 1
    away = 2.0**-20
    e = judged(Number.RESIDUAL, certified, [16 + away])[0][ERROR]
    assert 2 * 4 * 8 * u * e + (8 * u + 4 * u) ** 2 * e**2 + u * 16 * e == pytest.approx(away)
    none = of(np.array([[1.0], [0.0]]), np.array([3.0, 0.0]))
    assert judged(Number.RESIDUAL, none, [(3 * 6 * u) ** 2])[0][ERROR] == pytest.approx(3)


# --- faults ---------------------------------------------------------------------------------------------------------


def gram_pinv(A: Array) -> Array:
    return np.asarray(np.linalg.inv(A.T @ A) @ A.T)


def gram_sigmas(A: Array) -> Array:
    return np.asarray(np.sqrt(np.maximum(np.linalg.eigvalsh(A.T @ A), 0))[::-1])


def no_residual(A: Array, b: Array) -> Any:
    return A.dtype.type(0)


def gram_covariance(A: Array, b: Array) -> Array:
    r = b - A @ np.linalg.lstsq(A, b)[0]
    return np.asarray((r @ r) / np.asarray(len(A) - A.shape[1], A.dtype) * np.linalg.inv(A.T @ A))


def with_m_degrees(A: Array, b: Array) -> Array:
    r = b - A @ np.linalg.lstsq(A, b)[0]
    R = np.linalg.inv(np.linalg.qr(A, mode="r"))
    return np.asarray(np.sqrt(r @ r / np.asarray(len(A), A.dtype)) * np.linalg.norm(R, axis=1))


FAULTS: tuple[tuple[Number, Callable[..., Any], float, Verdict, str, str], ...] = (
    (
        Number.RANK,
        lambda A: np.linalg.matrix_rank(A, tol=1e-3),
        4,
        Verdict.WRONG,
        "drops singular values",
        "says rank 3",
    ),
    (Number.COND, lambda A: np.linalg.cond(A, 1), 1, Verdict.WRONG, "another norm", "in the 1-norm"),
    (Number.PINV, gram_pinv, 3, Verdict.INACCURATE, "squares κ", "from (AᵀA)⁻¹?"),
    (Number.SVDVALS, gram_sigmas, 3, Verdict.INACCURATE, "eigenvalues of AᵀA", "σ_4"),
    (Number.RESIDUAL, no_residual, 2, Verdict.WRONG, "wrong residual", "says 0 where the residual sum of squares is"),
    (Number.COVARIANCE, gram_covariance, 4, Verdict.INACCURATE, "squares κ", "off by"),
    (Number.STANDARD_ERRORS, with_m_degrees, 1, Verdict.WRONG, "another number", "in the place of m − n"),
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("number", "function", "log10_cond", "verdict", "name", "words"), FAULTS)
def test_planted_faults_are_named(
    number: Number,
    function: Callable[..., Any],
    log10_cond: float,
    verdict: Verdict,
    name: str,
    words: str,
    dtype: str,
) -> None:
    if dtype == "float64" and verdict is Verdict.INACCURATE:
        log10_cond *= 2  # squaring κ costs as large a share of what the precision has
    square = number is Number.COND
    certified = spectrum(log10_cond, dtype, 0.0 if square else 0.5, n=8 if square else 4)
    promised = solver(number, function)
    x, _ = promised.solve(certified.problem.A, certified.problem.b)
    outcome = Outcome(Status.SOLVED, x=x)
    found = record(Case(certified.problem.key, Variant("yours", "f", "float64", "cpu")), certified, promised, outcome)
    assert found.verdict in (verdict, Verdict.WRONG)
    assert found.regime is Regime.RESOLVABLE
    clues = Clues(found, certified, outcome, returns=number, squares_kappa=name in ("squares κ", "eigenvalues of AᵀA"))
    reason = number_reason(clues)
    assert reason.name == name, reason.say(clues)
    assert words in reason.say(clues)


def test_a_rank_that_counts_rounding_errors_is_wrong() -> None:
    certified = at("exact_rank m=16 n=9 rank=5 log2_cond=4 residual=1.0 seed=0 dtype=float64")
    assert judged(Number.RANK, certified, 5)[1] is GOOD
    assert judged(Number.RANK, certified, 6)[1] is Verdict.WRONG
    assert judged(Number.RANK, certified, 4)[1] is Verdict.WRONG
    beyond = spectrum(17, "float64")  # σ_4 is 1e-17·σ₁: no rule can know
    assert regime(beyond) is Regime.AMBIGUOUS
    assert [judged(Number.RANK, beyond, r)[1] for r in (4, 3)] == [GOOD, GOOD]
    assert judged(Number.RANK, beyond, 2)[1] is not GOOD


def test_a_singular_matrix_has_a_large_kappa() -> None:
    certified = of(np.array([[1.0, 2], [2, 4]]))
    assert [judged(Number.COND, certified, k)[1] for k in (math.inf, 1e17, 1e10)] == [GOOD, GOOD, Verdict.WRONG]
    assert judged(Number.COND, certified, math.nan)[1] is Verdict.NON_FINITE
    assert judged(Number.COND, of(np.zeros((2, 2))), 1.0)[1] is Verdict.OUT_OF_CONTRACT


def test_an_empty_residual_is_one_that_is_withheld() -> None:
    empty = np.zeros(0)
    assert judged(Number.RESIDUAL, spectrum(2, "float64"), empty)[1] is Verdict.REFUSED
    for A in (np.array([[1.0, 2], [2, 4], [3, 6]]), np.eye(2)):  # as NumPy and SciPy document it
        assert judged(Number.RESIDUAL, of(A), empty)[1] is Verdict.OUT_OF_CONTRACT
    assert judged(Number.RESIDUAL, of(np.eye(2)), [0.0])[1] is GOOD


def test_what_overflows_is_infinite() -> None:
    certified = of(np.array([[1e-200], [0.0]]), np.array([0.0, 1e200]))
    assert judged(Number.RESIDUAL, certified, [np.inf])[1] is GOOD
    assert judged(Number.RESIDUAL, certified, [1e300])[1] is not GOOD
    assert judged(Number.SVDVALS, certified, [np.inf])[1] is Verdict.NON_FINITE
    assert judged(Number.PINV, of(np.eye(2)), np.full((2, 2), np.inf))[1] is Verdict.NON_FINITE
    assert judged(Number.PINV, of(np.array([[5e-324]])), [[np.inf]])[1] is Verdict.OUT_OF_CONTRACT
    assert judged(Number.STANDARD_ERRORS, certified, [np.inf])[1] is Verdict.OUT_OF_CONTRACT
    assert judged(Number.STANDARD_ERRORS, of(np.eye(3)[:, :2]), [np.inf, 1.0])[1] is Verdict.NON_FINITE


def test_one_that_depends_on_the_layout_is_wrong_for_one_of_them() -> None:
    certified = spectrum(1, "float64")
    right = correct(Number.PINV, certified)
    assert judged(Number.PINV, certified, right, cause=Cause.LAYOUT)[1] is Verdict.WRONG
    assert judged(Number.PINV, certified, right, cause=Cause.LAYOUT_REFUSED)[1] is GOOD


def test_numbers_without_an_answer() -> None:
    A = np.array([[1.0, np.nan], [0, 1], [1, 1]])
    in_A = as_undefined(Problem(ProblemKey("given", (), "float64"), A, np.ones(3)))
    in_b = as_undefined(Problem(ProblemKey("given", (), "float64"), np.eye(3), np.array([1, np.inf, 1])))
    assert in_A
    assert in_b
    assert judged(Number.RANK, in_A, 2)[1] is Verdict.WRONG
    assert judged(Number.COND, in_A, np.nan)[1] is Verdict.FLAGGED
    assert {judged(number, in_b, 2)[1] for number in OF_A} == {Verdict.OUT_OF_CONTRACT}
    assert judged(Number.RESIDUAL, in_b, [1.0])[1] is Verdict.WRONG
    assert judged(Number.RESIDUAL, in_b, np.zeros(0))[1] is Verdict.OUT_OF_CONTRACT
