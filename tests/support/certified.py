"""The problems of the small profile with their truths, certified once for all tests of a process."""

from __future__ import annotations

from functools import cache

from lamm_robust import catalog
from lamm_robust.runs.plan import grid
from lamm_robust.scoring.truths import Certified, Truths
from lamm_robust.values import Precision


@cache
def small(precision: Precision) -> tuple[Certified, ...]:
    """The problems that have an answer and entries; AssertionError if one cannot be proved."""
    truths = Truths(catalog.build_problem, catalog.find_oracle("auto"))
    known = [truths.certify(key) for key in grid("small", precision, catalog.FAMILIES)]
    assert not truths.refused
    return tuple(one for one in known if isinstance(one, Certified) and one.problem.A.size)
