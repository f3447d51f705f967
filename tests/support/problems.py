"""Small problems and certificates for tests, some of them certified by hand."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from lamm_robust.values import Array, Ball, Certificate, Precision, Problem, ProblemKey, digest


def problem_of(A: npt.ArrayLike, b: npt.ArrayLike, dtype: Precision = "float64") -> Problem:
    """A problem with given entries, outside every family."""
    return Problem(ProblemKey("given", (), dtype), np.array(A, dtype=dtype), np.array(b, dtype=dtype))


def by_hand(
    problem: Problem,
    rank: int,
    x: list[float],
    residual_norm: float,
    sigma_max: float,
    sigma_min: float,
) -> Certificate:
    """A certificate of numbers that were worked out on paper; all must be exact in float64."""
    balls = [Ball(Fraction(value)) for value in (residual_norm, sigma_max, sigma_min)]
    return Certificate(
        method="by hand",
        digest=digest(problem.A, problem.b),
        m=problem.m,
        n=problem.n,
        rank=rank,
        x=np.array([x], dtype=np.float64),
        exponent=np.zeros(len(x), dtype=np.int64),
        x_radius=Fraction(0),
        residual_norm=(balls[0],),
        sigma_max=balls[1],
        sigma_min=balls[2],
        kappa=Ball(balls[1].mid / balls[2].mid) if rank else None,
    )


def random_problem(
    m: int, n: int, log10_cond: float, residual: float, seed: int, dtype: Precision = "float64"
) -> Problem:
    """A problem with geometric singular values 1 … 10^-log10_cond and ‖r‖/‖Ax‖ near `residual`."""
    generator = np.random.default_rng(seed)
    U, _ = np.linalg.qr(generator.standard_normal((m, m)))
    V, _ = np.linalg.qr(generator.standard_normal((n, n)))
    k = min(m, n)
    A = U[:, :k] * np.logspace(0, -log10_cond, k) @ V[:, :k].T
    fit = A @ (V[:, :k] @ generator.standard_normal(k))
    noise = U[:, k:] @ generator.standard_normal(m - k) if m > k else np.zeros(m)
    size = np.linalg.norm(noise) or 1.0
    return problem_of(A, fit + residual * np.linalg.norm(fit) * noise / size, dtype)


def rational(array: Array) -> list[Fraction]:
    """The entries of a vector, exactly."""
    return [Fraction(float(value)) for value in array]


def fit_ratio(b: Array, truth: Certificate) -> float:
    """‖b − Ax★‖/‖Ax★‖ of a certified problem: the two are at right angles and add up to b."""
    squares = sum((value**2 for value in rational(b)), Fraction(0))
    residual = truth.residual_norm[0].mid ** 2
    return math.sqrt(residual / (squares - residual))
