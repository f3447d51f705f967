"""What certified truth costs beside a solver, and what a whole command costs beside starting NumPy.

``pytest --benchmark-only -k truth``. Both of a pair are timed in turn in one run, and the printed number is the median
of the ratios; nothing is asserted of time. Memory is the peak of a child process, without what it held before it had
the problem. These are the numbers of docs/speed.md.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import scipy.linalg
from pytest_benchmark.fixture import BenchmarkFixture

from lamm_robust.oracles import certify_all, select
from lamm_robust.values import Array, Certificate, Precision

pytestmark = pytest.mark.timeout(3600)
ROOT = Path(__file__).parents[2]
ROUNDS = 5
BATCH = 1280
LONG: tuple[tuple[int, int, Precision], ...] = (
    (200_000, 8, "float64"),
    (1_000_000, 4, "float32"),
    (2_000_000, 2, "float32"),
)

PEAK = """
import resource, sys
import numpy as np
from lamm_robust import oracles
m, n, dtype = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
generator, certify = np.random.default_rng(0), oracles.select("auto").certify
certify(generator.standard_normal((30_000, 2)), generator.standard_normal(30_000))  # loads what certifying needs
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
A, b = (generator.standard_normal(shape, dtype=dtype) for shape in ((m, n), m))
certify(A, b)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / A.nbytes)
"""
"""Prints the peak of memory with A, its certificate and all on the way, over the size of A; Linux counts in KiB."""
BETWEEN = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]], check=True)"
"""A small process between, for the peak of a process begins at the size of the one that started it."""


def graded(m: int, n: int, log10_cond: float, seed: int = 0) -> tuple[Array, Array]:
    """A (m×n) with singular values 1 … 10^-log10_cond, evenly spread in the logarithm; b, of which half is residual."""
    generator = np.random.default_rng(seed)
    U, _ = np.linalg.qr(generator.standard_normal((m, n)))
    V, _ = np.linalg.qr(generator.standard_normal((n, n)))
    A = (U * np.logspace(0, -log10_cond, n)) @ V.T
    fit, noise = A @ generator.standard_normal(n), generator.standard_normal(m)
    return A, fit + noise * np.linalg.norm(fit) / np.linalg.norm(noise)


def side_by_side(
    benchmark: BenchmarkFixture, one: Callable[[], object], other: Callable[[], object], **extra: object
) -> None:
    """Time one, with the other before each of its rounds, and put the median of the ratios into the printed name."""
    others: list[float] = []

    def beside() -> None:
        start = time.perf_counter()
        other()
        others.append(time.perf_counter() - start)

    benchmark.pedantic(one, setup=beside, rounds=ROUNDS, warmup_rounds=1)  # type: ignore[no-untyped-call]
    assert benchmark.stats is not None
    ours = benchmark.stats.stats.data
    ratio = median(a / b for a, b in zip(ours, others[-len(ours) :], strict=True))
    benchmark.extra_info.update(ratio=round(ratio, 2), **extra)
    told = "".join(f", {name} {value}" for name, value in extra.items())
    benchmark.stats.name = f"{benchmark.name}: ratio {ratio:.2f}{told}"


@pytest.mark.parametrize(("m", "n", "log10_cond"), [(2000, 400, 12), (4000, 1000, 10)])
def test_truth_beside_gelsd(benchmark: BenchmarkFixture, m: int, n: int, log10_cond: int) -> None:
    """The `auto` oracle over SciPy's least squares, at sizes that people solve."""
    A, b = graded(m, n, log10_cond)
    gelsd = partial(scipy.linalg.lstsq, A, b, lapack_driver="gelsd")
    side_by_side(benchmark, partial(select("auto").certify, A, b), gelsd)


@pytest.mark.parametrize(("m", "n", "dtype"), LONG)
def test_truth_of_long_problems_beside_lstsq(benchmark: BenchmarkFixture, m: int, n: int, dtype: Precision) -> None:
    """The `auto` oracle over NumPy's least squares, and its memory over that of A."""
    generator = np.random.default_rng(0)
    A, b = generator.standard_normal((m, n)).astype(dtype), generator.standard_normal(m).astype(dtype)
    command = [sys.executable, "-c", BETWEEN, "-c", PEAK, str(m), str(n), dtype]
    peak = float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    lstsq = partial(np.linalg.lstsq, A, b, rcond=None)
    side_by_side(benchmark, partial(select("auto").certify, A, b), lstsq, memory=f"{peak:.1f} × A")


def test_truth_of_small_problems_in_a_batch(benchmark: BenchmarkFixture) -> None:
    """Certificates a second of float32 problems 30×10, κ = 1 … 1e6; over `numpy.linalg.lstsq`, one by one."""
    pairs = [graded(30, 10, (i % 61) / 10, i) for i in range(BATCH)]
    pairs = [(A.astype(np.float32), b.astype(np.float32)) for A, b in pairs]
    assert all(isinstance(one, Certificate) and one.method == "verified" for one in certify_all(pairs))
    side_by_side(benchmark, partial(certify_all, pairs), lambda: [np.linalg.lstsq(A, b, rcond=None) for A, b in pairs])
    assert benchmark.stats is not None
    benchmark.extra_info.update(per_second=round(BATCH / benchmark.stats.stats.median))


COMMANDS = {
    "list": ("list", "families"),
    "replay": (
        "replay",
        "polynomial points=5 degree=2 abscissae=integers seed=0 dtype=float64 @ numpy-lstsq-float64-cpu",
    ),
    "truth": ("truth", "PROBLEM"),
}


@pytest.mark.parametrize("what", COMMANDS)
def test_truth_and_other_commands_beside_starting_numpy(
    benchmark: BenchmarkFixture, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole process of a command, over one that imports NumPy and ends; compiled once, as when installed."""
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "compiled"))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    generator = np.random.default_rng(0)
    np.savez(tmp_path / "30x10.npz", A=generator.standard_normal((30, 10)), b=generator.standard_normal(30))
    words = [str(tmp_path / "30x10.npz") if word == "PROBLEM" else word for word in COMMANDS[what]]
    run = partial(subprocess.run, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    whole = partial(run, [sys.executable, "-m", "lamm_robust", *words])
    side_by_side(benchmark, whole, partial(run, [sys.executable, "-c", "import numpy"]))
