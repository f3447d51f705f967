"""Directions, derivatives along them, and steps: how a wanted change becomes a least-squares problem.

A direction is a change of the parameters, and its column is the derivative of the matrix along it. Both are in one
scale: to first order, the step Vα changes the matrix by Xα.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from lamm_robust.lamm.mesh import MatrixFn

Draw = Literal["sphere", "signs"]
DRAWS: tuple[Draw, ...] = ("sphere", "signs")
WORD = 32
"""The bits of a random word."""

Method = Literal["central", "forward"]
METHODS: tuple[Method, ...] = ("central", "forward")


def difference_step(dtype: Any) -> float:
    """u^(1/3), where truncation h² and rounding u/h balance: 2⁻⁸ in float32, and about 2⁻¹⁸ in float64.

    (Nocedal and Wright, Numerical Optimization, 2nd ed., section 8.1, for central differences.)
    """
    return float((np.finfo(dtype).eps / 2) ** (1 / 3))


def random_directions(key: Any, count: int, shape: tuple[int, ...], dtype: Any, draw: Draw = "sphere") -> Any:
    """Random directions of length 1, uniform on the sphere or of random signs: an array (count, *shape)."""
    if draw == "signs":
        return _signs(key, count, math.prod(shape), dtype).reshape(count, *shape)
    normal = jax.random.normal(key, (count, *shape), dtype)
    axes = tuple(range(1, normal.ndim))
    return normal / jnp.sqrt(jnp.sum(normal * normal, axis=axes, keepdims=True))


def _signs(key: Any, count: int, size: int, dtype: Any) -> Any:
    """±1/√size, one bit of a random word for each entry: an array (count, size)."""
    words = jax.random.bits(key, (count, -(-size // WORD)), jnp.uint32)
    bits = (words[..., None] >> jnp.arange(WORD, dtype=jnp.uint32)) & 1
    return (1 - 2 * bits.reshape(count, -1)[:, :size].astype(dtype)) / jnp.sqrt(jnp.asarray(size, dtype))


@partial(jax.jit, static_argnums=(2, 3, 4, 5))
def draw_directions(key: Any, step: Any, count: int, shape: tuple[int, ...], dtype: Any, draw: Draw = "sphere") -> Any:
    """The random directions (count, *shape) of one step; compiled because the Python loop calls it often."""
    return random_directions(jax.random.fold_in(key, step), count, shape, dtype, draw)


def columns(matrix_fn: MatrixFn, params: Any, directions: Any, step: Any = None, method: Method = "central") -> Any:
    """X (m×k): the derivatives of the flattened matrix along k directions (k, *shape of params).

    `central` takes differences (F(p + hv) − F(p − hv))/2h with the step h (None: `difference_step`), whose error is of
    the order h²; `forward` differentiates exactly, by forward mode, and has no step. Raises ValueError for directions
    of another shape, another method, and a step that is not positive.
    """
    params, directions = jnp.asarray(params), jnp.asarray(directions)
    if directions.shape[1:] != params.shape:
        raise ValueError(f"directions has shape {directions.shape}; for these params it must be (k, *{params.shape})")
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; accepted: {', '.join(METHODS)}")
    if method == "forward":
        _, slope = jax.linearize(matrix_fn, params)
        return jax.vmap(slope)(directions).reshape(len(directions), -1).T
    h = difference_step(params.dtype) if step is None else step
    if not isinstance(h, jax.core.Tracer) and not 0 < h < np.inf:
        raise ValueError(f"step is {h}; accepted is a positive number")
    ahead, behind = jax.vmap(jax.vmap(matrix_fn))(jnp.stack((params + h * directions, params - h * directions)))
    return ((ahead - behind) / (2 * h)).reshape(len(directions), -1).T


def check_weights(shape: tuple[int, ...], count: int) -> None:
    """Raise ValueError unless α has one weight for each of `count` directions."""
    if shape != (count,):
        raise ValueError(f"the solver returns α of shape {shape}; for {count} directions it is {(count,)}")


def combine(directions: Any, weights: Any) -> Any:
    """Vα: the step of k weights along k directions, in the shape of the parameters."""
    return jnp.tensordot(weights, directions, 1, precision="highest")  # GPUs would take 11 bits of float32
