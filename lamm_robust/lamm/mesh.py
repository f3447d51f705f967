"""A rectangular mesh of Mach-Zehnder interferometers in JAX, and the power that it transmits.

N modes pass N columns of interferometers, N(N−1)/2 in all, of two phases each: T(θ, φ) = [[e^{iφ} cos θ, −sin θ],
[e^{iφ} sin θ, cos θ]] (Clements, Humphreys, Metcalf, Kolthammer and Walmsley, Optica 3 (2016) 1460, eq. 1). Even
columns begin at the first mode and odd ones at the second. What power meters see is |U|², whose rows and columns sum
to 1: (N−1)² degrees of freedom, fewer than the N(N−1) phases.

All interferometers of a column act at once, and the program is as long for many modes as for few. Real and imaginary
parts are kept apart, so that the arithmetic is the working precision's own.

The derivatives of |U|² by all phases are made at once, of the products of the columns before each interferometer and of
those after it: they cost what some three meshes do, and a product with them is the derivative along a direction.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
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
    turns = _turns(phases, modes)

    def two_columns(U: Any, turn: Any) -> tuple[Any, None]:
        U = jnp.roll(_mix(U, turn[:, :, 0]), -1, axis=1)  # odd columns begin at the second mode
        return jnp.roll(_mix(U, turn[:, :, 1]), 1, axis=1), None

    return jax.lax.scan(two_columns, _identity(modes, turns), turns)[0]


def _turns(phases: Any, modes: int) -> Any:
    """[cos, sin] of [θ, φ] of the interferometers of each pair of columns: (pairs of columns, 2, 2, 2, ⌊N/2⌋, 1).

    Raises ValueError as `unitary`.
    """
    phases = jnp.asarray(phases)
    expected = (2, modes * (modes - 1) // 2)
    if modes < 2:
        raise ValueError(f"modes is {modes}; accepted is a whole number from 2")
    if phases.shape != expected:
        raise ValueError(f"phases has shape {phases.shape}; for {modes} modes it must be {expected}: θ, then φ")
    in_place = jnp.pad(phases, ((0, 0), (0, 1)))[:, layout(modes)]  # phases of 0 mix nothing
    return jnp.moveaxis(jnp.stack((jnp.cos(in_place), jnp.sin(in_place))), 2, 0)[..., None]


def _identity(modes: int, like: Any) -> Any:
    return jnp.stack((jnp.eye(modes, dtype=like.dtype), jnp.zeros((modes, modes), like.dtype)))


def _mix(U: Any, turn: Any) -> Any:
    """U after one more column, which mixes the rows 0 and 1, 2 and 3, … by T; `turn` is [cos, sin] of [θ, φ]."""
    ((cos_theta, cos_phi), (sin_theta, sin_phi)), modes = turn, U.shape[1]
    even = modes - modes % 2
    pairs = U[:, :even].reshape(2, even // 2, 2, modes)
    (re, im), lower = pairs[:, :, 0], pairs[:, :, 1]
    upper = jnp.stack((cos_phi * re - sin_phi * im, sin_phi * re + cos_phi * im))
    mixed = jnp.stack((cos_theta * upper - sin_theta * lower, sin_theta * upper + cos_theta * lower), axis=2)
    return jnp.concatenate((mixed.reshape(2, even, modes), U[:, even:]), axis=1)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def transmission(phases: Any, modes: int) -> Any:
    """|U|² of shape (N, N): the share of the power of each input (columns) in each output (rows).

    The phases have shape (2, N(N−1)/2), θ before φ. Raises ValueError as `unitary`.
    """
    U = unitary(phases, modes)
    return U[0] * U[0] + U[1] * U[1]


@transmission.defjvp
def _transmission_jvp(modes: int, phases: tuple[Any], moved: tuple[Any]) -> tuple[Any, Any]:
    U, slopes = _with_slopes(phases[0], modes)
    along = jnp.matmul(moved[0].reshape(-1), slopes.reshape(-1, modes * modes), precision="highest")
    return U[0] * U[0] + U[1] * U[1], along.reshape(modes, modes)


def _with_slopes(phases: Any, modes: int) -> tuple[Any, Any]:
    """U, and the derivatives of |U|² by every phase: (2, N(N−1)/2, N, N).

    An interferometer mixes rows a and b of the product P of the columns before it, and S is the product of those after
    it, with the interferometer itself in S′: ∂U/∂θ = S_b ⊗ (TP)_a − S_a ⊗ (TP)_b, and ∂U/∂φ = i S′_a ⊗ P_a.
    """
    turns, even = _turns(phases, modes), modes - modes % 2

    def rows(before: tuple[Any, Any], after: tuple[Any, Any]) -> tuple[Any, Any, Any]:
        """Rows a before the interferometers of two columns, and rows a and b after them."""
        befores, afters = jnp.stack(before), jnp.stack(after)
        return befores[:, :, :even:2], afters[:, :, :even:2], afters[:, :, 1:even:2]

    def ahead(P: Any, turn: Any) -> tuple[Any, Any]:
        first = _mix(P, turn[:, :, 0])
        rolled = jnp.roll(first, -1, axis=1)
        second = _mix(rolled, turn[:, :, 1])
        return jnp.roll(second, 1, axis=1), rows((P, rolled), (first, second))

    def back(S: Any, turn: Any) -> tuple[Any, Any]:
        second = jnp.roll(S, -1, axis=1)
        rolled = _mix_transposed(second, turn[:, :, 1])
        first = jnp.roll(rolled, 1, axis=1)
        S = _mix_transposed(first, turn[:, :, 0])
        return S, rows((S, rolled), (first, second))

    start, places = _identity(modes, turns), np.argsort(layout(modes).ravel(), kind="stable")
    U, ahead_of = jax.lax.scan(ahead, start, turns)
    _, behind = jax.lax.scan(back, start, turns, reverse=True)
    by_interferometer = [
        jnp.moveaxis(own, 2, 0).reshape(2, -1, modes)[:, places[: modes * (modes - 1) // 2]]
        for own in (*ahead_of, *behind)
    ]
    P_a, TP_a, TP_b, S1_a, S_a, S_b = by_interferometer
    theta, phi = _outer(S_b, TP_a) - _outer(S_a, TP_b), _outer(S1_a, P_a)
    return U, jnp.stack((2 * (U[0] * theta[0] + U[1] * theta[1]), 2 * (U[1] * phi[0] - U[0] * phi[1])))


def _mix_transposed(S: Any, turn: Any) -> Any:
    """S after one more column, from behind: rows 0 and 1, 2 and 3, … are mixed by Tᵀ."""
    ((cos_theta, cos_phi), (sin_theta, sin_phi)), modes = turn, S.shape[1]
    even = modes - modes % 2
    upper, lower = S[:, :even:2], S[:, 1:even:2]
    re, im = cos_theta * upper + sin_theta * lower
    turned = jnp.stack((cos_phi * re - sin_phi * im, sin_phi * re + cos_phi * im))
    mixed = jnp.stack((turned, cos_theta * lower - sin_theta * upper), axis=2)
    return jnp.concatenate((mixed.reshape(2, even, modes), S[:, even:]), axis=1)


def _outer(columns: Any, rows: Any) -> Any:
    """The outer products x ⊗ y of complex vectors, (2, count, N) both: an array (2, count, N, N)."""
    (re, im), (y, z) = columns[..., None], rows[:, :, None]
    return jnp.stack((re * y - im * z, re * z + im * y))


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
