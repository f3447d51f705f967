"""A rectangular mesh of Mach-Zehnder interferometers in JAX, and the power that it transmits.

N modes pass N columns of interferometers, N(N−1)/2 in all, of two phases each: T(θ, φ) = [[e^{iφ} cos θ, −sin θ],
[e^{iφ} sin θ, cos θ]] (Clements, Humphreys, Metcalf, Kolthammer and Walmsley, Optica 3 (2016) 1460, eq. 1). Even columns
begin at the first mode and odd ones at the second. What power meters see is |U|², whose rows and columns sum to 1:
(N−1)² degrees of freedom, fewer than the N(N−1) phases.

All interferometers of a column act at once. Real and imaginary parts are kept apart, so that the arithmetic is the
working precision's own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

MatrixFn = Callable[[Any], Any]
"""Parameters, an array of any shape → the matrix, an array of any shape."""


def freedom(modes: int) -> int:
    """(N−1)²: the dimension of the N×N matrices whose rows and columns sum to 1."""
    return (modes - 1) ** 2


def columns_of(modes: int) -> list[tuple[int, slice]]:
    """For each column of the mesh its first mode, and which interferometers are its own."""
    found, first = [], 0
    for column in range(modes):
        count = (modes - column % 2) // 2
        found.append((column % 2, slice(first, first + count)))
        first += count
    return found


def unitary(phases: Any, modes: int) -> Any:
    """U as (2, N, N), the real part before the imaginary one, for phases of shape (2, N(N−1)/2), θ before φ.

    Raises ValueError for fewer than 2 modes and for another shape.
    """
    phases = jnp.asarray(phases)
    expected = (2, modes * (modes - 1) // 2)
    if modes < 2:
        raise ValueError(f"modes is {modes}; accepted is a whole number from 2")
    if phases.shape != expected:
        raise ValueError(f"phases has shape {phases.shape}; for {modes} modes it must be {expected}: θ, then φ")
    cosines, sines = jnp.cos(phases)[..., None], jnp.sin(phases)[..., None]
    U = jnp.stack((jnp.eye(modes, dtype=phases.dtype), jnp.zeros((modes, modes), phases.dtype)))
    for first, own in columns_of(modes):
        U = _column(U, first, cosines[:, own], sines[:, own])
    return U


def _column(U: Any, first: int, cosines: Any, sines: Any) -> Any:
    """U behind one column of interferometers, each of which mixes two rows; the first row that it mixes is `first`."""
    modes, count = U.shape[1], cosines.shape[1]
    last = first + 2 * count
    pairs = U[:, first:last].reshape(2, count, 2, modes)
    (re, im), lower = pairs[:, :, 0], pairs[:, :, 1]
    delayed = jnp.stack((cosines[1] * re - sines[1] * im, sines[1] * re + cosines[1] * im))
    mixed = jnp.stack((cosines[0] * delayed - sines[0] * lower, sines[0] * delayed + cosines[0] * lower), axis=2)
    return jnp.concatenate((U[:, :first], mixed.reshape(2, 2 * count, modes), U[:, last:]), axis=1)


def transmission(phases: Any, modes: int) -> Any:
    """|U|² of shape (N, N): the share of the power of each input (columns) in each output (rows).

    The phases have shape (2, N(N−1)/2), θ before φ. Raises ValueError as `unitary`.
    """
    U = unitary(phases, modes)
    return U[0] * U[0] + U[1] * U[1]


@cache
def mesh(modes: int) -> MatrixFn:
    """`transmission` as a function of the phases alone: one object for each N, so that it is compiled once."""
    return jax.jit(lambda phases: transmission(phases, modes))


def random_phases(seed: int, modes: int) -> Any:
    """θ and φ of every interferometer, uniform in [0, 2π): shape (2, N(N−1)/2), in JAX's default precision."""
    return jax.random.uniform(jax.random.key(seed), (2, modes * (modes - 1) // 2), maxval=2 * jnp.pi)
