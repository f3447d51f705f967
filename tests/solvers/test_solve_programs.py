"""What the programs of the recommended solver are made of, on every platform: nothing here is compiled or run."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lamm_robust
from lamm_robust.values import UNIT_ROUNDOFF, Precision

jax = pytest.importorskip("jax")
jnp = jax.numpy

pytestmark = pytest.mark.usefixtures("precision")

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
SHAPES = [(30, 10), (10, 30)]


def x(A: Any, b: Any) -> Any:
    return lamm_robust.solve(A, b).x


def gradient(A: Any, b: Any) -> Any:
    return jax.grad(lambda A, b: x(A, b).sum(), argnums=(0, 1))(A, b)


def tangent(A: Any, b: Any) -> Any:
    return jax.jvp(x, (A, b), (A, b))


PROGRAMS = {"x": x, "gradient": gradient, "tangent": tangent, "curvature": jax.jacfwd(gradient)}


def described(shape: tuple[int, int], precision: str, batch: tuple[int, ...] = ()) -> tuple[Any, Any]:
    return (
        jax.ShapeDtypeStruct((*batch, *shape), precision),
        jax.ShapeDtypeStruct((*batch, shape[0]), precision),
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("batch", [(), (5,)])
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_product_is_of_the_highest_precision(
    name: str, batch: tuple[int, ...], shape: tuple[int, int], precision: str
) -> None:
    """On GPUs, products of float32 are rounded to 11 bits unless a program says that they may not."""
    program = jax.vmap(PROGRAMS[name]) if batch else PROGRAMS[name]
    text = str(jax.make_jaxpr(program)(*described(shape, precision, batch)))
    found = [
        len(re.findall(word, text))
        for word in (r"= dot_general\[", r"precision=\(Precision.HIGHEST, Precision.HIGHEST\)")
    ]
    assert found[0] > 0
    assert found[0] == found[1]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("batch", [(), (5,)])
def test_every_platform_gets_an_exported_program(
    batch: tuple[int, ...], shape: tuple[int, int], precision: str
) -> None:
    def everything(A: Any, b: Any) -> Any:
        return lamm_robust.solve(A, b), gradient(A, b)

    program = jax.jit(jax.vmap(everything) if batch else everything)
    exported = jax.export.export(program, platforms=PLATFORMS)(*described(shape, precision, batch))
    assert exported.platforms == PLATFORMS
    text = exported.mlir_module()
    assert "geqp3" not in text
    assert "stablehlo.dot_general" in text
    assert set(re.findall(r"precision = \[(\w+), (\w+)\]", text)) == {("HIGHEST", "HIGHEST")}


def test_the_size_of_a_batch_may_be_a_symbol(precision: str) -> None:
    (size,) = jax.export.symbolic_shape("p")
    program = jax.jit(jax.vmap(lamm_robust.solve))
    exported = jax.export.export(program, platforms=PLATFORMS)(*described((30, 10), precision, (size,)))
    assert str(exported.out_avals[0].shape) == "(p, 10)"


@pytest.mark.usefixtures("in_float64_only")
@pytest.mark.parametrize("batch", ["", "p, "])
@pytest.mark.parametrize("is_wide", [False, True])
def test_the_larger_size_of_a_matrix_may_be_a_symbol(is_wide: bool, batch: str, precision: str) -> None:
    """The default rcond and the error depend on it, in all branches of a batch, too."""
    *several, size = jax.export.symbolic_shape(f"{batch}s", constraints=["s >= 11"])
    (m, n), A = (10, size) if is_wide else (size, 10), tuple(several)
    for program in (lamm_robust.solve, gradient):
        wrapped = jax.jit(jax.vmap(program) if batch else program)
        asked = (jax.ShapeDtypeStruct((*A, m, n), precision), jax.ShapeDtypeStruct((*A, m), precision))
        exported = jax.export.export(wrapped, platforms=PLATFORMS)(*asked)
        assert exported.platforms == PLATFORMS


@pytest.mark.usefixtures("in_float64_only")
def test_a_program_for_any_number_of_rows_answers_as_one_for_each(precision: Precision) -> None:
    (rows,) = jax.export.symbolic_shape("m", constraints=["m >= 4"])
    asked = (jax.ShapeDtypeStruct((rows, 3), precision), jax.ShapeDtypeStruct((rows,), precision))
    exported = jax.export.export(jax.jit(lamm_robust.solve))(*asked)
    rng = np.random.default_rng(0)
    A, b = rng.integers(-4, 5, (40, 3)).astype(precision), rng.integers(-4, 5, 40).astype(precision)
    A[:, 2] = A[:, 0]
    found, expected = exported.call(A, b), lamm_robust.solve(A, b)
    assert found[1] == expected.rank == 2
    for ours, own in ((found[0], expected.x), (found[2], expected.error)):
        np.testing.assert_allclose(ours, own, rtol=1e4 * UNIT_ROUNDOFF[precision])


@pytest.mark.usefixtures("in_float64_only")
@pytest.mark.parametrize("axes", ["Auto", "Explicit"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_batch_can_be_sharded(shape: tuple[int, int], axes: str, precision: str) -> None:
    """`jax.shard_map` compares what branches and loops return with what they are given."""
    mesh = jax.make_mesh((1,), ("i",), axis_types=(getattr(jax.sharding.AxisType, axes),))
    along = jax.sharding.PartitionSpec("i")
    placed = jax.sharding.NamedSharding(mesh, along)
    asked = [jax.ShapeDtypeStruct(one.shape, one.dtype, sharding=placed) for one in described(shape, precision, (4,))]
    with jax.set_mesh(mesh):
        for program in (lamm_robust.solve, gradient):
            sharded = jax.shard_map(jax.vmap(program), in_specs=along, out_specs=along)
            found = jax.eval_shape(sharded, *asked)
            assert jax.tree.leaves(found)[0].shape[0] == 4


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_it_keeps_to_the_strictest_rules_for_types_and_ranks(name: str, shape: tuple[int, int], precision: str) -> None:
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        jax.eval_shape(PROGRAMS[name], *described(shape, precision))


@pytest.mark.usefixtures("in_float64_only")
@pytest.mark.parametrize("wrap", [jax.vmap, lambda solve: jax.vmap(jax.vmap(solve))])
def test_lapack_gets_one_matrix_at_a_time_of_a_batch(wrap: Callable[..., Any], precision: str) -> None:
    """On a CPU: jaxlib waits in XLA's pool for the parts of a batch, which can be for ever."""
    batch = (3,) if wrap is jax.vmap else (3, 4)
    for program in (lamm_robust.solve, gradient):
        text = jax.jit(wrap(program)).lower(*described((30, 10), precision, batch)).as_text()
        calls = re.findall(r"custom_call @lapack_\w+\(.*?\) .*? -> \(?tensor<([\dx]+)f", text)
        assert calls
        assert all(dimensions.count("x") == 2 for dimensions in calls), calls
