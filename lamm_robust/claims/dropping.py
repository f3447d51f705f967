"""Claims about LAMM's first solver, which drops columns that do not raise the rank."""

from __future__ import annotations

import math

import numpy as np
from flint import fmpq, fmpq_mat

from lamm_robust.claims.cases import (
    DECADES,
    WHERE,
    M,
    N,
    case,
    deficient_records,
    key,
    keys,
    records,
    score_spread,
)
from lamm_robust.claims.exact import Exact, Matrix, conclude_exactly, exact_problems, is_zero
from lamm_robust.claims.finding import Cell, Claim, Finding, Source, Table, conclude, spread
from lamm_robust.claims.lab import Lab
from lamm_robust.text import number, share
from lamm_robust.values import Array, Record

INDEPENDENT = ((16, 9, 9), (30, 10, 10), (12, 12, 12), (5, 3, 3))
"""m, n and rank of problems with independent columns; the last is as large as the chapter's example."""
SIX_DIGITS = 1e-6
"""The largest relative difference that counts as "the same answer" in float64."""


def difference(one: Array, other: Array) -> float:
    """The relative difference ‖x − y‖ / ‖y‖ of two answers."""
    return math.dist(one.tolist(), other.tolist()) / math.hypot(*other.tolist())


def drop_exactly(A: Matrix, b: Matrix) -> Matrix:
    """What dropping computes, in rationals: normal equations of the columns that raise the rank, 0 for the others."""
    echelon, rank = A.rref()
    kept = [next(j for j in range(A.ncols()) if echelon[i, j] != 0) for i in range(rank)]
    C = fmpq_mat([A.transpose().tolist()[j] for j in kept])
    found = dict(zip(kept, (C * C.transpose()).solve(C * b).entries(), strict=True))
    return fmpq_mat([[found.get(j, fmpq(0))] for j in range(A.ncols())])


def dropping_is_pinv_exactly(lab: Lab) -> Finding:
    """With independent columns none is dropped, and the normal equations have one solution, which is A⁺b."""
    problems = exact_problems(lab, INDEPENDENT)

    def same(p: Exact) -> bool:
        return is_zero(drop_exactly(p.A, p.b) - lab.pinv(p.A) * p.b)

    return conclude_exactly(
        "the same fractions on {} of {} problems; what floating point makes of it is claim 47",
        {"dropping = A⁺b": same},
        problems,
        cases=[problems[0].case("numpy-dropping")],
    )


def dropping_is_pinv(lab: Lab) -> Finding:
    """How far the answers of dropping and of pinv are apart in float64 where A has full rank."""
    apart, kept = [], []
    for k in DECADES:
        apart.append(spread(_apart(lab, each) for each in _keys(lab, k)))
        kept.append(min(r.reported_rank or 0 for r in records(lab, "numpy-dropping", k, 1e-12)))
    beyond = next((i for i, distance in enumerate(apart) if distance.high > SIX_DIGITS), None)
    first = len(DECADES) - 1 if beyond is None else beyond
    last = max(first - 1, 0)
    limit = number(10.0 ** DECADES[last])
    return conclude(
        beyond is None,
        f"apart by {number(apart[0].high)}‖x‖ at most at κ = 10, {number(apart[first].high)}‖x‖ at κ = "
        f"1e{DECADES[first]} and {number(apart[-1].middle)}‖x‖ in the median at κ = 1e{DECADES[-1]}",
        Table(
            ("κ", "‖x − y‖/‖y‖", "fewest columns kept"),
            [(10.0**k, distance, fewest) for k, distance, fewest in zip(DECADES, apart, kept, strict=True)],
        ),
        when=f"κ ≤ {limit} (float64, six digits): beyond, dropping keeps every column and squares κ" if beyond else "",
        margin=f"the limit is {number(SIX_DIGITS)}; the worst is {number(apart[last].high)} at κ = {limit} and "
        f"{number(apart[first].high)} at κ = 1e{DECADES[first]}",
        cases=[case(f"numpy-{s}", DECADES[first], 1e-12) for s in ("dropping", "pinv")],
    )


def _apart(lab: Lab, key: str) -> float:
    """How far both answers are apart; ∞ where a solver has none."""
    one, other = (lab.outcome(f"{key} @ numpy-{s}-float64-cpu").x for s in ("dropping", "pinv"))
    return math.inf if one is None or other is None else difference(one, other)


def _keys(lab: Lab, log10_cond: float) -> list[str]:
    return keys(lab, log10_cond, 1e-12)


def dropping_is_not_shortest(lab: Lab) -> Finding:
    """Where A is deficient, dropping sets the coefficients of the columns it drops to zero: a basic solution."""
    solvers = ("numpy-dropping", "jax-dropping", "numpy-pinv", "jax-lamm-cond")
    found = {solver: deficient_records(lab, solver) for solver in solvers}
    rows: list[tuple[Cell, ...]] = [
        (solver, score_spread(each, "residual_excess"), score_spread(each, "norm_excess"))
        for solver, each in found.items()
    ]
    dropped = found["numpy-dropping"]
    longer = [r for r in dropped if r.scores["norm_excess"] > SIX_DIGITS]
    lengths = spread(1 + r.scores["norm_excess"] for r in dropped)
    return conclude(
        not longer,
        f"dropping's x is longer than A⁺b on {len(longer)} of {len(dropped)} problems: {number(lengths.middle)}× in "
        f"the median, {number(lengths.high)}× at most; the fit is the same",
        Table(("solver", "‖A(x̂ − x★)‖/‖b‖", "‖x̂‖/‖x★‖ − 1"), rows),
        margin=f"longer by more than {number(SIX_DIGITS)} counts; the median is {number(lengths.middle - 1)}",
        cases=[(longer or dropped)[0].key],
    )


EXPONENTS = tuple(4 + k / 2 for k in range(6))
"""The powers of ten of κ in float32, on both sides of 1/κ = 30·eps = 3.6e-6, the tolerance of the rank test."""
BESIDE = ("numpy-dropping", "jax-pinv", "jax-qr")
ROUNDING = 0.2
"""The share κu of b that a fit may miss at κ = 3e6 in float32; a fit that misses a direction misses all of b."""


def dropping_misses_directions(lab: Lab) -> Finding:
    """How much of b is missed: columns that are exactly redundant, and b along the weakest direction of A."""
    exact = score_spread(deficient_records(lab, "numpy-dropping", "float32"), "residual_excess")
    rows: list[tuple[Cell, ...]] = []
    missed: list[Record] = []
    far = problems = 0
    for k in EXPONENTS:
        asked = [
            f"spectrum m={M} n={N} mode={mode} log10_cond={k} residual=0.0 direction=trailing seed={s} dtype=float32"
            for mode in lab.spectra
            for s in range(lab.seeds)
        ]
        found = {s: [lab.record(f"{each} @ {s}-float32-cpu") for each in asked] for s in BESIDE}
        kept = spread(r.reported_rank or 0 for r in found["numpy-dropping"])
        missed += [r for r in found["numpy-dropping"] if (r.reported_rank or 0) < N and _misses_b(r)]
        far += sum(r.reported_rank == N and _misses_b(r) for r in found["numpy-dropping"])
        problems += len(asked)
        rows.append((10.0**k, kept, *(score_spread(each, "residual_excess") for each in found.values())))
    rows.append(("redundant columns", "–", exact, "–", "–"))
    shares = spread(r.scores["residual_excess"] for r in missed) if missed else spread([0.0])
    return conclude(
        bool(missed),
        f"independent columns that are dropped take {shares.middle:.0%} of b with them, on {len(missed)} of {problems} "
        f"problems (pinv's cutoff then misses it, too); on {far} others all columns are kept, and AᵀA loses the "
        f"direction; exactly redundant columns take {number(exact.high)} of b at most",
        Table(("κ", f"columns kept of {N}", *(f"{s} misses" for s in BESIDE)), rows),
        margin=f"a miss is more than {ROUNDING:.0%} of b; the least of them is {shares.low:.0%}",
        cases=[r.key for r in missed[:1]],
    )


def _misses_b(record: Record) -> bool:
    return record.scores["residual_excess"] > ROUNDING


SEEN_FULL = (
    "from lamm_robust import catalog; from lamm_robust.keys import parse_key; import numpy as np; "
    f'A = catalog.build_problem(parse_key("{key(9, 1e-12)}")).A; '
    "print(np.linalg.matrix_rank(A), np.linalg.matrix_rank(A.T @ A))"
)


def final_system_has_full_rank(lab: Lab) -> Finding:
    """The numerical ranks of the columns that dropping keeps, and of the matrix AᵀA of its final solve."""
    rows: list[tuple[Cell, ...]] = []
    full: list[bool] = []
    fewest = N
    for k in DECADES:
        kept, ranks = [], []
        for each in _keys(lab, k):
            rank = lab.outcome(f"{each} @ numpy-dropping-float64-cpu").rank
            A = lab.problem(each).A
            kept.append(N if rank is None else rank)
            if rank == N:
                ranks.append(int(np.linalg.matrix_rank(A.T @ A)))
        singular = sum(r < N for r in ranks)
        full.append(singular == 0)
        fewest = min(fewest, *ranks)
        rows.append((10.0**k, spread(kept), spread(ranks) if ranks else "–", share(singular, len(ranks))))
    broken = next((i for i, good in enumerate(full) if not good), None)
    limit = 10.0 ** DECADES[broken - 1] if broken else 0.0
    return conclude(
        broken is None,
        f"dropping keeps all {N} columns, while AᵀA has a numerical rank of {fewest} at the least"
        + (f", below {N} from κ = 1e{DECADES[broken]} on" if broken is not None else ""),
        Table(("κ", "columns kept", "rank AᵀA of the columns kept", "AᵀA singular to float64"), rows),
        when=f"κ ≤ {number(limit)}: the columns kept are independent, but AᵀA, which is solved with, has κ²"
        if broken
        else "",
        margin=f"the rank tests are numpy.linalg.matrix_rank's: max(m, n)·eps of σ₁, which AᵀA meets at κ = "
        f"{number((N * 2.0**-52) ** -0.5)}",
        replay=[SEEN_FULL],
    )


BOTH = ("numpy-dropping", "numpy-pinv")


def no_numerical_issues(lab: Lab) -> Finding:
    """The relative errors of dropping and of pinv by κ: whether dropping loses digits that the problem has."""
    errors = {s: [score_spread(records(lab, s, k, 1e-12), "relative_error") for k in DECADES] for s in BOTH}
    dropped, beside = errors.values()
    lost = next((i for i, (d, p) in enumerate(zip(dropped, beside, strict=True)) if d.middle >= 1 > p.high), None)
    worse = next((i for i, (d, p) in enumerate(zip(dropped, beside, strict=True)) if d.middle > 10 * p.middle), None)
    return conclude(
        worse is None,
        "in the median dropping is "
        + (f"ten times as far off as pinv from κ = 1e{DECADES[worse]} on" if worse is not None else "as good as pinv")
        + (
            f", and has no digit from κ = 1e{DECADES[lost]} on, where pinv errs by {number(beside[lost].high)}‖x★‖ at "
            "most"
            if lost is not None
            else ""
        ),
        Table(
            ("κ", *(f"{s}: ‖x̂ − x★‖/‖x★‖" for s in BOTH)),
            [(10.0**k, dropped[i], beside[i]) for i, k in enumerate(DECADES)],
        ),
        when=f"κ ≤ {number(10.0 ** DECADES[worse - 1])}" if worse else "",
        margin=f"ten times as far off counts; at κ = 1e{DECADES[-6]} it is "
        f"{number(dropped[-6].middle / beside[-6].middle)} times",
        cases=[case(s, DECADES[lost or -1], 1e-12) for s in BOTH],
    )


CLAIMS = {
    1: Claim(
        "dropping = pinv at full rank",
        "If the columns are independent, dropping redundant columns and the pseudo-inverse give the same answer.",
        Source.NOTES,
        "In rationals, on matrices of full column rank of four shapes: the normal equations of the columns that raise "
        "the rank, beside A⁺b.",
        dropping_is_pinv_exactly,
    ),
    2: Claim(
        "dropping = pinv when deficient",
        "With redundant columns, too, both give the same solution.",
        Source.NEIGHBOUR,
        "Both on matrices of exactly known rank, 20 seeds: the length of the answers beside that of A⁺b, and how well "
        "they fit.",
        dropping_is_not_shortest,
    ),
    3: Claim(
        "dropping may miss directions",
        "Because of numerical precision, dropping may miss directions that matter.",
        Source.NOTES,
        "In float32, independent columns with b along their weakest direction, of three spectra and 20 seeds; beside "
        "them columns that are exactly redundant: what share of b does the answer miss?",
        dropping_misses_directions,
    ),
    47: Claim(
        "the same in float64",
        "Claim 1 in float64: both give the same answer to six digits.",
        Source.NEIGHBOUR,
        f"Both in float64 on {WHERE}, for each decade of κ: how far apart are the answers?",
        dropping_is_pinv,
    ),
    50: Claim(
        "dropping guarantees full rank",
        "Dropping guarantees a full-rank system for the final solve.",
        Source.NOTES,
        f"{WHERE}, float64: how many columns dropping keeps, and the numerical rank of their AᵀA, the matrix of the "
        "final solve.",
        final_system_has_full_rank,
    ),
    51: Claim(
        "dropping has no numerical issues",
        "Dropping has no numerical issues with singular matrices.",
        Source.NOTES,
        f"Relative errors of dropping and of pinv on {WHERE}, float64: does dropping lose digits that pinv keeps?",
        no_numerical_issues,
    ),
}
