"""The front door of LAMM: check the arguments, find the solver, and run a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Unpack, cast

import jax
import jax.numpy as jnp
import numpy as np

from lamm_robust.lamm import compiled, original
from lamm_robust.lamm.mesh import MatrixFn
from lamm_robust.lamm.options import Options, Settings, options
from lamm_robust.lamm.result import Ending, History, Steered
from lamm_robust.lamm.solver import DEFAULT, DRIVERS, Driver, prepare_solver
from lamm_robust.values import Array, Device

Solver = str | Callable[[Any, Any], Any] | None


def apply_delta(
    matrix_fn: MatrixFn,
    params: Any,
    delta: Any,
    *,
    solver: Solver = None,
    driver: Driver = "compiled",
    seed: int = 0,
    **settings: Unpack[Settings],
) -> Steered:
    """Change the parameters until the matrix has changed by delta, or as nearly as possible.

    `matrix_fn` maps `params`, an array of any shape, to the matrix, an array of the shape of `delta`: the compiled
    driver traces it, the original one only calls it. `solver` is an algorithm or library-algorithm of the catalog, or a
    function (X, δ) → α with X (m×k), δ (m) and α (k); None is `dropping` for the original driver and `solve` for the
    compiled one. `seed` decides all directions. The settings are those of `options.Settings`: directions, method,
    difference, span, step_size, atol, rtol, steps and keep.

    The loop ends when the target is reached, at the step limit, or when nothing is gained any more, and the result says
    which. A target out of reach raises no exception and makes no NaN. The precision is that of `params` as JAX takes
    them. A compiled loop is kept for each matrix function, solver, k and shape: pass the same function object to use it
    again. Raises ValueError for shapes that do not fit, numbers that are not finite, and unknown names.
    """
    start = _start(params)
    asked = _options(start, solver, driver, settings)
    current = _matrix(matrix_fn, start)
    wanted = _delta(delta, current)
    if not wanted.any():
        return zero_result(start)
    loop = original.steer if driver == "original" else compiled.steer
    with _trace_errors():
        return loop(matrix_fn, start, (current + wanted).reshape(-1), asked, _seed(seed))


def apply_deltas(
    matrix_fn: MatrixFn,
    params: Any,
    deltas: Any,
    *,
    solver: Solver = None,
    seed: int = 0,
    **settings: Unpack[Settings],
) -> list[Steered]:
    """`apply_delta` for a stack of deltas, all at once in one compiled program; the i-th has the seed `seed` + i.

    `params` is a stack of as many parameters. Solver, settings and errors are those of `apply_delta`.
    """
    starts = _start(params)
    if starts.ndim < 2 or len(starts) != len(deltas) or not len(starts):
        raise ValueError(f"params has shape {starts.shape} for {len(deltas)} deltas; the first axes must be as long")
    asked = _options(starts[0], solver, "compiled", settings)
    seeds = np.arange(len(starts)) + _seed(seed)
    with _trace_errors():
        current = np.asarray(jax.vmap(matrix_fn)(starts))
        wanted = _delta(deltas, current)
        found = compiled.steer_all(matrix_fn, starts, (current + wanted).reshape(len(starts), -1), asked, seeds)
    return [
        one if change.any() else zero_result(start) for one, change, start in zip(found, wanted, starts, strict=True)
    ]


@contextmanager
def _trace_errors() -> Iterator[None]:
    """Raise ValueError where JAX cannot trace the matrix function or the solver."""
    try:
        yield
    except (jax.errors.TracerArrayConversionError, jax.errors.ConcretizationTypeError) as error:
        cause = "matrix_fn or the solver computes outside of JAX, and so cannot be compiled"
        raise ValueError(f"{cause}; driver='original' only calls them") from error


def zero_result(start: Array) -> Steered:
    """The result for a delta of zeros: the parameters as they are."""
    nothing = np.zeros(0, start.dtype)
    history = History(np.zeros(1, start.dtype), np.zeros(0, bool), nothing, np.zeros(0, int))
    return Steered(start, Ending.ZERO, history)


def _start(params: Any) -> Array:
    """The parameters in NumPy, in the precision that JAX gives them; ValueError for what is not accepted."""
    try:
        start = np.asarray(jnp.asarray(params))
    except (TypeError, ValueError):
        raise ValueError(f"params is a {type(params).__name__}; accepted is an array of numbers") from None
    if start.dtype not in (np.float32, np.float64) or not start.size:
        raise ValueError(f"params is {start.dtype} of shape {start.shape}; accepted are float32 and float64, not empty")
    if not np.isfinite(start).all():
        raise ValueError("params holds NaN or ∞")
    return start


def _options(start: Array, solver: Solver, driver: Driver, settings: Settings) -> Options:
    if driver not in DRIVERS:
        raise ValueError(f"driver is {driver!r}; accepted: {', '.join(DRIVERS)}")
    backend = cast(Device, jax.default_backend())
    return options(prepare_solver(DEFAULT[driver] if solver is None else solver, driver, backend), start, settings)


def _matrix(matrix_fn: MatrixFn, start: Array) -> Array:
    """The matrix at the start, in NumPy; ValueError for what is not accepted."""
    if not callable(matrix_fn):
        raise ValueError(f"matrix_fn is a {type(matrix_fn).__name__}; accepted is a function of params")
    current = np.asarray(matrix_fn(start))
    if current.dtype != start.dtype or not current.size:
        expected = f"expected is {start.dtype}, as params, and not empty"
        raise ValueError(f"matrix_fn returns {current.dtype} of shape {current.shape}; {expected}")
    if not np.isfinite(current).all():
        raise ValueError("matrix_fn returns NaN or ∞ for params")
    return current


def _delta(delta: Any, current: Array) -> Array:
    """The delta in the precision of the matrix; ValueError for what is not accepted."""
    wanted = np.asarray(delta)
    if wanted.shape != current.shape:
        raise ValueError(f"delta has shape {wanted.shape}, but the matrix has {current.shape}")
    if wanted.dtype.kind not in "fiu" or not np.isfinite(wanted).all():
        raise ValueError("delta holds something that is no finite real number")
    wanted = wanted.astype(current.dtype)
    if not np.isfinite(original.norm(wanted)):
        raise ValueError(f"delta is too large: its length overflows in {wanted.dtype}")
    return wanted


def _seed(seed: Any) -> int:
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**31:
        raise ValueError(f"seed is {seed!r}; accepted is a whole number from 0 to 2^31 − 1")
    return int(seed)
