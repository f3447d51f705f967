"""The settings of a loop, with their defaults and checks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from lamm_robust.lamm.rule import PATIENCE, SPAN, TOLERANCE
from lamm_robust.lamm.step import DRAWS, METHODS, Draw, Method, difference_step
from lamm_robust.values import Array, Solve

LIMIT = 200
"""The default of the most steps: most loops that arrive need far fewer."""


Callback = Callable[[int, Array, float], object]
Rule = Literal["capped", "damped"]
RULES: tuple[Rule, ...] = ("capped", "damped")
"""How a step is kept short: by shortening it (LAMM's way), or by damping the least-squares problem."""


class Settings(TypedDict, total=False):
    """What a user may set of a loop, apart from its solver."""

    directions: int
    """k, the random directions in each step; by default the number of parameters."""
    draw: Draw
    """How directions are random: "sphere", the default, or "signs", ±1/√n each, which cost less."""
    rule: Rule
    """How a step is kept short: "capped", the default, shortens it; "damped" solves min ‖Xα − δ‖² + λ‖α‖²."""
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
    patience: int
    """Stop after so many steps that together gained less than 0.1 %; by default 20."""
    noise: float
    """The standard deviation of each measured entry (original driver): differences reach further, what a step starts
    from is measured anew, and the target is reached where noise could be all that is missing; by default 0."""
    callback: Callback
    """Called after each step with (steps so far, parameters, ‖δ‖); what is true ends the loop (original driver)."""
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
    draw: Draw = "sphere"
    rule: Rule = "capped"
    patience: int = PATIENCE
    noise: float = 0.0
    callback: Callback | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that is not accepted, with its name and what is."""
        for name, word, known in (
            ("method", self.method, METHODS),
            ("draw", self.draw, DRAWS),
            ("rule", self.rule, RULES),
        ):
            if word not in known:
                raise ValueError(f"{name} is {word!r}; accepted: {', '.join(known)}")
        for name, whole, least in (
            ("patience", self.patience, 1),
            ("directions", self.directions, 1),
            ("steps", self.steps, 1),
            ("keep", self.keep, 0),
        ):
            if type(whole) is not int or whole < least:
                raise ValueError(f"{name} is {whole!r}; accepted is a whole number from {least}")
        if self.callback is not None and not callable(self.callback):
            raise ValueError(f"callback is {self.callback!r}; accepted is a function (steps, parameters, ‖δ‖)")
        for name, length in (("difference", self.difference), ("step_size", self.step_size)):
            if not 0 < length < math.inf:
                raise ValueError(f"{name} is {length!r}; accepted is a positive number")
        for name, number in (("atol", self.atol), ("rtol", self.rtol), ("span", self.span), ("noise", self.noise)):
            if not 0 <= number < math.inf:
                raise ValueError(f"{name} is {number!r}; accepted is a number from 0")


def options(solve: Solve, params: Any, settings: Settings) -> Options:
    """The settings with the defaults for these parameters; ValueError for one that is not accepted or unknown."""
    if unknown := sorted(set(settings) - Settings.__annotations__.keys()):
        raise ValueError(f"unknown setting '{unknown[0]}'; known: {', '.join(Settings.__annotations__)}")
    noise = settings.get("noise", 0.0)
    least = noise ** (1 / 3) if 0 < noise < math.inf else 0.0
    by_size: Settings = {"directions": params.size, "difference": max(difference_step(params.dtype), least)}
    asked: dict[str, Any] = {**by_size, **settings}
    return Options(solve, **asked)
