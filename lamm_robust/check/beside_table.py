"""The table of a solver and of what it is compared with, in the lines of a page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from lamm_robust.check.judgement import Judgement
from lamm_robust.reports.columns import COLUMNS, cells
from lamm_robust.text import printable, text_table
from lamm_robust.values import Number

LEFT_OUT = ("solver", "NaN or ∞", "edges", "beyond", "failed", "rank right", "computes in", "first call", "derivative")
COMPARED = [index for index, column in enumerate(COLUMNS) if column.name not in LEFT_OUT]
"""Columns of the leaderboard in which a solver is compared with LAPACK's drivers."""

LAPACK = "LAPACK's drivers"

OF_NUMBERS = [
    index
    for index, column in enumerate(COLUMNS)
    if column.name in ("class", "forward stable to κ", "deficient", "silent", "time")
]
"""Those in which a function of another number than x is compared."""


def beside_lines(found: Judgement) -> Iterator[str]:
    """The table of the solver and of LAPACK's drivers at the same problems, and what is left out of it."""
    if found.drivers:
        yield from _table(found)
    if found.left_out:
        yield ""
        yield from (f"not compared: {printable(words)}" for words in found.left_out)


def _table(found: Judgement) -> Iterator[str]:
    yield ""
    is_x = found.terms.returns is Number.X
    beside = LAPACK if is_x and found.terms.lam is None else "others"
    yield f"Beside {beside} at the same problems, where they take them:"
    columns = COMPARED if is_x else OF_NUMBERS
    mine = replace(found.row, relative_time=math.nan if math.isnan(found.row.seconds) else 1.0)
    rows = [("yours", mine), *((printable(f"{row.library}-{row.algorithm}".rstrip("-")), row) for row in found.drivers)]
    body = [[name, *(cells(row)[index] for index in columns)] for name, row in rows]
    yield from text_table(["", *(COLUMNS[index].heading for index in columns)], body)
