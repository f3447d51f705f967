"""Thousands of cases, hundreds of which crash, hang or lie: each fault is its own case's, and all are answered."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from lamm_robust import catalog
from lamm_robust.runs.sweep import sweep
from lamm_robust.scoring.records import Done
from lamm_robust.scoring.truths import Truths
from lamm_robust.values import Case, Device, Precision, ProblemKey, Record, Variant
from lamm_robust.workers.process import Kind, Templates
from lamm_robust.workers.supervisor import Worker
from tests.support.planted import PLANTED, SOLVERS

EXPECTED = {
    "lstsq": "solved",
    "chatter": "solved",
    "refuse": "refused",
    "segfault": "crashed",
    "abort": "crashed",
    "leave": "crashed",
    "scribble": "crashed",
    "crash": "crashed",
    "sleep_in_c": "timed out",
    "be_silent": "bad output",
    "mutate": "bad output",
}
CRASHES = ("segfault", "abort", "leave", "scribble")


def planned(cases: int, crashes: int, hangs: int, seed: int) -> list[Case]:
    """Good and bad solvers in random order over small problems."""
    names = [*(CRASHES[n % len(CRASHES)] for n in range(crashes)), *["sleep_in_c"] * hangs]
    harmless = [name for name in EXPECTED if name not in names]
    names += [harmless[n % len(harmless)] for n in range(cases - len(names))]
    random.Random(seed).shuffle(names)
    return [Case(key(number), Variant("planted", name, "float64", "cpu")) for number, name in enumerate(names)]


def key(number: int) -> ProblemKey:
    asked = (("points", 5), ("degree", 2), ("abscissae", "integers"), ("seed", number))
    return ProblemKey("polynomial", asked, "float64")


def survived(cases: list[Case], case_seconds: float) -> tuple[dict[str, Record], float]:
    """The record of each case, by a sweep on two workers, and the seconds that it took."""
    truths = Truths(catalog.build_problem, catalog.find_oracle("exact"))
    found: list[Record] = []
    start = time.monotonic()
    with Templates() as templates:

        def worker(library: str, precision: Precision, device: Device) -> Worker:
            return Worker(Kind(PLANTED, precision, device, module="tests.support.planted"), templates.get, case_seconds)

        for done in sweep(cases, lambda v: SOLVERS[v.algorithm], truths, worker, slots=2):
            found += [one.record for one in done if isinstance(one, Done)]
    assert len(found) == len(cases)
    return {record.key: record for record in found}, time.monotonic() - start


def check(cases: list[Case], case_seconds: float) -> tuple[Counter[str], float]:
    records, seconds = survived(cases, case_seconds)
    assert set(records) == set(map(str, cases)), "each is answered, and once"
    wrong = {name: r.status for name, r in records.items() if r.status != EXPECTED[r.algorithm]}
    assert not wrong, "blamed on the wrong solver"
    assert {r.verdict for r in records.values() if r.status == "solved"} == {"column-wise stable"}
    return Counter(record.status for record in records.values()), seconds


def test_a_few_hundred_cases() -> None:
    counts, _ = check(planned(cases=200, crashes=20, hangs=1, seed=1), case_seconds=2.0)
    assert counts["crashed"] > 20
    assert counts["timed out"] == 1


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_five_thousand_cases(capsys: pytest.CaptureFixture[str]) -> None:
    counts, seconds = check(planned(cases=5000, crashes=400, hangs=50, seed=2), case_seconds=2.0)
    with capsys.disabled():
        print(f"\n5000 cases on two workers in {seconds:.0f} s: {dict(counts)}")
    assert counts["crashed"] >= 400
    assert counts["timed out"] == 50
