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


LESS = 0.3
"""By which an exponent has to be lower: times of one call scatter by a third, which over a factor 8 in k is 0.2."""
GROWS = 1.4
"""Times, for twice the rows: more than this is growth with m, which alone would make it 2 where the work is O(m)."""


def with_rows(rows: Rows, value: Callable[[dict[str, Any], str], float]) -> float:
    """How much more the original takes for twice the rows, at the largest k."""
    k = max(row["k"] for row in rows)
    fixed, growing = (next(r for r in rows if (r["shape"], r["k"]) == (shape, k)) for shape in SHAPES)
    return value(growing, "original") / value(fixed, "original")


def order(exponents: list[float], claimed: int, growth: float) -> Verdict:
    """Whether it is of that order in k, or only while the number of rows does not grow."""
    if exponents[0] > claimed + MARGIN:
        return Verdict.FAILS
    return Verdict.ONLY_WHEN if growth > GROWS else Verdict.HOLDS


def original_time(lab: Lab) -> Finding:
    """k rank tests of up to k columns: Σ O(m j²) = O(m k³), which is k³ for m rows, and k⁴ where m grows with k."""
    rows = lab.clock("growth", "float32", "cpu")
    exponents, growth = fitted(rows, times, "original"), with_rows(rows, times)
    verdict = order(exponents, 3, growth)
    return Finding(
        verdict,
        f"time like k^{exponents[0]:.2f} with 256 rows, k^{exponents[1]:.2f} with 2k rows; twice the rows take "
        f"{growth:.1f} times as long",
        times_table(rows),
        when="the number of rows is fixed: the k rank tests together take O(m k³)"
        if verdict is Verdict.ONLY_WHEN
        else "",
    )


def original_space(lab: Lab) -> Finding:
    """A copy of the columns kept and their AᵀA: O(m k + k²)."""
    rows = lab.clock("growth", "float32", "cpu")
    exponents, growth = fitted(rows, memory, "original"), with_rows(rows, memory)
    verdict = order(exponents, 2, growth)
    return Finding(
        verdict,
        f"memory like k^{exponents[0]:.2f} with 256 rows, k^{exponents[1]:.2f} with 2k rows; twice the rows take "
        f"{growth:.1f} times as much",
        memory_table(rows),
        when="there are no more than O(k) rows: with the copy of the columns it is O(m k + k²)"
        if verdict is Verdict.ONLY_WHEN
        else "",
    )


def compiled_is_cheaper(lab: Lab) -> Finding:
    """The second solver, with one rank test of AᵀA: O(m k² + k³) time; what XLA reserves is of the order of A."""
    rows = lab.clock("growth", "float32", "cpu")
    time, space, beside = (
        fitted(rows, *which) for which in ((times, "compiled"), (memory, "compiled"), (times, "original"))
    )
    gain = [ratio(row["seconds"]["original"], row["seconds"]["compiled"]).middle for row in rows]
    seconds, kilobytes = times_table(rows), memory_table(rows)
    cells = [(*one, *other[2:]) for one, other in zip(seconds.rows, kilobytes.rows, strict=True)]
    slower = all(own <= other - LESS for own, other in zip(time, beside, strict=True))
    return Finding(
        settled(slower and max(space) <= 2 + MARGIN),
        f"time like k^{time[0]:.2f} and k^{time[1]:.2f} (original: k^{beside[0]:.2f} and k^{beside[1]:.2f}), "
        f"{min(gain):.0f} to {max(gain):.0f} times as fast; memory like k^{space[0]:.2f} and k^{space[1]:.2f}",
        Table((*seconds.header, *kilobytes.header[2:]), cells),
    )
