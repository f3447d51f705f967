"""What the pages say of the committed run is what its records say."""

from __future__ import annotations

import importlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lamm_robust.values import Device, Record, Regime, Verdict
from tests.support.records import RECORD

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = ROOT / "docs" / "evidence"
RUN = ROOT / "results" / "reference"


def printed(script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EVIDENCE / script), str(RUN)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.fixture
def evidence(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a script of docs/evidence by its name."""
    monkeypatch.syspath_prepend(str(EVIDENCE))
    return importlib.import_module


def test_every_number_that_the_pages_quote_is_in_the_records() -> None:
    found = printed("quoted.py")
    assert found.stdout == ""
    assert found.returncode == 0, found.stderr


def test_the_page_of_public_reports_is_made_of_the_records() -> None:
    assert printed("reports.py").stdout == (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")


def test_the_bounds_are_calibrated_on_the_records() -> None:
    page = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in printed("bounds.py").stdout.splitlines() if line]
    assert len(rows) > 30
    assert [line for line in rows if line not in page] == []


@pytest.mark.parametrize(
    ("verdict", "regime", "error", "word"),
    [
        ("column-wise stable", Regime.RESOLVABLE, 0.1, "right"),
        ("forward stable", Regime.DEFICIENT, 1e-9, "right"),
        ("backward stable", Regime.RESOLVABLE, 0.11, "*open*"),  # no answer with a digit can be had
        ("backward stable", Regime.AMBIGUOUS, 1e-9, "*open*"),
        ("inaccurate", Regime.AMBIGUOUS, 9.0, "*open*"),
        ("wrong", Regime.AMBIGUOUS, 9.0, "*open*, wrong"),
        ("wrong", Regime.RESOLVABLE, 9.0, "**silent**"),
        ("inaccurate", Regime.RESOLVABLE, 0.01, "off"),
        ("refused", Regime.RESOLVABLE, 9.0, "refused"),
    ],
)
def test_right_is_said_of_nothing_without_a_digit(
    verdict: str, regime: Regime, error: float, word: str, evidence: Any
) -> None:
    found = replace(RECORD, verdict=Verdict(verdict), regime=regime, scores={"relative_error": error})
    assert evidence("reports").word(found) == word


def test_a_number_that_is_wrong_is_seen_and_mended(evidence: Any) -> None:
    quoted = evidence("quoted")
    text = "Of 363 matrices gelsy\nmisses 92, which is\nmore than 50."
    sentence = "gelsy misses {}, which is more than {}."
    assert quoted.mended(text, sentence, ["92", "50"]) == (text, "")
    new, fault = quoted.mended(text, sentence, ["93", "5e16"])
    assert new == "Of 363 matrices gelsy\nmisses 93, which is\nmore than 5e16."
    assert "says 92, 50, and the records say 93, 5e16" in fault
    assert "is there 0 times" in quoted.mended(text, "gelsd misses {}", ["1"])[1]
    assert "is there 2 times" in quoted.mended(f"{text}\n{text}", sentence, ["1", "2"])[1]


def test_a_record_of_a_run(evidence: Any) -> None:
    run = evidence("reference").Reference(RUN)
    rows: list[Record] = run.of("numpy-lstsq")
    assert len(rows) == int(run.cell("numpy-lstsq", "cases")) > 1000
    deficient = [r for r in rows if r.regime == Regime.DEFICIENT and r.verdict != Verdict.OUT_OF_CONTRACT]
    graded = [r for r in deficient if not r.edge]
    assert run.share("numpy-lstsq", "deficient").split("/")[1] == str(len(graded))
    assert run.count("numpy-lstsq", lambda r: r.verdict == "wrong") == int(run.cell("numpy-lstsq", "silent_failures"))


def test_what_an_emulated_device_loses_is_counted_against_the_cpu(evidence: Any) -> None:
    def attempt(algorithm: str, device: Device, problem: str, verdict: Verdict) -> Record:
        variant = f"jax-{algorithm}-float32-{device}"
        return replace(RECORD, variant=variant, algorithm=algorithm, device=device, problem=problem, verdict=verdict)

    stable, wrong, slow = Verdict.BACKWARD_STABLE, Verdict.WRONG, Verdict.TIMED_OUT
    rows = [
        *(attempt("qr", "cpu", problem, stable) for problem in "abc"),
        attempt("qr", "cpu", "d", wrong),
        *(attempt("qr", "emulated-tf32", *row) for row in (("a", stable), ("b", wrong), ("c", slow), ("d", wrong))),
        replace(attempt("qr-highest", "emulated-tf32", "a", wrong), warned=True),
        attempt("qr-highest", "emulated-tf32", "b", Verdict.FORWARD_STABLE),
        attempt("qr-highest", "emulated-tf32", "c", Verdict.REFUSED),
    ]
    kept = SimpleNamespace(of=lambda variant: [row for row in rows if row.variant == variant])
    emulated = evidence("emulated")
    assert emulated.lost(kept, "qr", "emulated-tf32") == (3, 1, 1)
    assert emulated.lost(kept, "qr-highest", "emulated-tf32") == (3, 3, 0)
    assert emulated.lost(kept, "qr", "emulated-bf16") == (0, 0, 0)
