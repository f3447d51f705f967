"""A problem with its truth, ready to judge attempts at it; both are made when they are first needed."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from lamm_robust.scoring.edges import edge_of
from lamm_robust.scoring.frame import Frame, norm
from lamm_robust.scoring.limits import Limits, limits
from lamm_robust.scoring.nonfinite import Undefined, as_undefined, identity
from lamm_robust.scoring.truncation import Truncate, truncated_frame
from lamm_robust.values import (
    Array,
    Certificate,
    Contract,
    Derivatives,
    Directions,
    Edge,
    NotCertifiedError,
    Oracle,
    Problem,
    ProblemKey,
    Regime,
)

KEPT = 512
"""Problems kept in memory with their truth: workers go through a plan in one order, so few are needed at a time."""


@dataclass(frozen=True, eq=False)
class Certified:
    """A problem with its truth, ready to score attempts."""

    problem: Problem
    frame: Frame
    truncate: Truncate | None = None
    """The oracle's proof of A_k⁺b; None if it has none."""
    differentiate: Callable[[Array, Array, Directions], Derivatives] | None = None
    """The oracle's exact derivatives; None if it has none."""
    _truncated: dict[float, Frame | None] = field(default_factory=dict)
    oracle: Oracle | None = None
    """Who proves what the certificate does not hold: A⁺, all singular values, a regression; None where nobody does."""

    def cutoff(self, contract: Contract) -> float | None:
        """The share of σ₁ up to which a solver takes singular values of this problem for zero; None for other rules."""
        eps = 2 * self.frame.u  # what libraries call eps: the distance from 1 to the next number
        return contract.cutoff and contract.cutoff(self.problem.m, self.problem.n, eps)

    def truncated_frame(self, contract: Contract) -> Frame | None:
        """The frame of what a solver's own cutoff leaves of the problem; None if there is no cutoff, or a doubt."""
        cutoff = self.cutoff(contract)
        if cutoff is None or self.truncate is None:
            return None
        if cutoff not in self._truncated:
            self._truncated[cutoff] = truncated_frame(self.problem, self.frame, cutoff, self.truncate)
        return self._truncated[cutoff]

    @property
    def truth(self) -> Certificate:
        """The certificate: what is proved of the problem."""
        return self.frame.truth

    @cached_property
    def sigmas(self) -> list[Fraction]:
        """All min(m, n) singular values, the largest first, to 20 digits. NotCertifiedError as the oracle."""
        assert self.oracle
        assert self.oracle.sigmas, "an oracle that proves"
        found = [ball.mid for ball in self.oracle.sigmas(self.problem.A)]
        return found + [Fraction(0)] * (min(self.problem.A.shape) - len(found))

    @cached_property
    def regression(self) -> tuple[Sequence[Sequence[Fraction]], Fraction, int]:
        """(AᵀA)⁻¹, ‖r★‖² and m − n, exactly, for A of full column rank with m > n and one right-hand side."""
        assert self.oracle
        assert self.oracle.regression, "an oracle that proves"
        found = self.oracle.regression(self.problem.A, self.problem.b)
        return found.inverse_gram, found.residual_sum_of_squares, found.degrees_of_freedom

    @cached_property
    def limits(self) -> Limits:
        """What a verdict on an answer depends on, apart from the answer."""
        return limits(self.truth, self.problem.key.dtype)

    @cached_property
    def derivatives(self) -> Derivatives | None:
        """The exact derivatives along the directions of the problem; None where it has none, or they are unknown."""
        if self.differentiate is None or self.problem.directions is None:
            return None
        try:
            return self.differentiate(self.problem.A, self.problem.b, self.problem.directions)
        except NotCertifiedError:
            return None

    @property
    def regime(self) -> Regime:
        """What the working precision can be asked to see."""
        return self.limits.regime

    @cached_property
    def edge(self) -> Edge:
        """Which edge case the problem is, if any."""
        return edge_of(self.problem, self.truth)

    @cached_property
    def residual_ratio(self) -> float:
        """The largest ‖r★‖/‖b‖ over the right-hand sides; 0 where b = 0."""
        b_norms: list[float] = norm(self.frame.b.T).tolist()
        pairs = zip(self.frame.residual_star, b_norms, strict=True)
        return max((shortest / size for shortest, size in pairs if size), default=0.0)

    @cached_property
    def facts(self) -> Mapping[str, object]:
        """The fields of a record that are the same for every attempt at the problem."""
        truth, columns = self.truth, self.truth.equilibrated
        return {
            **identity(self.problem),
            "m": truth.m,  # of a ridge problem, m + n
            "oracle": truth.method,
            "rank": truth.rank,
            "kappa": self.frame.kappa if truth.kappa else math.nan,
            "kappa_columns": float(truth.kappa_columns) if truth.kappa_columns else math.nan,
            "column_ratio": 2.0 ** min(int(np.ptp(columns.exponents)), 1023) if columns else 1.0,
            "residual_ratio": self.residual_ratio,
            "regime": self.regime,
            "edge": self.edge,
        }


def proved(problem: Problem, oracle: Oracle) -> Certified:
    """A problem with its truth by an oracle; NotCertifiedError if it cannot prove it."""
    frame = Frame(problem, oracle.certify(problem.A, problem.b))
    return Certified(problem, frame, oracle.truncate, oracle.differentiate, oracle=oracle)


Known = Certified | Undefined
"""A problem that can be judged: a certified one, or one with NaN or ∞, which has no answer."""


class Truths:
    """Each problem built and certified, the latest ones kept; what could not be certified is kept with the reason."""

    def __init__(
        self,
        build: Callable[[ProblemKey], Problem],
        oracle: Oracle,
        prove: Callable[[Problem, Oracle], Certified] = proved,
    ) -> None:
        self._build = build
        self._oracle = oracle
        self._prove = prove
        self._problems: OrderedDict[ProblemKey, Problem] = OrderedDict()
        self._certified: OrderedDict[ProblemKey, Known] = OrderedDict()
        self.refused: dict[ProblemKey, str] = {}
        """Key → why the oracle could not certify the problem."""
        self.seconds = 0.0
        """Time spent on building and certifying."""

    def problem(self, key: ProblemKey) -> Problem:
        """The problem of a key; errors as the function that builds it."""
        if key not in self._problems:
            start = time.perf_counter()
            self._problems[key] = self._build(key)
            self.seconds += time.perf_counter() - start
            _drop_oldest(self._problems)
        return self._problems[key]

    def certify(self, key: ProblemKey) -> Known | None:
        """The problem with its truth, or None if the oracle cannot prove it. NaN or ∞ are seen without an oracle."""
        if key not in self._certified and key not in self.refused:
            problem = self.problem(key)
            start = time.perf_counter()
            try:
                self._certified[key] = as_undefined(problem) or self._prove(problem, self._oracle)
            except NotCertifiedError as error:
                self.refused[key] = str(error)
            self.seconds += time.perf_counter() - start
            _drop_oldest(self._certified)
        return self._certified.get(key)


def _drop_oldest(kept: OrderedDict[ProblemKey, Any]) -> None:
    """Drop the entries that came first, until there are no more than `KEPT`."""
    while len(kept) > KEPT:
        kept.popitem(last=False)
