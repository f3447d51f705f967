"""The compiled loop: all of it in one XLA program of static shapes, for one target or, by `vmap`, for many at once.

The solver is any that JAX can trace. What happens on the way is written into arrays as long as the step limit.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lamm_robust.lamm.mesh import MatrixFn
from lamm_robust.lamm.options import Options
from lamm_robust.lamm.result import History, Steered, Systems
from lamm_robust.lamm.rule import Progress, advanced, begun, ending, goes_on, shortened
from lamm_robust.lamm.step import columns, combined, random_directions
from lamm_robust.values import Array


class Tail(NamedTuple):
    """The history, one place for each step; what is kept of the problems is None or three arrays."""

    magnitude: Any
    accepted: Any
    step_size: Any
    rank: Any
    systems: Any


class Run(NamedTuple):
    """How a loop has ended, as arrays."""

    state: Any
    first: Any
    """The magnitude before the first step."""
    enough: Any
    """The magnitude at which the target is reached."""


class State(NamedTuple):
    """What one turn of the loop hands to the next."""

    count: Any
    params: Any
    current: Any
    progress: Progress
    tail: Tail


def steer(matrix_fn: MatrixFn, params: Array, target: Array, options: Options, seed: int) -> Steered:
    """Steer the matrix to the target (flat), from the parameters."""
    numbers = options.atol, options.rtol, options.step_size, options.difference
    return _steered(jax.device_get(one(matrix_fn, static(options), params, target, seed, numbers)))


def steer_all(matrix_fn: MatrixFn, params: Array, targets: Array, options: Options, seeds: Any) -> list[Steered]:
    """The same for a stack of parameters, targets and seeds in one program."""
    numbers = options.atol, options.rtol, options.step_size, options.difference
    runs = jax.device_get(many(matrix_fn, static(options), params, targets, seeds, numbers))
    leaves, shape = jax.tree.flatten(runs)
    return [_steered(jax.tree.unflatten(shape, [leaf[i] for leaf in leaves])) for i in range(len(targets))]


def static(options: Options) -> tuple[Any, ...]:
    """What the program is compiled for; the rest are numbers that it is given."""
    return options.solve, options.directions, options.method, options.steps, options.keep


Numbers = tuple[Any, Any, Any, Any]


def _run(matrix_fn: MatrixFn, fixed: tuple[Any, ...], params: Any, target: Any, seed: Any, numbers: Numbers) -> Run:
    (_, _, _, limit, _), (atol, rtol, step_size, difference) = fixed, numbers
    current = matrix_fn(params).reshape(-1)
    first = norm(target - current)
    enough = jnp.maximum(atol, rtol * first).astype(target.dtype)
    progress = Progress(*map(jnp.asarray, begun(first, jnp.asarray(step_size, target.dtype))))
    start = State(jnp.int32(0), params, current, progress, _blank(fixed, target))

    def undone(state: State) -> Any:
        return (state.count < limit) & goes_on(state.progress, enough)

    turn = partial(_turn, matrix_fn, fixed, target, jax.random.key(seed), difference)
    return Run(jax.lax.while_loop(undone, turn, start), first, enough)


one = partial(jax.jit, static_argnums=(0, 1))(_run)
"""One loop, compiled for the matrix, the solver and the shapes."""


@partial(jax.jit, static_argnums=(0, 1))
def many(matrix_fn: MatrixFn, fixed: tuple[Any, ...], params: Any, targets: Any, seeds: Any, numbers: Numbers) -> Any:
    """`one`, for a stack of each of parameters, targets and seeds."""
    run = partial(_run, matrix_fn, fixed, numbers=numbers)
    return jax.vmap(run)(params, targets, seeds)


def _turn(matrix_fn: MatrixFn, fixed: tuple[Any, ...], target: Any, key: Any, difference: Any, state: State) -> State:
    """One step: derivatives, least squares, and the step if it helps."""
    solve, count, method, _, _ = fixed
    params, progress, dtype = state.params, state.progress, target.dtype
    V = random_directions(jax.random.fold_in(key, state.count), count, params.shape, params.dtype)
    X = columns(matrix_fn, params, V, difference, method)
    delta = target - state.current
    alpha, rank = solve(X, delta)
    step = combined(V, alpha)
    length = norm(step)
    ahead = params + step * shortened(length, progress.step_size, jnp.where)
    reached = matrix_fn(ahead).reshape(-1)
    then = jax.tree.map(_as, advanced(progress, length, norm(target - reached), jnp.where), progress)
    better = then.magnitude < progress.magnitude
    reported = jnp.int32(-1 if rank is None else rank)
    happened = Tail(then.magnitude, better, progress.step_size, reported, state.tail.systems and (X, delta, alpha))
    return State(
        state.count + 1,
        jnp.where(better, ahead, params).astype(params.dtype),
        jnp.where(better, reached, state.current).astype(dtype),
        then,
        jax.tree.map(lambda whole, new: whole.at[state.count].set(new), state.tail, happened),
    )


def _as(value: Any, like: Any) -> Any:
    """A value in the type of what it replaces, as a loop needs it."""
    return jnp.asarray(value).astype(like.dtype)


def norm(vector: Any) -> Any:
    """‖·‖₂ of an array of any shape."""
    return jnp.sqrt(jnp.sum(vector * vector))


def _blank(fixed: tuple[Any, ...], target: Any) -> Tail:
    _, count, _, limit, keep = fixed
    numbers, m = jnp.full(limit, jnp.nan, target.dtype), target.shape[0]
    shapes = (limit, m, count), (limit, m), (limit, count)
    systems = tuple(jnp.zeros(shape, target.dtype) for shape in shapes) if keep else None
    return Tail(numbers, jnp.zeros(limit, bool), numbers, jnp.full(limit, -1, jnp.int32), systems)


def _steered(run: Run) -> Steered:
    """What has been computed, without the places of steps that were not tried."""
    state, steps = run.state, int(run.state.count)
    magnitude, accepted, step_size, rank, systems = jax.tree.map(lambda whole: whole[:steps], state.tail)
    history = History(np.concatenate([[run.first], magnitude]), accepted, step_size, rank)
    progress = Progress(*(number.item() for number in state.progress))
    return Steered(state.params, ending(progress, run.enough.item()), history, Systems(*systems) if systems else None)
