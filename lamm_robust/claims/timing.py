"""Claims about time, from samples of `clock`. Speed is a ratio measured in one process, in turns."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from lamm_robust.claims.finding import Cell, Finding, Spread, Table, Verdict, quartiles, settled, slope, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.text import duration, number
from lamm_robust.values import AbsentError, Device

FASTER = 5.0
"""The least speed-up of the 5 to 20 times that the notes promise; more is no breach."""
SLIGHTLY = 1.25
"""A quarter more is still "slightly more expensive"."""
STEADY = 0.5
"""Times with quartiles within this share of the median are predictable, on a machine that does other things, too."""

middle = statistics.median


def micro(samples: Sequence[float]) -> Spread:
    """Quartiles and median in microseconds."""
    return quartiles([1e6 * value for value in samples])


def ratio(above: Sequence[float], below: Sequence[float]) -> Spread:
    """Quartiles and median of the ratios turn by turn."""
    return quartiles([a / b for a, b in zip(above, below, strict=True)])


def size(row: Mapping[str, Any]) -> str:
    """Rows by columns."""
    return f"{row['m']}×{row['n']}"


def promised(speedups: Mapping[str, float]) -> tuple[Verdict, str]:
    """How the promise of 5 to 20 times fares over sizes, by their names: where it is reached, if anywhere."""
    reached = [name for name, value in speedups.items() if value >= FASTER]
    if not reached:
        return Verdict.FAILS, ""
    return (Verdict.HOLDS, "") if len(reached) == len(speedups) else (Verdict.ONLY_WHEN, f"A is {' or '.join(reached)}")


def absent(error: AbsentError) -> Finding:
    """What is said of a device that is not there."""
    reason = str(error)
    return Finding(Verdict.NOT_MEASURED, "–", Table((), []), when=reason)


def jit_alone(lab: Lab, device: Device = "cpu") -> Finding:
    """The same solver with and without `jit`, by size."""
    try:
        rows = lab.clock("eager", "float32", device)
    except AbsentError as error:
        return absent(error)
    speedups = {f"{row['algorithm']}, {size(row)}": ratio(row["eager"], row["jit"]) for row in rows}
    by_pinv = {name: value.middle for name, value in speedups.items() if name.startswith("pinv")}
    verdict, when = promised(by_pinv)
    first, *_, last = by_pinv.values()
    others = [value.middle for name, value in speedups.items() if name not in by_pinv]
    beside = f"; normal equations {max(others):.1f}× at best" if others else ""
    return Finding(
        verdict,
        f"pinv {first:.1f}× at the smallest size, {last:.1f}× at the largest{beside}",
        Table(
            ("solver", "A", "eager (µs)", "jit (µs)", "speed-up"),
            [
                (row["algorithm"], size(row), micro(row["eager"]), micro(row["jit"]), value)
                for row, value in zip(rows, speedups.values(), strict=True)
            ],
        ),
        when=when.replace("pinv, ", ""),
    )


def jit_alone_on_gpu(lab: Lab) -> Finding:
    """The same on a GPU."""
    return jit_alone(lab, "gpu")


def original_to_compiled(lab: Lab, device: Device = "cpu") -> Finding:
    """LAMM's first solver in NumPy, the same compiled, and its second: what do compiling and the algorithm bring."""
    try:
        rows = lab.clock("original", "float32", device)
    except AbsentError as error:
        return absent(error)
    speedups = {size(row): ratio(row["original"], row["lamm-cond"]) for row in rows}
    same = [ratio(row["original"], row["dropping"]) for row in rows]
    verdict, when = promised({name: value.middle for name, value in speedups.items()})
    first, last = (list(speedups.values())[i] for i in (0, -1))
    return Finding(
        verdict,
        f"{first.middle:.1f}× at {size(rows[0])} to {last.middle:.0f}× at {size(rows[-1])}; the same algorithm "
        f"compiled gives {min(s.middle for s in same):.1f} to {max(s.middle for s in same):.1f}×: the gain is one rank "
        "test in place of k",
        Table(
            ("A", "original (µs)", "dropping, compiled (µs)", "lamm-cond (µs)", "to lamm-cond", "to the same compiled"),
            [
                (size(row), *(micro(row[name]) for name in ("original", "dropping", "lamm-cond")), speedup, own)
                for row, speedup, own in zip(rows, speedups.values(), same, strict=True)
            ],
        ),
        when=when,
    )


def original_to_gpu(lab: Lab) -> Finding:
    """The same with the compiled solvers on a GPU."""
    return original_to_compiled(lab, "gpu")


def predictable(lab: Lab) -> Finding:
    """Times by rank on one shape, and their scatter: whether the time depends on the data."""
    rows = lab.clock("ranks", "float32", "cpu")
    cells: list[tuple[Cell, ...]] = []
    by_rank, scatter = {}, {}
    for row in rows:
        medians = [middle(samples) for samples in row["by_rank"].values()]
        spreads = [quartiles(samples) for samples in row["by_rank"].values()]
        by_rank[row["solver"]] = max(medians) / min(medians)
        scatter[row["solver"]] = middle((s.high - s.low) / s.middle for s in spreads)
        times = (micro(samples) for samples in row["by_rank"].values())
        cells.append((row["solver"], *times, by_rank[row["solver"]], scatter[row["solver"]]))
    steady, same = scatter["lamm-cond"] < STEADY, by_rank["lamm-cond"] < SLIGHTLY
    verdict = Verdict.FAILS if not steady else Verdict.HOLDS if same else Verdict.ONLY_WHEN
    ranks = tuple(f"rank {rank} (µs)" for rank in rows[0]["by_rank"])
    return Finding(
        verdict,
        f"from rank to rank, the compiled solver's time changes by {by_rank['lamm-cond']:.1f}×, the original's by "
        f"{by_rank['original']:.1f}×, pinv's by {by_rank['pinv']:.1f}×; half of its calls are within "
        f"{scatter['lamm-cond']:.0%}",
        Table((f"solver, {size(rows[0])}", *ranks, "largest over smallest", "quartiles over median"), cells),
        when="the rank stays the same: the branch that is taken decides" if verdict is Verdict.ONLY_WHEN else "",
    )


def deficient_costs(lab: Lab) -> Finding:
    """LAMM's second solver at full rank, and with one column twice."""
    rows = lab.clock("deficient", "float32", "cpu")
    ratios = {size(row): ratio(row["deficient"], row["full"]) for row in rows}
    slight = [name for name, value in ratios.items() if value.high <= SLIGHTLY]
    only = 0 < len(slight) < len(ratios)
    low, high = (f(value.middle for value in ratios.values()) for f in (min, max))
    return Finding(
        Verdict.ONLY_WHEN if only else settled(bool(slight)),
        f"{low:.1f} to {high:.1f} times as expensive",
        Table(
            ("A", "full rank (µs)", "deficient (µs)", "ratio"),
            [(size(row), micro(row["full"]), micro(row["deficient"]), ratios[size(row)]) for row in rows],
        ),
        when=f"A is {' or '.join(slight)}" if only else "",
    )


def gram_costs(lab: Lab) -> Finding:
    """The time of AᵀA as m and n grow, and its share of the normal equations."""
    rows = lab.clock("gram", "float64", "cpu")
    times = {(row["m"], row["n"]): middle(row["AᵀA"]) for row in rows}
    least, most = min(n for _, n in times), max(m for m, _ in times)
    by_rows = {m: t for (m, n), t in times.items() if n == least}
    by_columns = {n: t for (m, n), t in times.items() if m == most}
    in_m, in_n = (slope(list(each), list(each.values())) for each in (by_rows, by_columns))
    shares = [ratio(row["AᵀA"], row["normal-cholesky"]) for row in rows]
    return Finding(
        settled(abs(in_m - 1) < 0.5 and abs(in_n - 2) < 0.5),
        f"AᵀA takes time like m^{in_m:.2f} n^{in_n:.2f}, and {min(s.middle for s in shares):.0%} to "
        f"{max(s.middle for s in shares):.0%} of the whole by Cholesky",
        Table(
            ("A", "AᵀA (µs)", "normal equations, Cholesky (µs)", "share"),
            [
                (size(row), micro(row["AᵀA"]), micro(row["normal-cholesky"]), share)
                for row, share in zip(rows, shares, strict=True)
            ],
        ),
    )


def normal_equations_cost_more(lab: Lab) -> Finding:
    """The normal equations in full beside QR and SVD."""
    rows = lab.clock("gram", "float64", "cpu")
    by_numpy, by_lapack = ([ratio(row[qr], row["normal-cholesky"]) for row in rows] for qr in ("qr", "gels"))
    lapack, numpy = (spread(value.middle for value in ratios) for ratios in (by_lapack, by_numpy))
    return Finding(
        settled(all(value.middle < 1 for value in by_lapack)),
        f"LAPACK's xGELS takes {lapack.low:.1f} to {lapack.high:.1f} times as long, numpy.linalg.qr {numpy.low:.0f} to "
        f"{numpy.high:.0f} times",
        Table(
            (
                *("A", "normal equations (µs)", "xGELS (µs)", "numpy.linalg.qr (µs)", "lstsq (µs)"),
                "xGELS over normal equations",
            ),
            [
                (
                    size(row),
                    *(micro(row[name]) for name in ("normal-cholesky", "gels", "qr")),
                    micro(row["lstsq"]) if "lstsq" in row else "–",
                    value,
                )
                for row, value in zip(rows, by_lapack, strict=True)
            ],
        ),
    )


SELECTED = (
    "import jax; f = lambda x: jax.lax.cond(x > 0, jax.numpy.sin, jax.numpy.cos, x); "
    "print(jax.make_jaxpr(jax.vmap(f))(jax.numpy.ones(3)))"
)


def cond_under_vmap(lab: Lab) -> Finding:
    """Conditionals in the compiled program of LAMM's second solver, alone and under vmap, and their times."""
    found = lab.clock("vmap", "float32", "cpu")
    names = ("lamm-cond", "normal-lu", "pinv")
    alone, batched = (found[f"conditionals of lamm-cond{suffix}"] for suffix in ("", ", vmap"))
    over_one, over_batch = (
        ratio(found[f"lamm-cond{suffix}"], found[f"normal-lu{suffix}"]).middle for suffix in ("", ", vmap")
    )
    only = alone > 0 and batched == 0
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            found[f"conditionals of {name}"],
            found[f"conditionals of {name}, vmap"],
            micro(found[name]),
            micro(found[f"{name}, vmap"]),
        )
        for name in names
    ]
    return Finding(
        Verdict.ONLY_WHEN if only else settled(alone > 0),
        f"{alone} conditional alone, {batched} under vmap: at full rank it then takes {over_batch:.0f} times as long "
        f"as the branch it needs, instead of {over_one:.1f} times",
        Table(
            ("solver", "conditionals", "under vmap", "one (µs)", f"{found['batch']} by vmap (µs)"),
            rows,
        ),
        when="the program is not vmapped: then both branches are computed, and one is selected" if only else "",
        replay=(SELECTED,),
    )


def static_shapes(lab: Lab) -> Finding:
    """How often programs are compiled as the rank changes, and how many calls pay for a compilation."""
    rows = {row["solver"]: row for row in lab.clock("shapes", "float32", "cpu")}
    compiled, masked, kept = rows["lamm-cond"], rows["dropping"], rows["normal equations of the columns kept"]
    saved = middle(rows["original"]["steady"]) - middle(compiled["steady"])
    pays = max(compiled["first"]) / saved if saved > 0 else float("inf")
    cells: list[tuple[Cell, ...]] = [
        (name, row["compiled"], duration(sum(row["first"])) if row["first"] else "–", micro(row["steady"]))
        for name, row in rows.items()
    ]
    one, several = compiled["compiled"] == 1, kept["compiled"] > 1
    only = one and several and masked["compiled"] == 1
    return Finding(
        Verdict.ONLY_WHEN if only else settled(one and several),
        f"{compiled['compiled']} compilation for {compiled['ranks']} ranks, where taking columns out needs "
        f"{kept['compiled']} and masking them {masked['compiled']}; it pays after {number(pays)} calls at 64×16",
        Table(
            ("solver, 64×16", "compilations", f"first calls at {compiled['ranks']} ranks", "later calls (µs)"), cells
        ),
        when="columns are really taken out: dropping by a mask has static shapes, too" if only else "",
    )
