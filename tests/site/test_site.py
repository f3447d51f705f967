"""A site of made-up results: every link leads somewhere, nothing is loaded, hostile names are text."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lamm_robust.cli.main import main
from lamm_robust.reports.page.frame import slug
from lamm_robust.storage import files, findings, parquet
from lamm_robust.values import Record
from tests.reports.test_page import NASTY
from tests.support import pages
from tests.support.pages import read
from tests.support.records import rows

ROOT = Path(__file__).parents[2]
ENVIRONMENT: Mapping[str, Any] = {**pages.ENVIRONMENT, "merged": [], "run with": []}
METRICS = ["relative_error", "forward_error", "columnwise_forward_error"]
REPORT = "field report=numpy-5702 dtype=float64"


def results(directory: Path, records: list[Record], **environment: Any) -> Path:
    directory.mkdir(parents=True)
    parquet.write_records(directory / parquet.RECORDS, rows(records), METRICS, {"suite": "2026.1"})
    files.write_text(directory / parquet.ENVIRONMENT, json.dumps({**ENVIRONMENT, **environment}))
    parquet.write_manifest(directory)
    return directory


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["site", *map(str, arguments)])


def texts(out: Path) -> dict[str, str]:
    return {p.relative_to(out).as_posix(): p.read_text(encoding="utf-8") for p in out.rglob("*.html")}


EARLIER = """\
suite,measured,solver,precision,device,class,silent,failed,cases
2024.1,2024-03-01,scipy-qr,float64,cpu,column-wise stable,12345,3,999
2026.1,2026-11-29,scipy-qr,float64,cpu,unstable,54321,3,999
2024.1,2024-03-01,scipy-gone,float64,cpu,broken,777,3,999
"""


SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>'
STUDY = """\
# A <b>study</b>

![How it falls](curve.svg) ![far](https://example.org/x.png) [other](other.md), [away](../../docs/lamm.md),
[curve](curve.svg), [script](javascript:alert(1)), [web](https://github.com/a/b) <script>alert(1)</script>

| a | b |
| --- | --- |
| 1 | <i onclick="x()">2</i> |
"""


def sources(here: Path) -> list[Path]:
    own = [here / name for name in ("hunted", "first", "second", "earlier")]
    return [*own, ROOT / "results/worst", ROOT / "results"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of two runs of other suites and one of what a hunt found, the committed hunts and claims, and a study."""
    here = tmp_path_factory.mktemp("site")
    records = pages.records()
    asked = [replace(r, problem=REPORT, family="field") for r in records if " n=3 " in r.problem]
    results(here / "first", [*records, *asked])
    results(here / "second", records, suite={"suite": "2025.9", "profile": "quick"})
    found = next(each for each in findings.read_all(ROOT / "results/worst") if each.solver.startswith("numpy-lstsq-f"))
    tried = [replace(r, problem=found.worst.problem) for r in records if r.family == "offset"][::12]
    results(here / "hunted", tried, suite={"suite": "2026.1", "profile": "worst"})
    (here / "earlier").mkdir()
    (here / "earlier" / "history.csv").write_text(EARLIER)
    (here / "study").mkdir()
    (here / "study" / "curve.svg").write_text(SVG)
    (here / "study" / "curves.md").write_text(STUDY)
    (here / "study" / "other.md").write_text("No heading.")
    done = invoke(*sources(here), here / "study", "--out", here / "out")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == f"a page to look at: {here / 'out' / 'index.html'}"
    return here / "out"


def test_every_link_leads_somewhere(made: Path) -> None:
    parsed = {name: read(page) for name, page in texts(made).items()}
    ids = {name: {e.attributes["id"] for e in root.all() if "id" in e.attributes} for name, root in parsed.items()}
    followed = 0
    for name, root in parsed.items():
        for link in root.all("a"):
            target, _, fragment = link.attributes["href"].partition("#")
            if target.startswith("https://github.com/"):
                continue
            path = (made / name).parent.joinpath(target).resolve() if target else made / name
            assert path.is_file(), (name, target)
            assert not fragment or fragment in ids[path.relative_to(made.resolve()).as_posix()], (name, fragment)
            followed += 1
    assert followed > 200


def test_there_is_a_page_for_each(made: Path) -> None:
    names = set(texts(made))
    assert {f"solver/{library}-{algorithm}.html" for library, algorithm in pages.SOLVERS} <= names
    assert {f"family/{family}.html" for family in pages.FAMILIES} <= names
    assert {"index.html", "claims.html", "report/numpy-5702.html", "results/first.html", "results/second.html"} <= names
    assert (made / "study" / "curve.svg").read_text() == SVG


def test_a_page_of_a_solver_says_what_the_records_say(made: Path) -> None:
    text = read((made / "solver" / "torch-gelsy.html").read_text(encoding="utf-8")).text
    wrong = [r for r in pages.records() if (r.algorithm, r.precision, r.verdict) == ("gelsy", "float64", "wrong")]
    assert f"{len(wrong)} silent and " in text
    assert "Over suites" in text
    assert "2025.9" in text
    pinv = read((made / "solver" / "numpy-lstsq.html").read_text(encoding="utf-8")).text
    assert "numpy.linalg.lstsq(A, b)" in pinv
    report = read((made / "report" / "numpy-5702.html").read_text(encoding="utf-8"))
    assert {"jax-solve", "torch-gelsy"} <= {link.text for link in report.all("a")}


def test_a_page_of_a_solver_has_its_history_over_suites(made: Path) -> None:
    root = read((made / "solver" / "scipy-qr.html").read_text(encoding="utf-8"))
    lines = [" ".join(each.text for each in row.all() if each.tag in ("th", "td")) for row in root.all("tr")]
    assert "2024.1 2024-03-01 float64 cpu column-wise stable 12345 3 999" in lines
    assert "54321" not in root.text, "of a suite whose results are there, those count"
    assert not (made / "solver" / "scipy-gone.html").exists()


def test_the_committed_history_begins_with_the_committed_reference() -> None:
    results = ROOT / "results"
    suite = json.loads((results / "reference/environment.json").read_text(encoding="utf-8"))["suite"]["suite"]
    with (
        (results / "history.csv").open(encoding="utf-8") as history,
        (results / "reference/leaderboard.csv").open(encoding="utf-8") as table,
    ):
        said = [list(row.values()) for row in csv.DictReader(history) if row["suite"] == suite]
        fields = ("precision", "device", "stability", "silent_failures", "failures", "cases")
        now = [[f"{r['library']}-{r['algorithm']}", *map(r.get, fields)] for r in csv.DictReader(table)]
    assert [row[2:] for row in said] == now


def test_a_hunt_says_what_all_solvers_did_with_the_worst(made: Path) -> None:
    text = read((made / "solver" / "numpy-lstsq.html").read_text(encoding="utf-8")).text
    assert "All solvers at the worst:" in text
    assert "hunted" not in text, "what hunts found is no sample, and stands beside no results"
    index = read((made / "index.html").read_text(encoding="utf-8"))
    assert "solver/scipy-gels.html#hunts" in [link.attributes["href"] for link in index.all("a")]


def test_a_study_is_a_page_in_which_html_is_text_and_links_stay_inside(made: Path) -> None:
    root = read((made / "study" / "curves.html").read_text(encoding="utf-8"))
    assert root.one("h1").text == "A <b>study</b>"
    assert [image.attributes["src"] for image in root.all("img")] == ["curve.svg"]
    assert "far other, away, curve" in root.one("main").text
    links = {link.text: link.attributes["href"] for link in root.one("main").all("a")}
    assert links == {"other": "other.html", "curve": "curve.svg", "web": "https://github.com/a/b"}
    assert "<script>alert(1)</script>" in root.one("main").text
    assert not [*root.all("script"), *root.all("i"), *root.all("b")]
    assert [cell.text for cell in root.one("main").all("td")] == ["1", '<i onclick="x()">2</i>']
    assert read((made / "study" / "other.html").read_text(encoding="utf-8")).one("h1").text == "other"
    assert not (made / "study" / "curves.md").exists()


def test_it_loads_nothing_and_only_the_index_has_a_script(made: Path) -> None:
    for name, page in texts(made).items():
        root = read(page)
        policy = next(e.attributes["content"] for e in root.all("meta") if "http-equiv" in e.attributes)
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert len(list(root.all("script"))) == ("script-src" in policy) == (name == "index.html" or "results/" in name)
        for element in root.all():
            assert not {"style", "srcset", "action"} & set(element.attributes)
            assert element.attributes.get("src", "curve.svg") == "curve.svg"
        assert ("img-src 'self' file:;" in policy) == name.startswith("study/")


def test_the_same_sources_give_the_same_bytes(made: Path, tmp_path: Path) -> None:
    kept = made.parent
    again = invoke(*sources(kept), "--out", tmp_path / "out")
    assert again.exit_code == 0
    other = texts(tmp_path / "out")
    before = {name: page for name, page in texts(made).items() if not name.startswith("study/")}
    assert before.keys() == other.keys()
    assert [name for name, page in other.items() if page != before[name]] == ["index.html"]


@pytest.mark.parametrize("text", NASTY)
def test_a_hostile_name_is_text(tmp_path: Path, text: str) -> None:
    records = [replace(r, library=text, message=text, problem=f"{text} {r.problem}") for r in pages.records()[:60]]
    out = tmp_path / "out"
    done = invoke(results(tmp_path / "run", records, processor=text), "--out", out)
    assert done.exit_code == 0, done.output
    assert all(path.resolve().is_relative_to(out.resolve()) for path in out.rglob("*"))
    for name, page in texts(out).items():
        root = read(page)
        assert len(list(root.all("script"))) == (name == "index.html" or "results/" in name)
        assert not [*root.all("img"), *root.all("iframe")]
        assert not [key for e in root.all() for key in e.attributes if key.startswith("on")]
    assert (out / "solver" / f"{slug(f'{text}-lstsq')}.html").is_file()


def test_what_is_no_source_is_named(tmp_path: Path) -> None:
    refused = invoke(tmp_path, "--out", tmp_path / "out")
    assert (refused.exit_code, "holds nothing that a site is made of" in refused.stderr) == (2, True)
    damaged = results(tmp_path / "run", pages.records()[:9])
    shutil.copy(damaged / parquet.ENVIRONMENT, damaged / parquet.RECORDS)
    assert "is damaged" in invoke(damaged, "--out", tmp_path / "out").stderr
