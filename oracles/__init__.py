"""Oracles: what is true of the stored bits of a least-squares problem.

This room knows A and b exactly as a solver sees them. It knows no family, no solver, and not how b was made. An oracle
returns a certificate: exact rank, the minimum-norm solution x★ = A⁺b, ‖b − Ax★‖, σ₁, σ_r and κ, each with a radius.

* `exact` proves everything in rational arithmetic;
* `verified` proves full-rank problems by a few float64 factorisations, thousands of small ones in a second;
* `ball` proves in ball arithmetic what `verified` refuses and `exact` is too slow for;
* `auto` uses the cheapest of these that can;
* `mpmath` computes twice in high precision and reports how far the two answers agree.

`derivatives` differentiates x★ exactly. `truncated` proves the answer of a solver that sets small singular values to
zero, `weighted` that of a problem whose rows have weights, `ridge` that of one with a penalty, `equality` that of one
with constraints Cx = d, `jacobi` every singular value, and `covariance` what a regression reports beside x. Complex
problems are proved through `complex_`. A new oracle is one file, a function of `later` and one line of `ORACLES`. Begin
with `exact`, then `rational` and `certificate`.
"""

from __future__ import annotations

from lamm_robust.oracles import later
from lamm_robust.oracles.later import (
    all_singular_values,
    certify_all,
    certify_equality,
    certify_ridge,
    certify_weighted,
    regression,
    stored,
    truncate,
)
from lamm_robust.values import NotCertifiedError, Oracle

__all__ = [  # for users: docs/api.md
    "NotCertifiedError",
    "all_singular_values",
    "certify_all",
    "certify_equality",
    "certify_ridge",
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
        later.exact,
        truncate,
        all_singular_values,
        regression,
        later.differentiate,
        certify_ridge,
    ),
    Oracle(
        "verified",
        "proved: float64 and products without error; full rank, κ up to about 1e16",
        later.verified,
        truncate,
        differentiate=later.differentiate,
    ),
    Oracle(
        "ball",
        "proved: Arb balls at growing precision; any problem, large ones too",
        later.ball,
        truncate,
        differentiate=later.differentiate,
    ),
    Oracle("mpmath", "estimated: mpmath QR and SVD at two working precisions that agree", later.estimated),
)

AUTO = Oracle(
    "auto",
    "the default, and the cheapest: exact if small or long, else verified, else ball or exact",
    later.auto,
    truncate,
    all_singular_values,
    regression,
    later.differentiate,
    certify_ridge,
)


def select(name: str) -> Oracle:
    """Return the oracle of that name, `auto` included. Raises ValueError for an unknown name."""
    known = {oracle.name: oracle for oracle in (AUTO, *ORACLES)}
    if name not in known:
        raise ValueError(f"unknown oracle {name!r}; accepted are {', '.join(known)}")
    return known[name]
