"""Two batches of the recommended solver in one program: jaxlib's batched LAPACK calls can wait for each other."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lamm_robust.values import Precision

pytest.importorskip("jax")

PROGRAM = """
import sys
import jax, jax.numpy as jnp, numpy as np
import lamm_robust

def gradient(A, b):
    return jax.grad(lambda A: jax.vmap(lamm_robust.solve)(A, b).x.sum())(A)

solve = jax.vmap(lamm_robust.solve) if sys.argv[1] == "x" else gradient
shape = (1000, 16, 8) if sys.argv[1] == "x" else (64, 100, 30)
draw = np.random.default_rng(0)
A, C = (jnp.asarray(draw.standard_normal(shape), sys.argv[2]) for _ in range(2))
b, d = (jnp.asarray(draw.standard_normal(shape[:2]), sys.argv[2]) for _ in range(2))
both = jax.jit(lambda *given: (solve(*given[:2]), solve(*given[2:])))
for _ in range(int(sys.argv[3])):
    jax.block_until_ready(both(A, b, C, d))
print("done")
"""

LIMIT = 1200
"""Seconds after which a child that takes a hundred of a processor's has surely stopped."""


@pytest.mark.timeout(LIMIT + 60)
@pytest.mark.usefixtures("on_cpus_in_float64_only")
@pytest.mark.parametrize("what", ["x", "gradient"])
@pytest.mark.parametrize("runs", [100, pytest.param(10_000, marks=pytest.mark.slow)])
def test_two_batches_end(what: str, runs: int, precision: Precision) -> None:
    """Plain QR with triangular solves hung within some hundred of such runs, on two cores."""
    command = [sys.executable, "-c", PROGRAM, what, precision, str(runs)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert ended.stdout == "done\n", ended.stderr
