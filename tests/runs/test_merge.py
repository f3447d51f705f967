"""Shards put together are the run that they are shards of; what does not fit is refused, and nothing written."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lamm_robust.runs import merge as merge_module
from lamm_robust.runs.merge import merge
from lamm_robust.runs.plan import Selection, Shard
from lamm_robust.storage.journal import JOURNAL, open_journal, read_journal
from lamm_robust.storage.lines import block, marks_of
from lamm_robust.storage.parquet import Records, read_environment
from lamm_robust.values import SUITE, Record, StoreError, Verdict
from tests.support.records import RECORD

HEADER = {
    "suite": SUITE,
    "profile": "quick",
    "oracle": "exact",
    "versions": {"numpy": "2"},
    "code": "c",
    "processor": "Abacus",
    "flags": {},
    "limits": {"case seconds": 60.0, "case memory": 1 << 32},
}
PLAN = Selection("quick", ("float64",), ("cpu",), ("numpy-qr", "numpy-lstsq"), ("polynomial",))


def made(key: str, **changes: Any) -> Record:
    problem, variant = key.split(" @ ")
    _, algorithm, *_ = variant.split("-")
    return replace(RECORD, problem=problem, variant=variant, algorithm=algorithm, **changes)


def keys(shard: Shard) -> list[str]:
    selection = replace(PLAN, shard=shard)
    return [str(case) for case in selection.cases()]


def shard(directory: Path, number: int, of: int, *, header: dict[str, Any] = HEADER, **notes: Any) -> Path:
    """The directory of a finished shard, with made-up records."""
    part = Shard(number, of)
    with open_journal(directory, header) as journal:
        note(journal, replace(PLAN, shard=part), **notes)
        journal.append(made(key) for key in keys(part))
    return directory


def note(journal: Any, selection: Selection, **ended: Any) -> None:
    journal.note({"worker": {"name": "numpy float64 cpu", "started": "now", "device": "cpu"}})
    where = {"processor": "Abacus", "versions": {}}
    journal.note({"run": {"selection": selection.facts(), "where": where}})
    journal.note({"with": {"workers": 1}})
    journal.note({"ended": {"absent": {}, "refused": {}} | ended})


def merged(*directories: Path, out: Path) -> tuple[int, str]:
    printed = io.StringIO()
    code = merge(directories, out, Console(file=printed, width=200))
    return code, printed.getvalue()


def test_shards_together_are_the_whole(tmp_path: Path) -> None:
    parts = [shard(tmp_path / f"{number}", number, 3) for number in (1, 2, 3)]
    code, printed = merged(*parts, out=tmp_path / "out")
    assert code == 0, printed
    with read_journal(tmp_path / "out") as journal:
        found = [record.key for record in journal.records()]
    assert sorted(found) == sorted(keys(Shard()))
    assert len(Records(tmp_path / "out")) == len(found)
    environment = read_environment(tmp_path / "out")
    assert environment["merged"] == [[part.name for part in parts]]
    assert environment["run with"] == [{"workers": 1}]
    assert len(environment["workers"]) == 1


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    parts = [shard(tmp_path / f"{number}", number, 3) for number in (1, 3)]
    code, printed = merged(*parts, out=tmp_path / "out")
    assert code == 4
    missing = sorted(keys(Shard(2, 3)))
    assert f"incomplete: {len(missing)} of {len(keys(Shard()))} attempts have no record" in printed
    assert missing[0] in printed
    later = shard(tmp_path / "2", 2, 3)
    assert merged(later, out=tmp_path / "out")[0] == 0, "what is merged already stays"
    assert read_environment(tmp_path / "out")["merged"] == [[part.name for part in (*parts, later)]]


def test_the_same_case_twice_is_kept_once(tmp_path: Path) -> None:
    slower = tmp_path / "slower"
    with open_journal(slower, HEADER) as journal:
        note(journal, PLAN)
        journal.append(made(key, seconds=9.0, first_call_seconds=9.0) for key in keys(Shard()))
    first = shard(tmp_path / "1", 1, 2)
    code, _ = merged(first, slower, out=tmp_path / "out")
    assert code == 0
    with read_journal(tmp_path / "out") as journal:
        times = {record.key: record.seconds for record in journal.records()}
    assert len(times) == len(keys(Shard()))
    assert {times[key] for key in keys(Shard(1, 2))} == {RECORD.seconds}, "the first to have it is believed"
    assert {times[key] for key in keys(Shard(2, 2))} == {9.0}


@pytest.mark.parametrize(
    "change",
    [{"verdict": Verdict.WRONG}, {"scores": {"forward_error": 0.25}}, {"digest": "1" * 64}, {"reported_rank": 2}],
)
def test_other_answers_to_the_same_case_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    one = shard(tmp_path / "1", 1, 2)
    other = tmp_path / "other"
    with open_journal(other, HEADER) as journal:
        note(journal, PLAN)
        journal.append([made(keys(Shard(1, 2))[0], **change)])
    with pytest.raises(StoreError, match="other answers to 'polynomial"):
        merged(one, other, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "words"), [({"oracle": "mpmath"}, "oracle"), ({"versions": {}}, "versions"), ({"code": "d"}, "code")]
)
def test_runs_under_other_headers_are_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    parts = [shard(tmp_path / "1", 1, 2), shard(tmp_path / "2", 2, 2, header=HEADER | change)]
    with pytest.raises(StoreError, match=f"made with other {words}"):
        merged(*parts, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_old_suites_are_recognised(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds a run of suite 0, and this is suite"):
        merged(shard(tmp_path / "1", 1, 1, header=HEADER | {"suite": "0"}), out=tmp_path / "out")


def test_other_processors_may_take_part_and_are_named(tmp_path: Path) -> None:
    header = HEADER | {"processor": "Pascaline"}
    parts = [shard(tmp_path / "1", 1, 2), shard(tmp_path / "2", 2, 2, header=header)]
    assert merged(*parts, out=tmp_path / "out")[0] == 0
    first = json.loads((tmp_path / "out" / JOURNAL).read_bytes().splitlines()[0][9:])
    assert first["processor"] == "Abacus + Pascaline"
    assert read_environment(tmp_path / "out")["processor"] == "Abacus + Pascaline"
    assert merged(*parts, out=tmp_path / "out")[0] == 0, "and again"


def test_a_machine_can_be_added(tmp_path: Path) -> None:
    header = HEADER | {"processor": "Pascaline"}
    assert merged(shard(tmp_path / "1", 1, 2), out=tmp_path / "out")[0] == 4
    assert merged(shard(tmp_path / "2", 2, 2, header=header), out=tmp_path / "out")[0] == 0
    assert read_environment(tmp_path / "out")["processor"] == "Abacus + Pascaline"


def test_a_merge_that_is_killed_leaves_the_target_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [shard(tmp_path / f"{number}", number, 2) for number in (1, 2)]
    merged(parts[0], out=tmp_path / "out")
    before = (tmp_path / "out" / JOURNAL).read_bytes()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("lamm_robust.runs.merge.merged_notes", killed)
        with pytest.raises(KeyboardInterrupt):
            merged(parts[1], out=tmp_path / "out")
    assert (tmp_path / "out" / JOURNAL).read_bytes() == before
    assert merged(parts[1], out=tmp_path / "out")[0] == 0


def test_other_plans_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    with open_journal(other, HEADER) as journal:
        note(journal, replace(PLAN, families=("nist",)))
    with pytest.raises(StoreError, match="other plans"):
        merged(shard(tmp_path / "1", 1, 1), other, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_variant_is_absent_if_every_machine_lacks_it(tmp_path: Path) -> None:
    gone = {"numpy-qr-float64-cpu": "not measured: gone"}
    first = shard(tmp_path / "1", 1, 2, absent=gone, refused={"p": "too hard"})
    code, _ = merged(first, shard(tmp_path / "2", 2, 2), out=tmp_path / "out")
    assert code == 0
    assert read_environment(tmp_path / "out")["not measured"] == {}
    both = [shard(tmp_path / f"a{number}", number, 2, absent=gone) for number in (1, 2)]
    _, printed = merged(*both, out=tmp_path / "out2")
    assert read_environment(tmp_path / "out2")["not measured"] == gone
    assert "not measured: gone" in printed


def test_sources_must_be_runs_that_nobody_writes(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="expected the directory of a run"):
        merged(tmp_path / "nowhere", out=tmp_path / "out")
    source = shard(tmp_path / "1", 1, 1)
    with pytest.raises(StoreError, match="both a source and the target"):
        merged(source, out=tmp_path / "." / "1")
    with open_journal(source, HEADER), pytest.raises(StoreError, match="held by a run"):
        merged(source, out=tmp_path / "out")


def test_a_case_that_one_directory_holds_twice_is_named(tmp_path: Path) -> None:
    part = shard(tmp_path / "1", 1, 1)
    lines = (part / JOURNAL).read_bytes().splitlines(keepends=True)
    (part / JOURNAL).write_bytes(b"".join([*lines, lines[-1]]))
    with pytest.raises(StoreError, match="1/journal.jsonl' holds 'polynomial .* twice; .*--repair keeps the first"):
        merged(part, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_lines_are_copied_as_they_are_and_parts_of_lines_where_some_attempts_are_known(tmp_path: Path) -> None:
    whole = shard(tmp_path / "whole", 1, 1)
    lines = (whole / JOURNAL).read_bytes().splitlines()
    known = tmp_path / "known"
    with open_journal(known, HEADER) as journal:
        note(journal, PLAN)
        journal.append(made(key, seconds=9.0) for key in keys(Shard()) if "numpy-qr" in key)
    assert merged(known, whole, out=tmp_path / "out")[0] == 0
    with read_journal(tmp_path / "out") as opened:
        times = {record.key: record.seconds for record in opened.records()}
    assert {key: seconds == 9.0 for key, seconds in times.items()} == {k: "numpy-qr" in k for k in keys(Shard())}
    assert merged(whole, known, out=tmp_path / "out2")[0] == 0
    assert set(lines[5:]) <= set((tmp_path / "out2" / JOURNAL).read_bytes().splitlines())


def test_a_source_that_changes_in_the_meantime_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part, read = shard(tmp_path / "1", 1, 2), merge_module.read_all

    def write_after(directories: list[Path]) -> Any:
        found = read(directories)
        with open_journal(part, HEADER) as journal:
            journal.append([made(keys(Shard(2, 2))[0])])
        return found

    monkeypatch.setattr(merge_module, "read_all", write_after)
    with pytest.raises(StoreError, match="was written to in the meantime; give the same command again"):
        merged(part, out=tmp_path / "out")
    assert not (tmp_path / "out" / JOURNAL).exists()


def test_what_is_compared_of_an_answer_is_all_but_its_times() -> None:
    def mark(record: Record) -> bytes:
        ((_, found),) = marks_of(block([record]))
        return found

    timed = replace(RECORD, seconds=1.0, min_seconds=2.0, first_call_seconds=3.0)
    assert mark(timed) == mark(RECORD)
    changes: tuple[dict[str, Any], ...] = (
        {"verdict": Verdict.WRONG}, {"message": ""}, {"scores": {}}, {"kappa": 2.0}, {"reported_rank": 1}, {"m": 6}
    )  # fmt: skip
    for change in changes:
        assert mark(replace(RECORD, **change)) != mark(RECORD)
