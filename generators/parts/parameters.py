"""Checks of parameters: each raises one sentence that names the parameter, the value and what is accepted."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lamm_robust.values import PRECISIONS, Precision

MAX_SEED = 2**63 - 1
"""The largest 64-bit signed integer: seeds are kept in tables of that type."""

MAX_SIZE = 4096
"""Rows or columns: 128 MiB in float64 for a square matrix, and far more than a dense oracle can certify."""


def whole(name: str, value: object, low: int, high: int) -> int:
    """Return ``value`` if it is a whole number from ``low`` to ``high``, both included."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        accepted = f"a whole number from {low} to {high}" if low < high else f"{low}"
        raise ValueError(f"{name} is {value!r}; accepted is {accepted}.")
    return value


def ratio(name: str, value: object, high: float) -> float:
    """Return ``value`` if it is a number from 0 to ``high``, both included."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= high:
        raise ValueError(f"{name} is {value!r}; accepted is a number from 0 to {high:g}.")
    return float(value)


def one_of(name: str, value: object, accepted: Sequence[str]) -> str:
    """Return ``value`` if it is one of the accepted words."""
    if not isinstance(value, str) or value not in accepted:
        raise ValueError(f"{name} is {value!r}; accepted is one of {', '.join(accepted)}.")
    return value


def precision(value: object) -> Precision:
    """Return ``value`` if it is a working precision."""
    for accepted in PRECISIONS:
        if value == accepted:
            return accepted
    raise ValueError(f"dtype is {value!r}; accepted is one of {', '.join(PRECISIONS)}.")


def power_of_two(name: str, value: object, high: float, low: float = 0.0) -> float:
    """Return ``value`` if it is 0 or a power of two from ``low`` to ``high``."""
    number = ratio(name, value, high)
    if number and math.frexp(number)[0] != 0.5:
        raise ValueError(f"{name} is {value!r}; accepted is 0 or a power of two.")
    if 0 < number < low:
        raise ValueError(f"{name} is {value!r}; accepted is 0 or from {low:g} to {high:g}.")
    return number
