"""The programmable matrices: what the mesh must conserve, that it is the families' mesh, and a layer by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamm_robust.generators import lamm as family
from lamm_robust.generators.parts.stream import Stream
from lamm_robust.lamm.layer import dense
from lamm_robust.lamm.mesh import layout, mesh, random_phases, transmission, unitary
from lamm_robust.lamm.records import freedom
from lamm_robust.values import UNIT_ROUNDOFF, Precision

pytestmark = pytest.mark.gpu

MODES = [2, 3, 4, 5, 8]


@pytest.mark.parametrize("modes", [*MODES, 16])
def test_every_interferometer_has_one_place_in_the_order_of_the_family(modes: int) -> None:
    places, count = layout(modes), modes * (modes - 1) // 2
    uppers = [
        2 * slot + column % 2 for column, row in enumerate(places.reshape(-1, modes // 2)) for slot in range(len(row))
    ]
    used = [(place, upper) for place, upper in zip(places.ravel().tolist(), uppers, strict=True) if place < count]
    assert used == list(enumerate(family.pairs(modes)))


@pytest.mark.parametrize("modes", MODES)
def test_power_is_conserved(modes: int, precision: Precision) -> None:
    phases = random_phases(modes, modes)
    re, im = np.asarray(jax.jit(unitary, static_argnums=1)(phases, modes), np.float64)
    U = re + 1j * im
    u = UNIT_ROUNDOFF[precision]
    assert np.abs(U.conj().T @ U - np.eye(modes)).max() < 8 * modes * u  # 2N couplers, a few roundings in each
    P = np.asarray(mesh(modes)(phases))
    assert P.dtype == np.dtype(precision)
    assert P.min() >= 0
    for axis in (0, 1):
        assert np.abs(P.sum(axis=axis, dtype=np.float64) - 1).max() < 16 * modes * u


@pytest.mark.parametrize("modes", MODES)
def test_it_is_the_mesh_of_the_family(modes: int, precision: Precision) -> None:
    phases = family.random_phases(Stream("mesh", modes), modes, precision)
    expected = family.transmission(phases[None], modes, precision)[0]
    assert np.abs(np.asarray(mesh(modes)(phases)) - expected).max() < 16 * modes * UNIT_ROUNDOFF[precision]


@pytest.mark.parametrize(("modes", "seed"), [(2, 0), (3, 0), (4, 1), (5, 1)])
def test_the_tangent_space_has_dimension_of_the_doubly_stochastic_matrices(
    modes: int, seed: int, precision: Precision
) -> None:
    if precision == "float32" and modes > 3:
        pytest.skip("the smallest of these singular values is below the resolution of float32")
    J = np.asarray(jax.jit(jax.jacfwd(mesh(modes)))(random_phases(seed, modes)), np.float64)
    sigma = np.linalg.svd(J.reshape(modes * modes, -1), compute_uv=False)
    dimension = freedom(modes)
    assert dimension == (modes - 1) ** 2
    # random meshes are badly conditioned, and yet far from rounding
    assert sigma[dimension - 1] > 1e3 * UNIT_ROUNDOFF[precision] * sigma[0]
    assert np.all(sigma[dimension:] < 100 * UNIT_ROUNDOFF[precision] * sigma[0])


@pytest.mark.parametrize(("modes", "jacobian"), [(2, jax.jacrev), (5, jax.jacfwd), (8, jax.jacfwd)])
def test_all_derivatives_at_once_are_those_of_the_columns_one_after_another(
    modes: int, jacobian: Callable[..., Any], precision: Precision
) -> None:
    def plain(phases: Any) -> Any:
        U = unitary(phases, modes)
        return U[0] * U[0] + U[1] * U[1]

    phases = random_phases(modes, modes)
    expected = jax.jit(jax.jacfwd(plain))(phases)
    found = jax.jit(jacobian(mesh(modes)))(phases)
    assert found.dtype == np.dtype(precision)
    assert np.abs(found - expected).max() < 16 * modes * UNIT_ROUNDOFF[precision]


@pytest.mark.usefixtures("precision")  # JAX's default type
@pytest.mark.parametrize("modes", [4, 5])
def test_phases_of_zero_change_nothing(modes: int) -> None:
    assert np.array_equal(mesh(modes)(jnp.zeros((2, modes * (modes - 1) // 2))), np.eye(modes))


@pytest.mark.usefixtures("precision")  # JAX's default type
def test_bad_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r"phases has shape \(2, 5\); for 4 modes it must be \(2, 6\)"):
        transmission(jnp.zeros((2, 5)), 4)
    with pytest.raises(ValueError, match="modes is 1; accepted is a whole number from 2"):
        transmission(jnp.zeros((2, 0)), 1)
    with pytest.raises(ValueError, match=r"inputs has shape \(3,\)"):
        dense(np.ones(3))


@pytest.mark.usefixtures("precision")  # JAX's default type
def test_the_layer_by_hand() -> None:
    layer = dense([[0.5, -1.0]])  # one feature, two samples
    found = layer(jnp.asarray([[2.0, 0.25]]))  # weight 2, bias 1/4
    assert np.allclose(found, np.tanh([[1.25, -1.75]]), rtol=1e-6, atol=0)
