"""Every solver that takes complex numbers keeps its contract there; the others say why they are not asked.

Run with ``--precision complex64`` or ``complex128``; what depends on neither runs with ``--once``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lamm_robust import catalog, oracles
from lamm_robust.runs.sweep import why_not_asked
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import proved
from lamm_robust.solvers import LIBRARIES
from lamm_robust.solvers.arrays import adjoint, squares
from lamm_robust.solvers.contracts import complex_too, full_rank, real_only
from lamm_robust.values import (
    COMPLEX,
    REAL_OF,
    Case,
    Deficiency,
    Outcome,
    Precision,
    Problem,
    ProblemKey,
    Solver,
    Status,
    Value,
    Variant,
    Verdict,
)
from lamm_robust.workers.attempt import attempt
from tests.support.problems import problem_of

GOOD = (Verdict.COLUMNWISE_STABLE, Verdict.BACKWARD_STABLE, Verdict.FORWARD_STABLE)
KEEPS_ALL = "gelss-rcond-0"
"""It takes no singular value for zero."""
KEEPS_ERRORS = ("normal-pinv", "complex64")
"""rcond = 1e-15 keeps the errors of AᴴA, which is singular for a wide A."""

TAKERS = [
    (library, solver)
    for library in LIBRARIES
    for solver in library.solvers
    if not solver.contract.real_only and "cpu" in solver.devices and "cpu" in library.devices
]


def well_conditioned(dtype: Precision, m: int, n: int) -> Problem:
    named: dict[str, Value] = {"m": m, "n": n, "mode": "geometric", "log10_cond": 1, "residual": 0.25 if m > n else 0.0}
    return catalog.build_problem(ProblemKey("spectrum", (*named.items(), ("direction", "random"), ("seed", 0)), dtype))


def deficient(dtype: Precision) -> Problem:
    named: dict[str, Value] = {"m": 9, "n": 6, "rank": 4, "log2_cond": 3, "residual": 1.0, "seed": 0}
    return catalog.build_problem(ProblemKey("exact_rank", tuple(named.items()), dtype))


@pytest.mark.complex
@pytest.mark.parametrize(
    ("library", "solver"), TAKERS, ids=lambda one: one.name if hasattr(one, "name") else one.algorithm
)
def test_it_keeps_its_contract(library: Any, solver: Solver, precision: Precision) -> None:
    if reason := catalog.absent(library, "cpu"):
        pytest.skip(str(reason))
    problems = [well_conditioned(precision, 9, 6), well_conditioned(precision, 6, 6), well_conditioned(precision, 6, 9)]
    if solver.contract.deficiency is not Deficiency.FULL_RANK_ONLY and solver.algorithm != KEEPS_ALL:
        problems.append(deficient(precision))
    asked = [one for one in problems if not why_not_asked(one, solver)]
    assert len(asked) >= 2
    for one in asked:
        if (solver.algorithm, precision) == KEEPS_ERRORS and one.m < one.n:
            continue
        outcome = attempt(library, solver, one, "cpu")
        case = Case(one.key, Variant(library.name, solver.algorithm, precision, "cpu"))
        found = record(case, proved(one, oracles.select("exact")), solver, outcome)
        assert found.verdict in GOOD, (found.key, found.message, dict(found.scores))
        assert found.scores.get("rank_error", 0.0) == 0.0
        assert outcome.x is not None
        assert outcome.x.dtype.name == precision


# --- once -----------------------------------------------------------------------------------------------------------


def test_who_takes_complex_numbers_is_said_in_the_contract() -> None:
    takers = {f"{library.name}-{solver.algorithm}" for library, solver in TAKERS}
    must = [
        *("numpy-lstsq", "numpy-pinv", "numpy-qr", "numpy-normal-lu", "numpy-normal-cholesky"),
        *("scipy-gelsd", "scipy-gelsy", "scipy-gelss", "scipy-pinv", "scipy-qr", "scipy-qr-pivoted"),
        *("jax-lstsq", "jax-pinv", "jax-qr", "jax-normal-cholesky", "lineax-qr"),
        *("torch-gels", "torch-gelsd", "torch-pinv", "torch-qr"),
    ]
    assert takers >= set(must)
    left = {f"{lib.name}-{one.algorithm}": one.contract.real_only for lib in LIBRARIES for one in lib.solvers}
    assert left["jax-solve"] == "lamm_robust.solve refuses complex numbers"
    assert left["sklearn-ridge-svd"] == "scikit-learn refuses complex numbers"
    assert left["statsmodels-qr"].endswith("transposes without conjugating")
    variants = {(v.library, v.algorithm) for v in catalog.variants() if v.precision in COMPLEX and v.device == "cpu"}
    assert {f"{library}-{algorithm}" for library, algorithm in variants} == takers
    assert {v.precision for v in catalog.variants() if v.library == "sklearn"} == {"float32", "float64"}


def test_who_takes_none_is_not_asked() -> None:
    one, real = problem_of(np.array([[1j], [1]]), [1, 2], "complex128"), problem_of([[1], [1]], [1, 2])
    solver = Solver("it", "", real_only(full_rank(), "it is old"), lambda A, b: (A, b))
    assert why_not_asked(one, solver) == "A is complex; the solver takes real numbers: it is old"
    assert not why_not_asked(real, solver)
    assert not why_not_asked(one, Solver("it", "", complex_too(full_rank()), lambda A, b: (A, b)))


def test_the_adjoint_of_a_real_matrix_is_the_same_view_as_its_transpose() -> None:
    A = np.arange(6.0).reshape(3, 2)
    assert np.shares_memory(adjoint(A), A)
    assert adjoint(A).strides == A.T.strides
    assert squares(A).tobytes() == (A * A).tobytes()
    C = A + 1j
    assert np.array_equal(adjoint(C), C.conj().T)
    assert np.array_equal(squares(C), A * A + 1)


TRANSPOSES: dict[str, Callable[[Any, Any], Any]] = {
    "normal equations": lambda A, b: np.linalg.solve(A.T @ A, A.T @ b),
    "normal equations, one transpose": lambda A, b: np.linalg.solve(A.conj().T @ A, A.T @ b),
    "QR": lambda A, b: np.linalg.solve(np.linalg.qr(A)[1], np.linalg.qr(A)[0].T @ b),
    "a conjugated pseudo-inverse": lambda A, b: np.linalg.pinv(A).conj() @ b,
}


@pytest.mark.parametrize("kind", TRANSPOSES)
def test_who_transposes_without_conjugating_is_wrong(kind: str) -> None:
    for dtype in COMPLEX:
        for problem, verdict in (
            (well_conditioned(dtype, 9, 6), Verdict.WRONG),
            (well_conditioned(REAL_OF[dtype], 9, 6), None),  # where it is as good as any
        ):
            solver = Solver(kind, "", complex_too(full_rank()), lambda A, b: (TRANSPOSES[kind](A, b), None))
            outcome = Outcome(Status.SOLVED, x=solver.solve(problem.A, problem.b)[0])
            case = Case(problem.key, Variant("any", kind, problem.key.dtype, "cpu"))
            found = record(case, proved(problem, oracles.AUTO), solver, outcome)
            assert (found.verdict is verdict) if verdict else (found.verdict in GOOD), found.key
