"""How large a score may be: what counts as rounding error, and which problems a precision can resolve.

Everything here is a function of the certificate, never of how solvers did.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from lamm_robust.values import UNIT_ROUNDOFF, Ball, Certificate, Precision, Regime

STABLE = 10.0
"""C in "an error is small if it is at most C·√(n·growth) units", for n unknowns in m ≥ n equations.

Backward-stable algorithms have backward errors of a modest multiple of u‖A‖_F, which grows like √n at most. Calibrated
on the `standard` profile, and on 13,000 small random matrices: in float32 LAPACK's drivers and Householder QR stay
below 4.9·√n, so that 10 leaves room for another BLAS. See docs/verdicts.md for what other bounds would change.
"""

ROWS: Mapping[Precision, int] = {"float32": 1000, "float64": 1, "complex64": 1000, "complex128": 1}
"""Precision → the rows from which on errors grow, like √m.

*float32*: BLAS and LAPACK add in blocks, and sums of up to 1000 terms show no growth. A bound that allowed √m more
would take TF32 for float32: at 64×64, an answer that is rounded to 11 bits is off by 390 units.

*float64*: LAPACK's SVD (xBDSQR) takes for zero what is below max(10, min(100, u^(-1/8)))·u beside its neighbours,
which is 10u in float32 and 99u here. So xGELSD errs by up to 77·√n at a few matrices, and of four rows by up to 20·√n.
"""

MOST = 100
"""The largest growth, of m/ROWS: blocks of sums are added in blocks, too.

Of 10⁵ rows in float32, SciPy's QR is off by 14·√n and TSQR by 15·√n, where the bound is then 100·√n; a bound that went
on growing would excuse a float32 mean of 10⁶ numbers that is wrong in the fourth digit.
"""

THRESHOLD_IN_WORDS: Mapping[Precision, str] = {
    "float32": "10·√n",
    "float64": "10·√(n·min(m, 100))",
    "complex64": "10·√n",
    "complex128": "10·√(n·min(m, 100))",
}
"""Precision → `threshold` of up to 1000 rows, for m ≥ n."""

NO_CORRECT_DIGIT = 0.1
"""A relative error from here on leaves not one decimal digit."""


@cache  # asked several times of each record, and of a few hundred shapes in all
def threshold(precision: Precision, m: int, n: int) -> float:
    """C·√(n·growth) for m ≥ n: the largest score that still counts as rounding error; m and n may be swapped.

    A matrix without entries counts as 1×1.
    """
    shorter, longer = sorted((m, n)) if m and n else (1, 1)
    return STABLE * math.sqrt(shorter * min(max(longer / ROWS[precision], 1.0), MOST))


def resolves(precision: Precision, m: int, n: int, kappa: Fraction | float) -> bool:
    """Whether `threshold`·uκ is at most a tenth: then rounding leaves a digit along every singular vector."""
    return kappa * _rounding(precision, m, n) <= NO_CORRECT_DIGIT


@cache
def _rounding(precision: Precision, m: int, n: int) -> Fraction:
    """`threshold`·u: what rounding may move, relative to σ₁."""
    return Fraction(threshold(precision, m, n) * UNIT_ROUNDOFF[precision])


def regime(truth: Certificate, precision: Precision) -> Regime:
    """Whether the precision can see the smallest non-zero singular value, and if so, whether A has full rank.

    Where it `resolves` κ, no solver can be excused for losing σ_r. κ is that of columns (rows, if A is wide)
    of one size where the rank is full: column sizes hide nothing from a solver that is stable column by column.
    """
    if not resolves(precision, truth.m, truth.n, _upper(truth.kappa_columns)):
        return Regime.AMBIGUOUS
    return Regime.RESOLVABLE if truth.rank == min(truth.m, truth.n) else Regime.DEFICIENT


@dataclass(frozen=True)
class Limits:
    """What a verdict on an answer to a problem depends on, apart from the answer."""

    regime: Regime
    unique: bool
    """Whether there is only one solution: the rank is n."""
    full_rank: bool
    """Whether the rank is that of the smaller side of A."""
    small: float
    """Scores up to this are rounding error; see `threshold`."""
    fit: float
    """The largest `residual_excess` that rounding A and b explains: small·u(1 + 2κ), with the κ that is resolved.

    The other half of Wedin's theorem (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., Theorem 20.1,
    for the residual). It matters where κ²‖r★‖ makes the half about x so wide that even x = 0 is within it: the fit is
    only sensitive to κ. Also for fits that are measured with rows of one size, since a change of A as a whole moves
    a small row by that much.
    """
    lost: float
    """u(1 + 2κ) with κ of columns (rows, if wide) of one size: the share of b that a change of A by u moves the fit."""
    unit: float
    """uκ: the unit of `null_component`."""
    only_columns: bool
    """Whether κ is beyond the precision, and only that of columns (rows, if wide) of one size is not.

    Wedin's theorem says nothing of A as a whole there, so that closeness is asked of columns of one size.
    """


def limits(truth: Certificate, precision: Precision) -> Limits:
    """The limits for answers in a precision to the problem of a certificate."""
    u, small = UNIT_ROUNDOFF[precision], threshold(precision, truth.m, truth.n)
    found = regime(truth, precision)
    only_columns = found is not Regime.AMBIGUOUS and not resolves(precision, truth.m, truth.n, _upper(truth.kappa))
    return Limits(
        regime=found,
        unique=truth.rank == truth.n,
        full_rank=truth.rank == min(truth.m, truth.n),
        small=small,
        fit=small * u * float(1 + 2 * _upper(truth.kappa_columns if only_columns else truth.kappa)),
        lost=u * float(1 + 2 * _upper(truth.kappa_columns)),
        unit=u * float(_upper(truth.kappa)),
        only_columns=only_columns,
    )


UNDEFINED = Limits(
    regime=Regime.UNDEFINED,
    unique=False,
    full_rank=False,
    small=math.nan,
    fit=math.nan,
    lost=math.nan,
    unit=math.nan,
    only_columns=False,
)
"""The limits where A or b holds NaN or ∞, so that there is no answer."""


def _upper(kappa: Ball | None) -> Fraction:
    """An upper bound of κ; 1 where the rank is 0."""
    return Fraction(1) if kappa is None else kappa.mid + kappa.radius
