"""The cache gives back what was put there or nothing, whoever writes, is killed, or flips a bit."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from lamm_robust import catalog, generators
from lamm_robust.keys import parse_key
from lamm_robust.runs.plan import grid
from lamm_robust.storage import lookup
from lamm_robust.storage.cache import KEY as MARK
from lamm_robust.storage.cache import (
    OWN,
    TOUCH_SECONDS,
    Cache,
    certificate_name,
    default_directory,
    problem_name,
)
from lamm_robust.storage.lookup import cached_build, cached_oracle
from lamm_robust.storage.packing import pack_certificate, pack_problem, unpack_certificate
from lamm_robust.values import Array, NotCertifiedError, Oracle, ProblemKey, Truncation

NAME, OTHER = "ab" + "0" * 62, "ab" + "1" * 62


def files(directory: Path) -> list[Path]:
    """The blobs, and what killed writers of some have left."""
    return [path for path in directory.rglob("*") if path.is_file() and path.name != MARK]


def age(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def full(path: Path, *_: Any) -> None:
    path.open("ab").close()
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for content in (b"", b"x", os.urandom(100_000)):
        cache.put(NAME, content)
        assert Cache(tmp_path).get(NAME) == content
        assert cache.get(OTHER) is None
    assert cache.size() == (1, 100_022)
    assert str(cache) == f"{tmp_path}: 1 files, 0 of 1024 MiB"


def test_every_flipped_bit_and_every_other_length_is_a_miss_and_goes(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(NAME, b"content")
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    number = int.from_bytes(whole, "big")
    flipped = [(number ^ 1 << bit).to_bytes(len(whole), "big") for bit in range(8 * len(whole))]
    for damaged in (*flipped, *(whole[:end] for end in range(len(whole))), whole + b"\0"):
        path.write_bytes(damaged)
        assert cache.get(NAME) is None
        assert not path.exists()
    path.write_bytes(whole)
    assert cache.get(NAME) == b"content"


def test_a_disk_that_takes_no_more_keeps_no_half(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "write_bytes", full)
    Cache(tmp_path).put(NAME, b"content")
    assert Cache(tmp_path).get(NAME) is None
    assert files(tmp_path) == []


def test_without_a_directory_nothing_is_ever_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for cache in (Cache(None), Cache(tmp_path / "file")):
        cache.put(NAME, b"content")
        cache.trim()
        assert (cache.get(NAME), cache.size()) == (None, (0, 0))


def tree(directory: Path) -> dict[str, bytes]:
    """Every file below a directory but the cache's own."""
    found = (path for path in directory.rglob("*") if path.is_file() and OWN not in path.parts)
    return {str(path.relative_to(directory)): path.read_bytes() for path in found}


def test_a_home_directory_as_the_cache_is_harmless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for name in (
        "ab/notes",
        f"ab/{NAME}",
        ".profile",
        "go/.netrc",
        f"ab/.{NAME}.1.1",
        f"ab/.{NAME}.1.1.tmp",
        ".ssh/id",
    ):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
        age(path, 10**6)
    elsewhere.mkdir()
    (elsewhere / OTHER).write_text("mine")
    monkeypatch.setenv("LAMM_ROBUST_CACHE", str(home))
    cache, before = Cache(default_directory()), tree(tmp_path)
    cache.put(NAME, b"content")
    for name in ("notes", f".{NAME}.1.1", "ff" + "0" * 62):  # in our own directory, too
        (home / OWN / "ab" / name).write_text("mine")
    (home / OWN / "ab" / OTHER).symlink_to(elsewhere / OTHER)
    (home / OWN / "cd").symlink_to(elsewhere)
    (elsewhere / ("cd" + "0" * 62)).write_text("mine")
    before = tree(tmp_path)
    assert cache.size() == (1, 29)
    cache.trim(0)
    cache.get(OTHER)
    cache.put("cd" + "0" * 62, b"content")
    assert tree(tmp_path) == before
    assert cache.get(NAME) is None, "what is ours went"
    left = {path.name for path in (home / OWN / "ab").iterdir()}
    assert left == {"notes", f".{NAME}.1.1", "ff" + "0" * 62, OTHER}


def test_it_says_whether_it_has_grown(tmp_path: Path) -> None:
    Cache(tmp_path).put(NAME, b"content")
    cache = Cache(tmp_path)
    assert cache.get(NAME) == b"content"
    assert not cache.grown, "to read it is not to fill it"
    cache.put(OTHER, b"content")
    assert cache.grown


@pytest.mark.parametrize("linked", [False, True])
def test_what_is_not_marked_as_ours_is_left_alone(tmp_path: Path, linked: bool) -> None:
    place = tmp_path / "elsewhere" if linked else tmp_path / OWN
    (place / "ab").mkdir(parents=True)
    (place / "ab" / NAME).write_text("mine")
    if linked:
        Cache(tmp_path).put(OTHER, b"content")
        shutil.move(tmp_path / OWN / MARK, place / MARK)
        shutil.rmtree(tmp_path / OWN)
        (tmp_path / OWN).symlink_to(place)
    cache = Cache(tmp_path)
    cache.trim(0)
    assert (cache.get(NAME), cache.size()) == (None, (0, 0))
    assert (place / "ab" / NAME).read_text() == "mine"
    if linked:
        cache.put(OTHER, b"content")
        assert not (place / "ab" / OTHER).exists()


def test_blobs_of_another_cache_are_not_believed(tmp_path: Path) -> None:
    one, other = Cache(tmp_path / "1"), Cache(tmp_path / "2")
    one.put(NAME, b"content")
    other.put(OTHER, b"content")
    shutil.copy(one._path(NAME), other._path(NAME))
    assert other.get(NAME) is None
    (tmp_path / "1" / OWN / MARK).write_bytes(b"")  # a power cut: nobody knows its key any more
    again = Cache(tmp_path / "1")
    again.put(OTHER, b"new")
    assert (Cache(tmp_path / "1").get(OTHER), again.get(NAME)) == (b"new", None)


@pytest.mark.timeout(60)
def test_a_pipe_in_the_cache_is_not_waited_for(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(OTHER, b"content")
    os.mkfifo(cache._path(NAME))
    assert cache.get(NAME) is None
    cache.put(NAME, b"content")
    assert cache.get(NAME) == b"content"


PLACES = [
    ("/x/y", "/z", "/x/y"), ("off", "/z", None), ("", "/z", None),
    (None, "/z", "/z/lamm-robust"), (None, "", "/h/.cache/lamm-robust"), (None, None, "/h/.cache/lamm-robust"),
]  # fmt: skip


@pytest.mark.parametrize(("chosen", "base", "expected"), PLACES)
def test_where_it_is(monkeypatch: pytest.MonkeyPatch, chosen: str | None, base: str | None, expected: Any) -> None:
    for name, value in {"LAMM_ROBUST_CACHE": chosen, "XDG_CACHE_HOME": base, "HOME": "/h"}.items():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert default_directory() == (expected and Path(expected))


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LAMM_ROBUST_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", Mock(side_effect=RuntimeError))
    assert default_directory() is None


def filled(directory: Path, count: int) -> tuple[Cache, list[str]]:
    """Blobs of 1,000 bytes, the first the longest unused."""
    cache, names = Cache(directory), [f"{number:02d}" + "0" * 62 for number in range(count)]
    for number, name in enumerate(names):
        cache.put(name, b"x" * 978)
        age(cache._path(name), 10 * TOUCH_SECONDS - number)
    return cache, names


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    cache, names = filled(tmp_path, 20)
    cache.trim(20_000)
    assert cache.size() == (20, 20_000), "there was room"
    assert cache.get(names[0]) is not None
    cache.trim(10_000)
    left = [name for name in names if cache.get(name) is not None]
    assert left == [names[0], *names[-8:]], "a tenth of the limit is made free, and use counts"


@pytest.mark.parametrize(("days", "marked"), [(0.5, False), (1.5, True)])
def test_use_is_marked_once_a_day(tmp_path: Path, days: float, marked: bool) -> None:
    cache, (name,) = filled(tmp_path, 1)
    age(cache._path(name), days * TOUCH_SECONDS)
    assert cache.get(name) is not None
    assert (time.time() - cache._path(name).stat().st_mtime < 0.1 * TOUCH_SECONDS) == marked


def test_what_cannot_be_marked_is_still_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cache, (name,) = filled(tmp_path, 1)
    monkeypatch.setattr(os, "utime", full)
    assert cache.get(name) == b"x" * 978


CONTENTS = {letter * 64: letter.encode() * 50_000 for letter in "01234"}
WRITER = """
import os, random, sys
from pathlib import Path
from lamm_robust.storage import lookup
from lamm_robust.storage.cache import Cache
cache, chance = Cache(Path(sys.argv[1])), random.Random(int(sys.argv[2]))
if sys.argv[4:]:  # to be killed between writing and renaming
    Path.replace = lambda *_: os.kill(os.getpid(), 9)
print("ready", flush=True)
for _ in range(int(sys.argv[3])):
    letter = chance.choice("01234")
    cache.put(letter * 64, letter.encode() * 50_000)
    assert cache.get(letter * 64) == letter.encode() * 50_000, "torn"
"""


def writer(directory: Path, seed: int, count: int, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(directory), str(seed), str(count), *more]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)


def test_writers_at_once_show_whole_blobs_always(tmp_path: Path) -> None:
    writers = [writer(tmp_path, seed, 400) for seed in range(4)]
    assert [(one.communicate()[0], one.returncode) for one in writers] == [("ready\n", 0)] * 4
    assert {path.name: Cache(tmp_path).get(path.name) for path in files(tmp_path)} == CONTENTS


def test_killed_writers_tear_nothing_and_what_they_leave_goes(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for name, content in CONTENTS.items():
        cache.put(name, content)
    for seed in range(8):
        with writer(tmp_path, seed, 10**9, *["die"] * (seed < 2)) as one:
            assert next(iter(one.stdout or ())) == "ready\n"
            if seed >= 2:  # the others kill themselves
                time.sleep(0.007 * seed)  # anywhere in one of some hundred writes
                one.kill()
        assert one.returncode == -9
    left = [path for path in files(tmp_path) if path.name.startswith(".")]
    assert left
    cache.trim()
    assert not [path for path in left if path.exists()]
    assert {name: cache.get(name) for name in CONTENTS} == CONTENTS


def test_what_is_left_of_making_the_key_goes(tmp_path: Path) -> None:
    """By a process that was killed once the key was there, so that no other makes it."""
    cache = Cache(tmp_path)
    cache.put(NAME, b"x")
    left = tmp_path / OWN / f".{MARK}.1.1.tmp"
    os.link(tmp_path / OWN / MARK, left)
    cache.trim()
    assert not left.exists()
    assert Cache(tmp_path).get(NAME) == b"x"


KEY = parse_key("polynomial points=5 degree=2 abscissae=integers seed=0 dtype=float64")


def test_names_depend_on_all_that_decides_the_content() -> None:
    keys = (KEY, ProblemKey(KEY.family, KEY.params, "float32"))
    names = {problem_name(key, code) for key in keys for code in "cd"}
    names |= {certificate_name(digest, oracle, code) for digest in "01" for oracle in "ab" for code in "cd"}
    assert len(names) == 4 + 8


def test_problems_and_certificates_are_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cache, build = Cache(tmp_path), Mock(wraps=catalog.build_problem)
    certify = Mock(wraps=catalog.ORACLES["exact"].certify)
    monkeypatch.setattr(catalog, "build_problem", build)

    def run() -> tuple[str, bytes]:
        problem = cached_build(catalog.build_problem, cache)(KEY)
        certificate = cached_oracle(Oracle("counted", "", certify), cache).certify(problem.A, problem.b)
        return problem.digest, pack_certificate(certificate)

    first, second = run(), run()
    assert (build.call_count, certify.call_count) == (1, 1)
    assert first == second
    assert first[0] == generators.build_problem(KEY).digest
    monkeypatch.setattr(lookup, "code_digest", lambda *_: "edited")
    run()
    assert (build.call_count, certify.call_count) == (2, 2), "other code may make other bits"


@pytest.mark.parametrize("family", ["degenerate", "raw", "right_sides", "nonfinite"])
def test_a_second_look_makes_nothing_again(family: str, tmp_path: Path) -> None:
    """Empty ones, too: of no rows, b has no entries, and still so many right-hand sides."""
    keys = grid("small", "float64", [family])
    for grows in (True, False):
        cache = Cache(tmp_path)
        truths = catalog.truths(cache=cache)
        assert [truths.certify(key) is not None for key in keys] == [True] * len(keys)
        assert cache.grown == grows


def test_why_there_is_no_truncation_is_kept_and_raised_again(tmp_path: Path) -> None:
    def prove(A: Array, b: Array, rank: int) -> Truncation:
        raise NotCertifiedError(f"no gap after {rank}")

    problem, truncate = generators.build_problem(KEY), Mock(wraps=prove)
    for rank in (1, 2, 1, 2):
        oracle = cached_oracle(Oracle("counted", "", Mock(), truncate), Cache(tmp_path))
        assert oracle.truncate
        with pytest.raises(NotCertifiedError, match=f"^no gap after {rank}$"):
            oracle.truncate(problem.A, problem.b, rank)
    assert truncate.call_count == 2


def test_blobs_that_do_not_fit_are_made_again(tmp_path: Path) -> None:
    """Each with the right digest, as a program could write it that knows the key."""
    cache, build, oracle = Cache(tmp_path), catalog.build_problem, catalog.ORACLES["exact"]
    certify = Mock(wraps=oracle.certify)
    look_up, prove = cached_build(build, cache), cached_oracle(replace(oracle, certify=certify), cache)
    problem = look_up(KEY)
    expected = pack_certificate(prove.certify(problem.A, problem.b))
    place = {path.name: path.read_bytes()[22:] for path in files(tmp_path)}
    problem_blob = next(name for name, content in place.items() if content == pack_problem(problem))
    (certificate_blob,) = set(place) - {problem_blob}
    other = build(parse_key("polynomial points=7 degree=2 abscissae=integers seed=0 dtype=float32"))
    strangers = [os.urandom(100), b"", b"{}\n", b"[" * 100_000 + b"\n", b'{"arrays":[["<f8",[1e400]]]}\n']
    for content in [*strangers, pack_problem(other)]:
        cache.put(problem_blob, content)
        assert look_up(KEY).digest == problem.digest
    known = unpack_certificate(expected)
    for content in [
        *strangers,
        *map(pack_certificate, (oracle.certify(other.A, other.b), replace(known, rank=9), replace(known, m=9))),
        pack_certificate(replace(known, x=known.x[:, :1])),
    ]:
        certify.reset_mock()
        cache.put(certificate_blob, content)
        again = prove.certify(problem.A, problem.b)
        assert pack_certificate(replace(again, seconds=known.seconds)) == expected
        assert certify.call_count == 1
