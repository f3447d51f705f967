"""What is proved of the matrices on which rank rules are counted: their exact rank r, and upper bounds of κ = σ₁/σ_r.

The rank is that of FLINT's elimination in integers. κ is bounded as stored, and with columns (rows, if wide) of one
size by powers of two. Where A lacks rank, σ_r is at least the smallest singular value of any r independent columns,
which the `verified` oracle certifies, and σ₁ at most the Frobenius norm; so κ may be taken for larger than it is, by a
factor of the order √n, and a matrix then be counted apart that need not be. Long matrices are whole numbers, and all of
this is known from AᵀA, which is formed without rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from flint import arb_mat, fmpz_mat
from rank_matrices import build, scaled_by
from scipy.linalg import qr

from lamm_robust import oracles
from lamm_robust.generators.parts.stream import Integers
from lamm_robust.oracles.equilibration import column_exponents
from lamm_robust.oracles.integers import integer_matrix
from lamm_robust.oracles.rational import exact_rank
from lamm_robust.oracles.singular_values import enclose
from lamm_robust.scoring.limits import resolves
from lamm_robust.values import Array, Ball, NotCertifiedError, Precision

DIGIT = 12
"""Bits of a digit: products of two are below 2²⁴, and their sums over 2²⁰ rows below 2⁶³."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix, and what is proved of it."""

    name: str
    A: Array
    scaled: Array
    """A with columns (rows, if wide) of one size, by powers of two."""
    rank: int
    seen: bool
    """Whether the precision resolves σ_r, with columns (rows, if wide) of one size: else any rank is as good."""
    seen_as_stored: bool
    """Whether it resolves σ_r of A as it is stored."""


def of_one_size(A: Array) -> Array:
    """A with columns (rows, if wide) brought to one size by powers of two, whatever its rank."""
    exponents = column_exponents(tall(A), min(A.shape))
    return A if exponents is None else scaled_by(A, -exponents)


def tall(A: Array) -> Array:
    """A, or its transpose if it is wide."""
    return A.T if A.shape[0] < A.shape[1] else A


def prove(names: Sequence[str], precision: Precision) -> list[Matrix]:
    """Build the matrices and prove what `Matrix` says of them. Raises NotCertifiedError where that fails."""
    if names[0].startswith("long "):
        return [prove_long(name, precision) for name in names]
    built = [build(name) for name in names]
    scaled = [of_one_size(A) for A in built]
    ranks = [exact_rank(integer_matrix(A)[0]) for A in built]
    places = [independent(S, rank) for S, rank in zip(scaled, ranks, strict=True)]
    parts = [np.ascontiguousarray(tall(A)[:, place]) for A, place in zip(built, places, strict=True)]
    truths = oracles.certify_all([(part, part[:, 0]) for part in parts])
    found = []
    for name, A, S, rank, place, truth in zip(names, built, scaled, ranks, places, truths, strict=True):
        if isinstance(truth, NotCertifiedError):
            raise truth
        if truth.rank != rank or truth.kappa is None or truth.kappa_columns is None:
            raise AssertionError(f"{name}: two proofs of the rank differ")
        kappa, columns = above(truth.kappa), above(truth.kappa_columns)
        if rank < min(A.shape):  # of some columns: σ_r of A is no less than theirs, and σ₁ than their largest
            kappa *= norm(A) / norm(tall(A)[:, place], axis=0).max()
            columns *= norm(S) / norm(tall(S)[:, place], axis=0).max()
        found.append(judged(name, precision, A, S, rank, kappa, columns))
    return found


def norm(A: Array, axis: int | None = None) -> Any:
    """Frobenius norms, or those of columns, in float64."""
    return np.linalg.norm(A.astype(np.float64), axis=axis)


def above(ball: Ball) -> float:
    """An upper bound of a ball; the rounding of norms, 1e-14, is allowed for."""
    return float(ball.mid + ball.radius) * (1 + 1e-12)


def independent(S: Array, rank: int) -> Integers:
    """As many columns of S (rows, if wide) as its rank: those that a pivoted QR takes, or all."""
    if rank == min(S.shape):
        return np.arange(rank)
    places: Integers = qr(tall(S).astype(np.float64), mode="r", pivoting=True)[1][:rank]
    return np.sort(places)


def judged(name: str, precision: Precision, A: Array, S: Array, rank: int, kappa: float, columns: float) -> Matrix:
    """The matrix, with what the precision resolves of these bounds of κ."""
    m, n = A.shape
    return Matrix(name, A, S, rank, resolves(precision, m, n, columns), resolves(precision, m, n, kappa))


def prove_long(name: str, precision: Precision) -> Matrix:
    """The same for a long matrix, by its Gram matrix in integers: AᵀA has the rank of A."""
    A = build(name)
    S, gram = of_one_size(A), gram_of(A.astype(np.int64))
    exponents = column_exponents(A, A.shape[1])
    sizes = [0] * A.shape[1] if exponents is None else (exponents.max() - exponents).tolist()
    table = gram.tolist()
    scaled = fmpz_mat(
        [[v << (s + t) for v, t in zip(row, sizes, strict=True)] for row, s in zip(table, sizes, strict=True)]
    )
    place = independent(S, int(gram.rank())).tolist()
    return judged(name, precision, A, S, len(place), condition(gram, place), condition(scaled, place))


def condition(gram: fmpz_mat, place: Sequence[int]) -> float:
    """An upper bound of σ₁/σ_r from the Gram matrix, and the places of r independent columns."""
    part = fmpz_mat([[gram[i, j] for j in place] for i in place])
    inverse = enclose(lambda: arb_mat(part).inv())
    trace = sum(int(gram[i, i]) for i in range(gram.ncols()))
    return sqrt(trace * (inverse.mid + inverse.radius)) * (1 + 1e-12)


def gram_of(A: Integers) -> fmpz_mat:
    """AᵀA without rounding, for whole numbers below 2²⁴: digit by digit."""
    high, low = A >> DIGIT, A & (2**DIGIT - 1)
    parts = [(0, low.T @ low), (1, low.T @ high), (1, high.T @ low), (2, high.T @ high)]
    return fmpz_mat(sum(part.astype(object) << (DIGIT * place) for place, part in parts).tolist())
