"""What a run leaves behind: a journal first, tables after, nothing half-written.

The journal is an append-only file of checksummed lines, a header and then one line per record, flushed as
each record is made; a run that is killed resumes from it. Everything else is written to a temporary name and renamed
when it is complete, so that a reader finds either the old file or the new one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from lamm_robust.values import Record

JOURNAL = "journal.jsonl"
RECORDS = "records.parquet"
MANIFEST = "manifest.sha256"
READABLE = (RECORDS, "leaderboard.md", "leaderboard.csv", "failures.md", "environment.json")
"""The files that a run writes for readers, and that the manifest is about."""


class StoreError(Exception):
    """A results directory cannot be used; the message says why and what to do."""


def _line(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _content(line: bytes) -> dict[str, Any] | None:
    """What a journal line holds, or None if its checksum does not match."""
    checksum, _, text = line.removesuffix(b"\n").partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    content: dict[str, Any] = json.loads(text)
    return content


def _float_out(value: object) -> object:
    """A float as its exact hexadecimal form, so that reading gives back the same bits, inf and nan included."""
    return {"f": value.hex()} if isinstance(value, float) else value


def _float_in(value: Any) -> Any:
    return float.fromhex(value["f"]) if isinstance(value, dict) and "f" in value else value


def encode_record(record: Record) -> dict[str, Any]:
    """A record as plain JSON values."""
    flat = {name: _float_out(value) for name, value in vars(record).items() if name != "scores"}
    return flat | {"scores": {name: value.hex() for name, value in record.scores.items()}}


def decode_record(content: Mapping[str, Any]) -> Record:
    """The inverse of `encode_record`."""
    flat = {name: _float_in(value) for name, value in content.items() if name != "scores"}
    return Record(**flat, scores={k: float.fromhex(v) for k, v in content["scores"].items()})


class Journal:
    """An open journal: the records and notes it already held, and a place to append new ones."""

    def __init__(self, stream: IO[bytes], contents: Iterable[Mapping[str, Any]]) -> None:
        self.records: list[Record] = []
        self.notes: list[dict[str, Any]] = []
        self._stream = stream
        for content in contents:
            if "note" in content:
                self.notes.append(content["note"])
            else:
                self.records.append(decode_record(content))

    def note(self, content: dict[str, Any]) -> None:
        """Write down plain JSON values that belong to the records around them."""
        self.notes.append(content)
        self._stream.write(_line({"note": content}))
        self._stream.flush()

    def append(self, record: Record) -> None:
        """Write one record and hand it to the operating system, so that killing this process loses nothing."""
        self.records.append(record)  # first: an interrupt in between must not leave a written record out of the tables
        self._stream.write(_line(encode_record(record)))
        self._stream.flush()


@contextlib.contextmanager
def open_journal(directory: Path, header: Mapping[str, Any], *, fresh: bool = False) -> Iterator[Journal]:
    """Open or create the journal of a run, and hold its directory for the time being.

    StoreError if the directory cannot be written, is held by another run, holds damage, or holds a run under another
    header (suite, oracle, library versions), whose numbers must not be mixed with new ones.
    """
    path = directory / JOURNAL
    try:
        directory.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+b")
    except OSError as error:
        raise StoreError(f"cannot write to '{directory}': {error.strerror}; choose another --out") from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"'{directory}' is held by another run; wait for it or choose another --out") from None
        if fresh:
            stream.truncate(0)
        contents = _resume(path, stream, header)
        try:
            journal = Journal(stream, contents)
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"'{path}' was written by another version; start over with --fresh") from error
        yield journal
        os.fsync(stream.fileno())


def _resume(path: Path, stream: IO[bytes], header: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is already there after the header; writes the header of a new journal and cuts off a torn last line."""
    stream.seek(0)
    lines = stream.readlines()
    if lines and not lines[-1].endswith(b"\n"):  # the run was killed while writing it: that case is done again
        lines.pop()
        stream.truncate(sum(map(len, lines)))
    contents = []
    for number, line in enumerate(lines, start=1):
        content = _content(line)
        if content is None:
            raise StoreError(f"'{path}' is damaged in line {number}; start over with --fresh")
        contents.append(content)
    if not contents:
        stream.write(_line(header))
        return []
    if contents[0] != header:
        changed = [name for name in header if contents[0].get(name) != header[name]]
        raise StoreError(f"'{path.parent}' holds a run with other {', '.join(changed)}; use --fresh or another --out")
    return contents[1:]


def write_text(path: Path, text: str) -> None:
    """Replace a file by new text in one step."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block succeeds, and vanishes when not."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_records(path: Path, records: Sequence[Record], metrics: Iterable[str], facts: Mapping[str, str]) -> None:
    """All records as one Parquet file, a column per field and per metric, with a checksum on every page."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    fields = [
        pa.field(f.name, kinds.get(str(f.type).removesuffix(" | None"), pa.string()))
        for f in dataclasses.fields(Record)
        if f.name != "scores"
    ]
    schema = pa.schema(
        [*fields, *(pa.field(name, pa.float64()) for name in metrics)],
        metadata={k.encode(): v.encode() for k, v in facts.items()},
    )
    rows = [{**vars(record), **record.scores} for record in records]
    with replacing(path) as temporary:
        table = pa.Table.from_pylist(rows, schema=schema)
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)


def write_manifest(directory: Path) -> None:
    """SHA-256 of every file that a reader may rely on, in the format that `sha256sum --check` reads."""
    files = [directory / name for name in sorted(READABLE)]
    lines = [f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.name}\n" for f in files if f.exists()]
    write_text(directory / MANIFEST, "".join(lines))
