"""Which derivatives count, and the page of made-up records whose right table is known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from lamm_robust.reports.columns import leading
from lamm_robust.reports.derivatives import Table, counts, is_asked, is_right
from lamm_robust.reports.row import row
from lamm_robust.scoring.limits import threshold
from lamm_robust.values import Deficiency, Record, Regime, Verdict
from tests.support.records import RECORD

SMALL = threshold("float64", 8, 4)


def made(kappa: float, **changes: Any) -> Record:
    scores = {f"{way}_error": value for way, value in changes.pop("errors", {"jvp": 1.0, "vjp": 1.0}).items()}
    usual: dict[str, Any] = {"m": 8, "n": 4, "rank": 4, "kappa_columns": kappa, "promises": Deficiency.MINIMUM_NORM}
    name = f"p κ={kappa} {changes.get('regime', '')} {sorted(scores.items())}"
    return replace(RECORD, problem=name, kappa=kappa, scores=scores, **(usual | changes))


def deficient(**changes: Any) -> Record:
    return made(1.0, **({"regime": Regime.DEFICIENT, "rank": 2} | changes))


def test_derivatives_are_asked_where_the_contract_promises_x_itself() -> None:
    full_only = {"promises": Deficiency.FULL_RANK_ONLY}
    assert is_asked(made(10.0))
    assert is_asked(made(10.0, **full_only))
    assert is_asked(deficient())
    assert not is_asked(deficient(**full_only, verdict=Verdict.OUT_OF_CONTRACT))
    assert not is_asked(deficient(promises=Deficiency.BASIC))
    assert is_asked(made(10.0, promises=Deficiency.BASIC))
    assert not is_asked(made(1e20, regime=Regime.AMBIGUOUS))


def test_a_derivative_is_right_up_to_what_counts_as_rounding_in_every_way() -> None:
    assert is_right(made(10.0, errors={"jvp": SMALL, "vjp": 0.0}))
    assert not is_right(made(10.0, errors={"jvp": 0.0, "vjp": SMALL * 1.01}))
    assert not is_right(made(10.0, errors={"vjp": 0.0, "vmapped_vjp": math.inf}))
    assert counts([made(10.0), made(20.0, errors={"jvp": 1e9}), made(30.0, errors={})]) == (1, 2)


def test_the_column_is_there_where_any_was_measured() -> None:
    measured, not_measured = row([made(10.0), made(20.0, errors={"jvp": 1e9})]), row([made(10.0, errors={})])
    assert [column.text(measured) for column in leading([measured, not_measured])][-1] == "1/2"
    assert [column.name for column in leading([not_measured])] == [c.name for c in leading([measured])][:-1]


def cells(records: list[Record]) -> dict[str, str]:
    """The cells of the one row of the page, by heading."""
    table = Table()
    table.add(records)
    lines = [line for line in table.markdown().splitlines() if line.startswith("| ")]
    (heading, _, found) = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines)
    return dict(zip(heading, found, strict=True))


def test_the_page_has_the_worst_of_each_axis() -> None:
    found = cells(
        [
            made(1e2, errors={"jvp": 3.0, "vjp": 2.0}),
            made(1e4, errors={"jvp": 1.0, "vjp": 5e9}),
            made(1e2, m=4, n=8, errors={"vjp": 7.0}),
            made(1.0, errors={"jvp": math.inf, "vjp": 2e14}),
            deficient(errors={"jvp": 0.5, "vjp": 0.25}),
            deficient(rank=0, errors={"jvp": 0.0, "vjp": math.inf}),
        ]
    )
    assert found["right"] == "3/6"
    assert found["to κ"] == "–"  # the one at κ = 1 is wrong
    assert (found["tall"], found["square"], found["wide"]) == ("5e9, 1/2", "–", "7")
    assert (found["κ = 1"], found["deficient"], found["A = 0"]) == ("NaN, 1/1", "0.5", "NaN, 1/1")
    assert (found["forward"], found["reverse"], found["vmap"]) == ("NaN, 1/5", "NaN, 3/6 and 2e14", "–")


def test_what_is_not_promised_stands_in_parentheses_and_a_way_that_raises_is_said() -> None:
    full_only = {"promises": Deficiency.FULL_RANK_ONLY}
    outside = deficient(**full_only, verdict=Verdict.OUT_OF_CONTRACT, errors={"vjp": 5e31})
    found = cells([made(1e2, **full_only, errors={"vjp": 2.0}), outside])
    assert (found["deficient"], found["right"], found["to κ"]) == ("(5e31, 1/1)", "1/1", "100")
    assert (found["forward"], found["reverse"]) == ("raises", "2")


def test_the_page_names_the_simplest_wrong_derivative_and_is_empty_without_any() -> None:
    table = Table()
    table.add([made(1e4, errors={"vjp": 1e9}), made(1e2, errors={"jvp": 4.0, "vjp": math.inf}), made(10.0)])
    last = table.markdown().splitlines()[-1]
    assert last.startswith("- jvp_error 4, vjp_error NaN: `lamm-robust replay --derivative ")
    assert "κ=100.0" in last
    table = Table()
    table.add([made(10.0, errors={})])
    assert table.markdown() == ""
