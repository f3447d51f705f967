"""Problems without rows or columns, through every room: truth, scores, verdict, packing, printing, and real solvers."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import numpy as np
import pytest

from lamm_robust import catalog, oracles
from lamm_robust.cli import truth, truth_page
from lamm_robust.oracles.plain_values import facts
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.limits import limits, threshold
from lamm_robust.scoring.metrics import score, score_all
from lamm_robust.scoring.verdicts import judge
from lamm_robust.solvers.contracts import basic, full_rank, minimum_norm
from lamm_robust.storage.packing import pack_certificate, pack_problem, unpack_certificate, unpack_problem
from lamm_robust.strategies import LeastSquaresProblem, least_squares_problems
from lamm_robust.strategies import problem as problem_named
from lamm_robust.values import (
    Array,
    Case,
    Contract,
    Outcome,
    Precision,
    Problem,
    ProblemKey,
    Regime,
    Status,
    Variant,
    Verdict,
)
from lamm_robust.workers.attempt import attempt
from lamm_robust.workers.pool import Pool
from lamm_robust.workers.process import Kind
from lamm_robust.workers.supervisor import Worker
from tests.support.problems import problem_of

SHAPES = [(4, 0), (0, 3), (0, 0)]
ANY, SOME, FULL = minimum_norm("σ_i ≤ eps·σ₁"), basic("pivots"), full_rank("LinAlgError")

shapes = pytest.mark.parametrize(("m", "n"), SHAPES)
every_oracle = pytest.mark.parametrize("oracle", catalog.ORACLES)


def empty(m: int, n: int, targets: tuple[int, ...] = (), dtype: Precision = "float64") -> Problem:
    """b = (3, 4, 0, …), or that in every column."""
    b = np.zeros((m, *targets))
    b[:1], b[1:2] = 3, 4
    return problem_of(np.zeros((m, n)), b, dtype)


def judged(problem: Problem, x: Array, contract: Contract) -> Verdict:
    truth = oracles.AUTO.certify(problem.A, problem.b)
    scores = score(Frame(problem, truth), x)
    return judge(contract, limits(truth, problem.key.dtype), Outcome(Status.SOLVED, x=x), scores)


# --- truth -----------------------------------------------------------------------------------------------


@shapes
@every_oracle
@pytest.mark.parametrize("targets", [(), (1,), (2,)])
def test_every_oracle_proves_rank_0_and_x_0(oracle: str, m: int, n: int, targets: tuple[int, ...]) -> None:
    problem = empty(m, n, targets)
    found = catalog.ORACLES[oracle].certify(problem.A, problem.b)
    assert (found.m, found.n, found.rank, found.kappa, found.digest) == (m, n, 0, None, problem.digest)
    assert oracles.stored(found).shape == (n, *targets)
    assert not oracles.stored(found).any()
    assert [float(ball) for ball in found.residual_norm] == [5.0 if m else 0.0] * (targets or (1,))[0]
    assert found.x_radius == found.sigma_max.mid == found.sigma_min.mid == 0
    assert all(ball.radius <= 1e-12 for ball in found.residual_norm)


@shapes
def test_many_are_certified_together(m: int, n: int) -> None:
    problem, other = empty(m, n), problem_of(np.eye(3), np.ones(3))
    found = oracles.certify_all([(problem.A, problem.b), (other.A, other.b), (problem.A, problem.b)])
    assert [getattr(truth, "rank", truth) for truth in found] == [0, 3, 0]


@pytest.mark.parametrize(("m", "n"), [(2, 3), (0, 3), (2, 0)])
@every_oracle
def test_no_right_hand_side_is_refused(oracle: str, m: int, n: int) -> None:
    with pytest.raises(ValueError, match=rf"b has shape \({m}, 0\): no right-hand side; accepted is one or more"):
        catalog.ORACLES[oracle].certify(np.ones((m, n)), np.ones((m, 0)))


@shapes
@pytest.mark.parametrize("targets", [(), (2,)])
def test_problems_and_certificates_come_back_from_bytes(m: int, n: int, targets: tuple[int, ...]) -> None:
    problem = empty(m, n, targets)
    back = unpack_problem(problem.key, pack_problem(problem))
    assert (back.A.shape, back.b.shape, back.digest) == (problem.A.shape, problem.b.shape, problem.digest)
    found = oracles.AUTO.certify(problem.A, problem.b)
    known = unpack_certificate(pack_certificate(found))
    assert facts(known) == facts(found)
    assert known.x.shape == found.x.shape


def test_digests_tell_empty_shapes_apart() -> None:
    digests = {empty(m, n, targets).digest for m, n in (*SHAPES, (0, 4)) for targets in ((), (1,), (2,))}
    assert len(digests) == 12


@pytest.mark.parametrize(
    ("m", "n", "last"),
    [
        (4, 0, "  (A has no columns, so x has no entries)"),
        (0, 2, "  0"),
        (0, 0, "  (A has no columns, so x has no entries)"),
    ],
)
def test_the_truth_of_a_file_reads_well(tmp_path: Path, m: int, n: int, last: str) -> None:
    path = tmp_path / "problem.npz"
    problem = empty(m, n)
    np.savez(path, A=problem.A, b=problem.b)
    lines = truth_page.text(truth.certify_given(str(path), oracles.AUTO)).splitlines()
    assert lines[0].startswith(f"problem        {m}×{n}, certified by ")
    assert lines[1] == "exact rank     0"
    assert lines[-1] == last


# --- scores and verdicts ---------------------------------------------------------------------------------


@shapes
@pytest.mark.parametrize("targets", [(), (2,)])
def test_zeros_score_zero(m: int, n: int, targets: tuple[int, ...], precision: Precision) -> None:
    problem = empty(m, n, targets, precision)
    frame = Frame(problem, oracles.AUTO.certify(problem.A, problem.b))
    assert set(score(frame, np.zeros((n, *targets))).values()) == {0.0}


def test_a_stack_of_them_is_scored_as_each_alone() -> None:
    problem = empty(0, 3)
    frame = Frame(problem, oracles.AUTO.certify(problem.A, problem.b))
    xs = [np.zeros(3), np.ones(3), np.array([0.0, 1e-300, 0.0])]
    assert score_all([frame] * 3, xs) == [score(frame, x) for x in xs]


@pytest.mark.parametrize("contract", [ANY, SOME, FULL])
@shapes
def test_zeros_are_right(m: int, n: int, contract: Contract, precision: Precision) -> None:
    assert judged(empty(m, n, (), precision), np.zeros(n, dtype=precision), contract) is Verdict.BACKWARD_STABLE


@pytest.mark.parametrize("x", [np.ones(3), np.array([0, 0, 2.0**-149])])
def test_without_rows_everything_fits_but_only_zero_is_short(x: Array, precision: Precision) -> None:
    problem = empty(0, 3, (), precision)
    assert judged(problem, x.astype(precision), ANY) is Verdict.WRONG
    assert judged(problem, x.astype(precision), SOME) is Verdict.BACKWARD_STABLE


@shapes
def test_they_are_resolvable_and_small_is_that_of_one_entry(m: int, n: int, precision: Precision) -> None:
    problem = empty(m, n, (), precision)
    known = limits(oracles.AUTO.certify(problem.A, problem.b), precision)
    assert (known.regime, known.unique, known.small) == (Regime.RESOLVABLE, n == 0, threshold("float64", 1, 1))


# --- solvers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("library", "algorithms"), [("numpy", ("lstsq", "pinv")), ("scipy", ("gelsd", "gelsy")), ("jax", ("lstsq", "pinv"))]
)
def test_libraries_answer_zero(library: str, algorithms: tuple[str, ...], precision: Precision) -> None:
    problems = {ProblemKey("empty", (("m", m), ("n", n)), precision): empty(m, n, (), precision) for m, n in SHAPES}
    cases = [Case(key, Variant(library, name, precision, "cpu")) for key in problems for name in algorithms]
    kind = Kind(catalog.LIBRARY[library], precision, "cpu")
    pool = Pool(cases, lambda case: problems[case.key], lambda *_: Worker(kind))  # JAX stays out of this process
    answers = {answer.case: answer.outcome for batch in pool for answer in batch}
    assert set(answers) == set(cases)
    for case, outcome in answers.items():
        assert outcome.status is Status.SOLVED, f"{case}: {outcome.message}"
        assert outcome.x is not None
        assert outcome.x.shape == (problems[case.key].n,)
        assert not outcome.x.any()


@shapes
def test_a_wrong_shape_is_bad_output(m: int, n: int) -> None:
    numpy = catalog.LIBRARY["numpy"]
    wrong = type(numpy.solvers[0])("wrong", "one entry too many", ANY, lambda A, b: (np.zeros(A.shape[1] + 1), None))
    outcome = attempt(numpy, wrong, empty(m, n), "cpu")
    assert (outcome.status, outcome.message) == (Status.BAD_OUTPUT, f"x has shape ({n + 1},), expected ({n},)")


def test_property_tests_meet_them_where_they_ask() -> None:
    found = problem_named("degenerate m=0 n=3 matrix=zero target=zero seed=0 dtype=float32")
    assert isinstance(found, LeastSquaresProblem)
    assert (found.rank, found.cond, found.x.tolist()) == (0, 1.0, [0.0, 0.0, 0.0])
    assert found.score(np.zeros(3))["backward_error"] < found.small
    assert found.score(np.ones(3))["relative_error"] == np.inf
    asked = least_squares_problems(families=["degenerate"], rank="full", min_entries=0)
    assert hypothesis.find(asked, lambda p: p.A.size == 0).A.shape == (0, 0)
    few = hypothesis.settings(max_examples=100)  # above, the first is among the first ten
    with pytest.raises(hypothesis.errors.NoSuchExample):
        hypothesis.find(least_squares_problems(families=["degenerate"]), lambda p: p.A.size == 0, settings=few)
