"""Approximate eigenvectors of the pencil of `smallest`, of which nothing is proved.

The pencil is (T, W) with T = FᵀF and W = (BS)ᵀ(BS) near I, and the largest of its values are wanted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamm_robust.oracles.bounds import Doubles, frobenius
from lamm_robust.oracles.eigenvalues import leading_pairs

MOST = 16
"""The most vectors of which products without error are formed: some eight cost as much as refinement."""

APART = 0.97
"""The share of the largest value below which the rest is wanted: then c²/(a − d) is at most 33 c²/a."""

SHARE = 0.87
"""The share of the largest value, but for a factor 1 − α, below which `leading_pairs` brings the rest: the bound of it
has room below APART."""

LEAST = 2.0**-16
"""Vectors with values below this share of the largest are left out: they would not help, nor be orthogonal."""

STEPS = 4
"""The most times that vectors are corrected with W as float64 products know it."""

FOUND = 2.0**-19
"""A correction below this, 2e-6, is not made: its square, even if APART leaves a gap of 3 %, is 1e-10."""

TERMS = 3
"""Terms of the Neumann series of 1/(θ − T) on what is orthogonal to the known vectors, where ‖T‖ < θ/√2."""


@dataclass(frozen=True, eq=False)
class Factor:
    """B, S and what is known of W for one matrix."""

    B_planes: Doubles
    """The digits of B, m × digits × n."""
    S_planes: Doubles
    """The digits of S divided by its units, n × digits × n."""
    units: Doubles
    """Powers of two, n."""
    near: Doubles
    """W − I from float64 products, n×n; nothing is proved of it."""
    alpha: float
    """α ≥ ‖W − I‖, below 1."""


@dataclass(frozen=True, eq=False)
class Pencil:
    """What is known of T = FᵀF for one c."""

    K: Doubles
    """FFᵀ from float64 products, n×n."""
    F: Doubles
    """2^(−c)·S, n×n."""
    size: float
    """A bound of ‖FFᵀ‖_F."""


@dataclass
class Vectors:
    """Approximate eigenvectors of a pencil, which are corrected in place; nothing is proved of them."""

    theta: Doubles
    """Values, p, the largest first."""
    V: Doubles
    """Vectors, n×p."""
    H: Doubles
    """W times the first q of V, n×q: as many as have values that are not far below the largest."""

    @property
    def count(self) -> int:
        """Return q."""
        return int(self.H.shape[1])


def first_vectors(factor: Factor, pencil: Pencil) -> Vectors | None:
    """Return eigenvectors of T, found as those of FFᵀ; None if they are too few, or too many have nearly one value."""
    pairs = leading_pairs(pencil.K, SHARE * (1 - factor.alpha))
    if pairs is None:
        return None
    there = pairs[0] > LEAST * pairs[0][-1]
    if not there.any():  # they are not numbers
        return None
    theta = pairs[0][there][::-1].copy()
    V = (pencil.F.T @ pairs[1][:, there][:, ::-1]) / np.sqrt(theta)
    q = 1 + int(np.sum(theta[1:] > APART * (1 - factor.alpha) * theta[0]))
    if q > MOST:
        return None
    found = Vectors(theta, V, V[:, :q] + factor.near @ V[:, :q])
    for _ in range(STEPS):  # with W as it is known in float64, so that most is done before W is known better
        step = correction(pencil, found)
        if float(frobenius(step)) < FOUND:
            break
        V[:, :q] += step
        found.H = V[:, :q] + factor.near @ V[:, :q]
        theta[:q] = np.square(pencil.F @ V[:, :q]).sum(axis=0) / (V[:, :q] * found.H).sum(axis=0)
    return found


def correction(pencil: Pencil, vectors: Vectors) -> Doubles:
    """Return what makes better approximations of the first q vectors when it is added.

    A step of Newton's method: (θW − T)δ = Tu − θWu, with W ≈ I on the left, T ≈ θ on the other columns of V, and a
    Neumann series on what is orthogonal to all of them. Nothing is proved of it.
    """
    V, count = vectors.V, vectors.count
    own, others = vectors.theta[:count], vectors.theta[count:]
    left = pencil.F.T @ (pencil.F @ V[:, :count]) - vectors.H * own
    parts = V.T @ left
    apart = np.maximum(own - others[:, np.newaxis], (1 - APART) * own[0])
    step = V[:, count:] @ (parts[count:] / apart)
    rest = (left - V @ parts) / own
    step += rest
    for _ in range(TERMS):
        if float(frobenius(rest)) < FOUND:
            break
        rest = pencil.F.T @ (pencil.F @ rest) / own
        rest -= V @ (V.T @ rest)
        step += rest
    found: Doubles = step
    return found
