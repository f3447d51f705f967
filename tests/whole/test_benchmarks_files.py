"""How fast journals are read, merged and made into tables, and how much memory that takes.

``pytest --benchmark-only -k full`` (a million made-up records; `quick` and `standard` have fewer). The rate and the
peak of memory are printed, and in ``extra_info``. These are the numbers of docs/scale.md.
"""

from __future__ import annotations

import resource
import subprocess
import sys
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
    return place, many.make(place, request.param)


def command(*arguments: object) -> Callable[[], int]:
    """A function that runs a command line, and returns the most memory that it had, in MiB."""
    words = [sys.executable, "-m", "lamm_robust", *map(str, arguments)]
    # a process of its own between, for the system tells the peak of all children together
    peak = f"import resource as r, subprocess as s; s.run({words!r}, check=True, stdout=s.DEVNULL); "
    peak += "print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss)"

    def run() -> int:
        done = subprocess.run([sys.executable, "-c", peak], cwd=ROOT, check=True, capture_output=True, text=True)
        return int(done.stdout) >> 10

    return run


def test_read(benchmark: BenchmarkFixture, shards: tuple[Path, int], capsys: pytest.CaptureFixture[str]) -> None:
    """Every record of a journal, as an object, in this process."""
    place, _ = shards

    def read() -> int:
        with read_journal(place / "1") as journal:
            return sum(1 for _ in journal.records())

    count = once(benchmark, read)
    tell("read", benchmark, count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, capsys)


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


def once(benchmark: BenchmarkFixture, run: Callable[[], int]) -> int:
    """What one timed call returns."""
    return int(benchmark.pedantic(run, rounds=1))  # type: ignore[no-untyped-call]


def tell(
    what: str, benchmark: BenchmarkFixture, records: int, mebibytes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert benchmark.stats
    seconds = benchmark.stats.stats.min
    benchmark.extra_info.update(records=records, per_second=round(records / seconds), mebibytes=mebibytes)
    with capsys.disabled():
        print(f"\n{what}: {records:,} records in {seconds:.1f} s, {records / seconds:,.0f}/s, {mebibytes} MiB")
