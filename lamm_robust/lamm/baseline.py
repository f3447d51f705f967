"""Levenberg and Marquardt's idea by SciPy, from the same start to the same target: what LAMM is compared with.

It needs the derivatives of all parameters in every step, where LAMM's loop takes k random directions. SciPy's `trf`
finds λ by an SVD. Its `lm` (MINPACK) is not taken: with eight modes, whose 56 phases have 49 degrees of freedom, it
gave up after some 50 steps at 4e-5 to 2e-3 from each of four near targets, two of which `trf` reached to 1e-15.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import numpy as np

from lamm_robust.lamm.mesh import MatrixFn
from lamm_robust.lamm.result import Ending, History, Steered
from lamm_robust.lamm.rule import TOLERANCE
from lamm_robust.values import Array


class EndedError(Exception):
    """Thrown out of SciPy's iteration when the target is reached, or when the steps are used up."""


@cache
def programs(matrix_fn: MatrixFn) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The entries of the matrix, and their derivatives by all parameters, as compiled functions of flat parameters."""

    def entries(params: Any, shape: tuple[int, ...]) -> Any:
        return matrix_fn(params.reshape(shape)).reshape(-1)

    return jax.jit(entries, static_argnums=1), jax.jit(jax.jacfwd(entries), static_argnums=1)


def levenberg_marquardt(
    matrix_fn: MatrixFn, params: Any, delta: Any, *, steps: int = 200, atol: float = TOLERANCE
) -> Steered:
    """Change the parameters until the matrix has changed by delta, by `scipy.optimize.least_squares`.

    The matrix must be differentiable by JAX. A step is one evaluation of
    all derivatives; the history holds ‖δ‖ at each, and at the end.
    """
    from scipy.optimize import least_squares  # the loops need SciPy nowhere else

    start = np.asarray(params)
    entries, slopes = programs(matrix_fn)
    target = np.asarray(entries(start.reshape(-1), start.shape), np.float64) + np.asarray(delta, np.float64).reshape(-1)
    best: tuple[float, Array] = (float("inf"), start.reshape(-1))
    trail: list[float] = []

    def residual(x: Array) -> Array:
        nonlocal best
        left = np.asarray(entries(x.astype(start.dtype), start.shape), np.float64) - target
        magnitude = float(np.linalg.norm(left))
        if magnitude < best[0]:
            best = magnitude, x.copy()
        if magnitude <= atol:
            raise EndedError
        return left

    def jacobian(x: Array) -> Array:
        if len(trail) == steps:
            raise EndedError
        trail.append(best[0])
        return np.asarray(slopes(x.astype(start.dtype), start.shape), np.float64)

    status = Ending.STALLED
    try:
        least_squares(
            residual,
            start.reshape(-1).astype(np.float64),
            jacobian,
            ftol=1e-15,
            xtol=1e-15,
            gtol=1e-15,
            max_nfev=10 * steps,
        )
    except EndedError:
        status = Ending.REACHED if best[0] <= atol else Ending.STEP_LIMIT
    magnitudes = np.array([*trail, best[0]], start.dtype)
    count = len(trail)
    history = History(magnitudes, np.diff(magnitudes) < 0, np.zeros(count, start.dtype), np.full(count, -1))
    return Steered(best[1].reshape(start.shape).astype(start.dtype), status, history)
