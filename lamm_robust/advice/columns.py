"""What columns look like beside each other: their sizes, how far they are from zero, and which depend on others.

All is computed in float64 from the stored numbers, and only described: nothing is decided by it but what is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from lamm_robust.error_free import Doubles
from lamm_robust.values import Array

FAR = 100.0
"""A column is far from zero if its mean is so many times its spread: two digits of every entry say the same."""

DWARFS = 1000.0
"""A column dwarfs others, or is dwarfed, if it is so many times as long, or short, as the median one."""

NEAR = 0.01
"""A column nearly depends on those before it if only this share of its length is its own: two digits are lost."""

SAME = 1e-13
"""Up to this share it depends on them as far as float64 can tell, and is left out of what later ones depend on."""

SHARE = 0.05
"""The share of the largest part of a combination from which on a part is named."""


@dataclass(frozen=True)
class Dependence:
    """A column that is nearly a combination of columns before it."""

    column: int
    distance: float
    """The share of its length that is not of the combination."""
    terms: tuple[tuple[int, float], ...]
    """The columns of the combination with their factors, the largest part first."""


@dataclass(frozen=True, eq=False)
class Columns:
    """What is seen of the columns of A (m×n)."""

    lengths: Doubles
    means: Doubles
    spreads: Doubles
    """Standard deviations."""
    dependences: tuple[Dependence, ...]
    """The nearest first; none for a wide A, in which every column may depend on others."""

    @property
    def constant(self) -> int | None:
        """The first column that is the same number, not 0, in every row."""
        found = np.flatnonzero((self.spreads == 0) & (self.means != 0))
        return int(found[0]) if len(found) else None

    @property
    def zero(self) -> list[int]:
        """The columns of zeros."""
        return [int(j) for j in np.flatnonzero(self.lengths == 0)]

    @property
    def far(self) -> list[int]:
        """The columns that are far from zero, beside their spread."""
        away = (self.spreads > 0) & (np.abs(self.means) / FAR >= self.spreads)
        return [int(j) for j in np.flatnonzero(away)]

    @property
    def median(self) -> float:
        """The median length of the columns that are not zero."""
        there = self.lengths[self.lengths > 0]
        return float(np.median(there)) if len(there) else 1.0

    @property
    def dwarfing(self) -> list[int]:
        """The columns that are far longer than the median one."""
        return [int(j) for j in np.flatnonzero(self.lengths / DWARFS >= self.median)]

    @property
    def dwarfed(self) -> list[int]:
        """The columns that are far shorter than the median one, and not zero."""
        return [int(j) for j in np.flatnonzero((self.lengths > 0) & (self.lengths <= self.median / DWARFS))]


def look_at(A: Array) -> Columns:
    """What is seen of the columns of A."""
    values = A.astype(np.float64)
    largest = np.abs(values).max(axis=0)
    unit = np.where(largest == 0, 1.0, largest)
    scaled = values / unit
    means = scaled.mean(axis=0)
    same = (values == values[0]).all(axis=0)
    spreads = np.where(same, 0.0, scaled.std(axis=0))
    lengths = np.sqrt((scaled * scaled).sum(axis=0))
    dependences = () if len(A) < A.shape[1] else _dependences(scaled, lengths)
    with np.errstate(over="ignore"):  # the length of a column may be beyond any float64, and is then the largest
        sizes = np.minimum(lengths * unit, np.finfo(np.float64).max)
        return Columns(sizes, means * unit, spreads * unit, _in_units(dependences, sizes))


def _in_units(found: Sequence[Dependence], lengths: Doubles) -> tuple[Dependence, ...]:
    """The dependences of columns of length 1 as those of the columns themselves, the nearest first."""
    moved = [
        Dependence(one.column, one.distance, tuple((j, c * lengths[one.column] / lengths[j]) for j, c in one.terms))
        for one in found
    ]
    return tuple(sorted(moved, key=lambda one: one.distance))


def _dependences(scaled: Doubles, lengths: Doubles) -> list[Dependence]:
    """Each column beside those before it, all of length 1: Gram–Schmidt, twice, on the R of a QR."""
    R: Doubles = np.linalg.qr(scaled / np.where(lengths == 0, 1.0, lengths), mode="r")  # type: ignore[assignment]
    found: list[Dependence] = []
    kept: list[int] = []
    Q = np.empty((len(R), 0))
    for j in np.flatnonzero(lengths).tolist():
        rest = R[:, j].copy()
        for _ in range(2):
            rest -= Q @ (Q.T @ rest)
        distance = float(np.linalg.norm(rest))
        if kept and distance <= NEAR:
            found.append(Dependence(j, distance, _terms(R, Q, kept, R[:, j])))
        if distance > SAME:
            kept.append(j)
            Q = np.column_stack([Q, rest / distance])
    return found


def _terms(R: Doubles, Q: Doubles, kept: list[int], column: Doubles) -> tuple[tuple[int, float], ...]:
    """The columns that make up a column, with their factors, the largest first."""
    factors = solve_triangular(Q.T @ R[:, kept], Q.T @ column)
    order = np.argsort(-np.abs(factors), kind="stable")
    least = SHARE * np.abs(factors).max()
    return tuple((kept[i], float(factors[i])) for i in order if abs(factors[i]) >= least)
