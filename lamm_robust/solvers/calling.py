"""How a user's own function is called: with the arrays of which library, and alone or in a batch."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from lamm_robust.solvers.results import is_by_place, parts
from lamm_robust.values import Array, Arrays

BATCHES = (1, 2, 8, 33)
"""Sizes of batches, one for each problem, as if at random: libraries change their ways between one matrix and a few,
and some at 32, which is the number of threads that a GPU runs together."""

Function = Callable[..., Any]


@dataclass(frozen=True)
class Calling:
    """Whose arrays a function takes, and whether it takes several A and b at once, on a first axis."""

    arrays: Arrays = "numpy"
    batched: bool = False
    full_rank: bool = False
    """Whether all matrices of a batch have to be of full rank."""

    def wrap(self, function: Function) -> Function:
        """The function as one of a NumPy matrix A (m×n) and b (of length m, or m×k), which returns what it returns.

        ImportError if the library of the arrays is not installed.
        """
        call = function if self.arrays == "numpy" else _with(ARRAYS_OF[self.arrays](), function)
        return _in_batch(call, full_rank=self.full_rank) if self.batched else call


USUAL = Calling()
"""With NumPy arrays, alone."""


def _jax() -> Function:
    import jax.numpy as jnp

    return jnp.asarray


def _torch() -> Function:
    import torch

    return lambda values: torch.tensor(np.ascontiguousarray(values))


ARRAYS_OF: dict[str, Callable[[], Function]] = {"jax": _jax, "torch": _torch}
"""Library → a function that makes the one that turns a NumPy array into one of the library."""


def _with(make: Function, function: Function) -> Function:
    return lambda A, b: function(make(A), make(b))


def _in_batch(function: Function, *, full_rank: bool) -> Function:
    def solve(A: Array, b: Array) -> Any:
        size = BATCHES[zlib.crc32(np.abs(A).tobytes()) % len(BATCHES)]  # the same whatever the signs and the layout
        place = size // 2
        matrices = [A if i == place else _companion(A, i, full_rank=full_rank) for i in range(size)]
        result = function(np.stack(matrices), np.stack([b] * size))
        x, rank = parts(result)
        found = np.asarray(x)
        own = found[place] if found.ndim and len(found) == size else x  # of another shape: a fault, said elsewhere
        ranks = None if rank is None else np.asarray(rank)
        own_rank = ranks[place] if ranks is not None and ranks.shape == (size,) else None
        return (own, None, own_rank, None) if is_by_place(result) else SimpleNamespace(x=own, rank=own_rank)

    return solve


LARGE = 2.0**20
"""How much larger than 1 a neighbour is: a cutoff that it decides loses what κ = 10⁸ makes small, in float64."""


def _companion(A: Array, number: int, *, full_rank: bool) -> Array:
    """Another matrix of the batch: a large multiple of a unit matrix, −A, zeros, or A with two equal columns.

    What is done for all together, such as a cutoff by the largest singular value of all, shows beside such neighbours.
    """
    kind = number % (2 if full_rank else 4)
    if kind == 0:
        return np.array(LARGE * np.eye(*A.shape), A.dtype)
    if kind == 3:
        twice = A.copy()
        twice[:, -1:] = A[:, :1]
        return twice
    return -A if kind == 1 else np.zeros_like(A)
