"""The journal survives kills, damage, full disks and strangers, or says what is wrong."""

from __future__ import annotations

import errno
import fcntl
import json
import math
import os
import random
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from lamm_robust.storage import journal, lines, repair
from lamm_robust.storage.journal import JOURNAL, Journal, open_journal, read_header, read_journal, replace_journal
from lamm_robust.storage.lines import block, keys_of
from lamm_robust.values import SUITE, HarnessError, Record, StoreError
from tests.support.records import RECORD, numbered

HEADER = {"suite": "test", "oracle": "exact", "versions": {"numpy": "2"}}


def write(directory: Path, *records: Record, fresh: bool = False) -> list[Record]:
    with open_journal(directory, HEADER, fresh=fresh) as opened:
        for record in records:
            opened.append([record])
        assert set(opened.case_keys()) == {r.key for r in opened.records()}
        return list(opened.records())


# --- what is written comes back ------------------------------------------------------------------------------


def test_records_come_back_bit_for_bit(tmp_path: Path) -> None:
    nan = replace(RECORD, kappa=math.nan, variant="numpy-svd-float64-cpu", algorithm="svd", problem="another")
    write(tmp_path, RECORD, nan)
    first, second = write(tmp_path)
    assert first == RECORD
    assert math.isnan(second.kappa)
    assert replace(second, kappa=0.0) == replace(nan, kappa=0.0)


def test_lines_can_be_read_without_us(tmp_path: Path) -> None:
    write(tmp_path, RECORD)
    lines = (tmp_path / JOURNAL).read_bytes().splitlines()
    assert all(int(line[:8], 16) == zlib.crc32(line[9:]) for line in lines)
    header, attempts = (json.loads(line[9:]) for line in lines)
    assert header == HEADER
    assert attempts["problem"][:3] == [RECORD.problem, RECORD.digest, RECORD.family]
    ((library, algorithm, *_, scores),) = attempts["attempts"]
    assert (library, algorithm, scores) == ("numpy", "qr", dict(RECORD.scores))


def test_attempts_at_one_problem_share_a_line(tmp_path: Path) -> None:
    several = [replace(RECORD, algorithm=a, variant=f"numpy-{a}-float64-cpu") for a in ("qr", "svd", "lstsq")]
    with open_journal(tmp_path, HEADER) as opened:
        opened.append([*several, *numbered(2)])
    assert (tmp_path / JOURNAL).read_bytes().count(b"\n") == 1 + 1 + 2
    assert write(tmp_path) == [*several, *numbered(2)]


def test_a_second_run_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    first, second = numbered(2)
    write(tmp_path, first)
    assert write(tmp_path, second) == [first, second]
    assert write(tmp_path, fresh=True) == []


def test_notes_are_kept_apart_and_the_last_of_a_kind_counts(tmp_path: Path) -> None:
    with open_journal(tmp_path, HEADER) as opened:
        opened.note({"run": {"n": 1}})
        opened.append([RECORD])
        opened.note({"run": {"n": 2}})
        assert opened.notes.last("run") == {"n": 2}
        assert opened.header == HEADER
    with open_journal(tmp_path, HEADER) as opened:
        assert opened.notes == [{"run": {"n": 1}}, {"run": {"n": 2}}]
        assert (opened.notes.last("run"), opened.notes.last("ended")) == ({"n": 2}, {})
        assert list(opened.records()) == [RECORD]


# --- kills and damage ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_a_torn_last_line_is_done_again(tmp_path: Path, cut: int) -> None:
    records = numbered(3)
    write(tmp_path, *records)
    path = tmp_path / JOURNAL
    path.write_bytes(path.read_bytes()[:-cut])
    assert write(tmp_path, records[2]) == records
    assert write(tmp_path) == records


@pytest.mark.parametrize("size", [0, 5, (1 << 16) - 1, 1 << 16, (1 << 16) + 3, 200_000])
def test_a_torn_line_of_any_length_is_cut(tmp_path: Path, size: int) -> None:
    write(tmp_path, RECORD)
    whole = (tmp_path / JOURNAL).read_bytes()
    (tmp_path / JOURNAL).write_bytes(whole + b"x" * size)
    assert write(tmp_path) == [RECORD]
    assert (tmp_path / JOURNAL).read_bytes() == whole


def test_a_torn_header_begins_anew(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / JOURNAL
    path.write_bytes(path.read_bytes()[:30])
    assert write(tmp_path, RECORD) == [RECORD]


def test_150_flipped_bits_are_noticed_and_named(tmp_path: Path) -> None:
    write(tmp_path, *numbered(40))
    path, chance = tmp_path / JOURNAL, random.Random(1)
    whole = path.read_bytes()
    for position in chance.sample(range(len(whole) - 1), 150):  # without its newline the last line would be torn
        damaged = bytearray(whole)
        damaged[position] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        line = whole[:position].count(b"\n") + 1
        with pytest.raises(StoreError, match=f"is damaged in line {line}; .*--repair .*--fresh"):
            write(tmp_path)
        assert path.read_bytes() == bytes(damaged), "a damaged journal must be left as it is"


def damage(directory: Path, number: int, old: bytes, new: bytes) -> bytes:
    """Change a line, and give back the journal as it is then."""
    path = directory / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new)
    path.write_bytes(b"".join(lines))
    return b"".join(lines)


def test_repair_keeps_the_whole_lines_and_a_copy(tmp_path: Path) -> None:
    records = numbered(5)
    write(tmp_path, *records)
    first = damage(tmp_path, 3, b"p1", b"p7")
    second = damage(tmp_path, 5, b"p3", b"p9")
    assert repair.repair(tmp_path) == [3, 5]
    kept = [records[0], records[2], records[4]]
    assert write(tmp_path) == kept
    copies = sorted(tmp_path.glob("journal.damaged-*"))
    assert [copy.read_bytes() for copy in copies] == [second]
    assert first != second
    whole = (tmp_path / JOURNAL).read_bytes()
    assert repair.repair(tmp_path) == []
    assert (tmp_path / JOURNAL).read_bytes() == whole, "there was nothing left to repair"
    damage(tmp_path, 2, b"p0", b"p8")
    assert repair.repair(tmp_path) == [2]
    assert len(list(tmp_path.glob("journal.damaged-*"))) == 2, "no copy replaces another"


def test_repair_that_is_killed_leaves_what_was_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(tmp_path, *numbered(3))
    before = damage(tmp_path, 3, b"p1", b"p7")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(repair.shutil, "copyfile", killed)  # type: ignore[attr-defined]
    with pytest.raises(KeyboardInterrupt):
        repair.repair(tmp_path)
    assert (tmp_path / JOURNAL).read_bytes() == before


def test_a_damaged_header_cannot_be_repaired_and_stays_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, RECORD)
    before = damage(tmp_path, 1, b"exact", b"other")
    with pytest.raises(StoreError, match="is damaged in its first line.*only --fresh can help"):
        repair.repair(tmp_path)
    assert (tmp_path / JOURNAL).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [JOURNAL]


def test_doubled_lines_are_noticed_and_repaired(tmp_path: Path) -> None:
    write(tmp_path, *numbered(3))
    path = tmp_path / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, lines[2]]))
    with pytest.raises(StoreError, match="holds 'p1 @ numpy-qr-float64-cpu' twice; .*--repair keeps the first"):
        write(tmp_path)
    assert repair.repair(tmp_path) == [5]
    assert write(tmp_path) == numbered(3)


WORKERS = [{"worker": {"name": f"{library} float64 cpu", "threads": "a BLAS"}} for library in ("numpy", "scipy")]


@pytest.mark.parametrize("old", [b'"numpy float64 cpu"', b'{"note":{"worker":{"name":"numpy', b"\n"])
def test_the_attempts_of_a_worker_are_made_again_if_what_it_ran_on_is_lost(tmp_path: Path, old: bytes) -> None:
    by_scipy = [replace(r, library="scipy", variant="scipy-qr-float64-cpu") for r in numbered(3)]
    both = [record for pair in zip(numbered(2), by_scipy[:2], strict=True) for record in pair]
    with open_journal(tmp_path, HEADER) as opened:
        opened.append(by_scipy[2:])
        for worker in WORKERS:
            opened.note(worker)
        opened.append(both)
    damage(tmp_path, 2 if old == b"\n" else 3, old, b"x" * len(old))
    whole = (tmp_path / JOURNAL).read_bytes()
    assert 3 - (old == b"\n") in repair.repair(tmp_path)
    kept = by_scipy[:2] if old == b"\n" else by_scipy
    assert sorted(map(repr, write(tmp_path))) == sorted(map(repr, kept))
    with open_journal(tmp_path, HEADER) as opened:
        assert opened.notes == WORKERS[1:]
    (copy,) = tmp_path.glob("journal.damaged-*")
    assert copy.read_bytes() == whole
    assert repair.repair(tmp_path) == []


def test_attempts_stay_where_no_note_can_be_lost(tmp_path: Path) -> None:
    with open_journal(tmp_path, HEADER) as opened:
        opened.note(WORKERS[1])
        opened.append(numbered(3))  # of a worker without a note, as no run leaves them
    damage(tmp_path, 4, b"p1", b"p7")
    assert repair.repair(tmp_path) == [4]
    assert write(tmp_path) == [numbered(3)[0], numbered(3)[2]]


def test_rewriting_is_all_or_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        rewrite_half(tmp_path / "new", HEADER)
    assert list((tmp_path / "new").iterdir()) == []
    write(tmp_path, RECORD)
    with pytest.raises(RuntimeError):
        rewrite_half(tmp_path, {"other": 1})
    assert write(tmp_path) == [RECORD]
    with replace_journal(tmp_path, HEADER) as opened:
        opened.append(numbered(2))
        assert write_is_refused(tmp_path)
    assert write(tmp_path) == numbered(2)


def rewrite_half(directory: Path, header: Mapping[str, object]) -> None:
    with replace_journal(directory, header) as opened:
        opened.append(numbered(2))
        raise RuntimeError


def write_is_refused(directory: Path) -> bool:
    try:
        write(directory)
    except StoreError as error:
        return "held by another run" in str(error)
    return False


class Full:
    """A file on a disk that takes so many bytes more and then no others."""

    def __init__(self, file: IO[bytes], room: int) -> None:
        self.file = file
        self.room = room

    def fileno(self) -> int:
        return self.file.fileno()

    def seek(self, offset: int, whence: int) -> int:
        return self.file.seek(offset, whence)

    def truncate(self, size: int) -> int:
        return self.file.truncate(size)

    def write(self, data: memoryview) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = self.file.write(data[: self.room])
        self.room -= taken
        return taken


@pytest.mark.parametrize("room", [0, 1, 150])
def test_a_full_disk_loses_nothing_and_takes_no_half_line(tmp_path: Path, room: int) -> None:
    write(tmp_path, RECORD)
    path = tmp_path / JOURNAL
    whole = path.read_bytes()
    with path.open("a+b", buffering=0) as file:
        opened = Journal(path, HEADER, Full(file, room), [])  # type: ignore[arg-type]
        with pytest.raises(HarnessError, match="cannot write to .*No space left.*make room, and the same command goes"):
            opened.append(numbered(1))
    assert path.read_bytes() == whole
    assert write(tmp_path, *numbered(1)) == [RECORD, *numbered(1)]


# --- strangers -------------------------------------------------------------------------------------------------


def test_a_directory_is_held_by_one_run(tmp_path: Path) -> None:
    write(tmp_path)
    with (tmp_path / JOURNAL).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="held by another run; wait for it or choose another --out"):
            write(tmp_path)
        with pytest.raises(StoreError, match="held by another run"):
            write(tmp_path, fresh=True)  # which must not empty what another run is writing
        with pytest.raises(StoreError, match="held by a run"):
            read_journal(tmp_path).__enter__()
    write(tmp_path)


def test_a_lock_on_a_file_that_was_replaced_meanwhile_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, RECORD)
    flock, waiting = fcntl.flock, [True]

    def merged_before(stream: IO[bytes], how: int) -> None:
        if waiting.pop() if waiting else False:  # the file is open, and not yet locked
            with replace_journal(tmp_path, HEADER) as opened:
                opened.append(numbered(2))
        flock(stream, how)

    monkeypatch.setattr(fcntl, "flock", merged_before)
    assert write(tmp_path) == numbered(2), "the journal that is there, and not the one that was opened first"


@pytest.mark.parametrize("replaced", [False, True])
def test_a_run_whose_journal_has_gone_says_so_at_once(tmp_path: Path, replaced: bool) -> None:
    with open_journal(tmp_path, HEADER) as opened:
        opened.append([RECORD])
        (tmp_path / JOURNAL).unlink()
        if replaced:
            (tmp_path / JOURNAL).touch()
        gone = "was deleted or replaced by another process .* the same command"
        with pytest.raises(HarnessError, match=gone):
            opened.append(numbered(1))
        with pytest.raises(HarnessError, match=gone):
            opened.note({"run": {}})
    assert write(tmp_path, RECORD) == [RECORD]


def test_a_pipe_in_the_place_of_a_journal_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / JOURNAL)
    uses: list[Callable[[Path], object]] = [write, read_header, repair.repair]
    for use in uses:
        with pytest.raises(StoreError, match="is no regular file"):
            use(tmp_path)


def test_readers_do_not_keep_each_other_out(tmp_path: Path) -> None:
    write(tmp_path, RECORD)
    with read_journal(tmp_path) as one, read_journal(tmp_path) as other:
        assert list(one.records()) == list(other.records()) == [RECORD]


def test_another_header_is_not_mixed_in(tmp_path: Path) -> None:
    write(tmp_path, RECORD)
    other = {**HEADER, "oracle": "mpmath"}
    with pytest.raises(StoreError, match="other oracle; use --fresh or another --out"):
        open_journal(tmp_path, other).__enter__()
    assert write(tmp_path) == [RECORD]
    with open_journal(tmp_path, other, fresh=True) as opened:
        assert list(opened.records()) == []
    assert read_header(tmp_path) == other


def with_line(directory: Path, content: object) -> None:
    """Add a line whose checksum is right."""
    text = json.dumps(content).encode()
    with (directory / JOURNAL).open("ab") as stream:
        stream.write(b"%08x %s\n" % (zlib.crc32(text), text))


@pytest.mark.parametrize(
    "content",
    [
        {"problem": "p", "scores": {}},
        {"problem": ["p"], "attempts": [["numpy"]]},
        {"attempts": []},
        {},
        {"problem": ["p"] * 11, "attempts": [["numpy", "qr", "cpu"]]},
    ],
)
def test_lines_of_another_version_are_refused(tmp_path: Path, content: object) -> None:
    write(tmp_path)
    with_line(tmp_path, content)
    with pytest.raises(StoreError, match="this version of lamm-robust does not write"):
        write(tmp_path)


@pytest.mark.parametrize("content", [[], 3, None, "text"])
def test_lines_that_hold_no_object_are_damaged(tmp_path: Path, content: object) -> None:
    write(tmp_path)
    with_line(tmp_path, content)
    with pytest.raises(StoreError, match="is damaged in line 2"):
        write(tmp_path)


def test_suites_are_told_apart(tmp_path: Path) -> None:
    journal.check_suite(tmp_path, {"suite": SUITE})
    with pytest.raises(StoreError, match=f"of suite 0, and this is suite {SUITE}: .*use the version that made it"):
        journal.check_suite(tmp_path, {"suite": "0"})


def test_a_place_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write to .*file.*choose another --out"):
        write(tmp_path / "file" / "below")
    with pytest.raises(StoreError, match="cannot read .*expected the directory of a run"):
        read_header(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="cannot read .*expected the directory of a run"):
        read_journal(tmp_path / "nowhere").__enter__()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / JOURNAL).touch()
    with pytest.raises(StoreError, match="is empty; expected the journal of a run"):
        read_header(tmp_path / "empty")
    with pytest.raises(StoreError, match="is empty; expected the journal of a run"):
        read_journal(tmp_path / "empty").__enter__()


def test_a_reader_sees_whole_lines_only(tmp_path: Path) -> None:
    write(tmp_path, RECORD)
    path = tmp_path / JOURNAL
    path.write_bytes(path.read_bytes() + b'12345678 {"torn')
    before = path.read_bytes()
    with read_journal(tmp_path) as opened:
        assert opened.done == {RECORD.key}
    assert path.read_bytes() == before, "readers change nothing"


def blocks(contents: Iterable[Mapping[str, object]]) -> list[str]:
    return [key for content in contents for key in keys_of(content)]


def test_keys_are_known_without_making_records() -> None:
    several = [replace(RECORD, algorithm=a, variant=f"numpy-{a}-float64-cpu") for a in ("qr", "svd")]
    assert blocks([block(several)]) == [r.key for r in several]


def test_a_line_deeper_than_any_of_ours_is_damaged(tmp_path: Path) -> None:
    write(tmp_path, RECORD)
    text = b'{"note":' + b"[" * 100_000
    with (tmp_path / JOURNAL).open("ab") as stream:
        stream.write(b"%08x %s\n" % (zlib.crc32(text), text))
    with pytest.raises(StoreError, match="is damaged in line 3"):
        write(tmp_path)
    assert 3 in repair.repair(tmp_path)


def test_an_endless_line_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "CHUNK", 1 << 10)
    write(tmp_path, RECORD)
    with (tmp_path / JOURNAL).open("ab") as stream:
        stream.write(b"x" * (lines.LONGEST * 5 << 10) + b"\n")
    with (tmp_path / JOURNAL).open("rb") as stream:
        assert [len(line) > 9 for line in lines.whole_lines(stream)] == [True, True, False]
    with pytest.raises(StoreError, match="is damaged in line 3"):
        write(tmp_path)


@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize("buffering", [0, -1])
def test_lines_are_read_whole_whatever_is_read_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, buffering: int
) -> None:
    monkeypatch.setattr(lines, "CHUNK", chunk)
    monkeypatch.setattr(lines, "LONGEST", 1000)
    for text in (b"", b"a", b"\n", b"a\n", b"a\n\nbc\n", b"a" * 63 + b"\n" + b"b" * 64 + b"\ntorn"):
        (tmp_path / "file").write_bytes(text)
        with (tmp_path / "file").open("rb", buffering=buffering) as stream:
            assert list(lines.whole_lines(stream)) == text.split(b"\n")[:-1]


class Counted:
    """A stream that counts how often it is read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.reads = stream, 0

    def seek(self, offset: int) -> int:
        return self.stream.seek(offset)

    def read(self, size: int) -> bytes:
        self.reads += 1
        return self.stream.read(size)


def test_reading_costs_few_system_calls(tmp_path: Path) -> None:
    write(tmp_path, *numbered(500))
    with (tmp_path / JOURNAL).open("rb", buffering=0) as stream:
        counted = Counted(stream)
        assert len(list(lines.whole_lines(counted))) == 501  # type: ignore[arg-type]
    assert counted.reads < 5
