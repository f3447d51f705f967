"""`list solvers`: every solver on one line of 80 characters, and everything about those that are named."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from lamm_robust import catalog
from lamm_robust.cli.main import main
from lamm_robust.cli.solver_list import brief, whole
from lamm_robust.values import AbsentError, Deficiency

SCREEN = 40
"""Lines of a terminal that people have open beside an editor."""


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["list", *arguments])


def test_a_screen_of_80_columns_for_each_library() -> None:
    blocks = "\n".join(brief(80)).split("\n\n")[1:]
    assert [block.split(":")[0] for block in blocks] == list(catalog.LIBRARY)
    for block, library in zip(blocks, catalog.LIBRARY.values(), strict=True):
        lines = block.splitlines()
        assert len(lines) <= SCREEN
        assert max(map(len, lines[1:])) <= 80
        told = {line.split()[0]: line.split()[1:3] for line in lines[2:]}
        words = {Deficiency.MINIMUM_NORM: "shortest", Deficiency.BASIC: "any", Deficiency.FULL_RANK_ONLY: "none"}
        assert told == {
            s.algorithm: [words[s.contract.deficiency], "any" if "wide" in s.contract.shapes else "m≥n"]
            for s in library.solvers
        }


def test_a_library_that_is_absent_says_why_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "absent", lambda library, device: AbsentError(f"no {library.name} on {device}"))
    heads = [block.splitlines()[0] for block in "\n".join(brief(80)).split("\n\n")[1:]]
    places = {"cupy": "gpu"}  # which has solvers nowhere else
    for head, name in zip(heads, catalog.LIBRARY, strict=True):
        assert head.endswith(f"; not measured: no {name} on {places.get(name, 'cpu')}")
        assert head.count("not measured") == 1


def test_with_room_nothing_is_cut() -> None:
    assert "…" not in "\n".join(brief(150)).replace("Auto…", "")


@pytest.mark.parametrize(
    ("glob", "names"), [("gelsy", ["scipy-gelsy", "torch-gelsy"]), ("lineax", None), ("*-qr-float64-cpu", None)]
)
def test_all_about_what_is_named(glob: str, names: list[str] | None) -> None:
    lines = list(whole([glob], 80))
    heads = [line for line in lines if line and not line.startswith(" ")]
    assert names is None or heads == names
    assert len(heads) > 1
    assert max(map(len, lines)) <= 80
    for word in ("promises", "shapes", "counts as zero"):
        assert sum(line.strip().startswith(word) for line in lines) == len(heads)
    for name in heads:
        known = catalog.LIBRARY[name.partition("-")[0]]
        here = catalog.absent(known, "cpu") is None  # a library need not be installed
        assert (f"  {name}-float64-cpu: can be measured here" in lines) == here


def test_the_command() -> None:
    assert "  gelsy " in invoke("solvers").stdout
    shown = invoke("solvers", "scipy-gelsy", "torch-*")
    assert (shown.exit_code, shown.stdout.split("\n")[0]) == (0, "scipy-gelsy")
    wrong = invoke("solvers", "gelsq")
    assert (wrong.exit_code, "unknown solver 'gelsq'" in wrong.stderr) == (2, True)
    assert "`list metrics` takes no names" in invoke("metrics", "x").stderr
