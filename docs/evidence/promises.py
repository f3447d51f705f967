"""What the docstrings of the families promise of κ and rank, as sentences that can be measured."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from asked import Measured, measure
from mpmath import mp

from lamm_robust.generators import near_rank
from lamm_robust.generators.parts.elementary import SIGNIFICAND
from lamm_robust.values import ProblemKey


@dataclass(frozen=True)
class Promise:
    """A sentence of a family's docstring: a measure that is None where it does not apply, and its limit."""

    family: str
    sentence: str
    measure: Callable[[Measured], float | None]
    limit: float


def factor(q: Measured) -> float | None:
    """max(r, 1/r) of the ratio r of stored to asked κ."""
    return float(max(q.ratio, 1 / q.ratio)) if q.ratio else None


SMALL = 300
"""Entries of a matrix of which mpmath finds the singular values in a moment."""


def moved(q: Measured) -> float | None:
    """By how much rounding moved σ₁ = 1 or σ_min = 1/κ, in u‖A‖_F.

    A certificate knows σ to ten digits or more, which is not sharp enough in float64: there mpmath's singular values
    at 40 digits are taken, of small matrices.
    """
    if not q.truth or q.asked_kappa is None:
        return None
    size = q.u * float(np.linalg.norm(q.problem.A.astype(np.float64)))
    ends = [q.truth.sigma_max.mid - 1, q.truth.sigma_min.mid - 1 / q.asked_kappa]
    if max(q.truth.sigma_max.radius, q.truth.sigma_min.radius) > size / 100:
        if q.problem.A.size > SMALL:
            return None
        with mp.workdps(40):
            values = mp.svd_r(mp.matrix(q.problem.A.tolist()), compute_uv=False)
            asked = mp.mpf(q.asked_kappa.denominator) / q.asked_kappa.numerator
            ends = [values[0] - 1, values[len(values) - 1] - asked]
    return max(abs(float(end)) for end in ends) / size


def wrong_rank(q: Measured) -> float | None:
    """0 or 1, where a rank is asked."""
    return None if q.asked_rank is None or not q.truth else float(q.rank != q.asked_rank)


def fits(q: Measured) -> bool:
    """Whether `near_rank` needs no rounding."""
    names = ("m", "n", "gap_bits", "log2_cond", "residual")
    return near_rank.fits(q.problem.key.dtype, **{name: q.params[name] for name in names})


def gap(q: Measured, low: int, high: int) -> bool:
    """Whether the gap of `near_rank` is between so many bits beyond u, and σ₁ … σ_r are equal."""
    further: int = q.params["gap_bits"] - SIGNIFICAND[q.problem.key.dtype]
    return low < further <= high and not q.params["log2_cond"]


def design_share(q: Measured) -> float | None:
    """By which power of κ(B) the weights in columns miss the span: −1 to 1 is promised."""
    if q.params["axis"] != "columns" or not q.ratio:
        return None
    plain = tuple((name, 0 if name == "log2_span" else value) for name, value in q.problem.key.params)
    design = measure(ProblemKey("weighted", plain, "float64")).kappa
    return abs(math.log(q.ratio)) / math.log(design) if design and design > 1 else None


EXACT = ("lauchli", "pascal", "triw", "gfpp", "bauer", "rosser", "magic")
"""The named matrices of which no entry is rounded."""
FINE = ("kahan", "vandermonde", "gks")
"""Those whose small entries are rounded as finely as the large ones."""


def wide(q: Measured) -> bool:
    """Whether there are more columns than rows."""
    return q.problem.m < q.problem.n


def rounded(q: Measured) -> float | None:
    """How far κ of a named matrix is from 1/u, or from that of the formula if it is less."""
    if (
        q.params["matrix"] in (*EXACT, *FINE, "inverse_hilbert")
        or not q.beyond
        or q.kappa is None
        or q.asked_kappa is None
    ):
        return None
    ratio = q.kappa / min(q.asked_kappa, Fraction(1 / q.u))
    return float(max(ratio, 1 / ratio))


def float64(q: Measured) -> bool:
    """Whether the problem is of that precision."""
    return q.problem.key.dtype == "float64"


def only(
    condition: Callable[[Measured], bool], value: Callable[[Measured], float | None]
) -> Callable[[Measured], float | None]:
    """The measure where the condition holds."""
    return lambda q: value(q) if condition(q) else None


A_TENTH = 1 / (1 - 0.1)
"""By what factor rounding moves κ at most while uκ√(mn) ≤ 0.1 (Weyl): of resolved problems, it is at most 0.01."""

PROMISES = (
    Promise(
        "spectrum",
        "rounding to float32 moves a singular value by up to about u‖A‖_F",
        only(lambda q: not float64(q), moved),
        1,
    ),
    Promise("spectrum", "float64, with the errors of computing: a few u‖A‖_F", only(float64, moved), 10),
    Promise("exact_rank", "κ is 2^log2_cond, exactly", factor, 1),
    Promise("exact_rank", "the rank is that asked", wrong_rank, 0),
    Promise("near_rank", "κ is exact where the integers fit", only(fits, factor), 1),
    Promise("near_rank", "log2_cond=0, gap up to u: κ within a factor of 2", only(lambda q: gap(q, -99, 0), factor), 2),
    Promise(
        "near_rank",
        "log2_cond=0, gap beyond u: κ off by thousands",
        only(lambda q: gap(q, 0, 99), factor),
        9999,
    ),
    Promise("columns", "the rank is min(m, n − 1)", wrong_rank, 0),
    Promise("weighted", "the rank is full", wrong_rank, 0),
    Promise(
        "weighted",
        "columns, m ≥ n: κ misses the span by a factor κ(B)^p, p ≤ 1 (this is p)",
        only(lambda q: not wide(q), design_share),
        1,
    ),
    Promise(
        "weighted",
        "rows, or wide: κ misses the span of the heaviest by a factor like κ(B) ≤ 1100",
        only(lambda q: q.params["axis"] == "rows" or wide(q), factor),
        1100,
    ),
    Promise(
        "offset",
        "float64, regressors=1: κ is that of the formula while 10·uκ√(mn) ≤ 0.1",
        only(lambda q: float64(q) and not q.beyond, factor),
        A_TENTH,
    ),
    Promise(
        "offset",
        "float64, whole step: the rank is regressors + 1",
        only(lambda q: float64(q) and q.params["step"] >= 1, wrong_rank),
        0,
    ),
    Promise("lamm", "full column rank for up to (modes − 1)² directions", wrong_rank, 0),
    Promise(
        "named",
        "Läuchli, Pascal, triw, gfpp, Bauer, Rosser, magic: κ is that of the formula",
        only(lambda q: q.params["matrix"] in EXACT, factor),
        1,
    ),
    Promise(
        "named",
        "others: κ is that of the formula while 10·uκ√(mn) ≤ 0.1",
        only(lambda q: q.params["matrix"] not in EXACT and not q.beyond, factor),
        A_TENTH,
    ),
    Promise("named", "beyond that about 1/u: within a factor of 1000", rounded, 1000),
    Promise(
        "named",
        "but not Kahan, Vandermonde and gks: still that of the formula, to a factor of 2",
        only(lambda q: q.params["matrix"] in FINE and q.beyond, factor),
        2,
    ),
    Promise(
        "named",
        "nor the inverse Hilbert matrix, to a factor of 100",
        only(lambda q: q.params["matrix"] == "inverse_hilbert" and q.beyond, factor),
        100,
    ),
)
