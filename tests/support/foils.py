"""Solvers that each differ from a good one in one way that happens in practice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lamm_robust.solvers.contracts import minimum_norm
from lamm_robust.solvers.numpy_ import NUMPY
from lamm_robust.values import UNIT_ROUNDOFF, Array, Library, Solve, Solver, digest
from tests.support import broken

Answer = tuple[Any, Any]


def unit(A: Array) -> float:
    return UNIT_ROUNDOFF[str(A.dtype)]


def lstsq(A: Array, b: Array, rcond: float | None = None) -> Answer:
    """The good one: singular values up to 2u·max(m, n)·σ₁ count as zero, of columns of one size at full rank."""
    x, _, rank, _ = broken.lstsq(A, b, rcond)
    return x, rank


def keeps_every_singular_value(A: Array, b: Array) -> Answer:
    return lstsq(A, b, rcond=0.0)


def cuts_at_a_thousandth(A: Array, b: Array) -> Answer:
    return lstsq(A, b, rcond=1e-3)


def normal_equations(A: Array, b: Array) -> Answer:
    """By the smaller of AᵀA and AAᵀ, with a pseudo-inverse, so that it gives the shortest solution where it can."""
    if A.shape[0] >= A.shape[1]:
        return lstsq(A.T @ A, A.T @ b)
    y, rank = lstsq(A @ A.T, b)
    return A.T @ y, rank


def transposed(A: Array, b: Array) -> Answer:
    """Takes a matrix stored by rows for one stored by columns."""
    return lstsq(A.ravel().reshape(A.shape, order="F"), b)


def half_of_the_bits(A: Array, b: Array) -> Answer:
    """Float32 in the place of float64, and in that of float32 the 11 bits of TF32."""

    def rounded(values: Array) -> Array:
        if values.dtype == np.float64:
            return values.astype(np.float32).astype(np.float64)
        fraction, exponent = np.frexp(values)
        return np.ldexp(np.round(fraction * 2**11) / 2**11, exponent).astype(values.dtype)

    return lstsq(rounded(A), rounded(b))


def scaled(by: float) -> Solve:
    """Wrong by a factor 1 + by·u, applied in float64."""

    def solve(A: Array, b: Array) -> Answer:
        x, rank = lstsq(A, b)
        return (x.astype(np.float64) * (1 + by * unit(A))).astype(A.dtype), rank

    return solve


def not_the_shortest(A: Array, b: Array) -> Answer:
    """A solution, and as much again of what A takes to zero."""
    x, rank = lstsq(A, b)
    null = np.linalg.svd(A, full_matrices=A.shape[0] < A.shape[1])[2][rank:].sum(axis=0)
    return (x.T + np.linalg.norm(x) * null).T.astype(A.dtype), rank


class Stale:
    """Answers a problem with the answer to the one before it, where that has the same shape."""

    def __init__(self) -> None:
        self.problem: tuple[Array, Array] | None = None
        self.known: dict[tuple[int, ...], Answer] = {}
        self.before: Answer | None = None

    def __call__(self, A: Array, b: Array) -> Answer:
        if self.problem is None or self.problem[0] is not A:
            self.problem, self.before = (A, b), self.known.get(A.shape)
            self.known[A.shape] = lstsq(A, b)
        return self.before or self.known[A.shape]


class SometimesNaN:
    """Not a number, once in twenty problems."""

    def __init__(self) -> None:
        self.chance = np.random.default_rng(5)

    def __call__(self, A: Array, b: Array) -> Answer:
        x, rank = lstsq(A, b)
        return (np.full_like(x, np.nan) if self.chance.random() < 0.05 else x), rank


class Restless:
    """Roundings that differ from call to call, as sums in any order do."""

    def __init__(self) -> None:
        self.chance = np.random.default_rng(6)

    def __call__(self, A: Array, b: Array) -> Answer:
        x, rank = lstsq(A, b)
        return (x * (1 + 2 * unit(A) * self.chance.integers(-1, 2, x.shape))).astype(A.dtype), rank


def other_dtype(A: Array, b: Array) -> Answer:
    x, rank = lstsq(A, b)
    return x.astype(np.float32 if A.dtype == np.float64 else np.float64), rank


def other_shape(A: Array, b: Array) -> Answer:
    x, rank = lstsq(A, b)
    return x[:, np.newaxis], rank


def overwrites_its_input(A: Array, b: Array) -> Answer:
    answer = lstsq(A, b)
    A[...] = np.where(A == 0, 1, -A)  # which changes every number, zero too, and overflows nowhere
    return answer


def forgets_the_last_row(A: Array, b: Array) -> Answer:
    return lstsq(A[:-1], b[:-1]) if len(A) > 1 else lstsq(A, b)


def forgets_small_entries(A: Array, b: Array) -> Answer:
    x, rank = lstsq(A, b)
    return np.where(np.abs(x) < 0.03 * np.abs(x).max(), 0, x), rank


def claims_full_rank(A: Array, b: Array) -> Answer:
    return lstsq(A, b)[0], min(A.shape)


def loses_a_sign(A: Array, b: Array) -> Answer:
    """Takes the sign of the first entry of A for its opposite."""
    flipped = A.copy()
    flipped[0, 0] *= -1
    return lstsq(flipped, b)


class Knows:
    """Gives the answers that it was told, by the digest of the problem."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = answers

    def __call__(self, A: Array, b: Array) -> Answer:
        return self.answers[digest(A, b)]


SEEN_SCALE, UNSEEN_SCALE = 2.0**6, 2.0**3
"""Scale errors in units of u, twice and half of where verdicts change.

With r = 0, x(1 + δ) has a forward error of δ/(2κu) units and a backward error of at most δ/u; C√(mn) are allowed.
In the grid that is least at 3×1 (NIST's NoInt2): stable up to δ = 17u, and from about 35u on not even forward stable.
"""

MAKE: Mapping[str, Callable[[], Solve]] = {
    "good": lambda: lstsq,
    "slightly scaled": lambda: scaled(UNSEEN_SCALE),
    "no rank cut": lambda: keeps_every_singular_value,
    "too high a rank cut": lambda: cuts_at_a_thousandth,
    "normal equations": lambda: normal_equations,
    "transposed": lambda: transposed,
    "half of the bits inside": lambda: half_of_the_bits,
    "small scale error": lambda: scaled(SEEN_SCALE),
    "not minimum-norm": lambda: not_the_shortest,
    "stale state": Stale,
    "random NaN": SometimesNaN,
    "wrong dtype": lambda: other_dtype,
    "wrong shape": lambda: other_shape,
    "changed input": lambda: overwrites_its_input,
    "a row forgotten": lambda: forgets_the_last_row,
    "small entries dropped": lambda: forgets_small_entries,
    "unrepeatable": Restless,
    "false rank": lambda: claims_full_rank,
    "a sign lost": lambda: loses_a_sign,
}


def solver(algorithm: str, solve: Solve) -> Solver:
    contract = minimum_norm("2u·max(m, n)·σ₁", "LinAlgError", reports_rank=True)
    return Solver(algorithm, f"planted: {algorithm}", contract, solve)


def library() -> Library:
    """All of them, those with a memory as if new."""
    return replace(NUMPY, name="foils", solvers=tuple(solver(name, make()) for name, make in MAKE.items()))
