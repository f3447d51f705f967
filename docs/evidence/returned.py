"""Which number of which library function can be trusted up to which κ: the tables of docs/numbers.md.

    python docs/evidence/returned.py [--write]

Every problem is made from a seed. A cell is the largest κ up to which every matrix of full rank passed, and behind it
how many answers were wrong without a warning, matrices without full rank included. Functions are called in this
process, with their default arguments unless the name says otherwise. With --write, the tables of the page are replaced.
"""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ["JAX_ENABLE_X64"] = "1"

import jax.numpy as jnp
import numpy as np
import scipy.linalg
import scipy.optimize
import torch
from statsmodels.regression.linear_model import OLS
from table import publish

from lamm_robust import catalog
from lamm_robust.provenance import versions
from lamm_robust.reports.row import row
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Truths
from lamm_robust.solvers import user
from lamm_robust.solvers.calling import Calling
from lamm_robust.text import markdown_table, number
from lamm_robust.values import (
    OF_A,
    OF_REGRESSION,
    PRECISIONS,
    Array,
    Arrays,
    Case,
    Deficiency,
    Number,
    Precision,
    ProblemKey,
    Record,
    Variant,
    Verdict,
)
from lamm_robust.workers.attempt import attempt

SEEDS = range(2)
HALVES: Mapping[Precision, range] = {"float32": range(12), "float64": range(29)}
"""Half decades of κ, to beyond what each precision resolves at 30×10: 5e4 and 5e12."""

DEGREES: Mapping[Precision, range] = {"float32": range(1, 5), "float64": range(1, 11)}


@dataclass(frozen=True)
class Called:
    """A library function: how its name is shown, whose arrays it takes, and which numbers it returns."""

    name: str
    arrays: Arrays
    numbers: Mapping[Number, Callable[..., Any]]
    polynomials: bool = False
    """Whether it fits polynomials only, so that it is asked about those."""


def everything(function: Callable[..., Any], *numbers: Number) -> Mapping[Number, Callable[..., Any]]:
    """The same function for several numbers, each of which `solvers.numbers` finds in its result."""
    return dict.fromkeys(numbers, function)


def torch_gelsd(A: Any, b: Any) -> Any:
    """PyTorch's lstsq by the driver that computes singular values."""
    return torch.linalg.lstsq(A, b[:, None], driver="gelsd")


def polyfit(A: Array, b: Array) -> tuple[Array, Array]:
    """Coefficients, the constant first, and their covariance; column 1 of A holds the abscissae."""
    x, covariance = np.polyfit(A[:, 1], b, A.shape[1] - 1, cov=True)
    return x[::-1], covariance[::-1, ::-1]


def curve_fit(A: Array, b: Array, *, slopes: bool) -> tuple[Array, Array]:
    """SciPy's curve_fit of A·p, with the derivative A or with its differences."""

    def model(_: Any, *p: float) -> Any:
        return A @ np.array(p)

    start, jac = np.ones(A.shape[1]), (lambda *_: A) if slopes else None
    found, covariance = scipy.optimize.curve_fit(model, np.arange(len(A)), b, start, jac=jac)
    return found, covariance


def of_ols(A: Array, b: Array, name: str) -> Any:
    """A number of statsmodels' fit."""
    fit = OLS(b, A).fit()
    return fit.cov_params() if name == "cov" else getattr(fit, name)


X, RANK, RESIDUAL, SVDVALS = Number.X, Number.RANK, Number.RESIDUAL, Number.SVDVALS
ERRORS, COVARIANCE, PINV, COND = Number.STANDARD_ERRORS, Number.COVARIANCE, Number.PINV, Number.COND


def with_errors(fit: Callable[[Array, Array], tuple[Array, Array]]) -> Mapping[Number, Callable[..., Any]]:
    """x, covariance, and the roots of its diagonal, as people take them."""
    return {
        X: lambda A, b: fit(A, b)[0],
        COVARIANCE: lambda A, b: fit(A, b)[1],
        ERRORS: lambda A, b: np.sqrt(np.diag(fit(A, b)[1])),
    }


SOLVERS: Sequence[Called] = (
    Called("numpy lstsq", "numpy", everything(np.linalg.lstsq, X, RANK, RESIDUAL, SVDVALS)),
    Called("scipy lstsq (gelsd)", "numpy", everything(scipy.linalg.lstsq, X, RANK, RESIDUAL, SVDVALS)),
    Called("scipy lstsq (gelsy)", "numpy", everything(partial(scipy.linalg.lstsq, lapack_driver="gelsy"), X, RANK)),
    Called("jax lstsq", "jax", everything(jnp.linalg.lstsq, X, RANK, RESIDUAL, SVDVALS)),
    Called(
        "torch lstsq (gelsd)",
        "torch",
        {
            X: lambda A, b: torch_gelsd(A, b).solution[:, 0],
            **everything(torch_gelsd, RANK, RESIDUAL, SVDVALS),
        },
    ),
    Called("numpy polyfit (cov=True)", "numpy", with_errors(polyfit), polynomials=True),
    Called("scipy curve_fit (jac)", "numpy", with_errors(partial(curve_fit, slopes=True))),
    Called("scipy curve_fit", "numpy", with_errors(partial(curve_fit, slopes=False))),
    Called(
        "statsmodels OLS",
        "numpy",
        {
            n: partial(of_ols, name=name)
            for n, name in ((X, "params"), (RESIDUAL, "ssr"), (ERRORS, "bse"), (COVARIANCE, "cov"))
        },
    ),
)
"""What fits b, with whatever it returns."""

DIFFERENTIATED = {"jax lstsq": "jax-lstsq", "torch lstsq (gelsd)": "torch-gelsd"}
"""Functions whose derivatives docs/derivatives.md has, and their names there."""

LIBRARIES: Mapping[str, tuple[Arrays, Any]] = {
    "numpy": ("numpy", np.linalg),
    "scipy": ("numpy", scipy.linalg),
    "jax": ("jax", jnp.linalg),
    "torch": ("torch", torch.linalg),
}
"""Name → whose arrays its functions take, and the module that has them."""

OF_MATRICES: Sequence[Called] = tuple(
    Called(f"{library} {name}", arrays, {wanted: getattr(module, name)})
    for wanted, name in ((PINV, "pinv"), (RANK, "matrix_rank"), (COND, "cond"), (SVDVALS, "svdvals"))
    for library, (arrays, module) in LIBRARIES.items()
    if hasattr(module, name)
)
"""Functions of A alone."""


def keys(precision: Precision, *, polynomials: bool, of_a: bool, full: bool) -> Iterator[ProblemKey]:
    """The problems: 30×10 with κ in every half decade, then 16×9 of ranks below 9, or polynomials on whole numbers."""
    if polynomials:
        for degree in DEGREES[precision]:
            yield _key("polynomial", precision, points=30, degree=degree, abscissae="integers", seed=0)
        return
    axes = itertools.product(HALVES[precision], ("geometric", "one_small"), (0.5,) if of_a else (0.5, 1e-8), SEEDS)
    for k, mode, residual, seed in axes:
        shape = {"m": 30, "n": 10, "mode": mode, "log10_cond": k / 2}
        yield _key("spectrum", precision, **shape, residual=residual, direction="random", seed=seed)
    for rank, seed in itertools.product(() if full else (1, 5, 8), range(4)):
        yield _key("exact_rank", precision, m=16, n=9, rank=rank, log2_cond=min(rank - 1, 4), residual=1.0, seed=seed)


def _key(family: str, precision: Precision, **params: Any) -> ProblemKey:
    return ProblemKey(family, tuple(params.items()), precision)


def cell(called: Called, wanted: Number, precision: Precision, truths: Truths) -> tuple[str, list[Record]]:
    """The text of a cell, and its records."""
    regression = wanted in OF_REGRESSION
    promised = user.contract(Deficiency.FULL_RANK_ONLY if regression else Deficiency.MINIMUM_NORM, (), returns=wanted)
    calling = Calling(called.arrays)
    solve = user.as_solve(called.numbers[wanted], calling=calling, returns=wanted)
    library = user.library(user.Target(f"x:{called.name}", Path.cwd()), promised, solve, calling)
    variant = Variant("yours", called.name, precision, "cpu")
    found = []
    asked = keys(precision, polynomials=called.polynomials, of_a=wanted in OF_A, full=regression)
    for key in asked:
        certified = truths.certify(key)
        assert certified, truths.refused[key]
        outcome = attempt(library, library.solvers[0], certified.problem, "cpu")
        found.append(record(Case(key, variant), certified, library.solvers[0], outcome))
    line = row(found)
    silent = f" !{line.silent_failures}" if line.silent_failures else ""
    return (number(line.forward_safe_kappa) if line.forward_safe_kappa else "none") + silent, found


def derivative(name: str, precision: Precision) -> str:
    """The κ up to which the gradients of a function are right, from the tables of docs/derivatives.md."""
    if name not in DIFFERENTIATED:
        return "–"
    page = (PAGE.parent / "derivatives.md").read_text(encoding="utf-8")
    table = page.split(f"### {precision} on CPU")[1].split("###")[0]
    heads, *lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if "|" in line]
    row_of = next(line for line in lines if line[0] == DIFFERENTIATED[name])
    found = row_of[heads.index("to κ")]
    return "none" if found == "–" else found


def wrong(found: Sequence[Record]) -> list[str]:
    """The key of the simplest matrix at which the answer is wrong in silence; nothing if there is none."""
    silent = [r for r in found if r.verdict is Verdict.WRONG]
    return [r.problem for r in sorted(silent, key=lambda r: (r.m * r.n, r.kappa))[:1]]


def measured() -> Iterator[str]:
    """The tables in both precisions, line by line, then the simplest matrices at which answers are wrong."""
    truths, shown = catalog.truths(), dict[tuple[str, str], list[str]]()
    for precision in PRECISIONS:
        for title, functions, columns in KINDS:
            heads = [HEADS[wanted] for wanted in columns]
            table = []
            for called in functions:
                cells = []
                for wanted in columns:
                    text, found = cell(called, wanted, precision, truths) if wanted in called.numbers else ("–", [])
                    cells.append(text)
                    for key in wrong(found):
                        shown.setdefault((called.name, key), []).append(wanted)
                table.append([called.name, *cells])
            if functions is SOLVERS:
                heads, table = [*heads, "derivative"], [[*line, derivative(line[0], precision)] for line in table]
            yield f"*{precision}, {title}*\n"
            yield markdown_table(["function", *heads], table)
    yield "The simplest matrices at which an answer is wrong without a warning:\n\n```text"
    for (name, key), numbers in shown.items():
        yield f"{name}: {', '.join(numbers)}\n  {key}"
    yield "```\n"
    names = ", ".join(f"{name} {version}" for name, version in versions(MEASURED).items())
    yield f"*With {names}.*"


def main() -> None:
    """Print what is measured, or write it into the page in place of what stands there."""
    publish("\n".join(measured()), PAGE, MARK)


PAGE, MARK = Path(__file__).parents[1] / "numbers.md", "<!-- measured -->"

KINDS: Sequence[tuple[str, Sequence[Called], Sequence[Number]]] = (
    ("functions of A and b", SOLVERS, (X, RANK, RESIDUAL, SVDVALS, ERRORS, COVARIANCE)),
    ("functions of A", OF_MATRICES, (PINV, RANK, COND, SVDVALS)),
)

HEADS: Mapping[Number, str] = {
    X: "x",
    RANK: "rank",
    RESIDUAL: "‖r‖²",
    SVDVALS: "σ",
    ERRORS: "errors",
    COVARIANCE: "covariance",
    PINV: "A⁺",
    COND: "κ",
}
"""Number → the heading of its column."""

MEASURED = ("numpy", "scipy", "jax", "torch", "statsmodels")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scipy.optimize.OptimizeWarning)
        main()
