"""What a stack of answers shows against the truth: errors, residuals and gradients, in the scale of a `Frame`.

The residual of the computed x̂ and its distance from the best one are formed exactly (see `error_free`); the distance to
x★ uses every digit of the certificate.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lamm_robust.error_free import Doubles, exact_gradient, exact_residuals, grid, to_doubles
from lamm_robust.scoring.frame import Frame, add_fits, norm, svds


class Evidence:
    """What C answers x̂, each to one right-hand side of a problem of its own, show in the scale of their frames."""

    def __init__(self, members: Sequence[tuple[Frame, int]], x: Doubles) -> None:
        """Take answers x (C × n): x[i] is to one column of the b of a frame. All frames have one layout."""
        self.x = x
        self._members = members
        self._frames = [frame for frame, _ in members]
        if self._frames[0].layout[0]:  # the digits of A are needed, which all frames have then
            add_fits(self._frames)
        self._x_star: Doubles = np.array([frame.x_star[:, :, column] for frame, column in members])
        sizes = np.array([frame.sizes[column] for frame, column in members]).T
        self.u, self.small, self.kappa, self.sigma_max, self.frobenius_norm = sizes[:5]
        self.residual_star_norm, self.x_star_norm, self.b_norm, self.fit_norm = sizes[5:]
        """Nine arrays of C numbers, in the frames' scale: see `Frame.sizes`."""

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

    @property
    def x_star(self) -> Doubles:
        """x★ (C × n), rounded once."""
        return self._x_star[:, 0]

    @cached_property
    def _products(self) -> tuple[Doubles, Doubles, Doubles]:
        """‖r̂‖ = ‖b − Ax̂‖, Aᵀr̂ and ‖A(x★ − x̂)‖ (C, C × n and C), of exact products."""
        if all(frame.gram for frame in self._frames):  # frames of one layout: all or none
            return self._long_products
        A, fit = np.array([frame.digits for frame in self._frames]), self._fit_star
        scale = grid(np.concatenate([self._b, fit[:, 0]], axis=1), self.x)[:, np.newaxis]
        b, x, parts = (np.ldexp(v, -scale) for v in (self._b, self.x, fit.transpose(1, 0, 2)))
        residual, distance = exact_residuals(A, x, b[np.newaxis], parts)
        found = to_doubles(residual), exact_gradient(A, residual), to_doubles(distance)
        r, gradient, away = (np.ldexp(v, scale) for v in found)
        return norm(r), gradient, norm(away)

    @property
    def _long_products(self) -> tuple[Doubles, Doubles, Doubles]:
        """What `_products` holds, of problems whose Gram matrices are known."""
        norms, gradients, distances = [], [], []
        for (frame, column), x, x_star in zip(self._members, self.x.tolist(), self._x_star, strict=True):
            assert frame.gram
            size, gradient = frame.gram.residual(x, column)
            norms.append(size)
            gradients.append(gradient)
            distances.append(
                frame.gram.image_norm([(-value, *parts) for value, parts in zip(x, x_star.T.tolist(), strict=True)])
            )
        return np.array(norms), np.array(gradients), np.array(distances)

    @property
    def _b(self) -> Doubles:
        """The right-hand sides (C × m)."""
        return np.array([frame.b[:, column] for frame, column in self._members])

    @property
    def _fit_star(self) -> Doubles:
        """Ax★ in parts (C × parts × m)."""
        return np.array([frame.fit_star[:, :, column] for frame, column in self._members])

    @property
    def fit_distance(self) -> Doubles:
        """‖A(x̂ − x★)‖ of each answer (C): how far its fit is from the best one."""
        return self._products[2]

    @property
    def residual_norm(self) -> Doubles:
        """‖r̂‖ = ‖b − Ax̂‖ of each answer (C)."""
        return self._products[0]

    @property
    def gradient(self) -> Doubles:
        """Aᵀr̂ (C × n), from the exact residual."""
        return self._products[1]

    @cached_property
    def fine_backward_error(self) -> Doubles:
        """The backward errors, relative to ‖A‖_F = 1 unit of the frame, where float64 lacks digits; else NaN (C)."""
        from lamm_robust.scoring.fine import lacks_digits, quotient

        found = np.full(len(self.x), np.nan)
        for place in np.flatnonzero(lacks_digits(self.kappa)).tolist():
            (frame, column), x = self._members[place], self.x[place]
            if frame.gram:
                found[place] = quotient(*frame.gram.normal(x.tolist(), column))
            else:
                found[place] = frame.fine.backward_error(frame.b[:, column], x)
        return found

    @cached_property
    def sigma(self) -> Doubles:
        """The leading `rank` singular values of each A, then zeros (C × n)."""
        return np.array([sigma for sigma, _ in svds(self._frames)])

    @cached_property
    def Vt(self) -> Doubles:
        """All right singular vectors of each A, as rows (C × n × n)."""
        return np.array([Vt for _, Vt in svds(self._frames)])

    @cached_property
    def row_norms(self) -> Doubles:
        """The norms of the rows of A⁺, (AᵀA)⁺ and I − A⁺A of each A (C × 3 × n)."""
        svds(self._frames)
        return np.array([frame.row_norms for frame in self._frames])

    def multipliers(self, x: Doubles) -> Doubles:
        """A⁺ᵀx for each x (C × n), by its components along the left singular vectors; 0 for those beyond the rank."""
        return np.where(self.in_row_space, image(self.Vt, x) / np.where(self.sigma == 0.0, 1.0, self.sigma), 0.0)

    @cached_property
    def in_row_space(self) -> npt.NDArray[np.bool_]:
        """Whether each right singular vector is in the row space of A: the first `rank` are (C × n)."""
        ranks = np.array([frame.rank for frame in self._frames])
        return np.arange(self.x.shape[1]) < ranks[:, np.newaxis]

    @cached_property
    def outside_norm(self) -> Doubles:
        """‖(I − A⁺A)x̂‖ of each answer (C), the part of it outside the row space of A.

        x★ has no such component, so that of x̂ is that of x̂ − x★; of the two, the shorter is projected, which keeps the
        error of the computed null space, itself about uκ, smallest.
        """
        shorter = np.where((self.error_norm < self.x_norm)[:, np.newaxis], self.error, self.x)
        return norm(np.where(self.in_row_space, 0.0, image(self.Vt, shorter)))


def image(matrices: Doubles, vectors: Doubles) -> Doubles:
    """Each matrix times its vector, (C×k×n)·(C×n) → C×k, without BLAS: no score depends on others in the stack."""
    product: Doubles = (matrices * vectors[:, np.newaxis, :]).sum(axis=-1)
    return product
