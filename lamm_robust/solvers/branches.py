"""A choice between two branches of a program that stays a choice under `jax.vmap`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap

Branch = Callable[..., Any]
"""A function of arrays; whatever else it uses must be the same for a whole batch."""


def either(usual: Branch, rare: Branch) -> Branch:
    """The function (is_usual, *operands) that is `jax.lax.cond`, but runs only `usual` for a batch that is all usual.

    Under `jax.vmap`, `cond` runs both branches for the whole batch and then selects. Here a batch with a rare member
    runs both, and every other batch only `usual`. Each member gets the answer that it would get alone.
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
        found = either(_all_usual, _mixed)(jnp.all(everything[0]), *everything)  # which may be batched once more
        return found, jax.tree.map(lambda _: True, found)

    def _all_usual(_: Any, *operands: Any) -> Any:
        return jax.vmap(usual)(*operands)

    def _mixed(is_usual: Any, *operands: Any) -> Any:
        return jax.vmap(lambda one, *own: jax.lax.cond(one, usual, rare, *own))(is_usual, *operands)

    return choose
