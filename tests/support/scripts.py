"""Scripts of failures, run in a process that has their library and nothing of ours.

``python tests/support/scripts.py ALLOWED`` reads a JSON list of scripts and writes what came of each: "wrong" if its
assertion failed, "right" if it ended, or the exception.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

BLOCKED = ("lamm_robust", "numpy", "scipy", "jax", "lineax", "torch", "sklearn", "statsmodels")
"""What a script cannot import unless its library needs it."""

NEEDS = {
    "numpy": ("numpy",),
    "scipy": ("numpy", "scipy"),
    "jax": ("numpy", "scipy", "jax"),
    "lineax": ("numpy", "scipy", "jax", "lineax"),
    "torch": ("numpy", "torch"),
    "sklearn": ("numpy", "scipy", "sklearn"),
    "statsmodels": ("numpy", "scipy", "statsmodels"),
}
"""Library → what it and its scripts import."""


def run_scripts(library: str, scripts: Sequence[str], seconds: float = 600) -> list[tuple[str, str]]:
    """What came of each script, and what it printed, in a process of the library."""
    done = subprocess.run(
        [sys.executable, "-I", str(Path(__file__)), library],
        input=json.dumps(scripts),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=True,
        env={name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "PYTHON"))},
    )
    return [tuple(pair) for pair in json.loads(done.stdout.splitlines()[-1])]


def outcome(script: str) -> tuple[str, str]:
    """What came of a script, and what it printed."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(script, "script", "exec"), {"__name__": "__main__"})
    except AssertionError:
        return "wrong", printed.getvalue()
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:300], printed.getvalue()
    return "right", printed.getvalue()


class Blocked:
    """A finder of modules that refuses some: `sys.modules` must not name them, for libraries look there."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)


if __name__ == "__main__":
    sys.meta_path.insert(0, Blocked([name for name in BLOCKED if name not in NEEDS[sys.argv[1]]]))
    print(json.dumps([outcome(script) for script in json.load(sys.stdin)]))
