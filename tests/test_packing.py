"""Bytes that read back to the same bits, and bytes that do not are known."""

from __future__ import annotations

import math
import random
import struct
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.packing import (
    pack_arrays,
    pack_certificate,
    pack_problem,
    unpack_arrays,
    unpack_certificate,
    unpack_problem,
)
from lamm_robust.values import Array, Ball, Certificate, Precision
from tests.problems import problem_of

ODD = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1.1, -(2.0**1000)]


def same(one: Array, other: Array) -> bool:
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(8,), (2, 4), (4, 2), (2, 2, 2), (1, 8, 1)])
def test_arrays_come_back_bit_for_bit(dtype: type, shape: tuple[int, ...]) -> None:
    with np.errstate(over="ignore", under="ignore"):
        array: Array = np.array(ODD).astype(dtype).reshape(shape)
    (found,) = unpack_arrays(pack_arrays(array))
    assert same(found, array)
    assert found.flags.writeable


def test_several_arrays_and_whole_numbers() -> None:
    arrays = [np.arange(6.0).reshape(2, 3), np.array([2**62, -1], dtype=np.int64), np.zeros((0, 3)), np.array(3.5)]
    found = unpack_arrays(b"head" + pack_arrays(*arrays), 4)
    assert all(same(one, other) for one, other in zip(found, arrays, strict=True))


def test_layout_and_byte_order_do_not_matter() -> None:
    whole = np.arange(24.0).reshape(4, 6)
    for array in (whole[::2, 1:], whole.T, np.asfortranarray(whole), whole.astype(">f8")):
        (found,) = unpack_arrays(pack_arrays(array))
        assert np.array_equal(found, array)
        assert found.dtype == np.float64
        assert found.dtype.isnative


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, np.complex128, np.int32, bool, object])
def test_other_types_are_refused_by_name(dtype: Any) -> None:
    with pytest.raises(ValueError, match="cannot be packed; accepted: float32, float64, int64"):
        pack_arrays(np.zeros(2, dtype=dtype))


def test_what_is_no_array_is_known() -> None:
    whole, chance, errors = pack_arrays(np.arange(6.0).reshape(2, 3), np.zeros(2)), random.Random(1), 0
    for _ in range(3000):
        damaged = bytearray(whole[: chance.randrange(len(whole) + 1)])
        for _ in range(chance.randrange(3)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            assert all(isinstance(array, np.ndarray) for array in unpack_arrays(bytes(damaged)))
        except (ValueError, struct.error):
            errors += 1
    assert 0 < errors < 3000


@pytest.mark.parametrize("b", [[1.0, 2.0], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_problems_come_back(dtype: Precision, b: list[Any]) -> None:
    problem = problem_of([[1.1, 2.0, 3.0], [4.0, 5e-40, 6.0]], b, dtype)
    found = unpack_problem(problem.key, pack_problem(problem))
    assert (found.key, found.digest) == (problem.key, problem.digest)


def equal(one: Certificate, other: Certificate) -> bool:
    arrays = all(same(getattr(one, name), getattr(other, name)) for name in ("x", "exponent"))
    without = [{k: v for k, v in vars(c).items() if k not in ("x", "exponent")} for c in (one, other)]
    return arrays and without[0] == without[1]


@pytest.mark.parametrize("oracle", ["exact", "mpmath"])
@pytest.mark.parametrize(
    ("A", "b"),
    [
        ([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]], [1.0, 2.0, 4.0]),
        ([[1.0, 2.0], [2.0, 4.0]], [[1.0, 0.0], [0.0, 1.0]]),
        ([[0.0, 0.0]], [1.0]),
        ([[1e-300, 1e300]], [1e-200]),
    ],
)
def test_certificates_come_back(oracle: str, A: list[Any], b: list[Any]) -> None:
    problem = problem_of(A, b)
    certificate = catalog.ORACLES[oracle].certify(problem.A, problem.b)
    assert equal(unpack_certificate(pack_certificate(certificate)), certificate)


def test_numbers_of_any_size_come_back() -> None:
    ball = Ball(Fraction(-(3**2000), 7**1500), Fraction(1, 2**5000))
    certificate = Certificate(
        method="µ", digest="0f" * 32, m=3, n=2, rank=1, x=np.array([[1.5, -0.0]]), exponent=np.array([2000, -2000]),
        x_radius=Fraction(0), residual_norm=(ball, Ball(Fraction(0))), sigma_max=ball, sigma_min=ball, kappa=None,
        seconds=1 / 3,
    )  # fmt: skip
    assert equal(unpack_certificate(pack_certificate(certificate)), certificate)
