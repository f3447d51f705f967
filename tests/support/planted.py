"""Solvers that misbehave in known ways, and a worker that serves them: run as ``python -m tests.support.planted``."""

from __future__ import annotations

import ctypes
import fcntl
import gc
import itertools
import os
import signal
import stat
import struct
import subprocess
import sys
import time
import warnings
from typing import Any

import numpy as np

from lamm_robust.solvers.contracts import minimum_norm
from lamm_robust.solvers.numpy_ import NUMPY, lstsq
from lamm_robust.values import Array, Library, Outcome, Solve, Solver, Status
from lamm_robust.workers import wire

Answer = tuple[Any, Any]


def segfault(A: Array, b: Array) -> Answer:
    os.kill(os.getpid(), signal.SIGSEGV)
    return lstsq(A, b)


def realtime(A: Array, b: Array) -> Answer:
    os.kill(os.getpid(), 40)  # a real-time signal: it has no name
    return lstsq(A, b)


def abort(A: Array, b: Array) -> Answer:
    os.abort()


def reply_pipe() -> int:
    """Where this process answers: the one pipe that it can write to."""
    for descriptor in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208
        try:
            is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        except OSError:
            continue
        if is_pipe and fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY:
            return descriptor
    raise AssertionError("no pipe")


def send(kind: bytes, content: bytes) -> None:
    """A frame with the key, by whoever looks through all objects of this process."""
    next(one for one in gc.get_objects() if type(one) is wire.Pipe).send(kind, content)


def scribble(A: Array, b: Array) -> Answer:
    os.write(reply_pipe(), b"this is not a reply, not even the beginning of one\n")
    return lstsq(A, b)


def forge(A: Array, b: Array) -> Answer:
    """Frames that check, but no outcome in them."""
    send(wire.OUTCOME, b"anything")
    return lstsq(A, b)


def answer_twice(A: Array, b: Array) -> Answer:
    """An outcome of its own making, in perfect form, before the one that is asked for."""
    outcome = Outcome(Status.SOLVED, x=np.full(A.shape[1], 42.0, A.dtype), seconds=0.0)
    send(wire.OUTCOME, wire.pack_outcome(1 << 20, outcome))
    time.sleep(0.2)
    return lstsq(A, b)


def forge_without_key(A: Array, b: Array) -> Answer:
    """A perfect outcome, but for the key, which it does not know."""
    outcome = Outcome(Status.SOLVED, x=np.full(A.shape[1], 42.0, A.dtype), seconds=0.0)
    os.write(reply_pipe(), wire.frame(wire.OUTCOME, wire.pack_outcome(1, outcome)))
    time.sleep(0.2)
    return lstsq(A, b)


def greet_again(A: Array, b: Array) -> Answer:
    """The greeting of another process, every now and then, as if it had just begun."""
    while True:
        send(wire.HELLO, wire.pack_greeting({"versions": {}, "device": "cpu", "flags": {}, "threads": [], "pid": 1}))
        time.sleep(0.1)


def claim_gigabytes(A: Array, b: Array) -> Answer:
    """The beginning of a frame that would fill the memory of whoever waits for its end."""
    os.write(reply_pipe(), struct.pack("<cII", wire.OUTCOME, 2**32 - 1, 0))
    time.sleep(600)
    return lstsq(A, b)


def stop_itself(A: Array, b: Array) -> Answer:
    os.kill(os.getpid(), signal.SIGSTOP)
    return lstsq(A, b)


def dribble(A: Array, b: Array) -> Answer:
    """The beginning of a frame, a byte now and then: never an answer, never silence."""
    for byte in itertools.chain(struct.pack("<cII", wire.OUTCOME, wire.HEAD_BYTES, 0), itertools.repeat(0)):
        os.write(reply_pipe(), bytes([byte]))
        time.sleep(0.1)
    return lstsq(A, b)


def loop(A: Array, b: Array) -> Answer:
    """An endless loop in C, which never comes back to the interpreter and is deaf to polite requests to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sum(itertools.repeat(0))
    return lstsq(A, b)


def sleep_in_c(A: Array, b: Array) -> Answer:
    """A call into C that holds the interpreter's lock and does not return."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        ctypes.PyDLL(None).sleep(600)


def swallow(A: Array, b: Array) -> Answer:
    np.ones(1 << 31)  # 16 GiB
    return lstsq(A, b)


hoard: list[tuple[Array, Array]] = []


def leak(A: Array, b: Array) -> Answer:
    """A right answer, and 40 MiB per attempt that are never given back."""
    if not any(kept is A for kept, _ in hoard):
        hoard.append((A, np.ones(5 << 20)))
    return lstsq(A, b)


def flood(A: Array, b: Array) -> Answer:
    """More output than any disk should have to take."""
    while True:
        os.write(1, b"x" * (1 << 20))


def be_silent(A: Array, b: Array) -> Answer:
    np.seterr(all="ignore")
    return lstsq(A, b)


def round_up(A: Array, b: Array) -> Answer:
    ctypes.CDLL(None).fesetround(0x800)  # FE_UPWARD of x86's <fenv.h>
    return lstsq(A, b)


def flush(A: Array, b: Array) -> Answer:
    """Subnormal numbers to zero, by the MXCSR that glibc's fenv_t ends with on x86-64."""
    environment = (ctypes.c_uint32 * 8)()
    ctypes.CDLL(None).fegetenv(environment)
    environment[7] |= 0x8040
    ctypes.CDLL(None).fesetenv(environment)
    return lstsq(A, b)


def move(A: Array, b: Array) -> Answer:
    os.chdir("/")
    return lstsq(A, b)


def spawn(A: Array, b: Array) -> Answer:
    """A child that would outlive the answer."""
    subprocess.Popen(["sleep", "600.25"], stdin=subprocess.DEVNULL)
    os._exit(3)


def orphan(A: Array, b: Array) -> Answer:
    """A crash that leaves a child behind."""
    subprocess.Popen(["sleep", "600.25"], stdin=subprocess.DEVNULL)
    os.kill(os.getpid(), signal.SIGSEGV)
    return lstsq(A, b)


def orphan_with_pipe(A: Array, b: Array) -> Answer:
    """A crash that leaves a child behind, which has all that its parent had open."""
    subprocess.Popen(["sleep", "600.25"], stdin=subprocess.DEVNULL, pass_fds=[reply_pipe()])
    os.kill(os.getpid(), signal.SIGSEGV)
    return lstsq(A, b)


def set_alarm(A: Array, b: Array) -> Answer:
    """A timer that would go off in somebody else's time."""
    signal.setitimer(signal.ITIMER_REAL, 1000.0)
    return lstsq(A, b)


def crash_once(A: Array, b: Array) -> Answer:
    """A crash that does not come again, as long as the file is there."""
    with open("/proc/self/environ") as stream:  # noqa: PTH123
        place = dict(entry.partition("=")[::2] for entry in stream.read().split("\0"))["PLANTED_ONCE"]
    try:
        os.close(os.open(place, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return lstsq(A, b)
    os.abort()


def leave(A: Array, b: Array) -> Answer:
    print("so long", file=sys.stderr, flush=True)
    os._exit(7)
    return lstsq(A, b)


woken: list[None] = []


def wakes_late(A: Array, b: Array) -> Answer:
    """Slow at its first call, as what is compiled then; then good, but never done where an entry of A is 5."""
    if not woken:
        time.sleep(2)
    woken.append(None)
    if 5 in A:
        time.sleep(600)
    return lstsq(A, b)


def hang(A: Array, b: Array) -> Answer:
    time.sleep(600)
    return lstsq(A, b)


def chatter(A: Array, b: Array) -> Answer:
    print('{"digest": "0", "outcome": {}}', flush=True)  # looks like a reply, on the wrong stream
    return lstsq(A, b)


def refuse(A: Array, b: Array) -> Answer:
    raise np.linalg.LinAlgError("the documented one")


def crash(A: Array, b: Array) -> Answer:
    raise RuntimeError("nobody said so")


def zeros_on_nan(A: Array, b: Array) -> Answer:
    """Takes NaN and ∞ for zero, as `nan_to_num` does, and answers in silence."""
    clean = np.where(np.isfinite(A), A, 0), np.where(np.isfinite(b), b, 0)
    return lstsq(*clean)


def propagate(A: Array, b: Array) -> Answer:
    if np.isfinite(A).all() and np.isfinite(b).all():
        return lstsq(A, b)
    return np.full((A.shape[1], *b.shape[1:]), np.nan, dtype=A.dtype), None


def warn(A: Array, b: Array) -> Answer:
    warnings.warn("ill-conditioned", RuntimeWarning, stacklevel=1)
    return lstsq(A, b)


def shape(A: Array, b: Array) -> Answer:
    return lstsq(A, b)[0][:, None], None


def dtype(A: Array, b: Array) -> Answer:
    return lstsq(A, b)[0].astype(np.float16), None


def mutate(A: Array, b: Array) -> Answer:
    answer = lstsq(A, b)
    b[0] += 1
    return answer


calls = 0


def restless(A: Array, b: Array) -> Answer:
    global calls
    calls += 1
    return lstsq(A, b)[0] * (1 + calls * 2.0**-20), None


def not_a_pair(A: Array, b: Array) -> Answer:
    return lstsq(A, b)[0]  # type: ignore[return-value]


BAD: tuple[Solve, ...] = (
    *(lstsq, segfault, leave, hang, chatter, refuse, crash, warn, shape, dtype, mutate, restless, wakes_late),
    *(not_a_pair, realtime, abort, scribble, forge, answer_twice, dribble, loop, sleep_in_c, swallow, leak, flood),
    *(
        zeros_on_nan,
        propagate,
        be_silent,
        round_up,
        flush,
        move,
        spawn,
        crash_once,
        orphan,
        orphan_with_pipe,
        set_alarm,
        forge_without_key,
        greet_again,
        claim_gigabytes,
        stop_itself,
    ),
)

PLANTED = Library(
    name="planted",
    module="numpy",
    devices=("cpu",),
    environment=NUMPY.environment,
    put=NUMPY.put,
    wait=NUMPY.wait,
    state=NUMPY.state,
    forks=True,
    solvers=tuple(
        Solver(solve.__name__, f"planted: {solve.__name__}", minimum_norm("eps·σ₁", "LinAlgError"), solve)
        for solve in BAD
    ),
)

SOLVERS = {solver.algorithm: solver for solver in PLANTED.solvers}


def serve() -> None:
    from lamm_robust.workers import child

    child.main(sys.argv[1:], (PLANTED,))


if __name__ == "__main__":
    serve()
