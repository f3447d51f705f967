"""The original loop: in Python, one direction after another, with a solver of any library.

With central differences it only calls the matrix function, for one set of parameters at a time. So that may be anything
that returns numbers, such as the measurement of a device.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from lamm_robust.lamm.mesh import MatrixFn
from lamm_robust.lamm.options import Options
from lamm_robust.lamm.result import History, Steered, Systems
from lamm_robust.lamm.rule import after_step, difference_reach, ending, may_go_on, shortening, start_progress
from lamm_robust.lamm.step import check_weights, draw_directions
from lamm_robust.values import Array


def steer(matrix_fn: MatrixFn, params: Array, target: Array, options: Options, seed: int) -> Steered:
    """Steer the matrix from the parameters to the target, a flat array of length m, as `compiled.steer` does."""
    key, current = jax.random.key(seed), flatten(matrix_fn(params))
    progress = start_progress(norm(target - current), params.dtype.type(options.step_size))
    enough = max(options.atol, options.rtol * progress.magnitude)
    magnitudes, trail, systems = [progress.magnitude], list[tuple[bool, Any, int]](), list[tuple[Array, Array, Array]]()
    while len(trail) < options.steps and may_go_on(progress, enough):
        V = np.asarray(draw_directions(key, len(trail), options.directions, params.shape, params.dtype))
        delta = target - current
        X = measure_columns(matrix_fn, params, V, options, progress.step_size)
        alpha, rank = solve_weights(options, X, delta)
        step = np.tensordot(alpha, V, 1)
        length = norm(step)
        ahead = params + step * params.dtype.type(shortening(length, progress.step_size, np.where))
        reached = flatten(matrix_fn(ahead))
        then = after_step(progress, length, norm(target - reached), np.where)
        if better := bool(then.magnitude < progress.magnitude):
            params, current = ahead, reached
        if options.keep and len(trail) % options.keep == 0:
            systems.append((X, delta, alpha))
        trail.append((better, progress.step_size, rank))
        magnitudes.append(then.magnitude)
        progress = then
    status = ending(progress, enough)
    return Steered(params, status, history_of(magnitudes, trail), stack_systems(systems))


def flatten(matrix: Any) -> Array:
    """The entries of a matrix as one vector, in NumPy."""
    return np.asarray(matrix).reshape(-1)


def norm(vector: Array) -> Any:
    """‖·‖₂; ∞ or NaN without a warning where it overflows, for the rule of steps judges that."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt(np.sum(vector * vector))


def measure_columns(matrix_fn: MatrixFn, params: Array, V: Array, options: Options, step_size: Any) -> Array:
    """X (m×k), the derivatives of `step.columns`, computed one direction at a time."""
    if options.method == "forward":
        return np.stack([flatten(jax.jvp(matrix_fn, (params,), (v,))[1]) for v in V], axis=1)
    h = params.dtype.type(difference_reach(options.difference, options.span, step_size, np.where))
    changes = [flatten(matrix_fn(params + h * v)) - flatten(matrix_fn(params - h * v)) for v in V]
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
