"""A choice between two branches of a program that stays a choice under `jax.vmap`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap

Branch = Callable[[Any], Any]
"""A function of a tree of arrays; whatever else it uses must be the same for a whole batch."""


def either(usual: Branch, rare: Branch) -> Callable[[Any, Any], Any]:
    """The function (is_usual, given) that is `jax.lax.cond`, but runs only `usual` for a batch that is all usual.

    Under `jax.vmap`, `cond` runs both branches for the whole batch and then selects. Here a batch with a rare member
    runs both, and every other batch only `usual`. Each member gets the answer that it would get alone.
    """

    @custom_vmap
    def choose(is_usual: Any, given: Any) -> Any:
        return jax.lax.cond(is_usual, usual, rare, given)

    @choose.def_vmap
    def _choose_all(size: int, batched: Any, is_usual: Any, given: Any) -> tuple[Any, Any]:
        all_usual, everything = spread(size, batched, (is_usual, given))
        both = either(lambda found: jax.vmap(usual)(found[1]), lambda found: jax.vmap(one)(*found))
        found = both(jnp.all(all_usual), (all_usual, everything))  # which may be batched once more
        return found, jax.tree.map(lambda _: True, found)

    def one(is_usual: Any, given: Any) -> Any:
        return jax.lax.cond(is_usual, usual, rare, given)

    return choose


def spread(size: int, batched: Any, arrays: Any) -> Any:
    """The tree of arrays with a first axis of that size, for those that have none yet."""
    leaves, tree = jax.tree.flatten(arrays)
    owns = jax.tree.leaves(batched)
    spread_out = [a if own else jnp.broadcast_to(a, (size, *a.shape)) for a, own in zip(leaves, owns, strict=True)]
    return jax.tree.unflatten(tree, spread_out)
