"""A study of LAMM: targets as announced, scores against truth, and a page whose words come from the numbers."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lamm_robust.cli.main import main
from lamm_robust.lamm.accuracy import numerical_rank, score_systems
from lamm_robust.lamm.conduct import FOUND, rewrite, study
from lamm_robust.lamm.digest import endings, interval, level, rank_range
from lamm_robust.lamm.mesh import mesh
from lamm_robust.lamm.page import overview, page, rest
from lamm_robust.lamm.plot import curve, plots
from lamm_robust.lamm.race import race
from lamm_robust.lamm.records import (
    PROFILES,
    SOLVERS,
    TARGETS,
    Course,
    Race,
    Run,
    Size,
    dump,
    load,
    parse_run,
    tasks,
)
from lamm_robust.lamm.result import Systems
from lamm_robust.lamm.targets import TARGETS as KINDS
from lamm_robust.lamm.targets import problem
from lamm_robust.lamm.words import words
from lamm_robust.values import Precision

RUN = Run(
    modes=4,
    target="random",
    start=0,
    solver="jax-qr",
    driver="compiled",
    precision="float64",
    directions=9,
    status="REACHED",
    magnitude=(1.0, 0.1, 1e-6),
    accepted=2,
    seconds=0.002,
    rank_reported=(),
    rank_seen=(8, 9),
    kappa=(1e3, 1e5),
    forward=(0.1, 0.2),
    backward=(0.5, 1.5),
    uncertified=0,
)
RACE = Race(4, 9, 100, 10, 200, "float64", "jax-qr", 0.4, 200, 0.1, 1000, 0.05, 3.0, 10, 98, 97, 0.2, 100)
WHERE: dict[str, Any] = {"planned": 2, "processor": "a processor", "device": "cpu", "jax": "1", "numpy": "2"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_targets_are_what_they_say(kind: Any, precision: Precision) -> None:
    phases, delta = problem(kind, 4, 3)
    assert phases.dtype == delta.dtype == np.dtype(precision)
    wanted = np.asarray(mesh(4)(phases), np.float64) + delta
    total = 0.5 if kind.name == "lossy" else 1.0
    for axis in (0, 1):
        assert np.allclose(wanted.sum(axis=axis), total, rtol=0, atol=1e-5)
    entries = {"permutation": 4, "identity": 4, "sparse": 8}.get(kind.name, 16)
    assert (np.abs(wanted) > 1e-5).sum() == entries
    assert kind.reachable == (kind.name != "lossy")
    assert (np.linalg.norm(delta) < 0.5) == (kind.name == "small")
    assert np.array_equal(delta, problem(kind, 4, 3)[1])
    assert not np.array_equal(delta, problem(kind, 4, 4)[1])


def test_names_of_targets_are_known_without_jax() -> None:
    assert tuple(kind.name for kind in KINDS) == TARGETS


def test_a_standard_study_has_what_was_announced() -> None:
    sizes = PROFILES["standard"]
    assert [size.modes for size in sizes] == [4, 8, 16]
    assert [size.directions for size in sizes] == [(4, 9, 12), (24, 49, 56), (225,)]
    assert [size.starts for size in sizes[:2]] == [20, 20]
    assert len(TARGETS) >= 4
    assert len(SOLVERS) >= 6
    every = tasks(sizes, None, TARGETS)
    assert len(every) == (3 * 7 + 1) + (3 * 5 + 1) + (2 + 1)  # the baseline takes all directions, once
    assert {task.starts for task in every if task.solver == "numpy-dropping"} == {20, 4}  # the original loop is slow


def test_accuracy_is_measured_against_truth(precision: Precision) -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(3, 8, 3)).astype(precision)
    delta = generator.normal(size=(3, 8)).astype(precision)
    right = np.stack([np.linalg.lstsq(A, b)[0] for A, b in zip(X, delta, strict=True)])
    answers = right.copy()
    answers[1] *= 1.001
    answers[2] = np.nan
    found = score_systems(Systems(X, delta, answers), precision)
    assert found.rank == [3, 3, 3]
    assert len(found.kappa) == 3
    scores = sorted(found.backward)
    u = np.finfo(precision).eps / 2
    assert scores[0] < 20  # LAPACK's
    assert 1e-5 / u < scores[1] < 1e-2 / u
    assert scores[2] == math.inf
    assert sorted(found.forward)[0] < 20
    assert score_systems(None, precision).kappa == []


def test_a_rank_is_seen_at_the_precision_of_the_matrix() -> None:
    A = np.diag([1.0, 1e-5, 1e-9])
    assert numerical_rank(A) == 3
    assert numerical_rank(A.astype(np.float32)) == 2
    eps = np.finfo(np.float64).eps
    long = np.zeros((40, 2))
    for share, rank in ((30, 1), (50, 2)):  # of σ₁, in eps: below and above max(m, n)
        long[0, 0], long[1, 1] = 1, share * eps
        assert numerical_rank(long) == rank


def test_lines_come_back_as_they_went() -> None:
    odd = replace(RUN, backward=(math.inf, 1.0), magnitude=(1.0, math.nan))
    found = load(dump(odd))
    assert isinstance(found, Run)
    assert math.isnan(found.magnitude[1])
    assert replace(found, magnitude=()) == replace(odd, magnitude=())
    assert load(dump(RACE)) == RACE
    assert "NaN" not in dump(odd)


def test_the_words_say_what_the_numbers_say() -> None:
    missed = replace(RUN, solver="jax-normal-lu", status="STALLED", magnitude=(1.0, 0.5), backward=(1e7, math.inf))
    silent = replace(RUN, solver="jax-normal-cholesky", status="NO_SOLUTION", directions=12, magnitude=(1.0, 1.0))
    lossy = replace(RUN, target="lossy", status="STALLED", magnitude=(1.0, 0.6))
    said = "\n".join(words([RUN, missed, silent, lossy]))
    assert "9 directions (at (N−1)²): from 0 of 1 times (`jax-normal-lu`) to 1 (`jax-qr`)" in said
    tied = "\n".join(words([RUN, missed, replace(RUN, solver="jax-pinv"), replace(missed, solver="jax-lstsq")]))
    assert "from 0 of 1 times (`jax-normal-lu`, `jax-lstsq`) to 1 (`jax-qr`, `jax-pinv`)" in tied
    assert "1 of 2 runs arrived with 9 (at (N−1)²), after 1.5 steps in the median; 0 of 1 runs arrived with 12" in said
    assert "`jax-normal-cholesky` in 1 of its runs (1 with N = 4, 12 directions, float64)" in said
    assert "`jax-normal-lu` ∞ and 1e7, and none at all 1 times" in said  # no answer is no small error
    assert "of 1 runs to half of the power, 0 claimed to arrive; the nearest came to 0.600000" in said
    pinv = replace(RUN, solver="jax-pinv")
    assert (
        "**Seeing the rank**, N = 4, with (N−1)² directions or more: 1 of 1 runs of solvers that take small singular "
        "values for zero and return the shortest α (`jax-pinv` 1); 1 of 2 runs of solvers that take X to have full "
        "rank (`jax-qr` 1, `jax-normal-lu` 0) arrived."
    ) in words([RUN, missed, pinv, replace(pinv, directions=4, status="STALLED"), lossy])
    assert words([]) == ["**No answer at all**: no solver ended so."]


def test_digests() -> None:
    assert [level(replace(RUN, directions=k)) for k in (8, 9, 10)] == ["below", "at", "above"]
    assert endings([RUN, RUN, replace(RUN, status="STEP_LIMIT")]) == "2 reached, 1 step limit"
    assert rank_range([(3, 4), (), (2, 3)]) == "2–4"
    assert rank_range([()]) == "–"


def test_the_page_shows_every_run_and_ratio() -> None:
    runs = [RUN, replace(RUN, start=1, magnitude=(1.0, 0.2))]
    assert "![How ‖δ‖ falls, N = 4, random](lamm-4-random.svg)" in page(runs, WHERE, ["lamm-4-random.svg"])
    text = rest(runs, [RACE])
    assert f'lamm-robust lamm --repeat "{RUN.words}"' in text
    assert "| float64 | 9 | `jax-qr` | 2/2 | 1.5 | 0.1 | reached | 1 / 1.5 | 0.15 / 0.2 | 8–9 | – | 2e3 | 2 |" in text
    # 2 ms and 0.1 ms a step; 40 ms, 1 ms and 0.5 ms a target
    assert (
        "| 4 | float64 | 9 | 200 | 2e3 | 2e3 | 100 | 20× faster | 40 | 1 | 0.5 | 80× | 2× | 10/10, 98/100, 97/100 |"
        in text
    )
    assert overview([RUN]).splitlines()[-1] == "| 4 | 9 | float64 | 1/1 (21–100 %) |"  # Wilson: 1/(1 + 1.96²)
    assert "Stopped early" not in page([RUN], WHERE | {"made": 2}, [])
    assert "**Stopped early**: 1 of 2 runs and races were made." in page([RUN], WHERE | {"made": 1}, [])


def test_plots_are_inert_and_whole() -> None:
    evil = replace(RUN, solver="<script>alert(1)</script>&", magnitude=(1.0, 0.0))
    drawn = plots([RUN, evil, replace(RUN, directions=4, precision="float32"), replace(RUN, start=1)])
    assert list(drawn) == ["lamm-4-random.svg"]
    root = ET.fromstring(drawn["lamm-4-random.svg"])
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert set(tags) == {"svg", "rect", "text", "g", "line", "polyline", "polygon"}
    assert tags.count("polyline") == 3
    assert not any("href" in name or name.startswith("on") for element in root.iter() for name in element.attrib)
    lines = [element.get("points", "") for element in root.iter() if element.tag.endswith("polyline")]
    for line in lines:
        assert all(0 <= float(number) <= 500 for point in line.split() for number in point.split(","))
    heights = [[float(point.split(",")[1]) for point in line.split()] for line in lines]
    assert all(sorted(ys) == ys for ys in heights)  # what falls goes down the page


def test_plots_show_what_is_aimed_at() -> None:
    near, lossy = replace(RUN, magnitude=(1.0, 1e-6)), replace(RUN, target="lossy", magnitude=(2.0, 0.6, 0.45))
    drawn = plots([near, lossy])
    assert ">tolerance<" in drawn["lamm-4-random.svg"]
    assert ">1/2<" in drawn["lamm-4-lossy.svg"]
    assert ">tolerance<" not in plots([replace(RUN, magnitude=(1.0, 0.3))])["lamm-4-random.svg"]  # far below the plot


def test_names_in_a_legend_have_room() -> None:
    (drawn,) = plots([replace(RUN, solver=solver, modes=16, directions=112) for solver in SOLVERS]).values()
    root = ET.fromstring(drawn)
    named = {e.text: float(e.get("x", "")) for e in root.iter() if e.tag.endswith("text") and e.text in SOLVERS}
    assert len(named) == len(SOLVERS)
    assert all(x + 7 * len(name or "") < float(root.get("width", "")) for name, x in named.items())
    assert float(root.get("height", "")) < 300  # one row of plots


def test_both_precisions_have_the_same_starts() -> None:
    code = (
        "import jax, numpy as np; jax.config.update('jax_enable_x64', {x64}); "
        "from lamm_robust.lamm.targets import TARGETS, problem; "
        "print([[float(np.float32(v).sum()) for v in problem(t, 4, 1)] for t in TARGETS])"
    )
    asked = (subprocess.run([sys.executable, "-c", code.format(x64=x)], capture_output=True) for x in (False, True))
    single, double = (np.array(json.loads(done.stdout)) for done in asked)
    assert np.array_equal(single[:, 0], double[:, 0])
    assert np.allclose(single[:, 1], double[:, 1], rtol=0, atol=1e-5)


@pytest.mark.usefixtures("in_float64_only")
@pytest.mark.usefixtures("on_cpus_in_float64_only")
def test_a_race_counts_what_it_runs(precision: Precision) -> None:
    found = race(Course(modes=3, directions=4, targets=4, originals=2, steps=3), precision)
    assert found.original_steps <= 6
    assert 4 <= found.compiled_steps <= 12
    assert found.original_steps == found.same_original_steps
    assert found.compiled_reached <= found.batched_reached <= 4  # whose steps are damped
    assert min(found.original_seconds, found.compiled_seconds, found.batched_seconds) > 0


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["lamm", *(str(a) for a in arguments)])


@pytest.mark.usefixtures("in_float64_only")
def test_the_command_from_end_to_end(tmp_path: Path, precision: Precision, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROFILES, "quick", (Size(modes=3, directions=(4,), starts=2, steps=30, keep=5),))
    out = tmp_path / "found"
    options = ["--target", "small", "--solver", "jax-lstsq", "--solver", "numpy-lstsq", "--precision", precision]
    done = invoke(*options, "--out", out)
    assert done.exit_code == 0, done.output
    assert f"| 3 | 4 | {precision} |" in done.output
    text = (out / "runs.md").read_text(encoding="utf-8")
    lines = (out / FOUND).read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["kind"] == "Where"
    found = [load(line) for line in lines[1:]]
    assert len(found) == 8  # two starts, two solvers, two rules
    drivers = set()
    for run in found:
        assert isinstance(run, Run)
        assert run.precision == precision
        assert run.magnitude[-1] <= run.magnitude[0]
        assert bool(run.kappa) == (run.start == 0 and run.rule == "capped")  # a damped α solves another problem
        assert max(run.backward, default=0) < 100
        assert f"| {precision} | {run.directions} | `{run.member}` |" in text
        drivers.add((run.solver, run.driver))
    assert drivers == {("jax-lstsq", "compiled"), ("numpy-lstsq", "original")}
    assert (out / "lamm-3-small.svg").is_file()
    (out / "runs.md").unlink()
    (out / "lamm-9-old.svg").touch()
    rewrite(out)
    assert sorted(path.name for path in out.glob("*.svg")) == ["lamm-3-small.svg"]
    assert (out / "runs.md").read_text(encoding="utf-8") == text
    assert (out / "lamm.md").read_text(encoding="utf-8").startswith("# LAMM end to end")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--again", "--out", "/nowhere"], "'/nowhere/lamm.jsonl' does not hold a study of LAMM"),
        (["--modes", "5"], "--modes 5: the quick profile has 4"),
        (["--out", __file__], "expected a directory"),
        (["--target", "moon"], "--target moon: the quick profile has small, random, sparse"),
        (["--repeat", "modes=4"], "'modes=4' names no run; expected is modes=… target=… start=…"),
        (["--repeat", RUN.words.replace("random", "moon")], "target=moon: accepted are small, random"),
        (["--repeat", RUN.words.replace("jax-qr", "jax-qrr")], "unknown solver 'jax-qrr'; did you mean 'jax-qr'?"),
        (["--solver", "jax-qrr"], "unknown solver 'jax-qrr'; did you mean 'jax-qr'?"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str) -> None:
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.usefixtures("in_float64_only")
def test_a_run_is_named_and_made_again(precision: Precision) -> None:
    task, asked = parse_run(replace(RUN, solver="scipy-trf", rule="library", start=3).words)
    assert (task.solver, task.rule, task.first, task.starts, asked) == ("scipy-trf", "library", 3, 1, "float64")
    with pytest.raises(ValueError, match="rule=library is that of solver=scipy-trf, and of no other"):
        parse_run(replace(RUN, rule="library").words)
    words = replace(RUN, target="small", solver="scipy-trf", rule="library", directions=12, precision=precision).words
    once, again = (invoke("--repeat", words) for _ in range(2))
    assert once.exit_code == 0, once.output
    assert once.output.splitlines()[:-1] == again.output.splitlines()[:-1]  # the last line says how long it took
    assert "the target is reached" in once.output


def test_medians_that_coincide_are_drawn_once_and_named() -> None:
    twin = replace(RUN, solver="jax-pinv")
    (drawn,) = plots([RUN, twin, replace(RUN, solver="jax-solve", magnitude=(1.0, 0.5, 0.1))]).values()
    assert drawn.count("<polyline") == 2
    assert ">jax-qr = jax-pinv<" in drawn
    starts = [replace(RUN, start=i, magnitude=(1.0, 10.0**-i)) for i in range(3)]
    assert curve(starts, 2) == [(1.0, 1.0, 1.0), (0.01, 0.1, 1.0), (0.01, 0.1, 1.0)]  # what has ended stays


def test_intervals_are_those_of_wilson() -> None:
    # solutions p of (p − s)² = z²p(1 − p)/n
    for part, whole in ((0, 20), (7, 20), (20, 20)):
        for p in interval(part, whole):
            assert (p - part / whole) ** 2 == pytest.approx(1.96**2 * p * (1 - p) / whole, abs=1e-12)


def test_races_are_run_unless_the_study_is_narrowed() -> None:
    assert study("quick").courses
    assert not study("quick", solvers=["jax-qr"]).courses
    assert study("standard", modes=[8]).sizes == PROFILES["standard"][1:2]
    assert {course.modes for course in study("standard", modes=[8]).courses} == {8}
