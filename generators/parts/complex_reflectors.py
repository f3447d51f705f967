"""Random unitary matrices as products of complex Householder reflectors: `reflectors`, in real and imaginary parts.

Arrays have the parts on their first axis. Parts are multiplied and added apart, each operation rounded once: a complex
product of NumPy's may be fused on one machine and not on the next.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamm_robust.generators.parts.reflectors import norm, pairwise_sum
from lamm_robust.generators.parts.stream import Floats, Stream


def draw_reflectors(stream: Stream, size: int, count: int) -> list[Floats]:
    """Draw the vectors v_k (2 × (size − k)) for k < count, of reflectors on the coordinates k and up.

    With x complex normal, v = x + (x₁/|x₁|)‖x‖e₁, as in `reflectors.draw_reflectors`; a last single coordinate needs
    no reflector.
    """
    return [_reflector(stream.bell(2 * (size - k)).reshape(2, -1)) for k in range(min(count, size - 1))]


def _reflector(x: Floats) -> Floats:
    v = x.copy()
    first = x[:, 0]
    v[:, 0] += first / norm(first) * norm(x.ravel())
    return v


def apply(vectors: Sequence[Floats], M: Floats) -> Floats:
    """Return H₀ H₁ … H_{k−1} M for the reflectors of these vectors; M (2 × size × columns) is left as it is."""
    product = M.copy()
    for k in range(len(vectors) - 1, -1, -1):
        (c, s), (re, im) = vectors[k][:, :, None], product[:, k:]
        share = 2.0 / pairwise_sum(c * c + s * s)
        a, b = pairwise_sum(c * re + s * im) * share, pairwise_sum(c * im - s * re) * share  # vᴴM
        step = np.stack((c * a - s * b, c * b + s * a))
        product[:, k:] -= step
    return product
