"""What the families ask for, and what is stored: the evidence behind `docs/families.md`.

    python docs/evidence/families.py [EVERY]

Three tables about every family in `generators.FAMILIES`: the problems of each profile; κ and rank, asked and stored;
and whether the docstrings of the families keep their promises. What is stored is known from certificates of the
oracle `auto`. `small` and `standard` are measured whole, and of `full` every EVERYth problem (every fifth by default).
It takes a few minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction

from asked import Measured, measure
from promises import PROMISES
from rich.console import Console
from rich.progress import track
from table import head, row

from lamm_robust import catalog
from lamm_robust.runs.plan import grid, shape_of
from lamm_robust.values import PRECISIONS, PROFILES, Precision, ProblemKey

EVERY = 5
TERMINAL = Console(stderr=True)

Measurements = dict[tuple[str, Precision], list[Measured]]
"""Measured problems by family and precision."""


def keys_of(family: str, precision: Precision, every: int) -> list[ProblemKey]:
    """The keys of `small` and `standard` and every EVERYth of `full`, each once."""
    grids = [grid(profile, precision, [family]) for profile in ("small", "standard", "full")]
    grids[2] = grids[2][::every]
    return list({str(key): key for grid in grids for key in grid}.values())


def measure_all(every: int) -> Measurements:
    """Measure the chosen problems of all families in both precisions."""
    work = [(name, p, key) for p in PRECISIONS for name in catalog.FAMILIES for key in keys_of(name, p, every)]
    found: Measurements = {(name, p): [] for p in PRECISIONS for name in catalog.FAMILIES}
    for name, precision, key in track(work, "measuring", console=TERMINAL):
        found[name, precision].append(measure(key))
    return found


# --- profiles -------------------------------------------------------------------------------------------


def profiles(found: Measurements) -> None:
    """Print how many problems each family has in each profile, of which shapes and κ."""
    head("family", "profile", "float32", "float64", "shapes", "κ in float32", "κ in float64")
    for name in track(list(catalog.FAMILIES), "counting shapes", console=TERMINAL):
        for profile in PROFILES:
            grids = {p: grid(profile.name, p, [name]) for p in PRECISIONS}
            shapes = {shape_of(key)[:2] for grid in grids.values() for key in grid}
            texts = {p: {str(key) for key in grid} for p, grid in grids.items()}
            chosen = {p: [q for q in found[name, p] if str(q.problem.key) in texts[p]] for p in PRECISIONS}
            ranges = [span([q.kappa for q in chosen[p]]) for p in PRECISIONS]
            row([name, profile.name, *(len(grids[p]) for p in PRECISIONS), spread(shapes), *ranges])


def spread(shapes: set[tuple[int, ...]]) -> str:
    """The number of shapes, the smallest and the largest: "4: 4×2 … 30×10"."""
    ordered = sorted(shapes, key=lambda mn: (mn[0] * mn[1], mn))
    ends = [f"{m}×{n}" for m, n in (ordered[0], ordered[-1])]
    return f"{len(shapes)}: {' … '.join(ends)}" if len(shapes) > 1 else ends[0]


def span(values: Sequence[Fraction | None]) -> str:
    """The smallest and the largest value, as "1 … 1e8"; values that are None are left out."""
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    ends = [short(min(known)), short(max(known))]
    return ends[0] if ends[0] == ends[1] else " … ".join(ends)


def short(value: Fraction) -> str:
    """A number ≥ 1 in short: three digits below 1000, else one digit, even beyond the range of float64."""
    if value < 1000:
        return f"{float(value):.3g}"
    exponent = len(str(int(value))) - 1
    digit = round(value / 10**exponent)
    return f"{digit}e{exponent}" if digit < 10 else f"1e{exponent + 1}"


# --- asked and stored -----------------------------------------------------------------------------------


def asked(found: Measurements) -> None:
    """Print κ and rank as asked and as stored, where the precision can hold them and where it cannot."""
    head("family", "asked by", "precision", "κ asked", "problems", "κ stored/asked", "rank as asked", "κ stored")
    for (name, precision), measured in found.items():
        for title, part in parts(measured):
            ratios = [q.ratio for q in part if q.ratio is not None]
            ranked = [q for q in part if q.asked_rank is not None and q.truth]
            kept = sum(q.rank == q.asked_rank for q in ranked)
            by = part[0].rule.by if ratios or ranked else "–"
            ends = f"{near(min(ratios))} … {near(max(ratios))}" if ratios else "–"
            as_asked = f"{kept}/{len(ranked)}" if ranked else "not asked"
            row([name, by, precision, title, len(part), ends, as_asked, span([q.kappa for q in part])])


def parts(measured: Sequence[Measured]) -> list[tuple[str, list[Measured]]]:
    """Problems by group: κ asked and resolved by the precision, asked and beyond it, not asked, without a truth."""
    split = {
        "resolved": [q for q in measured if q.asked_kappa is not None and not q.beyond],
        "beyond": [q for q in measured if q.beyond],
        "not asked": [q for q in measured if q.asked_kappa is None and q.truth],
        "no truth": [q for q in measured if not q.truth],
    }
    return [(title, part) for title, part in split.items() if part]


def near(ratio: Fraction) -> str:
    """A ratio as text: as a distance from 1 if it is near 1, such as "1 − 1e-03"."""
    if ratio == 1:
        return "1"
    distance = float(ratio - 1)
    return f"1 {'+' if distance > 0 else '−'} {abs(distance):.0e}" if abs(distance) < 0.05 else f"{float(ratio):.2g}"


# --- promises -------------------------------------------------------------------------------------------


def promises(found: Measurements) -> None:
    """Print each promise: how many problems it was held against, the worst of them, and whether it is kept."""
    head("family", "promise", "precision", "problems", "worst", "limit", "kept")
    for promise in PROMISES:
        for precision in PRECISIONS:
            values = [promise.measure(q) for q in found[promise.family, precision]]
            known = [value for value in values if value is not None]
            worst = max(known, default=0.0)
            kept = "yes" if worst <= promise.limit else "no"
            ends = f"{worst:.3g}", f"{promise.limit:.3g}"
            if known:
                row([promise.family, promise.sentence, precision, len(known), *ends, kept])


def main() -> None:
    """Measure, then print the three tables."""
    everything = measure_all(int(sys.argv[1]) if sys.argv[1:] else EVERY)
    for part in (profiles, asked, promises):
        part(everything)


if __name__ == "__main__":
    main()
