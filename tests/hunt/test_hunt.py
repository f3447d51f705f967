"""The searches on landscapes whose peaks are known, the shrinker, and hunts for solvers that are known to fail."""

from __future__ import annotations

import errno
import math
import os
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lamm_robust import catalog
from lamm_robust.cli.main import main
from lamm_robust.hunt import search
from lamm_robust.hunt.html import hunt_html
from lamm_robust.hunt.hunt import Catch, hunt, prey, severity
from lamm_robust.hunt.quarry import known
from lamm_robust.keys import parse_key
from lamm_robust.scoring.limits import threshold
from lamm_robust.storage import findings
from lamm_robust.storage.findings import DISASTER, SILENT
from lamm_robust.values import Deficiency, ProblemKey, Record, Regime, Verdict
from tests.support.pages import read

SPECTRUM, EXACT_RANK = catalog.FAMILIES["spectrum"], catalog.FAMILIES["exact_rank"]
TRIES = 300
"""Seconds of a hunt, by the clock of these tests; half of them are enough for all that is found below."""


class Clock:
    """A clock that a try moves by one second and nothing else: a slow machine tries as much as a fast one."""

    def __init__(self) -> None:
        self.tries = 0

    def monotonic(self) -> float:
        return float(self.tries)

    def tick(self) -> float:
        self.tries += 1
        return float(self.tries)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Searches look at the clock once before each try."""
    clock = Clock()
    monkeypatch.setattr("lamm_robust.hunt.hunt.time", clock)
    monkeypatch.setattr("lamm_robust.hunt.search.time", SimpleNamespace(monotonic=clock.tick))
    return clock


class Landscape:
    """A severity that remembers the highest point it was asked about, and is asked so often at most."""

    def __init__(self, height: Callable[[dict[str, float]], float], patience: int) -> None:
        self.height, self.best, self.asked, self.patience = height, -math.inf, 0, patience
        self.where: ProblemKey | None = None

    def __call__(self, key: ProblemKey) -> float:
        if self.asked == self.patience:
            raise search.OutOfTimeError
        bad = self.height(dict(key.params))  # type: ignore[arg-type]
        self.asked += 1
        if bad > self.best:
            self.best, self.where = bad, key
        return bad


def peak(params: dict[str, float]) -> float:
    """At log10_cond = 7 and a residual of 0.3, and nowhere else near it."""
    return -abs(params["log10_cond"] - 7) - abs(math.log10(params["residual"] + 1e-30) - math.log10(0.3))


def test_evolution_finds_a_peak_between_the_points_of_every_grid() -> None:
    land = Landscape(peak, 3000)
    search.evolve(SPECTRUM, "float64", land)
    assert land.best > -0.3
    assert isinstance(dict(land.where.params)["m"], int)  # type: ignore[union-attr]


def test_what_is_partly_words_is_chosen_and_not_interpolated() -> None:
    raw = catalog.FAMILIES["raw"]
    grid = list(raw.grid("standard", "float64"))
    assert set(search.ranges(raw, "float64")["A"]) == {params["A"] for params in grid}
    tried: list[ProblemKey] = []

    def note(key: ProblemKey) -> float:
        tried.append(key)
        if len(tried) == 200:
            raise search.OutOfTimeError
        return 0.0

    search.evolve(raw, "float64", note)
    assert {dict(key.params)["b"] for key in tried} <= {params["b"] for params in grid}
    assert len({str(key) for key in tried}) > 20


def test_a_family_of_one_problem_is_tried_once() -> None:
    only = next(iter(SPECTRUM.grid("small", "float64")))
    tried: list[ProblemKey] = []

    def note(key: ProblemKey) -> float:
        tried.append(key)
        return 0.0

    search.evolve(replace(SPECTRUM, grid=lambda *_: iter([only])), "float64", note)
    assert [dict(key.params) for key in tried] == [only]


def test_climbing_finds_what_is_rare() -> None:
    land = Landscape(lambda params: params["log10_cond"] + params["m"] / 10 - params["n"], 700)
    search.climb([SPECTRUM], "float64", land)
    assert land.best > 14
    assert land.asked == 700


def test_a_search_ends_with_its_budget_and_passes_errors_on(clock: Clock) -> None:
    land = Landscape(lambda _: 0.0, 1000)
    search.climb([SPECTRUM], "float64", search.with_deadline(land, 20.0))
    assert (land.asked, clock.tries) == (20, 21)
    with pytest.raises(search.OutOfTimeError):
        search.with_deadline(lambda _: 0.0, 20.0)(ProblemKey("spectrum", (), "float64"))


def test_shrinking_makes_one_parameter_simpler_at_a_time() -> None:
    text = "spectrum m=30 n=17 mode=geometric log10_cond=13 residual=0.37 direction=random seed=4711 dtype=float64"
    key = parse_key(text)
    found = dict(search.shrink(key, lambda tried: dict(tried.params)["n"] >= 5, SPECTRUM).params)  # type: ignore[operator]
    assert (found["m"], found["n"], found["log10_cond"], found["residual"], found["seed"]) == (0, 5, 0, 0.0, 0)
    unchanged = search.shrink(key, lambda tried: False, SPECTRUM)
    assert unchanged == key


def test_smaller_shapes_come_in_order_with_every_rank() -> None:
    key = parse_key("exact_rank m=3 n=2 rank=2 log2_cond=0 residual=0.0 seed=99 dtype=float64")
    tried = [dict(smaller.params) for smaller in search.smaller_problems(key)]
    sizes = [int(params["m"]) * int(params["n"]) for params in tried]
    assert sizes == sorted(sizes)
    assert {(params["m"], params["n"], params["rank"]) for params in tried} == {
        *((1, 1, 1), (1, 2, 1), (2, 1, 1), (3, 1, 1), (2, 2, 1), (2, 2, 2)),
    }
    assert {params["seed"] for params in tried} == set(range(search.SEEDS))
    assert list(search.smaller_problems(parse_key("nist dataset=Norris dtype=float64"))) == []


@pytest.mark.parametrize(
    ("value", "usual", "expected"),
    [
        (9, 0, [0, 1, 2, 4, 7, 8]),
        (1, 0, [0]),
        (0, 0, []),
        (-3, 0, [0, -1]),
        ("odd", "usual", ["usual"]),
        ("usual", "usual", []),
        (0.37, 0.0, [0.0, 0.1]),
        (0.1, 0.0, [0.0]),
        (3.0, 0.0, [0.0, 1.0]),
    ],
)
def test_simplifications(value: float | str, usual: float | str, expected: list[float | str]) -> None:
    assert list(search.simplifications(value, usual)) == expected
    assert all(type(tried) is type(value) for tried in search.simplifications(value, usual))


def caught(solver: str, score: str, family: str, tries: int = TRIES) -> Catch:
    with prey(known(solver), score, catalog.find_oracle("auto")) as hunted:
        found = hunt(hunted, [catalog.FAMILIES[family]], tries)
    assert found is not None
    return found


def test_normal_equations_fail_in_silence_somewhere_small() -> None:
    found = caught("numpy-normal-lu-float64-cpu", SILENT, "spectrum")
    assert found.worst.verdict == found.shrunk.verdict == "wrong"
    assert found.shrunk.m * found.shrunk.n <= 8
    assert found.shrunk.kappa > 1e7
    assert found.tried > 1


def test_a_good_solver_stays_good() -> None:
    found = caught("numpy-qr-float64-cpu", "backward_error", "spectrum")
    assert 0.1 < found.worst.scores["backward_error"] < threshold("float64", found.worst.m, found.worst.n)
    assert found.shrunk.scores["backward_error"] >= found.worst.scores["backward_error"] ** 0.5 * 0.999


def test_gelsy_at_exact_rank_deficiency() -> None:
    found = caught("scipy-gelsy-float64-cpu", SILENT, "exact_rank")
    assert found.worst.verdict == "wrong"
    assert found.shrunk.regime == "deficient"


def test_what_was_left_out_is_said() -> None:
    left_out = invoke("hunt", "numpy-lstsq-float64-cpu", "--seconds", TRIES, "--family", "nonfinite")
    assert left_out.exit_code == 4
    assert "takes none of the problems of these families; empty matrices, extreme scales, NaN and ∞ were left out" in (
        left_out.stderr
    )


def test_a_hunt_without_time_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that the solver takes none of the problems, as it did on a machine too busy to start a worker in time."""

    def out_of_time(_: ProblemKey) -> float:
        raise search.OutOfTimeError

    monkeypatch.setattr(search, "with_deadline", lambda *_: out_of_time)
    late = invoke("hunt", "numpy-lstsq-float64-cpu", "--seconds", 2, "--family", "raw")
    assert late.exit_code == 4
    assert "no problem could be tried within 2 s; give the hunt more --seconds" in late.stderr


def test_only_what_was_attempted_counts_as_tried() -> None:
    with prey(known("numpy-qr-float64-cpu"), "backward_error", catalog.find_oracle("auto")) as hunted:
        found = hunt(hunted, [catalog.FAMILIES["raw"]], TRIES)
    assert found is not None
    attempted = [record for _, record in hunted.seen.values() if record is not None]
    assert found.tried == len(attempted) < len(hunted.seen)


def test_severity() -> None:
    found = caught("numpy-qr-float64-cpu", "forward_error", "exact_rank", tries=100).worst
    assert severity(found, "forward_error") == pytest.approx(math.log10(found.scores["forward_error"]))
    assert severity(with_scores(found, {}), "forward_error") == search.LOWEST
    assert severity(with_scores(found, {"forward_error": math.inf}), "forward_error") == -search.LOWEST
    assert severity(with_scores(found, {"forward_error": 100.0}, Verdict.WRONG), SILENT) == DISASTER + 2
    assert severity(with_scores(found, {"forward_error": 100.0}, Verdict.INACCURATE), SILENT) == 2
    apart = with_scores(found, {"forward_error": 100.0, "backward_error": 10.0})
    assert severity(replace(apart, verdict=Verdict.OUT_OF_CONTRACT), SILENT) == search.LOWEST
    assert severity(replace(apart, regime=Regime.AMBIGUOUS), "forward_error") == search.LOWEST
    many = replace(apart, promises=Deficiency.BASIC, rank=found.n - 1)
    assert severity(many, "forward_error") == search.LOWEST
    assert severity(many, SILENT) == 1


def with_scores(found: Record, scores: dict[str, float], verdict: Verdict = Verdict.INACCURATE) -> Record:

    return replace(found, scores=scores, verdict=verdict)


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_page_of_a_hunt_shows_all_that_was_tried_and_the_simplest_to_the_last_bit(tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    arguments = ("--seconds", TRIES, "--family", "spectrum", "--out", tmp_path / "worst", "--html", out)
    result = invoke("hunt", "numpy-normal-lu-float64-cpu", *arguments)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == f"a page to look at: {out}"
    html = out.read_text(encoding="utf-8")
    root = read(html)
    (hunted,) = findings.read_all(tmp_path / "worst")
    words = root.one("main").text
    assert words.startswith(f"{hunted.tried} problems tried, ")
    assert {hunted.worst.said, hunted.shrunk.said} <= {p.text for p in root.all("p")}
    by_family = list(root.all("table"))[-1]
    assert sum(int(cell.text or 0) for cell in by_family.all("td")) == hunted.tried
    assert re.findall(r"(\d+) wrong in silence", words) == [next(by_family.all("td", **{"class": "silent"})).text]
    problem = catalog.build_problem(parse_key(hunted.shrunk.problem))
    rows = list(root.all("table"))[-2].one("tbody").all("tr")
    b = problem.b.reshape(len(problem.A), -1)
    assert [[float(cell.text) for cell in row.all("td")] for row in rows] == np.hstack([problem.A, b]).tolist()
    assert "default-src 'none'" in html
    assert not list(root.all("script"))
    dots = [path for path in root.one("svg").all("path") if "dots" in path.attributes["class"]]
    assert "dots silent" in [path.attributes["class"] for path in dots]
    assert 1 < sum(path.attributes["d"].count("M") for path in dots) <= hunted.tried


def test_a_hunt_of_problems_without_kappa_has_a_page_without_a_picture() -> None:
    found = caught("numpy-qr-float64-cpu", "forward_error", "exact_rank", tries=100).worst
    bare = replace(found, kappa=math.nan, kappa_columns=math.nan, m=100)
    page = read(hunt_html(known("numpy-qr-float64-cpu"), [("The worst", "a sentence", bare)], [bare]))
    assert not list(page.all("svg"))
    assert len(list(page.all("table"))) == 1


def test_the_command_prints_what_replays_and_keeps_it(tmp_path: Path) -> None:
    out = tmp_path / "worst"
    result = invoke("hunt", "numpy-normal-lu-float64-cpu", "--seconds", TRIES, "--family", "spectrum", "--out", out)
    assert result.exit_code == 0, result.output
    assert f"kept in {out}" in result.output
    (hunted,) = findings.read_all(out)
    assert hunted.worst.problem in result.output
    assert hunted.shrunk.said in (out / "README.md").read_text()
    (key, *_) = re.findall(r"lamm-robust replay '(.*)'", result.output)
    replayed = invoke("replay", key)
    assert "verdict   wrong" in replayed.output
    assert "problem('spectrum m=" in result.output
    assert "the worst, and the simplest that is wrong in silence, too:" in result.output


def test_a_full_disk_does_not_cost_the_catch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    result = invoke(
        "hunt", "numpy-normal-lu-float64-cpu", "--seconds", TRIES, "--family", "exact_rank", "--out", tmp_path
    )
    assert result.exit_code == 3
    assert re.search(r"lamm-robust replay '.*'", result.stdout)
    assert "cannot write" in result.stderr
    assert "No space left" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["numpy-lstq-float64-cpu"],
            "unknown solver 'numpy-lstq-float64-cpu'; did you mean 'numpy-lstsq-float64-cpu'?",
        ),
        (
            ["numpy-qr-float64-cpu", "--score", "backwards"],
            "unknown metric 'backwards'; did you mean 'backward_error'?",
        ),
        (["numpy-qr-float64-cpu", "--family", "spektrum"], "unknown family 'spektrum'; did you mean 'spectrum'?"),
        (["scipy-gelsx"], "unknown solver 'scipy-gelsx'; did you mean 'scipy-gels'?"),
        (["numpy-qr", "--html", "no/page.html"], "--html no/page.html: there is no directory 'no'"),
        (["jax-qr-float64-gpu"], "not measured: no GPU found"),
    ],
)
def test_bad_input_is_named(arguments: list[str], sentence: str) -> None:
    result = invoke("hunt", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_is_found_does_not_go_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    result = invoke("hunt", "numpy-qr-float64-cpu", "--seconds", TRIES, "--out", tmp_path / "file")
    assert result.exit_code == 2
    assert "is a file" in result.stderr
    assert (tmp_path / "file").read_text() == "mine"


# --- a function of the user's own -----------------------------------------------------------------------------

MINE = """
import numpy as np


def solve(A, b):
    return np.linalg.solve(A.T @ A, A.T @ b)
"""


def test_a_function_of_ones_own_is_hunted_and_its_command_shows_the_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(MINE)
    asked = ("hunt", "mine.py:solve", "--contract", "full_rank_only", "--family", "spectrum", "--seconds", TRIES)
    result = invoke(*asked, "--script")
    assert result.exit_code == 0, result.output
    (*_, line) = re.findall(r"lamm-robust (check mine\.py:solve .*)", result.stdout)
    checked = invoke(*shlex.split(line))
    assert checked.exit_code == 1
    assert "verdict   wrong" in checked.stdout
    script = result.stdout[result.stdout.index("import ") :]
    assert "lamm_robust" not in script
    with pytest.raises(AssertionError):
        exec(script, {})
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".py" and path.name != "__pycache__"] == []
    kept = invoke(*asked, "--out", "found")
    assert kept.stdout.endswith("kept in found\n")
    (hunted,) = findings.read_all(Path("found"))
    assert hunted.solver == "yours-solve-float64-cpu"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.py:solve"], "there is no file 'nowhere.py', which 'nowhere.py:solve' names"),
        (["mine.py:other"], "mine.py:other in float64 cannot be used: there is no 'other' in it"),
        (["mine.py:three"], "mine.py:three in float64 cannot be used: three(A, b, c) cannot be called as f(A, b): "),
        (["gelsy", "--contract", "basic"], "are about a function of yours; 'gelsy' is a name"),
        (["mine.py:solve", "--shapes", "round"], "--shapes has 'round'; accepted are tall, square, wide"),
    ],
)
def test_a_function_that_is_not_there_is_named(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(f"{MINE}\n\ndef three(A, b, c):\n    return c\n")
    result = invoke("hunt", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
