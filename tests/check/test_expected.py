"""Failures that are expected: not held against the solver while they fail, and only then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from lamm_robust.check.expected import Expected, read_expected, set_aside
from lamm_robust.check.judgement import Judgement, Terms
from lamm_robust.check.page import page
from lamm_robust.cli.main import main
from lamm_robust.testing import check_here
from lamm_robust.values import Array, Verdict
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


def test_what_is_expected_to_fail_is_not_held_against_it() -> None:
    without, found = judged((), "polynomial"), judged(LOST, "polynomial")
    assert (without.passed, found.passed) == (False, True)
    assert without.row.silent_failures == 3
    assert found.row.silent_failures == 0
    assert found.failures == []
    assert [one.failed for one in found.met] == [1, 2]
    assert "note         2 expected failures: reason 1" in page(found)


def test_crashes_can_be_expected() -> None:
    assert judged((), "nonfinite", "spectrum").row.stability == "broken"
    assert judged(["nonfinite *"], "nonfinite", "spectrum").row.stability == "column-wise stable"


def test_what_is_expected_and_does_not_fail_or_is_no_problem_is_said() -> None:
    found = judged([*LOST, "*abscissae=unit *", "spectrum *"], "polynomial")
    assert found.unmet == [
        "expected failure '*abscissae=unit *' did not fail",
        "expected failure 'spectrum *' names no problem",
    ]
    assert "not held: expected failure '*abscissae=unit *' did not fail" in page(found)
    assert replace(found, untried=5).passed  # enough was broken: what was not tried says nothing
    asked_nothing = replace(found, terms=replace(found.terms, require=None))
    assert "note         expected failure 'spectrum *' names no problem" in page(asked_nothing)


def test_only_failures_are_set_aside() -> None:
    records = [replace(RECORD, problem=name, verdict=Verdict.WRONG) for name in "abc"]
    kept, met = set_aside(records, [Expected("[ab]", ""), Expected("b", "")], lambda r: r.problem != "a")
    assert [r.verdict for r in kept] == [Verdict.WRONG, Verdict.OUT_OF_CONTRACT, Verdict.WRONG]
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
