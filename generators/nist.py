"""The eleven linear regressions of NIST's Statistical Reference Datasets (StRD), with certified answers.

The data are decimal numbers, kept in `nist_data` as NIST prints them, next to what NIST certifies to 15 digits: the
coefficients and their standard deviations, the residual sum of squares and standard deviation, and R². The certified
answer is that of the decimal problem. The stored problem is the decimal one with every entry (the powers of x, too)
rounded once to the working precision, and its answer is a different one: for Filip in float64 the two agree to under
eight digits. So solvers are judged by the truth of the stored bits, and `certified` returns the answer that a
statistician asks for.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

from lamm_robust.generators.parts.elementary import rounded_array
from lamm_robust.generators.parts.grids import Grid, cross, of_profile
from lamm_robust.generators.parts.parameters import one_of
from lamm_robust.generators.parts.searches import Draw, search_strategy
from lamm_robust.values import Array, Family, Params, Precision

DATASETS = (
    "Norris",
    "Pontius",
    "NoInt1",
    "NoInt2",
    "Filip",
    "Longley",
    "Wampler1",
    "Wampler2",
    "Wampler3",
    "Wampler4",
    "Wampler5",
)
"""The names of the data sets in the order of NIST's own list: from the lower to the higher level of difficulty."""


@dataclass(frozen=True)
class Certified:
    """The values that NIST certifies for the decimal problem of a data set, to 15 digits."""

    coefficients: tuple[Fraction, ...]
    standard_deviations: tuple[Fraction, ...]
    """Those of the coefficients, their standard errors."""
    residual_sum_of_squares: Fraction
    residual_standard_deviation: Fraction
    r_squared: Fraction
    level: str
    """NIST's level of difficulty: lower, average or higher."""
    source: str
    """The address of NIST's file."""


@cache
def _read(dataset: str) -> dict[str, Any]:
    one_of("dataset", dataset, DATASETS)
    text = (resources.files("lamm_robust.generators") / "nist_data" / f"{dataset}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def certified(dataset: str) -> Certified:
    """Return the certified values of a data set; raises ValueError for a name that is not in DATASETS."""
    data = _read(dataset)
    return Certified(
        coefficients=tuple(Fraction(text) for text in data["coefficients"]),
        standard_deviations=tuple(Fraction(text) for text in data["standard_deviations"]),
        residual_sum_of_squares=Fraction(data["residual_sum_of_squares"]),
        residual_standard_deviation=Fraction(data["residual_standard_deviation"]),
        r_squared=Fraction(data["r_squared"]),
        level=data["level"],
        source=data["source"],
    )


def decimal_design(dataset: str) -> tuple[list[list[Fraction]], list[Fraction]]:
    """Return A (rows of exact rationals) and y of the decimal problem; raises ValueError as `certified`."""
    data = _read(dataset)
    rows = [[Fraction(text) for text in line.split()] for line in data["rows"].strip().splitlines()]
    return [_columns(data, predictors) for _, *predictors in rows], [row[0] for row in rows]


def _columns(data: dict[str, Any], predictors: list[Fraction]) -> list[Fraction]:
    if data["model"] == "polynomial":
        return [predictors[0] ** j for j in range(data["degree"] + 1)]
    return [Fraction(1), *predictors] if data["model"] == "intercept" else predictors


def build(dtype: Precision, *, dataset: str) -> tuple[Array, Array]:
    """Build A (observations × coefficients) and b = y, rounded once; raises ValueError for a bad name."""
    A, y = decimal_design(dataset)
    return rounded_array(A, dtype), rounded_array(y, dtype)


def grid(profile: str, _dtype: Precision) -> Grid:
    """List all eleven data sets, in every profile and precision; raises ValueError for an unknown profile."""
    return cross(dataset=of_profile(profile, {"small": DATASETS, "standard": DATASETS, "full": DATASETS}))


@search_strategy
def strategy(draw: Draw, _dtype: Precision) -> Params:
    """Draw one of the eleven data sets; the simplest is the first in NIST's list."""
    return {"dataset": draw.one_of(DATASETS)}


FAMILY = Family(
    name="nist",
    summary="the eleven linear regressions of NIST's Statistical Reference Datasets",
    parameters={"dataset": "name of the data set: " + ", ".join(DATASETS)},
    build=build,
    grid=grid,
    strategy=strategy,
)
