"""Claims about the LAMM loop, from samples of `clock`: where it ends, how fast it is, and what the solver changes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lamm_robust.claims.finding import Cell, Finding, Spread, Table, Verdict, quartiles, settled, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.timing import absent, middle, promised, ratio
from lamm_robust.text import duration, number
from lamm_robust.values import AbsentError, Device

SIMILAR = 0.05
"""The relative difference that the notes call similar."""
NEARLY_ALL = 0.9
"""The share of pairs for which a claim about pairs must be right."""


def steering(shown: str) -> str:
    """Python that shows magnitude or steps of LAMM's two loops, below and at the degrees of freedom."""
    return (
        "import numpy as np; from lamm_robust.lamm import apply_delta; "
        "from lamm_robust.lamm.mesh import mesh, random_phases; "
        "p, q = (np.asarray(random_phases(seed, 4), np.float32) for seed in (1, 1001)); F = mesh(4); d = F(q) - F(p); "
        f"print([(k, a, apply_delta(F, p, d, driver=a, solver=b, directions=k).{shown}) for k in (4, 9) for a, b in "
        '(("original", "numpy-dropping"), ("compiled", "jax-lamm-cond"))])'
    )


Row = Mapping[str, Any]


def grouped(rows: Sequence[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """The rows that agree in these columns."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return groups


def apart(row: Row, other: str = "compiled") -> float:
    """The relative difference of the final magnitudes of the original loop and another."""
    one, two = row["original"], row[other]
    return float(abs(one - two) / max(one, two)) if max(one, two) > 0 else 0.0


def close(rows: Sequence[Row], other: str = "compiled") -> int:
    """In how many pairs the two end alike."""
    return sum(apart(row, other) < SIMILAR for row in rows)


def by_directions(alike: Mapping[int, float]) -> tuple[Verdict, str]:
    """The verdict on what is alike in a share of cases, by the number of directions."""
    holding = [directions for directions, share in alike.items() if share >= NEARLY_ALL]
    if 0 < len(holding) < len(alike):
        few = max(holding) < FREEDOM
        why = f", fewer than the {FREEDOM} degrees of freedom: X is then well-conditioned" if few else ""
        return Verdict.ONLY_WHEN, f"there are {' or '.join(map(str, holding))} directions{why}"
    return settled(bool(holding)), ""


FREEDOM = 9
"""(N − 1)² for the four modes of these experiments."""


def similar_magnitudes(lab: Lab) -> Finding:
    """Final magnitudes of the two loops, from the same start and with the same directions."""
    rows = lab.clock("magnitudes", "float32", "cpu")
    alike = {k: close(group) / len(group) for (k,), group in grouped(rows, "directions").items()}
    verdict, when = by_directions(alike)
    names = ("original", "python loop", "compiled")
    cells: list[tuple[Cell, ...]] = [
        (*kind, *(spread(row[name] for row in group) for name in names), f"{close(group)}/{len(group)}")
        for kind, group in grouped(rows, "directions", "target", "atol").items()
    ]
    shares = ", ".join(f"{share:.0%} with {k} directions" for k, share in alike.items())
    return Finding(
        verdict,
        f"pairs that differ by less than 5 %: {shares}; exchanging the solver alone leaves {close(rows, names[1])} of "
        f"{len(rows)} alike",
        Table(
            (
                *("directions", "target", "tolerance", "original ends at", "Python loop, compiled solver"),
                *("compiled ends at", "original and compiled below 5 %"),
            ),
            cells,
        ),
        when=when,
        replay=(steering("magnitude"),),
    )


def equally_good(lab: Lab) -> Finding:
    """The same loops, as far as they get: how often either ends lower, of the pairs that differ."""
    rows = [row for row in lab.clock("magnitudes", "float32", "cpu") if row["atol"] == 0.0]
    differing = [row for row in rows if apart(row) >= SIMILAR]
    cells: list[tuple[Cell, ...]] = []
    for kind, group in grouped(rows, "directions", "target").items():
        ends = (spread(row[name] for row in group) for name in ("original", "compiled"))
        lower = sum(row["compiled"] < row["original"] for row in group if apart(row) >= SIMILAR)
        cells.append((*kind, *ends, f"{lower}/{len(group) - close(group)}"))
    wins = sum(row["compiled"] < row["original"] for row in differing)
    odds = tail(wins, len(differing))
    return Finding(
        settled(odds >= CHANCE),
        f"the compiled loop ends lower in {wins} of {len(differing)} pairs that differ by 5 % or more, which a fair "
        f"coin does with probability {number(odds)} (or further from half)",
        Table(("directions", "target", "original ends at", "compiled ends at", "compiled is lower"), cells),
        replay=(steering("magnitude"),),
    )


CHANCE = 0.01
"""What is less probable than this by chance is called a rule."""


def tail(wins: int, of: int) -> float:
    """The probability that a fair coin is at least as far from half of so many throws (the exact binomial test)."""
    far = abs(wins - of / 2)
    return sum(float(math.comb(of, k)) for k in range(of + 1) if abs(k - of / 2) >= far) / 2.0**of


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
    )


def step_speed_on_gpu(lab: Lab) -> Finding:
    """The same with the compiled loop on a GPU."""
    return step_speed(lab, "gpu")


def loop_speed(lab: Lab) -> Finding:
    """Whole loops to near targets that both reach: the number of steps differs by chance, and the first compiles."""
    rows = lab.clock("arrivals", "float32", "cpu")
    pairs = [(rows[i], rows[i + 1]) for i in range(0, len(rows), 2)]
    both = [[a and b for a, b in zip(one["reached"], other["reached"], strict=True)] for one, other in pairs]
    kept = [(one, other, arrived) for (one, other), arrived in zip(pairs, both, strict=True) if sum(arrived) >= ENOUGH]
    times = {loop_size(one): [_of(one, arrived), _of(other, arrived)] for one, other, arrived in kept}
    speedups = {name: ratio(*each) for name, each in times.items()}
    verdict, when = promised({name: value.middle for name, value in speedups.items()})
    pays = [
        other["first"] / gain
        if (gain := middle(times[loop_size(one)][0]) - middle(times[loop_size(one)][1])) > 0
        else 0
        for one, other, _ in kept
    ]
    cells: list[tuple[Cell, ...]] = [
        (
            loop_size(row),
            row["loop"],
            spread([1e3 * value for value in _of(row, arrived)]) if any(arrived) else "–",
            spread(row["steps"]),
            f"{sum(row['reached'])}/{len(row['reached'])}",
            duration(row["first"]),
        )
        for pair, arrived in zip(pairs, both, strict=True)
        for row in pair
    ]
    return Finding(
        verdict,
        f"{'; '.join(f'{value.middle:.1f}× ({name})' for name, value in speedups.items())}; compiling "
        f"pays after {' / '.join(f'{number(value)} loops' if value else 'never' for value in pays)}",
        Table(("mesh", "loop", "to targets that both reach (ms)", "steps of all", "reached", "first loop"), cells),
        when=when.removeprefix("A is "),
    )


ENOUGH = 3
"""Targets that both loops have to reach, for quartiles of times."""


def _of(row: Row, arrived: Sequence[bool]) -> list[float]:
    """The seconds of the loops to targets that both reach."""
    return [value for value, reached in zip(row["seconds"], arrived, strict=True) if reached]


def solver_changes_steps(lab: Lab) -> Finding:
    """Steps of the compiled loop by solver, to near and to far targets."""
    rows = lab.clock("steps", "float32", "cpu")
    same = {
        k: [
            len(set(counts)) == 1
            for target in grouped(group, "target").values()
            for counts in zip(*(row["steps"] for row in target), strict=True)
        ]
        for (k,), group in grouped(rows, "directions").items()
    }
    verdict, when = by_directions({k: sum(each) / len(each) for k, each in same.items()})
    cells: list[tuple[Cell, ...]] = [
        (r["directions"], r["target"], r["solver"], spread(r["steps"]), f"{r['reached']}/{len(r['steps'])}")
        for r in sorted(rows, key=lambda r: (r["directions"], r["target"] != "near"))
    ]
    counts = ", ".join(f"{sum(each)} of {len(each)} with {k} directions" for k, each in same.items())
    solvers = len({row["solver"] for row in rows})
    return Finding(
        verdict,
        f"targets to which {solvers} solvers take the same number of steps: {counts}",
        Table(("directions", "target", "solver", "steps", "reached"), cells),
        when=when,
        replay=(steering("steps"),),
    )
