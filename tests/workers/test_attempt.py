"""How attempts end, in this process; what kills a process is in `test_supervisor`."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace

import numpy as np
import pytest

from lamm_robust.values import Array, Cause, Outcome, Problem, Status
from lamm_robust.workers.attempt import REPEATS, attempt
from tests.support.planted import PLANTED, SOLVERS
from tests.support.problems import problem_of


def small() -> Problem:
    return problem_of([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]], [1.0, 2.0, 3.0])


def tried(name: str) -> Outcome:
    return attempt(PLANTED, SOLVERS[name], small(), "cpu")


def test_a_good_attempt() -> None:
    outcome = tried("lstsq")
    assert outcome.status is Status.SOLVED
    assert outcome.x is not None
    np.testing.assert_allclose(outcome.x, [1.0, 1.0], rtol=1e-15)
    assert outcome.rank == 2
    assert outcome.seconds is not None
    assert outcome.min_seconds is not None
    assert 0 < outcome.min_seconds <= outcome.seconds < 1
    assert outcome.first_call_seconds is not None
    assert (outcome.warned, outcome.repeatable, outcome.message) == (False, True, "")


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("refuse", Status.REFUSED, "LinAlgError: the documented one"),
        ("crash", Status.CRASHED, "RuntimeError: nobody said so"),
        ("not_a_pair", Status.BAD_OUTPUT, "x has shape (), expected (2,)"),
        ("shape", Status.BAD_OUTPUT, "x has shape (2, 1), expected (2,)"),
        ("dtype", Status.BAD_OUTPUT, "x is float16, expected float64"),
        ("mutate", Status.BAD_OUTPUT, "changed its input b"),
    ],
)
def test_failures_are_outcomes(name: str, status: Status, words: str) -> None:
    outcome = tried(name)
    assert outcome.status is status
    assert outcome.x is None
    assert words in outcome.message


@pytest.mark.parametrize(
    ("answers", "cause"),
    [
        ([np.zeros(2, np.float32)], Cause.FLOAT32),
        ([np.zeros(2), np.zeros(2, np.float32)], Cause.FLOAT32),
        ([np.zeros((2, 1), np.float32)], Cause.NONE),
        ([np.zeros(2, np.float16)], Cause.NONE),
    ],
)
def test_float32_for_float64_is_a_cause_where_nothing_else_is_wrong(answers: list[Array], cause: Cause) -> None:
    left = list(answers)

    def solve(A: object, b: object) -> tuple[object, None]:
        return left.pop(0) if len(left) > 1 else left[0], None

    outcome = attempt(PLANTED, replace(SOLVERS["lstsq"], solve=solve), small(), "cpu")
    assert (outcome.status, outcome.cause) == (Status.BAD_OUTPUT, cause)


class Singular(np.linalg.LinAlgError):
    """A documented error of a kind of its own."""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Singular("no"), Status.REFUSED),
        (ValueError("no"), Status.CRASHED),  # the base of the documented one
        (NotImplementedError("lines only"), Status.NOT_ATTEMPTED),
        (RuntimeError("no"), Status.CRASHED),  # the base of that
    ],
)
def test_errors_are_known_by_their_bases(error: Exception, status: Status) -> None:
    def solve(A: object, b: object) -> tuple[object, None]:
        raise error

    outcome = attempt(PLANTED, replace(SOLVERS["refuse"], solve=solve), small(), "cpu")
    assert (outcome.status, outcome.message) == (status, f"{type(error).__name__}: {error}")


@pytest.mark.parametrize("exact", [True, False])
def test_float64_for_float32_is_rounded_where_the_contract_allows_it(exact: bool) -> None:
    def solve(A: object, b: object) -> tuple[object, None]:
        return np.array([1 / 3, 1e300]), None

    given = small()
    problem = replace(given, A=given.A.astype(np.float32), b=given.b.astype(np.float32))
    solver = SOLVERS["lstsq"]
    solver = replace(solver, contract=replace(solver.contract, exact_dtype=exact), solve=solve)
    outcome = attempt(PLANTED, solver, problem, "cpu")
    if exact:
        assert outcome.status is Status.BAD_OUTPUT
        return
    assert (outcome.status, outcome.cause, outcome.repeatable) == (Status.SOLVED, Cause.FLOAT64, True)
    assert outcome.x is not None
    assert outcome.x.tolist() == [float(np.float32(1 / 3)), np.inf]


def test_memory_that_runs_out_is_a_cause() -> None:
    def solve(A: object, b: object) -> tuple[object, None]:
        raise np._core._exceptions._ArrayMemoryError((1,), np.dtype(float))  # type: ignore[attr-defined]

    outcome = attempt(PLANTED, replace(SOLVERS["lstsq"], solve=solve), small(), "cpu")
    assert (outcome.status, outcome.cause) == (Status.CRASHED, Cause.OUT_OF_MEMORY)
    assert outcome.message.startswith("MemoryError: ")


def test_warnings_are_kept_once_and_do_not_escape() -> None:
    outcome = tried("warn")
    assert outcome.status is Status.SOLVED
    assert outcome.warned
    assert outcome.message == "RuntimeWarning: ill-conditioned"


def test_answers_that_change_between_calls_are_noticed() -> None:
    assert not tried("restless").repeatable


@pytest.mark.parametrize(("first", "later"), [(1.0, 3.0), (3.0, 1.0), (1.0, np.nan), (np.nan, 1.0)])
def test_of_answers_that_differ_the_worse_one_counts(first: float, later: float) -> None:
    left = [first]

    def solve(A: object, b: object) -> tuple[object, None]:
        return np.array([left.pop() if left else later]), None

    problem = problem_of([[1.0], [1.0]], [1.0, 1.0])
    outcome = attempt(PLANTED, replace(SOLVERS["lstsq"], solve=solve), problem, "cpu")
    assert not outcome.repeatable
    assert outcome.x is not None
    assert outcome.x[0] != 1.0


def test_calls_are_counted() -> None:
    calls = 0

    def count(A: object, b: object) -> tuple[object, None]:
        nonlocal calls
        calls += 1
        return np.ones(2), None

    attempt(PLANTED, replace(SOLVERS["lstsq"], solve=count), small(), "cpu")
    # far too fast to use up the time budget; three calls more, if the first was much slower than the others
    assert calls in (1 + REPEATS[1], 1 + REPEATS[1] + 3)


def test_a_solver_that_remembers_its_inputs_is_not_timed_at_that() -> None:
    known: dict[bytes, Array] = {}

    def solve(A: Array, b: Array) -> tuple[Array, None]:
        key = A.tobytes() + b.tobytes()
        if key not in known:
            time.sleep(0.05)
            known[key] = np.ones(2)
        return known[key], None

    outcome = attempt(PLANTED, replace(SOLVERS["lstsq"], solve=solve), small(), "cpu")
    assert outcome.seconds is not None
    assert outcome.seconds >= 0.05
    assert outcome.repeatable
    assert len(known) == 4


def test_a_solver_that_compiles_is_timed_without_that() -> None:
    called: list[None] = []

    def solve(A: Array, b: Array) -> tuple[Array, None]:
        if not called:
            time.sleep(0.5)
        called.append(None)
        return np.ones(2), None

    outcome = attempt(PLANTED, replace(SOLVERS["lstsq"], solve=solve), small(), "cpu")
    assert outcome.seconds is not None
    assert outcome.first_call_seconds is not None
    assert outcome.first_call_seconds >= 0.5
    assert outcome.seconds < outcome.first_call_seconds / 2


@pytest.mark.parametrize("category", [DeprecationWarning, FutureWarning, ResourceWarning])
def test_warnings_about_code_do_not_excuse_an_answer(category: type[Warning]) -> None:
    def solve(A: object, b: object) -> tuple[object, None]:
        warnings.warn("np.foo is deprecated", category, stacklevel=1)
        return np.zeros(2), None

    outcome = attempt(PLANTED, replace(SOLVERS["lstsq"], solve=solve), small(), "cpu")
    assert (outcome.warned, outcome.message) == (False, "")
