"""Claims about how time and space grow with k, the number of directions (columns), from samples of `clock`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lamm_robust.claims.finding import Cell, Finding, Table, Verdict, quartiles, settled, slope
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.timing import micro, middle

MARGIN = 0.35
"""A fitted exponent beyond the claimed one by more than this contradicts it: BLAS grows faster with size, so that
measured exponents lie below those of the operation counts rather than above."""
SHAPES = ("256×k", "2k×k")


def fitted(rows: Sequence[dict[str, Any]], value: Callable[[dict[str, Any]], float | None]) -> dict[str, float]:
    """The exponent of k for each shape."""
    found = {}
    for shape in SHAPES:
        pairs = [(row["k"], value(row)) for row in rows if row["shape"] == shape]
        known = [(float(k), float(v)) for k, v in pairs if v is not None]
        found[shape] = slope([k for k, _ in known], [v for _, v in known])
    return found


def seconds(solver: str) -> Callable[[dict[str, Any]], float | None]:
    """The median time of a solver in a row."""
    return lambda row: middle(row["seconds"][solver]) if solver in row["seconds"] else None


def memory(solver: str) -> Callable[[dict[str, Any]], float | None]:
    """The bytes of a solver in a row."""
    return lambda row: row["bytes"].get(solver)


def table(rows: Sequence[dict[str, Any]], *, time: bool) -> Table:
    """Sizes down, solvers across."""
    names = ("original", "dropping", "lamm-cond")
    cells: list[tuple[Cell, ...]] = []
    for row in rows:
        values = row["seconds" if time else "bytes"]
        shown = ("–" if name not in values else micro(values[name]) if time else values[name] / 1024 for name in names)
        cells.append((row["shape"], row["k"], *shown))
    unit = "µs" if time else "KiB"
    return Table(("A", "k", *(f"{n}{', compiled' * (n != 'original')} ({unit})" for n in names)), cells)


REPLAY = ('lamm-robust replay "lamm modes=8 directions=49 step=0.0 seed=0 dtype=float32 @ numpy-dropping-float32-cpu"',)


def original_time(lab: Lab) -> Finding:
    """k rank tests of up to k columns: Σ O(m j²) = O(m k³), which is k³ for m rows, and k⁴ where m grows with k."""
    rows = lab.clock("growth", "float32", "cpu")
    found = fitted(rows, seconds("original"))
    fixed, growing = (found[shape] <= 3 + MARGIN for shape in SHAPES)
    return Finding(
        Verdict.HOLDS if fixed and growing else Verdict.ONLY_WHEN if fixed else Verdict.FAILS,
        f"time like k^{found[SHAPES[0]]:.2f} with 256 rows, k^{found[SHAPES[1]]:.2f} with 2k rows",
        table(rows, time=True),
        when="the number of rows is fixed: the k rank tests together take O(m k³)" if fixed and not growing else "",
        replay=REPLAY,
    )


def original_space(lab: Lab) -> Finding:
    """A copy of the columns kept and their AᵀA: O(m k + k²)."""
    rows = lab.clock("growth", "float32", "cpu")
    found = fitted(rows, memory("original"))
    return Finding(
        settled(all(exponent <= 2 + MARGIN for exponent in found.values())),
        f"memory like k^{found[SHAPES[0]]:.2f} with 256 rows, k^{found[SHAPES[1]]:.2f} with 2k rows",
        table(rows, time=False),
        replay=REPLAY,
    )


def compiled_is_cheaper(lab: Lab) -> Finding:
    """The second solver, with one rank test of AᵀA: O(m k² + k³) time; what XLA reserves is of the order of A."""
    rows = lab.clock("growth", "float32", "cpu")
    time, space = (fitted(rows, value("lamm-cond")) for value in (seconds, memory))
    beside = fitted([row for row in rows if "lamm-cond" in row["seconds"]], seconds("original"))
    gain = [
        quartiles([a / b for a, b in zip(row["seconds"]["original"], row["seconds"]["lamm-cond"], strict=True)]).middle
        for row in rows
        if "lamm-cond" in row["seconds"]
    ]
    slower = all(time[shape] < beside[shape] for shape in SHAPES)
    return Finding(
        settled(slower and all(exponent <= 2 + MARGIN for exponent in space.values())),
        f"time like k^{time[SHAPES[0]]:.2f} and k^{time[SHAPES[1]]:.2f} (the original: k^{beside[SHAPES[0]]:.2f} and "
        f"k^{beside[SHAPES[1]]:.2f}), {min(gain):.0f} to {max(gain):.0f} times as fast; memory like "
        f"k^{space[SHAPES[0]]:.2f} and k^{space[SHAPES[1]]:.2f}",
        table(rows, time=True),
        replay=(REPLAY[0].replace("numpy-dropping", "jax-lamm-cond"),),
    )
