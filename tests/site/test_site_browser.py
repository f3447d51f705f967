"""The pages beside `report.html` in a real browser: the search of a site, axe, and no page wider than its window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lamm_robust.check.html import check_html
from lamm_robust.reports.compare import compare
from lamm_robust.reports.page.difference import difference_html
from tests.check.test_html import found  # noqa: F401  # a fixture
from tests.reports import test_page_browser
from tests.reports.test_compare import made as record
from tests.reports.test_compare import written
from tests.reports.test_page_browser import Open, chromium, opened, playwright  # noqa: F401  # fixtures
from tests.site.test_site import made  # noqa: F401  # a fixture

pytestmark = test_page_browser.pytestmark


def test_the_index_is_searched_and_the_address_keeps_it(opened: Open, made: Path) -> None:  # noqa: F811
    html = (made / "index.html").read_text(encoding="utf-8")
    page = opened(html)
    everything = page.locator("[data-found]:visible").count()
    page.locator("#q").press_sequentially("torch gelsy")
    assert page.locator("tr[data-found]:visible th").all_inner_texts() == ["torch-gelsy"]
    assert page.locator("#count").inner_text().endswith(f" of {everything}")
    again = opened(html, page.evaluate("location.hash"))
    assert again.locator("#q").input_value() == "torch gelsy"
    assert again.locator("tr[data-found]:visible").count() == 1
    hostile = opened(html, "#%")
    assert hostile.locator("[data-found]:visible").count() == everything
    assert opened(html, java_script_enabled=False).locator("[data-found]:visible").count() == everything


IN_THE_SITE = ("index.html", "claims.html", "solver/torch-gelsy.html", "report/numpy-5702.html")


@pytest.mark.parametrize("which", [*IN_THE_SITE, "difference", "check"])
def test_axe_finds_nothing_and_a_telephone_shows_all(
    opened: Open,  # noqa: F811
    made: Path,  # noqa: F811
    tmp_path: Path,
    request: pytest.FixtureRequest,
    which: str,
) -> None:
    axe = pytest.importorskip("axe_playwright_python", reason="the extra `browser` is not installed")
    source = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    if which in IN_THE_SITE:
        html = (made / which).read_text(encoding="utf-8")
    else:
        html = difference(tmp_path) if which == "difference" else check_html([request.getfixturevalue("found")])
    for scheme, width in (("light", 1280), ("dark", 390)):
        page: Any = opened(html, color_scheme=scheme, viewport={"width": width, "height": 900})
        page.evaluate(f"{source};0")
        seen = page.evaluate("axe.run()")
        assert [(each["id"], each["nodes"][0]["html"]) for each in seen["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_study_shows_its_pictures_and_axe_finds_nothing(chromium: Any, made: Path) -> None:  # noqa: F811
    axe = pytest.importorskip("axe_playwright_python", reason="the extra `browser` is not installed")
    source = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    page = chromium.new_page(viewport={"width": 390, "height": 900})
    page.goto((made / "study/curves.html").as_uri())
    assert page.evaluate("document.images[0].naturalWidth") == 10  # so the content policy lets it in
    page.evaluate(f"{source};0")
    assert [each["id"] for each in page.evaluate("axe.run()")["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def difference(tmp_path: Path) -> str:
    """The page of two runs in which something of every kind differs."""
    old = [record(n, seconds=1.0, min_seconds=1.0) for n in range(20)]
    new = [record(n, "wrong" if n < 3 else "backward stable", seconds=2.0, min_seconds=2.0) for n in range(19)]
    before, after = written(tmp_path / "old", old), written(tmp_path / "new", new, commit="e" * 40)
    return difference_html(before, after, compare(before, after), [])
