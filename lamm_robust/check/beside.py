"""What a checked solver is compared with at the same problems: LAPACK's drivers, and what the user names."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from lamm_robust import catalog
from lamm_robust.check.attempts import ask_all, is_enough, library_of, worker_opener
from lamm_robust.check.judgement import Judgement, Stop, own_row
from lamm_robust.check.scored import PATIENCE, Scored
from lamm_robust.check.terms import variant_of
from lamm_robust.reports.grading import PASSES
from lamm_robust.reports.row import Row, row
from lamm_robust.reports.times import median
from lamm_robust.runs.sweep import sweep, why_not_asked
from lamm_robust.scoring.records import Done
from lamm_robust.scoring.truths import Truths
from lamm_robust.solvers import user
from lamm_robust.values import Case, Number, ProblemKey, Record, Variant
from lamm_robust.workers.opening import Workers

DRIVERS = (("scipy", "gelsd"), ("scipy", "gelsy"), ("scipy", "qr"))
"""(library, algorithm) of the LAPACK solvers that run beside the user's, for comparison."""

BESIDE: Mapping[Number, tuple[str, ...]] = {
    Number.PINV: ("numpy.linalg:pinv", "scipy.linalg:pinv"),
    Number.RANK: ("numpy.linalg:matrix_rank",),
    Number.COND: ("numpy.linalg:cond",),
    Number.SVDVALS: ("scipy.linalg:svdvals",),
    Number.RESIDUAL: ("numpy.linalg:lstsq", "scipy.linalg:lstsq"),
}
"""What runs beside a function of another number than x."""

BESIDE_RIDGE: Mapping[str, str] = {
    "lamm_robust.solvers.ridge:stacked_qr": "numpy",
    "lamm_robust.solvers.ridge:sklearn_cholesky": "sklearn",
}
"""What runs beside a solver of ridge problems, and the module that it needs: QR of the stacked matrix, and what
scikit-learn does by default."""


def compared(mine: Judgement, keys: Sequence[ProblemKey], truths: Truths, end: float) -> Judgement:
    """The judgement with LAPACK's drivers and what the user names, at the problems that the solver was tried at.

    What is stopped by a Ctrl-C, or is not done at `end`, or cannot be called is left out, with the reason.
    """
    is_x = mine.terms.returns is Number.X and mine.terms.lam is None
    rows: list[Row] = []
    left_out: list[str] = []
    try:
        rows += _try_drivers(mine, keys, truths) if is_x else []
        for name in _functions(mine, is_x=is_x):
            found = _try_target(name, mine, keys, truths, end - time.monotonic())
            if isinstance(found, str):
                left_out.append(found)
            else:
                rows.append(found)
    except KeyboardInterrupt:
        left_out.append(Stop.USER)
    return replace(mine, drivers=rows, left_out=left_out)


def _functions(mine: Judgement, *, is_x: bool) -> list[str]:
    """The functions to compare with: those that the user names, and usual ones of another number than x."""
    if is_x:
        return [name for name in mine.terms.beside if ":" in name]
    usual = BESIDE.get(mine.terms.returns, ())
    if mine.terms.lam is not None:
        usual = tuple(name for name, module in BESIDE_RIDGE.items() if find_spec(module))
    return list(dict.fromkeys((*usual, *mine.terms.beside)))


def _try_drivers(mine: Judgement, keys: Sequence[ProblemKey], truths: Truths) -> list[Row]:
    """The rows of LAPACK's drivers, on the CPU, and of solvers of ours that the user names."""
    precision = mine.terms.precision
    named = [catalog.find_variant(name, precision) for name in mine.terms.beside if ":" not in name]
    variants = list(dict.fromkeys([*(Variant(*names, precision, "cpu") for names in DRIVERS), *named]))
    cases = [
        Case(key, variant)
        for key in keys
        for variant in variants
        if not why_not_asked(truths.problem(key), catalog.find_solver(variant))
    ]
    with Workers(catalog.LIBRARY) as lapack:
        batches = list(sweep(cases, catalog.find_solver, truths, lapack.open, patience=PATIENCE))
    records = [one.record for batch in batches for one in batch if isinstance(one, Done)]
    groups = [[r for r in records if r.variant == str(variant)] for variant in variants]
    return [row(group, time_ratio(group, mine.records)) for group in groups if group]


def _try_target(name: str, mine: Judgement, keys: Sequence[ProblemKey], truths: Truths, seconds: float) -> Row | str:
    """The row of another target at the same problems, named as the user has named it; or why it is left out.

    It is held to the same terms, but for the form of what it takes and returns if the user has not named it.
    KeyboardInterrupt if that is what has stopped it.
    """
    terms = mine.terms
    if name not in terms.beside:
        terms = replace(terms, arrays="numpy", refuses=(), strict=False)
    over = f"{name}: {Stop.TIME}"
    if seconds <= 0:
        return over
    end = time.monotonic() + seconds
    try:
        library = library_of(user.parse_target(name, Path.cwd()), terms)
        solver, open_worker = library.solvers[0], worker_opener(library, terms)
        scored = Scored(truths, lambda _: solver)
        cases = [Case(key, variant_of(solver, terms)) for key in keys]
        enough = partial(is_enough, case_seconds=terms.case_seconds)
        answers, stopped = ask_all(
            name, cases, truths, open_worker, enough, lambda heard, _: scored.hear(heard), seconds=seconds
        )
    except ValueError as error:
        return over if time.monotonic() > end else str(error)
    if stopped is Stop.USER:
        raise KeyboardInterrupt
    if stopped:
        return over
    records = scored.records({case: answer.outcome for case, answer in answers.items() if not answer.inconclusive})
    return replace(own_row(records, time_ratio(records, mine.records), terms), library=name, algorithm="")


def time_ratio(theirs: Sequence[Record], mine: Sequence[Record]) -> float:
    """The median, over the problems that both solvers passed, of their time over mine; NaN if there is none."""
    known = {r.problem: r.seconds for r in mine if r.seconds and r.verdict in PASSES}
    return median(
        r.seconds / known[r.problem] for r in theirs if r.seconds and r.problem in known and r.verdict in PASSES
    )
