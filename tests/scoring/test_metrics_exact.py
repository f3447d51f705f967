"""Scores in stacks, against the same formulas one answer at a time in rational arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt
import pytest

from lamm_robust.oracles import select, stored
from lamm_robust.scoring import metrics
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.metrics import METRICS, score, score_all
from lamm_robust.values import UNIT_ROUNDOFF, Array, Certificate, Precision, Problem
from tests.support.problems import problem_of, random_problem, rational

Vector = list[Fraction]
Real = Any  # of mpmath, which has no types
NOISE = 2.0**-53  # of a sum in float64, relative to the sum of absolute values and per term


def real(value: Fraction) -> Real:
    return mpmath.mpf(value.numerator) / value.denominator


def size(vector: Vector) -> Real:
    return mpmath.sqrt(real(sum((entry**2 for entry in vector), Fraction(0))))


def quotient(numerator: Real, denominator: Real) -> float:
    if denominator == 0:
        return 0.0 if numerator == 0 else math.inf
    return float(numerator / denominator)


class Ruler:
    """What one answer to one right-hand side shows, exactly; SVDs and products with them in float64."""

    def __init__(self, problem: Problem, truth: Certificate, column: int, x: Array) -> None:
        b = problem.b.reshape(problem.m, -1)
        self.u = UNIT_ROUNDOFF[problem.key.dtype]
        self.A = [rational(row) for row in problem.A]
        self.b = rational(b[:, column])
        self.star: Vector = stored(truth).reshape(problem.n, -1)[:, column].tolist()
        self.x = rational(x.reshape(problem.n, -1)[:, column])
        self.error = [found - right for found, right in zip(self.x, self.star, strict=True)]
        self.r = [t - f for t, f in zip(self.b, self.image(self.x), strict=True)]
        self.g = [
            sum((a * r for a, r in zip(row, self.r, strict=True)), Fraction(0)) for row in zip(*self.A, strict=True)
        ]
        self.r_star = real(truth.residual_norm[column].mid)
        self.sigma_max = real(truth.sigma_max.mid)
        self.kappa = real(truth.kappa.mid) if truth.kappa else mpmath.mpf(1)
        exponent = int(np.frexp(np.abs(problem.A).max())[1])
        R = np.linalg.qr(np.ldexp(problem.A.astype(np.float64), -exponent), mode="r")
        _, sigma, self.Vt = np.linalg.svd(R)
        self.rank = truth.rank
        self.sigma = [mpmath.ldexp(float(value), exponent) for value in sigma[: self.rank]]

    def image(self, vector: Vector) -> Vector:
        return [sum((a * v for a, v in zip(row, vector, strict=True)), Fraction(0)) for row in self.A]

    def frobenius(self) -> Real:
        return size([entry for row in self.A for entry in row])

    def sharp(self) -> dict[str, float]:
        """Scores that are free of rounding errors up to the last few bits."""
        wedin = self.u * self.kappa * (2 * size(self.star) + (self.kappa + 1) * self.r_star / (self.sigma_max or 1))
        return {
            "forward_error": quotient(size(self.error), wedin if self.sigma_max else mpmath.mpf(0)),
            "relative_error": quotient(size(self.error), self.solution_size()),
            "orthogonality": quotient(size(self.g), self.u * self.sigma_max * size(self.r)),
            "norm_excess": quotient(size(self.x) - size(self.star), self.solution_size()),
        }

    def solution_size(self) -> Real:
        """‖x★‖, or ‖b‖/σ₁ where it is 0."""
        return size(self.star) or (size(self.b) / self.sigma_max if self.sigma_max else mpmath.mpf(0))

    def blurred(self) -> dict[str, tuple[float, float]]:
        """Scores that pass through a product in float64, each with what rounding in it may change."""
        n = len(self.x)
        along = [row @ self.floats(self.g) * size(self.g) for row in self.Vt[: self.rank]]
        weight = [mpmath.hypot(size(self.x) * sigma, size(self.r)) or mpmath.mpf(1) for sigma in self.sigma]
        outside = [row @ self.floats(self.error) * size(self.error) for row in self.Vt[self.rank :]]
        unit = self.u * self.frobenius()
        noise = 4 * n * NOISE * size(self.g) * mpmath.norm([1 / w for w in weight] or [0])
        spread = self.u * self.kappa * size(self.x)
        fit, fit_noise = size(self.image(self.error)), n * NOISE * self.frobenius() * size(self.error)
        best, best_noise = size(self.image(self.star)), n * NOISE * self.frobenius() * size(self.star)
        explained = self.u * (size(self.b) + self.sigma_max * size(self.star))
        growth = quotient(fit**2, explained * (size(self.r) + self.r_star))
        steepness = min(2, (2 * fit + fit_noise) / ((size(self.r) + self.r_star) or 1))
        best = best or size(self.b)
        relative, lost = quotient(fit, best), quotient(best_noise, best)
        blur = 2 * (quotient(fit_noise, best) + relative * lost) if lost < 0.5 else math.inf  # no digit of Ax★ is left
        return {
            "backward_error": (
                quotient(mpmath.norm([a / w for a, w in zip(along, weight, strict=True)] or [0]), unit),
                quotient(noise, unit),
            ),
            "null_component": (
                quotient(mpmath.norm(outside or [0]), spread),
                quotient(4 * n * NOISE * size(self.error), spread),
            ),
            "residual_excess": (quotient(fit, size(self.b)), quotient(fit_noise, size(self.b))),
            "fit_error": (relative, blur if lost else 0.0),
            "residual_error": (growth, quotient(fit_noise * steepness, explained)),
        }

    def floats(self, vector: Vector) -> npt.NDArray[np.float64]:
        """The direction of a vector."""
        length = size(vector) or mpmath.mpf(1)
        return np.array([float(real(entry) / length) for entry in vector])


def assert_right(problem: Problem, x: Array) -> None:
    with mpmath.workdps(60):
        truth = select("exact").certify(problem.A, problem.b)
        columns = range(problem.b.reshape(problem.m, -1).shape[1])
        rulers = [Ruler(problem, truth, column, x) for column in columns]
        sharp, blurred = [r.sharp() for r in rulers], [r.blurred() for r in rulers]
    found = score(Frame(problem, truth), x)
    assert set(found) == {*sharp[0], *blurred[0]} == {metric.name for metric in METRICS}
    for name in sharp[0]:
        worst = max((scores[name] for scores in sharp), key=abs)
        assert found[name] == pytest.approx(worst, rel=1e-12, abs=1e-15), name
    for name in blurred[0]:
        worst, noise = max((scores[name] for scores in blurred), key=lambda pair: abs(pair[0]))
        noise = max(noise, *(scores[name][1] for scores in blurred)) if len(blurred) > 1 else noise
        assert found[name] == pytest.approx(worst, rel=1e-6, abs=noise), name


def graded(m: int, n: int, log10_cond: float, seed: int) -> Problem:
    """Columns and rows of very different sizes, so that κ is about 10^log10_cond."""
    generator = np.random.default_rng(seed)
    A = generator.standard_normal((m, n)) * 2.0 ** -np.floor(np.linspace(0, log10_cond * math.log2(10), n))
    return problem_of(A, generator.standard_normal(m))


def wide_range(dtype: Precision, seed: int) -> Problem:
    """Entries over 80 binary orders of magnitude, in A and in b."""
    generator = np.random.default_rng(seed)
    A = generator.standard_normal((7, 4)) * 2.0 ** generator.integers(-40, 40, (7, 4))
    return problem_of(A, generator.standard_normal(7) * 2.0 ** generator.integers(-40, 40, 7), dtype)


def two_sided(dtype: Precision) -> Problem:
    """Several right-hand sides, one of them in the range of A and one of them zero."""
    generator = np.random.default_rng(8)
    A = generator.standard_normal((9, 4))
    return problem_of(A, np.column_stack([generator.standard_normal(9), A @ np.ones(4), np.zeros(9)]), dtype)


def fibonacci() -> Problem:
    """A dense A with κ near 2¹⁰⁴: no product with it is right in float64, and yet rounding explains little growth."""
    F = [1, 1]
    while F[-1] < 2**52:
        F.append(F[-1] + F[-2])
    return problem_of([[F[-3], F[-2]], [F[-2], F[-1]], [0, 0]], [1.0, 2.0, 3.0])


PROBLEMS = {
    "fibonacci": fibonacci(),
    "kappa-1": random_problem(9, 4, 0, 1e-3, seed=1),
    "kappa-1e8": random_problem(9, 4, 8, 1e-3, seed=2),
    "kappa-1e8-consistent": random_problem(9, 4, 8, 0.0, seed=3),
    "kappa-1e16": random_problem(12, 5, 16, 1.0, seed=4),
    "kappa-1e40": graded(9, 4, 40, seed=5),
    "kappa-1e200": graded(6, 3, 200, seed=6),
    "kappa-1e260": graded(5, 2, 260, seed=7),
    "float32": random_problem(9, 4, 3, 1e-2, seed=8, dtype="float32"),
    "float32-kappa-1e7": random_problem(9, 4, 7, 1e-2, seed=9, dtype="float32"),
    "wide": random_problem(4, 9, 4, 0.0, seed=10),
    "wide-float32": random_problem(3, 8, 2, 0.0, seed=11, dtype="float32"),
    "square": random_problem(5, 5, 6, 0.0, seed=12),
    "badly-scaled": wide_range("float64", 13),
    "badly-scaled-float32": wide_range("float32", 14),
    "huge": problem_of(np.ldexp(random_problem(6, 3, 2, 1.0, 15).A, 1000), np.ldexp(np.ones(6), 500)),
    "columns": two_sided("float64"),
    "columns-float32": two_sided("float32"),
    "one-entry": problem_of([[3.0]], [1.0]),
    "zero": problem_of(np.zeros((3, 2)), [1.0, 2.0, 3.0]),
    "deficient": problem_of([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]], [1.0, 2.0, 4.0]),
    "orthogonal": problem_of([[1.0, 1.0], [1.0, -1.0], [0.0, 0.0]], [0.0, 0.0, 1.0]),
}


def star(problem: Problem) -> Array:
    """x★ rounded."""
    truth = select("exact").certify(problem.A, problem.b)
    x: Array = np.ldexp(truth.x[0], truth.exponent).astype(problem.A.dtype)
    return x


def answers(problem: Problem) -> list[Array]:
    x = star(problem)
    solved = np.linalg.lstsq(problem.A, problem.b, rcond=None)[0]
    size = np.abs(x).max() or x.dtype.type(1)
    return [x, solved, x * x.dtype.type(1.001), np.zeros_like(x), -x, x + x.dtype.type(1e-30) * size, x * 2**30 + size]


@pytest.mark.parametrize("kind", range(7), ids=("star", "solved", "stretched", "zero", "minus", "near", "absurd"))
@pytest.mark.parametrize("name", PROBLEMS)
def test_scores_agree_with_rational_arithmetic(name: str, kind: int) -> None:
    assert_right(PROBLEMS[name], answers(PROBLEMS[name])[kind])


def test_rounding_cannot_blur_what_is_judged_by_more_than_a_few_units() -> None:
    """What `assert_right` allows is a small part of C√(mn), also where κ is beyond the precision."""
    for name in ("kappa-1", "kappa-1e8", "fibonacci", "kappa-1e40", "kappa-1e200", "float32", "wide"):
        problem = PROBLEMS[name]
        truth = select("exact").certify(problem.A, problem.b)
        with mpmath.workdps(60):
            blurred = Ruler(problem, truth, 0, star(problem)).blurred()
        assert blurred["backward_error"][1] < 1e-6
        assert blurred["residual_error"][1] < 1e-6


# --- stacks ----------------------------------------------------------------------------------------------


def framed(problem: Problem) -> Frame:
    return Frame(problem, select("exact").certify(problem.A, problem.b))


def assert_same(found: dict[str, float], alone: dict[str, float]) -> None:
    """Bit for bit, but for products in float64, whose last bits are up to the BLAS."""
    for name in ("forward_error", "relative_error", "orthogonality", "norm_excess"):
        assert found[name] == alone[name], name
    assert found == pytest.approx(alone, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("stack", [1, 4, metrics.STACK])
def test_an_answer_scores_the_same_in_any_stack(stack: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Problems of one shape that differ in everything else: digits, precision, rank, parts of x★, order."""
    monkeypatch.setattr(metrics, "STACK", stack)
    deficient = np.ones((9, 4))
    problems = [
        *(PROBLEMS[name] for name in ("kappa-1", "kappa-1e8", "kappa-1e40", "float32")),
        *(problem_of(A, np.arange(9.0)) for A in (deficient, np.zeros((9, 4)))),
        graded(9, 4, 200, seed=1),
    ]
    attempts = [(problem, x) for kind in range(7) for problem in problems for x in [answers(problem)[kind]]]
    attempts.append((problems[0], np.full(4, 1e300)))
    frames = {problem.digest: framed(problem) for problem in problems}
    found = score_all([frames[problem.digest] for problem, _ in attempts], [x for _, x in attempts])
    assert len(found) == 50
    for scores, (problem, x) in zip(found, attempts, strict=True):
        assert_same(scores, score(framed(problem), x))
    assert set(found[-1].values()) == {math.inf}


def test_several_right_hand_sides_stack() -> None:
    problems = [two_sided("float64"), two_sided("float32"), problem_of(np.eye(9, 4), np.eye(9, 3))]
    frames, xs = [framed(problem) for problem in problems], [answers(problem)[1] for problem in problems]
    for found, frame, x in zip(score_all(frames, xs), frames, xs, strict=True):
        assert_same(found, score(frame, x))
        assert found["relative_error"] < 1e-5


def test_stacks_are_of_one_shape() -> None:
    one, other = framed(PROBLEMS["kappa-1"]), framed(PROBLEMS["wide"])
    with pytest.raises(ValueError, match=r"one shape .* \[\(4, 9, 1\), \(9, 4, 1\)\]"):
        score_all([one, other], [np.zeros(4), np.zeros(9)])
    with pytest.raises(ValueError, match=r"\(5,\); there are 4 unknowns"):
        score_all([one, one], [np.zeros(4), np.zeros(5)])
    with pytest.raises(ValueError, match="2 answers were given to 1 problems"):
        score_all([one], [np.zeros(4), np.zeros(4)])
    assert score_all([], []) == []


def test_scores_are_plain_numbers() -> None:
    (found,) = score_all([framed(PROBLEMS["kappa-1"])], [np.zeros(4)])
    assert {type(value) for value in found.values()} == {float}
