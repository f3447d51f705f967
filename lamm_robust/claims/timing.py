"""Claims about the time of one solve: what compiling brings, and whether the time depends on the data.

A speed-up is a ratio of times measured in one process, in turns. A claim is settled if several processes agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import median

from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Table, conclude, quartiles
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.samples import FASTER, Row, beyond, faster, micro, ratio, settle_runs, size, where
from lamm_robust.values import Device

SLIGHTLY = 1.25
"""The largest ratio of times that counts as "slightly more expensive"."""
STEADY = 0.5
"""The largest distance between the quartiles of predictable times over the median, where other programs run, too."""


def jit_alone(lab: Lab, device: Device = "cpu") -> Finding:
    """The times of JAX solvers with and without `jit`, by size."""
    return settle_runs(lab, "eager", _jit_alone, device=device)


def _jit_alone(rows: Sequence[Row]) -> Finding:
    speedups = [ratio(row["eager"], row["jit"]) for row in rows]
    pairs = list(zip(rows, speedups, strict=True))
    by_pinv = {size(row): speedup.middle for row, speedup in pairs if row["algorithm"] == "pinv"}
    all_sizes, some_sizes = faster(by_pinv)
    first, *_, last = by_pinv.values()
    others = [speedup.middle for row, speedup in pairs if row["algorithm"] != "pinv"]
    beside = f"; normal equations {max(others):.1f}× at best" if others else ""
    return conclude(
        all_sizes,
        f"pinv {first:.1f}× at the smallest size, {last:.1f}× at the largest{beside}",
        Table(
            ("solver", "A", "eager (µs)", "jit (µs)", "speed-up"),
            [(row["algorithm"], size(row), micro(row["eager"]), micro(row["jit"]), speedup) for row, speedup in pairs],
        ),
        when=some_sizes and f"A is {some_sizes}",
        margin=beyond(list(by_pinv.values()), FASTER),
    )


def original_to_compiled(lab: Lab, device: Device = "cpu") -> Finding:
    """The times of LAMM's first solver in NumPy, of the same compiled, and of LAMM's second solver."""
    return settle_runs(lab, "original", _original_to_compiled, device=device)


def _original_to_compiled(rows: Sequence[Row]) -> Finding:
    speedups = [ratio(row["original"], row["lamm-cond"]) for row in rows]
    same = [ratio(row["original"], row["dropping"]) for row in rows]
    all_sizes, some_sizes = faster({size(row): value.middle for row, value in zip(rows, speedups, strict=True)})
    return conclude(
        all_sizes,
        f"{speedups[0].middle:.1f}× at {size(rows[0])} to {speedups[-1].middle:.0f}× at {size(rows[-1])}; the same "
        f"algorithm compiled gives {min(s.middle for s in same):.1f} to {max(s.middle for s in same):.1f}×: the gain "
        "is one rank test in place of k",
        Table(
            ("A", "original (µs)", "dropping, compiled (µs)", "lamm-cond (µs)", "to lamm-cond", "to the same compiled"),
            [
                (size(row), *(micro(row[name]) for name in ("original", "dropping", "lamm-cond")), speedup, own)
                for row, speedup, own in zip(rows, speedups, same, strict=True)
            ],
        ),
        when=some_sizes and f"A is {some_sizes}",
        margin=beyond([value.middle for value in speedups], FASTER),
    )


def predictable(lab: Lab) -> Finding:
    """Times by rank on one shape, and their scatter: whether the time depends on the data."""
    return settle_runs(lab, "ranks", _predictable)


def _predictable(rows: Sequence[Row]) -> Finding:
    cells: list[tuple[Cell, ...]] = []
    by_rank, scatter = {}, {}
    for row in rows:
        medians = [median(samples) for samples in row["by_rank"].values()]
        spreads = [quartiles(samples) for samples in row["by_rank"].values()]
        by_rank[row["solver"]] = max(medians) / min(medians)
        scatter[row["solver"]] = median((s.high - s.low) / s.middle for s in spreads)
        times = (micro(samples) for samples in row["by_rank"].values())
        cells.append((row["solver"], *times, by_rank[row["solver"]], scatter[row["solver"]]))
    steady, same = scatter["lamm-cond"] < STEADY, by_rank["lamm-cond"] < SLIGHTLY
    ranks = tuple(f"rank {rank} (µs)" for rank in rows[0]["by_rank"])
    return conclude(
        steady,
        f"from rank to rank, the compiled solver's time changes by {by_rank['lamm-cond']:.1f}×, the original's by "
        f"{by_rank['original']:.1f}×, pinv's by {by_rank['pinv']:.1f}×; half of its calls are within "
        f"{scatter['lamm-cond']:.0%}",
        Table((f"solver, {size(rows[0])}", *ranks, "largest over smallest", "quartiles over median"), cells),
        when="the rank stays the same: the branch that is taken decides" if steady and not same else "",
        margin=f"quartiles may be apart by {STEADY:.0%} of the median, and are by {scatter['lamm-cond']:.0%}; medians "
        f"by a factor {SLIGHTLY}, and are by {by_rank['lamm-cond']:.2f}",
    )


def deficient_costs(lab: Lab) -> Finding:
    """The times of LAMM's second solver at full rank, and with one column twice."""
    return settle_runs(lab, "deficient", _deficient_costs)


def _deficient_costs(rows: Sequence[Row]) -> Finding:
    ratios = {size(row): ratio(row["deficient"], row["full"]) for row in rows}
    all_sizes, some_sizes = where({name: value.middle <= SLIGHTLY for name, value in ratios.items()})
    low, high = (f(value.middle for value in ratios.values()) for f in (min, max))
    return conclude(
        all_sizes,
        f"{low:.1f} to {high:.1f} times as expensive",
        Table(
            ("A", "full rank (µs)", "deficient (µs)", "ratio"),
            [(size(row), micro(row["full"]), micro(row["deficient"]), ratios[size(row)]) for row in rows],
        ),
        when=some_sizes and f"A is {some_sizes}",
        margin=beyond([value.middle for value in ratios.values()], SLIGHTLY),
    )


CLAIMS = {
    33: Claim(
        "JIT: 5–20×, one solve",
        "Compiling with JAX makes one solve 5 to 20 times as fast.",
        Source.NOTES,
        "The same JAX solver with and without `jit`, in turns, by size, float32, one CPU: is pinv 5 times as fast?",
        jit_alone,
    ),
    34: Claim(
        "JIT: 5–20×, one solve, GPU",
        "The same on a GPU.",
        Source.NEIGHBOUR,
        "The same on a GPU.",
        partial(jit_alone, device="gpu"),
    ),
    35: Claim(
        "5–20× from the original solve",
        "LAMM's compiled solver is 5 to 20 times as fast as the original.",
        Source.NOTES,
        "NumPy's dropping, the same algorithm compiled, and the compiled solver with `lax.cond`, in turns, by size, "
        "float32: what does compiling bring, and what the other algorithm? More than 20 times is no breach, here and "
        "below.",
        original_to_compiled,
    ),
    36: Claim(
        "5–20× from the original solve, GPU",
        "The same with the compiled solver on a GPU.",
        Source.NEIGHBOUR,
        "The same with the compiled solvers on a GPU.",
        partial(original_to_compiled, device="gpu"),
    ),
    40: Claim(
        "predictable execution time",
        "Not only the number of directions but the compiled solver's time, too, is predictable.",
        Source.NEIGHBOUR,
        "Times on 64×48 matrices of four ranks, in turns, float32: predictable means quartiles within half of the "
        "median, and medians within a quarter from rank to rank.",
        predictable,
    ),
    41: Claim(
        "slightly slower when deficient",
        "The compiled solver is only slightly more expensive when A is rank-deficient.",
        Source.NOTES,
        "Its time at full rank and with one column twice, in turns, by size; slightly means by a quarter in the "
        "median.",
        deficient_costs,
    ),
}
