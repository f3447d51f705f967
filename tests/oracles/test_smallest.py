"""σ_r of large matrices by their own vectors: singular values that are known exactly, and vectors that are wrong."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from mpmath import mp

from lamm_robust.oracles import ball, extremes, guesses, inverse, smallest, verified
from lamm_robust.oracles.bounds import Doubles
from lamm_robust.oracles.eigenvalues import leading_pairs
from lamm_robust.values import Array, Ball, Certificate
from tests.support.hard import why_false

M, N = 256, 128


def hadamard(n: int) -> Doubles:
    """Entries ±1, and rows of one length that are orthogonal to each other (Sylvester)."""
    found: Doubles = np.array([[(-1.0) ** bin(i & j).count("1") for j in range(n)] for i in range(n)])
    return found


def known(values: list[int]) -> Doubles:
    """A matrix M×N of integers with exactly the singular values √(MN) times these N integers."""
    return (hadamard(M)[:, :N] * np.array(values, dtype=np.float64)) @ hadamard(N)


def holds(ball_: Ball, value: int) -> bool:
    """Whether √(MN)·value is in a ball, decided by squares."""
    lower, upper = max(ball_.mid - ball_.radius, Fraction(0)), ball_.mid + ball_.radius
    return lower**2 <= M * N * value**2 <= upper**2


def spread(least: int, beyond: float) -> list[int]:
    """N integers from `least` to 10^beyond times that, even in the logarithm."""
    return [round(least * 10 ** (beyond * i / (N - 1))) for i in range(N)]


SPECTRA: dict[str, tuple[list[int], bool]] = {
    "even in the logarithm, κ = 1e6": (spread(1000, 6.0), True),
    "even in the logarithm, κ = 1e10": (spread(3, 10.0), True),
    "one that is small": ([3] + [3 * 10**9 + 7 * i for i in range(N - 1)], True),
    "two that are equal": ([1001, 1001, *spread(3000, 5.0)[2:]], True),
    "two that are nearly equal": ([10**6, 10**6 + 1, *spread(2 * 10**6, 5.0)[2:]], True),
    "twelve that are equal": ([77] * 12 + spread(900, 5.0)[12:], True),
    "thirty that are nearly equal": ([10**4 + i for i in range(30)] + spread(10**5, 4.0)[30:], False),
    "half of them equal": ([5] * 64 + [10**8] * 64, False),
    "all equal": ([3] * N, False),
    "no gap": ([10**5 + i for i in range(N)], False),
}


@pytest.mark.parametrize("kind", SPECTRA)
def test_the_singular_values_of_scaled_hadamard_matrices(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values, by_vectors = SPECTRA[kind]
    told: list[bool] = []

    def watched(factor: guesses.Factor, pencils: list[guesses.Pencil]) -> list[tuple[float, float]] | None:
        found = smallest.largest_values(factor, pencils)
        told.append(found is not None)
        return found

    monkeypatch.setattr(extremes, "largest_values", watched)
    A = known(values)
    assert np.array_equal(A, np.rint(A)), "nothing is rounded"
    assert np.abs(A).max() < 2**53, "nothing is rounded"
    for matrix in (A, A.T.copy()):
        found = verified.certify(matrix, np.arange(len(matrix)) % 7 - 3.0)
        assert holds(found.sigma_min, min(values))
        assert holds(found.sigma_max, max(values))
        assert found.sigma_min.radius <= found.sigma_min.mid / 10**9
    assert all(told) if by_vectors else not any(told), "which way was taken"


@pytest.mark.parametrize("kind", ["even in the logarithm, κ = 1e6", "two that are nearly equal"])
def test_columns_of_any_scale_have_the_enclosures_of_balls(kind: str) -> None:
    A = known(SPECTRA[kind][0])[:, :70] * 2.0 ** np.random.default_rng(1).integers(-20, 20, 70)
    b = np.arange(M) % 5 - 2.0
    assert not why_false(verified.certify(A, b), ball.certify(A, b))


def test_sigma_of_a_graded_matrix_has_its_digits_in_high_precision() -> None:
    generator = np.random.default_rng(1)
    n = 70
    Q, _ = np.linalg.qr(generator.standard_normal((100, n)))
    P, _ = np.linalg.qr(generator.standard_normal((n, n)))
    A = (Q * np.logspace(0, -12, n)) @ P
    found = verified.certify(A, generator.standard_normal(100))
    with mp.workdps(60):  # the largest eigenvalue of (AᵀA)⁻¹ by its powers, and its residual as a bound
        G = mp.matrix(A.tolist())
        inverse_G = mp.inverse(G.T * G)
        v = mp.matrix(np.linalg.svd(A)[2][-1].tolist())
        for _ in range(45):
            v = inverse_G * v
            v /= mp.norm(v)
        image = inverse_G * v
        value = (v.T * image)[0]
        assert mp.norm(image - value * v) < 1e-15 * value
        mid, radius = (mp.mpf(part.numerator) / part.denominator for part in vars(found.sigma_min).values())
        assert abs(1 / mp.sqrt(value) - mid) <= radius
        assert radius < 1e-9 * mid


# --- wrong guesses ----------------------------------------------------------------------------------------------------


def problem(beyond: float = 8.0) -> tuple[Array, Array]:
    """A problem whose σ_r is known exactly, and takes the way by vectors."""
    return known(spread(7, beyond)), np.arange(M) % 7 - 3.0


def certified(A: Array, b: Array) -> Certificate:
    found = verified.certify(A, b)
    assert holds(found.sigma_min, 7)
    return found


@pytest.mark.parametrize("off", [1e-6, 1e-3, 0.1, 1.0])
def test_any_vectors_are_safe(off: float, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)

    def wrong(K: Doubles, share: float) -> tuple[Doubles, Doubles] | None:
        pairs = leading_pairs(K, share)
        assert pairs is not None
        noise = generator.standard_normal(pairs[1].shape) / np.sqrt(len(K))
        return pairs[0] * generator.uniform(1 - off / 2, 1, len(pairs[0])), pairs[1] + off * noise

    monkeypatch.setattr(guesses, "leading_pairs", wrong)
    certified(*problem())


def test_the_order_of_eigenvalues_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    true = np.linalg.eigh

    def reversed_if_two(H: Doubles, **how: Any) -> tuple[Doubles, Doubles]:
        values, vectors = true(H, **how)
        return (values[::-1], vectors[:, ::-1]) if len(H) == 2 else (values, vectors)

    monkeypatch.setattr(np.linalg, "eigh", reversed_if_two)
    A, b = known([1001, 1003, *spread(3000, 5.0)[2:]]), np.arange(M) % 7 - 3.0
    assert holds(verified.certify(A, b).sigma_min, 1001)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
@pytest.mark.parametrize("part", [0, 1])
def test_guesses_that_are_no_numbers_are_left(part: int, bad: float, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(K: Doubles, share: float) -> tuple[Doubles, Doubles] | None:
        pairs = leading_pairs(K, share)
        assert pairs is not None
        pairs[part][..., -1] = bad
        return pairs

    monkeypatch.setattr(guesses, "leading_pairs", wrong)
    with np.errstate(all="ignore"):
        certified(*problem())


@pytest.mark.parametrize("missing", [[-1], [-1, -2], [-2], [-3], [0]])
def test_vectors_may_be_missing(missing: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def some(K: Doubles, share: float) -> tuple[Doubles, Doubles] | None:
        pairs = leading_pairs(K, share)
        assert pairs is not None
        return np.delete(pairs[0], missing), np.delete(pairs[1], missing, axis=1)

    monkeypatch.setattr(guesses, "leading_pairs", some)
    certified(*problem())


@pytest.mark.parametrize("off", [1e-4, 0.01, 0.05])
def test_any_S_is_safe(off: float, monkeypatch: pytest.MonkeyPatch) -> None:
    true, generator = inverse.guess_inverse, np.random.default_rng(2)

    def wrong(B: Doubles) -> tuple[Doubles, inverse.Mask]:
        S, usable = true(B)
        n = S.shape[-1]
        return S @ (np.eye(n) + off * np.triu(generator.standard_normal(S.shape)) / np.sqrt(n)), usable

    monkeypatch.setattr(inverse, "guess_inverse", wrong)
    certified(*problem())


def test_nothing_below_the_diagonal_of_S_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    true = inverse.guess_inverse
    monkeypatch.setattr(inverse, "guess_inverse", lambda B: (true(B)[0] + np.tril(np.ones((N, N)), -1), true(B)[1]))
    certified(*problem())


def test_what_is_known_of_W_in_float64_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(3).standard_normal((N, N)) / N
    monkeypatch.setattr(extremes, "Factor", lambda *known: guesses.Factor(*known[:3], known[3] + noise, known[4]))  # type: ignore[call-arg]
    certified(*problem())


# --- each bound, where leaving it out would show ----------------------------------------------------------------------


def pencil_of(T_values: Doubles, off: float, seed: int = 0) -> tuple[guesses.Factor, guesses.Pencil, Doubles, float]:
    """A pencil (T, W) with ‖W − I‖ near `off`, the W itself, and its largest value.

    B and S are made so that W = (BS)ᵀ(BS) is known from them in float64: S is the identity.
    """
    generator, n = np.random.default_rng(seed), len(T_values)
    E = generator.standard_normal((n, n))
    W = np.eye(n) + off * (E + E.T) / np.linalg.norm(E + E.T, 2)
    P, _ = np.linalg.qr(generator.standard_normal((n, n)))
    F = (P * np.sqrt(T_values)) @ P.T
    nothing = np.zeros((n, 1, n))
    factor = guesses.Factor(nothing, nothing, np.ones(n), W - np.eye(n), off * 1.001)
    pencil = guesses.Pencil(F @ F.T, F, float(np.linalg.norm(F @ F.T)) * (1 + 1e-10))
    return factor, pencil, W, float(scipy.linalg.eigh(F.T @ F, W, eigvals_only=True)[-1])


def enclosed(
    monkeypatch: pytest.MonkeyPatch, T_values: Doubles, off: float, seed: int = 0
) -> tuple[tuple[float, float] | None, float]:
    """The bounds of the largest value, where products with W are those in float64, and the value."""
    factor, pencil, W, value = pencil_of(T_values, off, seed)
    monkeypatch.setattr(smallest, "exact_products", lambda _, V: (W @ V, 1e-13 * float(np.linalg.norm(V))))
    found = smallest.largest_values(factor, [pencil])
    return (found[0] if found else None), value


@pytest.mark.parametrize("off", [1e-8, 1e-3, 0.1, 0.3])
@pytest.mark.parametrize("ratio", [0.2, 0.7, 0.9])
def test_bounds_of_pencils(off: float, ratio: float, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [enclosed(monkeypatch, ratio ** np.arange(80.0), off, seed) for seed in range(5)]
    for pair, value in found:
        assert pair is None or pair[0] <= value * (1 + 1e-13)
        assert pair is None or value * (1 - 1e-13) <= pair[1] <= pair[0] * (1 + smallest.SHARP)
    assert off > 1e-3 or all(pair for pair, _ in found), "where W is near I, there is a gap"


def test_bounds_of_vectors_that_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smallest, "SHARP", np.inf)  # so that the first bounds count, however wide
    monkeypatch.setattr(guesses, "STEPS", 0)  # nothing is corrected
    monkeypatch.setattr(smallest, "correction", lambda _, vectors: 0 * vectors.H)
    for off in (1e-4, 1e-2, 0.1):
        for seed in range(20):
            pair, value = enclosed(monkeypatch, 0.5 ** np.arange(70.0), off, seed)
            assert pair is None or pair[0] <= value <= pair[1]
            assert off > 1e-2 or pair


def without_coupling(true: object) -> object:
    """`rotated`, but TU is said to be HΘ exactly, so that c = 0."""

    def changed(*known: object) -> object:
        ritz = true(*known)  # type: ignore[operator]
        return replace(ritz, TU=ritz.H * ritz.theta)

    return changed


def test_sabotage_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smallest, "SHARP", np.inf)
    monkeypatch.setattr(guesses, "STEPS", 0)  # nothing is corrected
    monkeypatch.setattr(smallest, "correction", lambda _, vectors: 0 * vectors.H)
    values = 0.5 ** np.arange(70.0)
    true_rotated = smallest.rotated

    def false() -> bool:
        pair, value = enclosed(monkeypatch, values, 0.05)
        return pair is not None and not pair[0] * (1 - 1e-9) <= value <= pair[1] * (1 + 1e-9)

    assert not false()
    with monkeypatch.context() as patch:  # c = 0
        patch.setattr(smallest, "rotated", without_coupling(true_rotated))
        assert false()

    def second_only(K: Doubles, share: float) -> tuple[Doubles, Doubles] | None:
        pairs = leading_pairs(K, share)
        assert pairs is not None
        return pairs[0][:-1], pairs[1][:, :-1]

    with monkeypatch.context() as patch:  # nothing is left beside vectors of which the first is missing
        patch.setattr(guesses, "leading_pairs", second_only)
        assert not false()
        patch.setattr(smallest, "rest_bound", lambda *_: 0.0)
        assert false()


def test_what_remains_is_below_its_bound() -> None:
    generator = np.random.default_rng(4)
    for off in (1e-6, 1e-3, 0.1):
        for _ in range(20):
            factor, pencil, W, _ = pencil_of(0.6 ** np.arange(70.0), 0.1, int(generator.integers(1000)))
            vectors = guesses.first_vectors(factor, pencil)
            assert vectors is not None
            U = vectors.V[:, : vectors.count] + off * generator.standard_normal((70, vectors.count)) / 8
            ritz = smallest.rotated(pencil, U, W @ U, 1e-14)
            assert ritz is not None
            vectors.V[:, : vectors.count] = ritz.U
            Q = scipy.linalg.null_space(ritz.H.T)
            true = float(np.linalg.eigvalsh(Q.T @ pencil.F.T @ pencil.F @ Q)[-1])
            assert true <= smallest.rest_bound(pencil, ritz, vectors.V, vectors.theta)


# --- products without error -------------------------------------------------------------------------------------------


def exactly(M_: Doubles) -> Doubles:
    """The same numbers as Fractions."""
    found: Doubles = np.array([[Fraction(v) for v in row] for row in M_.tolist()], dtype=object)
    return found


@pytest.mark.parametrize("kept", [2, 3, 6])
def test_products_with_W_are_within_their_errors(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smallest, "KEPT", kept)
    A = known(spread(7, 8.0))[:90, :66] / 3  # full significands
    scaled = verified.scale(A[np.newaxis], 53)
    found = inverse.invert(scaled.B, scaled.planes)
    assert found.near is not None
    factor = guesses.Factor(scaled.planes[0], found.planes[0], found.units[0], found.near[0], float(found.alpha[0]))
    V = np.rint(np.random.default_rng(1).standard_normal((66, 2)) / smallest.GRID / 8) * smallest.GRID
    image = smallest.exact_products(factor, V)
    assert image is not None
    Y = exactly(scaled.B[0]) @ (exactly(found.S[0]) @ exactly(V))
    H = exactly(found.S[0]).T @ (exactly(scaled.B[0]).T @ Y)
    off = sum(v * v for v in (exactly(image[0]) - H).ravel())
    assert off <= Fraction(image[1]) ** 2
    assert kept < 6 or image[1] < 1e-12 * np.linalg.norm(image[0])
    assert kept > 2 or off > Fraction(1, 10**24), "what is left out shows"
