"""Shards on a real Dask scheduler with two worker processes on this machine, one of them killed in the middle."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from rich.console import Console

from lamm_robust.runs import cluster
from lamm_robust.runs.campaign import Campaign
from lamm_robust.runs.campaign import run as run_here
from lamm_robust.runs.plan import Selection, Shard, grid
from lamm_robust.storage.journal import JOURNAL, read_journal
from lamm_robust.values import PRECISIONS, AbsentError, HarnessError, Record, StoreError
from tests.support.clusters import Cluster
from tests.support.processes import descendants
from tests.support.records import without_times

ROOT = Path(__file__).parents[2]

pytest.importorskip("distributed", reason="the extra 'dask' is not installed")

SOLVERS = ("numpy-qr", "numpy-lstsq", "numpy-pinv", "numpy-normal-*")
SELECTION = Selection("quick", ("float64",), ("cpu",), SOLVERS, ("polynomial", "nist", "near_rank"))


@pytest.fixture(autouse=True)
def no_garbage() -> None:
    """A client that found no scheduler is closed when it is collected, which deadlocks while another client starts."""
    gc.collect()


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    started = Cluster(tmp_path_factory.mktemp("dask"), 2)
    yield started
    started.close()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the same cases, run without a cluster."""
    out = tmp_path_factory.mktemp("here")
    assert run_here(campaign(out), Console(quiet=True)) == 0
    return out


@pytest.fixture(scope="module")
def here(finished: Path) -> dict[str, Record]:
    """What it holds."""
    return records(finished)


def campaign(out: Path) -> Campaign:
    return Campaign(SELECTION, "exact", out)


def records(out: Path) -> dict[str, Record]:
    with read_journal(out) as journal:
        found = [without_times(record) for record in journal.records()]
    assert len({record.key for record in found}) == len(found)
    return {record.key: record for record in found}


def test_a_cluster_gives_the_records_of_a_local_run(two: Cluster, here: dict[str, Record], tmp_path: Path) -> None:
    assert cluster.run(two.address, campaign(tmp_path), Console(quiet=True)) == 0
    assert records(tmp_path) == here
    assert not (tmp_path / "shards").exists()


def test_what_is_all_there_is_not_run_again(
    two: Cluster, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a kill when all was merged: answers of solvers that do not repeat them would not go together."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    before, sent = (tmp_path / JOURNAL).read_bytes(), Mock()
    monkeypatch.setattr(cluster, "_fetch", sent)
    assert cluster.run(two.address, campaign(tmp_path), Console(quiet=True)) == 0
    assert not sent.called
    assert (tmp_path / JOURNAL).read_bytes() == before
    more = replace(campaign(tmp_path), selection=replace(SELECTION, solvers=(*SOLVERS, "numpy-tsqr")))
    assert not cluster.is_complete(more)
    assert not cluster.is_complete(replace(campaign(tmp_path), oracle="auto"))
    assert not cluster.is_complete(campaign(tmp_path / "elsewhere"))


def test_a_run_goes_on_where_it_was(two: Cluster, here: dict[str, Record], tmp_path: Path) -> None:
    part = Shard(2, 3)
    place = cluster.shard_directory(tmp_path / "shards", part)
    assert run_here(Campaign(replace(SELECTION, shard=part), "exact", place), Console(quiet=True)) == 0
    kept = (place / JOURNAL).stat().st_mtime_ns
    sent: list[str] = []
    original = cluster.shard_command

    def noted(campaign: Campaign, part: Shard) -> list[str]:
        sent.extend([str(part)] if part != Shard() else [])  # the whole plan only names what the shards are of
        return original(campaign, part)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "shard_command", noted)
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        assert cluster.run(two.address, campaign(tmp_path), Console(quiet=True)) == 0
    assert sent == ["1/3", "3/3"], "the plan stays split as it was, and what is there is not sent out again"
    done = tmp_path / cluster.DONE / place.name  # where a whole merge leaves what it then deletes
    assert (done / JOURNAL).stat().st_mtime_ns == kept
    assert records(tmp_path) == here


def test_a_killed_worker_costs_nothing(two: Cluster, here: dict[str, Record], tmp_path: Path) -> None:
    victim = two.workers[0]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    killer = subprocess.Popen([sys.executable, "-c", KILL, str(victim.pid)], cwd=ROOT, env=environment)
    try:
        assert cluster.run(two.address, campaign(tmp_path / "out"), Console(quiet=True)) == 0
        assert killer.wait() == 0, "the worker was killed while a shard ran on it"
        assert victim.wait() == -signal.SIGKILL
        found = records(tmp_path / "out")
        assert found.keys() == here.keys()
        assert [(found[key], here[key]) for key in here if found[key] != here[key]] == []
    finally:
        two.staff(2)


# Waits until a shard runs below the Dask worker, kills the worker, and sees that the shard goes with it.
KILL = """
import os, signal, sys, time
from tests.support.processes import descendants, eventually, parents
worker = int(sys.argv[1])
eventually(lambda: descendants(worker))
time.sleep(0.3)
shard = set(descendants(worker))
os.kill(worker, signal.SIGKILL)
eventually(lambda: not shard & set(parents()))
"""


def test_a_shard_that_fails_is_named(two: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "shard_command", lambda campaign, part: ["run", "--profile", "no such"])
    with pytest.raises(HarnessError, match=r"(?s)shard \d+/4 ended with exit code 2: .*'no such'"):
        cluster.run(two.address, campaign(tmp_path), Console(quiet=True))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "no address", ""])
def test_no_scheduler(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    with pytest.raises(AbsentError, match="no Dask scheduler answers at"):
        cluster.run(address, campaign(tmp_path), Console(quiet=True))


def test_the_command_line_of_a_shard_is_the_campaign() -> None:
    selection = Selection("quick", ("float32", "float64"), ("cpu",), ("numpy", "*-qr"), ("nist",))
    words = cluster.shard_command(
        Campaign(selection, "mpmath", Path(), case_seconds=2.5, case_memory=1 << 30), Shard(3, 7)
    )
    asked = "run --profile quick --precision all --device cpu --solver numpy --solver *-qr --family nist"
    assert " ".join(words) == f"{asked} --oracle mpmath --shard 3/7 --workers 1 --case-seconds 2.5 --case-memory 1024"


def test_shards_without_cases_are_not_sent() -> None:
    few = Selection("quick", ("float64",), ("cpu",), ("numpy-qr",), ("polynomial",))
    problems = len(grid("quick", "float64", ["polynomial"]))
    assert few.parts(problems + 1) == [Shard(number, problems + 1) for number in range(1, problems + 1)]
    assert few.parts(2) == [Shard(1, 2), Shard(2, 2)]
    single = replace(few, precisions=PRECISIONS, solvers=("numpy-qr-float64-cpu",))  # half of the problems have no case
    assert few.parts(1) == single.parts(1) == [Shard(1, 1)]
    assert len(single.parts(10 * problems)) == problems < len(single.problems())


def test_descendants_sees_children() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        assert child.pid in descendants(os.getpid())
        child.kill()


def test_shards_of_another_command_are_not_taken_for_its_own(two: Cluster, tmp_path: Path) -> None:
    cluster.check_plan(campaign(tmp_path), tmp_path / "shards")
    other = replace(campaign(tmp_path), oracle="mpmath")
    with pytest.raises(StoreError, match=r"holds shards of another command \(run --profile .*use --fresh or another"):
        cluster.run(two.address, other, Console(quiet=True))


def test_nothing_is_deleted_before_there_is_a_cluster(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    before = (tmp_path / JOURNAL).read_bytes()
    with pytest.raises(AbsentError, match="no Dask scheduler"):
        cluster.run("tcp://127.0.0.1:1", replace(campaign(tmp_path), fresh=True), Console(quiet=True))
    assert (tmp_path / JOURNAL).read_bytes() == before


def test_a_directory_in_use_is_not_started_over(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    with (tmp_path / JOURNAL).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="held by another run"):
            cluster.start_over(tmp_path)
    assert (tmp_path / JOURNAL).exists()
    cluster.start_over(tmp_path)
    assert not (tmp_path / JOURNAL).exists()


def test_a_shard_without_a_journal_is_a_failure(two: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "run_shard", lambda command: (4, "nothing ran: no GPU found", b""))
    with pytest.raises(HarnessError, match=r"shard \d+/4 ended with exit code 4: nothing ran: no GPU found"):
        cluster.run(two.address, campaign(tmp_path), Console(quiet=True))
