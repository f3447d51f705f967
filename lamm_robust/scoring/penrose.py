"""A⁺: the distance of a computed one from it, and the four conditions of Penrose, without rounding.

For X near A⁺ the conditions hold up to AXA − A, XAX − X, (AX)ᵀ − AX and (XA)ᵀ − XA (Penrose, Proc. Cambridge Philos.
Soc. 51 (1955) 406). If X is (A + E)⁺ of the same rank, plus a rounding error Δ, the four are at most

    3‖E‖ + ‖A‖²‖Δ‖,    ‖X‖²‖E‖ + 3κ‖Δ‖,    2(‖X‖‖E‖ + ‖A‖‖Δ‖),    2(‖X‖‖E‖ + ‖A‖‖Δ‖)

to first order, from A = (A + E) − E. With ‖E‖ = u‖A‖ and ‖Δ‖ = u‖A⁺‖ all are modest multiples of uκ times ‖A‖, ‖A⁺‖, 1
and 1, which are their units, as uκ‖A⁺‖ is that of X − A⁺ (Wedin).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpz_mat

from lamm_robust.scoring.truths import Certified
from lamm_robust.values import UNIT_ROUNDOFF, Array, Certificate

CONDITIONS = ("penrose_axa", "penrose_xax", "penrose_ax", "penrose_xa")
"""The names of the scores of the four conditions."""


def pseudo_inverse(certified: Certified) -> tuple[list[list[Fraction]], Certificate]:
    """A⁺, in rows, and its certificate, which is of the identity as b. NotCertifiedError if it cannot be proved."""
    assert certified.oracle
    A = certified.problem.A
    truth = certified.oracle.certify(A, np.eye(len(A), dtype=A.dtype))
    parts = np.moveaxis(truth.x, 0, -1).tolist()
    exponents = truth.exponent.tolist()
    rows = [
        [Fraction(2) ** e * sum(map(Fraction, entry)) for entry, e in zip(row, powers, strict=True)]
        for row, powers in zip(parts, exponents, strict=True)
    ]
    return rows, truth


def distance(certified: Certified, X: Array) -> tuple[float, float]:
    """‖X − A⁺‖₂ in units of uκ‖A⁺‖₂, and relative to ‖A⁺‖₂, for a finite X (n×m)."""
    if not X.size:
        return 0.0, 0.0
    rows, truth = pseudo_inverse(certified)
    if not truth.rank:
        return (np.inf, 1.0) if X.any() else (0.0, 0.0)
    assert truth.kappa
    size = 1 / truth.sigma_min.mid
    loss = _norm(
        [
            [_float((Fraction(value) - right) / size) for value, right in zip(row, rights, strict=True)]
            for row, rights in zip(X.tolist(), rows, strict=True)
        ]
    )
    return loss / (UNIT_ROUNDOFF[X.dtype.name] * float(truth.kappa)), loss


def conditions(certified: Certified, X: Array) -> dict[str, float]:
    """How far a finite X (n×m) is from each of the four conditions, in the units of the module's text."""
    truth = certified.truth
    if not X.size or not truth.rank:
        return dict.fromkeys(CONDITIONS, 0.0)
    assert truth.kappa
    (A, a), (Y, x) = _whole(certified.problem.A), _whole(X)
    one = 1 << -(a + x) if a + x < 0 else 1  # the identity in the scale of AX is 2^−(a + x)
    shift = Fraction(2) ** (a + x)
    AX, XA = A * Y, Y * A
    most, least = truth.sigma_max.mid, truth.sigma_min.mid
    found = (
        ((AX * A) * _ratio(shift, one) - A * one, Fraction(2) ** a / one / most),
        ((XA * Y) * _ratio(shift, one) - Y * one, Fraction(2) ** x / one * least),
        (AX.transpose() - AX, shift),
        (XA.transpose() - XA, shift),
    )
    unit = Fraction(UNIT_ROUNDOFF[X.dtype.name]) * truth.kappa.mid
    scores = [_norm([[_float(int(v) * scale / unit) for v in row] for row in M.tolist()]) for M, scale in found]
    return dict(zip(CONDITIONS, scores, strict=True))


def _ratio(shift: Fraction, one: int) -> int:
    """2^(a + x) times `one`, which makes it whole."""
    return int(shift * one)


def _whole(values: Array) -> tuple[fmpz_mat, int]:
    """An integer matrix N and an exponent with values = N · 2**exponent, exactly."""
    ratios = [[value.as_integer_ratio() for value in row] for row in values.astype(np.float64).tolist()]
    most = max(q.bit_length() for row in ratios for _, q in row) - 1
    return fmpz_mat([[p << most - (q.bit_length() - 1) for p, q in row] for row in ratios]), -most


def _norm(rows: list[list[float]]) -> float:
    """The 2-norm of a matrix of floats; ∞ where an entry is."""
    table: Any = np.array(rows)
    if not np.isfinite(table).all():
        return np.inf
    size = float(np.abs(table).max())
    return size * float(np.linalg.norm(table / size, 2)) if size else 0.0


def _float(v: Fraction) -> float:
    try:
        return float(v)
    except OverflowError:
        return float(np.inf)
