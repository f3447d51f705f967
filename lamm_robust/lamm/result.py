"""What steering a matrix ends with, in NumPy: parameters, how it ended in a sentence, and what happened on the way."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lamm_robust.values import Array


class Ending(enum.StrEnum):
    """How it ended; the value is the sentence that a user reads."""

    REACHED = "the target is reached"
    STEP_LIMIT = "the step limit came first"
    STALLED = "cannot get nearer: the last steps gained next to nothing"
    NO_SOLUTION = "the solver has not returned finite numbers lately"
    ZERO = "nothing to do: the delta is zero"


@dataclass(frozen=True, eq=False)
class History:
    """What happened in each of the steps that were tried."""

    magnitude: Array
    """‖δ‖₂, what is missing to the target: before the first step and after each one (steps + 1 numbers)."""
    accepted: npt.NDArray[np.bool_]
    """Whether the step brought the matrix nearer; otherwise it was not taken."""
    step_size: Array
    """The longest step that was allowed, in the unit of the parameters."""
    rank: npt.NDArray[np.int_]
    """As the solver reported it; −1 where it reports none."""


@dataclass(frozen=True, eq=False)
class Systems:
    """Least-squares problems min ‖Xα − δ‖₂ that were met, those that were to be kept, and the answers they got."""

    X: Array
    """(kept, m, k)."""
    delta: Array
    """(kept, m)."""
    alpha: Array
    """(kept, k)."""


@dataclass(frozen=True, eq=False)
class Steered:
    """The parameters nearest to the target, and how they were found."""

    params: Any
    status: Ending
    history: History
    systems: Systems | None = None
    """None unless they were asked for."""

    @property
    def steps(self) -> int:
        """Steps that were tried."""
        return len(self.history.accepted)

    @property
    def magnitude(self) -> float:
        """‖δ‖₂ at the end."""
        return float(self.history.magnitude[-1])
