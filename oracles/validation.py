"""What an oracle accepts: one finite, dense problem in a working precision, real unless it is said to be otherwise.

Everything that is refused is refused here, in one sentence that names the array, what is wrong with it and what would
be accepted. So the oracles themselves need not look again.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from lamm_robust.values import PRECISIONS, Array, Precision


def check_problem(A: Array, b: Array, precisions: tuple[Precision, ...] = PRECISIONS) -> None:
    """Check A (m×n) and b (length m, or m×k): finite, both of one of the precisions; m and n may be 0, k may not.

    Raises ValueError that names the array, what is wrong with it and what is accepted.
    """
    _check_array("A", A, (2,), "a 2-D array (m×n)", precisions)
    _check_array("b", b, (1, 2), "a 1-D array (length m) or a 2-D array (m×k)", precisions)
    if A.dtype != b.dtype:
        both = " or ".join(f"both {precision}" for precision in precisions)
        raise ValueError(f"b is {b.dtype} but A is {A.dtype}; both must be {both.removeprefix('both ')}")
    if b.shape[0] != A.shape[0]:
        raise ValueError(f"b has {b.shape[0]} rows but A has {A.shape[0]}; accepted is the same number")
    if 0 in b.shape[1:]:
        raise ValueError(f"b has shape {b.shape}: no right-hand side; accepted is one or more")


@cache
def types_of(precisions: tuple[Precision, ...]) -> tuple[type, ...]:
    """The types of entries of some precisions: quicker to compare than their names."""
    return tuple(np.dtype(precision).type for precision in precisions)


def _check_array(
    name: str, array: Any, dimensions: tuple[int, ...], accepted: str, precisions: tuple[Precision, ...]
) -> None:
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name} is a {type(array).__name__}; accepted is {accepted}")
    if array.dtype.type not in types_of(precisions):
        raise ValueError(f"{name} is {array.dtype}; accepted are {', '.join(precisions[:-1])} and {precisions[-1]}")
    if array.ndim not in dimensions:
        raise ValueError(f"{name} has {array.ndim} dimensions; accepted is {accepted}")
    finite = np.isfinite(array)
    if not finite.all():
        bad = np.argwhere(~finite)[0]
        where = ", ".join(str(i) for i in bad)
        raise ValueError(f"{name}[{where}] is {array[tuple(bad)]}; every entry must be finite")
