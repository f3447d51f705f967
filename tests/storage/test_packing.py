"""Bytes that read back to the same bits, and bytes that do not are known."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lamm_robust import catalog
from lamm_robust.storage.packing import (
    pack,
    pack_certificate,
    pack_problem,
    pack_truncation,
    unpack,
    unpack_certificate,
    unpack_problem,
    unpack_truncation,
)
from lamm_robust.values import Array, Ball, Certificate, NotCertifiedError, Precision, Problem, Truncation
from tests.support.problems import by_hand, problem_of

ODD = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1.1, -(2.0**1000), 1e-40, -5e-324, 1e-310, 2.0**127]
PAYLOADS = np.array([0x7FC00001, 0xFFC12345, 0x7F800001, 0xFF812345], dtype="<u4")  # nan, each of another payload


def pack_arrays(*arrays: npt.NDArray[Any]) -> bytes:
    return pack({"a": [1, None, "µ\n"]}, *arrays)


def unpack_arrays(content: bytes) -> list[Array]:
    return unpack(content)[1]


def same(one: Array, other: Array) -> bool:
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("shape", [(12,), (2, 6), (6, 2), (2, 3, 2), (1, 2, 3, 2)])
def test_arrays_come_back_bit_for_bit(dtype: type, shape: tuple[int, ...]) -> None:
    with np.errstate(over="ignore", under="ignore"):
        array: Array = np.array(ODD).astype(dtype).reshape(shape)
    (found,) = unpack_arrays(pack_arrays(array))
    assert same(found, array)
    assert found.flags.writeable


def test_what_a_nan_carries_comes_back() -> None:
    for array in (PAYLOADS.view("<f4"), ((PAYLOADS.astype("<u8") | 0x7FF00000) << 32 | 7).view("<f8")):
        (found,) = unpack_arrays(pack_arrays(array))
        assert np.isnan(found).all()
        assert same(found, array)


def test_several_arrays_and_whole_numbers() -> None:
    arrays = [np.arange(6.0).reshape(2, 3), np.array([2**62, -1], dtype=np.int64), np.zeros((0, 3)), np.array(3.5)]
    head, found = unpack(pack_arrays(*arrays))
    assert head == {"a": [1, None, "µ\n"]}
    assert all(same(one, other) for one, other in zip(found, arrays, strict=True))


def test_layout_and_byte_order_do_not_matter() -> None:
    whole = np.arange(24.0).reshape(4, 6)
    for array in (whole[::2, 1:], whole.T, np.asfortranarray(whole), whole.astype(">f8"), whole.astype(">f8")[:, ::-2]):
        (found,) = unpack_arrays(pack_arrays(array))
        assert np.array_equal(found, array)
        assert found.dtype == np.float64
        assert found.dtype.isnative


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, np.clongdouble, np.int32, bool, object])
def test_other_types_are_refused_by_name(dtype: Any) -> None:
    with pytest.raises(ValueError, match="cannot be packed; accepted: float32, float64, complex64, complex128, int64"):
        pack_arrays(np.zeros(2, dtype=dtype))


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\n", b"{}\n", b"[]\n", b'{"arrays":3}\n', b'{"arrays":[["<f8"]]}\n', b'{"arrays":[["<f8",2]]}\n'),
        *(
            b'{"arrays":[["<f8",[true]]]}\n12345678',
            b'{"arrays":[["<f8",[-1]]]}\n',
            b'{"arrays":[["<f8",[2]]]}\n1234567',
        ),
        *(b'{"arrays":[["<f4",[1]]]}\n12345', b'{"arrays":[["|O8",[1]]]}\n12345678', b"[" * 100_000 + b"\n"),
        *(b'{"arrays":[["<f8",[1e400]]]}\n', b'{"arrays":[["<f8",[9999999999999,9999999999999]]]}\n'),
    ],
)
def test_other_bytes_are_known(content: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        unpack(content)


def test_what_is_left_over_is_counted() -> None:
    with pytest.raises(ValueError, match="^3 bytes are left over$"):
        unpack(pack_arrays(np.arange(6.0)) + b"and")


@pytest.mark.parametrize("name", ["x_radius", "balls", "kappa", "rank", "digest"])
def test_a_certificate_without_a_field_is_known(name: str) -> None:
    head, arrays = unpack(pack_certificate(CERTIFICATE))
    del head[name]
    with pytest.raises((ValueError, TypeError)):
        unpack_certificate(pack(head, *arrays))


def test_truncations_come_back() -> None:
    known = Truncation(CERTIFICATE, BALL)
    found = unpack_truncation(pack_truncation(known))
    assert isinstance(found, Truncation)
    assert equal(found.certificate, known.certificate)
    assert found.sigma_next == known.sigma_next


def test_why_there_is_no_truncation_comes_back() -> None:
    found = unpack_truncation(pack_truncation(NotCertifiedError("no gap after σ₁")))
    assert isinstance(found, NotCertifiedError)
    assert str(found) == "no gap after σ₁"


@pytest.mark.parametrize("b", [[1.0, 2.0], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_problems_come_back(dtype: Precision, b: list[Any]) -> None:
    problem = problem_of([[1.1, 2.0, 3.0], [4.0, 5e-40, 6.0]], b, dtype)
    found = unpack_problem(problem.key, pack_problem(problem))
    assert (found.key, found.digest) == (problem.key, problem.digest)


def equal(one: Certificate, other: Certificate) -> bool:
    arrays = all(same(getattr(one, name), getattr(other, name)) for name in ("x", "exponent"))
    without = [{k: v for k, v in vars(c).items() if k not in ("x", "exponent", "equilibrated")} for c in (one, other)]
    scaled = [c.equilibrated and vars(c.equilibrated) | {"exponents": None} for c in (one, other)]
    if one.equilibrated and other.equilibrated:
        arrays = arrays and np.array_equal(one.equilibrated.exponents, other.equilibrated.exponents)
    return arrays and without[0] == without[1] and scaled[0] == scaled[1]


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


BALL = Ball(Fraction(-(3**2000), 7**1500), Fraction(1, 2**5000))
ODD_CERTIFICATE = Certificate(
    method="µ", digest="0f" * 32, m=3, n=2, rank=1, x=np.array([[1.5, -0.0]]), exponent=np.array([2000, -2000]),
    x_radius=Fraction(0), residual_norm=(BALL, Ball(Fraction(0))), sigma_max=BALL, sigma_min=BALL, kappa=None,
    seconds=1 / 3,
)  # fmt: skip


def test_numbers_of_any_size_come_back() -> None:
    assert equal(unpack_certificate(pack_certificate(ODD_CERTIFICATE)), ODD_CERTIFICATE)


@pytest.mark.parametrize("power", [0, 7, 8, 15, 16, 63, 64, 4096])
def test_numbers_on_the_edge_of_a_byte_come_back(power: int) -> None:
    for number in (2**power - 1, 2**power, 2**power + 1):
        balls = tuple(Ball(Fraction(sign * number), Fraction(1, number or 1)) for sign in (1, -1))
        certificate = replace(ODD_CERTIFICATE, residual_norm=balls, kappa=balls[1])
        assert equal(unpack_certificate(pack_certificate(certificate)), certificate)


def damaged(whole: bytes) -> Iterator[bytes]:
    """Every truncation, every flipped bit, and some of both with other bytes on the way."""
    chance, number = random.Random(1), int.from_bytes(whole, "big")
    yield from (whole[:end] for end in range(len(whole)))
    yield from ((number ^ 1 << bit).to_bytes(len(whole), "big") for bit in range(8 * len(whole)))
    for _ in range(3000):
        changed = bytearray(whole)
        for _ in range(chance.randrange(1, 5)):
            changed[chance.randrange(len(whole))] = chance.randrange(256)
        yield bytes(changed[: chance.choice([len(whole), chance.randrange(len(whole))])])


PROBLEM = problem_of([[2.0, 0.0], [0.0, 0.5]], [1.0, 2.0])
CERTIFICATE = by_hand(PROBLEM, 2, [0.5, 4.0], residual_norm=0.0, sigma_max=2.0, sigma_min=0.5)
READERS = [
    pytest.param(unpack_arrays, pack_arrays(np.arange(6.0).reshape(2, 3), np.zeros(2)), np.ndarray, id="arrays"),
    pytest.param(partial(unpack_problem, PROBLEM.key), pack_problem(PROBLEM), Problem, id="problem"),
    pytest.param(unpack_certificate, pack_certificate(CERTIFICATE), Certificate, id="certificate"),
]


@pytest.mark.parametrize(("unpack", "whole", "kind"), READERS)
def test_what_is_damaged_reads_as_something_or_is_known(
    unpack: Callable[[bytes], Any], whole: bytes, kind: type
) -> None:
    found, errors = 0, 0
    for content in damaged(whole):
        try:
            value = unpack(content)
        except (ValueError, TypeError):
            errors += 1
        else:
            assert all(isinstance(one, kind) for one in (value if isinstance(value, list) else [value]))
            found += 1
    assert min(found, errors) > 100, "flipped bits of numbers are read, lost headers are not"
