"""Ridge regression min ‖Ax − b‖² + λ‖x‖², proved for an exact λ > 0.

It is min ‖[A; √λI]x − [b; 0]‖². √λ is irrational as a rule, so the stacked matrix is never formed: it is [A; I] with
the weight λ on each of the n rows below A, which `weighted` proves without rounding anything. x★ is then
(AᵀA + λI)⁻¹Aᵀb, the residual norm is √(‖b − Ax★‖² + λ‖x★‖²), and rank (n, always), σ₁, σ_n and κ are those of the
stacked matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from lamm_robust.oracles import auto, complex_
from lamm_robust.values import Array, Certificate, digest

METHOD = "ridge"
"""The name of this oracle in certificates."""


def certify(A: Array, b: Array, penalty: Fraction, weights: Sequence[Fraction] = ()) -> Certificate:
    """Prove the ridge problem of A (m×n) and b (length m, or m×k) for λ = `penalty`: a certificate of m + n rows.

    Its digest is that of A and b. `weights` are wᵢ ≥ 0 of the rows of A, for min Σ wᵢ(aᵢᵀx − bᵢ)² + λ‖x‖². Raises
    ValueError unless λ > 0, and for what `weighted.certify` refuses, and NotCertifiedError as that does.
    """
    if not penalty > 0:
        raise ValueError(f"λ is {float(penalty):g}; accepted are numbers above 0")
    complex_.check_any_problem(A, b)
    m, n = A.shape
    stacked = np.vstack([A, np.eye(n, dtype=A.dtype)]), np.concatenate([b, np.zeros((n, *b.shape[1:]), b.dtype)])
    if n:
        own = list(weights) or [Fraction(1)] * m
        found = complex_.certify_weighted(*stacked, [*own, *[penalty] * n])
    else:
        found = complex_.of_any(auto.certify)(*stacked)
    return replace(found, method=METHOD, digest=digest(A, b))
