"""How a script of a failure ends when it is run: by its assertion, by what the solver raises, or in peace."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from lamm_robust.text import printable

CALLED = "x = [float(entry) for entry in x]"
"""The line at which the solver has been called."""

FAILS = "its assertion fails"
"""What `ended` says of a script that shows the failure."""

RUN_SECONDS = 60.0
"""Time limit of a script that is run to see whether it fails: JAX is imported, and compiles, in a few seconds."""


def ended(text: str, home: Path) -> str:
    """How a script ends that is run in a process of its own, in words; empty if nothing is wrong."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", text], cwd=home, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"the call does not end within {RUN_SECONDS:g} seconds"
    _, raised, trace = done.stderr.rpartition("Traceback (most recent call last):\n")
    if not done.returncode:
        return ""
    if not raised:
        return f"the process ends with exit code {done.returncode}"
    error = next((line for line in trace.splitlines() if not line.startswith(" ")), "")
    if error.startswith("AssertionError") and _line_of(trace) == text.count("\n"):
        return FAILS
    run = text.splitlines()[: _line_of(trace)]
    is_call = any(line.startswith("b = ") for line in run[:-1]) and CALLED not in run
    return f"{'the call' if is_call else 'it'} raises {printable(error)}"


def _line_of(trace: str) -> int:
    """The line of a script of ``python -c`` at which it raised."""
    found = re.search(r'^  File "<string>", line (\d+)', trace, re.MULTILINE)
    return int(found[1]) if found else 0
