"""Commands that write files, each killed at every system call that changes one, and given again.

``python -m tests.support.kills STAGE PLACE STEP`` kills at every STEP-th of these calls, and prints how many kills
there were, and which did not end as the undisturbed command did: with something lost, doubled or left over, or in need
of a hand. A process of its own keeps JAX's threads out of what is forked. Linux on x86-64 only, for the numbers of
the calls.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import json
import os
import platform
import shutil
import signal
import struct
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from rich.console import Console

from lamm_robust.claims import settle
from lamm_robust.cli.check import write_json
from lamm_robust.lamm import conduct
from lamm_robust.runs import campaign, cluster, merge, results
from lamm_robust.runs.plan import Selection, Shard
from lamm_robust.storage import findings, repair
from lamm_robust.storage.cache import Cache
from lamm_robust.storage.journal import JOURNAL, open_journal, read_journal
from lamm_robust.values import SUITE, Record
from tests.support.records import RECORD

with suppress(ImportError):
    importlib.import_module("pandas")  # which Arrow imports where it is installed

ROOT = Path(__file__).parents[2]
CALLS = {
    1: "write", 18: "pwrite64", 20: "writev", 40: "sendfile", 74: "fsync", 76: "truncate", 77: "ftruncate",
    82: "rename", 83: "mkdir", 84: "rmdir", 86: "link", 87: "unlink", 90: "chmod", 91: "fchmod", 257: "openat",
    258: "mkdirat", 263: "unlinkat", 264: "renameat", 265: "linkat", 268: "fchmodat", 316: "renameat2",
    326: "copy_file_range",
}  # fmt: skip
"""The system calls of x86-64 that change files, by number."""

OPENAT = 257  # counts if it may make a file or empty one: with the flags below, its third argument
MAKES = os.O_CREAT | os.O_TRUNC

CAN_TRACE = sys.platform == "linux" and platform.machine() == "x86_64"

TRACEME, SYSCALL, SETOPTIONS, GET_SYSCALL_INFO = 0, 24, 0x4200, 0x420E  # <linux/ptrace.h>
TRACE_SYSGOOD, EXIT_KILL = 0x1, 0x100000
ENTRY = 1  # the kind of stop at which a call has not been made yet
INFO_BYTES = 88
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def child(act: Callable[[], object], *, traced: bool = False) -> int:
    """The number of a new process that does something and ends with 0, or 1 for an error."""
    if pid := os.fork():
        return pid
    ending = 1
    try:
        if traced:
            LIBC.ptrace(TRACEME, 0, None, None)
            os.kill(os.getpid(), signal.SIGSTOP)
        act()
        ending = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(ending)


def undisturbed(act: Callable[[], object]) -> bool:
    """Run in a child; returns whether it ended well."""
    return os.waitpid(child(act), 0)[1] == 0


def killed(act: Callable[[], object], number: int | None = None) -> int:
    """Run in a child, killed before its call of that number, if any; returns how many calls it made."""
    pid = child(act, traced=True)
    os.waitpid(pid, 0)
    assert LIBC.ptrace(SETOPTIONS, pid, None, TRACE_SYSGOOD | EXIT_KILL) == 0, os.strerror(ctypes.get_errno())
    info, made, given = ctypes.create_string_buffer(INFO_BYTES), 0, 0
    while True:
        LIBC.ptrace(SYSCALL, pid, None, given)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            return made
        signalled = os.WSTOPSIG(status)
        given = 0 if signalled in (signal.SIGTRAP, signal.SIGTRAP | 0x80, signal.SIGSTOP) else signalled
        if signalled != signal.SIGTRAP | 0x80:
            continue
        LIBC.ptrace(GET_SYSCALL_INFO, pid, INFO_BYTES, ctypes.addressof(info))
        call, *arguments = struct.unpack_from("<4Q", info.raw, 24)
        if info.raw[0] == ENTRY and call in CALLS and (call != OPENAT or arguments[2] & MAKES):
            if made == number:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return made
            made += 1


# --- what is killed -------------------------------------------------------------------------------------------

PLAN = Selection("quick", ("float64",), ("cpu",), ("numpy-qr", "numpy-lstsq"), ("polynomial",))
HEADER: dict[str, Any] = {
    "suite": SUITE,
    "profile": "quick",
    "oracle": "auto",
    "versions": {},
    "code": "c",
    "processor": "Abacus",
    "flags": {},
    "limits": {},
}
WORKER = {"name": "numpy float64 cpu", "started": "now", "device": "cpu"}
WHERE = {"versions": dict.fromkeys(("numpy", "scipy", "jax"), "1"), "commit": "c", "processor": "Abacus", "cores": 1}
CONSOLE = Console(stderr=True, quiet=True)


def made(selection: Selection) -> list[Record]:
    """A record for each case of a selection."""
    cases = [(str(case.key), case.variant) for case in selection.cases()]
    return [replace(RECORD, problem=key, variant=str(v), algorithm=v.algorithm) for key, v in cases]


def shard(directory: Path, number: int = 1, of: int = 1, *, share: float = 1.0) -> None:
    """A directory with the journal of a part of the plan, of whose records there is a share."""
    part = replace(PLAN, shard=Shard(number, of))
    records = made(part)
    with open_journal(directory, HEADER) as journal:
        notes: dict[str, Any] = {
            "worker": WORKER,
            "run": {"selection": part.facts(), "where": {"processor": "Abacus", "versions": {}}},
            "ended": {"absent": {}, "refused": {}},
        }
        for kind, note in notes.items():
            if not journal.notes.of(kind):
                journal.note({kind: note})
        todo = [record for record in records[: int(share * len(records))] if record.key not in journal.done]
        journal.append(todo)


def two_shards() -> None:
    for number in (1, 2):
        shard(Path(str(number)), number, 2)


def merge_two() -> None:
    assert merge.merge([Path("1"), Path("2")], Path("out"), CONSOLE) == 0


def a_shard_and_half() -> None:
    two_shards()
    merge.merge([Path("1")], Path("out"), CONSOLE)


def resume() -> None:
    shard(Path("out"))
    assert results.write_again(Path("out"), CONSOLE) == 0


def damaged() -> None:
    shard(Path("out"))
    path = Path("out", JOURNAL)
    path.write_bytes(path.read_bytes().replace(b"0.8", b"0.9", 1))


def repair_and_resume() -> None:
    repair.repair(Path("out"))
    resume()


FOUND = findings.Hunted(
    *("numpy-qr-float64-cpu", "backward_error", 1.5, 60.0, 17, "1"),
    *(findings.Found("p", "0" * 64, "bad"), findings.Found("q", "1" * 64, "nearly as bad")),
)


def keep() -> None:
    assert findings.keep(FOUND, Path("worst"))


def over_dask() -> None:
    """What `run --dask` does here, with shards that are there at once."""
    asked = campaign.Campaign(PLAN, "auto", Path("out"))

    def fetch(_client: object, _asked: object, parts: list[Shard], shards: Path, _console: object) -> None:
        for part in parts:
            with tempfile.TemporaryDirectory() as elsewhere:
                shard(Path(elsewhere), part.number, part.of)
                journal = Path(elsewhere, JOURNAL).read_bytes()
            cluster.keep_shard(cluster.shard_directory(shards, part), journal)

    client = mock.MagicMock()
    client.__enter__.return_value.nthreads.return_value = {"worker": 1}
    with ExitStack() as patched:
        patched.enter_context(mock.patch.object(cluster, "connect", return_value=client))
        patched.enter_context(mock.patch.object(cluster, "_fetch", fetch))
        assert cluster.run("tcp://nowhere", asked, CONSOLE) == 0


def some_claims() -> None:
    with mock.patch.object(settle, "environment", return_value=WHERE):
        settle.write([], Path("claims"))


def an_old_study() -> None:
    Path("lamm").mkdir()
    Path("lamm", conduct.FOUND).write_text("\n".join(some_lines()[:2]) + "\n")
    Path("lamm", "lamm-3-old.svg").touch()


def some_lines() -> list[str]:
    with (ROOT / "results" / "lamm" / "lamm.jsonl").open(encoding="utf-8") as stream:
        return [next(stream).rstrip("\n") for _ in range(4)]


def lamm() -> None:
    """A study whose runs are there at once."""
    asked = conduct.Study((), (), (), ("float32",), ())

    def lines(*_: object) -> Iterator[str]:
        yield '{"kind": "Hello", "device": "cpu"}\n'
        yield from (line + "\n" for line in some_lines()[1:])

    with mock.patch.multiple(conduct, _lines=lines, commit=lambda: "c"):
        conduct.conduct(asked, Path("lamm"), lambda: None)


def check_json() -> None:
    write_json({"passed": True}, "check.json")


def cache() -> None:
    kept = Cache(Path("cache"))
    for letter in "0123":
        kept.keep(letter * 64, letter.encode, lambda made: made, lambda known: known)
    kept.trim(10)
    assert kept.get("0" * 64) in (None, b"0")


def nothing() -> None:
    pass


def an_old_file() -> None:
    Path("check.json").write_text("{}")


STAGES: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "journal and tables": (lambda: shard(Path("out"), share=0.5), resume),
    "run": (nothing, resume),
    "merge": (two_shards, merge_two),
    "merge into another": (a_shard_and_half, merge_two),
    "dask": (nothing, over_dask),
    "repair": (damaged, repair_and_resume),
    "hunt": (nothing, keep),
    "lamm": (an_old_study, lamm),
    "claims": (nothing, some_claims),
    "check": (an_old_file, check_json),
    "cache": (nothing, cache),
}
"""What is there before, and the command."""


def state(place: Path) -> dict[str, str]:
    """What is in a directory: of each file a digest of its bytes or, where the order is left open, of what it says.

    It is looked at in a child: a thread of Arrow's in this process could hold a lock that a later child waits for.
    """
    noted = place.with_suffix(".json")

    def note() -> None:
        found = {name: hashlib.sha256(repr(value).encode()).hexdigest() for name, value in contents(place).items()}
        noted.write_text(json.dumps(found))

    assert undisturbed(note), "what was left cannot be read"
    found: dict[str, str] = json.loads(noted.read_text())
    return found


def contents(place: Path) -> dict[str, object]:
    """What is in a directory: each file's bytes, or for a journal what it says, in any order; the cache's apart."""
    found: dict[str, object] = {}
    for path in sorted(place.rglob("*")):
        name = str(path.relative_to(place))
        if path.is_file() and name.startswith("cache"):
            found["temporary"] = found.get("temporary") or path.name.startswith(".")
        elif path.name == JOURNAL:
            with read_journal(path.parent) as journal:
                found[name] = sorted(repr(record) for record in journal.records())
        elif path.is_file() and "manifest" not in name and ".damaged-" not in name:
            found[name] = unordered(path.read_bytes()) if path.suffix == ".parquet" else path.read_bytes()
    return found


def unordered(data: bytes) -> object:
    """The rows of a Parquet file, in any order."""
    return sorted(map(repr, pq.read_table(pa.BufferReader(data)).to_pylist()))


def there(place: Path, act: Callable[[], object]) -> Callable[[], object]:
    """The same in a directory, which is made if need be."""

    def act_there() -> None:
        place.mkdir(exist_ok=True)
        os.chdir(place)
        act()

    return act_there


def kills(stage: str, place: Path, step: int) -> tuple[int, list[str]]:
    """The number of kills, and what went wrong after which of them."""
    prepare, act = STAGES[stage]
    before, whole, torn = place / "before", place / "whole", place / "torn"
    assert undisturbed(there(before, prepare))
    shutil.copytree(before, whole)
    calls = killed(there(whole, act))
    expected, wrong = state(whole), []
    numbers = range(step // 2, calls, step)
    for number in numbers:
        shutil.copytree(before, torn)
        killed(there(torn, act), number)
        if not undisturbed(there(torn, act)):
            wrong.append(f"call {number}: the same command does not go on")
        elif (found := state(torn)) != expected:
            different = [name for name in {**found, **expected} if found.get(name) != expected.get(name)]
            wrong.append(f"call {number}: {', '.join(different)} differ")
        shutil.rmtree(torn)
    return len(numbers), wrong


if __name__ == "__main__":
    count, faults = kills(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    print("\n".join([f"{sys.argv[1]}: {count} kills", *faults]))
    sys.exit(bool(faults))
