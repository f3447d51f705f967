"""Other numbers than x that a function returns: where they are in its result, and what shape they have."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lamm_robust.solvers.results import to_dtype
from lamm_robust.values import OF_A, Array, Number, Problem

NAMES: Mapping[Number, tuple[str, ...]] = {
    Number.RANK: ("rank",),
    Number.SVDVALS: ("singular_values",),
    Number.RESIDUAL: ("residuals",),
    Number.STANDARD_ERRORS: ("bse",),
}
"""Attributes or keys of a result that hold a number: those of PyTorch's lstsq and of statsmodels."""

PLACES: Mapping[Number, tuple[int, int]] = {
    Number.RESIDUAL: (4, 1),
    Number.RANK: (4, 2),
    Number.SVDVALS: (4, 3),
    Number.COVARIANCE: (2, 1),
}
"""The length of a tuple and the place in it: the `lstsq` of NumPy, SciPy and JAX; (x, covariance) of curve_fit."""


def shapes(number: Number, problem: Problem) -> tuple[tuple[int, ...], ...]:
    """The shapes that a number may have, the usual one first; a residual may be withheld by an empty array."""
    m, n, sides = problem.m, problem.n, problem.b.shape[1:]
    return {
        Number.X: ((n, *sides),),
        Number.PINV: ((n, m),),
        Number.RANK: ((),),
        Number.COND: ((),),
        Number.SVDVALS: ((min(m, n),),),
        Number.RESIDUAL: (sides or (1,), (0,)),
        Number.STANDARD_ERRORS: ((n,),),
        Number.COVARIANCE: ((n, n),),
    }[number]


def with_b(number: Number, function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """The function as one of A and b: a number of A alone is asked of A, unless the function needs a second argument.

    What has no signature, as functions in C, takes A alone.
    """
    if number not in OF_A:
        return function
    try:
        given = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return lambda A, _: function(A)
    needed = [p for p in given if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return function if len(needed) > 1 else lambda A, _: function(A)


def number_in(number: Number, result: Any, A: Array) -> Array:
    """The number in the result of a function, in the dtype of A if it has none of its own, or is whole.

    A residual is an array with one number for each right-hand side.
    """
    value = _found(number, result)
    bare = not hasattr(value, "dtype")
    values = np.asarray(value)
    if bare or values.dtype.kind in "iub" or values.dtype.itemsize > np.dtype(np.float64).itemsize:
        values = to_dtype(values, A.dtype)
    if number in (Number.RANK, Number.COND) and values.shape == (1,):
        values = values.reshape(())
    return np.atleast_1d(values) if number is Number.RESIDUAL else values


def _found(number: Number, result: Any) -> Any:
    for name in NAMES.get(number, ()):
        if isinstance(result, Mapping) and name in result:
            return result[name]
        if not hasattr(result, "__array__") and hasattr(result, name):
            return getattr(result, name)
    length, place = PLACES.get(number, (0, 0))
    return result[place] if isinstance(result, tuple) and len(result) == length else result
