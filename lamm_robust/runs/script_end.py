"""How a script of a failure ends when it is run: by its assertion, by what the solver raises, or in peace."""

from __future__ import annotations

import json
import os
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

LONGEST = 4096
"""The most bytes of what a script tells of its end: a pipe takes so many at once."""

SCRIPT = "<script>"
"""The name of a script in its tracebacks."""

# an exception is told by itself: of a group, or with notes, its traceback may hold others, which no reader could tell
# from it; and through a pipe of its own, since the solver may do what it likes with the others
RUN = f"""\
def run():
    import json, os, sys, traceback
    text, pipe = sys.argv.pop(1), int(sys.argv.pop(1))
    line, said = 0, ""
    try:
        exec(compile(text, {SCRIPT!r}, "exec"), {{"__name__": "__main__"}})
    except SystemExit:
        raise
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        line = next((frame.lineno for frame in frames if frame.filename == {SCRIPT!r}), 0)
        words = traceback.format_exception_only(error)
        said = next(line for line in words if not line.startswith(" ")).splitlines()[0]
    os.write(pipe, json.dumps([line, said[:500]]).encode())
run()
"""
"""Runs the script that is its first argument, and tells the pipe that is the second the line and the exception that
end it: 0 and nothing if none does. A process that ends before tells nothing."""


def ended(text: str, home: Path) -> str:
    """How a script ends that is run in a process of its own, in words; empty if nothing is wrong."""
    reads, writes = os.pipe()
    os.set_blocking(reads, False)
    with os.fdopen(reads, "rb", buffering=0) as told:
        try:
            done = subprocess.run(
                [sys.executable, "-c", RUN, text, str(writes)],
                cwd=home,
                capture_output=True,
                timeout=RUN_SECONDS,
                check=False,
                pass_fds=(writes,),
            )
        except subprocess.TimeoutExpired:
            return f"the call does not end within {RUN_SECONDS:g} seconds"
        finally:
            os.close(writes)
        found = told.read(LONGEST)
    line, error = json.loads(found) if found else (0, "")
    if not error:
        return "" if found and not done.returncode else f"the process ends with exit code {done.returncode}"
    if error.startswith("AssertionError") and line == text.count("\n"):
        return FAILS
    run = text.splitlines()[:line]
    is_call = any(line.startswith("b = ") for line in run[:-1]) and CALLED not in run
    return f"{'the call' if is_call else 'it'} raises {printable(error)}"
