"""The nouns: what makes two problems one, and how they are printed."""

from __future__ import annotations

import numpy as np

from lamm_robust.values import Case, Problem, ProblemKey, Variant, digest

KEY = ProblemKey("given", (("m", 2),), "float64")


def test_a_problem_is_its_shapes_its_dtype_and_its_bits() -> None:
    A, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 0.0])
    one = Problem(KEY, A, b)
    assert (one.m, one.n, one.digest) == (2, 2, digest(A, b))
    same = (np.asfortranarray(A), b), (A.astype(">f8"), b.astype(">f8"))
    assert {digest(*pair) for pair in same} == {one.digest}
    others = (A.astype(np.float32), b.astype(np.float32)), (A.reshape(1, 4), b), (A, b[:, np.newaxis]), (A, -b)
    assert len({one.digest, *(digest(*pair) for pair in others)}) == 5, "the last differs in the sign of a zero, too"


def test_names_are_keys() -> None:
    case = Case(KEY, Variant("numpy", "qr", "float64", "cpu"))
    assert str(case) == "given m=2 dtype=float64 @ numpy-qr-float64-cpu"
