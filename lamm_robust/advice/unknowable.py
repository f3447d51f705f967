"""What nobody can know: what the last stored digits leave open, and which rank they mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamm_robust.advice.columns import Columns
from lamm_robust.advice.data import SEED, Data
from lamm_robust.advice.scored import digits
from lamm_robust.error_free import Doubles
from lamm_robust.scoring.frame import norm
from lamm_robust.scoring.truths import Certified
from lamm_robust.values import UNIT_ROUNDOFF, Regime

TRIALS = 3
"""Problems whose every number is moved within its rounding: enough to see how many digits that moves."""


@dataclass(frozen=True)
class Unknowable:
    """How much of the answer the stored numbers decide."""

    digits_x: float
    """Digits of x that stay when every stored number moves within its rounding."""
    digits_fit: float
    other: tuple[int, float, float] | None = None
    """Where the precision cannot tell the rank: the rank below, how far x is then from x★, beside it, and ‖b − Ax‖."""


@np.errstate(all="ignore")  # what overflows leaves no digit
def unknowable(data: Data, columns: Columns, certified: Certified) -> Unknowable | None:
    """What the stored numbers leave open; None where A is wide or has not full rank, and many x fit."""
    truth, (m, n) = certified.truth, data.A.shape
    if truth.rank < n or m < n:
        return None
    scale = np.ldexp(0.5, np.frexp(np.where(columns.lengths == 0, 1.0, columns.lengths))[1])
    A = data.A.astype(np.float64) / scale
    b = data.b.reshape(m, -1).astype(np.float64)
    star = np.ldexp(truth.x[0], truth.exponent).reshape(n, -1).T * scale
    u, generator = UNIT_ROUNDOFF[data.precision], np.random.default_rng(SEED)
    moved, fits = [], []
    for _ in range(TRIALS):
        near = _solved(A * (1 + u * generator.uniform(-1, 1, A.shape)), b * (1 + u * generator.uniform(-1, 1, b.shape)))
        moved.append(_apart(near.T / scale, star / scale))
        fits.append(_apart((A @ near).T, (A @ star.T).T))
    other = _rank_below(A, b, star, scale) if certified.regime is Regime.AMBIGUOUS else None
    return Unknowable(digits(float(np.median(moved))), digits(float(np.median(fits))), other)


def _solved(A: Doubles, b: Doubles) -> Doubles:
    Q, R = np.linalg.qr(A)
    found: Doubles = np.linalg.lstsq(R, Q.T @ b, rcond=0)[0]
    return found


def _apart(x: Doubles, y: Doubles) -> float:
    """The largest ‖x − y‖/‖y‖ over rows; 0/0 is 0."""
    away, size = norm(x - y), norm(y)
    return float(np.max(away / np.where(size == 0, 1.0, size)))


def _rank_below(A: Doubles, b: Doubles, star: Doubles, scale: Doubles) -> tuple[int, float, float]:
    """The answer with the smallest singular value counted as zero: its rank, its distance from x★, its residual."""
    Q, R = np.linalg.qr(A)
    U, sigma, Vt = np.linalg.svd(R)
    rank = len(sigma) - 1
    x = Vt[:rank].T @ ((U[:, :rank].T @ (Q.T @ b)).T / sigma[:rank]).T
    return rank, _apart(x.T / scale, star / scale), float(norm((b - A @ x).T).max())
