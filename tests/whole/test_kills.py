"""Commands whose processes are killed -9 at random times lose nothing, double nothing, and judge nobody for it.

What a run has left is compared with an uninterrupted one by a reader that shares no code with lamm-robust.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.harassed import STAGES, attempts
from tests.support.kills import ROOT
from tests.support.processes import descendants


def run(out: Path, *selection: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "lamm_robust", "run", "--out", str(out), "--workers", "2", *selection]
    with out.with_suffix(".err").open("wb") as errors:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True)


def kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def harassed(out: Path, marks: list[int], seed: int, *selection: str) -> Counter[str]:
    """Run to the end, restarting as often as it takes, and kill each time the journal has grown to a mark; whom, and
    how often."""
    chance, dead, left = random.Random(seed), Counter[str](), sorted(marks)
    running = run(out, *selection)
    while running.poll() != 0:
        if running.returncode is not None:
            assert running.returncode == -signal.SIGKILL, out.with_suffix(".err").read_text()
            running = run(out, *selection)
        elif left and size(out) >= left[0]:
            time.sleep(chance.uniform(0.0, 0.3))  # it may just have started, and not yet be where it was
            whom = chance.choice(["worker", "worker", "worker", "parent", "both"])
            children = descendants(running.pid)
            before = dead.total()
            if whom != "parent" and children and kill(chance.choice(children)):
                dead["worker"] += 1
            if whom != "worker" and kill(running.pid):
                dead["parent"] += 1
            del left[: dead.total() > before]
        else:
            time.sleep(0.002)
    return dead


def size(out: Path) -> int:
    """Bytes of a journal that there may not be yet."""
    path = out / "journal.jsonl"
    return path.stat().st_size if path.exists() else 0


def compare(tmp_path: Path, kills: int, seed: int, *selection: str) -> tuple[Counter[str], int]:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    assert run(whole, *selection).wait() == 0
    chance = random.Random(seed)
    dead = harassed(torn, [chance.randrange(size(whole) * 9 // 10) for _ in range(kills)], seed, *selection)
    expected = dict(attempts(whole / "journal.jsonl"))
    found = list(attempts(torn / "journal.jsonl"))
    counts = Counter(name for name, _ in found)
    assert set(counts) == set(expected), "lost"
    assert max(counts.values()) == 1, "doubled"
    different = {name: (said, expected[name]) for name, said in found if said != expected[name]}
    assert not different
    return dead, len(found)


def test_a_few_kills(tmp_path: Path) -> None:
    solvers = ("numpy-qr", "numpy-lstsq", "numpy-pinv", "numpy-normal-lu")
    words = [word for solver in solvers for word in ("--solver", solver)]
    dead, cases = compare(tmp_path, 8, 1, *words, "--precision", "float64")
    assert dead.total() > 0  # others may be due when all is done
    assert cases > 500


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_kills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = time.monotonic()
    dead, cases = compare(tmp_path, 150, 2, "--profile", "standard", "--solver", "numpy", "--solver", "scipy")
    with capsys.disabled():
        print(f"\n{dead.total()} kills ({dict(dead)}) over {cases} cases in {time.monotonic() - start:.0f} s")
    assert dead.total() >= 100


KILLS = 50
"""Of each stage, at least."""


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("stage", STAGES)
def test_a_command_killed_at_any_time_goes_on(stage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if stage == "dask":
        pytest.importorskip("distributed", reason="the extra 'dask' is not installed")
    command = [sys.executable, "-m", "tests.support.harassed", stage, str(tmp_path), str(KILLS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with capsys.disabled():
        print(f"\n{done.stdout}", end="")
