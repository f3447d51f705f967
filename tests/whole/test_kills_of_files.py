"""Commands that write files, killed at every system call that changes one, are finished by the same command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.kills import CAN_TRACE, ROOT, STAGES


@pytest.mark.skipif(not CAN_TRACE, reason="system calls are counted on Linux on x86-64")
@pytest.mark.parametrize("stage", STAGES)
def test_a_command_killed_anywhere_is_finished_by_the_same_command(
    stage: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    step = 1 if pytestconfig.getoption("slow") else STEP.get(stage, 40)
    command = [sys.executable, "-m", "tests.support.kills", stage, str(tmp_path), str(step)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)


STEP = {"hunt": 4, "claims": 4, "check": 2, "lamm": 5, "cache": 7}
"""Of the stages with few calls; others are killed at every fortieth, unless with ``--slow``."""
