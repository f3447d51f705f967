"""`check --contract ridge`: faults that people plant are seen and named, and honest solvers pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lamm_robust.check import beside
from lamm_robust.check.terms import Terms
from lamm_robust.cli.main import main
from lamm_robust.solvers.ridge import EVERY
from lamm_robust.testing import check_here, check_solver
from lamm_robust.values import Array, Precision
from tests.support import penalised

HERE = Path(__file__).parents[2]
TALL = "raw A=1,2;3,4;5,6;1,1 b=5,6,8,1 dtype=float64"
STEEP = "spectrum m=30 n=10 mode=geometric log10_cond=6 residual=0.0 direction=random seed=0 dtype=float64"


def invoke(name: str, *arguments: object, lam: float = 0.25) -> Result:
    words = ["check", f"tests/support/penalised.py:{name}", "--contract", "ridge", "--lam", str(lam)]
    return CliRunner().invoke(main, [*words, *map(str, arguments)])


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    monkeypatch.setattr(beside, "BESIDE_RIDGE", {})


def test_an_honest_solver_passes_at_deficient_wide_and_tall_problems() -> None:
    found = invoke("honest", "--family", "raw", "--require", "backward-stable")
    assert found.exit_code == 0, found.output
    assert "held to ridge with λ = 0.25, judged as [A; √λI]x ≈ [b; 0]" in found.output
    assert "required: backward-stable: held" in found.output


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
def test_in_other_precisions(dtype: Precision) -> None:
    check_solver(penalised.honest, contract="ridge", lam=0.3, dtype="float32", families=["raw"])
    found = invoke("honest", "--precision", dtype, "--family", "raw", "--require", "backward-stable")
    assert found.exit_code == 0, found.output


FAULTS = [
    ("not_the_root", "solves the problem with λ² = 0.0625 in place of λ = 0.25"),
    ("mean_of_squares", "solves the problem with λ·m = 1 in place of λ = 0.25"),
    ("without_penalty", "solves the problem with no penalty in place of λ = 0.25"),
    ("intercept", "solves the problem of columns and b less their means: it fits an intercept"),
    ("penalised_intercept", "solves the problem with a column of ones, penalised like the others"),
]


@pytest.mark.parametrize(("name", "why"), FAULTS)
def test_planted_faults_are_named(name: str, why: str) -> None:
    found = invoke(name, "--only", TALL, "--json", "-")
    assert found.exit_code == 1, found.output
    (attempt,) = json.loads(found.stdout)
    assert attempt["verdict"] in ("wrong", "inaccurate")
    assert attempt["why"] == why


def test_normal_equations_square_the_kappa_of_the_stacked_matrix() -> None:
    good, bad = (invoke("by_gram", "--only", STEEP, "--json", "-", lam=lam) for lam in (0.25, 1e-12))
    assert (good.exit_code, bad.exit_code) == (0, 1), bad.output
    (easy,), (hard,) = json.loads(good.stdout), json.loads(bad.stdout)
    assert easy["kappa"] < 100 < 5e5 < hard["kappa"]
    assert hard["verdict"] == "inaccurate"
    honest = invoke("honest", "--only", STEEP, lam=1e-12)
    assert honest.exit_code == 0, honest.output


def test_the_page_of_one_problem_names_the_stacked_matrix() -> None:
    found = invoke("honest", "--only", "raw A=3;4 b=1,2 dtype=float64", lam=5)
    lines = [line.strip() for line in found.output.splitlines()]
    assert "of [A; √λI] and [b; 0]; ‖b − Ax★‖ there = 0.9831920803" in lines, found.output  # √(5 − 121/30)
    assert "promises x of min ‖Ax − b‖² + λ‖x‖², λ = 5.0" in lines


@pytest.mark.parametrize("name", [name for name in EVERY if "sklearn" in name or "scipy" in name])
def test_every_way_of_a_library_solves_an_easy_problem(name: str) -> None:
    if "sklearn" in name:
        pytest.importorskip("sklearn")
    A, b = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([1.0, 2.0, 4.0])
    assert EVERY[name](A, b, 0.1) == pytest.approx([18.7 / 33.11, 5.4 / 33.11], rel=1e-3)  # by Cramer's rule
    assert EVERY[name](A, np.column_stack([b, b]), 0.1).shape == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--contract", "ridge"), "--lam is not given; --contract ridge needs a finite number above 0"),
        (("--contract", "ridge", "--lam", "0"), "--lam is 0; --contract ridge needs a finite number above 0"),
        (("--lam", "1"), "--lam is about --contract ridge, not minimum_norm"),
        (("--contract", "ridge", "--lam", "1", "--cutoff", "0"), "--cutoff does not go with --contract ridge"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], line: str) -> None:
    found = CliRunner().invoke(main, ["check", "tests/support/penalised.py:honest", *arguments])
    assert found.exit_code == 2
    assert found.stderr.strip() == f"lamm-robust: {line}"


def test_in_tests_of_ones_own() -> None:
    with pytest.raises(AssertionError, match="λ·m for λ"):
        check_solver(penalised.mean_of_squares, contract="ridge", lam=0.25, families=["raw"])
    with pytest.raises(ValueError, match="'ridge' needs a finite lam above 0, others none"):
        check_solver(penalised.honest, contract="ridge")


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda n: 0.01 * n, "solves the problem with λ·n = {:.3g} in place of λ = 0.01"),  # √λ, if n = 10
        (lambda _: 0.02, "solves the problem with 2λ = {:.3g} in place of λ = 0.01"),  # λ·m, if m = 2
        (lambda _: 0.0101, "solves the problem with λ = {:.3g}, not 0.01"),
    ],
    ids=["times n", "twice", "a hundredth more"],
)
def test_of_several_other_problems_the_one_that_was_solved_is_named(other: Callable[[int], float], words: str) -> None:
    def solve(A: Array, b: Array, _: float) -> Array:
        return penalised.honest(A, b, other(A.shape[1]))

    found = check_here(solve, Terms(lam=0.01, profile="quick", families=("spectrum", "raw")))
    named = [failure for failure in found.failures if not failure.record.edge]
    assert len(named) >= 30
    for failure in named:
        assert failure.why == words.format(other(failure.record.n)), failure.record.problem
