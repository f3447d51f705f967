"""What process pools do when tasks crash, never end, or lose their parent: the evidence behind `docs/supervision.md`.

    python docs/evidence/supervision.py

Every pool has two workers and gets the same list of least-squares problems, some of which do harm to the process that
solves them. Each pool runs in a process of its own, which is ended if it takes longer than `PATIENCE`. Libraries that
are not installed are skipped. Linux only: who is alive is read from /proc.
"""

from __future__ import annotations

import contextlib
import importlib.util
import multiprocessing
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from lamm_robust import worker
from lamm_robust.pool import Pool
from lamm_robust.process import THREADS, Kind, Templates
from lamm_robust.solvers.contracts import minimum_norm
from lamm_robust.solvers.numpy_ import NUMPY
from lamm_robust.supervisor import Worker
from lamm_robust.values import Array, Case, Library, Problem, ProblemKey, Solver, Status, Variant

TASKS, CLEAN_TASKS, SHAPE, WORKERS = 300, 5000, (30, 10), 2
LIMIT = 1.0  # seconds per task, where the pool can be told
PATIENCE = 60.0  # seconds per list: ten times what the slowest pool that ends needs
RUNS = 5  # of which the fastest counts, since the processor is shared
HARM = {number: ("loop", "segfault", "leave")[k % 3] for k, number in enumerate(range(15, TASKS, 25))}
LISTS: dict[str, dict[int, str]] = {
    "mixed": HARM,
    "crashes": {number: harm for number, harm in HARM.items() if harm != "loop"},
    "loops": {number: harm for number, harm in HARM.items() if harm == "loop"},
    "slow": {},  # harmless, 20 ms each: there is a middle in which to kill the parent
    "clean": {},  # harmless, and nothing is written down
    "repeated": {},  # the same, and ours calls each task as often as it calls a solver
}
LIST, LOG = os.environ.get("SUPERVISION_LIST", "clean"), os.environ.get("SUPERVISION_LOG", os.devnull)
DO_HARM: dict[str, Callable[[], Any]] = {
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "leave": lambda: os._exit(3),
    "loop": lambda: (signal.signal(signal.SIGTERM, signal.SIG_IGN), sum(repeat(0))),  # in C, for ever
}
Say = Callable[[int, float | None], None]
"""Hears the number of a task, and the seconds inside it, or None if the caller is told of a failure."""

begun = False


def task(problem: tuple[Array, Array]) -> tuple[float, Array]:
    """Write down that it has begun; do its harm, if any; solve. When timed, each process writes only once."""
    global begun
    start, number = time.perf_counter(), int(problem[1][0])
    if LIST in ("mixed", "crashes", "loops", "slow") or not begun:
        begun = True
        with open(LOG, "ab", buffering=0) as log:  # noqa: PTH123 - must cost little
            log.write(b"%d %d %.6f\n" % (number, os.getpid(), start))
    if number in LISTS[LIST]:
        DO_HARM[LISTS[LIST][number]]()
    if LIST == "slow":
        time.sleep(0.02)
    x = np.linalg.lstsq(*problem, rcond=None)[0]
    return time.perf_counter() - start, x


def problems(count: int) -> list[tuple[Array, Array]]:
    """One matrix and as many right-hand sides, each of which begins with its number."""
    A, B = np.random.default_rng(1).standard_normal(SHAPE), np.ones((count, SHAPE[0]))
    B[:, 0] = np.arange(count)
    return [(A, b) for b in B]


# --- the pools: each says what becomes of tasks when it hears of it, and ends in the orderly way -------------------


def from_future(say: Say, number: int, future: Future[Any]) -> None:
    """Say what a future says."""
    say(number, None if future.exception() else future.result()[0])


def with_executor(executor: Executor, batch: int, todo: list[tuple[Array, Array]], say: Say) -> None:
    """An executor of the kind in the standard library; after an error, its `map` says no more."""
    number = 0
    with executor as pool, contextlib.suppress(Exception):
        if batch > 1:
            try:
                for number, (seconds, _) in enumerate(pool.map(task, todo, chunksize=batch)):
                    say(number, seconds)
            except Exception:
                say(number + 1, None)
        else:
            for number, problem in enumerate(todo):
                pool.submit(task, problem).add_done_callback(lambda future, n=number: from_future(say, n, future))  # type: ignore[misc]


def with_concurrent_futures(batch: int, todo: list[tuple[Array, Array]], say: Say) -> None:
    """The standard library's executor."""
    with_executor(ProcessPoolExecutor(WORKERS), batch, todo, say)


def with_loky(batch: int, todo: list[tuple[Array, Array]], say: Say) -> None:
    """Joblib's executor."""
    import loky  # type: ignore[import-untyped]

    with_executor(loky.ProcessPoolExecutor(WORKERS), batch, todo, say)


def with_multiprocessing(batch: int, todo: list[tuple[Array, Array]], say: Say) -> None:
    """The standard library's older pool."""
    pool = multiprocessing.Pool(WORKERS)
    if batch > 1:
        for number, (seconds, _) in enumerate(pool.imap(task, todo, chunksize=batch)):
            say(number, seconds)
    else:
        for number, problem in enumerate(todo):
            pool.apply_async(task, [problem], callback=lambda answer, n=number: say(n, answer[0]))  # type: ignore[misc]
    pool.close()
    pool.join()


def with_pebble(batch: int, todo: list[tuple[Array, Array]], say: Say) -> None:
    """Pebble's pool; of a batch that fails, its `map` gives one error in the place of all answers."""
    import pebble

    with pebble.ProcessPool(max_workers=WORKERS) as pool:
        if batch == 1:
            for number, problem in enumerate(todo):
                future = pool.schedule(task, args=[problem], timeout=LIMIT)
                future.add_done_callback(lambda future, n=number: from_future(say, n, future))  # type: ignore[misc]
            return
        answers, number = pool.map(task, todo, chunksize=batch, timeout=LIMIT).result(), 0
        while number < len(todo):
            try:
                say(number, next(answers)[0])
                number += 1
            except Exception:
                for _ in range(min(batch, len(todo) - number)):
                    say(number, None)
                    number += 1


kept: list[Any] = [None, None]


def foil(A: Array, b: Array) -> tuple[Array, None]:
    """The task as a solver. Ours calls it 4 to 31 times for its time; unless that is asked for, only the first works."""
    if kept[0] is not b or LIST == "repeated":
        kept[:] = b, task((A, b))[1]
    return kept[1], None


FOILS = Library(
    "foils", "numpy", ("cpu",), (Solver("foil", "", minimum_norm("", "LinAlgError"), foil),),
    NUMPY.environment, NUMPY.put, NUMPY.wait, NUMPY.state, forks=True,
)  # fmt: skip


def with_ours(batch: int, todo: list[tuple[Array, Array]], say: Say) -> None:  # noqa: ARG001 - it has its own
    """Our own."""
    keys = [ProblemKey("task", (("number", number),), "float64") for number in range(len(todo))]
    made = {key: (number, Problem(key, *problem)) for number, (key, problem) in enumerate(zip(keys, todo, strict=True))}
    kind = Kind(FOILS, "float64", "cpu", module="supervision")
    cases = [Case(key, Variant("foils", "foil", "float64", "cpu")) for key in keys]
    with Templates() as templates:
        pool = Pool(cases, lambda c: made[c.key][1], lambda *_: Worker(kind, templates.get, LIMIT), slots=WORKERS)
        for answer in (answer for answers in pool for answer in answers):
            outcome = answer.outcome
            say(made[answer.case.key][0], outcome.spent if outcome.status is Status.SOLVED else None)


POOLS: dict[str, tuple[str, tuple[int, ...], Callable[[int, list[tuple[Array, Array]], Say], None]]] = {
    "concurrent.futures": ("concurrent.futures", (1, 64), with_concurrent_futures),
    "multiprocessing.Pool": ("multiprocessing", (1, 64), with_multiprocessing),
    "loky": ("loky", (1, 64), with_loky),
    "pebble": ("pebble", (1, 64), with_pebble),
    "ours": ("lamm_robust", (1,), with_ours),
}


# --- measuring ------------------------------------------------------------------------------------------------------


def inside(pool: str, batch: str) -> None:
    """Run one pool in this process, printing the time first and then each answer with its time."""
    todo = problems(TASKS if LIST in ("mixed", "crashes", "loops", "slow") else CLEAN_TASKS)

    def say(number: int, seconds: float | None) -> None:
        print(number, seconds, time.perf_counter(), flush=len(todo) == TASKS)

    say(-1, 0.0)
    POOLS[pool][2](int(batch), todo, say)


def alive() -> dict[int, int]:
    """Process → its parent, for all that are not zombies."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:2]
            found |= {int(stat.parent.name): int(parent)} if state != "Z" else {}
    return found


def family(pid: int) -> Iterator[int]:
    """All processes below one."""
    for child in [child for child, parent in alive().items() if parent == pid]:
        yield child
        yield from family(child)


@dataclass
class Found:
    """What one pool did with one list."""

    starts: list[list[str]]
    """Number, process and time of each start of a task that was written down."""
    answers: dict[int, float | None]
    took: float
    """Seconds to the last answer."""
    ended: bool
    left: int
    """Processes below it, two seconds after it ended or was killed."""
    looping: int
    """Of these and of what it has below it while it does not end, those in an endless loop."""
    warm: float
    """Seconds from the first start of a task to the last answer."""


def run(pool: str, batch: int, name: str, kill: bool = False) -> Found:
    """One pool with one list, to its end, or killed half a second after task 15 has begun."""
    with tempfile.TemporaryDirectory() as place:
        log, output = Path(place) / "log", Path(place) / "output"
        log.touch()
        extra = THREADS | {"SUPERVISION_LIST": name, "SUPERVISION_LOG": str(log), "PYTHONPATH": str(Path(__file__).parent)}
        command = [sys.executable, "-c", f"import supervision; supervision.inside({pool!r}, '{batch}')"]
