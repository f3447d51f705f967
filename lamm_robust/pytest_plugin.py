"""The pytest plugin, which pytest finds by itself where lamm-robust is installed: a marker and two fixtures.

    @pytest.mark.lamm_robust(contract="full_rank_only", max_cond=1e7)
    def test_my_solver(problem):
        problem.assert_solved(my_solver(problem.A, problem.b))

    def test_my_solver_is_stable(check_solver):
        check_solver(my_solver, require="backward-stable")

Nothing of ours is imported before a test asks for it, for every run of pytest in the environment loads this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

MARKER = "lamm_robust"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(families=(), dtype='float64', profile='small', shapes=(), contract='minimum_norm', max_cond=inf, "
        "edges=False, suite=None): call the test with each `problem` of a profile, as by "
        "lamm_robust.testing.parametrize_with_problems",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Call a marked test with each problem."""
    marker = metafunc.definition.get_closest_marker(MARKER)
    if marker is None:
        return
    if marker.args or "problem" not in metafunc.fixturenames:
        pytest.fail(f"@pytest.mark.{MARKER} takes named arguments, and its test an argument `problem`", pytrace=False)
    from lamm_robust.testing import parametrize_with_problems

    try:
        found, wrong = parametrize_with_problems(**marker.kwargs).mark, ""
    except (TypeError, ValueError) as error:
        wrong = str(error)
    if wrong:
        pytest.fail(f"@pytest.mark.{MARKER}: {wrong}", pytrace=False)
    metafunc.parametrize(*found.args, **found.kwargs)


@pytest.fixture(name="check_solver")
def give_check_solver() -> Callable[..., None]:
    """`lamm_robust.testing.check_solver`."""
    from lamm_robust.testing import check_solver

    return check_solver


@pytest.fixture
def problem_of_key() -> Callable[[str], Any]:
    """`lamm_robust.strategies.problem`: the problem of a key, with its truth, as a failure prints it."""
    from lamm_robust.strategies import problem

    return problem
