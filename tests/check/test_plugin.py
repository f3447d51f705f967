"""The pytest plugin: what is marked is called with each problem, and a failure says in its first line what failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.house import ROOT

TESTS = """
import numpy
import pytest

PROMISED = {"families": ["polynomial", "exact_rank"], "contract": "full_rank_only", "max_cond": 1e6}


def solve(A, b):
    return numpy.linalg.lstsq(A, b, rcond=None)[0]


@pytest.mark.lamm_robust(**PROMISED)
def test_each(problem):
    assert problem.cond <= 1e6 and problem.rank == problem.A.shape[1]
    problem.assert_solved(solve(problem.A, problem.b))


def test_whole(check_solver):
    check_solver(lambda A, b: numpy.linalg.solve(A.T @ A, A.T @ b), families=["polynomial"], contract="full_rank_only")


def test_key(problem_of_key):
    assert problem_of_key("raw A=1;1 b=1,3 dtype=float64").x == 2
"""

WRONG = {
    '(contract="none")': "contract is 'none'; accepted: minimum_norm, basic, full_rank_only",
    "(max_cond=0)": "max_cond is 0; accepted is a number of 1 or more",
    '(suite="1")': "suite is '1'; accepted is",
    "(speed=1)": "unexpected keyword argument 'speed'",
    '("polynomial")': "takes named arguments, and its test an argument `problem`",
}
"""What follows the marker, and what is said of it."""


def run_pytest(place: Path, *tests: str) -> str:
    """What pytest says of files of tests, with our plugin and no other; an installation has it by its entry point."""
    (place / "conftest.py").write_text('pytest_plugins = ["lamm_robust.pytest_plugin"]\n', encoding="utf-8")
    for number, text in enumerate(tests):
        (place / f"test_{number}.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers", f"--rootdir={place}"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT), "COLUMNS": "400"}
    done = subprocess.run([*command, str(place)], capture_output=True, text=True, env=environment, cwd=place)
    return done.stdout + done.stderr


def test_marked_tests_get_problems_and_failures_say_what_failed(tmp_path: Path) -> None:
    said = run_pytest(tmp_path, TESTS)
    assert "1 failed, " in said, said
    line = next(line for line in said.splitlines() if line.startswith("E   "))
    assert ": required: backward-stable: not held: the class is unstable, " in line
    assert 'strategies.problem("polynomial ' in line
    assert "INTERNALERROR" not in said


FAILING = """
from lamm_robust.strategies import problem
from lamm_robust.testing import check_solver

PROBLEM = problem("raw A=1,2;2,4 b=1,1 dtype=float64")


def test_answer():
    PROBLEM.assert_solved([1e10, -1e10])


def test_form():
    PROBLEM.assert_solved([1.0])


def test_function():
    check_solver(lambda A: A)


def test_name():
    check_solver("test_0.py:nothing")
"""


def test_of_ours_a_failure_shows_the_message_alone(tmp_path: Path) -> None:
    said = run_pytest(tmp_path, FAILING)
    assert "4 failed" in said, said
    messages = [line[1:].lstrip() for line in said.splitlines() if line.startswith("E   ")]
    starts = (
        "AssertionError: problem('raw A=1,2;2,4 b=1,1 dtype=float64'): wrong, where backward stable is required: rank ",
        "ValueError: x is float64 of shape (1,); expected numbers of shape (2,)",
        "ValueError: solver is no function of A and b: ",
        "ValueError: 'test_0.py:nothing' cannot be used: there is no 'nothing' in it",
    )
    for message, start in zip(messages, starts, strict=True):
        assert message.startswith(start)
    assert "    def " not in said.replace("    def test_", "")


def test_a_wrong_marker_is_one_line(tmp_path: Path) -> None:
    tests = [f"import pytest\n\n@pytest.mark.lamm_robust{given}\ndef test(problem): pass\n" for given in WRONG]
    said = run_pytest(tmp_path, *tests, "import pytest\n\n@pytest.mark.lamm_robust\ndef test(): pass\n")
    errors = [line for line in said.splitlines() if line.startswith("ERROR ")]
    assert len(errors) == len(WRONG) + 1, said
    for number, text in enumerate([*WRONG.values(), WRONG['("polynomial")']]):
        assert f"test_{number}.py - Failed: @pytest.mark.lamm_robust" in errors[number]
        assert text in errors[number]
    assert "Traceback" not in said
