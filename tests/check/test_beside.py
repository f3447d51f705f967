"""`check --beside`: other solvers, ours and the user's, at the same problems and in the same table."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lamm_robust import catalog
from lamm_robust.check import attempts, beside
from lamm_robust.check.beside import compared
from lamm_robust.check.judgement import Judgement, Stop
from lamm_robust.check.page import page
from lamm_robust.check.supervised import check_target
from lamm_robust.check.terms import Terms
from lamm_robust.cli.main import main
from lamm_robust.keys import parse_key
from lamm_robust.solvers import user
from lamm_robust.values import Deficiency

MINE = """
import numpy

def solve(A, b):
    return numpy.linalg.lstsq(A, b)[0]

def old(A, b):
    return numpy.linalg.solve(A.T @ A, A.T @ b)
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("mine")
def test_others_are_rows_of_the_same_table() -> None:
    words = ["check", "mine.py:solve", "--contract", "full_rank_only", "--family", "polynomial"]
    found = CliRunner().invoke(main, [*words, "--beside", "cholesky-qr2", "--beside", "mine.py:old"])
    assert found.exit_code == 0, found.output
    rows = [line.split()[0] for line in found.output[found.output.index("Beside") :].splitlines() if line.strip()]
    assert rows[-6:] == ["yours", "scipy-gelsd", "scipy-gelsy", "scipy-qr", "scipy-cholesky-qr2", "mine.py:old"]


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize(
    ("name", "words"), [("cholesky-qr3", "unknown solver 'cholesky-qr3'"), ("no.py:f", "there is no file 'no.py'")]
)
def test_a_misspelt_one_is_named_before_the_check(name: str, words: str) -> None:
    found = CliRunner().invoke(main, ["check", "mine.py:solve", "--beside", name])
    assert found.exit_code == 2
    assert words in found.stderr


SLOW = """
import time

def slow(A, b):
    time.sleep(0.2)
    raise ValueError("slow")
"""


def judged(seconds: float | None, beside: tuple[str, ...]) -> Judgement:
    terms = Terms(contract=Deficiency.FULL_RANK_ONLY, families=("polynomial",), seconds=seconds, beside=beside)
    return check_target(user.parse_target("mine.py:solve", Path.cwd()), terms)


@pytest.mark.usefixtures("mine")
def test_seconds_are_for_other_functions_too_and_leave_out_what_was_not_done() -> None:
    Path("slow.py").write_text(SLOW)
    found = judged(None, ("slow.py:slow",))
    keys = [parse_key(record.problem) for record in found.records]
    again = compared(found, keys, catalog.truths(), time.monotonic() + 0.1)
    assert again.left_out == ["slow.py:slow: --seconds were over"]
    assert [row.library for row in again.drivers] == ["scipy"] * 3
    assert compared(found, keys, catalog.truths(), 0.0).left_out == again.left_out
    assert "\nnot compared: slow.py:slow: --seconds were over" in page(again)


@pytest.mark.usefixtures("mine")
def test_a_ctrl_c_in_another_function_leaves_out_all_from_there_and_what_cannot_be_called_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask_all = attempts.ask_all

    def ask(name: str, *rest: Any, **options: Any) -> Any:
        return ({}, Stop.USER) if name == "mine.py:old" else ask_all(name, *rest, **options)

    monkeypatch.setattr(beside, "ask_all", ask)
    found = judged(None, ("mine.py:none", "mine.py:old", "mine.py:solve"))
    assert found.row.cases
    missing, stopped = found.left_out
    assert missing.startswith("'mine.py:none' cannot be used: ")
    assert missing.endswith("there is no 'none' in it")
    assert stopped == "it was stopped"
    assert [row.library for row in found.drivers] == ["scipy"] * 3
