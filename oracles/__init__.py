"""Oracles: what is true of the stored bits of a least-squares problem.

This room knows A and b exactly as a solver sees them. It knows no family, no solver, and not how b was made. An oracle
returns a certificate: exact rank, the minimum-norm solution x★ = A⁺b, ‖b − Ax★‖, σ₁, σ_r and κ, each with a radius.

* `exact` proves everything in rational arithmetic;
* `verified` proves full-rank problems by a few float64 factorisations, thousands of small ones in a second;
* `ball` proves in ball arithmetic what `verified` refuses and `exact` is too slow for;
* `auto` uses the cheapest of these that can;
* `mpmath` computes twice in high precision and reports how far the two answers agree.

`truncated` proves the answer of a solver that sets small singular values to zero, `weighted` that of a problem whose
rows have weights, and `jacobi` every singular value. A new oracle is one file and one line
of `ORACLES`. Begin with `exact`, then `rational` and `certificate`.

What is called here is imported when it is called: lists and help need the names of oracles, and not FLINT and mpmath,
which take longer to import than a list to print.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy.typing as npt

from lamm_robust.values import Array, Ball, Certificate, NotCertifiedError, Oracle, Truncation

__all__ = [  # for users: docs/api.md
    "NotCertifiedError",
    "all_singular_values",
    "certify_all",
    "certify_weighted",
    "select",
    "stored",
    "truncate",
]


def certify_all(problems: Iterable[Any]) -> list[Certificate | NotCertifiedError]:
    """Certify many pairs (A, b), those of one shape together; see `auto.certify_all`."""
    from lamm_robust.oracles import auto

    return auto.certify_all(problems)


def certify_weighted(A: Array, b: Array, weights: Sequence[Fraction]) -> Certificate:
    """Prove the truth of min Σ wᵢ(aᵢᵀx − bᵢ)²; see `weighted.certify`."""
    from lamm_robust.oracles import weighted

    return weighted.certify(A, b, weights)


def all_singular_values(A: Array, weights: Sequence[Fraction] = ()) -> list[Ball]:
    """Enclose the singular values of A (m×n) that are not zero, the largest first; see `jacobi.all_singular_values`."""
    from lamm_robust.oracles import jacobi

    return jacobi.all_singular_values(A, weights)


def stored(certificate: Certificate) -> npt.NDArray[Any]:
    """Return the x that a certificate stores, as exact Fractions; see `certificate.stored`."""
    from lamm_robust.oracles.certificate import stored as fractions

    return fractions(certificate)


def truncate(A: Array, b: Array, rank: int) -> Truncation:
    """Prove the truth of A without its singular values after the rank-th, and b; see `truncated.truncate`."""
    from lamm_robust.oracles import truncated

    return truncated.truncate(A, b, rank)


def _exact(A: Array, b: Array) -> Certificate:
    from lamm_robust.oracles import exact

    return exact.certify(A, b)


def _verified(A: Array, b: Array) -> Certificate:
    from lamm_robust.oracles import verified

    return verified.certify(A, b)


def _ball(A: Array, b: Array) -> Certificate:
    from lamm_robust.oracles import ball

    return ball.certify(A, b)


def _mpmath(A: Array, b: Array) -> Certificate:
    from lamm_robust.oracles import mpmath_

    return mpmath_.certify(A, b)


def _auto(A: Array, b: Array) -> Certificate:
    from lamm_robust.oracles import auto

    return auto.certify(A, b)


ORACLES: tuple[Oracle, ...] = (
    Oracle("exact", "proved: FLINT rationals for rank, x and residual, Arb balls for κ; any problem", _exact, truncate),
    Oracle(
        "verified",
        "proved: float64 and products without error; full rank, κ up to about 1e16",
        _verified,
        truncate,
    ),
    Oracle("ball", "proved: Arb balls at growing precision; any problem, large ones too", _ball, truncate),
    Oracle("mpmath", "estimated: mpmath QR and SVD at two working precisions that agree", _mpmath),
)

AUTO = Oracle(
    "auto", "the default, and the cheapest: exact if small or long, else verified, else ball or exact", _auto, truncate
)


def select(name: str) -> Oracle:
    """Return the oracle of that name, `auto` included. Raises ValueError for an unknown name."""
    known = {oracle.name: oracle for oracle in (AUTO, *ORACLES)}
    if name not in known:
        raise ValueError(f"unknown oracle {name!r}; accepted are {', '.join(known)}")
    return known[name]
