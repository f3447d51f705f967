"""What a stack of answers shows against the truth: errors, residuals and gradients, in the scale of a `Frame`.

The residual of the computed x̂ is formed exactly (see `error_free`); the distance to x★ uses every digit of the
certificate.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lamm_robust.error_free import Doubles, exact_gradient, exact_residual, grid, to_doubles
from lamm_robust.scoring.frame import Frame, norm, svds


class Evidence:
    """What C answers x̂, each to one right-hand side of a problem of its own, show in the scale of their frames."""

    def __init__(self, members: Sequence[tuple[Frame, int]], x: Doubles) -> None:
        """Take answers x (C × n): x[i] is to one column of the b of a frame. All frames have one layout."""
        self.x = x
        self._frames = [frame for frame, _ in members]
        self._b: Doubles = np.array([frame.b[:, column] for frame, column in members])
        self._x_star: Doubles = np.array([frame.x_star[:, :, column] for frame, column in members])
        sizes = np.array([frame.sizes[column] for frame, column in members]).T
        self.u, self.kappa, self.sigma_max, self.frobenius_norm = sizes[:4]
        self.residual_star_norm, self.x_star_norm, self.b_norm, self.fit_norm = sizes[4:]
        """Eight arrays of C numbers, in the frames' scale: see `Frame.sizes`."""

    @cached_property
    def x_norm(self) -> Doubles:
        """‖x̂‖ of each answer (C)."""
        return norm(self.x)

    @cached_property
    def error(self) -> Doubles:
        """x̂ − x★ (C × n), to the last bits: what cancels in a difference cancels without error (Sterbenz)."""
        error = self.x
        for part in self._x_star.transpose(1, 0, 2):
            error = error - part
        return error

    @cached_property
    def error_norm(self) -> Doubles:
        """‖x̂ − x★‖ of each answer (C)."""
        return norm(self.error)

    @cached_property
    def fit_distance(self) -> Doubles:
        """‖A(x̂ − x★)‖ of each answer (C): how far its fit is from the best one."""
        return norm(image(np.array([frame.A for frame in self._frames]), self.error))

    @cached_property
    def _residual_and_gradient(self) -> tuple[Doubles, Doubles]:
        """r̂ = b − Ax̂ and Aᵀr̂, each computed exactly and rounded once (C × m and C × n)."""
        A, scale = np.array([frame.digits for frame in self._frames]), grid(self._b, self.x)[:, np.newaxis]
        residual = exact_residual(A, np.ldexp(self._b, -scale), np.ldexp(self.x, -scale))
        return np.ldexp(to_doubles(residual), scale), np.ldexp(exact_gradient(A, residual), scale)

    @cached_property
    def residual_norm(self) -> Doubles:
        """‖r̂‖ = ‖b − Ax̂‖ of each answer (C)."""
        return norm(self._residual_and_gradient[0])

    @property
    def gradient(self) -> Doubles:
        """Aᵀr̂ (C × n), from the exact residual."""
        return self._residual_and_gradient[1]

    @cached_property
    def sigma(self) -> Doubles:
        """The leading `rank` singular values of each A, then zeros (C × n)."""
        return np.array([sigma for sigma, _ in svds(self._frames)])

    @cached_property
    def Vt(self) -> Doubles:
        """All right singular vectors of each A, as rows (C × n × n)."""
        return np.array([Vt for _, Vt in svds(self._frames)])

    @cached_property
    def in_row_space(self) -> npt.NDArray[np.bool_]:
        """Whether each right singular vector is in the row space of A: the first `rank` are (C × n)."""
        ranks = np.array([frame.truth.rank for frame in self._frames])
        return np.arange(self.x.shape[1]) < ranks[:, np.newaxis]


def image(matrices: Doubles, vectors: Doubles) -> Doubles:
    """Each matrix times its vector, added up without BLAS, so that no score depends on what is scored beside it."""
    product: Doubles = (matrices * vectors[:, np.newaxis, :]).sum(axis=-1)
    return product
