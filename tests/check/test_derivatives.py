"""What a check says of derivatives that are wrong, missing at some problems, or missing in one way at all of them."""

from __future__ import annotations

from typing import Any

from lamm_robust.check.derivatives import derivative_lines, wrong_derivatives
from lamm_robust.values import Deficiency, Record, Status, Verdict
from tests.reports.test_derivatives import made

RIGHT = {"jvp": 1.0, "vjp": 1.0, "vmapped_vjp": 1.0}
RAISED = "no jvp: TypeError: not of a wide matrix"


def without(*ways: str, **more: Any) -> Record:
    """A record at which these ways raised."""
    return made(10.0, errors={way: 1.0 for way in RIGHT if way not in ways}, message=RAISED, **more)


def lines(records: list[Record]) -> list[str]:
    return list(derivative_lines(records, lambda record: record.problem))


def test_right_derivatives_meet_the_requirement() -> None:
    assert wrong_derivatives([made(10.0, errors=RIGHT)] * 3) == []
    assert wrong_derivatives([made(10.0, errors=RIGHT | {"vjp": 1e9}), made(10.0, errors=RIGHT)]) == [
        "1 wrong derivative"
    ]


def test_derivatives_that_are_missing_at_some_problems_are_missed() -> None:
    records = [*[made(10.0, errors=RIGHT)] * 6, *[without(*RIGHT)] * 4]
    assert wrong_derivatives(records) == [
        "no derivative forward at 4 problems",
        "no derivative in reverse at 4 problems",
    ]
    found = lines(records)
    assert found[0].startswith("derivative   right at 6 of 6 problems")
    assert f"             none forward at 4 of 10 problems: {RAISED}" in found
    assert f"             none under vmap at 4 of 10 problems: {RAISED}" in found


def test_a_way_that_a_function_does_not_have_is_said_and_no_fault() -> None:
    records = [without("jvp")] * 3
    assert wrong_derivatives(records) == []
    assert f"             none forward at 3 of 3 problems: {RAISED}" in lines(records)
    batched = [without("vmapped_vjp"), made(10.0, errors=RIGHT)]
    assert wrong_derivatives(batched) == []  # in the batch there are other matrices, too


def test_who_has_none_has_none() -> None:
    assert wrong_derivatives([without(*RIGHT)]) == ["no derivative was found"]
    assert wrong_derivatives([]) == []


def test_nothing_is_missed_where_nothing_is_asked() -> None:
    unasked = without(*RIGHT, promises=Deficiency.BASIC, rank=2)
    refused = without(*RIGHT, status=Status.REFUSED, verdict=Verdict.REFUSED)
    assert wrong_derivatives([made(10.0, errors=RIGHT), refused]) == []
    assert "none" not in "".join(lines([made(10.0, errors=RIGHT), refused, unasked]))
