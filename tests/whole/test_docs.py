"""What README and docs/ show is there: links, commands, names to import, words; and the lines are short."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from lamm_robust.cli.main import main
from lamm_robust.provenance import EXTRAS
from lamm_robust.values import Deficiency, Edge, Regime, Status, Verdict

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "results/README.md")), *DOCS]
EVIDENCE = sorted((ROOT / "docs" / "evidence").glob("*.py"))

LONGEST_LINE = 100
README_LINES = 114

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def lines(page: Path, *, code: bool) -> Iterator[tuple[int, str]]:
    """The numbered lines of a page that are inside its code blocks, or those that are outside."""
    inside = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            inside = not inside
        elif inside == code:
            yield number, line


def prose(page: Path) -> str:
    return "\n".join(line for _, line in lines(page, code=False))


# --- the form of a page -------------------------------------------------------------------------------------


def test_readme_is_read_in_a_minute_or_two() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(text) <= README_LINES
    assert [line for line in text if len(line) > LONGEST_LINE] == []


@every_page
def test_lines_are_short_but_in_tables_and_code(page: Path) -> None:
    rows = [(number, line) for number, line in lines(page, code=False) if not line.startswith("|")]
    assert [(number, line) for number, line in rows if len(line) > LONGEST_LINE] == []


@pytest.mark.parametrize(
    "page", [*DOCS, ROOT / "CONTRIBUTING.md", ROOT / "results/README.md"], ids=lambda page: page.stem
)
def test_a_page_opens_with_who_it_is_for_and_what_they_can_do_after_it(page: Path) -> None:
    title, opening, *_ = prose(page).split("\n\n")
    assert title.startswith("# ")
    assert opening.startswith("For ")
    assert "After this page you" in opening.replace("\n", " ")


def test_every_page_of_docs_is_linked_from_readme() -> None:
    linked = set(re.findall(r"\(docs/(\w+\.md)\)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert linked == {page.name for page in DOCS}


def test_contributing_has_a_place_for_the_drawing_of_the_rooms() -> None:
    section = prose(ROOT / "CONTRIBUTING.md").partition("\n## The rooms\n")[2].partition("\n## ")[0]
    assert section.index("<!-- rooms -->") < section.index("<!-- /rooms -->")


# --- links --------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_relative_links_lead_to_a_file_and_a_heading(page: Path) -> None:
    text = re.sub(r"`[^`]*`", "", prose(page))
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    for link in links:
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@every_page
def test_files_within_a_sentence_are_there(page: Path) -> None:
    shown = re.findall(r"`((?:lamm_robust|generators|oracles|tests|docs)/[\w/.]+\.\w+)`", prose(page))
    assert [name for name in shown if not (ROOT / name).is_file()] == []


# --- commands -----------------------------------------------------------------------------------------------


def arguments(line: str) -> list[str] | None:
    """What a line of a code block hands to `lamm-robust`, itself or by `run.py`; None if it does something else."""
    words = shlex.split(line.removeprefix("$ "), comments=True) if "lamm-robust" in line or "run.py" in line else []
    if words[:1] == ["lamm-robust"]:
        return words[1:]
    if words[:2] == ["python3", "run.py"] and words[2:3] not in (["test"], ["gpu"], ["emulated"]):
        rest = words[2:]
        return rest if rest and not rest[0].startswith("-") else ["run", *rest]
    return None


SHOWN = [
    pytest.param(found, id=f"{page.stem}:{number}")
    for page in PAGES
    for number, line in lines(page, code=True)
    if re.match(r"\s*(\$ )?(lamm-robust|python3 run\.py)\b(?!:)", line)
    and (found := arguments(line.strip())) is not None
]


def test_commands_are_found() -> None:
    assert len(SHOWN) >= 40


@pytest.mark.parametrize("shown", SHOWN)
def test_a_command_in_a_code_block_is_understood(shown: list[str]) -> None:
    """Its options exist and take such values; nothing is run."""
    command = main.commands[shown[0]]
    assert command.make_context(shown[0], shown[1:]).command is command


@every_page
def test_a_command_within_a_sentence_exists_with_its_options(page: Path) -> None:
    for name, rest in re.findall(r"`lamm-robust\s+(\w+)([^`]*)`", prose(page)):
        known = {option for parameter in main.commands[name].params for option in parameter.opts}
        assert set(re.findall(r"--[\w-]+", rest)) <= known, name


OF_OTHERS = {"--slow", "--precision", "--benchmark-only", "--condD"}
"""Options of our pytest, and of SLATE's tester."""


@every_page
def test_an_option_within_a_sentence_exists(page: Path) -> None:
    known = {option for command in main.commands.values() for parameter in command.params for option in parameter.opts}
    shown = {option for text in re.findall(r"`(--[^`]*)`", prose(page)) for option in re.findall(r"--[\w-]+", text)}
    assert shown <= known | OF_OTHERS


def test_every_command_is_on_the_page_of_commands() -> None:
    text = (ROOT / "docs" / "run.md").read_text(encoding="utf-8")
    assert [name for name in main.commands if f"lamm-robust {name}" not in text] == []
    assert all(isinstance(command, click.Command) for command in main.commands.values())


# --- names to import ----------------------------------------------------------------------------------------

API = ROOT / "docs" / "api.md"


def promised() -> dict[str, set[str]]:
    """Module → the names of it that docs/api.md lists."""
    _, *sections = re.split(r"^## `([\w.]+)`$", prose(API), flags=re.MULTILINE)
    listed = [set(re.findall(r"^\* `(\w+)", text, re.MULTILINE)) for text in sections[1::2]]
    return dict(zip(sections[::2], listed, strict=True))


def with_all() -> set[str]:
    """The modules of the package that assign `__all__`; `generators` and `oracles` are links in a checkout."""
    walked = os.walk(ROOT / "lamm_robust", followlinks=True)
    paths = [Path(folder, name) for folder, _, names in walked for name in names if name.endswith(".py")]
    found = [path for path in paths if re.search(r"^__all__ = ", path.read_text(encoding="utf-8"), re.MULTILINE)]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in found}


def test_the_modules_that_say_what_is_public_are_those_of_the_page() -> None:
    assert with_all() == set(promised())


@pytest.mark.parametrize("module", sorted(promised()))
def test_the_names_of_the_page_are_those_of_the_module(module: str) -> None:
    room = importlib.import_module(module)
    assert set(room.__all__) == promised()[module]
    assert all(getattr(room, name).__doc__ for name in room.__all__)


SETTINGS = """\
from hypothesis import HealthCheck, settings

settings.register_profile(
    "calm", deadline=None, derandomize=True, max_examples=20, suppress_health_check=[*HealthCheck]
)
settings.load_profile("calm")
"""
"""A machine that is slow for a moment is no failure of an example; and a few draws show that it runs."""


def test_the_examples_of_the_page_run(tmp_path: Path) -> None:
    examples = re.findall(r"^```python\n(.*?)^```", API.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(examples) == len(promised())
    file = tmp_path / "test_examples.py"
    file.write_text("\n\n".join([SETTINGS, *examples]), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


# --- words, and evidence ------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [Verdict, Regime, Edge, Status, Deficiency], ids=lambda words: words.__name__)
def test_the_glossary_has_the_words_of_the_tables(words: type[Verdict | Regime | Edge | Status | Deficiency]) -> None:
    text = " ".join((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").split())
    assert [word for word in words if word and f"*{word}*" not in text] == []


@pytest.mark.parametrize("script", EVIDENCE, ids=lambda script: script.stem)
def test_a_script_behind_a_page_imports_and_runs_nothing_when_it_does(
    script: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(script.parent))
    try:
        module = importlib.import_module(script.stem)
    except ModuleNotFoundError as absent:
        if absent.name not in EXTRAS:
            raise
        pytest.skip(f"{absent.name} is not installed")
    assert module.__file__ == str(script)
    assert capfd.readouterr().out == ""
    started = 'if __name__ == "__main__":' in script.read_text(encoding="utf-8")
    assert not started or callable(module.main)


@pytest.mark.parametrize("script", [path for path in EVIDENCE if "__main__" in path.read_text(encoding="utf-8")])
def test_a_page_names_the_script_behind_it(script: Path) -> None:
    assert any(f"docs/evidence/{script.name}" in page.read_text(encoding="utf-8") for page in DOCS)
