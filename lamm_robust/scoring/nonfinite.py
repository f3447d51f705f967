"""Problems with NaN or ∞ in A or b: there is no answer, so nothing to prove, and nothing to score.

The stored bits decide it, before any oracle is asked: oracles go on refusing such input. `Undefined` stands in the
place of a problem with its truth (`truths.Certified`); a record of it has no rank, no κ and no scores, and its regime
is *undefined*. What is judged there is one thing: a solver that refuses, or returns an x that is not finite, has
*flagged* the problem, as it should; a finite x is *wrong* unless a warning came with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from lamm_robust.scoring.limits import UNDEFINED, Limits
from lamm_robust.values import Problem, Regime

NO_ORACLE = "none"
"""What records say in place of the oracle's name."""


@dataclass(frozen=True, eq=False)
class Undefined:
    """A problem without an answer, ready to judge attempts."""

    problem: Problem
    where: str
    """The first entry that is not finite: "A[0, 3] is nan"."""

    limits: ClassVar[Limits] = UNDEFINED
    regime: ClassVar[Regime] = UNDEFINED.regime

    @cached_property
    def facts(self) -> Mapping[str, object]:
        """The fields of a record that are the same for every attempt at the problem."""
        unknown = {"oracle": NO_ORACLE, "rank": None, "kappa": math.nan, "residual_ratio": math.nan, "edge": ""}
        return {**identity(self.problem), **unknown, "regime": self.regime}


def as_undefined(problem: Problem) -> Undefined | None:
    """The problem as one without an answer, or None if all entries of A and b are finite."""
    for name, array in (("A", problem.A), ("b", problem.b)):
        if not np.isfinite(array).all():
            place = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
            return Undefined(problem, f"{name}[{', '.join(map(str, place))}] is {array[place]}")
    return None


def identity(problem: Problem) -> dict[str, object]:
    """The fields of a record that say which problem it is about."""
    return {
        "problem": str(problem.key),
        "digest": problem.digest,
        "family": problem.key.family,
        "m": problem.m,
        "n": problem.n,
        "precision": problem.key.dtype,
    }
