"""Certificates of complex problems against Gaussian rationals, and sabotage of the real form that is found out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from lamm_robust import oracles
from lamm_robust.embedding import real_matrix, real_vectors
from lamm_robust.oracles import complex_
from lamm_robust.oracles.plain_values import decimals, facts, shorter
from lamm_robust.values import Array, Ball, Certificate, NotCertifiedError, digest
from tests.support import gaussian
from tests.support.gaussian import KINDS, Answer

FAST, SLOW = range(160), range(1000, 6200)
"""Seeds: the fast ones take a second, the slow ones a minute."""

NEAR = 1e-9
"""How well NumPy's SVD knows the largest and the smallest singular value where it is asked here."""

Certify = Callable[[Array, Array], Certificate]


@lru_cache(maxsize=len(FAST))
def exactly(seed: int) -> tuple[str, Array, Array, Answer]:
    """A problem, and its answer over Gaussian rationals, which no sabotage reaches."""
    kind, A, b = gaussian.problem(seed)
    return kind, A, b, gaussian.answer(A, b)


def why_false(found: Certificate, A: Array, b: Array, answer: Answer) -> str:
    """What a certificate says that is not so; empty if there is nothing."""
    if (found.m, found.n) != A.shape or found.digest != digest(A, b):
        return "it is about another problem"
    if found.rank != answer.rank:
        return f"rank {found.rank}, not {answer.rank}"
    entries = [entry for row in answer.x for entry in row]
    truth = [*(entry.real for entry in entries), *(entry.imag for entry in entries)]
    away = sum(((p - q) ** 2 for p, q in zip(oracles.stored(found).flat, truth, strict=True)), Fraction(0))
    if away > found.x_radius**2:
        return "x★ is outside its radius"
    for ball, square in zip(found.residual_norm, answer.residual_squares, strict=True):
        if not max(ball.mid - ball.radius, Fraction(0)) ** 2 <= square <= (ball.mid + ball.radius) ** 2:
            return "the residual is outside its ball"
    return why_false_sigmas(found, A)


def why_false_sigmas(found: Certificate, A: Array) -> str:
    """What a certificate says of σ₁ and σ_r that is not so, as far as NumPy's SVD of A itself can tell."""
    if found.rank == 0:
        return "" if found.kappa is None and not found.sigma_max.mid else "κ of zero"
    sigma = np.linalg.svd(A.astype(np.complex128), compute_uv=False)
    for name, ball, value in (("σ₁", found.sigma_max, sigma[0]), ("σ_r", found.sigma_min, sigma[found.rank - 1])):
        if value > 1e-5 * sigma[0] and abs(float(ball) / value - 1) > NEAR:
            return f"{name} is {float(ball)}, not {value}"
    return ""


def false_certificates(certify: Certify, seeds: Iterable[int], counts: Counter[str]) -> Iterator[str]:
    """What an oracle says of these problems that is not so; what it certifies of each kind is counted."""
    for seed in seeds:
        kind, A, b, answer = exactly(seed)
        try:
            found = certify(A, b)
        except NotCertifiedError:
            continue
        counts[kind] += 1
        if why := why_false(found, A, b, answer):
            yield f"seed {seed} ({kind}): {why}"


@pytest.mark.parametrize("name", ["exact", "verified", "ball", "auto"])
def test_certificates_hold_the_gaussian_answer(name: str) -> None:
    counts: Counter[str] = Counter()
    assert not list(false_certificates(oracles.select(name).certify, FAST, counts))
    if name == "verified":
        assert counts["floats"] == len(FAST) // len(KINDS) > counts["deficient Gaussian integers"]
    else:
        assert counts == dict.fromkeys(KINDS, len(FAST) // len(KINDS))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["exact", "verified", "ball"])
def test_certificates_hold_the_gaussian_answer_at_length(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counter[str] = Counter()
    found = list(false_certificates(oracles.select(name).certify, SLOW, counts))
    with capsys.disabled():
        print(f"\n{name}: {sum(counts.values())} of {len(SLOW)} certified, {len(found)} false: {dict(counts)}")
    assert not found


def blocks(A: Array, signs: tuple[int, int, int]) -> Array:
    """[[Re, s·Im], [t·Im, u·Re]]: the real form is the one with signs −1, 1, 1."""
    s, t, u = signs
    return np.block([[A.real, s * A.imag], [t * A.imag, u * A.real]])


SABOTAGE: dict[str, tuple[str, Any]] = {
    "A is conjugated": ("real_matrix", lambda A: blocks(A, (1, -1, 1))),
    "a sign is missing": ("real_matrix", lambda A: blocks(A, (1, 1, 1))),
    "parts of A are exchanged": ("real_matrix", lambda A: real_matrix(1j * A.conj())),
    "b is conjugated": ("real_vectors", lambda b: real_vectors(b.conj())),
    "b has its parts exchanged": ("real_vectors", lambda b: np.concatenate([b.imag, b.real])),
    "the imaginary part of b is lost": ("real_vectors", lambda b: np.concatenate([b.real, 0 * b.imag])),
    "one bit of A is lost": ("real_matrix", lambda A: real_matrix(A * (1 + 2.0**-52))),
}


@pytest.mark.parametrize("kind", SABOTAGE)
def test_sabotage_is_found_out(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, wrong = SABOTAGE[kind]
    monkeypatch.setattr(complex_, name, wrong)
    assert any(false_certificates(oracles.select("exact").certify, FAST, Counter()))


def test_a_rank_that_is_not_halved_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setattr(complex_, "replace", lambda truth, **changed: replace(truth, **{**changed, "rank": truth.rank}))
    assert any(false_certificates(oracles.select("exact").certify, FAST, Counter()))


# --- by hand --------------------------------------------------------------------------------------------------------


def column(*entries: complex) -> Array:
    return np.array(entries, dtype=np.complex128)


UNITARY: Any = np.array([[1, 1j], [1j, 1]]) / 2  # times √2; entries are exact


def test_a_problem_worked_out_by_hand() -> None:
    # a single column (1, i): x★ = (1·b₁ − i·b₂)/2, where a transpose would divide by 1 + i² = 0
    A, b = column(1, 1j)[:, np.newaxis], column(2, 2j)
    found = oracles.AUTO.certify(A, b)
    assert found.rank == 1
    assert found.is_complex
    assert oracles.stored(found).tolist() == [2, 0]
    assert float(found.sigma_max) == pytest.approx(2**0.5, rel=1e-15)
    assert float(found.kappa or 0) == 1
    assert float(found.residual_norm[0]) == 0


def test_singular_values_are_there_once_each() -> None:
    sigma = oracles.all_singular_values(UNITARY @ np.diag([4, 0.25 + 0j]))
    assert [float(one) for one in sigma] == pytest.approx([4 / 2**0.5, 0.25 / 2**0.5], rel=1e-15)


def test_truncation_of_a_complex_matrix() -> None:
    A, b = UNITARY @ np.diag([4, 0.25 + 0j]), np.array([1, 1j])
    found = oracles.truncate(A, b, 1)
    # A₁ keeps the first column 4·(1, i)/2 only: x = (conj(1)·1 + conj(i)·i)/(2·2) = 1/2, and no residual
    assert found.certificate.rank == 1
    assert np.array(oracles.stored(found.certificate).tolist(), dtype=float) == pytest.approx([0.5, 0, 0, 0], abs=1e-18)
    assert float(found.sigma_next) == pytest.approx(0.25 / 2**0.5, rel=1e-15)
    for wrong in (0, 2, True):
        with pytest.raises(ValueError, match="accepted is 1 to 1 for a 2×2 matrix"):
            oracles.truncate(A, b, wrong)


def test_weights_of_a_complex_problem() -> None:
    # a mean of 1 and 3i with the weights 3 and 1
    A, b = np.ones((2, 1), complex), np.array([1, 3j])
    found = oracles.certify_weighted(A, b, [Fraction(3), Fraction(1)])
    assert oracles.stored(found).tolist() == [Fraction(3, 4), Fraction(3, 4)]


def test_many_at_once_in_their_order() -> None:
    problems = [gaussian.problem(seed)[1:] for seed in range(12)]
    real = np.eye(3), np.ones(3)
    together = oracles.certify_all([real, *problems])
    assert isinstance(together[0], Certificate)
    assert not together[0].is_complex
    for (A, b), found in zip(problems, together[1:], strict=True):
        assert isinstance(found, Certificate)
        assert not why_false(found, A, b, gaussian.answer(A, b))


def test_a_complex_form_of_real_numbers_has_the_real_truth() -> None:
    rng = np.random.default_rng(5)
    A, b = rng.standard_normal((7, 3)), rng.standard_normal(7)
    real, same = oracles.AUTO.certify(A, b), oracles.AUTO.certify(*(v.astype("complex128") for v in (A, b)))
    x = oracles.stored(same)
    assert (x[:3] == oracles.stored(real)).all()
    assert not x[3:].any()
    assert (same.rank, same.m, same.n) == (real.rank, real.m, real.n)
    assert float(same.kappa or 0) == pytest.approx(float(real.kappa or 1), rel=1e-12)


@pytest.mark.parametrize(
    ("A", "b", "why"),
    [
        (np.ones((2, 1), complex), np.ones(2), "b is float64 but A is complex128"),
        (np.ones((2, 1)), np.ones(2, complex), "b is complex128 but A is float64"),
        (np.ones((2, 1), complex), np.array([1, complex(0, np.inf)]), r"b\[1\] is infj; every entry"),
        (np.ones((2, 1), np.clongdouble), np.ones(2, np.clongdouble), "accepted are float32, float64, complex64 and"),
        (np.ones(2, complex), np.ones(2, complex), "A has 1 dimensions"),
    ],
)
def test_what_is_refused_is_named(A: Array, b: Array, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        oracles.AUTO.certify(A, b)


def test_complex_numbers_are_printed_and_read() -> None:
    A, b = np.array([[1 + 2j, 3], [4, 5 - 1j]]), np.array([1e-30 - 1e-30j, 0])
    found = oracles.AUTO.certify(A, b)
    printed, radius = decimals(found)
    exact = gaussian.answer(A, b).x
    for text, (entry,) in zip(printed, exact, strict=True):
        near = complex(text)
        assert abs(near - complex(float(entry.real), float(entry.imag))) <= 1e-15 * abs(near)
    rows, wider = shorter([[entry] for entry in printed], radius, 5)
    assert [complex(row[0]) for row in rows] == pytest.approx([complex(entry) for entry in printed], rel=1e-4)
    assert float(radius) < float(wider) < 1e-4 * 1e-30
    assert (facts(found)["n"], len(facts(found)["x"])) == (2, 2)


def test_balls_of_sigmas_agree_with_a_unitary_matrix() -> None:
    found = oracles.AUTO.certify(UNITARY, np.array([1, 0j]))
    assert abs(found.sigma_max.mid**2 - Fraction(1, 2)) < Fraction(1, 10**9)
    assert isinstance(found.kappa, Ball)
    assert abs(found.kappa.mid - 1) <= found.kappa.radius
