"""Which call is recommended, on numbers that were made up; what is measured, beside exact scores."""

from __future__ import annotations

import importlib.util
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.advice.advise import Advice, advise, in_precision, ranked, recommend
from lamm_robust.advice.columns import look_at
from lamm_robust.advice.data import Data
from lamm_robust.advice.html import document
from lamm_robust.advice.page import facts, text
from lamm_robust.advice.panel import USUAL, call, chosen
from lamm_robust.advice.remedies import remedies
from lamm_robust.advice.scored import Quick, QuickFrame, digits, scores, with_frame
from lamm_robust.advice.trial import Tried
from lamm_robust.advice.unknowable import Unknowable, unknowable
from lamm_robust.scoring.metrics import score_each
from lamm_robust.scoring.truths import Certified, proved
from lamm_robust.solvers.typed import code_of
from lamm_robust.values import Outcome, Precision, Status, Verdict
from tests.support.problems import problem_of, random_problem

ROOT = Path(__file__).parents[2]
ORACLE = catalog.find_oracle("auto")


def made(name: str, x: float, fit: float, seconds: float, verdict: Verdict = Verdict.BACKWARD_STABLE) -> Tried:
    return Tried(catalog.find_variant(name), Outcome(Status.SOLVED, seconds=seconds), verdict, x, fit, 1.0)


QR, LU, LSTSQ = "numpy-qr-float64-cpu", "numpy-normal-lu-float64-cpu", "numpy-lstsq-float64-cpu"


def test_the_fastest_that_none_beats_by_more_than_a_digit_is_recommended() -> None:
    best, why = recommend([made(QR, 12.0, 14.0, 0.9), made(LSTSQ, 11.2, 13.4, 0.3), made(LU, 10.9, 14.0, 0.1)])
    assert best is not None
    assert str(best.variant) == LSTSQ
    assert "of 2 calls that none beats by over a digit" in why
    best, why = recommend([made(QR, 12.0, 14.0, 0.9), made(LU, 10.9, 14.0, 0.1)])
    assert best is not None
    assert str(best.variant) == QR
    assert why == "every other call is over a digit behind, in x or in the fit"
    jax = [made("jax-qr-float64-cpu", 12.0, 12.0, 1e-5), made("torch-gelsy-float64-cpu", 12.0, 12.0, 0.09)]
    assert recommend(jax)[0] is jax[1]  # a tenth of a second is nothing, and JAX needs a line more


def test_where_none_is_best_in_both_the_page_says_why() -> None:
    best, why = recommend([made(QR, 12.0, 10.0, 0.1), made(LSTSQ, 3.0, 14.0, 0.1)])
    assert best is not None
    assert str(best.variant) == QR
    assert why.startswith("no call is best in both")
    assert "numpy-lstsq-float64-cpu has 14.0 of the fit" in why


def test_among_equals_what_is_shortest_to_type_and_passes_is_recommended() -> None:
    alike = [made(QR, 15.0, 15.0, 1e-5), made(LSTSQ, 15.0, 15.0, 2e-5), made(LU, 15.0, 15.0, 1e-6, Verdict.INACCURATE)]
    best, _ = recommend(alike)
    assert best is not None
    assert str(best.variant) == LSTSQ
    assert recommend([]) == (None, "no call returned a finite answer")


def test_what_has_no_answer_comes_last() -> None:
    lost = made(LU, math.nan, math.nan, 1e-9, Verdict.REFUSED)
    assert [str(one.variant) for one in ranked([lost, made(LSTSQ, 1.0, 1.0, 1.0), made(QR, 2.0, 0.0, 1.0)])] == [
        QR,
        LSTSQ,
        LU,
    ]


def test_digits_of_errors() -> None:
    assert [digits(error) for error in (0.0, 1e-3, 1.0, 50.0, math.inf, 1e-30)] == [16.0, 3.0, 0.0, 0.0, 0.0, 16.0]


def test_every_usual_solver_has_a_text_and_calls_are_complete() -> None:
    assert all(code_of(*name.split("-", 1)) for name in USUAL)
    assert len(chosen((), ("float64",))) == len(USUAL)
    jax = catalog.find_variant("jax-lstsq-float64-cpu")
    assert call(jax, "float32") == (
        'jax.config.update("jax_enable_x64", True); A, b = A.astype("float64"), b.astype("float64"); '
        "jax.numpy.linalg.lstsq(A, b)[0]"
    )
    assert call(catalog.find_variant(LSTSQ), "float64") == "numpy.linalg.lstsq(A, b)[0]"


@pytest.mark.parametrize(("dtype", "log10_cond"), [("float32", 3.0), ("float64", 9.0)])
def test_quick_scores_are_the_exact_ones_but_for_less_than_a_unit(dtype: Precision, log10_cond: float) -> None:
    problem = random_problem(60, 6, log10_cond, 0.5, seed=1, dtype=dtype)
    certified = proved(problem, ORACLE)
    x = np.linalg.lstsq(problem.A, problem.b)[0] * np.array(1 + 3e-5 * (dtype == "float32"), dtype)
    frame = QuickFrame(certified.problem, certified.truth)
    exact, quick = score_each([certified.frame], [x])[0][0], score_each([frame], [x], Quick)[0][0]
    for name in ("relative_error", "fit_error", "residual_excess"):
        assert quick[name] == pytest.approx(exact[name], rel=1e-2)
    for name in ("backward_error", "columnwise_backward_error"):
        assert quick[name] == pytest.approx(exact[name], abs=2.0, rel=1e-2)


@pytest.mark.parametrize(("m", "n", "quick"), [(200, 100, False), (201, 100, True), (5001, 4, False)])
def test_scores_of_large_problems_are_quick_ones_unless_exact_ones_take_no_time(m: int, n: int, quick: bool) -> None:
    generator = np.random.default_rng(3)
    certified = proved(problem_of(generator.standard_normal((m, n)), generator.standard_normal(m)), ORACLE)
    framed, x = with_frame(certified), np.zeros(n)
    assert isinstance(framed.frame, QuickFrame) == quick
    exact, found = score_each([certified.frame], [x])[0][0], scores(framed, x)[0]
    assert found == (pytest.approx(exact, rel=1e-9, abs=1.0) if quick else exact)


def test_the_same_numbers_in_float64_have_the_same_truth() -> None:
    certified = proved(random_problem(12, 3, 2.0, 0.1, seed=2, dtype="float32"), ORACLE)
    same = in_precision(certified, "float64")
    again = ORACLE.certify(same.problem.A, same.problem.b)
    assert (same.truth.x[0] == again.x[0]).all()
    assert (same.truth.rank, same.truth.kappa) == (again.rank, again.kappa)


def offset_data(dtype: Precision = "float64") -> Data:
    """A constant, a column far from 0, a small one, and one that nearly is another; b is not a combination of them."""
    generator = np.random.default_rng(4)
    t, noise = np.arange(40.0), generator.standard_normal((3, 40))
    A = np.column_stack([np.full(40, 2.0), 1e5 + t, 1e-4 * noise[0], 1e-4 * noise[0] + 1e-8 * noise[1]])
    return Data("'x'", A.astype(dtype), (t + noise[2]).astype(dtype), ("one", "t", "small", "twin"))


def test_what_is_tried_solves_the_given_problem() -> None:
    """Each changed problem, solved in float64, leads back to x★; a cutoff and a penalty are there to change it."""
    data = offset_data()
    certified = proved(data.problem("float64"), ORACLE)
    found = {one.what: one for one in remedies(data, look_at(data.A), certified, ORACLE)}
    assert list(found)[:3] == ["centring t", "centring t, then columns of one size", "columns of one size"]
    for what in [*list(found)[:3], next(what for what in found if what.startswith("without"))]:
        one = found[what]
        x = one.back(np.linalg.lstsq(one.problem.A, one.problem.b, rcond=0)[0].astype(np.float64))
        assert digits(scores(one.certified, x)[0]["relative_error"]) > 5, what
    ridge = next(one for what, one in found.items() if what.startswith("ridge"))
    sigma = float(certified.truth.sigma_max)
    assert ridge.problem.A.shape == (44, 4)
    assert ridge.problem.A[-1, -1] == pytest.approx(math.sqrt(2.0**-52) * sigma)


def test_without_a_constant_column_nothing_is_centred() -> None:
    data = offset_data()
    data = replace(data, A=data.A[:, 1:], names=data.names[1:])
    certified = proved(data.problem("float64"), ORACLE)
    assert not [one for one in remedies(data, look_at(data.A), certified, ORACLE) if "centring" in one.what]


def test_what_rounding_decides_grows_with_the_condition_number() -> None:
    kept = []
    for log10_cond in (1.0, 4.0):
        problem = random_problem(30, 3, log10_cond, 0.1, seed=5, dtype="float32")
        data = Data("'x'", problem.A, problem.b, ("a", "b", "c"))
        found = unknowable(data, look_at(data.A), proved(problem, ORACLE))
        assert found is not None
        kept.append(found.digits_x)
    assert 6 < kept[0] < 8
    assert 2 < kept[1] < 5


def test_where_the_precision_cannot_tell_the_rank_the_answers_differ() -> None:
    A = np.array([[1, 1], [1, 1 + 2.0**-23], [1, 1]], np.float32)
    data = Data("'x'", A, np.array([1, 2, 3], np.float32), ("a", "b"))
    certified = proved(data.problem("float32"), ORACLE)
    found = unknowable(data, look_at(A), certified)
    assert found is not None
    assert found.other is not None
    rank, apart, residual = found.other  # x★ is (2, 0), and the answer of rank 1 is (1, 1)
    assert rank == 1
    assert apart == pytest.approx(math.sqrt(0.5), rel=1e-4)
    assert residual == pytest.approx(math.sqrt(2), rel=1e-3)


def page_of(certified: Certified, data: Data, calls: list[Tried]) -> Advice:
    best, why = recommend(calls)
    return Advice(data, certified, look_at(data.A), tuple(ranked(calls)), best, why, (), None, {}, 1.0)


def test_the_page_is_inert_and_json_is_plain() -> None:
    data = replace(offset_data("float32"), names=("one", "<script>", "\x1b[31m", "twin"), notes=("a note",))
    certified = proved(data.problem("float32"), ORACLE)
    advice = page_of(certified, data, [made(LSTSQ, 11.0, 12.0, 1e-3), made("scipy-gelsd-float32-cpu", 3.0, 5.0, 1e-4)])
    page = text(advice)
    assert "\x1b" not in page
    assert "staying in float32: scipy.linalg.lstsq(A, b)[0], with 3.0 digits" in page
    assert 'A, b = A.astype("float64"), b.astype("float64")' in page
    assert "<script>" not in document(advice)
    assert "numpy.linalg.lstsq(A, b)[0]  ← recommended" in page
    assert page.count("←") == 1
    found = json.loads(json.dumps(facts(advice), allow_nan=False))
    assert found["recommended"]["solver"] == LSTSQ
    assert [one["solver"] for one in found["calls"]] == [LSTSQ, "scipy-gelsd-float32-cpu"]
    assert (found["m"], found["n"], found["rank"]) == (40, 4, certified.truth.rank)


def test_the_page_names_a_call_that_has_all_the_digits_that_rounding_has_left() -> None:
    data = offset_data("float32")
    certified = proved(data.problem("float32"), ORACLE)
    calls = [made("numpy-normal-lu-float64-cpu", 9.0, 8.0, 1e-3), made(LSTSQ, 15.0, 15.0, 1e-3)]
    few = replace(page_of(certified, data, calls), unknowable=Unknowable(5.0, 6.0))
    line = "rounding to float32 has left 5.0 digits of x and 6.0 of the fit: 2 calls have one more, the shortest"
    assert line not in text(few)  # the best one is the shortest, too
    slow = [calls[0], made(QR, 15.0, 15.0, 1e-3)]
    few = replace(page_of(certified, data, slow), unknowable=Unknowable(5.0, 6.0))
    assert line in text(few)
    assert "calls have one more" not in text(replace(few, unknowable=Unknowable(14.5, 6.0)))
    assert "calls have one more" not in text(replace(few, unknowable=Unknowable(5.0, 7.5)))  # too near to rounding


def test_a_whole_page_of_two_solvers() -> None:
    """By workers, from data to page: on a graph, whose rank is known, both find the shortest solution."""
    A = np.array([[1, -1, 0], [0, 1, -1], [-1, 0, 1], [1, 0, -1]], np.float64)
    found = advise(Data("'graph'", A, np.array([1.0, 2.0, 0.0, 1.0]), ("a", "b", "c")), ["numpy-lstsq", "numpy-qr"])
    assert found.certified.truth.rank == 2
    assert {str(one.variant) for one in found.calls} == {LSTSQ, QR}
    assert found.recommended is not None
    assert str(found.recommended.variant) == LSTSQ
    assert found.recommended.digits_x > 14
    assert "c ≈ -1·a − 1·b, to the last digit of float64" in text(found)
    assert len(found.remedies) > 2


def test_the_recommended_call_is_not_beaten_at_a_few_problems_of_different_families() -> None:
    """A slice of docs/evidence/advise.py, with digits in rational arithmetic, and two libraries."""
    spec = importlib.util.spec_from_file_location("evidence", ROOT / "docs/evidence/advise.py")
    assert spec is not None
    assert spec.loader is not None
    evidence = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(evidence)
    problems = evidence.drawn(6)
    assert len({problem.key.family for problem in problems}) == 6
    found = evidence.tried_at(problems, ["numpy-lstsq", "numpy-normal-lu", "scipy-gels?"])
    assert evidence.report(found) in (["not beaten: 6"], ["beaten, and the page says why: 1", "not beaten: 5"])


def test_a_call_without_a_digit_is_not_called_stable_where_little_is_asked() -> None:
    stable = Tried(
        catalog.find_variant("numpy-lstsq-float64-cpu"), Outcome(Status.SOLVED), Verdict.BACKWARD_STABLE, 0, 9, 1
    )
    assert stable.judged == "backward stable"
    assert replace(stable, is_ambiguous=True).judged == "ambiguous"
    assert replace(stable, is_ambiguous=True, verdict=Verdict.WRONG).judged == "wrong"
