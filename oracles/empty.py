"""The truth where A has no rows or no columns: nothing needs proof.

Without rows every x fits, and the shortest is 0; without columns there is only x = (). Either way A has no singular
value, its rank is 0, A⁺ is the n×m matrix of nothing or of zeros, x★ = 0, and the residual is b itself.
"""

from __future__ import annotations

import math
import time
from fractions import Fraction

import numpy as np

from lamm_robust.oracles.certificate import PARTS, Spectrum, assemble
from lamm_robust.oracles.enclosures import square_root
from lamm_robust.values import Array, Ball, Certificate

ZERO = Ball(Fraction(0))


def certify_empty(method: str, A: Array, b: Array) -> Certificate:
    """The certificate of min ‖Ax − b‖₂ for A of size 0, in the name of an oracle; b as `check_problem` takes it."""
    started = time.perf_counter()
    n, targets = A.shape[1], math.prod(b.shape[1:])
    squares = [sum((Fraction(entry) ** 2 for entry in column), Fraction(0)) for column in columns(b)]
    return assemble(
        method,
        (A, b),
        Spectrum(0, ZERO, ZERO),
        np.zeros((PARTS, n, targets)),
        np.zeros((n, targets), dtype=np.int64),
        [Fraction(0)] * targets,
        [square_root(Ball(square)) for square in squares],
        started=started,
    )


def columns(b: Array) -> list[list[float]]:
    """The right-hand sides, one list each; those of no rows are empty."""
    table: list[list[float]] = (b[:, np.newaxis] if b.ndim == 1 else b).T.tolist()
    return table
