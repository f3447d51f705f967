"""Public bug reports, then and now: what today's libraries answer to the problems of the family `field`.

    python docs/evidence/reports.py results/reference > docs/reports.md

Read from the records of a run; the versions are those of the run.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from lamm_robust.generators import field
from lamm_robust.keys import parse_key
from lamm_robust.reports.grading import PASSES, is_judged
from lamm_robust.scoring.limits import NO_CORRECT_DIGIT
from lamm_robust.storage.parquet import Records, read_environment
from lamm_robust.text import markdown_table
from lamm_robust.values import PRECISIONS, Record, Regime, Verdict

CALLS: Mapping[str, str] = {
    "NumPy lstsq": "numpy-lstsq",
    "NumPy pinv": "numpy-pinv",
    "SciPy lstsq": "scipy-gelsd",
    "SciPy gelsy": "scipy-gelsy",
    "SciPy pinv": "scipy-pinv",
    "JAX lstsq": "jax-lstsq",
    "JAX pinv": "jax-pinv",
    "lamm_robust.solve": "jax-solve",
    "scikit-learn": "sklearn-linear-regression",
    "statsmodels": "statsmodels-pinv",
    "PyTorch lstsq": "torch-gelsy",  # the default driver on a CPU
    "PyTorch gelsd": "torch-gelsd",
    "Lineax": "lineax-svd",
}
"""What people call, with default arguments unless it says otherwise, and the algorithm of the tables that it is."""

HEAD = """\
# Public bug reports, run again

For readers who met one of these bugs, or wonder whether it is still there. After this page you know
what today's libraries answer to each of them.

Each row is a problem from a public report, in the precision as reported. The last column says what
was reported; that may have been about another function, another option or another device. The other
cells say what `lamm-robust run` recorded:

* **right**: column-wise, backward or forward stable, and x has a correct digit.
* **silent**: a finite answer without a warning, and not one correct digit.
* **off**: the answer lost digits that the precision has.
* **refused**: an error.
* *open*: the precision cannot tell the answer. A singular value is below what it resolves, so that
  no solver can know the rank, or rounding A and b alone moves the solution by more than a tenth.
  Such answers are asked to fit, and no more: *open*, wrong is one that does not.
* A dash: not attempted.

A column is a call with its default arguments, where it does not name a driver.

The words are those of the [glossary](glossary.md).
"""

AGAIN = """\
```sh
python docs/evidence/reports.py results/reference > docs/reports.md
```
"""

WIDTH = 100
"""Columns of the page, tables apart."""


def word(found: Record | None) -> str:
    """The cell of the table: what one library answers to one report."""
    if found is None or found.status == "not attempted":
        return "–"
    if found.regime == Regime.AMBIGUOUS:
        return "*open*" if found.verdict in (*PASSES, Verdict.INACCURATE) else f"*open*, {found.verdict}"
    if not is_judged(found):
        return "–"
    if found.verdict in PASSES:
        return "right" if found.scores["relative_error"] <= NO_CORRECT_DIGIT else "*open*"
    return {Verdict.WRONG: "**silent**", Verdict.INACCURATE: "off"}.get(found.verdict, found.verdict)


def by_problem(records: Iterable[Record], precision: str) -> dict[str, Record]:
    """The records of one variant at the problems of the family `field`, by the name of the report."""
    return {
        str(dict(parse_key(r.problem).params)["report"]): r
        for r in records
        if r.family == "field" and r.precision == precision
    }


def page(directory: Path) -> str:
    """The whole page."""
    records, where = Records(directory), read_environment(directory)
    known = set(records.variants())
    found = {
        (call, precision): by_problem(records.of(name), precision)
        for call, solver in CALLS.items()
        for precision in PRECISIONS
        if (name := f"{solver}-{precision}-cpu") in known
    }
    calls = [call for call in CALLS if any((call, precision) in found for precision in PRECISIONS)]
    rows = [
        [
            f"[{report.name}]({report.urls[0]})",
            report.reported,
            *(word(found.get((call, report.reported), {}).get(report.name)) for call in calls),
            report.symptom,
        ]
        for report in field.REPORTS
    ]
    versions = ", ".join(f"{name} {version}" for name, version in where["versions"].items() if version)
    measured = textwrap.fill(f"Measured with {versions}. Made by:", WIDTH)
    table = markdown_table(["report", "precision", *calls, "what was reported"], rows)
    return f"{HEAD}\n{measured}\n\n{AGAIN}\n{table}"


def main() -> None:
    """Print the page."""
    print(page(Path(sys.argv[1])), end="")


if __name__ == "__main__":
    main()
