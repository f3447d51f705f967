"""Problems from public bug reports: what somebody typed in, and a library got wrong or was thought to get wrong.

Made-up problems show what their maker thought of. These were met in use: zero columns, singular squares, lines through
points far from the origin, seconds since 1970. `REPORTS` keeps the numbers with their source and the symptom in our
words. Some symptoms need a device, a flag or an option that no variant here has; such a problem is kept for the next
solver. The truth is that of the stored bits, as everywhere, and not what a report took for it.

Whole numbers are stored as they are, other numbers as the decimals of the report, rounded once. A problem that a
precision cannot hold is refused in that precision.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from lamm_robust.generators.parts.complex_reports import COMPLEX_REPORTS
from lamm_robust.generators.parts.complex_svd import joined
from lamm_robust.generators.parts.elementary import rounded_array
from lamm_robust.generators.parts.grids import Grid, cross, of_profile
from lamm_robust.generators.parts.more_reports import MORE_REPORTS
from lamm_robust.generators.parts.parameters import one_of
from lamm_robust.generators.parts.report import Numbers, Report, Rows, parts_of
from lamm_robust.generators.parts.reports import REPORTS as FIRST_REPORTS
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.values import COMPLEX, EVERY_PRECISION, REAL_OF, Array, Family, Params, Precision

REPORTS: tuple[Report, ...] = tuple(sorted((*FIRST_REPORTS, *MORE_REPORTS), key=lambda report: report.size))
"""The reports on real numbers, from the smallest problem to the largest."""
NAMES = tuple(report.name for report in (*REPORTS, *COMPLEX_REPORTS))


def find(name: str) -> Report:
    """Return the report of that name; raises ValueError if there is none."""
    return (*REPORTS, *COMPLEX_REPORTS)[NAMES.index(one_of("report", name, NAMES))]


def build(dtype: Precision, *, report: str) -> tuple[Array, Array]:
    """Build A and b of a report, rounded once; raises ValueError for a name or a dtype that is not accepted."""
    found = find(report)
    if dtype not in found.accepted:
        raise ValueError(f"dtype is {dtype!r}; for report={report} accepted is {' or '.join(found.accepted)}.")
    if dtype in COMPLEX:
        A, b = (np.stack([rounded_array(part, REAL_OF[dtype]) for part in _parts(of)]) for of in (found.A, found.b))
        return joined(A, dtype), joined(b, dtype)
    return rounded_array(_exact(found.A), dtype), rounded_array(_exact(found.b), dtype)


def _exact(numbers: Rows | Numbers) -> list[Any]:
    """Return numbers, or rows of numbers, as rationals in the same nesting."""
    return [_exact(entry) if isinstance(entry, tuple) else Fraction(entry) for entry in numbers]


def _parts(numbers: Rows | Numbers) -> tuple[list[Any], list[Any]]:
    """Return the real and the imaginary parts of numbers, or of rows of numbers, as rationals in the same nesting."""
    pairs = [_parts(entry) if isinstance(entry, tuple) else parts_of(entry) for entry in numbers]
    return [real for real, _ in pairs], [imag for _, imag in pairs]


def _possible(dtype: Precision) -> list[str]:
    return [report.name for report in (*REPORTS, *COMPLEX_REPORTS) if dtype in report.accepted]


def grid(profile: str, dtype: Precision) -> Grid:
    """List the reports that the dtype can hold, for small but for those left out there.

    Raises ValueError for an unknown profile.
    """
    names = _possible(dtype)
    small = [name for name in names if find(name).small]
    return cross(report=of_profile(profile, {"small": small, "standard": names, "full": names}))


@search_strategy
def strategy(draw: Draw, dtype: Precision) -> Params:
    """Draw one of the reports that the dtype can hold; the simplest is the first, and smallest."""
    return {"report": draw.one_of(_possible(dtype))}


FAMILY = Family(
    name="field",
    summary="problems from public bug reports of numerical libraries",
    parameters={"report": "name of the report: " + ", ".join(NAMES)},
    build=build,
    grid=grid,
    strategy=strategy,
    precisions=EVERY_PRECISION,
)
