"""Real processes that crash, hang, lie and hoard: each costs exactly the case that it was asked for."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamm_robust.defaults import CASE_SECONDS
from lamm_robust.values import AbsentError, Answer, Case, Device, Outcome, Precision, ProblemKey, Status, Variant
from lamm_robust.workers import process
from lamm_robust.workers.believed import require_one_thread
from lamm_robust.workers.child import thread_pools
from lamm_robust.workers.pool import Pool
from lamm_robust.workers.process import Kind, Template, Templates
from lamm_robust.workers.second_look import agreement, attempt_alone
from lamm_robust.workers.supervisor import STARTS, Worker, describe_exit
from tests.support.planted import PLANTED
from tests.support.problems import problem_of
from tests.support.processes import descendants, eventually, parents

SMALL = problem_of([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]], [1.0, 2.0, 3.0])
LIMIT = 1.5
"""Seconds for a case that never ends, and for those before and behind it."""
MEMORY = 256 << 20


def case(name: str, number: int = 0) -> Case:
    return Case(ProblemKey("small", (("number", number),), "float64"), Variant("planted", name, "float64", "cpu"))


def kind(**changes: Any) -> Kind:
    return replace(Kind(PLANTED, "float64", "cpu", module="tests.support.planted"), **changes)


Opener = Callable[[str, Precision, Device], Worker]


@pytest.fixture(scope="module")
def templates() -> Iterator[Templates]:
    """Processes that have imported the library, each once for all tests here."""
    with Templates() as kept:
        kept.get(kind(memory=MEMORY))
        yield kept


@pytest.fixture
def limit() -> float:
    """Seconds for a case: more than any machine needs for one that ends."""
    return CASE_SECONDS


@pytest.fixture(params=["forked", "imported"])
def opener(request: pytest.FixtureRequest, templates: Templates, limit: float) -> Opener:
    """Opens workers both ways: forked from a process that has imported the library, and each importing it anew."""
    get: Callable[[Kind], Template | None] = templates.get if request.param == "forked" else lambda _: None
    return lambda *_: Worker(kind(memory=MEMORY), get, limit)


def answers(opener: Opener, *names: str) -> list[Answer]:
    """What comes of asking one worker for these solvers, one after the other."""
    cases = [case(name, number) for number, name in enumerate(names)]
    found = [answer for batch in Pool(cases, lambda _: SMALL, opener) for answer in batch]
    assert [answer.case for answer in found] == cases, "each once, in order"
    return found


def is_right(answer: Answer) -> bool:
    x = answer.outcome.x
    return answer.outcome.status is Status.SOLVED and x is not None and np.allclose(x, [1.0, 1.0], rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("segfault", Status.CRASHED, "signal 11 (Segmentation fault); it said nothing"),
        ("abort", Status.CRASHED, "signal 6 (Aborted)"),
        ("realtime", Status.CRASHED, "signal 40"),
        ("leave", Status.CRASHED, "exit status 7; last words: so long"),
        ("flood", Status.CRASHED, "OSError: [Errno 27] File too large"),
        ("scribble", Status.CRASHED, "the process sent what is no answer: b'this is not a reply"),
        ("forge", Status.CRASHED, "the process sent what is no answer: an outcome that cannot be read"),
        ("forge_without_key", Status.CRASHED, "does not have the checksum it came with"),
        ("greet_again", Status.CRASHED, "the process sent what is no answer: a second greeting"),
        ("claim_gigabytes", Status.CRASHED, "no answer: a frame of 4294967295 bytes, where 65552 are the most"),
        ("answer_twice", Status.CRASHED, "no answer: answer 1048576 in the place of answer 1"),
        ("swallow", Status.CRASHED, "MemoryError: Unable to allocate 16.0 GiB"),
        ("be_silent", Status.BAD_OUTPUT, "the solver changed NumPy's error handling (numpy.seterr)"),
        ("round_up", Status.BAD_OUTPUT, "the solver changed the rounding mode of the processor"),
        ("flush", Status.BAD_OUTPUT, "the solver changed what the processor does with subnormal numbers"),
        ("move", Status.BAD_OUTPUT, "the solver changed the working directory"),
        ("set_alarm", Status.BAD_OUTPUT, "the solver changed a timer (signal.setitimer)"),
        ("crash", Status.CRASHED, "RuntimeError: nobody said so"),
        ("chatter", Status.SOLVED, ""),
    ],
)
def test_a_fault_costs_its_own_case_and_no_other(opener: Opener, name: str, status: Status, words: str) -> None:
    first, bad, *after = answers(opener, "lstsq", name, "lstsq", "lstsq")
    assert is_right(first)
    assert bad.outcome.status is status
    assert words in bad.outcome.message
    assert all(is_right(answer) for answer in after)


@pytest.mark.parametrize("limit", [LIMIT])
@pytest.mark.parametrize("name", ["hang", "loop", "sleep_in_c", "dribble"])
def test_a_case_without_end_costs_itself_and_no_other(opener: Opener, name: str) -> None:
    first, bad, *after = answers(opener, "lstsq", name, "lstsq", "lstsq")
    assert is_right(first)
    assert (bad.outcome.status, bad.outcome.message) == (Status.TIMED_OUT, "no answer within 1.5 s")
    assert all(is_right(answer) for answer in after)


def test_faults_in_a_row(opener: Opener) -> None:
    names = ["segfault", "abort", "segfault", "lstsq", "leave", "scribble", "lstsq", "be_silent", "segfault"]
    good = ("lstsq",)
    for name, answer in zip(names, answers(opener, *names), strict=True):
        assert is_right(answer) == (name in good), name


def test_what_hoarders_leave_is_not_held_against_others(opener: Opener) -> None:
    """Of 256 MiB each leak takes 40: the case that finds nothing left is asked again, alone."""
    names = ["leak", "lstsq"] * 9
    found = answers(opener, *names)
    full = [answer for answer in found if answer.outcome.status is not Status.SOLVED]
    assert full, "the limit was never reached"
    assert all(answer.inconclusive for answer in full)
    assert all("MemoryError" in answer.outcome.message for answer in full)
    for answer in full:
        assert agreement(answer, attempt_alone(answer.case, SMALL, opener)).status is Status.SOLVED
    (greedy,) = answers(opener, "swallow")
    assert not greedy.inconclusive, "it was the first in its process"


def test_several_workers_answer_every_case_once(opener: Opener) -> None:
    names = ["lstsq", "segfault", "refuse", "leave", "lstsq", "abort"] * 5
    cases = [case(name, number) for number, name in enumerate(names)]
    found = [answer for batch in Pool(cases, lambda _: SMALL, opener, slots=3) for answer in batch]
    assert sorted(str(answer.case) for answer in found) == sorted(map(str, cases))
    for answer in found:
        expected = {"lstsq": Status.SOLVED, "refuse": Status.REFUSED}
        assert answer.outcome.status is expected.get(answer.case.variant.algorithm, Status.CRASHED)


# --- killed from outside ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_case_whose_process_was_killed_is_not_to_blame(opener: Opener, how: signal.Signals) -> None:
    worker = opener("planted", "float64", "cpu")
    worker.ask(case("hang"), SMALL)
    worker.ask(case("lstsq", 1), SMALL)
    listen(worker, until=lambda: worker.has_greeted)
    time.sleep(0.1)
    assert worker._process.pid
    os.kill(worker._process.pid, how)
    first, second = listen(worker, count=2)
    worker.close()
    assert (first.case, first.inconclusive) == (case("hang"), True)
    assert f"signal {int(how)}" in first.outcome.message
    assert is_right(second)


def test_a_worker_that_is_stopped_from_outside_is_not_slow(opener: Opener) -> None:
    worker = opener("planted", "float64", "cpu")
    worker.ask(case("hang"), SMALL)
    worker.ask(case("lstsq", 1), SMALL)
    listen(worker, until=lambda: worker.has_greeted)
    assert worker._process.pid
    os.kill(worker._process.pid, signal.SIGSTOP)
    first, second = listen(worker, count=2)
    worker.close()
    assert (first.case, first.inconclusive) == (case("hang"), True)
    assert first.outcome.message == "the process was stopped for 2 s, as by SIGSTOP"
    assert is_right(second)


def test_a_template_that_is_stopped_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it forks a process that waits for it, and where it is asked how one has ended."""
    monkeypatch.setattr(process, "TEMPLATE_SECONDS", 0.5)
    with Templates() as templates:

        def opener(*_: object) -> Worker:
            return Worker(kind(), templates.get)

        names = ["lstsq", "segfault", "lstsq"]
        assert answers(opener, "lstsq")
        first = templates.get(kind())
        assert first
        os.kill(first._process.pid, signal.SIGSTOP)
        found = answers(opener, *names)
        assert [answer.outcome.status for answer in found] == [Status.SOLVED, Status.CRASHED, Status.SOLVED]
        second = templates.get(kind())
        assert second
        assert second is not first
        worker = opener()
        listen(worker, until=lambda: worker.has_greeted)
        worker.ask(case("segfault"), SMALL)
        os.kill(second._process.pid, signal.SIGSTOP)
        (lost,) = listen(worker, count=1)
        worker.close()
        assert lost.inconclusive, "nobody knows how it has ended"
        assert is_right(answers(opener, "lstsq")[0])


def listen(worker: Worker, count: int = 0, until: Callable[[], bool] = lambda: True) -> list[Answer]:
    """Pump until there are so many answers."""
    found: list[Answer] = []
    while len(found) < count or not until():
        found += worker.pump(0.01)
        time.sleep(0.01)
    return found


def test_an_idle_worker_that_is_killed_is_replaced(opener: Opener) -> None:
    worker = opener("planted", "float64", "cpu")
    listen(worker, until=lambda: worker.has_greeted)
    assert worker._process.pid
    os.kill(worker._process.pid, signal.SIGKILL)
    time.sleep(0.1)
    worker.ask(case("lstsq"), SMALL)
    found = listen(worker, count=1)
    worker.close()
    assert [answer.inconclusive or is_right(answer) for answer in found] == [True]


def test_a_killed_template_is_replaced() -> None:
    with Templates() as templates:
        first = templates.get(kind())
        assert first is not None
        first._process.kill()
        first._process.wait()
        (answer,) = answers(lambda *_: Worker(kind(), templates.get), "lstsq")
    assert is_right(answer)


def test_a_template_that_is_dying_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine is busy, a process that was killed counts as running for a while."""
    with Templates() as templates:
        first = templates.get(kind())
        assert first is not None
        assert is_right(answers(lambda *_: Worker(kind(), templates.get), "lstsq")[0])
        monkeypatch.setattr(first._process, "poll", lambda: first._process.returncode)  # it is known when waited for
        os.kill(first._process.pid, signal.SIGKILL)
        assert first.is_alive()
        assert is_right(answers(lambda *_: Worker(kind(), templates.get), "lstsq")[0])
        assert templates.get(kind()) is not first


def test_killed_again_and_again_alone_is_a_crash_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Answer(case("lstsq"), Outcome(Status.CRASHED, message="signal 9"), inconclusive=True)
    asked: list[Case] = []

    class Killed:
        def __init__(self, cases: list[Case], *_: object) -> None:
            self.absent = dict[Variant, AbsentError]()
            asked.extend(cases)

        def __iter__(self) -> Iterator[list[Answer]]:
            yield [first]

    monkeypatch.setattr("lamm_robust.workers.second_look.Pool", Killed)
    outcome = attempt_alone(case("lstsq"), SMALL, lambda *_: pytest.fail("not reached"))
    assert asked == [case("lstsq")] * 3
    assert (outcome.status, outcome.message) == (Status.CRASHED, "alone and 3 times in a row, signal 9")


# --- seen twice ------------------------------------------------------------------------------------------------------


def test_a_crash_that_does_not_come_again_is_flaky(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLANTED_ONCE", str(tmp_path / "once"))

    def opener(*_: object) -> Worker:
        return Worker(kind())

    (first,) = answers(opener, "crash_once")
    assert first.outcome.status is Status.CRASHED
    outcome = agreement(first, attempt_alone(first.case, SMALL, opener))
    assert outcome.status is Status.FLAKY
    assert re.fullmatch(
        r"first crashed \(the process ended with signal 6 .*\); then, alone in a fresh process, solved", outcome.message
    )


def test_a_crash_that_comes_again_is_a_crash(opener: Opener) -> None:
    (first,) = answers(opener, "segfault")
    assert agreement(first, attempt_alone(first.case, SMALL, opener)).status is Status.CRASHED


@pytest.mark.parametrize(
    ("first", "inconclusive", "second", "expected"),
    [
        (Status.CRASHED, False, Status.CRASHED, Status.CRASHED),
        (Status.CRASHED, False, Status.SOLVED, Status.FLAKY),
        (Status.CRASHED, True, Status.SOLVED, Status.SOLVED),
        (Status.CRASHED, True, Status.CRASHED, Status.CRASHED),
        (Status.TIMED_OUT, False, Status.TIMED_OUT, Status.TIMED_OUT),
        (Status.TIMED_OUT, False, Status.CRASHED, Status.FLAKY),
    ],
)
def test_two_looks(first: Status, inconclusive: bool, second: Status, expected: Status) -> None:
    assert agreement(Answer(case("x"), Outcome(first), inconclusive), Outcome(second)).status is expected


# --- starting and ending -------------------------------------------------------------------------------------------


def test_the_order_in_which_libraries_are_loaded_says_nothing() -> None:
    """A second BLAS may be found before or after the first: a run that resumes is not to be refused for that."""
    first = {"internal_api": "openblas", "version": "0.3.31", "architecture": "X", "num_threads": 1, "filepath": "a"}
    other = {"internal_api": "openmp", "version": None, "architecture": None, "num_threads": 1, "filepath": "b"}
    older = {**first, "version": "0.3.30"}
    assert thread_pools([first, other, older]) == thread_pools([older, first, other])
    assert thread_pools([first]) != thread_pools([older])


def test_a_worker_says_what_it_runs_on(opener: Opener) -> None:
    worker = opener("planted", "float64", "cpu")
    listen(worker, until=lambda: worker.has_greeted)
    worker.close()
    hello = worker.hello
    assert hello is not None
    assert hello["versions"]["numpy"] == np.__version__
    assert hello["device"] == "cpu"
    assert {pool["num_threads"] for pool in hello["threads"]} == {1}
    assert hello["flags"]["OPENBLAS_NUM_THREADS"] == "1"


def test_more_threads_than_asked_are_refused() -> None:
    with pytest.raises(AbsentError, match="openblas of planted runs on 8 threads"):
        require_one_thread(kind().library, [{"internal_api": "openblas", "num_threads": 8}])


def test_a_library_that_cannot_be_imported_is_absent_with_its_last_words() -> None:
    pool = Pool([case("lstsq")], lambda _: SMALL, lambda *_: Worker(kind(module="tests.no_such_module")))
    assert [answer for batch in pool for answer in batch] == []
    ((variant, why),) = pool.absent.items()
    assert variant == case("lstsq").variant
    assert re.fullmatch("not measured: no worker for planted on cpu: last words: .*No module named.*", why.sentence)
    assert pool.skipped == [case("lstsq")]


def test_a_process_that_is_killed_before_it_speaks_is_started_again_but_not_for_ever() -> None:
    worker = Worker(kind())
    started: set[int] = set()
    with pytest.raises(AbsentError, match="no worker for planted on cpu"):  # noqa: PT012 - it happens in one of them
        while True:
            assert worker._process.pid
            started.add(worker._process.pid)
            os.kill(worker._process.pid, signal.SIGKILL)
            time.sleep(0.01)
            worker.pump(0.0)
    worker.close()
    assert len(started) == STARTS


def test_the_first_call_is_only_reported_for_a_new_shape(opener: Opener) -> None:
    first, second, other, after = answers(opener, "lstsq", "lstsq", "refuse", "warn")
    assert first.outcome.first_call_seconds is not None
    assert second.outcome.first_call_seconds is None
    assert second.outcome.seconds is not None
    assert other.outcome.status is Status.REFUSED
    assert after.outcome.first_call_seconds is not None


def test_another_number_of_right_hand_sides_is_another_shape(opener: Opener) -> None:
    """JAX compiles for the shape of b, too."""
    two = problem_of(SMALL.A, np.stack([SMALL.b, SMALL.b], axis=1))
    cases = [case("lstsq", number) for number in range(3)]
    asked = dict(zip(cases, (SMALL, two, two), strict=True))
    found = [answer.outcome for batch in Pool(cases, asked.get, opener) for answer in batch]
    assert [outcome.first_call_seconds is None for outcome in found] == [False, False, True]


def test_a_first_call_has_a_clock_of_its_own(templates: Templates) -> None:
    def opener(*_: object) -> Worker:
        return Worker(kind(memory=MEMORY), templates.get, 0.5, first_seconds=CASE_SECONDS)

    other = problem_of([[5.0, 0.0], [0.0, 2.0], [0.0, 0.0]], [1.0, 2.0, 3.0])
    cases = [case("wakes_late", number) for number in (0, 1)]
    pool = Pool(cases, lambda asked: other if asked == cases[1] else SMALL, opener)
    first, second = [answer for batch in pool for answer in batch]
    assert is_right(first)
    assert (second.outcome.status, second.outcome.message) == (Status.TIMED_OUT, "no answer within 0.5 s")


def test_who_is_late_at_a_first_call_is_told_the_option(templates: Templates) -> None:
    def opener(*_: object) -> Worker:
        return Worker(kind(memory=MEMORY), templates.get, 0.1, first_seconds=0.3)

    (late,) = answers(opener, "hang")
    assert late.outcome.message == "no answer within 0.3 s at a first call, which may compile (--first-seconds)"


def test_how_ends_read() -> None:
    assert describe_exit(None) == "an unknown status"
    assert describe_exit(3) == "exit status 3"
    assert describe_exit(-11) == "signal 11 (Segmentation fault)"


# --- nothing is left behind -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [LIMIT])  # a pipe that is kept open hides the crash until then
@pytest.mark.parametrize("name", ["orphan", "orphan_with_pipe"])
def test_children_of_a_crashed_solver_end_with_it(opener: Opener, name: str) -> None:
    alive = set(descendants(1))
    bad, good = answers(opener, name, "lstsq")
    assert bad.outcome.status is Status.CRASHED
    assert "signal 11" in bad.outcome.message, "and it is no time-out, whoever keeps its pipe open"
    assert is_right(good)
    eventually(lambda: not {pid for pid in set(descendants(1)) - alive if is_sleep(pid)})


def is_sleep(pid: int) -> bool:
    """Whether it is one that was planted: other programs sleep, too, but not for so odd a time."""
    try:
        return "600.25" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_nothing_is_left_open_and_nobody_alive(opener: Opener) -> None:
    answers(opener, "lstsq")
    before, alive = open_files(), set(descendants(os.getpid()))
    answers(opener, *["segfault", "spawn", "scribble", "lstsq"] * 3)
    assert open_files() == before
    eventually(lambda: set(descendants(os.getpid())) == alive)  # the children of a solver end with it


@pytest.mark.parametrize("forked", [True, False])
def test_workers_do_not_survive_the_run(forked: bool) -> None:
    program = (
        "import tests.workers.test_supervisor as t\n"
        "from lamm_robust.workers.process import Templates\n"
        "from lamm_robust.workers.pool import Pool\n"
        "with Templates() as templates:\n"
        f"    get = templates.get if {forked} else lambda _: None\n"
        "    cases = [t.case('loop', n) for n in range(2)]\n"
        "    list(Pool(cases, lambda _: t.SMALL, lambda *_: t.Worker(t.kind(), get), slots=2))\n"
    )
    run = subprocess.Popen([sys.executable, "-c", program])
    eventually(lambda: len(descendants(run.pid)) >= 2 + forked)
    time.sleep(0.5)  # by then they loop, or are about to
    below = set(descendants(run.pid))
    run.kill()
    run.wait()
    eventually(lambda: not below & set(parents()))
