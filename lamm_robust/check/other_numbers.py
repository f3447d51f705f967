"""Which other number was returned in the place of the one that was asked for, if it is one that people take for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lamm_robust.check.clues import NEARER, Clues
from lamm_robust.error_free import Doubles
from lamm_robust.scoring.number_truths import printed
from lamm_robust.values import Number

ALIKE = 1e-3
"""The answer is at most this share of the other number away from it, too: 0 is near any number that is small."""

ROOT, ALL_ROWS, NO_VARIANCE, SQUARES = (
    "that is ‖b − Ax‖, its root",
    "that is with m in the place of m − n",
    "that is without s² = ‖r‖²/(m − n)",
    "those are their squares",
)

Other = Callable[[Doubles, Clues], Doubles | float]
"""The true number, and what is known of the attempt → the other number."""


def sums_of_squares(c: Clues) -> Doubles:
    """‖b‖², of each right-hand side."""
    b = c.proved.problem.b.astype(np.float64)
    return np.atleast_1d((b * b).sum(axis=0))


def _variance(c: Clues) -> float:
    _, S, freedom = c.proved.regression
    return float(S / freedom)


def _share(c: Clues) -> float:
    """(m − n)/m."""
    return 1 - c.record.n / c.record.m


OTHERS: Mapping[Number, Sequence[tuple[str, Other]]] = {
    Number.RESIDUAL: (
        (ROOT, lambda true, _: np.sqrt(true)),
        ("that is divided by m", lambda true, c: true / c.record.m),
        ("that is divided by m − n", lambda true, c: true / (c.record.m - c.record.n)),
        ("that is ‖b‖²", lambda _, c: sums_of_squares(c)),
    ),
    Number.SVDVALS: ((SQUARES, lambda true, _: true * true),),
    Number.COND: (("that is its square", lambda true, _: true * true),),
    Number.COVARIANCE: (
        (ALL_ROWS, lambda true, c: true * _share(c)),
        (NO_VARIANCE, lambda true, c: true / _variance(c)),
    ),
    Number.STANDARD_ERRORS: (
        (SQUARES, lambda true, _: true * true),
        (ALL_ROWS, lambda true, c: true * math.sqrt(_share(c))),
        (NO_VARIANCE, lambda true, c: true / math.sqrt(_variance(c))),
    ),
}
"""Number → what else is returned for it: what is said of it, and its value."""


def other_number(c: Clues) -> str | None:
    """What was returned instead: what is a hundred times nearer to the answer than the number that was asked for."""
    if c.returns not in OTHERS:
        return None
    assert c.outcome.x is not None
    found = np.asarray(c.outcome.x, np.float64)
    true = np.array(printed(c.returns, c.proved)).reshape(found.shape)
    with np.errstate(all="ignore"):
        away = np.linalg.norm((found - true).ravel())
        for says, other in OTHERS[c.returns]:
            try:
                value = np.asarray(other(true, c))
            except ZeroDivisionError:  # as m − n and s² may be 0
                continue
            if np.linalg.norm((found - value).ravel()) <= min(NEARER * away, ALIKE * np.linalg.norm(value)) < math.inf:
                return says
    return None
