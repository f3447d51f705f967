"""What the system keeps a process from, in processes of their own: each runs a few lines and tells what it saw."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lamm_robust.workers import containment, scratch, watch
from tests.support.processes import descendants, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can do that")

HEAD = (
    "import json, os, signal, subprocess, sys\nfrom pathlib import Path\nfrom lamm_robust.workers import containment\n"
)


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", HEAD + program, *arguments], capture_output=True, text=True, check=False
    )


def told(program: str, *arguments: str) -> Any:
    """What a program prints as JSON."""
    ended = run(program, *arguments)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def _enclosed() -> None:
    if not told("print(json.dumps(containment.enclose()))"):
        pytest.skip("this system does not let this user make namespaces")


@pytest.mark.usefixtures("_enclosed")
@pytest.mark.parametrize(
    ("end", "code"),
    [("os._exit(7)", 7), ("os._exit(0)", 0), ("os.abort()", -6), ("os.kill(os.getpid(), 9)", -9), ("1 / 0", 1),
     ("os.kill(os.getpid(), 11)", -11), ("os.kill(0, 15)", -15)],
)  # fmt: skip
def test_who_is_outside_ends_as_who_is_inside(end: str, code: int) -> None:
    assert run(f"containment.enclose()\n{end}").returncode == code


@pytest.mark.usefixtures("_enclosed")
def test_nobody_else_is_seen_from_inside_and_what_it_starts_ends_with_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("truth", encoding="utf-8")
    inside = told(
        """
parent, hidden = int(sys.argv[1]), Path(sys.argv[2])
before = os.getuid(), os.getgid(), os.getcwd()
assert containment.enclose([hidden, hidden / "not there"])
seen = {"same": (os.getuid(), os.getgid(), os.getcwd()) == before, "pids": [os.getpid(), os.getppid()], "errors": []}
for pid in (parent, 1, -1):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError as error:
        seen["errors"].append(error.errno)
seen["hidden"] = os.listdir(hidden)
subprocess.Popen(["setsid", "sleep", "600.75"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
print(json.dumps(seen), flush=True)
os._exit(0)
""",
        str(os.getpid()),
        str(tmp_path),
    )
    assert inside == {"same": True, "pids": [2, 1], "errors": [3, 3], "hidden": []}  # ESRCH; signals to 1 go nowhere
    assert (tmp_path / "secret").read_text(encoding="utf-8") == "truth"
    eventually(lambda: not any("600.75" in line for line in command_lines()))


def command_lines() -> list[str]:
    """The command lines of all processes."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(place.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
    return found


@pytest.mark.usefixtures("_enclosed")
def test_the_world_ends_with_who_is_outside_and_is_seen_from_there() -> None:
    program = "containment.enclose()\nprint(flush=True)\nsum(range(10**6))\nos.kill(os.getpid(), signal.SIGSTOP)\n"
    with subprocess.Popen([sys.executable, "-c", HEAD + program], stdout=subprocess.PIPE) as outside:
        assert outside.stdout
        outside.stdout.read(1)
        inside = watch.served_by(outside.pid)
        first = watch.children(outside.pid)
        assert watch.tree(outside.pid) == [outside.pid, *first, inside] == [outside.pid, *descendants(outside.pid)]
        eventually(lambda: watch.is_stopped(inside))
        assert not watch.is_stopped(outside.pid)
        assert watch.main_seconds(inside) > 0
        assert 0 < watch.proportional_bytes(inside) <= watch.resident_bytes(inside)
        outside.kill()
    eventually(lambda: not watch.children(first[0]) and not watch.resident_bytes(inside))
    assert (watch.main_seconds(inside), watch.is_stopped(inside), watch.tree(inside)) == (0.0, False, [inside])


def test_the_kernel_refuses_signals_to_those_above() -> None:
    program = """
above = containment.ancestors()
assert above[0] == os.getppid() and int(sys.argv[1]) in above
if not containment.refuse_signals(above):
    print(json.dumps(None))
    os._exit(0)
refused = []
for name, call in {
    "kill": lambda: os.kill(above[0], 0), "group": lambda: os.kill(-above[0], 0), "all": lambda: os.kill(-1, 0),
    "handle": lambda: os.pidfd_open(above[0]), "limit": lambda: __import__("resource").prlimit(above[0], 7),
}.items():
    try:
        call()
    except PermissionError:
        refused.append(name)
child = subprocess.Popen(["sleep", "600.5"])
child.kill()
print(json.dumps([refused, child.wait(), os.kill(os.getpid(), 0)]))
"""
    found = told(program, str(os.getpid()))
    if found is None:
        pytest.skip("no filter of system calls for this machine")
    assert found == [["kill", "group", "all", "handle", "limit"], -signal.SIGKILL, None]


def test_one_of_both_is_always_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int]] = []
    monkeypatch.setattr(containment, "enclose", lambda hidden: not hidden)
    monkeypatch.setattr(containment, "refuse_signals", asked.append)
    monkeypatch.setattr(containment, "_call", lambda *_: None)
    containment.contain()
    assert asked == []
    containment.contain([Path("x")])
    containment.contain(namespaces=False)
    assert asked == [containment.ancestors()] * 2


def test_a_directory_to_be_called_in_is_deleted_also_if_its_owner_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = tmp_path / f"{scratch.PREFIX}left"
    left.mkdir()
    (tmp_path / f"{scratch.PREFIX}link").symlink_to(tmp_path)
    (tmp_path / "mine").touch()
    with scratch.scratch() as held:
        (held / "file").touch()
        scratch.sweep()
        assert (held / "file").exists()
        assert not left.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"mine", f"{scratch.PREFIX}link"}
