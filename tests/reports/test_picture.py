"""The picture of what people type: the committed one byte for byte, and made-up records counted again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from lamm_robust.cli.main import main
from lamm_robust.reports.page.picture import asked, picture
from lamm_robust.reports.page.usual import TRAPS
from lamm_robust.values import Record
from tests.reports.test_page import NASTY, kind
from tests.support import pages
from tests.support.pages import read

ROOT = Path(__file__).parents[2]
RECORDS = [r for r in pages.records() if r.precision == "float64"]


def drawn(records: list[Record]) -> str:
    order = asked("float64", "cpu")
    groups = [[r for r in records if r.variant == variant] for variant in order]
    return picture(filter(None, groups), "float64", "cpu", pages.ENVIRONMENT)


def test_the_committed_picture_is_that_of_the_committed_records(tmp_path: Path) -> None:
    made = CliRunner().invoke(main, ["picture", str(ROOT / "results/reference"), "--out", str(tmp_path / "p.svg")])
    assert made.exit_code == 0, made.output
    assert (tmp_path / "p.svg").read_bytes() == (ROOT / "docs/pictures/what-you-type.svg").read_bytes()


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
