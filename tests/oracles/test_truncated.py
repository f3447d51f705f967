"""Truncated truth against mpmath's singular value decomposition, against exact ranks, and as solvers meet it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_mat, ctx
from mpmath import MPContext
from mpmath.libmp import to_rational

from lamm_robust import catalog
from lamm_robust.oracles import exact, stored, truncate, truncated
from lamm_robust.oracles.singular_values import infinity_norm
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.truncation import truncated_frame
from lamm_robust.scoring.truths import Certified
from lamm_robust.storage.packing import pack_truncation, unpack_truncation
from lamm_robust.values import Array, Ball, Contract, Deficiency, NotCertifiedError, Truncation
from tests.support.hard import hard
from tests.support.problems import problem_of, random_problem

FAST, SLOW = range(80), range(30_000, 33_000)
DIGITS = 120


@lru_cache(maxsize=1)
def decomposed_once(bits: bytes, shape: tuple[int, int], dtype: str) -> tuple[MPContext, Any, list[Any], Any]:
    """`decomposed`, which takes longer than all else, of the latest matrix."""
    return decomposed(np.frombuffer(bits, dtype).reshape(shape))


def decomposed(A: Array) -> tuple[MPContext, Any, list[Any], Any]:
    """A = U·diag(σ)·Vᵀ by mpmath, good to DIGITS digits."""
    mp = MPContext()
    sizes = np.log10(np.abs(A[A != 0]).astype(np.float64))
    mp.dps = DIGITS + 2 * int(sizes.max() - sizes.min())  # as many more as singular values can differ by, squared
    tall = A if A.shape[0] >= A.shape[1] else A.T
    U, sigma, Vt = mp.svd_r(mp.matrix(tall.tolist()), full_matrices=False)
    return (mp, U, list(sigma), Vt) if tall is A else (mp, Vt.T, list(sigma), U.T)


def number(value: Any) -> Fraction:
    """An mpf, exactly."""
    p, q = to_rational(value._mpf_)
    return Fraction(int(p), int(q))


def why_false(found: Truncation, A: Array, b: Array) -> str:
    """What a truncation says that mpmath does not; empty if it holds what mpmath finds, whose error is some 1e-100."""
    mp, U, sigma, Vt = decomposed_once(A.tobytes(), A.shape, A.dtype.str)
    k = found.certificate.rank
    B = mp.matrix(b.reshape(len(b), -1).tolist())
    X = Vt[:k, :].T * mp.diag([1 / s for s in sigma[:k]]) * (U[:, :k].T * B)
    R = B - mp.matrix(A.tolist()) * X
    error = sum(((p - number(q)) ** 2 for p, q in zip(stored(found.certificate).flat, X, strict=True)), Fraction(0))
    slack = Fraction(1, 10**80) * max((abs(number(q)) for q in X), default=Fraction(0))
    if error > (found.certificate.x_radius + slack) ** 2:
        return "x is outside its radius"
    balls = {
        "σ₁": (found.certificate.sigma_max, sigma[0]),
        "σ_k": (found.certificate.sigma_min, sigma[k - 1]),
        "σ_{k+1}": (found.sigma_next, sigma[k]),
        **{f"‖r‖ {j}": (ball, mp.norm(R[:, j])) for j, ball in enumerate(found.certificate.residual_norm)},
    }
    largest = number(sigma[0]) + number(max((mp.norm(B[:, j]) for j in range(B.cols)), default=mp.mpf(0)))
    return ", ".join(name for name, (ball, value) in balls.items() if outside(ball, number(value), largest))


def outside(ball: Ball, value: Fraction, largest: Fraction) -> bool:
    return abs(ball.mid - value) > ball.radius + largest / 10**80


def false_truncations(seeds: Iterable[int]) -> tuple[list[str], int]:
    """Of every rank of hard problems with a gap after it: what is not so, and how many were certified."""
    found, count = [], 0
    for seed in seeds:
        kind, A, b = hard(seed)
        sizes = [float(np.abs(array).max()) for array in (A, b)]
        if not 1e-30 < sizes[0] < 1e30 or not sizes[1] < 1e30:
            continue  # mpmath's digits are counted from the largest entries of both
        for k in range(1, min(A.shape)):
            try:
                truncation = truncate(A, b, k)
            except NotCertifiedError:
                continue
            count += 1
            if why := why_false(truncation, A, b):
                found.append(f"seed {seed} ({kind}), rank {k}: {why}")
    return found, count


def test_truncations_hold_what_mpmath_finds() -> None:
    found, count = false_truncations(FAST)
    assert not found
    assert count > 60


@pytest.mark.slow
def test_truncations_hold_what_mpmath_finds_at_length(capsys: pytest.CaptureFixture[str]) -> None:
    found, count = false_truncations(SLOW)
    with capsys.disabled():
        print(f"\n{count} truncations: {len(found)} false")
    assert not found


@pytest.mark.parametrize("seed", range(20))
def test_at_the_exact_rank_nothing_is_left_out(seed: int) -> None:
    generator = np.random.default_rng(seed)
    m, n, rank = (8, 5, 3) if seed % 2 else (4, 9, 2)
    A = (generator.integers(-9, 10, (m, rank)) @ generator.integers(-9, 10, (rank, n))).astype(np.float64)
    b = generator.standard_normal((m, 2))
    truth, found = exact.certify(A, b), truncate(A, b, truth_rank := exact.certify(A, b).rank)
    error = sum((p - q) ** 2 for p, q in zip(stored(truth).flat, stored(found.certificate).flat, strict=True))
    assert truth_rank == rank
    assert error <= (truth.x_radius + found.certificate.x_radius) ** 2
    assert found.sigma_next.mid <= found.sigma_next.radius, "σ_{k+1} = 0 is in its ball"
    assert found.sigma_next.radius < 1e-20 * found.certificate.sigma_max.mid


def test_a_diagonal_by_hand() -> None:
    A = np.diag([4.0, 2.0, 2.0**-60, 2.0**-70])[:, [2, 0, 3, 1]]
    found = truncate(A, np.array([8.0, 1.0, 1.0, 1.0]), 2)
    assert [float(v) for v in stored(found.certificate)] == pytest.approx([0.0, 2.0, 0.0, 0.5], abs=1e-25)
    assert float(found.certificate.residual_norm[0]) == pytest.approx(2**0.5, rel=1e-15)
    assert float(found.sigma_next) == pytest.approx(2.0**-60, rel=1e-9)
    assert found.certificate.method == "truncated"


@pytest.mark.parametrize("values", [[1.0, 0.9, 0.8], [1.0, 1e-18, 0.9e-18]], ids=["float64 sees it", "Arb sees it"])
def test_without_a_gap_it_is_refused(values: list[float]) -> None:
    Q = np.linalg.qr(np.random.default_rng(2).standard_normal((5, 3)))[0]
    k = 1 if values[1] > 0.5 else 2
    with pytest.raises(NotCertifiedError, match=f"no gap is proved between the singular values {k} and {k + 1}"):
        truncate(Q * values, np.ones(5), k)


def just_a_gap(seed: int) -> tuple[Array, Array]:
    """A random 6×3 matrix with σ₃/σ₂ = 0.4977, and b."""
    generator = np.random.default_rng(seed)
    U, sigma, Vt = np.linalg.svd(generator.standard_normal((6, 3)), full_matrices=False)
    sigma[2] = 0.4977 * sigma[1]
    return np.asarray((U * sigma) @ Vt), generator.standard_normal(6)


def test_a_gap_that_just_holds_is_proved() -> None:
    for seed in range(20):  # of these, three failed while V was orthonormal to float64 only
        A, b = just_a_gap(seed)
        found = truncate(A, b, 2)
        assert not why_false(found, A, b)
        assert float(found.sigma_next) / float(found.certificate.sigma_min) == pytest.approx(0.4977, rel=1e-12)


def test_columns_become_orthonormal_to_the_working_precision() -> None:
    V = np.random.default_rng(0).standard_normal((7, 4))
    for bits in (256, 1024):
        with ctx.workprec(bits):
            found = truncated.orthonormal(arb_mat((V * [2.0**20, 1.0, 2.0**-10, 1.0]).tolist()))
            off = infinity_norm(found.transpose() * found - truncated.identity(4))
            same = arb_mat(V.tolist()) - found * (found.transpose() * arb_mat(V.tolist()))
            assert off < arb(2) ** (20 - bits)
            assert infinity_norm(same) < arb(2) ** (60 - bits), "the range is that of V"


def test_more_than_the_exact_rank_is_refused_with_the_rank() -> None:
    A = np.ones((6, 4))
    A[0] = 2.0
    A[1, 0] = 5.0
    with pytest.raises(NotCertifiedError, match="the exact rank is only 2"):
        truncate(A, np.ones(6), 3)
    assert truncate(A, np.ones(6), 2).certificate.rank == 2


@pytest.mark.parametrize("rank", [0, 3, -1, 2.0, True, "2"])
def test_ranks_that_truncate_nothing_are_refused(rank: Any) -> None:
    with pytest.raises(ValueError, match=f"rank is {rank!r}; accepted is 1 to 2 for a 5×3 matrix"):
        truncate(np.ones((5, 3)), np.ones(5), rank)
    with pytest.raises(NotCertifiedError, match="A is zero"):
        truncate(np.zeros((5, 3)), np.ones(5), 1)


def test_a_bound_that_is_too_small_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truncated, "SWEEPS", 1)
    monkeypatch.setattr(truncated, "WEDIN", Fraction(0))
    assert false_truncations(FAST)[0]


def test_it_packs() -> None:
    problem = random_problem(9, 4, 9.0, 1.0, 1)
    found = truncate(problem.A, problem.b, 2)
    again = unpack_truncation(pack_truncation(found))
    assert isinstance(again, Truncation)
    assert again.sigma_next == found.sigma_next
    assert again.certificate.residual_norm == found.certificate.residual_norm
    assert np.array_equal(again.certificate.x, found.certificate.x)


# --- what a cutoff selects --------------------------------------------------------------------------------------------


def with_values(*values: float) -> tuple[Array, Array]:
    generator = np.random.default_rng(3)
    U = np.linalg.qr(generator.standard_normal((12, len(values))))[0]
    V = np.linalg.qr(generator.standard_normal((len(values), len(values))))[0]
    return np.asarray((U * values) @ V.T), generator.standard_normal(12)


def frame_of(A: Array, b: Array, cutoff: float) -> tuple[Frame, Frame | None]:
    problem = problem_of(A, b)
    frame = Frame(problem, exact.certify(problem.A, problem.b))
    return frame, truncated_frame(problem, frame, cutoff, truncate)


def test_a_cutoff_selects_the_rank_that_the_singular_values_leave_no_doubt_of() -> None:
    A, b = with_values(1.0, 0.3, 1e-6, 1e-14)
    for cutoff, rank in ((1e-1, 2), (1e-8, 3), (1e-15, 4)):
        frame, found = frame_of(A, b, cutoff)
        assert found is not None
        assert found.truth.rank == rank
        assert (found is frame) == (rank == 4)


def test_a_cutoff_at_a_singular_value_or_inside_a_cluster_selects_nothing() -> None:
    A, b = with_values(1.0, 2e-6, 1.9e-6, 1e-6)
    assert frame_of(A, b, 1.95e-6)[1] is None, "no gap"
    sigma = exact.certify(A, b).sigma_min.mid / exact.certify(A, b).sigma_max.mid
    assert frame_of(A, b, float(sigma))[1] is None, "no doubt is too much to ask"


def test_no_oracle_that_truncates_no_selection() -> None:
    A, b = with_values(1.0, 1e-20)
    problem = problem_of(A, b)
    certified = Certified(problem, Frame(problem, exact.certify(problem.A, problem.b)))
    contract = Contract(Deficiency.MINIMUM_NORM, "", cutoff=lambda m, n, eps: 1e-16)
    assert certified.truncated_frame(contract) is None


def test_every_solver_that_cuts_singular_values_says_where() -> None:
    for library in catalog.LIBRARY.values():
        for solver in library.solvers:
            said = solver.contract.rank_rule
            assert (solver.contract.cutoff is not None) == said.startswith(("σ_i ≤", "σ_i <")), solver.algorithm


def test_cutoffs_are_what_their_rules_say() -> None:
    found = {
        f"{library.name}-{solver.algorithm}": solver.contract.cutoff(30, 10, 2.0**-23)
        for library in catalog.LIBRARY.values()
        for solver in library.solvers
        if solver.contract.cutoff
    }
    assert found == {
        "cupy-lstsq": 30 * 2.0**-23,
        "cupy-pinv": 1e-15,
        "numpy-lstsq": 30 * 2.0**-52,
        "numpy-lstsq-block": 30 * 2.0**-52,
        "numpy-lstsq-rcond-minus-1": 2.0**-53,
        "numpy-pinv": 1e-15,
        "numpy-pinv-stacked": 1e-15,
        "numpy-pinv-rtol": 30 * 2.0**-23,
        "numpy-svd-stacked": 30 * 2.0**-23,
        "numpy-normal-pinv": math.sqrt(1e-15),
        "scipy-gelsd": 2.0**-23,
        "scipy-gelss": 2.0**-23,
        "scipy-gelsd-block": 2.0**-23,
        "scipy-gelsd-size-eps": 30 * 2.0**-23,
        "scipy-lsq-linear": 2.0**-53,
        "scipy-svd-eps": 2.0**-23,
        "scipy-svd-size-eps": 30 * 2.0**-23,
        "scipy-svd-10-size-eps": 300 * 2.0**-23,
        "scipy-pinv": 30 * 2.0**-23,
        "scipy-normal-pinvh": math.sqrt(10 * 2.0**-23),
        "jax-lstsq": 30 * 2.0**-23,
        "jax-lstsq-vmap": 30 * 2.0**-23,
        "jax-pinv": 300 * 2.0**-23,
        "jax-pinv-vmap": 300 * 2.0**-23,
        "jax-pinv-highest": 300 * 2.0**-23,
        "lineax-svd": 60 * 2.0**-23,
        "sklearn-linear-regression": 1e-6,
        "sklearn-linear-regression-eps": 2.0**-23,
        "statsmodels-pinv": 1e-15,
        "torch-gelsd": 30 * 2.0**-23,
        "torch-gelss": 30 * 2.0**-23,
        "torch-pinv": 30 * 2.0**-23,
    }
