"""What ten million cases would take: rates measured here, and what follows from them. The numbers of `docs/scale.md`.

    python docs/evidence/scale.py

The standard profile's spectrum family is run for NumPy and SciPy, and for JAX, with one worker: once with an empty
cache, so that everything is built and certified, and once with the cache that this left. Then two shards are merged.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

from lamm_robust.storage.cache import VARIABLE, Cache
from lamm_robust.storage.journal import JOURNAL
from lamm_robust.storage.parquet import RECORDS

CASES = 10_000_000
SELECTIONS = {
    "NumPy and SciPy": ["--solver", "numpy", "--solver", "scipy"],
    "JAX": ["--solver", "jax"],
}
COMMON = ["run", "--profile", "standard", "--family", "spectrum", "--device", "cpu", "--workers", "1"]


def timed(cache: Path, *arguments: str) -> float:
    """Seconds that a command line takes, start-up included."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "lamm_robust", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {VARIABLE: str(cache)})
    return time.perf_counter() - start


def attempts(directory: Path) -> int:
    """How many records a results directory holds."""
    return int(pq.read_metadata(directory / RECORDS).num_rows)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as place:
        here, cache = Path(place), Path(place) / "cache"
        for name, solvers in SELECTIONS.items():
            cold = timed(here / f"cache of {name}", *COMMON, *solvers, "--out", str(here / "cold"), "--fresh")
            warm = timed(here / f"cache of {name}", *COMMON, *solvers, "--out", str(here / "warm"), "--fresh")
            count = attempts(here / "warm")
            hours = warm / count * CASES / 3600
            print(f"{name}: {count} attempts in {cold:.0f} s, with everything in the cache in {warm:.0f} s")
            print(
                f"  {count / warm:.0f} attempts per second and worker; {CASES:,} take {hours:.1f} hours of one worker"
            )
            for workers in (2, 8, 32, 128):
                print(f"    with {workers:3} workers {hours / workers:6.2f} hours")
            blobs, size = Cache(here / f"cache of {name}").size()
            print(
                f"  truth: {blobs // 2} problems in {cold - warm:.0f} s, {size / blobs * 2 / 1024:.1f} KiB each on disk"
            )
            journal = (here / "warm" / JOURNAL).stat().st_size / count
            parquet = (here / "warm" / RECORDS).stat().st_size / count
            print(f"  journal {journal:.0f} and Parquet {parquet:.0f} bytes per attempt")
            print(f"    {journal * CASES / 1e9:.1f} and {parquet * CASES / 1e9:.1f} GB for {CASES:,}")
        for part in ("1/2", "2/2"):
            timed(cache, *COMMON, *SELECTIONS["NumPy and SciPy"], "--shard", part, "--out", str(here / part[0]))
        merging = timed(cache, "merge", str(here / "1"), str(here / "2"), "--out", str(here / "merged"))
        count = attempts(here / "merged")
        print(f"merging two shards: {count} attempts in {merging:.1f} s, {count / merging:.0f} per second, with tables")


if __name__ == "__main__":
    main()
