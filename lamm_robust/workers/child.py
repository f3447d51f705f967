"""The process that calls one library at one precision on one device, and nothing else.

Run as ``python -m lamm_robust.workers.child LIBRARY PRECISION DEVICE PARENT MEMORY HOW DESCRIPTOR…``. It imports the
library. If HOW is ``serve``, it then reads problems and names of solvers from the first descriptor, and writes one
outcome for each name to the second. If HOW is ``fork``, the descriptor is a socket over which it is asked to fork
serving processes, each of which costs milliseconds; it never calls a solver itself. Both die with whoever started them.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from lamm_robust.provenance import EXTRAS, MEASURED, flags, installed_versions
from lamm_robust.solvers import LIBRARIES, user
from lamm_robust.storage.cache import default_directory
from lamm_robust.storage.packing import unpack_problem
from lamm_robust.values import Cause, Device, Library, Outcome, Precision, Problem, ProblemKey, Status
from lamm_robust.workers import wire
from lamm_robust.workers.attempt import attempt
from lamm_robust.workers.containment import contain, die_with
from lamm_robust.workers.derivatives import with_derivatives

SCRATCH = "LAMM_ROBUST_SCRATCH"
"""Environment variable of a worker for a user's own solver: the empty directory in which it is called."""

OUTPUT_BYTES = 64 << 20
"""The largest file that a solver can write: the system ends one that writes more, so that it cannot fill the disk."""

UNUSABLE = 65
"""The exit status of a process that cannot use the function that is to be checked: its last line says why. The system
reserves 64 to 78 for programs (sysexits.h), and this one for bad input."""

PID = struct.Struct("<qq")
"""What goes over the socket of a forking process: to it a ticket, and `FORK` beside three descriptors; from it, about
the process that was forked for a ticket, its number and its wait status or `RUNNING`."""

RUNNING, FORK = -1, -2
"""What stands in the place of the wait status of a process that has not ended, and of one that is to be made."""

Greeting = dict[str, Any]
"""What a process says that it runs on, as JSON values."""


BASE_BYTES = 1 << 30
"""What a process may hold before its first case, beside what its solvers may: an import of PyTorch takes half of it."""

ROOM = 16 << 20
"""Bytes that a solver cannot take: with them this process can always say that a solver has run out of memory."""


def confine(memory: int, *, for_now: bool = False) -> None:
    """Limit what this process can take: so much memory beyond what it has now, no large files, no core dumps.

    A limit of memory `for_now` can be replaced by another. It is on data (RLIMIT_DATA counts what a process can write
    and does not share, which is what solvers allocate), not on address space, of which XLA and CUDA reserve far more
    than they use. Only Linux can do that.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    held = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData"))
    limit = int(held.split()[1]) * 1024 + memory + ROOM
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1] if for_now else limit
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    with contextlib.suppress(OSError):  # when the machine runs out of memory, the solver goes first and not the run
        Path("/proc/self/oom_score_adj").write_text("1000")


@contextlib.contextmanager
def room_to_answer() -> Iterator[None]:
    """Leave `ROOM` bytes of what this process may take to what comes after."""
    _, limit = resource.getrlimit(resource.RLIMIT_DATA)
    confined = sys.platform == "linux" and limit != resource.RLIM_INFINITY
    if confined:
        resource.setrlimit(resource.RLIMIT_DATA, (limit - ROOM, limit))
    try:
        yield
    finally:
        if confined:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def greeting(library: Library, device: Device) -> Greeting:
    """What this process really runs on: versions, BLAS and its threads, the device's own name."""
    import numpy as np
    from threadpoolctl import threadpool_info

    # a broken installation must show here, as an absent library, and not later, as solvers that crash
    importlib.import_module(library.module)
    library.begin(device)
    library.wait(library.put(np.ones(1, dtype=np.float32), device))
    return {
        "versions": installed_versions(MEASURED + EXTRAS),
        "device": library.device_name(device),
        "flags": flags(),
        "threads": thread_pools(threadpool_info()),
    }


def thread_pools(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The libraries that compute in threads, sorted: the order in which they are found changes from start to start."""
    keys = ("internal_api", "version", "architecture", "num_threads")
    pools = [{key: pool.get(key) for key in keys} for pool in found]
    return sorted(pools, key=lambda pool: [str(value) for value in pool.values()])


def changed_settings(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The names of the settings that are not what they were."""
    return [name for name in before if before[name] != after[name]]


def serve(library: Library, device: Device, pipe: wire.Pipe) -> None:
    """Answer requests until the other end closes the pipe, or an attempt leaves this process unfit for another."""
    solvers = {solver.algorithm: solver for solver in library.solvers}
    state = library.state()
    seen: set[tuple[str, tuple[int, ...], tuple[int, ...]]] = set()
    problem: Problem | None = None
    served = 0
    for kind, content in pipe.frames():
        if kind == wire.PROBLEM:
            sent = unpack_problem(ProblemKey("sent", (), "float64"), content)
            problem = replace(sent, key=ProblemKey("sent", (), cast(Precision, sent.A.dtype.name)))
            continue
        assert problem is not None, "a problem comes before the solvers that are to try it"
        name = content.decode()
        with room_to_answer():
            outcome = attempt(library, solvers[name], problem, device)
            outcome = with_derivatives(outcome, library, solvers[name], problem, device)
        asked = name, problem.A.shape, problem.b.shape
        if asked in seen:  # nothing was compiled: the first call says nothing that `seconds` does not
            outcome = replace(outcome, first_call_seconds=None)
        seen.add(asked)
        if settings := changed_settings(state, library.state()):
            message = f"the solver changed {', '.join(settings)}"
            outcome = Outcome(Status.BAD_OUTPUT, message=message, spent=outcome.spent)
        # what a solver leaves to the next one in this process would be blamed on that one
        unfit = bool(settings) or outcome.cause is Cause.OUT_OF_MEMORY
        pipe.send(wire.LAST if unfit else wire.OUTCOME, wire.pack_outcome(served, outcome))
        served += 1
        if unfit:
            return


def end_group(pid: int) -> None:
    """Kill what a child that has ended leaves behind in its process group."""
    if sys.platform != "linux":  # before Python 3.13, macOS cannot look at a child without reaping it
        return
    # WNOWAIT does not reap it: until then its number, which is that of the group, cannot be another's
    if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


def fork_on_request(library: Library, device: Device, memory: int, control: socket.socket, hello: Greeting) -> None:
    """Fork a serving process whenever three descriptors arrive; tell of it whenever its ticket arrives alone."""
    here = os.getpid()
    forked: dict[int, int] = {}
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, PID.size, 3)
        if not message:  # the other end is closed
            return
        ticket, _ = PID.unpack(message)
        if not descriptors:
            end_group(forked[ticket])
            ended, status = os.waitpid(forked[ticket], os.WNOHANG)
            control.sendall(PID.pack(forked[ticket], status if ended else RUNNING))
            continue
        forked[ticket] = os.fork()
        if forked[ticket] == 0:
            control.close()
            os.setsid()  # a group of its own, with which whatever a solver starts can be killed
            die_with(here)
            requests, replies, output = descriptors
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.close(output)
            try:
                pipe = wire.Pipe(requests, replies)
            except wire.WireError:  # who asked for it is gone
                os._exit(0)
            greet_and_serve(library, device, memory, pipe, hello)
        for descriptor in descriptors:  # in this process: with these open, nobody would see that the child has ended
            os.close(descriptor)


def greet_and_serve(library: Library, device: Device, memory: int, pipe: wire.Pipe, hello: Greeting) -> None:
    """Greet and serve on a pipe; then end this process."""
    try:
        confine(memory)
        pipe.send(wire.HELLO, wire.pack_greeting(hello))
        serve(library, device, pipe)
        os._exit(0)  # not `sys.exit`: nothing that a solver has registered may run at the exit
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(1)


def main(arguments: list[str], libraries: Iterable[Library] = LIBRARIES) -> None:
    """Serve, or fork serving processes, as the arguments say; the top of this file says what they are."""
    name, _, device, parent, memory, how, *descriptors = arguments
    die_with(int(parent))
    # taken before anything foreign is imported, which then finds neither the key nor the descriptors at their place
    pipe = None if how == "fork" else wire.Pipe(int(descriptors[0]), int(descriptors[1]))
    del sys.argv[1:]
    if name == user.NAME:  # a solver of the user's own is imported here and nowhere else
        # a driver of a GPU may need the system's first process, and helpers that run as root
        contain([place for place in [default_directory()] if place], namespaces=device != "gpu")
        # what is imported may take as much before it is limited in turn
        confine(int(memory) + BASE_BYTES, for_now=True)
        try:
            library = user.from_environment()
        except SystemExit as error:
            sys.stderr.write(f"{error}\n")
            sys.stderr.flush()
            os._exit(UNUSABLE)  # not `sys.exit`: nothing that an import has registered may print after it
        os.chdir(os.environ[SCRATCH])
    else:
        library = next(known for known in libraries if known.name == name)
    on = cast(Device, device)
    hello = greeting(library, on)
    if pipe is None:
        with socket.socket(fileno=int(descriptors[0])) as control:
            fork_on_request(library, on, int(memory), control, hello)
    else:
        greet_and_serve(library, on, int(memory), pipe, hello)


if __name__ == "__main__":
    main(sys.argv[1:])
