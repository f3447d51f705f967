"""Claims about rank tests: how far they agree, and what it is worth to switch solvers by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lamm_robust.claims.cases import DECADES, STABLE, WHERE, case, margin_at, records, score_spread
from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Spread, Table, conclude
from lamm_robust.claims.lab import Lab
from lamm_robust.text import number
from lamm_robust.values import Precision

TESTS = ("numpy-dropping", "jax-dropping", "numpy-lstsq", "jax-lstsq", "scipy-gelsd", "scipy-gelsy", "scipy-gelss")
"""Solvers that report a rank."""
GAPS: Mapping[Precision, Sequence[int]] = {"float64": range(44, 57, 2), "float32": range(16, 28, 2)}
"""log₂(σ₅/σ₆) around the reciprocals of the tolerances in use, which lie between eps and 16·eps at 16×9."""
SHOWN = "residual=1.0 seed=0", "seed=1"
"""How the keys end of the matrices that the table shows: the first seed of each kind."""
MESHES = [
    (f"lamm modes=4 directions={directions} step={step} seed={seed}", precision)
    for directions in (9, 12, 16)
    for step, precision in ((0.0, "float32"), (2.0**-8, "float32"), (0.0, "float64"), (2.0**-17, "float64"))
    for seed in (1, 2, 3)
]
"""(key, precision) of problems of a mesh with four modes: as many directions as degrees of freedom (nine), or more."""


def rank_test_is_sensitive(lab: Lab) -> Finding:
    """The ranks that seven rank tests report of one matrix: a gap that narrows, and a mesh with too many directions."""
    rows: list[tuple[Cell, ...]] = []
    disagree, first = 0, ""
    near = [
        (f"near_rank m=16 n=9 rank=5 gap_bits={gap} log2_cond=0 residual=1.0 seed={seed}", precision)
        for precision, gaps in GAPS.items()
        for gap in gaps
        for seed in range(lab.seeds)
    ]
    for key, precision in (*near, *MESHES):
        cases = [f"{key} dtype={precision} @ {solver}-{precision}-cpu" for solver in TESTS]
        outcomes = [lab.outcome(each) for each in cases]
        if len({outcome.rank for outcome in outcomes if outcome.rank is not None}) > 1:
            disagree += 1
            first = first or cases[0]
            ranks = (outcome.status if outcome.rank is None else outcome.rank for outcome in outcomes)
            if key.endswith(SHOWN):
                rows.append((f"{key} {precision}", *ranks))
    return conclude(
        disagree > 0,
        f"seven rank tests disagree on {disagree} of {len(near) + len(MESHES)} matrices",
        Table(("matrix", *TESTS), rows),
        margin="one matrix on which two tests disagree would do",
        cases=[first] if first else (),
    )


def gram_rank_as_switch(lab: Lab) -> Finding:
    """The compiled solver leaves the normal equations only when the computed rank(AᵀA) drops: long after they fail."""
    solvers = ("jax-lamm-cond", "jax-pinv", "jax-normal-lu")
    errors: dict[str, list[Spread]] = {
        s: [score_spread(records(lab, s, k, 1e-12), "forward_error") for k in DECADES] for s in solvers
    }
    by_switch = errors[solvers[0]]
    worst = max(range(len(DECADES)), key=lambda i: by_switch[i].high)
    after = next((i for i in range(worst, len(DECADES)) if by_switch[i].middle <= STABLE), None)
    needless = by_switch[worst].high > STABLE and errors[solvers[1]][worst].high <= STABLE
    then = f"; at κ = 1e{DECADES[after]}, where it has switched, {number(by_switch[after].middle)}" if after else ""
    return conclude(
        not needless,
        f"forward error {number(by_switch[worst].high)} Wedin bounds at κ = 1e{DECADES[worst]}, where pinv has "
        f"{number(errors[solvers[1]][worst].high)}{then}",
        Table(
            ("κ", *(f"{s} (Wedin bounds)" for s in solvers)),
            [(10.0**k, *(errors[s][i] for s in solvers)) for i, k in enumerate(DECADES)],
        ),
        margin=margin_at(by_switch, STABLE, "Wedin bounds"),
        cases=[case("jax-lamm-cond", DECADES[i], 1e-12) for i in (worst, after or worst)],
    )


CLAIMS = {
    16: Claim(
        "the rank test is sensitive",
        "A numerical rank test depends on small changes and on its tolerance.",
        Source.NOTES,
        "Seven solvers that report a rank, on matrices whose smallest singular values pass through the tolerances "
        "(20 seeds, the table shows the first), and on mesh problems at and above the degrees of freedom: do they "
        "agree?",
        rank_test_is_sensitive,
    ),
    18: Claim(
        "rank(XᵀX) tells when to switch",
        "If rank(XᵀX) is full, the normal equations can be used; otherwise the pseudo-inverse is needed.",
        Source.NOTES,
        f"Forward errors of the compiled solver by κ in float64 on {WHERE}, beside those of its two branches.",
        gram_rank_as_switch,
    ),
}
