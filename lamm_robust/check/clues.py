"""A failed attempt with everything that is known about it, measured where a reason may need it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lamm_robust.check.conjugation import VISIBLE, mistakes_in
from lamm_robust.check.ridge import Gradient, Ridge, gradient_of
from lamm_robust.embedding import is_complex, real_vectors
from lamm_robust.error_free import Doubles
from lamm_robust.reports.grading import has_one_answer, is_full_rank, is_graded
from lamm_robust.scoring.frame import LARGEST, Frame, norm
from lamm_robust.scoring.limits import NO_CORRECT_DIGIT
from lamm_robust.scoring.truths import Certified, Known
from lamm_robust.values import UNIT_ROUNDOFF, Array, Cause, Number, Outcome, Record

SINGLE = UNIT_ROUNDOFF["float32"]

MODERATE_KAPPA = 1e3
"""Up to this κ cancellation among the entries of (AᵀA)⁻¹ leaves 33 bits of x: more than float32 has."""

FEWER_BITS = 2.0**16
"""Numbers of at most 16 bits are not float32's own: they may have been rounded to fewer digits, or be whole."""

PARALLEL = 1e-3
"""An error is along x★ if at most this share of it, and of the answer, is not: κu/δ for a scaling by 1 + δ, with room
for κ = 10⁴."""

NEARER = 0.01
"""A truncated solution explains an answer if it is at most so far from it, relative to the distance of x★."""

CUT_ERROR = 1e3
"""… and at most so many uκ_k² of A_k, what forming AᵀA may cost: what stopped early is near A_k⁺b, but not so near."""


@dataclass(frozen=True, eq=False)
class Clues:
    """A failed attempt, and everything that is known about it."""

    record: Record
    certified: Known
    outcome: Outcome
    passes_alone: bool = False
    """Whether a second attempt at the problem, alone in a fresh process, passed."""
    all_single: bool = False
    """Whether every float64 answer of the solver consists of numbers of float32."""
    has_singles: bool = True
    """Whether most failures at moderate κ look like float32: see `has_singles` below."""
    has_cutoff: bool = True
    """Whether most failures at such κ are explained by a cutoff: see `has_cutoff` below."""
    squares_kappa: bool = False
    """Whether the errors at all problems grow like κ²: see `trend`."""
    changes_matter: bool = True
    """Whether answers that change from call to call are wrong for that, as far as seen: see `changes_matter` below."""
    is_steady: bool = True
    """Whether the solver seems to answer by A and b alone: see `is_steady` below."""
    heeds_layout: bool = True
    """Whether many failures depend on how A and b are stored: see `heeds_layout` below."""
    ridge: Ridge | None = None
    """The ridge problem that the answers seem to solve: see `ridge`."""
    mistake: str | None = None
    """The mistake with conjugates that the answers show: see `conjugation`."""
    other: str | None = None
    """The name of the other problem that a solver of ridge problems seems to solve, "" if of none: `ridge_reasons`."""
    returns: Number = Number.X
    """What the function was asked for."""

    @property
    def proved(self) -> Certified:
        """The problem with its truth; AssertionError if it has none."""
        assert isinstance(self.certified, Certified)
        return self.certified

    @property
    def kappa(self) -> float:
        """κ of the problem; 1 where A = 0."""
        return self.proved.frame.kappa

    @property
    def small(self) -> float:
        """Scores up to this are rounding errors; see `scoring.limits.threshold`."""
        return self.certified.limits.small

    def score(self, name: str) -> float:
        """A score of the answer; KeyError if it is not finite."""
        return self.record.scores[name]

    @cached_property
    def x(self) -> Doubles:
        """The answer in the scale of the frame, n × right-hand sides."""
        return self._in_scale_of(self.proved.frame)

    def _in_scale_of(self, frame: Frame) -> Doubles:
        assert self.outcome.x is not None
        parts = real_vectors(self.outcome.x)
        wide = parts.astype(np.float64).reshape(len(parts), -1)
        with np.errstate(over="ignore"):  # an absurd answer may overflow
            scaled: Doubles = np.ldexp(wide, frame.x_shifts.T)
        return scaled

    @cached_property
    def is_copied(self) -> bool:
        """Whether all right-hand sides have the same answer, to the bit, though no digit of it is right for some."""
        assert self.outcome.x is not None
        parts, frame = real_vectors(self.outcome.x), self.proved.frame
        found = parts.reshape(len(parts), -1)
        star = np.ldexp(frame.x_star.sum(axis=0), -frame.x_shifts.T)
        away = norm((star - star[:, :1]).T) > NO_CORRECT_DIGIT * norm(star.T)
        return bool((found == found[:, :1]).all() and away.any())

    @cached_property
    def needs_single(self) -> bool:
        """Whether the answer is of numbers of float32, and of no fewer bits."""
        assert self.outcome.x is not None
        bits = np.frexp(real_vectors(self.outcome.x))[0] * FEWER_BITS
        return is_single(self.outcome.x) and not np.array_equal(bits, np.round(bits))

    @cached_property
    def looks_single(self) -> bool:
        """Whether the answer is right to float32, and not to more, and its numbers are float32's."""
        is_right = self.score("forward_error") * UNIT_ROUNDOFF[self.record.precision] <= self.small * SINGLE
        is_right = is_right and self.score("relative_error") >= SINGLE / 100
        return self.needs_single and is_right and (self.all_single or self.kappa <= MODERATE_KAPPA)

    @cached_property
    def factor(self) -> float | None:
        """The δ for which x̂ is (1 + δ)x★, or None if it is not along x★, as stored and with columns of one size.

        As stored, a large entry alone may say what x̂ is along.
        """
        frame = self.proved.frame
        found = self._along(frame)
        return found if found is None or self._along(frame.equilibrated) is not None else None

    def _along(self, frame: Frame) -> float | None:
        """The δ for which x̂ is (1 + δ)x★ in the scale of a frame; None if it is not along x★."""
        star = frame.x_star[0]
        error = self._in_scale_of(frame) - frame.x_star.sum(axis=0)
        size = float(norm(star.ravel()))
        if not (size and np.abs(error).max() < LARGEST):
            return None
        delta = float(np.vdot(error / size, star / size))
        near = PARALLEL * min(abs(delta), abs(1 + delta)) * size  # of the error, and of the answer
        return delta if norm((error - delta * star).ravel()) <= near else None

    @cached_property
    def gradient(self) -> Gradient | None:
        """Aᵀ(b − Ax̂) as a multiple of x̂; None if it is no more than rounding error, or there is none."""
        if self.record.edge or "relative_error" not in self.record.scores or not self.proved.frame.rank:
            return None
        return gradient_of(self.proved.frame, self.x.T)

    @cached_property
    def mistakes(self) -> frozenset[str] | None:
        """The mistakes with conjugates that explain the answer; None where it tells nothing of them."""
        problem, found = self.certified.problem, self.record
        error = found.scores.get("relative_error", 0.0)
        asked = is_complex(problem.A) and is_graded(found) and not found.edge and has_one_answer(found)
        hidden = VISIBLE * UNIT_ROUNDOFF[found.precision] * self.kappa**2 if asked else math.inf
        if not (hidden <= min(error, 1.0) and error < math.inf):
            return None
        assert self.outcome.x is not None
        frame = self.proved.frame
        away = error * norm(np.ldexp(frame.x_star[0], -frame.x_shifts.T).ravel())
        return mistakes_in(problem.A, problem.b, self.outcome.x, float(away))

    @cached_property
    def cut(self) -> float | None:
        """σ/σ₁ of the largest singular value that the answer takes for zero though A has it; None if there is none."""
        frame = self.proved.frame
        U, sigma, Vt = np.linalg.svd(frame.A, full_matrices=False)
        near = NEARER * min(1.0, self.score("relative_error"))
        nearer = NEARER * norm((self.x - frame.x_star.sum(axis=0)).ravel())
        unit = np.sqrt(frame.A.size) * frame.u * norm(frame.b.ravel())
        for k in range(frame.folds, frame.rank, frame.folds):
            with np.errstate(all="ignore"):  # a singular value may vanish in float64, and an answer may be absurd
                left = Vt[:k].T @ ((U.T @ frame.b)[:k] / sigma[:k, np.newaxis])
                rounding = CUT_ERROR * frame.u * (sigma[0] / sigma[k - 1]) ** 2
                away, size = norm((self.x - left).ravel()), norm(left.ravel())
                # where next to nothing of b is left, rounding it is all there is
                if away <= max(min(near, rounding) * size, min(nearer, unit / sigma[k - 1])):
                    return float(sigma[k] / sigma[0])
        return None


def is_single(x: Array) -> bool:
    """Whether every entry of a float64 answer, or every part of a complex128 one, is a number of float32."""
    x = real_vectors(x)
    with np.errstate(over="ignore"):
        return x.dtype == np.float64 and bool(np.array_equal(x, x.astype(np.float32), equal_nan=True))


MOST = 0.5
"""The least share of the failures at such κ that a cutoff explains, if there is one. Measured over the small profile:
0.8 or more for cutoffs; 0.06 to 0.4 for LSQR, LSMR, MINRES and five steps of CG, which sometimes end at A_k⁺b, too."""


def has_cutoff(failures: Sequence[Clues]) -> bool:
    """Whether most wrong answers at problems with singular values below the largest that seems cut are A_k⁺b."""
    answered = [c for c in failures if is_full_rank(c.record) and "relative_error" in c.record.scores]
    cuts = [c.cut for c in answered]
    largest = max((cut for cut in cuts if cut is not None), default=0.0)
    below = [cut for c, cut in zip(answered, cuts, strict=True) if 2 * c.kappa * largest >= 1]  # κ itself is rounded
    return sum(cut is not None for cut in below) >= MOST * len(below)


def has_singles(failures: Sequence[Clues]) -> bool:
    """Whether most wrong answers at moderate κ are right to float32, as one or another may be by accident."""
    low = [c for c in failures if is_full_rank(c.record) and "relative_error" in c.record.scores]
    low = [c for c in low if c.kappa <= MODERATE_KAPPA]
    return sum(c.looks_single for c in low) >= MOST * len(low)


HARMFUL = 1 / 3
"""The least share of failures among answers that change from call to call, if the change is why they fail. Measured:
0.45 or more for errors of a thousandth at random in float32, 0.7 for a millionth in float64; 0.11 and 0.08 for
PyTorch's lstsq, whose last bits depend on where arrays lie in memory."""


def changes_matter(records: Sequence[Record], failures: Sequence[Clues]) -> bool:
    """Whether many graded problems at which two calls gave different bits have failed.

    Sums in changing order, as threads or the place of arrays in memory change it, do no harm at most problems.
    """
    failed = {c.record.key for c in failures}
    changed = [record.key in failed for record in records if is_graded(record) and not record.repeatable]
    return sum(changed) >= HARMFUL * len(changed)


FEW = 0.1
"""What less than this share of the failures shows is an accident: sums in changing order, or in another order for other
layouts, move some answers of an iteration, or of one that drops outliers. Measured: 0.03 at most for these, 0.3 or more
for solvers that are random, or read arrays in the wrong order."""


def is_steady(failures: Sequence[Clues], *, changes: bool) -> bool:
    """Whether nothing shows that answers depend on more than A and b: then one answer shows how it was computed.

    `changes` says whether answers that change from call to call are wrong for that, see `changes_matter`.
    """
    restless = sum(changes and not c.record.repeatable for c in failures)
    return not any(c.passes_alone for c in failures) and restless <= FEW * len(failures)


def heeds_layout(failures: Sequence[Clues]) -> bool:
    """Whether so many answers are others for other layouts that it is no accident of rounding."""
    return sum(c.record.cause is Cause.LAYOUT for c in failures) >= FEW * len(failures)
