"""Claims about the speed of the LAMM loop, from samples of `clock`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from operator import itemgetter
from statistics import median

from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Spread, Table, conclude, quartiles, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.samples import FASTER, Row, beyond, faster, ratio, settle_runs
from lamm_robust.text import duration, number, share
from lamm_robust.values import Device

ENOUGH = 3
"""The least number of targets that both loops must reach, for quartiles of times."""


def loop_size(row: Row) -> str:
    """The modes and directions of a loop."""
    return f"N = {row['modes']}, k = {row['directions']}"


def per_step(row: Row, name: str) -> Spread:
    """Quartiles and median of milliseconds per step."""
    return quartiles([1e3 * value / row["steps"] for value in row[name]])


def step_speed(lab: Lab, device: Device = "cpu") -> Finding:
    """The times of loops of eight steps: the original, the Python loop with the compiled solver, and all compiled."""
    return settle_runs(lab, "loops", _step_speed, device=device)


def _step_speed(rows: Sequence[Row]) -> Finding:
    speedups = {loop_size(row): ratio(row["original"], row["compiled"]) for row in rows}
    compiling = [ratio(row["python loop"], row["compiled"]) for row in rows]
    all_sizes, some_sizes = faster({name: value.middle for name, value in speedups.items()})
    names = ("original", "python loop", "compiled")
    return conclude(
        all_sizes,
        f"{' / '.join(f'{value.middle:.1f}' for value in speedups.values())}× for N = 4 / 8 / 16, of which compiling "
        f"the loop is {' / '.join(f'{value.middle:.1f}' for value in compiling)}×",
        Table(
            (
                *("mesh", "original (ms/step)", "Python loop, compiled solver", "compiled"),
                *("original over compiled", "of it the loop"),
            ),
            [
                (loop_size(row), *(per_step(row, name) for name in names), speedup, own)
                for row, speedup, own in zip(rows, speedups.values(), compiling, strict=True)
            ],
        ),
        when=some_sizes,
        margin=beyond([value.middle for value in speedups.values()], FASTER),
    )


def loop_speed(lab: Lab) -> Finding:
    """The times of whole loops to near targets that both reach; the first loop compiles."""
    return settle_runs(lab, "arrivals", _loop_speed, together=itemgetter(0))  # the same loops again, not more of them


def _loop_speed(rows: Sequence[Row]) -> Finding:
    pairs = [(rows[i], rows[i + 1]) for i in range(0, len(rows), 2)]
    both = [[a and b for a, b in zip(one["reached"], other["reached"], strict=True)] for one, other in pairs]
    kept = [(one, other, arrived) for (one, other), arrived in zip(pairs, both, strict=True) if sum(arrived) >= ENOUGH]
    times = {
        loop_size(one): [seconds_where(one, arrived), seconds_where(other, arrived)] for one, other, arrived in kept
    }
    speedups = {name: ratio(*each) for name, each in times.items()}
    all_sizes, some_sizes = faster({name: value.middle for name, value in speedups.items()})
    gains = [median(original) - median(compiled) for original, compiled in times.values()]
    pays = [
        max(other["first"] - one["first"], 0.0) / gain if gain > 0 else math.inf
        for (one, other, _), gain in zip(kept, gains, strict=True)
    ]
    cells: list[tuple[Cell, ...]] = [
        (
            loop_size(row),
            row["loop"],
            spread([1e3 * value for value in seconds_where(row, arrived)]) if any(arrived) else "–",
            spread(row["steps"]),
            share(sum(row["reached"]), len(row["reached"])),
            duration(row["first"]),
        )
        for pair, arrived in zip(pairs, both, strict=True)
        for row in pair
    ]
    return conclude(
        all_sizes,
        f"{'; '.join(f'{value.middle:.1f}× ({name})' for name, value in speedups.items())}; what the "
        "first compiled loop costs more than the first original one is paid back after "
        f"{' / '.join(f'{number(value)} loops' if value < math.inf else 'never' for value in pays)}",
        Table(("mesh", "loop", "to targets that both reach (ms)", "steps of all", "reached", "first loop"), cells),
        when=some_sizes,
        margin=beyond([value.middle for value in speedups.values()], FASTER),
    )


def seconds_where(row: Row, arrived: Sequence[bool]) -> list[float]:
    """The seconds of the loops of a row to targets that both reach."""
    return [value for value, reached in zip(row["seconds"], arrived, strict=True) if reached]


CLAIMS = {
    37: Claim(
        "JIT: 5–20×, one step",
        "A step of the compiled loop is 5 to 20 times as fast as one of the original.",
        Source.NOTES,
        "Loops of eight steps on meshes of 4, 8 and 16 modes, in turns: the original, the Python loop with the "
        "compiled solver, and all compiled.",
        step_speed,
    ),
    38: Claim(
        "JIT: 5–20×, one step, GPU",
        "The same with the compiled loop on a GPU.",
        Source.NEIGHBOUR,
        "The same on a GPU.",
        partial(step_speed, device="gpu"),
    ),
    39: Claim(
        "JIT: 5–20×, the whole loop",
        "The compiled loop reaches its target 5 to 20 times as fast.",
        Source.NOTES,
        "Both loops to near targets (‖δ‖ ≤ 1e-3) on meshes of 4 and 8 modes, 20 seeds, after a first loop that "
        "compiles: times to the targets that both reach. Both first loops compile something: the "
        "difference is charged.",
        loop_speed,
    ),
}
