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
from lamm_robust.reports.changes import RANK, Aside, factor
from lamm_robust.reports.compare import MANY, OTHERS, Comparison, compare, median_interval
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
    metrics = ["backward_error", "forward_error", "residual_error", "relative_error"]
    parquet.write_records(directory / parquet.RECORDS, rows(records), metrics, {"suite": suite})
    files.write_text(directory / parquet.ENVIRONMENT, json.dumps({**ENVIRONMENT, **environment}))
    parquet.write_manifest(directory)
    return directory


@pytest.fixture
def directories(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "old", tmp_path / "new"


def compared(directories: tuple[Path, Path], old: Sequence[Record], new: Sequence[Record]) -> Comparison:
    """The comparison of a run with one of another commit."""
    return compare(written(directories[0], old), written(directories[1], new, commit="e" * 40))


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
        made(7, "wrong", regime=Regime.AMBIGUOUS, scores={"residual_error": 2.0}),
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
        made(7, "wrong", regime=Regime.AMBIGUOUS, scores={"residual_error": 200.0, "forward_error": 1e9}),
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


# --- what says nothing -----------------------------------------------------------------------------------------------


def test_a_solver_that_returns_other_bits_when_called_again_is_not_judged(directories: tuple[Path, Path]) -> None:
    old = [made(1), made(2, repeatable=False), made(1, variant=SVD), made(3)]
    new = [made(1, "wrong"), made(2), made(1, "wrong", variant=SVD), made(3, scores={"backward_error": 99.0})]
    found = compared(directories, old, new)
    assert [pair.key for pair in found.worse] == [f"p1 @ {SVD}"]
    assert [pair.key for pair in found.aside[Aside.UNREPEATABLE]] == [f"p1 @ {QR}"]
    assert (found.aside_errors[Aside.UNREPEATABLE], found.lost) == (1, [])


@pytest.mark.parametrize(("before", "after", "named"), [(0, MANY, [QR]), (0, MANY - 1, []), (1, MANY, [])])
def test_a_solver_that_begins_to_return_other_bits_fails(
    directories: tuple[Path, Path], before: int, after: int, named: list[str]
) -> None:
    old, new = ([made(n, repeatable=n >= many) for n in range(10)] for many in (before, after))
    found = compared(directories, old, new)
    assert settle("verdict", found, []).failing == found.restless == named
    assert ("began to return other bits" in " ".join(invoke(*directories).stdout.split())) == bool(named)


@pytest.mark.parametrize(
    ("old", "new", "judged"),
    [(BACK, BAD, 0), (BAD, "refused", 0), (BACK, "wrong", 1), ("wrong", BACK, 1), (BAD, "crashed", 1)],
)
def test_beyond_the_precision_only_a_fit_is_asked(
    directories: tuple[Path, Path], old: str, new: str, judged: int
) -> None:
    pair = [made(1, old, regime=Regime.AMBIGUOUS)], [made(1, new, regime=Regime.AMBIGUOUS)]
    found = compared(directories, *pair)
    assert (len(found.worse) + len(found.better), len(found.aside[Aside.AMBIGUOUS])) == (judged, 1 - judged)


@pytest.mark.parametrize(
    ("scores", "new", "judged"),
    [
        ({"backward_error": 60.0}, {"backward_error": 80.0}, 0),  # on two sides of a limit
        ({"backward_error": 60.0}, {"backward_error": 600.0}, 1),
        ({"backward_error": 1e-9}, {"backward_error": 9.9}, 0),  # rounding errors count as one unit
        ({"relative_error": 0.09}, {"relative_error": 0.2}, 0),
        ({"relative_error": 1e-9}, {"relative_error": 0.2}, 1),
        ({"relative_error": 0.2}, {"relative_error": 0.2}, 1),  # the same answer is judged otherwise
        ({"backward_error": 60.0}, {"backward_error": math.nan}, 1),
        ({"backward_error": 60.0}, {"backward_error": 80.0, "relative_error": 1.0}, 1),
    ],
)
def test_a_verdict_that_changes_by_less_than_a_digit(
    directories: tuple[Path, Path], scores: dict[str, float], new: dict[str, float], judged: int
) -> None:
    found = compared(directories, [made(1, scores=scores)], [made(1, "wrong", scores=new)])
    assert (len(found.worse), len(found.aside[Aside.CLOSE])) == (judged, 1 - judged)


def test_a_warning_more_or_no_answer_is_no_noise(directories: tuple[Path, Path]) -> None:
    new = [made(1, BAD, warned=True, scores={"backward_error": 2.0}), made(2, "refused", scores={})]
    assert len(compared(directories, [made(1), made(2)], new).worse) == 2


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


def slowed(directories: tuple[Path, Path], ours: float, others: int, theirs: float, **environment: Any) -> Comparison:
    """A run in which a solver of numpy takes `ours` times as long, and each of some solvers of scipy `theirs` times."""
    old, new = list[Record](), list[Record]()
    for index in range(others + 1):
        library, ratio = ("scipy", theirs) if index else ("numpy", ours)
        for n in range(10):
            one = made(n, variant=f"{library}-qr{index}-float64-cpu", library=library, seconds=1e-3, min_seconds=8e-4)
            old.append(one)
            new.append(replace(one, seconds=1e-3 * ratio, min_seconds=8e-4 * ratio))
    return compare(written(directories[0], old), written(directories[1], new, **environment))


@pytest.mark.parametrize(
    ("ours", "others", "theirs", "said"),
    [
        (1.5, OTHERS, 1.4, "noise"),  # the machine was slower, too
        (2.0, OTHERS, 1.4, "slower"),
        (1.5, OTHERS - 1, 1.4, "slower"),  # too few to tell of the machine
        (1.5, OTHERS, 0.5, "slower"),  # that the machine was faster makes no solver slower
        (1.2, OTHERS, 0.5, ""),
        (0.6, OTHERS, 0.7, "noise"),
        (0.5, OTHERS, 0.7, "faster"),
    ],
)
def test_solvers_of_other_libraries_tell_how_fast_the_machine_was(
    directories: tuple[Path, Path], ours: float, others: int, theirs: float, said: str
) -> None:
    (times,) = (t for t in slowed(directories, ours, others, theirs, commit="e" * 40).times if t.library == "numpy")
    assert (times.slower, times.faster, times.noisy) == tuple(said == each for each in ("slower", "faster", "noise"))


def test_times_of_the_same_code_on_the_same_machine_are_noise(directories: tuple[Path, Path]) -> None:
    found = slowed(directories, 3.0, 0, 1.0)
    assert (found.same, found.times[0].noisy, settle("time", found, []).passed) == (True, True, True)
    page = invoke(*directories).stdout
    assert "Code, versions, machine and settings are the same; set aside, as they say nothing: 1 change." in page
    assert "| 3.00 | 3.00 to 3.00 | 3.00 | noise |" in page
    assert "## Changes that say nothing: 1\n\n- noise of timing: numpy-qr0-float64-cpu\n" in page


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
    assert f"- {QR}: backward stable → crashed:\n  - `p1 @ {QR}`\n    backward error 1 → 1 u‖A‖_F; &lt;b&gt;" in page
    assert "&lt;b&gt;" in page
    assert "\x1b" not in page
    assert f"  - `p2 @ {QR}`\n    backward error 1 → 1 u‖A‖_F\n" in page
    assert f"- larger: {QR}, 1 error:\n  - `p3 @ {QR}`\n    backward stable, forward error 1 → 40 Wedin" in page
    assert f"Only in the old run, and not judged: 1 attempts: {QR} (1)." in page
    assert "Not comparable: processor: Abacus 3 → Abacus 4" in page
    assert "| processor | Abacus 3 | Abacus 4 |" in page


def test_a_headline_of_three_sentences_and_no_line_over_200_letters(directories: tuple[Path, Path]) -> None:
    long = " ".join(["entry=1.2345678901234567e-300"] * 40)
    many = [f"numpy-{'q' * 30}{n}-float64-cpu" for n in range(60)]
    old = [replace(made(n, variant=v, seconds=1.0, min_seconds=1.0), problem=long) for n, v in enumerate(many)]
    new = [replace(r, verdict=Verdict.WRONG, message=long) for r in old[:50]]
    new += [replace(r, scores={**r.scores, "forward_error": 1e9}) for r in old[50:]]
    other: dict[str, Any] = {"processor": long, "flags": {long: long}}
    written(directories[0], old)
    written(directories[1], [*new, made(99, variant=many[0])], **other)
    page = invoke(*directories).stdout
    assert max(map(len, page.splitlines())) < 200
    title, *sentences = [" ".join(each.split()) for each in page.split("\n\n")[:4]]
    assert title.startswith("# ")
    assert sentences[0].startswith("50 of the verdicts on 60 attempts that both runs made got worse (numpy-qqq")
    assert sentences[0].endswith(" 1 and 46 more); none got better.")
    assert sentences[1] == "10 errors grew by a digit or more; times cannot be compared."
    assert sentences[2].startswith("The runs differ in processor")
    assert "- and 10 such groups with 10 cases: see `--json`\n" in page


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
