"""A choice between two programs that stays a choice when it is batched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap

Branch = Callable[..., Any]
"""A function of arrays, and of nothing else that a batch changes."""


def either(usual: Branch, rare: Branch) -> Branch:
    """`jax.lax.cond` as a function of (is_usual, *operands), where a batch of the usual case never runs the rare one.

    Under `jax.vmap` a cond runs both branches for all and selects afterwards. Here a batch asks first whether all of it
    is usual; only where not, both branches run, and each of the batch still gets the answer that it gets alone.
    """

    @custom_vmap
    def choose(is_usual: Any, *operands: Any) -> Any:
        return jax.lax.cond(is_usual, usual, rare, *operands)

    @choose.def_vmap
    def _choose_all(size: int, batched: tuple[bool, ...], is_usual: Any, *operands: Any) -> tuple[Any, Any]:
        everything = [
            array if own else jnp.broadcast_to(array, (size, *array.shape))
            for array, own in zip((is_usual, *operands), batched, strict=True)
        ]
        found = jax.lax.cond(jnp.all(everything[0]), _all_usual, _mixed, *everything)
        return found, jax.tree.map(lambda _: True, found)

    def _all_usual(_: Any, *operands: Any) -> Any:
        return jax.vmap(usual)(*operands)

    def _mixed(is_usual: Any, *operands: Any) -> Any:
        return jax.vmap(lambda one, *own: jax.lax.cond(one, usual, rare, *own))(is_usual, *operands)

    return choose
