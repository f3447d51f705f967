"""Claims: the verdicts that are mathematics, and that a wrong experiment would be noticed.

The claims choose their own precisions and ask workers, so that most of them are tested once.
Times are not tested: their claims are judged from planted samples.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flint import fmpq, fmpq_mat

from lamm_robust import catalog
from lamm_robust.claims import (
    algebra,
    bowl,
    dropping,
    fit,
    gram,
    growth,
    library,
    loop,
    loop_speed,
    orthogonal,
    page,
    pinv,
    programs,
    rank,
    timing,
)
from lamm_robust.claims.finding import Finding, Source, Spread, Table, Verdict, quartiles, slope, spread
from lamm_robust.claims.lab import SEEDS, SPECTRA, Lab, clocked, open_lab, rational_pinv
from lamm_robust.claims.page import Settled
from lamm_robust.claims.samples import beyond, pool
from lamm_robust.claims.settle import select_numbers, settle, write
from lamm_robust.claims.table import CLAIMS, SUBJECTS
from lamm_robust.cli.main import main
from lamm_robust.keys import parse_case_key
from lamm_robust.values import AbsentError, Case, HarnessError, Outcome, Precision, Problem, Variant

HOLDS, ONLY_WHEN, FAILS, DEPENDS, UNDECIDED, NOT_MEASURED = Verdict
Measure = Callable[[Lab], Finding]

MATHEMATICS: Mapping[Measure, Verdict] = {
    algebra.minimises_residual: HOLDS,
    algebra.minimises_norm: HOLDS,
    algebra.projector: HOLDS,
    algebra.left_inverse: ONLY_WHEN,
    algebra.gram_formula: ONLY_WHEN,
    algebra.gram_rank: HOLDS,
    algebra.squared_condition: HOLDS,
    algebra.no_right_inverse: HOLDS,
    bowl.gradient: HOLDS,
    bowl.positive_definite: HOLDS,
    bowl.unique_minimum: ONLY_WHEN,
    dropping.dropping_is_pinv_exactly: HOLDS,
    fit.residual_is_orthogonal: HOLDS,
    fit.pythagoras: HOLDS,
    fit.quadratic: HOLDS,
}
ANALYSIS: Mapping[Measure, Verdict] = {
    dropping.dropping_is_pinv: ONLY_WHEN,
    dropping.dropping_is_not_shortest: FAILS,
    dropping.dropping_misses_directions: HOLDS,
    dropping.final_system_has_full_rank: ONLY_WHEN,
    dropping.no_numerical_issues: ONLY_WHEN,
    gram.float64_sees_square: ONLY_WHEN,
    gram.never_form_gram: ONLY_WHEN,
    gram.breakdown: HOLDS,
    gram.cholesky_or_lu: HOLDS,
    library.lstsq_begins_with_qr: ONLY_WHEN,
    library.lstsq_returns_sse: ONLY_WHEN,
    library.pinv_is_standard: ONLY_WHEN,
    orthogonal.qr_avoids_squaring: HOLDS,
    orthogonal.residual_brings_square: ONLY_WHEN,
    pinv.pinv_cuts_early: ONLY_WHEN,
    pinv.pinv_edge_cases: ONLY_WHEN,
    pinv.pinv_handles_deficiency: HOLDS,
    pinv.pinv_is_backward_stable: ONLY_WHEN,
    pinv.pinv_is_more_stable: ONLY_WHEN,
    pinv.solvers_return_shortest: ONLY_WHEN,
    rank.gram_rank_as_switch: FAILS,
    rank.rank_test_is_sensitive: HOLDS,
}
"""What rounding error analysis predicts, with margins that no BLAS exhausts."""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A laboratory with few problems: the page has three spectra and twenty seeds."""
    with open_lab() as opened:
        yield replace(opened, spectra=SPECTRA[:1], seeds=3)


# --- verdicts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", [*MATHEMATICS, *ANALYSIS], ids=lambda measure: measure.__name__)
def test_what_mathematics_says(lab: Lab, measure: Measure) -> None:
    finding = measure(lab)
    assert finding.verdict is {**MATHEMATICS, **ANALYSIS}[measure], finding.decisive
    assert bool(finding.when) == (finding.verdict is ONLY_WHEN)
    assert finding.decisive
    assert finding.table.rows
    assert {len(row) for row in finding.table.rows} == {len(finding.table.header)}
    assert bool(finding.margin) == (measure in ANALYSIS or measure is fit.quadratic)  # a theorem has none
    assert finding.replay
    for line in finding.replay:
        can_be_replayed(line)


def can_be_replayed(line: str) -> None:
    """A key of the catalog that builds, or Python that compiles, and runs if it needs NumPy only."""
    if line.startswith("lamm-robust replay "):
        key, _ = parse_case_key(line.split('"')[1])
        assert catalog.build_problem(key).m
        return
    code = compile(line, "replay", "exec")
    assert "'" not in line  # it is handed to a shell between these
    if "lamm_robust.lamm" not in line and "jax" not in line:  # these take seconds to compile
        exec(code, {})


def test_the_numbers_that_decide(lab: Lab) -> None:
    assert "(223/175, -601/700, 31/28)" in fit.quadratic(lab).decisive  # worked out by hand: AᵀA c = Aᵀy in fractions
    assert "κ < 3e4 (float32, 30×10)" in pinv.pinv_cuts_early(lab).when  # 1/(10·30·2⁻²³) = 27,962
    assert "κ = 1e7" in rank.gram_rank_as_switch(lab).decisive
    assert "xGELSD" in library.lstsq_begins_with_qr(lab).decisive
    assert "24 problems" in dropping.dropping_is_not_shortest(lab).decisive
    assert (len(SPECTRA), SEEDS) == (3, 20)


# --- wrong pseudo-inverses ------------------------------------------------------------------------------------------


def basic_inverse(A: fmpq_mat) -> fmpq_mat:
    """C⁺ for the first independent columns, zeros for the others: a minimiser, and not the shortest."""
    echelon, found = A.rref()
    pivots = [next(j for j in range(A.ncols()) if echelon[i, j] != 0) for i in range(found)]
    columns = A.transpose().tolist()
    C = fmpq_mat([columns[j] for j in pivots]).transpose()
    rows = dict(zip(pivots, (C.transpose() * C).solve(C.transpose()).tolist(), strict=True))
    return fmpq_mat([rows.get(j, [fmpq(0)] * A.nrows()) for j in range(A.ncols())])


def nearly(A: fmpq_mat) -> fmpq_mat:
    """A⁺ with one entry off by 10⁻³⁰."""
    rows = rational_pinv(A).tolist()
    rows[0][0] += fmpq(1, 10**30)
    return fmpq_mat(rows)


def test_a_basic_inverse_minimises_and_is_not_the_shortest(lab: Lab) -> None:
    wrong = replace(lab, pinv=basic_inverse)
    assert algebra.minimises_residual(wrong).verdict is HOLDS
    assert algebra.projector(wrong).verdict is HOLDS  # AA⁻ projects for every {1,3}-inverse
    assert algebra.minimises_norm(wrong).verdict is FAILS


@pytest.mark.parametrize(
    "measure",
    [
        *(algebra.minimises_residual, algebra.minimises_norm, algebra.projector),
        *(algebra.left_inverse, algebra.gram_formula, fit.residual_is_orthogonal, fit.pythagoras),
        *(algebra.no_right_inverse, bowl.gradient, bowl.unique_minimum, dropping.dropping_is_pinv_exactly),
    ],
    ids=lambda measure: measure.__name__,
)
def test_the_slightest_error_is_seen(lab: Lab, measure: Measure) -> None:
    assert measure(replace(lab, pinv=nearly)).verdict is FAILS


def test_a_wrong_fit_is_seen(lab: Lab) -> None:
    def shifted(A: fmpq_mat) -> fmpq_mat:
        return rational_pinv(A) * fmpq(10001, 10000)

    assert fit.quadratic(replace(lab, pinv=shifted)).verdict is FAILS


def test_the_transpose_is_no_pinv(lab: Lab) -> None:
    wrong = replace(lab, pinv=lambda A: A.transpose())
    assert algebra.projector(wrong).verdict is FAILS
    assert algebra.minimises_residual(wrong).verdict is FAILS


# --- wrong solvers --------------------------------------------------------------------------------------------------


def swapped(lab: Lab, **solvers: str) -> Lab:
    """A laboratory in which other solvers answer: numpy_pinv="numpy-qr"."""
    others = {name.replace("_", "-"): other.partition("-")[::2] for name, other in solvers.items()}

    def attempt(case: Case, problem: Problem) -> Outcome:
        asked = case.variant
        name, algorithm = others.get(f"{asked.library}-{asked.algorithm}", (asked.library, asked.algorithm))
        return lab.attempt(Case(case.key, Variant(name, algorithm, asked.precision, asked.device)), problem)

    return replace(lab, attempt=attempt)


SWAPS: tuple[tuple[Measure, dict[str, str], Verdict], ...] = (
    (dropping.dropping_is_pinv, {"numpy_dropping": "numpy-pinv"}, HOLDS),
    (dropping.dropping_is_not_shortest, {"numpy_dropping": "numpy-pinv"}, HOLDS),
    (dropping.dropping_misses_directions, {"numpy_dropping": "numpy-lstsq"}, FAILS),
    (gram.never_form_gram, {"numpy_normal_cholesky": "numpy-qr"}, FAILS),
    (gram.breakdown, {"numpy_normal_cholesky": "numpy-qr"}, FAILS),
    (gram.cholesky_or_lu, {"numpy_normal_cholesky": "numpy-normal-lu"}, FAILS),
    (orthogonal.qr_avoids_squaring, {"numpy_qr": "numpy-normal-lu"}, FAILS),
    (orthogonal.qr_avoids_squaring, {"numpy_normal_lu": "numpy-qr"}, FAILS),
    (orthogonal.residual_brings_square, {"numpy_lstsq": "scipy-gelsd"}, HOLDS),
    (dropping.no_numerical_issues, {"numpy_dropping": "numpy-pinv"}, HOLDS),
    (library.pinv_is_standard, dict.fromkeys(("numpy_lstsq", "scipy_gelsd"), "numpy-qr"), FAILS),
    (pinv.pinv_cuts_early, {"jax_pinv": "jax-qr"}, HOLDS),
    (pinv.pinv_cuts_early, {"jax_pinv": "jax-normal-lu"}, FAILS),
    (pinv.pinv_is_backward_stable, {"numpy_pinv": "numpy-lstsq"}, HOLDS),
    (pinv.pinv_edge_cases, {"jax_pinv": "numpy-lstsq"}, HOLDS),
    (pinv.solvers_return_shortest, {"scipy_gelsd": "numpy-lstsq", "scipy_gelsy": "numpy-lstsq"}, HOLDS),
    (rank.gram_rank_as_switch, {"jax_lamm_cond": "jax-pinv"}, HOLDS),
    (pinv.pinv_handles_deficiency, {"jax_pinv": "numpy-qr"}, FAILS),
    (pinv.pinv_is_more_stable, {"numpy_pinv": "numpy-normal-lu"}, FAILS),
)


@pytest.mark.parametrize(
    ("measure", "solvers", "verdict"), SWAPS, ids=[f"{m.__name__}-{'-'.join(s.values())}" for m, s, _ in SWAPS]
)
def test_another_solver_has_another_verdict(
    lab: Lab, measure: Measure, solvers: dict[str, str], verdict: Verdict
) -> None:
    finding = measure(swapped(lab, **solvers))
    assert finding.verdict is verdict, finding.decisive


def test_rank_tests_that_agree_are_not_called_sensitive(lab: Lab) -> None:
    def attempt(case: Case, problem: Problem) -> Outcome:
        return replace(lab.attempt(case, problem), rank=problem.n)

    assert rank.rank_test_is_sensitive(replace(lab, attempt=attempt)).verdict is FAILS


# --- planted samples ------------------------------------------------------------------------------------------------


def sampled(samples: Any) -> Lab:
    """A laboratory with a clock that shows these."""
    nothing: Any = None
    return Lab(nothing, nothing, rational_pinv, lambda *_: samples)


def again(seconds: float) -> list[float]:
    return [seconds * factor for factor in (1.0, 1.01, 0.99, 1.02)]


def sizes(**times: float | tuple[float, float]) -> list[dict[str, Any]]:
    """Rows for two sizes, with a time for both or one for each."""
    rows = []
    for i, (m, n) in enumerate(((16, 4), (64, 16))):
        each = {name: again(t[i] if isinstance(t, tuple) else t) for name, t in times.items()}
        rows.append({"m": m, "n": n, "algorithm": "pinv", **each})
    return rows


def verdict_of(measure: Measure, samples: Any) -> tuple[Verdict, str]:
    finding = measure(sampled(samples))
    return finding.verdict, finding.when


def test_five_to_twenty_times() -> None:
    def jit(*eager: float) -> tuple[Verdict, str]:
        return verdict_of(timing.jit_alone, sizes(eager=(eager[0], eager[1]), jit=1.0))

    assert jit(10, 6) == (HOLDS, "")
    assert jit(10, 2) == (ONLY_WHEN, "A is 16×4")
    assert jit(2, 4) == (FAILS, "")
    original = sizes(original=(2.0, 8.0), dropping=2.0, pinv=1.0)
    for row in original:
        row["lamm-cond"] = again(1.0)
    assert verdict_of(timing.original_to_compiled, original) == (ONLY_WHEN, "A is 64×16")


def test_slightly_and_predictable() -> None:
    assert verdict_of(timing.deficient_costs, sizes(full=1.0, deficient=1.1))[0] is HOLDS
    assert verdict_of(timing.deficient_costs, sizes(full=1.0, deficient=(1.1, 2.0))) == (ONLY_WHEN, "A is 16×4")
    assert verdict_of(timing.deficient_costs, sizes(full=1.0, deficient=2.0))[0] is FAILS

    def ranks(times: Mapping[str, list[float]]) -> Verdict:
        rows = [{"solver": name, "m": 64, "n": 48, "by_rank": times} for name in ("original", "lamm-cond", "pinv")]
        return verdict_of(timing.predictable, rows)[0]

    assert ranks({"12": again(1.0), "48": again(1.1)}) is HOLDS
    assert ranks({"12": again(1.0), "48": again(2.0)}) is ONLY_WHEN
    assert ranks({"12": [1.0, 2.0, 4.0, 8.0], "48": [1.0, 2.0, 4.0, 8.0]}) is FAILS


def test_growth_is_fitted() -> None:
    def rows(fixed: float, growing: float, memory: float, twice: float = 1.0) -> list[dict[str, Any]]:
        return [
            {
                "shape": shape,
                "k": k,
                "seconds": {"original": again(factor * k**power), "compiled": again(k**2.0)},
                "bytes": {"original": factor * k**memory, "compiled": k**memory},
            }
            for shape, power, factor in zip(growth.SHAPES, (fixed, growing), (1.0, twice), strict=True)
            for k in (32, 64, 128)
        ]

    assert verdict_of(growth.original_time, rows(3, 3, 2))[0] is HOLDS
    assert verdict_of(growth.original_time, rows(3, 4, 2))[0] is ONLY_WHEN
    assert verdict_of(growth.original_time, rows(4, 4, 2))[0] is FAILS
    assert verdict_of(growth.original_space, rows(3, 3, 2))[0] is HOLDS
    assert verdict_of(growth.original_space, rows(3, 3, 3))[0] is FAILS
    assert verdict_of(growth.compiled_is_cheaper, rows(3, 3, 2))[0] is HOLDS
    assert verdict_of(growth.original_space, rows(3, 3, 2, twice=1.9))[0] is ONLY_WHEN
    assert verdict_of(growth.original_time, rows(3, 3, 2, twice=1.9))[0] is ONLY_WHEN
    assert verdict_of(growth.compiled_is_cheaper, rows(3, 1.5, 2))[0] is FAILS
    assert verdict_of(growth.compiled_is_cheaper, rows(2.2, 3, 2))[0] is FAILS  # by less than times scatter


def test_gram_costs_are_fitted() -> None:
    def rows(in_m: float, in_n: float, gels: float) -> list[dict[str, Any]]:
        shapes, others = ((1024, 64), (4096, 64), (4096, 256)), {"normal-cholesky": again(2.0), "qr": again(9.0)}
        return [
            {"m": m, "n": n, "operations": m**in_m * n**in_n, "AᵀA": again(1.0), "gels": again(gels), **others}
            for m, n in shapes
        ]

    assert verdict_of(gram.gram_costs, rows(1, 2, 1))[0] is HOLDS
    assert verdict_of(gram.gram_costs, rows(2, 2, 1))[0] is FAILS
    assert verdict_of(gram.gram_costs, rows(1, 3, 1))[0] is FAILS
    assert verdict_of(gram.normal_equations_cost_more, rows(1, 2, 1.0))[0] is HOLDS
    assert verdict_of(gram.normal_equations_cost_more, rows(1, 2, 8.0))[0] is FAILS


def ends(*factors: float) -> list[dict[str, Any]]:
    """Final magnitudes of pairs of loops with 4 and 9 directions, whose compiled one ends at a multiple."""
    return [
        {
            "modes": 4,
            "target": target,
            "atol": 0.0,
            "directions": directions,
            "seed": s,
            "original": 1.0 + s,
            "python loop": 1.0 + s,
            "compiled": (1.0 + s) * factor,
            "kept": [directions - 1, directions],
        }
        for directions, factor in zip((4, 9), factors, strict=True)
        for target in ("near", "far")
        for s in range(10)
    ]


def test_final_magnitudes_are_compared_pair_by_pair() -> None:
    assert verdict_of(loop.similar_magnitudes, ends(1.033, 0.97)) == (HOLDS, "")
    only = "N = 4 with 4 directions, fewer than the (N−1)² degrees of freedom: X is then well-conditioned"
    assert verdict_of(loop.similar_magnitudes, ends(1.033, 2)) == (ONLY_WHEN, only)
    converged = [{**row, "atol": 1e-5} for row in ends(1.033, 2)]
    assert verdict_of(loop.similar_magnitudes, converged) == (ONLY_WHEN, f"{only}; and neither arrives")
    assert verdict_of(loop.similar_magnitudes, ends(2, 1.033)) == (ONLY_WHEN, "N = 4 with 9 directions")
    assert verdict_of(loop.similar_magnitudes, ends(0.9, 1.1)) == (FAILS, "")
    zero = [{**row, "original": 0.0, "compiled": 0.0} for row in ends(0.9, 1.1)]
    assert verdict_of(loop.similar_magnitudes, zero)[0] is HOLDS


def test_chance_is_told_from_a_rule_and_from_too_few_pairs() -> None:
    def tosses(wins: int, pairs: int, modes: int = 4) -> list[dict[str, Any]]:
        row = {"modes": modes, "target": "far", "atol": 0.0, "directions": 9, "original": 1.0}
        return [{**row, "seed": i, "compiled": 0.9 if i < wins else 1.2} for i in range(pairs)]

    assert verdict_of(loop.equally_good, tosses(20, 40))[0] is UNDECIDED
    assert verdict_of(loop.equally_good, tosses(60, 120))[0] is HOLDS
    assert verdict_of(loop.equally_good, tosses(100, 120))[0] is FAILS
    assert verdict_of(loop.equally_good, tosses(20, 120))[0] is FAILS
    assert verdict_of(loop.equally_good, tosses(60, 120) + tosses(30, 32, 8)) == (ONLY_WHEN, "N = 4")
    assert verdict_of(loop.equally_good, ends(1.01, 1.01))[0] is HOLDS  # none differs
    low, high = loop.interval(20, 40)  # at its ends as many wins or more, or fewer, have a probability of 0.5 %
    assert sum(math.comb(40, k) * low**k * (1 - low) ** (40 - k) for k in range(20, 41)) == pytest.approx(0.005)
    assert high == pytest.approx(1 - low)


def test_loops_are_compared() -> None:
    def steps(original: float) -> list[dict[str, Any]]:
        times = {"original": again(original), "python loop": again(2.0), "compiled": again(1.0)}
        return [{"modes": n, "directions": 9, "steps": 8, "first": 1.0, **times} for n in (4, 8)]

    assert verdict_of(loop_speed.step_speed, steps(7.0))[0] is HOLDS
    assert verdict_of(loop_speed.step_speed, steps(3.0))[0] is FAILS

    def arrivals(original: float) -> list[dict[str, Any]]:
        return [
            {
                "modes": 4,
                "directions": 9,
                "loop": name,
                "first": 1.0,
                "seconds": again(t),
                "steps": [3, 4, 5, 6],
                "reached": [True, True, True, name == "original"],
            }
            for name, t in (("original", original), ("compiled", 1.0))
        ]

    assert verdict_of(loop_speed.loop_speed, arrivals(9.0))[0] is HOLDS
    assert verdict_of(loop_speed.loop_speed, arrivals(0.5))[0] is FAILS
    assert "never" in loop_speed.loop_speed(sampled(arrivals(0.5))).decisive
    lost = [{**row, "reached": [True, True, False, False]} for row in arrivals(9.0)]
    assert verdict_of(loop_speed.loop_speed, lost)[0] is FAILS  # too few to both of which to compare

    def counts(*steps: list[int]) -> list[dict[str, Any]]:
        named = zip(("pinv", "solve"), steps, strict=True)
        return [
            {"modes": 4, "directions": k, "target": t, "solver": s, "steps": [n[0], n[1] if k == 9 else 7]}
            | {"reached": [True, True]}
            for s, n in named
            for k in (4, 9)
            for t in ("near", "far")
        ]

    assert verdict_of(loop.solver_changes_steps, counts([3, 4], [3, 4]))[0] is HOLDS
    assert verdict_of(loop.solver_changes_steps, counts([3, 4], [3, 5]))[0] is ONLY_WHEN
    assert verdict_of(loop.solver_changes_steps, counts([3, 4], [2, 4]))[0] is FAILS


def test_what_short_steps_bring_is_told_from_chance() -> None:
    def arrivals(short: int, other: int) -> list[dict[str, Any]]:
        """Of thirty starts, so many arrive with one solver only."""
        reached = {"pinv": [i < short for i in range(30)], "qr": [i >= 30 - other for i in range(30)]}
        shared = {"modes": 4, "directions": 12, "target": "far", "steps": [1] * 30}
        return [{**shared, "solver": name, "reached": each} for name, each in reached.items()]

    assert verdict_of(loop.short_steps_are_stable, arrivals(20, 2))[0] is HOLDS
    assert verdict_of(loop.short_steps_are_stable, arrivals(2, 20))[0] is FAILS
    assert verdict_of(loop.short_steps_are_stable, arrivals(6, 3))[0] is UNDECIDED


def test_directions_and_iterations_are_counted() -> None:
    assert "3 to 4 of 4 (N = 4), 8 to 9 of 9 (N = 4)" in loop.same_number_of_directions(sampled(ends(1, 1))).decisive
    rows = [{"modes": 4, "directions": 9, "loop": name, "steps": [3, 3]} for name in ("original", "compiled")]
    assert verdict_of(loop.fixed_number_of_iterations, rows)[0] is HOLDS
    rows[1]["steps"] = [3, 7]
    assert verdict_of(loop.fixed_number_of_iterations, rows)[0] is ONLY_WHEN


def test_runs_that_do_not_agree_settle_nothing() -> None:
    def lab(*speedups: float) -> Lab:
        nothing: Any = None
        runs = [sizes(eager=(s, s), jit=1.0) for s in speedups]
        return Lab(nothing, nothing, rational_pinv, lambda *asked: runs[asked[3]])

    assert timing.jit_alone(lab(8.0, 7.0, 6.0)).verdict is HOLDS
    assert timing.jit_alone(lab(2.0, 3.0, 4.0)).verdict is FAILS
    found = timing.jit_alone(lab(8.0, 7.0, 4.0))
    assert found.ruling == "depends on the machine: holds in 2 of 3 runs; does not hold in 1 of 3 runs"
    assert found.decisive.startswith("pinv 7.0×")  # of the samples of all runs together
    assert "+40 %" in found.margin


def test_margins_name_what_is_nearest_to_the_limit() -> None:
    assert beyond([4.0, 6.0, 20.0], 5.0) == "the nearest to the limit 5 are off it by -20 % and +20 %"
    assert beyond([6.0, 20.0], 5.0) == "the nearest to the limit 5 are off it by +20 %"
    assert pool([{"a": [1], "n": 3}, {"a": [2], "n": 3}]) == {"a": [1, 2], "n": 3}
    assert pool([[{"a": {"x": [1]}}], [{"a": {"x": [2]}}]]) == [{"a": {"x": [1, 2]}}]


ON_GPU = [number for number, claim in CLAIMS.items() if "GPU" in claim.title]


def test_without_a_gpu_nothing_is_claimed_of_one() -> None:
    def clock(*_: object) -> Any:
        raise AbsentError("no GPU found")

    for _, claim, finding in settle(replace(sampled(None), clock=clock), ON_GPU):
        assert "GPU" in claim.title
        assert (finding.verdict, finding.ruling) == (NOT_MEASURED, "not measured: no GPU found")


# --- the clock ------------------------------------------------------------------------------------------------------


def test_under_vmap_there_is_no_branch() -> None:
    samples = clocked("vmap", "float64", "cpu")
    finding = programs.cond_under_vmap(sampled(samples))
    assert finding.verdict is ONLY_WHEN
    assert (samples["conditionals of lamm-cond"], samples["conditionals of lamm-cond, vmap"]) == (1, 0)
    kept = {**samples, "conditionals of lamm-cond, vmap": 1}
    assert programs.cond_under_vmap(sampled(kept)).verdict is HOLDS


def test_one_program_serves_every_rank() -> None:
    samples = clocked("shapes", "float64", "cpu")
    assert [row["compiled"] for row in samples] == [1, 1, 16, 0]
    assert programs.static_shapes(sampled(samples)).verdict is ONLY_WHEN
    samples[1]["compiled"] = 16
    assert programs.static_shapes(sampled(samples)).verdict is HOLDS
    samples[0]["compiled"] = 16
    assert programs.static_shapes(sampled(samples)).verdict is FAILS


FROM: Mapping[str, tuple[Measure, ...]] = {
    "eager": (timing.jit_alone,),
    "original": (timing.original_to_compiled,),
    "ranks": (timing.predictable,),
    "deficient": (timing.deficient_costs,),
    "growth": (growth.original_time, growth.original_space, growth.compiled_is_cheaper, growth.compiled_order),
    "gram": (gram.gram_costs, gram.normal_equations_cost_more),
    "magnitudes": (loop.similar_magnitudes, loop.equally_good, loop.same_number_of_directions),
    "loops": (loop_speed.step_speed,),
    "arrivals": (loop_speed.loop_speed, loop.fixed_number_of_iterations),
    "steps": (loop.solver_changes_steps, loop.short_steps_are_stable),
}


@pytest.mark.parametrize("experiment", FROM)
def test_claims_read_what_experiments_say(
    experiment: str, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    if precision == "float64":
        pytest.skip("these experiments take long, and are made in float32 only")
    from lamm_robust.claims import bench, clock, sampled_loops, sampled_solves

    small: dict[Any, dict[str, Any]] = {
        bench: {"ROUNDS": (2, 2)},
        sampled_solves: {
            "SMALL": ((6, 2), (8, 4)),
            "WIDTHS": (4, 8),
            "FIXED_ROWS": 16,
            "TALL": ((64, 4), (128, 4), (128, 8)),
        },
        sampled_loops: {
            "SIZES": ((2, 1), (4, 4)),  # what agrees in all of these is compiled once for all experiments
            "NEAR_BY": ((2, 1), (4, 4)),
            "DIRECTIONS": {4: (4, 12)},
            "ALL": {4: (4, 12)},
            "SEEDS": (0, 1, 2),
            "LIMIT": 2,
            "STEPS": 2,
            "SOLVERS": ("qr", "pinv"),
        },
    }
    for module, values in small.items():
        for name, value in values.items():
            monkeypatch.setattr(module, name, value)
    samples = json.loads(json.dumps(clock.EXPERIMENTS[experiment](bench.Bench(precision, "cpu"))))
    for measure in FROM[experiment]:
        finding = measure(sampled(samples))
        assert finding.verdict is not NOT_MEASURED
        assert finding.table.rows
        assert {len(row) for row in finding.table.rows} == {len(finding.table.header)}
        assert page.markdown([Settled(1, CLAIMS[1], finding)], WHERE)


def test_every_experiment_is_looked_at() -> None:
    from lamm_robust.claims.clock import EXPERIMENTS

    assert set(EXPERIMENTS) == {*FROM, "vmap", "shapes"}
    tested = {*MATHEMATICS, *ANALYSIS, *(measure for each in FROM.values() for measure in each)}
    untested = {claim.measure for claim in CLAIMS.values()} - tested
    assert untested == {programs.cond_under_vmap, programs.static_shapes, *(CLAIMS[n].measure for n in ON_GPU)}
    assert len(ON_GPU) == 3


def test_a_gpu_that_cannot_be_used_costs_its_own_claims_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "missing_gpu", lambda _: None)  # the driver is there, and JAX has no use for it
    with pytest.raises(AbsentError, match="the experiment 'eager' in float32 on the gpu failed: "):
        clocked("eager", "float32", "gpu")


def test_an_experiment_that_fails_says_why() -> None:
    with pytest.raises(HarnessError, match=r"the experiment 'nonsense' in float32 on the cpu failed: .*KeyError"):
        clocked("nonsense", "float32", "cpu")


# --- table, page and command ----------------------------------------------------------------------------------------


def test_the_table() -> None:
    assert len(CLAIMS) >= 25
    assert list(CLAIMS) == list(range(1, len(CLAIMS) + 1))
    assert sum(len(subject.CLAIMS) for subject in SUBJECTS) == len(CLAIMS)
    claims = CLAIMS.values()
    for unique in ("title", "sentence", "measure"):
        assert len({getattr(claim, unique) for claim in claims}) == len(claims)
    assert all(claim.sentence.endswith(".") for claim in claims)
    assert all(claim.experiment.endswith((".", "?")) for claim in claims)
    assert {claim.source for claim in claims} == set(Source)
    assert {claim.measure for claim in claims} >= {*MATHEMATICS, *ANALYSIS}


CELLS = ("| <b>", 3, 2.0, Spread(1.0, 2.0, 3.0), float("inf"), Spread(1e-7, 1e-7, 1e-7))


def settled(verdict: Verdict = ONLY_WHEN) -> Settled:
    finding = Finding(verdict, "a | b", Table(tuple("abcdef"), [CELLS]), "κ < 3", ("import numpy as np",))
    return Settled(7, CLAIMS[7], finding)


WHERE = {"versions": {"numpy": "1", "scipy": "1", "jax": "1"}, "processor": "<x|y>", "cores": 2}


def test_the_page() -> None:
    text = page.markdown([settled()], WHERE)
    assert "1 holds only when.\n" in text
    assert "| **holds only when** κ &lt; 3 |" in text
    assert "| \\| &lt;b&gt; | 3 | 2 | 2 (1 … 3) | ∞ | 1e-7 |" in text
    assert "python -c 'import numpy as np'\nlamm-robust claims --only 7\n" in text
    assert "<x" not in text


def test_the_values(tmp_path: Path) -> None:
    (one,) = page.facts([settled()], WHERE)["claims"]
    assert one["margin"] == ""
    assert one["rows"] == [["| <b>", 3, 2.0, [1.0, 2.0, 3.0], None, [1e-7, 1e-7, 1e-7]]]
    assert (one["number"], one["verdict"], one["when"]) == (7, "holds only when", "κ < 3")
    write([settled()], tmp_path / "new")
    assert json.loads((tmp_path / "new/claims.json").read_text())["claims"][0]["number"] == 7
    assert (tmp_path / "new/claims.md").read_text().startswith("# The claims")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is not a directory"):
        write([settled()], tmp_path / "file")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *((0.0, "0"), (12.345, "12.3"), (1234.5, "1234"), (1e6, "1e6"), (2.55e-7, "2.5e-7"), (-0.5, "-0.5")),
        *((float("inf"), "∞"), (float("-inf"), "−∞"), (float("nan"), "–")),
    ],
)
def test_figures(value: float, shown: str) -> None:
    assert page.figure(value) == shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        *(("apart by 1", "Apart by 1."), ("c = (1, 2)", "c = (1, 2)."), ("κ is 2", "κ is 2."), ("–", "")),
        *(("cond(AᵀA) is 1", "cond(AᵀA) is 1."), ("dropping's x is", "Dropping's x is."), ("pinv 2×", "pinv 2×.")),
    ],
)
def test_sentences(words: str, said: str) -> None:
    assert page.sentence(words) == said


def test_statistics() -> None:
    assert spread([3.0, 1.0, 2.0]) == (1.0, 2.0, 3.0)
    assert quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == (2.0, 3.0, 4.0)
    assert slope([1.0, 10.0, 100.0], [3.0, 300.0, 30000.0]) == pytest.approx(2)


def test_what_cannot_be_measured_is_named(lab: Lab) -> None:
    def attempt(case: Case, problem: Problem) -> Outcome:
        return replace(lab.attempt(case, problem), x=None)

    with pytest.raises(HarnessError, match=r"claim 32 \(the quadratic fit\) could not be measured: .* no answer"):
        settle(replace(lab, attempt=attempt), [32])


def test_numbers() -> None:
    assert select_numbers([]) == list(range(1, len(CLAIMS) + 1))
    assert select_numbers([3, 1, 3]) == [1, 3]
    with pytest.raises(ValueError, match=r"there is no claim 0; they are numbered from 1 to \d\d"):
        select_numbers([0])


def test_the_command(tmp_path: Path) -> None:
    shown = CliRunner().invoke(main, ["claims", "--only", "14"])
    assert shown.exit_code == 0, shown.output
    assert "holds: exactly on 10 of 10 matrices" in shown.stdout
    assert "P² = Pᵀ = P" in shown.stdout
    (tmp_path / "file").touch()
    for wrong, said in ((["--only", "99"], "there is no claim 99"), (["--out", str(tmp_path / "file")], "a directory")):
        failed = CliRunner().invoke(main, ["claims", *wrong])
        assert failed.exit_code == 2
        assert said in failed.stderr


def test_claims_are_judged_without_jax() -> None:
    code = "import sys, lamm_robust.claims.settle; print(sorted({'jax', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
