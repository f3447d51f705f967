"""The compiled loop: all of it in one XLA program of static shapes, for one target (`queue` has many at once).

The solver is any that JAX can trace. The history is written into arrays as long as the step limit.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lamm_robust.lamm.damping import FIRST, after_damped_step, damped_system
from lamm_robust.lamm.mesh import MatrixFn
from lamm_robust.lamm.options import Options
from lamm_robust.lamm.result import History, Steered, Systems
from lamm_robust.lamm.rule import Progress, after_step, difference_reach, ending, may_go_on, shortening, start_progress
from lamm_robust.lamm.step import check_weights, columns, combine, draw_directions
from lamm_robust.values import Array

Fixed = tuple[Any, ...]
Numbers = tuple[Any, ...]


class Tail(NamedTuple):
    """The history of a loop as arrays with a place for each step, up to the limit."""

    magnitude: Any
    accepted: Any
    step_size: Any
    rank: Any


class Run(NamedTuple):
    """A loop that has ended, as arrays."""

    state: Any
    first: Any
    """The magnitude before the first step."""
    enough: Any
    """The magnitude at which the target is reached."""


class State(NamedTuple):
    """The state that one step of the loop hands to the next."""

    count: Any
    params: Any
    current: Any
    progress: Progress
    tail: Tail
    systems: Any
    """Three stacks (X, δ and α), with a place for each problem that is to be kept."""


def steer(matrix_fn: MatrixFn, params: Array, target: Array, options: Options, seed: int) -> Steered:
    """Steer the matrix from the parameters to the target, a flat array of length m."""
    run = run_one(matrix_fn, static_options(options), params, target, seed, dynamic_options(options))
    return result(jax.device_get(run), options)


def dynamic_options(options: Options) -> Numbers:
    """The options that may differ between calls of one program."""
    return options.atol, options.rtol, options.step_size, options.difference, options.span, options.patience


def static_options(options: Options) -> Fixed:
    """The options that a program is compiled for."""
    return options.solve, options.directions, options.method, options.steps, options.keep, options.rule, options.draw


def begin(matrix_fn: MatrixFn, fixed: Fixed, params: Any, target: Any, numbers: Numbers) -> Run:
    """A run before its first step."""
    atol, rtol, step_size, *_ = numbers
    current = matrix_fn(params)
    if not isinstance(current, jax.Array):
        raise ValueError(f"matrix_fn returns a {type(current).__name__}; the compiled driver takes an array of JAX")
    current = current.reshape(-1)
    first = norm(target - current)
    progress = Progress(
        *map(_number_like(target.dtype), start_progress(first, jnp.asarray(step_size, target.dtype), FIRST))
    )
    state = State(jnp.int32(0), params, current, progress, *_empty_places(fixed, target))
    return Run(state, first, jnp.maximum(atol, rtol * first).astype(target.dtype))


def may_step(fixed: Fixed, numbers: Numbers, run: Run) -> Any:
    """Whether a run has steps left that may help."""
    limit, patience = fixed[3], numbers[5]
    return (run.state.count < limit) & may_go_on(run.state.progress, run.enough, patience)


@partial(jax.jit, static_argnums=(0, 1))
def run_one(matrix_fn: MatrixFn, fixed: Fixed, params: Any, target: Any, seed: Any, numbers: Numbers) -> Run:
    """One loop as a program, compiled for a matrix function, static options and shapes."""

    def step(run: Run) -> Run:
        return run._replace(state=take_step(matrix_fn, fixed, numbers, target, seed, run.state))

    return jax.lax.while_loop(partial(may_step, fixed, numbers), step, begin(matrix_fn, fixed, params, target, numbers))


def take_step(matrix_fn: MatrixFn, fixed: Fixed, numbers: Numbers, target: Any, seed: Any, state: State) -> State:
    """The state after one step: derivatives, least squares, and the step Vα if it helps."""
    solve, count, method, _, keep, rule, draw = fixed
    difference, span, key = numbers[3], numbers[4], jax.random.key(seed)
    params, progress, dtype = state.params, state.progress, target.dtype
    V = draw_directions(key, state.count, count, params.shape, params.dtype, draw)
    reach = difference_reach(difference, span, progress.step_size, jnp.where)
    X = columns(matrix_fn, params, V, reach.astype(dtype), method)
    delta = target - state.current
    damped = rule == "damped"
    alpha, rank = solve(*(damped_system(X, delta, progress.damping, jnp) if damped else (X, delta)))
    check_weights(jnp.shape(alpha), count)
    step = combine(V, alpha)
    length = norm(step)
    ahead = params + (step if damped else step * shortening(length, progress.step_size, jnp.where))
    reached = matrix_fn(ahead).reshape(-1)
    left = norm(target - reached)
    if damped:
        predicted = norm(delta - jnp.matmul(X, alpha, precision="highest"))
        after = after_damped_step(progress, length, left, predicted, jnp.where)
    else:
        after = after_step(progress, length, left, jnp.where)
    then = jax.tree.map(_cast_like, after, progress)
    better = then.magnitude < progress.magnitude
    reported = jnp.int32(-1 if rank is None else rank)
    happened = Tail(then.magnitude, better, progress.step_size, reported)
    place = jnp.where(state.count % keep, -1, state.count // keep) if keep else None  # −1 is no place
    return State(
        state.count + 1,
        jnp.where(better, ahead, params).astype(params.dtype),
        jnp.where(better, reached, state.current).astype(dtype),
        then,
        _write(state.tail, state.count, happened),
        _write(state.systems, place, (X, delta, alpha)) if keep else state.systems,
    )


def _write(places: Any, at: Any, values: Any) -> Any:
    """The arrays with a value written into one place of each, or as they are if there is no such place."""

    def write(whole: Any, value: Any) -> Any:
        return whole.at[at].set(value, mode="drop", wrap_negative_indices=False)

    return jax.tree.map(write, places, values)


def _number_like(dtype: Any) -> Any:
    """A function that makes an array of a number: of that type, unless it counts."""
    return lambda value: jnp.asarray(value) if isinstance(value, int) else jnp.asarray(value, dtype)


def _cast_like(value: Any, like: Any) -> Any:
    """The value in the type of what it replaces, since a compiled loop keeps its types."""
    return jnp.asarray(value).astype(like.dtype)


def norm(vector: Any) -> Any:
    """‖·‖₂ of the entries of an array of any shape."""
    return jnp.sqrt(jnp.sum(vector * vector))


def _empty_places(fixed: Fixed, target: Any) -> tuple[Tail, Any]:
    _, count, _, limit, keep, *_ = fixed
    numbers, m, places = jnp.zeros(limit, target.dtype), target.shape[0], -(-limit // keep) if keep else 0
    systems = tuple(jnp.zeros((places, *shape), target.dtype) for shape in ((m, count), (m,), (count,)))
    return Tail(numbers, jnp.zeros(limit, bool), numbers, jnp.zeros(limit, jnp.int32)), systems


def result(run: Run, options: Options) -> Steered:
    """The result of a loop, without the places of steps that were not tried."""
    state, steps, keep = run.state, int(run.state.count), options.keep
    systems = [whole[: -(-steps // keep)] for whole in state.systems] if keep and steps else []
    magnitude, accepted, step_size, rank = (whole[:steps] for whole in state.tail)
    history = History(np.concatenate([[run.first], magnitude]), accepted, step_size, rank)
    progress = Progress(*(number.item() for number in state.progress))
    return Steered(
        state.params,
        ending(progress, run.enough.item(), options.patience),
        history,
        Systems(*systems) if systems else None,
    )
