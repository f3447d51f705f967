"""Oracles: what is true of the stored bits of a least-squares problem.

An oracle takes A and b exactly as a solver sees them and returns a certificate: exact rank, the minimum-norm
solution x★ = A⁺b, ‖b − Ax★‖, σ₁, σ_r and κ, each with a radius. `exact` proves everything in rational and
ball arithmetic; `mpmath` computes twice in high precision and reports how far the two answers agree. A new
oracle is one file and one line of `ORACLES`.
"""

from __future__ import annotations

from lamm_robust.values import Oracle
from oracles.check import check_problem
from oracles.exact import certify as certify_exact
from oracles.facts import facts
from oracles.printing import ball_decimal, decimals
from oracles.rational import solve_rational
from oracles.reference import certify as certify_mpmath
from oracles.store import stored

__all__ = [
    "ORACLES",
    "ball_decimal",
    "check_problem",
    "decimals",
    "facts",
    "select",
    "solve_rational",
    "stored",
]

ORACLES: tuple[Oracle, ...] = (
    Oracle("exact", "proved: FLINT rationals for rank, x and residual, Arb balls for κ", certify_exact),
    Oracle("mpmath", "estimated: mpmath QR and SVD at two working precisions that agree", certify_mpmath),
)

AUTO = "exact"
"""What `auto` means: at the sizes of every profile it proves a certificate in seconds."""


def select(name: str) -> Oracle:
    """Return the oracle of that name; `auto` is `exact`. Raises ValueError for any other name."""
    wanted = AUTO if name == "auto" else name
    for oracle in ORACLES:
        if oracle.name == wanted:
            return oracle
    accepted = ", ".join(["auto", *(oracle.name for oracle in ORACLES)])
    raise ValueError(f"unknown oracle {name!r}; accepted are {accepted}")
