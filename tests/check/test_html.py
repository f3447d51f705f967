"""`check --html`: the page says what the check prints, counts what became of each family, and loads nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from lamm_robust.check import beside
from lamm_robust.check.html import check_html
from lamm_robust.check.judgement import Judgement
from lamm_robust.check.page import page
from lamm_robust.check.supervised import check_target
from lamm_robust.check.terms import Terms
from lamm_robust.cli.main import main
from lamm_robust.solvers import user
from lamm_robust.values import Deficiency
from tests.reports.test_page import NASTY, kind
from tests.support.pages import Element, read

SOLVER = "import numpy as np\n\n\ndef solve(A, b):\n    return np.linalg.solve(A.T @ A, A.T @ b)\n"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    here = tmp_path_factory.mktemp("mine")
    (here / "mysolver.py").write_text(SOLVER)
    terms = Terms(contract=Deficiency.FULL_RANK_ONLY, precision="float64", families=("polynomial", "nonfinite"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(beside, "DRIVERS", ())
        return check_target(user.parse_target("mysolver.py:solve", here), terms)


def boxes(root: Element) -> dict[str, Element]:
    (table,) = root.all("table")
    heads = [head.text for head in table.one("thead").all("th")][1:]
    return dict(zip(heads, table.one("tbody").all("td"), strict=True))


def test_each_family_is_counted_and_the_words_are_those_that_are_printed(found: Judgement) -> None:
    html = check_html([found])
    root = read(html)
    assert check_html([found]) == html
    for family, box in boxes(root).items():
        counts = Counter(kind(r) for r in found.records if r.family == family)
        order = ("silent", "open", "lost", "solved", "ungraded", "unpromised")
        worst = next(s for s in order if counts[s])
        assert box.attributes["class"] == worst
        assert box.shown.lstrip("!~") == (str(counts[worst]) if worst in order[:3] else "")
    lines = root.one("pre").children
    assert "".join(c for c in lines if isinstance(c, str)).rstrip("\n") == page(found)
    assert len(list(root.all("svg"))) == 2


@pytest.mark.parametrize("text", NASTY)
def test_hostile_names_and_messages_are_text(found: Judgement, text: str) -> None:
    records = [replace(r, message=text, problem=f"{text} {r.problem}") for r in found.records]
    root = read(check_html([replace(found, target=text, records=records)]))
    assert not [*root.all("script"), *root.all("img")]
    policy = next(e.attributes["content"] for e in root.all("meta") if "http-equiv" in e.attributes)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert not [name for e in root.all() for name in e.attributes if name.startswith("on") or name == "style"]


def test_without_a_record_there_is_a_page(found: Judgement) -> None:
    root = read(check_html([replace(found, records=[], failures=[])]))
    assert not list(root.all("table"))
    assert "mysolver.py:solve" in root.one("h1").text


def test_where_it_cannot_be_written_is_said_first(tmp_path: Path) -> None:
    (tmp_path / "mysolver.py").write_text(SOLVER)
    target = f"{tmp_path / 'mysolver.py'}:solve"
    for more, words in (
        (["--html", str(tmp_path / "no" / "x.html")], f": there is no directory '{tmp_path / 'no'}'"),
        (["--html", str(tmp_path)], "is a directory"),
        (
            ["--html", str(tmp_path / "x.html"), "--only", "k"],
            "--html is about a profile; --only names single",
        ),
    ):
        refused = CliRunner().invoke(main, ["check", target, *more])
        assert (refused.exit_code, words in refused.stderr) == (2, True), refused.stderr
