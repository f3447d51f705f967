"""Leaderboard rows from made-up records whose right summary is known, and tables that stay inert."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from lamm_robust import catalog
from lamm_robust.reports import columns, failures, grading, leaderboard, summary
from lamm_robust.reports.arithmetic import computes_in
from lamm_robust.reports.row import Row
from lamm_robust.reports.stability import safe_kappa
from lamm_robust.text import inert
from lamm_robust.values import Deficiency, Record, Regime, Verdict
from tests.support.records import HOSTILE, RECORD

BACK, FORE, BAD, WRONG = "backward stable", "forward stable", "inaccurate", "wrong"


def made(kappa: float, verdict: str, **changes: Any) -> Record:
    scores = {"backward_error": 1.0, "forward_error": 1.0, "relative_error": 1e-16 * kappa} | changes.pop("scores", {})
    name = changes.pop("problem", f"p κ={kappa} {changes.get('regime', '')}")
    changes = {"kappa_columns": kappa} | changes
    return replace(RECORD, problem=name, kappa=kappa, verdict=Verdict(verdict), scores=scores, **changes)


def deficient(kappa: float, verdict: str, **changes: Any) -> Record:
    return made(
        kappa, verdict, **{"regime": Regime.DEFICIENT, "promises": Deficiency.MINIMUM_NORM, "rank": 2, **changes}
    )


def summarised(records: Sequence[Record]) -> summary.Summary:
    ordered = sorted(records, key=lambda r: r.variant)
    return summary.summarise([list(members) for _, members in itertools.groupby(ordered, key=lambda r: r.variant)])


def rows_of(records: Sequence[Record]) -> list[Row]:
    return summarised(records).rows


# --- safe κ ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "backward", "forward"),
    [
        ([(1e1, BACK), (1e4, BACK), (1e8, BACK)], 1e8, 1e8),
        ([(1e1, BACK), (1e4, FORE), (1e8, BACK)], 1e1, 1e8),
        ([(1e1, BACK), (1e4, BAD), (1e8, BACK)], 1e1, 1e1),
        ([(1e1, WRONG), (1e4, BACK)], 0.0, 0.0),
        ([(1e1, BACK), (1e4, BACK), (1.02e4, BAD)], 1e1, 1e1),  # asked to have the same κ, so 1e4 is not safe
        ([(1e1, BACK), (1e4, BACK), (2e4, BAD)], 1e4, 1e4),
        ([(1e1, BACK), (1e4, "refused")], 1e1, 1e1),
    ],
)
def test_safe_kappa(records: list[tuple[float, str]], backward: float, forward: float) -> None:
    found = [made(*r) for r in reversed(records)]
    assert safe_kappa([(r.kappa, r.verdict) for r in found], grading.BACKWARD) == backward
    assert safe_kappa([(r.kappa, r.verdict) for r in found], grading.PASSES) == forward


@pytest.mark.parametrize("verdict", [BACK, FORE, BAD, WRONG, "refused", "crashed"])
def test_a_matrix_without_entries_has_no_kappa_to_be_safe_at(verdict: str) -> None:
    records = [made(10.0, BACK), made(1e3, BACK), made(math.nan, verdict, m=0, n=3, rank=0, problem="empty")]
    for ordered in itertools.permutations(records):
        found = summarised(ordered)
        (row,) = found.rows
        assert (row.backward_safe_kappa, row.forward_safe_kappa) == (1e3, 1e3)
        assert (row.deficient_passed, row.deficient_total) == (0, 0)
        assert (row.silent_failures, row.failures) == (verdict == WRONG, verdict in ("refused", "crashed"))
        assert set(found.decades["backward_error"]["numpy-qr-float64-cpu"]) == {1, 3}
        assert row.stability == {BACK: BACK, FORE: FORE, "crashed": "broken"}.get(verdict, "conditionally stable")


def test_problems_without_kappa_come_first_among_those_of_a_size() -> None:
    records = [made(k, WRONG, problem=p) for k, p in [(2.0, "b"), (math.nan, "d"), (1.0, "a"), (math.nan, "c")]]
    for ordered in itertools.permutations(records):
        assert [r.problem for r in summary.simplest_first(ordered)] == ["c", "d", "a", "b"]


def test_a_crash_at_a_problem_that_was_not_promised_is_no_deficient_one() -> None:
    crashed = deficient(10.0, "crashed", promises=Deficiency.FULL_RANK_ONLY)
    (row,) = rows_of([made(1e3, BACK), crashed])
    assert (row.stability, row.deficient_passed, row.deficient_total) == ("broken", 0, 0)


def test_safe_kappa_is_about_full_rank_and_judged_problems_only() -> None:
    records = [made(1e3, BACK), deficient(10.0, WRONG), made(1e17, BAD, regime=Regime.AMBIGUOUS)]
    records.append(made(2.0, Verdict.OUT_OF_CONTRACT))
    (row,) = rows_of(records)
    assert row.backward_safe_kappa == 1e3
    assert (row.deficient_passed, row.deficient_total) == (0, 1)
    assert row.silent_failures == 1


# --- classes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([(1e3, BACK), (1e9, BACK)], "backward stable"),
        ([(1e3, BACK), (1e9, FORE)], "forward stable"),
        ([(1e3, BACK), (2e8, FORE), (1e9, BAD)], "conditionally stable"),
        ([(1e3, BACK), (9.6e7, BAD)], "conditionally stable"),  # u^(-1/2) is 9.5e7
        ([(1e3, BACK), (9e7, BAD), (1e9, BACK)], "unstable"),
        ([(1e3, BACK), (1e9, "crashed")], "broken"),
        ([(1e3, BACK), (1e9, "timed out")], "broken"),
        ([(1e3, BACK), (1e9, "bad output")], "broken"),
        ([(1e3, "out of contract")], "not judged"),
    ],
)
def test_stability_class(verdicts: list[tuple[float, str]], expected: str) -> None:
    (row,) = rows_of([made(*v) for v in verdicts])
    assert row.stability == expected


def test_deficient_problems_alone_say_nothing_of_columns() -> None:
    (row,) = rows_of([deficient(2.0, BACK), deficient(3.0, BACK)])
    assert row.stability == "backward stable"
    (row,) = rows_of([deficient(2.0, BACK), made(3.0, "column-wise stable")])
    assert row.stability == "column-wise stable"


EXPLAINED = {"backward_error": 9.0, "residual_error": 1.0, "residual_excess": 0.5, "null_backward_error": 9.0}
DIGITS = {"relative_error": 0.09, "forward_error": 500.0}


@pytest.mark.parametrize(
    ("kappa", "scores", "expected"),
    [
        # a digit is missing in a small column, and a small change of A as a whole explains that
        (1e4, EXPLAINED | DIGITS, "backward stable"),
        (1e4, EXPLAINED | {"relative_error": 1.0, "forward_error": 9.0}, "backward stable"),
        (1e4, EXPLAINED | {"relative_error": 1.0, "forward_error": 500.0}, "unstable"),
        (1e4, EXPLAINED | DIGITS | {"backward_error": 500.0}, "unstable"),
        (1e4, EXPLAINED | DIGITS | {"null_backward_error": 500.0}, "unstable"),
        (1e4, EXPLAINED | DIGITS | {"residual_error": 500.0}, "unstable"),
        # the precision sees σ_r only once columns are of one size: the answer must fit
        (1e15, EXPLAINED | {"relative_error": 1.0, "forward_error": 500.0}, "backward stable"),
        (1e15, EXPLAINED | {"backward_error": 500.0}, "conditionally stable"),
        (1e15, EXPLAINED | {"backward_error": 500.0, "residual_excess": 0.09}, "backward stable"),
    ],
)
def test_what_a_class_below_column_wise_stable_asks_where_columns_differ_in_size(
    kappa: float, scores: dict[str, float], expected: str
) -> None:
    lost = made(kappa, WRONG, kappa_columns=2.0, column_ratio=1e3, scores=scores)
    (row,) = rows_of([made(2.0, BACK), lost])
    assert row.stability == expected
    assert row.silent_failures == 1
    alone = kappa == 1e15 or expected == "backward stable"
    assert row.safe_ratio == (RECORD.column_ratio if alone else 1e3)


def test_what_is_not_answered_where_columns_differ_in_size_ends_the_safe_ratio_and_not_the_class() -> None:
    def unanswered(kappa: float, verdict: str) -> Record:
        return replace(made(kappa, verdict, kappa_columns=2.0, column_ratio=1e3), scores={})

    for verdict in ("refused", "non-finite"):
        (row,) = rows_of([made(2.0, BACK), unanswered(1e15, verdict)])
        assert (row.stability, row.safe_ratio, row.failures) == (BACK, RECORD.column_ratio, 1)
        (row,) = rows_of([made(2.0, BACK), unanswered(1e4, verdict)])
        assert (row.stability, row.safe_ratio) == ("unstable", 1e3)


def test_deficient_failures_alone_do_not_make_a_solver_unstable() -> None:
    (row,) = rows_of([deficient(2.0, WRONG), deficient(3.0, BACK)])
    assert row.stability == "conditionally stable"
    assert row.forward_safe_kappa == 0.0


def test_one_deficient_failure_takes_the_class_but_not_the_safe_kappa() -> None:
    (row,) = rows_of([made(1e3, BACK), made(1e9, BACK), deficient(2.0, WRONG)])
    assert row.stability == "conditionally stable"
    assert row.backward_safe_kappa == 1e9


# --- the other columns -------------------------------------------------------------------------------------


def test_counts_and_worst_scores() -> None:
    records = [
        made(1e1, BACK, scores={"backward_error": 3.0, "rank_error": 0.0}),
        made(1e2, FORE, scores={"backward_error": 700.0, "forward_error": 5.0, "rank_error": -1.0}),
        made(1e3, WRONG, scores={"backward_error": 90.0, "forward_error": 80.0}),
        made(1e4, "non-finite", scores={}),
        made(1e5, "refused", scores={}),
        deficient(10.0, FORE, scores={"forward_error": 1e9}),
        made(1e17, BAD, regime=Regime.AMBIGUOUS, scores={"backward_error": 1e12}),
    ]
    (row,) = rows_of(records)
    assert (row.worst_backward_error, row.worst_backward_problem) == (700.0, records[1].problem)
    assert (row.worst_forward_error, row.worst_forward_problem) == (80.0, records[2].problem)
    assert (row.silent_failures, row.failures, row.cases) == (1, 2, 7)
    assert (row.rank_right, row.rank_total) == (1, 2)
    assert (row.deficient_passed, row.deficient_total) == (1, 1)


def test_a_basic_solution_is_not_held_to_the_distance_from_the_shortest() -> None:
    long = made(5.0, BACK, promises=Deficiency.BASIC, rank=2, scores={"forward_error": 1e15, "relative_error": 1.0})
    full = made(7.0, BACK, promises=Deficiency.BASIC, scores={"forward_error": 2.0})
    (row,) = rows_of([long, full])
    assert row.worst_forward_error == 2.0
    assert summary.worst_by_decade([long, full], "forward_error") == {1: 2.0}
    assert summary.worst_by_decade([long, full], "backward_error") == {1: 1.0}
    assert row.computes_in == "float64"


@pytest.mark.parametrize(
    ("precision", "errors", "expected"),
    [
        ("float32", {1e4: 0.4 * 2**-24, 1e5: 0.5 * 2**-24, 2e5: 2**-25, 1e6: 2**-24, 2.0: 2**-24}, "float64"),
        ("float32", {1e4: 0.4 * 2**-24, 1e5: 0.5 * 2**-24, 2.0: 2**-24}, "float32"),  # two may be whole by luck
        ("float32", {1e4: 900 * 2**-24, 1e5: 9000 * 2**-24, 2.0: 2**-24}, "float32"),
        ("float32", {2.0: 2**-11, 3.0: 2**-12}, "less than float32"),  # TF32
        ("float64", {1e4: 2**-53, 1e8: 2**-53}, "float64"),
        ("float64", {2.0: 2**-24}, "less than float64"),  # float32 inside
        ("float32", {100.0: 2**-24}, "?"),
        ("float32", {2.0: 2**-24}, "?"),  # rounded once or computed so: cannot be told from here
        ("float64", {2.0: 2**-53}, "float64"),
        ("float64", {1e3: 2**-24 * 1e3, 1e6: 2**-24 * 1e6}, "?"),  # float32 inside, or κ squared
        ("float64", {2.0: 2**-53, 1e4: 2**-53 * 1e8}, "float64"),  # normal equations
    ],
)
def test_what_it_computes_in(precision: str, errors: dict[float, float], expected: str) -> None:
    records = [made(k, BACK, precision=precision, scores={"relative_error": e}) for k, e in errors.items()]
    assert computes_in(records) == expected


def relative_times(records: Sequence[Record]) -> dict[str, float]:
    return {row.variant: row.relative_time for row in rows_of(records)}


def test_answers_without_error_do_not_hide_what_it_computes_in() -> None:
    poor = [made(kappa, BAD, scores={"relative_error": 2e-9}, problem=f"{kappa}") for kappa in (2.0, 3.0, 1e6)]
    exact = [made(2.0, BACK, scores={"relative_error": 0.0}, problem=f"exact {i}") for i in range(9)]
    absurd = [made(2.0, BAD, scores={"relative_error": math.inf}, problem=f"absurd {i}") for i in range(9)]
    good = [made(kappa, BACK, scores={"relative_error": 1e-16 * kappa}, problem=f"{kappa}") for kappa in (2.0, 1e6)]
    assert computes_in(exact) == "?"
    assert computes_in([*absurd, *good]) == "float64"
    assert computes_in(poor) == computes_in([*exact, *poor]) == "less than float64"


def test_time_is_relative_to_the_fastest_that_is_right_on_the_same_problem() -> None:
    def timed(variant: str, kappa: float, seconds: float, verdict: str = BACK) -> Record:
        return made(kappa, verdict, variant=variant, seconds=seconds)

    records = [
        *(timed("a", 1e1, 4.0), timed("a", 1e2, 9.0), timed("a", 1e3, 100.0)),
        *(timed("b", 1e1, 2.0), timed("b", 1e2, 3.0), timed("b", 1e3, 1.0, WRONG)),
        *(timed("fast and wrong", 1e1, 0.1, WRONG), timed("fast and wrong", 1e2, 0.1, BAD)),
    ]
    times = relative_times(records)
    assert math.isnan(times.pop("fast and wrong"))
    assert times == {"a": 2.0, "b": 1.0}  # a: 2, 3 and, where b was wrong, 1


def test_problems_that_cannot_be_judged_do_not_set_the_pace() -> None:
    slow = made(1e1, BACK, variant="a", seconds=4.0)
    quick = made(1e1, BACK, variant="b", seconds=1.0, regime=Regime.AMBIGUOUS, problem=slow.problem)
    times = relative_times([slow, quick])
    assert times["a"] == 1.0
    assert math.isnan(times["b"])


def test_times_of_other_precisions_are_not_compared() -> None:
    one, other = (
        made(1e1, BACK, variant="a", seconds=4.0),
        made(1e1, BACK, variant="b", seconds=1.0, precision="float32"),
    )
    assert relative_times([one, other]) == {"a": 1.0, "b": 1.0}


def test_rows_are_ordered_by_trust() -> None:
    verdicts = {"u": BAD, "f": FORE, "w": WRONG, "b": BACK, "x": "crashed"}
    rows = rows_of([made(1e1, verdict, variant=v) for v, verdict in verdicts.items()])
    assert [row.variant for row in rows] == ["b", "f", "u", "w", "x"]


def test_decades_keep_the_worst_and_show_missing_answers() -> None:
    records = [made(0.9e3, BACK), made(1.1e3, BACK, scores={"backward_error": 7.0}), made(1e5, BACK)]
    records.append(replace(made(1e5, "non-finite"), scores={}))
    assert summary.worst_by_decade(records, "backward_error") == {3: 7.0, 5: math.inf}
    assert summarised(records).decades["backward_error"] == {RECORD.variant: {3: 7.0, 5: math.inf}}


# --- pages and tables -----------------------------------------------------------------------------------


def test_the_leaderboard_page_and_csv_hold_every_variant() -> None:
    records = [made(1e1, BACK), made(1e1, WRONG, variant="jax-pinv-float32-cpu", precision="float32")]
    found = summarised(records)
    page = leaderboard.leaderboard_markdown("Title <b>", found, {"jax-qr-float32-gpu": f"not measured: {HOSTILE}"})
    assert page.startswith("# Title &lt;b&gt;\n")
    assert "## float64 on CPU" in page
    assert "## float32 on CPU" in page
    assert f"| jax-qr-float32-gpu | not measured: {inert(HOSTILE)} |" in page
    widths = {line.count(" | ") for line in page.split("## float64 on CPU")[1].split("##")[0].splitlines() if line}
    assert widths == {7}
    parsed = list(csv.DictReader(io.StringIO(leaderboard.leaderboard_csv(found.rows))))
    assert [line["variant"] for line in parsed] == [row.variant for row in found.rows]
    assert float(parsed[0]["backward_safe_kappa"]) == 10.0


def test_failures_replay_and_the_simplest_comes_first() -> None:
    records = [
        made(1e6, WRONG, m=30, n=10, scores={"relative_error": 3.0}),
        made(1e2, WRONG, m=2, n=1, scores={"relative_error": 0.5}, reported_rank=2, rank=1),
        made(1e2, BACK),
    ]
    lines = [line for line in failures.all_markdown(summarised(records)).splitlines() if line.startswith("- ")]
    assert len(lines) == 2
    assert lines[0].startswith(f"- `{records[1].problem} @ {RECORD.variant}` — resolvable, κ = 100: relative error 0.5")
    assert lines[0].endswith("rank 2 reported for 1")
    assert failures.all_markdown(summarised(records[2:])).count("None.") == 2
    refused = made(1e9, "refused", message="<b>LinAlgError</b>", scores={})
    page = failures.all_markdown(summarised([*records, refused]))
    assert f"- `{refused.problem} @ {RECORD.variant}` — refused, κ = 1e9 &lt;b&gt;LinAlgError&lt;/b&gt;" in page


@pytest.mark.parametrize("width", [60, 80, 100, 120, 150])
def test_the_terminal_table_shows_every_row_uncut(width: int) -> None:
    console = Console(width=width, record=True, file=io.StringIO())
    records = [made(1e1, BACK), made(1e2, FORE), made(2e8, FORE), made(1e9, WRONG)]
    rows = rows_of([*records, *(replace(r, variant="v2", algorithm="normal-cholesky") for r in records)])
    for table in leaderboard.terminal_tables(rows, console.width):
        console.print(table)
    shown = console.export_text()
    assert "float64 on CPU" in shown
    assert shown.count("conditionally") == 2
    assert shown.count("conditionally stable") == (2 if width >= 100 else 0)
    assert "numpy-normal-cholesky" in shown
    assert "…" not in shown
    assert "silent" in shown
    assert "safe" in shown
    for heading in ("deficient", "time"):
        assert (heading in shown) == (width >= 80)
    assert ("ungraded" in shown) == (width >= 100)


def test_at_80_columns_nothing_that_decides_is_cut_for_the_longest_name() -> None:
    longest = max((f"{lib.name}-{s.algorithm}" for lib in catalog.LIBRARY.values() for s in lib.solvers), key=len)
    library, algorithm = longest.split("-", 1)
    (row,) = rows_of([made(1e1, BACK, library=library, algorithm=algorithm), made(2e8, WRONG)])
    row = replace(row, stability="conditionally stable", deficient_total=363, deficient_passed=363, relative_time=47.3)
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(*leaderboard.terminal_tables([row], 80))
    shown = console.export_text()
    assert all(word in shown for word in (longest, "conditionally", "silent", "safe", "363/363", "47.3×"))
    assert max(map(len, shown.splitlines())) <= 80


def test_the_eight_columns_come_with_their_meanings_first() -> None:
    page = leaderboard.leaderboard_markdown("T", summarised([made(1e1, BACK)]), {})
    legend, table = page.split("## float64 on CPU")
    names = ["solver", "class", "safe κ", "deficient", "silent", "failed", "ungraded", "time"]
    assert [line.split("**")[1] for line in legend.splitlines() if line.startswith("- **")] == names
    assert f"| {' | '.join(names)} |" in table
    assert [column.title for column in columns.EIGHT] == names


def test_the_index_of_failures_counts_by_reason_family_and_solver() -> None:
    few = [
        made(float(k), WRONG, problem=f"p{k}", m=10 + k, n=1, scores={"relative_error": 9.0}) for k in range(5, 0, -1)
    ]
    other = made(2.0, "refused", problem="q", family="columns", message="LinAlgError: no", scores={}, variant="v2")
    also = replace(few[-1], variant="v9", family="columns")  # the simplest problem again
    page = failures.index_markdown(summarised([*few, also, other, made(3.0, BACK)]))
    silent, shown = page.split("# Failures that show: 1")
    assert "# Silent failures: 6" in silent
    for kind in ("no correct digit, at full rank: 6", "polynomial: 5", f"{RECORD.variant}: 5"):
        own = silent.split(f"**{kind}**\n\n")[1].split("\n\n")[0].splitlines()
        assert [line.split(" @ ")[0] for line in own] == ["- `p1", "- `p2", "- `p3"]
    for kind in ("refused: LinAlgError", "columns", "v2"):
        assert f"**{kind}: 1**\n\n- `{other.key}` — refused, κ = 2 LinAlgError: no\n" in shown
    assert failures.index_markdown(summarised([made(3.0, BACK)])).count("None.") == 6
