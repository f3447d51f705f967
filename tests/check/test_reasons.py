"""Every sentence that says why an answer failed, from an answer worked out on paper."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.check.clues import Clues, changes_matter, has_cutoff, has_singles, heeds_layout, is_steady
from lamm_robust.check.reasons import GROWTH, REASONS, reason
from lamm_robust.check.ridge import Ridge
from lamm_robust.scoring.frame import Frame
from lamm_robust.scoring.nonfinite import as_undefined
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Certified, Known
from lamm_robust.solvers import user
from lamm_robust.values import Case, Cause, Deficiency, Outcome, Solver, Status, Variant
from tests.support.problems import problem_of

U = 2.0**-53
EASY = [[1, 0], [0, 2], [0, 0]], [1, 2, 1]  # κ = 2, x★ = (1, 1)
HARD = [[1, 0], [0, 1e-5], [0, 0]], [1, 1e-5, 1]  # κ = 1e5, x★ = (1, 1)
HARDER = [[1, 0], [0, 1e-8], [0, 0]], [1, 1e-8, 1]
CLEAN = [[1, 0], [0, 1e-5], [0, 0]], [1, 1e-5, 0]  # the same without a residual
MIDDLE = [[1, 0], [0, 1e-3], [0, 0]], [1, 1e-3, 1]
DEFICIENT = [[1, 1], [1, 1], [0, 0]], [1, 1, 1]  # rank 1, x★ = (1/2, 1/2), (1, −1) is in the null space
GRADED = [[1, 0, 0], [0, 2.0**-40, 2.0**-40], [0, 0, 0]], [1, 2.0**-40, 1]  # rank 2, uκ² = 1e8, x★ = (1, 1/2, 1/2)
TRAILING = [[1, 0], [0, 1e-5], [0, 0]], [0, 1e-5, 0]  # x★ = (0, 1)
SEVERAL = EASY[0], [[1, 2, 1], [2, 2, 2], [1, 1, 1]]  # x★ = (1, 1), (2, 1) and (1, 1)
WIDE = [[1, 0]], [1 + 1e-9]  # the solutions (1, t)
THIRDS = [[3, 0], [0, 6], [0, 0]], [1, 1, 1]
HUGE = [[2.0**1000, 0], [0, 2.0**1001]], [2.0**1000, 2.0**1001]


@dataclass(frozen=True)
class Example:
    """A problem, what came of it, and what is to be said."""

    problem: tuple[Any, Any]
    outcome: Outcome
    words: str
    passes_alone: bool = False
    squares_kappa: bool = False
    ridge: Ridge | None = None
    mistake: str | None = None


def solved(*x: float, **more: Any) -> Outcome:
    return Outcome(Status.SOLVED, np.array(x), **more)


def failed(status: Status, message: str, cause: Cause = Cause.NONE) -> Outcome:
    return Outcome(status, message=message, cause=cause)


EXAMPLES: Mapping[str, Example] = {
    "flaky": Example(EASY, failed(Status.FLAKY, "first crashed; then solved"), "first crashed; then solved"),
    "timed out": Example(
        EASY, failed(Status.TIMED_OUT, "no answer within 10 s"), "no answer within 10 s (--case-seconds allows more)"
    ),
    "ended its process": Example(
        EASY,
        failed(Status.CRASHED, "the process ended with signal 11", Cause.PROCESS_LOST),
        "the process ended with signal 11",
    ),
    "raised an exception": Example(
        EASY,
        failed(Status.CRASHED, "IndexError: no"),
        "raised IndexError: no (--refuses NAME, if it documents that)",
    ),
    "depends on earlier calls": Example(
        EASY,
        solved(2, -1),
        "right when asked alone in a fresh process: it keeps something from earlier calls, or is random",
        passes_alone=True,
    ),
    "bad output": Example(EASY, failed(Status.BAD_OUTPUT, "x has shape (3,)"), "x has shape (3,)"),
    "not repeatable": Example(
        EASY,
        solved(2, -1, repeatable=False),
        "answers differ between two calls with the same input: it keeps something, or is random",
    ),
    "depends on the layout": Example(
        EASY,
        solved(2, -1, cause=Cause.LAYOUT, message="x is another one for strided arrays"),
        "x is another one for strided arrays",
    ),
    "undefined": Example(
        ([[1, math.inf]], [1]), solved(1, 1), "a finite answer, and no warning, though A[0, 1] is inf"
    ),
    "empty": Example((np.zeros((0, 2)), []), solved(1, 1), "A is 0×2: empty"),
    "extreme scale": Example(
        HUGE, solved(0, 0), "overflow or underflow, with entries of A near 1e301 and of b near 1e301?"
    ),
    "not finite": Example(EASY, solved(math.nan, 1), "x has entries that are infinite or not a number"),
    "not column by column": Example(
        HARD,
        solved(1, 1 + 1e-6),
        "exact for a matrix near A as a whole, but for none that is near it column by column (backward error 4e4 u): "
        "scale columns to one size, or use QR",
    ),
    "zero": Example(EASY, solved(0, 0), "x is zero"),
    "copied": Example(
        SEVERAL,
        Outcome(Status.SOLVED, np.ones((2, 3))),
        "all 3 right-hand sides have the same x",
    ),
    "ridge": Example(
        EASY, solved(0.8, 4 / 4.25), "solves the ridge problem with λ = 0.25, not least squares", ridge=Ridge(0.25, 0)
    ),
    "a conjugate wrong": Example(
        EASY, solved(1, -1), "x is the conjugate of the answer", mistake="x is the conjugate of the answer"
    ),
    "float32": Example(
        THIRDS, solved(float(np.float32(1 / 3)), float(np.float32(1 / 6))), "right to float32 only: computes in float32"
    ),
    "scaled": Example(EASY, solved(1 + 1e-9, 1 + 1e-9), "x is 1.000000001 times the answer"),
    "keeps rounding errors": Example(
        DEFICIENT,
        solved(1e10, -1e10, rank=2),
        "x is 2e10 times as long as the shortest solution (reports rank 2 of 1): "
        "keeps a singular value that is rounding error?",
    ),
    "not the shortest": Example(
        DEFICIENT, solved(0.8, 0.2), "not the shortest solution: 0.51 of x is outside the row space"
    ),
    "drops singular values": Example(
        HARD, solved(1, 0), "the answer as if singular values from 1e-5·σ₁ down were zero: they are not"
    ),
    "squares κ": Example(
        CLEAN,
        solved(1, 1 + 1e-6),
        "error grows like κ² (κ = 1e5): normal equations, or Gram–Schmidt with Qᵀb?",
        squares_kappa=True,
    ),
    "no near matrix": Example(
        HARDER,
        solved(1 + 1e-12, 1),
        "near the answer, but exact for no matrix near A (backward error 5e3 u‖A‖): "
        "an explicit inverse, pseudo-inverse or Gram matrix?",
    ),
    "few digits": Example(
        EASY,
        solved(1.001, 1),
        "only 3 digits are right where κ = 2: lower precision inside, or another problem solved?",
    ),
    "fits nothing": Example(
        ([[1, 1], [1, 1 + 2.0**-52]], [1, 2]),
        solved(3, 0),
        "fits nothing: Ax is 1‖b‖ away from the best fit, which no rounding explains, "
        "though κ = 1.8e16 is beyond the precision",
    ),
    "wrong": Example(EASY, solved(2, -1), "not one digit is right where κ = 2"),
    "inaccurate": Example(
        MIDDLE,
        solved(1.001, 1),
        "errors are beyond rounding: backward 5e12 u‖A‖, forward 9e6 Wedin bounds, where 24 is small",
    ),
}


def clues(example: Example, deficiency: Deficiency = Deficiency.MINIMUM_NORM) -> Clues:
    problem = problem_of(*example.problem)
    certified: Known | None = as_undefined(problem)
    if certified is None:
        certified = Certified(problem, Frame(problem, catalog.find_oracle("auto").certify(problem.A, problem.b)))
    contract = user.contract(deficiency, ("tall", "square", "wide"))
    solver = Solver("f", "", contract, lambda A, b: (A, b))
    case = Case(problem.key, Variant("yours", "f", "float64", "cpu"))
    found = record(case, certified, solver, example.outcome)
    seen = Clues(found, certified, example.outcome, example.passes_alone, squares_kappa=example.squares_kappa)
    seen = replace(seen, ridge=example.ridge, mistake=example.mistake)
    if example.mistake:  # which an answer shows in a complex precision only: see test_conjugation
        seen.__dict__["mistakes"] = frozenset({example.mistake})
    return seen


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_reason_is_found_and_said(name: str) -> None:
    known = clues(EXAMPLES[name])
    found = reason(known)
    assert (found.name, found.say(known)) == (name, EXAMPLES[name].words)


def test_there_is_an_example_of_every_reason() -> None:
    assert list(EXAMPLES) == [one.name for one in REASONS]


@pytest.mark.parametrize(
    ("problem", "x", "name"),
    [
        (EASY, (-1, -1), "scaled"),  # whatever the factor
        (THIRDS, (1 / 3 + 1e-9, 1 / 6), "few digits"),  # as few as float32 has, but no numbers of float32
        (HARDER, (1 + 2.0**-23, 1), "no near matrix"),  # cancellation, too, leaves numbers of few digits
        (DEFICIENT, (5, -3), "wrong"),  # outside the row space, and no solution
        (DEFICIENT, (0.5 + 1e-7, 0.5 - 1e-7), "not the shortest"),
        (DEFICIENT, (1e10, 1e10), "scaled"),  # long, but not by what A takes to zero
        (DEFICIENT, (0.7, 0.7), "scaled"),  # no solution, and in the row space
        (DEFICIENT, (1e10, -0.8e10), "wrong"),  # as long, but a ninth of it is in the row space
        (DEFICIENT, (1e10, -0.999e10), "wrong"),  # nearly in the null space, but exact for no matrix near A
        (DEFICIENT, (1e10 + 0.5, 0.5 - 1e10), "not the shortest"),  # so does not keep it: it fits A itself
        (DEFICIENT, (1e10 + 0.50001, 0.5 - 1e10), "keeps rounding errors"),
        (GRADED, (1, 1e10, -1e10), "not the shortest"),  # what rounding may do to a basic solution
        (GRADED, (1, 1e13 + 2e10, -1e13), "keeps rounding errors"),
        (TRAILING, (1e-21, 0), "drops singular values"),  # all that is left of b is rounded
        (TRAILING, (1e-18, 0), "wrong"),
        (HARD, (1 + 1e-3, 1), "inaccurate"),  # more than κ² explains, in the wrong direction
        (EASY, (1e300, 1), "wrong"),  # beyond what can be measured
        (EASY, (1 + 1.0005e-4, 1 + 0.9995e-4), "scaled"),  # along x★ but for half a thousandth
        (EASY, (1 + 1.005e-4, 1 + 0.995e-4), "few digits"),  # but for half a hundredth
        (HARD, (1, 1e-14), "drops singular values"),  # as near to (1, 0) as rounding leaves it
        (HARD, (1, 1e-6), "wrong"),  # near, but no more than what stops early
        (CLEAN, (1, 1 + 1e-6), "inaccurate"),  # as much as κ² explains, but one problem shows no growth
        (HARD, (1e-9, 0), "wrong"),  # short, but not along x★
        (HARD, (1e-9, 1e-9), "scaled"),
    ],
)
def test_neighbours_are_told_apart(problem: tuple[Any, Any], x: tuple[float, ...], name: str) -> None:
    known = clues(Example(problem, solved(*x), ""))
    assert reason(known).name == name


@pytest.mark.parametrize(
    ("problem", "x"),
    [
        (SEVERAL, [[1, 1, 1], [1, 1, 1.5]]),  # two of three
        (SEVERAL, [[1, 1, 1], [1, 1, 1 + 2.0**-52]]),  # to the bit: the third was computed
        ((EASY[0], [[1, 1], [2, 2], [1, 5]]), [[1, 1], [3, 3]]),  # wrong, but b's differ in their residuals only
        (EASY, [1, 3]),
    ],
)
def test_equal_answers_are_not_always_copies(problem: tuple[Any, Any], x: Any) -> None:
    known = clues(Example(problem, Outcome(Status.SOLVED, np.array(x, dtype=float)), ""))
    assert reason(known).name == "wrong"


def test_a_solver_that_answers_in_float32_only_is_known_by_all_its_answers() -> None:
    known = clues(Example(HARDER, solved(1, 1 + 2.0**-3 + 2.0**-20), ""))
    assert reason(known).name == "wrong"
    found = reason(replace(known, all_single=True))
    assert found.name == "float32"
    assert found.say(replace(known, all_single=True)) == "computes in float32, for which κ = 1e8 is too much"


def test_numbers_of_fewer_bits_than_float32_has_were_rounded_otherwise() -> None:
    known = replace(clues(Example(HARDER, solved(1, 1 + 2.0**-3), "")), all_single=True)
    assert reason(known).name == "wrong"
    whole = clues(Example((EASY[0], [12345.4, 24691.4, 1]), solved(12345, 12346), ""))
    assert reason(whole).name == "few digits"


def test_one_answer_is_no_sign_of_float32_where_others_have_errors_of_other_sizes() -> None:
    single, other = clues(EXAMPLES["float32"]), clues(EXAMPLES["wrong"])
    assert has_singles([single, other])
    assert has_singles([single, *[clues(EXAMPLES["squares κ"])] * 2])  # whose κ is larger
    assert not has_singles([single, other, other])
    assert reason(replace(single, has_singles=False)).name == "scaled"


def test_what_is_right_to_more_than_float32_is_not_taken_for_it() -> None:
    """Its numbers are numbers of float32, as all of few digits are."""
    close = clues(Example(([[1, 0], [0, 2], [0, 0]], [1 + 1e-10, 2, 1]), solved(1, 1), ""))
    assert reason(close).name == "few digits"


@pytest.mark.parametrize(("error", "squares"), [(1e-8, False), (1e-6, True), (0.9, False)])
def test_growth_explains_no_answer_that_is_much_better_or_worse(error: float, squares: bool) -> None:
    """With uκ² = 1e-6, where errors at other problems grow like κ²."""
    known = clues(Example(CLEAN, solved(1, 1 + error), "", squares_kappa=True))
    assert (reason(known).name == "squares κ") == squares


def test_a_cutoff_is_only_said_where_it_explains_most() -> None:
    cut, other = (clues(Example(HARD, solved(1, second), "")) for second in (0.0, 0.5))
    low = clues(Example(EASY, solved(1.001, 1), ""))
    assert has_cutoff([cut, other])
    assert has_cutoff([cut, low, low])  # at whose κ it cuts nothing
    assert not has_cutoff([cut, other, other])
    assert reason(replace(cut, has_cutoff=False)).name == "wrong"


@pytest.mark.parametrize(
    ("example", "name", "otherwise"),
    [
        (EXAMPLES["depends on the layout"], "depends on the layout", "wrong"),
        (Example(DEFICIENT, solved(1e10 + 0.50001, 0.5 - 1e10), ""), "keeps rounding errors", "wrong"),
        (EXAMPLES["drops singular values"], "drops singular values", "wrong"),
        (EXAMPLES[GROWTH], GROWTH, "inaccurate"),
        (EXAMPLES["ridge"], "ridge", "wrong"),
    ],
)
def test_one_answer_shows_how_it_was_computed_if_the_solver_is_steady(
    example: Example, name: str, otherwise: str
) -> None:
    known = clues(example)
    assert [reason(known).name, reason(replace(known, is_steady=False)).name] == [name, otherwise]


def test_what_shows_that_a_solver_is_not_steady() -> None:
    fails, other_bits = clues(EXAMPLES["wrong"]), clues(EXAMPLES["not repeatable"])
    assert is_steady([], changes=True)
    assert is_steady([fails] * 9 + [other_bits], changes=True)  # as from sums in changing order
    assert not is_steady([fails] * 8 + [other_bits], changes=True)
    assert not is_steady([fails] * 99 + [clues(EXAMPLES["depends on earlier calls"])], changes=False)


def test_other_bits_at_the_second_call_are_no_reason_where_they_do_no_harm() -> None:
    harmed, harmless = clues(EXAMPLES["not repeatable"]), clues(Example(EASY, solved(1, 1, repeatable=False), ""))
    others = [replace(harmless.record, problem=f"other {number}") for number in range(3)]
    assert changes_matter([harmed.record, *others[:2]], [harmed])
    assert not changes_matter([harmed.record, *others], [harmed])
    assert reason(replace(harmed, changes_matter=False)).name == "wrong"
    assert is_steady([harmed], changes=False)
    assert not is_steady([harmed], changes=True)


def test_a_layout_is_only_blamed_for_many_answers() -> None:
    fails, moved = clues(EXAMPLES["wrong"]), clues(EXAMPLES["depends on the layout"])
    assert heeds_layout([moved])
    assert heeds_layout([fails] * 9 + [moved])
    assert not heeds_layout([fails] * 10 + [moved])
    assert reason(replace(moved, heeds_layout=False)).name == "wrong"


def test_an_entry_that_is_lost_is_told_from_an_answer_that_is() -> None:
    """κ = 1e8 comes of the sizes of the columns alone."""
    lost = clues(Example(([[1, 0], [0, 2.0**27], [0, 0]], [1, 1, 1]), solved(1, 3e-8), ""))
    assert lost.record.verdict == "wrong"
    assert lost.record.scores["relative_error"] < 1e-7
    assert reason(lost).say(lost) == "an entry of x has no right digit, though κ = 1 with columns of one size"


def test_jax_in_float32_is_told_what_to_do() -> None:
    known = clues(Example(EASY, failed(Status.BAD_OUTPUT, "x is float32, expected float64", Cause.FLOAT32), ""))
    assert "jax_enable_x64" in reason(known).say(known)


def test_a_basic_solution_need_not_be_the_shortest() -> None:
    example = EXAMPLES["not the shortest"]
    assert clues(example).record.verdict == "wrong"
    assert clues(example, Deficiency.BASIC).record.verdict == "backward stable"


@pytest.mark.parametrize(
    ("problem", "outcome", "name", "words"),
    [
        (
            DEFICIENT,
            solved(1e10 + 0.50001, 0.5 - 1e10, rank=2),
            "keeps rounding errors",
            (
                "x is 2e10 times as long as the shortest solution (reports rank 2 of 1), so long that "
                "Ax is 8e-6‖b‖ away from the best fit: keeps a singular value that is rounding error?"
            ),
        ),
        (DEFICIENT, solved(5, -3), "wrong", "no solution: Ax is 0.82‖b‖ away from the best fit, though κ = 1"),
        (
            DEFICIENT,
            solved(1e3 + 0.5001, 0.5 - 1e3, rank=1),
            "inaccurate",
            (
                "errors are beyond rounding: backward 5e8 u‖A‖, where 24 is small, and "
                "Ax is 8e-5‖b‖ away from the best fit, where 8e-15 is"
            ),
        ),
        # reported too high a rank, but is no longer than need be
        (DEFICIENT, solved(0.5001, 0.5, rank=2), "inaccurate", None),
        (WIDE, solved(1, 1e-5), "inaccurate", None),  # few digits of x★, for which nobody has asked
    ],
)
def test_who_may_return_any_solution_is_not_told_of_x_star(
    problem: tuple[Any, Any], outcome: Outcome, name: str, words: str | None
) -> None:
    known = clues(Example(problem, outcome, "", squares_kappa=True), Deficiency.BASIC)
    found = reason(known)
    assert found.name == name
    said = found.say(known)
    assert words in (None, said)
    assert "forward" not in said
    assert "digit" not in said


def test_an_inverse_is_only_guessed_at_where_it_costs_as_much() -> None:
    """Long sums cost more than a κ of 2 does."""
    problem = [[1, 0], [0, 2], [0, 0]], [1, 2, 1e4]
    known = clues(Example(problem, solved(1 + 1e-11, 1 + 2e-11), ""))
    assert reason(known).name == "no near matrix"
    assert reason(known).say(known).endswith("u‖A‖)")


def test_no_scaling_is_advised_where_the_columns_are_of_one_size() -> None:
    known = clues(EXAMPLES["not column by column"])
    even = replace(known, record=replace(known.record, kappa_columns=known.kappa))
    assert reason(even).say(even).endswith("column by column (backward error 4e4 u)")


def test_the_sign_of_a_scaling_is_said() -> None:
    known = clues(Example(EASY, solved(1 - 1e-3, 1 - 1e-3), ""))
    assert reason(known).say(known) == "x is 0.999 times the answer"
    tiny = clues(Example(EASY, solved(2e-7, 2e-7), ""))
    assert reason(tiny).say(tiny) == "x is 2e-7 times the answer"
