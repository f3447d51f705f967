"""Columns and steps in one scale: Xα predicts what the step Vα does, to first order and no better."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamm_robust.lamm.layer import dense
from lamm_robust.lamm.mesh import MatrixFn, mesh
from lamm_robust.lamm.options import Options
from lamm_robust.lamm.original import measure_columns
from lamm_robust.lamm.step import METHODS, Method, columns, combine, difference_step, random_directions
from lamm_robust.values import Precision

# JAX computes in its default type, which the precision decides
pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("precision")]

MATRICES: dict[str, tuple[MatrixFn, tuple[int, ...]]] = {
    "mesh": (mesh(4), (2, 6)),
    "layer": (dense(np.linspace(-1, 1, 12).reshape(3, 4)), (2, 4)),
    "cubic": (lambda p: jnp.stack((p**3, p + 1)), (3,)),
}


def case(name: str) -> tuple[MatrixFn, jax.Array, jax.Array]:
    """The matrix, parameters, and five directions."""
    matrix_fn, shape = MATRICES[name]
    params = jax.random.uniform(jax.random.key(1), shape, minval=0.5, maxval=1.5)
    return matrix_fn, params, random_directions(jax.random.key(2), 5, shape, params.dtype)


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("method", METHODS)
def test_columns_predict_the_change_to_first_order(name: str, method: Method, precision: Precision) -> None:
    matrix_fn, params, V = case(name)
    X = np.asarray(columns(matrix_fn, params, V, method=method), np.float64)
    weights = np.array([0.7, -0.2, 0.4, -0.5, 0.3])

    def discrepancy(size: float) -> float:
        alpha = jnp.asarray(size * weights, params.dtype)
        actual = np.asarray(matrix_fn(params + combine(V, alpha)), np.float64) - np.asarray(
            matrix_fn(params), np.float64
        )
        return float(np.linalg.norm(actual.ravel() - X @ (size * weights)))

    sizes = 2.0 ** -np.arange(1, 4 if precision == "float32" else 7)
    misses = np.array([discrepancy(size) for size in sizes])
    ratios = misses[:-1] / misses[1:]
    # of the order h²: each halving divides the discrepancy by 4, nearer and nearer
    assert np.all((ratios > 2.5) & (ratios < 6.5)), ratios
    assert 3.5 < ratios[-1] < 4.6, ratios
    assert misses[-1] < 0.1 * np.linalg.norm(X @ (sizes[-1] * weights))


@pytest.mark.parametrize("name", MATRICES)
def test_differences_and_derivatives_agree_to_the_square_of_the_step(name: str, precision: Precision) -> None:
    matrix_fn, params, V = case(name)
    exact = columns(matrix_fn, params, V, method="forward")
    coarse, fine = (np.abs(columns(matrix_fn, params, V, h) - exact).max() for h in (0.25, 0.125))
    assert coarse > 1e-4
    assert 3.5 < coarse / fine < 4.5
    default = np.abs(columns(matrix_fn, params, V) - exact).max()
    assert default < 20 * difference_step(precision) ** 2  # truncation and rounding are of this size alike


def test_derivatives_by_hand() -> None:
    X = columns(lambda p: jnp.stack((p[0] * p[1], p[0] ** 2)), jnp.array([3.0, 5.0]), jnp.eye(2), method="forward")
    assert np.array_equal(X, [[5, 3], [6, 0]])


def test_one_direction_after_another_gives_the_same_columns(precision: Precision) -> None:
    matrix_fn, params, V = case("mesh")
    for method in METHODS:
        options = Options(lambda X, d: (d, None), directions=5, difference=2.0**-7, method=method, span=0.0)
        alone = measure_columns(matrix_fn, np.asarray(params), np.asarray(V), options, 1.0)
        together = np.asarray(columns(matrix_fn, params, V, 2.0**-7, method))
        assert alone.dtype == together.dtype == np.dtype(precision)
        assert np.abs(alone - together).max() < 1e3 * np.finfo(precision).eps


@pytest.mark.usefixtures("on_cpus_in_float64_only")
def test_directions_have_length_one_and_differ() -> None:
    V = np.asarray(random_directions(jax.random.key(0), 50, (2, 6), jnp.zeros(0).dtype)).reshape(50, -1)
    assert np.allclose(np.linalg.norm(V, axis=1), 1, rtol=1e-6, atol=0)
    assert np.abs(np.triu(V @ V.T, 1)).max() < 0.95
    assert np.abs(V.mean(axis=0)).max() < 0.2  # a mean of 50 has a standard deviation of 0.04


@pytest.mark.usefixtures("on_cpus_in_float64_only")
def test_random_signs_have_length_one_and_are_even() -> None:
    V = np.asarray(random_directions(jax.random.key(0), 200, (2, 20), jnp.zeros(0).dtype, "signs")).reshape(200, -1)
    assert np.allclose(np.abs(V), 40**-0.5, rtol=1e-6, atol=0)
    assert abs((V > 0).mean() - 0.5) < 0.03  # 8000 signs: a standard deviation of 0.0056
    assert np.abs(V @ V.T - np.eye(200)).max() < 0.8


@pytest.mark.usefixtures("on_cpus_in_float64_only")
def test_bad_arguments_are_named() -> None:
    matrix_fn, params, V = case("mesh")
    with pytest.raises(ValueError, match=r"directions has shape \(5, 12\)"):
        columns(matrix_fn, params, V.reshape(5, 12))
    with pytest.raises(ValueError, match="step is -1.0; accepted is a positive number"):
        columns(matrix_fn, params, V, -1.0)
    with pytest.raises(ValueError, match="method is 'secant'; accepted: central, forward"):
        columns(matrix_fn, params, V, method="secant")  # type: ignore[arg-type]
