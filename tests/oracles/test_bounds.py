"""Each bound behind a verified certificate, where leaving it out would show: most of these inputs are made for that."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp

from lamm_robust.oracles import bounds, eigenvalues, exact, extremes, inverse, refinement, stored, verified
from lamm_robust.oracles.bounds import Doubles, Integers, frobenius
from lamm_robust.values import Certificate
from tests.support.hard import why_false
from tests.support.problems import random_problem


def rationals(M: Doubles) -> Doubles:
    """The same numbers as Fractions, with which matrix products are exact."""
    found: Doubles = np.array([[Fraction(v) for v in row] for row in M.tolist()], dtype=object)
    return found


def tridiagonal(n: int) -> Doubles:
    """2 on the diagonal and −1 beside it: the eigenvalues are 2 − 2 cos(kπ/(n + 1))."""
    return 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_gamma() -> None:
    for n in (1, 2, 1000, 2**20):
        exact_gamma = Fraction(n, 2**53 - n)
        assert exact_gamma <= Fraction(bounds.gamma(n)) <= exact_gamma * Fraction(1_000_001, 1_000_000)


@pytest.mark.parametrize("n", [1, 2, 7, 100, 300])
@pytest.mark.parametrize("scale", [1.0, 2.0**-300, 2.0**300])
def test_largest_eigenvalue_is_between_its_bounds(n: int, scale: float) -> None:
    true = scale * (2 - 2 * np.cos(n * np.pi / (n + 1)))  # to some units in the last place
    lower, upper = eigenvalues.largest_eigenvalue(scale * tridiagonal(n)[np.newaxis], np.zeros(1))
    assert lower[0] < true * (1 + 1e-14)
    assert true * (1 - 1e-14) < upper[0] < (1 + 2e-10) * lower[0]


def test_the_bounds_hold_to_the_last_bit() -> None:
    generator = np.random.default_rng(1)
    for a, b in zip(generator.uniform(1, 2, 300), generator.uniform(0, 1, 300), strict=True):
        lower, upper = eigenvalues.largest_eigenvalue(np.array([[[a, b], [b, a]]]), np.zeros(1))
        assert Fraction(lower[0]) <= Fraction(a) + Fraction(b) <= Fraction(upper[0])


@pytest.mark.parametrize("ratio", [0.5, 0.9])
def test_bounds_of_a_deflated_matrix(ratio: float) -> None:
    H = falling(70, ratio)
    found = eigenvalues.deflated_bounds(H, 0.0)
    assert found, "the spectrum falls off"
    lower, upper = (float(side[0]) for side in found)
    assert upper - lower < 2e-10 * upper
    with mp.workdps(40):  # the largest eigenvalue by its Rayleigh quotient and residual, in 40 digits
        exact_H = mp.matrix(H.tolist())
        v = mp.matrix(np.linalg.eigh(H)[1][:, -1].tolist())
        v = exact_H * v
        v /= mp.norm(v)
        true = (v.T * exact_H * v)[0]
        assert mp.norm(exact_H * v - true * v) < 0.01 * (upper - lower)
        assert lower <= true <= upper


def falling(n: int, ratio: float) -> Doubles:
    """A semidefinite matrix with eigenvalues near ratio^k and eigenvectors without structure."""
    Q, _ = np.linalg.qr(np.random.default_rng(n).standard_normal((n, n)))
    H = (Q * ratio ** np.arange(n)) @ Q.T
    half: Doubles = (H + H.T) / 2
    return half


def test_the_largest_eigenvalue_of_many_that_are_small_in_float32() -> None:
    """Lanczos in float32 is only a guess: bounds hold, whatever the scale."""
    Q, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((90, 90)))
    for scale in (2.0**-400, 1.0, 2.0**400):
        H = (Q * (scale * 0.7 ** np.arange(90.0))) @ Q.T
        found = eigenvalues.deflated_bounds((H + H.T) / 2, 0.0)
        assert found, "the spectrum falls off"
        lower, upper = (float(side[0]) for side in found)
        assert lower <= scale * (1 + 1e-14)
        assert scale * (1 - 1e-14) <= upper <= lower * (1 + 2e-10)


def test_deflation_says_nothing_of_a_flat_spectrum_and_trusts_no_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert eigenvalues.deflated_bounds(tridiagonal(150), 0.0) is None
    H = falling(100, 0.5)
    values, vectors = np.linalg.eigh(H)
    for first, last in ((-30, -1), (-30, -2), (0, 30)):  # the largest eigenvalue is not among those that are given
        pairs = values[first:last], vectors[:, first:last]
        monkeypatch.setattr(eigenvalues, "leading_pairs", lambda _, pairs=pairs: pairs)
        assert eigenvalues.deflated_bounds(H, 0.0) is None
    for off in (1e-3, 1e-6):  # vectors that are none, and too large
        pairs = values[-30:], vectors[:, -30:] * (1 + off) + off
        monkeypatch.setattr(eigenvalues, "leading_pairs", lambda _, pairs=pairs: pairs)
        found = eigenvalues.deflated_bounds(H, 0.0)
        assert found is None or found[0][0] <= values[-1] <= found[1][0]


def test_sabotage_of_deflation_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    H = falling(100, 0.5)
    values, vectors = np.linalg.eigh(H)
    pairs = values[-30:-1], vectors[:, -30:-1]
    monkeypatch.setattr(eigenvalues, "leading_pairs", lambda _: pairs)
    known = np.sqrt(np.square(pairs[0]).sum())
    # nothing is left
    monkeypatch.setattr(eigenvalues, "frobenius", lambda M: known if M.shape == H.shape else frobenius(M))
    found = eigenvalues.deflated_bounds(H, 0.0)
    assert found
    assert found[1][0] < values[-1], "a bound of what is not among the vectors is needed"


def test_an_error_of_the_matrix_widens_both_bounds() -> None:
    H = np.diag([3.0, 1.0])[np.newaxis]
    lower, upper = eigenvalues.largest_eigenvalue(H, np.full(1, 0.5))
    assert 2.4999 < lower[0] <= 2.5
    assert 3.5 <= upper[0] < 3.5001


def test_repeated_and_nearly_repeated_eigenvalues() -> None:
    for values in ([1.0, 1.0, 1.0], [1.0, 1.0 - 1e-9, 1.0 - 2e-9, 0.5], [1.0, 1.0 - 1e-16, 0.0]):
        lower, upper = eigenvalues.largest_eigenvalue(np.diag(values)[np.newaxis], np.zeros(1))
        assert 1 - 5e-10 < lower[0] <= 1 <= upper[0] < 1 + 5e-10


def test_an_indefinite_neighbour_spoils_nothing() -> None:
    with np.errstate(all="ignore"):
        lower, upper = eigenvalues.largest_eigenvalue(np.array([np.diag([4.0, 1.0]), -np.eye(2)]), np.zeros(2))
    assert lower[0] <= 4 <= upper[0] < 4.0001
    assert upper[1] >= -1


def test_no_eigenvalue_routine_and_no_factor_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eigenvalues, "power_pairs", lambda H: (np.ones(1), np.ones((1, 1))))
    monkeypatch.setattr(np.linalg, "eigvalsh", lambda H: np.ones((1, 1)))
    monkeypatch.setattr(eigenvalues, "cholesky", lambda K: (np.ones((1, 1, 1)), np.ones(1, dtype=bool)))
    assert eigenvalues.largest_eigenvalue(np.full((1, 1, 1), 2.0), np.zeros(1))[1][0] >= 2


def test_multiplying_the_factor_out_has_rounding_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eigenvalues, "power_pairs", lambda H: (np.full(1, 2.0), np.eye(1, 3)))
    monkeypatch.setattr(np.linalg, "eigvalsh", lambda H: np.full((1, 3), 2.0))
    monkeypatch.setattr(eigenvalues, "SHIFT", 0.0)
    (upper,) = eigenvalues.largest_eigenvalue(np.eye(3)[np.newaxis], np.zeros(1))[1]
    assert upper - 2 >= 20 * bounds.U, "γ_5 (‖|L||L|ᵀ‖ + 4) is 25 u"


def test_gram_is_within_its_error() -> None:
    M = np.random.default_rng(3).integers(-(2**26), 2**26, (1200, 3)).astype(np.float64) + 2.0**-20
    G, error = bounds.gram(M[np.newaxis, rows] for rows in bounds.row_blocks(len(M)))
    off = (rationals(M).T @ rationals(M) - rationals(G[0])).ravel()
    assert 0 < max(map(abs, off)) <= float(error[0]) < 1e-9 * float(G[0].max())
    assert np.array_equal(G, G.swapaxes(1, 2))


@pytest.mark.parametrize("n", [1, 64, 65, 200])
def test_upper_inverse(n: int) -> None:
    R = np.triu(np.random.default_rng(n).uniform(-1, 1, (2, n, n)), 1) / n + np.eye(n)
    assert np.allclose(bounds.upper_inverse(R) @ R, np.eye(n), atol=1e-13)
    assert not np.tril(bounds.upper_inverse(R), -1).any()


# --- the stand-in for the inverse -------------------------------------------------------------------------------------


@pytest.mark.parametrize("log10_cond", [0.0, 6.0, 12.0, 15.0])
def test_alpha_and_phi_bound_what_they_say(log10_cond: float) -> None:
    scaled = verified.scale(random_problem(40, 12, log10_cond, 1.0, 5).A[np.newaxis].astype(np.float64), 53)
    found = inverse.invert(scaled.B, scaled.planes)
    assert found.C is not None
    identity, C = rationals(np.eye(12)), rationals(found.C[0])
    Y = rationals(scaled.B[0]) @ rationals(found.S[0])
    for bound, true in ((found.alpha, Y.T @ Y - identity), (found.phi, C.T @ (Y.T @ Y) @ C - identity)):
        assert np.linalg.norm(true.astype(np.float64), 2) <= bound[0] < 1
    assert found.phi[0] < 1e-9


@pytest.mark.parametrize("log10_cond", [0.0, 10.0, 12.5])
def test_alpha_of_a_large_matrix_bounds_what_it_says(log10_cond: float) -> None:
    n = bounds.BLOCK + 1
    scaled = verified.scale(random_problem(70, n, log10_cond, 1.0, 5).A[np.newaxis].astype(np.float64), 53)
    found = inverse.invert(scaled.B, scaled.planes)
    assert found.C is None, "of a large matrix, only full rank is proved"
    Y = rationals(scaled.B[0]) @ rationals(found.S[0])
    off = (Y.T @ Y - rationals(np.eye(n))).astype(np.float64)
    assert np.linalg.norm(off, 2) <= found.alpha[0] < 1
    sharp = inverse.sharpened(scaled.B, scaled.planes, found)
    assert sharp.phi[0] < 1e-9
    assert np.linalg.norm(off, 2) <= sharp.alpha[0] <= found.alpha[0]


def test_any_guess_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    true = inverse.guess_inverse
    for factor in (0.5, 0.7, 1.3):
        monkeypatch.setattr(inverse, "guess_inverse", lambda B, factor=factor: (true(B)[0] * factor, true(B)[1]))
        for d in (3.0, 7.0, 11.0, 13.0):
            for A, b in (([[d], [2 * d]], [1.0, 2.0]), ([[d], [1.0]], [1.0, 0.0])):
                problem = np.array(A), np.array(b)
                assert not why_false(verified.certify(*problem), exact.certify(*problem))


def test_an_error_of_the_gram_matrix_is_in_alpha(monkeypatch: pytest.MonkeyPatch) -> None:
    scaled = verified.scale(np.eye(2)[np.newaxis] / 4, 53)
    monkeypatch.setattr(inverse, "gram", lambda blocks: (np.eye(2)[np.newaxis], np.full(1, 0.01)))
    assert 0.01 <= inverse.invert(scaled.B, scaled.planes).alpha[0] < 0.0101


def test_the_error_of_a_sliced_product() -> None:
    scaled = verified.scale(random_problem(20, 6, 2.0, 1.0, 5).A[np.newaxis].astype(np.float64), 53)
    found = inverse.invert(scaled.B, scaled.planes)
    units = found.units[:, np.newaxis]
    # as many slices as there are: all errors but those of sums are gone
    Y, error = inverse.accurate_product(
        scaled.B, scaled.planes, found.S / units, found.planes, units, found.proved, goal=0.0
    )
    off = (rationals(Y[0]) - rationals(scaled.B[0]) @ rationals(found.S[0])).ravel()
    assert 0 < sum(v * v for v in off) <= Fraction(error[0]) ** 2


def test_the_error_of_a_plain_product_is_that_of_the_worst_case(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 8
    B = S = np.full((1, n, n), 0.5)
    monkeypatch.setattr(inverse, "LEVELS", 1)
    planes, units, usable = S[:, :, np.newaxis], np.ones((1, 1, n)), np.ones(1, bool)
    _, error = inverse.accurate_product(B, planes, S, planes, units, usable, inverse.SHARP)
    for bound in (error, inverse.plain_error(B, S)):
        assert bound[0] >= n * bounds.gamma(n) * n / 4, "‖γ_n |B||S|‖_F"


def test_the_error_of_a_plain_product_of_a_large_matrix() -> None:
    generator = np.random.default_rng(1)
    B, S = generator.uniform(-0.5, 0.5, (1, 90, 70)), np.triu(generator.uniform(-1, 1, (1, 70, 70)) * 2.0**30)
    off = (rationals(inverse.upper_product(B, S)[0]) - rationals(B[0]) @ rationals(S[0])).ravel()
    assert 0 < sum(v * v for v in off) <= Fraction(inverse.plain_error(B, S)[0]) ** 2


def test_the_digits_of_S_are_S() -> None:
    vandermonde = np.vander(np.random.default_rng(2).uniform(-1, 1, 1500), 8)[np.newaxis]
    scaled = verified.scale(vandermonde, 53)
    found = inverse.invert(scaled.B, scaled.planes)
    parts = [rationals(found.planes[0, :, place] * found.units[0]) for place in range(found.planes.shape[2])]
    assert np.array_equal(rationals(found.S[0]), sum(parts[1:], parts[0]))


def test_rounding_in_the_congruence() -> None:
    for g in np.random.default_rng(1).uniform(0.5, 1.5, 100):
        c = 1 / np.sqrt(g)
        (phi,) = inverse.congruence_error(np.full((1, 1, 1), c), np.full((1, 1, 1), g), np.zeros(1))
        assert abs(Fraction(c) ** 2 * Fraction(g) - 1) <= Fraction(phi)


# --- σ₁ and σ_r -------------------------------------------------------------------------------------------------------


def test_errors_of_gram_matrices_widen_both_singular_values(monkeypatch: pytest.MonkeyPatch) -> None:
    scaled = verified.scale(np.eye(2)[np.newaxis] / 4, 53)
    found = inverse.invert(scaled.B, scaled.planes)
    for factor in (0.99, 1.01):

        def off(H: Doubles, exponents: Integers, rows: int, factor: float = factor) -> tuple[Doubles, Doubles]:
            G, error = bounds.rescaled(H, exponents, rows)
            return G * factor, error + 0.0101 * np.abs(G).max(axis=(-2, -1))

        monkeypatch.setattr(extremes, "rescaled", off)
        (enclosed,) = extremes.extremes(scaled.B, scaled.planes, found, scaled.exponents)
        assert enclosed.largest[0][0] <= 0.25 <= enclosed.largest[1][0]
        assert enclosed.inverse_smallest[0][0] <= 4 <= enclosed.inverse_smallest[1][0]


def test_rounding_in_the_product_of_S_and_C() -> None:
    S = np.array([[[2.0**60, 1, 2.0**60], [0, 1, 0], [0, 0, 0]]])
    C = np.zeros((1, 3, 3))
    C[0, :, 0] = 1, 1, -1  # SC is (1, 1, 0)ᵀ, but not in float64
    known = inverse.Inverse(S, S[:, 0], S, C, np.zeros(1), np.zeros(1))
    (enclosed,) = extremes.extremes(np.full((1, 3, 3), 0.25), S[:, :, np.newaxis], known, np.zeros((1, 3), np.int64))
    lower, upper = enclosed.inverse_smallest
    assert lower[0] <= 2**0.5 <= upper[0]


# --- answers ----------------------------------------------------------------------------------------------------------


def test_what_is_not_stored_is_in_the_radius(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verified, "PARTS", 1)
    scaled = verified.scale(np.array([[[3.0], [1.0]]]), 53)
    answer = verified.solve(scaled, inverse.invert(scaled.B, scaled.planes), np.array([[1.0, 0.0]]))
    x = Fraction(answer.x[0, 0, 0]) * Fraction(2) ** int(answer.exponents[0, 0])
    assert abs(x - Fraction(3, 10)) <= answer.radius_of(0)


def test_a_bound_is_about_the_latest_x(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refinement, "STEPS", 2)
    A, b = np.array([[3.0], [1.0]]), np.array([1.0, 0.0])
    scaled = verified.scale(A[np.newaxis], 53)
    answer = verified.solve(scaled, inverse.invert(scaled.B, scaled.planes), b[np.newaxis])
    x = sum(map(Fraction, answer.x[:, 0, 0].tolist()), Fraction(0)) * Fraction(2) ** int(answer.exponents[0, 0])
    error = abs(x - Fraction(3, 10))
    assert error <= answer.radius_of(0) <= max(error * 1000, Fraction(1, 10**14))


def test_a_residual_of_many_digits() -> None:
    A = np.eye(9, 1)
    b = np.append(1.0, np.random.default_rng(1).uniform(0.5, 1, 8) * 2.0 ** -np.arange(0, 320, 40))
    assert not why_false(verified.certify(A, b), exact.certify(A, b))


def test_digits_that_are_too_large_prove_nothing() -> None:
    scaled = verified.scale(np.full((1, 64, 1), 0.25), 53)
    found = inverse.invert(scaled.B, scaled.planes)
    with np.errstate(invalid="ignore"):
        for value in (0.75, 0.5, 0.05, np.nan):  # b itself; what is moved; only the gradient; not a number
            refined = refinement.refine(scaled.planes, found, np.full((1, 64), value), np.ones((1, 1)))
            assert refined.radius[0] == np.inf


def test_the_promise_holds_for_columns_of_any_scale() -> None:
    generator = np.random.default_rng(3)
    A = generator.standard_normal((6, 2)) * [1.0, 2.0**200]
    for b in (A @ [1.0, 1.0], A @ [2.0**200, 1.0], A[:, 1] + A[:, 0]):
        found = verified.certify(A, b)
        assert found.x_radius <= max(map(abs, stored(found))) / 10**20


def test_long_columns() -> None:
    for m in (9_000, 40_000):  # β is 17 and 16 here: more places are needed for small entries
        A, b = np.eye(m, 1), np.zeros(m)
        b[:2] = 1, 2.0**-445
        assert not why_false(verified.certify(A, b), exact.certify(A, b))
    generator = np.random.default_rng(1)
    A, b = (
        generator.standard_normal((70_000, 2)).astype(np.float32),
        generator.standard_normal(70_000).astype(np.float32),
    )
    assert not why_false(verified.certify(A, b), exact.certify(A, b))


def test_a_stack_of_both_precisions() -> None:
    pairs = [
        (np.ones((2, 1), np.float32), np.ones(2, np.float32)),
        (np.array([[1 / 3], [1 / 7]]), np.array([1.0, 2.0])),
    ]
    for found, pair in zip(verified.certify_stack(pairs), pairs, strict=True):
        assert isinstance(found, Certificate)
        assert not why_false(found, exact.certify(*pair))


def test_what_is_proved_does_not_depend_on_the_neighbours() -> None:
    pairs = [
        (np.array([[0.0], [1 / 3]]), np.array([2.0**140, 1.0])),
        (np.array([[1.0], [1.0]]), np.array([1.0, 2.0])),
        (np.zeros((2, 1)), np.ones(2)),
        (np.array([[1.0], [2.0**-1000]]), np.ones(2)),
    ]
    together, alone = verified.certify_stack(pairs), [verified.certify_stack([pair])[0] for pair in pairs]
    assert [str(found) for found in together[2:]] == [str(found) for found in alone[2:]]
    for one, other in zip(together[:2], alone[:2], strict=True):
        assert isinstance(one, Certificate)
        assert isinstance(other, Certificate)
        assert np.array_equal(one.x, other.x)


def test_a_zero_column_and_tiny_entries() -> None:
    A = np.array([[1.0, 1, 0], [2, 1, 0], [1e-160, 3, 0]])
    assert exact.certify(A, np.ones(3)).rank == 2


@pytest.mark.parametrize("beyond", [0.0, 4.0, 12.0])
@pytest.mark.parametrize("scaled", [False, True])
def test_certificates_with_deflated_bounds_hold_the_exact_answer(beyond: float, scaled: bool) -> None:
    problem = random_problem(90, 66, beyond, 1.0, 3)
    A, b = problem.A.astype(np.float64), problem.b.astype(np.float64)
    if scaled:  # columns in units of their own, which deflation sees in another order
        A = A * 2.0 ** np.random.default_rng(1).integers(-30, 30, A.shape[1])
    for matrix, target in ((A, b), (A.T.copy(), b[:66])):
        assert not why_false(verified.certify(matrix, target), exact.certify(matrix, target))
