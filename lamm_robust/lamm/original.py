"""The original loop: in Python, one direction after another, with a solver of any library.

With central differences it only calls the matrix function, for one set of parameters at a time. So that may be anything
that returns numbers, such as the measurement of a device: noisy, and with a device that may fail.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import numpy as np

from lamm_robust.lamm.damping import FIRST, after_damped_step, damped_system
from lamm_robust.lamm.mesh import MatrixFn
from lamm_robust.lamm.options import Options
from lamm_robust.lamm.result import Ending, History, Steered, Systems
from lamm_robust.lamm.rule import (
    Progress,
    after_step,
    difference_reach,
    ending,
    may_go_on,
    noise_floor,
    shortening,
    start_progress,
)
from lamm_robust.lamm.step import check_weights, draw_directions
from lamm_robust.values import Array


class DeviceError(Exception):
    """The matrix function raised an exception, `cause`."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Tried(NamedTuple):
    """A step that was tried: what it was computed from, and what came of it."""

    system: tuple[Array, Array, Array]
    """X, δ and α."""
    rank: int
    ahead: Array
    reached: Array
    progress: Progress


def steer(matrix_fn: MatrixFn, params: Array, target: Array, options: Options, seed: int) -> Steered:
    """Steer the matrix from the parameters to the target, a flat array of length m, as `compiled.steer` does.

    A step that is not taken counts as one. If the matrix function raises after the first measurement, or the callback
    asks for it, the loop ends with what it has reached.
    """
    key, current = jax.random.key(seed), flatten(matrix_fn(params), params.dtype)
    progress = start_progress(norm(target - current), params.dtype.type(options.step_size), FIRST)
    enough = max(options.atol, options.rtol * progress.magnitude, noise_floor(options.noise, len(target)))
    magnitudes, trail, systems = [progress.magnitude], list[tuple[bool, Any, int]](), list[tuple[Array, Array, Array]]()
    early: Ending | None = None
    failure: Exception | None = None
    while len(trail) < options.steps and may_go_on(progress, enough, options.patience) and early is None:
        V = np.asarray(draw_directions(key, len(trail), options.directions, params.shape, params.dtype, options.draw))
        try:
            found = try_step(matrix_fn, params, V, current, target, options, progress)
            then, better = found.progress, bool(found.progress.magnitude < progress.magnitude)
            if better:
                params, current = found.ahead, found.reached
            elif options.noise:  # what is kept must not be the luckiest of many measurements
                current = measure(matrix_fn, params)
                then = then._replace(magnitude=norm(target - current))
        except DeviceError as error:
            early, failure = Ending.DEVICE, error.cause
            break
        if options.keep and len(trail) % options.keep == 0:
            systems.append(found.system)
        trail.append((better, progress.step_size, found.rank))
        magnitudes.append(then.magnitude)
        progress = then
        if options.callback and options.callback(len(trail), params, float(then.magnitude)):
            early = Ending.STOPPED
    try:
        if options.noise and trail and early is None:  # the last one was chosen for being small
            magnitudes[-1] = norm(target - measure(matrix_fn, params))
    except DeviceError as error:
        early, failure = Ending.DEVICE, error.cause
    status = early or ending(progress, enough, options.patience)
    return Steered(params, status, history_of(magnitudes, trail), stack_systems(systems), failure)


def try_step(
    matrix_fn: MatrixFn, params: Array, V: Array, current: Array, target: Array, options: Options, progress: Progress
) -> Tried:
    """The step along the directions V (k, *shape of params) and its outcome: derivatives, least squares, measurement.

    Raises DeviceError where the matrix function raises.
    """
    X, delta = measure_columns(matrix_fn, params, V, options, progress.step_size), target - current
    damped = options.rule == "damped"
    system = damped_system(X, delta, params.dtype.type(progress.damping), np) if damped else (X, delta)
    alpha, rank = solve_weights(options, *system)
    step = np.tensordot(alpha, V, 1)
    length = norm(step)
    ahead = params + step * params.dtype.type(1 if damped else shortening(length, progress.step_size, np.where))
    reached = measure(matrix_fn, ahead)
    left = norm(target - reached)
    if damped:
        then = after_damped_step(progress, length, left, norm(delta - X @ alpha), np.where)
    else:
        then = after_step(progress, length, left, np.where)
    return Tried((X, delta, alpha), rank, ahead, reached, then)


def measure(matrix_fn: MatrixFn, params: Array) -> Array:
    """The entries of the matrix as one vector in the precision of the parameters; DeviceError if it raises."""
    try:
        return flatten(matrix_fn(params), params.dtype)
    except Exception as error:
        raise DeviceError(error) from error


def flatten(matrix: Any, dtype: Any) -> Array:
    """The entries of a matrix as one vector of that type, in NumPy."""
    return np.asarray(matrix).astype(dtype).reshape(-1)


def norm(vector: Array) -> Any:
    """‖·‖₂; ∞ or NaN without a warning where it overflows, for the rule of steps judges that."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt(np.sum(vector * vector))


def measure_columns(matrix_fn: MatrixFn, params: Array, V: Array, options: Options, step_size: Any) -> Array:
    """X (m×k), the derivatives of `step.columns`, computed one direction at a time."""
    if options.method == "forward":
        return np.stack([flatten(jax.jvp(matrix_fn, (params,), (v,))[1], params.dtype) for v in V], axis=1)
    h = params.dtype.type(difference_reach(options.difference, options.span, step_size, np.where))
    changes = [measure(matrix_fn, params + h * v) - measure(matrix_fn, params - h * v) for v in V]
    return np.stack(changes, axis=1) / (2 * h)


def solve_weights(options: Options, X: Array, delta: Array) -> tuple[Array, int]:
    """α and the rank, −1 where the solver reports none; α is NaN where the solver refuses."""
    try:
        alpha, rank = options.solve(X, delta)
    except np.linalg.LinAlgError:
        return np.full(X.shape[1], np.nan, X.dtype), -1
    alpha = np.asarray(alpha, X.dtype)
    check_weights(alpha.shape, X.shape[1])
    return alpha, -1 if rank is None else int(rank)


def history_of(magnitudes: list[Any], trail: list[tuple[bool, Any, int]]) -> History:
    """The history of all steps, as arrays."""
    accepted, sizes, ranks = zip(*trail, strict=True) if trail else ((), (), ())
    return History(np.array(magnitudes), np.array(accepted, bool), np.array(sizes), np.array(ranks, int))


def stack_systems(systems: list[tuple[Array, Array, Array]]) -> Systems | None:
    """The problems (X, δ, α) as stacks; None if there are none."""
    return Systems(*map(np.stack, zip(*systems, strict=True))) if systems else None
