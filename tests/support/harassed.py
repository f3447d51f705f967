"""Commands whose processes are killed at random times, and which are given again until they end.

``python -m tests.support.harassed STAGE PLACE KILLS`` prints how many processes were killed, and what went wrong:
something lost, doubled, judged otherwise or left running, or a command that does not go on by itself. A process of its
own keeps JAX's threads out of what is forked: commands begin with everything imported, and so in what they do.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamm_robust.catalog import find_oracle
from lamm_robust.cli.main import main
from lamm_robust.defaults import Exit
from lamm_robust.hunt import quarry
from lamm_robust.hunt.hunt import prey, sentence
from lamm_robust.keys import parse_key
from lamm_robust.storage import findings
from lamm_robust.storage.cache import VARIABLE, Cache
from tests.support.clusters import Cluster
from tests.support.kills import ROOT
from tests.support.processes import descendants, eventually, parents

KILLS_PER_ROUND = 4
"""At most: then a command is let go on to its end, and what it leaves is looked at."""

GOES_ON = 3
"""How often a command that nobody kills is given at most, if it says that it goes on."""

PATIENCE = 1200.0
"""Seconds after which a command hangs: some hundred times what any of them takes."""


def attempts(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Each attempt in a journal: its problem and solver, and everything said of it but the times.

    It shares no code with lamm-robust.
    """
    for line in path.read_bytes().splitlines():
        checksum, text = line[:8], line[9:]
        assert int(checksum, 16) == zlib.crc32(text)
        content = json.loads(text)
        if "attempts" not in content:
            continue
        key, digest, *_ = content["problem"]
        precision = content["problem"][5]
        for library, algorithm, device, promises, status, verdict, warned, repeatable, *rest in content["attempts"]:
            cause, message, rank, _, _, _, scores = rest
            name = f"{key} @ {library}-{algorithm}-{precision}-{device}"
            yield (
                name,
                (digest, promises, status, verdict, warned, repeatable, cause, message, rank, json.dumps(scores)),
            )


@dataclass(frozen=True)
class Stage:
    """A command, and what is left of it that must be as if nothing had been killed."""

    act: Callable[[], int]
    """Runs the command in the working directory, and returns its exit code."""
    state: Callable[[Path], object]
    ends: int = Exit.DONE
    """The exit code of a command that has done what it should."""
    goes_on: tuple[int, ...] = ()
    """Exit codes that say that a process of its was killed, and that the same command goes on."""
    prepare: Callable[[], None] = lambda: None
    """What is there before, in the working directory."""


def command(*words: str) -> Callable[[], int]:
    """A command line of lamm-robust, in this process."""

    def act() -> int:
        try:
            main(list(words))
        except SystemExit as done:
            return int(done.code or 0)
        return 0

    return act


# --- what is killed -------------------------------------------------------------------------------------------

SELECTION = (
    *("--precision", "float64", "--device", "cpu", "--family", "polynomial", "--family", "nist"),
    *("--solver", "numpy-qr", "--solver", "numpy-lstsq"),
)


def journal(place: Path) -> object:
    """The attempts of a run, none of them twice, and what is left of files that were being written."""
    found = list(attempts(place / "out" / "journal.jsonl"))
    counts = Counter(name for name, _ in found)
    assert max(counts.values()) == 1, f"doubled: {counts.most_common(1)}"
    return dict(found), sorted(path.name for path in (place / "out").iterdir())


SOLVER = """\
import numpy as np

def solve(A, b):
    return np.linalg.lstsq(A, b, rcond=None)[0]
"""


def a_solver() -> None:
    Path("mine.py").write_text(SOLVER)


def judgement(place: Path) -> object:
    """What was written of a solver, but for what is said of times."""
    found = json.loads((place / "found.json").read_text())
    del found["times_doubted"]
    return found, sorted(path.name for path in place.iterdir())


PREY, SCORE = "numpy-normal-lu-float64-cpu", "forward_error"


def hunted(place: Path) -> object:
    """What files a hunt has left; AssertionError unless the solver does what they say, for what it meets depends on
    time."""
    (kept,) = findings.read_all(place / "worst")
    with prey(quarry.known(PREY), SCORE, find_oracle("auto")) as again:
        for found in (kept.worst, kept.shrunk):
            key = parse_key(found.problem)
            again.severity(key)
            record = again.seen[key][1]
            assert record, found
            assert (record.digest, sentence(record, SCORE)) == (found.digest, found.said)
    return sorted(path.name for path in (place / "worst").iterdir())


BLOBS = {letter * 64: letter.encode() * 50_000 for letter in "01234"}


def write_blobs() -> int:
    """Three processes at once write a hundred blobs each, of five."""
    cache, own = Cache(Path("cache")), os.getpid()
    children = [pid for _ in range(2) if os.getpid() == own and (pid := os.fork())]
    chance = random.Random(os.getpid())
    for _ in range(100):
        name = chance.choice(list(BLOBS))
        cache.put(name, BLOBS[name])
        assert cache.get(name) in (None, BLOBS[name]), "torn"
    if os.getpid() != own:
        os._exit(0)
    for child in children:
        os.waitpid(child, 0)
    cache.trim()
    return Exit.DONE


def blobs(place: Path) -> object:
    """What is kept under each name, and what is left of files that were being written."""
    cache = Cache(place / "cache")
    found = {name: cache.get(name) for name in BLOBS}
    assert all(content in (None, BLOBS[name]) for name, content in found.items()), "torn"
    return sorted(path.name for path in (place / "cache").rglob(".*"))


INSTALLER = """#!/bin/sh
for part in 1 2 3 4 5; do
    echo $part > .venv/part-$part
    sleep 0.02
done
printf '#!/bin/sh\\nexit 7\\n' > .venv/bin/lamm-robust
chmod +x .venv/bin/lamm-robust
"""
SET_UP = 7
"""What the command says that the installer has installed."""


def a_checkout() -> None:
    shutil.copy(ROOT / "run.py", ".")
    Path("pyproject.toml").write_text("[project]\n")
    Path("bin").mkdir()
    Path("bin/uv").write_text(INSTALLER)
    Path("bin/uv").chmod(0o755)


def set_up() -> int:
    """Nothing is downloaded: the installer is ours, and pip, which follows where that was killed, finds no index."""
    changed = {"PATH": f"{Path('bin').absolute()}{os.pathsep}{os.environ['PATH']}"}
    changed |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    os.execve(sys.executable, [sys.executable, "run.py"], os.environ | changed)


def environment_of(place: Path) -> object:
    """All files that set-up has made, the stamp among them."""
    return {str(p.relative_to(place)): p.read_bytes() for p in (place / ".venv").rglob("*") if p.is_file()}


def over_dask() -> int:
    words = ["run", *SELECTION, "--out", "out", "--dask", os.environ["DASK_ADDRESS"]]
    os.execv(sys.executable, [sys.executable, "-m", "lamm_robust", *words])


STAGES: dict[str, Stage] = {
    "run": Stage(command("run", *SELECTION, "--out", "out", "--workers", "2"), journal),
    "check": Stage(
        command("check", "mine.py:solve", "--family", "nist", "--json", "found.json"),
        judgement,
        goes_on=(Exit.HARNESS,),
        prepare=a_solver,
    ),
    "hunt": Stage(
        command("hunt", PREY, "--score", SCORE, "--seconds", "1", "--out", "worst"),
        hunted,
        goes_on=(Exit.NOTHING_RAN,),  # of a machine on which a second is too short
    ),
    "cache": Stage(write_blobs, blobs),
    "set-up": Stage(set_up, environment_of, ends=SET_UP, goes_on=(Exit.HARNESS,), prepare=a_checkout),
    "dask": Stage(over_dask, journal, goes_on=(Exit.HARNESS,)),
}


# --- who kills -----------------------------------------------------------------------------------------------


class Harassment:
    """A stage in a directory of its own, killed again and again."""

    def __init__(self, stage: Stage, place: Path, seed: int, cluster: Cluster | None = None) -> None:
        self.stage, self.place, self.cluster = stage, place, cluster
        self.chance = random.Random(seed)
        self.dead = Counter[str]()
        self.wrong: list[str] = []
        self._begin()
        start = time.monotonic()
        assert self._let_end(), self.wrong
        self.seconds = time.monotonic() - start
        self.expected = stage.state(place)

    def _begin(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        os.chdir(self.place)
        self.stage.prepare()

    def _start(self) -> int:
        """The number of a new process that runs the command."""
        if pid := os.fork():
            return pid
        code = 99
        try:
            os.setsid()
            said = os.open(self.place.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(said, 1)
            os.dup2(said, 2)
            code = self.stage.act()
            sys.stdout.flush()
        finally:
            os._exit(code)

    def _wait(self, pid: int, seconds: float = PATIENCE) -> int | None:
        """How a process has ended; None if it has not by then."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.002)
        return None

    def _said(self) -> str:
        return self.place.with_suffix(".log").read_text(errors="replace")[-500:]

    def round(self, kills: int) -> None:
        """Kill so many times, unless the command ends before, then let it end, and look at what it leaves."""
        self._begin()
        met: set[int] = set()
        for _ in range(kills):
            pid = self._start()
            code = self._wait(pid, self.chance.uniform(0, self.seconds))
            if code is None:
                met |= {pid, *descendants(pid)}
                self._kill(pid)
                code = self._wait(pid)
            if self._is_over(code):
                break
        else:
            if not self._let_end():
                self.wrong.append("the command alone does not go on")
        self._compare(met)

    def _let_end(self) -> bool:
        """Give the command as often as it says that it goes on; returns whether it has ended as it should."""
        return any(self._is_over(self._wait(self._start())) for _ in range(GOES_ON))

    def _is_over(self, code: int | None) -> bool:
        """Whether a command has ended as it should; notes if it has ended otherwise than by being killed."""
        if code not in (self.stage.ends, -signal.SIGKILL, *self.stage.goes_on):
            self.wrong.append(f"it {'hangs' if code is None else f'ends with {code}'}: {self._said()}")
        return code == self.stage.ends

    def _kill(self, pid: int) -> None:
        """Kill the command, one process below it or all together, or one that works for it elsewhere."""
        below = descendants(pid)
        workers = {worker.pid: worker for worker in self.cluster.workers} if self.cluster else {}
        elsewhere = [one for worker in workers for one in (worker, *descendants(worker))]
        whom = self.chance.choices(("command", "below", "all", "elsewhere"), (3, 5, 2, 5 if elsewhere else 0))[0]
        victims = {"command": [pid], "all": [pid, *below], "below": below, "elsewhere": elsewhere}[whom]
        if whom in ("below", "elsewhere") and victims:
            victims = [self.chance.choice(victims)]
        for victim in victims or [pid]:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                self.dead[whom if victims else "command"] += 1
            if victim in workers:
                workers[victim].wait()
        if self.cluster:
            self.cluster.staff(len(workers))

    def _compare(self, met: set[int]) -> None:
        """Note what is otherwise than if nothing had been killed, and who of those that were met still runs."""
        try:
            eventually(lambda: not met & set(parents()))
            if self.stage.state(self.place) != self.expected:
                self.wrong.append("other files, or other things in them")
        except (AssertionError, OSError, ValueError) as error:
            self.wrong.append(f"{type(error).__name__}: {error}")


def harass(name: str, place: Path, kills: int, seed: int = 1) -> tuple[Counter[str], list[str]]:
    """Kill at least so many times; returns how often whom, and what went wrong."""
    os.environ[VARIABLE] = str(place / "truth")
    with ExitStack() as open_:
        cluster = None
        if name == "dask":
            cluster = Cluster(place, 2)
            open_.callback(cluster.close)
            os.environ["DASK_ADDRESS"] = cluster.address
        found = Harassment(STAGES[name], place / "here", seed, cluster)
        while found.dead.total() < kills:
            found.round(found.chance.randint(1, KILLS_PER_ROUND))
    return found.dead, found.wrong


if __name__ == "__main__":
    dead, faults = harass(sys.argv[1], Path(sys.argv[2]).resolve(), int(sys.argv[3]))
    print("\n".join([f"{sys.argv[1]}: {dead.total()} kills ({dict(dead)})", *faults]))
    sys.exit(bool(faults))
