"""How far answers are from the truth, in units in which a good solver scores about 1.

Every score is a pure function of the `Evidence` of a stack of answers to problems of one shape, and all of them are
unchanged when A or b is multiplied by a power of two.

Backward error is what separates solvers. Forward error alone misleads: `pinv(A) @ b` stays within two Wedin bounds of
the truth while no small change of A explains its answer.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from lamm_robust.embedding import real_vectors
from lamm_robust.error_free import Doubles
from lamm_robust.scoring.evidence import Evidence, image
from lamm_robust.scoring.frame import LARGEST, Frame, norm
from lamm_robust.scoring.limits import NO_CORRECT_DIGIT
from lamm_robust.values import Array, Metric

STACK = 128
"""Answers that are scored together: enough to spread the cost of calling NumPy (about 300 µs), and few enough for what
is computed of them to stay in the cache. Measured from 5×3 to 100×30: 64 and 256 are both slower."""


def ratio(numerator: Doubles, denominator: Doubles) -> Doubles:
    """Quotients of norms, where 0/0 means "exactly right" and anything else over 0 "infinitely wrong"."""
    without = np.where(np.equal(numerator, 0.0), 0.0, np.inf)
    return np.divide(numerator, denominator, out=without, where=np.not_equal(denominator, 0.0))


def relative_error(e: Evidence) -> Doubles:
    """‖x̂ − x★‖/‖x★‖; where x★ = 0 has no digits to lose, σ₁‖x̂‖/‖b‖."""
    return ratio(e.error_norm, solution_size(e))


def solution_size(e: Evidence) -> Doubles:
    """‖x★‖, or ‖b‖/σ₁ if that is 0: no problem with these A and b can have a smaller solution that fits b."""
    size = ratio(e.b_norm, e.sigma_max)
    return np.where(e.x_star_norm == 0.0, np.where(np.isinf(size), 0.0, size), e.x_star_norm)


def forward_error(e: Evidence) -> Doubles:
    """‖x̂ − x★‖ in Wedin bounds u·κ·(2‖x★‖ + (κ+1)‖r★‖/σ₁).

    The first-order effect of relative changes of size u in A and b: Wedin, BIT 13 (1973) 217; Higham,
    Accuracy and Stability of Numerical Algorithms, 2nd ed., Theorem 20.1, here in absolute form so that
    x★ = 0 needs no special case. For rank 0 only x̂ = 0 is right.
    """
    return ratio(e.error_norm, wedin_bound(e))


def wedin_bound(e: Evidence) -> Doubles:
    """u·κ·(2‖x★‖ + (κ+1)‖r★‖/σ₁); 0 where A = 0."""
    zero = e.sigma_max == 0.0
    spread = (e.kappa + 1.0) * e.residual_star_norm / np.where(zero, 1.0, e.sigma_max)
    return np.where(zero, 0.0, e.u * e.kappa * (2.0 * e.x_star_norm + spread))


def backward_error(e: Evidence) -> Doubles:
    """The size of the smallest change of A that makes x̂ a least-squares solution, in units of u‖A‖_F.

    The estimate of Karlson and Waldén (BIT 37 (1997) 862), ‖(‖x̂‖²AᵀA + ‖r̂‖²I)^(-1/2) Aᵀr̂‖, which is
    within a factor √2 of the optimum of Waldén, Karlson and Sun (Numer. Linear Algebra Appl. 2 (1995) 271);
    see also Gratton, Jiránek and Titley-Peloquin, SIAM J. Matrix Anal. Appl. 33 (2012) 822. Aᵀr̂ lies in the row space,
    so only the first `rank` singular vectors take part. Where float64 lacks digits of them, see `fine`.
    """
    along = np.where(e.in_row_space, image(e.Vt, e.gradient), 0.0)
    weight = np.hypot(e.x_norm[:, np.newaxis] * e.sigma, e.residual_norm[:, np.newaxis])
    terms = along / np.where(weight == 0.0, 1.0, weight)  # a zero weight means x̂ = 0 and r̂ = 0, so Aᵀr̂ = 0 too
    fine = e.fine_backward_error
    return ratio(np.where(np.isnan(fine), norm(terms), fine), e.u * e.frobenius_norm)


def residual_excess(e: Evidence) -> Doubles:
    """‖A(x̂ − x★)‖/‖b‖: how far the fit is from the best fit, where ‖r̂‖² = ‖r★‖² + ‖A(x̂ − x★)‖²."""
    return ratio(e.fit_distance, e.b_norm)


def fit_error(e: Evidence) -> Doubles:
    """‖A(x̂ − x★)‖/‖Ax★‖: the relative error of the fit itself. Where Ax★ = 0, it is relative to b."""
    return ratio(e.fit_distance, np.where(e.fit_norm == 0.0, e.b_norm, e.fit_norm))


def residual_error(e: Evidence) -> Doubles:
    """‖r̂‖ − ‖r★‖ in units of u(‖b‖ + σ₁‖x★‖): how much longer than the shortest residual rounding can make it.

    If x̂ solves a problem with A + E, ‖E‖ ≤ cuσ₁, then ‖r̂‖ ≤ ‖b − (A + E)x★‖ + ‖E‖‖x̂‖, so it exceeds ‖r★‖ by at
    most cuσ₁(‖x★‖ + ‖x̂‖): moderate unless x̂ is much longer than x★. No condition number enters, so this judges
    the fit where κ is beyond the precision. Computed without cancellation as ‖A(x̂ − x★)‖²/(‖r̂‖ + ‖r★‖), where the
    square does not square rounding errors, for A(x̂ − x★) = r★ − r̂ is no longer than ‖r̂‖ + ‖r★‖.
    """
    share = np.minimum(ratio(e.fit_distance, e.residual_norm + e.residual_star_norm), 1.0)
    return ratio(e.fit_distance, e.u * (e.b_norm + e.sigma_max * e.x_star_norm)) * share


def orthogonality(e: Evidence) -> Doubles:
    """‖Aᵀr̂‖/(σ₁‖r̂‖) in units of u: the residual of a least-squares solution is orthogonal to range A."""
    return ratio(norm(e.gradient), e.u * e.sigma_max * e.residual_norm)


def norm_excess(e: Evidence) -> Doubles:
    """‖x̂‖/‖x★‖ − 1: positive for a solution that is longer than it need be; σ₁‖x̂‖/‖b‖ where x★ = 0.

    The difference of the norms is (x̂ − x★)ᵀ(x̂ + x★)/(‖x̂‖ + ‖x★‖), in which little cancels.
    """
    unit = np.maximum(e.x_norm, e.x_star_norm)
    unit = np.where(unit == 0.0, 1.0, unit)
    along = ((e.error / unit[:, np.newaxis]) * ((e.x + e.x_star) / unit[:, np.newaxis])).sum(axis=1)
    both = e.x_norm / unit + e.x_star_norm / unit  # 0 only where both are
    return ratio(unit * along / np.where(both == 0.0, 1.0, both), solution_size(e))


def null_component(e: Evidence) -> Doubles:
    """‖(I − A⁺A)x̂‖ in units of uκ‖x̂‖: zero for a minimum-norm solution."""
    return ratio(e.outside_norm, e.u * e.kappa * e.x_norm)


def null_backward_error(e: Evidence) -> Doubles:
    """‖(I − A⁺A)x̂‖ in units of u‖A‖_F‖A⁺ᵀx̂‖: how much of x̂ no small change of A makes part of a shortest solution.

    The shortest solution for A + E is x̂ = (A + E)ᵀy, so its part outside the row space of A is that of Eᵀy, at most
    ‖E‖‖y‖, and y is A⁺ᵀx̂ up to terms of second order. So a component of x̂ along a large singular value of A excuses
    little, whatever κ is. Where float64 does not hold σ_r, ‖A⁺ᵀx̂‖ is what it makes of it.
    """
    y = np.minimum(np.abs(e.multipliers(e.x)), LARGEST)  # which may overflow, and excuses everything long before
    return ratio(e.outside_norm, e.u * e.frobenius_norm * norm(y))


def entry_error(e: Evidence) -> Doubles:
    """max |x̂_j − x★_j|/|x★_j| over entries of which a solver that is stable column by column has a digit; 0 if none.

    Such a solver's answer is exact for A + E where each column of E is small beside that of A (Householder QR: Higham,
    Accuracy and Stability of Numerical Algorithms, 2nd ed., Theorems 19.4 and 20.3). Of AD, with columns of one size,
    and y = D⁻¹x this is an ordinary perturbation, see `entry_bounds`. Entries of y★ above ten times what it moves them
    have a correct digit, however small the entries of x★ are beside each other. To be asked in the frame of columns of
    one size.
    """
    found: Doubles = np.where(has_digits(e), ratio(np.abs(e.error), np.abs(e.x_star)), 0.0).max(axis=1, initial=0.0)
    return found


def has_digits(e: Evidence) -> npt.NDArray[np.bool_]:
    """Of which entries of x★ a solver that is stable column by column has a digit (C × n): see `entry_error`."""
    sure: npt.NDArray[np.bool_] = np.abs(e.x_star) * NO_CORRECT_DIGIT > entry_bounds(e)
    return sure


def entry_bounds(e: Evidence) -> Doubles:
    """The most by which changes E of A and δ of b can move each entry of x★ (C × n), where ‖E‖ ≤ εσ₁, ‖δ‖ ≤ ε‖b‖.

    ε is small·u; the theorems' worst case has √n more, which no honest solver needs (docs/verdicts.md). Let x̂, r̂ be the
    shortest solution and its residual of A + E, of the same rank, and b + δ, and x̂ = (A + E)ᵀŷ. Then, without any term
    left out, x̂ − x★ = A⁺(δ − Ex̂) + (AᵀA)⁺Eᵀr̂ + (I − A⁺A)Eᵀŷ. (Multiply b + δ = (A + E)x̂ + r̂ by A⁺, and use
    (A + E)ᵀr̂ = 0.) So the j-th rows of the three matrices bound the j-th entry: an unknown that has nothing to do with
    an ill-conditioned pair keeps its digits. ‖x̂‖ is at most ‖x★‖ and `small` Wedin bounds, which is also the most by
    which any entry moves; ‖r̂‖ ≤ ‖r★‖ + ε(σ₁‖x★‖ + ‖b‖), since r̂ is the shortest.
    """
    moved = e.small * wedin_bound(e)
    change, longest = e.small * e.u, e.x_star_norm + moved
    fit, size = e.sigma_max * longest, e.residual_star_norm + change * (e.sigma_max * e.x_star_norm + e.b_norm)
    y_norm = norm(e.multipliers(e.x_star)) + ratio(moved * e.kappa, e.sigma_max)
    inverse, gram, outside = e.row_norms.transpose(1, 0, 2)
    along = inverse * (fit + e.b_norm)[:, np.newaxis] + gram * (e.sigma_max * size)[:, np.newaxis]
    across = outside * np.minimum(e.sigma_max * y_norm, LARGEST)[:, np.newaxis]  # which may overflow, and outside be 0
    bounds: Doubles = np.minimum(change[:, np.newaxis] * (along + across), moved[:, np.newaxis])
    return bounds


METRICS: tuple[Metric, ...] = (
    Metric("forward_error", "Wedin bounds", "distance to x★ over what rounding A and b explains", forward_error),
    Metric("relative_error", "relative", "distance to x★ over the size of x★", relative_error),
    Metric("backward_error", "u‖A‖_F", "smallest change of A that explains the answer", backward_error),
    Metric("residual_excess", "relative to b", "distance from the best fit", residual_excess, is_fit=True),
    Metric("fit_error", "relative", "distance from the best fit over the size of that fit", fit_error, is_fit=True),
    Metric(
        "residual_error", "u(‖b‖+σ₁‖x★‖)", "excess length of the residual over what rounding explains", residual_error
    ),
    Metric("orthogonality", "u", "how far the residual is from orthogonal to range A", orthogonality),
    Metric("norm_excess", "relative", "how much longer than x★ the answer is", norm_excess),
    Metric("null_component", "uκ", "part of the answer outside the row space", null_component),
    Metric(
        "null_backward_error",
        "u‖A‖_F‖A⁺ᵀx̂‖",
        "part of the answer outside the row space over what a change of A explains",
        null_backward_error,
    ),
    Metric(
        "entry_error",
        "relative",
        "worst entry of x of which a column-wise stable solver has a digit",
        entry_error,
        equilibrated=True,
    ),
    Metric(
        "columnwise_forward_error",
        "Wedin bounds",
        "distance to x★ over what rounding explains, with columns of one size",
        forward_error,
        equilibrated=True,
        full_rank=True,
    ),
    Metric(
        "columnwise_backward_error",
        "u‖AD‖_F",
        "smallest change of the columns, each beside its size, that explains the answer",
        backward_error,
        equilibrated=True,
        full_rank=True,
    ),
    Metric(
        "columnwise_null_backward_error",
        "u‖AD‖_F‖(AD)⁺ᵀx̂‖",
        "part outside the row space over what such a change of the rows of a wide A explains",
        null_backward_error,
        equilibrated=True,
        full_rank=True,
    ),
)


NAMES = tuple(metric.name for metric in METRICS)


def score(frame: Frame, x: Array) -> dict[str, float]:
    """The worst of each metric over the right-hand sides of a finite x̂ (n, or n×k); errors as `score_each`."""
    return score_all([frame], [x])[0]


def score_all(frames: Sequence[Frame], xs: Sequence[Array]) -> list[dict[str, float]]:
    """The worst scores of each answer xs[i] to the problem of frames[i], in stacks; errors as `score_each`."""
    return [worst(scores) for scores in score_each(frames, xs)]


def worst(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The largest of every metric over the right-hand sides, whatever its sign; nothing if there are none."""
    return {name: max((each[name] for each in scores), key=abs) for name in scores[0]} if scores else {}


def score_each(
    frames: Sequence[Frame], xs: Sequence[Array], evidence: type[Evidence] = Evidence
) -> list[list[dict[str, float]]]:
    """The scores of each answer xs[i] to the problem of frames[i], for each right-hand side, in stacks.

    `evidence` may be a class that computes some of it in another way.
    ValueError unless all problems are of one shape, with as many right-hand sides, and each answer fits its problem.
    """
    if len(xs) != len(frames):
        raise ValueError(f"{len(xs)} answers were given to {len(frames)} problems; there must be one to each")
    shapes = {(*frame.A.shape, frame.columns) for frame in frames}
    if len(shapes) > 1:
        raise ValueError(f"answers are scored in stacks of one shape (m, n, right-hand sides), not {sorted(shapes)}")
    for _, n, columns in shapes:
        if wrong := [x.shape for x, frame in zip(xs, frames, strict=True) if x.size * frame.folds != n * columns]:
            unknowns = n // frames[0].folds
            raise ValueError(f"an answer has shape {wrong[0]}; there are {unknowns} unknowns, {columns} times")
    xs = [real_vectors(x) for x in xs]
    scores: list[list[dict[str, float]]] = [[{} for _ in range(frame.columns)] for frame in frames]
    for metrics, places, chosen in _stacks(frames):
        found, names = _scores(chosen, [xs[i] for i in places], metrics, evidence), [metric.name for metric in metrics]
        for i, values in zip(places, found.tolist(), strict=True):
            for known, column in zip(scores[i], values, strict=True):
                known.update(zip(names, column, strict=True))
    # in one order, whatever was scored together
    return [[{name: known[name] for name in NAMES if name in known} for known in columns] for columns in scores]


Metrics = tuple[Metric, ...]


@cache
def _parts(scaled: bool, by_columns: bool, fits_by_rows: bool) -> tuple[Metrics, ...]:
    """The metrics of a frame, together where they are computed in the same one: in itself, and in `equilibrated`.

    `scaled` says that these are two; `by_columns` that there are scores with columns of one size; and `fits_by_rows`
    that fits are measured with rows of one size.
    """
    asked = [metric for metric in METRICS if by_columns or not metric.full_rank]
    if not scaled:
        return (tuple(asked),)
    moved = [metric for metric in asked if metric.equilibrated or (metric.is_fit and fits_by_rows)]
    return tuple(metric for metric in asked if metric not in moved), tuple(moved)


def _kind(frame: Frame) -> tuple[bool, bool, bool]:
    """What `_parts` needs to know of a frame."""
    if frame.equilibrated is not frame:
        return True, True, frame.fits_by_rows
    return False, frame.rank == min(frame.A.shape) and frame.A.size > 0, False


def _stacks(frames: Sequence[Frame]) -> Iterator[tuple[Metrics, list[int], list[Frame]]]:
    """Metrics, the places of problems for which they are computed, up to STACK at a time, and frames of one layout."""
    alike = defaultdict(list)
    for place, frame in enumerate(frames):
        kind = _kind(frame)
        for part, framed in enumerate((frame, frame.equilibrated)[: len(_parts(*kind))]):
            alike[kind, part, framed.layout].append((place, framed))
    for (kind, part, _), members in alike.items():
        for start in range(0, len(members), STACK):
            places, chosen = zip(*members[start : start + STACK], strict=True)
            yield _parts(*kind)[part], list(places), list(chosen)


def _scores(frames: Sequence[Frame], xs: Sequence[Array], metrics: Metrics, kind: type[Evidence]) -> Doubles:
    """The metrics of answers to problems of one layout (answers × right-hand sides × metrics)."""
    n, columns = frames[0].A.shape[1], frames[0].columns
    x = np.array([x.ravel() for x in xs], dtype=np.float64).reshape(len(xs), n, columns).transpose(0, 2, 1)
    shifts = np.array([frame.x_shifts for frame in frames])
    with np.errstate(over="ignore"):  # an absurd x̂ may overflow here: it is infinitely wrong; so may a Wedin bound
        scaled = np.ldexp(x, shifts)
        absurd = (np.abs(scaled) >= LARGEST).any(axis=2)
        scaled[absurd] = 0.0
        members = [(frame, column) for frame in frames for column in range(columns)]
        evidence = kind(members, scaled.reshape(len(members), n))
        values = np.array([metric.compute(evidence) for metric in metrics]).reshape(len(metrics), len(xs), columns)
    values[:, absurd] = math.inf
    scores: Doubles = values.transpose(1, 2, 0)
    return scores
