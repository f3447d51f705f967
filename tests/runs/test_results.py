"""Files made again from the journal alone; runs that meet damage, strangers and full disks, as a user meets them."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from lamm_robust.cli.main import main
from lamm_robust.runs import results
from lamm_robust.storage import parquet
from lamm_robust.storage.journal import JOURNAL
from lamm_robust.storage.lines import line_of
from lamm_robust.values import SUITE

ROOT = Path(__file__).parents[2]
SMALL = ["run", "--precision", "float64", "--device", "cpu", "--solver", "numpy-qr", "--family", "polynomial"]


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    assert invoke(*SMALL, "--out", out).exit_code == 0
    return out


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def lines(directory: Path) -> list[bytes]:
    return (directory / JOURNAL).read_bytes().splitlines(keepends=True)


def answers(directory: Path) -> list[dict[str, object]]:
    """What was found, without the times, in the order of the keys."""
    table = pq.read_table(directory / parquet.RECORDS).drop_columns(["seconds", "min_seconds", "first_call_seconds"])
    return sorted(table.to_pylist(), key=lambda row: (row["problem"], row["variant"]))


def test_all_files_can_be_made_again_from_the_journal(finished: Path, copy: Path) -> None:
    for path in copy.iterdir():
        if path.name != JOURNAL:
            path.unlink()
    result = invoke("tables", copy)
    assert result.exit_code == 0, result.output
    assert {path.name for path in copy.iterdir()} == {path.name for path in finished.iterdir()}
    for path in copy.iterdir():
        assert path.read_bytes() == (finished / path.name).read_bytes(), path.name


def test_without_a_journal_the_tables_are_made_of_the_records(finished: Path, copy: Path) -> None:
    for path in copy.iterdir():
        if path.name not in (parquet.RECORDS, parquet.ENVIRONMENT, parquet.MANIFEST):
            path.unlink()
    assert invoke("tables", copy).exit_code == 0
    for path in finished.iterdir():
        if path.name != JOURNAL:
            assert path.read_bytes() == (copy / path.name).read_bytes(), path.name
    lean = invoke("tables", copy, "--lean")
    assert (lean.exit_code, "has no journal, of which --lean makes records" in lean.stderr) == (2, True)
    (copy / parquet.RECORDS).write_bytes(b"PAR1")
    refused = invoke("tables", copy)
    assert (refused.exit_code, "records.parquet' is damaged" in refused.stderr) == (2, True)


def test_damaged_files_are_named_and_made_again(finished: Path, copy: Path) -> None:
    path = copy / parquet.RECORDS
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    refused = invoke("compare", finished, copy)
    assert refused.exit_code == 2
    assert f"`lamm-robust tables {copy}` writes it again" in refused.stderr
    assert invoke("tables", copy).exit_code == 0
    assert invoke("compare", finished, copy).exit_code == 0


def test_an_unfinished_run_says_so_wherever_it_is_read(copy: Path) -> None:
    kept = [line for line in lines(copy) if b'"problem"' not in line] + [
        line for line in lines(copy) if b'"problem"' in line
    ][:-3]
    (copy / JOURNAL).write_bytes(b"".join(kept))
    result = invoke("tables", copy)
    assert result.exit_code == 4
    assert "incomplete: 3 of " in result.output
    assert "(unfinished: 3 attempts missing)" in (copy / "leaderboard.md").read_text()
    resumed = invoke(*SMALL, "--out", copy)
    assert resumed.exit_code == 0, resumed.output
    assert "unfinished" not in (copy / "leaderboard.md").read_text()


def test_damage_is_found_and_repaired(finished: Path, copy: Path) -> None:
    damaged = lines(copy)
    number = next(n for n, line in enumerate(damaged) if b'"problem"' in line)
    damaged[number] = damaged[number].replace(b"cpu", b"gpu")
    (copy / JOURNAL).write_bytes(b"".join(damaged))
    for command in ([*SMALL, "--out", copy], ["tables", copy], ["merge", copy, "--out", copy / "merged"]):
        refused = invoke(*command)
        assert refused.exit_code == 2
        assert f"is damaged in line {number + 1}; `lamm-robust run` with --repair" in refused.stderr
    assert not (copy / "merged").exists()
    repaired = invoke(*SMALL, "--out", copy, "--repair")
    assert repaired.exit_code == 0, repaired.output
    assert answers(copy) == answers(finished)
    assert "1 lines left out" in repaired.output
    assert (copy / "journal.damaged-1.jsonl").read_bytes() == b"".join(damaged)


def test_a_journal_of_an_older_suite_is_recognised(copy: Path) -> None:
    first, *rest = lines(copy)
    header = json.loads(first[9:]) | {"suite": "2020.1"}
    (copy / JOURNAL).write_bytes(b"".join([line_of(header), *rest]))
    for command in (["tables", copy], ["merge", copy, "--out", copy / "merged"]):
        refused = invoke(*command)
        assert refused.exit_code == 2
        assert f"holds a run of suite 2020.1, and this is suite {SUITE}" in refused.stderr
    assert "other suite; use --fresh" in invoke(*SMALL, "--out", copy).stderr


def test_a_journal_without_attempts_makes_no_tables(tmp_path: Path, finished: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(lines(finished)[0])
    refused = invoke("tables", tmp_path)
    assert refused.exit_code == 2
    assert "holds no attempts" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == [JOURNAL]


def test_a_second_run_on_a_held_directory_is_refused(copy: Path) -> None:
    before = (copy / JOURNAL).read_bytes()
    with (copy / JOURNAL).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for command in ([*SMALL, "--out", copy], [*SMALL, "--out", copy, "--fresh"], ["tables", copy]):
            refused = invoke(*command)
            assert refused.exit_code == 2
            assert "held by another run; wait for it or choose another --out" in refused.stderr
    assert (copy / JOURNAL).read_bytes() == before


def test_a_full_disk_is_named_and_the_run_goes_on_when_there_is_room(finished: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: writing fails in the middle of a line, as it would there."""
    out = tmp_path / "run"
    whole = (finished / JOURNAL).stat().st_size

    limit = f"import resource as r, runpy; r.setrlimit(r.RLIMIT_FSIZE, ({whole // 2}, r.RLIM_INFINITY)); "
    command = [sys.executable, "-c", limit + "runpy.run_module('lamm_robust', alter_sys=True)"]
    full = subprocess.run([*command, *SMALL, "--out", str(out)], cwd=ROOT, capture_output=True, text=True)
    assert full.returncode == 3, full.stderr
    assert len(full.stderr.strip().splitlines()) == 1
    assert "cannot write to" in full.stderr
    assert "make room, and the same command goes on from there" in full.stderr
    for line in lines(out):
        assert line.endswith(b"\n")
        assert int(line[:8], 16) == zlib.crc32(line[9:-1])
    assert invoke(*SMALL, "--out", out).exit_code == 0
    assert answers(out) == answers(finished)


def test_names_of_what_is_absent_are_few_or_counted(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert results.FEW == 4
    notes = [line for line in lines(copy) if b'"ended"' in line]
    assert len(notes) == 1
    ended = json.loads(notes[0][9:])
    ended["note"]["ended"]["absent"] = {f"jax-{a}-float64-gpu": "no GPU <b>" for a in "abcde"}
    (copy / JOURNAL).write_bytes(b"".join([line for line in lines(copy) if line not in notes] + [line_of(ended)]))
    result = invoke("tables", copy)
    assert "no GPU &lt;b&gt;: 5 variants, such as jax-a-float64-gpu" in result.output
