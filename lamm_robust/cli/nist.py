"""The command `nist`: certified regressions against the exact oracle, and what rounding the data to a precision costs.

NIST certifies the answer to the printed *decimal* data. The oracle solves those decimals exactly, as rationals, and
must agree to every certified digit. A solver never sees the decimals: it sees them rounded to its precision, and the
exact answer to *that* is another one. The digits that the two share are a ceiling for every solver.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rich.box import SIMPLE_HEAD
from rich.table import Table

from lamm_robust import catalog, oracles
from lamm_robust.generators import nist
from lamm_robust.oracles.covariance import rational_regression
from lamm_robust.oracles.rational import solve_rational
from lamm_robust.text import number
from lamm_robust.values import PRECISIONS, Precision, ProblemKey


@dataclass(frozen=True)
class Agreement:
    """How many digits the exact answers share with NIST's certified ones, for one data set."""

    dataset: str
    level: str
    shape: tuple[int, int]
    kappa: float
    """κ of the data rounded to float64."""
    coefficients: float
    """The fewest digits over the coefficients, for the decimal data."""
    residual_sum_of_squares: float
    """The digits of the residual sum of squares, for the decimal data."""
    standard_deviations: float
    """The fewest digits over the standard deviations of coefficients and residual, for the decimal data."""
    r_squared: float
    """The digits of R², for the decimal data."""
    ceiling: dict[Precision, float]
    """The fewest digits over the coefficients, for the data rounded to each precision."""


def digits(found: Fraction, certified: Fraction) -> float:
    """NIST's LRE: −log₁₀ of the relative difference, or of the absolute one where `certified` is 0; inf if equal."""
    difference = abs(found - certified) / (abs(certified) or 1)
    return math.inf if difference == 0 else max(0.0, _minus_log10(difference))


def _minus_log10(value: Fraction) -> float:
    return (math.log2(value.denominator) - math.log2(value.numerator)) * math.log10(2.0)  # `float` could underflow


def fewest(found: Sequence[Fraction], certified: Sequence[Fraction]) -> float:
    """The fewest digits that a pair shares."""
    return min(digits(x, y) for x, y in zip(found, certified, strict=True))


def agreement(dataset: str) -> Agreement:
    """Compare the exact truth of one data set, decimal and rounded, with NIST's certified values."""
    certified = nist.certified(dataset)
    data = nist.decimal_design(dataset)
    x, _, rss = solve_rational(*data)
    more = rational_regression(*data)
    assert more.r_squared is not None, "no y of NIST's is constant"
    ceiling: dict[Precision, float] = {}
    for precision in PRECISIONS:
        problem = catalog.build_problem(ProblemKey("nist", (("dataset", dataset),), precision))
        truth = catalog.find_oracle("exact").certify(problem.A, problem.b)
        ceiling[precision] = fewest(oracles.stored(truth).tolist(), certified.coefficients)
    return Agreement(
        dataset=dataset,
        level=certified.level,
        shape=(problem.m, problem.n),
        kappa=float(truth.kappa or 0),
        coefficients=fewest(x, certified.coefficients),
        residual_sum_of_squares=digits(rss, certified.residual_sum_of_squares),
        standard_deviations=fewest(
            [ball.mid for ball in (*more.standard_errors, more.residual_deviation)],
            [*certified.standard_deviations, certified.residual_standard_deviation],
        ),
        r_squared=digits(more.r_squared, certified.r_squared),
        ceiling=ceiling,
    )


def agreement_table() -> Table:
    """The agreement for all eleven data sets, as a table for the terminal."""
    table = Table(
        title="Digits shared with NIST's certified values (they have 15; `all`: equal)",
        caption="x, RSS, SD, R²: of the exact answer to the printed decimals. RSS: residual sum of squares. SD: "
        "standard deviations of x and of the residual. float32, float64: x of the exact answer to the data rounded "
        "to it, which is all that a solver sees, so no solver is expected to share more.",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),  # so that it fits 80 columns
    )
    headings = ("data set", "level", "size", "κ", "x", "RSS", "SD", "R²", *PRECISIONS)
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="left" if index < 2 else "right", no_wrap=True)
    for found in map(agreement, nist.DATASETS):
        of_decimals = found.coefficients, found.residual_sum_of_squares, found.standard_deviations, found.r_squared
        shares = (*of_decimals, *found.ceiling.values())
        size = f"{found.shape[0]}×{found.shape[1]}"
        table.add_row(
            found.dataset,
            found.level,
            size,
            number(found.kappa),
            *("all" if math.isinf(share) else f"{share:.2f}" for share in shares),
        )
    return table
