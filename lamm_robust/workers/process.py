"""Starting and ending the processes of workers, and hearing how they ended.

A library whose import leaves no threads behind is imported once, in a `Template` that calls no solver and forks a fresh
process whenever one is needed. Any other library is imported by each process anew. To the outside both kinds of
`Process` look alike: two pipes, an output file, and a way to kill and to wait.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO

from lamm_robust.defaults import CASE_MEMORY
from lamm_robust.values import Device, Library, Precision
from lamm_robust.workers import watch
from lamm_robust.workers.child import FORK, PID, RUNNING, SCRATCH, end_group
from lamm_robust.workers.containment import MOST_PROCESSES
from lamm_robust.workers.scratch import scratch

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
THREADS = dict.fromkeys(_THREADS, "1")
"""The environment for one BLAS thread: answers depend on the number of threads, and small problems are faster so."""

EXIT_SECONDS = 2.0
"""Time limit for an exit code: a dying process closes its pipe some milliseconds before it has one."""

KILL_SECONDS = 10.0
"""Time limit for the end of a process that was killed: more only if the system has no time for it."""

TEMPLATE_SECONDS = 10.0
"""Time limit for a template's answer, which takes it a millisecond: one that is later hangs, and is replaced."""

LAST_LINES, LAST_BYTES = 3, 4096
"""How much of the end of a process's output goes into a message."""


@dataclass(frozen=True)
class Kind:
    """What a worker process is for."""

    library: Library
    precision: Precision
    device: Device
    memory: int = CASE_MEMORY
    """Bytes that it may allocate beyond what it starts with."""
    module: str = "lamm_robust.workers.child"
    """The module that the process runs; tests put planted solvers there."""


def launch(
    kind: Kind,
    how: str,
    descriptors: tuple[int, ...],
    output: IO[bytes],
    variables: Mapping[str, str] = MappingProxyType({}),
) -> subprocess.Popen[bytes]:
    """Start a fresh Python as a worker process that inherits the descriptors; `how` is "serve" or "fork".

    `variables` are added to its environment.
    """
    who = kind.library.name, kind.precision, kind.device, str(os.getpid()), str(kind.memory), how
    return subprocess.Popen(
        [sys.executable, "-m", kind.module, *who, *map(str, descriptors)],
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=os.environ | THREADS | dict(kind.library.environment(kind.precision, kind.device)) | dict(variables),
        cwd=Path(__file__).parents[2],
        # a Ctrl-C is for the run alone, which then ends its workers; and a group of its own can be killed as a whole
        start_new_session=True,
    )


def last_line(output: IO[bytes]) -> str:
    """The last line of a process's output."""
    return " ".join(_last_lines(output)[-1:])


def last_words(output: IO[bytes], none: str = "it said nothing") -> str:
    """The end of a process's output, in one line; `none` if it printed nothing."""
    lines = _last_lines(output)
    return "last words: " + " / ".join(lines[-LAST_LINES:]) if lines else none


def _last_lines(output: IO[bytes]) -> list[str]:
    output.seek(max(0, output.seek(0, os.SEEK_END) - LAST_BYTES))
    return output.read().decode(errors="replace").strip().splitlines()


class Template:
    """A process that has imported a library and forks serving processes; it calls no solver itself."""

    def __init__(self, kind: Kind) -> None:
        with contextlib.ExitStack() as held:  # what `close` gives back, and an error in between
            self.output = held.enter_context(tempfile.TemporaryFile())
            self._control, theirs = socket.socketpair()
            self._control.settimeout(TEMPLATE_SECONDS)
            self._tickets = itertools.count()
            held.enter_context(self._control)
            with theirs:
                self._process = launch(kind, "fork", (theirs.fileno(),), self.output)
            held.callback(self._process.wait)
            held.callback(self._process.kill)
            self._held = held.pop_all()

    def close(self) -> None:
        """End the process, and with it the processes that it has forked."""
        self._held.close()

    def is_alive(self) -> bool:
        """Whether the process can still fork."""
        return self._process.poll() is None

    def is_stopped(self) -> bool:
        """Whether the process is stopped, as by SIGSTOP."""
        return watch.is_stopped(self._process.pid)

    def abandon(self) -> None:
        """Kill the process, since it hangs: those that it has forked end with it, and `Templates` makes another."""
        self._process.kill()
        self._process.wait()

    def fork(self, requests: int, replies: int, output: int) -> int:
        """Have a serving process forked that has these descriptors; returns the ticket by which to ask about it."""
        ticket = next(self._tickets)
        with contextlib.suppress(OSError):  # if the template has died, nobody has the other ends of the pipes
            socket.send_fds(self._control, [PID.pack(ticket, FORK)], [requests, replies, output])
        return ticket

    def ask(self, ticket: int) -> tuple[int, int]:
        """The number of a forked process, and its wait status, as of `os.waitpid`, or RUNNING.

        A template that does not answer is abandoned: OSError. It may be dying, which takes a while where the machine is
        busy, and must not be asked for more processes meanwhile.
        """
        try:
            self._control.sendall(PID.pack(ticket, 0))
            answer = self._control.recv(PID.size, socket.MSG_WAITALL)
            if len(answer) < PID.size:
                raise ChildProcessError
        except OSError:
            self.abandon()
            raise
        pid, status = PID.unpack(answer)
        return pid, status


class Templates:
    """A living template for each kind of worker whose library may be forked; all end when its `with` block ends."""

    def __init__(self) -> None:
        self._templates: dict[Kind, Template] = {}

    def __enter__(self) -> Templates:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all templates."""
        for template in self._templates.values():
            template.close()

    def get(self, kind: Kind) -> Template | None:
        """The template of a kind, or None for a library that must be imported anew each time."""
        if not kind.library.forks:
            return None
        known = self._templates.get(kind)
        if known is None or not known.is_alive():
            if known:
                known.close()
            self._templates[kind] = Template(kind)
        return self._templates[kind]


class Process:
    """A serving process: write requests to one pipe, read replies from the other."""

    def __init__(self, kind: Kind, template: Template | None) -> None:
        """Start the process, by the template if there is one."""
        self._template = template
        self.pid: int | None = None
        """The number of the process, from whoever has started it; of a forked one None until `identify`."""
        self._code: int | None = None
        self._popen: subprocess.Popen[bytes] | None = None
        # `held` is what `close` gives back, and an error in between; `theirs` are the child's ends of the pipes, which
        # are closed here once it has them: else this process would never read the end of the replies
        with contextlib.ExitStack() as held, contextlib.ExitStack() as theirs:
            self.output = held.enter_context(tempfile.TemporaryFile())
            child_reads, self.requests = os.pipe()
            theirs.callback(os.close, child_reads)
            held.callback(os.close, self.requests)
            self.replies, child_writes = os.pipe()
            theirs.callback(os.close, child_writes)
            held.callback(os.close, self.replies)
            # a full or an empty pipe must not keep the run from listening to the other workers
            os.set_blocking(self.requests, False)
            os.set_blocking(self.replies, False)
            if template:
                self._ticket = template.fork(child_reads, child_writes, self.output.fileno())
            else:
                place = {SCRATCH: str(held.enter_context(scratch()))} if kind.library.foreign else {}
                self._popen = launch(kind, "serve", (child_reads, child_writes), self.output, place)
                self.pid = self._popen.pid
            self._held = held.pop_all()

    def identify(self) -> None:
        """Learn the number of a process that has greeted, if it was forked, from its template."""
        if self._template and self.pid is None:
            with contextlib.suppress(OSError):  # with a template that has died, its processes end
                self.pid, status = self._template.ask(self._ticket)
                if status != RUNNING:  # it has ended meanwhile, and is told of once
                    self._code = os.waitstatus_to_exitcode(status)

    def is_stopped(self) -> bool:
        """Whether the process, or before it has greeted its template, is stopped, as by SIGSTOP."""
        if self.pid is not None:
            return any(map(watch.is_stopped, {self.pid, watch.served_by(self.pid)}))
        return self._template is not None and self._template.is_stopped()

    def overuse(self, memory: int) -> str:
        """What the process and those below it have too much of, in words, or nothing; `memory` bytes are allowed."""
        pids = watch.tree(self.pid) if self.pid is not None else []
        if len(pids) > MOST_PROCESSES:
            return f"it has started {len(pids)} processes, where {MOST_PROCESSES} are allowed"
        if sum(map(watch.resident_bytes, pids)) <= memory:  # what several share counts more than once here
            return ""
        held = sum(map(watch.proportional_bytes, pids))
        return f"its processes hold {held >> 20} MiB, where {memory >> 20} are allowed" if held > memory else ""

    def main_seconds(self) -> float:
        """The processor time of the first thread of a process that was not forked; 0 of one that was."""
        return watch.main_seconds(watch.served_by(self._popen.pid)) if self._popen else 0.0

    def exit_code(self, seconds: float = EXIT_SECONDS) -> int | None:
        """The exit code, negative for a signal; None if the process does not end within that time, or nobody knows."""
        deadline = time.monotonic() + seconds
        with contextlib.suppress(OSError):
            while self._code is None and self.pid is not None:
                self._code = self._poll(self.pid)
                if time.monotonic() > deadline:
                    break
                time.sleep(0.001 if self._code is None else 0)
        return self._code

    def _poll(self, pid: int) -> int | None:
        if self._popen:
            end_group(pid)
            return self._popen.poll()
        assert self._template
        _, status = self._template.ask(self._ticket)
        return None if status == RUNNING else os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """Kill the process if it may still run (it holds nothing that could be lost) and give everything back."""
        # once its exit code has been read, its number may be another process's; a forked one that has not greeted ends
        # by itself when it finds its pipe closed
        if self._code is None and self.pid is not None:
            for below in watch.tree(self.pid)[1:]:  # some may have left its group
                with contextlib.suppress(OSError):
                    os.kill(below, signal.SIGKILL)
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)  # with whatever it has started
            self.exit_code(KILL_SECONDS)
        self._held.close()
