"""The page of two runs against each other, on made-up runs whose differences are known."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lamm_robust.reports.changes import FINENESS, LEAST, NO_ANSWER, spot
from lamm_robust.reports.changes import Pair as RecordPair
from lamm_robust.reports.compare import compare
from lamm_robust.reports.gate import settle
from lamm_robust.reports.page.difference import difference_html
from lamm_robust.reports.page.plot import Axis
from lamm_robust.reports.page.scatter import BOTTOM, LEFT, SIDE, TOP, Whisker, scatter, whiskers
from lamm_robust.values import Record, Regime
from tests.reports.test_compare import BACK, BAD, QR, SVD, invoke, made, written
from tests.support.pages import Element, read

NASTY = ("<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "{{ 7*7 }}", "a\x1b[31mb\x00", "</title>")


def page(tmp_path: Path, old: list[Record], new: list[Record], **environment: Any) -> Element:
    before, after = written(tmp_path / "old", old), written(tmp_path / "new", new, **environment)
    found = compare(before, after)
    html = difference_html(before, after, found, [settle("verdict", found, [])])
    assert html == difference_html(before, after, compare(before, after), [settle("verdict", found, [])])
    return read(html)


def rows(table: Element) -> dict[str, list[str]]:
    return {row.one("th").text: [cell.text for cell in row.all("td")] for row in table.one("tbody").all("tr")}


def test_the_page_says_what_changed(tmp_path: Path) -> None:
    beyond = Regime.AMBIGUOUS
    old = [made(1), made(2), made(3, BAD), made(4), made(5, variant=SVD), made(6, BAD, regime=beyond)]
    new = [made(1, "wrong", message="why"), made(2, "wrong"), made(3), made(4, scores={"forward_error": 50.0})]
    new += [made(5, variant=SVD), made(6, regime=beyond)]
    root = page(tmp_path, old, new, processor="Abacus 4")
    solvers, flips, differs = root.all("table")
    assert {name: cells[:5] for name, cells in rows(solvers).items()} == {QR: ["2", "1", "1", "", "1"]}
    assert [head.text for head in flips.one("thead").all("th")] == ["old", BACK, "wrong"]
    assert rows(flips) == {BACK: ["", "2"], BAD: ["1", ""]}
    assert rows(differs) == {"processor": ["Abacus 3", "Abacus 4"]}
    text = root.text
    assert f'lamm-robust replay "p1 @ {QR}" why' in text
    assert "Verdicts: 2 worse, 1 better" in text
    assert "Gate verdict: failed." in text
    assert "Not comparable: processor: Abacus 3 → Abacus 4." in text


@pytest.mark.parametrize("text", NASTY)
def test_hostile_text_is_text(tmp_path: Path, text: str) -> None:
    records = [replace(made(1, variant=f"numpy-{text}"), library=text, problem=f"raw {text}")]
    new = [replace(records[0], verdict=made(1, "wrong").verdict, message=text)]
    root = page(tmp_path, records, new, processor=text, flags={text: text})
    assert not list(root.all("script")) + list(root.all("img"))
    policy = next(e.attributes["content"] for e in root.all("meta") if "http-equiv" in e.attributes)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy
    assert not [name for e in root.all() for name in e.attributes if name.startswith("on") or name == "style"]


def test_the_command_writes_it_beside_the_text(tmp_path: Path) -> None:
    written(tmp_path / "a", [made(1)])
    written(tmp_path / "b", [made(1, "wrong")])
    result = invoke(tmp_path / "a", tmp_path / "b", "--html", tmp_path / "page.html", "--fail-on", "verdict")
    assert (result.exit_code, "Gate verdict: FAILED" in result.stdout) == (1, True)
    assert read((tmp_path / "page.html").read_text(encoding="utf-8")).one("h1").text.endswith("b")


@pytest.mark.parametrize(
    ("error", "place"),
    [(1e-5, -5 * FINENESS), (1.0, 0), (0.0, round(FINENESS * math.log10(LEAST))), (None, NO_ANSWER), (math.inf, 120)],
)
def test_where_an_error_is_shown(error: float | None, place: int) -> None:
    record = made(1, scores={} if error is None else {"relative_error": error})
    assert spot(RecordPair(made(1, scores={"relative_error": 0.1}), record)) == (-FINENESS, place)
    assert spot(RecordPair(record, replace(record, regime=Regime.AMBIGUOUS))) is None


def test_a_dot_is_where_its_numbers_say() -> None:
    axis = Axis("", 0.0, 4.0, [])
    drawn = read(str(scatter("t", axis, "x", "y", {"worse": [(0, 4), (2, 1), (2, 1), (9, -9)]})))
    (dots,) = drawn.all("path", **{"class": "dots"})
    corners = [(LEFT, TOP), (LEFT + SIDE // 2, TOP + 3 * SIDE // 4), (LEFT + SIDE, TOP + SIDE)]
    assert dots.attributes["d"] == "".join(f"M{a} {b}h0" for a, b in corners)
    assert f"0 0 {LEFT + SIDE + 20} {TOP + SIDE + BOTTOM}" == drawn.one("svg").attributes["viewbox"]


def test_a_bar_reaches_as_far_as_its_interval() -> None:
    lines = [Whisker("n", 1.0, 0.5, 2.0, "alike", "w"), Whisker("m", 1.0, 0.0, math.inf, "alike", "w")]
    bars = [bar.attributes["d"] for bar in read(str(whiskers("t", lines))).all("path", **{"class": "bar"})]
    assert [bar.split(" ")[0] for bar in bars] == ["M250.0", "M250.0"]
    assert [bar.split("H")[1] for bar in bars] == ["730.0", "730.0"]  # of no interval, the whole width
