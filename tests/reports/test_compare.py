"""Comparisons of made-up runs whose differences are known, and gates that open and shut on them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lamm_robust.cli.main import main
from lamm_robust.reports.compare import RANK, Comparison, compare, factor, median_interval
from lamm_robust.reports.gate import FAILING, Expectation, read_expected, settle
from lamm_robust.storage import files, parquet
from lamm_robust.values import Deficiency, Record, Regime, StoreError, Verdict
from tests.support.records import RECORD, rows

BACK, FORE, BAD = "backward stable", "forward stable", "inaccurate"
QR, SVD = "numpy-qr-float64-cpu", "numpy-svd-float64-cpu"
ENVIRONMENT: dict[str, Any] = {
    "versions": {"python": "3.12.1", "numpy": "2.1.0"},
    "code": "c" * 64,
    "commit": "d" * 40 + "+changes",
    "processor": "Abacus 3",
    "system": "Linux",
    "flags": {"OMP_NUM_THREADS": "1"},
    "run with": [{"workers": 1}],
    "missing": 0,
    "merged": [],
    "not measured": {},
    "limits": {"case seconds": 60.0, "case memory": 1 << 32},
    "suite": {"oracle": "auto"},
    "workers": [
        {
            "name": "numpy float64 cpu",
            "device": "cpu",
            "threads": [{"internal_api": "openblas", "version": "0.3", "architecture": "Zen", "num_threads": 1}],
        }
    ],
}


def made(number: int, verdict: str = BACK, variant: str = QR, **changes: Any) -> Record:
    scores = {"backward_error": 1.0, "forward_error": 1.0} | changes.pop("scores", {})
    return replace(
        RECORD,
        problem=f"p{number}",
        variant=variant,
        algorithm=variant.split("-")[1],
        verdict=Verdict(verdict),
        scores=scores,
        kappa=float(10 + number),
        kappa_columns=float(10 + number),
        **{"message": "", **changes},
    )


def written(directory: Path, records: Sequence[Record], suite: str = "7", **environment: Any) -> Path:
    directory.mkdir()
    metrics = ["backward_error", "forward_error", "residual_error"]
    parquet.write_records(directory / parquet.RECORDS, rows(records), metrics, {"suite": suite})
    files.write_text(directory / parquet.ENVIRONMENT, json.dumps({**ENVIRONMENT, **environment}))
    parquet.write_manifest(directory)
    return directory


@pytest.fixture
def directories(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "old", tmp_path / "new"


def compared(directories: tuple[Path, Path], old: Sequence[Record], new: Sequence[Record]) -> Comparison:
    return compare(written(directories[0], old), written(directories[1], new))


# --- verdicts -------------------------------------------------------------------------------------------------------


def test_every_verdict_has_its_place() -> None:
    assert set(RANK) == set(Verdict)


@pytest.mark.parametrize(
    ("old", "new", "worse", "better"),
    [
        (BACK, BACK, 0, 0),
        (BACK, FORE, 1, 0),
        (FORE, BACK, 0, 1),
        (FORE, "out of contract", 1, 0),
        (BAD, "out of contract", 0, 1),
        ("refused", "wrong", 1, 0),
        ("crashed", "refused", 0, 1),
        ("wrong", "crashed", 0, 1),
        (BACK, "flaky", 1, 0),
    ],
)
def test_changes_of_verdict(directories: tuple[Path, Path], old: str, new: str, worse: int, better: int) -> None:
    found = compared(directories, [made(1, old), made(2)], [made(1, new), made(2)])
    assert (len(found.worse), len(found.better), found.cases) == (worse, better, 2)
    assert [pair.key for pair in found.worse + found.better] == ["p1 @ numpy-qr-float64-cpu"] * (worse + better)
    assert found.identical == 2 - worse - better


def test_the_simplest_problem_comes_first(directories: tuple[Path, Path]) -> None:
    sizes = {1: (9, 1e3), 2: (4, 1e5), 3: (9, 1e2)}
    old = [replace(made(n), m=m, kappa=kappa, kappa_columns=kappa) for n, (m, kappa) in sizes.items()]
    found = compared(directories, old, [replace(r, verdict=Verdict.WRONG) for r in old])
    assert [pair.new.problem for pair in found.worse] == ["p2", "p3", "p1"]


def test_what_is_in_one_run_alone_is_counted_and_not_judged(directories: tuple[Path, Path]) -> None:
    found = compared(directories, [made(1), made(2), made(3)], [made(2), made(4), made(1, variant=SVD)])
    assert (found.cases, found.only_old, found.only_new) == (1, {QR: 2}, {QR: 1, SVD: 1})
    assert not found.worse
    assert not found.better


# --- accuracy -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (2.0, 2.0, 1.0),
        (2.0, 20.0, 10.0),
        (20.0, 2.0, 0.1),
        (1e-5, 0.9, 1.0),  # both are rounding errors of the best solvers
        (1e-5, 30.0, 30.0),
        (30.0, 1e-5, 1 / 30.0),
        (1.0, math.inf, math.inf),
        (math.inf, 1.0, 0.0),
        (math.inf, math.inf, 1.0),
        (None, 3.0, 1.0),
    ],
)
def test_errors_are_compared_above_the_noise(old: float | None, new: float | None, expected: float) -> None:
    assert factor(old, new) == pytest.approx(expected, rel=1e-15)


def lost_and_gained(found: Comparison) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    lost, gained = ([(e.pair.new.problem, e.metric) for e in errors] for errors in (found.lost, found.gained))
    return lost, gained


def test_accuracy_by_a_digit_under_the_same_verdict(directories: tuple[Path, Path]) -> None:
    old = [
        made(1, scores={"backward_error": 3.0}),
        made(2, scores={"forward_error": 3.0}),
        made(3, scores={"forward_error": 50.0}),
        made(4, scores={"backward_error": 3.0}),
        made(5),
        made(6, promises=Deficiency.BASIC, rank=2, regime=Regime.DEFICIENT),
        made(7, BAD, regime=Regime.AMBIGUOUS, scores={"residual_error": 2.0}),
        made(8, scores={"backward_error": 50.0, "forward_error": 1e6}),
        made(9),
    ]
    new = [
        made(1, scores={"backward_error": 30.0}),
        made(2, scores={"forward_error": 29.0}),  # less than a digit
        made(3, scores={"forward_error": 2.0}),
        made(4, FORE, scores={"backward_error": 300.0}),  # another verdict, and shown as such
        made(5, scores={"forward_error": math.inf}),
        made(
            6, promises=Deficiency.BASIC, rank=2, regime=Regime.DEFICIENT, scores={"forward_error": 1e9}
        ),  # never promised
        made(7, BAD, regime=Regime.AMBIGUOUS, scores={"residual_error": 200.0, "forward_error": 1e9}),
        made(8, scores={"backward_error": 5000.0, "forward_error": 1e3}),  # what is gained does not hide what is lost
        made(9, scores={"backward_error": math.nan}),
    ]
    expected = [("p1", "backward_error"), ("p5", "forward_error"), ("p7", "residual_error")]
    expected += [("p8", "backward_error"), ("p9", "backward_error")]
    assert lost_and_gained(compared(directories, old, new)) == (expected, [("p3", "forward_error")])


def test_scores_that_differ_in_the_last_bit_are_not_identical(directories: tuple[Path, Path]) -> None:
    old, new = ([made(1, scores={"backward_error": e})] for e in (1.0, math.nextafter(1.0, 2.0)))
    found = compared(directories, old, new)
    assert (found.cases, found.identical, lost_and_gained(found)) == (1, 0, ([], []))


# --- time -----------------------------------------------------------------------------------------------------------


def test_the_interval_of_the_median_is_the_sign_test() -> None:
    values = list(map(float, range(1, 21)))
    assert median_interval(values) == (4.0, 17.0)  # P(Binomial(20, 1/2) < 4) = 0.0013, and < 5 = 0.0059
    assert median_interval(values[:8]) == (1.0, 8.0)
    assert median_interval(values[:7]) == (0.0, math.inf)
    assert median_interval([]) == (0.0, math.inf)


def test_the_interval_of_any_number_of_ratios() -> None:
    assert median_interval([1.0] * 5000) == (1.0, 1.0)  # 2^5000 is beyond every float


def timed(directories: tuple[Path, Path], ratios: Sequence[float], least: float, **changes: Any) -> Comparison:
    old = [made(n, seconds=1e-3 * (n + 1), min_seconds=8e-4 * (n + 1)) for n in range(len(ratios))]
    new = [
        replace(made(n, seconds=1e-3 * (n + 1) * r, min_seconds=8e-4 * (n + 1) * least), **changes)
        for n, r in enumerate(ratios)
    ]
    return compared(directories, old, new)


@pytest.mark.parametrize(
    ("ratios", "least", "slower", "faster"),
    [
        ([1.3] * 20, 1.3, True, False),
        ([1.3] * 20, 1.2, False, False),  # the least times are as before: something else was running
        ([1.2] * 20, 1.3, False, False),
        ([1.3] * 7, 1.3, False, False),  # too few to tell
        ([1.3] * 15 + [0.9] * 5, 1.3, False, False),  # the interval reaches down to 0.9
        ([1.3] * 17 + [0.9] * 3, 1.3, True, False),
        ([0.7] * 20, 0.7, False, True),
        ([0.7] * 20, 0.9, False, False),
    ],
)
def test_slower_and_faster(
    directories: tuple[Path, Path], ratios: list[float], least: float, slower: bool, faster: bool
) -> None:
    (times,) = timed(directories, ratios, least).times
    assert (times.slower, times.faster) == (slower, faster)
    assert times.cases == len(ratios)
    assert times.least == pytest.approx(least)
    assert times.median == pytest.approx(sorted(ratios)[len(ratios) // 2])


def test_only_problems_that_were_passed_twice_are_timed(directories: tuple[Path, Path]) -> None:
    assert timed(directories, [9.0] * 10, 9.0, verdict=BAD).times == []


# --- what cannot be compared ----------------------------------------------------------------------------------------


def test_other_suites_are_refused(directories: tuple[Path, Path]) -> None:
    old, new = directories
    with pytest.raises(StoreError, match="cannot be compared: they are of suites 6 and 7"):
        compare(written(old, [made(1)], suite="6"), written(new, [made(1)]))


def test_other_bits_are_refused(directories: tuple[Path, Path]) -> None:
    with pytest.raises(StoreError, match="'p1' has other bits in one than in the other"):
        compared(directories, [made(1)], [made(1, digest="1" * 64)])


def test_conditions_that_differ_are_named(directories: tuple[Path, Path]) -> None:
    old, new = directories
    worker = {**ENVIRONMENT["workers"][0], "threads": [{"internal_api": "mkl", "version": "1", "architecture": None}]}
    changed: dict[str, Any] = {"versions": {"python": "3.12.1", "numpy": "2.2.0"}, "flags": {}, "workers": [worker]}
    found = compare(written(old, [made(1)]), written(new, [made(1)], **changed))
    assert found.conditions == {
        "numpy": ("2.1.0", "2.2.0"),
        "OMP_NUM_THREADS": ("1", "–"),
        "BLAS of numpy float64 cpu": ("openblas 0.3 Zen", "mkl 1"),
    }
    assert found.other_clock == ""


@pytest.mark.parametrize("changed", [{"processor": "Abacus 4"}, {"run with": [{"workers": 1}, {"workers": 2}]}])
def test_other_clocks_cannot_gate(directories: tuple[Path, Path], changed: dict[str, Any]) -> None:
    old, new = directories
    found = compare(written(old, [made(1)]), written(new, [made(1)], **changed))
    with pytest.raises(
        ValueError, match=r"timed under other conditions \((processor: Abacus 3 → Abacus 4|workers: 1 → 1, then 2)"
    ):
        settle("time", found, [])
    assert settle("verdict", found, []).passed


# --- gates ----------------------------------------------------------------------------------------------------------

WORSE = [made(1), made(2), made(3)], [made(1, BAD), made(2, BAD), made(3)]


def expected(case: str, gate: str = "verdict") -> Expectation:
    return Expectation(case, gate, "known")


@pytest.mark.parametrize(
    ("entries", "failing", "excused", "stale"),
    [
        ([], [1, 2], [], 0),
        ([expected(f"p1 @ {QR}")], [2], [1], 0),
        ([expected("* @ numpy-qr-*")], [], [1, 2], 0),
        ([expected("*"), expected(f"p3 @ {QR}")], [], [1, 2], 1),  # p3 was expected to fail and passed
        ([expected("*", "accuracy")], [1, 2], [], 0),  # an entry of another gate
    ],
)
def test_expected_failures_are_strict(
    directories: tuple[Path, Path], entries: list[Expectation], failing: list[int], excused: list[int], stale: int
) -> None:
    result = settle("verdict", compared(directories, *WORSE), entries)
    assert result.failing == [f"p{n} @ {QR}" for n in failing]
    assert result.excused == {f"p{n} @ {QR}": "known" for n in excused}
    assert len(result.stale) == stale
    assert result.passed == (not failing and not stale)


def test_each_gate_sees_its_own(directories: tuple[Path, Path]) -> None:
    old = [made(n, seconds=1.0, min_seconds=1.0) for n in range(10)]
    new = [made(n, seconds=2.0, min_seconds=2.0) for n in range(8)]
    new += [made(8, BAD), made(9, scores={"backward_error": 99.0}, seconds=2.0, min_seconds=2.0)]
    found = compared(directories, old, new)
    failing = {gate: settle(gate, found, []).failing for gate in FAILING}
    assert failing == {"verdict": [f"p8 @ {QR}"], "accuracy": [f"p9 @ {QR}"], "time": [QR]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[expected]\n", "is not TOML"),
        ("x = 1\n", "has 'x'; accepted are tables"),
        ("expected = 3\n", "'expected' in .* is one table; write"),
        ("[expected]\ncase = 'x'\n", "is one table; write"),
        ("expected = [3]\n", "entry 1 of .* is 3; expected a table with case, gate, reason"),
        ("[[expected]]\ncase = 'x'\ngate = 'verdict'\n", "entry 1 of .* has no 'reason'"),
        ("[[expected]]\ncase = 'x'\ngate = 'verdict'\nreason = '  '\n", "has no 'reason'"),
        ("[[expected]]\ncase = 7\ngate = 'verdict'\nreason = 'r'\n", "has no 'case'"),
        (
            "[[expected]]\ncase = 'x'\ngate = 'speed'\nreason = 'r'\n",
            "gate = 'speed'; accepted: verdict, accuracy, time",
        ),
        (
            "[[expected]]\ncase = 'x'\ngate = 'time'\nreason = 'r'\nwhy = 'r'\n",
            "has 'why'; accepted: case, gate, reason",
        ),
    ],
)
def test_a_file_that_is_no_list_of_expectations(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "expected.toml").write_text(text)
    with pytest.raises(ValueError, match=words):
        read_expected(tmp_path / "expected.toml")


def test_a_list_of_expectations(tmp_path: Path) -> None:
    path = tmp_path / "expected.toml"
    path.write_text("".join(f"[[expected]]\ncase = '{g}*'\ngate = '{g}'\nreason = 'µ'\n" for g in FAILING))
    assert read_expected(path) == [Expectation(f"{g}*", g, "µ") for g in FAILING]
    path.write_text("")
    assert read_expected(path) == []
    path.write_bytes(b"\xff")
    with pytest.raises(ValueError, match="is not TOML"):
        read_expected(path)
    with pytest.raises(ValueError, match="cannot read .*No such file"):
        read_expected(tmp_path / "nowhere.toml")


# --- the command ----------------------------------------------------------------------------------------------------


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["compare", *map(str, arguments)])


def test_the_page_shows_verdicts_first_and_each_as_a_replay_line(directories: tuple[Path, Path]) -> None:
    old, new = directories
    written(old, [made(1), made(2, BAD), made(3), made(4)])
    hostile = made(1, "crashed", message="<b>\x1b[31m", scores={})
    written(new, [hostile, made(2), made(3, scores={"forward_error": 40.0}), made(5)], processor="Abacus 4")
    result = invoke(old, new)
    assert result.exit_code == 0, result.output
    page = result.stdout
    places = [page.index(words) for words in ("got worse: 1", "got better: 1", "under the same verdict: 1", "## Time")]
    assert places == sorted(places)
    assert f"- `p1 @ {QR}` — backward stable → crashed" in page
    assert "&lt;b&gt;" in page
    assert "\x1b" not in page
    assert f"- `p2 @ {QR}` — inaccurate → backward stable, backward error 1 → 1 u‖A‖_F\n" in page
    assert f"- larger: `p3 @ {QR}` — backward stable, forward error 1 → 40 Wedin bounds\n" in page
    assert f"Only in the old run, and not judged: 1 attempts: {QR} (1)." in page
    assert "Not comparable: processor: Abacus 3 → Abacus 4" in page
    assert "| processor | Abacus 3 | Abacus 4 |" in page


@pytest.mark.parametrize(("gate", "as_json"), list(product(["verdict", "accuracy", "time"], [True, False])))
def test_gates_decide_the_exit_code(directories: tuple[Path, Path], gate: str, as_json: bool) -> None:
    written(directories[0], WORSE[0])
    written(directories[1], WORSE[1])
    result = invoke(*directories, "--fail-on", gate, *(["--json"] if as_json else []))
    assert result.exit_code == (1 if gate == "verdict" else 0)
    if as_json:
        content = json.loads(result.stdout)
        assert [pair["case"] for pair in content["worse"]] == [f"p{n} @ {QR}" for n in (1, 2)]
        assert content["gates"][0]["passed"] == (gate != "verdict")
        assert content["limits"] == {"digit": 10.0, "slower": 1.25, "confidence": 0.99}
    else:
        assert f"**Gate {gate}: {'FAILED' if gate == 'verdict' else 'passed'}.**" in result.stdout


def test_expected_failures_on_the_command_line(directories: tuple[Path, Path], tmp_path: Path) -> None:
    written(directories[0], WORSE[0])
    written(directories[1], WORSE[1])
    entry = "[[expected]]\ncase = '{}'\ngate = 'verdict'\nreason = 'upstream <knows>'\n"
    (tmp_path / "all.toml").write_text(entry.format("p? @ *"))
    result = invoke(*directories, "--fail-on", "verdict", "--expected", tmp_path / "all.toml")
    assert result.exit_code == 0, result.output
    assert f"- expected: {QR}, 2 times (upstream &lt;knows&gt;)\n" in result.stdout
    (tmp_path / "stale.toml").write_text(entry.format("p? @ *") + entry.format("p3 @ *"))
    result = invoke(*directories, "--fail-on", "verdict", "--expected", tmp_path / "stale.toml")
    assert result.exit_code == 1
    assert (
        "**Gate verdict: FAILED.** 0 unexpected failures, 2 expected, 1 expected that did not happen." in result.stdout
    )
    assert "- expected, did not happen: `p3 @ *`" in result.stdout
    result = invoke(*directories, "--expected", tmp_path / "all.toml")
    assert (result.exit_code, "say which with --fail-on" in result.stderr) == (2, True)


def test_infinite_scores_are_null_in_json(directories: tuple[Path, Path]) -> None:
    written(directories[0], [made(1)])
    written(directories[1], [made(1, scores={"forward_error": math.inf})])
    content = json.loads(invoke(*directories, "--json").stdout, parse_constant=lambda name: pytest.fail(name))
    assert content["less accurate"] == [{"case": f"p1 @ {QR}", "metric": "forward_error", "old": 1.0, "new": None}]


def test_nothing_in_common_is_not_success(directories: tuple[Path, Path]) -> None:
    written(directories[0], [made(1)])
    written(directories[1], [made(2)])
    result = invoke(*directories, "--fail-on", "verdict")
    assert result.exit_code == 4
    assert "no attempt in common" in result.stderr


def test_without_times_the_page_says_so(directories: tuple[Path, Path]) -> None:
    for directory in directories:
        written(directory, [made(1, "wrong")])
    assert "No variant passed a problem in both runs.\n" in invoke(*directories).stdout


def test_a_variant_that_could_not_be_measured_any_more_fails_the_gate(directories: tuple[Path, Path]) -> None:
    old, lost = [made(1), made(1, variant=SVD)], dict[str, Any]({"not measured": {SVD: "no worker"}})
    found = compare(written(directories[0], old), written(directories[1], old[:1], **lost))
    assert settle("verdict", found, []).failing == [SVD]
    assert settle("verdict", found, [expected("numpy-svd-*")]).passed
    assert settle("accuracy", found, []).passed
    assert f"Could not be measured any more: {SVD}." in invoke(*directories).stdout


def test_merged_runs_do_not_gate_on_time(directories: tuple[Path, Path]) -> None:
    written(directories[0], [made(1)])
    written(directories[1], [made(1)], merged=[["a", "b"]])
    result = invoke(*directories, "--fail-on", "time")
    assert result.exit_code == 2
    assert f"'{directories[1]}' was merged from several runs" in result.stderr


def test_an_unfinished_run_passes_no_gate(directories: tuple[Path, Path]) -> None:
    written(directories[0], [made(1), made(2)])
    written(directories[1], [made(1)], missing=1)
    assert f"'{directories[1]}' lacks 1 planned attempts" in invoke(*directories).stdout
    result = invoke(*directories, "--fail-on", "verdict")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "lacks 1 planned attempts, so no gate can be passed" in result.stderr


def test_damage_is_named(directories: tuple[Path, Path]) -> None:
    old, new = (written(directory, [made(1)]) for directory in directories)
    (new / parquet.RECORDS).write_bytes((new / parquet.RECORDS).read_bytes() + b"x")
    result = invoke(old, new)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "records.parquet' is damaged" in result.stderr
