"""`lamm-robust list solvers`: one line per algorithm, a screen per library; and everything about those asked for."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from lamm_robust import catalog
from lamm_robust.cli.listing import here
from lamm_robust.values import Deficiency, Library, Solver, Variant

PROMISE: Mapping[Deficiency, str] = {
    Deficiency.MINIMUM_NORM: "shortest",
    Deficiency.BASIC: "any",
    Deficiency.FULL_RANK_ONLY: "none",
}
"""What a solver promises where the rank is not full, in a word."""

LEGEND = """\
rank<n: what is promised where A lacks full rank: the shortest solution, any, or none. m×n: whether wide A
(m < n) are taken, too. `lamm-robust list solvers GLOB` shows everything about what it matches. The full name of a
solver is LIBRARY-SOLVER-PRECISION-DEVICE, such as numpy-qr-float64-cpu."""

NARROW = 60
"""Characters of the narrowest terminal for which lines are made: beside a name, twenty are left for what it is."""


def brief(width: int) -> Iterator[str]:
    """The lines about all solvers, each at most `width` characters wide: names are whole, what they are may be cut."""
    room = max(width, NARROW)
    yield from textwrap.wrap(" ".join(LEGEND.split()), room)
    for library in catalog.LIBRARY.values():
        yield ""
        yield f"{library.name}: {_places(library)}"
        name = max(len(text) for text in ("solver", *(solver.algorithm for solver in library.solvers)))
        yield f"  {'solver':{name}}  rank<n   m×n  what it is"
        for solver in library.solvers:
            shapes = "any" if "wide" in solver.contract.shapes else "m≥n"
            start = f"  {solver.algorithm:{name}}  {PROMISE[solver.contract.deficiency]:8} {shapes}  "
            yield start + _cut(solver.summary, room - len(start))


def _places(library: Library) -> str:
    """How many solvers, where they run, and why that cannot be measured here, if so."""
    own = [variant for variant in catalog.variants() if variant.library == library.name]
    devices = ", ".join(dict.fromkeys(v.device for v in own))
    precisions = ", ".join(dict.fromkeys(v.precision for v in own))
    # that a GPU is missing is said of each solver, and here of a library that has nothing else
    place = "cpu" if "cpu" in library.devices else library.devices[0]
    why = catalog.absent(library, place)
    return f"{len(library.solvers)} solvers in {precisions} on {devices}" + (f"; {why.sentence}" if why else "")


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1].rstrip()}…"


def whole(globs: Sequence[str], width: int) -> Iterator[str]:
    """The lines about every solver that one of `globs` names; ValueError if one names none."""
    known = [(library, solver) for library in catalog.LIBRARY.values() for solver in library.solvers]
    for glob in globs:
        chosen = [(library, solver) for library, solver in known if _is_named(glob, library, solver)]
        if not chosen:
            raise ValueError(f"unknown solver '{glob}'; known: see `lamm-robust list solvers`")
        for library, solver in chosen:
            yield from _entry(library, solver, max(width, NARROW))
            yield ""


def _is_named(glob: str, library: Library, solver: Solver) -> bool:
    """Whether a library, an algorithm, both, or a variant is what a glob matches."""
    names = [
        library.name,
        solver.algorithm,
        f"{library.name}-{solver.algorithm}",
        *map(str, _variants(library, solver)),
    ]
    return any(fnmatchcase(name, glob) for name in names)


def _variants(library: Library, solver: Solver) -> list[Variant]:
    return [v for v in catalog.variants() if (v.library, v.algorithm) == (library.name, solver.algorithm)]


def _entry(library: Library, solver: Solver, width: int) -> Iterator[str]:
    """A solver with its contract, and whether each of its variants can be measured here."""
    contract = solver.contract
    yield f"{library.name}-{solver.algorithm}"
    facts = {
        "what it is": solver.summary,
        "promises": str(contract.deficiency),
        "shapes": ", ".join(contract.shapes),
        "counts as zero": contract.rank_rule,
    }
    for name, text in facts.items():
        start = f"  {name:15} "
        yield from textwrap.wrap(text, width, initial_indent=start, subsequent_indent=" " * len(start))
    for variant in _variants(library, solver):
        yield from textwrap.wrap(f"{variant}: {here(variant)}", width, initial_indent="  ", subsequent_indent="    ")
