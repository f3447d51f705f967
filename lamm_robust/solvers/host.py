"""Libraries that take NumPy arrays in the memory of the host, and return when they are done."""

from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np

from lamm_robust.values import Array, Device, Library, Precision, Solver


def environment(precision: Precision, device: Device) -> dict[str, str]:  # noqa: ARG001 - part of the protocol
    """An empty table: no environment variables beyond those of every worker."""
    return {}


def put(array: Array, device: Device) -> Array:  # noqa: ARG001 - part of the protocol
    """A copy of the array, made for every attempt, since a solver may write into its arguments."""
    return array.copy()


def wait(result: Any) -> Any:
    """The result as it is: the call has returned, so it is there."""
    return result


ONE, HALF_ULP, TINY = 1.0, 1.5 * 2.0**-53, 2.0**-1022  # variables, for Python adds constants when it compiles

JAX_SETTINGS = ("jax_enable_x64", "jax_default_matmul_precision", "jax_default_device", "jax_disable_jit")
"""The settings that JAX's computations depend on, in a process that has imported JAX."""

TIMER = "a timer (signal.setitimer)"


def state() -> dict[str, object]:
    """The settings that every NumPy computation in this process depends on, read in a few microseconds.

    The three sums with 1.5·2⁻⁵³ differ between rounding modes. Half of the smallest normal number is 0 on a processor
    that flushes subnormal numbers to zero.
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


def library(name: str, solvers: tuple[Solver, ...], *, forks: bool) -> Library:
    """A library on the CPU that takes NumPy arrays; the module has the same name."""
    return Library(name, name, ("cpu",), solvers, environment, put, wait, state, forks)
