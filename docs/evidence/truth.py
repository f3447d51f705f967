"""What certified truth costs: the evidence behind `docs/truth.md`.

    python docs/evidence/truth.py

Every ratio compares two things that are timed in turn, in one process, on one machine; of each, the fastest run counts.
It takes about five minutes, most of them for mpmath.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import scipy.linalg
from mpmath import mp
from table import head, row

from lamm_robust.oracles import ball, certify_all, exact, verified
from lamm_robust.values import Array, Certificate, NotCertifiedError

LARGE = ((2000, 400, 12), (4000, 1000, 10))
GROWTH = ((500, 100), (1000, 200), (2000, 400), (4000, 800))
SMALL = ((100, 50, 12, 2), (400, 100, 12, 1))
RUNS = 5
BATCH, SAMPLE = 10_000, 20
DIGITS = 60
U = 2.0**-53


def problem(m: int, n: int, log10_cond: float, seed: int = 0) -> tuple[Array, Array]:
    """A (m×n) with singular values 1 … 10^-log10_cond, evenly spread in the logarithm; b, of which half is residual."""
    generator = np.random.default_rng(seed)
    U, _ = np.linalg.qr(generator.standard_normal((m, n)))
    V, _ = np.linalg.qr(generator.standard_normal((n, n)))
    A = (U * np.logspace(0, -log10_cond, n)) @ V.T
    fit = A @ generator.standard_normal(n)
    noise = generator.standard_normal(m)
    return A, fit + noise * np.linalg.norm(fit) / np.linalg.norm(noise)


def fastest(runs: int, *calls: Callable[[], object]) -> list[float]:
    """The least seconds of each call, all called in turn."""
    seconds = [[_timed(call) for call in calls] for _ in range(runs)]
    return [min(column) for column in zip(*seconds, strict=True)]


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def gelsd(A: Array, b: Array) -> object:
    """SciPy's least squares by LAPACK's divide-and-conquer SVD, the usual choice."""
    return scipy.linalg.lstsq(A, b, lapack_driver="gelsd")


def by_mpmath(A: Array, b: Array) -> object:
    """mpmath's Householder QR at DIGITS digits: an answer that is good, without a proof."""
    with mp.workdps(DIGITS):
        return mp.qr_solve(mp.matrix(A.tolist()), mp.matrix(b.tolist()))


def radius(certificate: Certificate) -> float:
    """The proved radius of x, relative to its largest entry."""
    x = np.abs(certificate.x[0] * 2.0**certificate.exponent)
    return float(certificate.x_radius) / float(x.max())


def large() -> None:
    """Print what `verified` costs beside gelsd at sizes that people solve."""
    head("m×n", "κ", "gelsd", "verified", "ratio", "radius")
    for m, n, log10_cond in LARGE:
        A, b = problem(m, n, log10_cond)
        solver, oracle = fastest(RUNS, partial(gelsd, A, b), partial(verified.certify, A, b))
        sharp = radius(verified.certify(A, b))
        times = f"{solver:.3f} s", f"{oracle:.3f} s", f"{oracle / solver:.1f}"
        row([f"{m}×{n}", f"1e{log10_cond}", *times, f"{sharp:.0e}"])


def small() -> None:
    """Print what `verified` costs beside mpmath, exact rationals and balls, at sizes where those are practical."""
    head("m×n", "κ", "mpmath", "exact", "ball", "verified", "mpmath / verified")
    for m, n, log10_cond, runs in SMALL:
        A, b = problem(m, n, log10_cond)
        calls = [partial(certify, A, b) for certify in (by_mpmath, exact.certify, ball.certify)]
        slow = fastest(runs, *calls)
        (quick,) = fastest(RUNS, partial(verified.certify, A, b))
        cells = [f"{seconds:.3g} s" for seconds in (*slow, quick)]
        row([f"{m}×{n}", f"1e{log10_cond}", *cells, f"{slow[0] / quick:.0f}"])


def batch() -> None:
    """Print how many small problems a second are certified, all at once and one by one."""
    pairs = [problem(30, 10, (i % 61) / 10, i) for i in range(BATCH)]
    singles = [(A.astype(np.float32), b.astype(np.float32)) for A, b in pairs]
    start = time.perf_counter()
    found = certify_all(singles)
    rate = len(found) / (time.perf_counter() - start)
    methods = [certificate.method for certificate in found if not isinstance(certificate, NotCertifiedError)]
    some = singles[:: BATCH // SAMPLE]
    slow, one = fastest(1, lambda: [by_mpmath(*pair) for pair in some], lambda: [exact.certify(*pair) for pair in some])
    head("10,000 float32 problems of 30×10, κ = 1 … 1e6", "per second")
    row([f"all at once ({methods.count('verified')} by verified)", f"{rate:.0f}"])
    row([f"one by one by exact (a sample of {len(some)})", f"{len(some) / one:.0f}"])
    row([f"one by one by mpmath (a sample of {len(some)})", f"{len(some) / slow:.0f}"])


def growth() -> None:
    """Print how time and memory of `verified` grow with the size."""
    head("m×n", "κ", "seconds", "ns per m·n²", "peak memory / A")
    for m, n in GROWTH:
        A, b = problem(m, n, 12)
        (seconds,) = fastest(3, partial(verified.certify, A, b))
        command = [sys.executable, __file__, str(m), str(n)]
        peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        row([f"{m}×{n}", "1e12", f"{seconds:.3f}", f"{seconds / (m * n * n) * 1e9:.2f}", peak])


def memory(m: int, n: int) -> None:
    """Print the peak of this process while it certifies, above what it held without A, over the size of A. Linux."""
    verified.certify(*problem(50, 5, 1))  # what is loaded at the first call is not the problem's
    A, b = problem(m, n, 12)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS") - A.nbytes
    verified.certify(A, b)
    print(f"{(_status('VmHWM') - before) / A.nbytes:.1f}")


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def main() -> None:
    """Print the four tables; with m and n as arguments, the memory of one certificate (`growth` asks for that)."""
    if sys.argv[1:]:
        memory(int(sys.argv[1]), int(sys.argv[2]))
        return
    print(f"{os.cpu_count()} cores, NumPy {np.__version__}, SciPy {scipy.__version__}")
    for part in (large, small, batch, growth):
        part()


if __name__ == "__main__":
    main()
