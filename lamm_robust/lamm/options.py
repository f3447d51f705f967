"""What a loop is asked to do, with its defaults, checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

from lamm_robust.lamm.rule import SPAN, TOLERANCE
from lamm_robust.lamm.step import METHODS, Method, difference_step

Solve = Callable[[Any, Any], tuple[Any, Any]]
"""(X, δ) → (α, rank or None), in NumPy's arrays for the original loop and in JAX's for the compiled one."""

LIMIT = 200
"""Steps at most, by default: most loops that arrive need far fewer."""


class Settings(TypedDict, total=False):
    """What may be said of a loop apart from its solver."""

    directions: int
    """k, the random directions in each step; by default the number of parameters."""
    method: Method
    """How columns are had: "central" differences, the default, or "forward" differentiation."""
    difference: float
    """The least step of central differences; by default u^(1/3)."""
    span: float
    """The share of the step size over which they reach, if that is more; by default 0.3."""
    step_size: float
    """The longest step at first, in the unit of the parameters; by default 1."""
    atol: float
    rtol: float
    """The target is reached when ‖δ‖ ≤ max(atol, rtol · ‖δ‖ at the beginning); by default 1e-5 and 0."""
    steps: int
    """Steps at most; by default 200."""
    keep: int
    """Of the least-squares problems met on the way, keep the first of every so many; by default 0, which is none."""


@dataclass(frozen=True)
class Options:
    """Everything but the matrix, where to start, and what is wanted; see `Settings`."""

    solve: Solve
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
        """Raise ValueError for a setting that cannot be, by name, with what is accepted."""
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
    """The settings with defaults for these parameters; ValueError for one that cannot be, or is unknown."""
    if unknown := sorted(set(settings) - Settings.__annotations__.keys()):
        raise ValueError(f"unknown setting '{unknown[0]}'; known: {', '.join(Settings.__annotations__)}")
    by_size: Settings = {"directions": params.size, "difference": difference_step(params.dtype)}
    asked: dict[str, Any] = {**by_size, **settings}
    return Options(solve, **asked)
