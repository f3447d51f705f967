"""How well a solver solved the least-squares problems of a loop, against certified truth."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from lamm_robust import catalog
from lamm_robust.lamm.result import Systems
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.metrics import score_all
from lamm_robust.values import Array, NotCertifiedError, Precision, Problem, ProblemKey


@dataclass
class Accuracy:
    """Scores of answers: κ and two errors for each problem that is certified."""

    kappa: list[float] = field(default_factory=list)
    forward: list[float] = field(default_factory=list)
    backward: list[float] = field(default_factory=list)
    rank: list[int] = field(default_factory=list)
    """The number of singular values of X above max(m, n)·eps·σ₁, for every problem."""
    uncertified: int = 0


def score_systems(systems: Systems | None, precision: Precision) -> Accuracy:
    """The scores of the answers to all problems that were kept; ∞ for an answer that is not finite."""
    found, oracle = Accuracy(), catalog.find_oracle("auto")
    frames, answers = [], []
    for X, delta, alpha in zip(systems.X, systems.delta, systems.alpha, strict=True) if systems else ():
        found.rank.append(numerical_rank(X))
        try:
            frame = Frame(Problem(ProblemKey("met", (), precision), X, delta), oracle.certify(X, delta))
        except NotCertifiedError:
            found.uncertified += 1
            continue
        found.kappa.append(frame.kappa)
        if np.isfinite(alpha).all():
            frames.append(frame)
            answers.append(alpha)
        else:
            found.forward.append(math.inf)
            found.backward.append(math.inf)
    for scores in score_all(frames, answers):
        found.forward.append(scores["forward_error"])
        found.backward.append(scores["backward_error"])
    return found


def numerical_rank(X: Array) -> int:
    """The number of singular values, in float64, above max(m, n)·σ₁ times the eps of the precision of X."""
    sigma = np.linalg.svd(X.astype(np.float64), compute_uv=False)
    return int((sigma > max(X.shape) * np.finfo(X.dtype).eps * sigma[0]).sum())
