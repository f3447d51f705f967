"""Files and functions as nobody would hand them over end in a page or in one line, and in a listed exit code.

`pytest --slow -k fuzz_given` tries 10,000 files and 3,000 functions, and the tests without the option some of each.
Foreign functions are called in this process here; what they do to a worker, `tests.check.test_hostile` looks at.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.advice import advise
from lamm_robust.check import supervised
from lamm_robust.check.terms import Terms
from lamm_robust.solvers import user
from lamm_robust.values import Answer, Case, Library, Outcome, Problem, Variant
from lamm_robust.workers import attempt as attempts
from tests.support.fuzzed import check

Draw = random.Random

# --- files ------------------------------------------------------------------------------------------------------

NUMBERS = (0, 1, -1, 2, 0.5, -3.25, 1e-3, 7, 1e5, 1.7e9, 1 / 3)
EXTREME = (5e-324, 1e308, -1e-300, float("nan"), float("inf"), -float("inf"), 2**53 + 1, 1e200)
DTYPES = ("f2", "f4", "f8", ">f8", "f16", "i1", "i8", "u8", "?", "c8", "c16", "S3", "U2", "M8[s]", "O")
NAMES = ("A", "A", "A", "b", "b", "X", "y", "w", "sigma", "C", "d", "weights", "z", "x")
TOKENS = (
    *("", " ", "na", "NaN", "inf", "-", "?", "1,5", '"1"', "1e999", "0x1p-3", "1_000", "½", "٣", "true", "north"),
    *(
        "2024-01-05",
        "12:30",
        "1/2/2024",
        "'",
        '"',
        "=1+1",
        "<b>",
        "\x1b[31m",
        "−1",
        "1.",
        ".5",
        "+3",
        "\x00",
        "a" * 300,
    ),
)


def numbers(chance: Draw, shape: tuple[int, ...], wild: float) -> Any:
    """Numbers of a shape; `wild` is the share of extreme ones, and columns are often alike."""
    flat = [chance.choice(EXTREME if chance.random() < wild else NUMBERS) for _ in range(int(np.prod(shape)))]
    found = np.array(flat, dtype=np.float64).reshape(shape)
    if found.ndim == 2 and found.shape[1] > 1 and chance.random() < 0.4:
        with np.errstate(all="ignore"):
            found[:, -1] = found[:, 0] * chance.choice([1, -2, 1e-9]) + chance.choice([0, 0, 1e-12])
    return found


def array(chance: Draw, shape: tuple[int, ...], dtype: str) -> Any:
    found = numbers(chance, shape, chance.choice([0, 0, 0, 0, 0, 0.1]))
    with np.errstate(all="ignore"):
        return np.nan_to_num(found).astype(dtype) if dtype[0] in "iu?M" else found.astype(dtype)


def shape_of(chance: Draw) -> tuple[int, ...]:
    m, n = chance.choice([0, 1, 2, 3, 5, 8]), chance.choice([1, 1, 2, 3, 4, 6])
    return chance.choice([(m, n)] * 20 + [(m,), (), (m, n, 2), (m, 0)])


def problem_arrays(chance: Draw) -> dict[str, Any]:
    """Named arrays, mostly those of a problem."""
    shape = shape_of(chance)
    rows, dtype = shape[:1], chance.choice([*DTYPES, *["f4", "f8"] * 20])
    found = {"A": array(chance, shape, dtype), "b": array(chance, (*rows, 2) if chance.random() < 0.2 else rows, dtype)}
    for _ in range(chance.choice([0, 0, 0, 0, 1, 2])):
        of = chance.choice([rows, rows, shape, shape_of(chance)])
        found[chance.choice(NAMES)] = array(chance, of, chance.choice([dtype, chance.choice(DTYPES)]))
    return {name: value for name, value in found.items() if chance.random() > 0.02}


def npz(chance: Draw, place: Path) -> list[str]:
    np.savez(place / "x.npz", **problem_arrays(chance))
    return ["x.npz"]


def npys(chance: Draw, place: Path) -> list[str]:
    found = list(problem_arrays(chance).values())[:2]
    for number, one in enumerate(found):
        np.save(place / f"{number}.npy", one)
    return [f"{number}.npy" for number in range(len(found))] or ["none.npy"]


def js(chance: Draw, place: Path) -> list[str]:
    content: Any = {name: np.array(v).astype(object).tolist() for name, v in problem_arrays(chance).items()}
    if chance.random() < 0.2:
        content = chance.choice([[], {}, None, [1, 2], [[1], [2, 3]], {"A": {"a": 1}}, {"A": [[None]]}, {"A": "1"}, 3])
    text = json.dumps(content, default=str)
    (place / "x.json").write_text(text if chance.random() < 0.9 else text[: chance.randrange(len(text) + 1)])
    return ["x.json"]


def table(chance: Draw, place: Path) -> list[str]:
    m, n = chance.choice([0, 1, 4, 9]), chance.choice([1, 2, 3, 5])
    delimiter, end = chance.choice(",,,;\t|"), chance.choice(["\n", "\n", "\r\n", "\r"])
    names = [
        chance.choice(["a", "b", "t", "load", "1", "", "é", '"q,r"']) + chance.choice([str(j), ""]) for j in range(n)
    ]
    spoilt = chance.choice([0, 0, 0, 0, 0.05, 0.5])

    def entry() -> str:
        return chance.choice(TOKENS) if chance.random() < spoilt else f"{chance.choice(NUMBERS)}"

    rows = [[entry() for _ in range(n + (chance.random() < 0.01))] for _ in range(m)]
    lines = [delimiter.join(row) for row in ([names] if chance.random() < 0.9 else []) + rows]
    encoding = chance.choice([*["utf-8"] * 6, "utf-8-sig", "utf-16", "latin-1"])
    name = chance.choice(["x.csv", "x.csv", "x.tsv", "x.CSV"])
    (place / name).write_bytes(end.join(lines).encode(encoding, errors="replace"))
    return [name, *(["--target", chance.choice([*names, "none"])] if chance.random() < 0.9 else [])]


def inline(chance: Draw, place: Path) -> list[str]:
    def row() -> str:
        return ",".join(chance.choice(["1", "0", "-2", "0x1p-3", "7", "1e300", "nan", "1/3", "1+2j"]) for _ in range(2))

    return [f"A={';'.join(row() for _ in range(chance.randrange(1, 4)))} b={row()},{chance.choice('12')}"]


SOURCES: tuple[Callable[[Draw, Path], list[str]], ...] = (npz, npz, npys, js, table, table, inline)
USES: tuple[tuple[str, ...], ...] = (
    *(("advise",), ("advise", "--json"), ("advise", "--constant"), ("advise", "--html", "page.html")),
    *(("truth",), ("truth", "--json"), ("truth", "--cov"), ("truth", "--pinv"), ("truth", "--rank", "1")),
    *(("truth", "--ridge", "0.5"), ("truth", "--oracle", "exact"), ("truth", "--oracle", "ball")),
)


def damaged(chance: Draw, path: Path) -> None:
    """Flip bits of a file, or cut it."""
    whole = bytearray(path.read_bytes())
    for _ in range(chance.randrange(1, 4) if whole else 0):
        whole[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
    path.write_bytes(whole[: chance.randrange(len(whole) + 1)] if chance.random() < 0.3 else whole)


def fuzz_files(place: Path, count: int, seed: int) -> Counter[int]:
    chance, codes = Draw(seed), Counter[int]()
    for _ in range(count):
        words, use = chance.choice(SOURCES)(chance, place), chance.choice(USES)
        if chance.random() < 0.1 and (place / words[0]).is_file():
            damaged(chance, place / words[0])
        if "--target" in words and chance.random() < 0.9:  # `truth` takes no table
            use = chance.choice(USES[:4])
        if use[0] == "truth":
            words = words[:1]
        check([use[0], *words, *use[1:]], codes)
    return codes


NEAR = {("numpy", "lstsq"), ("numpy", "normal-lu"), ("scipy", "gelsd"), ("scipy", "gelss-rcond-0")}


def here(
    wanted: Sequence[tuple[Variant, Problem]], absent: dict[str, str], *_: object
) -> Iterator[tuple[Variant, Problem, Outcome]]:
    """Attempts in this process, by two libraries: the others need no more of what is around them."""
    for variant, problem in wanted:
        if variant.library in ("numpy", "scipy") and variant.algorithm in (
            "lstsq",
            "normal-lu",
            "gelsd",
            "gelss-rcond-0",
        ):
            library, solver = catalog.LIBRARY[variant.library], catalog.find_solver(variant)
            yield variant, problem, attempts.attempt(library, solver, problem, "cpu")


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(advise, "attempts", here)
    monkeypatch.setattr(attempts, "BUDGET_SECONDS", 0.0)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_files(near: Path) -> None:
    codes = fuzz_files(near, 250, 11)
    assert set(codes) >= {0, 2}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_files_at_length(near: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = fuzz_files(near, 10_000, 12)
    with capsys.disabled():
        print(f"\n10000 files: exit codes {dict(codes)}")


# --- functions --------------------------------------------------------------------------------------------------


class Evil:
    """An object of which nothing can be learned."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")

    def __len__(self) -> int:
        return -1

    def __repr__(self) -> str:
        raise RuntimeError("no name")


class Holder:
    def __init__(self, x: Any, rank: Any) -> None:
        self.x, self.rank = x, rank


def normal(A: Any, b: Any) -> Any:
    return np.linalg.solve(A.T @ A, A.T @ b)


def raises(error: BaseException) -> Callable[[Any, Any], Any]:
    def function(A: Any, b: Any) -> Any:
        raise error

    return function


BASES: tuple[Callable[[Any, Any], Any], ...] = (
    *[lambda A, b: np.linalg.lstsq(A, b)[0]] * 6,
    *(normal, normal, lambda A, b: np.linalg.pinv(A) @ b, lambda A, b: A.T @ b, lambda A, b: b, lambda A, b: A),
    *(lambda A, b: np.zeros(A.shape[1]), lambda A, b: np.full((A.shape[1], *b.shape[1:]), np.nan), lambda A, b: None),
    *(lambda A, b: "x", lambda A, b: Evil(), lambda A, b: np.linalg.lstsq(A, b), lambda A, b: 1e308 * (A.T @ b)),
    *(raises(ValueError("é\ud800\x1b")), raises(KeyError()), raises(MemoryError()), raises(RecursionError("deep"))),
    *(raises(NotImplementedError("no")), raises(np.linalg.LinAlgError("singular")), raises(StopIteration(Evil))),
)
"""What makes x; or an answer of its own, or an exception."""

FORMS: tuple[Callable[[Any], Any], ...] = (
    *[lambda x: x] * 4,
    *(lambda x: x.tolist(), lambda x: (x,), lambda x: (x, 0, 1, None), lambda x: {"x": x, "rank": 1}, lambda x: {}),
    *(lambda x: Holder(x, 2), lambda x: Holder(Evil(), Evil()), lambda x: np.asmatrix(x), lambda x: x.reshape(-1, 1)),
    *(lambda x: x.astype("f4"), lambda x: x.astype("f2"), lambda x: x.astype("f16"), lambda x: x.astype("c16")),
    *(lambda x: x.astype(object), lambda x: x.astype(str), lambda x: x.astype(">f8"), lambda x: x.astype("M8[s]")),
    *(lambda x: [Fraction(1, 3)] * len(x), lambda x: iter(x), lambda x: memoryview(x), lambda x: x[:-1], lambda x: x.T),
    *(
        lambda x: np.ma.masked_less(x, 0),
        lambda x: x[np.newaxis],
        lambda x: [[1], [1, 2]],
        lambda x: x.flat,
        lambda x: 0,
    ),
    *(lambda x: [x, [x]], lambda x: np.zeros(1, "i4,f8"), lambda x: {"x": {"x": x}}, lambda x: (x for _ in range(2))),
)
"""What x comes back as."""

WHENS: tuple[Callable[[Any, Any], bool], ...] = (
    *[lambda A, b: True] * 4,
    *(lambda A, b: A.shape[0] > A.shape[1], lambda A, b: b.ndim == 2, lambda A, b: bool(A.flags.c_contiguous)),
    *(lambda A, b: bool(A.size % 2), lambda A, b: bool(A.flags.writeable), lambda A, b: not np.isfinite(A).all()),
)


def function(chance: Draw) -> Callable[[Any, Any], Any]:
    """Two bases and a form, and when which of them is used; it may write into what it is given."""
    good, other, form, when = chance.choice(BASES), chance.choice(BASES), chance.choice(FORMS), chance.choice(WHENS)
    writes = chance.random() < 0.1

    def solve(A: Any, b: Any) -> Any:
        if writes:
            b[:] = 0
        return form(good(A, b)) if when(A, b) else other(A, b)

    return solve


KEYS = (
    "raw A=1,1;0x1p-27,0;0,0x1p-27 b=2,1,-1 dtype=float64",
    "raw A=1,2;2,4;0,1 b=1,2,3 dtype=float64",
    "raw A=1,1;1,1;1,1 b=1,2,4 dtype=float64",
    "raw A=1,2,3;4,5,6 b=1,2 dtype=float64",
    "raw A=nan;1 b=1,2 dtype=float64",
    "raw A=0,0;0,0 b=1,2 dtype=float64",
    "raw A=0x1p-1000;0x1p-1000 b=1,2 dtype=float64",
    "spectrum m=3 n=2 mode=geometric log10_cond=8 residual=0.5 direction=random seed=0 dtype=float64",
    "raw A=1,2;2,1 b=1,1e30 dtype=float32",
)
ASKED: tuple[tuple[str, ...], ...] = (
    *[()] * 4,
    *(("--contract", "basic"), ("--contract", "full_rank_only"), ("--strict",), ("--require", "backward-stable")),
    *(("--contract", "pinv"), ("--contract", "rank"), ("--contract", "residual"), ("--contract", "covariance")),
    *(("--contract", "ridge", "--lam", "0.5"), ("--cutoff", "1e-8"), ("--refuses", "KeyError"), ("--max-cond", "1e4")),
    *(("--json", "-"), ("--one-right-side",), ("--columns", "2"), ("--batched",)),
)
WHOLE: tuple[tuple[str, ...], ...] = (
    ("--family", "tall", "--family", "raw"),
    ("--family", "right_sides", "--json", "-", "--require", "forward-stable"),
    ("--family", "raw", "--html", "v.html", "--markdown", "v.md", "--junit", "v.xml", "--badge", "v.svg"),
)


class Here:
    """A pool that makes its attempts in this process."""

    def __init__(self, cases: Sequence[Case], problem: Callable[[Case], Problem], library: Library) -> None:
        self.cases, self.problem, self.library = cases, problem, library
        self.absent: dict[Variant, Exception] = {}

    def __iter__(self) -> Iterator[list[Answer]]:
        for case in self.cases:
            library, problem = self.library, self.problem(case)
            yield [Answer(case, attempts.attempt(library, library.solvers[0], problem, "cpu"))]


def fuzz_functions(monkeypatch: pytest.MonkeyPatch, count: int, seed: int) -> Counter[int]:
    chance, codes = Draw(seed), Counter[int]()
    foreign: Callable[[Any, Any], Any]

    def library_of(target: user.Target, terms: Terms) -> Library:
        promise = terms.promise()
        solve = user.as_solve(foreign, strict=promise.exact_dtype, calling=terms.calling, returns=terms.returns)
        return user.library(target, promise, solve, terms.calling)

    for module in ("only", "supervised"):
        monkeypatch.setattr(f"lamm_robust.check.{module}.library_of", library_of)
        monkeypatch.setattr(f"lamm_robust.check.{module}.worker_opener", lambda library, terms: library)
        monkeypatch.setattr(f"lamm_robust.check.{module}.look_again", in_order)
    monkeypatch.setattr("lamm_robust.check.attempts.Pool", Here)
    monkeypatch.setattr(supervised, "_passes_alone", lambda *_: False)
    monkeypatch.setattr(supervised, "compared", lambda found, *_: found)
    Path("mine.py").write_text("")
    for _ in range(count):
        foreign = function(chance)
        asked = list(chance.choice(ASKED))
        keys = chance.sample(KEYS, chance.choice([1, 2]))
        where = [word for key in keys for word in ("--only", key)] if chance.random() < 0.9 else chance.choice(WHOLE)
        check(["check", "mine.py:solve", *asked, *where], codes)
    return codes


def in_order(answers: dict[Case, Answer], *_: object) -> dict[Case, Outcome]:
    return {case: answer.outcome for case, answer in answers.items()}


@pytest.mark.filterwarnings("ignore")
def test_functions(near: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = fuzz_functions(monkeypatch, 100, 21)
    assert set(codes) >= {0, 1, 2}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")
def test_functions_at_length(near: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    codes = fuzz_functions(monkeypatch, 3_000, 22)
    with capsys.disabled():
        print(f"\n3000 functions: exit codes {dict(codes)}")
