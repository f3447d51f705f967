"""NIST's certified regressions: the exact answer to the decimal data is the certified one, to the last digit."""

from __future__ import annotations

import tomllib
from decimal import Context, Decimal
from fractions import Fraction
from importlib import resources
from typing import Any

import pytest
from rich.console import Console

from lamm_robust.cli.nist import agreement, agreement_table, digits
from lamm_robust.generators import nist
from lamm_robust.oracles.covariance import rational_regression
from lamm_robust.oracles.rational import solve_rational

datasets = pytest.mark.parametrize("dataset", nist.DATASETS)


def printed(dataset: str) -> dict[str, Any]:
    """The data set as NIST prints it."""
    return tomllib.loads((resources.files("lamm_robust.generators") / "nist_data" / f"{dataset}.toml").read_text())


def rounded_like(value: Fraction, text: str) -> Decimal:
    """The exact value, rounded to as many significant digits as the text shows."""
    shown = len(Decimal(text).as_tuple().digits)
    return Context(prec=shown).divide(Decimal(value.numerator), Decimal(value.denominator))


def within_one_in_the_last_place(value: Fraction, text: str) -> bool:
    """NIST's own 15 digits come from long-precision arithmetic and may be truncated: one unit is allowed."""
    certified = Decimal(text)
    if not certified:
        return value == 0
    unit = Fraction(10) ** (certified.adjusted() - len(certified.as_tuple().digits) + 1)
    return abs(value - Fraction(certified)) <= unit


def test_there_are_eleven() -> None:
    assert len(set(nist.DATASETS)) == 11


@datasets
def test_the_truth_of_the_decimal_data_is_the_certified_one(dataset: str) -> None:
    data = printed(dataset)
    x, rank, rss = solve_rational(*nist.decimal_design(dataset))
    assert rank == len(x) == len(data["coefficients"])
    for value, text in zip(x, data["coefficients"], strict=True):
        assert within_one_in_the_last_place(value, text), (text, rounded_like(value, text))
    assert within_one_in_the_last_place(rss, data["residual_sum_of_squares"])


@datasets
def test_standard_deviations_and_r_squared_are_the_certified_ones(dataset: str) -> None:
    data, found = printed(dataset), rational_regression(*nist.decimal_design(dataset))
    certified = [*data["standard_deviations"], data["residual_standard_deviation"]]
    for ball, text in zip([*found.standard_errors, found.residual_deviation], certified, strict=True):
        assert within_one_in_the_last_place(ball.mid, text), (text, rounded_like(ball.mid, text))
        assert ball.radius <= ball.mid / 10**30
    assert found.r_squared is not None
    assert within_one_in_the_last_place(found.r_squared, data["r_squared"])
    shown = agreement(dataset)
    assert min(shown.standard_deviations, shown.r_squared) >= 14.3


@datasets
def test_the_ceiling_is_reported_beside_it(dataset: str) -> None:
    found = agreement(dataset)
    assert found.coefficients >= 14.3
    assert found.residual_sum_of_squares >= 14.3
    assert found.ceiling["float32"] <= found.ceiling["float64"]


def test_no_float64_solver_can_beat_eight_digits_on_filip() -> None:
    found = agreement("Filip")
    assert 7.6 < found.ceiling["float64"] < 7.7
    assert found.ceiling["float32"] < 1
    assert 1e15 < found.kappa < 3e15


def test_digits() -> None:
    assert digits(Fraction(1), Fraction(1)) == float("inf")
    assert digits(Fraction(1001), Fraction(1000)) == pytest.approx(3.0)
    assert digits(Fraction(1, 10**30), Fraction(0)) == pytest.approx(30.0)
    assert digits(Fraction(-5), Fraction(1)) == 0.0


def test_the_caption_is_not_centred() -> None:
    console = Console(width=80)
    with console.capture() as shown:
        console.print(agreement_table())
    lines = shown.get().rstrip("\n").split("\n")
    assert any(line.rstrip().endswith("float64") for line in lines), "it fits"
    caption = lines[-4:]
    assert caption[0].startswith("x, RSS, ")
    assert not any(line.startswith(" ") for line in caption)
