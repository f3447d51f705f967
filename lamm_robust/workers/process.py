"""Starting and ending the processes of workers, and hearing how they ended.

A library whose import leaves no threads behind is imported once, in a `Template` that calls no solver and forks a fresh
process whenever one is needed. Any other library is imported by each process anew. To the outside both kinds of
`Process` look alike: two pipes, an output file, and a way to kill and to wait.
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

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
THREADS = dict.fromkeys(_THREADS, "1")
"""The environment for one BLAS thread: answers depend on the number of threads, and small problems are faster so."""

EXIT_SECONDS = 2.0
"""Time limit for an exit code: a dying process closes its pipe some milliseconds before it has one."""

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


def launch(kind: Kind, how: str, descriptors: tuple[int, ...], output: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a fresh Python as a worker process that inherits the descriptors; `how` is "serve" or "fork"."""
    who = kind.library.name, kind.precision, kind.device, str(os.getpid()), str(kind.memory), how
    return subprocess.Popen(
        [sys.executable, "-m", kind.module, *who, *map(str, descriptors)],
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=os.environ | THREADS | dict(kind.library.environment(kind.precision, kind.device)),
        cwd=Path(__file__).parents[2],
        # a Ctrl-C is for the run alone, which then ends its workers; and a group of its own can be killed as a whole
        start_new_session=True,
    )


def last_words(output: IO[bytes], none: str = "it said nothing") -> str:
    """The end of a process's output, in one line; `none` if it printed nothing."""
    output.seek(max(0, output.seek(0, os.SEEK_END) - LAST_BYTES))
    lines = output.read().decode(errors="replace").strip().splitlines()
    return "last words: " + " / ".join(lines[-LAST_LINES:]) if lines else none


class Template:
    """A process that has imported a library and forks serving processes; it calls no solver itself."""

    def __init__(self, kind: Kind) -> None:
        with contextlib.ExitStack() as held:  # what `close` gives back, and an error in between
            self.output = held.enter_context(tempfile.TemporaryFile())
            self._control, theirs = socket.socketpair()
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

    def fork(self, requests: int, replies: int, output: int) -> None:
        """Have a serving process forked that has these descriptors; its hello tells its number."""
        with contextlib.suppress(OSError):  # if the template has died, nobody has the other ends of the pipes
            socket.send_fds(self._control, [b"f" * PID.size], [requests, replies, output])

    def status(self, pid: int) -> int:
        """The wait status of a forked process, as of `os.waitpid`, or RUNNING; OSError if the template has died."""
        self._control.sendall(PID.pack(pid, 0))
        answer = self._control.recv(PID.size, socket.MSG_WAITALL)
        if len(answer) < PID.size:
            raise ChildProcessError
        status: int = PID.unpack(answer)[1]
        return status


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
        """The number of the process; a forked one tells it in its hello."""
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
                template.fork(child_reads, child_writes, self.output.fileno())
            else:
                self._popen = launch(kind, "serve", (child_reads, child_writes), self.output)
                self.pid = self._popen.pid
            self._held = held.pop_all()

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
        status = self._template.status(pid)
        return None if status == RUNNING else os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """Kill the process if it may still run (it holds nothing that could be lost) and give everything back."""
        with contextlib.suppress(OSError):
            # once its exit code has been read, its number may be another process's; a forked one that has not yet told
            # its number ends by itself when it finds its pipe closed
            if self._code is None and self.pid is not None:
                os.killpg(self.pid, signal.SIGKILL)  # with whatever it has started
                self.exit_code()
        self._held.close()
