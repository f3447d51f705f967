"""What process pools do when tasks crash, hang, or lose their parent: the evidence behind `docs/supervision.md`.

    python -m docs.evidence.supervision

Every pool has two workers and gets the same 300 tasks; some of them crash or never end. Each pool runs in a process of
its own, which is stopped if it takes longer than `PATIENCE`. Pebble and loky are measured if they are installed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from lamm_robust import worker
from lamm_robust.pool import Pool
from lamm_robust.process import Kind, Templates
from lamm_robust.solvers.contracts import minimum_norm
from lamm_robust.solvers.numpy_ import NUMPY
from lamm_robust.supervisor import Worker
from lamm_robust.values import Case, Library, Problem, ProblemKey, Solver, Status, Variant

TASKS, CLEAN_TASKS, LIMIT, PATIENCE = 300, 5000, 1.0, 30.0
CRASHES, LOOPS = frozenset(range(20, TASKS, 30)), frozenset(range(35, TASKS, 75))
LOG = "SUPERVISION_LOG"


def task(number: int) -> int:
    """Say that it has begun; then crash, never end, or return twice the number. Where the pool is timed, only that."""
    if os.environ["SCENARIO"] == "clean":
        return 2 * number
    with open(os.environ[LOG], "ab", buffering=0) as log:  # noqa: PTH123 - must cost little
        log.write(b"%d %d\n" % (number, os.getpid()))
    if os.environ["SCENARIO"] == "crashes" and number in CRASHES:
        os.kill(os.getpid(), signal.SIGSEGV)
    if os.environ["SCENARIO"] == "loops" and number in LOOPS:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sum(repeat(0))
    return 2 * number


# --- the pools: each yields a number and whether its task was answered rightly, for tasks that it answers at all -----


def from_futures(futures: Iterable[tuple[int, Future[int]]]) -> Iterator[tuple[int, bool]]:
    """What comes of futures, for as long as any comes."""
    for number, future in futures:
        try:
            yield number, future.result(timeout=LIMIT + 2) == 2 * number
        except FutureTimeoutError:
            if not future.done():
                continue
            yield number, False
        except Exception:
            yield number, False


def with_concurrent_futures(count: int) -> Iterator[tuple[int, bool]]:
    """The standard library's executor."""
    pool = ProcessPoolExecutor(2)
    yield from from_futures([(n, pool.submit(task, n)) for n in range(count)])


def with_multiprocessing(count: int) -> Iterator[tuple[int, bool]]:
    """The standard library's older pool."""
    import multiprocessing

    pool = multiprocessing.Pool(2)
    results = [pool.apply_async(task, (n,)) for n in range(count)]
    for number, result in enumerate(results):
        try:
            yield number, result.get(timeout=LIMIT + 2) == 2 * number
        except multiprocessing.TimeoutError:
            continue


def with_loky(count: int) -> Iterator[tuple[int, bool]]:
    """Joblib's executor."""
    from loky import ProcessPoolExecutor as Loky  # type: ignore[import-untyped]

    pool = Loky(2)
    yield from from_futures([(n, pool.submit(task, n)) for n in range(count)])


def with_pebble(count: int) -> Iterator[tuple[int, bool]]:
    """Pebble's pool, with its limit on time."""
    from pebble import ProcessPool

    pool = ProcessPool(max_workers=2)
    futures = [(n, pool.schedule(task, args=[n], timeout=LIMIT)) for n in range(count)]
    for number, future in futures:
        try:
            yield number, future.result() == 2 * number
        except Exception:
            yield number, False


def foil(A: Any, b: Any) -> tuple[Any, None]:  # noqa: ARG001 - part of the protocol
    """The task as a solver, whose right-hand side is the number."""
    task(int(b[0]))
    return np.array([2 * b[0]]), None


FOILS = Library(
    "foils", "numpy", ("cpu",), (Solver("foil", "", minimum_norm("", "LinAlgError"), foil),),
    NUMPY.environment, NUMPY.put, NUMPY.wait, NUMPY.state, forks=True,
)  # fmt: skip


def with_ours(count: int) -> Iterator[tuple[int, bool]]:
    """Our own."""
    variant = Variant("foils", "foil", "float64", "cpu")
    keys = [ProblemKey("task", (("number", n),), "float64") for n in range(count)]
    problems = {key: Problem(key, np.ones((1, 1)), np.array([float(n)])) for n, key in enumerate(keys)}
    with Templates() as templates:
        kind = Kind(FOILS, "float64", "cpu", module="docs.evidence.supervision")
        pool = Pool(
            [Case(key, variant) for key in keys],
            lambda case: problems[case.key],
            lambda *_: Worker(kind, templates.get, LIMIT),
            slots=2,
        )
        for answer in (answer for answers in pool for answer in answers):
            yield dict(answer.case.key.params)["number"], answer.outcome.status is Status.SOLVED  # type: ignore[misc]


POOLS: dict[str, tuple[str, Callable[[int], Iterator[tuple[int, bool]]]]] = {
    "concurrent.futures": ("concurrent.futures", with_concurrent_futures),
    "multiprocessing.Pool": ("multiprocessing", with_multiprocessing),
    "loky": ("loky", with_loky),
    "pebble": ("pebble", with_pebble),
    "ours": ("lamm_robust", with_ours),
}


# --- measuring ------------------------------------------------------------------------------------------------------


def below(pid: int) -> list[int]:
    """The processes below one that are alive."""
    alive = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            alive[int(stat.parent.name)] = int(parent)
    found = [pid]
    for one in found:
        found += [child for child, parent in alive.items() if parent == one]
    return found[1:]


def inside(pool: str, scenario: str) -> None:
    """Run one pool, and print what came of it; then end without waiting for anybody."""
    count = CLEAN_TASKS if scenario == "clean" else TASKS
    start, answers = time.perf_counter(), dict[int, bool]()
    for number, right in POOLS[pool][1](count):
        answers[number] = right
        print(json.dumps([number, right, time.perf_counter() - start]), flush=True)
    os._exit(0)


def run(pool: str, scenario: str, kill_after: float | None = None) -> dict[str, Any]:
    """One pool in one scenario: what it answered, what it started twice, and who was left alive."""
    with tempfile.NamedTemporaryFile() as log, tempfile.TemporaryFile("w+") as output:
        environment = os.environ | {LOG: log.name, "SCENARIO": scenario}
        command = [sys.executable, "-m", "docs.evidence.supervision", "--inside", pool, scenario]
        child = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.DEVNULL)
        workers: set[int] = set()
        deadline = time.monotonic() + (kill_after or PATIENCE)
        while child.poll() is None and time.monotonic() < deadline:
            workers |= set(below(child.pid))
            time.sleep(0.05)
        hung = child.poll() is None
        child.kill()
        child.wait()
        time.sleep(2.0)
        left = [pid for pid in workers if Path(f"/proc/{pid}").exists()]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        started = Counter(line.split()[0] for line in set(Path(log.name).read_text(encoding="utf-8").splitlines()))
        output.seek(0)
        lines = [json.loads(line) for line in output if line.endswith("]\n")]
    answers = {number: right for number, right, _ in lines}
    bad = {"crashes": CRASHES, "loops": LOOPS}.get(scenario, frozenset())
    return {
        "innocent lost": sum(answers.get(n) is not True for n in range(TASKS) if n not in bad),
        "guilty named": sum(answers.get(n) is False for n in bad),
        "twice": sum(count > 1 for count in started.values()),
        "left": len(left),
        "hung": hung,
        "seconds": lines[-1][2] if lines else float("nan"),
    }


def cell(found: dict[str, Any], bad: int) -> list[str]:
    """A scenario as table cells."""
    took = f"hung (> {PATIENCE:.0f} s)" if found["hung"] else f"{found['seconds']:.1f} s"
    return [str(found["innocent lost"]), f"{found['guilty named']}/{bad}", str(found["twice"]), took]


def main() -> None:
    """Measure all pools and print a Markdown table."""
    head = ["pool", *("lost", "told", "twice", "time") * 2, "left alive", "µs per task"]
    print(f"{TASKS} tasks, {len(CRASHES)} of which crash, or {len(LOOPS)} of which never end\n")
    print("| " + " | ".join(head) + " |\n" + "| --- " * len(head) + "|", flush=True)
    for name, (module, _) in POOLS.items():
        if importlib.util.find_spec(module) is None:
            print(f"| {name} | not measured: not installed |")
            continue
        crashes, loops = run(name, "crashes"), run(name, "loops")
        killed = run(name, "loops", kill_after=2.5)
        clean = min(run(name, "clean")["seconds"] for _ in range(3))
        row = [*cell(crashes, len(CRASHES)), *cell(loops, len(LOOPS)), str(killed["left"])]
        print("| " + " | ".join([name, *row, f"{clean / CLEAN_TASKS * 1e6:.0f}"]) + " |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(*sys.argv[2:])
    elif sys.argv[1:]:
        worker.main(sys.argv[1:], (FOILS,))
    else:
        main()
