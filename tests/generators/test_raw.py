"""Entries as they are: what is written is what is read, bit for bit, and what the small matrices are listed for."""

from __future__ import annotations

import math
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from lamm_robust import catalog
from lamm_robust.generators import build_problem
from lamm_robust.generators.raw import (
    ABOVE_ONE,
    MAX_ENTRIES,
    SMALL,
    build,
    grid,
    key_text,
    literals,
    read_entries,
    strategy,
)
from lamm_robust.keys import parse_key
from lamm_robust.oracles import select, stored
from lamm_robust.values import PRECISIONS, Array, Certificate, Precision, ProblemKey

EXACT = select("exact")


def same(left: Array, right: Array) -> bool:
    """Bits, so that −0 is not 0."""
    return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()


def truth(reason: str, dtype: Precision = "float64") -> Certificate:
    A, b = literals(dtype)[reason]
    return EXACT.certify(*build(dtype, A=A, b=b))


def test_entries_by_hand() -> None:
    A, b = build("float64", A="1,2.5;-3e-4,0x1.8p-3", b="1,2")
    assert A.tolist() == [[1.0, 2.5], [-0.0003, 0.1875]]
    assert b.tolist() == [1.0, 2.0]
    A, b = build("float32", A=3, b=0.1)
    assert (A.shape, b.shape, A.dtype.name) == ((1, 1), (1,), "float32")
    assert b[0] == np.float32(0.1)
    A, b = build("float64", A="1;2", b="1,2,3;4,5,6")
    assert (A.shape, b.shape) == ((2, 1), (2, 3))
    assert build("float64", A="1;2", b="1;2")[1].shape == (2, 1)


def test_the_example_of_a_key() -> None:
    problem = catalog.build_problem(parse_key("raw A=1,2;3,4 b=1,2 dtype=float64"))
    assert problem.A.tolist() == [[1, 2], [3, 4]]
    assert str(problem.key) == "raw A=1,2;3,4 b=1,2 dtype=float64"


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_what_is_drawn_is_what_is_read_from_the_key(dtype: Precision) -> None:
    drawn: list[Array] = []

    @hypothesis.settings(max_examples=300, derandomize=True, deadline=None, database=None)
    @hypothesis.given(strategy(dtype))
    def check(params: dict[str, Any]) -> None:
        key = ProblemKey("raw", tuple(params.items()), dtype)
        problem = build_problem(key)
        pasted = parse_key(str(key))
        again = catalog.build_problem(pasted)
        assert pasted == key
        assert same(problem.A, again.A)
        assert same(problem.b, again.b)
        drawn.append(problem.A)

    check()
    sizes = np.abs(np.concatenate([A.ravel() for A in drawn]))
    facts = np.finfo(dtype)
    assert np.any((sizes > 0) & (sizes < facts.tiny)), "subnormal numbers"
    assert np.any(sizes > np.sqrt(facts.max)), "numbers whose squares overflow"
    assert np.mean((sizes <= 9) & (sizes == np.round(sizes))) > 0.3, "small whole numbers"
    # not all at once: what Hypothesis draws depends on the numbers in whatever modules are imported
    assert {len(A) for A in drawn} == set(range(1, 7))
    assert {A.shape[1] for A in drawn} == set(range(1, 5))


@pytest.mark.parametrize("dtype", PRECISIONS)
@hypothesis.settings(max_examples=300, derandomize=True, deadline=None, database=None)
@hypothesis.given(data=st.data())
def test_text_gives_the_same_bits_back(dtype: Precision, data: st.DataObject) -> None:
    number = st.floats(allow_nan=False, allow_infinity=False, width=32 if dtype == "float32" else 64)
    rows = data.draw(
        st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(number, min_size=n, max_size=n), min_size=1))
    )
    A, _ = build(dtype, A=key_text(rows), b=key_text([[0.0] * len(rows)]))
    assert same(A, np.array(rows, dtype=dtype))


@pytest.mark.parametrize(
    ("rows", "written"),
    [
        ([[3.0]], 3),
        ([[0.5]], 0.5),
        ([[-0.0]], -0.0),
        ([[1.0, -2.0], [1e20, 5e-324]], "1,-2;1e+20,5e-324"),
        ([[-0.0, 0.0]], "-0.0,0"),
        ([[2.0**53, 2.0**53 - 1]], "9007199254740992.0,9007199254740991"),
    ],
)
def test_text_is_short_and_a_single_entry_is_a_number(rows: list[list[float]], written: Any) -> None:
    assert key_text(rows) == written
    assert type(key_text(rows)) is type(written)
    if isinstance(written, float):
        assert math.copysign(1, key_text(rows)) == math.copysign(1, written)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"A": "1,x;3,4"}, r"A\[0,1\] is 'x'; accepted are finite numbers of float32: decimal or hexadecimal"),
        ({"A": "1,2;3,"}, r"A\[1,1\] is ''; accepted are finite"),
        ({"A": "1,2;nan,4"}, r"A\[1,0\] is 'nan'; accepted are finite"),
        ({"A": "1,2;3,-inf"}, r"A\[1,1\] is '-inf'; accepted are finite"),
        ({"A": "1,2;3,1e39"}, r"A\[1,1\] is '1e39'; accepted are finite numbers of float32"),
        ({"A": "1,2;3,0x1p2000"}, r"A\[1,1\] is '0x1p2000'; accepted are finite"),
        ({"A": "1,2;3,0xg"}, r"A\[1,1\] is '0xg'; accepted are finite"),
        ({"A": "1, 2;3,4"}, r"A\[0,1\] is ' 2'; accepted are finite numbers of float32: .* without spaces"),
        ({"A": "1,2;3"}, "A has rows of 2, 1 entries; accepted are rows of the same length"),
        ({"A": ""}, r"A\[0,0\] is ''; accepted are finite"),
        ({"A": True}, "A is True; accepted are decimal or hexadecimal numbers, ',' between them"),
        ({"A": None}, "A is None; accepted are decimal or hexadecimal numbers"),
        ({"A": math.inf}, r"A\[0,0\] is 'inf'; accepted are finite"),
        ({"A": 10**400}, r"A\[0,0\] is '10*'; accepted are finite"),
        (
            {"A": ",".join(["1"] * (MAX_ENTRIES + 1))},
            f"A has {MAX_ENTRIES + 1} entries; accepted are up to {MAX_ENTRIES}",
        ),
        ({"b": "1,2,3"}, "b has 3 entries but A has 2 rows; accepted is the same number"),
        ({"b": 1}, "b has 1 entries but A has 2 rows; accepted is the same number"),
        ({"b": "1,y"}, r"b\[0,1\] is 'y'; accepted are finite"),
        ({"b": "1;2;3"}, "b has 3 entries but A has 2 rows"),
    ],
)
def test_bad_text_is_refused_by_the_entry(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match="^" + sentence):
        build("float32", **({"A": "1,2;3,4", "b": "1,2"} | changed))


# --- the list -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_the_list_is_tiny_and_has_every_shape_and_rank(dtype: Precision) -> None:
    for profile, count in (("small", SMALL), ("standard", 20)):
        found = set()
        listed = [dict(params) for params in grid(profile, dtype)]
        assert len(listed) >= count
        for params in listed:
            key = ProblemKey("raw", tuple(params.items()), dtype)
            assert parse_key(str(key)) == key
            A, b = build(dtype, **params)
            assert A.size <= 9
            certificate = EXACT.certify(A, b)
            m, n = A.shape
            found |= {(int(np.sign(m - n)), certificate.rank == min(m, n))}
            assert np.all(np.isfinite(np.ldexp(certificate.x[0], certificate.exponent).astype(dtype)))
        assert {(1, True), (0, True), (-1, True), (0, False), (1, False)} <= found


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_what_they_are_listed_for(dtype: Precision) -> None:
    eps = float(np.finfo(dtype).eps)
    assert float.fromhex(ABOVE_ONE[dtype]) == 1 + eps
    near = truth("rank two by one unit in the last place", dtype)
    assert near.rank == 2
    assert near.kappa is not None
    assert float(near.kappa) == pytest.approx(4 / eps, rel=0.01)
    assert truth("rank one, exactly", dtype).rank == 1
    assert truth("a vector of zeros", dtype).rank == 0
    assert not any(stored(truth("a division by zero, of which x★ is 0", dtype)))
    orthogonal = truth("b is orthogonal to the range: x★ = 0", dtype)
    assert not any(stored(orthogonal))
    assert orthogonal.residual_norm[0].mid > 1
    assert stored(truth("the smallest number there is", dtype)).tolist() == [1]
    assert stored(truth("the squares of the largest number overflow", dtype)).tolist() == [1, 1]
    A, _ = build(dtype, A=literals(dtype)["Läuchli: AᵀA is singular once it is rounded"][0], b="0,0,0")
    assert (A.T @ A).tolist() == [[1, 1], [1, 1]]
    assert np.linalg.matrix_rank(A.astype(np.float64)) == 2


def test_complex_entries_by_hand() -> None:
    A, b = build("complex64", A="1+2j,-3j;0x1p-1-1e-2j,4", b="1e3+0x1.8j,-0-0.0j")
    assert A.dtype.name == b.dtype.name == "complex64"
    assert same(A, np.array([[1 + 2j, complex(0, -3)], [complex(0.5, -0.01), 4]], dtype=np.complex64))
    assert b.tolist()[0] == 1000 + 1.5j
    for text, value in {
        "1e-5j": 1e-5j,
        "1e-5-2E-7j": 1e-5 - 2e-7j,
        ".5+1.j": 0.5 + 1j,
        "-0x1.8p-3+0x1p2j": -0.1875 + 4j,
        "0x1e-5j": 30 - 5j,
        "2": 2,
    }.items():
        assert build("complex128", A=text, b=1)[0].tolist() == [[value]], text


@hypothesis.given(data=st.data())
def test_complex_text_gives_the_same_bits_back(data: st.DataObject) -> None:
    numbers = st.complex_numbers(allow_nan=False, allow_infinity=False) | st.floats(
        allow_nan=False, allow_infinity=False
    )
    rows = data.draw(st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=1, max_size=3))
    rows = [[complex(v) for v in row] for row in rows]
    assert same(read_entries("A", key_text(rows), "complex128"), np.array(rows, dtype=np.complex128))


@pytest.mark.parametrize("entry", ["j", "1+j", "1+2", "1+2jj", "1+nanj", "1e999+1j", "1 +2j", "1+2i", "(1+2j)"])
def test_bad_complex_text_is_refused_by_the_entry(entry: str) -> None:
    with pytest.raises(ValueError, match=r"A\[0,0\] is '.*'; accepted are finite numbers of (complex|float)"):
        build("complex128", A=entry, b=1)
    with pytest.raises(ValueError, match="accepted are finite numbers of float64"):
        build("float64", A="1+2j", b=1)
