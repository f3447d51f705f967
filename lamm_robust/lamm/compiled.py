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
from lamm_robust.lamm.rule import Progress, advanced, begun, ending, goes_on, reach, shortened
from lamm_robust.lamm.step import columns, combined, drawn, matched
from lamm_robust.values import Array

Numbers = tuple[Any, Any, Any, Any, Any]


class Tail(NamedTuple):
    """The history, with a place for each step."""

    magnitude: Any
    accepted: Any
    step_size: Any
    rank: Any


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
    systems: Any
    """Three arrays, with a place for each problem that is to be kept."""


def steer(matrix_fn: MatrixFn, params: Array, target: Array, options: Options, seed: int) -> Steered:
    """Steer the matrix to the target (flat), from the parameters."""
    numbers = numbers_of(options)
    return _steered(jax.device_get(one(matrix_fn, static(options), params, target, seed, numbers)), options.keep)


def steer_all(matrix_fn: MatrixFn, params: Array, targets: Array, options: Options, seeds: Any) -> list[Steered]:
    """The same for a stack of parameters, targets and seeds in one program."""
    numbers = numbers_of(options)
    runs = jax.device_get(many(matrix_fn, static(options), params, targets, seeds, numbers))
    leaves, shape = jax.tree.flatten(runs)
    return [
        _steered(jax.tree.unflatten(shape, [leaf[i] for leaf in leaves]), options.keep) for i in range(len(targets))
    ]


def numbers_of(options: Options) -> Numbers:
    """What may differ from call to call of one program."""
    return options.atol, options.rtol, options.step_size, options.difference, options.span


def static(options: Options) -> tuple[Any, ...]:
    """What the program is compiled for; the rest are numbers that it is given."""
    return options.solve, options.directions, options.method, options.steps, options.keep


def _run(matrix_fn: MatrixFn, fixed: tuple[Any, ...], params: Any, target: Any, seed: Any, numbers: Numbers) -> Run:
    (_, _, _, limit, _), (atol, rtol, step_size, difference, span) = fixed, numbers
    current = matrix_fn(params)
    if not isinstance(current, jax.Array):
        raise ValueError(f"matrix_fn returns a {type(current).__name__}; the compiled driver takes an array of JAX")
    current = current.reshape(-1)
    first = norm(target - current)
    enough = jnp.maximum(atol, rtol * first).astype(target.dtype)
    progress = Progress(*map(jnp.asarray, begun(first, jnp.asarray(step_size, target.dtype))))
    start = State(jnp.int32(0), params, current, progress, *_blank(fixed, target))

    def undone(state: State) -> Any:
        return (state.count < limit) & goes_on(state.progress, enough)

    turn = partial(_turn, matrix_fn, fixed, target, jax.random.key(seed), (difference, span))
    return Run(jax.lax.while_loop(undone, turn, start), first, enough)


one = partial(jax.jit, static_argnums=(0, 1))(_run)
"""One loop, compiled for the matrix, the solver and the shapes."""


@partial(jax.jit, static_argnums=(0, 1))
def many(matrix_fn: MatrixFn, fixed: tuple[Any, ...], params: Any, targets: Any, seeds: Any, numbers: Numbers) -> Any:
    """`one`, for a stack of each of parameters, targets and seeds."""
    run = partial(_run, matrix_fn, fixed, numbers=numbers)
    return jax.vmap(run)(params, targets, seeds)


def _turn(
    matrix_fn: MatrixFn, fixed: tuple[Any, ...], target: Any, key: Any, over: tuple[Any, Any], state: State
) -> State:
    """One step: derivatives, least squares, and the step if it helps."""
    solve, count, method, _, keep = fixed
    params, progress, dtype = state.params, state.progress, target.dtype
    V = drawn(key, state.count, count, params.shape, params.dtype)
    X = columns(matrix_fn, params, V, reach(*over, progress.step_size, jnp.where).astype(dtype), method)
    delta = target - state.current
    alpha, rank = solve(X, delta)
    matched(jnp.shape(alpha), count)
    step = combined(V, alpha)
    length = norm(step)
    ahead = params + step * shortened(length, progress.step_size, jnp.where)
    reached = matrix_fn(ahead).reshape(-1)
    then = jax.tree.map(_as, advanced(progress, length, norm(target - reached), jnp.where), progress)
    better = then.magnitude < progress.magnitude
    reported = jnp.int32(-1 if rank is None else rank)
    happened = Tail(then.magnitude, better, progress.step_size, reported)
    place = jnp.where(state.count % keep, -1, state.count // keep) if keep else None  # −1 is no place
    return State(
        state.count + 1,
        jnp.where(better, ahead, params).astype(params.dtype),
        jnp.where(better, reached, state.current).astype(dtype),
        then,
        _written(state.tail, state.count, happened),
        _written(state.systems, place, (X, delta, alpha)) if keep else state.systems,
    )


def _written(places: Any, at: Any, values: Any) -> Any:
    """Arrays with a value written into one place of each; none if there is no such place."""

    def write(whole: Any, value: Any) -> Any:
        return whole.at[at].set(value, mode="drop", wrap_negative_indices=False)

    return jax.tree.map(write, places, values)


def _as(value: Any, like: Any) -> Any:
    """A value in the type of what it replaces, as a loop needs it."""
    return jnp.asarray(value).astype(like.dtype)


def norm(vector: Any) -> Any:
    """‖·‖₂ of an array of any shape."""
    return jnp.sqrt(jnp.sum(vector * vector))


def _blank(fixed: tuple[Any, ...], target: Any) -> tuple[Tail, Any]:
    _, count, _, limit, keep = fixed
    numbers, m, places = jnp.zeros(limit, target.dtype), target.shape[0], -(-limit // keep) if keep else 0
    systems = tuple(jnp.zeros((places, *shape), target.dtype) for shape in ((m, count), (m,), (count,)))
    return Tail(numbers, jnp.zeros(limit, bool), numbers, jnp.zeros(limit, jnp.int32)), systems


def _steered(run: Run, keep: int) -> Steered:
    """What has been computed, without the places of steps that were not tried."""
    state, steps = run.state, int(run.state.count)
    systems = [whole[: -(-steps // keep)] for whole in state.systems] if keep and steps else []
    magnitude, accepted, step_size, rank = (whole[:steps] for whole in state.tail)
    history = History(np.concatenate([[run.first], magnitude]), accepted, step_size, rank)
    progress = Progress(*(number.item() for number in state.progress))
    return Steered(state.params, ending(progress, run.enough.item()), history, Systems(*systems) if systems else None)
