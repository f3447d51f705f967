"""The problems of the quick profile with their truths, certified once for all tests of a process."""

from __future__ import annotations

from functools import cache

from lamm_robust import catalog
from lamm_robust.runs.plan import grid
from lamm_robust.scoring.truths import Certified, Truths
from lamm_robust.values import Precision

TOO_LONG = "field report=jax-13105 dtype=float32"
"""A column so long that the usual cutoff, 2u·max(m, n)·σ₁, is what is wrong: even good solvers have that."""


@cache
def quick(precision: Precision) -> tuple[Certified, ...]:
    """The problems that have an answer and entries, but for `TOO_LONG`; AssertionError if one cannot be proved."""
    truths = Truths(catalog.build_problem, catalog.find_oracle("auto"))
    keys = [key for key in grid("quick", precision, catalog.FAMILIES) if str(key) != TOO_LONG]
    known = [truths.certify(key) for key in keys if catalog.build_problem(key).A.size]
    assert not truths.refused
    return tuple(one for one in known if isinstance(one, Certified))
