"""Growth like κ² is seen in the records of several problems, by slope and by size, and in nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lamm_robust.check.trend import squares_kappa, witnesses
from lamm_robust.values import UNIT_ROUNDOFF, Precision, Record, Verdict
from tests.support.records import RECORD

KAPPAS = (1e2, 1e3, 1e4, 1e5, 1e6)


def at(kappa: float, size: float, power: float, precision: Precision, backward: float = 1.0) -> Record:
    """A record whose relative error is size·uκ^power, and whose backward error, over κ, has another power."""
    u = UNIT_ROUNDOFF[precision]
    error = size * u * kappa**power
    scores = {
        "relative_error": error,
        "forward_error": error / (2 * u * kappa),
        "backward_error": size * kappa**backward,
    }
    return replace(
        RECORD,
        precision=precision,
        kappa=kappa,
        kappa_columns=kappa,
        residual_ratio=0.0,
        verdict=Verdict.INACCURATE,
        scores=scores,
    )


def grown(size: float, power: float, precision: Precision = "float64", backward: float = 1.0) -> list[Record]:
    return [at(kappa, size, power, precision, backward) for kappa in KAPPAS]


def test_growth_like_kappa_squared_is_seen(precision: Precision) -> None:
    assert squares_kappa(grown(0.1, 2, precision))
    assert squares_kappa(grown(0.1, 2, precision, backward=2))  # as of an explicit inverse


@pytest.mark.parametrize(
    ("size", "power", "backward"),
    [
        (1.0, 1.0, 0.0),  # a stable method
        (1e6, 1.0, 0.0),  # the same, of worse numbers
        (1e3, 2.0, 1.0),  # a ridge, or an early stop
        (1e-4, 2.0, 1.0),  # a cutoff that takes little
        (1e8, 0.0, 0.0),  # a scaled answer: no growth
        (0.1, 2.0, 0.0),  # an ill-conditioned right-hand side, which the backward error does not blame
    ],
)
def test_what_is_no_such_growth(size: float, power: float, backward: float) -> None:
    assert not squares_kappa(grown(size, power, backward=backward))


@pytest.mark.parametrize(("others", "seen"), [(2, True), (3, False)])
def test_what_is_right_at_many_problems_and_fails_at_others_does_not_grow(others: int, seen: bool) -> None:
    """Here κ is 100 and 1000, as float32 has it, and an early stop is right below 200."""
    slow = [at(kappa, 0.1, 2, "float32") for kappa in (100.0, 120.0, 1000.0, 1100.0, 1200.0)]
    assert squares_kappa(slow)
    assert squares_kappa([*slow, *(at(150.0, 1e-5, 2, "float32") for _ in range(others))]) == seen


def test_one_problem_shows_no_growth() -> None:
    two = grown(0.1, 2)[:2]
    assert squares_kappa(two)
    assert not squares_kappa(two[:1])
    assert not squares_kappa([])
    near = [at(kappa, 0.1, 2, "float64") for kappa in (100.0, 500.0)]
    assert not squares_kappa(near)


@pytest.mark.parametrize(
    "change", [{"residual_ratio": 0.5}, {"kappa_columns": 3.0}, {"verdict": Verdict.OUT_OF_CONTRACT}, {"scores": {}}]
)
def test_problems_that_show_nothing_are_left_out(change: dict[str, object]) -> None:
    assert not squares_kappa([replace(record, **change) for record in grown(0.1, 2)])  # type: ignore[arg-type]


def test_low_and_high_condition_numbers_are_left_out() -> None:
    assert not squares_kappa([at(kappa, 0.1, 2, "float64") for kappa in (2.0, 20.0)])
    assert not squares_kappa([at(kappa, 0.1, 2, "float64") for kappa in (1e8, 1e10)])


def test_two_records_are_enough_to_show_it_again() -> None:
    found = witnesses(reversed(grown(0.1, 2)))
    assert [record.kappa for record in found] == [1e2, 1e3]
    assert squares_kappa(found)
    assert witnesses(grown(0.1, 1)) == []
