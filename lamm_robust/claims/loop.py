"""Claims about where the LAMM loop ends, and in how many steps, from samples of `clock`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter

from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Table, conclude, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.samples import Row
from lamm_robust.lamm.digest import group
from lamm_robust.lamm.records import freedom
from lamm_robust.text import number, share

SIMILAR = 0.05
"""The relative difference that the notes call similar."""
NEARLY_ALL = 0.9
"""The share of pairs for which a claim about pairs must hold."""
CHANCE = 0.01
"""The probability below which an outcome is called a rule, and not chance."""
FREEDOM = freedom(4)
"""The degrees of freedom of the four modes of these experiments."""


def steering_code(shown: str) -> str:
    """Python that shows magnitude or steps of LAMM's two loops, below and at the degrees of freedom."""
    return (
        "import numpy as np; from lamm_robust.lamm import apply_delta; "
        "from lamm_robust.lamm.mesh import mesh, random_phases; "
        "p, q = (np.asarray(random_phases(seed, 4), np.float32) for seed in (1, 1001)); F = mesh(4); d = F(q) - F(p); "
        f"print([(k, a, apply_delta(F, p, d, driver=a, solver=b, directions=k).{shown}) for k in (4, 9) for a, b in "
        '(("original", "numpy-dropping"), ("compiled", "jax-lamm-cond"))])'
    )


def relative_difference(row: Row, other: str = "compiled") -> float:
    """The relative difference of the final magnitudes of the original loop and another one."""
    one, two = row["original"], row[other]
    return float(abs(one - two) / max(one, two)) if max(one, two) > 0 else 0.0


def count_similar(rows: Sequence[Row], other: str = "compiled") -> int:
    """The number of pairs of loops that end at similar magnitudes."""
    return sum(relative_difference(row, other) < SIMILAR for row in rows)


def by_directions(alike: Mapping[int, float]) -> tuple[bool, str]:
    """(holds, condition) of a claim, from the share of pairs for which it holds at each number of directions."""
    holding = [directions for directions, part in alike.items() if part >= NEARLY_ALL]
    if not 0 < len(holding) < len(alike):
        return bool(holding), ""
    few = max(holding) < FREEDOM
    why = f", fewer than the {FREEDOM} degrees of freedom: X is then well-conditioned" if few else ""
    return True, f"there are {' or '.join(map(str, holding))} directions{why}"


def similar_magnitudes(lab: Lab) -> Finding:
    """The final magnitudes of both loops, from the same start and with the same directions."""
    rows = lab.clock("magnitudes", "float32", "cpu")
    alike = {k: count_similar(own) / len(own) for k, own in group(rows, itemgetter("directions")).items()}
    holds, when = by_directions(alike)
    names = ("original", "python loop", "compiled")
    cells: list[tuple[Cell, ...]] = [
        (*kind, *(spread(row[name] for row in own) for name in names), share(count_similar(own), len(own)))
        for kind, own in group(rows, itemgetter("directions", "target", "atol")).items()
    ]
    shares = ", ".join(f"{part:.0%} with {k} directions" for k, part in alike.items())
    return conclude(
        holds,
        f"pairs that differ by less than 5 %: {shares}; exchanging the solver alone leaves "
        f"{count_similar(rows, names[1])} of {len(rows)} alike",
        Table(
            (
                *("directions", "target", "tolerance", "original ends at", "Python loop, compiled solver"),
                *("compiled ends at", "original and compiled below 5 %"),
            ),
            cells,
        ),
        when=when,
        replay=(steering_code("magnitude"),),
    )


def equally_good(lab: Lab) -> Finding:
    """How often the compiled loop ends lower than the original, of the pairs that differ where none stops early."""
    from scipy.stats import binomtest  # judging needs SciPy nowhere else

    rows = [row for row in lab.clock("magnitudes", "float32", "cpu") if row["atol"] == 0.0]
    differing = [row for row in rows if relative_difference(row) >= SIMILAR]
    cells: list[tuple[Cell, ...]] = []
    for kind, own in group(rows, itemgetter("directions", "target")).items():
        ends = (spread(row[name] for row in own) for name in ("original", "compiled"))
        lower = sum(row["compiled"] < row["original"] for row in own if relative_difference(row) >= SIMILAR)
        cells.append((*kind, *ends, f"{lower}/{len(own) - count_similar(own)}"))
    wins = sum(row["compiled"] < row["original"] for row in differing)
    odds = binomtest(wins, len(differing)).pvalue if differing else 1.0
    return conclude(
        odds >= CHANCE,
        f"the compiled loop ends lower in {wins} of {len(differing)} pairs that differ by 5 % or more, which a fair "
        f"coin does with probability {number(odds)} (or further from half)",
        Table(("directions", "target", "original ends at", "compiled ends at", "compiled is lower"), cells),
        replay=(steering_code("magnitude"),),
    )


def solver_changes_steps(lab: Lab) -> Finding:
    """The steps of the compiled loop by solver, to near and to far targets."""
    rows = lab.clock("steps", "float32", "cpu")
    same = {
        k: [
            len(set(counts)) == 1
            for target in group(own, itemgetter("target")).values()
            for counts in zip(*(row["steps"] for row in target), strict=True)
        ]
        for k, own in group(rows, itemgetter("directions")).items()
    }
    holds, when = by_directions({k: sum(each) / len(each) for k, each in same.items()})
    cells: list[tuple[Cell, ...]] = [
        (r["directions"], r["target"], r["solver"], spread(r["steps"]), share(r["reached"], len(r["steps"])))
        for r in sorted(rows, key=lambda r: (r["directions"], r["target"] != "near"))
    ]
    counts = ", ".join(f"{sum(each)} of {len(each)} with {k} directions" for k, each in same.items())
    solvers = len({row["solver"] for row in rows})
    return conclude(
        holds,
        f"targets to which {solvers} solvers take the same number of steps: {counts}",
        Table(("directions", "target", "solver", "steps", "reached"), cells),
        when=when,
        replay=(steering_code("steps"),),
    )


CLAIMS = {
    4: Claim(
        "both end at similar magnitudes",
        "The original and the compiled loop converge to similar final magnitudes, within 5 % (1.23e-5 and 1.19e-5).",
        Source.NOTES,
        "Both loops on a mesh of four modes in float32, from the same start and with the same directions, 20 seeds: "
        "near and far targets, to 1e-5 and as far as 100 steps get, and targets out of reach; with 4, 9 and 12 "
        "directions for nine degrees of freedom. It holds if nine of ten pairs are within 5 %. Beside them the Python "
        "loop with the compiled solver: is it the solver or the loop?",
        similar_magnitudes,
    ),
    5: Claim(
        "neither loop ends lower as a rule",
        "Which of the two loops ends nearer to the target is chance.",
        Source.NEIGHBOUR,
        "The same loops, as far as they get, where they differ by 5 % or more: how often is the compiled one lower? It "
        "holds if a fair coin is as far from half more often than once in a hundred times.",
        equally_good,
    ),
    6: Claim(
        "the solver does not change the steps",
        "The loop needs the same number of steps with any correct solver.",
        Source.NEIGHBOUR,
        "The compiled loop with five solvers, the same starts and directions, to near and to far targets, with 4, 9 "
        "and 12 directions for nine degrees of freedom. It holds if that is so for nine of ten targets.",
        solver_changes_steps,
    ),
}
