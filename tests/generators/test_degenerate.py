"""Problems at the edge: what is stored is what was asked, and the truth of it is known without an oracle."""

from __future__ import annotations

from typing import Any

import pytest

from lamm_robust.generators.degenerate import MATRICES, TARGETS, build, grid, matrices, targets
from lamm_robust.oracles import select, stored
from lamm_robust.values import PRECISIONS, PROFILES, Precision

EXACT = select("exact")

dtypes = pytest.mark.parametrize("dtype", PRECISIONS)


@dtypes
@pytest.mark.parametrize("profile", [profile.name for profile in PROFILES])
def test_matrix_and_target_are_those_asked(profile: str, dtype: Precision) -> None:
    for params in grid(profile, dtype):
        named: dict[str, Any] = dict(params)
        A, b = build(dtype, **named)
        m, n, matrix, target = (named[name] for name in ("m", "n", "matrix", "target"))
        assert (A.shape, b.shape) == ((m, n), (m,))
        assert all(float(v).is_integer() and abs(v) <= 100 for v in (*A.flat, *b.flat))
        assert int(A.any(axis=0).sum()) == {"column": 1, "zero": 0}.get(matrix, n)
        assert int(A.any(axis=1).sum()) == {"row": 1, "zero": 0}.get(matrix, m)
        assert b.any() == (target != "zero")
        assert (A.T @ b).any() == (target == "general")  # whole numbers: the product is exact


@dtypes
@pytest.mark.parametrize("profile", ["small", "standard"])
def test_the_truth_is_the_expected_one(profile: str, dtype: Precision) -> None:
    for params in grid(profile, dtype):
        named: dict[str, Any] = dict(params)
        A, b = build(dtype, **named)
        truth = EXACT.certify(A, b)
        assert truth.rank == {"zero": 0, "dense": min(A.shape)}.get(named["matrix"], 1)
        assert stored(truth).any() == (named["target"] == "general")
        if named["target"] != "general":
            squares = sum(int(v) ** 2 for v in b)
            assert abs(float(truth.residual_norm[0].mid ** 2) - squares) <= 1e-12 * squares


@pytest.mark.parametrize(
    ("m", "n", "matrix", "expected"),
    [
        (0, 0, "zero", {"zero"}),
        (0, 3, "zero", {"zero"}),
        (3, 0, "zero", {"zero", "orthogonal"}),
        (3, 3, "zero", {"zero", "orthogonal"}),
        (1, 3, "row", {"zero", "general"}),
        (3, 1, "column", {"zero", "general", "orthogonal"}),
        (3, 3, "dense", {"zero", "general"}),
        (4, 3, "dense", {"zero", "general", "orthogonal"}),
    ],
)
def test_every_target_that_there_is_can_be_asked_for_and_no_other(
    m: int, n: int, matrix: str, expected: set[str]
) -> None:
    assert matrix in matrices(m, n)
    assert set(targets(m, n, matrix)) == expected
    for target in TARGETS:
        if target in expected:
            assert build("float32", m=m, n=n, matrix=matrix, target=target, seed=1)[1].shape == (m,)
        else:
            with pytest.raises(ValueError, match=f"target is '{target}'; where m={m} and rank="):
                build("float32", m=m, n=n, matrix=matrix, target=target, seed=1)


def test_a_matrix_without_entries_is_a_zero_matrix() -> None:
    for matrix in MATRICES[1:]:
        with pytest.raises(ValueError, match=f"matrix is '{matrix}'; where A is 0×3 and has no entries"):
            build("float64", m=0, n=3, matrix=matrix, target="zero", seed=0)


def test_the_place_of_the_column_or_row_depends_on_the_seed() -> None:
    places = set()
    for seed in range(60):
        A, _ = build("float64", m=6, n=6, matrix="row", target="zero", seed=seed)
        B, _ = build("float64", m=6, n=6, matrix="column", target="zero", seed=seed)
        places |= {("row", int(A.any(axis=1).argmax())), ("column", int(B.any(axis=0).argmax()))}
    assert len(places) == 12
