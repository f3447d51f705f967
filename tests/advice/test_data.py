"""What is left out of data before it is advised on, and that it is said."""

from __future__ import annotations

import numpy as np
import pytest

from lamm_robust.advice.data import WORK, Data, prepare


def data_of(A: object, b: object, first_row: int = 0) -> Data:
    array = np.array(A)
    return Data("'x'", array, np.array(b), tuple(f"c{j}" for j in range(array.shape[-1])), first_row)


def test_rows_with_missing_values_are_left_out_and_named() -> None:
    found = prepare(data_of([[1.0, 2.0], [np.nan, 1.0], [3.0, 4.0], [5.0, np.inf]], [1.0, 2.0, np.nan, 4.0], 2))
    assert found.A.tolist() == [[1.0, 2.0]]
    assert found.b.tolist() == [1.0]
    (note,) = found.notes
    assert note.startswith("3 rows of 4 left out, with NaN, ∞ or nothing in c0 in row 3, b in row 4, c1 in row 5:")


def test_what_is_no_problem_is_refused() -> None:
    for A, b, words in (
        ([[np.nan]], [1.0], "every row has a missing value"),
        ([[1.0], [2.0]], [1.0], "A is (2, 1) and b (1,)"),
        (np.ones((2, 0)), [1.0, 1.0], "there is nothing to advise on"),
        (np.ones((1, 1), np.float32), [1.0], "A is float32 and b float64"),
    ):
        with pytest.raises(ValueError, match="'x'") as raised:
            prepare(data_of(A, b))
        assert words in str(raised.value)


def test_a_large_problem_is_sampled_and_says_so() -> None:
    m, n = 2 * WORK // 25, 5
    A = np.repeat(np.arange(m, dtype=np.float64)[:, np.newaxis], n, axis=1)
    found = prepare(data_of(A, np.arange(m, dtype=np.float64)))
    assert len(found.A) == WORK // 25
    assert (found.A[:, 0] == found.b).all()  # rows stay together
    assert len(set(found.b.tolist())) == len(found.b)
    assert found.notes == (f"a sample of {WORK // 25} of {m} rows: digits and times are of the sample",)
    assert prepare(data_of(A[: WORK // 25], A[: WORK // 25, 0])).notes == ()


def test_a_problem_of_another_precision_has_the_same_numbers() -> None:
    data = data_of(np.array([[0.1], [0.2]], np.float32), np.array([0.3, 0.4], np.float32))
    found = data.problem("float64")
    assert found.A.dtype == np.float64
    assert (found.A == data.A).all()
    assert data.precision == "float32"
