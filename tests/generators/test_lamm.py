"""The mesh: power is conserved, derivatives are derivatives, and there are (N−1)² of them."""

from __future__ import annotations

import cmath
import math

import numpy as np
import numpy.typing as npt
import pytest

from lamm_robust.generators.lamm import (
    build,
    derivative,
    difference,
    pairs,
    random_directions,
    random_phases,
    transmission,
)
from lamm_robust.generators.parts.stream import Stream
from lamm_robust.values import PRECISIONS, UNIT_ROUNDOFF, Array, Precision


def mesh(modes: int, dtype: Precision = "float64", seed: int = 0) -> Array:
    return random_phases(Stream("mesh", seed), modes, dtype)


def reference(phases: Array, modes: int) -> npt.NDArray[np.complex128]:
    """Multiply the matrices of Clements et al., eq. 1, in complex arithmetic."""
    U = np.eye(modes, dtype=np.complex128)
    for i, theta, phi in zip(pairs(modes), *phases.tolist(), strict=True):
        T = np.eye(modes, dtype=np.complex128)
        T[i, i], T[i, i + 1] = cmath.exp(1j * phi) * math.cos(theta), -math.sin(theta)
        T[i + 1, i], T[i + 1, i + 1] = cmath.exp(1j * phi) * math.sin(theta), math.cos(theta)
        U = T @ U
    return U


@pytest.mark.parametrize(
    ("modes", "expected"),
    [(2, [0]), (3, [0, 1, 0]), (4, [0, 2, 1, 0, 2, 1]), (5, [0, 2, 1, 3, 0, 2, 1, 3, 0, 2])],
)
def test_layout_is_rectangular(modes: int, expected: list[int]) -> None:
    assert pairs(modes) == expected
    assert len(pairs(modes)) == modes * (modes - 1) // 2


@pytest.mark.parametrize("modes", [2, 3, 4, 5, 8])
def test_transmission_is_that_of_the_matrix_product(modes: int) -> None:
    phases = np.stack([mesh(modes, seed=0), mesh(modes, seed=1)])
    found = transmission(phases, modes, "float64")
    for one, P in zip(phases, found, strict=True):
        assert np.abs(P - np.abs(reference(one, modes)) ** 2).max() < 1e-14


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("modes", [2, 4, 7])
def test_power_is_conserved_to_rounding_of_the_working_precision(modes: int, dtype: Precision) -> None:
    P = transmission(mesh(modes, dtype)[None], modes, dtype)[0]
    assert P.dtype == np.dtype(dtype)
    off = max(np.abs(P.sum(axis=axis, dtype=np.float64) - 1).max() for axis in (0, 1))
    # a mode passes 2N couplers at most, each with a few roundings
    assert off < 8 * modes * UNIT_ROUNDOFF[dtype]


def test_one_interferometer_by_hand() -> None:
    theta, phi = 0.7, 1.9
    phases, directions = np.array([[theta], [phi]]), np.array([[[1.0], [0.0]], [[0.0], [1.0]]])
    c, s = math.cos(theta) ** 2, math.sin(theta) ** 2
    assert np.allclose(transmission(phases[None], 2, "float64")[0], [[c, s], [s, c]], rtol=0, atol=1e-15)
    along_theta, along_phi = derivative(phases, directions, 2, "float64")
    slope = math.sin(2 * theta)
    assert np.allclose(along_theta, [[-slope, slope], [slope, -slope]], rtol=0, atol=1e-15)
    assert np.allclose(along_phi, 0, rtol=0, atol=1e-15)


def test_differences_converge_to_the_derivative_with_the_square_of_the_step() -> None:
    modes = 4
    phases, directions = mesh(modes), random_directions(Stream("directions"), modes, 5, "float64")
    exact = derivative(phases, directions, modes, "float64")
    coarse, fine = (
        np.abs(difference(phases, directions, step, modes, "float64") - exact).max(axis=(1, 2))
        for step in (2.0**-8, 2.0**-9)
    )
    assert np.all(coarse > 1e-7)
    assert np.all((coarse / fine > 3.9) & (coarse / fine < 4.1))


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_derivatives_keep_the_sums(dtype: Precision) -> None:
    modes = 5
    directions = random_directions(Stream("directions"), modes, 3, dtype)
    slopes = derivative(mesh(modes, dtype), directions, modes, dtype).astype(np.float64)
    assert np.abs(slopes).max() > 0.1
    for axis in (1, 2):
        assert np.abs(slopes.sum(axis=axis)).max() < 200 * UNIT_ROUNDOFF[dtype] * np.abs(slopes).max()


@pytest.mark.parametrize("modes", [2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_tangent_space_has_the_dimension_of_doubly_stochastic_matrices(modes: int, seed: int) -> None:
    freedom = (modes - 1) ** 2
    A, _ = build("float64", modes=modes, directions=freedom + 3, step=0.0, seed=seed)
    sigma = np.linalg.svd(A, compute_uv=False)
    # random meshes are badly conditioned (5e-8 here for N = 4, seed 0), and yet far from rounding (1e-16)
    assert sigma[freedom - 1] > 1e-8 * sigma[0]
    assert np.all(sigma[freedom:] < 1e-14 * sigma[0])


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_columns_and_target_are_laid_out_alike(dtype: Precision) -> None:
    A, b = build(dtype, modes=4, directions=3, step=0.0, seed=2)
    phases, target = (random_phases(Stream("lamm", name, 4, 2), 4, dtype) for name in ("mesh", "target"))
    along = random_directions(Stream("lamm", "directions", 4, 2), 4, 3, dtype)
    assert A.shape == (16, 3)
    assert A.dtype == b.dtype == np.dtype(dtype)
    missing = np.abs(reference(target, 4)) ** 2 - np.abs(reference(phases, 4)) ** 2
    assert np.abs(b.reshape(4, 4) - missing).max() < 100 * UNIT_ROUNDOFF[dtype]
    slope = (
        np.abs(reference(phases + 1e-6 * along[1].astype(np.float64), 4)) ** 2
        - np.abs(reference(phases - 1e-6 * along[1].astype(np.float64), 4)) ** 2
    ) / 2e-6
    assert np.abs(A[:, 1].reshape(4, 4) - slope).max() < 1e-9 + 200 * UNIT_ROUNDOFF[dtype]


def test_fewer_directions_are_the_first_of_more() -> None:
    few, _ = build("float64", modes=4, directions=4, step=0.0, seed=0)
    many, _ = build("float64", modes=4, directions=9, step=0.0, seed=0)
    assert np.array_equal(few, many[:, :4])


def test_float32_is_evaluated_in_float32() -> None:
    single, _ = build("float32", modes=4, directions=4, step=0.0, seed=0)
    double, _ = build("float64", modes=4, directions=4, step=0.0, seed=0)
    gap = np.abs(single - double).max()
    assert 2.0**-24 * np.abs(double).max() < gap < 2.0**-17 * np.abs(double).max()


def test_differences_are_noisy_where_the_derivative_is_not() -> None:
    forward, _ = build("float64", modes=4, directions=12, step=0.0, seed=0)
    central, _ = build("float64", modes=4, directions=12, step=2.0**-17, seed=0)
    gap = np.abs(forward - central).max()
    assert 1e-12 < gap < 1e-8
    hair = np.linalg.svd(central, compute_uv=False)
    assert 1e-14 < hair[9] / hair[0] < 1e-9
