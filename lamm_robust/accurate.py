"""Sums and products whose rounding errors are known: the arithmetic under every score.

A score must be far more accurate than the solver it judges. `math.fsum` returns the correctly rounded value
of a sum of doubles (Shewchuk, Discrete Comput. Geom. 18 (1997) 305), and Dekker's product splits a·b into
two doubles without error, so a residual b − Ax is a plain sum and comes out exact up to one rounding. The
inputs are expected to be scaled so that their largest entry is near 1; what then underflows is below 2⁻⁹⁶⁹
of the largest product and is the only thing lost.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

LARGEST = 2.0**900
"""Dekker's splitting overflows above 2⁹⁹⁶; entries above this are reported as infinitely wrong instead."""

_SPLITTER = 2.0**27 + 1.0  # splits 53 bits into 26 + 26 and a sign (Dekker, Numer. Math. 18 (1971) 224)


def two_product(a: Doubles, b: Doubles) -> tuple[Doubles, Doubles]:
    """p + e == a·b exactly, elementwise, with p the rounded product (Dekker 1971, Theorem 4.1)."""
    p = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    e = a_low * b_low - (((p - a_high * b_high) - a_low * b_high) - a_high * b_low)
    return p, e


def _split(a: Doubles) -> tuple[Doubles, Doubles]:
    c = _SPLITTER * a
    high = c - (c - a)
    return high, a - high


def exact_sums(*terms: Doubles) -> tuple[Doubles, Doubles]:
    """The exact sum of each row over all given (rows × anything) blocks, as a rounded value and the rest.

    The two results form an unevaluated sum good to about 106 bits relative to the exact value.
    """
    rows = np.concatenate([block.reshape(len(block), -1) for block in terms], axis=1).tolist()
    high = [math.fsum(row) for row in rows]
    low = [math.fsum([*row, -total]) for row, total in zip(rows, high, strict=True)]
    return np.array(high), np.array(low)


def exact_residual(A: Doubles, b: Doubles, x: Doubles) -> tuple[Doubles, Doubles]:
    """b − Ax for A m×n, x of length n and b of length m, as a rounded value and the rest."""
    p, e = two_product(A, np.broadcast_to(x, A.shape))
    return exact_sums(b, -p, -e)


def exact_gradient(A: Doubles, high: Doubles, low: Doubles) -> Doubles:
    """Aᵀ(high + low) for A m×n and the two parts of a residual, rounded about once; length n."""
    p, e = two_product(A.T, np.broadcast_to(high, A.T.shape))
    return exact_sums(p, e, A.T * low)[0]
