"""What came back from a solver: a copy as a NumPy array, and what is wrong with its form, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamm_robust.embedding import is_complex
from lamm_robust.solvers.numbers import shapes
from lamm_robust.values import COMPLEX, PRECISIONS, Array, Number, Problem, Solver

HALVES = (PRECISIONS, COMPLEX)
"""Names of dtypes, of which the first has half of the digits of the second."""

LONGEST_MESSAGE = 2000
"""Characters of a message that are kept: some exceptions print whole matrices."""


def answer_fault(x: Array, problem: Problem, returns: Number = Number.X) -> str:
    """What is wrong with the form of an answer, in words; empty if nothing is."""
    expected = shapes(returns, problem)
    if x.dtype == object:
        return f"{returns} is no array of numbers: {x.tolist()!r}"[:LONGEST_MESSAGE]
    if x.shape not in expected:
        return f"{returns} has shape {x.shape}, expected {expected[0]}"
    if x.dtype != problem.A.dtype:
        return f"{returns} is {x.dtype}, expected {problem.A.dtype}"
    if returns is Number.RANK and x != np.floor(x):
        return f"rank is {x}, expected a whole number"
    return ""


def is_single(x: Array, problem: Problem, returns: Number = Number.X) -> bool:
    """Whether nothing is wrong with the form of an answer but that it is float32 for float64, or so of its parts."""
    return (x.dtype.name, problem.A.dtype.name) in HALVES and x.shape in shapes(returns, problem)


def is_rounded(x: Array, solver: Solver, problem: Problem) -> bool:
    """Whether an answer is float64 where the problem is float32, or so of parts, and the contract allows that."""
    return (problem.A.dtype.name, x.dtype.name) in HALVES and not solver.contract.exact_dtype


def copy_of(x: Array, solver: Solver, problem: Problem) -> Array:
    """A copy of an answer, since a solver may return the same memory at every call; rounded if it `is_rounded`."""
    with np.errstate(all="ignore"):  # an absurd answer may overflow
        return np.array(x, dtype=problem.A.dtype if is_rounded(x, solver, problem) else None)


def input_fault(problem: Problem, A: Array, b: Array) -> str:
    """Which input the solver has changed, in words; empty if neither."""
    for name, given, kept in (("A", A, problem.A), ("b", b, problem.b)):
        if given.tobytes() != kept.tobytes():
            return f"the solver changed its input {name}"
    return ""


def rank_fault(rank: Any) -> str:
    """What is wrong with a reported rank, in words; empty if nothing is."""
    found = np.asarray(rank)  # JAX's own numbers cannot be compared with all of Python's
    if rank is None or (found.ndim == 0 and found.dtype.kind in "iuf" and 0 <= found < 2**31 and found == int(found)):
        return ""
    return f"the reported rank is {rank!r}, expected a whole number"[:LONGEST_MESSAGE]


def misfit(problem: Problem, x: Array) -> tuple[float, float]:
    """How bad an answer is, as far as that shows without the truth: its residual, to three digits, then its length."""
    if not np.isfinite(x).all():
        return np.inf, np.inf
    with np.errstate(all="ignore"):
        A, b, wide = (v.astype(np.complex128 if is_complex(v) else np.float64) for v in (problem.A, problem.b, x))
        residual = np.linalg.norm(b - A @ wide)
    return float(f"{residual:.3g}"), float(np.linalg.norm(x))
