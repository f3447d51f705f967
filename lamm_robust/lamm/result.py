"""The result of steering a matrix, in NumPy: the parameters, how it ended, and what happened on the way."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lamm_robust.values import Array


class Ending(enum.StrEnum):
    """How a loop ended; the value is the sentence that a user reads."""

    REACHED = "the target is reached"
    STEP_LIMIT = "the step limit came first"
    STALLED = "cannot get nearer: the last steps gained next to nothing"
    NO_SOLUTION = "the solver has not returned finite numbers lately"
    STOPPED = "the callback asked to stop"
    DEVICE = "the matrix function raised an exception: this is what was reached before"
    ZERO = "nothing to do: the delta is zero"


@dataclass(frozen=True, eq=False)
class History:
    """What happened in each step that was tried."""

    magnitude: Array
    """‖δ‖₂, the distance to the target: before the first step and after each one (steps + 1 numbers)."""
    accepted: npt.NDArray[np.bool_]
    """Whether each step brought the matrix nearer; it was not taken otherwise."""
    step_size: Array
    """The longest step that was allowed in each step, in the unit of the parameters."""
    rank: npt.NDArray[np.int_]
    """The rank of X that the solver reported; −1 where it reports none."""


@dataclass(frozen=True, eq=False)
class Systems:
    """The least-squares problems min ‖Xα − δ‖₂ of a loop that were kept, and the answers of the solver."""

    X: Array
    """A stack of matrices (kept, m, k)."""
    delta: Array
    """A stack of right-hand sides (kept, m)."""
    alpha: Array
    """A stack of answers (kept, k)."""


@dataclass(frozen=True, eq=False)
class Steered:
    """The parameters nearest to the target, and how they were found."""

    params: Any
    status: Ending
    history: History
    systems: Systems | None = None
    """The problems that were kept; None if `keep` was 0."""
    error: Exception | None = None
    """What the matrix function raised, if that ended the loop."""

    @property
    def steps(self) -> int:
        """The number of steps that were tried."""
        return len(self.history.accepted)

    @property
    def magnitude(self) -> float:
        """‖δ‖₂ at the end."""
        return float(self.history.magnitude[-1])
