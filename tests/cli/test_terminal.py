"""Nothing that a terminal would obey gets to it: neither from what is given, nor from what a solver says."""

from __future__ import annotations

import ast
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from lamm_robust.cli.main import main
from lamm_robust.console import open_console
from lamm_robust.terminal import say
from lamm_robust.text import harmless, json_text
from tests.support.hostile import Hostile

MINE = "\x1b]0;mine\x07\x9b31m\u202e\x7f"
"""An escape sequence that changes the title, one of a single C1 character, a change of direction, and DEL."""

UNDECODED = "\udc9b\udcff"
"""What Python makes of bytes in an argument that are no text."""

ONE = "raw A=1 b=1 dtype=float64"
GOOD = "tests/support/broken.py:good"

GIVEN: dict[str, list[list[str]]] = {
    "run": [["--solver", MINE], ["--family", MINE], ["--profile", MINE], ["--shard", MINE], ["--oracle", MINE],
            ["--solver", "nobody", "--out", MINE], ["--workers", MINE]],
    "tables": [[MINE]],
    "merge": [[MINE, "--out", MINE], ["--out", MINE]],
    "compare": [[MINE, MINE], [MINE, MINE, "--fail-on", "time", "--expected", MINE], [MINE, MINE, "--fail-on", MINE]],
    "list": [[MINE]],
    "replay": [[MINE], [f"{ONE} @ {MINE}"], [f"raw A={MINE} b=1 dtype=float64 @ x"], [ONE, "--oracle", MINE]],
    "truth": [[MINE], [f"A=1,2;3,4 b={MINE}"], [f"A={MINE}"], ["A=1", "--rank", MINE], [f"{MINE}.npz"]],
    "hunt": [[MINE], ["numpy-lstsq-float64-cpu", "--score", MINE], ["numpy-lstsq-float64-cpu", "--family", MINE]],
    "check": [[f"{MINE}:solve"], [f"{MINE}.py:solve"], [f"m:{MINE}"], [GOOD, "--only", MINE],
              [GOOD, "--only", f"@{MINE}"], [GOOD, "--refuses", MINE], [GOOD, "--shapes", MINE],
              [GOOD, "--family", MINE], [GOOD, "--json", f"{MINE}/x"], [GOOD, "--contract", MINE],
              [GOOD, "--require", "forward-stable", "--allow", MINE]],
    "advise": [[MINE], [f"{MINE}.csv", "--target", MINE], ["A=1,2;3,4 b=1,2", "--only", MINE]],
    "picture": [[MINE, "--out", "x.svg"], ["results", "--out", "x.svg", "--precision", MINE]],
    "site": [[MINE, "--out", "x"]],
    "nist": [[MINE]],
    "claims": [["--only", MINE], ["--only", "1000", "--out", MINE]],
    "lamm": [["--target", MINE], ["--solver", MINE], ["--modes", MINE]],
}  # fmt: skip
"""Command → arguments that it refuses; a few of each name what is refused."""


def is_clean(text: str) -> bool:
    """Whether a text holds lines of printable characters and nothing else."""
    return all(character == "\n" or character.isprintable() for character in text)


def test_every_command_is_walked() -> None:
    assert set(GIVEN) == set(main.commands)


@pytest.mark.parametrize("foreign", [MINE, UNDECODED])
@pytest.mark.parametrize(("command", "given"), [(name, one) for name in GIVEN for one in GIVEN[name]])
def test_what_is_given_is_shown_without_harm(
    command: str, given: list[str], foreign: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tests/support").mkdir(parents=True)
    (tmp_path / GOOD.partition(":")[0]).touch()
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, [command, *(word.replace(MINE, foreign) for word in given)])
    assert result.exit_code in (2, 3), result.output
    assert "Traceback" not in result.output
    assert is_clean(result.output), repr(result.output)


def test_what_the_program_is_given_instead_of_a_command() -> None:
    for words in ([MINE], [f"--{MINE}"], ["check", f"--{MINE}"]):
        assert is_clean(CliRunner().invoke(main, words).output)


@pytest.mark.parametrize("strike", ["raise_escapes", "warn_with_escapes"])
def test_what_a_solver_says_is_shown_without_harm(strike: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for moment in ("imported", "called"):
        Path(f"{moment}.py").write_text(Hostile(strike, moment).source, encoding="utf-8")
    line = "polynomial points=5 degree=1 abscissae=integers seed=0 dtype=float64"
    result = CliRunner().invoke(main, ["check", "called.py:solve", "--only", line, "--json", "-"])
    assert is_clean(result.output), repr(result.output)
    assert "mine" in json.loads(result.stdout)[0]["why"] or strike == "warn_with_escapes"
    result = CliRunner().invoke(main, ["check", "called.py:solve", "--only", line])
    assert is_clean(result.output), repr(result.output)
    assert "mine" in result.output
    if strike == "raise_escapes":
        result = CliRunner().invoke(main, ["check", "imported.py:solve"])
        assert result.exit_code == 2
        assert is_clean(result.output), repr(result.output)
        assert "mine" in result.output


def test_the_door_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert harmless("κ ≤ 1\nnext") == "κ ≤ 1\nnext"
    for code in [*range(0x20), *range(0x7F, 0xA0), 0x200B, 0x202E, 0x2028, 0x2066, 0xFEFF, 0xD800, 0xE0001]:
        if code != ord("\n"):
            assert harmless(f"a{chr(code)}b") == "a b"
            text = json_text({f"a{chr(code)}": [chr(code)]})
            assert is_clean(text)
            assert json.loads(text) == {f"a{chr(code)}": [chr(code)]}
    say(MINE, err=True)
    say(MINE, nl=False)
    table = Table(MINE, title=MINE)
    table.add_row(MINE, style="red")
    for shown in (MINE, table, Markdown(f"# {MINE}")):
        open_console(width=80).print(shown)
        open_console(err=True).print(shown, markup=False)
    printed = capsys.readouterr()
    assert is_clean(printed.out)
    assert is_clean(printed.err)
    assert printed.out.count("mine") >= 4


def test_colours_still_get_through(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("FORCE_COLOR", "1")
    open_console().print(MINE, style="bold red", highlight=False)
    assert re.fullmatch(r"\x1b\[[0-9;]*m[^\x1b\x07\x9b]*mine[^\x1b\x07\x9b]*\x1b\[0m\n?", stream.getvalue().strip("\n"))
    assert isinstance(open_console(), Console)


def test_there_is_no_other_door() -> None:
    """Children of claims and lamm print lines of JSON to their parents."""
    own = {"terminal.py", "console.py", "claims/clock.py", "lamm/child.py"}
    package = Path(__file__).parents[2] / "lamm_robust"
    for path in package.rglob("*.py"):
        if str(path.relative_to(package)) in own:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("print", "click.echo", "click.secho", "Console", "sys.stdout.write"), path
                indented = any(keyword.arg == "indent" for keyword in node.keywords)
                assert not (called == "json.dumps" and indented and path.parent.name == "cli"), path
