"""Failures that are expected: a gate holds while they fail, and only then; nothing else changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as Xml

import numpy as np
import pytest
from click.testing import CliRunner

from lamm_robust.check import judgement
from lamm_robust.check.expected import Expected, meet, read_expected
from lamm_robust.check.facts import facts
from lamm_robust.check.judgement import Judgement, class_of_records
from lamm_robust.check.outputs import badge, junit, markdown
from lamm_robust.check.page import page
from lamm_robust.check.terms import Terms
from lamm_robust.cli.main import main
from lamm_robust.testing import check_here
from lamm_robust.values import Array, Precision, Record, Verdict
from tests.support.records import RECORD

LOST = ("*abscissae=unix *", "*abscissae=wavelengths *")
"""The lines that an SVD with its usual cutoff loses: their offsets are 1e9 times what they span."""


def by_lstsq(A: Array, b: Array) -> Array:
    if not np.isfinite(A).all():
        raise RuntimeError("not finite")
    solved: Array = np.linalg.lstsq(A, b, rcond=None)[0]
    return solved


def judged(problems: Sequence[str], *families: str) -> Judgement:
    expected = tuple(Expected(problem, f"reason {n}") for n, problem in enumerate(problems))
    return check_here(by_lstsq, Terms(families=families, require="backward-stable", expected=expected))


def test_what_is_expected_to_fail_keeps_no_gate_from_being_held_and_changes_nothing_else() -> None:
    without, found = judged((), "polynomial"), judged(LOST, "polynomial")
    assert (without.passed, found.passed) == (False, True)
    assert replace(found.row, seconds=0, first_call_seconds=0) == replace(without.row, seconds=0, first_call_seconds=0)
    assert found.row.silent_failures == 3
    assert [(f.record.problem, f.why) for f in found.failures] == [(f.record.problem, f.why) for f in without.failures]
    assert [one.failed for one in found.met] == [1, 2]
    shared = ("class", "safe_kappa", "silent_failures", "cases", "worst_forward_error")
    assert [facts(found)[name] for name in shared] == [facts(without)[name] for name in shared]


def test_the_class_without_what_is_expected_is_worked_out_once_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    found, calls = judged(LOST, "polynomial"), Counter[str]()

    def counted(records: Sequence[Record], precision: Precision) -> str:
        calls["class"] += 1
        return class_of_records(records, precision)

    monkeypatch.setattr(judgement, "class_of_records", counted)
    assert found.passed
    assert facts(found)["unmet"] == []
    assert ": held: " in page(found) + markdown([found]) + badge([found]) + junit([found])
    assert calls == {"class": 1}


def test_every_output_says_how_many_failures_are_expected() -> None:
    found = judged(LOST, "polynomial")
    assert "note         2 problems fail as expected: reason 1" in page(found)
    assert "3 wrong (3 silent: no correct digit, and no warning); 3 expected" in page(found)
    assert page(found).endswith("required: backward-stable: held: 3 problems fail as expected")
    assert "backward-stable: held: 3 problems fail as expected |" in markdown([found])
    assert "wrong, expected: " in markdown([found])
    assert facts(found)["expected_failures"] == 3
    assert {failure["expected"] for failure in facts(found)["failures"]} == {"reason 0", "reason 1"}
    written = Xml.fromstring(junit([found]))
    told = {tag.get("name"): tag.get("value") for tag in written.iter("property")}
    assert (told["expected_failures"], told["required"]) == ("3", "backward-stable: held: 3 problems fail as expected")
    assert not [*written.iter("failure")]
    skipped = {test.get("name"): tag.get("message", "") for test in written.iter("testcase") for tag in test}
    for problem, reason in found.expected.items():
        assert skipped[problem].startswith(f"expected: {reason} (wrong: ")
    assert "gate not held" not in badge([found])
    assert f">{found.row.stability}" in badge([found])


def test_what_is_not_expected_is_held_against_it_still() -> None:
    found = judged(LOST[:1], "polynomial")
    assert found.unmet[-1] == "2 unexpected silent failures"
    assert page(found).splitlines()[-2].startswith("required: backward-stable: not held: ")
    unexpected = [failure.record.problem not in found.expected for failure in found.failures]
    assert unexpected == [True, True, False]  # what is new comes first
    written = Xml.fromstring(junit([found]))
    assert len([*written.iter("failure")]) == 3
    assert [tag.get("message", "")[:21] for tag in written.iter("skipped")] == ["expected: reason 0 (w"]


def test_crashes_can_be_expected() -> None:
    without, found = judged((), "nonfinite", "spectrum"), judged(["nonfinite *"], "nonfinite", "spectrum")
    assert (without.row.stability, without.passed) == ("broken", False)
    assert (found.row.stability, found.passed) == ("broken", True)


def test_what_a_solver_declines_and_wrong_ranks_can_be_expected() -> None:
    def solve(A: Array, b: Array) -> tuple[Array, Array, int, Array]:
        if A.shape[0] == 2:
            raise NotImplementedError
        x, rss, rank, s = np.linalg.lstsq(A, b, rcond=None)
        return x, rss, rank + (A.shape[0] == 4), s

    asked = Terms(families=("spectrum",), require="backward-stable")
    without = check_here(solve, asked)
    assert [word.partition(" ")[2] for word in without.unmet] == ["wrong ranks", "declined problem"]
    expected = (Expected("spectrum m=4 *", "ranks"), Expected("spectrum m=2 *", "later"))
    found = check_here(solve, replace(asked, expected=expected))
    assert found.passed
    assert found.failures == []
    messages = {tag.get("message") for tag in Xml.fromstring(junit([found])).iter("skipped")}
    assert messages == {"expected: ranks", "expected: later"}


@pytest.mark.parametrize("off", [0, 1])
def test_a_gate_holds_where_everything_fails_as_expected(off: int) -> None:
    """Every rank is wrong, and with `off` every x, too: what is left of the class is what x shows, or nothing."""

    def solve(A: Array, b: Array) -> tuple[Array, Array, int, Array]:
        x, rss, rank, s = np.linalg.lstsq(A, b, rcond=None)
        return x + off, rss, int(rank) + 1, s

    expected = (Expected("spectrum *", "all"),)
    found = check_here(solve, Terms(families=("spectrum",), require="backward-stable", expected=expected))
    assert found.passed
    many = len(found.expected)
    assert many >= len(found.records) - 3  # where κ is beyond the precision, no rank is asked
    assert found.expected_failures == len(found.failures) == (many if off else 0)
    assert f"{many} problems fail as expected: all" in page(found)


def test_what_is_expected_and_does_not_fail_or_is_no_problem_is_said() -> None:
    found = judged([*LOST, "*abscissae=unit *", "spectrum *"], "polynomial")
    assert found.unmet == [
        "expected failure '*abscissae=unit *' did not fail",
        "expected failure 'spectrum *' names no problem",
    ]
    assert "not held: expected failure '*abscissae=unit *' did not fail" in page(found)
    assert replace(found, untried=5).unmet == ["5 problems not tried"]  # enough had failed, as was expected
    asked_nothing = replace(found, terms=replace(found.terms, require=None))
    assert "note         expected failure 'spectrum *' names no problem" in page(asked_nothing)


def test_only_failures_are_expected_and_the_first_reason_counts() -> None:
    records = [replace(RECORD, problem=name, verdict=Verdict.WRONG) for name in "abc"]
    reasons, met = meet(records, [Expected("[ab]", "one"), Expected("b", "two")], lambda r: r.problem != "a")
    assert reasons == {"b": "one"}
    assert [(one.failed, one.tried) for one in met] == [(1, 2), (1, 1)]


GOOD = '[[expected]]\nproblem = "nonfinite *"\nreason = "NaN is not handled yet"\n'


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "expected.toml"
    file.write_text(GOOD * 2, encoding="utf-8")
    assert read_expected(file) == (Expected("nonfinite *", "NaN is not handled yet"),) * 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[[expected]\n", "Expected"),
        ("", "it has nothing"),
        (GOOD + '[more]\nx = "y"\n', "it has 'expected', 'more'"),
        ("expected = 3\n", "it has 'expected'"),
        ("expected = [1]\n", "table 1 is 1"),
        ('[[expected]]\nproblem = "x"\n', "table 1 is {'problem': 'x'}"),
        ('[[expected]]\nproblem = "x"\nreason = " "\n', "table 1 is"),
        (GOOD + '[[expected]]\nproblem = 1\nreason = "y"\n', "table 2 is"),
        ("\udcff", "can't decode"),
    ],
)
def test_a_file_that_is_none_is_named_in_one_line(content: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "expected.toml"
    file.write_bytes(content.encode(errors="surrogateescape"))
    (tmp_path / "mine.py").write_text("")
    done = CliRunner().invoke(main, ["check", f"{tmp_path}/mine.py:solve", "--expect", str(file)])
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert "[[expected]]" in done.stderr


def test_the_command_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(
        "import numpy as np\n\n\ndef solve(A, b):\n    return np.linalg.lstsq(A, b, rcond=None)[0]\n"
    )
    lines = [f'[[expected]]\nproblem = "{one}"\nreason = "offsets"\n' for one in LOST]
    Path("known.toml").write_text("".join(lines))
    asked = ["check", "mine.py:solve", "--family", "polynomial", "--require", "backward-stable"]
    assert CliRunner().invoke(main, asked).exit_code == 1
    assert CliRunner().invoke(main, [*asked, "--expect", "known.toml"]).exit_code == 0
    refused = CliRunner().invoke(main, [*asked, "--expect", "nowhere.toml"])
    assert refused.exit_code == 2
    assert "--expect nowhere.toml: No such file or directory" in refused.stderr
