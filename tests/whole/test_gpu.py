"""What `run.py gpu` runs on a GPU: every test that is marked for one, and a page of what came of it."""

from __future__ import annotations

import importlib
import re
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def lane(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "evidence"))
    return importlib.import_module("gpu")


def test_every_test_that_is_marked_for_gpus_is_run(lane: Any) -> None:
    marked = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
        if re.search(r"^pytestmark = .*pytest\.mark\.gpu", text, re.MULTILINE):
            marked.add(name)
        decorated = re.findall(r"^@pytest\.mark\.gpu\n(?:@.*\n)*def (\w+)", text, re.MULTILINE)
        marked |= {name if name in lane.TESTS else f"{name}::{function}" for function in decorated}
    assert marked == set(lane.TESTS)


def test_what_is_done_is_not_done_again_and_what_is_cut_short_is(
    lane: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def call(command: list[str], seconds: float, output: Path) -> int | None:
        calls.append(command[-1])
        output.write_text("....\n4 passed in 1 s\n")
        return None if len(calls) == 2 else 0

    monkeypatch.setattr(lane, "call", call)
    place = lane.Place("emulated-tf32", tmp_path, time.monotonic() + 1000)
    rows = lane.test(place, 0.5)
    assert [result for _, result in rows] == ["4 passed in 1 s", lane.NOT_YET, *["4 passed in 1 s"] * (len(rows) - 2)]
    lane.test(place, 1.0)
    assert calls == [*lane.TESTS, lane.TESTS[1]]


def test_a_page_says_that_it_is_emulated_and_what_is_missing(lane: Any, tmp_path: Path) -> None:
    place = lane.Place("emulated-tf32", tmp_path, time.monotonic())
    (tmp_path / "kernels.txt").write_text("jax-lstsq  cusolver_gesvdj_ffi\n")
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "leaderboard.csv").write_text(
        "library,algorithm,device,stability,silent_failures\n"
        "jax,qr,cpu,column-wise stable,0\n"
        "jax,qr,emulated-tf32,unstable,3\n"
    )
    page = lane.page(place, [["`a`", lane.NOT_YET]], is_done=False)
    assert "No GPU was used." in page
    assert "**Unfinished**" in page
    assert "| solver | cpu | emulated-tf32 |" in page
    assert "| `jax-qr` | column-wise stable, 0 silent | unstable, 3 silent |" in page
    assert "cusolver_gesvdj_ffi" in page


def test_a_command_that_takes_too_long_is_stopped(lane: Any, tmp_path: Path) -> None:
    assert lane.call(["timeit", "-n1", "-r1", "import time; time.sleep(600)"], 1.0, tmp_path / "out") is None
    assert lane.call(["timeit", "-n1", "-r1", "pass"], 60.0, tmp_path / "out") == 0
