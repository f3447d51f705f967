"""Oracles: what is true of the stored bits of a least-squares problem.

This room knows A and b exactly as a solver sees them. It knows no family, no solver, and not how b was made. An oracle
returns a certificate: exact rank, the minimum-norm solution x★ = A⁺b, ‖b − Ax★‖, σ₁, σ_r and κ, each with a radius.

* `exact` proves everything in rational arithmetic;
* `verified` proves full-rank problems by a few float64 factorisations, thousands of small ones in a second;
* `ball` proves in ball arithmetic what `verified` refuses and `exact` is too slow for;
* `auto` uses the cheapest of these that can;
* `mpmath` computes twice in high precision and reports how far the two answers agree.

`derivatives` differentiates x★ exactly. `truncated` proves the answer of a solver that sets small singular values to
zero, `weighted` that of a problem whose rows have weights, `jacobi` every singular value, and `covariance` what a
regression reports beside x. Complex problems are proved through `complex_`. A new oracle is one file and one line of
`ORACLES`. Begin with `exact`, then `rational` and `certificate`.
"""

from __future__ import annotations

from lamm_robust.oracles.auto import certify as certify_auto
from lamm_robust.oracles.ball import certify as certify_ball
from lamm_robust.oracles.certificate import stored
from lamm_robust.oracles.complex_ import all_singular_values, certify_all, certify_weighted, of_any, truncate
from lamm_robust.oracles.covariance import regression
from lamm_robust.oracles.derivatives import differentiate
from lamm_robust.oracles.exact import certify as certify_exact
from lamm_robust.oracles.mpmath_ import certify as certify_mpmath
from lamm_robust.oracles.verified import certify as certify_verified
from lamm_robust.values import NotCertifiedError, Oracle

__all__ = [  # for users: docs/api.md
    "NotCertifiedError",
    "all_singular_values",
    "certify_all",
    "certify_weighted",
    "regression",
    "select",
    "stored",
    "truncate",
]

ORACLES: tuple[Oracle, ...] = (
    Oracle(
        "exact",
        "proved: FLINT rationals for rank, x and residual, Arb balls for κ; any problem",
        of_any(certify_exact),
        truncate,
        all_singular_values,
        regression,
        differentiate,
    ),
    Oracle(
        "verified",
        "proved: float64 and products without error; full rank, κ up to about 1e16",
        of_any(certify_verified),
        truncate,
        differentiate=differentiate,
    ),
    Oracle(
        "ball",
        "proved: Arb balls at growing precision; any problem, large ones too",
        of_any(certify_ball),
        truncate,
        differentiate=differentiate,
    ),
    Oracle("mpmath", "estimated: mpmath QR and SVD at two working precisions that agree", of_any(certify_mpmath)),
)

AUTO = Oracle(
    "auto",
    "the default, and the cheapest: exact if small, else verified, else ball or exact",
    of_any(certify_auto),
    truncate,
    all_singular_values,
    regression,
    differentiate,
)


def select(name: str) -> Oracle:
    """Return the oracle of that name, `auto` included. Raises ValueError for an unknown name."""
    known = {oracle.name: oracle for oracle in (AUTO, *ORACLES)}
    if name not in known:
        raise ValueError(f"unknown oracle {name!r}; accepted are {', '.join(known)}")
    return known[name]
