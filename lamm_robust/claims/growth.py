"""Claims about how time and space grow with k, the number of directions (columns), from samples of `clock`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lamm_robust.claims.finding import Cell, Finding, Table, Verdict, settled, slope
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.timing import micro, middle, ratio

MARGIN = 0.5
"""A fitted exponent is one of the claimed order, or lower, if it is not nearer to the next whole number."""
SHAPES = ("256×k", "2k×k")


Rows = Sequence[dict[str, Any]]


def times(row: dict[str, Any], solver: str) -> float:
    """The median time of a solver."""
    return float(middle(row["seconds"][solver]))


def memory(row: dict[str, Any], solver: str) -> float:
    """The bytes of a solver."""
    return float(row["bytes"][solver])


def fitted(rows: Rows, value: Callable[[dict[str, Any], str], float], solver: str) -> list[float]:
    """The exponent of k, for each shape."""
    groups = [[row for row in rows if row["shape"] == shape] for shape in SHAPES]
    return [slope([row["k"] for row in group], [value(row, solver) for row in group]) for group in groups]


def times_table(rows: Rows) -> Table:
    """Microseconds by size."""
    cells: list[tuple[Cell, ...]] = [
        (row["shape"], row["k"], *(micro(row["seconds"][solver]) for solver in ("original", "compiled")))
        for row in rows
    ]
    return Table(("A", "k", "original (µs)", "compiled (µs)"), cells)


def memory_table(rows: Rows) -> Table:
    """KiB by size."""
    cells: list[tuple[Cell, ...]] = [
        (row["shape"], row["k"], *(row["bytes"][solver] / 1024 for solver in ("original", "compiled"))) for row in rows
    ]
    return Table(("A", "k", "original (KiB)", "compiled (KiB)"), cells)


REPLAY = ('lamm-robust replay "lamm modes=8 directions=49 step=0.0 seed=0 dtype=float32 @ numpy-dropping-float32-cpu"',)


def original_time(lab: Lab) -> Finding:
    """k rank tests of up to k columns: Σ O(m j²) = O(m k³), which is k³ for m rows, and k⁴ where m grows with k."""
    rows = lab.clock("growth", "float32", "cpu")
    fixed, growing = fitted(rows, times, "original")
    cubic = [exponent <= 3 + MARGIN for exponent in (fixed, growing)]
    return Finding(
        Verdict.HOLDS if all(cubic) else Verdict.ONLY_WHEN if cubic[0] else Verdict.FAILS,
        f"time like k^{fixed:.2f} with 256 rows, k^{growing:.2f} with 2k rows",
        times_table(rows),
        when="the number of rows is fixed: the k rank tests together take O(m k³)" if cubic == [True, False] else "",
        replay=REPLAY,
    )


def original_space(lab: Lab) -> Finding:
    """A copy of the columns kept and their AᵀA: O(m k + k²)."""
    rows = lab.clock("growth", "float32", "cpu")
    fixed, growing = fitted(rows, memory, "original")
    return Finding(
        settled(max(fixed, growing) <= 2 + MARGIN),
        f"memory like k^{fixed:.2f} with 256 rows, k^{growing:.2f} with 2k rows: O(m k + k²)",
        memory_table(rows),
        replay=REPLAY,
    )


def compiled_is_cheaper(lab: Lab) -> Finding:
    """The second solver, with one rank test of AᵀA: O(m k² + k³) time; what XLA reserves is of the order of A."""
    rows = lab.clock("growth", "float32", "cpu")
    time, space, beside = (
        fitted(rows, *which) for which in ((times, "compiled"), (memory, "compiled"), (times, "original"))
    )
    gain = [ratio(row["seconds"]["original"], row["seconds"]["compiled"]).middle for row in rows]
    return Finding(
        settled(all(own < other for own, other in zip(time, beside, strict=True)) and max(space) <= 2 + MARGIN),
        f"time like k^{time[0]:.2f} and k^{time[1]:.2f} (original: k^{beside[0]:.2f} and k^{beside[1]:.2f}), "
        f"{min(gain):.0f} to {max(gain):.0f} times as fast; memory like k^{space[0]:.2f} and k^{space[1]:.2f}",
        memory_table(rows),
        replay=(REPLAY[0].replace("numpy-dropping", "jax-lamm-cond"),),
    )
