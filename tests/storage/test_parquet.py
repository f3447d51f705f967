"""The files that a run leaves for readers: complete or not there, and no damage passes unseen."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import random
import subprocess
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lamm_robust.storage import files, parquet
from lamm_robust.values import HarnessError, StoreError
from tests.support.records import RECORD, numbered, rows

SCORES = ["forward_error", "norm_excess", "rank_error"]


def test_replacing_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    files.write_text(path, "old")

    def fail() -> None:
        with files.replace_file(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert [f.name for f in tmp_path.iterdir()] == ["table.md"]


def test_a_full_disk_leaves_the_old_file_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    files.write_text(path, "old")

    def full(self: Path, text: str, encoding: str) -> int:
        self.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(HarnessError, match=r"cannot write '.*table.md': No space left .*nothing is lost .*make room"):
        files.write_text(path, "new")
    assert path.read_bytes() == b"old"
    assert [f.name for f in tmp_path.iterdir()] == ["table.md"]


def test_parquet_holds_every_field_and_score(tmp_path: Path) -> None:
    path = tmp_path / parquet.RECORDS
    parquet.write_records(path, rows([RECORD]), ["forward_error", "norm_excess", "rank_error"], {"suite": "test"})
    table = pq.read_table(path, page_checksum_verification=True)
    (row,) = table.to_pylist()
    fields = {name: value for name, value in vars(RECORD).items() if name != "scores"}
    assert row == fields | {"forward_error": 1 / 3, "norm_excess": -math.inf, "rank_error": None}
    assert table.schema.metadata[b"suite"] == b"test"


def test_a_lean_file_has_four_digits_of_scores_and_times_and_every_bit_of_all_else(tmp_path: Path) -> None:
    scores = {"a": 2 / 3 * 1e300, "b": 5e-324, "c": 12345.0, "d": -math.pi, "e": math.nan, "f": math.inf, "g": 0.0}
    written = replace(RECORD, kappa=1 / 3, seconds=1e-6 / 3, scores=scores)
    parquet.write_records(tmp_path / parquet.RECORDS, rows([written]), [*scores, "absent"], {}, lean=True)
    parquet.write_manifest(tmp_path)
    ((found,),) = parquet.Records(tmp_path)
    assert found.kappa == 1 / 3
    assert found.seconds == float.fromhex("0x1.65e8p-22")  # 3.3333e-7
    assert 0 < abs(found.scores["a"] / scores["a"] - 1) < 2**-14
    assert found.scores["d"] == -12868 / 2**12  # π = 11.001001000011111101…₂
    same = {name: found.scores[name] for name in "bcfg"}
    assert same == {name: scores[name] for name in "bcfg"}
    assert math.isnan(found.scores["e"])
    assert "absent" not in found.scores


def test_parquet_pages_are_checksummed(tmp_path: Path) -> None:
    path = tmp_path / parquet.RECORDS
    parquet.write_records(path, rows(numbered(200)), [], {})
    whole = bytearray(path.read_bytes())
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    whole[chunk.data_page_offset + chunk.total_compressed_size // 2] ^= 1
    path.write_bytes(whole)
    with pytest.raises(OSError, match="."):
        pq.read_table(path, page_checksum_verification=True)


def test_the_manifest_is_what_sha256sum_reads(tmp_path: Path) -> None:
    files.write_text(tmp_path / "leaderboard.md", "text")
    files.write_text(tmp_path / "notes.md", "not ours")
    (tmp_path / "plots").mkdir()
    parquet.write_manifest(tmp_path)
    expected = f"{hashlib.sha256(b'text').hexdigest()}  leaderboard.md\n"
    assert (tmp_path / parquet.MANIFEST).read_text() == expected
    subprocess.run(["sha256sum", "--check", "--quiet", parquet.MANIFEST], cwd=tmp_path, check=True)


def written(directory: Path) -> None:
    parquet.write_records(directory / parquet.RECORDS, rows([RECORD, *numbered(50)]), SCORES, {"suite": "7"})
    files.write_text(directory / parquet.ENVIRONMENT, json.dumps({"processor": "µ"}))
    parquet.write_manifest(directory)


def test_records_come_back_a_list_per_variant(tmp_path: Path) -> None:
    other = [replace(r, variant="numpy-svd-float64-cpu", algorithm="svd", kappa=math.inf) for r in numbered(2)]
    count = parquet.write_records(
        tmp_path / parquet.RECORDS, rows([RECORD, other[0], *numbered(3), other[1]]), SCORES, {"a": "b"}
    )
    parquet.write_manifest(tmp_path)
    found = parquet.Records(tmp_path)
    assert (count, len(found), found.facts) == (6, 6, {"a": "b"})
    assert found.variants() == [RECORD.variant, other[0].variant]
    for _ in range(2):  # as often as one likes
        assert list(found) == [[RECORD, *numbered(3)], other]
    assert found.of("nobody") == []


def test_more_records_than_fit_in_a_batch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(parquet, "BATCH", 7)
    assert parquet.write_records(tmp_path / parquet.RECORDS, rows(numbered(20)), SCORES, {}) == 20
    parquet.write_manifest(tmp_path)
    assert parquet.Records(tmp_path).of(RECORD.variant) == numbered(20)


def test_150_flipped_bits_in_parquet_are_noticed(tmp_path: Path) -> None:
    written(tmp_path)
    path, chance = tmp_path / parquet.RECORDS, random.Random(2)
    whole = path.read_bytes()
    for position in chance.sample(range(len(whole)), 150):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(StoreError, match="is damaged: its SHA-256 is not the one in manifest.sha256; .*tables"):
            parquet.Records(tmp_path)
    path.write_bytes(whole)
    assert len(parquet.Records(tmp_path)) == 51


def test_a_file_that_is_not_parquet_is_named(tmp_path: Path) -> None:
    (tmp_path / parquet.RECORDS).write_text("nothing of the kind")
    parquet.write_manifest(tmp_path)
    with pytest.raises(StoreError, match="records.parquet' is damaged: .*write it again from the journal"):
        parquet.Records(tmp_path)


def test_records_of_another_version_are_named(tmp_path: Path) -> None:
    written(tmp_path)
    table = pq.read_table(tmp_path / parquet.RECORDS).drop_columns(["promises"])
    pq.write_table(table, tmp_path / parquet.RECORDS)
    parquet.write_manifest(tmp_path)
    with pytest.raises(StoreError, match="another version of lamm-robust: it has no column 'promises'"):
        parquet.Records(tmp_path)


def test_the_environment_is_read_only_if_it_is_whole(tmp_path: Path) -> None:
    written(tmp_path)
    assert parquet.read_environment(tmp_path) == {"processor": "µ"}
    (tmp_path / parquet.ENVIRONMENT).write_text("{}")
    with pytest.raises(StoreError, match="environment.json' is damaged"):
        parquet.read_environment(tmp_path)


def test_a_directory_without_results_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot read '.*manifest.sha256': .*expected a directory of results"):
        parquet.Records(tmp_path)
