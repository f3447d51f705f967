"""What counts as rounding, calibrated: the backward errors of honest solvers by shape, and what other bounds change.

    python docs/evidence/bounds.py results/reference

prints the two tables of docs/verdicts.md from the records of a run.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from table import head, row

from lamm_robust.reports.grading import PASSES, is_graded
from lamm_robust.scoring.limits import threshold
from lamm_robust.storage.parquet import Records
from lamm_robust.values import PRECISIONS, Precision, Record

HONEST = (
    *("scipy-gels", "scipy-qr", "numpy-qr", "jax-qr", "jax-solve", "numpy-lstsq", "scipy-gelsd"),
    *("scipy-gelsy", "numpy-tsqr", "scipy-fossils", "torch-gels", "torch-qr", "lineax-qr"),
)
"""Solvers whose backward stability is a theorem, and implementations that nobody doubts."""

ROWS = (10, 31, 100, 1_000, 10_000, 10**7)
"""The upper ends of the classes of shapes: of the longer side of A."""

BOUNDS: dict[str, Callable[[Precision, int, int], float]] = {
    "10·√(n·min(m, 1000))": lambda _, m, n: 10 * math.sqrt(n * min(m, 1000)),
    "10·√(n·min(m, 100))": lambda _, m, n: 10 * math.sqrt(n * min(m, 100)),
    "in force": threshold,
    "half of that": lambda precision, m, n: threshold(precision, m, n) / 2,
    "10·√n": lambda _p, _m, n: 10 * math.sqrt(n),
}


def honest(run: Records) -> Iterator[Record]:
    """The graded answers of honest solvers on the CPU, passed or not, that have a backward error."""
    for solver, precision in itertools.product(HONEST, PRECISIONS):
        for r in run.of(f"{solver}-{precision}-cpu"):
            if is_graded(r) and "backward_error" in r.scores:
                yield r


def by_shape(records: Sequence[Record]) -> Iterator[list[str]]:
    """A row for each solver and precision: the largest backward error over √n, n the shorter side, by the longer."""
    worst: dict[tuple[str, Precision], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for r in records:
        who, column = (f"{r.library}-{r.algorithm}", r.precision), next(end for end in ROWS if max(r.m, r.n) <= end)
        worst[who][column] = max(worst[who][column], r.scores["backward_error"] / math.sqrt(max(min(r.m, r.n), 1)))
    for who, found in sorted(worst.items()):
        yield [*who, *(f"{found[end]:.3g}" if end in found else "–" for end in ROWS)]


def flips(records: Sequence[Record]) -> Iterator[list[str]]:
    """A row for each bound: how many answers of honest solvers pass and are above it, and whose."""
    for words, bound in BOUNDS.items():
        sizes = ((r, max(r.m, r.n, 1), max(min(r.m, r.n), 1)) for r in records if r.verdict in PASSES)
        lost = [r for r, longer, shorter in sizes if r.scores["backward_error"] > bound(r.precision, longer, shorter)]
        whose = sorted({f"{r.library}-{r.algorithm} {r.precision}" for r in lost})
        yield [words, str(len(lost)), str(sum(max(r.m, r.n) <= 1000 for r in lost)), ", ".join(whose) or "nobody"]


def main() -> None:
    """Print both tables for the results directory that is named."""
    found = list(honest(Records(Path(sys.argv[1]))))
    head("solver", "precision", *(f"≤ {end:,}" for end in ROWS[:-1]), "more")
    for cells in by_shape(found):
        row(cells)
    head("bound", "passes above it", "with m ≤ 1000", "whose")
    for cells in flips(found):
        row(cells)


if __name__ == "__main__":
    main()
