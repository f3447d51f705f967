"""Claims about QR: what it avoids, and what nothing avoids."""

from __future__ import annotations

from collections.abc import Sequence

from lamm_robust.claims.finding import Finding, Table, Verdict, replayed, settled, slope
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.spectra import STABLE, Column, by_kappa, case, kappa_table, records, scores
from lamm_robust.text import number

SLOPE_MARGIN = 0.3
"""A fitted exponent is a whole number to within this: fits over five decades with five seeds scatter by 0.2."""
FITTED = (2, 3, 4, 5, 6, 7)
"""Decades of κ between rounding, which scatters, and κ² = 1/u, where no digit is left."""


def exponents(lab: Lab, columns: Sequence[Column]) -> tuple[dict[Column, float], Table]:
    """The fitted exponents of κ in the relative error, with the medians that they are fitted to."""
    found = by_kappa(lab, columns, "relative_error", FITTED)
    kappas = [10.0**k for k in FITTED]
    fitted = {column: slope(kappas, [value.middle for value in values]) for column, values in found.items()}
    table = kappa_table(found, "‖x̂ − x★‖/‖x★‖", FITTED)
    return fitted, Table(table.header, [*table.rows, ("exponent of κ", *fitted.values())])


def near(value: float, whole: int) -> bool:
    """Whether a fitted exponent is that whole number."""
    return abs(value - whole) < SLOPE_MARGIN


def qr_avoids_squaring(lab: Lab) -> Finding:
    """The exponents of κ in the errors of QR and of the normal equations, without and with a residual."""
    columns = [(solver, r) for solver in ("numpy-qr", "numpy-normal-lu") for r in (0.0, 1.0)]
    fitted, table = exponents(lab, columns)
    without, with_residual, squared, also = (fitted[column] for column in columns)
    avoids = near(without, 1) and near(squared, 2)
    verdict = Verdict.FAILS if not avoids else Verdict.ONLY_WHEN if near(with_residual, 2) else Verdict.HOLDS
    return Finding(
        verdict,
        f"QR: κ^{without:.2f} without a residual, κ^{with_residual:.2f} with one as long as Ax; "
        f"normal equations: κ^{squared:.2f} and κ^{also:.2f}",
        table,
        when="the residual is small" if verdict is Verdict.ONLY_WHEN else "",
        replay=(replayed(case("numpy-qr", 6, 0.0, 0)), replayed(case("numpy-qr", 6, 1.0, 0))),
    )


def residual_brings_square(lab: Lab) -> Finding:
    """QR, SVD and pinv with a residual as long as Ax: κ² is in the problem, whatever the solver."""
    columns = [(solver, 1.0) for solver in ("numpy-qr", "numpy-lstsq", "numpy-pinv", "numpy-normal-lu")]
    fitted, table = exponents(lab, columns)
    bounds = max(scores(records(lab, "numpy-qr", k, 1.0), "forward_error").high for k in FITTED)
    return Finding(
        settled(all(near(value, 2) for value in fitted.values()) and bounds <= STABLE),
        f"exponents {', '.join(f'{value:.2f}' for value in fitted.values())}; QR within {number(bounds)} Wedin bounds",
        table,
        replay=(replayed(case("numpy-lstsq", 6, 1.0, 0)),),
    )
