"""`check --beside`: other solvers, ours and the user's, at the same problems and in the same table."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lamm_robust.cli.main import main

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
