"""What a solver of the user's own may return, and how x and the rank are found in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lamm_robust.values import Array

NAMES = ("x", "solution", "value", "params", "coef_")
"""Where x may be in a result: attributes or, in a dictionary, keys. They are those of SciPy's and PyTorch's results, of
Lineax and CVXPY, of statsmodels, and of scikit-learn."""


def parts(result: Any) -> tuple[Any, Any]:
    """x and the rank, or None for it, out of the result of a solver.

    x is the result itself if it is an array; else what it holds under one of `NAMES`, or the first item of a tuple. The
    rank is its attribute or key `rank`, or the third item of four, as in the `lstsq` of NumPy, SciPy and JAX: a whole
    number elsewhere may as well count iterations or errors.
    """
    if hasattr(result, "__array__"):  # also a pandas Series, in which a label may be called x
        return result, None
    if isinstance(result, Mapping):
        held = [result[name] for name in NAMES if name in result]
        return (held[0], result.get("rank")) if held else (result, None)
    for name in NAMES:
        if hasattr(result, name):
            value = getattr(result, name)
            return _transposed(value) if name == "coef_" else value, getattr(result, "rank", None)
    if is_by_place(result):
        return result[0], result[2] if len(result) == 4 else None
    return result, None


def is_by_place(result: Any) -> bool:
    """Whether x is the first item of a result: of a tuple that has some, and no name for x."""
    return isinstance(result, tuple) and len(result) > 0 and not any(hasattr(result, name) for name in NAMES)


def item_fault(result: Any, shape: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """What is wrong with the shape of x that is the first item of a tuple, in words; empty if nothing is, or it is not.

    Who returns (info, x), or n numbers that are no array, should hear which of them was taken for x.
    """
    if shape == expected or not is_by_place(result) or result[0] is None:
        return ""
    return f"x is the first item of the returned tuple, and has shape {shape}, expected {expected}"


def _transposed(coefficients: Any) -> Any:
    """scikit-learn's coefficients as x: those of several right-hand sides are k×n."""
    return coefficients.T if np.ndim(coefficients) == 2 else coefficients


def as_numbers(x: Any, A: Array, b: Array) -> Array:
    """x as an array in native float32 or float64 where that keeps its numbers, or rounds more precise ones once.

    Whole numbers, fractions, long doubles and numbers in foreign byte order become numbers of the dtype of A; so does a
    list, which has no dtype of its own. A column n×1, or a row of a NumPy matrix, becomes n numbers where there is one
    right-hand side. What is none of this is left as it is.
    """
    listed = isinstance(x, (list, tuple))
    values = np.asarray(x)
    if values.dtype == object and all(hasattr(entry, "__float__") for entry in values.flat):
        values, listed = values.astype(np.float64), True
    if values.dtype.kind in "iub" or listed or values.dtype.itemsize > np.dtype(np.float64).itemsize:
        values = to_dtype(values, A.dtype)
    elif values.dtype.kind == "f":
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
    n = A.shape[1]
    if b.ndim == 1 and (values.shape == (n, 1) or (isinstance(x, np.matrix) and values.shape == (1, n))):
        values = values.reshape(n)
    return values


def to_dtype(values: Array, dtype: np.dtype[Any]) -> Array:
    """Real numbers in the dtype; what is not real stays as it is."""
    if values.dtype.kind not in "iubf":
        return values
    with np.errstate(all="ignore"):  # an absurd answer may overflow
        return values.astype(dtype)


def whole(value: Any) -> int | None:
    """The value if it is one whole number, else None."""
    number = np.asarray(value)
    return int(number) if number.ndim == 0 and number.dtype.kind in "iu" else None
