"""The mpmath oracle, and the two oracles against each other: they share no algorithm."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from lamm_robust.oracles import mpmath_, stored
from lamm_robust.oracles.exact import certify as prove
from lamm_robust.oracles.mpmath_ import GUARD_DIGITS, agreed_rank, agreement, certify, lowest_bit, proof_digits, span
from lamm_robust.values import Array, Ball, Certificate, NotCertifiedError


def graded(m: int, n: int, decades: int, seed: int) -> Array:
    """A with κ near 10**decades; only its rounded bits matter."""
    g = np.random.default_rng(seed)
    U, _ = np.linalg.qr(g.standard_normal((max(m, n), min(m, n))))
    V, _ = np.linalg.qr(g.standard_normal((min(m, n), min(m, n))))
    A = U * np.logspace(0, -decades, min(m, n)) @ V.T
    return np.ascontiguousarray(A if m >= n else A.T)


def deficient(m: int, n: int, rank: int, seed: int) -> Array:
    g = np.random.default_rng(seed)
    return (g.integers(-99, 99, (m, rank)) @ g.integers(-99, 99, (rank, n))).astype(np.float64)


def targets(m: int, k: int = 0, seed: int = 11) -> Array:
    return np.random.default_rng(seed).standard_normal((m, k) if k else m)


PROBLEMS: dict[str, tuple[Array, Array]] = {
    "tall": (graded(12, 5, 2, 1), targets(12)),
    "tall kappa 1e15": (graded(12, 5, 15, 2), targets(12)),
    "square kappa 1e12": (graded(6, 6, 12, 3), targets(6)),
    "wide kappa 1e15": (graded(4, 9, 15, 4), targets(4)),
    "two right-hand sides": (graded(9, 4, 6, 5), targets(9, 2)),
    "float32 tall": (graded(9, 4, 5, 6).astype(np.float32), targets(9).astype(np.float32)),
    "float32 deficient": (deficient(7, 5, 3, 7).astype(np.float32), targets(7).astype(np.float32)),
    "deficient tall": (deficient(9, 5, 3, 8), targets(9)),
    "deficient wide": (deficient(4, 8, 2, 9), targets(4, 2)),
    "rank one": (deficient(5, 5, 1, 10), targets(5)),
    "rank zero": (np.zeros((3, 2)), targets(3)),
    "consistent": (deficient(6, 4, 4, 12), deficient(6, 4, 4, 12) @ np.array([1.0, -2.0, 3.0, 4.0])),
    "b = 0": (graded(5, 3, 1, 13), np.zeros(5)),
    "A up, b down": (graded(7, 4, 9, 14) * 2.0**900, targets(7) * 2.0**-900),
    "A down, b up": (deficient(7, 4, 2, 15) * 2.0**-900, targets(7) * 2.0**900),
    "one by one": (np.array([[3.0]]), np.array([1.0])),
    "tiny but full rank": (np.diag([1.0, 1e-300]), np.array([1.0, 1.0])),
    "last bit": (np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-52], [1.0, 1.0]]), np.array([1.0, 2.0, 3.0])),
    "hilbert": (np.array([[1.0 / (i + j + 1) for j in range(8)] for i in range(10)]), targets(10)),
    "vandermonde": (np.vander(np.linspace(-1.0, 1.0, 12), 7, increasing=True), targets(12)),
}


def overlap(one: Ball, other: Ball) -> bool:
    return abs(one.mid - other.mid) <= one.radius + other.radius


def distance_squared(one: Certificate, other: Certificate) -> Fraction:
    return sum(((v - w) ** 2 for v, w in zip(stored(one).flat, stored(other).flat, strict=True)), Fraction(0))


@pytest.mark.parametrize("name", PROBLEMS)
def test_oracles_agree(name: str) -> None:
    A, b = PROBLEMS[name]
    proved, computed = prove(A, b), certify(A, b)
    size = sum((v * v for v in stored(proved).flat), Fraction(0))
    assert computed.rank == proved.rank
    assert computed.x.shape == proved.x.shape
    assert distance_squared(proved, computed) <= (proved.x_radius + computed.x_radius) ** 2
    assert proved.x_radius**2 <= size / 10**120
    assert computed.x_radius**2 <= size / 10**80
    assert overlap(proved.sigma_max, computed.sigma_max)
    assert overlap(proved.sigma_min, computed.sigma_min)
    assert (proved.kappa is None) == (computed.kappa is None)
    for r, s in zip(proved.residual_norm, computed.residual_norm, strict=True):
        assert overlap(r, s)
        assert s.radius <= Fraction(1, 10**40) * max(Fraction(float(v)) for v in [np.abs(b).max()])


def test_hand_computed() -> None:
    certificate = certify(np.array([[1.0, 2.0], [2.0, 4.0]]), np.array([3.0, 5.0]))
    (r,) = certificate.residual_norm
    error = sum((v - w) ** 2 for v, w in zip(stored(certificate), [Fraction(13, 25), Fraction(26, 25)], strict=True))
    assert (certificate.method, certificate.rank) == ("mpmath", 1)
    assert 0 < error <= certificate.x_radius**2 <= Fraction(1, 10**100)
    assert (r.mid - r.radius) ** 2 <= Fraction(1, 5) <= (r.mid + r.radius) ** 2
    assert overlap(certificate.sigma_max, Ball(Fraction(5)))
    assert certificate.sigma_max == certificate.sigma_min


def test_radius_comes_from_the_digits_that_agree() -> None:
    ball = agreement(Fraction(1), Fraction(1) + Fraction(1, 10**30), digits=50)
    assert ball.mid == Fraction(1) + Fraction(1, 10**30)
    assert Fraction(10, 10**30) <= ball.radius <= Fraction(11, 10**30)
    assert agreement(Fraction(2), Fraction(2), digits=50).radius == Fraction(2, 10**50)
    assert agreement(Fraction(0), Fraction(0), digits=50).radius == 0


def test_rank_rule() -> None:
    """At 50 and 70 digits: what stays counts, what falls below 1e-60 does not, the rest is open."""
    tiny = Fraction(1, 10**40)
    assert agreed_rank([Fraction(1), tiny], [Fraction(1), tiny], (50, 70)) == 2
    assert agreed_rank([Fraction(1), Fraction(1, 10**300)], [Fraction(1), Fraction(1, 10**300)], (50, 70)) == 2
    assert agreed_rank([Fraction(1), Fraction(1, 10**51)], [Fraction(1), Fraction(3, 10**71)], (50, 70)) == 1
    assert agreed_rank([Fraction(0), Fraction(0)], [Fraction(0), Fraction(0)], (50, 70)) == 0
    with pytest.raises(NotCertifiedError, match="σ_2 neither stays nor falls"):
        agreed_rank([Fraction(1), Fraction(1, 10**51)], [Fraction(1), Fraction(1, 10**58)], (50, 70))


def test_precision_follows_the_span_of_the_data() -> None:
    assert span(np.array([1.0])) == 17
    assert span(np.array([1.0], dtype=np.float32)) == 8
    assert 316 <= span(np.array([1.0, 0.0, 1e-300])) <= 318
    assert span(np.zeros(2)) == 1


def test_singular_value_far_below_the_spare_digits() -> None:
    """σ₂ ≈ 2⁻⁴⁰⁰ is seen because the precision follows the span of the data."""
    A = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 2.0**-400]])
    assert certify(A, np.ones(3)).rank == 2


@pytest.mark.parametrize(
    "A",
    [
        np.eye(12) + 2.0**40 * np.eye(12, k=1),  # σ₁₂ ≈ 2^-440: full rank, below every first noise floor
        np.eye(6) + 2.0**300 * np.eye(6, k=1),
        np.eye(9, 10) + 2.0**-30 * np.eye(9, 10, k=1),
    ],
)
def test_a_tiny_singular_value_is_not_taken_for_zero(A: np.ndarray) -> None:
    b = np.ones(len(A))
    proved, computed = prove(A, b), certify(A, b)
    assert computed.rank == proved.rank == len(A)
    assert distance_squared(proved, computed) <= (proved.x_radius + computed.x_radius) ** 2
    assert overlap(proved.sigma_min, computed.sigma_min)


def test_proof_digits_by_hand() -> None:
    # M = [[1, 4], [0, 8]]: bits = 4 − 0 + log₂√4 = 5, twice, in digits 10·log₁₀2 = 3.01…, and the guard
    assert lowest_bit(0.75) == -2
    assert lowest_bit(-8.0) == 3
    assert proof_digits(np.array([[1.0, 4.0], [0.0, 8.0]])) == 4 + GUARD_DIGITS
    assert proof_digits(np.array([[0.5, 2.0], [0.0, 4.0]])) == 4 + GUARD_DIGITS


def test_grows_past_the_first_precisions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mpmath_, "precisions", lambda _A, _b: iter((20, 30, 60, 120, 180)))
    A, b = PROBLEMS["tall kappa 1e15"]
    grown, proved = certify(A, b), prove(A, b)
    assert grown.rank == proved.rank == 5
    assert distance_squared(proved, grown) <= (proved.x_radius + grown.x_radius) ** 2


@pytest.mark.parametrize("A", [[[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 1.0], [1.0, 2.0]], [[1.0], [1e-200]]])
def test_zero_pivot(A: list[list[float]]) -> None:
    """mpmath's qr_solve divides by zero where the pivot of a column is exactly zero."""
    matrix, b = np.array(A), np.arange(1.0, 1.0 + len(A))
    computed, proved = certify(matrix, b), prove(matrix, b)
    assert computed.rank == proved.rank == matrix.shape[1]
    assert distance_squared(proved, computed) <= (proved.x_radius + computed.x_radius) ** 2


def test_gives_up_in_a_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mpmath_, "precisions", lambda _A, _b: iter((16, 20)))
    A, b = PROBLEMS["tall kappa 1e15"]
    with pytest.raises(NotCertifiedError, match=r"mpmath at 16 and 20 digits: "):
        certify(A, b)


def test_zero_solution_is_not_guessed() -> None:
    """b ⟂ range A: a computed x of 1e-80 cannot prove zero; the exact oracle can."""
    A, b = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]]), np.array([1.0, -2.0, 1.0])
    with pytest.raises(NotCertifiedError, match="it may be zero"):
        certify(A, b)
    assert not prove(A, b).x.any()


def test_global_precision_is_untouched() -> None:
    before = mpmath.mp.dps, mpmath.mp.prec
    certify(*PROBLEMS["deficient tall"])
    assert (mpmath.mp.dps, mpmath.mp.prec) == before == (15, 53)
