"""Floating-point arrays as what they are: integer matrices times one power of two.

Every finite float is an odd integer times a power of two (or zero). So an array is an integer array times 2**exponent,
without rounding, at any scale from subnormal to the largest numbers.
"""

from __future__ import annotations

import numpy as np
from flint import fmpz_mat

from lamm_robust.values import Array

SIGNIFICAND_BITS = 53
"""Bits of the significand of a float64 (IEEE 754); every float32 is a float64."""


def integer_matrix(array: Array) -> tuple[fmpz_mat, int]:
    """Return (N, exponent) with array = N · 2**exponent exactly, the exponent as large as possible.

    A 1-D array becomes one column; the zero matrix gets exponent 0.
    """
    table = np.asarray(array, dtype=np.float64).reshape(len(array), -1)
    significand, exponent = np.frexp(table)
    whole = np.ldexp(significand, SIGNIFICAND_BITS).astype(np.int64)
    nonzero = whole != 0
    _, lowest = np.frexp((whole & -whole).astype(np.float64))  # whole & −whole is the last bit that is set
    trailing = np.where(nonzero, lowest - 1, 0)
    power = exponent - SIGNIFICAND_BITS + trailing
    least = int(power[nonzero].min()) if nonzero.any() else 0
    shift = np.where(nonzero, power - least, 0)
    return fmpz_mat(((whole >> trailing).astype(object) << shift.astype(object)).tolist()), least
