"""`replay --json`: what a program reads of one attempt; answers known by hand."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from lamm_robust.cli.main import main
from lamm_robust.runs.plain import plain, rounded

FIELDS = ["key", "verdict", "regime", "kappa", "kappa_columns", "rank", "scores", "x", "x_star", "why"]


def replayed(key: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["replay", key, "--json"])
    assert result.exit_code == 0, result.output
    found = dict(json.loads(result.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON")))
    assert list(found) == FIELDS
    assert found["key"] == key
    return found


def test_a_right_answer_in_full() -> None:
    found = replayed("raw A=3,0;0,10;0,0 b=1,1;2,3;0,0 dtype=float64 @ numpy-qr-float64-cpu")
    assert (found["regime"], found["rank"], found["why"]) == ("resolvable", 2, None)
    assert found["verdict"].endswith("stable")
    assert found["kappa"] == pytest.approx(10 / 3, rel=1e-14)
    assert found["kappa_columns"] == pytest.approx(1.2, rel=1e-14)  # 3/4 and 10/16
    assert found["x_star"] == [[1 / 3, 1 / 3], [0.2, 0.3]]
    assert np.array(found["x"]) == pytest.approx(np.array(found["x_star"]), rel=1e-15)
    assert found["scores"]["forward_error"] < 1


def test_a_failure_says_why() -> None:
    key = "spectrum m=30 n=10 mode=geometric log10_cond=6 residual=0 direction=random seed=0"
    found = replayed(f"{key} dtype=float64 @ numpy-normal-cholesky-float64-cpu")
    assert found["verdict"] in ("forward stable", "inaccurate")
    assert found["why"].startswith("errors are beyond rounding")  # one problem shows no growth
    assert max(map(abs, np.array(found["x"]) - np.array(found["x_star"]))) > 1e-13


def test_float32_is_rounded_to_float32() -> None:
    found = replayed("raw A=3 b=1 dtype=float32 @ numpy-lstsq-float32-cpu")
    assert found["x_star"] == found["x"] == [float(np.float32(1) / np.float32(3))]


@pytest.mark.parametrize(
    ("problem", "solver", "why"),
    [
        ("raw A=1,2 b=1", "numpy-qr", "A is wide; the solver takes tall or square"),
        ("raw A=1,2;2,4 b=1,1", "numpy-normal-lu", "LinAlgError: Singular matrix"),
    ],
)
def test_out_of_contract_is_no_failure(problem: str, solver: str, why: str) -> None:
    found = replayed(f"{problem} dtype=float64 @ {solver}-float64-cpu")
    assert (found["verdict"], found["why"]) == ("out of contract", why)
    assert (found["scores"], found["x"]) == ({}, None)


def test_where_there_is_no_answer_there_is_no_truth() -> None:
    key = "nonfinite m=30 n=10 rank=10 value=not-a-number array=A place=middle seed=0 dtype=float64"
    found = replayed(f"{key} @ numpy-normal-lu-float64-cpu")
    assert (found["regime"], found["kappa"], found["rank"], found["x_star"]) == ("undefined", None, None, None)
    assert found["x"] == ["nan"] * 10
    assert (found["verdict"], found["why"]) == ("flagged", None)


def test_rank_zero_has_no_kappa() -> None:
    found = replayed("raw A=0;0 b=1,2 dtype=float64 @ numpy-lstsq-float64-cpu")
    assert (found["kappa"], found["kappa_columns"], found["rank"]) == (None, None, 0)
    assert found["x"] == found["x_star"] == [0.0]


def test_what_json_has_no_number_for() -> None:
    assert plain([[1.5, math.nan], [math.inf, -math.inf]]) == [[1.5, "nan"], ["inf", "-inf"]]
    assert [float(word) for word in plain([math.inf, -math.inf])] == [math.inf, -math.inf]


HALF_WAY = Fraction(1) + Fraction(1, 2**24)
"""Half-way between 1 and the next float32."""


@pytest.mark.parametrize(
    ("value", "single"),
    [
        (HALF_WAY, 1.0),
        (HALF_WAY + Fraction(1, 2**80), 1 + 2**-23),  # which is HALF_WAY when it is rounded to float64 first
        (HALF_WAY - Fraction(1, 2**80), 1.0),
        (-HALF_WAY - Fraction(1, 2**80), -1 - 2**-23),
        (Fraction(3) + Fraction(1, 2**23) - Fraction(1, 2**90), 3.0),
        (Fraction(1, 10), float(np.float32(0.1))),
        (Fraction(10) ** 39, math.inf),
        (-(Fraction(10) ** 400), -math.inf),
        (Fraction(0), 0.0),
        (Fraction(1, 2**149), 2.0**-149),
        (Fraction(1, 2**150) + Fraction(1, 2**300), 2.0**-149),
    ],
)
def test_rounding_is_correct(value: Fraction, single: float) -> None:
    assert rounded(value, "float32") == single
    if abs(value) < 10**300:
        near = rounded(value, "float64")
        assert all(
            abs(Fraction(near) - value) <= abs(Fraction(math.nextafter(near, way)) - value) for way in (-1e309, 1e309)
        )


def test_several_right_hand_sides_are_rows_without_quotes() -> None:
    key = "raw A=2,0;0,4;0,0 b=1,2;1,3;0,0 dtype=float64 @ numpy-qr-float64-cpu"
    text = CliRunner().invoke(main, ["replay", key]).stdout
    assert "\nx★        [0.5, 1]\n          [0.25, 0.75]\n" in text
    assert "\nx̂        [0.5, 1.0]\n          [0.25, 0.75]\n" in text
