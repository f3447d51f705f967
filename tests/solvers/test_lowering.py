"""What solvers would run on a GPU, without one: the golden files, and how programs are read."""

from __future__ import annotations

import difflib
from typing import Any

import pytest

from lamm_robust import catalog
from lamm_robust.solvers.lowering import GPUS, SHAPES, programs
from lamm_robust.values import Precision

jax = pytest.importorskip("jax")
jnp = jax.numpy


def test_every_solver_runs_the_kernels_of_the_golden_file(precision: Precision) -> None:
    pytest.importorskip("lineax")
    from tests.solvers.kernels import golden, table

    kept, found = golden(precision).read_text(encoding="utf-8"), table(precision)
    diff = "\n".join(difflib.unified_diff(kept.splitlines(), found.splitlines(), "committed", "now", n=0, lineterm=""))
    assert kept == found, f"`python -m tests.solvers.kernels` writes the file again, if this is right:\n{diff}"


def test_highest_variants_have_no_product_below_full_precision(precision: Precision) -> None:
    found = [solver for solver in catalog.LIBRARY["jax"].solvers if solver.algorithm.endswith("-highest")]
    assert len(found) >= 4
    for solver in found:
        for program in programs(solver.solve, SHAPES["tall"], precision, GPUS).values():
            assert set(program.products) == {"highest"}, solver.algorithm


def read(function: Any, precision: Precision) -> dict[Any, Any]:
    return programs(function, SHAPES["square"], precision, ("cpu", *GPUS))


def test_products_are_counted_by_what_they_ask_for(precision: Precision) -> None:
    def function(A: Any, b: Any) -> Any:
        high = jnp.matmul(A, b, precision="high")
        return jnp.matmul(A, A @ high, precision=jax.lax.Precision.HIGHEST), None

    for program in read(function, precision).values():
        assert program.products == {"default": 1, "high": 1, "highest": 1}
        assert (program.kernels, program.host) == ((), ())


def test_pivoted_qr_computes_on_the_host(precision: Precision) -> None:
    found = read(lambda A, b: jax.scipy.linalg.qr(A, pivoting=True), precision)
    assert found["cpu"].host == ()
    assert found["cuda"].host == ("LAPACK on the host (cuhybrid_geqp3)",)
    assert found["rocm"].host == ("LAPACK on the host (hiphybrid_geqp3)",)


def test_branches_and_loops_are_named_and_choices_between_platforms_are_not(precision: Precision) -> None:
    def branch(A: Any, b: Any) -> Any:
        return jax.lax.cond(A[0, 0] > 0, jnp.sin, jnp.cos, b), None

    def loop(A: Any, b: Any) -> Any:
        return jax.lax.while_loop(lambda b: b[0] < 1, lambda b: 2 * b, b), None

    def platform(A: Any, b: Any) -> Any:
        return jax.lax.platform_dependent(b, cpu=jnp.sin, cuda=jnp.cos, rocm=jnp.tan), None

    assert read(branch, precision)["cuda"].host == ("branches",)
    assert read(loop, precision)["cuda"].host == ("loops",)
    assert read(platform, precision)["cuda"].host == ()
