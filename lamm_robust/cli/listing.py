"""What `lamm-robust list` shows: the tables of the catalog, each entry in a sentence.

No solver library is imported, except to say which kernels would run on a GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from lamm_robust import catalog
from lamm_robust.runs.derivatives import derivatives_grid
from lamm_robust.scoring.derivatives import MEANINGS, UNIT
from lamm_robust.solvers.lowering import LOWERED, SHAPES, default_precision, programs
from lamm_robust.storage import findings
from lamm_robust.values import DIFFERENTIATED, HUNTED, PRECISIONS, PROFILES, QUICK, Variant

Listing = tuple[list[str], list[list[str]]]
"""Column headings, and rows of text."""


def solvers(variants: Iterable[Variant]) -> Listing:
    """Variants with their contracts and rank rules, and why one cannot be measured here."""
    rows = []
    for variant in variants:
        contract, summary = catalog.find_solver(variant).contract, catalog.find_solver(variant).summary
        shapes = ", ".join(contract.shapes)
        rows.append([str(variant), contract.deficiency, shapes, contract.rank_rule, summary, here(variant)])
    return ["variant", "promises", "shapes", "counts as zero", "what it is", "here"], rows


def here(variant: Variant) -> str:
    """Whether a variant can be measured here, or why not."""
    absent = catalog.absent(catalog.LIBRARY[variant.library], variant.device)
    return "can be measured here" if absent is None else absent.sentence


def solvers_on(devices: Collection[str]) -> Listing:
    """The variants of devices; of the GPU alone, solvers with the kernels that each would run, which needs no GPU."""
    chosen = [variant for variant in catalog.variants() if variant.device in devices]
    if set(devices) != {"gpu"}:
        return solvers(chosen)
    rows = [[f"{v.library}-{v.algorithm}", *_kernels(v), here(v)] for v in chosen if v.precision == "float32"]
    return ["solver", "kernels on an NVIDIA GPU", "products in float32", "waits for the host", "here"], rows


AT_DEFAULT = "TF32: {} of {}"
"""What is said of products at JAX's default precision, which NVIDIA GPUs from Ampere on compute in TF32."""


def _kernels(variant: Variant) -> list[str]:
    """Kernels, precisions of products, and round trips of a solver at a small problem; words where none are known."""
    solver, library = catalog.find_solver(variant), catalog.LIBRARY[variant.library]
    if library.name not in LOWERED:
        return [f"{library.name} chooses them when it runs", "", ""]
    if not catalog.is_installed(library.module):
        return [f"known once {library.module} is installed", "", ""]
    program = programs(solver.solve, SHAPES["tall"], default_precision(), ["cuda"])["cuda"]
    low, every = program.products["default"], sum(program.products.values())
    products = AT_DEFAULT.format(low, every) if low else "full" if every else "none"
    return [", ".join(program.kernels) or "none of a library", products, ", ".join(program.host) or "nowhere"]


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
    rows += [[name, UNIT, meaning] for name, meaning in MEANINGS.items()]
    return ["score", "unit", "what it says"], rows


def oracles() -> Listing:
    """Every oracle with what it is."""
    rows = [[oracle.name, oracle.summary] for oracle in catalog.ORACLES.values()]
    return ["oracle", "what it is"], rows


def profiles() -> Listing:
    """Every profile, and the number of its problems in both precisions: those of quick would have to be built."""
    rows = [[QUICK.name, "", QUICK.summary]]
    for profile in PROFILES:
        grids = (f.grid(profile.name, precision) for f in catalog.FAMILIES.values() for precision in PRECISIONS)
        rows.append([profile.name, str(sum(len(list(grid)) for grid in grids)), profile.summary])
    hunted = sum(len(findings.problems(findings.DIRECTORY, precision)) for precision in PRECISIONS)
    rows.append([HUNTED.name, str(hunted), HUNTED.summary])
    differentiated = sum(len(derivatives_grid(precision)) for precision in PRECISIONS)
    rows.append([DIFFERENTIATED.name, str(differentiated), DIFFERENTIATED.summary])
    return ["profile", "problems", "what it is"], rows


LISTINGS: Mapping[str, Callable[[], Listing]] = {
    "families": families,
    "metrics": metrics,
    "oracles": oracles,
    "profiles": profiles,
}
