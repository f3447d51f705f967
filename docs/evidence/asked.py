"""What a family asks of a problem, and what is stored: the measuring behind `families.py`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

from flint import fmpz_mat

from lamm_robust import catalog
from lamm_robust.generators import named, offset, weighted
from lamm_robust.generators.parts.elementary import power, root
from lamm_robust.generators.parts.integer_designs import pair_count
from lamm_robust.oracles.integers import integer_matrix
from lamm_robust.oracles.rational import skeleton
from lamm_robust.oracles.singular_values import spectrum
from lamm_robust.scoring.limits import resolves
from lamm_robust.values import UNIT_ROUNDOFF, Certificate, NotCertifiedError, Problem, ProblemKey

CERTIFY = catalog.find_oracle("auto").certify
LONGEST = 100_000
"""Entries of a matrix that is eliminated in whole numbers in a moment."""


@dataclass(frozen=True)
class Measured:
    """A problem, and what is proved of its stored bits: nothing where no truth exists, as with a NaN."""

    problem: Problem
    truth: Certificate | None

    @cached_property
    def params(self) -> dict[str, Any]:
        """The parameters by name."""
        return dict(self.problem.key.params)

    @property
    def full(self) -> int:
        """The largest rank that the shape allows."""
        return min(self.problem.m, self.problem.n)

    @property
    def u(self) -> float:
        """The unit roundoff of the precision."""
        return UNIT_ROUNDOFF[self.problem.key.dtype]

    @property
    def kappa(self) -> Fraction | None:
        """The stored κ: from `exact` to fifteen digits or more, from `verified` to ten."""
        return self.truth.kappa.mid if self.truth and self.truth.kappa else None

    @property
    def rank(self) -> int | None:
        """The exact rank of what is stored."""
        return self.truth.rank if self.truth else None

    @property
    def rule(self) -> Rule:
        """How the family asks."""
        return RULES.get(self.problem.key.family, DEFAULT)

    @cached_property
    def asked_kappa(self) -> Fraction | None:
        """κ as the parameters ask for it, None where they do not."""
        return self.rule.kappa(self)

    @cached_property
    def asked_rank(self) -> int | None:
        """The rank as the parameters ask for it, None where they do not."""
        return self.rule.rank(self)

    @property
    def beyond(self) -> bool:
        """Whether rounding decides, for the κ asked: where verdicts call κ ambiguous."""
        problem, kappa = self.problem, self.asked_kappa
        return kappa is not None and not resolves(problem.key.dtype, problem.m, problem.n, kappa)

    @property
    def ratio(self) -> Fraction | None:
        """κ stored over κ asked; exactly 1 if the difference is within the radius."""
        if self.asked_kappa is None or not self.truth or not self.truth.kappa:
            return None
        ball = self.truth.kappa
        return Fraction(1) if abs(ball.mid - self.asked_kappa) <= ball.radius else ball.mid / self.asked_kappa


def measure(key: ProblemKey) -> Measured:
    """Build and certify a problem, and find its rank once more in whole numbers, unless it is very long.

    Raises RuntimeError if the two ranks differ.
    """
    problem = catalog.build_problem(key)
    try:
        truth = CERTIFY(problem.A, problem.b)
    except (ValueError, NotCertifiedError):  # not finite, or too hard
        return Measured(problem, None)
    if 0 < problem.A.size <= LONGEST and (rank := int(integer_matrix(problem.A)[0].rank())) != truth.rank:
        raise RuntimeError(f"rank {truth.rank} is certified, but {rank} found in whole numbers: {key}")
    return Measured(problem, truth)


@dataclass(frozen=True)
class Rule:
    """How parameters ask for κ and rank."""

    by: str
    kappa: Callable[[Measured], Fraction | None] = lambda _: None
    rank: Callable[[Measured], int | None] = lambda _: None


def _cond(p: Measured) -> Fraction | None:
    """10^log10_cond or 2^log2_cond."""
    if "log10_cond" in p.params:
        return Fraction(power(10, Fraction(p.params["log10_cond"])))
    return Fraction(2) ** p.params["log2_cond"] if "log2_cond" in p.params else None


def _rank(p: Measured) -> int | None:
    """The parameter of that name; full, if only κ is asked."""
    return p.params.get("rank", p.full if "log10_cond" in p.params or "log2_cond" in p.params else None)


def _full(p: Measured) -> int:
    return p.full


def _gap(p: Measured) -> Fraction:
    gap: int = p.params["gap_bits"] + p.params["log2_cond"]
    return Fraction(2**gap)


def _weights(p: Measured) -> Fraction:
    """The span of the weights that count: the heaviest different rows, or columns, as many as the rank."""
    rows = p.problem.m - pair_count(p.problem.m, p.full)
    heights = weighted.exponents(rows if p.params["axis"] == "rows" else p.problem.n, p.params["log2_span"])
    return Fraction(2) ** (heights[0] - heights[p.full - 1])


def _line(p: Measured) -> Fraction | None:
    """κ of one regressor t beside an intercept: κ + 1/κ = (m + Σt²)/√(m Σ(t − t̄)²)."""
    if p.params["regressors"] != 1:
        return None
    counts = offset.counts(p.problem.m, 1, p.params["seed"])[:, 0].tolist()
    t = [p.params["offset"] + Fraction(p.params["step"]) * count for count in counts]
    mean: Fraction = sum(t, Fraction(0)) / len(t)
    spread = sum(((x - mean) ** 2 for x in t), Fraction(0))
    both: Fraction = (len(t) + sum(x * x for x in t)) / root(len(t) * spread)
    return (both + root(both**2 - 4)) / 2


@cache
def formula(matrix: str, m: int, n: int, parameter: int) -> tuple[Fraction, int]:
    """κ and rank of a named matrix before any rounding."""
    rows = named.MATRICES[matrix](m, n, parameter)
    common = math.lcm(*(entry.denominator for row in rows for entry in row))
    whole = fmpz_mat([[int(common * entry) for entry in row] for row in rows])
    parts = skeleton(whole)
    found = spectrum(whole, parts)
    return found.sigma_max.mid / found.sigma_min.mid, parts.rank


def _formula(p: Measured) -> tuple[Fraction, int]:
    return formula(p.params["matrix"], p.problem.m, p.problem.n, p.params["parameter"])


DEFAULT = Rule("log10_cond, log2_cond, rank, where they are", _cond, _rank)
RULES: Mapping[str, Rule] = {
    "spectrum": Rule("log10_cond", _cond, _full),
    "exact_rank": Rule("log2_cond, rank", _cond, _rank),
    "near_rank": Rule("gap_bits + log2_cond", _gap, _full),
    "weighted": Rule("log2_span, but for the κ of the design", _weights, _full),
    "columns": Rule("n: one column too many", rank=lambda p: min(p.problem.m, p.problem.n - 1)),
    "offset": Rule("offset and step (κ if regressors=1)", _line, lambda p: p.problem.n),
    "named": Rule("matrix, parameter: those of the formula", lambda p: _formula(p)[0], lambda p: _formula(p)[1]),
    "polynomial": Rule("degree (rank only)", rank=lambda p: p.problem.n),
    "lamm": Rule("directions, up to (modes − 1)² (rank only)", rank=lambda p: _mesh_rank(p)),
    "nist": Rule("dataset (rank only)", rank=lambda p: p.problem.n),
}
"""A family that is not here asks by the parameters of `DEFAULT`, if at all."""


def _mesh_rank(p: Measured) -> int | None:
    """Full up to the degrees of freedom; beyond them it is what rounding makes of it, and nothing is asked."""
    directions: int = p.params["directions"]
    return directions if directions <= (p.params["modes"] - 1) ** 2 else None
