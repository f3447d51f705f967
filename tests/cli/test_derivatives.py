"""The profile `derivatives`, `replay --derivative` and `check --derivative`, with PyTorch, which compiles nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lamm_robust.cli.main import main

WRONG = "spectrum m=4 n=4 mode=geometric log10_cond=8 residual=0.0 direction=random seed=0 dtype=float64"
"""A problem at which the derivatives of `torch.linalg.lstsq` have lost digits that x has."""

MINE = """\
import torch

def lstsq(A, b):
    return torch.linalg.lstsq(A, b, driver="gelsd").solution
"""


def ran(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_a_run_writes_the_page_and_the_column(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    chosen = ("--precision", "float64", "--solver", "torch-gelsd", "--family", "degenerate", "--family", "raw")
    found = ran("run", "--profile", "derivatives", *chosen, "--out", str(tmp_path))
    assert found.exit_code == 0, found.output
    assert "| torch-gelsd | 12/12 |" in (tmp_path / "derivatives.md").read_text(encoding="utf-8")
    board = (tmp_path / "leaderboard.md").read_text(encoding="utf-8")
    assert board.splitlines()[-1]
    assert " | 12/12 |" in next(line for line in board.splitlines() if line.startswith("| torch-gelsd |"))
    assert "derivatives.md" in (tmp_path / "manifest.sha256").read_text(encoding="utf-8")


def test_replay_shows_each_derivative_beside_the_exact_one() -> None:
    pytest.importorskip("torch")
    found = ran("replay", "--derivative", f"{WRONG} @ torch-gelsd-float64-cpu")
    assert found.exit_code == 0, found.output
    for name in ("jvp_A", "jvp_b", "vjp_A", "vjp_b", "  exact"):
        assert f"\n{name} " in found.output
    assert "what rounding A, b and directions explains" in found.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("replay", "--derivative", f"{WRONG} @ numpy-lstsq-float64-cpu"),
            "numpy differentiates nothing",
        ),
        (("replay", "--derivative", "--script", f"{WRONG} @ numpy-lstsq-float64-cpu"), "do not go together"),
        (("check", "--derivative", "{file}:lstsq"), "say --arrays jax or --arrays torch"),
        (("check", "--derivative", "--arrays", "torch", "--batched", "{file}:lstsq"), "leave out --batched"),
    ],
)
def test_what_has_no_derivative_is_refused_in_one_line(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    found = ran(*(word.format(file=file) for word in words))
    assert found.exit_code == 2
    assert said in found.output
    assert len(found.output.strip().splitlines()) == 1


def test_a_check_of_derivatives_is_a_gate(tmp_path: Path) -> None:
    """x is right at this problem, and its derivatives are not."""
    pytest.importorskip("torch")
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    options = ("--arrays", "torch", "--only", WRONG)
    assert ran("check", f"{file}:lstsq", *options).exit_code == 0
    found = ran("check", f"{file}:lstsq", *options, "--derivative")
    assert found.exit_code == 1, found.output
    assert "vjp_error" in found.output
