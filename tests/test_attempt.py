"""How attempts end: in this process, and across the pipe from a worker that may die."""

from __future__ import annotations

import json
import os
import signal
import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.attempt import REPEATS, attempt
from lamm_robust.supervisor import HarnessError, Worker
from lamm_robust.values import AbsentError, Array, Outcome, Problem, Status
from lamm_robust.worker import decode, encode
from tests.planted import PLANTED, SOLVERS
from tests.problems import problem_of

KEY = "polynomial points=5 degree=2 abscissae=integers seed=0 dtype=float64"


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
    assert 0 < outcome.seconds < 1
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


def test_warnings_are_kept_once_and_do_not_escape() -> None:
    outcome = tried("warn")
    assert outcome.status is Status.SOLVED
    assert outcome.warned
    assert outcome.message == "RuntimeWarning: ill-conditioned"


def test_answers_that_change_between_calls_are_noticed() -> None:
    assert not tried("restless").repeatable


def test_calls_are_counted() -> None:
    calls = 0

    def count(A: object, b: object) -> tuple[object, None]:
        nonlocal calls
        calls += 1
        return np.ones(2), None

    attempt(PLANTED, replace(SOLVERS["lstsq"], solve=count), small(), "cpu")
    assert calls == 1 + REPEATS[1]  # far too fast to use up the time budget


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_outcomes_cross_the_pipe_unchanged(dtype: type) -> None:
    x: Array = np.array([[1.1, np.inf], [np.nan, -0.0]], dtype=dtype)
    sent = Outcome(Status.SOLVED, x=x, rank=2, seconds=1e-5, first_call_seconds=0.1, message="µ", warned=True)
    received = decode(json.loads(json.dumps(encode(sent))))
    assert received.x is not None
    assert received.x.dtype == dtype
    assert received.x.tobytes() == x.tobytes()
    assert {**vars(received), "x": 0} == {**vars(sent), "x": 0}


# --- a real child process ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(PLANTED, "float64", "cpu", case_seconds=3.0, module="tests.planted") as running:
        yield running


@pytest.fixture(scope="module")
def problem() -> Problem:
    return catalog.build_problem(catalog.parse_key(KEY))


def ask(worker: Worker, problem: Problem, name: str) -> Outcome:
    worker.send(problem, name)
    return worker.receive(problem)


@pytest.mark.parametrize("category", [DeprecationWarning, FutureWarning, ResourceWarning])
def test_warnings_about_code_do_not_excuse_an_answer(category: type[Warning]) -> None:
    def solve(A: object, b: object) -> tuple[object, None]:
        warnings.warn("np.foo is deprecated", category, stacklevel=1)
        return np.zeros(2), None

    outcome = attempt(PLANTED, replace(SOLVERS["lstsq"], solve=solve), small(), "cpu")
    assert (outcome.warned, outcome.message) == (False, "")


def test_the_worker_says_what_it_runs_on(worker: Worker) -> None:
    assert worker.hello["versions"]["numpy"] == np.__version__
    assert worker.hello["device"] == "cpu"
    assert {pool["num_threads"] for pool in worker.hello["threads"]} == {1}
    assert worker.hello["flags"]["OPENBLAS_NUM_THREADS"] == "1"


def test_more_threads_than_asked_are_refused(worker: Worker) -> None:
    greedy = Worker(PLANTED, "float64", "cpu", hello={"threads": [{"internal_api": "openblas", "num_threads": 8}]})
    with pytest.raises(AbsentError, match="openblas of planted runs on 8 threads"):
        greedy._check_threads()


@pytest.mark.parametrize("name", ["scribble", "dribble"])
def test_what_is_no_reply_is_a_fault_or_a_time_out(problem: Problem, name: str) -> None:
    with Worker(PLANTED, "float64", "cpu", case_seconds=1.0, module="tests.planted") as running:
        running.send(problem, name)
        if name == "scribble":
            with pytest.raises(HarnessError, match="sent what is no outcome"):
                running.receive(problem)
        else:  # a byte now and then does not buy more time
            assert running.receive(problem).status is Status.TIMED_OUT


def test_the_worker_solves(worker: Worker, problem: Problem) -> None:
    outcome = ask(worker, problem, "lstsq")
    assert outcome.status is Status.SOLVED
    assert outcome.x is not None
    np.testing.assert_allclose(outcome.x, np.linalg.lstsq(problem.A, problem.b, rcond=None)[0], rtol=1e-12)


def test_the_first_call_is_only_reported_for_a_new_shape(worker: Worker, problem: Problem) -> None:
    first, second = ask(worker, problem, "chatter"), ask(worker, problem, "chatter")
    assert first.first_call_seconds is not None
    assert second.first_call_seconds is None
    assert second.seconds is not None


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("realtime", Status.CRASHED, "signal 40"),
        ("segfault", Status.CRASHED, "signal 11 (Segmentation fault)"),
        ("leave", Status.CRASHED, "exit status 7; last words: so long"),
        ("hang", Status.TIMED_OUT, "no answer within 3 s"),
        ("crash", Status.CRASHED, "nobody said so"),
    ],
)
def test_a_lost_worker_costs_one_case(worker: Worker, problem: Problem, name: str, status: Status, words: str) -> None:
    outcome = ask(worker, problem, name)
    assert outcome.status is status
    assert words in outcome.message
    assert ask(worker, problem, "lstsq").status is Status.SOLVED


def test_what_a_solver_prints_is_not_taken_for_an_answer(worker: Worker, problem: Problem) -> None:
    assert ask(worker, problem, "chatter").status is Status.SOLVED


def test_a_worker_killed_between_cases_is_replaced(worker: Worker, problem: Problem) -> None:
    os.kill(worker._process.pid, signal.SIGKILL)
    worker._process.wait()
    outcome = ask(worker, problem, "lstsq")
    assert outcome.status is Status.CRASHED
    assert "signal 9 (Killed)" in outcome.message
    assert ask(worker, problem, "lstsq").status is Status.SOLVED


def test_other_bits_in_the_worker_are_a_fault_of_the_harness(worker: Worker, problem: Problem) -> None:
    other = Problem(problem.key, problem.A, problem.b + 1)
    worker.send(other, "lstsq")
    with pytest.raises(HarnessError, match="other bits"):
        worker.receive(other)


def test_a_worker_that_cannot_start_says_why() -> None:
    with (
        pytest.raises(AbsentError, match="no worker for planted on cpu: last words: .*no_such_module"),
        Worker(PLANTED, "float64", "cpu", module="no_such_module"),
    ):
        pass
