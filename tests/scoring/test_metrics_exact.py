"""Scores in stacks, against the same formulas one answer at a time in rational arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from lamm_robust.oracles import select, stored
from lamm_robust.scoring import long, metrics
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.metrics import score, score_all
from lamm_robust.values import UNIT_ROUNDOFF, Array, Certificate, Precision, Problem
from tests.support.problems import problem_of, random_problem, rational
from tests.support.rational import Vector, product, pseudo_inverse

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
    """What one answer to one right-hand side shows, in rational arithmetic; roots and systems in 1100 digits."""

    def __init__(self, problem: Problem, truth: Certificate, column: int, x: Array, scaled: bool = False) -> None:
        """With `scaled`, of the problem with columns (rows, if wide) of one size, where the rank is full."""
        b = problem.b.reshape(problem.m, -1)
        self.u = UNIT_ROUNDOFF[problem.key.dtype]
        growth = min(max(problem.m, problem.n), 100) if problem.key.dtype == "float64" else 1  # none is that long
        self.small = 10 * math.sqrt(min(problem.m, problem.n) * growth)
        self.A = [rational(row) for row in problem.A]
        self.b = rational(b[:, column])
        self.star: Vector = stored(truth).reshape(problem.n, -1)[:, column].tolist()
        self.x = rational(x.reshape(problem.n, -1)[:, column])
        kappa, sigma_max = truth.kappa, truth.sigma_max
        if scaled and truth.rank == min(problem.m, problem.n):
            self.equilibrate(problem.m < problem.n)
            kappa = truth.kappa_columns
            sigma_max = truth.equilibrated.sigma_max if truth.equilibrated else sigma_max
        self.error = [found - right for found, right in zip(self.x, self.star, strict=True)]
        self.r = [t - f for t, f in zip(self.b, self.image(self.x), strict=True)]
        self.g = [
            sum((a * r for a, r in zip(row, self.r, strict=True)), Fraction(0)) for row in zip(*self.A, strict=True)
        ]
        self.r_star = real(truth.residual_norm[column].mid)
        self.sigma_max = real(sigma_max.mid)
        self.kappa = real(kappa.mid) if kappa else mpmath.mpf(1)
        self.rank = truth.rank

    def equilibrate(self, wide: bool) -> None:
        """Divide columns by powers of two near their norms, or rows of a wide A and of b by those of the rows."""
        lines = self.A if wide else [list(column) for column in zip(*self.A, strict=True)]
        powers = [Fraction(2) ** int(mpmath.frexp(size(line))[1]) for line in lines]
        if len(set(powers)) == 1:
            return  # there is nothing to gain
        if wide:
            self.A = [[a / power for a in row] for row, power in zip(self.A, powers, strict=True)]
            self.b = [b / power for b, power in zip(self.b, powers, strict=True)]
        else:
            self.A = [[a / power for a, power in zip(row, powers, strict=True)] for row in self.A]
            self.x, self.star = ([v * power for v, power in zip(w, powers, strict=True)] for w in (self.x, self.star))

    def image(self, vector: Vector) -> Vector:
        return [sum((a * v for a, v in zip(row, vector, strict=True)), Fraction(0)) for row in self.A]

    def frobenius(self) -> Real:
        return size([entry for row in self.A for entry in row])

    def sharp(self) -> dict[str, float]:
        """Scores that are free of rounding errors up to the last few bits."""
        fit, best = size(self.image(self.error)), size(self.image(self.star)) or size(self.b)
        explained = self.u * (size(self.b) + self.sigma_max * size(self.star))
        return {
            "forward_error": self.forward_error(),
            "relative_error": quotient(size(self.error), self.solution_size()),
            "orthogonality": quotient(size(self.g), self.u * self.sigma_max * size(self.r)),
            "norm_excess": quotient(size(self.x) - size(self.star), self.solution_size()),
            "residual_excess": quotient(fit, size(self.b)),
            "fit_error": quotient(fit, best),
            "residual_error": quotient(fit**2, explained * (size(self.r) + self.r_star)),
        }

    def wedin(self) -> Real:
        spread = (self.kappa + 1) * self.r_star / (self.sigma_max or 1)
        return self.u * self.kappa * (2 * size(self.star) + spread) if self.sigma_max else mpmath.mpf(0)

    def forward_error(self) -> float:
        return quotient(size(self.error), self.wedin())

    def entry_error(self) -> float:
        """The worst entry of x of which a small change of every column leaves a digit."""
        lost = self.entry_bounds()
        sure = [j for j, star in enumerate(self.star) if abs(real(star)) > 10 * lost[j]]
        return max((quotient(abs(real(self.error[j])), abs(real(self.star[j]))) for j in sure), default=0.0)

    def entry_bounds(self) -> list[Real]:
        """By how much small changes of A and b can move each entry of x, from the rows of A⁺, (AᵀA)⁺ and I − A⁺A."""
        moved, change = self.small * self.wedin(), self.small * self.u
        if not self.rank:
            return [moved for _ in self.star]
        inverse = pseudo_inverse(self.A)
        across = [list(column) for column in zip(*inverse, strict=True)]
        y = size([product(row, self.star) for row in across])
        b, fit = size(self.b), self.sigma_max * size(self.star)
        rest = self.sigma_max * (self.r_star + change * (fit + b))
        y += moved * self.kappa / self.sigma_max
        found = []
        for j, row in enumerate(inverse):
            outside = [(k == j) - product(row, column) for k, column in enumerate(zip(*self.A, strict=True))]
            gram = [product(row, other) for other in inverse]
            along = size(row) * (fit + self.sigma_max * moved + b) + size(gram) * rest
            found.append(min(change * (along + size(outside) * self.sigma_max * y), moved))
        return found

    def solution_size(self) -> Real:
        """‖x★‖, or ‖b‖/σ₁ where it is 0."""
        return size(self.star) or (size(self.b) / self.sigma_max if self.sigma_max else mpmath.mpf(0))

    def backward_error(self) -> float:
        """‖(‖x̂‖²AᵀA + ‖r̂‖²I)^(−1/2) Aᵀr̂‖ by a linear system, without singular values."""
        if not any(self.g):
            return 0.0
        xx, rr = (sum((v * v for v in vector), Fraction(0)) for vector in (self.x, self.r))
        columns = list(zip(*self.A, strict=True))
        H = [
            [real(xx * sum((p * q for p, q in zip(one, other, strict=True)), Fraction(0))) for other in columns]
            for one in columns
        ]
        for j in range(len(H)):
            H[j][j] += real(rr)
        g = mpmath.matrix([real(value) for value in self.g])
        square = (g.T * mpmath.lu_solve(mpmath.matrix(H), g))[0]
        return quotient(mpmath.sqrt(square), self.u * self.frobenius())

    def null_component(self) -> tuple[float, float]:
        """What it is by an SVD in float64, and what rounding in it may change."""
        outside, _, noise = self.outside()
        spread = self.u * self.kappa * size(self.x)
        return quotient(outside, spread), quotient(noise, spread)

    def null_backward_error(self) -> tuple[float, float]:
        """The same part of x̂, over what a change of A by u‖A‖_F makes of the multipliers y = A⁺ᵀx̂."""
        outside, y, noise = self.outside()
        spread = self.u * self.frobenius() * y
        return quotient(outside, spread), quotient(noise, spread)

    def outside(self) -> tuple[Real, Real, Real]:
        """‖(I − A⁺A)x̂‖ and ‖A⁺ᵀx̂‖ by an SVD in float64, and what rounding in it may change the first by."""
        A = np.array([[float(value) for value in row] for row in self.A])
        exponent = int(np.frexp(np.abs(A).max())[1])
        _, sigma, Vt = np.linalg.svd(np.ldexp(A, -exponent))
        shorter = self.error if size(self.error) < size(self.x) else self.x

        def along(rows: Array, vector: Vector) -> list[Real]:
            length = size(vector) or mpmath.mpf(1)
            direction = np.array([float(real(entry) / length) for entry in vector])
            return [row @ direction * length for row in rows]

        kept = zip(along(Vt[: self.rank], self.x), sigma[: self.rank], strict=True)
        y = mpmath.norm([part / mpmath.ldexp(mpmath.mpf(value), exponent) for part, value in kept] or [0])
        noise = 4 * len(self.x) * NOISE * (size(shorter) or mpmath.mpf(1))
        return mpmath.norm(along(Vt[self.rank :], shorter) or [0]), y, noise


def worst(values: Iterable[float]) -> float:
    return max(values, key=abs)


def assert_right(problem: Problem, x: Array) -> None:
    with mpmath.workdps(1100):  # κ⁴ for the largest κ, and digits to spare
        truth = select("exact").certify(problem.A, problem.b)
        columns = range(problem.b.reshape(problem.m, -1).shape[1])
        plain, scaled = ([Ruler(problem, truth, j, x, scaled=way) for j in columns] for way in (False, True))
        right = {name: worst(ruler.sharp()[name] for ruler in plain) for name in plain[0].sharp()}
        if truth.rank == problem.m < problem.n and float(truth.kappa_columns or 0) < 1e4:  # each equation has its size
            right |= {name: worst(ruler.sharp()[name] for ruler in scaled) for name in ("residual_excess", "fit_error")}
        right["entry_error"] = worst(ruler.entry_error() for ruler in scaled)
        rough = {"backward_error": worst(ruler.backward_error() for ruler in plain)}
        if truth.rank == min(problem.A.shape):
            right["columnwise_forward_error"] = worst(ruler.forward_error() for ruler in scaled)
            rough["columnwise_backward_error"] = worst(ruler.backward_error() for ruler in scaled)
        outside = {"null_component": [ruler.null_component() for ruler in plain]}
        outside["null_backward_error"] = [ruler.null_backward_error() for ruler in plain]
        if truth.rank == min(problem.A.shape):
            outside["columnwise_null_backward_error"] = [ruler.null_backward_error() for ruler in scaled]
    found = score(Frame(problem, truth), x)
    assert set(found) == {*right, *rough, *outside}
    for name, value in right.items():
        assert found[name] == pytest.approx(value, rel=1e-12, abs=1e-15), name
    for name, value in rough.items():  # three digits where float64 holds the singular values, else two
        assert found[name] == pytest.approx(value, rel=1e-2, abs=1e-9), name
    for name, values in outside.items():
        unit = 0.1 if name == "null_component" else 1.0  # the null space itself is known to a part of uκ, or of u‖A⁺ᵀx̂‖
        blur = max(unit, *(noise for _, noise in values))
        assert found[name] == pytest.approx(worst(value for value, _ in values), rel=1e-6, abs=blur), name


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
    "wide-rows": problem_of(np.ldexp(random_problem(4, 9, 2, 0.0, 16).A, [[0], [30], [-40], [9]]), np.ones(4)),
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


@pytest.mark.parametrize("name", PROBLEMS)
def test_sums_over_rows_score_as_rational_arithmetic_does(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for long problems, though these are not: every kind of answer to each."""
    monkeypatch.setattr(long, "LONG", 1)
    problem = PROBLEMS[name]
    assert framed(problem).gram
    for x in answers(problem):
        assert_right(problem, x)


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
