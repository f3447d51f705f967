"""A rectangular mesh of Mach-Zehnder interferometers in JAX, and the power that it transmits.

N modes pass N columns of interferometers, N(N−1)/2 in all, of two phases each: T(θ, φ) = [[e^{iφ} cos θ, −sin θ],
[e^{iφ} sin θ, cos θ]] (Clements, Humphreys, Metcalf, Kolthammer and Walmsley, Optica 3 (2016) 1460, eq. 1). Even
columns begin at the first mode and odd ones at the second. What power meters see is |U|², whose rows and columns sum
to 1: (N−1)² degrees of freedom, fewer than the N(N−1) phases.

All interferometers of a column act at once, and the program is as long for many modes as for few. Real and imaginary
parts are kept apart, so that the arithmetic is the working precision's own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

__all__ = ["mesh", "random_phases", "transmission"]

MatrixFn = Callable[[Any], Any]
"""Parameters, an array of any shape → the matrix, an array of any shape."""


def layout(modes: int) -> npt.NDArray[np.intp]:
    """The number of the interferometer at each place (pair of columns, 2, ⌊N/2⌋), or N(N−1)/2 where there is none."""
    count, first = modes * (modes - 1) // 2, 0
    places = np.full((modes + modes % 2, modes // 2), count)
    for column in range(modes):
        own = (modes - column % 2) // 2
        places[column, :own] = range(first, first + own)
        first += own
    return places.reshape(-1, 2, modes // 2)


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
    in_place = jnp.pad(phases, ((0, 0), (0, 1)))[:, layout(modes)]  # phases of 0 mix nothing
    turns = jnp.moveaxis(jnp.stack((jnp.cos(in_place), jnp.sin(in_place))), 2, 0)[..., None]
    identity = jnp.stack((jnp.eye(modes, dtype=phases.dtype), jnp.zeros((modes, modes), phases.dtype)))

    def two_columns(U: Any, turn: Any) -> tuple[Any, None]:
        U = jnp.roll(_mix(U, turn[:, :, 0]), -1, axis=1)  # odd columns begin at the second mode
        return jnp.roll(_mix(U, turn[:, :, 1]), 1, axis=1), None

    return jax.lax.scan(two_columns, identity, turns)[0]


def _mix(U: Any, turn: Any) -> Any:
    """U after one more column, which mixes the rows 0 and 1, 2 and 3, … by T; `turn` is [cos, sin] of [θ, φ]."""
    ((cos_theta, cos_phi), (sin_theta, sin_phi)), modes = turn, U.shape[1]
    even = modes - modes % 2
    pairs = U[:, :even].reshape(2, even // 2, 2, modes)
    (re, im), lower = pairs[:, :, 0], pairs[:, :, 1]
    upper = jnp.stack((cos_phi * re - sin_phi * im, sin_phi * re + cos_phi * im))
    mixed = jnp.stack((cos_theta * upper - sin_theta * lower, sin_theta * upper + cos_theta * lower), axis=2)
    return jnp.concatenate((mixed.reshape(2, even, modes), U[:, even:]), axis=1)


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
    """θ and φ of every interferometer, uniform in [0, 2π): shape (2, N(N−1)/2), in JAX's default precision.

    They are drawn in float32, so that both precisions get the same numbers.
    """
    shape = 2, modes * (modes - 1) // 2
    return jax.random.uniform(jax.random.key(seed), shape, jnp.float32, maxval=2 * jnp.pi).astype(float)
