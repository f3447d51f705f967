"""`lamm-robust check`: good solvers pass, each broken one fails for the right reason, and none can hurt the check."""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lamm_robust import catalog
from lamm_robust.check import attempts, beside, supervised
from lamm_robust.check.attempts import doubt_of_times, is_enough, library_of, worker_opener
from lamm_robust.check.beside import time_ratio
from lamm_robust.check.command import replay_line
from lamm_robust.check.facts import facts
from lamm_robust.check.judgement import Judgement, Stop, judge_solver
from lamm_robust.check.only import attempt_only
from lamm_robust.check.page import page
from lamm_robust.check.reasons import REASONS
from lamm_robust.check.supervised import check_target
from lamm_robust.check.terms import Terms, variant_of
from lamm_robust.cli.main import main
from lamm_robust.keys import parse_key
from lamm_robust.reports.stability import STABILITY_ORDER
from lamm_robust.runs.plan import grid
from lamm_robust.solvers import user
from lamm_robust.testing import check_solver, parametrize_with_problems
from lamm_robust.values import (
    UNIT_ROUNDOFF,
    AbsentError,
    Answer,
    Case,
    Cause,
    Deficiency,
    Outcome,
    Precision,
    Regime,
    Status,
    Variant,
    Verdict,
)
from lamm_robust.workers.second_look import second_look
from tests.support import broken
from tests.support.processes import descendants, eventually, parents
from tests.support.records import RECORD

HERE = Path(__file__).parents[2]
FILE = "tests/support/broken.py"
FAMILIES = ("spectrum", "exact_rank", "raw", "polynomial")
ONE: Precision = "float64"
"""Faults of processes, pages and exit codes are the same in both precisions: they are tested once, in this one."""
RECORD_VARIANT = Variant("yours", "solve", ONE, "cpu")
KEY = "polynomial points=5 degree=2 abscissae=integers seed=0 dtype={}"


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without LAPACK's drivers beside it."""
    monkeypatch.setattr(beside, "DRIVERS", ())


def checked(name: str, precision: Precision, **terms: Any) -> Judgement:
    target = user.parse_target(f"{FILE}:{name}", HERE)
    return check_target(target, replace(Terms(precision=precision, families=FAMILIES), **terms))


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


def failed(result: Result, code: int = 2) -> str:
    """The one line that a failed command printed."""
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    (line,) = result.stderr.strip().splitlines()
    return line


# --- what passes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["good", "named", "chatter", "same_memory"])
@pytest.mark.usefixtures("alone")
def test_good_solvers_pass(name: str, precision: Precision) -> None:
    families = FAMILIES[:3]  # not fits over unix times, where an SVD may have no correct digit: see column-wise stable
    found = checked(name, precision, families=families, require="backward-stable")
    assert (found.row.stability, found.passed, list(found.failures)) == ("column-wise stable", True, [])
    assert found.row.deficient_total > 5
    assert found.row.deficient_passed == found.row.deficient_total
    assert found.safe_kappa > UNIT_ROUNDOFF[precision] ** -0.5
    assert found.row.rank_right == found.row.rank_total
    assert (found.row.rank_total > 0) == (name in ("good", "named"))  # others return x and nothing else


@pytest.mark.parametrize("name", ["listed", "fractions", "foreign", "matrix", "long_double", "column"])
@pytest.mark.usefixtures("alone")
def test_numbers_are_taken_in_many_forms(name: str, precision: Precision) -> None:
    terms = {"families": ("spectrum",), "one_right_side": True, "require": "backward-stable"}
    assert checked(name, precision, **terms).passed
    if name != "listed":  # which numbers in a list are Python's own
        assert not checked(name, precision, **terms, strict=True).passed


@pytest.mark.usefixtures("alone")
def test_float64_for_float32_is_judged(precision: Precision) -> None:
    terms = {"families": ("polynomial", "exact_rank"), "require": "backward-stable"}
    found = checked("double", precision, **terms)
    assert found.passed
    note = f"float64 for float32 at {len(found.records)} problems, rounded here: say .astype(A.dtype)"
    assert (note in page(found)) == (precision == "float32")
    assert checked("double", precision, **terms, strict=True).passed == (precision == "float64")


@pytest.mark.usefixtures("alone")
def test_qr_passes_at_full_rank(precision: Precision) -> None:
    found = checked("qr", precision, contract=Deficiency.FULL_RANK_ONLY, require="backward-stable")
    assert (found.row.stability, found.passed) == ("column-wise stable", True)
    assert {record.m >= record.n for record in found.records} == {True}


@pytest.mark.usefixtures("alone")
def test_a_pseudo_inverse_is_forward_stable_only(precision: Precision) -> None:
    terms = {"families": ("spectrum",), "contract": Deficiency.FULL_RANK_ONLY}
    weak = checked("pinv", precision, **terms, require="forward-stable")
    strong = checked("pinv", precision, **terms, require="backward-stable")
    assert (weak.row.stability, weak.passed, list(weak.failures)) == ("forward stable", True, [])
    assert (strong.row.stability, strong.passed) == ("forward stable", False)
    assert {failure.reason.name for failure in strong.failures} == {"no near matrix"}
    assert strong.safe_kappa < weak.safe_kappa


# --- what fails, and why --------------------------------------------------------------------------------------------

NUMERIC: Mapping[str, tuple[str, str, str]] = {
    "scaled": ("unstable", "scaled", r"x is 1\.0*1 times the answer"),
    "longer": ("unstable", "not the shortest", r"not the shortest solution: 0\.[2-8]\d? of x is outside the row space"),
    "normal_equations": ("unstable", "squares κ", r"grows like κ² .*normal equations, or Gram–Schmidt with Qᵀb\?"),
    "sometimes_nan": (
        "unstable|conditionally stable",
        "not finite",
        r"x has entries that are infinite or not a number",
    ),
    "no_tolerance": ("conditionally stable", "keeps rounding errors", r"reports rank \d+ of \d+"),
    "high_tolerance": ("unstable", "drops singular values", r"as if singular values from \S+σ₁ down were zero"),
    "stale": ("unstable", "depends on earlier calls", r"right when asked alone in a fresh process"),
    "restless": ("unstable", "not repeatable", r"answers differ between two calls with the same input"),
    "first_only": ("unstable", "not repeatable", r"answers differ between two calls with the same input"),
    "later": ("unstable", "not repeatable", r"answers differ between two calls with the same input"),
    "zero": ("unstable", "zero", r"x is zero"),
}


@pytest.mark.parametrize("name", NUMERIC)
@pytest.mark.usefixtures("alone")
def test_wrong_answers_are_seen_and_explained(name: str, precision: Precision) -> None:
    stability, why, words = NUMERIC[name]
    found = checked(name, precision, require="forward-stable")
    assert found.row.stability in stability.split("|")
    assert not found.passed
    explained = [failure for failure in found.failures if failure.reason.name == why]
    assert explained, page(found)
    assert all(re.search(words, failure.why) for failure in explained)


@pytest.mark.usefixtures("alone")
def test_a_layout_may_be_refused_but_not_misread() -> None:
    found = checked("in_place", ONE, families=("named",), require="backward-stable")
    assert found.passed
    tried = len(found.records)
    note = f"at {tried} problems it refuses read-only arrays: ValueError: output array is read-only"
    assert note in page(found)
    found = checked("memory_order", ONE, families=("named",))
    assert found.row.stability == "unstable"
    words = "x is another one for Fortran-ordered arrays: it depends on how A and b are stored"
    said = [failure.why for failure in found.failures if failure.reason.name == "depends on the layout"]
    assert len(said) > 3
    assert set(said) == {words}


@pytest.mark.usefixtures("alone")
def test_float32_inside_is_seen(precision: Precision) -> None:
    found = checked("single", precision, families=("spectrum",), require="forward-stable")
    if precision == "float32":  # where it is what was asked for
        assert found.passed
        return
    assert not found.passed
    assert found.row.computes_in == "less than float64"
    moderate = [failure for failure in found.failures if failure.record.kappa <= 1e3]
    assert {failure.reason.name for failure in moderate} == {"float32"}
    assert len(moderate) > 5
    assert moderate[0].why == "right to float32 only: computes in float32"
    assert found.failures[0].why.startswith("computes in float32, for which κ = ")


@pytest.mark.usefixtures("alone")
def test_a_small_scaling_fails_by_its_backward_error(precision: Precision) -> None:
    found = checked("scaled", precision)
    factor = 1e-3 if precision == "float32" else 1e-9
    easy = [r for r in found.records if r.problem == KEY.format(precision)]
    assert len(easy) == 1
    assert easy[0].kappa < 30
    assert easy[0].verdict == "inaccurate"
    # r = 0 would give δ/u; the residual, of a hundredth of b, takes next to nothing from it
    assert 0.02 * factor < easy[0].scores["backward_error"] * UNIT_ROUNDOFF[precision] <= factor


BROKEN: Mapping[str, tuple[str, str]] = {
    "segfault": ("crashed", "the process ended with signal 11 (Segmentation fault); it said nothing"),
    "leave": ("crashed", "the process ended with exit status 7; it said nothing"),
    "raises": ("crashed", "raised IndexError: list index out of range (broken.py, line "),
    "hang": ("timed out", "no answer within 0.5 s"),
    "mutate": ("bad output", "the solver changed its input A"),
    "settings": ("bad output", "the solver changed NumPy's error handling (numpy.seterr)"),
    "half": ("bad output", "x is float16, expected "),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.usefixtures("alone")
def test_no_solver_hurts_the_check(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_BROKEN", 3)
    verdict, why = BROKEN[name]
    limits = {"case_seconds": 0.5, "first_seconds": 0.5} if name == "hang" else {"case_seconds": 30.0}
    found = checked(name, ONE, **limits)
    assert found.row.stability == "broken"
    assert verdict in {failure.record.verdict for failure in found.failures}
    assert found.failures[0].why.startswith(why)
    assert 3 <= len(found.records) < 3 + 70  # those that were under way when there was enough
    assert found.untried + len(found.records) == len(checked_keys(ONE))


def checked_keys(precision: Precision) -> list[Any]:
    return grid("small", precision, FAMILIES)


@pytest.mark.usefixtures("alone")
def test_memory_that_is_kept_is_the_solvers_own_fault() -> None:
    found = checked("leak", ONE, families=("polynomial", "raw"), case_memory=1 << 29)
    assert found.row.stability == "broken"
    assert found.untried == 0
    assert {failure.reason.name for failure in found.failures} == {"raised an exception"}
    for failure in found.failures:
        assert failure.why.startswith("raised MemoryError: ")
        assert failure.why.endswith("; not so alone in a fresh process: earlier calls have kept it")


@pytest.mark.usefixtures("alone")
def test_what_is_refused_is_counted_and_the_rest_goes_on() -> None:
    found = checked("refuses_wide", ONE)
    assert found.untried == 0
    assert {failure.why for failure in found.failures} == {"raised LinAlgError: wide matrices"}
    assert 0 < len(found.failures) <= facts(found)["refusals"]  # where nothing is graded they are no failures
    assert facts(found)["refusals"] == sum(record.m < record.n for record in found.records)
    assert all(failure.record.m < failure.record.n for failure in found.failures)
    note = "refuses every wide problem: --shapes tall,square leaves them out"
    assert note in page(found)
    others = checked("refuses_wide", ONE, shapes=("tall", "square"), require="backward-stable")
    assert others.passed
    assert "refuses every" not in page(others)
    limited = replace(found, terms=replace(found.terms, shapes=("wide",), case_seconds=0.5, case_memory=1 << 30))
    line = replay_line(limited, found.failures[0])
    assert " --shapes wide --case-seconds 0.5 --case-memory 1024 --only " in line


@pytest.mark.usefixtures("alone")
def test_what_is_not_implemented_is_not_asked() -> None:
    families = ("spectrum", "right_sides")
    found = checked("lines_only", ONE, families=families, require="backward-stable", allow=("declined",))
    assert found.passed
    assert (facts(found)["refusals"], facts(found)["crashes"], list(found.failures)) == (0, 0, [])
    declined = sum(record.n != 2 for record in found.records)
    assert 0 < declined < len(found.records)
    assert f"note         {declined} problems declined: it raised NotImplementedError there" in page(found)
    unasked = replace(found, terms=replace(found.terms, allow=()))
    assert unasked.unmet == [f"{declined} declined problems"], "which problems it is for, only the user says"
    assert "with --allow declined it does not depend on problems that it declines" in page(unasked)
    contract = checked("lines_only", ONE, families=("spectrum",), columns=2)
    assert {record.n for record in contract.records} == {2}
    assert "declined" not in page(contract)
    wide = "spectrum m=2 n=1 mode=geometric log10_cond=0 residual=0.0 direction=random seed=0 dtype=float64"
    (one,) = attempt_only(user.parse_target(f"{FILE}:lines_only", HERE), Terms(precision=ONE), [wide])
    assert (one.failed, one.why) == (True, "declined by NotImplementedError: anything but lines")
    assert not replace(one, terms=Terms(require="forward-stable", allow=("declined",))).failed


@pytest.mark.usefixtures("alone")
def test_several_right_hand_sides_can_be_left_out() -> None:
    families = ("polynomial", "right_sides")
    found = checked("one_side", ONE, families=families, require="forward-stable")
    assert not found.passed
    note = "fails with several right-hand sides (b is m×k), and not with one: --one-right-side leaves them out"
    assert note in page(found)
    others = checked("one_side", ONE, families=families, require="forward-stable", one_right_side=True)
    assert others.passed
    assert 0 < len(others.records) < len(found.records)
    line = replay_line(replace(found, terms=replace(others.terms, columns=3, strict=True)), found.failures[0])
    assert " --one-right-side --columns 3 --strict --require forward-stable --only " in line


@pytest.mark.usefixtures("alone")
def test_errors_that_the_user_names_are_refusals() -> None:
    terms = {"families": ("exact_rank",), "contract": Deficiency.FULL_RANK_ONLY}
    crashes = checked("divides", ONE, **terms)
    assert crashes.row.stability == "broken"
    said = r"raised OwnError: a pivot is zero \(broken.py, line \d+\) \(--refuses NAME, if it documents that\)"
    assert re.fullmatch(said, crashes.failures[0].why)
    assert checked("divides", ONE, **terms, refuses=("ArithmeticError",)).failures == []  # its base


def test_a_crash_counts_where_nothing_is_graded() -> None:
    truths, terms = catalog.truths(), Terms(precision=ONE)
    solver = library_of(user.parse_target(f"{FILE}:good", HERE), terms).solvers[0]
    keys = grid("small", ONE, ["integral"])
    hopeless = next(k for k in keys if (c := truths.certify(k)) and c.regime is Regime.AMBIGUOUS)
    easy = parse_key(KEY.format(ONE))
    problem = truths.problem(easy)
    outcomes = {
        Case(easy, variant_of(solver, terms)): Outcome(Status.SOLVED, broken.x_of(problem.A, problem.b)),
        Case(hopeless, variant_of(solver, terms)): Outcome(Status.CRASHED, message="IndexError: no"),
    }
    found = judge_solver("good", solver, terms, truths, outcomes, 2)
    assert found.row.stability == "broken"
    assert [failure.why for failure in found.failures] == [
        "raised IndexError: no (--refuses NAME, if it documents that)"
    ]


def stopping_after(number: int) -> Callable[[int, int], None]:
    """What a check may call to tell its progress, and presses Ctrl-C instead."""

    def progress(done: int, of: int) -> None:
        assert 0 <= done <= of
        if done >= number:
            raise KeyboardInterrupt

    return progress


@pytest.mark.usefixtures("alone")
def test_what_was_done_before_a_stop_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    target, terms = user.parse_target(f"{FILE}:zero", HERE), Terms(families=("spectrum",), require="backward-stable")
    found = check_target(target, terms, stopping_after(1))
    assert found.stopped
    assert 0 < len(found.records) < len(found.records) + found.untried == len(grid("small", "float64", ["spectrum"]))
    assert found.unmet[-1] == "it was stopped before the end"
    assert f"({found.untried} more were not tried: it was stopped)" in page(found)
    monkeypatch.setattr(supervised, "check_target", lambda *_: found)
    result = invoke(f"{FILE}:zero", "--precision", "all", "--json", "-")
    assert result.exit_code == 130
    (one,) = json.loads(result.stdout)
    assert one["failures"]


@pytest.mark.usefixtures("alone")
def test_a_good_solver_that_is_stopped_has_not_passed() -> None:
    target, terms = user.parse_target(f"{FILE}:good", HERE), Terms(families=("spectrum",), require="backward-stable")
    assert check_target(target, terms, stopping_after(1)).unmet == ["it was stopped before the end"]


@pytest.mark.usefixtures("alone")
def test_what_was_done_in_time_is_judged() -> None:
    """Whatever the machine does, a solver that never ends leaves most undone, and one that ends none."""
    terms = Terms(families=("spectrum",), require="backward-stable", case_seconds=60.0, seconds=5.0)
    target = user.parse_target(f"{FILE}:hangs_at_the_second", HERE)
    found = check_target(target, terms)
    assert found.stopped is Stop.TIME
    assert found.unmet[-1] == "--seconds were over before the end"
    assert f"({found.untried} more were not tried: --seconds were over)" in page(found)
    assert len(found.records) + found.untried == len(grid("small", "float64", ["spectrum"]))
    with pytest.raises(ValueError, match=r"no attempt at '.*:hang' ended within --seconds 0\.1; give it more"):
        check_target(user.parse_target(f"{FILE}:hang", HERE), replace(terms, seconds=0.1))
    line = failed(invoke(f"{FILE}:good", "--seconds", 1, "--only", KEY.format(ONE)))
    assert line == "lamm-robust: --seconds is about a profile; --only has --case-seconds"


def answer_of(spent: float, elapsed: float, computed: float, status: Status = Status.SOLVED) -> Answer:
    return Answer(
        Case(parse_key(KEY.format(ONE)), RECORD_VARIANT), Outcome(status, spent=spent), False, elapsed, computed
    )


def test_times_that_other_clocks_contradict_are_doubted() -> None:
    honest = [answer_of(0.01, 0.012, 0.0095)] * 300
    assert doubt_of_times(honest) == ""
    assert doubt_of_times([answer_of(0.01, 0.1, 0.011)] * 300) == "", "other work on the machine"
    computed = doubt_of_times([answer_of(1e-6, 0.0, 0.01)] * 300)
    assert computed.endswith("measured beside it its calls took 300 µs, and from outside 3 s")
    assert doubt_of_times([answer_of(1e-6, 0.2, 0.0)] * 300).endswith("took 300 µs, and from outside 60 s")
    assert doubt_of_times([]) == ""


def test_a_solver_that_ends_its_process_as_if_from_outside_is_looked_at_so_often_and_not_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[Answer] = []
    lost = replace(answer_of(0.0, 0.0, 0.0, Status.CRASHED), inconclusive=True)
    lost = replace(lost, outcome=replace(lost.outcome, cause=Cause.PROCESS_LOST))
    cases = [Case(key, RECORD_VARIANT) for key in grid("small", ONE, ["spectrum"])[:10]]

    def look(answer: Answer, *_: Any, **__: Any) -> Outcome:
        looked.append(answer)
        return Outcome(Status.SOLVED if len(looked) == 1 else Status.CRASHED, message="alone")

    monkeypatch.setattr(attempts, "second_look", look)
    answers = {case: replace(lost, case=case) for case in cases}
    found = attempts.look_again(answers, catalog.truths(), lambda *_: None)  # type: ignore[arg-type]
    assert [outcome.message for outcome in found.values()] == ["alone"] * 4 + [""] * 6
    assert [outcome.status for outcome in found.values()] == [Status.SOLVED] + [Status.CRASHED] * 9


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_a_check_that_is_killed_says_so(sent: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lamm_robust", "check", f"{FILE}:hang"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE) as shell:
        eventually(lambda: len(descendants(shell.pid)) >= 2)  # the check, and its worker
        below = descendants(shell.pid)
        os.kill(shell.pid if sent is signal.SIGTERM else below[0], sent)
        _, said = shell.communicate()
    words = f"signal {int(sent)} ({signal.strsignal(sent)})"
    assert (shell.returncode, said) == (3, f"lamm-robust: the check was ended by {words}; it says nothing\n")
    eventually(lambda: not set(below) & set(parents()))


def test_enough_is_enough() -> None:
    solved, bad = (Outcome(s) for s in (Status.SOLVED, Status.BAD_OUTPUT))
    late, first = (Outcome(Status.TIMED_OUT, spent=seconds) for seconds in (10.0, 60.0))
    assert not is_enough([solved] * 1000 + [bad] * 49, 10.0)
    assert is_enough([solved] + [bad] * 50, 10.0)
    assert not is_enough([late] * 2, 10.0)
    assert is_enough([late] * 3, 10.0)
    assert is_enough([first], 10.0)  # a first call is given as long as several others
    assert not is_enough([first], 60.0)


# --- the page, and JSON ---------------------------------------------------------------------------------------------


def test_the_page_has_a_replay_line_for_each_failure_and_the_drivers_beside() -> None:
    result = invoke(f"{FILE}:normal_equations", "--precision", ONE, "--family", "spectrum")
    assert result.exit_code == 0, result.output  # nothing was required
    text = result.stdout
    assert text.startswith(f"{FILE}:normal_equations: ")
    for driver in ("gelsd", "gelsy", "qr"):
        assert re.search(rf"^  scipy-{driver} +[\w-]+ stable .* \d+\.\d×$", text, re.MULTILINE)
    assert re.search(r"^  yours .* 1\.0×$", text, re.MULTILINE)
    shown = [shlex.split(line)[2:] for line in text.splitlines() if line.startswith("    lamm-robust check ")]
    assert len(shown) == 3
    again = invoke(*shown[0]).stdout  # with two problems more: one shows no growth
    verdict = re.search(r"^verdict   (.*)$", again, re.MULTILINE)
    why = re.search(r"^why       (.*)$", again, re.MULTILINE)
    assert verdict
    assert why
    assert f", {verdict[1]}: {why[1]}" in text
    assert "normal equations, or Gram–Schmidt with Qᵀb?" in why[1]


def test_only_shows_one_case_in_full() -> None:
    for name in ("good", "estimator.solve"):
        (found,) = attempt_only(user.parse_target(f"{FILE}:{name}", HERE), Terms(), [KEY.format(ONE)])
        assert f"problem   {KEY.format(ONE)}\n" in found.text
        assert "truth     by " in found.text
        assert ("\nrank      3 reported\n" in found.text) == (name == "good")
        assert found.text.endswith("verdict   column-wise stable")


LINE = "raw A=1,1;1,1.0001;1,1.0002 b=1,2,3 dtype=float64"
DEFICIENT = "raw A=1,2;2,4;3,6 b=1,1,1 dtype=float64"
UNDEFINED = "nonfinite m=30 n=10 rank=10 value=not-a-number array=A place=middle seed=0 dtype=float64"


@pytest.mark.parametrize(
    ("name", "keys", "options", "code"),
    [
        ("good", [LINE, DEFICIENT], [], 0),
        ("good", [LINE, DEFICIENT], ["--require", "backward-stable"], 0),
        ("zero", [LINE], [], 1),  # wrong, whether or not anything is required
        ("zero", [DEFICIENT, LINE], ["--require", "forward-stable"], 1),
        ("raises", [LINE], [], 1),
        ("qr", [DEFICIENT], ["--contract", "full_rank_only"], 0),  # out of contract: nothing to explain
        ("boasts", [LINE], [], 0),
        ("boasts", [LINE], ["--require", "forward-stable"], 1),  # a right x with a rank that is none
        ("boasts", [LINE], ["--require", "forward-stable", "--allow", "ranks"], 0),
    ],
)
def test_ones_own_problems_are_a_gate(name: str, keys: list[str], options: list[str], code: int) -> None:
    only = [word for key in keys for word in ("--only", key)]
    result = invoke(f"{FILE}:{name}", *options, *only, "--json", "-")
    assert result.exit_code == code, result.output
    found = json.loads(result.stdout)
    assert [one["key"] for one in found] == keys
    assert any(one["failed"] for one in found) == (code == 1)
    for one in found:
        assert bool(one["why"]) == (one["failed"] and name != "boasts")
    if name == "good":
        for x in (found[0]["x"], found[0]["x_star"]):
            assert x == pytest.approx([-9999.0, 1e4], rel=1e-6)
        assert (found[0]["rank"], found[1]["rank"]) == (2, 1)


def test_only_what_failed_is_explained(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import numpy\ndef f(A, b): return numpy.full(A.shape[1], numpy.nan)\n")
    file = tmp_path / "keys.txt"
    file.write_text(f"# mine\n{LINE}  # a line\n\n{DEFICIENT}\n{UNDEFINED}\n")
    result = invoke(tmp_path / "mine.py:f", "--contract", "full_rank_only", "--only", f"@{file}")
    assert result.exit_code == 1, result.output
    assert result.stdout.splitlines()[-3:] == [
        f"non-finite: {LINE}: x has entries that are infinite or not a number",
        f"out of contract: {DEFICIENT}",
        f"flagged: {UNDEFINED}",
    ]
    assert result.stdout.count("\nwhy  ") == 1


@pytest.mark.usefixtures("alone")
def test_the_edges_of_the_exponent_range_are_told_apart(precision: Precision) -> None:
    terms = {"families": ("spectrum", "scaled"), "contract": Deficiency.FULL_RANK_ONLY, "require": "forward-stable"}
    found = checked("pinv", precision, **terms, allow=("silent",))
    assert found.passed
    silent = sum(failure.record.verdict == "wrong" for failure in found.failures)
    assert replace(found, terms=replace(found.terms, allow=())).passed == (silent == 0)
    assert {failure.reason.name for failure in found.failures} == {"extreme scale"}
    assert {failure.record.edge for failure in found.failures} == {"scale"}
    assert len(found.failures) == found.row.edges_total - found.row.edges_passed
    assert f"edge cases   {found.row.edges_passed} of {found.row.edges_total} passed" in page(found)
    assert "Fails first at κ" not in page(found)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(("name", "stability"), [("refuses_empty", "column-wise stable"), ("dies_of_empty", "broken")])
def test_an_edge_case_may_be_refused_but_not_be_fatal(name: str, stability: str, precision: Precision) -> None:
    found = checked(name, precision, families=("degenerate",))
    assert found.row.stability == stability
    assert found.row.edges_total > found.row.edges_passed
    assert all(failure.record.edge == "empty" for failure in found.failures)
    assert len(found.failures) == found.row.edges_total - found.row.edges_passed


@pytest.mark.usefixtures("alone")
def test_silence_where_there_is_no_answer_is_shown() -> None:
    found = checked("forgives", ONE, families=("nonfinite", "polynomial"), require="backward-stable")
    assert (found.row.stability, found.row.undefined_flagged) == ("column-wise stable", 0)
    assert {failure.reason.name for failure in found.failures} == {"undefined"}
    assert len(found.failures) == found.row.undefined_total == found.row.silent_failures
    text = page(found)
    assert f"undefined    0 of {found.row.undefined_total} problems" in text
    assert found.unmet == [f"{found.row.undefined_total} silent failures"]
    assert text.endswith(
        f"required: backward-stable: not held: {found.row.undefined_total} silent failures\n"
        "with --allow silent it does not depend on silent failures (at edge cases and where there is no answer, too)"
    )
    allowed = replace(found, terms=replace(found.terms, allow=("silent",)))
    assert allowed.passed
    assert page(allowed).endswith("required: backward-stable, but for silent: held")


def test_times_are_compared_where_both_passed() -> None:
    mine = [replace(RECORD, problem=f"p{i}", seconds=2.0) for i in range(4)] + [
        replace(RECORD, problem="q", seconds=9.0)
    ]
    theirs = [replace(RECORD, problem=f"p{i}", seconds=s) for i, s in enumerate((1.0, 4.0, 8.0))]
    lost = replace(RECORD, problem="p3", seconds=1e6, verdict=Verdict.WRONG)
    assert time_ratio([*theirs, lost], mine) == 2.0
    assert math.isnan(time_ratio([lost], mine))


def test_a_process_that_is_killed_from_outside_says_nothing_of_the_solver() -> None:
    truths, key = catalog.truths(), parse_key(KEY.format(ONE))
    terms = Terms(precision=ONE)
    library = library_of(user.parse_target(f"{FILE}:good", HERE), terms)
    case = Case(key, variant_of(library.solvers[0], terms))
    for first, status in (
        (Outcome(Status.CRASHED, cause=Cause.PROCESS_LOST), Status.SOLVED),
        (Outcome(Status.CRASHED, cause=Cause.OUT_OF_MEMORY), Status.CRASHED),
    ):
        assert (
            second_look(
                Answer(case, first, True), truths.problem(key), worker_opener(library, terms), one_solver=True
            ).status
            is status
        )


@pytest.mark.usefixtures("alone")
def test_json_has_what_a_machine_needs(tmp_path: Path) -> None:
    out = tmp_path / "verdict.json"
    result = invoke(f"{FILE}:zero", "--precision", "all", "--family", "raw", "--json", out)
    assert result.exit_code == 0, result.output
    assert "x is zero" in result.stdout
    written = json.loads(out.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert [one["precision"] for one in written] == ["float32", "float64"]
    assert list(written[0]) == [
        *(
            "suite",
            "target",
            "precision",
            "contract",
            "class",
            "safe_kappa",
            "max_cond",
            "silent_failures",
            "wrong_ranks",
        ),
        *(
            "refusals",
            "crashes",
            "worst_backward_error",
            "worst_forward_error",
            "computes_in",
            "times_doubted",
            "cases",
        ),
        *("passed", "unmet", "expected_failures", "failures"),
    ]
    for one in written:
        assert (one["target"], one["contract"], one["passed"]) == (f"{FILE}:zero", "minimum_norm", True)
        assert one["class"] in STABILITY_ORDER
        assert one["silent_failures"] == len([f for f in one["failures"] if f["verdict"] == "wrong"]) > 0
        assert {frozenset(f) for f in one["failures"]} == {frozenset({"key", "verdict", "why", "expected"})}
        assert str(parse_key(one["failures"][0]["key"])) == one["failures"][0]["key"]


@pytest.mark.usefixtures("alone")
def test_a_rank_that_is_reported_is_counted(precision: Precision) -> None:
    found = checked("boasts", precision, families=("exact_rank",))
    assert found.row.rank_right == 0 < found.row.rank_total
    assert f"right at 0 of {found.row.rank_total} problems" in page(found)
    assert f"note         wrong rank at {found.wrong_ranks} problems: 999 for 4, at exact_rank m=" in page(found)
    assert found.wrong_ranks == found.row.rank_total
    asked = replace(found, terms=replace(found.terms, require="forward-stable"))
    assert asked.unmet == [f"{found.wrong_ranks} wrong ranks"]
    assert replace(asked, terms=replace(asked.terms, allow=("ranks",))).passed
    assert "rank  " not in page(checked("qr", precision, families=("raw",)))


@pytest.mark.usefixtures("alone")
def test_infinite_errors_are_null_in_json() -> None:
    found = checked("zero", ONE, families=("raw",))
    row = replace(found.row, worst_backward_error=math.inf, worst_forward_error=math.nan)
    values = facts(replace(found, row=row))
    assert (values["worst_backward_error"], values["worst_forward_error"]) == (None, None)
    json.dumps(values, allow_nan=False)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(("name", "code"), [("good", 0), ("zero", 1)])
def test_a_requirement_is_a_gate(name: str, code: int) -> None:
    arguments = ["--precision", ONE, "--family", "raw", "--require", "forward-stable", "--json", "-"]
    result = invoke(f"{FILE}:{name}", *arguments)
    assert result.exit_code == code, result.output
    assert json.loads(result.stdout)["passed"] == (code == 0)  # and nothing else is printed


def test_only_reasons_of_the_table_are_given() -> None:
    assert {why for _, why, _ in NUMERIC.values()} <= {one.name for one in REASONS}


# --- targets --------------------------------------------------------------------------------------------------------


def test_targets_are_found_by_module_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(
        "from helper import solve as f\nimport pathlib\nassert pathlib.Path('helper.py').exists()\n"
    )
    (tmp_path / "helper.py").write_text("import numpy\ndef solve(A, b): return numpy.linalg.lstsq(A, b, rcond=None)\n")
    monkeypatch.chdir(tmp_path)
    for target in ("mine:f", "mine.py:f", tmp_path / "mine.py:f"):
        result = invoke(target, "--precision", ONE, "--only", KEY.format(ONE))
        assert "verdict   column-wise stable" in result.stdout, result.output


IMPORTS: Mapping[str, tuple[str, str]] = {
    "raises": ("1 / 0", r"ZeroDivisionError: division by zero \(.*mine.py, line 1\)"),
    "ends Python": ("raise SystemExit(0)", r"SystemExit: 0"),
    "kills its process": ("import os; os.abort()", "its process ended when it was imported, and said nothing"),
    "says something": ("import os; print('so long', flush=True); os._exit(0)", "last words: so long"),
    "is no Python": ("def", r"SyntaxError: .*mine.py, line 1"),
    "needs what is not there": ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
    "has no such function": ("def g(A, b): pass", r"there is no 'f' in it"),
    "has one of a similar name": ("def f1(A, b): pass", r"did you mean 'f1'\?"),
    "takes all memory": ("import numpy; numpy.ones(1 << 31)", r"MemoryError: Unable to allocate 16\.0 GiB"),
    "has no function": ("f = 3", r"'f' is no function, but of type int"),
    "takes nothing": ("def f(): pass", r"f\(\) cannot be called as f\(A, b\): too many positional arguments"),
    "takes too much": ("def f(A, b, c): pass", r"f\(A, b, c\) cannot be called as f\(A, b\): missing .*'c'"),
    "is of a class": ("class K:\n  def f(self, A, b): pass\nf = K.f", "take the method of an object"),
    "speaks before it fails": ("print('hello'); 1 / 0", "cannot be used: ZeroDivisionError: division by zero"),
}


@pytest.mark.parametrize("what", IMPORTS)
def test_what_cannot_be_imported_is_one_line(what: str, tmp_path: Path) -> None:
    text, words = IMPORTS[what]
    (tmp_path / "mine.py").write_text(text)
    line = failed(invoke(tmp_path / "mine.py:f"))
    assert line.startswith(f"lamm-robust: '{tmp_path}/mine.py:f' cannot be used: ")
    assert re.search(words, line)
    assert ("last words" in line) == (what == "says something")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["solve"], "'solve' names no function; expected package.module:function or path/to/file.py:function"),
        (["my solver:f"], "names no function"),
        (["a.b:"], "names no function"),
        (["no/such.py:f"], "there is no file 'no/such.py'"),
        (["no_such_module:f"], "No module named 'no_such_module'"),
        ([f"{FILE}:good", "--shapes", "tall,round"], "'round'; accepted are tall, square, wide"),
        ([f"{FILE}:good", "--family", "spectra"], "did you mean 'spectrum'?"),
        ([f"{FILE}:good", "--family", "lamm", "--shapes", "wide"], "no problem of lamm is wide"),
        ([f"{FILE}:good", "--only", "raw"], "no dtype in the key"),
        ([f"{FILE}:good", "--only", "@no/such"], "--only @no/such: cannot be read: No such file or directory"),
        ([f"{FILE}:good", "--only", "@tests/__init__.py"], "holds no key; expected one a line, # before comments"),
        ([f"{FILE}:good", "--only", LINE, "--only", "raw"], "--only 'raw': no dtype in the key"),
        ([f"{FILE}:good", "--columns", "1", "--only", LINE], "is not asked: A has 2 columns; the solver takes 1"),
        ([f"{FILE}:good", "--columns", "99"], "with so many columns"),
        ([f"{FILE}:good", "--allow", "ranks"], "--allow is about what is required; say what with --require"),
        ([f"{FILE}:good", "--require", "forward-stable", "--allow", "rank"], "'rank'; accepted are silent, ranks"),
        ([f"{FILE}:good", "--refuses", "a b"], "--refuses has 'a b'; accepted are names of exceptions"),
        (
            [f"{FILE}:good", "--json", "/no/such/place.json"],
            "--json /no/such/place.json: there is no directory '/no/such'",
        ),
        ([f"{FILE}:good", "--json", "tests"], "--json tests: this is a directory; expected a file"),
    ],
)
def test_bad_usage_is_one_line(arguments: list[str], words: str) -> None:
    assert words in failed(invoke(*arguments))


def test_a_gpu_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "missing_gpu", lambda _: AbsentError("no GPU found"))
    assert failed(invoke(f"{FILE}:good", "--device", "gpu")).endswith("on the GPU: no GPU found")


class Answered:
    """Something with attributes, as SciPy's and Torch's results are."""

    def __init__(self, **values: Any) -> None:
        vars(self).update(values)


class Labelled(Answered):
    """An array in disguise, of which a label is called x, as in a pandas Series."""

    def __init__(self, values: Any) -> None:
        super().__init__(values=values, x=values[0])

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.values  # type: ignore[attr-defined]


X, S = np.array([1.0, 2.0]), np.eye(2)


@pytest.mark.parametrize(
    ("result", "rank"),
    [
        (X, None),
        ([1.0, 2.0], None),
        ((X,), None),
        (X[np.newaxis].view(np.matrix), None),
        (X[:, np.newaxis].view(np.matrix), None),
        (X[:, np.newaxis], None),
        (X.astype(">f8"), None),
        (X.astype(np.longdouble), None),
        ([1, 2], None),
        ([Fraction(1), Fraction(2)], None),
        ({"x": X, "rank": 2}, 2),
        (Answered(value=X), None),
        (Answered(params=X), None),
        (Answered(coef_=X), None),
        (Labelled(X), None),
        ((X, 0), None),  # SciPy's iterative solvers return x and a code
        ((X, 1, 17, 0.5), 17),
        ((X, 0.5, 17), None),
        ((X, np.empty(0), 2, X), 2),
        ((X, np.empty(0), np.int32(2), X), 2),
        ((X, np.empty(0), np.array(2), X), 2),
        ((X, np.empty(0), 2.0, X), None),
        ((X, np.empty(0), True, X), None),
        (Answered(x=X), None),
        (Answered(solution=X, rank=2), 2),
        (Answered(solution=X, rank=np.empty(0)), None),
        (broken.Result(X, X, 2), 2),
    ],
)
def test_x_and_rank_are_taken_from_what_solvers_return(result: Any, rank: int | None) -> None:
    x, found = user.as_solve(lambda A, b: result)(S, X)
    assert isinstance(x, np.ndarray)
    assert (x.tolist(), x.dtype) == ([1.0, 2.0], np.float64)
    assert found == rank


def test_coefficients_of_several_right_hand_sides_are_transposed() -> None:
    x, _ = user.as_solve(lambda A, b: Answered(coef_=np.arange(6.0).reshape(3, 2)))(S, np.ones((2, 3)))
    assert x.tolist() == [[0, 2, 4], [1, 3, 5]]


@pytest.mark.parametrize(
    "result", [np.ones((1, 2)), np.ones((2, 1, 1)), "12", ["1", "2"], None, [None, 1.0], np.ones(3)]
)
def test_what_is_no_answer_is_left_to_be_a_fault(result: Any) -> None:
    x, _ = user.as_solve(lambda A, b: result)(S, X)
    assert x.shape != (2,) or x.dtype.kind not in "iuf"


def test_who_is_strict_takes_what_comes() -> None:
    x, _ = user.as_solve(lambda A, b: X[:, np.newaxis].astype(">f8"), strict=True)(S, X)
    assert (x.shape, x.dtype) == ((2, 1), np.dtype(">f8"))


# --- for other people's tests ---------------------------------------------------------------------------------------


def test_check_solver_passes_what_is_good(precision: Precision) -> None:
    check_solver(broken.good, dtype=precision, families=FAMILIES)
    check_solver(broken.qr, dtype=precision, families=FAMILIES, contract="full_rank_only")


def test_check_solver_has_the_options_of_the_command() -> None:
    families = ("polynomial", "right_sides", "exact_rank")
    with pytest.raises(AssertionError, match="not held: the class is"):
        check_solver(broken.one_side, families=families)
    check_solver(broken.one_side, families=families, one_right_side=True)
    check_solver(broken.divides, families=families, contract="full_rank_only", refuses=["OwnError"])
    with pytest.raises(AssertionError, match=r"not held: \d+ wrong ranks"):
        check_solver(broken.boasts, families=("polynomial",))
    check_solver(broken.boasts, families=("polynomial",), allow=["ranks"])
    with pytest.raises(AssertionError, match="bad output"):
        check_solver(broken.foreign, families=("polynomial",), strict=True)
    check_solver(broken.lines_only, families=("spectrum",), columns=2)


def test_check_solver_raises_with_the_page(precision: Precision) -> None:
    with pytest.raises(AssertionError) as raised:
        check_solver(broken.normal_equations, dtype=precision, families=("spectrum",), require="forward-stable")
    text = str(raised.value)
    assert "tests.support.broken:normal_equations: unstable" in text
    assert "normal equations, or Gram–Schmidt with Qᵀb?" in text
    assert '\n    strategies.problem("spectrum m=' in text
    assert re.search(r"required: forward-stable: not held: the class is unstable, \d+ silent failures$", text)


def test_check_solver_sees_changed_settings(precision: Precision) -> None:
    with np.errstate(), pytest.raises(AssertionError, match="the solver changed NumPy's error handling"):
        check_solver(broken.settings, dtype=precision, families=("raw",))


@pytest.mark.usefixtures("alone")
def test_check_solver_takes_the_name_of_a_function(precision: Precision) -> None:
    words = 'lamm-robust check tests/support/broken.py:raises --require backward-stable --only "raw '
    with pytest.raises(AssertionError, match=words):
        check_solver(f"{FILE}:raises", dtype=precision, families=("raw",))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"require": "stable"}, "require is 'stable'; accepted: column-wise-stable, backward-stable, forward-stable"),
        ({"contract": "best"}, "contract is 'best'; accepted: minimum_norm, basic, full_rank_only"),
        ({"shapes": ["round"]}, "shapes is 'round'; accepted: tall, square, wide"),
        ({"dtype": "float16"}, "dtype is 'float16'; accepted: float32, float64"),
        ({"profile": "fast"}, "profile is 'fast'; accepted: small, standard, full"),
        ({"allow": ["rank"]}, "allow is 'rank'; accepted: silent, ranks"),
        ({"refuses": "KeyError"}, "refuses is 'KeyError'; accepted is a sequence, such as ['KeyError']"),
        ({"families": ["spectra"]}, "did you mean 'spectrum'?"),
        ({"families": "raw"}, "families is 'raw'; accepted is a sequence, such as ['raw']"),
    ],
)
def test_wrong_arguments_are_named(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        check_solver(broken.good, **wrong)


def test_what_is_no_solver_is_named() -> None:
    with pytest.raises(ValueError, match="solver is None; accepted is a function of A and b, or a string"):
        check_solver(None)  # type: ignore[arg-type]


def test_good_answers_in_the_same_memory_are_told_apart(precision: Precision) -> None:
    check_solver(broken.same_memory, dtype=precision, families=("polynomial", "exact_rank"))


@parametrize_with_problems(families=["polynomial"], dtype="float64", shapes=["tall"])
def test_problems_can_be_parameters(problem: Any, request: pytest.FixtureRequest) -> None:
    assert problem.score(broken.x_of(problem.A, problem.b))["backward_error"] < problem.small
    assert f"[{problem.problem.key}]" in request.node.name


def test_the_parameters_are_those_of_the_profile(precision: Precision) -> None:
    mark = parametrize_with_problems(families=["polynomial", "raw"], dtype=precision, edges=True).mark
    keys = {str(key) for key in grid("small", precision, ["polynomial", "raw"])}
    assert mark.args[0] == "problem"
    assert set(mark.kwargs["ids"]) == keys == {str(one.problem.key) for one in mark.args[1]}
    usual = parametrize_with_problems(families=["polynomial", "raw"], dtype=precision).mark
    assert keys - set(usual.kwargs["ids"]) == {str(one.problem.key) for one in mark.args[1] if one.is_edge}
    assert 0 < len(usual.args[1]) < len(keys)
