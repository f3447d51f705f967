#!/usr/bin/env python3
"""From a fresh checkout to results with one command and nothing but Python.

    python3 run.py [ARGS...]           lamm-robust run --profile quick ARGS...
    python3 run.py test [ARGS...]      tox ARGS..., or everything that CI runs, side by side
    python3 run.py gpu [ARGS...]       all that an NVIDIA GPU has to show, in six minutes, into results/gpu
    python3 run.py emulated [ARGS...]  the same without a GPU, with its products emulated on the CPU
    python3 run.py COMMAND [ARGS...]   lamm-robust COMMAND ARGS...: check, advise, hunt, list, replay, truth,
                                       nist, lamm, claims, tables, merge, compare, picture or site
    python3 run.py --help              this text

Both first put lamm-robust, what it needs and tox into .venv beside this file, once: with uv where there is
one, else with pip. Download caches apart, nothing else on the machine changes; deleting .venv undoes it.
ARGS with a --profile of their own replace the quick one. The exit status is that of the command, or 3 when
set-up failed.
"""

# Standard library only, and written so that even Python 3.6 reads it as far as the line that turns it away.
import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

if sys.version_info < (3, 11) or os.name != "posix":
    sys.stderr.write(
        "run.py: lamm-robust needs Linux or macOS and Python 3.11 or newer; "
        f"this is Python {sys.version_info[0]}.{sys.version_info[1]} on {sys.platform}\n"
    )
    sys.exit(3)

ROOT = Path(__file__).resolve().parent
VENV = (ROOT / ".venv").resolve()  # which may be a link to a larger disk
BIN = VENV / "bin"
PYTHON, ROBUST, TOX_RUN = BIN / "python", BIN / "lamm-robust", BIN / "tox"
STAMP = VENV / "run.py.stamp"
"""Made first, which marks .venv as ours; locked during set-up; filled last, with `fingerprint()`."""

TOX = "tox>=4.18"
"""As in the `dev` extra of pyproject.toml."""

EVERYTHING = ("run-parallel", "--parallel", "all")
"""Not only as many environments as there are cores: they differ in length, and often wait for processes of theirs."""

LANES = ("gpu", "emulated")
"""Environments of tox that run docs/evidence/gpu.py."""

COMMANDS = (
    *("run", "check", "advise", "hunt", "list", "replay", "truth", "nist", "lamm", "claims", "tables", "merge"),
    *("compare", "picture", "site"),
)
"""Of lamm-robust itself."""

REDIRECTING = frozenset(
    {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"}
    | {"PIP_PREFIX", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV", "PIP_ROOT", "PIP_TARGET"}
    | {"UV_PREFIX", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_TARGET"}
)
"""Variables that lead an import, or an installation by pip or uv, away from .venv."""

NO_TOOLS = (
    "this Python lacks venv, or both pip (22.3 or newer) and ensurepip: on Debian or Ubuntu, "
    "`sudo apt install python3-venv python3-pip`"
)
FOREIGN = f"{VENV} is not of run.py's making: move it away, or use it yourself with `pip install -e .`"
DISK_FULL = f"the disk is full: set-up needs 1 GB under {ROOT}, and room for the downloads under TMPDIR"
FAILED = "set-up failed; README.md says how to set up behind a proxy or without a network"


class SetUpError(Exception):
    """Set-up cannot go on; the message is the line that the user reads."""


def say(line: str) -> None:
    """Print one line on stderr: stdout belongs to the command."""
    print(f"run.py: {line}", file=sys.stderr, flush=True)


def environment() -> dict[str, str]:
    """Return the user's variables without those that lead out of .venv; indexes and proxies stay."""
    kept = {name: value for name, value in os.environ.items() if name not in REDIRECTING}
    return {**kept, "PIP_USER": "0"}  # not merely absent: 0 also overrules `user = true` in a pip.conf


def fingerprint() -> bytes:
    """Name what .venv is made from: its scripts hold its path, its packages fit one Python."""
    place = repr((str(ROOT), sys.version, sys.base_prefix, TOX)).encode()
    return hashlib.sha256(place + (ROOT / "pyproject.toml").read_bytes()).hexdigest().encode()


def is_ready() -> bool:
    """Tell whether a set-up was finished here; a stamp cut short equals no fingerprint."""
    made = all(file.exists() for file in (PYTHON, ROBUST, TOX_RUN, STAMP))
    return made and STAMP.read_bytes() == fingerprint()


@contextlib.contextmanager
def locked() -> Iterator[BinaryIO]:
    """Open the stamp with .venv to ourselves, after waiting for any other set-up that is at work in it."""
    import fcntl  # Windows has none and has been turned away above

    with contextlib.suppress(FileExistsError):
        VENV.mkdir()
    inside = [entry.name for entry in VENV.iterdir()] if VENV.is_dir() else [VENV.name]
    if inside and STAMP.name not in inside:  # one look: another first run makes the stamp before all else
        raise SetUpError(FOREIGN)
    with STAMP.open("ab") as stamp:
        try:
            fcntl.flock(stamp, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is at work here; waiting for it")
            fcntl.flock(stamp, fcntl.LOCK_EX)
        yield stamp


def pip_version() -> tuple[int, ...]:
    """Return (major, minor) of this Python's pip, or () when it has none."""
    ask = [sys.executable, "-m", "pip", "--version"]
    answer = subprocess.run(ask, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    numbers = re.match(r"pip (\d+)\.(\d+)", answer.stdout)
    return tuple(map(int, numbers.groups())) if numbers else ()


def installers() -> dict[str, list[list[str]]]:
    """Return the ways to fill .venv, the fastest first, each as its commands."""
    make = [sys.executable, "-m", "venv", str(VENV)]
    what = ["install", "--quiet", "--editable", ".", TOX]
    ways = {}
    uv = shutil.which("uv")
    if uv:
        ways["uv"] = [[*make, "--without-pip"], [uv, "pip", *what, "--python", str(PYTHON)]]
    if pip_version() >= (22, 3):  # from here on pip has --python, which writes to .venv and nowhere else
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
        ways["pip"] = [[*make, "--without-pip"], [*pip, *what, "--no-input"]]
    elif importlib.util.find_spec("ensurepip"):
        ways["pip"] = [make, [str(PYTHON), "-m", "pip", *what, "--no-input"]]
    if not ways or not importlib.util.find_spec("venv"):
        raise SetUpError(NO_TOOLS)
    return ways


@contextlib.contextmanager
def interrupt_put_off() -> Iterator[None]:
    """Let Ctrl-C wait: a child that has been started and is not yet known would never be ended."""
    came = []
    before = signal.signal(signal.SIGINT, lambda *_: came.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came and before != signal.SIG_IGN:
        raise KeyboardInterrupt


def complaint(command: list[str], stamp: BinaryIO) -> str:
    """Run one command of set-up; return what it said if it failed, "" if it did not."""
    child = None
    try:
        with interrupt_put_off():
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                pass_fds=[stamp.fileno()],  # it keeps the lock should this script be killed and the command go on
                start_new_session=True,
            )
        said, _ = child.communicate()
    except KeyboardInterrupt:
        if child is not None:
            with child:  # which waits for it and closes its pipe
                os.killpg(child.pid, signal.SIGKILL)  # the whole group: pip works through a child of its own
        raise
    return (said or f"exit status {child.returncode}") if child.returncode else ""


def clear() -> None:
    """Empty .venv, which may hold half a set-up or one for another place, but for the stamp."""
    for entry in VENV.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry != STAMP:
            entry.unlink()


def show(said: str) -> None:
    """Print what tells most of a failure: the last lines with an error in them."""
    lines = [line for line in said.splitlines() if "error" in line.lower()] or said.splitlines()
    print(*(line[:160] for line in lines[-8:]), sep="\n", file=sys.stderr)


def set_up() -> None:
    """Fill .venv, unless another run has just done so; raises SetUpError."""
    started = time.monotonic()
    with locked() as stamp:
        if is_ready():
            return
        stamp.truncate(0)
        say(f"setting up {VENV}: the first time, about 220 MB to download and half a minute or more to wait")
        said = ""
        for name, commands in installers().items():
            say(f"installing with {name}")
            clear()
            said = next(filter(None, (complaint(command, stamp) for command in commands)), "")
            if not said:
                stamp.write(fingerprint())
                say(f"set-up done in {time.monotonic() - started:.0f} s")
                return
            show(said)
    raise SetUpError(DISK_FULL if "No space left" in said else FAILED)


def wanted(args: list[str]) -> list[str]:
    """Turn the arguments of this script into the command to run."""
    if args[:1] == ["test"]:
        return [str(TOX_RUN), *(args[1:] or EVERYTHING)]
    if args[:1] and args[0] in LANES:
        return [str(TOX_RUN), "run", "-e", args[0], *(["--", *args[1:]] if args[1:] else [])]
    if args[:1] and args[0] in COMMANDS:
        return [str(ROBUST), *args]
    own = any(arg == "--profile" or arg.startswith("--profile=") for arg in args)
    return [str(ROBUST), "run", *([] if own else ["--profile", "quick"]), *args]


def main(args: list[str]) -> int:
    """Set up if needed, then become the command; return an exit status only when that did not happen."""
    if args[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    try:
        if not is_ready():
            set_up()
        if args[:1] == ["test"] or (args[:1] and args[0] in LANES):
            os.chdir(ROOT)
        command = wanted(args)
        os.execve(command[0], command, environment())  # noqa: S606 - no shell is wanted
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except SetUpError as error:
        say(str(error))
    except OSError as error:
        say(f"{error}; run.py must be able to write to {ROOT}, and starts afresh once .venv is deleted")
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
