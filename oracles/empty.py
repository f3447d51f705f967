"""The truth where A has no rows or no columns: nothing needs proof.

Without rows every x fits, and the shortest is 0; without columns there is only the empty x. Either way A has no
singular value, its rank is 0, A⁺ (n×m) is empty or zero, x★ = 0, and the residual is b itself.
"""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np

from lamm_robust.oracles.certificate import PARTS, ZERO_SPECTRUM, assemble
from lamm_robust.oracles.enclosures import square_root
from lamm_robust.values import Array, Ball, Certificate


def certify_empty(method: str, A: Array, b: Array) -> Certificate:
    """Return the certificate of min ‖Ax − b‖₂ for A without entries; `method` names an oracle, b is m or m×k."""
    started = time.perf_counter()
    columns = (b[:, np.newaxis] if b.ndim == 1 else b).T.tolist()  # without rows, k empty lists
    n, targets = A.shape[1], len(columns)
    squares = [sum((Fraction(entry) ** 2 for entry in column), Fraction(0)) for column in columns]
    return assemble(
        method,
        (A, b),
        ZERO_SPECTRUM,
        np.zeros((PARTS, n, targets)),
        np.zeros((n, targets), dtype=np.int64),
        [Fraction(0)] * targets,
        [square_root(Ball(square)) for square in squares],
        started=started,
    )
