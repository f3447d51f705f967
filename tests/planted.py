"""Solvers that misbehave in known ways, and a worker that serves them: run as ``python -m tests.planted``."""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from typing import Any

import numpy as np

from lamm_robust.solvers.contracts import minimum_norm
from lamm_robust.solvers.numpy_ import NUMPY, lstsq
from lamm_robust.values import Array, Library, Solve, Solver

Answer = tuple[Any, Any]


def segfault(A: Array, b: Array) -> Answer:
    os.kill(os.getpid(), signal.SIGSEGV)
    return lstsq(A, b)


def realtime(A: Array, b: Array) -> Answer:
    os.kill(os.getpid(), 40)  # a real-time signal: it has no name
    return lstsq(A, b)


def scribble(A: Array, b: Array) -> Answer:
    os.write(int(sys.argv[5]), b"not a reply\n")
    return lstsq(A, b)


def dribble(A: Array, b: Array) -> Answer:
    for _ in range(100):
        os.write(int(sys.argv[5]), b" ")
        time.sleep(0.1)
    return lstsq(A, b)


def leave(A: Array, b: Array) -> Answer:
    print("so long", file=sys.stderr, flush=True)
    os._exit(7)
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
    *(lstsq, segfault, leave, hang, chatter, refuse, crash, warn, shape, dtype, mutate, restless),
    *(not_a_pair, realtime, scribble, dribble),
)

PLANTED = Library(
    name="planted",
    module="numpy",
    devices=("cpu",),
    environment=NUMPY.environment,
    put=NUMPY.put,
    wait=NUMPY.wait,
    solvers=tuple(
        Solver(solve.__name__, f"planted: {solve.__name__}", minimum_norm("eps·σ₁", "LinAlgError"), solve)
        for solve in BAD
    ),
)

SOLVERS = {solver.algorithm: solver for solver in PLANTED.solvers}


def serve() -> None:
    from lamm_robust import catalog, worker

    catalog.LIBRARY = {"planted": PLANTED}
    worker.main(sys.argv[1:])


if __name__ == "__main__":
    serve()
