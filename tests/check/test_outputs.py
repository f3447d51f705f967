"""JUnit XML, Markdown and badges of a check: they parse, say what the page says, and stay whole with hostile names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as Xml

import numpy as np
import pytest
from click.testing import CliRunner

from lamm_robust.check.facts import facts
from lamm_robust.check.judgement import Judgement
from lamm_robust.check.outputs import COLOURS, RED, WRITERS, badge, junit, markdown
from lamm_robust.check.page import first_line, page
from lamm_robust.check.pinned import require_suite
from lamm_robust.check.terms import Terms
from lamm_robust.cli.main import main
from lamm_robust.reports.stability import STABILITY_ORDER
from lamm_robust.testing import check_here
from lamm_robust.values import SUITE, Array, Deficiency
from tests.reports.test_page import NASTY

TERMS = Terms(contract=Deficiency.FULL_RANK_ONLY, families=("polynomial",), require="backward-stable")


def normal_equations(A: Array, b: Array) -> Array:
    solved: Array = np.linalg.solve(A.T @ A, A.T @ b)
    return solved


def by_lstsq(A: Array, b: Array) -> Array:
    solved: Array = np.linalg.lstsq(A, b, rcond=None)[0]
    return solved


@pytest.fixture(scope="module")
def failed() -> Judgement:
    return check_here(normal_equations, TERMS)


@pytest.fixture(scope="module")
def held() -> Judgement:
    """Three silent failures, all allowed: what is required holds."""
    return check_here(by_lstsq, replace(TERMS, allow=("silent",)))


def suite(found: Judgement) -> Xml.Element:
    root = Xml.fromstring(junit([found]))  # of our own making
    assert root.tag == "testsuites"
    (only,) = root
    return only


def test_junit_has_a_test_for_each_problem_and_one_for_what_is_required(failed: Judgement) -> None:
    found = suite(failed)
    tests = found.findall("testcase")
    assert [test.get("name") for test in tests[:-1]] == [record.problem for record in failed.records]
    told = {test.get("name"): test.find("failure") for test in tests}
    broken = {failure.record.problem: failure.why for failure in failed.failures}
    assert {name for name, tag in told.items() if tag is not None} == {*broken, "backward-stable"}
    for name, why in broken.items():
        tag = told[name]
        assert tag is not None
        assert tag.get("message", "").endswith(why)
        assert f'--only "{name}"' in (tag.text or "")
    assert (int(found.get("tests", 0)), int(found.get("failures", 0))) == (len(tests), len(broken) + 1)
    named = {tag.get("name"): tag.get("value") for tag in found.iter("property")}
    assert (named["suite"], named["class"]) == (SUITE, "unstable")


def test_where_what_is_required_holds_no_test_fails(held: Judgement) -> None:
    assert held.passed
    assert held.failures
    found = suite(held)
    assert found.find("testcase/failure") is None
    assert int(found.get("skipped", 0)) >= len(held.failures)
    asked_nothing = suite(replace(held, terms=replace(held.terms, require=None)))
    assert len(asked_nothing.findall("testcase/failure")) == len(held.failures)


def test_markdown_has_a_line_in_each_precision_and_the_simplest_failures(failed: Judgement, held: Judgement) -> None:
    text = markdown([failed, held])
    rows = [line for line in text.splitlines() if line.startswith("| float64")]
    assert len(rows) == 2
    assert "not held: the class is unstable" in rows[0]
    assert "backward-stable: held" in rows[1]
    assert {line.count("|") for line in text.splitlines() if line.startswith("|")} == {10}
    assert f'--only "{failed.failures[0].record.problem}"' in text
    assert SUITE in text


def test_a_badge_has_the_worst_class_in_letters_that_can_be_read(failed: Judgement, held: Judgement) -> None:
    for order in ([failed, held], [held, failed]):
        image = Xml.fromstring(badge(order))
        assert letters(image) == "unstable, gate not held"
    assert set(COLOURS) == set(STABILITY_ORDER)
    for colour in COLOURS.values():
        assert contrast_to_white(colour) >= 4.5, colour


def letters(image: Xml.Element) -> str:
    """What a badge says beside its label."""
    return str([text.text for text in image.iter("{http://www.w3.org/2000/svg}text")][1])


def test_a_badge_of_a_gate_that_is_not_held_is_red_and_says_so(held: Judgement) -> None:
    """The class alone would be green; the ratio of columns is there, as on the page."""
    found = replace(held, row=replace(held.row, stability="backward stable", safe_ratio=2e6))
    asked_more = replace(found, terms=replace(found.terms, require="column-wise-stable"))
    assert (found.passed, asked_more.passed) == (True, False)
    green, red = badge([found]), badge([asked_more])
    assert letters(Xml.fromstring(green)) == "backward stable, 2e6:1"
    assert letters(Xml.fromstring(red)) == "backward stable, 2e6:1, gate not held"
    assert (COLOURS["backward stable"] in green, RED in green) == (True, False)
    assert (COLOURS["backward stable"] in red, RED in red) == (False, True)
    assert badge([replace(asked_more, terms=replace(found.terms, require=None))]) == green
    assert badge([found, asked_more]) == badge([asked_more, found]) == red


def test_the_gravest_failures_come_first() -> None:
    """A script asks for a digit, so that the first of the failures should have lost all of them."""

    def solve(A: Array, b: Array) -> Array:
        return normal_equations(A, b) if A.shape[1] > 1 else np.full(A.shape[1], np.nan)

    found = check_here(solve, replace(TERMS, families=("spectrum", "raw", "polynomial")))
    graded = [failure.record.verdict for failure in found.failures if not failure.record.edge]
    assert graded == sorted(graded, key=("wrong", "refused", "non-finite", "inaccurate", "forward stable").index)
    assert len({*graded}) >= 4
    first, *_ = (line for line in page(found).splitlines() if line.startswith("  "))
    assert ", wrong: " in first
    assert facts(found)["failures"][0]["verdict"] == "wrong"
    assert "* " in markdown([found])
    assert ", wrong: " in markdown([found]).partition("\n* ")[2].partition("\n")[0]


def contrast_to_white(colour: str) -> float:
    """The ratio of luminances of WCAG 2.2, 1.4.3, from its definition of relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 1.05 / (sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05)


@pytest.mark.parametrize("text", [*NASTY, "\x00\x1b[31m\ud800]]>"])
def test_hostile_names_break_nothing(failed: Judgement, text: str) -> None:
    failures = [replace(one, why=text) for one in failed.failures]
    nasty = replace(failed, target=text, failures=failures)
    assert len(suite(nasty).findall("testcase/failure")) == len(failures) + 1
    Xml.fromstring(badge([nasty]))
    shown = markdown([nasty])
    code = "      "  # which no text on one line can end
    assert not [line for line in shown.splitlines() if "<" in line and not line.startswith(code)]
    assert "\x1b" not in shown
    shown.encode()


def test_files_are_written_where_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("import numpy as np\n\n\ndef solve(A, b):\n    return np.linalg.pinv(A) @ b\n")
    asked = ["check", "mine.py:solve", "--family", "orthogonal", "--suite", SUITE]
    done = CliRunner().invoke(main, [*asked, *(word for name in WRITERS for word in (f"--{name}", f"out.{name}"))])
    assert done.exit_code == 0, done.output
    assert {path.suffix[1:] for path in tmp_path.glob("out.*")} == set(WRITERS)
    for name in WRITERS:
        refused = CliRunner().invoke(main, [*asked, f"--{name}", "nowhere/out"])
        assert (refused.exit_code, refused.stderr) == (
            2,
            f"lamm-robust: --{name} nowhere/out: there is no directory 'nowhere'\n",
        )


def test_a_gate_of_another_suite_is_refused() -> None:
    require_suite(None)
    require_suite(SUITE)
    with pytest.raises(ValueError, match=f"suite is '1'; accepted is '{SUITE}'"):
        require_suite("1")
    refused = CliRunner().invoke(main, ["check", "mine.py:solve", "--suite", "1"])
    assert refused.exit_code == 2
    assert "accepted is" in refused.stderr


def test_json_names_the_suite_and_the_first_line_what_failed(failed: Judgement) -> None:
    assert facts(failed)["suite"] == SUITE
    line = first_line(failed)
    assert "\n" not in line
    assert ":normal_equations: required: backward-stable: not held: the class is unstable, 1 silent failure: " in line
    assert line.endswith(f'--only "{failed.records[-1].problem}"') or "--only" in line
    assert 'strategies.problem("' in first_line(failed, replays=False)
