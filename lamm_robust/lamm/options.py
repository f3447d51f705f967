"""The settings of a loop, with their defaults and checks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypedDict

from lamm_robust.lamm.rule import SPAN, TOLERANCE
from lamm_robust.lamm.step import METHODS, Method, difference_step
from lamm_robust.values import Solve

LIMIT = 200
"""The default of the most steps: most loops that arrive need far fewer."""


class Settings(TypedDict, total=False):
    """What a user may set of a loop, apart from its solver."""

    directions: int
    """k, the random directions in each step; by default the number of parameters."""
    method: Method
    """How X is computed: by "central" differences, the default, or by "forward" differentiation."""
    difference: float
    """The least step of central differences; by default u^(1/3)."""
    span: float
    """The share of the step size over which central differences reach, if that is more; by default 0.3."""
    step_size: float
    """The longest first step, in the unit of the parameters; by default 1."""
    atol: float
    rtol: float
    """The target is reached when ‖δ‖ ≤ max(atol, rtol · ‖δ‖ at the beginning); by default 1e-5 and 0."""
    steps: int
    """The most steps; by default 200."""
    keep: int
    """Keep the first of every so many least-squares problems on the way; by default 0, which keeps none."""


@dataclass(frozen=True)
class Options:
    """All settings of a loop, and its solver: see `Settings`."""

    solve: Solve
    """(X, δ) → (α, rank or None), in NumPy's arrays for the original loop and in JAX's for the compiled one."""
    directions: int
    difference: float
    method: Method = "central"
    span: float = SPAN
    step_size: float = 1.0
    atol: float = TOLERANCE
    rtol: float = 0.0
    steps: int = LIMIT
    keep: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that is not accepted, with its name and what is."""
        if self.method not in METHODS:
            raise ValueError(f"method is {self.method!r}; accepted: {', '.join(METHODS)}")
        for name, whole, least in (
            ("directions", self.directions, 1),
            ("steps", self.steps, 1),
            ("keep", self.keep, 0),
        ):
            if type(whole) is not int or whole < least:
                raise ValueError(f"{name} is {whole!r}; accepted is a whole number from {least}")
        for name, length in (("difference", self.difference), ("step_size", self.step_size)):
            if not 0 < length < math.inf:
                raise ValueError(f"{name} is {length!r}; accepted is a positive number")
        for name, number in (("atol", self.atol), ("rtol", self.rtol), ("span", self.span)):
            if not 0 <= number < math.inf:
                raise ValueError(f"{name} is {number!r}; accepted is a number from 0")


def options(solve: Solve, params: Any, settings: Settings) -> Options:
    """The settings with the defaults for these parameters; ValueError for one that is not accepted or unknown."""
    if unknown := sorted(set(settings) - Settings.__annotations__.keys()):
        raise ValueError(f"unknown setting '{unknown[0]}'; known: {', '.join(Settings.__annotations__)}")
    by_size: Settings = {"directions": params.size, "difference": difference_step(params.dtype)}
    asked: dict[str, Any] = {**by_size, **settings}
    return Options(solve, **asked)
