"""What `lamm-robust list` shows: the tables of the catalog, each entry in a sentence. No solver library is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lamm_robust import catalog
from lamm_robust.storage import findings
from lamm_robust.values import HUNTED, PRECISIONS, PROFILES

Listing = tuple[list[str], list[list[str]]]
"""Column headings, and rows of text."""


def solvers() -> Listing:
    """Every variant with its contract and rank rule, and why it cannot be measured here if it cannot."""
    rows = []
    for variant in catalog.variants():
        solver, library = catalog.find_solver(variant), catalog.LIBRARY[variant.library]
        contract, absent = solver.contract, catalog.absent(library, variant.device)
        rows.append(
            [
                str(variant),
                contract.deficiency,
                ", ".join(contract.shapes),
                contract.rank_rule,
                solver.summary,
                "can be measured here" if absent is None else absent.sentence,
            ]
        )
    return ["variant", "promises", "shapes", "counts as zero", "what it is", "here"], rows


def families() -> Listing:
    """Every family with its parameters and what they mean."""
    rows = [
        [family.name, family.summary, "; ".join(f"{name}: {means}" for name, means in family.parameters.items())]
        for family in catalog.FAMILIES.values()
    ]
    return ["family", "what it is", "parameters"], rows


def metrics() -> Listing:
    """Every score with its unit and what it says."""
    rows = [[metric.name, metric.unit, metric.summary] for metric in catalog.METRIC.values()]
    cut = "if a singular value is below the resolution: distance to A_k⁺b, or of its fit, where the cutoff keeps k"
    rows.append(["rank_error", "integer", "reported minus exact rank, where the precision can tell"])
    rows.append(["truncated_error", "Wedin bounds", cut])
    return ["score", "unit", "what it says"], rows


def oracles() -> Listing:
    """Every oracle with what it is."""
    rows = [[oracle.name, oracle.summary] for oracle in catalog.ORACLES.values()]
    return ["oracle", "what it is"], rows


def profiles() -> Listing:
    """Every profile with the number of its problems in all precisions together."""
    rows = []
    for profile in PROFILES:
        grids = (f.grid(profile.name, precision) for f in catalog.FAMILIES.values() for precision in PRECISIONS)
        rows.append([profile.name, str(sum(len(list(grid)) for grid in grids)), profile.summary])
    hunted = sum(len(findings.problems(findings.DIRECTORY, precision)) for precision in PRECISIONS)
    rows.append([HUNTED.name, str(hunted), HUNTED.summary])
    return ["profile", "problems", "what it is"], rows


LISTINGS: Mapping[str, Callable[[], Listing]] = {
    "solvers": solvers,
    "families": families,
    "metrics": metrics,
    "oracles": oracles,
    "profiles": profiles,
}
