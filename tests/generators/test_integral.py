"""Integral equations: the matrices and solutions of Regularization Tools, and what the exact oracle says of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt
import pytest

from lamm_robust import oracles
from lamm_robust.generators.integral import EQUATIONS, MAX_SQUARE_HEAT, build, grid
from lamm_robust.generators.parts.exact_algebra import image
from lamm_robust.values import PRECISIONS, UNIT_ROUNDOFF, Array, Precision

EXACT = oracles.select("exact")
Doubles = npt.NDArray[np.float64]

dtypes = pytest.mark.parametrize("dtype", PRECISIONS)
equations = pytest.mark.parametrize("equation", EQUATIONS)


def problem(dtype: Precision, equation: str, m: int, n: int, noise: float = 0.0, seed: int = 0) -> tuple[Array, Array]:
    return build(dtype, equation=equation, m=m, n=n, noise=noise, seed=seed)


def doubles(rows: Any) -> Doubles:
    return np.array(rows, dtype=np.float64)


def toeplitz(column: Array, lower_only: bool) -> Doubles:
    n = len(column)
    return doubles([[column[abs(i - j)] if i >= j or not lower_only else 0.0 for j in range(n)] for i in range(n)])


# --- Hansen's own formulas, in float64 --------------------------------------------------------------------


def hansen_phillips(n: int) -> tuple[Doubles, Doubles]:
    """phillips.m of Regularization Tools 4.1; n is a multiple of 4."""
    h, quarter = 12 / n, n // 4
    c = np.cos(np.arange(-1, quarter + 1) * 4 * np.pi / n)
    row = np.zeros(n)
    row[:quarter] = h + 9 / (h * np.pi**2) * (2 * c[1 : quarter + 1] - c[:quarter] - c[2 : quarter + 2])
    row[quarter] = h / 2 + 9 / (h * np.pi**2) * (math.cos(4 * np.pi / n) - 1)
    third = np.pi / 3
    half = (h + np.diff(np.sin(np.arange(quarter + 1) * h * third)) / third) / math.sqrt(h)
    zeros = np.zeros(quarter)
    return toeplitz(row, lower_only=False), np.concatenate([zeros, half[::-1], half, zeros])


def hansen_shaw(n: int) -> tuple[Doubles, Doubles]:
    """shaw.m of Regularization Tools 4.1; n is even."""
    places = -np.pi / 2 + np.arange(0.5, n) * np.pi / n
    psi, co = np.pi * np.sin(places), np.cos(places)
    u = psi[:, None] + psi
    sinc = np.divide(np.sin(u), u, out=np.ones((n, n)), where=np.abs(u) > 1e-12)
    x = 2 * np.exp(-6 * (places - 0.8) ** 2) + np.exp(-2 * (places + 0.5) ** 2)
    return np.pi / n * ((co[:, None] + co) * sinc) ** 2, x


def hansen_heat(n: int) -> tuple[Doubles, Doubles]:
    """heat.m of Regularization Tools 4.1, with its κ = 1."""
    h = 1 / n
    t = h / 2 + h * np.arange(n)
    kernel = h / (2 * math.sqrt(np.pi)) * t**-1.5 * np.exp(-1 / (4 * t))
    x = np.zeros(n)
    for i in range(1, n // 2 + 1):
        ti = i * 20 / n
        x[i - 1] = 0.75 * ti**2 / 4 if ti < 2 else 0.75 + (ti - 2) * (3 - ti) if ti < 3 else 0.75 * math.exp(6 - 2 * ti)
    return toeplitz(kernel, lower_only=True), x


def places(n: int) -> Doubles:
    return (np.arange(n) + 0.5) / n


def hansen_deriv2(n: int) -> tuple[Doubles, Doubles]:
    """deriv2.m of Regularization Tools 4.1, example 1."""
    h, i = 1 / n, np.arange(1, n + 1)
    lower = np.tril(h**2 * np.outer((i - 0.5) * h - 1, i - 0.5), -1)
    return lower + lower.T + np.diag(h**2 * ((i**2 - i + 0.25) * h - (i - 2 / 3))), h**1.5 * (i - 0.5)


def hansen_foxgood(n: int) -> tuple[Doubles, Doubles]:
    """foxgood.m of Regularization Tools 4.1."""
    t = places(n)
    return np.sqrt(t[:, None] ** 2 + t**2) / n, t


def hansen_gravity(n: int) -> tuple[Doubles, Doubles]:
    """gravity.m of Regularization Tools 4.1, example 1 on [0, 1] at d = 0.25."""
    t = places(n)
    return 0.25 / n / (0.25**2 + (t[:, None] - t) ** 2) ** 1.5, np.sin(np.pi * t) + 0.5 * np.sin(2 * np.pi * t)


def hansen_wing(n: int) -> tuple[Doubles, Doubles]:
    """wing.m of Regularization Tools 4.1, with its t₁ = 1/3 and t₂ = 2/3."""
    t = places(n)
    return t * np.exp(-np.outer(t, t**2)) / n, np.where((t > 1 / 3) & (t < 2 / 3), math.sqrt(1 / n), 0.0)


def hansen_baart(n: int) -> tuple[Doubles, Doubles]:
    """baart.m of Regularization Tools 4.1; n is even."""
    hs, ht = np.pi / (2 * n), np.pi / n
    s = np.arange(n) * hs

    def inner(c: float) -> Doubles:  # (exp(bc) − exp(ac))/c, without the cancellation of Hansen's code
        return doubles(np.exp(s * c) * np.expm1(hs * c) / c)

    A, before = np.zeros((n, n)), inner(1.0)
    for j in range(1, n + 1):
        after = np.full(n, hs) if j == n // 2 else inner(math.cos(j * ht))
        A[:, j - 1] = (before + 4 * inner(math.cos((j - 0.5) * ht)) + after) / (3 * math.sqrt(2))
        before = after
    return A, -np.diff(np.cos(np.arange(n + 1) * ht)) / math.sqrt(ht)


HANSEN: dict[str, Callable[[int], tuple[Doubles, Doubles]]] = {
    "phillips": hansen_phillips,
    "shaw": hansen_shaw,
    "heat": hansen_heat,
    "deriv2": hansen_deriv2,
    "foxgood": hansen_foxgood,
    "gravity": hansen_gravity,
    "wing": hansen_wing,
    "baart": hansen_baart,
}


@equations
@pytest.mark.parametrize("n", [4, 8, 16, 32])
def test_matrices_and_solutions_are_hansens(equation: str, n: int) -> None:
    A, x = HANSEN[equation](n)
    matrix, solution = EQUATIONS[equation]
    found, place = doubles(matrix(n, n)), doubles(solution(n))
    assert np.abs(found - A).max() < 1e-14 * np.abs(A).max()  # cancellation in Hansen's formulas
    assert np.abs(place - x).max() < 1e-14 * np.abs(x).max()
    if n <= MAX_SQUARE_HEAT:
        assert np.array_equal(problem("float64", equation, n, n)[0], found)


@dtypes
@equations
@pytest.mark.parametrize("n", [1, 3, 8])
def test_entries_are_rounded_once(equation: str, n: int, dtype: Precision) -> None:
    A, b = problem(dtype, equation, 2 * n, n)
    assert A.dtype == b.dtype == np.dtype(dtype)
    for stored, near in zip(A.flat, [q for row in EQUATIONS[equation][0](2 * n, n) for q in row], strict=True):
        # half a unit in the last place, which is u times a power of two up to the entry itself
        assert abs(Fraction(float(stored)) - near) <= UNIT_ROUNDOFF[dtype] * abs(near)


# --- tall ones ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [3, 8])
@pytest.mark.parametrize("equation", ["phillips", "deriv2", "baart"])
def test_pairs_of_rows_of_boxes_add_up_to_those_of_the_square_one(equation: str, n: int) -> None:
    tall, square = doubles(EQUATIONS[equation][0](2 * n, n)), doubles(EQUATIONS[equation][0](n, n))
    assert np.allclose((tall[::2] + tall[1::2]) / math.sqrt(2), square, rtol=0, atol=1e-14)


@pytest.mark.parametrize("n", [3, 8])
def test_every_other_row_of_heat_is_that_of_the_square_one(n: int) -> None:
    tall, square = EQUATIONS["heat"][0](2 * n, n), EQUATIONS["heat"][0](n, n)
    assert tall[1::2] == square


def test_shaw_is_its_kernel_between_any_two_places() -> None:
    A = doubles(EQUATIONS["shaw"][0](6, 3))
    s, t = -math.pi / 2 + math.pi * 3 / 12, -math.pi / 2 + math.pi * 5 / 6  # the second of six, the third of three
    u = math.pi * (math.sin(s) + math.sin(t))
    asked = math.pi / 3 * (math.cos(s) + math.cos(t)) ** 2 * (math.sin(u) / u) ** 2
    assert A[1, 2] == pytest.approx(asked, rel=1e-13)


@pytest.mark.parametrize("equation", ["foxgood", "gravity", "wing"])
def test_rows_of_midpoints_lie_between_those_of_the_square_one(equation: str) -> None:
    # the midpoints of 9 cells are among those of 27, every third: with three times the rows the square one is inside
    square, many = EQUATIONS[equation][0](9, 9), EQUATIONS[equation][0](27, 9)
    assert many[1::3] == square
    tall = EQUATIONS[equation][0](6, 3)
    s, t = 3 / 12, 5 / 6  # the second of six, the third of three
    kernel = {
        "foxgood": math.hypot(s, t),
        "gravity": 0.25 * math.hypot(0.25, s - t) ** -3,
        "wing": t * math.exp(-s * t * t),
    }
    assert float(tall[1][2]) == pytest.approx(kernel[equation] / 3, rel=1e-14)


@dtypes
@pytest.mark.parametrize("n", [4, 16, 30])
def test_deriv2_has_the_singular_values_of_the_second_derivative(n: int, dtype: Precision) -> None:
    truth = EXACT.certify(*problem(dtype, "deriv2", n, n))
    # boxes see the k-th sine as h²(1/(4 sin²(kπ/2n)) − 1/6), which is near 1/(kπ)² for small k, and h²/12 for k = n
    first = (1 / (4 * math.sin(math.pi / (2 * n)) ** 2) - 1 / 6) / n**2
    moved = 2 * UNIT_ROUNDOFF[dtype] * math.sqrt(n) * 12 * n**2 + 1e-14
    assert float(truth.sigma_max) == pytest.approx(first, rel=moved)
    assert float(truth.sigma_min) == pytest.approx(1 / (12 * n**2), rel=moved)


def test_wing_of_two_cells_has_no_solution_but_zero() -> None:
    assert not problem("float64", "wing", 4, 2, noise=0.5)[1].any()
    assert problem("float64", "wing", 6, 3, noise=0.5)[1].all()


def test_what_is_zero_is_stored_as_zero() -> None:
    # cells of [−6, 6] that are 3 apart do not see each other, and heat does not flow back
    for n in (16, 24):
        A = problem("float64", "phillips", n, n)[0]
        assert all((A[i, j] == 0) == (12 * (abs(i - j) - 1) >= 3 * n) for i in range(n) for j in range(n))
    A = problem("float64", "heat", 16, 16)[0]
    assert all((A[i, j] == 0) == (j > i) for i in range(16) for j in range(16))


# --- what is asked is what is stored --------------------------------------------------------------------


@cache
def asked_kappa(equation: str, m: int, n: int) -> float:
    """κ before the matrix is rounded, from an SVD with 80 digits of entries known to 36."""
    with mpmath.workdps(80):
        rows = [[mpmath.mpf(q.numerator) / q.denominator for q in row] for row in EQUATIONS[equation][0](m, n)]
        sigma = mpmath.svd_r(mpmath.matrix(rows), compute_uv=False)
        return float(sigma[0] / sigma[n - 1])


@dtypes
@equations
@pytest.mark.parametrize(("m", "n"), [(8, 8), (16, 8), (12, 12), (16, 16), (30, 15)])
def test_stored_condition_numbers_are_those_of_the_formulas(equation: str, m: int, n: int, dtype: Precision) -> None:
    truth, asked = EXACT.certify(*problem(dtype, equation, m, n)), asked_kappa(equation, m, n)
    assert truth.rank == n
    # Weyl: rounding the entries moves σ₁ and σ_n by at most u‖A‖_F ≤ u√n·σ₁
    moved = UNIT_ROUNDOFF[dtype] * math.sqrt(n) * asked
    if moved < 0.1:
        assert asked * (1 - 2 * moved) < float(truth.kappa or 0) < asked * (1 + 3 * moved)
    else:
        assert float(truth.kappa or 0) > 1 / (100 * UNIT_ROUNDOFF[dtype])


@equations
def test_condition_numbers_grow_with_the_number_of_cells(equation: str) -> None:
    found = [float(EXACT.certify(*problem("float64", equation, n, n)).kappa or 0) for n in (2, 4, 8, 16)]
    assert found == sorted(found)
    mild = {"phillips": (1e3, 1e4), "deriv2": (1e2, 1e3), "gravity": (1e4, 1e5)}
    severe = {"shaw": (1e11, 1e12), "heat": (1e26, 1e27)}
    rounded = {"foxgood": (1e16, 1e18), "wing": (1e17, 1e20), "baart": (1e17, 1e20)}  # to about 1/u
    low, high = (mild | severe | rounded)[equation]
    assert low < found[-1] < high


@dtypes
@equations
@pytest.mark.parametrize("noise", [0.0, 2.0**-10, 0.5])
def test_noise_is_of_the_size_asked(equation: str, noise: float, dtype: Precision) -> None:
    A, b = problem(dtype, equation, 16, 8, noise)
    fit = image(A, EQUATIONS[equation][1](8))
    size = sum((entry**2 for entry in fit), Fraction(0))
    error = sum(((Fraction(stored) - entry) ** 2 for stored, entry in zip(b.tolist(), fit, strict=True)), Fraction(0))
    # rounding moves b by at most u‖b‖ ≤ 2u‖Ax‖
    assert abs(math.sqrt(error / size) - noise) <= 2 * UNIT_ROUNDOFF[dtype]


@dtypes
@equations
def test_noise_lies_in_the_range_and_outside(equation: str, dtype: Precision) -> None:
    A, b = problem(dtype, equation, 16, 8, noise=2.0**-10)
    share = float(EXACT.certify(A, b).residual_norm[0]) / np.linalg.norm(b.astype(np.float64)) * 2**10
    assert 0.4 < share < 0.95  # about √½: half of the 16 directions are in the range


def test_seeds_change_the_noise_only() -> None:
    (A, b), (other, other_b) = (problem("float64", "shaw", 16, 8, noise=0.5, seed=seed) for seed in (0, 1))
    assert np.array_equal(A, other)
    assert not np.array_equal(b, other_b)


# --- grid -----------------------------------------------------------------------------------------------


@dtypes
def test_grids_stay_small_and_hold_every_equation(dtype: Precision) -> None:
    small: list[dict[str, Any]] = list(grid("small", dtype))
    assert len(small) <= 14
    assert all(params["m"] <= 40 and params["n"] <= 16 for params in small)
    assert len(list(grid("standard", dtype))) <= 60 < len(list(grid("full", dtype)))
    for profile in ("small", "standard", "full"):
        assert {params["equation"] for params in grid(profile, dtype)} == set(EQUATIONS)
