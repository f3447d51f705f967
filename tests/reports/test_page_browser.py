"""The page in a real browser, from the disk and without a network: what people do with it, and what it must not do.

Needs the extra `browser` and a Chromium on the PATH (Debian: `apt-get install chromium`); skipped where there is none.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lamm_robust.cli.main import main
from tests.reports.test_page import HTML, NASTY, RECORDS, hostile
from tests.support import pages

playwright = pytest.importorskip("playwright.sync_api", reason="the extra `browser` is not installed")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")

FIRST = ".ranking tbody th[scope=row]"
SILENT = ".heat td.silent a"

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # its sandbox does not work for root, as in containers
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens a page in a fresh window; anything on the console, an error or a dialogue makes the test fail."""
    contexts: list[Any] = []
    heard: list[str] = []

    def refuse(dialog: Any) -> None:
        heard.append(dialog.message)
        dialog.dismiss()

    def open_page(html: str = HTML, fragment: str = "", **options: Any) -> Any:
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        contexts.append(chromium.new_context(offline=True, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("dialog", refuse)
        page.on("request", lambda request: heard.append(request.url) if request.url != page.url else None)
        page.goto(path.as_uri() + fragment)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [each for each in heard if not each.startswith("file://")] == []


def texts(page: Any, selector: str) -> list[str]:
    return [each.strip() for each in page.locator(selector).all_inner_texts()]


def test_a_click_sorts_and_the_address_keeps_it(opened: Open) -> None:
    page = opened()
    before = texts(page, FIRST)
    page.locator(".ranking th button", has_text="silent").first.click()
    column = [int(text) for text in texts(page, ".ranking tbody tr td:nth-child(5)")]
    half = len(column) // 2
    assert column == [*sorted(column[:half]), *sorted(column[half:])]
    assert page.locator(".ranking th[aria-sort=ascending]").first.inner_text().startswith("silent")
    page.locator(".ranking th button", has_text="silent").first.click()
    assert [int(text) for text in texts(page, ".ranking tbody tr td:nth-child(5)")][:half] == sorted(
        column[:half], reverse=True
    )
    again = opened(fragment=page.evaluate("location.hash"))
    assert texts(again, FIRST) == texts(page, FIRST) != before


def test_what_is_typed_filters_and_the_address_keeps_it(opened: Open) -> None:
    page = opened()
    page.locator("#q").press_sequentially("gelsy")
    assert set(texts(page, ".ranking tbody tr:visible th")) == {"torch-gelsy"}
    assert set(texts(page, ".heat tbody tr:visible th")) == {"torch-gelsy"}
    assert page.locator("#count").inner_text() == "2 of 10"
    assert page.locator(".line.hit").count() == 10  # five charts of two groups
    again = opened(fragment=page.evaluate("location.hash"))
    assert again.locator("#q").input_value() == "gelsy"
    assert set(texts(again, ".ranking tbody tr:visible th")) == {"torch-gelsy"}
    again.locator("#q").fill("")
    assert again.locator(".ranking tbody tr:visible").count() == 10


def test_a_box_opens_by_keyboard_and_closes_where_it_was(opened: Open) -> None:
    page = opened()
    link = page.locator(SILENT).first
    target = link.get_attribute("href")
    link.focus()
    page.keyboard.press("Enter")
    drawer = page.locator("aside section:visible")
    assert drawer.count() == 1
    assert f"#{drawer.get_attribute('id')}" == target == page.evaluate("location.hash")
    assert page.evaluate("document.activeElement.id") == target[1:]
    assert drawer.get_attribute("role") == "dialog"
    assert "wrong in silence" in drawer.inner_text()
    page.keyboard.press("Escape")
    assert page.locator("aside section:visible").count() == 0
    assert page.evaluate("document.activeElement.getAttribute('href')") == target


def test_an_open_box_says_what_the_solver_and_the_family_are(opened: Open) -> None:
    page = opened()
    page.locator("tr[data-solver=numpy-lstsq] .silent a[href$='.offset']").first.click()
    assert texts(page, "aside section:visible .made") == ["numpy-lstsq: numpy.linalg.lstsq. offset: huge offsets."]
    row = page.locator(".heat tr[data-solver=numpy-lstsq] th").first
    row.hover()
    assert row.get_attribute("title") == "numpy-lstsq: numpy.linalg.lstsq. "


def test_the_link_of_a_box_opens_it_elsewhere(opened: Open) -> None:
    page = opened()
    target = page.locator(SILENT).nth(1).get_attribute("href")
    again = opened(fragment=f"{target}?q=numpy")
    assert again.locator("aside section:visible").get_attribute("id") == target[1:]
    assert again.locator("#q").input_value() == "numpy"
    again.locator("aside > a").click()
    assert again.locator("aside section:visible").count() == 0


def test_everything_can_be_read_without_javascript(opened: Open) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator(".ranking tbody tr:visible").count() == 10
    assert page.locator("svg.chart:visible").count() == 10
    assert not page.locator("#tools").is_visible()
    target = page.locator(SILENT).first.get_attribute("href")
    assert page.locator("aside section:visible").count() == 0
    page.locator(SILENT).first.click()
    assert page.locator("aside section:visible").get_attribute("id") == target[1:]
    page.locator("aside > a").click()
    assert page.locator("aside section:visible").count() == 0
    assert not page.locator(".ranking .more").first.is_visible()
    page.locator(".fold").first.check()
    assert page.locator(".ranking .more").first.is_visible()


def test_the_copied_line_replays(opened: Open, tmp_path: Path) -> None:
    run = ["run", "--precision", "float64", "--device", "cpu", "--solver", "numpy-normal-lu", "--family", "polynomial"]
    done = CliRunner().invoke(main, [*run, "--out", str(tmp_path / "results")])
    assert done.exit_code == 0, done.output
    html = (tmp_path / "results" / "report.html").read_text(encoding="utf-8")
    page = opened(html, permissions=["clipboard-read", "clipboard-write"])
    page.locator(SILENT).first.click()
    page.locator("aside section:visible button", has_text="copy").first.click()
    page.wait_for_function("document.getElementById('said').textContent === 'copied'")
    line = page.evaluate("navigator.clipboard.readText()")
    command, key = line.split(" ", 2)[:2], line.split(" ", 2)[2].strip('"')
    assert command == ["lamm-robust", "replay"]
    replayed = CliRunner().invoke(main, ["replay", key, "--json"])
    assert replayed.exit_code == 0, replayed.output
    assert '"verdict": "wrong"' in replayed.output
    page.locator("aside section:visible button", has_text="for a script").first.click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.endsWith('--script'))")
    assert page.evaluate("navigator.clipboard.readText()") == f"{line} --script"
    page.locator("aside section:visible button", has_text="Python").first.click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.includes('problem('))")
    script = page.evaluate("navigator.clipboard.readText()")
    said: list[Any] = []
    names: dict[str, Any] = {"my_solver": lambda A, b: A.T @ b * 0 + 7, "print": lambda *words: said.extend(words)}
    exec(script, names)  # the script of the page, as a reader would run it
    assert f"{names['p'].problem.key} @ numpy-normal-lu-float64-cpu" == key
    assert said[0] == "wrong"


@pytest.mark.parametrize("text", NASTY)
def test_a_hostile_name_does_nothing(opened: Open, text: str) -> None:
    page = opened(hostile(text))
    page.locator("#q").fill(text)
    page.locator("#q").fill("")
    page.locator(".boxes td a").first.click()
    page.locator("aside section:visible button").first.click()
    page.wait_for_function("document.getElementById('said').textContent !== ''")
    assert page.locator("script").count() == 1


@pytest.mark.parametrize("fragment", ["#%", "#<img src=x onerror=alert(1)>", "#x?q=<b>&sort=__proto__&down=1", "#?q=["])
def test_a_hostile_address_does_nothing(opened: Open, fragment: str) -> None:
    page = opened(fragment=fragment)
    assert page.locator("img").count() == 0
    assert page.locator("#tools").is_visible()


@pytest.mark.parametrize("width", [1280, 800, 390])
def test_the_page_is_never_wider_than_the_window(opened: Open, width: int) -> None:
    page = opened(viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_prints_on_two_pages(opened: Open) -> None:
    printed = opened().pdf(prefer_css_page_size=True)
    assert printed.count(b"/Type /Page\n") == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened: Open, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python", reason="the extra `browser` is not installed")
    source = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    page = opened(pages.page([r for r in RECORDS if r.library in ("numpy", "jax")]), color_scheme=scheme)
    page.locator(SILENT).first.click()
    page.evaluate(f"{source};0")
    found = page.evaluate("axe.run()")
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert len(found["passes"]) > 20
