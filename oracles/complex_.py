"""Complex problems, proved by oracles for real ones through the exact real form of `embedding`.

What is proved of [[Re A, −Im A], [Im A, Re A]] is true of A: x★ in parts, ‖b − Ax★‖, σ₁, σ_r and κ as they are; rank
and number of rows and columns are halved. Real problems pass through untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from lamm_robust.embedding import is_complex, real_matrix, real_vectors
from lamm_robust.oracles import auto, jacobi, truncated, weighted
from lamm_robust.oracles.validation import check_problem
from lamm_robust.values import EVERY_PRECISION, Array, Ball, Certificate, NotCertifiedError, Truncation, digest

Certify = Callable[[Array, Array], Certificate]


def check_any_problem(A: Array, b: Array) -> None:
    """Check A and b as `validation.check_problem` does, but accept complex64 and complex128, too."""
    check_problem(A, b, EVERY_PRECISION)


def of_any(certify: Certify) -> Certify:
    """The oracle for real problems, and for complex ones through their real form; errors as the oracle's own."""

    def certify_any(A: Array, b: Array) -> Certificate:
        """Prove the certificate of min ‖Ax − b‖₂, real or complex; A is m×n, b has length m or is m×k."""
        form = _real_form(A, b)
        return _folded(certify(*form), A, b) if form else certify(A, b)

    return certify_any


def certify_all(problems: Iterable[Any]) -> list[Certificate | NotCertifiedError]:
    """Certify many pairs (A, b), real or complex, as `auto.certify_all` does, and return them in their order."""
    given = list(problems)
    forms = [_real_form(*pair) if isinstance(pair, tuple) and len(pair) == 2 else None for pair in given]
    found = auto.certify_all([form or pair for form, pair in zip(forms, given, strict=True)])
    return [
        one if form is None or isinstance(one, NotCertifiedError) else _folded(one, *pair)
        for one, form, pair in zip(found, forms, given, strict=True)
    ]


def truncate(A: Array, b: Array, rank: int) -> Truncation:
    """Prove A_r⁺b for r = rank < min(m, n), real or complex A and b; errors as `truncated.truncate`."""
    form = _real_form(A, b)
    if form is None:
        return truncated.truncate(A, b, rank)
    if type(rank) is not int or not 0 < rank < min(A.shape):
        raise ValueError(
            f"rank is {rank!r}; accepted is 1 to {min(A.shape) - 1} for a {A.shape[0]}×{A.shape[1]} matrix"
        )
    found = truncated.truncate(*form, 2 * rank)
    return replace(found, certificate=_folded(found.certificate, A, b))


def certify_weighted(A: Array, b: Array, weights: Sequence[Fraction]) -> Certificate:
    """Prove what `weighted.certify` does, for real or complex A and b."""
    form = _real_form(A, b)
    return _folded(weighted.certify(*form, [*weights, *weights]), A, b) if form else weighted.certify(A, b, weights)


def all_singular_values(A: Array, weights: Sequence[Fraction] = ()) -> list[Ball]:
    """Enclose the singular values of A, or of D·A, as `jacobi.all_singular_values` does, for real or complex A.

    In the real form each is there twice; the first of each two is returned.
    """
    if not is_complex(A):
        return jacobi.all_singular_values(A, weights)
    return jacobi.all_singular_values(real_matrix(A), [*weights, *weights])[::2]


def _real_form(A: Any, b: Any) -> tuple[Array, Array] | None:
    """The real form of a complex problem, or None if neither array is complex.

    Raises ValueError for what `check_any_problem` refuses.
    """
    if "c" not in (getattr(getattr(array, "dtype", None), "kind", "") for array in (A, b)):
        return None
    check_any_problem(A, b)
    return real_matrix(A), real_vectors(b)


def _folded(truth: Certificate, A: Array, b: Array) -> Certificate:
    """The certificate of a complex problem from that of its real form."""
    if truth.rank % 2:
        raise NotCertifiedError(f"{truth.method}: rank {truth.rank} of the real form, where every σ is there twice")
    return replace(truth, digest=digest(A, b), m=A.shape[0], n=A.shape[1], rank=truth.rank // 2)
