"""Layouts: the numbers are the same, the memory is not."""

from __future__ import annotations

import numpy as np
import pytest

from lamm_robust.workers.layouts import LAYOUTS, by_columns, read_only, strided

A = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (4, 1), (1, 4), (5,), (0, 3), (3, 0), (0,)])
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_numbers_stay_and_memory_is_not_shared(layout: object, shape: tuple[int, ...]) -> None:
    given = np.arange(float(np.prod(shape)), dtype="float32").reshape(shape)
    found = next(one for one in LAYOUTS if one is layout).copy(given)
    assert (found.dtype, found.shape, found.tobytes()) == (given.dtype, given.shape, given.tobytes())
    assert not np.shares_memory(found, given)


def test_flags() -> None:
    assert (by_columns(A).flags.f_contiguous, by_columns(A).flags.c_contiguous) == (True, False)
    assert (strided(A).flags.f_contiguous, strided(A).flags.c_contiguous) == (False, False)
    assert not strided(A[:, 0]).flags.c_contiguous
    assert read_only(A).flags.c_contiguous
    assert [one.copy(A).flags.writeable for one in LAYOUTS] == [True, True, False]


def test_what_lies_between_strided_numbers_is_no_number() -> None:
    whole = strided(A).base
    assert whole is not None
    assert np.isnan(whole[:, 1::2]).all()
