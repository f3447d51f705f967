"""A dense layer as a programmable matrix: its outputs for fixed inputs, as a function of its weights."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lamm_robust.lamm.mesh import MatrixFn

__all__ = ["dense"]


def dense(inputs: Any) -> MatrixFn:
    """The layer tanh(WX + c) of inputs X (features × samples), as a function of (W c): outputs × (features + 1).

    Raises ValueError unless X has two axes.
    """
    X = jnp.asarray(inputs)
    if X.ndim != 2:
        raise ValueError(f"inputs has shape {X.shape}; accepted is (features, samples)")
    extended = jnp.concatenate((X, jnp.ones((1, X.shape[1]), X.dtype)))
    return jax.jit(lambda params: jnp.tanh(jnp.matmul(params, extended, precision="highest")))
