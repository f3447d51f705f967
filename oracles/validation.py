"""What an oracle accepts: one real, finite, dense problem in a working precision.

Everything that is refused is refused here, in one sentence that names the array, what is wrong with it and what would
be accepted. So the oracles themselves need not look again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lamm_robust.values import PRECISIONS, Array

TYPES = tuple(np.dtype(precision).type for precision in PRECISIONS)
"""The types of the entries that are accepted: quicker to compare than their names."""


def check_problem(A: Array, b: Array) -> None:
    """Check A (m×n) and b (length m, or m×k): finite, both float32 or both float64; m and n may be 0, k may not.

    Raises ValueError that names the array, what is wrong with it and what is accepted.
    """
    _check_array("A", A, dimensions=(2,), accepted="a 2-D array (m×n)")
    _check_array("b", b, dimensions=(1, 2), accepted="a 1-D array (length m) or a 2-D array (m×k)")
    if A.dtype != b.dtype:
        raise ValueError(f"b is {b.dtype} but A is {A.dtype}; both must be float32 or both float64")
    if b.shape[0] != A.shape[0]:
        raise ValueError(f"b has {b.shape[0]} rows but A has {A.shape[0]}; accepted is the same number")
    if 0 in b.shape[1:]:
        raise ValueError(f"b has shape {b.shape}: no right-hand side; accepted is one or more")


def _check_array(name: str, array: Any, dimensions: tuple[int, ...], accepted: str) -> None:
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name} is a {type(array).__name__}; accepted is {accepted}")
    if array.dtype.type not in TYPES:
        raise ValueError(f"{name} is {array.dtype}; accepted are float32 and float64")
    if array.ndim not in dimensions:
        raise ValueError(f"{name} has {array.ndim} dimensions; accepted is {accepted}")
    finite = np.isfinite(array)
    if not finite.all():
        bad = np.argwhere(~finite)[0]
        where = ", ".join(str(i) for i in bad)
        raise ValueError(f"{name}[{where}] is {array[tuple(bad)]}; every entry must be finite")
