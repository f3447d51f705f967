"""Problems without an answer, from the stored bits to the tables: who says so is right, who does not is found."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamm_robust import catalog
from lamm_robust.hunt.hunt import sentence, severity
from lamm_robust.keys import parse_key
from lamm_robust.oracles import select
from lamm_robust.reports import changes, columns, summary
from lamm_robust.reports.failures import index_markdown
from lamm_robust.runs.plan import grid
from lamm_robust.scoring.limits import UNDEFINED
from lamm_robust.scoring.nonfinite import Undefined, as_undefined
from lamm_robust.scoring.records import records
from lamm_robust.scoring.truths import Truths
from lamm_robust.scoring.verdicts import judge
from lamm_robust.solvers.contracts import basic, full_rank, minimum_norm
from lamm_robust.storage.findings import DISASTER, SILENT
from lamm_robust.storage.lines import block, records_of
from lamm_robust.storage.parquet import Records, write_manifest, write_records
from lamm_robust.strategies import least_squares_problems
from lamm_robust.values import (
    Array,
    Case,
    Contract,
    Outcome,
    Precision,
    ProblemKey,
    Record,
    Regime,
    Solver,
    Status,
    Variant,
    Verdict,
)
from lamm_robust.workers.attempt import attempt
from lamm_robust.workers.process import Kind
from lamm_robust.workers.second_look import attempt_alone
from lamm_robust.workers.supervisor import Worker
from tests.support.planted import SOLVERS as PLANTED
from tests.support.problems import problem_of
from tests.support.records import RECORD, rows

CONTRACTS = [minimum_norm("σ", "LinAlgError"), basic("pivots"), full_rank("LinAlgError")]
NAN = problem_of([[1.0, 2.0], [3.0, math.nan], [5.0, 6.0]], [1.0, 1.0, 1.0])


# --- what is undefined -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("A", "b", "where"),
    [
        ([[1, 2], [3, math.nan]], [1, 1], "A[1, 1] is nan"),
        ([[1, -math.inf], [math.nan, 1]], [math.nan, 1], "A[0, 1] is -inf"),
        ([[1, 2], [3, 4]], [1, math.inf], "b[1] is inf"),
        ([[1, 2], [3, 4]], [[1, 1], [1, math.nan]], "b[1, 1] is nan"),
    ],
)
def test_the_bits_decide_and_the_first_entry_is_named(A: Any, b: Any, where: str, precision: Precision) -> None:
    found = as_undefined(problem_of(A, b, precision))
    assert found is not None
    assert (found.where, found.regime) == (where, Regime.UNDEFINED)


def test_large_and_empty_problems_are_not_undefined() -> None:
    assert as_undefined(problem_of([[1.7e308, -5e-324]], [0.0])) is None
    assert as_undefined(problem_of(np.zeros((0, 2)), [])) is None


def test_no_oracle_is_asked() -> None:
    def certify(A: Array, b: Array) -> Any:
        raise AssertionError("asked")

    truths = Truths(lambda _: NAN, replace(select("exact"), certify=certify))
    found = truths.certify(NAN.key)
    assert isinstance(found, Undefined)
    assert not truths.refused


# --- verdicts --------------------------------------------------------------------------------------------

SAID, FINITE = np.array([1.0, math.nan]), np.zeros(2)


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(Status.REFUSED), Verdict.FLAGGED),
        (Outcome(Status.SOLVED, x=SAID), Verdict.FLAGGED),
        (Outcome(Status.SOLVED, x=np.array([math.inf, 0.0]), warned=True), Verdict.FLAGGED),
        (Outcome(Status.SOLVED, x=FINITE), Verdict.WRONG),
        (Outcome(Status.SOLVED, x=FINITE, warned=True), Verdict.INACCURATE),
        (Outcome(Status.CRASHED), Verdict.CRASHED),
        (Outcome(Status.TIMED_OUT), Verdict.TIMED_OUT),
        (Outcome(Status.FLAKY), Verdict.FLAKY),
        (Outcome(Status.BAD_OUTPUT), Verdict.BAD_OUTPUT),
        (Outcome(Status.NOT_ATTEMPTED), Verdict.OUT_OF_CONTRACT),
    ],
)
def test_judgement(contract: Contract, outcome: Outcome, expected: Verdict) -> None:
    assert judge(contract, UNDEFINED, outcome, {}) is expected


# --- records ---------------------------------------------------------------------------------------------


def quietly(solver: Solver, library: str, precision: Precision) -> Iterator[Record]:
    """The records of a solver at the small grid of `nonfinite`, attempted in this process."""
    variant = Variant(library, solver.algorithm, precision, "cpu")
    truths = Truths(catalog.build_problem, catalog.find_oracle("auto"))
    where = catalog.LIBRARY.get(library, catalog.LIBRARY["numpy"])
    for key in grid("small", precision, ["nonfinite"]):
        problem, known = truths.problem(key), truths.certify(key)
        assert known is not None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome = attempt(where, solver, problem, "cpu")
        yield from records([(Case(key, variant), known, outcome)], lambda _: solver)


def verdicts(solver: Solver, library: str, precision: Precision) -> set[str]:
    return {record.verdict for record in quietly(solver, library, precision)}


@pytest.mark.parametrize("name", ["gelsd", "gelsy", "gelss", "pinv"])
def test_scipy_checks_and_says_so(name: str, precision: Precision) -> None:
    solver = catalog.find_solver(catalog.find_variant(f"scipy-{name}-{precision}-cpu"))
    assert verdicts(solver, "scipy", precision) == {"flagged"}


@pytest.mark.parametrize("name", ["numpy-lstsq", "numpy-pinv"])
def test_an_svd_says_so(name: str, precision: Precision) -> None:
    solver = catalog.find_solver(catalog.find_variant(f"{name}-{precision}-cpu"))
    assert verdicts(solver, name.split("-")[0], precision) == {"flagged"}


@pytest.mark.parametrize("solver", ["lstsq", "qr"])
def test_jax_propagates_and_is_right_to(solver: str, precision: Precision) -> None:
    variant, problem = catalog.find_variant(f"jax-{solver}-{precision}-cpu"), problem_of(NAN.A, NAN.b, precision)
    kind = Kind(catalog.LIBRARY["jax"], precision, "cpu")
    outcome = attempt_alone(Case(problem.key, variant), problem, lambda *_: Worker(kind))
    assert judge(catalog.find_solver(variant).contract, UNDEFINED, outcome, {}) is Verdict.FLAGGED


def test_numbers_in_silence_are_wrong_and_propagation_is_not(precision: Precision) -> None:
    assert verdicts(PLANTED["zeros_on_nan"], "planted", precision) == {"wrong"}
    assert verdicts(PLANTED["propagate"], "planted", precision) == {"flagged"}


def test_a_record_says_what_is_not_known(precision: Precision) -> None:
    found = list(quietly(PLANTED["zeros_on_nan"], "planted", precision))
    for record in found:
        assert (record.oracle, record.rank, record.regime, record.scores) == ("none", None, "undefined", {})
        assert math.isnan(record.kappa)
        assert math.isnan(record.residual_ratio)


def test_records_keep_an_unknown_rank(tmp_path: Path) -> None:
    unknown = replace(
        RECORD,
        rank=None,
        kappa=math.nan,
        kappa_columns=math.nan,
        residual_ratio=math.nan,
        regime=Regime.UNDEFINED,
        oracle="none",
    )
    (back,) = records_of(block([unknown]))
    assert repr(back) == repr(unknown)
    write_records(tmp_path / "records.parquet", rows([RECORD, unknown]), catalog.SCORES, {})
    write_manifest(tmp_path)
    (kept,) = Records(tmp_path)
    assert [r.rank for r in kept] == [RECORD.rank, None]
    assert [r.regime for r in kept] == ["resolvable", "undefined"]


# --- tables ----------------------------------------------------------------------------------------------


def made(verdict: str, **changes: Any) -> Record:
    given: dict[str, Any] = {
        "problem": f"u {verdict}",
        "regime": Regime.UNDEFINED,
        "rank": None,
        "kappa": math.nan,
        "scores": {},
    }
    return replace(RECORD, verdict=Verdict(verdict), **(given | changes))


GOOD = [
    replace(RECORD, problem=f"p{k}", kappa=float(k), kappa_columns=float(k), scores={"backward_error": 1.0})
    for k in (2, 1000)
]


def summarised(*more: Record) -> summary.Summary:
    return summary.summarise([[*GOOD, *more]])


def test_what_is_flagged_is_counted_and_changes_nothing_else() -> None:
    (alone,), (with_it,) = summarised().rows, summarised(made("flagged"), made("flagged", problem="v")).rows
    assert (with_it.undefined_flagged, with_it.undefined_total) == (2, 2)
    without = replace(with_it, undefined_flagged=0, undefined_total=0, cases=2)
    assert repr(without) == repr(alone)  # NaN is not equal to NaN
    assert summarised(made("flagged")).open == []


@pytest.mark.parametrize(
    ("verdict", "silent", "failures", "share"),
    [
        ("flagged", 0, 0, "1/1"),
        ("wrong", 1, 0, "0/1"),
        ("inaccurate", 0, 0, "0/1"),
        ("crashed", 0, 1, "0/1, 1 lost"),
        ("timed out", 0, 1, "0/1, 1 lost"),
        ("bad output", 0, 1, "0/1, 1 lost"),
        ("out of contract", 0, 0, "–"),
    ],
)
def test_how_each_end_is_counted_and_none_changes_the_class(
    verdict: str, silent: int, failures: int, share: str
) -> None:
    found = summarised(made(verdict))
    (row,) = found.rows
    assert (row.stability, row.silent_failures, row.failures) == ("backward stable", silent, failures)
    assert (len(found.silent), len(found.open)) == (silent, failures)
    assert row.backward_safe_kappa == 1000
    page = index_markdown(found)
    assert ("undefined: a finite answer" in page) == bool(silent)
    names = [column.name for column in columns.COLUMNS]
    assert columns.cells(row)[names.index("NaN or ∞")] == share


def test_undefined_problems_alone_say_nothing_of_stability() -> None:
    (row,) = summary.summarise([[made("flagged"), made("wrong")]]).rows
    assert (row.stability, row.silent_failures) == ("not judged", 1)


def test_saying_so_less_than_before_is_worse() -> None:
    for old, new in itertools.permutations(["flagged", "inaccurate", "timed out", "crashed", "wrong"], 2):
        order = ["flagged", "inaccurate", "timed out", "crashed", "wrong"]
        step = changes.Pair(made(old), made(new)).step
        assert (step > 0) == (order.index(new) > order.index(old))
    assert set(changes.FROM_BEST) == set(Verdict)


# --- hunts, strategies -----------------------------------------------------------------------------------


def test_a_hunt_for_silence_finds_it_but_prefers_what_has_a_score() -> None:
    silent, off = made("wrong"), replace(RECORD, verdict=Verdict.WRONG, scores={"forward_error": 10.0})
    assert DISASTER / 2 < severity(silent, SILENT) < DISASTER < severity(off, SILENT)
    assert severity(made("flagged"), SILENT) == severity(silent, "backward_error") < 0
    assert sentence(silent, SILENT) == "5×3, undefined: wrong, solved"


def test_property_tests_do_not_get_them() -> None:
    with pytest.raises(ValueError, match=r"families is \['nonfinite'\]; their problems have no answer"):
        least_squares_problems(families=["nonfinite"])
    assert [name for name, family in catalog.FAMILIES.items() if not family.defined] == ["nonfinite"]
    for key in grid("small", "float64", [name for name, f in catalog.FAMILIES.items() if f.defined]):
        assert as_undefined(catalog.build_problem(key)) is None


def test_replay_says_why_there_is_no_truth() -> None:
    from lamm_robust.cli.replay import replay_text

    key = "nonfinite m=4 n=2 rank=2 value=not-a-number array=b place=last seed=0 dtype=float64"
    text = replay_text(f"{key} @ scipy-gelsd-float64-cpu", "auto")
    assert "truth     none: b[3] is nan, so no finite x is a least-squares solution; undefined" in text
    assert "outcome   refused: ValueError: array must not contain infs or NaNs" in text
    assert text.endswith("verdict   flagged")


def test_the_key_of_one_reads_back() -> None:
    key = ProblemKey(
        "nonfinite", tuple(next(iter(catalog.FAMILIES["nonfinite"].grid("small", "float32"))).items()), "float32"
    )
    assert parse_key(str(key)) == key
    assert as_undefined(catalog.build_problem(key)) is not None
