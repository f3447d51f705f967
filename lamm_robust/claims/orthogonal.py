"""Claims about QR: it does not square κ, but a large residual does, in the precision of the problem."""

from __future__ import annotations

from collections.abc import Sequence

from lamm_robust.claims.cases import STABLE, WHERE, Column, by_kappa, case, kappa_table, records, score_spread
from lamm_robust.claims.finding import Claim, Finding, Source, Spread, Table, conclude, slope, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.text import number
from lamm_robust.values import Precision

SLOPE_MARGIN = 0.3
"""How far a fitted exponent may be from a whole number: fits over five decades with five seeds scatter by 0.2."""
FITTED = (2, 3, 4, 5, 6, 7)
"""The powers of ten of κ for fits: above, errors scatter less than at 1, and below κ² = 1/u there are digits left."""
FITTED_SINGLE = (1, 1.5, 2, 2.5, 3)
"""The same in float32, where κ² = 1/u is at κ = 4096."""

Fits = dict[Column, Spread]
"""The exponents of κ of each solver and residual: the spread over the spectra."""


def exponents(
    lab: Lab, columns: Sequence[Column], precision: Precision = "float64", decades: Sequence[float] = FITTED
) -> tuple[Fits, Table]:
    """The fitted exponents of κ in the relative error for each spectrum, beside the errors of all of them."""
    kappas = [10.0**k for k in decades]
    fits: dict[Column, list[float]] = {column: [] for column in columns}
    for mode in lab.spectra:
        found = by_kappa(lab, columns, "relative_error", decades, precision, [mode])
        for column, values in found.items():
            fits[column].append(slope(kappas, [value.middle for value in values]))
    fitted = {column: spread(values) for column, values in fits.items()}
    table = kappa_table(by_kappa(lab, columns, "relative_error", decades, precision), "‖x̂ − x★‖/‖x★‖", decades)
    return fitted, Table(table.header, [*table.rows, ("exponent of κ, by spectrum", *fitted.values())])


def near(value: Spread, whole: int) -> bool:
    """Whether the fitted exponents of all spectra are that whole number."""
    return max(abs(value.low - whole), abs(value.high - whole)) < SLOPE_MARGIN


def off(value: Spread, whole: int) -> float:
    """The largest distance of the exponents from that whole number."""
    return max(abs(value.low - whole), abs(value.high - whole))


def said(value: Spread) -> str:
    """The exponents as text: the median over the spectra, and their range."""
    return f"κ^{value.middle:.2f} ({value.low:.2f} to {value.high:.2f})"


def qr_avoids_squaring(lab: Lab) -> Finding:
    """The exponents of κ in the errors of QR and of the normal equations, and whether QR adds to the problem's own."""
    columns = [(solver, r) for solver in ("numpy-qr", "numpy-normal-lu") for r in (0.0, 1.0)]
    fitted, table = exponents(lab, columns)
    without, with_residual, squared, _ = (fitted[column] for column in columns)
    bounds = max(score_spread(records(lab, "numpy-qr", k, 1.0), "forward_error").high for k in FITTED)
    return conclude(
        near(without, 1) and near(squared, 2) and bounds <= STABLE,
        f"without a residual QR errs like {said(without)}, the normal equations like {said(squared)}; with one as long "
        f"as Ax QR, too, errs like {said(with_residual)}, within {number(bounds)} of what rounding A and b does (claim "
        "27)",
        table,
        margin=f"exponents may be off by {SLOPE_MARGIN}, and are by {off(without, 1):.2f} and {off(squared, 2):.2f}; "
        f"QR may err by {number(STABLE)} Wedin bounds",
        cases=[case("numpy-qr", 6, residual) for residual in (0.0, 1.0)],
    )


def residual_brings_square(lab: Lab) -> Finding:
    """QR, SVD and pinv with a residual as long as Ax: κ² is in the problem as it is rounded, whatever the solver."""
    columns = [(solver, 1.0) for solver in ("numpy-qr", "numpy-lstsq", "numpy-pinv", "numpy-normal-lu")]
    fitted, table = exponents(lab, columns)
    bounds = max(score_spread(records(lab, "numpy-qr", k, 1.0), "forward_error").high for k in FITTED)
    wider = ("numpy-lstsq", 1.0), ("scipy-gelsd", 1.0)
    single, _ = exponents(lab, wider, "float32", FITTED_SINGLE)
    # float32 data, solved in float64: what is left is one rounding of x
    escapes = single[wider[0]].high < 1 - SLOPE_MARGIN
    squared = all(near(value, 2) for value in fitted.values()) and bounds <= STABLE
    rows = [
        *table.rows,
        *((f"float32, {solver}: exponent of κ", value, "–", "–", "–") for (solver, _), value in single.items()),
    ]
    return conclude(
        squared,
        f"{', '.join(f'{solver} {said(value)}' for (solver, _), value in fitted.items())}; QR within {number(bounds)} "
        f"Wedin bounds; in float32 numpy-lstsq, which computes in float64, errs like {said(single[wider[0]])}, "
        f"scipy-gelsd like {said(single[wider[1]])}",
        Table(table.header, rows),
        when="the solver computes in the precision of the problem: NumPy's lstsq takes float32 and computes in float64"
        if squared and escapes
        else "",
        margin=f"exponents may be off by {SLOPE_MARGIN}, and are by {max(off(v, 2) for v in fitted.values()):.2f}",
        cases=[case("numpy-lstsq", 6, 1.0)],
    )


CLAIMS = {
    26: Claim(
        "QR avoids squaring κ",
        "QR does not square the condition number, as the normal equations do.",
        Source.CHAPTER,
        f"The exponents of κ, fitted to the errors of both from κ = 1e2 to 1e7 on {WHERE}, without a residual; and "
        "with one as long as Ax, whether QR errs by more than rounding A and b does.",
        qr_avoids_squaring,
    ),
    27: Claim(
        "a residual brings κ² back",
        "With a large residual, no solver avoids κ²: it is in the problem.",
        Source.NEIGHBOUR,
        "The same exponents for QR, lstsq, pinv and the normal equations, with a residual as long as Ax; and from κ = "
        "10 to 1000 in float32 for two xGELSD, of which NumPy's computes in float64.",
        residual_brings_square,
    ),
}
