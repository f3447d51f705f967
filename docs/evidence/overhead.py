"""What a case costs beyond the solver and the truth: 100,000 cached cases of NumPy's solvers on two workers.

    python docs/evidence/overhead.py [CASES [WORKERS]]

The cases run twice: the first run fills a cache of problems and certificates, the second is measured. The solvers' time
is what their calls took inside the workers, and the truth's what this process took to read problems and certificates
and to prepare them for scoring. Workers run beside each other, so of the solvers' time each has a share.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from rich.progress import track

from lamm_robust import catalog
from lamm_robust.runs.sweep import sweep
from lamm_robust.scoring.records import Done
from lamm_robust.storage.cache import Cache
from lamm_robust.storage.journal import open_journal
from lamm_robust.values import Answer, Case, Device, Precision, ProblemKey
from lamm_robust.workers.process import Kind, Templates
from lamm_robust.workers.supervisor import Worker

ASKED = (("m", 30), ("n", 10), ("mode", "geometric"), ("log10_cond", 6), ("residual", 1e-6), ("direction", "random"))
TARGET = 50  # microseconds per case


def cases(count: int) -> list[Case]:
    """Every NumPy solver at as many 30×10 problems as it takes."""
    variants = [v for v in catalog.variants() if v.library == "numpy" and v.precision == "float64"]
    seeds = range(-(-count // len(variants)))
    keys = [ProblemKey("spectrum", (*ASKED, ("seed", seed)), "float64") for seed in seeds]
    return [Case(key, variant) for key in keys for variant in variants][:count]


def resident() -> float:
    """Resident memory of this process in MiB."""
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


class Timed(Worker):
    """A worker that adds up what the solvers took."""

    spent = 0.0

    def pump(self, seconds: float) -> list[Answer]:
        """The answers, counted."""
        answers = super().pump(seconds)
        Timed.spent += sum(answer.outcome.spent for answer in answers)
        return answers


def measure(planned: list[Case], workers: int, directory: Path, cache: Cache) -> None:
    """Run the cases, and print where the time and the memory went."""
    truths = catalog.truths("exact", cache)
    done, memory = 0, [resident()]
    Timed.spent = 0.0
    with open_journal(directory, {"suite": "overhead"}) as journal, Templates() as templates:

        def worker(library: str, precision: Precision, device: Device) -> Worker:
            return Timed(Kind(catalog.LIBRARY[library], precision, device), templates.get)

        start, cpu = time.perf_counter(), time.process_time()
        for batch in sweep(planned, catalog.find_solver, truths, worker, slots=workers):
            journal.append(one.record for one in batch if isinstance(one, Done))
            done += len(batch)
            if done * 10 >= len(planned) * len(memory):
                memory.append(resident())
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    share, unit = Timed.spent / workers, 1e6 / done
    written = sum(1 for _ in journal.case_keys())
    print(f"{done} cases on {workers} workers in {wall:.1f} s, {written} of them in the journal")
    print(f"  solvers               {Timed.spent:8.1f} s, on each worker {share:.1f} s")
    print(f"  truth                 {truths.seconds:8.1f} s ({truths.seconds * unit:.0f} µs per case)")
    beyond = (wall - share) * unit
    print(f"  wall − solvers/{workers}          {beyond:8.1f} µs per case")
    print(f"  wall − solvers/{workers} − truth  {beyond - truths.seconds * unit:8.1f} µs per case; asked: {TARGET}")
    print(f"  processor time of this process, truth apart {(cpu - truths.seconds) * unit:.1f} µs per case")
    print(f"  its memory, at each tenth {' '.join(f'{mib:.0f}' for mib in memory)} MiB")


def main() -> None:
    """Fill a cache, then measure."""
    count, workers = (int(word) for word in (*sys.argv[1:], *("100000", "2")[len(sys.argv) - 1 :]))
    planned = cases(count)
    with tempfile.TemporaryDirectory() as place:
        cache = Cache(Path(place) / "cache")
        truths = catalog.truths("exact", cache)
        for key in track(dict.fromkeys(case.key for case in planned), "filling the cache"):
            truths.certify(key)
        measure(planned, workers, Path(place) / "results", cache)


if __name__ == "__main__":
    main()
