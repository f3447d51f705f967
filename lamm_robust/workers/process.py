"""Starting and ending the processes of workers, and hearing how they ended.

A library whose import leaves no threads behind is imported once, in a `Template` that calls no solver and forks a
fresh process whenever one is needed; any other library is imported by each process anew. Both kinds look alike from
here: two pipes, an output file, and a way to kill and to wait.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lamm_robust.defaults import CASE_MEMORY
from lamm_robust.values import Device, Library, Precision
from lamm_robust.workers.child import PID, RUNNING, end_group

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

EXIT_SECONDS = 2.0
"""A dying process closes its pipe some milliseconds before it has an exit status."""

LAST_WORDS = 3  # lines of the process's own output that are kept in the message
LAST_BYTES = 4096  # and no more of them than this


@dataclass(frozen=True)
class Kind:
    """What a worker process is for, and how much memory it may take beyond what it starts with."""

    library: Library
    precision: Precision
    device: Device
    memory: int = CASE_MEMORY
    module: str = "lamm_robust.workers.child"
    """What the process runs; tests put planted solvers there."""


def launch(kind: Kind, how: str, descriptors: tuple[int, ...], output: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a Python of its own that inherits the descriptors."""
    who = kind.library.name, kind.precision, kind.device, str(os.getpid()), str(kind.memory), how
    return subprocess.Popen(
        [sys.executable, "-m", kind.module, *who, *map(str, descriptors)],
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=os.environ | THREADS | dict(kind.library.environment(kind.precision, kind.device)),
        cwd=Path(__file__).parents[2],
        start_new_session=True,  # a Ctrl-C is for the run, which then ends its workers
    )


def last_words(output: IO[bytes], none: str = "it said nothing") -> str:
    """The end of what a process printed, in one line; `none` if it printed nothing."""
    output.seek(max(0, output.seek(0, os.SEEK_END) - LAST_BYTES))
    lines = output.read().decode(errors="replace").strip().splitlines()
    return "last words: " + " / ".join(lines[-LAST_WORDS:]) if lines else none


class Template:
    """A process that has imported a library and forks serving processes; it calls no solver itself."""

    def __init__(self, kind: Kind) -> None:
        with contextlib.ExitStack() as held:  # what must be given back, whatever happens
            self.output = held.enter_context(tempfile.TemporaryFile())
            self._control, theirs = socket.socketpair()
            held.enter_context(self._control)
            with theirs:
                self._process = launch(kind, "fork", (theirs.fileno(),), self.output)
            held.callback(self._process.wait)
            held.callback(self._process.kill)
            self._held = held.pop_all()

    def close(self) -> None:
        """End it, and with it whatever it has forked."""
        self._held.close()

    def is_alive(self) -> bool:
        """Whether it can still fork."""
        return self._process.poll() is None

    def fork(self, requests: int, replies: int, output: int) -> None:
        """Have a serving process forked on these descriptors; its hello tells its number."""
        with contextlib.suppress(OSError):  # if it has died, the pipes of the process that never was will say so
            socket.send_fds(self._control, [b"f" * PID.size], [requests, replies, output])

    def status(self, pid: int) -> int:
        """How a forked process ended, as from `os.waitpid`, or RUNNING; OSError if this process has died."""
        self._control.sendall(PID.pack(pid, 0))
        answer = self._control.recv(PID.size, socket.MSG_WAITALL)
        if len(answer) < PID.size:
            raise ChildProcessError
        status: int = PID.unpack(answer)[1]
        return status


class Templates:
    """A living template for each kind of worker whose library may be forked; a context manager."""

    def __init__(self) -> None:
        self._templates: dict[Kind, Template] = {}

    def __enter__(self) -> Templates:
        return self

    def __exit__(self, *_: object) -> None:
        for template in self._templates.values():
            template.close()

    def get(self, kind: Kind) -> Template | None:
        """The template to fork from, or None for a library that must be imported anew each time."""
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
        """Start it, by the template if there is one."""
        self._template = template
        self.pid: int | None = None  # of a forked process, as soon as it says hello
        self._code: int | None = None
        self._popen: subprocess.Popen[bytes] | None = None
        # what must be given back, whatever happens, and what is the child's
        with contextlib.ExitStack() as held, contextlib.ExitStack() as given:
            self.output = held.enter_context(tempfile.TemporaryFile())
            child_reads, self.requests = os.pipe()
            given.callback(os.close, child_reads)
            held.callback(os.close, self.requests)
            self.replies, child_writes = os.pipe()
            given.callback(os.close, child_writes)
            held.callback(os.close, self.replies)
            os.set_blocking(self.requests, False)
            os.set_blocking(self.replies, False)
            if template:
                template.fork(child_reads, child_writes, self.output.fileno())
            else:
                self._popen = launch(kind, "serve", (child_reads, child_writes), self.output)
                self.pid = self._popen.pid
            self._held = held.pop_all()

    def ended(self, seconds: float = EXIT_SECONDS) -> int | None:
        """The exit code (negative for a signal) if it ends within that time; None if it does not, or nobody knows."""
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
        status = self._template.status(pid)
        return None if status == RUNNING else os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """Kill it if it may still run (it holds nothing that could be lost) and give everything back."""
        with contextlib.suppress(OSError):
            if self._code is None and self.pid is not None:  # an ended one's number may by now be another process's
                os.killpg(self.pid, signal.SIGKILL)  # and whatever it has started
                self.ended()
        self._held.close()
