"""The grid of the profile `derivatives`: few shapes, and every axis."""

from __future__ import annotations

import pytest

from lamm_robust import catalog
from lamm_robust.runs.derivatives import SHAPES, derivatives_grid
from lamm_robust.runs.plan import Selection
from lamm_robust.values import PRECISIONS, Precision


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_every_key_builds_a_problem_of_one_of_the_shapes(dtype: Precision) -> None:
    keys = derivatives_grid(dtype)
    assert len(set(keys)) == len(keys)
    problems = [catalog.build_with_directions(key) for key in keys]
    assert {problem.A.shape for problem in problems} == set(SHAPES)
    assert all(problem.directions and problem.b.ndim == 1 for problem in problems)
    assert {problem.key.dtype for problem in problems} == {dtype}
    assert sum(not problem.A.any() for problem in problems) == len(SHAPES)


def test_the_profile_is_a_selection_of_what_can_be_differentiated() -> None:
    selection = Selection("derivatives", ("float64",), ("cpu",))
    assert {variant.library for variant in selection.variants()} == {"jax", "lineax", "torch"}
    assert not [variant for variant in selection.variants() if "vmap" in variant.algorithm]
    assert set(selection.problems()) == set(derivatives_grid("float64"))
    only = Selection("derivatives", ("float64",), ("cpu",), solvers=("gelsd",), families=("raw",))
    assert {variant.algorithm for variant in only.variants()} == {"gelsd"}
    assert {key.family for key in only.problems()} == {"raw"}
