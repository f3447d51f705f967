"""Libraries that take NumPy arrays in the memory of the host and return when they are done."""

from __future__ import annotations

from typing import Any

from lamm_robust.values import Array, Device, Precision


def environment(precision: Precision, device: Device) -> dict[str, str]:  # noqa: ARG001 - part of the protocol
    """No variables beyond those of every worker."""
    return {}


def put(array: Array, device: Device) -> Array:  # noqa: ARG001 - part of the protocol
    """A copy of its own for every attempt, since a solver may write into what it is given."""
    return array.copy()


def wait(result: Any) -> Any:
    """The result, which is there."""
    return result
