"""Complex least-squares problems as real ones, without rounding: the one door through which they are proved and scored.

For complex A (m×n) and b, E(A) = [[Re A, −Im A], [Im A, Re A]] (2m×2n) maps [Re x; Im x] to [Re Ax; Im Ax], and lengths
of vectors stay what they are. E keeps sums, products and conjugate transposes (as transposes), so E(A)⁺ = E(A⁺): the
shortest solution of the real problem is that of the complex one. Its rank is 2r, each singular value of A is there
twice, and its Frobenius norm is √2 times that of A.

A real array is its own real form, the same object, so that nothing of a real problem passes through arithmetic here.
"""

from __future__ import annotations

import numpy as np

from lamm_robust.values import Array


def is_complex(array: Array) -> bool:
    """Whether the entries of an array are complex numbers."""
    return array.dtype.kind == "c"


def folds(array: Array) -> int:
    """How many rows of the real form one row of an array becomes: 2 if it is complex, else 1."""
    return 2 if is_complex(array) else 1


def real_matrix(A: Array) -> Array:
    """E(A) (2m×2n) of a complex A, in the precision of its parts; A itself if it is real."""
    return np.block([[A.real, -A.imag], [A.imag, A.real]]) if is_complex(A) else A


def real_vectors(b: Array) -> Array:
    """The real parts of b (m, or m×k) above its imaginary ones (2m, or 2m×k); b itself if it is real."""
    return np.concatenate([b.real, b.imag]) if is_complex(b) else b
