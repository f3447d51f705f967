"""How a script of a failure ends when it is run: by its assertion, by what the solver raises, or in peace."""

from __future__ import annotations

import json
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

TOLD = "\x1elamm-robust: "
"""What is printed before the line and the exception that end a script: no solver prints it by accident."""

# an exception is told by itself: of a group, or with notes, its traceback may hold others, which no reader could tell
# from it
WATCH = f"""\
def watch():
    import json, sys, traceback

    def tell(kind, error, trace):
        lines = [frame.lineno for frame in traceback.extract_tb(trace) if frame.filename == "<string>"]
        said = next(line for line in traceback.format_exception_only(error) if not line.startswith(" "))
        print({TOLD!r} + json.dumps([lines[0] if lines else 0, said.splitlines()[0]]), file=sys.__stdout__)

    sys.excepthook = tell

watch(); del watch
"""
"""The lines of Python before a script that tell what it raises, and where."""

IN_PEACE = f"import sys; print({TOLD!r} + '[0, \"\"]', file=sys.__stdout__)\n"
"""The line behind a script, by which it tells that it has come so far: a process may end before, with exit code 0."""


def ended(text: str, home: Path) -> str:
    """How a script ends that is run in a process of its own, in words; empty if nothing is wrong."""
    command = [sys.executable, "-c", f"{WATCH}{text}{IN_PEACE}"]
    try:
        done = subprocess.run(
            command, cwd=home, capture_output=True, text=True, errors="replace", timeout=RUN_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"the call does not end within {RUN_SECONDS:g} seconds"
    _, told, rest = done.stdout.rpartition(TOLD)
    line, error = json.loads(rest.splitlines()[0]) if told else (0, "")
    if not error:
        return f"the process ends with exit code {done.returncode}" if done.returncode or not told else ""
    line -= WATCH.count("\n")
    if error.startswith("AssertionError") and line == text.count("\n"):
        return FAILS
    run = text.splitlines()[:line]
    is_call = any(line.startswith("b = ") for line in run[:-1]) and CALLED not in run
    return f"{'the call' if is_call else 'it'} raises {printable(error)}"
