"""Random orthogonal matrices as products of Householder reflectors, applied and never formed.

The bits are the same on every machine. Sums run over a fixed pairwise tree of elementwise additions, because the order
inside a BLAS kernel or a NumPy reduction depends on the processor; each elementwise +, −, ×, ÷ and √ is rounded exactly
once (IEEE 754) wherever it runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamm_robust.generators.parts.stream import Floats, Stream


def pairwise_sum(terms: Floats) -> Floats:
    """Add up along the first axis: the upper half is added to the lower half until one term is left."""
    while len(terms) > 1:
        half = (len(terms) + 1) // 2
        folded = terms[:half].copy()
        folded[: len(terms) - half] += terms[half:]
        terms = folded
    first: Floats = terms[0]
    return first


def norm(x: Floats) -> float:
    """Return ‖x‖₂ of a vector whose squares neither overflow nor underflow."""
    return float(np.sqrt(pairwise_sum(x * x)))


def draw_reflectors(stream: Stream, size: int, count: int) -> list[Floats]:
    """Draw the vectors v_k, of length size − k for k < count, of reflectors on the coordinates k and up.

    With x normal, v = x + sign(x₁)‖x‖e₁ gives a reflector whose first column is ±x/‖x‖, and the product of all of them
    is uniformly distributed (Haar) but for the signs of its columns: Stewart, The efficient generation of random
    orthogonal matrices, SIAM J. Numer. Anal. 17 (1980) 403-409, section 3; LAPACK's DLAROR and DLAGGE do the same.
    Here x is the roughly normal `Stream.bell`, which is never 0. A last single coordinate needs no reflector.
    """
    return [_reflector(stream.bell(size - k)) for k in range(min(count, size - 1))]


def _reflector(x: Floats) -> Floats:
    v = x.copy()
    v[0] += norm(x) if x[0] >= 0 else -norm(x)  # the sign that adds sizes: nothing cancels
    return v


def apply(vectors: Sequence[Floats], M: Floats) -> Floats:
    """Return H₀ H₁ … H_{k−1} M for the reflectors of these vectors; M (size × columns) is left as it is."""
    product = M.copy()
    for k in range(len(vectors) - 1, -1, -1):
        v, rows = vectors[k][:, None], product[k:]
        rows -= v * (pairwise_sum(v * rows) * (2.0 / pairwise_sum(v * v)))
    return product
