"""Whom a worker blames, with a process that is no process: two pipes whose other ends the test holds.

What real processes do is in `test_supervisor`.
"""

from __future__ import annotations

import io
import os
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from lamm_robust.storage.packing import pack_problem
from lamm_robust.values import AbsentError, Answer, Array, Case, Cause, Outcome, Problem, ProblemKey, Status, Variant
from lamm_robust.workers import supervisor, wire
from lamm_robust.workers.process import Kind
from lamm_robust.workers.supervisor import START_SECONDS, STARTS, STOP_SECONDS, WATCH_SECONDS, Worker
from tests.support.planted import PLANTED
from tests.support.problems import problem_of

ONE = problem_of([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]], [1.0, 2.0, 3.0])
OTHER = problem_of([[1.0]], [[1.0, 2.0]])
HELLO: dict[str, Any] = {
    "versions": {"numpy": "2.0"},
    "device": "cpu",
    "flags": {},
    "threads": [{"internal_api": "openblas", "num_threads": 1}],
}
WRONG: list[Any] = [None, 1, [[]], [None], {"a": 1}]
LIMIT = 8.0
NAMED = tuple(replace(PLANTED.solvers[0], algorithm=f"s{number}") for number in range(10))
KIND = Kind(replace(PLANTED, solvers=NAMED), "float64", "cpu")


class Fake:
    """What `Process` is to a worker. The test writes to `answers`, reads from `asked`, and says how it ended."""

    def __init__(self) -> None:
        self.asked, self.requests = os.pipe()
        self.replies, self.answers = os.pipe()
        for descriptor in (self.asked, self.requests, self.replies):
            os.set_blocking(descriptor, False)
        self.pid: int | None = None
        self.code: int | None = None
        self.stopped = False
        self.computed = 0.0
        self.excess = ""
        self._key: int | None = None
        self.waits: list[float] = []
        self.output = io.BytesIO()
        self.closed = False

    def exit_code(self, seconds: float = 2.0) -> int | None:
        self.waits.append(seconds)
        return self.code

    def identify(self) -> None:
        self.pid = 17

    def is_stopped(self) -> bool:
        return self.stopped

    def main_seconds(self) -> float:
        return self.computed

    def overuse(self, memory: int) -> str:
        assert memory > KIND.memory
        return self.excess

    def close(self) -> None:
        assert not self.closed
        self.closed = True
        for descriptor in (self.asked, self.requests, self.replies, self.answers):
            if descriptor >= 0:
                os.close(descriptor)

    def end(self, code: int | None) -> None:
        """Close the end that answers come from."""
        self.code = code
        os.close(self.answers)
        self.answers = -1

    @property
    def key(self) -> int:
        """The key, which is the first that arrives."""
        if self._key is None:
            self._key = wire.read_key(self.asked)
        return self._key

    def received(self) -> list[tuple[bytes, bytes]]:
        """The frames that have arrived."""
        assert self.key is not None
        pieces = bytearray()
        try:
            while piece := os.read(self.asked, 1 << 20):
                pieces += piece
        except BlockingIOError:
            pass
        return list(wire.Frames().feed(bytes(pieces)))

    def send(self, kind: bytes, content: bytes) -> None:
        os.write(self.answers, wire.frame(kind, content, self.key))

    def greet(self, **changes: Any) -> None:
        self.send(wire.HELLO, wire.pack_greeting(HELLO | changes))

    def answer(self, number: int, x: Array | None = None, kind: bytes = wire.OUTCOME, **changes: Any) -> None:
        status = changes.pop("status", Status.SOLVED)
        outcome = Outcome(status, x=np.zeros(2) if x is None and status is Status.SOLVED else x, **changes)
        self.send(kind, wire.pack_outcome(number, outcome))


@dataclass
class Bench:
    """A worker and the processes that it has had."""

    processes: list[Fake] = field(default_factory=list)
    hellos: list[Mapping[str, Any]] = field(default_factory=list)
    worker: Worker = field(init=False)

    @property
    def process(self) -> Fake:
        return self.processes[-1]

    def ask(self, number: int, problem: Problem = ONE) -> Case:
        case = Case(ProblemKey("p", (("n", number),), "float64"), Variant("planted", f"s{number}", "float64", "cpu"))
        self.worker.ask(case, problem)
        return case

    def pump(self, seconds: float = 0.0) -> list[Answer]:
        return self.worker.pump(seconds)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench()

    def start(*_: object) -> Fake:
        made.processes.append(Fake())
        return made.process

    monkeypatch.setattr(supervisor, "Process", start)
    made.worker = Worker(KIND, case_seconds=LIMIT, on_hello=made.hellos.append)
    yield made
    made.worker.close()
    assert all(process.closed for process in made.processes)


@pytest.fixture
def greeted(bench: Bench) -> Bench:
    """A worker whose process has said hello."""
    bench.process.greet()
    assert bench.pump() == []
    return bench


def test_a_hello_is_handed_on_and_the_process_identified(bench: Bench) -> None:
    assert not bench.worker.has_greeted
    bench.process.greet()
    bench.pump()
    assert bench.worker.has_greeted
    assert bench.hellos == [HELLO]
    assert bench.process.pid == 17, "by whoever started it"


@pytest.mark.parametrize(
    "hello",
    [
        b"", b"no JSON", b"\xff", b"[" * 50_000, b"[]", b"null", b"17", wire.pack_greeting(HELLO | {"pid": 1}),
        *(wire.pack_greeting({k: v for k, v in HELLO.items() if k != left}) for left in HELLO),
        *(wire.pack_greeting(HELLO | {name: value}) for name in HELLO for value in WRONG),
        wire.pack_greeting(HELLO | {"threads": [{"internal_api": "x", "num_threads": "1"}]}),
        wire.pack_greeting(HELLO | {"device": "\ud800"}),
    ],
)  # fmt: skip
def test_a_malformed_greeting_breaks_the_first_case_and_no_other(bench: Bench, hello: bytes) -> None:
    first, second = bench.ask(0), bench.ask(1)
    bench.process.send(wire.HELLO, hello)
    (answer,) = bench.pump()
    assert (answer.case, answer.inconclusive, answer.outcome.status) == (first, False, Status.CRASHED)
    assert answer.outcome.message.startswith("the process sent what is no answer: a greeting that cannot be read: ")
    assert (bench.hellos, list(bench.worker.pending), len(bench.processes)) == ([], [second], 2)


def test_nothing_counts_before_a_greeting_and_no_second_one_does(bench: Bench) -> None:
    cases = [bench.ask(number) for number in range(3)]
    bench.process.answer(0)
    (early,) = bench.pump()
    bench.process.greet()
    bench.process.greet()
    (again,) = bench.pump()
    assert [early.case, again.case] == cases[:2]
    assert early.outcome.message.endswith("an answer to nothing")
    assert again.outcome.message.endswith("a second greeting")
    assert len(bench.hellos) == 1


def test_greetings_that_cannot_be_read_are_not_listened_to_for_ever(bench: Bench) -> None:
    with pytest.raises(AbsentError, match="it sent what is no greeting: a greeting that cannot be read"):  # noqa: PT012
        for _ in range(STARTS):
            bench.process.send(wire.HELLO, b"{}")
            bench.pump()
    assert len(bench.processes) == STARTS


def test_frames_are_no_longer_than_what_they_may_hold(greeted: Bench) -> None:
    for number, length in enumerate((wire.HEAD_BYTES + 17, 2**32 - 1)):  # x has two numbers of eight bytes
        asked = greeted.ask(number)
        os.write(greeted.process.answers, struct.pack("<cII", wire.OUTCOME, length, 0))
        (answer,) = greeted.pump()
        assert (answer.case, answer.outcome.status) == (asked, Status.CRASHED)
        assert answer.outcome.message.endswith(f"a frame of {length} bytes, where {wire.HEAD_BYTES + 16} are the most")
        greeted.process.greet()
        greeted.pump()
    greeted.ask(2)
    os.write(greeted.process.answers, struct.pack("<cII", wire.OUTCOME, wire.HEAD_BYTES + 16, 0))
    assert greeted.pump() == []


def test_a_frame_without_the_key_of_its_process_is_forged(greeted: Bench) -> None:
    asked = greeted.ask(0)
    forged = wire.pack_outcome(0, Outcome(Status.SOLVED, np.array([1.0, 1.0])))
    os.write(greeted.process.answers, wire.frame(wire.OUTCOME, forged, greeted.process.key ^ 1))
    (answer,) = greeted.pump()
    assert (answer.case, answer.outcome.status) == (asked, Status.CRASHED)
    keys = {process.key for process in greeted.processes}
    assert len(keys) == len(greeted.processes) == 2


@pytest.mark.parametrize("changes", [{"status": Status.TIMED_OUT}, {"status": Status.FLAKY},
                                     {"status": Status.CRASHED, "cause": Cause.PROCESS_LOST}])  # fmt: skip
def test_what_is_only_seen_from_outside_is_not_said_by_a_process(greeted: Bench, changes: dict[str, Any]) -> None:
    greeted.ask(0)
    greeted.process.answer(0, **changes)
    (answer,) = greeted.pump()
    assert answer.outcome.status is Status.CRASHED
    assert "it says of itself that it is" in answer.outcome.message


def test_an_x_is_there_where_it_is_solved_and_nowhere_else(greeted: Bench) -> None:
    for status, x in ((Status.SOLVED, None), (Status.REFUSED, np.zeros(2))):
        greeted.ask(0)
        greeted.process.send(wire.OUTCOME, wire.pack_outcome(0, Outcome(status, x)))
        (answer,) = greeted.pump()
        assert answer.outcome.message.endswith(f"an outcome that is {status} with{'out' if x is None else ''} an x")
        greeted.process.greet()
        greeted.pump()


def test_both_clocks_go_with_every_answer(greeted: Bench) -> None:
    for number in range(3):
        greeted.ask(number)
    greeted.pump(0.25)
    greeted.process.computed = 0.5
    greeted.process.answer(0)
    greeted.process.answer(1)
    first, second = greeted.pump(0.75)
    assert [(a.elapsed, a.computed) for a in (first, second)] == [(0.5, 0.25)] * 2
    greeted.process.answer(2)
    (third,) = greeted.pump(0.125)
    assert (third.elapsed, third.computed) == (0.125, 0.0)


def test_more_threads_than_one_are_refused(bench: Bench) -> None:
    bench.process.greet(threads=[*HELLO["threads"], {"internal_api": "mkl", "num_threads": 2}])
    with pytest.raises(AbsentError, match="mkl of planted runs on 2 threads"):
        bench.pump()


def test_the_bits_of_a_problem_are_sent_once_for_all_its_cases(greeted: Bench) -> None:
    for number, problem in enumerate((ONE, ONE, OTHER, ONE)):
        greeted.ask(number, problem)
    assert (greeted.worker.reads, greeted.worker.writes) == (greeted.process.replies, greeted.process.requests)
    greeted.pump()
    assert greeted.worker.writes is None
    sent = {id(problem): (wire.PROBLEM, pack_problem(problem)) for problem in (ONE, OTHER)}
    one, other = sent[id(ONE)], sent[id(OTHER)]
    cases = [(wire.CASE, f"s{number}".encode()) for number in range(4)]
    assert greeted.process.received() == [one, *cases[:2], other, cases[2], one, cases[3]]


def test_answers_belong_to_the_cases_in_their_order(greeted: Bench) -> None:
    first, second = greeted.ask(0), greeted.ask(1, OTHER)
    greeted.process.answer(0, np.array([1.0, 2.0]))
    greeted.process.answer(1, np.array([[3.0, 4.0]]))
    found = greeted.pump()
    assert [answer.case for answer in found] == [first, second]
    assert [answer.outcome.x.tolist() for answer in found if answer.outcome.x is not None] == [[1, 2], [[3, 4]]]
    assert not any(answer.inconclusive for answer in found)
    assert not greeted.worker.pending


@pytest.mark.parametrize(
    ("number", "x", "words"),
    [
        (1, None, "answer 1 in the place of answer 0"),
        (0, np.zeros(3), r"an x of shape \(3,\) in float64"),
        (0, np.zeros((2, 1)), r"an x of shape \(2, 1\) in float64"),
        (0, np.zeros(2, np.float32), r"an x of shape \(2,\) in float32"),
    ],
)
def test_an_answer_that_cannot_be_one_is_a_crash_of_the_first(
    greeted: Bench, number: int, x: Array | None, words: str
) -> None:
    first, second = greeted.ask(0), greeted.ask(1)
    greeted.process.answer(number, x)
    (answer,) = greeted.pump()
    assert (answer.case, answer.inconclusive) == (first, False)
    assert (answer.outcome.status, answer.outcome.cause) == (Status.CRASHED, Cause.PROCESS_LOST)
    assert re.fullmatch(f"the process sent what is no answer: {words}", answer.outcome.message)
    assert len(greeted.processes) == 2, "the others go to a fresh one"
    assert list(greeted.worker.pending) == [second]
    greeted.pump()
    assert greeted.process.received() == [(wire.PROBLEM, pack_problem(ONE)), (wire.CASE, b"s1")]


def test_what_comes_before_damage_counts_and_what_is_behind_it_does_not(greeted: Bench) -> None:
    cases = [greeted.ask(number) for number in range(3)]
    greeted.process.answer(0)
    os.write(greeted.process.answers, b"nonsense that is no frame")
    found = greeted.pump()
    assert [answer.case for answer in found] == cases[:2]
    assert [answer.outcome.status for answer in found] == [Status.SOLVED, Status.CRASHED]
    assert "the process sent what is no answer: b'nonsense" in found[1].outcome.message


def test_an_answer_to_nothing_blames_nobody(greeted: Bench) -> None:
    greeted.process.answer(0)
    assert greeted.pump() == []
    assert len(greeted.processes) == 2


# --- the last answer of a process --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("served", "status", "inconclusive"),
    [(0, Status.CRASHED, False), (1, Status.CRASHED, True), (1, Status.BAD_OUTPUT, False)],
)
def test_memory_may_be_full_of_what_earlier_cases_left(
    greeted: Bench, served: int, status: Status, inconclusive: bool
) -> None:
    for number in range(served + 2):
        greeted.ask(number)
    for number in range(served):
        greeted.process.answer(number)
    greeted.process.answer(served, kind=wire.LAST, status=status)
    greeted.process.answer(served + 1)  # no answer of a fit process
    *_, last = greeted.pump()
    assert (last.outcome.status, last.inconclusive) == (status, inconclusive)
    assert len(greeted.worker.pending) == 1
    assert len(greeted.processes) == 2


def test_a_fresh_process_counts_from_nothing(greeted: Bench) -> None:
    greeted.ask(0)
    greeted.process.answer(0, kind=wire.LAST)
    greeted.pump()
    second = greeted.ask(1)
    greeted.process.greet()
    greeted.process.answer(0, status=Status.CRASHED, kind=wire.LAST)
    (answer,) = greeted.pump()
    assert (answer.case, answer.inconclusive) == (second, False)


# --- how long it may take -----------------------------------------------------------------------------------------


def test_silence_beyond_the_limit_is_a_time_out_of_the_first(greeted: Bench) -> None:
    first, second = greeted.ask(0), greeted.ask(1)
    assert greeted.pump(LIMIT) == []
    (answer,) = greeted.pump(0.125)
    assert answer.case == first
    timed_out = Outcome(Status.TIMED_OUT, seconds=LIMIT, message="no answer within 8 s", spent=LIMIT)
    assert vars(answer.outcome) == vars(timed_out)
    assert not answer.inconclusive
    assert greeted.processes[0].waits == [0.0], "it is not waited for: it runs"
    assert list(greeted.worker.pending) == [second]


def test_every_answer_starts_the_clock_again(greeted: Bench) -> None:
    greeted.ask(0)
    greeted.ask(1)
    greeted.pump(LIMIT)
    greeted.process.answer(0)
    assert len(greeted.pump(LIMIT)) == 1
    assert greeted.pump(LIMIT) == []
    assert [answer.outcome.status for answer in greeted.pump(0.125)] == [Status.TIMED_OUT]


def test_time_in_which_nothing_was_asked_is_no_delay(greeted: Bench) -> None:
    for _ in range(3):
        assert greeted.pump(LIMIT) == []
    greeted.ask(0)
    assert greeted.pump(LIMIT) == []
    greeted.ask(1)  # and asking for more does not start the clock again
    assert [answer.outcome.status for answer in greeted.pump(0.125)] == [Status.TIMED_OUT]


def test_the_time_of_a_start_is_not_that_of_a_case(bench: Bench) -> None:
    bench.ask(0)
    assert bench.pump(START_SECONDS) == []
    bench.process.greet()
    assert bench.pump(LIMIT) == []
    assert len(bench.pump(0.125)) == 1


def test_a_start_has_a_limit_of_its_own(bench: Bench) -> None:
    assert bench.pump(START_SECONDS) == []
    with pytest.raises(AbsentError, match="no worker for planted on cpu: it did not start within 120 s"):
        bench.pump(0.125)


# --- a process that is gone ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words", "killed"),
    [
        (3, "exit status 3", False), (-11, "signal 11 (Segmentation fault)", False), (0, "exit status 0", False),
        (-9, "signal 9 (Killed)", True), (-15, "signal 15 (Terminated)", True), (9, "exit status 9", False),
        (None, "an unknown status", True),
    ],
)  # fmt: skip
def test_an_end_costs_the_first_case_and_one_from_outside_proves_nothing(
    greeted: Bench, code: int | None, words: str, killed: bool
) -> None:
    cases = [greeted.ask(number) for number in range(3)]
    greeted.process.answer(0)
    greeted.process.output.write(b"so\nlong\n")
    greeted.process.end(code)
    right, blamed = greeted.pump()
    assert (right.case, blamed.case) == (cases[0], cases[1])
    assert blamed.inconclusive == killed
    assert blamed.outcome.message == f"the process ended with {words}; last words: so / long"
    assert (blamed.outcome.status, blamed.outcome.cause) == (Status.CRASHED, Cause.PROCESS_LOST)
    assert list(greeted.worker.pending) == cases[2:]


def test_a_process_that_is_stopped_is_not_slow(greeted: Bench) -> None:
    first, second = greeted.ask(0), greeted.ask(1)
    greeted.pump(LIMIT - 1)
    greeted.process.stopped = True
    assert greeted.pump(STOP_SECONDS) == []
    greeted.process.stopped = False
    assert greeted.pump(0.5) == [], "and time in which it was stopped is not its own"
    greeted.process.stopped = True
    (answer,) = greeted.pump(0.5)
    assert (answer.case, answer.inconclusive, answer.outcome.cause) == (first, True, Cause.PROCESS_LOST)
    assert answer.outcome.message == "the process was stopped for 2 s, as by SIGSTOP"
    assert list(greeted.worker.pending) == [second]


def test_an_idle_process_that_is_stopped_is_replaced(greeted: Bench) -> None:
    greeted.process.stopped = True
    assert greeted.pump(STOP_SECONDS + 0.5) == []
    assert len(greeted.processes) == 2


@pytest.mark.parametrize("served", [0, 1])
def test_what_a_process_and_its_children_take_together_is_watched(greeted: Bench, served: int) -> None:
    for number in range(3):
        greeted.ask(number)
    for number in range(served):
        greeted.process.answer(number)
        greeted.pump(WATCH_SECONDS)
    greeted.process.excess = "too much"
    (answer,) = greeted.pump(WATCH_SECONDS + 0.1)
    assert (answer.outcome.cause, answer.outcome.message) == (Cause.OUT_OF_MEMORY, "too much")
    assert answer.inconclusive == (served > 0), "earlier cases may have left it"
    assert len(greeted.worker.pending) == 2 - served


def test_an_end_with_nothing_to_do_costs_nothing(greeted: Bench) -> None:
    greeted.process.end(-11)
    assert greeted.pump() == []
    assert len(greeted.processes) == 2


def test_a_process_that_is_gone_though_its_pipe_is_open_has_crashed(greeted: Bench) -> None:
    greeted.ask(0)
    greeted.process.code = -11
    (answer,) = greeted.pump(LIMIT + 0.125)
    assert answer.outcome.message == "the process ended with signal 11 (Segmentation fault); it said nothing"


def test_an_end_before_hello_is_a_library_that_cannot_be_had(bench: Bench) -> None:
    bench.ask(0)
    bench.process.output.write(b"ImportError: no\n")
    bench.process.end(1)
    with pytest.raises(AbsentError, match="no worker for planted on cpu: last words: ImportError: no"):
        bench.pump()


def test_an_end_before_hello_without_words(bench: Bench) -> None:
    bench.process.end(1)
    with pytest.raises(AbsentError, match="its process ended when it was imported, and said nothing"):
        bench.pump()


def test_starts_that_are_killed_are_tried_again_so_often_and_counted_anew_after_a_hello(bench: Bench) -> None:
    case = bench.ask(0)
    for _ in range(STARTS - 1):
        bench.process.end(-9)
        assert bench.pump() == []
    bench.process.greet()
    bench.pump()
    bench.process.end(-9)
    (answer,) = bench.pump()
    assert answer.inconclusive
    assert answer.case == case
    for _ in range(STARTS - 1):
        bench.process.end(-9)
        assert bench.pump() == []
    bench.process.end(-9)
    with pytest.raises(AbsentError):
        bench.pump()
    assert len(bench.processes) == 2 * STARTS


def test_a_template_has_the_last_words_of_a_fork_that_did_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    class Template:
        output = io.BytesIO(b"the template: no memory\n")
        abandoned = False

        def abandon(self) -> None:
            self.abandoned = True

    process = Fake()
    monkeypatch.setattr(supervisor, "Process", lambda *_: process)
    worker = Worker(KIND, lambda _: Template())  # type: ignore[arg-type, return-value]
    process.end(1)
    with pytest.raises(AbsentError, match="last words: the template: no memory"):
        worker.pump(0.0)
    worker.close()


# --- a pipe that is full or broken --------------------------------------------------------------------------------


def test_what_does_not_fit_into_the_pipe_is_written_later(greeted: Bench) -> None:
    large = problem_of(np.ones((400, 300)), np.ones(400))
    greeted.ask(0, large)
    frames, pieces = wire.Frames(), 0
    found: list[tuple[bytes, bytes]] = []
    while len(found) < 2:
        assert greeted.pump() == []
        piece = os.read(greeted.process.asked, 1 << 20)
        found += frames.feed(piece)
        pieces += 1
    assert pieces > 1
    assert found == [(wire.PROBLEM, pack_problem(large)), (wire.CASE, b"s0")]
    assert greeted.worker.writes is None


def test_a_broken_pipe_is_no_error_for_reading_tells(greeted: Bench) -> None:
    process = greeted.process
    os.close(process.asked)
    process.asked = -1
    greeted.ask(0)
    assert greeted.pump() == []
    assert greeted.worker.writes is None
    process.end(1)
    assert len(greeted.pump()) == 1
