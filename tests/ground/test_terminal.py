"""The progress bar: a drawing on a terminal, a line for every tenth elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from lamm_robust.console import progress


def shown(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, unit: str = "runs") -> str:
    """What twenty steps of a quarter of a second print."""
    out, clock = io.StringIO(), iter(range(4, 1000))
    monkeypatch.setattr("lamm_robust.console.time.monotonic", lambda: next(clock) / 4)
    console = Console(file=out, force_terminal=terminal, width=100)
    with progress(20, "starting", unit=unit, console=console, live=False) as steps:
        for number in range(20):
            steps.add(1, f"step {number} ")
    return out.getvalue()


def test_a_bar_says_what_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    found = shown(monkeypatch, terminal=True)
    assert "starting" in found
    assert all(f"step {number} " in found for number in range(20))
    assert "20/20" in found


def test_elsewhere_every_tenth_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [f"{2 * tenth} of 20 runs, now step {2 * tenth - 1}" for tenth in range(1, 11)]
    assert shown(monkeypatch, terminal=False).splitlines() == expected


def test_steps_without_a_name_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, terminal=False, unit="") == ""
