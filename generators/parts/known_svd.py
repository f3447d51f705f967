"""Integer matrices with known singular values and vectors, made of reflectors with entries that are multiples of ½.

A reflector H = I − ½vvᵀ with four entries ±1 in v is exactly orthogonal, and its entries are multiples of ½. A *layer*
is a block diagonal of such reflectors over a random grouping of the coordinates in fours (up to three coordinates are
left over, others in the next layer). A few layers mix the coordinates well and cost one bit each. With fewer than four
coordinates every orthogonal matrix of dyadic numbers is a signed permutation: U or V is the identity then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from lamm_robust.generators.parts.stream import LARGEST_COEFFICIENT, Integers, Stream

RESIDUAL_UNITS = 4
"""log₂ of the least residual ρ ≠ 0, an integer: rounding it changes its ratio to the fit by at most 1/32 of it."""


@dataclass(frozen=True)
class Layer:
    """Reflectors on disjoint groups of four coordinates; ``groups`` and ``signs`` have shape (g, 4)."""

    groups: Integers
    signs: Integers

    def double_reflection(self, M: Any) -> Any:
        """Return 2HM in exact integers, for the block diagonal H of the layer; M has shape (size, columns)."""
        product = 2 * M
        block = self.signs[:, :, None] * M[self.groups]
        inner = block[:, 0] + block[:, 1] + block[:, 2] + block[:, 3]  # vᵀM of each group
        product[self.groups] -= self.signs[:, :, None] * inner[:, None]
        return product


class Reflects(Protocol):
    """A layer of real or complex reflectors."""

    def double_reflection(self, M: Any) -> Any:
        """Return 2HM in exact integers."""


def _layer_count(size: int) -> int:
    """Return how many layers mix ``size`` coordinates: log₄ size, rounded up, and at least three if size is 5 or more.

    Two layers on nearly the same four coordinates may cancel. One reflector is enough for four coordinates, and fewer
    than four cannot be mixed.
    """
    return max(3, ((size - 1).bit_length() + 1) // 2) if size > 4 else size // 4


def layers(stream: Stream, size: int) -> list[Layer]:
    """Draw layers on ``size`` coordinates, as many as it takes to let every coordinate reach every other."""
    fours = size // 4
    return [
        Layer(stream.permutation(size)[: 4 * fours].reshape(fours, 4), stream.signs(4 * fours).reshape(fours, 4))
        for _ in range(_layer_count(size))
    ]


def apply_layers(turns: Sequence[Reflects], M: Any) -> Any:
    """Return the product of 2H over the layers, the first innermost, times M (size × columns; 2 × that, if complex)."""
    for layer in turns:
        M = layer.double_reflection(M)
    return M


@dataclass(frozen=True)
class Recipe:
    """The integers that A (m×n), b and x★ are made of.

    A = 2^(L+R) U Σ Vᵀ, b = 2^L U (2^t Σ y + ρ e_j) and x★ = 2^(t−R) V y. L and R are the numbers of layers in U and V,
    ``sigma`` is the diagonal of Σ without its zeros, t is ``shift`` and j is ``column``.
    """

    m: int
    n: int
    left: list[Layer]
    right: list[Layer]
    sigma: list[int]
    y: list[int]
    shift: int
    rho: int
    column: int

    def problem(self, kind: type) -> tuple[Any, Any]:
        """Return A (m×n) and b (m) as arrays of np.int64, or of Python integers if ``kind`` is object (slow)."""
        rank = len(self.sigma)
        diagonal: Any = np.zeros((self.n, self.m), dtype=kind)
        target: Any = np.zeros((self.m, 1), dtype=kind)
        np.fill_diagonal(diagonal[:rank, :rank], self.sigma)
        target[:rank, 0] = [2**self.shift * s * c for s, c in zip(self.sigma, self.y, strict=True)]
        if self.rho:
            target[self.column] = self.rho
        return apply_layers(self.left, apply_layers(self.right, diagonal).T), apply_layers(self.left, target)[:, 0]

    def solution(self) -> list[Fraction]:
        """Return x★ = A⁺b, exactly, as n rationals."""
        y: Any = np.zeros((self.n, 1), dtype=object)
        y[: len(self.y), 0] = self.y
        scale = Fraction(2) ** (self.shift - 2 * len(self.right))  # each layer doubles, and 2^(t−R) V is asked
        return [scale * int(entry) for entry in apply_layers(self.right, y)[:, 0]]


def draw_recipe(
    family: str, names: Sequence[int], shape: tuple[int, int], sigma: Sequence[int], residual: float
) -> Recipe:
    """Draw a recipe with the singular values ``sigma``, from streams named by family, part and ``names``.

    ``residual`` is ‖ρe_j‖/‖2^t Σy‖, to within 1/32 of it.
    """

    def stream(part: str) -> Stream:
        return Stream(family, part, *names)

    (m, n), rank = shape, len(sigma)
    y = stream("solution").coefficients(rank)
    shift, rho = whole_residual(sum((s * c) ** 2 for s, c in zip(sigma, y, strict=True)) or 1, residual)
    column = int(stream("residual").integers(1, rank, m - 1)[0]) if residual else 0
    return Recipe(m, n, layers(stream("left"), m), layers(stream("right"), n), list(sigma), y, shift, rho, column)


def descending_powers(log2_cond: int, count: int) -> list[int]:
    """Return powers of two from 2^log2_cond down to 1, evenly spread in the exponent."""
    last = max(count - 1, 1)
    return [2 ** (log2_cond - i * log2_cond // last) for i in range(count)]


def whole_residual(image: Fraction | int, residual: float) -> tuple[int, int]:
    """Return t and ρ: the least t ≥ 0 with residual·2^t·√image ≥ 2⁴, and that number rounded; 0, 0 for residual 0."""
    if residual == 0:
        return 0, 0
    square, shift = Fraction(residual) ** 2 * image, 0
    while square < 4**RESIDUAL_UNITS:
        square, shift = 4 * square, shift + 1
    return shift, (math.isqrt(int(4 * square)) + 1) // 2


def bits_needed(m: int, n: int, rank: int, log2_cond: int, residual: float) -> int:
    """Count the bits that hold every entry of the A and b of a recipe, whatever the seed.

    |A| ≤ 2^(L+R)·2^log2_cond and |b| ≤ 2^L ‖2^t Σy + ρe_j‖. Either t = 0 and the fit is ‖Σy‖ ≤ 2^log2_cond·3√rank, or
    ρ ≤ 2⁵ and the fit is ‖2^t Σy‖ ≤ 2⁵/residual. In both cases ρ is residual times the fit.
    """
    image = log2_cond + ((LARGEST_COEFFICIENT**2 * rank - 1).bit_length() + 1) // 2  # the least s with 4^s ≥ 9 rank
    if residual:
        exponent = math.frexp(residual)[1] - 1
        image = max(image, RESIDUAL_UNITS + 1 - exponent) + max(0, exponent) + 1
    return _layer_count(m) + max(_layer_count(n) + log2_cond, image)
