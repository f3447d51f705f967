"""The front door of LAMM: check the arguments, find the solver, and run a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Unpack, cast

import jax
import jax.numpy as jnp
import numpy as np

from lamm_robust.lamm import compiled, original, queue
from lamm_robust.lamm.mesh import MatrixFn
from lamm_robust.lamm.options import Options, Settings, options
from lamm_robust.lamm.result import Ending, History, Steered
from lamm_robust.lamm.solver import DEFAULT, DRIVERS, Driver, prepare_solver
from lamm_robust.values import Array, Device

Solver = str | Callable[[Any, Any], Any] | None


def apply_delta(
    matrix_fn: MatrixFn,
    params: Any,
    delta: Any = None,
    *,
    target: Any = None,
    solver: Solver = None,
    driver: Driver = "compiled",
    seed: int = 0,
    **settings: Unpack[Settings],
) -> Steered:
    """Change the parameters until the matrix has changed by delta, or is the target, or as nearly as possible.

    `matrix_fn` maps `params`, an array of any shape, to the matrix, an array of the shape of `delta`, real or complex:
    the compiled driver traces it, the original one only calls it. `solver` is an algorithm or library-algorithm of the
    catalog, or a function (X, δ) → α with X (m×k), δ (m) and α (k); None is `dropping` for the original driver and
    `solve` for the compiled one. `seed` decides all directions. The settings are those of `options.Settings`:
    directions, draw, rule, method, difference, span, step_size, atol, rtol, steps, patience, noise, callback and keep.

    The loop ends when the target is reached, at the step limit, or when nothing is gained any more, and the result says
    which. A target out of reach raises no exception and makes no NaN; in the original loop, an exception of the matrix
    function after its first call ends the loop with what it has reached. The precision is that of `params` as JAX takes
    them. A compiled loop is kept for each matrix function, solver, k and shape: pass the same function object to use it
    again. Raises ValueError for shapes that do not fit, numbers that are not finite, and unknown names.
    """
    start = _start(params)
    asked = _options(start, solver, driver, settings)
    if (delta is None) == (target is None):
        raise ValueError("accepted is one of delta, a change of the matrix, and target, the matrix itself")
    matrix_fn, current, axis = _matrix(matrix_fn, start, driver)
    if target is None:
        wanted = _delta(delta, current, "delta", axis)
    else:
        wanted = _delta(target, current, "target", axis) - current
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

    `params` is a stack of as many parameters. Solver, settings and errors are those of `apply_delta`. A queue feeds the
    program: a target that is reached early costs no more steps. It is fastest with rule="damped" and draw="signs".
    """
    starts = _start(params)
    if starts.ndim < 2 or len(starts) != len(deltas) or not len(starts):
        raise ValueError(f"params has shape {starts.shape} for {len(deltas)} deltas; the first axes must be as long")
    asked = _options(starts[0], solver, "compiled", settings)
    seeds = np.arange(len(starts)) + _seed(seed)
    with _trace_errors():
        current = np.asarray(jax.vmap(matrix_fn)(starts))
        axis = 1 if np.iscomplexobj(current) else None
        if axis:
            matrix_fn, current = parts_of(matrix_fn), np.asarray(jax.vmap(parts_of(matrix_fn))(starts))
        wanted = _delta(deltas, current, "deltas", axis)
        found = queue.steer_all(matrix_fn, starts, (current + wanted).reshape(len(starts), -1), asked, seeds)
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
    if driver == "compiled" and (alone := [name for name in ("noise", "callback") if settings.get(name)]):
        raise ValueError(f"{alone[0]} needs driver='original': a compiled loop measures nothing and calls nothing")
    backend = cast(Device, jax.default_backend())
    return options(prepare_solver(DEFAULT[driver] if solver is None else solver, driver, backend), start, settings)


@lru_cache(maxsize=256)
def parts_of(matrix_fn: MatrixFn) -> MatrixFn:
    """A complex matrix function as a real one: real parts before imaginary ones; one object for each function."""
    return lambda params: _parts(matrix_fn(params))


def _parts(matrix: Any, axis: int = 0) -> Any:
    numbers = jnp if isinstance(matrix, jax.Array) else np
    return numbers.stack((numbers.real(matrix), numbers.imag(matrix)), axis)


def _matrix(matrix_fn: MatrixFn, start: Array, driver: Driver) -> tuple[MatrixFn, Array, int | None]:
    """The matrix function, as a real one, its value at the start, and, if it was complex, 0.

    What a device measures is cast to the precision of the parameters; a compiled function must compute in it.
    ValueError for what is not accepted.
    """
    if not callable(matrix_fn):
        raise ValueError(f"matrix_fn is a {type(matrix_fn).__name__}; accepted is a function of params")
    current = np.asarray(matrix_fn(start))
    axis = 0 if np.iscomplexobj(current) else None
    if axis is not None:
        matrix_fn, current = parts_of(matrix_fn), _parts(current)
    if driver == "original" and current.dtype.kind in "fiu":
        current = current.astype(start.dtype)
    if current.dtype != start.dtype or not current.size:
        expected = f"expected is {start.dtype}, as params, and not empty"
        raise ValueError(f"matrix_fn returns {current.dtype} of shape {current.shape}; {expected}")
    if not np.isfinite(current).all():
        raise ValueError("matrix_fn returns NaN or ∞ for params")
    return matrix_fn, current, axis


def _delta(delta: Any, current: Array, name: str, axis: int | None) -> Array:
    """The delta or target in the precision of the matrix; ValueError for what is not accepted.

    Real and imaginary parts lie along `axis`, unless the matrix is real.
    """
    wanted = np.asarray(delta)
    shape = current.shape if axis is None else current.shape[:axis] + current.shape[axis + 1 :]
    if wanted.shape != shape:
        raise ValueError(f"{name} has shape {wanted.shape}, but the matrix has {shape}")
    if axis is not None and wanted.dtype.kind in "fiuc":
        wanted = _parts(wanted, axis)
    if wanted.dtype.kind not in "fiu" or not np.isfinite(wanted).all():
        raise ValueError(f"{name} holds something that is no finite real number")
    wanted = wanted.astype(current.dtype)
    if not np.isfinite(original.norm(wanted)):
        raise ValueError(f"{name} is too large: its length overflows in {wanted.dtype}")
    return wanted


def _seed(seed: Any) -> int:
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**31:
        raise ValueError(f"seed is {seed!r}; accepted is a whole number from 0 to 2^31 − 1")
    return int(seed)
