"""Nonsense on the command line, in journals and in configuration files ends in one line and a listed exit code.

`pytest --slow -k fuzz` tries 100,000 of them, and the tests without the option a few hundred of each kind.
"""

from __future__ import annotations

import json
import random
import shutil
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lamm_robust.advice import advise
from lamm_robust.check import only, supervised
from lamm_robust.claims import settle
from lamm_robust.cli import nist
from lamm_robust.hunt import hunt
from lamm_robust.lamm import conduct
from lamm_robust.runs import campaign, cluster, replay, script
from lamm_robust.storage import parquet
from tests.support.fuzzed import check, ended

COMMANDS = (
    *("run", "list", "replay", "truth", "nist", "tables", "merge", "compare", "check", ""),
    *("advise", "hunt", "picture", "site", "claims", "lamm"),
)
OPTIONS = (
    *("--profile", "--precision", "--device", "--solver", "--family", "--oracle", "--out", "--fresh", "--repair"),
    *("--workers", "--case-seconds", "--case-memory", "--shard", "--dask", "--json", "--fail-on", "--expected"),
    *("--contract", "--shapes", "--require", "--only", "--allow", "--refuses", "--columns", "--first-seconds"),
    *("--one-right-side", "--strict", "--rank", "--pinv", "--cov", "--ridge", "--lam", "--arrays", "--batched"),
    *("--script", "--beside", "--max-cond", "--expect", "--suite", "--junit", "--badge", "--html", "--target"),
    *("--constant", "--seconds", "--score", "--edges", "--modes", "--repeat", "--again", "--derivative", "--cutoff"),
    *("--help", "-h", "--version", "--", "-", "--no-such", "--profil", "-x"),
)
KEY = "polynomial points=5 degree=2 abscissae=integers seed=0 dtype=float64 @ numpy-qr-float64-cpu"
VALUES = (
    *("quick", "standard", "full", "float32", "float64", "cpu", "gpu", "all", "numpy", "gelsy", "jax-*", "*", "[", ""),
    *(
        "auto",
        "exact",
        "verified",
        "ball",
        "mpmath",
        "1/1",
        "1/2",
        "2/1",
        "0/0",
        "-1/3",
        "1/٣",
        "1/1e3",
        "0",
        "1",
        "-1",
        "1e309",
        "nan",
    ),
    *("solvers", "families", "oracles", "verdict", "time", "accuracy", "tcp://127.0.0.1:1", "nowhere:x", KEY),
    *(
        KEY.replace("5", "NaN"),
        KEY.replace("=", "=="),
        KEY.partition(" @ ")[0],
        KEY.replace(" @ ", " @"),
        KEY[:40],
        "@",
        " @ ",
        "\x00",
        "é\ud800",
    ),
    *("A=1,2;3,4 b=5,6", "A=1,2;2,4;0,1", "A=1;2 w=1,0", "raw A=1;2 b=1,2 dtype=float64", "A=1 b=", "X=1;٣ y=1,2"),
    *("numpy.linalg:lstsq", "tall,wide", "minimum_norm", "basic", "forward-stable", "silent,ranks", "KeyError"),
    *("@/dev/null", "@/proc/self/mem", "@\x00", "@é\ud800", "@."),
    *("/dev/null", "/proc/self/mem", "/no/such/place", ".", "..", "a" * 5000, "%s%n", "../" * 40, "\x1b[31m", "<b>"),
)


@pytest.fixture
def harmless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What takes long is only reached, not done; everything before it is real."""
    monkeypatch.setattr(campaign, "run", lambda *_: 0)
    monkeypatch.setattr(cluster, "run", lambda *_: 0)
    monkeypatch.setattr(nist, "agreement_table", lambda: "")
    monkeypatch.setattr(replay, "attempt_again", reached)
    monkeypatch.setattr(supervised, "check_target", reached)
    monkeypatch.setattr(only, "attempt_only", lambda *_: [])
    monkeypatch.setattr(advise, "advise", reached)
    monkeypatch.setattr(hunt, "hunt_text", reached)
    monkeypatch.setattr(settle, "settle", reached)
    monkeypatch.setattr(conduct, "conduct", reached)
    monkeypatch.setattr(conduct, "repeat", reached)
    monkeypatch.setattr(script, "that_fails", lambda scripts, _: scripts[0])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def reached(*_: object, **__: object) -> None:
    raise ValueError("reached")


def command_line(chance: random.Random) -> list[str]:
    words = [chance.choice(COMMANDS)]
    for _ in range(chance.randrange(6)):
        words.append(chance.choice(OPTIONS if chance.random() < 0.5 else VALUES))
        if chance.random() < 0.1:
            words[-1] = "".join(chance.sample(words[-1], len(words[-1])))
        if chance.random() < 0.1:
            words[-1] += f"={chance.choice(VALUES)}"
    return words


def fuzz_command_lines(count: int, seed: int) -> Counter[int]:
    chance, codes = random.Random(seed), Counter[int]()
    for _ in range(count):
        check(command_line(chance), codes)
    return codes


def test_command_lines(harmless: Path) -> None:
    codes = fuzz_command_lines(1500, 1)
    assert set(codes) >= {0, 2}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_command_lines_at_length(harmless: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = fuzz_command_lines(60_000, 2)
    with capsys.disabled():
        print(f"\n60000 command lines: exit codes {dict(codes)}")


# --- journals -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small finished run."""
    out = tmp_path_factory.mktemp("finished")
    code, printed = ended(
        ["run", "--solver", "numpy-qr", "--family", "polynomial", "--precision", "float64", "--out", str(out)]
    )
    assert code == 0, printed
    return out


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def flipped(chance: random.Random, lines: list[bytes]) -> bytes:
    """Bits flipped anywhere, and the checksums left as they are."""
    whole = bytearray(b"".join(lines))
    for _ in range(chance.randrange(1, 4)):
        whole[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
    return bytes(whole)


def cut(chance: random.Random, lines: list[bytes]) -> bytes:
    """Pieces left out, doubled, or in another order."""
    whole = b"".join(lines)
    a, b, c = sorted(chance.randrange(len(whole)) for _ in range(3))
    return chance.choice([whole[:a], whole[a:], whole[:a] + whole[b:], whole[:b] + whole[a:], whole[b:c] + whole[:a]])


def reworded(chance: random.Random, lines: list[bytes]) -> bytes:
    """Other contents under right checksums: what another version, or a stranger, might have written."""
    number = chance.randrange(len(lines))
    content = mutated(chance, json.loads(lines[number][9:]))
    text = json.dumps(content).encode()
    return b"".join([*lines[:number], b"%08x %s\n" % (zlib.crc32(text), text), *lines[number + 1 :]])


STRANGE: tuple[Any, ...] = (None, True, -1, 2**70, 1e308, float("nan"), "", "x" * 300, "\ud800", [], {}, [[]], {"a": 1})


def mutated(chance: random.Random, value: Any) -> Any:
    """A JSON value with one thing in it replaced, removed or added."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(list(value))
        if chance.random() < 0.2:
            return {k: v for k, v in value.items() if k != name}
        return value | {name: mutated(chance, value[name])}
    if isinstance(value, list) and value and chance.random() < 0.9:
        place = chance.randrange(len(value))
        if chance.random() < 0.2:
            return value[:place] + value[place + 1 :]
        return [*value[:place], mutated(chance, value[place]), *value[place + 1 :]]
    return chance.choice(STRANGE)


def fuzz_journals(finished: Path, place: Path, count: int, seed: int) -> Counter[int]:
    chance, codes = random.Random(seed), Counter[int]()
    lines = lines_of(finished / "journal.jsonl")
    kinds: tuple[Callable[[random.Random, list[bytes]], bytes], ...] = (flipped, cut, reworded)
    place.mkdir(exist_ok=True)
    for number in range(count):
        (place / "journal.jsonl").write_bytes(kinds[number % len(kinds)](chance, lines))
        check(["tables", str(place)], codes)
        check(["merge", str(place), "--out", str(place / "merged")], codes)
        shutil.rmtree(place / "merged", ignore_errors=True)
    return codes


def test_journals(finished: Path, tmp_path: Path) -> None:
    codes = fuzz_journals(finished, tmp_path / "damaged", 150, 3)
    assert codes[2] > codes.total() // 2


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_journals_at_length(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = fuzz_journals(finished, tmp_path / "damaged", 10_000, 4)
    with capsys.disabled():
        print(f"\n10000 journals, two commands each: exit codes {dict(codes)}")


# --- configuration files and environments ----------------------------------------------------------------------


ENTRIES = """\
[[expected]]
case = "polynomial * @ numpy-qr-float64-cpu"
gate = "verdict"
reason = "known since 2.1"

[[expected]]
case = "spectrum m=30 n=10 *"
gate = "time"
reason = '''more
than a line'''
"""
PIECES = (
    *ENTRIES.split("\n"),
    "[expected]",
    "case = 3",
    "gate = [1, 2]",
    "=",
    "]",
    "\x00",
    '"""',
    "é",
    "\ud800",
    "[" * 2000,
)


def configuration(chance: random.Random) -> bytes:
    """Something like a list of expected failures."""
    lines = ENTRIES.split("\n")
    for _ in range(chance.randrange(4)):
        place = chance.randrange(len(lines))
        lines[place : place + chance.randrange(3)] = [chance.choice(PIECES)]
    text = bytearray("\n".join(lines).encode(errors="surrogatepass"))
    for _ in range(chance.choice([0, 0, 1, 5])):
        text[chance.randrange(len(text))] = chance.randrange(256)
    return bytes(text)


def fuzz_configurations(finished: Path, place: Path, count: int, seed: int) -> Counter[int]:
    chance, codes = random.Random(seed), Counter[int]()
    place.mkdir()
    for _ in range(count):
        (place / "expected.toml").write_bytes(configuration(chance))
        check(
            [
                "compare",
                str(finished),
                str(finished),
                "--fail-on",
                "verdict",
                "--expected",
                str(place / "expected.toml"),
            ],
            codes,
        )
    return codes


def fuzz_environments(finished: Path, place: Path, count: int, seed: int) -> Counter[int]:
    """What `compare` reads besides the records, with other contents and a right checksum."""
    chance, codes = random.Random(seed), Counter[int]()
    shutil.copytree(finished, place)
    environment = json.loads((place / parquet.ENVIRONMENT).read_text())
    for _ in range(count):
        (place / parquet.ENVIRONMENT).write_text(json.dumps(mutated(chance, environment)))
        parquet.write_manifest(place)
        check(["compare", str(place), str(finished), "--fail-on", "time"], codes)
    return codes


def test_configurations_and_environments(finished: Path, tmp_path: Path) -> None:
    codes = fuzz_configurations(finished, tmp_path / "toml", 150, 5)
    assert set(codes) == {1, 2}  # nothing got worse, so that what is expected does not happen
    assert fuzz_environments(finished, tmp_path / "environment", 150, 6)[0]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_configurations_and_environments_at_length(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = fuzz_configurations(finished, tmp_path / "toml", 15_000, 7)
    codes += fuzz_environments(finished, tmp_path / "environment", 5_000, 8)
    with capsys.disabled():
        print(f"\n20000 configurations and environments: exit codes {dict(codes)}")
