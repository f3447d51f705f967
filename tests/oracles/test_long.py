"""Problems of many rows and few columns: sums over rows against rational arithmetic, at the limits of exactness."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lamm_robust import row_sums
from lamm_robust.oracles import auto, certify_all, exact, long, stored, verified
from lamm_robust.oracles.exact import certify_integers, rational_answers
from lamm_robust.values import Array, Certificate, NotCertifiedError
from tests.support.hard import why_false
from tests.support.rational import pseudo_inverse


def by_integers(A: Array, b: Array) -> Certificate:
    """The same problem by exact rationals of all its entries."""
    return certify_integers("exact", A, b, rational_answers)


def random_problem(m: int, n: int, dtype: str = "float64", seed: int = 0) -> tuple[Array, Array]:
    """Normal entries in columns of several sizes, two right-hand sides."""
    generator = np.random.default_rng(seed)
    A = generator.standard_normal((m, n)) * 2.0 ** generator.integers(-9, 9, n)
    return A.astype(dtype), generator.standard_normal((m, 2)).astype(dtype)


def same(one: Certificate, other: Certificate) -> bool:
    """Whether two certificates hold the same truth, that with columns of one size, too."""
    if why_false(one, other) or (one.equilibrated is None) != (other.equilibrated is None):
        return False
    if one.equilibrated is None or other.equilibrated is None:
        return True
    apart = abs(one.equilibrated.kappa.mid - other.equilibrated.kappa.mid)
    near = apart <= one.equilibrated.kappa.radius + other.equilibrated.kappa.radius
    return near and bool((one.equilibrated.exponents == other.equilibrated.exponents).all())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_over_rows_hold_what_rationals_say(dtype: str) -> None:
    A, b = random_problem(20_500, 3, dtype)  # three blocks, the last of them short
    found = long.certify(A, b)
    assert found
    assert same(found, by_integers(A, b))
    assert found.method == "exact"


def test_deficient_columns_and_zeros() -> None:
    A, b = random_problem(200, 4)
    deficient = np.column_stack([A[:, 0], 2 * A[:, 0], A[:, 2], np.zeros(200)])
    zero_column = np.column_stack([A[:, :3], np.zeros(200)])
    for matrix in (deficient, zero_column, np.zeros((200, 3)), A[:, :1]):
        found = long.certify(matrix, b)
        assert found
        assert same(found, by_integers(matrix, b))


def test_the_shortest_solution_by_elimination() -> None:
    A = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9], [1, 1, 1], [0, 2, 4]], dtype=np.float64)
    b = np.array([1.0, -2.0, 0.5, 3.0, 0.25])
    found = long.certify(A, b)
    assert found
    plus = pseudo_inverse([[Fraction(v) for v in row] for row in A.tolist()])
    answer = [sum((p * Fraction(v) for p, v in zip(row, b.tolist(), strict=True)), Fraction(0)) for row in plus]
    assert found.rank == 2
    assert sum(((p - q) ** 2 for p, q in zip(stored(found), answer, strict=True)), Fraction(0)) <= found.x_radius**2


def test_sums_are_exact_where_every_digit_is_as_large_as_it_can_be() -> None:
    unit, half = 2.0**-row_sums.BITS, 2.0 ** (row_sums.BITS - 1)
    largest = half * unit * (0.5 + unit / 2)  # digits of half a base, and of half a base again
    rows = 3 * row_sums.ROWS
    A, b = np.full((rows, 1), largest), np.full((rows, 1), -largest)
    sums = row_sums.row_sums(A, b)
    assert sums
    value = Fraction(largest) ** 2 * rows
    assert sums.norm_square(0) == sums.norm_square(1) == value
    N, exponent = sums.block(slice(0, 1), slice(1, 2))
    assert N[0][0] * Fraction(2) ** exponent == -value


@pytest.mark.parametrize(("name", "value"), [("BITS", 25), ("BLOCKS", 2**13)])
def test_digits_or_sums_that_are_too_long_are_found_out(name: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_sums, name, value)
    if name == "BLOCKS":
        monkeypatch.setattr(row_sums, "ROWS", 8)
        monkeypatch.setattr(row_sums, "BITS", 26)  # sums of 8 are exact
        A = np.full((8 * 3000, 1), 2.0**26 - 1)
    else:
        A = np.random.default_rng(0).uniform(0.5, 1, (row_sums.ROWS, 1))
    sums = row_sums.row_sums(A, A)
    assert sums
    assert sums.norm_square(0) != sum(Fraction(v) ** 2 for v in A[:, 0].tolist())


def test_entries_of_one_column_that_differ_too_much_go_to_rationals(monkeypatch: pytest.MonkeyPatch) -> None:
    A, b = random_problem(100, 2)
    for tiny in (1e-200, 5e-324):  # digits are left over; and a number that scaling takes to zero
        A[:2, 0] = 1e300, tiny
        assert long.certify(A, b) is None
    monkeypatch.setattr(long, "LONG", 100)
    assert same(exact.certify(A, b), by_integers(A, b))


def test_auto_asks_sums_for_long_problems_alone_and_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("not asked")

    A, b = random_problem(long.LONG, 2)
    monkeypatch.setattr(exact, "certify_integers", refuse)
    monkeypatch.setattr(verified, "certify", refuse)
    assert auto.certify(A, b).method == "exact"
    short = random_problem(300, 10)
    found = certify_all([(A, b), short, (A, b)])
    methods = [one.method for one in found if not isinstance(one, NotCertifiedError)]
    assert methods == ["exact", "verified", "exact"]


def test_few_columns_of_a_and_b_are_counted_together() -> None:
    A = np.ones((long.LONG, long.FEW - 1))
    assert long.is_long(A, A[:, 0])
    assert not long.is_long(A, A[:, :2])
    assert not long.is_long(A[1:], A[1:, 0])
    assert not long.is_long(A[:, :0], A[:, 0])
