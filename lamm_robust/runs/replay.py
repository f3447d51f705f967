"""One row of the tables made again from its key, with everything about it: problem, truth, answer, scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamm_robust import catalog
from lamm_robust.oracles.plain_values import AT_MOST, decimals, facts
from lamm_robust.runs.sweep import why_not_asked
from lamm_robust.scoring import number_scores, number_truths
from lamm_robust.scoring.derivatives import UNIT, WAYS
from lamm_robust.scoring.limits import threshold
from lamm_robust.scoring.nonfinite import Undefined
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Certified, Known, Truths
from lamm_robust.text import duration, scaled_lines
from lamm_robust.values import Array, Certificate, Edge, Number, Outcome, Problem, Record, Regime, Solver, Status
from lamm_robust.workers.opening import Workers
from lamm_robust.workers.second_look import attempt_alone

X_DIGITS = 20
"""Digits of x★ that are shown: a few more than float64 has, to compare with."""

EDGES = {Edge.NONE: "", Edge.EMPTY: ", an edge case: empty", Edge.SCALE: ", an edge case: squares over- or underflow"}

SHOWN = 8
"""Rows and columns of a matrix that are shown: as many as a person can take in."""


@dataclass(frozen=True, eq=False)
class Replayed:
    """A case that was attempted once more, with everything about it."""

    certified: Known
    solver: Solver
    outcome: Outcome
    record: Record


def attempt_again(key: str, oracle: str, *, derivative: bool = False) -> Replayed:
    """Attempt the case of a key once more, alone; with `derivative`, the solver is differentiated there, too.

    ValueError for a key that names no case, and for a case that cannot be certified or measured here.
    """
    case = catalog.find_case(key)
    if derivative and catalog.LIBRARY[case.variant.library].differentiate is None:
        raise ValueError(f"--derivative: {case.variant.library} differentiates nothing; JAX, Lineax and PyTorch do")
    build = catalog.build_with_directions if derivative else catalog.build_problem
    truths = Truths(build, catalog.cached_oracle(oracle))  # the problem is rebuilt, and not looked up
    variant, problem, solver = case.variant, truths.problem(case.key), catalog.find_solver(case.variant)
    certified = truths.certify(case.key)
    if certified is None:
        raise ValueError(f"'{case.key}' is not certified by {oracle}: {truths.refused[case.key]}")
    if reason := catalog.absent(catalog.LIBRARY[variant.library], variant.device):
        raise ValueError(f"{variant}: {reason.sentence}")
    if why := why_not_asked(problem, solver):
        outcome = Outcome(Status.NOT_ATTEMPTED, message=why)
    else:
        with Workers(catalog.LIBRARY) as workers:
            outcome = attempt_alone(case, problem, workers.open)
    return Replayed(certified, solver, outcome, record(case, certified, solver, outcome))


def case_text(certified: Known, solver: Solver, outcome: Outcome, row: Record) -> str:
    """One attempt in full, in lines for people: problem, truth, answer, scores and verdict."""
    known = _no_truth(certified) if isinstance(certified, Undefined) else _truth(certified)
    if isinstance(certified, Certified) and certified.regime is Regime.AMBIGUOUS:
        known += _cut(certified, solver, scored="truncated_error" in row.scores)
    returns = solver.contract.returns
    if isinstance(certified, Certified) and returns is not Number.X and number_truths.is_promised(returns, certified):
        known += ["", *_entries(returns, [repr(entry) for entry in number_truths.printed(returns, certified)])]
    answered = [*_answer(solver, outcome), *_derivatives(certified, outcome)]
    return "\n".join([*_problem(certified.problem), *known, *answered, *_judgement(row)])


def _problem(problem: Problem) -> list[str]:
    return [
        f"problem   {problem.key}",
        f"          {problem.m}×{problem.n}, SHA-256 {problem.digest}",
        *_matrix("A", problem.A),
        *_matrix("b", problem.b),
    ]


def _matrix(name: str, values: Array) -> list[str]:
    shown = np.array2string(values, edgeitems=SHOWN // 2, threshold=SHOWN * SHOWN, precision=9, max_line_width=140)
    return [f"{name:<10}{line}" if i == 0 else f"          {line}" for i, line in enumerate(shown.splitlines())]


def _no_truth(problem: Undefined) -> list[str]:
    return ["", f"truth     none: {problem.where}, so no finite x is a least-squares solution; {problem.regime}"]


def _truth(certified: Certified) -> list[str]:
    truth = certified.truth
    kappa = "undefined" if truth.kappa is None else f"{float(truth.kappa):.10g}"
    if truth.equilibrated:
        lines = scaled_lines(truth.m, truth.n)
        kappa += f" ({float(truth.equilibrated.kappa):.10g} with {lines} of one size)"
    norm, edge = facts(truth)["residual_norm"], EDGES[certified.edge]
    fit = "‖b − Ax★‖" if truth.m == certified.problem.m else "of [A; √λI] and [b; 0]; ‖b − Ax★‖ there"
    residual = norm if norm.startswith(AT_MOST) else f"= {float(norm):.10g}"
    return [
        "",
        f"truth     by {truth.method}: rank {truth.rank}, κ = {kappa}, {certified.regime}{edge}",
        f"          σ₁ = {float(truth.sigma_max):.10g}, σ_r = {float(truth.sigma_min):.10g}",
        f"          {fit} {residual}",
        *_entries("x★", _decimals(truth)),
    ]


def _cut(certified: Certified, solver: Solver, *, scored: bool) -> list[str]:
    """The truncated problem that the solver's own cutoff leaves, against which truncated_error is measured."""
    left = certified.truncated_frame(solver.contract)
    if left is None:
        return []
    if left.truth.rank == certified.truth.rank:
        return ["", "cut       the solver's cutoff keeps all singular values"]
    rank, last, share = left.truth.rank, float(left.truth.sigma_min), certified.cutoff(solver.contract)
    return [
        "",
        f"cut       the solver's cutoff, {share:.3g}·σ₁, keeps {rank} singular values, σ_{rank} = {last:.10g}",
        f"          truncated_error is the distance to A_{rank}⁺b, or that of its fit:"
        if scored
        else f"          whose κ is beyond the precision, too; nothing is asked of the distance to A_{rank}⁺b:",
        *_entries(f"A_{rank}⁺b", _decimals(left.truth)),
    ]


def _decimals(truth: Certificate) -> list[str]:
    """The entries of x★, or its rows where there are several right-hand sides, written as those of x̂ are."""
    found = decimals(truth, X_DIGITS)[0]
    return [f"[{', '.join(row)}]" if isinstance(row, list) else row for row in found]


def _entries(name: str, entries: list[str]) -> list[str]:
    kept = entries[:SHOWN] + ([f"… {len(entries) - SHOWN} more"] if len(entries) > SHOWN else [])
    kept = kept or ["(no entries)"]
    return [f"{name if i == 0 else '':<10}{entry}" for i, entry in enumerate(kept)]


def _answer(solver: Solver, outcome: Outcome) -> list[str]:
    lines = [
        "",
        f"solver    {solver.summary}",
        _promise(solver),
        f"outcome   {outcome.status}" + (f": {outcome.message}" if outcome.message else ""),
    ]
    if outcome.x is not None:
        name = "x̂" if solver.contract.returns is Number.X else "returned"
        lines += _entries(name, [repr(entry) for entry in np.atleast_1d(outcome.x).tolist()])
    if outcome.rank is not None:
        lines.append(f"rank      {outcome.rank} reported")
    if outcome.seconds is not None and outcome.first_call_seconds is not None:
        lines.append(f"time      {duration(outcome.seconds)}; first call {duration(outcome.first_call_seconds)}")
    return lines


def _promise(solver: Solver) -> str:
    contract = solver.contract
    if contract.returns is not Number.X:
        return f"          promises {contract.returns}"
    if contract.penalty is not None:
        return f"          promises x of min ‖Ax − b‖² + λ‖x‖², λ = {contract.penalty!r}"
    return f"          promises {contract.deficiency}; counts as zero: {contract.rank_rule}"


def _derivatives(certified: Known, outcome: Outcome) -> list[str]:
    """The derivatives that were found, each beside the exact one, rounded."""
    exact = certified.derivatives if isinstance(certified, Certified) else None
    if exact is None:
        return []
    lines = []
    for name, values in outcome.derivatives.items():
        lines += ["", *_matrix(name, values), *_matrix("  exact", exact.values[name.removeprefix("vmapped_")][0])]
    return lines


def _judgement(row: Record) -> list[str]:
    units = (
        {name: metric.unit for name, metric in catalog.METRIC.items()} | number_scores.UNITS | dict.fromkeys(WAYS, UNIT)
    )
    width = 2 + max(map(len, row.scores), default=0)
    scores = [f"  {name:<{width}}{value:<12.4g}{units.get(name, '')}" for name, value in row.scores.items()]
    limit = f"(small: at most {threshold(row.precision, row.m, row.n):.4g} units)" if scores else "none"
    return ["", f"scores    {limit}", *scores, "", f"verdict   {row.verdict}"]
