"""What might help a call that computes in the stored precision, tried: other columns, another cutoff, a penalty."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from lamm_robust.advice.columns import Columns, look_at
from lamm_robust.advice.data import Data
from lamm_robust.advice.scored import with_frame
from lamm_robust.error_free import Doubles
from lamm_robust.scoring.truths import Certified, proved
from lamm_robust.values import Array, NotCertifiedError, Oracle, Precision, Problem, Regime, Variant

REFERENCE = ("scipy", "gelsd")
"""(library, algorithm) with which everything is tried: what `scipy.linalg.lstsq` does, in the precision of A. (NumPy's
computes in float64 whatever A is, so it would not show what the precision costs.)"""

UNEVEN = 10.0
"""κ of the stored columns over κ of columns of one size from which on scaling is tried: it may gain a digit."""

CUTOFFS = {"gelsd-size-eps": "a cutoff of max(m, n)·eps", "gelss-rcond-0": "no cutoff (gelss, cond=0)"}
"""Algorithms of SciPy that are `REFERENCE` with another cutoff, and what that is in words."""

Back = Callable[[Doubles], Doubles]
"""From the x of a changed problem to that of the one that was given."""


@dataclass(frozen=True, eq=False)
class Remedy:
    """Something to try: what it is, the problem that a variant attempts, and how x is measured."""

    what: str
    variant: Variant
    problem: Problem
    back: Back
    certified: Certified
    """The truth that x is compared with: that of the given problem, but for a dropped column."""


def reference(precision: Precision, algorithm: str = REFERENCE[1]) -> Variant:
    """The variant with which remedies are tried."""
    return Variant(REFERENCE[0], algorithm, precision, "cpu")


def remedies(data: Data, columns: Columns, certified: Certified, oracle: Oracle) -> Iterator[Remedy]:
    """What is worth trying for a problem in its stored precision."""
    tall = certified.problem.m >= certified.problem.n
    if tall and (found := _centred(data, columns, certified)):
        yield found
        yield _both(data, found)
    if tall and _uneven(certified):
        yield _scaled(data, columns, certified)
    if columns.dependences or certified.regime is not Regime.RESOLVABLE:
        for algorithm, words in CUTOFFS.items():
            yield Remedy(words, reference(data.precision, algorithm), certified.problem, _same, certified)
        yield _ridge(data, certified)
    if columns.dependences and (dropped := _dropped(data, columns, certified, oracle)):
        yield dropped


def _same(x: Doubles) -> Doubles:
    return x


def _uneven(certified: Certified) -> bool:
    truth = certified.truth
    return truth.kappa is not None and float(truth.kappa) > UNEVEN * float(truth.kappa_columns or 1)


def _changed(data: Data, A: Array, what: str, b: Array | None = None) -> Problem:
    return replace(data, A=A.astype(data.A.dtype), b=data.b if b is None else b).problem(data.precision, what)


def _centred(data: Data, columns: Columns, certified: Certified) -> Remedy | None:
    """Columns less their means, where there is a constant column to make up for it; None without one."""
    constant, far = columns.constant, columns.far
    if constant is None or not far:
        return None
    A, means = data.A.copy(), columns.means[far].astype(data.A.dtype)
    A[:, far] -= means
    level = float(data.A[0, constant])

    def back(x: Doubles) -> Doubles:
        moved = x.copy()
        moved[constant] -= (means.astype(np.float64) @ x[far]) / level
        return moved

    names = ", ".join(data.names[j] for j in far[:3]) + (f" and {len(far) - 3} more" if len(far) > 3 else "")
    return Remedy(f"centring {names}", reference(data.precision), _changed(data, A, "centred"), back, certified)


def _scaled(data: Data, columns: Columns, certified: Certified) -> Remedy:
    """Columns of one size, by powers of two, which rounds nothing."""
    factors = _factors(columns)
    problem = _changed(data, data.A.astype(np.float64) * factors, "scaled")
    return Remedy("columns of one size", reference(data.precision), problem, lambda x: (x.T * factors).T, certified)


def _both(data: Data, centred: Remedy) -> Remedy:
    """Columns that are centred, and then of one size."""
    A = centred.problem.A.astype(np.float64)
    factors = _factors(look_at(A))
    problem = _changed(data, A * factors, "centred and scaled")
    what = f"{centred.what}, then columns of one size"
    return replace(centred, what=what, problem=problem, back=lambda x: centred.back((x.T * factors).T))


def _factors(columns: Columns) -> Doubles:
    """The powers of two that bring columns to a length between 1/2 and 1, if they have any."""
    return np.ldexp(1.0, -np.frexp(np.where(columns.lengths == 0, 1.0, columns.lengths))[1])


def _ridge(data: Data, certified: Certified) -> Remedy:
    """A penalty λ‖x‖² with λ = eps·σ₁², by more rows: the least that the precision can tell from none."""
    n, eps = data.A.shape[1], float(np.finfo(data.A.dtype).eps)
    root = math.sqrt(eps) * float(certified.truth.sigma_max)
    A = np.vstack([data.A.astype(np.float64), root * np.eye(n)])
    b = np.concatenate([data.b, np.zeros((n, *data.b.shape[1:]), data.b.dtype)])
    problem = _changed(data, A, "ridge", b)
    return Remedy(f"ridge, λ = eps·σ₁² = {root * root:.2g}", reference(data.precision), problem, _same, certified)


def _dropped(data: Data, columns: Columns, certified: Certified, oracle: Oracle) -> Remedy | None:
    """The problem without the column that depends most on others, measured by its own truth; None if none is proved."""
    column = columns.dependences[0].column
    problem = _changed(data, np.delete(data.A, column, axis=1), "dropped")
    try:
        own = with_frame(proved(problem, oracle))
    except NotCertifiedError:
        return None
    before, after = (max(map(float, c.truth.residual_norm), default=0.0) for c in (certified, own))
    what = f"without {data.names[column]} (‖b − Ax‖ {after:.6g}, with it {before:.6g})"
    return Remedy(what, reference(data.precision), problem, _same, own)
