"""Which way to solve a ridge problem is right up to which κ: the tables of docs/ridge.md.

    python docs/evidence/ridge.py [--write]

Every problem is made from a seed. A cell is the largest κ of [A; √λI] up to which every answer was forward stable, and
behind it how many answers were wrong without a warning. Ways are called once, in this process, with their default
arguments unless the name says otherwise. With --write, the tables of the page are replaced.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from table import publish

from lamm_robust import catalog
from lamm_robust.provenance import versions
from lamm_robust.reports.grading import PASSES
from lamm_robust.reports.row import row
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Truths
from lamm_robust.solvers import user
from lamm_robust.solvers.ridge import EVERY
from lamm_robust.text import markdown_table, number
from lamm_robust.values import (
    PRECISIONS,
    Array,
    Case,
    Deficiency,
    Outcome,
    Precision,
    Problem,
    ProblemKey,
    Record,
    Status,
    Variant,
    Verdict,
)

Way = Callable[[Array, Array, float], Array]

LAMBDAS: Mapping[Precision, Sequence[float]] = {
    "float32": (1.0, 1e-2, 1e-4, 1e-6, 1e-8),
    "float64": (1.0, 1e-2, 1e-6, 1e-10, 1e-14, 1e-18),
}
"""The largest singular value of every A is about 1, so κ of the stacked matrix is at most about 1/√λ."""

DECADES: Mapping[Precision, Sequence[int]] = {"float32": range(7), "float64": range(0, 15, 2)}
"""log₁₀ κ of A: to beyond what each precision resolves."""


def keys(precision: Precision) -> Iterator[ProblemKey]:
    """30×10 and 10×30 with κ of A in every step, then 16×9 of ranks below 9, where only the penalty makes x unique."""
    for (m, n), mode, k in itertools.product(((30, 10), (10, 30)), ("geometric", "one_small"), DECADES[precision]):
        for residual in (0.5, 1e-8) if m > n else (0.0,):
            shape = {"m": m, "n": n, "mode": mode, "log10_cond": k}
            yield _key("spectrum", precision, **shape, residual=residual, direction="random", seed=0)
    for rank in (1, 5, 8):
        yield _key("exact_rank", precision, m=16, n=9, rank=rank, log2_cond=min(rank - 1, 4), residual=1.0, seed=0)


def _key(family: str, precision: Precision, **params: Any) -> ProblemKey:
    return ProblemKey(family, tuple(params.items()), precision)


def answer(way: Way, problem: Problem, lam: float) -> Outcome:
    """How one call ended."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            x = way(problem.A, problem.b, lam)
        except np.linalg.LinAlgError as error:
            return Outcome(Status.REFUSED, message=str(error))
    return Outcome(Status.SOLVED, x=x.astype(problem.A.dtype), warned=bool(caught))


def tried(name: str, precision: Precision, lam: float, truths: Truths) -> list[Record]:
    """The records of a way at every problem."""
    contract = user.contract(Deficiency.MINIMUM_NORM, (), penalty=lam)
    (solver,) = user.library(user.Target(f"x:{name}", Path.cwd()), contract).solvers
    found = []
    for key in keys(precision):
        certified = truths.certify(key)
        assert certified, truths.refused[key]
        outcome = answer(EVERY[name], certified.problem, lam)
        found.append(record(Case(key, Variant("yours", name, precision, "cpu")), certified, solver, outcome))
    return found


def cell(found: Sequence[Record]) -> str:
    """The largest κ up to which every answer passed, or "all", and how many were wrong in silence."""
    wrong = sum(r.verdict is Verdict.WRONG for r in found)
    line = row(found)
    safe = number(line.forward_safe_kappa) if line.forward_safe_kappa else "none"
    judged = [r for r in found if r.regime == "resolvable"]
    return ("all" if all(r.verdict in PASSES for r in judged) else safe) + (f" !{wrong}" if wrong else "")


def measured() -> Iterator[str]:
    """The tables in both precisions, line by line, then the simplest problems at which ways are wrong."""
    shown: dict[str, str] = {}
    for precision in PRECISIONS:
        table: dict[str, list[str]] = {name: [] for name in EVERY}
        largest = []
        for lam in LAMBDAS[precision]:
            truths = catalog.truths(penalty=lam)
            for name in EVERY:
                found = tried(name, precision, lam, truths)
                table[name].append(cell(found))
                silent = sorted((r for r in found if r.verdict is Verdict.WRONG), key=lambda r: r.kappa)
                for r in silent[:1]:
                    shown.setdefault(name, f"λ = {lam:g}, κ = {number(r.kappa)}\n  {r.problem}")
            largest.append(number(max(r.kappa for r in found)))
        yield f"*{precision}*\n"
        heads = [f"λ = {lam:g}" for lam in LAMBDAS[precision]]
        yield markdown_table(
            ["way", *heads], [["largest κ of [A; √λI]", *largest], *([n, *c] for n, c in table.items())]
        )
    yield "The problem of least κ at which an answer is wrong without a warning:\n\n```text"
    yield from (f"{name}: {line}" for name, line in shown.items())
    yield "```\n"
    names = ", ".join(f"{name} {version}" for name, version in versions(("numpy", "scipy", "scikit-learn")).items())
    yield f"*With {names}.*"


def main() -> None:
    """Print what is measured, or write it into the page in place of what stands there."""
    publish("\n".join(measured()), PAGE, MARK)


PAGE, MARK = Path(__file__).parents[1] / "ridge.md", "<!-- measured -->"


if __name__ == "__main__":
    main()
