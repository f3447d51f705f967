"""Integer matrices with known singular values and vectors: reflectors with entries that are multiples of ½.

Reflectors H = I − ½vvᵀ with four entries ±1 in v are exactly orthogonal and their entries are multiples of ½. A
*layer* is a block diagonal of such reflectors over a random grouping of the coordinates in fours (up to three are
left over, others in the next layer); a few layers mix the coordinates well and cost one bit each. With fewer than
four coordinates every dyadic orthogonal matrix is a signed permutation: U or V is the identity then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lamm_robust.generators.parts.stream import LARGEST_COEFFICIENT, Integers, Stream

RESIDUAL_UNITS = 4
"""The residual is a whole number of at least 2⁴, so that rounding it moves the ratio by at most 1/32."""


@dataclass(frozen=True)
class Layer:
    """Reflectors on disjoint groups of four coordinates; ``groups`` and ``signs`` have shape (g, 4)."""

    groups: Integers
    signs: Integers


def _layer_count(size: int) -> int:
    """Return log₄ size, and three at least: two layers on nearly the same four coordinates may cancel.

    A single reflector does for four coordinates, and fewer than four cannot be mixed.
    """
    return max(3, ((size - 1).bit_length() + 1) // 2) if size > 4 else size // 4


def layers(stream: Stream, size: int) -> list[Layer]:
    """Draw enough layers to let every coordinate reach every other."""
    fours = size // 4
    return [
        Layer(stream.permutation(size)[: 4 * fours].reshape(fours, 4), stream.signs(4 * fours).reshape(fours, 4))
        for _ in range(_layer_count(size))
    ]


def twice(layer: Layer, M: Any) -> Any:
    """Return 2 H M for the block diagonal H of I − ½vvᵀ, in exact integers; M has shape (size, columns)."""
    product = 2 * M
    block = layer.signs[:, :, None] * M[layer.groups]
    inner = block[:, 0] + block[:, 1] + block[:, 2] + block[:, 3]  # vᵀM of each group
    product[layer.groups] -= layer.signs[:, :, None] * inner[:, None]
    return product


def turn(turns: list[Layer], M: Any) -> Any:
    """Return the product of 2 H over the layers, the first innermost, times M."""
    for layer in turns:
        M = twice(layer, M)
    return M


@dataclass(frozen=True)
class Recipe:
    """What A, b and x★ are made of, in integers: A = 2^(L+R) U Σ Vᵀ, b = 2^L U (2^t Σ y + ρ e_j), x★ = 2^(t−R) V y.

    L and R are the numbers of layers in U and V, t is ``shift`` and j is ``column``; Σ is all of its non-zeros.
    """

    left: list[Layer]
    right: list[Layer]
    sigma: list[int]
    y: list[int]
    shift: int
    rho: int
    column: int


def descending(log2_cond: int, count: int) -> list[int]:
    """Return powers of two from 2^log2_cond to 1, evenly spread in the exponent."""
    last = max(count - 1, 1)
    return [2 ** (log2_cond - i * log2_cond // last) for i in range(count)]


def drawn(family: str, names: Sequence[int], shape: tuple[int, int], sigma: Sequence[int], residual: float) -> Recipe:
    """Draw everything but the singular values, from streams called by the family, the part and the names.

    ``residual`` is ‖ρe_j‖/‖2^t Σy‖, to within 1/32 of it.
    """

    def stream(part: str) -> Stream:
        return Stream(family, part, *names)

    (m, n), rank = shape, len(sigma)
    y = stream("solution").coefficients(rank)
    shift, rho = whole_residual(sum((s * c) ** 2 for s, c in zip(sigma, y, strict=True)) or 1, residual)
    column = int(stream("residual").integers(1, rank, m - 1)[0]) if residual else 0
    left, right = layers(stream("left"), m), layers(stream("right"), n)
    return Recipe(left, right, list(sigma), y, shift, rho, column)


def whole_residual(image: Fraction | int, residual: float) -> tuple[int, int]:
    """Return the smallest t ≥ 0 for which residual·2^t·√image is 2⁴ or more, and that number rounded."""
    if residual == 0:
        return 0, 0
    square, shift = Fraction(residual) ** 2 * image, 0
    while square < 4**RESIDUAL_UNITS:
        square, shift = 4 * square, shift + 1
    return shift, (math.isqrt(int(4 * square)) + 1) // 2


def bits_needed(m: int, n: int, rank: int, log2_cond: int, residual: float) -> int:
    """Count the bits that hold every entry of A and b, whatever the seed.

    |A| ≤ 2^(L+R)·2^log2_cond and |b| ≤ 2^L ‖2^t Σy + ρe_j‖. Either t = 0 and ‖Σy‖ ≤ 2^log2_cond·3√rank, or
    ρ ≤ 2⁵ and ‖2^t Σy‖ ≤ 2⁵/residual; the other of the two parts is larger or smaller by the residual.
    """
    image = log2_cond + ((LARGEST_COEFFICIENT**2 * rank - 1).bit_length() + 1) // 2  # the least s with 4^s ≥ 9 rank
    if residual:
        exponent = math.frexp(residual)[1] - 1
        image = max(image, RESIDUAL_UNITS + 1 - exponent) + max(0, exponent) + 1
    return _layer_count(m) + max(_layer_count(n) + log2_cond, image)


def assembled(parts: Recipe, m: int, n: int, kind: type) -> tuple[Any, Any]:
    """Return the integers of A (m×n) and b (m), of kind np.int64, or object: Python's, of any length, and slow."""
    rank = len(parts.sigma)
    diagonal: Any = np.zeros((n, m), dtype=kind)
    target: Any = np.zeros((m, 1), dtype=kind)
    np.fill_diagonal(diagonal[:rank, :rank], parts.sigma)
    target[:rank, 0] = [2**parts.shift * s * c for s, c in zip(parts.sigma, parts.y, strict=True)]
    if parts.rho:
        target[parts.column] = parts.rho
    return turn(parts.left, turn(parts.right, diagonal).T), turn(parts.left, target)[:, 0]


def solution(parts: Recipe, n: int) -> list[Fraction]:
    """Return A⁺b, exactly: 2^(t − R) V y, as n rationals."""
    y: Any = np.zeros((n, 1), dtype=object)
    y[: len(parts.y), 0] = parts.y
    scale = Fraction(2) ** (parts.shift - 2 * len(parts.right))
    return [scale * int(entry) for entry in turn(parts.right, y)[:, 0]]
