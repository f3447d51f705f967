"""The same numbers laid out in memory in other ways than by rows, as callers hand them over: answers must not change.

Sliced, transposed and memory-mapped arrays are as good as any to NumPy, and compiled code that was never given one
reads other numbers, or writes where it must not. Each layout is a copy of a whole array that differs in one thing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lamm_robust.values import Array


@dataclass(frozen=True)
class Layout:
    """A way to lay out an array in memory."""

    name: str
    """What such an array is called, as in "read-only arrays"."""
    copy: Callable[[Array], Array]
    """Returns a copy of an array, of length m or m×n, that is laid out this way."""


def by_columns(array: Array) -> Array:
    """Return a copy whose columns lie one after another, as Fortran has it; a vector stays as it is."""
    return np.array(array, order="F")


def strided(array: Array) -> Array:
    """Return a copy whose entries lie two apart, with NaN between them: no number of it is read by mistake unseen."""
    wide = np.full((*array.shape[:-1], 2 * array.shape[-1]), np.nan, dtype=array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def read_only(array: Array) -> Array:
    """Return a copy that cannot be written to."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


LAYOUTS = (Layout("Fortran-ordered", by_columns), Layout("strided", strided), Layout("read-only", read_only))
"""What is tried beside writable arrays by rows, each once in an attempt."""
