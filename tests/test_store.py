"""What a run leaves behind survives kills, damage and strangers, or says what is wrong."""

from __future__ import annotations

import fcntl
import hashlib
import math
import subprocess
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lamm_robust import store
from lamm_robust.values import Record

HEADER = {"suite": "test", "oracle": "exact", "versions": {"numpy": "2"}}

RECORD = Record(
    problem="polynomial points=5 degree=2 dtype=float64",
    digest="0" * 64,
    family="polynomial",
    m=5,
    n=3,
    variant="numpy-qr-float64-cpu",
    library="numpy",
    algorithm="qr",
    precision="float64",
    device="cpu",
    promises="full_rank_only",
    oracle="exact",
    rank=3,
    kappa=0.1 + 0.2,
    residual_ratio=1e-320,
    regime="resolvable",
    status="solved",
    verdict="backward stable",
    warned=False,
    repeatable=True,
    message='odd ✓ "text"\nwith, everything',
    reported_rank=None,
    seconds=1.5e-5,
    first_call_seconds=None,
    scores={"forward_error": 1 / 3, "norm_excess": -math.inf},
)


def write(directory: Path, *records: Record, fresh: bool = False) -> list[Record]:
    with store.open_journal(directory, HEADER, fresh=fresh) as journal:
        for record in records:
            journal.append(record)
        return list(journal.records)


def numbered(count: int) -> list[Record]:
    return [replace(RECORD, problem=f"p{i}") for i in range(count)]


def test_records_come_back_bit_for_bit(tmp_path: Path) -> None:
    nan = replace(RECORD, kappa=math.nan)
    write(tmp_path, RECORD, nan)
    first, second = write(tmp_path)
    assert first == RECORD
    assert math.isnan(second.kappa)
    assert replace(second, kappa=0.0) == replace(RECORD, kappa=0.0)


def test_a_second_run_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    first, second = numbered(2)
    write(tmp_path, first)
    assert write(tmp_path, second) == [first, second]
    assert write(tmp_path, fresh=True) == []


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_a_torn_last_line_is_done_again(tmp_path: Path, cut: int) -> None:
    records = numbered(3)
    write(tmp_path, *records)
    path = tmp_path / store.JOURNAL
    path.write_bytes(path.read_bytes()[:-cut])
    assert write(tmp_path, records[2]) == records
    assert write(tmp_path) == records


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    write(tmp_path, *numbered(2))
    path = tmp_path / store.JOURNAL
    whole = path.read_bytes()
    for position in range(0, len(whole) - 1, 7):  # without its newline the last line is torn, and is done again
        damaged = bytearray(whole)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        with pytest.raises(store.StoreError):
            write(tmp_path)
        assert path.read_bytes() == bytes(damaged), "a damaged journal must be left as it is"


def test_a_directory_is_held_by_one_run(tmp_path: Path) -> None:
    write(tmp_path)
    with (tmp_path / store.JOURNAL).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(store.StoreError, match="held by another run"):
            write(tmp_path)
    write(tmp_path)


def test_another_header_is_not_mixed_in(tmp_path: Path) -> None:
    write(tmp_path, RECORD)
    other = {**HEADER, "oracle": "mpmath"}
    with pytest.raises(store.StoreError, match="other oracle.*--fresh"):
        store.open_journal(tmp_path, other).__enter__()
    assert write(tmp_path) == [RECORD]
    with store.open_journal(tmp_path, other, fresh=True) as journal:
        assert journal.records == []


def test_records_of_another_version_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    with (tmp_path / store.JOURNAL).open("ab") as stream:
        stream.write(store._line({"problem": "p", "scores": {}}))
    with pytest.raises(store.StoreError, match="another version"):
        write(tmp_path)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(store.StoreError, match="cannot write to .*file.*--out"):
        write(tmp_path / "file" / "below")


def test_replacing_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    store.write_text(path, "old")

    def fail() -> None:
        with store.replacing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert [f.name for f in tmp_path.iterdir()] == ["table.md"]


def test_parquet_holds_every_field_and_score(tmp_path: Path) -> None:
    path = tmp_path / store.RECORDS
    store.write_records(path, [RECORD], ["forward_error", "norm_excess", "rank_error"], {"suite": "test"})
    table = pq.read_table(path, page_checksum_verification=True)
    (row,) = table.to_pylist()
    fields = {name: value for name, value in vars(RECORD).items() if name != "scores"}
    assert row == fields | {"forward_error": 1 / 3, "norm_excess": -math.inf, "rank_error": None}
    assert table.schema.metadata[b"suite"] == b"test"


def test_parquet_pages_are_checksummed(tmp_path: Path) -> None:
    path = tmp_path / store.RECORDS
    store.write_records(path, numbered(200), [], {})
    whole = bytearray(path.read_bytes())
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    whole[chunk.data_page_offset + chunk.total_compressed_size // 2] ^= 1
    path.write_bytes(whole)
    with pytest.raises(OSError, match="."):
        pq.read_table(path, page_checksum_verification=True)


def test_the_manifest_is_what_sha256sum_reads(tmp_path: Path) -> None:
    store.write_text(tmp_path / "leaderboard.md", "text")
    store.write_text(tmp_path / "notes.md", "not ours")
    (tmp_path / "plots").mkdir()
    write(tmp_path)
    store.write_manifest(tmp_path)
    expected = f"{hashlib.sha256(b'text').hexdigest()}  leaderboard.md\n"
    assert (tmp_path / store.MANIFEST).read_text() == expected
    subprocess.run(["sha256sum", "--check", "--quiet", store.MANIFEST], cwd=tmp_path, check=True)
