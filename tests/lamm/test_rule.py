"""The rule of steps, case by case, in the arrays of NumPy and of JAX."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from lamm_robust.lamm.result import Ending
from lamm_robust.lamm.rule import (
    PATIENCE,
    Progress,
    after_step,
    difference_reach,
    ending,
    may_go_on,
    shortening,
    start_progress,
)

HERE = Progress(magnitude=1.0, step_size=0.5, mark=1.0, since=3, unsolved=2)

CASES = {
    # what happened: (length of Vα, ‖δ‖ behind it) → (‖δ‖, step size, mark, since, unsolved)
    "worse, and shortened": (2.0, 1.5, (1.0, 0.25, 1.0, 4, 0)),
    "worse, and short": (0.1, 1.5, (1.0, 0.05, 1.0, 4, 0)),
    "no better": (2.0, 1.0, (1.0, 0.25, 1.0, 4, 0)),
    "better, shortening, slow": (2.0, 0.9, (0.9, 1.0, 0.9, 0, 0)),
    "better, shortening, fast": (2.0, 0.4, (0.4, 0.5, 0.4, 0, 0)),
    "better, and short": (0.1, 0.9, (0.9, 0.4, 0.9, 0, 0)),
    "better, and not very short": (0.2, 0.9, (0.9, 0.5, 0.9, 0, 0)),
    "better, but hardly": (2.0, 0.9995, (0.9995, 1.0, 1.0, 4, 0)),
    "no number": (math.nan, math.nan, (1.0, 0.25, 1.0, 4, 3)),
    "infinite": (math.inf, math.nan, (1.0, 0.25, 1.0, 4, 3)),
}


@pytest.mark.parametrize("where", [np.where, jnp.where], ids=["numpy", "jax"])
@pytest.mark.parametrize("name", CASES)
def test_what_follows_a_step(name: str, where: Any) -> None:
    length, magnitude, expected = CASES[name]
    found = after_step(Progress(*map(np.float32, HERE)), np.float32(length), np.float32(magnitude), where)
    assert [float(value) for value in found[:5]] == pytest.approx(expected, rel=1e-6)


def test_steps_are_shortened_to_the_step_size_and_never_lengthened() -> None:
    assert shortening(4.0, 0.5, np.where) == 0.125
    assert shortening(0.25, 0.5, np.where) == 1
    assert shortening(0.0, 0.5, np.where) == 1


def test_differences_reach_over_a_share_of_the_step_size_but_not_below_the_least() -> None:
    assert difference_reach(1e-3, 0.3, 1.0, np.where) == 0.3
    assert difference_reach(1e-3, 0.3, 1e-3, np.where) == 1e-3
    assert difference_reach(1e-3, 0.0, 1.0, np.where) == 1e-3


def test_when_it_ends_and_with_which_sentence() -> None:
    start = start_progress(1.0, 0.5)
    assert may_go_on(start, 0.1)
    assert not may_go_on(start, 1.0)
    assert ending(start, 1.0) is Ending.REACHED
    assert ending(start, 0.1) is Ending.STEP_LIMIT
    tired = start._replace(since=PATIENCE)
    assert not may_go_on(tired, 0.1)
    assert ending(tired, 0.1) is Ending.STALLED
    assert ending(tired._replace(unsolved=PATIENCE), 0.1) is Ending.NO_SOLUTION
    assert ending(tired, 1.0) is Ending.REACHED
