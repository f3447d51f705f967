"""Ridge problems min ‖Ax − b‖² + λ‖x‖² judged as the least-squares problem of [A; √λI] and [b; 0].

The truth is that of λ itself. Answers are measured against the stacked matrix with √λ rounded to float64, which is a
change of its last n rows by u√λ at most, and so of the matrix by less than u‖[A; √λI]‖: one unit of a backward error.
All scores, limits and verdicts are those of the stacked matrix, and so is κ = √((σ₁² + λ)/(σ_n² + λ)), or σ_n = 0 where
A has fewer than n singular values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from lamm_robust.embedding import is_complex
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.truths import Certified
from lamm_robust.values import Array, Oracle, Problem


def stacked(A: Array, b: Array, penalty: float) -> tuple[Array, Array]:
    """[A; √λI] and [b; 0] for λ = `penalty`, in float64 or complex128, so that √λ neither over- nor underflows."""
    dtype, n = np.complex128 if is_complex(A) else np.float64, A.shape[1]
    below = math.sqrt(penalty) * np.eye(n)
    return np.vstack([A.astype(dtype), below]), np.concatenate([b, np.zeros((n, *b.shape[1:]))]).astype(dtype)


def proved_with(penalty: float) -> Callable[[Problem, Oracle], Certified]:
    """A function that proves a problem with λ = `penalty`; NotCertifiedError if the oracle cannot prove it."""

    def prove(problem: Problem, oracle: Oracle) -> Certified:
        assert oracle.ridge, "an oracle that proves"
        whole = Problem(problem.key, *stacked(problem.A, problem.b, penalty))
        truth = oracle.ridge(problem.A, problem.b, Fraction(penalty))
        frame = Frame(whole, replace(truth, digest=whole.digest))
        return Certified(problem, frame, oracle=oracle)

    return prove
