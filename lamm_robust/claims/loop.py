"""Claims about the LAMM loop, from samples of `clock`: where it ends, how fast it is, and what the solver changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lamm_robust.claims.finding import Cell, Finding, Spread, Table, Verdict, quartiles, settled, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.timing import absent, middle, promised, ratio
from lamm_robust.tables import duration, number
from lamm_robust.values import AbsentError, Device

SIMILAR = 0.05
"""The relative difference that the notes call similar."""
NEARLY_ALL = 0.9
"""The share of pairs for which a claim about pairs must be right."""

STEERING = (
    "import numpy as np; from lamm_robust.lamm import apply_delta; "
    "from lamm_robust.lamm.mesh import mesh, random_phases; "
    "p, q = (np.asarray(random_phases(seed, 4), np.float32) for seed in (1, 1001)); F = mesh(4); d = F(q) - F(p); "
    "print([apply_delta(F, p, d, driver=a, solver=b, directions=9).magnitude for a, b in "
    '(("original", "numpy-dropping"), ("compiled", "jax-lamm-cond"))])'
)


def apart(row: Mapping[str, Any]) -> float:
    """The relative difference of the two final magnitudes."""
    one, other = row["original"], row["compiled"]
    return float(abs(one - other) / max(one, other)) if max(one, other) > 0 else 0.0


def similar_magnitudes(lab: Lab) -> Finding:
    """Final magnitudes of the two loops, from the same start and with the same directions."""
    rows = lab.clock("magnitudes", "float32", "cpu")
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["target"], row["atol"], row["directions"]), []).append(row)
    cells: list[tuple[Cell, ...]] = []
    holding = []
    for (target, atol, directions), group in groups.items():
        differences = [apart(row) for row in group]
        close = sum(value < SIMILAR for value in differences)
        if close >= NEARLY_ALL * len(group):
            holding.append(f"the target is {target}, tolerance {atol:g}, {directions} directions")
        ends = (spread(row[name] for row in group) for name in ("original", "compiled"))
        cells.append((target, atol, directions, *ends, spread(differences), f"{close}/{len(group)}"))
    close = sum(apart(row) < SIMILAR for row in rows)
    return Finding(
        Verdict.HOLDS if len(holding) == len(groups) else Verdict.ONLY_WHEN if holding else Verdict.FAILS,
        f"{close} of {len(rows)} pairs differ by less than 5 %; the median differs by "
        f"{middle([apart(row) for row in rows]):.0%}",
        Table(
            ("target", "tolerance", "directions", "original ends at", "compiled ends at", "difference", "below 5 %"),
            cells,
        ),
        when="; or ".join(holding) if 0 < len(holding) < len(groups) else "",
        replay=(STEERING,),
    )


def equally_good(lab: Lab) -> Finding:
    """The same loops, by the median over seeds: whether one of the solvers ends lower as a rule."""
    rows = [row for row in lab.clock("magnitudes", "float32", "cpu") if row["atol"] == 0.0]
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["target"], row["directions"]), []).append(row)
    cells: list[tuple[Cell, ...]] = []
    even = []
    for (target, directions), group in groups.items():
        lower = sum(row["compiled"] < row["original"] for row in group)
        even.append(abs(lower - len(group) / 2) <= ODDS)
        ends = [quartiles([row[name] for row in group]) for name in ("original", "compiled")]
        cells.append((target, directions, *ends, f"{lower}/{len(group)}"))
    wins = sum(row["compiled"] < row["original"] for row in rows)
    return Finding(
        settled(all(even)),
        f"the compiled loop ends lower in {wins} of {len(rows)} pairs",
        Table(("target", "directions", "original ends at", "compiled ends at", "compiled is lower"), cells),
        replay=(STEERING,),
    )


ODDS = 4
"""Of ten pairs, one to nine wins: a fair coin falls outside once in 500 times (2/2¹⁰)."""


def loop_size(row: Mapping[str, Any]) -> str:
    """Modes and directions."""
    return f"N = {row['modes']}, k = {row['directions']}"


def per_step(row: Mapping[str, Any], name: str) -> Spread:
    """Quartiles and median of milliseconds per step."""
    return quartiles([1e3 * value / row["steps"] for value in row[name]])


def step_speed(lab: Lab, device: Device = "cpu") -> Finding:
    """Loops of eight steps in turns: the original, the Python loop with the compiled solver, and all compiled."""
    try:
        rows = lab.clock("loops", "float32", device)
    except AbsentError as error:
        return absent(error)
    speedups = {loop_size(row): ratio(row["original"], row["compiled"]) for row in rows}
    compiling = [ratio(row["python loop"], row["compiled"]) for row in rows]
    verdict, when = promised({name: value.middle for name, value in speedups.items()})
    names = ("original", "python loop", "compiled")
    return Finding(
        verdict,
        f"{' / '.join(f'{value.middle:.1f}' for value in speedups.values())}× for N = 4 / 8 / 16, of which compiling "
        f"the loop is {' / '.join(f'{value.middle:.1f}' for value in compiling)}×",
        Table(
            (
                "mesh",
                "original (ms/step)",
                "Python loop, compiled solver",
                "compiled",
                "original over compiled",
                "of it the loop",
            ),
            [
                (loop_size(row), *(per_step(row, name) for name in names), speedup, own)
                for row, speedup, own in zip(rows, speedups.values(), compiling, strict=True)
            ],
        ),
        when=when.removeprefix("A is "),
        replay=(STEERING,),
    )


def step_speed_on_gpu(lab: Lab) -> Finding:
    """The same with the compiled loop on a GPU."""
    return step_speed(lab, "gpu")


def loop_speed(lab: Lab) -> Finding:
    """Whole loops to near targets: the number of steps differs by chance, and the first loop compiles."""
    rows = lab.clock("arrivals", "float32", "cpu")
    pairs = [(rows[i], rows[i + 1]) for i in range(0, len(rows), 2)]
    speedups = {loop_size(one): ratio(one["seconds"], other["seconds"]) for one, other in pairs}
    verdict, when = promised({name: value.middle for name, value in speedups.items()})
    pays = [other["first"] / (middle(one["seconds"]) - middle(other["seconds"])) for one, other in pairs]
    cells: list[tuple[Cell, ...]] = [
        (
            loop_size(row),
            row["loop"],
            spread([1e3 * value for value in row["seconds"]]),
            spread(row["steps"]),
            f"{row['reached']}/{len(row['steps'])}",
            duration(row["first"]),
        )
        for row in rows
    ]
    return Finding(
        verdict,
        f"{' / '.join(f'{value.middle:.0f}' for value in speedups.values())}× in the median for N = 4 / 8; compiling "
        f"pays after {' / '.join(f'{number(value)} loops' if value > 0 else 'never' for value in pays)}",
        Table(("mesh", "loop", "to the target (ms)", "steps", "reached", "first loop"), cells),
        when=when.removeprefix("A is "),
        replay=(STEERING,),
    )


def solver_changes_steps(lab: Lab) -> Finding:
    """Steps of the compiled loop by solver, to near and to far targets."""
    rows = lab.clock("steps", "float32", "cpu")
    same = {
        target: [
            len(set(counts)) == 1 for counts in zip(*(r["steps"] for r in rows if r["target"] == target), strict=True)
        ]
        for target in ("near", "far")
    }
    cells: list[tuple[Cell, ...]] = [
        (r["solver"], r["target"], spread(r["steps"]), middle(r["steps"]), f"{r['reached']}/{len(r['steps'])}")
        for r in rows
    ]
    reached: Sequence[int] = [r["reached"] for r in rows]
    return Finding(
        settled(all(map(all, same.values()))),
        f"five solvers need the same number of steps to {sum(same['near'])} of {len(same['near'])} near targets and "
        f"{sum(same['far'])} of {len(same['far'])} far ones; each reaches {min(reached)} to {max(reached)} of ten",
        Table(("solver", "target", "steps", "median", "reached"), cells),
        replay=(STEERING,),
    )
