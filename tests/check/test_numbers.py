"""`check --contract rank` and its kin: a gate, in processes of its own, as for x."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lamm_robust.check import beside
from lamm_robust.cli.main import main
from lamm_robust.testing import check_solver
from tests.support.returned import absolute_rank

HERE = Path(__file__).parents[2]
FILE = "tests/support/returned.py"
DEFICIENT = "exact_rank m=16 n=9 rank=5 log2_cond=4 residual=1.0 seed=0 dtype=float64"
SMALL = "raw A=1,0;0,0x1p-20;0,0 b=1,1,1 dtype=float64"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """At home, and without NumPy's functions beside it."""
    monkeypatch.chdir(HERE)
    monkeypatch.setattr(beside, "BESIDE", {})


def invoke(name: str, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["check", f"{FILE}:{name}", *map(str, arguments)])


def test_a_rank_as_a_gate() -> None:
    good = invoke("rank", "--contract", "rank", "--family", "raw", "--require", "forward-stable")
    assert good.exit_code == 0, good.output
    assert "held to rank" in good.output
    assert "required: forward-stable: held" in good.output
    bad = invoke("absolute_rank", "--contract", "rank", "--only", SMALL, "--only", DEFICIENT, "--json", "-")
    assert bad.exit_code == 1, bad.output
    small, deficient = json.loads(bad.stdout)
    assert (small["verdict"], deficient["verdict"]) == ("wrong", "forward stable")
    assert small["why"] == "says rank 1 of 2: takes 1e-6·σ₁ = 1e-6 for zero, which float64 can tell from zero"


def test_a_whole_page_says_what_was_returned_and_what_is_true() -> None:
    found = invoke("zero_residual", "--contract", "residual", "--only", "raw A=1;0 b=3,4 dtype=float64")
    assert found.exit_code == 1
    lines = found.output.splitlines()
    for line in ("residual  16.0", "returned  0.0", "verdict   wrong"):
        assert line in lines, found.output
    assert "why       says 0 where the residual sum of squares is 16" in lines
    assert any(line.startswith("  number_error ") and line.endswith("perturbation bounds") for line in lines)


@pytest.mark.parametrize(
    ("name", "contract", "words"),
    [
        ("half_a_rank", "rank", "rank is 1.5, expected a whole number"),
        ("transposed_pinv", "pinv", "pinv has shape (3, 2), expected (2, 3)"),
        ("by_address", "svdvals", "svdvals is another one for Fortran-ordered arrays: it depends on how A and b are"),
        ("rank", "cond", "says κ = 2 where it is 1.04858e+06"),
    ],
)
def test_what_is_no_such_number(name: str, contract: str, words: str) -> None:
    key = "raw A=1,2;3,4;5,7 b=1,1,1 dtype=float64" if name == "by_address" else SMALL
    found = invoke(name, "--contract", contract, "--only", key)
    assert found.exit_code == 1, found.output
    assert words in found.output


def test_everything_that_lstsq_returns_is_found() -> None:
    for contract in ("residual", "rank", "svdvals"):
        found = invoke("lstsq", "--contract", contract, "--only", DEFICIENT.replace("rank=5", "rank=9"))
        assert found.exit_code == 0, found.output


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--batched",), "--batched is about x; it does not go with --contract rank"),
        (("--cutoff", "1e-3"), "--cutoff is about x; it does not go with --contract rank"),
        (
            ("--require", "backward-stable"),
            "--contract rank has no 'backward-stable'; accepted are forward-stable, conditionally-stable",
        ),
    ],
)
def test_what_is_not_asked_of_numbers(arguments: tuple[str, ...], line: str) -> None:
    refused = invoke("rank", "--contract", "rank", *arguments)
    assert refused.exit_code == 2
    assert refused.stderr.strip() == f"lamm-robust: {line}"


def test_in_tests_of_ones_own() -> None:
    check_solver(np.linalg.svdvals, contract="svdvals", require="forward-stable", families=["raw"])
    with pytest.raises(AssertionError, match="for zero, which float64 can tell from zero"):
        check_solver(absolute_rank, contract="rank", require="forward-stable", families=["raw", "field"])
    with pytest.raises(ValueError, match="require is 'backward-stable'; accepted: forward-stable, conditionally"):
        check_solver(np.linalg.cond, contract="cond")
