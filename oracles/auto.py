"""The `auto` oracle: the cheapest that can prove a problem, and many problems of a few shapes at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from lamm_robust.values import Array, Certificate, NotCertifiedError
from oracles import enclosed, exact, verified
from oracles.check import check_problem

SMALL = 20_000
"""m·n·min(m, n) up to which `exact` is asked first: milliseconds there, as `verified` takes, and of radius zero."""

BALL_COLUMNS = 100
"""min(m, n) from which `ball` is faster than `exact`, whose rationals have hundreds of thousands of bits there."""


def certify(A: Array, b: Array) -> Certificate:
    """Prove the certificate of min ‖Ax − b‖₂; A is m×n, b has length m or is m×k.

    Raises ValueError for what `check_problem` refuses, and NotCertifiedError when nothing proves it.
    """
    check_problem(A, b)
    if A.size * min(A.shape) > SMALL:
        try:
            return verified.certify(A, b)
        except NotCertifiedError:
            pass
    return without_rounding(A, b)


def without_rounding(A: Array, b: Array) -> Certificate:
    """What `verified` refuses, for whatever reason."""
    return enclosed.certify(A, b) if min(A.shape) >= BALL_COLUMNS else exact.certify(A, b)


def certify_all(problems: Sequence[tuple[Array, Array]]) -> list[Certificate | NotCertifiedError]:
    """Certify many problems (A, b); those of one shape and dtype together. What nothing proves is an error in the list.

    Raises ValueError for what `check_problem` refuses, before anything is certified.
    """
    alike: dict[object, list[int]] = defaultdict(list)
    for i, (A, b) in enumerate(problems):
        check_problem(A, b)
        alike[A.shape, b.shape, A.dtype].append(i)
    found: dict[int, Certificate | NotCertifiedError] = {}
    for indices in alike.values():
        for first in range(0, len(indices), verified.STACK):
            chosen = indices[first : first + verified.STACK]
            found.update(zip(chosen, verified.certify_stack([problems[i] for i in chosen]), strict=True))
    for i, certificate in found.items():
        if isinstance(certificate, NotCertifiedError):
            found[i] = _or_error(*problems[i])
    return [found[i] for i in range(len(problems))]


def _or_error(A: Array, b: Array) -> Certificate | NotCertifiedError:
    try:
        return without_rounding(A, b)
    except NotCertifiedError as error:
        return error
