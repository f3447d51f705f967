"""Claims about how time and memory grow with k, the number of directions (columns), from samples of `clock`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Spread, Table, conclude, slope
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.samples import Row, micro, ratio, settle_runs

MARGIN = 0.5
"""How far a fitted exponent may be above the claimed order: beyond, the next whole number is nearer."""
LESS = 0.3
"""How much lower an exponent must be to count as lower: times scatter by a third, which over a factor 8 in k is 0.2."""
GROWS = 1.4
"""Time or memory grows with m if twice the rows take more than this factor, which is 2 where the work is O(m)."""
SHAPES = ("256×k", "2k×k")

Rows = Sequence[Row]
Value = Callable[[Row, str], float]
"""(row, solver) → a number."""


def seconds(row: Row, solver: str) -> float:
    """The median time of a solver."""
    return float(median(row["seconds"][solver]))


def memory(row: Row, solver: str) -> float:
    """The bytes that a solver takes."""
    return float(row["bytes"][solver])


def exponents(rows: Rows, value: Value, solver: str) -> list[float]:
    """The fitted exponent of k, for each shape."""
    groups = [[row for row in rows if row["shape"] == shape] for shape in SHAPES]
    return [slope([row["k"] for row in own], [value(row, solver) for row in own]) for own in groups]


def growth_with_rows(rows: Rows, value: Value) -> float:
    """The factor by which time or memory of the original solver grows for twice the rows, at the largest k."""
    k = max(row["k"] for row in rows)
    fixed, growing = (next(r for r in rows if (r["shape"], r["k"]) == (shape, k)) for shape in SHAPES)
    return value(growing, "original") / value(fixed, "original")


def table_of(rows: Rows, cell: Callable[[Row, str], Spread | float], unit: str) -> Table:
    """The table of the numbers `cell`, in `unit`, for each size and solver."""
    solvers = ("original", "compiled")
    cells: list[tuple[Cell, ...]] = [(row["shape"], row["k"], *(cell(row, s) for s in solvers)) for row in rows]
    return Table(("A", "k", *(f"{solver} ({unit})" for solver in solvers)), cells)


def table_of_seconds(rows: Rows) -> Table:
    """The table of times for each size and solver."""
    return table_of(rows, lambda row, solver: micro(row["seconds"][solver]), "µs")


def table_of_memory(rows: Rows) -> Table:
    """The table of memory for each size and solver."""
    return table_of(rows, lambda row, solver: row["bytes"][solver] / 1024, "KiB")


def conclude_order(rows: Rows, value: Value, order: int, table: Table, words: tuple[str, str], when: str) -> Finding:
    """The finding whether the original solver's `value` grows like k^order at most, or only for fixed m."""
    fixed, growing = exponents(rows, value, "original")
    twice, holds = growth_with_rows(rows, value), fixed <= order + MARGIN
    margin = f"the exponent may be {order + MARGIN}, and is {fixed:.2f}; twice the rows may take {GROWS}×"
    return conclude(
        holds,
        f"{words[0]} like k^{fixed:.2f} with 256 rows, k^{growing:.2f} with 2k rows; twice the rows take {twice:.1f} "
        f"times as {words[1]}",
        table,
        when=when if holds and twice > GROWS else "",
        margin=f"{margin}, and take {twice:.2f}×",
    )


def original_time(lab: Lab) -> Finding:
    """The original solver tests the rank of 1, …, k columns: Σ O(m j²) = O(m k³), or k⁴ if m grows like k."""
    when = "the number of rows is fixed: the k rank tests together take O(m k³)"

    def judge(rows: Rows) -> Finding:
        return conclude_order(rows, seconds, 3, table_of_seconds(rows), ("time", "long"), when)

    return settle_runs(lab, "growth", judge)


def original_space(lab: Lab) -> Finding:
    """The original solver stores a copy of the columns kept and their AᵀA: O(m k + k²)."""
    when = "there are no more than O(k) rows: with the copy of the columns it is O(m k + k²)"

    def judge(rows: Rows) -> Finding:
        return conclude_order(rows, memory, 2, table_of_memory(rows), ("memory", "much"), when)

    return settle_runs(lab, "growth", judge)


def both_tables(rows: Rows) -> Table:
    """Times and memory in one table."""
    times, kilobytes = table_of_seconds(rows), table_of_memory(rows)
    return Table(
        (*times.header, *kilobytes.header[2:]),
        [(*one, *other[2:]) for one, other in zip(times.rows, kilobytes.rows, strict=True)],
    )


def compiled_is_cheaper(lab: Lab) -> Finding:
    """The second solver makes one rank test of AᵀA: O(m k² + k³) time; XLA reserves memory of the order of A."""
    return settle_runs(lab, "growth", _compiled_is_cheaper)


def _compiled_is_cheaper(rows: Rows) -> Finding:
    time, space = exponents(rows, seconds, "compiled"), exponents(rows, memory, "compiled")
    beside = exponents(rows, seconds, "original")
    gain = [ratio(row["seconds"]["original"], row["seconds"]["compiled"]).middle for row in rows]
    lower = min(other - own for own, other in zip(time, beside, strict=True))
    return conclude(
        lower >= LESS and max(space) <= 2 + MARGIN,
        f"time like k^{time[0]:.2f} and k^{time[1]:.2f} (original: k^{beside[0]:.2f} and k^{beside[1]:.2f}), "
        f"{min(gain):.0f} to {max(gain):.0f} times as fast; memory like k^{space[0]:.2f} and k^{space[1]:.2f}",
        both_tables(rows),
        margin=f"the exponent must be lower by {LESS}, and is by {lower:.2f}",
    )


def compiled_order(lab: Lab) -> Finding:
    """The order that the notes give the compiled solver in k alone: O(m k² + k³) time, O(m k + k²) space."""
    return settle_runs(lab, "growth", _compiled_order)


def _compiled_order(rows: Rows) -> Finding:
    time, space = exponents(rows, seconds, "compiled")[0], exponents(rows, memory, "compiled")[0]
    k = max(row["k"] for row in rows)
    fixed, growing = (next(r for r in rows if (r["shape"], r["k"]) == (shape, k)) for shape in SHAPES)
    few, many = fixed["bytes"]["compiled"], growing["bytes"]["compiled"]
    holds, more = time <= 3 + MARGIN and space <= 2 + MARGIN, many / few
    return conclude(
        holds,
        f"with 256 rows time like k^{time:.2f} and memory like k^{space:.2f}; twice the rows take {more:.1f} times as "
        "much memory",
        both_tables(rows),
        when="the number of rows is fixed: it is O(m k² + k³) time and O(m k + k²) space"
        if holds and more > GROWS
        else "",
        margin=f"exponents may be {3 + MARGIN} and {2 + MARGIN}, and are {time:.2f} and {space:.2f}; twice the rows "
        f"may take {GROWS}×, and take {more:.2f}×",
    )


CLAIMS = {
    44: Claim(
        "original: O(k³) time",
        "The original solver takes O(k³) time for k directions.",
        Source.NOTES,
        "Its time for k = 32 to 256 with 256 rows and with 2k rows: is the fitted exponent at most 3.5 for 256 rows, "
        "and do twice the rows take no more time?",
        original_time,
    ),
    45: Claim(
        "original: O(k²) space",
        "The original solver takes O(k²) space.",
        Source.NOTES,
        "The most memory that it holds beyond A and b, by tracemalloc (which does not see LAPACK's own), for the same "
        "sizes: is the fitted exponent at most 2.5, and do twice the rows take no more?",
        original_space,
    ),
    46: Claim(
        "compiled grows more slowly",
        "The compiled solver's time grows more slowly with k, in memory of the same order.",
        Source.NEIGHBOUR,
        "Time in turns with the original's for the same sizes, and the memory that XLA reserves for temporaries.",
        compiled_is_cheaper,
    ),
    55: Claim(
        "compiled: O(k²) space, O(k³) time",
        "The compiled solver takes O(k²) space and O(k³) time for k directions.",
        Source.NOTES,
        "Its time, and the memory that XLA reserves for temporaries, for the sizes of claim 44: are the fitted "
        "exponents at most 3.5 and 2.5 for 256 rows, and do twice the rows take no more memory?",
        compiled_order,
    ),
}
