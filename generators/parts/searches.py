"""Searches: the strategy of a family, from a function that draws the parameters of one problem.

Hypothesis is imported when a strategy is made, and not before: the room is imported by everyone, and few search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from lamm_robust.values import Params, Precision

Choice = TypeVar("Choice")
MAX_DRAWN_SEED = 9999
"""The largest seed that a search draws, short enough to be read in a key."""


class Draw:
    """Draws the parameters of one problem from Hypothesis; each draw shrinks to its first choice."""

    def __init__(self, draw: Callable[[Any], Any], strategies: Any) -> None:
        self._draw, self._strategies = draw, strategies

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number from ``low``, the simplest, to ``high``, both included."""
        drawn: int = self._draw(self._strategies.integers(low, high))
        return drawn

    def one_of(self, choices: Sequence[Choice]) -> Choice:
        """Draw one of the choices, of which the first is the simplest."""
        drawn: Choice = self._draw(self._strategies.sampled_from(choices))
        return drawn

    def entry(self, dtype: Precision) -> int | float:
        """Draw a finite number of the dtype, of any size, or a small whole number; the simplest is 0."""
        width = 32 if dtype == "float32" else 64
        finite = self._strategies.floats(allow_nan=False, allow_infinity=False, width=width)
        drawn: int | float = self._draw(self._strategies.integers(-9, 9) | finite)
        return drawn

    def seed(self) -> int:
        """Draw the seed of a problem, from 0 to `MAX_DRAWN_SEED`."""
        return self.whole(0, MAX_DRAWN_SEED)


def search_strategy(parameters: Callable[[Draw, Precision], Params]) -> Callable[[Precision], Any]:
    """Make the strategy of a family from a function that draws the parameters of one problem.

    The function should draw as often for one problem as for any other: a search then shrinks a counterexample
    without obstacles.
    """

    def strategy(dtype: Precision) -> Any:
        from hypothesis import strategies

        return strategies.composite(lambda draw: parameters(Draw(draw, strategies), dtype))()

    strategy.__doc__ = parameters.__doc__
    return strategy
