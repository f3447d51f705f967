"""The asking end of a worker: feed it cases, hear its answers, and turn its death or silence into outcomes.

Requests are sent ahead and answered in their order, so the case to blame when a process dies or hangs is the first that
it has not answered. Only that case gets the outcome; the cases behind it go to a fresh process. Nothing here waits:
`pump` does what can be done now.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lamm_robust.defaults import CASE_SECONDS
from lamm_robust.storage.packing import pack_problem
from lamm_robust.values import AbsentError, Answer, Case, Cause, Outcome, Problem, Status
from lamm_robust.workers import wire
from lamm_robust.workers.believed import Shapes, most_bytes, require_answer, require_one_thread, shapes_of
from lamm_robust.workers.child import BASE_BYTES, UNUSABLE
from lamm_robust.workers.process import Kind, Process, Template, last_line, last_words

START_SECONDS = 120.0
"""Time limit of a start: to import JAX and wake a GPU takes seconds, and under load perhaps minutes."""

STARTS = 10
"""Starts in a row that may end by a kill from outside before the process has said hello."""

LOOK_SECONDS = 0.25
"""Time between two looks at whether a silent process is stopped, each of which takes some microseconds."""

WATCH_SECONDS = 0.5
"""Time between two looks at what a process and those below it take: RLIMIT_DATA sees neither shared memory nor them."""

STOP_SECONDS = 2.0
"""How long a process may be stopped until a fresh one takes its place: whoever pauses a run pauses its parent."""

FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM)
"""Signals of an operator, a batch system, or the kernel short of memory; no solver ends its own process by these."""


class Worker:
    """One library at one precision on one device: a process at a time, replaced when it is lost."""

    def __init__(
        self,
        kind: Kind,
        template: Callable[[Kind], Template | None] = lambda _: None,
        case_seconds: float = CASE_SECONDS,
        on_hello: Callable[[Mapping[str, Any]], None] = lambda _: None,
        *,
        first_seconds: float = 0.0,
    ) -> None:
        """Start the process, by forking the template of its kind if `template` returns one.

        `first_seconds` is the time limit of first calls, if it is more than `case_seconds`: see `_limit`.
        `on_hello` is called with what the process says that it runs on, before its first answer is handed on.
        """
        self.kind = kind
        self.case_seconds = case_seconds
        self._first_seconds = first_seconds
        self.hello: dict[str, Any] | None = None
        """What the latest process to greet said that it runs on."""
        self.pending: deque[Case] = deque()
        """The cases that it was asked and has not answered; `_problems` has their problems."""
        self._problems: deque[Problem] = deque()
        self._template = template
        self._on_hello = on_hello
        self._starts = 0
        self._start()

    def _start(self) -> None:
        self._forked_from = self._template(self.kind)
        self._process = Process(self.kind, self._forked_from)
        self._key = wire.new_key()
        self._frames = wire.Frames(self._key, self._most_bytes)
        self._outbox = bytearray(wire.KEY.pack(self._key))
        self._sent: Problem | None = None
        self._served = 0
        self._called: set[tuple[str, int]] = set()
        self._forget_time()
        self._computed = self._unwatched = 0.0
        self._said_hello = False
        self._starts += 1
        for case, problem in zip(self.pending, self._problems, strict=True):  # what a lost process has left
            self._post(case, problem)
        self._write()

    def _forget_time(self) -> None:
        """Begin to wait anew."""
        self._waited = self._unseen = self._stopped = 0.0

    def close(self) -> None:
        """End the process."""
        self._process.close()

    @property
    def reads(self) -> int:
        """The descriptor on which answers arrive."""
        return self._process.replies

    @property
    def writes(self) -> int | None:
        """The descriptor on which requests wait to be written, if any do."""
        return self._process.requests if self._outbox else None

    @property
    def has_greeted(self) -> bool:
        """Whether it has ever said what it runs on."""
        return self.hello is not None

    def ask(self, case: Case, problem: Problem) -> None:
        """Ask for an attempt of the case's solver at its problem."""
        if not self.pending:  # time that went by while nothing was asked is no delay
            self._forget_time()
        self.pending.append(case)
        self._problems.append(problem)
        self._post(case, problem)

    def _post(self, case: Case, problem: Problem) -> None:
        if problem is not self._sent:
            self._outbox += wire.frame(wire.PROBLEM, pack_problem(problem))
            self._sent = problem
        self._outbox += wire.frame(wire.CASE, case.variant.algorithm.encode())

    def _answer(self, outcome: Outcome, inconclusive: bool) -> Answer:
        """The answer to the first pending case, which is pending no longer."""
        self._called.add(self._signature)
        self._problems.popleft()
        self._served += 1
        return Answer(self.pending.popleft(), outcome, inconclusive)

    def pump(self, seconds: float) -> list[Answer]:
        """Write and read what can be without waiting; `seconds` went by since the last call.

        AbsentError if the process does not start, with its last words.
        """
        self._write()
        answers: list[Answer] = []
        try:
            gone = self._read(answers)
        except wire.WireError as error:  # a solver has written into the pipe
            if not self._said_hello and not self.pending and self._starts >= STARTS:
                raise AbsentError(f"it sent what is no greeting: {error}", worker=self._name) from error
            return answers + self._blame_loss(f"the process sent what is no answer: {error}")
        if answers:
            answers = self._timed(answers, seconds)
            self._forget_time()
        self._unwatched += seconds
        if gone:  # its last answers came first: they decide which case is to blame
            return answers + self._handle_death()
        if not answers:
            self._wait(seconds)
        if self._stopped > STOP_SECONDS:
            return answers + self._handle_stop()
        if not self._said_hello and self._waited > START_SECONDS:
            self._handle_late_start()
        if self.pending and self._said_hello and self._waited > self._limit:
            return answers + self._handle_silence()
        if self._unwatched > WATCH_SECONDS:
            self._unwatched = 0.0
            return answers + self._handle_overuse()
        return answers

    def _wait(self, seconds: float) -> None:
        """Count seconds of silence as waited for, but not those in which the process was stopped."""
        self._waited += seconds
        self._unseen += seconds
        if self._unseen >= LOOK_SECONDS:
            if self._process.is_stopped():
                self._stopped += self._unseen
                self._waited -= self._unseen
            self._unseen = 0.0

    def _timed(self, answers: list[Answer], seconds: float) -> list[Answer]:
        """The answers with their shares of the time since those before, by this clock and by the system's.

        Nobody asks for those of a forked process: its solvers are not a user's own.
        """
        if self._forked_from:
            return answers
        before, self._computed = self._computed, self._process.main_seconds()
        elapsed, computed = (self._waited + seconds) / len(answers), (self._computed - before) / len(answers)
        return [replace(answer, elapsed=elapsed, computed=computed) for answer in answers]

    @property
    def _signature(self) -> tuple[str, int]:
        """The solver of the first pending case, and whether its b is a vector: what a compiler would compile for."""
        return self.pending[0].variant.algorithm, self._problems[0].b.ndim

    @property
    def _limit(self) -> float:
        """The time limit of the first pending case: longer at the first call of a signature in this process."""
        is_first = self._signature not in self._called
        return max(self.case_seconds, self._first_seconds) if is_first else self.case_seconds

    def _write(self) -> None:
        try:
            while self._outbox:
                del self._outbox[: os.write(self._process.requests, self._outbox)]
        except BlockingIOError:
            return
        except BrokenPipeError:  # the process has ended, which reading will show
            self._outbox.clear()

    def _read(self, answers: list[Answer]) -> bool:
        """Add the answers that have arrived; returns whether the process has closed its end."""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._process.replies, 1 << 20):
                for kind, content in self._frames.feed(piece):
                    self._receive(kind, content, answers)
                    if kind == wire.LAST:  # whatever comes behind it is no answer of a fit process
                        self._restart()
                        return False
            return True
        return False

    def _receive(self, kind: bytes, content: bytes, answers: list[Answer]) -> None:
        if kind == wire.HELLO:
            if self._said_hello:
                raise wire.WireError("a second greeting")
            hello = wire.unpack_greeting(content)
            self._process.identify()
            require_one_thread(self.kind.library, hello["threads"])
            self.hello = hello
            self._on_hello(self.hello)
            self._said_hello, self._starts, self._computed = True, 0, self._process.main_seconds()
            self._forget_time()
        elif kind in (wire.OUTCOME, wire.LAST) and self.pending and self._said_hello:
            number, outcome = wire.unpack_outcome(content)
            if number != self._served:
                raise wire.WireError(f"answer {number} in the place of answer {self._served}")
            require_answer(outcome, self._problems[0], self._shapes())
            out_of_memory = kind == wire.LAST and outcome.status is Status.CRASHED
            # the memory may be full of what earlier cases have left: only the first case is to blame for sure
            answers.append(self._answer(outcome, inconclusive=out_of_memory and self._served > 0))
        else:
            raise wire.WireError("an answer to nothing")

    def _most_bytes(self, kind: bytes) -> int:
        """The longest content of a frame that can be an answer now."""
        if kind == wire.HELLO:
            return wire.HELLO_BYTES
        return most_bytes(self._shapes(), self._problems[0]) if self.pending else wire.HEAD_BYTES

    def _shapes(self) -> Shapes:
        """The shapes that an answer to the first pending case may have."""
        return shapes_of(self.kind.library, self.pending[0], self._problems[0])

    def _restart(self) -> None:
        """Ask a fresh process the pending cases."""
        self._process.close()
        self._start()

    def _handle_death(self) -> list[Answer]:
        """The process has closed its end: blame the first pending case, unless it was killed from outside."""
        if not self._said_hello:
            self._process.identify()  # it may have ended with its template, which then makes no more
        code = self._process.exit_code()
        killed = code is None or -code in FROM_OUTSIDE
        if not self._said_hello and (not killed or self._starts >= STARTS):
            silent = "its process ended when it was imported, and said nothing"
            output = (self._forked_from or self._process).output
            said = last_line(output) if code == UNUSABLE else last_words(output, silent)
            raise AbsentError(said or silent, worker=self._name)
        if not self._said_hello or not self.pending:  # no solver was running in it
            self._restart()
            return []
        words = f"the process ended with {describe_exit(code)}; {last_words(self._process.output)}"
        return self._blame_loss(words, killed)

    def _handle_stop(self) -> list[Answer]:
        """The process has been stopped for too long: a fresh one takes its place, and its first case says nothing."""
        if not self._said_hello:
            self._begin_again("its process was stopped before it said hello")
            return []
        if not self.pending:
            self._restart()
            return []
        outcome = Outcome(
            Status.CRASHED,
            cause=Cause.PROCESS_LOST,
            message=f"the process was stopped for {STOP_SECONDS:g} s, as by SIGSTOP",
            spent=self._stopped,
        )
        return self._blame(outcome, inconclusive=True)

    def _handle_overuse(self) -> list[Answer]:
        """Replace a process that, with what it has started, takes more than it may; if it does."""
        if not (words := self._process.overuse(self.kind.memory + BASE_BYTES)):
            return []
        if not self._said_hello:
            raise AbsentError(words, worker=self._name)
        outcome = Outcome(Status.CRASHED, cause=Cause.OUT_OF_MEMORY, message=words)
        return self._blame(outcome, inconclusive=self._served > 0)

    def _handle_late_start(self) -> None:
        """The process has not said hello for too long; it may be its template that hangs."""
        late = f"it did not start within {START_SECONDS:g} s"
        if not self._forked_from:
            raise AbsentError(late, worker=self._name)
        self._begin_again(late, starts=2)

    def _begin_again(self, why: str, starts: int = STARTS) -> None:
        """Start another process, by another template; AbsentError if so many have been started in vain."""
        if self._starts >= starts:
            raise AbsentError(why, worker=self._name)
        if self._forked_from:
            self._forked_from.abandon()
        self._restart()

    def _handle_silence(self) -> list[Answer]:
        """The process has not answered for too long: time out the first pending case, unless the process is gone."""
        if self._process.exit_code(0.0) is not None:  # something that it has started keeps its pipe open
            return self._handle_death()
        seconds = self._limit
        what = " at a first call, which may compile (--first-seconds)" if seconds > self.case_seconds else ""
        message = f"no answer within {seconds:g} s{what}"
        outcome = Outcome(Status.TIMED_OUT, seconds=seconds, message=message, spent=seconds)
        return self._blame(outcome)

    def _blame_loss(self, message: str, killed: bool = False) -> list[Answer]:
        return self._blame(Outcome(Status.CRASHED, cause=Cause.PROCESS_LOST, message=message), killed)

    def _blame(self, outcome: Outcome, inconclusive: bool = False) -> list[Answer]:
        """Give the outcome to the first pending case, if any, and the others to a fresh process."""
        blamed = [self._answer(outcome, inconclusive)] if self.pending else []
        self._restart()
        return blamed

    @property
    def _name(self) -> str:
        return f"{self.kind.library.name} on {self.kind.device}"


def describe_exit(code: int | None) -> str:
    """An exit code in words; negative codes are signals, as in `subprocess`."""
    if code is None:
        return "an unknown status"
    return f"signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"exit status {code}"
