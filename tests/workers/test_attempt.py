"""How attempts end, in this process; what kills a process is in `test_supervisor`."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lamm_robust.values import Array, Cause, Library, Outcome, Problem, Solve, Status
from lamm_robust.workers.answers import LONGEST_MESSAGE
from lamm_robust.workers.attempt import attempt
from lamm_robust.workers.repeats import PATTERNS, REPEATS, median, signed
from tests.support.planted import PLANTED, SOLVERS
from tests.support.problems import problem_of


def small() -> Problem:
    return problem_of([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]], [1.0, 2.0, 3.0])


def tried(name: str) -> Outcome:
    return attempt(PLANTED, SOLVERS[name], small(), "cpu")


def by(solve: Callable[[Array, Array], tuple[Any, Any]], problem: Problem | None = None) -> Outcome:
    """The attempt of a solver that is nothing but this function."""
    return attempt(PLANTED, replace(SOLVERS["lstsq"], solve=solve), problem or small(), "cpu")


def in_turn(first: list[float], later: list[float]) -> Callable[[Array, Array], tuple[Array, None]]:
    """A solver that returns the one at its first call, and the other ever after."""
    left = [first]
    return lambda A, b: (np.array(left.pop() if left else later), None)


class Clock:
    """A clock that stands still but for the calls of a solver, which take so many seconds each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *seconds: float) -> None:
        self.now, self.calls, self._seconds = 1000.0, 0, seconds
        for module in ("attempt", "repeats"):
            monkeypatch.setattr(f"lamm_robust.workers.{module}.clock", lambda: self.now)

    def solve(self, A: Array, b: Array) -> tuple[Array, None]:
        self.now += self._seconds[min(self.calls, len(self._seconds) - 1)]
        self.calls += 1
        return np.ones(2), None


def test_times_are_those_of_the_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, 4.0, 0.5, 0.125, 0.25)
    outcome = by(clock.solve)
    # the first, one with each layout, the one repeat that is due, and three that show whether it remembers its inputs
    assert clock.calls == 1 + 3 + 1 + 3
    assert outcome.first_call_seconds == 4.0
    assert (outcome.seconds, outcome.min_seconds) == (0.25, 0.125)
    assert outcome.spent == 4.0 + 0.875 + 0.25 + 0.75


def test_calls_are_repeated_until_their_time_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, 1 / 1024)  # of which ten fit into 0.01 s, and one begins within
    by(clock.solve)
    assert clock.calls == 1 + 11


def test_a_call_that_raises_has_taken_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, 2.0)

    def solve(A: Array, b: Array) -> tuple[Array, None]:
        clock.solve(A, b)
        raise RuntimeError

    assert by(solve).spent == 2.0


@pytest.mark.parametrize(
    ("values", "expected"), [([3.0], 3.0), ([4.0, 1.0], 2.5), ([9.0, 1.0, 2.0], 2.0), ([8.0, 1.0, 2.0, 4.0], 3.0)]
)
def test_medians(values: list[float], expected: float) -> None:
    assert median(values) == expected


@pytest.mark.parametrize(
    ("rank", "reported"), [(None, None), (0, 0), (2, 2), (2.0, 2), (np.int32(1), 1), (2**31 - 1, 2**31 - 1)]
)
def test_ranks_are_whole_numbers(rank: Any, reported: int | None) -> None:
    outcome = by(lambda A, b: (np.ones(2), rank))
    assert (outcome.status, outcome.rank) == (Status.SOLVED, reported)
    assert outcome.rank is None or type(outcome.rank) is int


@pytest.mark.parametrize("rank", [-1, 2**31, 1.5, math.nan, math.inf, True, "2", np.array([2]), 2j])
def test_other_ranks_are_bad_output(rank: Any) -> None:
    outcome = by(lambda A, b: (np.ones(2), rank))
    assert (outcome.status, outcome.rank, outcome.x) == (Status.BAD_OUTPUT, None, None)
    assert outcome.message == f"the reported rank is {rank!r}, expected a whole number"


def test_a_changed_A_is_noticed() -> None:
    def solve(A: Array, b: Array) -> tuple[Array, None]:
        A[0, 0] = 7.0
        return np.ones(2), None

    outcome = by(solve)
    assert (outcome.status, outcome.message) == (Status.BAD_OUTPUT, "the solver changed its input A")


def test_long_words_are_cut() -> None:
    def shout(A: Array, b: Array) -> tuple[Array, None]:
        raise RuntimeError("x" * 5000)

    def warn(A: Array, b: Array) -> tuple[Array, None]:
        warnings.warn("x" * 5000, RuntimeWarning, stacklevel=1)
        return np.ones(2), None

    assert LONGEST_MESSAGE == 2000
    answers: list[Callable[[Array, Array], tuple[Any, Any]]] = [
        *(shout, warn),
        *(lambda A, b: (["x" * 5000, None], None), lambda A, b: (np.ones(2), "x" * 5000)),
    ]
    assert [len(by(solve).message) for solve in answers] == [LONGEST_MESSAGE] * 4


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
    ("x", "status", "cause"),
    [
        (np.ones((2, 4)), Status.SOLVED, Cause.NONE),
        (np.ones((2, 4), np.float32), Status.BAD_OUTPUT, Cause.FLOAT32),
        (np.ones(2), Status.BAD_OUTPUT, Cause.NONE),
        (np.ones((2, 3)), Status.BAD_OUTPUT, Cause.NONE),
    ],
)
def test_x_has_a_column_for_each_right_hand_side(x: Array, status: Status, cause: Cause) -> None:
    outcome = by(lambda A, b: (x, None), problem_of([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]], np.ones((3, 4))))
    assert (outcome.status, outcome.cause) == (status, cause)


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
    outcome = by(in_turn([first], [later]), problem_of([[1.0], [1.0]], [1.0, 1.0]))
    assert not outcome.repeatable
    assert outcome.x is not None
    assert outcome.x[0] != 1.0


@pytest.mark.parametrize(
    ("A", "b", "x", "worse"),
    [
        pytest.param([[1.0]], [1.0], [0.75], [-0.5], id="the one that fits worse, though shorter"),
        pytest.param([[1.0, 1.0]], [2.0], [1.0, 1.0], [2.0, 0.0], id="the longer of two that fit as well"),
        pytest.param([[1.0, 0.0], [0.0, 0.0]], [0.0, 1.0], [1e-4, 0.0], [0.0, 5.0], id="beyond three digits alike"),
        pytest.param([[1.0, 0.0], [0.0, 0.0]], [0.0, 1.0], [0.0, 5.0], [0.2, 0.0], id="three digits decide"),
    ],
)
def test_the_worse_answer_fits_worse_or_is_longer(
    A: list[list[float]], b: list[float], x: list[float], worse: list[float]
) -> None:
    for first, later in ((x, worse), (worse, x)):
        found = by(in_turn(first, later), problem_of(A, b)).x
        assert found is not None
        assert found.tolist() == worse


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


FOREIGN = replace(PLANTED, foreign=True)


@pytest.mark.parametrize("seconds", [0.002, 0.05])
@pytest.mark.parametrize("key", [lambda A, b: A.tobytes() + b.tobytes(), lambda A, b: id(A)])
def test_a_solver_of_a_user_cannot_know_what_it_is_timed_at(seconds: float, key: Callable[..., Any]) -> None:
    """By its numbers or by its place: whether fast calls fill the time budget, or each is slower than that."""
    known: dict[Any, Any] = {}

    def solve(A: Array, b: Array) -> tuple[Array, None]:
        if key(A, b) not in known:
            time.sleep(seconds)
            known[key(A, b)] = A
        return np.linalg.lstsq(A, b)[0], None

    outcome = attempt(FOREIGN, replace(SOLVERS["lstsq"], solve=solve), small(), "cpu")
    assert (outcome.status, outcome.repeatable) == (Status.SOLVED, True)
    assert outcome.seconds is not None
    assert outcome.seconds >= seconds
    assert len(known) >= 2


def test_a_clock_of_the_solvers_own_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def solve(A: Array, b: Array) -> tuple[Array, None]:
        monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
        time.sleep(0.01)
        return np.ones(2), None

    outcome = attempt(FOREIGN, replace(SOLVERS["lstsq"], solve=solve), small(), "cpu")
    assert outcome.seconds is not None
    assert outcome.seconds >= 0.01


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (7, 3), (40, 30)])
@pytest.mark.parametrize("sides", [(), (2,)])
def test_other_signs_change_signs_of_the_answer_only(shape: tuple[int, int], sides: tuple[int, ...]) -> None:
    chance = np.random.default_rng(1)
    problem = problem_of(chance.standard_normal(shape), chance.standard_normal((shape[0], *sides)))
    seen = {problem.A.tobytes() + problem.b.tobytes()}
    x = np.linalg.lstsq(problem.A, problem.b)[0]
    for number in range(1, 1 << PATTERNS):
        other = signed(problem, number)
        assert other.A.shape == problem.A.shape
        assert (np.abs(other.A) == np.abs(problem.A)).all()
        assert np.abs(np.linalg.lstsq(other.A, other.b)[0]).tolist() == np.abs(x).tolist(), "to the last bit"
        seen.add(other.A.tobytes() + other.b.tobytes())
    assert len(seen) == min(1 << PATTERNS, 4 if shape == (1, 1) else 1 << PATTERNS)


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


# --- layouts ----------------------------------------------------------------------------------------------------


def solved_by(solve: Solve, library: Library = PLANTED) -> Outcome:
    return attempt(library, replace(SOLVERS["lstsq"], solve=solve), small(), "cpu")


def test_each_layout_is_tried_once_between_arrays_by_rows() -> None:
    seen: list[tuple[bool, bool, bool]] = []

    def solve(A: Array, b: Array) -> tuple[Array, None]:
        assert np.array_equal(A, small().A)
        assert np.array_equal(b, small().b)
        seen.append((A.flags.c_contiguous, A.flags.f_contiguous, A.flags.writeable and b.flags.writeable))
        return np.ones(2), None

    outcome = solved_by(solve)
    assert (outcome.cause, outcome.repeatable) == (Cause.NONE, True)
    usual = (True, False, True)
    assert seen[:5] == [usual, (False, True, True), (False, False, True), (True, False, False), usual]
    assert set(seen[5:]) == {usual}


def test_arrays_of_other_libraries_have_no_layouts() -> None:
    calls = []

    def solve(A: list[list[float]], b: list[float]) -> tuple[Array, None]:
        calls.append((A, b))
        return np.ones(2), None

    lists = replace(PLANTED, put=lambda array, _: array.tolist(), get=np.array)
    assert solved_by(solve, library=lists).status is Status.SOLVED
    assert len(calls) in (1 + REPEATS[1], 1 + REPEATS[1] + 3)


@pytest.mark.parametrize("rest", [np.nan, 7.0])
def test_an_answer_that_depends_on_the_layout_is_taken_at_its_worst(rest: float) -> None:
    def solve(A: Array, b: Array) -> tuple[Array, None]:
        return np.array([1.0, 1.0 if A.flags.c_contiguous else rest]), None

    outcome = solved_by(solve)
    assert (outcome.status, outcome.cause, outcome.repeatable) == (Status.SOLVED, Cause.LAYOUT, True)
    assert outcome.x is not None
    assert str(outcome.x.tolist()) == str([1.0, rest])
    words = "x is another one for Fortran-ordered and strided arrays: it depends on how A and b are stored"
    assert outcome.message == words


def test_last_bits_may_depend_on_the_layout() -> None:
    def solve(A: Array, b: Array) -> tuple[Array, None]:
        return np.array([1.0, 1.0 if A.flags.c_contiguous else 1.0 + 2.0**-50]), None

    outcome = solved_by(solve)
    assert (outcome.cause, outcome.message, outcome.repeatable) == (Cause.NONE, "", True)
    assert outcome.x is not None
    assert outcome.x[1] != 1.0  # of two good answers, the worse one is judged


def test_a_solver_that_works_in_place_is_named_and_solves() -> None:
    def solve(A: Array, b: Array) -> tuple[Array, None]:
        b *= 1.0
        return np.ones(2), None

    outcome = solved_by(solve)
    assert (outcome.status, outcome.cause) == (Status.SOLVED, Cause.LAYOUT_REFUSED)
    assert outcome.message == "refuses read-only arrays: ValueError: output array is read-only"
    assert outcome.x is not None


def test_faults_with_another_layout_are_faults() -> None:
    def short(A: Array, b: Array) -> tuple[Array, None]:
        return np.ones(2 if A.flags.writeable else 1), None

    def scribble(A: Array, b: Array) -> tuple[Array, None]:
        if not A.flags.c_contiguous:
            A[0, 0] = 5.0
        return np.ones(2), None

    found = [solved_by(solve) for solve in (short, scribble)]
    assert {outcome.status for outcome in found} == {Status.BAD_OUTPUT}
    assert [outcome.message for outcome in found] == [
        "x has shape (1,), expected (2,), for read-only arrays",
        "the solver changed its input A, for Fortran-ordered arrays",
    ]


def test_warnings_about_a_layout_do_not_excuse_the_answer() -> None:
    def solve(A: Array, b: Array) -> tuple[Array, None]:
        if not A.flags.writeable:
            warnings.warn("this array is not writable", UserWarning, stacklevel=1)
        return np.zeros(2), None

    outcome = solved_by(solve)
    assert (outcome.warned, outcome.message) == (False, "")


def test_memory_that_runs_out_with_a_layout_is_no_refusal() -> None:
    def solve(A: Array, b: Array) -> tuple[Array, None]:
        if not A.flags.writeable:
            raise MemoryError
        return np.ones(2), None

    assert solved_by(solve).cause is Cause.OUT_OF_MEMORY
