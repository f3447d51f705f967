"""What the page of a check says in words beside its numbers: where a safe κ ended, and what is no praise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lamm_robust.check.judgement import Judgement
from lamm_robust.check.page import page
from lamm_robust.check.terms import Terms
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


def raises(A: Array, b: Array) -> Array:
    raise RuntimeError("always")


def refuses(A: Array, b: Array) -> Array:
    raise np.linalg.LinAlgError("always")


@pytest.mark.parametrize(
    ("solve", "passed"), [(raises, 0), (refuses, 3), (lambda A, b: None, 0), (zeroed, 0), (broken.qr, 3)]
)
def test_beyond_the_precision_what_breaks_has_passed_nothing(solve: Any, passed: int) -> None:
    words = f"{passed} of 3 problems with κ beyond the precision passed: to fit, or to warn, is all they ask"
    assert line(judged(solve), "beyond") == words


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


def least_squares(A: Array, b: Array) -> Array:
    return np.linalg.lstsq(A, b, rcond=None)[0]


def guarded(A: Array, b: Array) -> Array:
    if np.linalg.matrix_rank(A) < min(A.shape):
        raise np.linalg.LinAlgError("no full rank")
    return least_squares(A, b)


def lucky(A: Array, b: Array) -> Array:
    return guarded(A, b) if A.any() else least_squares(A, b)


def normal(A: Array, b: Array) -> Array:
    return np.linalg.solve(A.T @ A, A.T @ b)


def nothing(A: Array, b: Array) -> None:
    pass


def crashing(A: Array, b: Array) -> None:
    raise RuntimeError("no")


@pytest.mark.parametrize(
    ("solve", "words"),
    [
        (guarded, "solves no problem without full rank: --contract full_rank_only asks for none"),
        (normal, "solves no problem without full rank: --contract full_rank_only asks for none"),
        (lucky, "solves 1 of 26 problems without full rank: --contract full_rank_only asks for none"),
        (least_squares, ""),
        (nothing, ""),
        (crashing, ""),
        (lambda A, b: np.zeros((A.shape[1], *b.shape[1:])), ""),
    ],
)
def test_who_is_for_full_rank_alone_is_told_so(solve: Callable[[Array, Array], Any], words: str) -> None:
    found = judged(solve, families=("raw", "exact_rank"), contract=Deficiency.MINIMUM_NORM)
    notes = [text for text in page(found).splitlines() if "without full rank" in text]
    assert notes == ([f"note         {words}"] if words else [])


def test_a_failure_for_lack_of_rank_is_seen_to_be_one() -> None:
    text = page(judged(guarded, families=("raw", "exact_rank"), contract=Deficiency.MINIMUM_NORM))
    assert "\nFails first at A = 0, rank 0 of 1: raised LinAlgError: no full rank" in text
    assert "\n  2×1, no κ, rank 0 of 1, refused: raised LinAlgError: no full rank\n" in text
    assert "\n  2×2, κ = 1, rank 1 of 2, refused: raised LinAlgError: no full rank\n" in text


@pytest.mark.parametrize("solve", [nothing, crashing])
def test_who_answers_nothing_has_neither_ratio_nor_time(solve: Callable[[Array, Array], Any]) -> None:
    found = judged(solve)
    assert np.isnan(found.row.safe_ratio)
    assert line(found, "time") == "– in the median"
    assert not [text for text in page(found).splitlines() if text.startswith("columns ")]
