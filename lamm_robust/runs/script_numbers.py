"""Numbers as a script has them: Python reads them exactly as they are stored."""

from __future__ import annotations

import base64
import math
import re
import zlib
from fractions import Fraction

import numpy as np

from lamm_robust.values import Array, Precision

LISTED = 64
"""Entries of A up to which numbers are written one by one; more of them are packed, and are no better read."""

SHORT = 9
"""Characters of a decimal number up to which it is written instead of the hexadecimal one; both are exact."""

ZEROS = re.compile(r"\.?0+p")
"""The zeros at the end of the digits of a hexadecimal number."""


def array_text(values: Array, library: str, packed: bool) -> str:
    """An expression that makes the array, every number exactly, in the library's own kind."""
    dtype: Precision = "float32" if values.dtype == np.float32 else "float64"
    numbers = _packed(values) if packed else _listed(values)
    if library == "torch":
        return f"torch.tensor({numbers}, dtype=torch.{dtype})" + _shape(values, packed)
    maker = "jax.numpy.array" if library in ("jax", "lineax") else "numpy.array"
    return f'{maker}({numbers}, "{dtype}")' + _shape(values, packed)


def _listed(values: Array) -> str:
    if values.ndim == 2:
        return f"[{', '.join(_listed(row) for row in values)}]"
    return f"[{', '.join(map(number, values.tolist()))}]"


def _packed(values: Array) -> str:
    little = np.ascontiguousarray(values, dtype="<f8")
    text = base64.b85encode(zlib.compress(little.tobytes(), 9)).decode()
    return f'memoryview(zlib.decompress(base64.b85decode("{text}"))).cast("d").tolist()'


def _shape(values: Array, packed: bool) -> str:
    empty = 0 in values.shape
    return f".reshape({', '.join(map(str, values.shape))})" if (packed or empty) and values.ndim == 2 else ""


def number(value: float) -> str:
    """A number as Python reads it, exactly: a short decimal, or its hexadecimal digits."""
    if not np.isfinite(value):
        return f'float("{value}")'
    plain = repr(value).removesuffix(".0")
    if value == 0:
        return "0" if math.copysign(1.0, value) > 0 else "-0.0"
    return plain if len(plain) <= SHORT else f'float.fromhex("{ZEROS.sub("p", value.hex())}")'


def nearest(value: Fraction) -> str:
    """A fraction rounded to float64, as Python reads it; ∞ beyond the largest number."""
    try:
        near = float(value)
    except OverflowError:
        return f'float("{"-" if value < 0 else ""}inf")'
    return number(near)
