"""What process pools do when tasks crash, never end, or lose their parent: the evidence behind `docs/supervision.md`.

    python docs/evidence/supervision.py

Every pool has two workers and gets the same least-squares problems, some of which do harm to the process that solves
them. Each pool runs in a process of its own, which is ended if it takes longer than `PATIENCE`. Pools that are not
installed are skipped. Linux only: who is alive is read from /proc. It takes ten minutes, mostly of waiting.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lamm_robust.solvers.contracts import minimum_norm
from lamm_robust.solvers.numpy_ import NUMPY
from lamm_robust.values import Array, Case, Library, Problem, ProblemKey, Solver, Variant
from lamm_robust.workers import child
from lamm_robust.workers.containment import die_with
from lamm_robust.workers.pool import Pool
from lamm_robust.workers.process import THREADS, Kind, Templates
from lamm_robust.workers.supervisor import Worker

TASKS, CLEAN_TASKS, SHAPE, WORKERS = 300, 5000, (30, 10), 2
LIMIT = 1.0  # seconds per task, or per batch, where the pool can be told
PATIENCE = 60.0  # seconds per list: several times what any pool needs that ends at all
RUNS = 5  # of which the fastest counts, since the processor is shared
HARM = {number: ("loop", "segfault", "leave")[k % 3] for k, number in enumerate(range(15, TASKS, 25))}
LISTS: dict[str, dict[int, str]] = {
    "mixed": HARM,
    "crashes": {number: harm for number, harm in HARM.items() if harm != "loop"},
    "loops": {number: harm for number, harm in HARM.items() if harm == "loop"},
    "slow": {},  # harmless, 20 ms each: it has a middle in which to kill the parent
    "clean": {},  # harmless; only the first task of each process is written down
    "repeated": {},  # the same, and ours calls each task as often as it calls a solver
}
LIST, LOG = os.environ.get("SUPERVISION_LIST", "clean"), os.environ.get("SUPERVISION_LOG", os.devnull)
TIMED = LIST in ("clean", "repeated")

Task = tuple[int, Array, Array]
Say = Callable[[int, float | None], None]  # a task's number, and the seconds inside it or None if it failed
begun = False


def solve(number: int, A: Array, b: Array) -> tuple[int, float, Array]:
    """Write down that it has begun; do its harm, if any; solve. Its number, the seconds that it took, and x."""
    global begun
    start, harm = time.perf_counter(), LISTS[LIST].get(number)
    if not (TIMED and begun):
        begun = True
        with open(LOG, "ab", buffering=0) as log:  # noqa: PTH123 - must cost little
            log.write(b"%d %d %.6f\n" % (number, os.getpid(), start))
    if harm == "loop":  # never comes back to the interpreter, and is deaf to polite requests to end
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sum(repeat(0))
    elif harm == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif harm == "leave":
        os._exit(3)
    time.sleep(0.02 if LIST == "slow" else 0)
    x = np.linalg.lstsq(A, b, rcond=None)[0]
    return number, time.perf_counter() - start, x


def solve_all(batch: list[Task]) -> list[tuple[int, float, Array]]:
    """Some tasks in one go, as the `chunksize` of pools has it."""
    return [solve(*task) for task in batch]


def hear(say: Say, batch: list[Task], future: Future[Any]) -> None:
    """Say what a future says; its error is that of the whole batch."""
    answers = [(number, None) for number, *_ in batch] if future.exception() else future.result()
    for number, seconds, *_ in answers:
        say(number, seconds)


def with_executor(module: str, batches: list[list[Task]], say: Say) -> None:
    """The executor of the standard library, and joblib's, which follows it."""
    executor = importlib.import_module(module).ProcessPoolExecutor(WORKERS)
    with executor as pool, contextlib.suppress(RuntimeError):  # when it is broken it takes no more tasks
        for batch in batches:
            pool.submit(solve_all, batch).add_done_callback(partial(hear, say, batch))


def with_multiprocessing(module: str, batches: list[list[Task]], say: Say) -> None:
    """The standard library's older pool."""
    with importlib.import_module(module).Pool(WORKERS) as pool:
        for number, seconds, _ in chain.from_iterable(pool.imap_unordered(solve_all, batches)):
            say(number, seconds)


def with_pebble(module: str, batches: list[list[Task]], say: Say, helped: bool = False) -> None:
    """Pebble's pool; helped by ending its workers with their parent, and killing them soon after asking them to end."""
    pebble, help_ = importlib.import_module(module), {}
    if helped:
        pebble.CONSTS.term_timeout, help_ = 0.1, {"initializer": die_with, "initargs": [os.getpid()]}
    with pebble.ProcessPool(WORKERS, **help_) as pool:
        for batch in batches:
            pool.schedule(solve_all, [batch], timeout=LIMIT).add_done_callback(partial(hear, say, batch))


kept: list[Any] = [None, None]


def foil(A: Array, b: Array) -> tuple[Array, None]:
    """The task as a solver. Ours calls it 4 to 31 times for its time; unless that is wanted, only the first works."""
    if kept[0] is not b or LIST == "repeated":
        kept[:] = b, solve(int(b[0]), A, b)[2]
    return kept[1], None


FOILS = Library(
    "foils", "numpy", ("cpu",), (Solver("foil", "", minimum_norm("", "LinAlgError"), foil),),
    NUMPY.environment, NUMPY.put, NUMPY.wait, NUMPY.state, forks=True,
)  # fmt: skip


def with_ours(_: str, batches: list[list[Task]], say: Say) -> None:
    """Our own."""
    problems = [Problem(ProblemKey("task", (("n", n),), "float64"), A, b) for batch in batches for n, A, b in batch]
    cases = {Case(p.key, Variant("foils", "foil", "float64", "cpu")): (n, p) for n, p in enumerate(problems)}
    kind = Kind(FOILS, "float64", "cpu", module="supervision")
    with Templates() as templates:
        pool = Pool(cases, lambda case: cases[case][1], lambda *_: Worker(kind, templates.get, LIMIT), WORKERS)
        for answer in chain.from_iterable(pool):
            say(cases[answer.case][0], None if answer.outcome.x is None else answer.outcome.spent)


POOLS: dict[str, tuple[str, tuple[int, ...], Callable[[str, list[list[Task]], Say], None]]] = {
    "concurrent.futures": ("concurrent.futures", (1, 8, 64), with_executor),
    "multiprocessing.Pool": ("multiprocessing", (1, 8, 64), with_multiprocessing),
    "loky": ("loky", (1, 8, 64), with_executor),
    "pebble": ("pebble", (1, 8, 64), with_pebble),
    "pebble, helped": ("pebble", (1, 8, 64), partial(with_pebble, helped=True)),
    "ours": ("lamm_robust", (1,), with_ours),
}


def inside(pool: str, size: int) -> None:
    """Run one pool in this process: print the time, and then a line for each answer."""
    module, _, use = POOLS[pool]
    A, B = np.random.default_rng(1).standard_normal(SHAPE), np.ones((CLEAN_TASKS if TIMED else TASKS, SHAPE[0]))
    B[:, 0] = np.arange(len(B))  # a solver is given no number: the right-hand side tells it
    tasks: list[Task] = [(number, A, b) for number, b in enumerate(B)]
    print(0, 0.0, time.perf_counter(), flush=True)
    batches = [tasks[first : first + size] for first in range(0, len(tasks), size)]
    use(module, batches, lambda *said: print(f"{said[0]} {said[1]} {time.perf_counter()}\n", end="", flush=not TIMED))


def marked(mark: str) -> set[int]:
    """The processes that have it in their environment, as all below the one that was given it do; no zombies."""
    found = set()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # another user's, or it has ended
            found |= {int(environ.parent.name)} if mark.encode() in environ.read_bytes() else set()
    return found


class Found(NamedTuple):
    """What became of a list."""

    answers: dict[int, float | None]
    begun: list[int]  # the numbers of tasks, as often as they began
    seconds: tuple[float, float]  # to the first beginning of a task, and from there to the last answer
    ended: bool
    alive: set[int]  # its processes when it had ended or hung, or two seconds after it was killed
    looping: set[int]  # those of them that are in an endless loop


def run(pool: str, size: int, name: str, kill: bool = False) -> Found:
    """One pool with one list: until it ends or hangs, or killed half a second after task 15 has begun."""
    with tempfile.NamedTemporaryFile("r") as log, tempfile.TemporaryFile("r+") as output:
        here = {"PYTHONPATH": str(Path(__file__).parent), "SUPERVISION_LIST": name, "SUPERVISION_LOG": log.name}
        command = [sys.executable, "-c", f"import supervision; supervision.inside({pool!r}, {size})"]
        child = subprocess.Popen(command, env=os.environ | THREADS | here, stdout=output, stderr=subprocess.DEVNULL)
        while kill and Path(log.name).read_text().count("\n") <= min(HARM):
            time.sleep(0.01)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.5 if kill else PATIENCE)
        ended = child.poll() is not None
        if kill:
            child.kill()
        time.sleep(2.0 if kill or LISTS[name] else 0.0)
        alive = marked(log.name) - {child.pid}
        for pid in marked(log.name):
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, signal.SIGKILL)
        child.wait()
        starts = [(int(number), int(pid), float(start)) for number, pid, start in map(str.split, log)]
        output.seek(0)
        (*_, zero), *lines = map(str.split, output)
    answers = {int(number): None if seconds == "None" else float(seconds) for number, seconds, _ in lines}
    first = min(start for *_, start in starts)
    last = max((float(at) for *_, at in lines), default=first)
    looping = {pid for number, pid, _ in starts if LISTS[name].get(number) == "loop"} & alive
    return Found(answers, [n for n, *_ in starts], (first - float(zero), last - first), ended, alive, looping)


def misfortune(pool: str, size: int, name: str) -> tuple[object, ...]:
    """The cells of a list with harmful tasks in it."""
    found, harm = run(pool, size, name), LISTS[name]
    failed = {number for number, seconds in found.answers.items() if seconds is None}
    silent = set(range(TASKS)) - harm.keys() - found.answers.keys()
    twice = sum(count > 1 for count in Counter(found.begun).values())
    loops = sum(harm.get(number) == "loop" for number in found.begun)
    took = (f"{sum(found.seconds):.1f} s, " if len(found.answers) == TASKS else "") + ("" if found.ended else "hung")
    told, looping = f"{len(failed & harm.keys())}/{len(harm)}", f"{len(found.looping)}/{loops}"
    return len(silent), len(failed - harm.keys()), told, twice, looping, took.removesuffix(", ")


def expense(pool: str, size: int, name: str = "clean") -> tuple[str, ...]:
    """The cells of a harmless list: seconds to the first task; microseconds of a worker per task, and beyond it."""
    best = min((run(pool, size, name) for _ in range(RUNS)), key=lambda found: found.seconds[1])
    whole, inside = WORKERS * best.seconds[1], sum(filter(None, best.answers.values()))
    return f"{best.seconds[0]:.2f} s", *(f"{s / CLEAN_TASKS * 1e6:.0f}" for s in (whole, whole - inside))


def main() -> None:
    """Measure and print."""
    print("| pool | batch | list | silent | blamed | told | twice | looping | time |\n" + "| --- " * 9 + "|")
    here = {name: sizes for name, (module, sizes, _) in POOLS.items() if importlib.util.find_spec(module)}
    todo = ((1, "mixed"), (1, "crashes"), (1, "loops"), (8, "mixed"))
    for pool, size, name in ((pool, *what) for pool in here for what in todo if what[0] in here[pool]):
        print("|", *(f"{cell} |" for cell in (pool, size, name, *misfortune(pool, size, name))), flush=True)
    print("\n| pool | batch | start | per task, µs | beyond, µs | left | left, loops |\n" + "| --- " * 7 + "|")
    for pool, size in ((pool, size) for pool, sizes in here.items() for size in sizes if size != 8):
        left = (len(run(pool, size, name, kill=True).alive) for name in ("slow", "loops"))
        print("|", *(f"{cell} |" for cell in (pool, size, *expense(pool, size), *left)), flush=True)
    print("|", *(f"{cell} |" for cell in ("ours, repeating", 1, *expense("ours", 1, "repeated"), "", "")))
    for pool in POOLS.keys() - here.keys():
        print(f"\n{pool}: not measured: not installed")


if __name__ == "__main__":
    child.main(sys.argv[1:], (FOILS,)) if sys.argv[1:] else main()
