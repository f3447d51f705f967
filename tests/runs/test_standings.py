"""How solvers do while a run goes on: what is counted, what fits, and what is a line where there is no terminal."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from lamm_robust.keys import parse_key
from lamm_robust.runs.standings import BESIDE, Standings
from lamm_robust.scoring.records import Done, Undone
from lamm_robust.values import Case, Device, Precision, Variant, Verdict
from tests.support.records import RECORD

KEYS = [parse_key(f"raw A={number} b=1 dtype=float64") for number in (1, 2, 3)]


def variant(name: str, precision: Precision = "float64", device: Device = "cpu") -> Variant:
    return Variant("numpy", name, precision, device)


def planned(*variants: Variant) -> Standings:
    return Standings.planned(Case(key, one) for key in KEYS for one in variants)


def done(of: Variant, *verdicts: Verdict) -> list[Done | Undone]:
    return [Done(Case(key, of), replace(RECORD, verdict=v)) for key, v in zip(KEYS, verdicts, strict=False)]


def shown(found: Standings, height: int = 40) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=100).print(found.table(height))
    return [line.strip() for line in out.getvalue().splitlines() if line.strip() and "─" not in line]


def test_attempts_are_counted_by_what_became_of_them() -> None:
    found = planned(variant("qr"), variant("qr", "float32"), variant("pinv"))
    found.add(done(variant("qr"), Verdict.WRONG, Verdict.CRASHED))
    found.add(done(variant("pinv"), Verdict.BACKWARD_STABLE))
    heading, *rows = shown(found)
    assert heading.split() == ["solver", "float64", "silent", "failed", "float32", "silent", "failed"]
    assert [row.split() for row in rows] == [["numpy-qr", "2/3", "1", "1", "0/3"], ["numpy-pinv", "1/3", "·", "·"]]


def test_what_could_not_be_done_counts_as_done() -> None:
    found = planned(variant("qr"))
    found.add([Undone(Case(key, variant("qr")), "no proof") for key in KEYS])
    assert list(found.ended()) == ["numpy-qr float64: 3 attempts, 0 silent, 0 failed"]


def test_a_solver_that_is_done_is_a_line_once() -> None:
    found = planned(variant("qr", "float32", "gpu"))
    found.add(done(variant("qr", "float32", "gpu"), Verdict.WRONG, Verdict.WRONG))
    assert list(found.ended()) == []
    found.add([Done(Case(KEYS[2], variant("qr", "float32", "gpu")), RECORD)])
    assert list(found.ended()) == ["numpy-qr float32 gpu: 3 attempts, 2 silent, 0 failed"]
    assert list(found.ended()) == []


def test_of_more_solvers_than_fit_the_last_that_have_begun_are_shown() -> None:
    many = [variant(f"s{number}") for number in range(20)]
    found = planned(*many)
    for one in many[:12]:
        found.add(done(one, Verdict.BACKWARD_STABLE))
    names = [row.split()[0] for row in shown(found, height=BESIDE + 5)[1:]]
    assert names == [f"numpy-s{number}" for number in range(7, 12)]
    early = planned(*many)
    early.add(done(many[0], Verdict.BACKWARD_STABLE))
    assert [row.split()[0] for row in shown(early, height=BESIDE + 3)[1:]] == ["numpy-s0", "numpy-s1", "numpy-s2"]
