"""Every certificate holds the exact rational answer, and a bound that is too small is found out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from types import ModuleType

import numpy as np
import pytest

from lamm_robust import row_sums
from lamm_robust.error_free import Doubles, to_doubles
from lamm_robust.oracles import (
    ball,
    bounds,
    eigenvalues,
    exact,
    extremes,
    inverse,
    long,
    refinement,
    smallest,
    verified,
)
from lamm_robust.values import PRECISIONS, Array, Certificate, NotCertifiedError
from tests.support.hard import hard, why_false

FAST, SLOW = range(400), range(1000, 22_000)
"""Seeds: the fast ones take some seconds, the slow ones some minutes."""

Certify = Callable[[Array, Array], Certificate]


@lru_cache(maxsize=len(FAST))
def exactly(seed: int) -> tuple[str, Array, Array, Certificate]:
    """A problem, and its rational answer, which no sabotage of another oracle reaches."""
    kind, A, b = hard(seed)
    return kind, A, b, exact.certify(A, b)


def false_certificates(certify: Certify, seeds: Iterable[int], counts: Counter[tuple[str, str]]) -> Iterator[str]:
    """What an oracle says that is not so, with the seed; how often it certifies and refuses each kind is counted."""
    for seed in seeds:
        kind, A, b, answer = exactly(seed)
        try:
            certificate = certify(A, b)
        except NotCertifiedError:
            ended = "refused"
        else:
            ended = "certified"
            if why := why_false(certificate, answer):
                yield f"seed {seed} ({kind}): {why}"
        counts[kind, ended] += 1


def table(counts: Counter[tuple[str, str]]) -> str:
    """How many of each kind were certified and refused."""
    kinds = sorted({kind for kind, _ in counts})
    return "\n".join(f"{kind:40}{counts[kind, 'certified']:8}{counts[kind, 'refused']:8}" for kind in kinds)


def by_sums(A: Array, b: Array) -> Certificate:
    """What sums over rows prove, three rows at a time, although A is not long; nothing is summed where it is empty."""
    if not A.size:
        return exact.certify(A, b)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_sums, "ROWS", 3)
        patch.setattr(row_sums, "BLOCKS", 2)
        found = long.certify(A, b)
    if found is None:
        raise NotCertifiedError("the entries of a column differ too much")
    return found


def as_if_large(A: Array, b: Array) -> Certificate:
    """What `verified` proves in the way of large matrices, although A is none."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (bounds, eigenvalues, extremes, inverse, verified):
            patch.setattr(module, "BLOCK", 1)
        return verified.certify(A, b)


ORACLES = {"verified": verified.certify, "large": as_if_large, "ball": ball.certify, "sums": by_sums}


@pytest.mark.parametrize("certify", ORACLES.values(), ids=ORACLES)
def test_certificates_hold_the_exact_answer(certify: Certify) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    assert not list(false_certificates(certify, FAST, counts))
    assert not any(counts[f"κ up to 1e6, {precision}", "refused"] for precision in PRECISIONS)
    edge = [
        sum(counts[f"at the edge of the range, {p}", ended] for p in PRECISIONS) for ended in ("certified", "refused")
    ]
    assert edge[0] > 10 * edge[1], "but for subnormal numbers of few bits, which may be deficient"
    if certify is ball.certify:
        assert {ended for _, ended in counts} == {"certified"}, "balls refuse nothing"
    elif certify is by_sums:
        assert {kind for kind, ended in counts if ended == "refused"} == {"badly scaled, float64"}
    else:
        assert counts["deficient, float64", "refused"], "and rank deficiency is"


@pytest.mark.slow
@pytest.mark.parametrize("certify", ORACLES.values(), ids=ORACLES)
def test_certificates_hold_the_exact_answer_at_length(certify: Certify, capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    found = list(false_certificates(certify, SLOW, counts))
    with capsys.disabled():
        print(f"\n{len(SLOW)} problems: {len(found)} false certificates; certified and refused:\n{table(counts)}")
    assert not found


# --- sabotage: each makes one bound too small, or one product inexact ------------------------------------------------


def plain_product(A: Doubles, x: Doubles) -> Doubles:
    """Ax in float64, as if that were exact."""
    found: Doubles = np.einsum("cmn,cn->cm", to_doubles(A.transpose(2, 0, 1, 3)), to_doubles(x))[np.newaxis]
    return found


SABOTAGE: dict[str, tuple[ModuleType, str, object]] = {
    "residual in plain float64": (refinement, "product", plain_product),
    "α understated": (inverse, "symmetric_norm", lambda M: np.zeros(len(M))),
    "radius a thousandth": (refinement, "norm", lambda v: 1e-3 * bounds.norm(v)),
    "no bound on the scaling of S": (refinement, "frobenius", lambda M: np.ones(len(M))),
    "σ from a float64 eigenvalue, rounded up": (
        extremes,
        "largest_eigenvalue",
        lambda H, error: (np.linalg.eigvalsh(H)[..., -1] * (1 + 1e-12), np.linalg.eigvalsh(H)[..., -1] * (1 + 2e-12)),
    ),
}


SABOTAGE_OF_LARGE: dict[str, tuple[ModuleType, str, object]] = {
    "W in float64": (smallest, "exact_products", lambda factor, V: (V + factor.near @ V, 0.0)),
    "α understated": (inverse, "row_sum_norm", lambda M: np.zeros(len(M))),
    "no error of plain products": (inverse, "plain_error", lambda B, S: np.zeros(len(B))),
    "residual in plain float64": SABOTAGE["residual in plain float64"],
}


@pytest.mark.parametrize("kind", SABOTAGE_OF_LARGE)
def test_sabotage_of_large_matrices_is_found_out(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*SABOTAGE_OF_LARGE[kind])
    assert any(false_certificates(as_if_large, FAST, Counter()))


@pytest.mark.parametrize("kind", SABOTAGE)
def test_sabotage_is_found_out(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*SABOTAGE[kind])
    assert any(false_certificates(verified.certify, FAST, Counter()))
