"""`truth` with what people have: kinds of files and numbers, no b, A⁺, weights; answers known by hand."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lamm_robust.cli.given import read
from lamm_robust.cli.main import main
from lamm_robust.oracles.plain_values import certain_digits
from lamm_robust.values import Ball


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["truth", *map(str, arguments)])


def facts(*arguments: object) -> dict[str, Any]:
    result = invoke(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON")))


def page(*arguments: object) -> list[str]:
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return list(result.stdout.splitlines())


def refused(*arguments: object) -> str:
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    (line,) = result.stderr.strip().splitlines()
    return str(line)


# --- what it reads ----------------------------------------------------------------------------------------------------

A, B = [[1, 2], [3, 4], [5, 6]], [1, 2, 4]


def test_one_problem_in_every_form(tmp_path: Path) -> None:
    np.savez(tmp_path / "whole.npz", A=np.array(A), b=np.array(B, dtype=np.uint8))
    np.savez(tmp_path / "swapped.npz", X=np.array(A, dtype=">f8"), y=np.array(B, dtype=">f8"))
    np.savez(tmp_path / "order.npz", A=np.asfortranarray(np.array(A, dtype=float)), b=np.array(B, dtype=float))
    (tmp_path / "lists.json").write_text(json.dumps({"X": A, "y": B}))
    (tmp_path / "mixed.json").write_text('{"A": [[1, 2.0], [3e0, 4], [5, 6]], "b": [1, 2, 4.0]}')
    files = [tmp_path / f"{name}" for name in ("whole.npz", "swapped.npz", "order.npz", "lists.json", "mixed.json")]
    for source in (
        *files,
        "A=1,2;3,4;5,6 b=1,2,4",
        "raw A=1,2;3,4;0x5,6 b=1,2,4 dtype=float64",
        " y=1,2,4 X=1,2;3,4;5,6",
    ):
        found = facts(source)
        assert [round(float(v), 12) for v in found["x"]] == [0.666666666667, 0.083333333333], source
        assert float(found["residual_norm"]) == pytest.approx(6**-0.5, rel=1e-15)
    assert facts(tmp_path / "whole.npz")["notes"] == [
        "A as float64, exactly (int64 in the file)",
        "b as float64, exactly (uint8 in the file)",
    ]
    assert "note           b as float64, exactly (uint8 in the file)" in page(tmp_path / "whole.npz")


def test_whole_numbers_take_the_precision_of_their_partner(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", A=np.array([[True], [False]]), b=np.array([0.1, 0.0], dtype=np.float32))
    given = read(str(tmp_path / "p.npz"))
    assert given.A.dtype == np.float32
    assert facts(tmp_path / "p.npz")["x"] == ["0.100000001490116119384765625"]
    assert read("A=0.1;1 dtype=float32").A.dtype == np.float32


@pytest.mark.parametrize("number", [2**53 + 1, -(2**63) + 1, 2**64 - 1])
def test_whole_numbers_that_no_float_is_are_refused(number: int, tmp_path: Path) -> None:
    kind = np.uint64 if number > 2**63 else np.int64
    np.savez(tmp_path / "p.npz", A=np.array([[1], [number]], dtype=kind), b=[1.0, 2.0])
    (tmp_path / "p.json").write_text(json.dumps({"A": [[1], [number]], "b": [1, 2]}))
    for file in ("p.npz", "p.json"):
        line = refused(tmp_path / file)
        assert f"{file}': A[1, 0] is {number}, which no float64 is exactly; round it first" in line
    assert f"A holds {number}, which no float64 is exactly" in refused(f"A=1;{number} b=1,2")


def test_whole_numbers_at_the_ends_are_exact(tmp_path: Path) -> None:
    for number in (2**53, -(2**63), 2**63, 2**1023):
        (tmp_path / "p.json").write_text(json.dumps([[number]]))
        assert int(read(str(tmp_path / "p.json")).A[0, 0]) == number
    (tmp_path / "p.json").write_text(json.dumps([[2**1024]]))
    assert "which no float64 is exactly" in refused(tmp_path / "p.json")
    np.savez(tmp_path / "p.npz", A=np.array([[2**24 + 1]]), b=np.ones(1, np.float32))
    assert "A[0, 0] is 16777217, which no float32 is exactly" in refused(tmp_path / "p.npz")
    assert "A holds 16777217, which no float32 is exactly" in refused("A=16777217 b=1 dtype=float32")


@pytest.mark.parametrize("name", ["alpha", "G", "h", "weights", "sample_weight", "a", "notes"])
def test_what_else_there_is_is_refused_by_name(name: str, tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"A": A, "b": B, name: np.array([object()]) if name == "notes" else 1}
    np.savez(tmp_path / "p.npz", **arrays)
    (tmp_path / "p.json").write_text(json.dumps({"A": A, "b": B, name: 1}))
    for source in (tmp_path / "p.npz", tmp_path / "p.json", f"A=1;2 b=1,2 {name}=1"):
        assert f"holds '{name}', so it may be another problem than min ‖Ax − b‖; accepted: A (or X)" in refused(source)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A=1;2 X=1;2 b=1,2", "holds A and X; accepted is one of them"),
        ("A=1;2 b=1,2 b=1,3", "names one array twice"),
        ("A=1;2 b=1,2 w=1,1 sigma=1,1", "holds w and sigma; accepted is one of them"),
        ("A=1;2 b=1,2 dtype=float16", "dtype=float16; accepted are float32, float64, complex64, complex128"),
        ("A=1;2 b=1,2 w=1", "w has shape (1,); accepted is one number for each of 2 rows of A"),
        ("A=1;2 b=1,2 w=1,-1", "w[1] is -1.0; accepted are finite numbers, w ≥ 0"),
        ("A=1;2 b=1,2 sigma=1,0", "sigma[1] is 0.0; accepted are finite numbers, sigma > 0"),
        ("A=1;2 b=1,2 w=1,1 oracle", "'oracle' is not of the form name=numbers"),
        ("A=1;2 b=1,2,", "b[0,2] is ''"),
        ("b=1,2", "has no array 'A' or 'X' (it holds: b)"),
        ("A=1,2;3 b=1,2", "A has rows of 2, 1 entries"),
        ("A=1;2 b=1,2,3", "b has 3 rows but A has 2"),
        ("A=nan;2 b=1,2", "A[0,0] is 'nan'"),
        ("A", "there is no file 'A'; expected an .npz or .json file"),
    ],
)
def test_text_that_is_no_problem(text: str, words: str) -> None:
    assert words in refused(text)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot read"),
        ("3", "A is a int; accepted are lists of numbers"),
        ('{"A": [[1], [2, 3]]}', "row 1 of A is unlike row 0"),
        ('{"A": [[1], 2]}', "row 1 of A is unlike row 0"),
        ('{"A": [[1, "2"]]}', 'A[0, 1] is "2"; accepted are numbers'),
        ('{"A": [[true]]}', "A[0, 0] is true; accepted are numbers"),
        ('{"A": ' + "[" * 900 + "]" * 900 + "}", "A[0, 0] is a list; accepted are numbers"),
        ("[" * 100_000, "cannot read "),
        ('{"A": [[NaN]], "b": [1]}', "A[0, 0] is nan; every entry must be finite"),
        ("[1, 2]", "A has 1 dimensions"),
        ("[]", "A has 1 dimensions"),
        ('{"A": [[1]], "b": [1], "w": [[1]]}', "w has shape (1, 1)"),
    ],
)
def test_json_that_is_no_problem(content: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(content)
    line = refused(tmp_path / "p.json")
    assert words in line
    assert "p.json" in line


def test_a_file_whose_name_looks_like_text_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "A=1.json").write_text("[[7]]")
    assert facts("A=1.json")["sigma"] == ["7"]
    assert facts(f"A={','.join('1' * 1000)}")["sigma"][0].startswith("31.6227766016837933199889354443271853")


# --- weights ----------------------------------------------------------------------------------------------------------


def test_weights_make_the_weighted_problem_and_it_says_so(tmp_path: Path) -> None:
    line: dict[str, Any] = {"A": [[1], [1], [1]], "b": [1, 2, 4]}
    (tmp_path / "w.json").write_text(json.dumps(line | {"w": [1, 0.25, 4]}))
    np.savez(tmp_path / "s.npz", sigma=[1, 2, 0.5], **line)
    by_w, by_sigma = facts(tmp_path / "w.json"), facts(tmp_path / "s.npz")
    for found in (by_w, by_sigma):
        assert float(found["x"][0]) == float(Fraction(1 * 4 + 2 + 4 * 16, 21))  # Σwb/Σw, everything times 4
    assert (by_w["weighted_by"], by_sigma["weighted_by"], by_w["method"]) == ("w", "sigma", "weighted")
    assert "weights        rows of A and b times √w, exactly; " in "\n".join(page(tmp_path / "w.json"))
    assert "weights        rows of A and b times 1/sigma, exactly; " in "\n".join(page(tmp_path / "s.npz"))
    (root,) = facts("A=1;1;1 w=1,0.25,4")["sigma"]
    assert abs(Fraction(root) ** 2 - Fraction("5.25")) < 1e-35


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rank", "1"], "w and --rank do not go together"),
        (["--pinv"], "w and --pinv do not go together"),
        (["--oracle", "ball"], "oracle 'ball' takes no weights; those that do: auto, exact"),
    ],
)
def test_what_does_not_go_with_weights(options: list[str], words: str) -> None:
    assert words in refused("A=1,0;1,1;1,2 b=1,2,4 w=1,2,3", *options)


# --- without b --------------------------------------------------------------------------------------------------------


def test_without_b_it_tells_of_A_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.diag([3, 4, 0]))
    found = facts(tmp_path / "a.npy")
    del found["seconds"], found["notes"]
    assert found == {
        "rank": 2,
        "kappa": f"1.{'3' * 39}",
        "kappa_columns": "1.5",  # of columns of norm 3/4 and 1/2; the one of zeros has no size
        "method": "exact",
        "m": 3,
        "n": 3,
        "sigma": ["4", "3"],
    }
    assert page(tmp_path / "a.npy")[-3:] == ["all singular values that are not zero:", "  4", "  3"]
    assert page("A=0,0")[-1] == "no singular value is other than zero"
    cut = facts("A=4,0;0,1", "--rank", "1")
    assert (cut["rank"], cut["sigma_next"], cut["sigma"]) == (1, "1", ["4", "1"])


def test_of_a_large_matrix_it_tells_the_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamm_robust.cli.truth.ALL_SIGMAS", 1)
    assert "sigma" not in facts("A=4,0;0,1")
    assert page("A=4,0;0,1")[-2:] == ["σ₁             4", "σ_r            1"]


def test_the_pseudo_inverse() -> None:
    found = facts("A=1,2;2,4;0,0", "--pinv")
    assert [[float(v) for v in row] for row in found["pinv"]] == [[0.04, 0.08, 0], [0.08, 0.16, 0]]
    assert float(found["radius"]) < 1e-60
    assert not {"x", "residual_norm"} & found.keys()
    with_b = facts("A=1,2;2,4;0,0 b=1,2,3", "--pinv")
    assert with_b.pop("notes") == ["b is not used: A⁺ does not depend on it"]
    assert with_b["pinv"] == found["pinv"]
    cut = facts("A=4,0;0,1", "--pinv", "--rank", "1")
    assert [[float(v) for v in row] for row in cut["pinv"]] == [[0.25, 0], [0, 0]]
    assert "counted as 0   zeros only" in page("A=1,2,3;2,4,6;3,6,9.5 b=1,2,3", "--rank", "2")
    assert page("A=4,0;0,1", "--pinv", "--rank", "1")[-3] == "A_1⁺, exactly:"
    assert "b has shape (0, 0)" not in invoke("A=1", "--pinv").output


def test_a_wide_pseudo_inverse_fits_the_page_and_its_radius_holds(tmp_path: Path) -> None:
    matrix = np.random.default_rng(1).standard_normal((11, 2))
    np.save(tmp_path / "a.npy", matrix)
    lines = page(tmp_path / "a.npy", "--pinv")
    assert max(map(len, lines)) <= 100
    blocks = [line.split() for line in lines if line.startswith("  ") and "column" not in line]
    first, second = ([entry for block in blocks[i::2] for entry in block] for i in (0, 1))
    exact = [[Fraction(v) for v in row] for row in facts(tmp_path / "a.npy", "--pinv")["pinv"]]
    error = sum((Fraction(p) - q) ** 2 for p, q in zip(first + second, exact[0] + exact[1], strict=True))
    (radius,) = (Fraction(line.split()[2]) for line in lines if line.startswith("A⁺, within"))
    assert error <= radius**2 < 4 * error
    assert [line for line in lines if "column" in line][-1] == "  columns 9 to 11:"


@pytest.mark.parametrize(
    ("second", "said"),
    [("0x1p40", "1099511627776"), ("0x1p60", "1.152921504606846976E+18"), ("0x1p-60", "1.152921504606846976E+18")],
)
def test_a_large_kappa_is_written_with_its_power_of_ten(second: str, said: str) -> None:
    (line,) = (line for line in page(f"A=1,0;0,{second} b=1,2") if line.startswith("κ"))
    assert line == f"κ = σ₁/σ_r     {said}; 1 with columns of one size"


def test_kappa_with_columns_of_one_size_is_beside_it() -> None:
    found = facts("A=1,1700000000;1,1700000060;1,1700000120 b=1,2,4")
    assert float(found["kappa"]) == pytest.approx(5.9e16, rel=0.01)
    assert 1e7 < float(found["kappa_columns"]) < 1e8
    (line,) = (line for line in page("A=1,0;0,1024 b=1,2") if line.startswith("κ"))
    assert line == "κ = σ₁/σ_r     1024; 1 with columns of one size"
    assert "1 with rows of one size" in "\n".join(page("A=1,0,0;0,1024,0 b=1,2"))
    assert "one size" not in "\n".join(page("A=3,0;0,2 b=1,2"))


# --- numbers of which no digit is known -------------------------------------------------------------------------------


def test_a_residual_is_zero_only_if_it_is_proved() -> None:
    assert facts("A=1,2;3,4 b=5,6")["residual_norm"] == "0"
    assert facts("A=1;0 b=1,1e-200")["residual_norm"].startswith("9.99999999999999982100262")
    assert certain_digits(Ball(Fraction(0))) == "0"
    assert certain_digits(Ball(Fraction(0), Fraction(1, 3 * 10**40))) == "<= 3.34E-41"
    assert certain_digits(Ball(Fraction(1), Fraction(1))) == "<= 2"
    unknown = facts("A=1;0 b=1,1e-200", "--oracle", "ball")["residual_norm"]
    assert unknown.startswith("<= ")
    assert float(unknown[3:]) >= 1e-200
    assert any(line.endswith("(no digit is known)") for line in page("A=1;0 b=1,1e-200", "--oracle", "ball"))


# --- covariance -------------------------------------------------------------------------------------------------------


def test_covariance_of_a_line_by_hand() -> None:
    given = "A=1,0;1,1;1,2 b=1,2,4"  # x★ = (5/6, 3/2), S = 1/6, one degree of freedom, (AᵀA)⁻¹ = [5, −3; −3, 3]/6
    found = facts(given, "--cov")
    expected = [[Fraction(5, 36), Fraction(-3, 36)], [Fraction(-3, 36), Fraction(3, 36)]]
    for row, right in zip(found["covariance"], expected, strict=True):
        assert all(abs(Fraction(v) / r - 1) < Fraction(1, 10**39) for v, r in zip(row, right, strict=True))
    assert [round(float(v) ** 2 * 36, 12) for v in found["standard_errors"]] == [5, 3]
    assert (found["degrees_of_freedom"], round(float(found["residual_deviation"]) ** 2 * 6, 12)) == (1, 1)
    assert (round(float(found["r_squared"]) * 28, 12), found["about_mean"]) == (27, True)
    lines = page(given, "--cov")
    assert "freedom        1 degrees: rows less columns" in lines
    assert "covariance of x = s²(AᵀA)⁻¹, each entry correctly rounded:" in lines
    assert max(map(len, page("A=1,0,1;1,1,3;1,2,7;1,5,1 b=1,2,4,3 w=1,2,3,4", "--cov"))) <= 100


def test_covariance_where_there_is_none() -> None:
    assert "rank 1 and 2 columns; a covariance needs full column rank" in refused("A=1,2;2,4;3,6 b=1,2,4", "--cov")
    assert refused("A=1,2;3,4;4,5", "--cov").endswith("has no b; --cov is about the residual b − Ax")
    for option in (("--rank", 1), ("--pinv",)):
        assert f"--cov and {option[0]} do not go together" in refused("A=1,2;3,4;4,5 b=1,2,3", "--cov", *option)


COMPLEX = np.array([[1 + 2j, 3], [4, 5 - 1j], [1j, 2]]), np.array([1, 1j, 0.5])


def test_complex_numbers_in_files_and_text(tmp_path: Path) -> None:
    A, b = COMPLEX
    np.savez(tmp_path / "p.npz", A=A, b=b)
    expected = np.linalg.lstsq(A, b)[0]
    for source in (tmp_path / "p.npz", "A=1+2j,3;4,5-1j;1j,2 b=1,1j,0.5", "A=0x1p0+0x2j,3;4,5-1e0j;1j,2 b=1,1j,0.5"):
        found = facts(source)
        assert [complex(entry) for entry in found["x"]] == pytest.approx(expected.tolist(), rel=1e-14), source
        assert (found["m"], found["n"], found["rank"]) == (3, 2, 2)
    assert read("A=1j b=1 dtype=complex64").A.dtype == np.complex64


def test_the_pseudo_inverse_of_a_complex_matrix(tmp_path: Path) -> None:
    np.save(tmp_path / "A.npy", COMPLEX[0])
    found = np.array([[complex(entry) for entry in row] for row in facts(tmp_path / "A.npy", "--pinv")["pinv"]])
    assert np.abs(found - np.linalg.pinv(COMPLEX[0])).max() < 1e-14
    sigma = [float(one) for one in facts(tmp_path / "A.npy")["sigma"]]
    assert sigma == pytest.approx(np.linalg.svd(COMPLEX[0], compute_uv=False).tolist(), rel=1e-14)


def test_real_numbers_beside_complex_ones_become_complex_and_that_is_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", A=COMPLEX[0], b=np.ones(3))
    np.savez(tmp_path / "q.npz", A=COMPLEX[0], b=[1, 2, 3])
    np.savez(tmp_path / "r.npz", A=COMPLEX[0].astype(np.complex64), b=np.ones(3))
    assert facts(tmp_path / "p.npz")["notes"] == ["b as complex128, exactly (float64 in the file)"]
    assert facts(tmp_path / "q.npz")["notes"] == ["b as complex128, exactly (int64 in the file)"]
    assert "b is float64 but A is complex64" in refused(tmp_path / "r.npz")
    assert list(read("A=1j;2 b=1,1 w=1,2").weights) == [1, 2]


# --- a penalty, and constraints ---------------------------------------------------------------------------------


def test_ridge_by_cramers_rule() -> None:
    found = facts("A=1,2;3,4;5,6 b=1,2,4", "--ridge", "0.1")  # (AᵀA + λI)x = Aᵀb, and λ is 0.1 to 17 digits
    assert [float(entry) for entry in found["x"]] == pytest.approx([18.7 / 33.11, 5.4 / 33.11], rel=1e-14)
    assert (found["ridge"], found["method"], found["m"], found["n"], found["rank"]) == ("0.1", "ridge", 3, 2, 2)
    line = "penalty        λ = 0.1; rank, κ and residual are those of [A; √λI] and [b; 0], exactly"
    assert line in page("A=1,2;3,4;5,6 b=1,2,4", "--ridge", "0.1")
    half = facts("A=1;1 b=1,4 w=1,2", "--ridge", "3")  # (1 + 8)/(1 + 2 + 3)
    assert (half["x"], half["weighted_by"]) == (["1.5"], "w")


def test_constraints_by_hand() -> None:
    text = "A=1,2;3,4;5,6 b=1,2,4 C=1,1 d=1"  # x = (t, 1 − t), and t is the mean of 1, 2, 2
    found = facts(text)
    assert [float(entry) for entry in found["x"]] == pytest.approx([5 / 3, -2 / 3], rel=1e-15)
    assert float(found["residual_norm"]) == pytest.approx((2 / 3) ** 0.5, rel=1e-15)
    assert (found["rank"], found["constraints"], found["method"]) == (2, 1, "equality")
    assert "exact rank     2 (of A and C together)" in page(text)
    assert any(line.startswith("x★, within") for line in page(text))
    assert "x★, the shortest of many, exactly:" in page("A=1,2,0;3,4,0 b=1,2 C=1,1,0;2,2,0 d=1,2")


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("A=1;2 b=1,2", ("--ridge", "0"), "--ridge 0: accepted are finite numbers above 0"),
        ("A=1;2 b=1,2", ("--ridge", "1", "--cov"), "--ridge and --cov do not go together"),
        ("A=1;2", ("--ridge", "1"), "the problem has no b; --ridge is about x"),
        ("A=1;2 b=1,2", ("--ridge", "1", "--oracle", "ball"), "oracle 'ball' takes no penalty; those that do: auto, e"),
        ("A=1,2 b=1 C=1,1", (), "holds 'C' and no 'd'; constraints Cx = d need both"),
        ("A=1,2 b=1 d=1", (), "holds 'd' and no 'C'; constraints Cx = d need both"),
        ("A=1,2 C=1,1 d=1", (), "has no b; with C and d it needs one"),
        ("A=1,2 b=1 C=1,1 d=1", ("--pinv",), "constraints Cx = d and --pinv do not go together"),
        ("A=1,2 b=1 C=1,1 d=1 w=2", (), "constraints Cx = d and w do not go together"),
        ("A=1,2 b=1 C=1,1 d=1", ("--oracle", "ball"), "oracle 'ball' takes no constraints"),
        ("A=1,2 b=1 C=1,1;2,2 d=1,3", (), "no x fulfils Cx = d exactly"),
        ("A=1,2 b=1 C=1,1,1 d=1", (), "C and d are (1, 3) float64, (1,), but A and b (1, 2) float64, (1,)"),
        ("A=1,2 b=1 C=1,1 d=1,2", (), "of the constraints Cx = d, as A and b: b has 2 rows but A has 1"),
    ],
)
def test_what_a_penalty_and_constraints_do_not_go_with(text: str, options: tuple[str, ...], words: str) -> None:
    assert words in refused(text, *options)
