"""The `auto` oracle: the cheapest that can prove a problem, and many problems of a few shapes at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from lamm_robust.oracles import ball, exact, verified
from lamm_robust.oracles.long import is_long
from lamm_robust.oracles.validation import check_problem
from lamm_robust.values import Array, Certificate, NotCertifiedError

SMALL = 20_000
"""The largest m·n·min(m, n) at which `exact` is asked first: it takes milliseconds, as `verified` does, and its radius
is zero."""

BALL_COLUMNS = 100
"""The min(m, n) from which on `ball` is faster than `exact`, whose rationals have hundreds of thousands of bits."""


def certify(A: Array, b: Array) -> Certificate:
    """Prove the certificate of min ‖Ax − b‖₂; A is m×n, b has length m or is m×k.

    Small problems and those of many rows and few columns go to `exact` at once. Raises ValueError for what
    `check_problem` refuses, and NotCertifiedError when nothing proves it.
    """
    check_problem(A, b)
    if A.size * min(A.shape) > SMALL and not is_long(A, b):
        try:
            return verified.certify(A, b)
        except NotCertifiedError:
            pass
    return certify_without_floats(A, b)


def certify_without_floats(A: Array, b: Array) -> Certificate:
    """Prove by `ball` or `exact`, the faster of them, what `verified` cannot. Raises NotCertifiedError."""
    return ball.certify(A, b) if min(A.shape) >= BALL_COLUMNS else exact.certify(A, b)


def certify_all(problems: Iterable[Any]) -> list[Certificate | NotCertifiedError]:
    """Certify many pairs (A, b) by `verified`, those of one shape and dtype together, and return them in their order.

    What `verified` refuses goes to `ball` or `exact`, as do many rows of few columns, and what nothing proves is an
    error in the list. Raises ValueError, before anything is certified, for an item that is no pair or is refused by
    `check_problem`; it names the place in the list.
    """
    problems = list(problems)
    alike: dict[object, list[int]] = defaultdict(list)
    for i, pair in enumerate(problems):
        if not (isinstance(pair, tuple) and len(pair) == 2):
            raise ValueError(f"problem {i} is a {type(pair).__name__}; accepted is a pair (A, b)")
        A, b = pair
        try:
            check_problem(A, b)
        except ValueError as error:
            raise ValueError(f"problem {i}: {error}") from error
        alike[A.shape, b.shape, A.dtype].append(i)
    found: dict[int, Certificate | NotCertifiedError] = {}
    for indices in alike.values():
        if is_long(*problems[indices[0]]):
            continue
        for first in range(0, len(indices), verified.STACK):
            chosen = indices[first : first + verified.STACK]
            found.update(zip(chosen, verified.certify_stack([problems[i] for i in chosen]), strict=True))
    for i, (A, b) in enumerate(problems):
        if not isinstance(found.get(i), Certificate):
            found[i] = _certificate_or_error(A, b)
    return [found[i] for i in range(len(problems))]


def _certificate_or_error(A: Array, b: Array) -> Certificate | NotCertifiedError:
    try:
        return certify_without_floats(A, b)
    except NotCertifiedError as error:
        return error
