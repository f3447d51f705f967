"""How libraries differentiate: beside derivatives that are known on paper, and where they are known to fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from lamm_robust.solvers.differentiation import by_jax, by_torch, compiled_where_possible, jax_ways, torch_ways
from lamm_robust.solvers.jax_ import JAX
from lamm_robust.solvers.torch_ import TORCH
from lamm_robust.values import Array, Deficiency, Differentiate, Precision, Solver

pytestmark = pytest.mark.usefixtures("precision")

DIAGONAL = np.array([2.0, 4.0])
"""x = b/d where A is diag(d), so that x and its derivatives are known."""


def solver(library: Any, name: str) -> Solver:
    found: Solver = next(s for s in library.solvers if s.algorithm == name)
    return found


def arrays(precision: Precision) -> list[Array]:
    """A = diag(2, 4), b = (2, 8), so that x = (1, 2); dA, db and c."""
    values = (np.diag(DIAGONAL), [2.0, 8.0], [[1.0, 2.0], [4.0, 8.0]], [2.0, 4.0], [2.0, 4.0])
    return [np.asarray(value, precision) for value in values]


EXPECTED: Mapping[str, tuple[Any, Any]] = {
    "jvp": ([-2.5, -5.0], [1.0, 1.0]),  # −A⁻¹dA x = −(1 + 4, 4 + 16)/(2, 4), and A⁻¹db
    "vjp": ([[-1.0, -2.0], [-1.0, -2.0]], [1.0, 1.0]),  # −(A⁻ᵀc)xᵀ, and A⁻ᵀc = (2, 4)/(2, 4)
}


def check(ways: Mapping[str, Differentiate], given: list[Any]) -> None:
    for name, way in ways.items():
        for found, expected in zip(way(*given), EXPECTED[name.removeprefix("vmapped_")], strict=True):
            np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5)


def test_the_ways_of_jax_are_right_where_paper_is(precision: Precision) -> None:
    pytest.importorskip("jax")
    ways = by_jax(solver(JAX, "qr"))
    assert list(ways) == ["jvp", "vjp", "vmapped_vjp"]
    check(ways, arrays(precision))


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # by forward mode, about its own code
def test_the_ways_of_torch_are_right_where_paper_is(precision: Precision) -> None:
    torch = pytest.importorskip("torch")
    ways = by_torch(solver(TORCH, "gelsd"))
    assert list(ways) == ["jvp", "vjp"]
    check(ways, [torch.from_numpy(values) for values in arrays(precision)])
    check(ways, arrays(precision))


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_function_of_ones_own_is_differentiated_under_the_vmap_of_torch(precision: Precision) -> None:
    torch = pytest.importorskip("torch")
    ways = torch_ways(torch.linalg.solve, Deficiency.FULL_RANK_ONLY)
    assert list(ways) == ["jvp", "vjp", "vmapped_vjp"]
    check(ways, arrays(precision))
    blind = torch_ways(lambda A, b: torch.linalg.solve(A.detach(), b), Deficiency.FULL_RANK_ONLY)
    with pytest.raises(RuntimeError, match="x does not depend on A, as far as PyTorch sees"):
        blind["jvp"](*arrays(precision))


def test_the_gradient_of_jax_lstsq_is_nan_where_singular_values_are_equal_and_that_of_solve_is_not(
    precision: Precision,
) -> None:
    """At the unit matrix, of κ = 1: an SVD's derivative divides by differences of singular values."""
    pytest.importorskip("jax")
    _, b, dA, db, c = arrays(precision)
    unit = np.eye(2, dtype=precision)
    for name in ("jvp", "vjp"):
        assert np.isnan(by_jax(solver(JAX, "lstsq"))[name](unit, b, dA, db, c)[0]).all()
    by_A, by_b = by_jax(solver(JAX, "solve"))["vjp"](unit, b, dA, db, c)
    np.testing.assert_allclose(by_A, -np.outer(c, b), rtol=1e-5)
    np.testing.assert_allclose(by_b, c, rtol=1e-5)


def test_a_function_that_looks_at_numbers_is_differentiated_without_being_compiled(precision: Precision) -> None:
    jax = pytest.importorskip("jax")

    def x(A: Any, b: Any) -> Any:
        return jax.numpy.linalg.solve(A, b) if A[0, 0] > 0 else b

    ways = compiled_where_possible(jax_ways(x, Deficiency.FULL_RANK_ONLY))
    check({name: ways[name] for name in ("jvp", "vjp")}, arrays(precision))
    with pytest.raises(jax.errors.ConcretizationTypeError):
        ways["vmapped_vjp"](*arrays(precision))
