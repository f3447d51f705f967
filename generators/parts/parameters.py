"""Checks of parameters: a good value is returned, a bad one raises ValueError.

The error is one sentence that names the parameter, the value and what is accepted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from lamm_robust.values import PRECISIONS, Precision

MAX_SEED = 2**63 - 1
"""The largest 64-bit signed integer: seeds are kept in tables of that type."""

MAX_SIZE = 4096
"""The most rows or columns: 128 MiB in float64 for a square matrix, and far more than a dense oracle can certify."""


def whole(name: str, value: object, low: int, high: int) -> int:
    """Check that ``value`` is a whole number in [low, high] and return it; else ValueError that calls it ``name``."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        accepted = f"a whole number from {low} to {high}" if low < high else f"{low}"
        raise ValueError(f"{name} is {value!r}; accepted is {accepted}.")
    return value


def nonnegative(name: str, value: object, high: float) -> float:
    """Check that ``value`` is a number in [0, high] and return it as a float; else ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= high:
        raise ValueError(f"{name} is {value!r}; accepted is a number from 0 to {high:g}.")
    return float(value)


def power_of_two(name: str, value: object, high: float, low: float = 0.0) -> float:
    """Check that ``value`` is 0 or a power of two in [low, high] and return it as a float; else ValueError."""
    number = nonnegative(name, value, high)
    if number and math.frexp(number)[0] != 0.5:
        raise ValueError(f"{name} is {value!r}; accepted is 0 or a power of two.")
    if 0 < number < low:
        raise ValueError(f"{name} is {value!r}; accepted is 0 or from {low:g} to {high:g}.")
    return number


def one_of(name: str, value: object, accepted: Sequence[str]) -> str:
    """Check that ``value`` is one of the accepted words and return it; else ValueError."""
    if not isinstance(value, str) or value not in accepted:
        raise ValueError(f"{name} is {value!r}; accepted is one of {', '.join(accepted)}.")
    return value


def precision(value: object, accepted: Sequence[Precision] = PRECISIONS) -> Precision:
    """Check that ``value`` is one of the accepted precisions and return it; else ValueError."""
    for one in accepted:
        if value == one:
            return one
    raise ValueError(f"dtype is {value!r}; accepted is one of {', '.join(accepted)}.")


def check_room_for_residual(residual: float, m: int, n: int) -> None:
    """Raise ValueError for a residual other than 0 if m ≤ n, for an A (m×n) of full rank: its range holds every b."""
    if residual and m <= n:
        raise ValueError(f"residual is {residual}; where the range is the whole space (m={m} ≤ n={n}) accepted is 0.")
