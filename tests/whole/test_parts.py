"""The tests have two parts, what uses the precision or the device and what does not, and no test is in neither."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOTH, ONLY_ONCE = "tests/scoring/test_verdicts.py", "tests/scoring/test_edges.py"
"""A file that has tests of both parts, and one that has not."""


def collected(*options: str) -> tuple[list[str], str]:
    """The names of the tests that these options choose, and all that was said."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if "::" in line], done.stdout


def test_every_test_is_in_one_of_the_two_parts() -> None:
    everything, said = collected(BOTH)
    assert "left out" not in said
    once, said = collected(BOTH, "--once")
    assert f"{len(everything) - len(once)} tests left out: they use the precision or the device" in said
    single, said = collected(BOTH, "--precision", "float32")
    assert f"{len(once)} tests left out: they use neither the precision nor the device" in said
    assert sorted(once + single) == sorted(everything)
    assert min(len(once), len(single)) > 0


def test_a_file_of_the_other_part_only_is_no_failure() -> None:
    found, said = collected(ONLY_ONCE, "--precision", "float32")
    assert not found
    assert "and run with --once" in said


def test_the_parts_are_asked_for_one_at_a_time() -> None:
    command = [sys.executable, "-m", "pytest", "--once", "--device", "cpu", ONLY_ONCE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "leave out --precision and --device" in done.stderr
