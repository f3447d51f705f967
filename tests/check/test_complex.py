"""`check`, `run` and `replay` in a complex precision, from the command line to the verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from lamm_robust.cli.main import main
from lamm_robust.values import Precision

SOLVERS = """
import numpy as np

def good(A, b):
    return np.linalg.lstsq(A, b, rcond=None)[0]

def transposes(A, b):
    if A.shape[0] < A.shape[1]:
        return A.T @ np.linalg.solve(A @ A.T, b)
    return np.linalg.solve(A.T @ A, A.T @ b)

def real(A, b):
    return good(A, b).real

def single(A, b):
    return good(A.astype(np.complex64), b.astype(np.complex64))
"""

KEY = "raw A=1+2j,3;4,5-1j;1j,2 b=1,1j,0.1 dtype={} @ {}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "mine.py"
    place.write_text(SOLVERS)
    return place


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def checked(target: str, precision: str, *more: object) -> tuple[int, Any]:
    families = [word for name in ("raw", "field", "spectrum") for word in ("--family", name)]
    result = invoke("check", target, "--precision", precision, *families, "--json", "-", *more)
    return result.exit_code, json.loads(result.stdout) if result.exit_code < 2 else result.stderr


@pytest.mark.complex
def test_a_good_solver_passes(file: Path, precision: Precision) -> None:
    code, found = checked(f"{file}:good", precision, "--require", "backward-stable")
    assert code == 0, found
    assert f'"{precision}"' in json.dumps(found)


@pytest.mark.complex
def test_a_transpose_that_should_conjugate_fails(file: Path, precision: Precision) -> None:
    shapes = ("--contract", "full_rank_only", "--require", "conditionally-stable")
    assert checked(f"{file}:transposes", precision, *shapes)[0] == 1
    result = invoke("check", f"{file}:transposes", "--precision", precision, "--only", KEY.format(precision, "")[:-3])
    assert result.exit_code == 1
    assert "wrong" in result.output


@pytest.mark.complex
def test_answers_of_another_kind_fail(file: Path, precision: Precision) -> None:
    result = invoke("check", f"{file}:real", "--precision", precision, "--family", "raw")
    assert "broken" in result.output
    assert f"expected {precision}" in result.output
    if precision == "complex128":
        assert "float32" in invoke("check", f"{file}:single", "--precision", precision, "--family", "raw").output


@pytest.mark.complex
def test_a_run_and_a_replay(tmp_path: Path, precision: Precision) -> None:
    chosen = ("--solver", "numpy-lstsq", "--solver", "sklearn-*", "--family", "raw", "--family", "nonfinite")
    result = invoke("run", "--precision", precision, "--device", "cpu", *chosen, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    rows = pq.read_table(tmp_path / "out" / "records.parquet").to_pylist()
    assert {(row["variant"], row["precision"]) for row in rows} == {(f"numpy-lstsq-{precision}-cpu", precision)}
    assert {row["verdict"] for row in rows if row["family"] == "nonfinite"} == {"flagged"}
    found = json.loads(invoke("replay", KEY.format(precision, "numpy-lstsq"), "--json").stdout)
    assert found["verdict"] == "column-wise stable"
    assert [complex(entry) for entry in found["x"]] == pytest.approx([complex(e) for e in found["x_star"]], rel=1e-5)
    page = invoke("replay", KEY.format(precision, f"numpy-lstsq-{precision}-cpu")).output
    assert "verdict   column-wise stable" in page


@pytest.mark.complex
def test_who_takes_real_numbers_only_has_no_variant(precision: Precision) -> None:
    result = invoke("replay", KEY.format(precision, f"jax-solve-{precision}-cpu"))
    assert result.exit_code == 2
    assert f"unknown solver 'jax-solve-{precision}-cpu'" in result.stderr
    result = invoke("run", "--precision", precision, "--solver", "sklearn-*", "--device", "cpu")
    assert result.exit_code == 2
    assert f"no variant of sklearn-* is {precision} on cpu" in result.stderr


LIMITS = "accepted are float32, float64"


@pytest.mark.complex
@pytest.mark.parametrize("contract", ["pinv", "rank", "cond", "svdvals", "residual", "standard_errors", "covariance"])
def test_numbers_other_than_x_are_refused_in_one_line(contract: str, precision: Precision) -> None:
    for chosen in (("--precision", precision, "--family", "raw"), ("--only", KEY.format(precision, "")[:-3])):
        found = invoke("check", "numpy.linalg:matrix_rank", "--contract", contract, *chosen)
        assert found.exit_code == 2, found.output
        line = f"lamm-robust: --contract {contract} is of real numbers, not of {precision}; {LIMITS}"
        assert found.stderr.strip() == line


@pytest.mark.complex
def test_derivatives_are_refused_in_one_line(tmp_path: Path, file: Path, precision: Precision) -> None:
    pytest.importorskip("torch")
    key = KEY.format(precision, "")[:-3]
    for words, said in (
        (
            ("check", f"{file}:good", "--arrays", "torch", "--derivative", "--precision", precision),
            f"--derivative is of real numbers, not of {precision}; {LIMITS}",
        ),
        (
            ("check", f"{file}:good", "--arrays", "torch", "--derivative", "--only", key),
            f"--derivative is of real numbers, not of {precision}; {LIMITS}",
        ),
        (
            ("run", "--profile", "derivatives", "--precision", precision, "--solver", "torch-gelsd", "--out", tmp_path),
            f"derivatives are not proved in {precision}; accepted are float32 and float64",
        ),
        (
            ("replay", "--derivative", f"{key} @ torch-qr-{precision}-cpu"),
            f"derivatives are not proved in {precision}; accepted are float32 and float64",
        ),
    ):
        found = invoke(*words)
        assert found.exit_code == 2, found.output
        assert found.stderr.strip() == f"lamm-robust: {said}"
