"""A failure as a script of a few lines that needs the library alone, for whoever has not installed this project.

It has the numbers of the problem exactly, the exact answer, and an assertion that fails where the answer is wrong.
"""

from __future__ import annotations

import functools
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from lamm_robust import catalog
from lamm_robust.embedding import is_complex
from lamm_robust.runs.script_end import FAILS, ended
from lamm_robust.runs.script_numbers import LISTED, array_text
from lamm_robust.runs.script_question import question
from lamm_robust.runs.sources import imported
from lamm_robust.runs.sweep import why_not_asked
from lamm_robust.scoring.truths import Certified, Known, Truths
from lamm_robust.solvers.typed import code_of, imports_of
from lamm_robust.solvers.user import NAME, Target
from lamm_robust.values import Contract, Variant

PACKED = 10_000
"""Entries of A up to which they are packed: beyond it, a script is no text to hand on."""

HOW_KNOWN: Mapping[str, str] = {
    "exact": "certified in exact rational arithmetic",
    "verified": "certified: x has an enclosure that is proved in float64 with error-free products",
    "ball": "certified: x has an enclosure that is proved in ball arithmetic",
    "mpmath": "estimated: QR and SVD at two precisions agree",
}
"""Oracle → how it knows the right answer, for who does not know this project."""

LAYOUTS = {
    "": "",
    "by columns": "A = numpy.asfortranarray(A)",
    "strided": "A, b = numpy.repeat(A, 2, axis=1)[:, ::2], numpy.repeat(b, 2)[::2]",
}
"""How A and b may lie in memory, and the line that has them so: a verdict is on the worst of these answers."""

JIT, JITTED = "x = jax.jit(solve)(A, b)", 6
"""The line that compiles what JAX else runs step by step, with other rounding, and up to how many lines of code."""

FREED = "_ = [torch.ones(A.shape[1], dtype=torch.int32) for _ in range(99)]; del _  # memory that others find as it is"
"""The line that leaves ones where PyTorch takes memory for the pivots of xGELSY; see `solvers.torch_.lstsq`."""


def scripts(certified: Known, variant: Variant, contract: Contract) -> list[str]:
    """The scripts of a solver of ours at a problem; errors as `scripts_of`, and for one that has no short text."""
    code = code_of(variant.library, variant.algorithm)
    if not code:
        raise ValueError(f"{variant} takes more than a few lines, so there is no script of it")
    modules = imports_of(code)
    found = scripts_of(certified, code, variant.library, contract, modules)
    k = certified.problem.sides
    # an iteration stops for all right-hand sides at once, which may be too soon for one
    needed = _modules(variant.library, modules)
    together = [_script(certified, "", code, variant.library, contract, needed, j, split=False) for j in range(k)]
    return found + (together if k > 1 else [])


def scripts_of(
    certified: Known,
    code: str,
    library: str,
    contract: Contract,
    modules: Sequence[str],
    used: Sequence[str] = (),
) -> list[str]:
    """Scripts in which `code` makes x of A and b in arrays of the library, with these modules imported, others `used`.

    There is one for each right-hand side and layout, for a verdict is on the worst of them. ValueError for a problem
    that is too large.
    """
    problem = certified.problem
    if is_complex(problem.A):
        raise ValueError("the problem is complex; scripts are written of real ones")
    if problem.A.size > PACKED:
        raise ValueError(f"A has {problem.A.size} entries; a script holds up to {PACKED}")
    needed = _modules(library, modules)
    layouts = LAYOUTS if "numpy" in needed[:1] and problem.A.size else {"": ""}
    if library == "torch":
        layouts = {"": "", "freed": FREED}
    if library in ("jax", "lineax") and code.count("\n") < JITTED:
        layouts = {"": "", "compiled": JIT}
    columns: list[int | None] = list(range(problem.b.shape[1])) if problem.b.ndim > 1 else [None]
    return [
        _script(certified, layout, code, library, contract, needed, column, used=used)
        for layout in layouts.values()
        for column in columns
    ]


def _script(
    certified: Known,
    layout: str,
    code: str,
    library: str,
    contract: Contract,
    modules: Sequence[str],
    column: int | None,
    *,
    split: bool = True,
    used: Sequence[str] = (),
) -> str:
    """One script; with a column but not `split`, all right-hand sides are solved for together, and one is looked at.

    Of the modules that are `used` by what it calls, it has the versions.
    """
    problem = certified.problem
    b = problem.b if column is None or not split else problem.b[:, column]
    packed = problem.A.size > LISTED
    needed = ["math", *(("base64", "zlib") if packed else ()), *modules]
    imports = f"import {', '.join(needed)}"
    if library in ("jax", "lineax") and problem.key.dtype == "float64":
        imports += '; jax.config.update("jax_enable_x64", True)'
    lines = [f"# {problem.key}; {', '.join(_versions([*needed, *used]))}", *_known(certified), imports]
    lines += [f"A = {array_text(problem.A, library, packed)}", f"b = {array_text(b, library, packed)}"]
    if layout == JIT:
        lines += ["def solve(A, b):", *(f"    {line}" for line in code.splitlines()), "    return x", JIT]
    else:
        lines += [*filter(None, [layout]), *code.splitlines()]
    first, *asked = question(certified, contract, column)
    lines.append(first if split else f"x, b = x[:, {column}], b[:, {column}]; {first}")
    return "\n".join([*lines, *asked]) + "\n"


def _modules(library: str, named: Sequence[str]) -> list[str]:
    """The modules that the code names, and the one that makes the arrays."""
    arrays = {"jax": ["jax", "jax.numpy"], "lineax": ["jax", "jax.numpy"], "torch": ["torch"]}.get(library, ["numpy"])
    return list(dict.fromkeys([*arrays, *named]))


def _versions(modules: Sequence[str]) -> list[str]:
    """Python and what is installed of these modules, each with its version."""
    found = [f"Python {platform.python_version()}"]
    for name in dict.fromkeys(module.partition(".")[0] for module in modules):
        try:
            found.append(f"{name} {version(_packages().get(name, [name])[0])}")
        except PackageNotFoundError:  # a module of Python itself, or of the user's own
            continue
    return found


@functools.cache
def _packages() -> Mapping[str, Sequence[str]]:
    """Module → the packages that have it: sklearn → scikit-learn."""
    return packages_distributions()


def _known(certified: Known) -> list[str]:
    """The line that says how the right answer is known, where there is one."""
    if not isinstance(certified, Certified):
        return []
    return [f"# The right answer is {HOW_KNOWN[certified.truth.method]}, and rounded to float64 here."]


def replay_scripts(key: str, oracle: str) -> list[str]:
    """The scripts of the case of a key; ValueError for one that names no case or has no script."""
    case = catalog.find_case(key)
    truths = Truths(catalog.build_problem, catalog.cached_oracle(oracle))
    certified = truths.certify(case.key)
    if certified is None:
        raise ValueError(f"'{case.key}' is not certified by {oracle}: {truths.refused[case.key]}")
    solver = catalog.find_solver(case.variant)
    if why := why_not_asked(certified.problem, solver):
        raise ValueError(f"'{case.key}' is not asked: {why}")
    return scripts(certified, case.variant, solver.contract)


def user_scripts(certified: Known, target: Target, contract: Contract) -> list[str]:
    """The scripts of a user's own function at a problem, which name its file as the user did."""
    if target.path:
        name, *inner = target.function.split(".")
        function = ".".join([f"runpy.run_path({_quoted(target.place)})[{_quoted(name)}]", *inner])
        modules = ["runpy"]
    else:
        function, modules = f"{target.place}.{target.function}", [target.place]
    code = f'x = {function}(A, b)\nx = numpy.ravel(getattr(x, "x", x[0] if isinstance(x, tuple) else x))'
    return scripts_of(certified, code, NAME, contract, modules, imported(target))


def _quoted(text: str) -> str:
    """A text as Python reads it, in the usual quotes where it has none."""
    found = repr(text)
    return found if '"' in found or "\\" in found else f'"{found[1:-1]}"'


def that_fails(candidates: Sequence[str], home: Path) -> str:
    """The first script whose assertion fails when it is run, each in a process of its own.

    Where none does, the first that ends without an answer, or else the first of all; a comment says so.
    """
    lost = ""
    for text in candidates:
        said = ended(text, home)
        if said == FAILS:
            return text
        if said and not lost:
            lost = f"# with these versions {said}\n{text}"
    return lost or f"# no assertion fails here, with these versions: it asks for one correct digit\n{candidates[0]}"
