"""A problem to be advised on: numbers with names, and what was left out of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lamm_robust.text import count_of
from lamm_robust.values import PRECISIONS, Array, Precision, Problem, ProblemKey

WORK = 10_000_000
"""m·n·min(m, n) of the largest problem that is taken whole: proof, attempts and scores take some ten seconds then.

400,000 rows of five columns are; of a larger problem a sample of rows is, of at least two for each column."""

SEED = 0
"""Of the generator that draws the sample, so that advice can be repeated."""

NAMED = 3
"""Places of missing values that are named; a reader goes on searching with these."""


@dataclass(frozen=True, eq=False)
class Data:
    """A (m×n) and b (m, or m×k) with the names of the columns of A."""

    source: str
    """What it was read from, as messages name it."""
    A: Array
    b: Array
    names: tuple[str, ...]
    first_row: int = 0
    """The number by which messages name the first row: 0 for arrays; for a file that has a line of names, 2."""
    notes: tuple[str, ...] = ()
    """What was converted, left out or drawn, in words."""

    @property
    def precision(self) -> Precision:
        """The precision that the numbers are stored in."""
        return next(name for name in PRECISIONS if name == self.A.dtype.name)

    def problem(self, precision: Precision, what: str = "given") -> Problem:
        """The numbers as a problem of a precision, which holds them exactly; `what` tells it from others in its key."""
        key = ProblemKey("advice", (("of", what),), precision)
        return Problem(key, self.A.astype(precision), self.b.astype(precision))


def prepare(data: Data) -> Data:
    """The rows that are complete, or a sample of them if there are too many.

    ValueError for numbers of another kind, for shapes that do not fit, and if no row is complete.
    """
    _check(data)
    return _sampled(_complete(data))


def _check(data: Data) -> None:
    A, b = data.A, data.b
    if A.ndim != 2 or b.ndim not in (1, 2) or len(A) != len(b):
        raise ValueError(f"{data.source}: A is {A.shape} and b {b.shape}; accepted are m×n and m, or m×k")
    if not (A.dtype == b.dtype and A.dtype.name in PRECISIONS):
        raise ValueError(f"{data.source}: A is {A.dtype} and b {b.dtype}; accepted are float32 and float64, both alike")
    if A.size == 0 or b.size == 0:
        raise ValueError(f"{data.source}: A is {'×'.join(map(str, A.shape))}; there is nothing to advise on")


def _complete(data: Data) -> Data:
    """The data without rows that hold NaN or ∞; a note says which these are."""
    table = np.column_stack([data.A, data.b])
    bad = ~np.isfinite(table)
    rows = bad.any(axis=1)
    if not rows.any():
        return data
    if rows.all():
        raise ValueError(f"{data.source}: every row has a missing value or ∞, so nothing is left to fit")
    names = [*data.names, *(f"b[:, {j}]" if data.b.ndim > 1 else "b" for j in range(table.shape[1] - len(data.names)))]
    places = np.argwhere(bad)
    shown = ", ".join(f"{names[j]} in row {i + data.first_row}" for i, j in places[:NAMED].tolist())
    more = f" and {len(places) - NAMED} more" if len(places) > NAMED else ""
    note = (
        f"{count_of(int(rows.sum()), 'row')} of {len(table)} left out, with NaN, ∞ or nothing in {shown}{more}: "
        "with them no finite x is a least-squares solution"
    )
    return replace(data, A=data.A[~rows], b=data.b[~rows], notes=(*data.notes, note))


def _sampled(data: Data) -> Data:
    m, n = data.A.shape
    rows = max(WORK // (n * n), 2 * n)
    if m * n * min(m, n) <= WORK or rows >= m:
        return data
    chosen = np.sort(np.random.default_rng(SEED).choice(m, rows, replace=False))
    note = f"a sample of {rows} of {m} rows: digits and times are of the sample"
    return replace(data, A=data.A[chosen], b=data.b[chosen], notes=(*data.notes, note))
