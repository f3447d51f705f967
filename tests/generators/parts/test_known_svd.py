"""Layers of dyadic reflectors: orthogonal, and every coordinate reaches every other."""

from __future__ import annotations

import numpy as np
import pytest

from lamm_robust.generators.parts.known_svd import layers
from lamm_robust.generators.parts.stream import Stream


@pytest.mark.parametrize("size", [4, 5, 7, 16, 30, 100])
@pytest.mark.parametrize("seed", range(5))
def test_layers_are_orthogonal_and_mix(size: int, seed: int) -> None:
    product = np.eye(size, dtype=np.int64)
    drawn = layers(Stream("layers", size, seed), size)
    for layer in drawn:
        product = layer.double_reflection(product)
    assert np.array_equal(product.T @ product, 4 ** len(drawn) * np.eye(size, dtype=np.int64))
    assert 4 ** len(drawn) >= size
    assert (product != 0).mean() > 0.3


@pytest.mark.parametrize("size", [1, 2, 3])
def test_three_coordinates_cannot_be_mixed(size: int) -> None:
    assert layers(Stream("layers", size), size) == []
