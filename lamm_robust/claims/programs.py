"""Claims about compiled programs: what becomes of `lax.cond`, and what static shapes bring."""

from __future__ import annotations

from statistics import median

from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Table, conclude
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.samples import micro, ratio
from lamm_robust.text import duration, number

SELECTED = (
    "import jax; f = lambda x: jax.lax.cond(x > 0, jax.numpy.sin, jax.numpy.cos, x); "
    "print(jax.make_jaxpr(jax.vmap(f))(jax.numpy.ones(3)))"
)


def cond_under_vmap(lab: Lab) -> Finding:
    """Conditionals in the compiled program of LAMM's second solver, alone and under vmap, and their times."""
    found = lab.clock("vmap", "float32", "cpu", 0)
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
        for name in ("lamm-cond", "normal-lu", "pinv")
    ]
    return conclude(
        alone > 0,
        f"{alone} conditional alone, {batched} under vmap: at full rank it then takes {over_batch:.0f} times as long "
        f"as the branch it needs, instead of {over_one:.1f} times",
        Table(("solver", "conditionals", "under vmap", "one (µs)", f"{found['batch']} by vmap (µs)"), rows),
        when="the program is not vmapped: then both branches are computed, and one is selected" if only else "",
        margin="counted in the compiled program; times decide nothing",
        replay=(SELECTED,),
    )


def static_shapes(lab: Lab) -> Finding:
    """How often programs are compiled as the rank changes, and how many calls pay for a compilation."""
    rows = {row["solver"]: row for row in lab.clock("shapes", "float32", "cpu", 0)}
    compiled, masked, kept = rows["lamm-cond"], rows["dropping"], rows["normal equations of the columns kept"]
    saved = median(rows["original"]["steady"]) - median(compiled["steady"])
    pays = max(compiled["first"]) / saved if saved > 0 else float("inf")
    cells: list[tuple[Cell, ...]] = [
        (name, row["compiled"], duration(sum(row["first"])) if row["first"] else "–", micro(row["steady"]))
        for name, row in rows.items()
    ]
    one, several = compiled["compiled"] == 1, kept["compiled"] > 1
    only = one and several and masked["compiled"] == 1
    return conclude(
        one and several,
        f"{compiled['compiled']} compilation for {compiled['ranks']} ranks, where taking columns out needs "
        f"{kept['compiled']} and masking them {masked['compiled']}; it pays after {number(pays)} calls at 64×16",
        Table(
            ("solver, 64×16", "compilations", f"first calls at {compiled['ranks']} ranks", "later calls (µs)"), cells
        ),
        when="columns are really taken out: dropping by a mask has static shapes, too" if only else "",
        margin="compilations are counted; times decide nothing",
    )


CLAIMS = {
    42: Claim(
        "one program for every rank",
        "With static shapes, one compiled program serves every rank; dropping columns would need one for each.",
        Source.NOTES,
        "Compilations counted on 64×16 matrices of every rank from 1 to 16, and how many calls pay for one; beside it "
        "dropping by a mask, and normal equations of the columns that are kept.",
        static_shapes,
    ),
    43: Claim(
        "lax.cond runs one branch",
        "`lax.cond`, which the notes use, computes only the branch that is needed.",
        Source.NEIGHBOUR,
        "Conditional instructions in the compiled program, alone and under `vmap`, and the times beside those of the "
        "branches.",
        cond_under_vmap,
    ),
}
