"""How fast journals are read, merged and made into tables, and how much memory that takes.

``pytest --benchmark-only -k full`` (a million records of the reference under other keys; `quick` and `standard` have
fewer). The rate, the processor time and the peak of memory are printed, and in ``extra_info``. These are the numbers of
docs/scale.md.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from lamm_robust.storage.journal import read_journal
from tests.support import many

pytestmark = pytest.mark.timeout(7200)  # to make a million records alone takes minutes
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["quick", "standard", "full"])
def shards(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A directory with four shards of a profile, and the number of their records together."""
    place = tmp_path_factory.mktemp(request.param)
    make = [sys.executable, "-m", "tests.support.many", str(place), request.param]  # its memory is not what is measured
    return place, int(subprocess.run(make, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


Used = tuple[int, float]
"""The most memory that was taken, in MiB, and the seconds of processor time."""


def command(*arguments: object) -> Callable[[], Used]:
    """A function that runs a command line, and returns what it has used."""
    words = [sys.executable, "-m", "lamm_robust", *map(str, arguments)]
    # a process of its own between, for the system tells the peak of all children together
    peak = f"import resource as r, subprocess as s; s.run({words!r}, check=True, stdout=s.DEVNULL); "
    peak += "u = r.getrusage(r.RUSAGE_CHILDREN); print(u.ru_maxrss, u.ru_utime + u.ru_stime)"

    def run() -> Used:
        done = subprocess.run([sys.executable, "-c", peak], cwd=ROOT, check=True, capture_output=True, text=True)
        memory, seconds = done.stdout.split()
        return int(memory) >> 10, float(seconds)

    return run


def test_read(benchmark: BenchmarkFixture, shards: tuple[Path, int], capsys: pytest.CaptureFixture[str]) -> None:
    """Every record of a journal, as an object, in this process."""
    place, _ = shards

    def read() -> tuple[int, float]:
        before = time.process_time()
        with read_journal(place / "1") as journal:
            return sum(1 for _ in journal.records()), time.process_time() - before

    count, seconds = once(benchmark, read)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    tell("read", benchmark, count, (memory, seconds), capsys)


@pytest.mark.parametrize("what", ["merge", "tables", "compare"])
def test_command(
    what: str, benchmark: BenchmarkFixture, shards: tuple[Path, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """A command line over all shards, which `merge` makes one directory with tables."""
    place, count = shards
    out = place / "all"
    parts = [place / str(number) for number in range(1, many.SHARDS + 1)]
    merge = command("merge", *parts, "--out", out)
    if what != "merge" and not out.exists():
        merge()
    run = {"merge": merge, "tables": command("tables", out), "compare": command("compare", out, out)}[what]
    tell(what, benchmark, count, once(benchmark, run), capsys)


def once(benchmark: BenchmarkFixture, run: Callable[[], tuple[int, float]]) -> tuple[int, float]:
    """What one timed call returns."""
    first, second = benchmark.pedantic(run, rounds=1)  # type: ignore[no-untyped-call]
    return int(first), float(second)


def tell(what: str, benchmark: BenchmarkFixture, records: int, used: Used, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.stats
    seconds, (mebibytes, computed) = benchmark.stats.stats.min, used
    benchmark.extra_info.update(records=records, seconds=round(computed, 1), mebibytes=mebibytes)
    with capsys.disabled():
        print(
            f"\n{what}: {records:,} records in {seconds:.1f} s, {computed:.1f} s of processor time "
            f"({records / computed:,.0f} records per second of it), {mebibytes} MiB"
        )
