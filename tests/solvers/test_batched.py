"""Batches: the problem is their first member, the others are other problems, and rounding is all that may differ."""

from __future__ import annotations

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.solvers import batched, host, jax_
from lamm_robust.values import UNIT_ROUNDOFF, Device, Precision, Solve, Variant
from tests.support.problems import random_problem
from tests.support.solving import named, tried

BATCHED = {
    "numpy-lstsq-block": "numpy-lstsq",
    "numpy-pinv-stacked": "numpy-pinv",
    "numpy-svd-stacked": "scipy-svd-size-eps",
    "numpy-normal-lu-stacked": "numpy-normal-lu",
    "scipy-gelsd-block": "scipy-gelsd",
    "scipy-qr-block": "scipy-qr",
    "jax-lstsq-vmap": "jax-lstsq",
    "jax-pinv-vmap": "jax-pinv",
    "jax-qr-vmap": "jax-qr",
    "jax-normal-cholesky-vmap": "jax-normal-cholesky",
}


@pytest.fixture(autouse=True)
def _on_the_cpu(device: Device) -> None:
    if device != "cpu":
        pytest.skip("batches are compared with single problems on the CPU")


@pytest.mark.parametrize(("name", "single"), BATCHED.items())
def test_the_first_of_a_batch_is_the_problem_itself(name: str, single: str, precision: Precision) -> None:
    problem = random_problem(20, 6, 1, 0.1, seed=1, dtype=precision)
    batch, alone = tried(name, problem), tried(single, problem)
    assert batch.x is not None
    assert alone.x is not None
    assert np.linalg.norm(batch.x - alone.x) < 1000 * UNIT_ROUNDOFF[precision] * np.linalg.norm(alone.x)
    assert batch.rank == alone.rank
    ours, theirs = named(name).contract, named(single).contract
    assert (ours.deficiency, ours.rank_rule, ours.shapes) == (theirs.deficiency, theirs.rank_rule, theirs.shapes)


def test_members_of_a_batch_differ(precision: Precision) -> None:
    problem = random_problem(5, 3, 1, 0.1, seed=1, dtype=precision)
    stack, block = batched.stack(problem.A), batched.block(problem.b)
    assert stack.shape == (8, 5, 3)
    assert block.shape == (5, 8)
    assert stack.dtype == block.dtype == precision
    assert np.array_equal(stack[0], problem.A)
    assert np.array_equal(block[:, 0], problem.b)
    assert len({member.tobytes() for member in stack}) == len({column.tobytes() for column in block.T}) == 8
    assert np.abs(stack[1:]).max() < np.abs(problem.A).max(), "a neighbour must not overflow before the problem does"


def test_vmap_is_over_eight_matrices_and_eight_right_hand_sides() -> None:
    import jax
    import jax.numpy as jnp

    program = str(jax.make_jaxpr(batched.vmap_eight(jax_.normal_cholesky))(jnp.ones((5, 3)), jnp.ones(5)))
    assert "[8,5,3]" in program, "the stack of A"
    assert "[8,3,3]" in program, "a stack of AᵀA"


# --- products in full precision -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pinv", "qr", "normal-lu", "normal-cholesky"])
def test_highest_precision_is_for_gpus_and_promises_the_same(name: str) -> None:
    assert named(f"jax-{name}-highest").contract.rank_rule == named(f"jax-{name}").contract.rank_rule
    assert Variant("jax", f"{name}-highest", "float32", "gpu") in catalog.variants()
    assert Variant("jax", f"{name}-highest", "float32", "cpu") not in catalog.variants()


def test_highest_precision_is_in_the_compiled_program() -> None:
    import jax
    import jax.numpy as jnp

    def precisions(solve: Solve) -> list[str]:
        """Of AᵀA and Aᵀb; what `solve` calls has asked for precisions of its own."""
        program = jax.make_jaxpr(solve)(jnp.ones((5, 3)), jnp.ones(5))
        return [str(line.params["precision"]) for line in program.eqns if line.primitive.name == "dot_general"]

    before = [getattr(jax.config, name) for name in host.JAX_SETTINGS]
    assert precisions(jax_.normal_lu) == ["None", "None"]
    assert all(found.count("HIGHEST") == 2 for found in precisions(jax_.highest(jax_.normal_lu)))
    assert len(precisions(jax_.highest(jax_.normal_lu))) == 2
    assert [getattr(jax.config, name) for name in host.JAX_SETTINGS] == before


def test_a_solver_with_devices_of_its_own_is_not_listed_elsewhere() -> None:
    assert Variant("jax", "qr-highest", "float32", "gpu") in catalog.variants()
    assert Variant("jax", "qr-highest", "float32", "cpu") not in catalog.variants()
