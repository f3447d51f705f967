"""The parent's end of a worker: start it, ask it, and turn its death or silence into an outcome.

A solver that kills its process, or does not come back in time, costs its own case only: the case is recorded as
crashed or timed out, with the last words of the process, and the next case gets a fresh one.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lamm_robust.values import AbsentError, Device, Library, Outcome, Precision, Problem, Status
from lamm_robust.worker import decode

CASE_SECONDS = 60.0
"""A case that takes longer is timed out: a thousand times what the largest problem takes the slowest solver."""

START_SECONDS = 120.0
"""Importing JAX and waking a GPU takes seconds; a machine under load may need minutes."""

EXIT_SECONDS = 2.0
"""A dying process closes its pipe some milliseconds before it has said its last words and has an exit status."""

THREADS = dict.fromkeys(
    (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)
"""One BLAS thread: answers depend on the number of threads, and small problems are faster without."""

LAST_WORDS = 3  # lines of the dead process's own output that are kept in the message


class HarnessError(Exception):
    """The harness itself is at fault, not a solver."""


@dataclass(eq=False)
class Worker:
    """A child process for one library at one precision on one device; use it as a context manager."""

    library: Library
    precision: Precision
    device: Device
    case_seconds: float = CASE_SECONDS
    module: str = "lamm_robust.worker"
    """What the child runs; tests put planted solvers there."""
    hello: dict[str, Any] = field(default_factory=dict)
    """What the process said it runs on when it last started."""

    def __enter__(self) -> Worker:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _start(self) -> None:
        self._lost_process = False
        self._held = contextlib.ExitStack()  # what must be given back, whatever happens
        try:
            self._launch()
            line = self._line(START_SECONDS)
            if line is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(EXIT_SECONDS)
                raise AbsentError(f"no worker for {self.library.name} on {self.device}: {self._last_words()}")
            self.hello.update(json.loads(line))
            self._check_threads()
        except BaseException:
            self._stop()
            raise

    def _launch(self) -> None:
        self._output = self._held.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed by _stop
        self._buffer = b""
        with contextlib.ExitStack() as given:  # the child's ends of the pipes
            child_reads, self._requests = os.pipe()
            given.callback(os.close, child_reads)
            self._held.callback(os.close, self._requests)
            self._replies, child_writes = os.pipe()
            given.callback(os.close, child_writes)
            self._held.callback(os.close, self._replies)
            who = (self.library.name, self.precision, self.device)
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, *who, str(child_reads), str(child_writes)],
                pass_fds=(child_reads, child_writes),
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                env=os.environ | THREADS | dict(self.library.environment(self.precision, self.device)),
                cwd=Path(__file__).parents[1],
                start_new_session=True,  # a Ctrl-C is for the parent, which then ends its workers
            )
            self._held.callback(self._process.wait)
            self._held.callback(self._process.kill)  # it holds nothing that could be lost

    def _check_threads(self) -> None:
        """AbsentError unless every BLAS runs on one thread, as the environment asked."""
        for pool in self.hello["threads"]:
            if pool["num_threads"] != 1:
                raise AbsentError(
                    f"{pool['internal_api']} of {self.library.name} runs on {pool['num_threads']} threads"
                )

    def _stop(self) -> None:
        self._held.close()

    def send(self, problem: Problem, algorithm: str) -> None:
        """Ask for an attempt; `receive` returns its outcome. AbsentError if a lost process cannot be replaced."""
        if self._lost_process:
            self._start()
        request = json.dumps({"problem": str(problem.key), "algorithm": algorithm}) + "\n"
        try:
            os.write(self._requests, request.encode())
        except BrokenPipeError:  # it died after its last answer; receive() finds it dead and says so
            return

    def receive(self, problem: Problem) -> Outcome:
        """The outcome of the attempt that was sent; HarnessError if it was about other bits."""
        line = self._line(self.case_seconds)
        if line is None:
            return self._lost()
        try:
            reply = json.loads(line)
            digest, outcome = reply["digest"], decode(reply["outcome"])
        except (ValueError, KeyError, TypeError) as error:
            raise HarnessError(f"the worker for {self.library.name} sent what is no outcome: {line[:80]!r}") from error
        if digest != problem.digest:
            raise HarnessError(f"the worker built other bits than the parent for '{problem.key}'")
        return outcome

    def _line(self, seconds: float) -> bytes | None:
        """The next line from the child, or None when it died or the line was not complete by then."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._replies], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(self._replies, 1 << 20) if ready else b""
            if not piece:
                return None
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _lost(self) -> Outcome:
        """The outcome for a worker that did not answer; the next `send` starts a fresh one."""
        try:
            code = self._process.wait(EXIT_SECONDS)
            how = f"signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"exit status {code}"
            outcome = Outcome(Status.CRASHED, message=f"the process ended with {how}; {self._last_words()}")
        except subprocess.TimeoutExpired:
            message = f"no answer within {self.case_seconds:g} s"
            outcome = Outcome(Status.TIMED_OUT, seconds=self.case_seconds, message=message)
        self._stop()
        self._lost_process = True
        return outcome

    def _last_words(self) -> str:
        self._output.seek(0)
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        return "last words: " + " / ".join(lines[-LAST_WORDS:]) if lines else "it said nothing"
