"""The sentences of the pages that quote the reference run, each with how its figures are derived from the records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reference import Reference

from lamm_robust.keys import parse_key
from lamm_robust.oracles import select
from lamm_robust.reports import grading
from lamm_robust.text import number
from lamm_robust.values import PRECISIONS, Precision, Record, Regime, Verdict

Derive = Callable[[Reference], Iterable[Any]]

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "results/README.md": ("What to use when", "When to centre, scale or cast", "What the reference tables say")
}
"""The sections of a page in which every number must be derived."""

ALLOWED = (
    r"`[^`]*`",  # code, names and keys
    r"\(x86-64[^)]*\)",  # versions, which environment.json holds
    r"[Ff]loat(32|64)",
    r"far from 0",
    r"CholeskyQR\d",
    r"near 1e4",  # a question
    r"26 to 31 columns",  # of what hunts found and `standard` has since: see `tests/solvers/test_singular_values.py`
    r"more than 25 columns\s+\(xLALSD\)",  # SMLSIZ of LAPACK
    r"64u·σ₁ to that\s+\(xLASD2\)",
    r"below 1e-6 of the largest",  # what scikit-learn documents
    r"docs/verdicts.md",
    r"100,000 rows( or more)?",  # a question, and the length of a family
)
"""What is a number, and none of the run."""

FLOAT32: Precision = "float32"


def silent(*solvers: str, precision: Precision = "float64") -> Derive:
    """How often each is silent."""
    return lambda run: [run.cell(solver, "silent_failures", precision) for solver in solvers]


def field(name: str, *solvers: str, precision: Precision = "float64") -> Derive:
    """A number of the leaderboard for each."""
    return lambda run: [run.figure(solver, name, precision) for solver in solvers]


def share(part: str, *solvers: str, precision: Precision = "float64") -> Derive:
    """How many of how many, for each."""
    return lambda run: [run.share(solver, part, precision) for solver in solvers]


def missed(run: Reference, solver: str, precision: Precision = "float64") -> int:
    """How many rank-deficient problems a solver missed."""
    total, passed = (int(run.cell(solver, f"deficient_{part}", precision)) for part in ("total", "passed"))
    return total - passed


def by_columns_only(record: Record) -> bool:
    """Whether float64 resolves the problem, and only with columns of one size."""
    full = grading.is_graded(record) and grading.is_full_rank(record)
    return full and not grading.is_resolvable_as_a_whole(record)


def lost_columns(run: Reference) -> list[int]:
    """How many problems are resolved by columns only, and at how many of them each solver is silent."""
    solvers = ("numpy-lstsq", "jax-lstsq", "torch-gelsd", "scipy-gelsd", "numpy-pinv")
    wrong = [run.count(s, lambda r: by_columns_only(r) and r.verdict == Verdict.WRONG) for s in solvers]
    return [run.count("numpy-lstsq", by_columns_only), *wrong]


def trend(run: Reference) -> list[str]:
    """κ of a long straight line, and the error of jax-lstsq there in per cent."""
    key = "tall m=100000 n=2 offset=16 noise=1.0 seed=0 dtype=float32"
    (found,) = (r for r in run.of("jax-lstsq", FLOAT32) if r.problem == key)
    return [number(found.kappa), f"{100 * found.scores['relative_error']:.0f}"]


def kappas_of_a_line(_: Reference) -> list[str]:
    """κ of a line over unix times as stored and with columns of one size, and both of centred times."""
    times = [1700000000 + 60 * i for i in range(6)]
    found = []
    for centre in (0, 1700000150):
        rows = ";".join(f"1,{t - centre}" for t in times)
        problem = _build(f"raw A={rows} b=20,21,23,24,26,27 dtype=float64")
        truth = select("exact").certify(problem.A, problem.b)
        found += [truth.kappa, truth.kappa_columns]
    return [number(float(ball)) for ball in found if ball]


def _build(key: str) -> Any:
    from lamm_robust import catalog

    return catalog.build_problem(parse_key(key))


def longest(run: Reference) -> list[str]:
    """The two largest relative errors of numpy-lstsq at deficient problems in float64, the smaller first."""
    asked = (r for r in run.of("numpy-lstsq", "float64") if r.regime == Regime.DEFICIENT)
    return [number(error) for error in sorted(r.scores.get("relative_error", 0.0) for r in asked)[-2:]]


def refused(solver: str, run: Reference) -> int:
    """How often a solver refused a graded problem in float64."""
    return run.count(solver, lambda r: r.verdict == Verdict.REFUSED and grading.is_graded(r))


def hung(run: Reference) -> list[int]:
    """How many solvers timed out at a problem with NaN or ∞, in each precision."""
    found = []
    for precision in PRECISIONS:
        of_it = [row for row in run.rows.values() if row["precision"] == precision]
        found.append(sum(run.count(f"{r['library']}-{r['algorithm']}", _hangs, precision) > 0 for r in of_it))
    return found


def _hangs(record: Record) -> bool:
    return record.regime == Regime.UNDEFINED and record.verdict == Verdict.TIMED_OUT


def other_verdicts(run: Reference) -> list[int]:
    """At how many problems the batched forms of JAX's solvers have another verdict than their single ones."""
    found = 0
    for precision in PRECISIONS:
        for solver in ("jax-lstsq", "jax-pinv", "jax-qr"):
            single = {r.problem: r.verdict for r in run.of(solver, precision)}
            batched = run.of(f"{solver}-vmap", precision)
            found += sum(single.get(r.problem, r.verdict) != r.verdict for r in batched)
    return [found]


def unrepeatable(run: Reference) -> list[str]:
    """At how many attempts torch-gelsy gave other bits at the second call, and of how many."""
    return [run.cell("torch-gelsy", "unrepeatable"), run.cell("torch-gelsy", "cases")]


def both(*derived: Derive) -> Derive:
    """The figures of several, one after the other."""
    return lambda run: [figure for derive in derived for figure in derive(run)]


def row(solver: str, *, ratio: bool = False) -> Derive:
    """The cells of the leaderboard after the class, in float64."""

    def derive(run: Reference) -> list[str]:
        _, _, *cells, time = run.cells(solver)
        return [*([run.figure(solver, "safe_ratio")] * ratio), *cells, time.removesuffix("×")]

    return derive


README: Mapping[str, Derive] = {
    "jax-solve column-wise stable {} {} {} {} {} {}×": row("jax-solve"),
    "scipy-gels column-wise stable {} {} {} {} {} {}×": row("scipy-gels"),
    "numpy-qr column-wise stable {} {} {} {} {} {}×": row("numpy-qr"),
    "numpy-lstsq conditionally stable {} {} {} {} {} {}×": row("numpy-lstsq"),
    "numpy-pinv forward stable, {}:1 {} {} {} {} {} {}×": row("numpy-pinv", ratio=True),
    "scipy-gelsy conditionally stable {} {} {} {} {} {}×": row("scipy-gelsy"),
    "jax-lamm-cond unstable {} {} {} {} {} {}×": row("jax-lamm-cond"),
    "numpy-normal-lu unstable {} {} {} {} {} {}×": row("numpy-normal-lu"),
}

WHEN: Mapping[str, Derive] = {
    "column-wise stable, silent on {} and {} of {} problems: nothing has to be scaled": lambda run: [
        *(run.cell(s, "silent_failures") for s in ("numpy-qr", "scipy-qr")),
        run.cell("scipy-qr", "cases"),
    ],
    "stable in float32 at {}×; of `numpy-qr` and `jax-qr` the backward error grows to {} and {} units": both(
        lambda run: [run.cells("scipy-gels", FLOAT32)[-1].removesuffix("×")],
        field("worst_backward_error", "numpy-qr", "jax-qr", precision=FLOAT32),
    ),
    "`scipy-gels` solves {} of the edge cases in float64, `numpy-qr` {}": share("edges", "scipy-gels", "numpy-qr"),
    "in both precisions, {} and {} of the rank-deficient problems, silent on {} and {}": both(
        share("deficient", "jax-solve"),
        share("deficient", "jax-solve", precision=FLOAT32),
        silent("jax-solve"),
        silent("jax-solve", precision=FLOAT32),
    ),
    "no answer lost for sizes to a ratio of {}, {} of the rank-deficient problems, silent on {}. If r < n": both(
        field("safe_ratio", "numpy-lstsq-scaled"),
        share("deficient", "numpy-lstsq-scaled"),
        silent("numpy-lstsq-scaled"),
    ),
    "`scipy-gelsy-size-eps` and `torch-gelss` in float64: {} and {}": share(
        "deficient", "scipy-gelsy-size-eps", "torch-gelss"
    ),
    "`numpy-lstsq` {}: with": share("deficient", "numpy-lstsq"),
    "silent on {} problems of full rank in float64, from a ratio of sizes above {} on": both(
        lambda run: lost_columns(run)[1:2], field("safe_ratio", "numpy-lstsq")
    ),
    "κ is {} as stored and {} with columns of one size; after the mean is subtracted from the times, {} and {}.": (
        kappas_of_a_line
    ),
    "where κ is beyond {}, the largest": field("forward_safe_kappa", "scipy-gels", precision=FLOAT32),
}

SAY: Mapping[str, Derive] = {
    "to κ = {} with columns of one size. No size": field("columnwise_safe_kappa", "scipy-qr"),
    "Float64 resolves {} of the graded problems only with columns of one size. There `numpy-lstsq` is silent at {}, "
    "`jax-lstsq` at {}, `torch-gelsd` at {}, `scipy-gelsd` at {} and `numpy-pinv` at {};": lost_columns,
    "finds all rank-deficient problems ({} in float64, {} in float32)": lambda run: [
        run.cell("jax-solve", "deficient_passed"),
        run.cell("jax-solve", "deficient_passed", FLOAT32),
    ],
    "`numpy-lstsq` misses {} of them in float64 and {} in float32": lambda run: [
        missed(run, "numpy-lstsq"),
        missed(run, "numpy-lstsq", FLOAT32),
    ],
    "Two of the four answers in float64 err by {} and {} times x": longest,
    "gelsd misses {} of them, gelss {} and gelsy {}, without": lambda run: [
        missed(run, f"scipy-{driver}") for driver in ("gelsd", "gelss", "gelsy")
    ],
    "they miss {} and {}: those of NumPy": lambda run: [missed(run, f"scipy-{d}-size-eps") for d in ("gelsd", "gelsy")],
    "default once, misses {}.": lambda run: [missed(run, "numpy-lstsq-rcond-minus-1")],
    "end at κ = {}, {}, {} and {} for it, `jax-pinv`, with ten times that cutoff, at κ = {}.": field(
        "forward_safe_kappa", "jax-lstsq", "scipy-pinv", "torch-gelsd", "lineax-svd", "jax-pinv", precision=FLOAT32
    ),
    "κ = {}) `jax-lstsq` fails in silence, {} % off": trend,
    "grow to {}, {} and {} units there": field(
        "worst_backward_error", "numpy-qr", "jax-qr", "torch-qr", precision=FLOAT32
    ),
    "`scipy-gels` and `scipy-qr` stay at {} and {}.": field(
        "worst_backward_error", "scipy-gels", "scipy-qr", precision=FLOAT32
    ),
    "is at most {} Wedin bounds, that of `scipy-pinv` {}, but": field(
        "worst_forward_error", "numpy-pinv", "scipy-pinv"
    ),
    "backward errors grow to {} and {}.": field("worst_backward_error", "numpy-pinv", "scipy-pinv"),
    "that count: up to {} Wedin bounds.": field("worst_forward_error", "jax-pinv"),
    "`numpy-normal-lu` and `scipy-normal-cholesky` are forward stable to κ = {} and {} only in float64, `scipy-qr` to "
    "{}.": field("forward_safe_kappa", "numpy-normal-lu", "scipy-normal-cholesky", "scipy-qr"),
    "At κ near 1e4 they err by {} and {} Wedin bounds, it by {}.": lambda run: [
        run.worst(s, "forward_error", 4) for s in ("numpy-normal-lu", "scipy-normal-cholesky", "scipy-qr")
    ],
    "without a digit {} times (`numpy-normal-lu`); `scipy-normal-lu` warns (silent answers: {}).": silent(
        "numpy-normal-lu", "scipy-normal-lu"
    ),
    "Cholesky refuses {} times, and is silent {} times in between.": lambda run: [
        refused("scipy-normal-cholesky", run),
        run.cell("scipy-normal-cholesky", "silent_failures"),
    ],
    "`numpy-left-inverse`: silent {} and {} times)": silent("numpy-normal-inv", "numpy-left-inverse"),
    "`scipy-cholesky-qr2` holds to κ = {} and then refuses, `scipy-shifted-cholesky-qr3` to {}.": field(
        "backward_safe_kappa", "scipy-cholesky-qr2", "scipy-shifted-cholesky-qr3"
    ),
    "with backward errors of {} and {} (`jax-cholesky-qr2`": field(
        "worst_backward_error", "jax-cholesky-qr2", "jax-shifted-cholesky-qr3"
    ),
    "seminormal equations hold to κ = {}** forward": field("forward_safe_kappa", "scipy-seminormal-corrected"),
    "uncorrected ones to {}.": field("forward_safe_kappa", "scipy-seminormal"),
    "holds to {} backward and {} forward stably; beyond, it refuses {} times, and is silent {} times.": both(
        field("backward_safe_kappa", "scipy-float32-qr-refined"),
        field("forward_safe_kappa", "scipy-float32-qr-refined"),
        lambda run: [refused("scipy-float32-qr-refined", run)],
        silent("scipy-float32-qr-refined"),
    ),
    "tolerances they are silent {} and {} times in float64": silent("scipy-lsqr", "scipy-lsmr"),
    "with tight ones still {} and {} times.": silent("scipy-lsqr-tight", "scipy-lsmr-tight"),
    "ends at κ = {}. They take {}, {} and {} times as long": both(
        field("forward_safe_kappa", "scipy-sketch-precondition"),
        field("relative_time", "scipy-fossils", "scipy-iterative-sketching", "scipy-sketch-precondition"),
    ),
    "near κ = 10⁷ it errs by {} Wedin bounds, and near κ = 10⁸, where pinv takes over, by {}.": lambda run: [
        run.worst("jax-lamm-cond", "forward_error", 7),
        run.worst("jax-lamm-cond", "forward_error", 8),
    ],
    "It finds all {} rank-deficient problems.": lambda run: [run.cell("jax-lamm-cond", "deficient_passed")],
    "at {} and {} times the time of the fastest": field("relative_time", "numpy-dropping", "jax-dropping"),
    "It misses {} and {} of the rank-deficient problems": lambda run: [
        missed(run, "numpy-dropping"),
        missed(run, "jax-dropping"),
    ],
    "it ends at κ = {} and is silent {} times (`sklearn-linear-regression`)": both(
        field("forward_safe_kappa", "sklearn-linear-regression"), silent("sklearn-linear-regression")
    ),
    "where κ is large (silent answers: {}, `statsmodels-pinv`)": silent("statsmodels-pinv"),
    "matrices beyond κ = {} (`statsmodels-qr`)": field("forward_safe_kappa", "statsmodels-qr"),
    "second call in {} of {} attempts in float64, and is silent {} times.": both(unrepeatable, silent("torch-gelsy")),
    "solve {}, {} and {} of their edge cases in float64; `numpy-qr` {}, `numpy-pinv` {}, `jax-lstsq` {}.": share(
        "edges", "numpy-lstsq", "scipy-gels", "jax-solve", "numpy-qr", "numpy-pinv", "jax-lstsq"
    ),
    "{} solvers in float32 and {} in float64 gave": hung,
    "at {} (gelsd) and {} (gels, gelsy, gelss) of these problems, and SciPy's `lsmr` overwrites b at {}.": lambda run: [
        run.cell(s, "undefined_lost") for s in ("torch-gelsd", "torch-gels", "scipy-lsmr")
    ],
    "`numpy-dropping` flags {} in float64, `jax-normal-cg` {}, `jax-qr-pivoted` {}, `numpy-svd-stacked` {}.": share(
        "undefined", "numpy-dropping", "jax-normal-cg", "jax-qr-pivoted", "numpy-svd-stacked"
    ),
    "single forms at {} problems in either precision.": other_verdicts,
    "its largest forward error is {} Wedin bounds, where that of `scipy-gelsd-size-eps` is {}.": field(
        "worst_forward_error", "numpy-lstsq", "scipy-gelsd-size-eps", precision=FLOAT32
    ),
}

QUOTATIONS: Mapping[str, Mapping[str, Derive]] = {"README.md": README, "results/README.md": {**WHEN, **SAY}}
"""Page → sentence, with `{}` for each figure → the figures, in their order."""
