"""A file is whole or not there, whoever is killed, and whatever else bears its name."""

from __future__ import annotations

import ast
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lamm_robust.cli.check import write_json
from lamm_robust.storage.files import replace_file, sweep, write_text
from lamm_robust.values import HarnessError

ROOT = Path(__file__).parents[2]


def test_a_link_stays_one_and_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(0o600)
    (tmp_path / "link").symlink_to("file")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_what_is_no_regular_file_is_written_to_itself(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "text")
    reader.join()
    assert read == ["text"]
    assert pipe.is_fifo()
    with pytest.raises(HarnessError, match="cannot write .*Is a directory"):
        write_text(tmp_path, "text")


KILLED = """
import os, sys
from pathlib import Path
from lamm_robust.cli.check import write_json
from lamm_robust.storage.files import replace_file
with replace_file(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), 9)
"""


def test_what_killed_writers_leave_goes_with_the_next_and_nothing_else_does(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    for name in ("table.md", "other.md"):
        one = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / name)], cwd=ROOT, check=False)
        assert one.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2
    foreign = {".table.md", ".table.md.1.tmp", ".table.md.1.x.tmp", ".x.tmp", "table.md.1.1.tmp"}
    for name in foreign:
        (tmp_path / name).touch()
    with replace_file(path) as living:
        write_text(path, "new")
        assert living.exists(), "another writer of the same file is alive"
        living.write_text("newer")
    assert path.read_text() == "newer"
    left = {one.name for one in tmp_path.iterdir()} - foreign - {"table.md"}
    assert [name.startswith(".other.md.") for name in left] == [True]
    sweep(tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == foreign | {"table.md"}


def test_json_of_a_check_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "found.json"
    write_json({"passed": True}, str(path))
    before = path.read_bytes()
    write = Path.write_bytes

    def full(self: Path, text: str, encoding: str) -> None:
        write(self, text[:3].encode(encoding))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(HarnessError, match="cannot write .*No space left"):
        write_json({"passed": False}, str(path))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


ELSEWHERE = {
    "lamm_robust/storage/files.py",  # the one way
    "lamm_robust/storage/journal.py",  # line by line, each with a checksum
    "lamm_robust/lamm/conduct.py",  # line by line, under another name until it is complete
    "lamm_robust/workers/containment.py",  # who this process is to itself, for the system
    "lamm_robust/workers/child.py",  # what the system should do with this process
}


def test_there_is_one_way_to_write_a_file() -> None:
    found = set()
    for folder in ("lamm_robust", "generators", "oracles"):
        for path in (ROOT / folder).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and writes(call, call.func):
                    found.add(path.relative_to(ROOT).as_posix())
    assert found <= ELSEWHERE
    assert len(found) == len(ELSEWHERE), "so they would be found"


def writes(call: ast.Call, method: ast.Attribute) -> bool:
    """Whether a call of a method writes a file, other than one that `replace_file` has named."""
    if isinstance(method.value, ast.Name) and method.value.id == "temporary":
        return False
    modes = [word.value for word in [*call.args[:1], *(k.value for k in call.keywords if k.arg == "mode")]
             if isinstance(word, ast.Constant) and isinstance(word.value, str)]  # fmt: skip
    opens = method.attr == "open" and any(set(mode) & set("wax+") for mode in modes)
    return opens or method.attr in ("write_bytes", "write_text")
