"""What the page of a check says in words beside its numbers: where a safe κ ended, and what is no praise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lamm_robust.check.judgement import Judgement, Terms
from lamm_robust.check.page import page
from lamm_robust.reports.grading import is_graded
from lamm_robust.testing import check_here
from lamm_robust.values import Array, Deficiency
from tests.support import broken

FAMILIES = ("spectrum",)


@pytest.fixture(autouse=True)
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamm_robust.workers.repeats.REPEATS", (2, 2))  # nothing here is about time


def judged(solve: Callable[[Array, Array], Any], **terms: Any) -> Judgement:
    return check_here(solve, replace(Terms(families=FAMILIES, contract=Deficiency.FULL_RANK_ONLY), **terms))


def line(found: Judgement, name: str) -> str:
    """What the page says behind a name."""
    (said,) = (text[13:] for text in page(found).splitlines() if text.startswith(f"{name} "))
    return said


def zeroed(A: Array, b: Array) -> Array:
    x = broken.qr(A, b)
    x[-1] = 0
    return x


def test_the_end_of_the_grid_is_no_failure() -> None:
    found = judged(broken.qr)
    assert line(found, "safe κ") == "to 1e12 backward stably, to 1e12 forward stably, the largest tried"
    assert " column-wise stably, the largest tried; none lost by sizes up to " in line(found, "columns")
    assert found.row.forward_safe_kappa == max(r.kappa for r in found.records if r.regime == "resolvable")


def test_a_failure_is_not_the_end_of_the_grid() -> None:
    found = judged(broken.normal_equations)
    assert line(found, "safe κ") == "to 10 backward stably, to 1e3 forward stably"
    assert "the largest tried" not in page(found)


def test_what_the_contract_does_not_cover_was_tried_all_the_same() -> None:
    def careful(A: Array, b: Array) -> Array:
        if np.linalg.cond(A) > 2e3:
            raise np.linalg.LinAlgError("too ill-conditioned")
        return broken.qr(A, b)

    found = judged(careful, max_cond=2e3)
    assert not found.failures
    assert found.row.forward_safe_kappa == max(r.kappa for r in found.records if is_graded(r))
    assert "the largest tried" not in page(found)


def test_where_no_column_is_right_none_is_praised() -> None:
    assert line(judged(zeroed), "columns") == "nowhere column-wise stably"
    assert line(judged(zeroed), "safe κ") == "nowhere backward stably, nowhere forward stably"


def test_modified_gram_schmidt_is_no_normal_equations_alone() -> None:
    def gram_schmidt(A: Array, b: Array) -> Array:
        """Modified Gram–Schmidt, and x from R and Qᵀb: the loss of orthogonality, uκ, enters x by another κ."""
        Q, R = A.copy(), np.zeros((A.shape[1], A.shape[1]))
        for k in range(A.shape[1]):
            R[k, k] = np.linalg.norm(Q[:, k])
            Q[:, k] /= R[k, k]
            R[k, k + 1 :] = Q[:, k] @ Q[:, k + 1 :]
            Q[:, k + 1 :] -= np.outer(Q[:, k], R[k, k + 1 :])
        return np.asarray(np.linalg.solve(R, Q.T @ b))

    found = judged(gram_schmidt, require="backward-stable")
    said = {failure.why for failure in found.failures if failure.reason.name == "squares κ"}
    assert said
    assert all(why.endswith(": normal equations, or Gram–Schmidt with Qᵀb?") for why in said)
