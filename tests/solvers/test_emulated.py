"""Emulated devices: which products lose bits, and by how much; each in a process of its own, which it changes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from lamm_robust.solvers.emulated import BITS
from lamm_robust.values import Device

pytest.importorskip("jax")

PROGRAM = """
import json
import sys

from lamm_robust.solvers.emulated import begin

begin(sys.argv[1])

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
coarse = 1 + 2.0 ** -np.arange(4, 24)  # each has one bit of fraction, which is lost if it is too low
one = np.ones(1, np.float32)


def kept(product):
    rows = np.asarray([product(np.float32(v).reshape(1, 1), one)[0] for v in coarse])
    return int((rows != 1).sum()) + 3


def derivative(A, b):
    return jax.jvp(lambda b: b * (A @ b), (b,), (b,))[1] / 2


print(json.dumps({
    "eager": kept(lambda A, b: jnp.asarray(A) @ b),
    "compiled": kept(jax.jit(lambda A, b: A @ b)),
    "right": kept(lambda A, b: (b[None] @ jnp.asarray(A))[0]),
    "einsum": kept(lambda A, b: jnp.einsum("ij,j->i", A, b)),
    "derivative": kept(derivative),
    "high": kept(lambda A, b: jnp.matmul(A, b, precision="high")),
    "highest": kept(lambda A, b: jnp.matmul(A, b, precision="highest")),
    "in float64": kept(lambda A, b: jnp.asarray(A, jnp.float64) @ b),
    "scan": kept(lambda A, b: jax.lax.scan(lambda b, _: (A @ b, None), b, length=1)[0]),
    "batch": kept(lambda A, b: jax.vmap(jnp.matmul)(A[None], b[None])[0]),
    "whole numbers": (jnp.arange(6).reshape(2, 3) @ jnp.arange(3)).tolist(),
    "complex": complex(jnp.vdot(jnp.complex64(1 + 2.0 ** -20 * 1j), jnp.complex64(1))).imag != 0,
    "shapes": [(jnp.ones((5, 2, 3)) @ jnp.ones((5, 3, 4))).shape, jnp.tensordot(np.eye(2, 3), np.eye(3, 4), 1).shape],
}))
"""


KEPT: dict[Device, int] = {"cpu": 23, **BITS}
"""The bits of fraction that are kept."""


@pytest.mark.parametrize("computes_as", KEPT)
def test_inputs_of_products_lose_bits_where_no_more_are_asked_for(computes_as: Device) -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM, computes_as], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    bits = KEPT[computes_as]
    for product in ("eager", "compiled", "right", "einsum", "derivative", "scan", "batch"):
        assert found[product] == bits, product
    assert found["high"] == (23 if computes_as == "emulated-bf16" else bits)  # three products on a TPU, TF32 on a GPU
    assert found["highest"] == found["in float64"] == 23
    assert found["whole numbers"] == [5, 14]
    assert found["complex"]
    assert found["shapes"] == [[5, 2, 4], [2, 4]]
