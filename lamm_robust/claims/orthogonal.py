"""Claims about QR: it does not square κ, but a large residual does, whatever the solver."""

from __future__ import annotations

from collections.abc import Sequence

from lamm_robust.claims.cases import STABLE, Column, by_kappa, case, kappa_table, records, score_spread
from lamm_robust.claims.finding import Claim, Finding, Source, Table, conclude, slope
from lamm_robust.claims.lab import Lab
from lamm_robust.text import number

SLOPE_MARGIN = 0.3
"""How far a fitted exponent may be from a whole number: fits over five decades with five seeds scatter by 0.2."""
FITTED = (2, 3, 4, 5, 6, 7)
"""The powers of ten of κ for fits: above, errors scatter less than at 1, and below κ² = 1/u there are digits left."""


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
    return conclude(
        avoids,
        f"QR: κ^{without:.2f} without a residual, κ^{with_residual:.2f} with one as long as Ax; "
        f"normal equations: κ^{squared:.2f} and κ^{also:.2f}",
        table,
        when="the residual is small" if avoids and near(with_residual, 2) else "",
        cases=[case("numpy-qr", 6, residual, 0) for residual in (0.0, 1.0)],
    )


def residual_brings_square(lab: Lab) -> Finding:
    """QR, SVD and pinv with a residual as long as Ax: κ² is in the problem, whatever the solver."""
    columns = [(solver, 1.0) for solver in ("numpy-qr", "numpy-lstsq", "numpy-pinv", "numpy-normal-lu")]
    fitted, table = exponents(lab, columns)
    bounds = max(score_spread(records(lab, "numpy-qr", k, 1.0), "forward_error").high for k in FITTED)
    return conclude(
        all(near(value, 2) for value in fitted.values()) and bounds <= STABLE,
        f"exponents {', '.join(f'{value:.2f}' for value in fitted.values())}; QR within {number(bounds)} Wedin bounds",
        table,
        cases=[case("numpy-lstsq", 6, 1.0, 0)],
    )


CLAIMS = {
    26: Claim(
        "QR avoids squaring κ",
        "QR does not square the condition number, as the normal equations do.",
        Source.CHAPTER,
        "The exponents of κ, fitted to the errors of both from κ = 1e2 to 1e7, without a residual and with one as "
        "long as Ax.",
        qr_avoids_squaring,
    ),
    27: Claim(
        "a residual brings κ² back",
        "With a large residual, no solver avoids κ²: it is in the problem.",
        Source.NEIGHBOUR,
        "The same exponents for QR, lstsq, pinv and the normal equations, with a residual as long as Ax.",
        residual_brings_square,
    ),
}
