"""Matrices of Gaussian integers with known singular values and vectors: `known_svd` with complex reflectors.

H = I − ½vvᴴ with four entries ±1 or ±i in v is exactly unitary, and its entries are multiples of ½. Real and imaginary
parts are kept apart, as an array whose first axis is (real, imaginary): whole numbers of any size, and no product that
one machine fuses and the next does not. Entries are no larger than those of the real recipe, so `known_svd.bits_needed`
holds for their parts. Whatever tests a transpose where a conjugate transpose belongs needs such a matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lamm_robust.generators.parts.known_svd import apply_layers, layers, whole_residual
from lamm_robust.generators.parts.stream import Integers, Stream
from lamm_robust.values import Array, Precision


def joined(parts: Any, dtype: Precision) -> Array:
    """Return the complex array of real and imaginary parts (2 × shape), each cast to the parts of the dtype."""
    found = np.empty(parts.shape[1:], dtype=dtype)
    found.real, found.imag = parts
    return found


def unit_multiples(stream: Stream, values: Sequence[int] | Integers) -> Integers:
    """Return values times 1 or i at random, as parts (2 × length of values)."""
    turned, whole = stream.integers(len(values), 0, 1), np.array(values, dtype=np.int64)
    return np.stack((whole * (1 - turned), whole * turned))


def conjugate_transpose(parts: Any) -> Any:
    """Return Mᴴ as parts, for a matrix in parts (2 × rows × columns)."""
    return np.stack((parts[0].T, -parts[1].T))


@dataclass(frozen=True)
class Layer:
    """Reflectors on disjoint groups of four coordinates: ``groups`` (g × 4), and v in parts, ``v`` (2 × g × 4)."""

    groups: Integers
    v: Integers

    def double_reflection(self, M: Any) -> Any:
        """Return 2HM in exact integers, for the block diagonal H of the layer; M has shape (2, size, columns)."""
        product = 2 * M
        (c, s), (re, im) = self.v[..., None], M[:, self.groups]
        along, across = c * re + s * im, c * im - s * re  # conj(v)·M
        a, b = ((part[:, 0] + part[:, 1] + part[:, 2] + part[:, 3])[:, None] for part in (along, across))
        product[0, self.groups] -= c * a - s * b
        product[1, self.groups] -= c * b + s * a
        return product


def complex_layers(stream: Stream, size: int) -> list[Layer]:
    """Draw layers on ``size`` coordinates, as many as `known_svd.layers` does, with v of ±1 and ±i."""
    return [
        Layer(layer.groups, unit_multiples(stream, layer.signs.ravel()).reshape(2, *layer.signs.shape))
        for layer in layers(stream, size)
    ]


@dataclass(frozen=True)
class ComplexRecipe:
    """The integers that A (m×n), b and x★ are made of, as in `known_svd.Recipe`: A = 2^(L+R) U Σ Vᴴ.

    The coordinates ``y`` (2 × rank) of x★ are ±1, ±2 or ±3, times 1 or i.
    """

    m: int
    n: int
    left: list[Layer]
    right: list[Layer]
    sigma: list[int]
    y: Integers
    shift: int
    rho: int
    column: int

    def problem(self, kind: type) -> tuple[Any, Any]:
        """Return A (2×m×n) and b (2×m) in parts, of np.int64, or of Python integers if ``kind`` is object (slow)."""
        rank = len(self.sigma)
        diagonal: Any = np.zeros((2, self.n, self.m), dtype=kind)
        target: Any = np.zeros((2, self.m, 1), dtype=kind)
        np.fill_diagonal(diagonal[0, :rank, :rank], self.sigma)
        for part, coordinates in zip(target, self.y.tolist(), strict=True):
            part[:rank, 0] = [2**self.shift * s * c for s, c in zip(self.sigma, coordinates, strict=True)]
        if self.rho:
            target[0, self.column] = self.rho
        turned = conjugate_transpose(apply_layers(self.right, diagonal))
        return apply_layers(self.left, turned), apply_layers(self.left, target)[:, :, 0]

    def solution(self) -> list[Fraction]:
        """Return x★ = A⁺b exactly, as 2n rationals: the real parts, then the imaginary ones."""
        y: Any = np.zeros((2, self.n, 1), dtype=object)
        y[:, : len(self.sigma), 0] = self.y
        scale = Fraction(2) ** (self.shift - 2 * len(self.right))
        return [scale * int(entry) for entry in apply_layers(self.right, y).ravel()]


def draw_complex_recipe(
    family: str, names: Sequence[int], shape: tuple[int, int], sigma: Sequence[int], residual: float
) -> ComplexRecipe:
    """Draw a recipe with the singular values ``sigma``, from streams of its own; see `known_svd.draw_recipe`."""

    def stream(part: str) -> Stream:
        return Stream(family, "complex", part, *names)

    (m, n), rank = shape, len(sigma)
    sizes = stream("solution").coefficients(rank)
    shift, rho = whole_residual(sum((s * c) ** 2 for s, c in zip(sigma, sizes, strict=True)) or 1, residual)
    return ComplexRecipe(
        m,
        n,
        complex_layers(stream("left"), m),
        complex_layers(stream("right"), n),
        list(sigma),
        unit_multiples(stream("turns"), sizes),
        shift,
        rho,
        int(stream("residual").integers(1, rank, m - 1)[0]) if residual else 0,
    )
