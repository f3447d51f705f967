"""Pictures of boxes: the committed ones byte for byte, and made-up records counted again."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from lamm_robust.cli.main import main
from lamm_robust.reports.page.picture import asked, by_family, by_problem, picture
from lamm_robust.reports.page.usual import TRAPS
from lamm_robust.storage import files, parquet
from lamm_robust.text import number
from lamm_robust.values import Record
from tests.reports.test_page import NASTY, kind
from tests.support import pages
from tests.support.pages import read
from tests.support.records import rows

ROOT = Path(__file__).parents[2]
RECORDS = [r for r in pages.records() if r.precision == "float64"]


def drawn(records: list[Record]) -> str:
    order = asked("float64", "cpu")
    groups = [[r for r in records if r.variant == variant] for variant in order]
    return picture(filter(None, groups), "float64", "cpu", pages.ENVIRONMENT)


CHOSEN = ("numpy-normal-cholesky", "numpy-lstsq", "scipy-gelsy", "scipy-qr", "jax-solve")


@pytest.mark.parametrize(("name", "solvers"), [("what-you-type", ()), ("by-family", CHOSEN)])
def test_the_committed_pictures_are_those_of_the_committed_records(
    name: str, solvers: tuple[str, ...], tmp_path: Path
) -> None:
    asked_for = [word for solver in solvers for word in ("--solver", solver)]
    out = tmp_path / "p.svg"
    made = CliRunner().invoke(main, ["picture", str(ROOT / "results/reference"), *asked_for, "--out", str(out)])
    assert made.exit_code == 0, made.output
    assert out.read_bytes() == (ROOT / f"docs/pictures/{name}.svg").read_bytes()


def test_the_committed_picture_of_what_hunts_found_is_that_of_the_committed_records(tmp_path: Path) -> None:
    made = CliRunner().invoke(main, ["picture", str(ROOT / "results/hunted"), "--out", str(tmp_path / "p.svg")])
    assert made.exit_code == 0, made.output
    assert (tmp_path / "p.svg").read_bytes() == (ROOT / "docs/pictures/worst-inputs.svg").read_bytes()


def test_boxes_by_family_are_counted_again() -> None:
    names = ("torch-gelsy", "numpy-lstsq")
    groups = [[r for r in RECORDS if f"{r.library}-{r.algorithm}" == name] for name in names]
    root = read(by_family(groups, "float64", "cpu", pages.ENVIRONMENT)).one("svg")
    boxes = [rect for rect in root.all("rect") if rect.attributes["class"] != "paper" and list(rect.all("title"))]
    families = list(dict.fromkeys(r.family for group in groups for r in group))
    headings = [text.text for text in root.all("text") if text.attributes["class"] == "head mid"]
    assert " ".join(headings).startswith(" ".join(families).replace("_", " "))
    assert [text.text for text in root.all("text", **{"class": "code"})] == list(names)
    assert len(boxes) == 2 * len(families)
    for box, (group, family) in zip(boxes, [(g, f) for g in groups for f in families], strict=True):
        counts = Counter(kind(r) for r in group if r.family == family)
        order = ("silent", "open", "lost", "solved", "ungraded", "unpromised")
        assert box.attributes["class"] == next((s for s in order if counts[s]), "unpromised")


def test_a_picture_of_what_hunts_found_shows_the_errors_of_what_people_type(tmp_path: Path) -> None:
    some = [r for r in RECORDS if r.family == "polynomial"]
    parquet.write_records(tmp_path / parquet.RECORDS, rows(some), ["relative_error"], {})
    where = {**pages.ENVIRONMENT, "suite": {"suite": "2026.1", "profile": "worst"}}
    files.write_text(tmp_path / parquet.ENVIRONMENT, json.dumps(where))
    parquet.write_manifest(tmp_path)
    done = CliRunner().invoke(main, ["picture", str(tmp_path), "--out", str(tmp_path / "p.svg")])
    assert done.exit_code == 0, done.output
    root = read((tmp_path / "p.svg").read_text(encoding="utf-8")).one("svg")
    called = [
        r
        for r in some
        if f"{r.library}-{r.algorithm}" in ("numpy-lstsq", "torch-gelsy", "numpy-normal-lu", "jax-solve")
    ]
    lost = {r.problem for r in called if kind(r) in ("silent", "open", "lost")}
    boxes = [rect for rect in root.all("rect") if list(rect.all("title"))]
    assert len(boxes) == 4 * len(lost)
    shown = Counter(rect.one("title").text for rect in boxes)
    assert shown["not tried"] == 4 * len(lost) - sum(r.problem in lost for r in called)
    for r in called:
        assert shown[f"{r.verdict}: {r.problem}"] == (r.problem in lost) * sum(
            (s.verdict, s.problem) == (r.verdict, r.problem) for s in called
        )
    for rect in boxes:
        verdict, _, problem = rect.one("title").text.partition(": ")
        states = {kind(r) for r in called if (r.verdict, r.problem) == (verdict, problem)} or {"unpromised"}
        assert rect.attributes["class"] in states
    sign = {"open": "!", "lost": "~"}
    errors = Counter(
        sign.get(kind(r), "") + (number(r.scores["relative_error"]) if r.scores else "")
        for r in called
        if r.problem in lost
    )
    del errors[""]
    texts = Counter(text.text for text in root.all("text") if text.attributes["class"].startswith("mid on-"))
    assert texts == errors


def test_a_hunt_that_broke_nobody_has_no_picture() -> None:
    solved = [
        [r for r in RECORDS if r.variant == variant and kind(r) == "solved"] for variant in asked("float64", "cpu")
    ]
    with pytest.raises(ValueError, match="nothing that lines that people type do not solve"):
        by_problem(filter(None, solved), "float64", "cpu", pages.ENVIRONMENT)


@pytest.mark.parametrize(("asked_for", "words"), [("torch-*", "has no records of torch-*"), ("nobody", "'nobody'")])
def test_solvers_without_records_are_named(asked_for: str, words: str, tmp_path: Path) -> None:
    parquet.write_records(tmp_path / parquet.RECORDS, rows(r for r in RECORDS if r.library == "numpy"), [], {})
    files.write_text(tmp_path / parquet.ENVIRONMENT, json.dumps(pages.ENVIRONMENT))
    parquet.write_manifest(tmp_path)
    found = CliRunner().invoke(
        main, ["picture", str(tmp_path), "--solver", asked_for, "--out", str(tmp_path / "p.svg")]
    )
    assert found.exit_code != 0
    assert words in str(found.output)
    assert not (tmp_path / "p.svg").exists()


def test_every_box_is_counted_again() -> None:
    root = read(drawn(RECORDS)).one("svg")
    boxes = [rect for rect in root.all("rect") if rect.attributes["class"] != "paper" and list(rect.all("title"))]
    called = [text.text for text in root.all("text", **{"class": "code"})]
    names = {
        "numpy.linalg.lstsq(A, b)": "numpy-lstsq",
        "torch.linalg.lstsq(A, b)": "torch-gelsy",
        "solve(A.T @ A, A.T @ b)": "numpy-normal-lu",
        "lamm_robust.solve(A, b) (ours)": "jax-solve",
    }
    assert called == list(names)
    assert len(boxes) == len(called) * len(TRAPS)
    for row, name in enumerate(names.values()):
        for column, trap in enumerate(TRAPS):
            box = boxes[row * len(TRAPS) + column]
            held = [r for r in RECORDS if f"{r.library}-{r.algorithm}" == name and trap.holds(r)]
            counts = Counter(map(kind, held))
            order = ("silent", "open", "lost", "solved", "ungraded", "unpromised")
            assert box.attributes["class"] == next((s for s in order if counts[s]), "unpromised")
            assert box.one("title").text.startswith(("all ", "no problem", *(f"{counts[s]} " for s in order)))


def test_it_loads_nothing_and_runs_nothing() -> None:
    svg = drawn([replace(r, message=NASTY[0]) for r in RECORDS])
    root = read(svg)
    assert not {"script", "image", "use", "a", "foreignobject"} & {e.tag for e in root.all()}
    assert svg.count("http") == 1  # the name space
    assert "url(" not in svg


def test_without_records_there_is_no_picture() -> None:
    with pytest.raises(ValueError, match="no records of lines that people type, in float64 on cpu"):
        drawn([])
