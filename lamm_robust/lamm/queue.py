"""Many targets in one compiled program: a queue of jobs before a few slots, so that no work is for what has arrived.

A step is taken in all slots at once. A slot whose loop has ended hands over its result, and gets the next job.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from lamm_robust.lamm.compiled import (
    Fixed,
    Numbers,
    Run,
    begin,
    dynamic_options,
    may_step,
    result,
    static_options,
    take_step,
)
from lamm_robust.lamm.mesh import MatrixFn
from lamm_robust.lamm.options import Options
from lamm_robust.lamm.result import Steered
from lamm_robust.values import Array

SLOTS = 32
"""The number of slots: enough for calls of XLA's operations to cost little, few enough for the end of the queue, when
slots stand empty, to be short beside a hundred targets."""


def steer_all(matrix_fn: MatrixFn, params: Array, targets: Array, options: Options, seeds: Any) -> list[Steered]:
    """`compiled.steer` for stacks of parameters, targets and seeds, in one program."""
    slots, fixed = min(SLOTS, len(targets)), static_options(options)
    runs = run_queue(matrix_fn, fixed, slots, params, targets, jnp.asarray(seeds), dynamic_options(options))
    leaves, shape = jax.tree.flatten(jax.device_get(runs))
    alone = (jax.tree.unflatten(shape, [leaf[i] for leaf in leaves]) for i in range(len(targets)))
    return [result(run, options) for run in alone]


@partial(jax.jit, static_argnums=(0, 1, 2))
def run_queue(
    matrix_fn: MatrixFn, fixed: Fixed, slots: int, params: Any, targets: Any, seeds: Any, numbers: Numbers
) -> Run:
    """The runs of all targets, as one `Run` of stacks."""
    count = len(targets)

    def load(jobs: Any) -> Run:
        at = jnp.minimum(jobs, count - 1)  # a slot without a job holds one that is not looked at
        return jax.vmap(partial(begin, matrix_fn, fixed, numbers=numbers))(params[at], targets[at])

    def goes_on(jobs: Any, runs: Run) -> Any:
        return (jobs < count) & jax.vmap(partial(may_step, fixed, numbers))(runs)

    def refill(jobs: Any, following: Any, runs: Run, kept: Run) -> tuple[Any, Any, Run, Run]:
        ended = (jobs < count) & ~goes_on(jobs, runs)
        kept = jax.tree.map(lambda all_, own: all_.at[jnp.where(ended, jobs, count)].set(own, mode="drop"), kept, runs)
        free = jnp.minimum(following + jnp.cumsum(ended) - 1, count)
        jobs = jnp.where(ended, free, jobs).astype(jobs.dtype)
        return jobs, following + jnp.sum(ended), _where(ended, load(jobs), runs), kept

    def body(carry: tuple[Any, Any, Run, Run]) -> tuple[Any, Any, Run, Run]:
        jobs, following, runs, kept = carry
        at = jnp.minimum(jobs, count - 1)
        step = partial(take_step, matrix_fn, fixed, numbers)
        stepped = runs._replace(state=jax.vmap(step)(targets[at], seeds[at], runs.state))
        runs = _where(goes_on(jobs, runs), stepped, runs)
        any_ended = jnp.any((jobs < count) & ~goes_on(jobs, runs))
        after: tuple[Any, Any, Run, Run] = jax.lax.cond(
            any_ended, refill, lambda *same: same, jobs, following, runs, kept
        )
        return after

    jobs = jnp.arange(slots)
    first = load(jobs)
    kept = jax.tree.map(lambda leaf: jnp.zeros((count, *leaf.shape[1:]), leaf.dtype), first)
    start = jobs, jnp.sum(jobs < count), first, kept
    done: Run = jax.lax.while_loop(lambda carry: jnp.any(carry[0] < count), body, start)[3]
    return done


def _where(chosen: Any, one: Run, other: Run) -> Run:
    """The runs of one where `chosen` (an array of slots) says so, else of the other."""

    def pick(a: Any, b: Any) -> Any:
        return jnp.where(chosen.reshape(-1, *[1] * (a.ndim - 1)), a, b)

    picked: Run = jax.tree.map(pick, one, other)
    return picked
