"""The original loop: Python, one direction after another, and a solver of any library.

With central differences the matrix is only ever called, at one set of parameters at a time, so it may be anything that
returns numbers: a measurement of a device, too.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from lamm_robust.lamm.mesh import MatrixFn
from lamm_robust.lamm.options import Options
from lamm_robust.lamm.result import History, Steered, Systems
from lamm_robust.lamm.rule import advanced, begun, ending, goes_on, reach, shortened
from lamm_robust.lamm.step import drawn, matched
from lamm_robust.values import Array


def steer(matrix_fn: MatrixFn, params: Array, target: Array, options: Options, seed: int) -> Steered:
    """Steer the matrix to the target (flat), from the parameters; directions are drawn as the compiled loop does."""
    key, current = jax.random.key(seed), flat(matrix_fn(params))
    progress = begun(norm(target - current), params.dtype.type(options.step_size))
    enough = max(options.atol, options.rtol * progress.magnitude)
    magnitudes, trail, systems = [progress.magnitude], list[tuple[bool, Any, int]](), list[tuple[Array, Array, Array]]()
    while len(trail) < options.steps and goes_on(progress, enough):
        V = np.asarray(drawn(key, len(trail), options.directions, params.shape, params.dtype))
        delta = target - current
        X = measured(matrix_fn, params, V, options, progress.step_size)
        alpha, rank = answered(options, X, delta)
        step = np.tensordot(alpha, V, 1)
        length = norm(step)
        ahead = params + step * params.dtype.type(shortened(length, progress.step_size, np.where))
        reached = flat(matrix_fn(ahead))
        then = advanced(progress, length, norm(target - reached), np.where)
        if better := bool(then.magnitude < progress.magnitude):
            params, current = ahead, reached
        if options.keep and len(trail) % options.keep == 0:
            systems.append((X, delta, alpha))
        trail.append((better, progress.step_size, rank))
        magnitudes.append(then.magnitude)
        progress = then
    status = ending(progress, enough)
    return Steered(params, status, history(magnitudes, trail), kept(systems))


def flat(matrix: Any) -> Array:
    """A matrix as one vector, in NumPy."""
    return np.asarray(matrix).reshape(-1)


def norm(vector: Array) -> Any:
    """‖·‖₂; ∞ or NaN where there is none, without a warning: the rule of steps judges that."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt(np.sum(vector * vector))


def measured(matrix_fn: MatrixFn, params: Array, V: Array, options: Options, step_size: Any) -> Array:
    """X as `step.columns` has it, one direction at a time."""
    if options.method == "forward":
        return np.stack([flat(jax.jvp(matrix_fn, (params,), (v,))[1]) for v in V], axis=1)
    h = params.dtype.type(reach(options.difference, options.span, step_size, np.where))
    changes = [flat(matrix_fn(params + h * v)) - flat(matrix_fn(params - h * v)) for v in V]
    return np.stack(changes, axis=1) / (2 * h)


def answered(options: Options, X: Array, delta: Array) -> tuple[Array, int]:
    """α and the rank, −1 where none is reported; NaN where the solver refuses."""
    try:
        alpha, rank = options.solve(X, delta)
    except np.linalg.LinAlgError:
        return np.full(X.shape[1], np.nan, X.dtype), -1
    alpha = np.asarray(alpha, X.dtype)
    matched(alpha.shape, X.shape[1])
    return alpha, -1 if rank is None else int(rank)


def history(magnitudes: list[Any], trail: list[tuple[bool, Any, int]]) -> History:
    """The record of all steps, as arrays."""
    accepted, sizes, ranks = zip(*trail, strict=True) if trail else ((), (), ())
    return History(np.array(magnitudes), np.array(accepted, bool), np.array(sizes), np.array(ranks, int))


def kept(systems: list[tuple[Array, Array, Array]]) -> Systems | None:
    """The problems as arrays; None if there is none."""
    return Systems(*map(np.stack, zip(*systems, strict=True))) if systems else None
