"""Spectrum: the singular values, the residual and the direction that are asked are those that are stored."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lamm_robust import catalog
from lamm_robust.generators.spectrum import DIRECTIONS, MODES, build, grid, singular_values
from lamm_robust.values import PRECISIONS, PROFILES, UNIT_ROUNDOFF, Array, Precision

EXACT = catalog.find_oracle("exact")
U = 2.0**-53
SHAPES = [(30, 10), (12, 12), (10, 30), (2, 1), (200, 5)]


def problem(m: int, n: int, dtype: Precision = "float64", **changed: Any) -> tuple[Array, Array]:
    asked: dict[str, Any] = {
        "mode": "geometric",
        "log10_cond": 3,
        "residual": 0.0,
        "direction": "random",
        "seed": 0,
    }
    return build(dtype, m=m, n=n, **(asked | changed))


def computed(A: Array) -> npt.NDArray[np.float64]:
    return np.asarray(np.linalg.svd(A.astype(np.float64), compute_uv=False))


def tolerance(m: int, n: int) -> float:
    """Each of the m + n reflectors leaves an error of a few u‖A‖_F, and so does the SVD that looks."""
    return float(4 * U * np.sqrt(min(m, n)) * (10 + np.sqrt(m + n)))


# --- singular values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("one_large", [1, 1e-4, 1e-4]),
        ("one_small", [1, 1, 1e-4]),
        ("geometric", [1, 1e-2, 1e-4]),
        ("arithmetic", [1, 0.50005, 1e-4]),
        ("polynomial", [1, 0.0029942012388455936, 1e-4]),
        ("step", [1, 1, 1e-4]),
        ("spiked", [1, 1e-4, 1e-4]),
        ("clustered", [1, 1e-2, 1e-4]),
        ("stairs", [1, 4e-4, 1e-4]),
    ],
)
def test_modes_by_hand(mode: str, expected: list[float]) -> None:
    assert singular_values(mode, 3, 4, seed=0).tolist() == expected


def test_log_uniform_keeps_its_ends_and_spreads_its_inside() -> None:
    inside: list[float] = []
    for seed in range(200):
        sigma = singular_values("log_uniform", 7, 10, seed)
        assert (sigma[0], sigma[-1]) == (1.0, 1e-10)
        assert np.all(np.diff(sigma) < 0)
        inside.extend(np.log10(sigma[1:-1]))
    # uniform in (−10, 0): mean −5 and variance 100/12, with standard deviations 0.09 and 0.24 over 1000 draws
    assert abs(np.mean(inside) + 5) < 0.4
    assert abs(np.var(inside) - 100 / 12) < 1.0


def test_normal_keeps_its_ends_and_has_the_moments_of_the_entries_inside() -> None:
    inside: list[float] = []
    for seed in range(200):
        sigma = singular_values("normal", 7, 10, seed)
        assert (sigma[0], sigma[-1]) == (1.0, 1e-10)
        assert np.all(np.diff(sigma) < 0)
        inside.extend(sigma[1:-1])
    # |z|/3 for the sum z of three uniform numbers: mean 13/48, mean square 1/9, standard deviation 0.194 of one draw
    assert abs(np.mean(inside) - 13 / 48) < 0.025
    assert abs(np.mean(np.square(inside)) - 1 / 9) < 0.02


def decades(mode: str, m: int, n: int) -> npt.NDArray[np.float64]:
    """−log₁₀ σ/σ₁ of a stored matrix, from 0 to 4: NumPy's SVD sees ten digits of them at κ = 1e4."""
    sigma = computed(problem(m, n, mode=mode, log10_cond=4, seed=5)[0])
    return np.asarray(-np.log10(sigma / sigma[0]))


@pytest.mark.parametrize(("m", "n", "ones"), [(30, 10, 5), (30, 11, 6), (10, 30, 5), (12, 12, 6)])
def test_step_has_its_gap_in_the_middle(m: int, n: int, ones: int) -> None:
    found = decades("step", m, n)
    assert np.abs(found[:ones]).max() < 1e-9
    assert np.abs(found[ones:] - 4).max() < 1e-9


@pytest.mark.parametrize(("n", "spikes"), [(8, 2), (19, 4), (20, 5)])
def test_spikes_stand_apart_over_a_flat_bulk(n: int, spikes: int) -> None:
    found = decades("spiked", 30, n)
    assert found[:spikes] == pytest.approx(2 * np.arange(spikes) / spikes, abs=1e-9)
    assert np.abs(found[spikes:] - 4).max() < 1e-9


@pytest.mark.parametrize(("n", "counts"), [(8, [2, 2, 2, 2]), (12, [3, 3, 3, 3]), (10, [3, 2, 2, 3])])
def test_stairs_are_a_gap_and_then_steps_of_two_and_four(n: int, counts: list[int]) -> None:
    asked = np.repeat([0, 4 - math.log10(8), 4 - math.log10(4), 4], counts)
    assert decades("stairs", 30, n) == pytest.approx(asked, abs=1e-9)


@pytest.mark.parametrize(
    ("kappa_bits", "heights"), [(0, [1, 1, 1, 1]), (1, [2, 2, 2, 1]), (2.5, [2**2.5, 2**2.5, 4, 1])]
)
def test_stairs_go_down_for_small_condition_numbers_too(kappa_bits: float, heights: list[float]) -> None:
    sigma = singular_values("stairs", 4, kappa_bits * math.log10(2), seed=0)
    assert sigma * 2**kappa_bits == pytest.approx(heights, rel=1e-14)


def test_clusters_are_tight_and_of_different_values() -> None:
    found = decades("clustered", 50, 40)
    members = [found[np.abs(found - centre) < 0.1] - centre for centre in (0, 2, 4)]
    assert [len(cluster) for cluster in members] == [10, 20, 10]
    # the outermost of 40 are 9/39 and 9.5/39 of the four decades from their centres, before these are 1024 times closer
    widths = [float(np.abs(cluster).max()) for cluster in members]
    assert widths == pytest.approx([36 / 39 / 1024, 38 / 39 / 1024, 36 / 39 / 1024], abs=1e-6)
    assert np.diff(found).min() > 1e-5  # of 4/(39·1024) = 1e-4 between neighbours


@pytest.mark.parametrize("n", [10, 25])
def test_polynomial_decay_is_a_straight_line_in_logarithms(n: int) -> None:
    found = decades("polynomial", 30, n)
    slopes = found[1:] / np.log10(np.arange(2, n + 1))
    assert slopes == pytest.approx(4 / math.log10(n), abs=1e-8)
    assert np.mean(found) == pytest.approx(4 * math.log(math.factorial(n)) / (n * math.log(n)), abs=1e-9)


@pytest.mark.parametrize(
    ("mode", "low", "high"),
    [
        # the mean of −log₁₀ σ, by the formulas for ten singular values from 1 to 1e-4
        ("one_large", 3.6, 3.6),
        ("one_small", 0.4, 0.4),
        ("geometric", 2.0, 2.0),
        ("arithmetic", 0.702, 0.703),  # (log₁₀ 9⁹/9! + 4)/10
        ("log_uniform", 1.0, 3.0),
        ("normal", 0.7, 1.5),
        ("polynomial", 2.62, 2.63),  # 4 log₁₀ 10!/10
        ("step", 2.0, 2.0),
        ("spiked", 3.3, 3.3),  # 0 and 1 for two spikes, and eight times 4
        ("clustered", 2.0, 2.0),
        ("stairs", 2.498, 2.499),  # 1.2 and, for two values each of 8e-4 and 4e-4, (4 − log₁₀ 8 + 4 − log₁₀ 4)/5
    ],
)
def test_geometric_means_tell_the_modes_apart(mode: str, low: float, high: float) -> None:
    assert low - 1e-9 <= np.mean(decades(mode, 30, 10)) <= high + 1e-9


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("mode", MODES)
def test_stored_condition_number_is_the_one_asked(mode: str, dtype: Precision) -> None:
    for m, n in ((16, 4), (6, 6), (4, 16)):
        A, b = problem(m, n, dtype, mode=mode, log10_cond=3, seed=1)
        kappa = EXACT.certify(A, b).kappa
        # rounding moves a singular value by up to u‖A‖_F, and the smallest is 1e-3
        error = 2000 * UNIT_ROUNDOFF[dtype] * math.sqrt(min(m, n)) + 1e-12
        assert kappa is not None
        assert abs(float(kappa) - 1e3) <= 1e3 * error


def test_modes_that_only_reorder_are_not_listed_twice() -> None:
    sorts = {mode: tuple(sorted(singular_values(mode, 9, 4, seed=0).tolist())) for mode in MODES}
    assert len(set(sorts.values())) == len(MODES) == 11
    assert all(list(singular_values(mode, 9, 4, seed=0)) == list(sigma)[::-1] for mode, sigma in sorts.items())


@pytest.mark.parametrize("mode", MODES)
def test_one_and_two_singular_values(mode: str) -> None:
    assert singular_values(mode, 1, 0, seed=0).tolist() == [1.0]
    assert singular_values(mode, 2, 2.5, seed=0).tolist() == [1.0, 10**-2.5]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("m", "n"), SHAPES)
@pytest.mark.parametrize("log10_cond", [0, 2.5, 9])
def test_stored_singular_values_are_those_asked(mode: str, m: int, n: int, log10_cond: float) -> None:
    exponent = log10_cond if min(m, n) > 1 else 0
    A, _ = problem(m, n, mode=mode, log10_cond=exponent, seed=3)
    asked = singular_values(mode, min(m, n), exponent, seed=3)
    assert np.abs(computed(A) - asked).max() < tolerance(m, n)
    assert 0.99 * 10**exponent < computed(A)[0] / computed(A)[-1] < 1.01 * 10**exponent


def test_float32_is_float64_rounded_once() -> None:
    asked: dict[str, Any] = {
        "m": 16,
        "n": 4,
        "mode": "arithmetic",
        "log10_cond": 2,
        "residual": 1.0,
        "direction": "random",
        "seed": 0,
    }
    double, single = build("float64", **asked), build("float32", **asked)
    for wide, narrow in zip(double, single, strict=True):
        assert narrow.dtype == np.float32
        assert np.array_equal(wide.astype(np.float32), narrow)


def test_seeds_and_sides_give_different_matrices() -> None:
    A, b = problem(6, 6, mode="one_small", log10_cond=0)
    other, other_b = problem(6, 6, mode="one_small", log10_cond=0, seed=1)
    assert np.abs(A - other).max() > 0.1
    assert np.abs(b - other_b).max() > 0.1
    assert np.abs(A - A.T).max() > 0.1  # U D Vᵀ with signs D, not U D Uᵀ


def test_signs_of_singular_vectors_are_random() -> None:
    # with m = n = 1 nothing is left but the sign of A
    assert {problem(1, 1, log10_cond=0, seed=seed)[0].item() for seed in range(20)} == {-1.0, 1.0}


# --- b --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("residual", [1e-6, 1.0, 1e3])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_residual_is_at_right_angles_and_of_the_size_asked(residual: float, direction: str) -> None:
    A, b = problem(30, 10, residual=residual, direction=direction)
    x = np.linalg.lstsq(A, b)[0]
    size = np.linalg.norm(b - A @ x) / np.linalg.norm(A @ x)
    assert 0.999999 * residual < size < 1.000001 * residual


@pytest.mark.parametrize(("m", "n"), SHAPES)
def test_consistent_systems_are_consistent(m: int, n: int) -> None:
    A, b = problem(m, n, log10_cond=1 if min(m, n) > 1 else 0)
    x = np.linalg.lstsq(A, b)[0]
    assert np.linalg.norm(b - A @ x) < 1e-14 * np.linalg.norm(b)
    assert 1 - 1e-13 < np.linalg.norm(x) < 1 + 1e-13


@pytest.mark.parametrize(("m", "n"), [(30, 10), (8, 8), (10, 30)])
@pytest.mark.parametrize(("direction", "index"), [("leading", 0), ("trailing", -1)])
def test_solution_lies_along_the_singular_vector_asked(m: int, n: int, direction: str, index: int) -> None:
    A, b = problem(m, n, direction=direction)
    x = np.linalg.lstsq(A, b)[0]
    v = np.linalg.svd(A, full_matrices=False)[2][index]
    assert 1 - 1e-12 < abs(v @ x) < 1 + 1e-12


def test_random_solution_lies_along_no_singular_vector() -> None:
    A, b = problem(30, 10)
    cosines = np.linalg.svd(A, full_matrices=False)[2] @ np.linalg.lstsq(A, b)[0]
    assert np.abs(cosines).max() < 0.9
    assert np.abs(cosines).min() > 1e-3


# --- grid -----------------------------------------------------------------------------------------------


def test_quick_grid_sweeps_the_condition_number_at_both_residuals() -> None:
    def swept(dtype: Any, residual: float) -> list[Any]:
        return [
            params["log10_cond"]
            for params in grid("small", dtype)
            if (params["m"], params["n"], params["mode"]) == (30, 10, "geometric")
            and (params["direction"], params["residual"]) == ("random", residual)
        ]

    every64, every32 = [*range(13), 14, 16], [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8]
    assert (swept("float64", 1e-12), swept("float64", 1.0)) == (every64, every64[::2])
    assert (swept("float32", 1e-5), swept("float32", 1.0)) == (every32, every32[::2])


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_every_profile_has_every_mode_and_quick_few_of_each(dtype: Precision) -> None:
    for profile in PROFILES:
        listed: list[dict[str, Any]] = list(grid(profile.name, dtype))
        assert {params["mode"] for params in listed} == set(MODES)
    small = [params["mode"] for params in grid("small", dtype)]
    assert all(small.count(mode) == 1 for mode in MODES if mode not in ("geometric", "stairs"))
    assert small.count("stairs") == 1
