"""Which cause a check names: that of most failures is the right one, and no other is guessed at."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from lamm_robust.check.judgement import Judgement
from lamm_robust.check.terms import Terms
from lamm_robust.testing import check_here
from lamm_robust.values import Array, Deficiency, Precision
from tests.support import broken
from tests.support.impostors import IMPOSTORS, Function, half_of_the_bits

GUESSES = frozenset(
    {"squares κ", "drops singular values", "float32", "keeps rounding errors", "no near matrix", "ridge"}
)
"""The reasons that say how the answer was computed."""

FAMILIES = ("spectrum", "columns", "named")  # not lines over unix times, where an SVD does drop singular values


def checked(function: Function, precision: Precision) -> Judgement:
    return check_here(function, Terms(Deficiency.FULL_RANK_ONLY, precision=precision, families=FAMILIES))


@pytest.mark.parametrize("function", IMPOSTORS, ids=lambda function: function.__name__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_cause_is_named_but_the_right_one(function: Function, precision: Precision) -> None:
    expected, found = IMPOSTORS[function], checked(function, precision)
    answered = [f.reason.name for f in found.failures if f.record.verdict in ("wrong", "inaccurate", "forward stable")]
    reasons = Counter(answered)
    if expected:
        assert reasons.most_common(1)[0][0] == expected, reasons
        assert reasons[expected] >= 3
    assert set(reasons) & GUESSES <= {expected}, reasons


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_half_of_the_bits_are_named() -> None:
    reasons = Counter(failure.reason.name for failure in checked(half_of_the_bits, "float64").failures)
    assert reasons.most_common(1)[0][0] == "float32"
    assert not set(reasons) & (GUESSES - {"float32"})


def reordered(A: Array, b: Array) -> Array:
    """Takes a matrix by rows for one by columns: another problem, of full rank, and sometimes with a long x."""
    return np.asarray(broken.x_of(A.T.reshape(A.shape), b))


class Fickle:
    """Right at the first call with an input; then wrong at the third, of a strided array, or at all others."""

    def __init__(self) -> None:
        self.calls: Counter[bytes] = Counter()

    def __call__(self, A: Array, b: Array) -> Array:
        self.calls[key := A.tobytes() + b.tobytes()] += 1
        x, call = broken.x_of(A, b), self.calls[key]
        return x[::-1].copy() if call == 3 or (call > 1 and zlib.crc32(key) % 2) else x


@pytest.mark.parametrize("make", [lambda: reordered, Fickle], ids=["reordered", "fickle"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_rank_and_no_layout_is_named_where_neither_is_the_cause(
    make: Callable[[], Function], precision: Precision
) -> None:
    found = check_here(make(), Terms(precision=precision, families=("exact_rank", "right_sides")))
    reasons = Counter(failure.reason.name for failure in found.failures)
    assert sum(reasons.values()) >= 10
    assert not set(reasons) & (GUESSES | {"depends on the layout"}), reasons
