"""The cache gives back what was put there or nothing, whoever writes, is killed, or flips a bit."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lamm_robust import cache as cache_module
from lamm_robust import catalog
from lamm_robust.cache import Cache, certificate_name, default_directory, problem_name
from lamm_robust.values import Array, Certificate, Oracle, Problem, ProblemKey

ROOT = Path(__file__).parents[1]
NAME, OTHER = "ab" + "0" * 62, "ab" + "1" * 62


def only(directory: Path) -> Path:
    (path,) = (path for path in directory.rglob("*") if path.is_file())
    return path


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for content in (b"", b"x", os.urandom(100_000)):
        cache.put(NAME, content)
        assert cache.get(NAME) == content
        assert cache.get(OTHER) is None
    assert cache.size() == (1, 100_010)


def test_every_flipped_bit_is_a_miss_and_goes(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(NAME, b"content")
    path = only(tmp_path)
    whole = path.read_bytes()
    for position in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[position // 8] ^= 1 << position % 8
        path.write_bytes(damaged)
        assert cache.get(NAME) is None
        assert not path.exists()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        assert cache.get(NAME) is None
    path.write_bytes(whole)
    assert cache.get(NAME) == b"content"


def test_without_a_directory_nothing_is_ever_there() -> None:
    cache = Cache(None)
    cache.put(NAME, b"x")
    cache.trim()
    assert (cache.get(NAME), cache.size()) == (None, (0, 0))


def test_a_disk_that_does_not_take_it_costs_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as stream:
            stream.write(data[:5])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        cache.put(NAME, b"content")
    assert cache.get(NAME) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [], "no half of it is left"
    (tmp_path / "file").write_text("")
    blocked = Cache(tmp_path / "file")
    blocked.put(NAME, b"content")
    assert blocked.get(NAME) is None


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LAMM_ROBUST_CACHE": "/x/y"}, "/x/y"),
        ({"LAMM_ROBUST_CACHE": "off"}, None),
        ({"LAMM_ROBUST_CACHE": ""}, None),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/lamm-robust"),
        ({"XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/lamm-robust"),
        ({"HOME": "/h"}, "/h/.cache/lamm-robust"),
    ],
)
def test_where_it_is(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str | None) -> None:
    for name in ("LAMM_ROBUST_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert default_directory() == (None if expected is None else Path(expected))


# --- room -----------------------------------------------------------------------------------------------------------


def filled(directory: Path, count: int) -> tuple[Cache, list[str]]:
    """Blobs of 1,000 bytes, the first the longest unused."""
    cache, names = Cache(directory), [f"{number:02d}" + "0" * 62 for number in range(count)]
    for number, name in enumerate(names):
        cache.put(name, b"x" * 990)
        path = cache._path(name)
        os.utime(path, (1e9 + number, 1e9 + number))
    assert cache.size() == (count, 1000 * count)
    return cache, names


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    cache, names = filled(tmp_path, 20)
    cache.trim(20_000)
    assert cache.size()[0] == 20, "there was room"
    cache.trim(10_000)
    left = [name for name in names if cache.get(name) is not None]
    assert left == names[-9:], "a tenth of the limit is made free"


def test_use_counts(tmp_path: Path) -> None:
    cache, names = filled(tmp_path, 10)
    assert cache.get(names[0]) is not None
    cache.trim(5_000)
    assert [cache.get(name) is not None for name in names[:2]] == [True, False]


def test_what_killed_writers_left_goes_when_it_is_old(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(NAME, b"content")
    old, new = (only(tmp_path).with_name(f".{NAME}.{n}") for n in "12")
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 2 * cache_module.STALE,) * 2)
    cache.trim()
    assert (old.exists(), new.exists(), cache.size()[0]) == (False, True, 1)


# --- many at once ----------------------------------------------------------------------------------------------------

WRITER = """
import random, sys
from pathlib import Path
from lamm_robust.cache import Cache
cache, chance = Cache(Path(sys.argv[1])), random.Random(int(sys.argv[2]))
print("ready", flush=True)
for _ in range(int(sys.argv[3])):
    number = chance.randrange(5)
    name, content = f"{number:064d}", bytes([number]) * (20_000 * (number + 1))
    if chance.random() < 0.5:
        cache.put(name, content)
    else:
        found = cache.get(name)
        assert found is None or found == content, "torn"
"""


def writer(directory: Path, seed: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(directory), str(seed), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_writers_at_once_never_show_a_torn_blob(tmp_path: Path) -> None:
    writers = [writer(tmp_path, seed, 600) for seed in range(4)]
    assert [one.wait() for one in writers] == [0] * 4
    for one in writers:
        one.communicate()
    assert Cache(tmp_path).size()[0] == 5


def test_killed_writers_leave_no_torn_blob(tmp_path: Path) -> None:
    chance = random.Random(4)
    for seed in range(8):
        with writer(tmp_path, seed, 10**9) as one:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.0, 0.05))
            one.send_signal(signal.SIGKILL)
    cache = Cache(tmp_path)
    for number in range(5):
        assert cache.get(f"{number:064d}") in (None, bytes([number]) * (20_000 * (number + 1)))


# --- problems and certificates ----------------------------------------------------------------------------------------

KEY = catalog.parse_key("polynomial points=5 degree=2 abscissae=integers seed=0 dtype=float64")


def test_names_depend_on_all_that_decides_the_content() -> None:
    other = ProblemKey(KEY.family, KEY.params, "float32")
    names = [problem_name(KEY, "c"), problem_name(KEY, "d"), problem_name(other, "c")]
    names += [certificate_name("0" * 64, "exact", "c"), certificate_name("0" * 64, "mpmath", "c")]
    names += [certificate_name("1" * 64, "exact", "c"), certificate_name("0" * 64, "exact", "d")]
    assert len(set(names)) == len(names)
    assert all(len(name) == 64 for name in names)


def test_problems_and_certificates_are_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[str] = []

    def certify(A: Array, b: Array) -> Certificate:
        made.append("certificate")
        return catalog.ORACLES["exact"].certify(A, b)

    def run() -> tuple[str, Certificate]:
        cache = Cache(tmp_path)
        problem = catalog.cached_build(cache)(KEY)
        return problem.digest, catalog.cached_oracle(Oracle("counted", "", certify), cache).certify(
            problem.A, problem.b
        )

    build = catalog.build_problem

    def counted(key: ProblemKey) -> Problem:
        made.append("problem")
        return build(key)

    monkeypatch.setattr(catalog, "build_problem", counted)
    first, second = run(), run()
    assert made == ["problem", "certificate"]
    assert first[0] == second[0] == build(KEY).digest
    assert first[1].x.tobytes() == second[1].x.tobytes()
    assert (first[1].kappa, first[1].x_radius) == (second[1].kappa, second[1].x_radius)
    monkeypatch.setattr(catalog, "code", lambda *_: "edited")
    run()
    assert made == ["problem", "certificate"] * 2, "other code may make other bits"
