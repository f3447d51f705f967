"""Families of least-squares problems: pure functions of a few named numbers, the same bits on every machine.

This room knows matrices and right-hand sides. It knows no oracle, no solver and no score: what is true of a problem,
and how well it is solved, is decided elsewhere. A family is one file with a `FAMILY` at its end and one line in
`FAMILIES` below. No bit may depend on the machine, so nothing here calls a BLAS, a NumPy reduction of floating-point
numbers, a library factorisation, the elementary functions of a C library or a library's random variates. The folder
`parts` has what is used instead. Begin with `polynomial`, a short family, then `parts`.
"""

from __future__ import annotations

from lamm_robust.generators import (
    columns,
    degenerate,
    exact_rank,
    field,
    integral,
    lamm,
    named,
    near_rank,
    nist,
    nonfinite,
    offset,
    orthogonal,
    polynomial,
    raw,
    right_sides,
    scaled,
    spectrum,
    tall,
    weighted,
)
from lamm_robust.generators.parts.parameters import precision
from lamm_robust.values import Family, Problem, ProblemKey

FAMILIES: tuple[Family, ...] = (
    spectrum.FAMILY,
    exact_rank.FAMILY,
    polynomial.FAMILY,
    nist.FAMILY,
    lamm.FAMILY,
    named.FAMILY,
    integral.FAMILY,
    columns.FAMILY,
    offset.FAMILY,
    near_rank.FAMILY,
    weighted.FAMILY,
    field.FAMILY,
    scaled.FAMILY,
    tall.FAMILY,
    right_sides.FAMILY,
    raw.FAMILY,
    degenerate.FAMILY,
    nonfinite.FAMILY,
    orthogonal.FAMILY,
)


def build_problem(key: ProblemKey) -> Problem:
    """Build the problem of a key, with read-only arrays and the parameters in the family's order.

    Raises ValueError for an unknown family, parameter, value or dtype, naming it and what is accepted.
    """
    family = _family(key.family)
    params = _ordered(family, key)
    A, b = family.build(precision(key.dtype, family.precisions), **dict(params))
    for array in (A, b):
        array.flags.writeable = False
    return Problem(ProblemKey(family.name, params, key.dtype), A, b)


def _family(name: str) -> Family:
    for family in FAMILIES:
        if family.name == name:
            return family
    raise ValueError(f"family is {name!r}; accepted is one of {', '.join(family.name for family in FAMILIES)}.")


def _ordered(family: Family, key: ProblemKey) -> tuple[tuple[str, int | float | str], ...]:
    given, accepted = dict(key.params), ", ".join(family.parameters)
    for name in given:
        if name not in family.parameters:
            raise ValueError(f"{family.name} has no parameter {name!r}; accepted are {accepted}.")
    for name in family.parameters:
        if name not in given:
            raise ValueError(f"{family.name} needs the parameter {name!r}; its parameters are {accepted}.")
    return tuple((name, given[name]) for name in family.parameters)
