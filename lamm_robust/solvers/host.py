"""Libraries that take NumPy arrays in the memory of the host and return when they are done."""

from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np

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


ONE, HALF_ULP, TINY = 1.0, 1.5 * 2.0**-53, 2.0**-1022  # variables: sums of constants would be made at compile time


JAX_SETTINGS = ("jax_enable_x64", "jax_default_matmul_precision", "jax_default_device", "jax_disable_jit")
"""What its computations depend on, in a process that has imported it."""

TIMER = "a timer (signal.setitimer)"


def state() -> dict[str, object]:
    """What every NumPy computation in this process depends on, in a few microseconds.

    Rounding to nearest takes 1 ± 1.5·2⁻⁵³ away from 1 and back to it in its own way, and a processor that flushes
    subnormals to zero loses half of the smallest normal number (the number itself would then equal 0).
    """
    return {
        "NumPy's error handling (numpy.seterr)": np.geterr(),
        "NumPy's error callback (numpy.seterrcall)": np.geterrcall(),
        "NumPy's buffer size (numpy.setbufsize)": np.getbufsize(),
        "the rounding mode of the processor": (ONE + HALF_ULP, ONE - HALF_ULP, -ONE - HALF_ULP),
        "what the processor does with subnormal numbers": TINY * 0.5 > 0,
        TIMER: signal.getitimer(signal.ITIMER_REAL),
        "the working directory": os.getcwd(),  # noqa: PTH109 - a Path costs more than the rest of this together
    }
