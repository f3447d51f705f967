"""A Dask scheduler and its workers on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lamm_robust.runs import cluster
from tests.support.processes import eventually

ROOT = Path(__file__).parents[2]


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, place: Path, workers: int) -> None:
        self.place = place
        file = place / "scheduler.json"
        quiet = ("--no-dashboard",)
        self.scheduler = self._start("dask_scheduler", "--port", "0", "--scheduler-file", str(file), *quiet)
        eventually(file.exists)
        self._options = ("--nthreads", "1", "--no-nanny", "--scheduler-file", str(file), *quiet)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.staff(workers)

    def staff(self, count: int) -> None:
        """Have so many workers that are alive."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        self.workers += [self._start("dask_worker", *self._options) for _ in range(count - len(self.workers))]
        with cluster.connect(self.address) as client:
            client.wait_for_workers(count, timeout=600)

    def _start(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        with (self.place / f"{what}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{what}", *options],
                stdout=log,
                stderr=log,
                cwd=self.place,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )

    @property
    def address(self) -> str:
        return str(json.loads((self.place / "scheduler.json").read_text())["address"])

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()
