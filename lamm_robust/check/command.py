"""The command `lamm-robust check … --only KEY`, by which a user sees a failed attempt again, in full."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterable

from lamm_robust.check.failures import Failure
from lamm_robust.check.judgement import Judgement
from lamm_robust.check.number_reasons import BY_GRAM
from lamm_robust.check.reasons import CONJUGATE, GROWTH, RIDGE
from lamm_robust.check.ridge import LEAST
from lamm_robust.check.terms import Terms
from lamm_robust.check.trend import witnesses
from lamm_robust.values import Number, Record


def replay_line(found: Judgement, failure: Failure) -> str:
    """The command that shows one failed attempt in full, with whatever of the terms is not the default."""
    # some reasons need several problems to be seen: with these they are seen again
    others: list[Record] = []
    if failure.reason.name == GROWTH:
        others = witnesses(found.records)
    if failure.reason.name == RIDGE:
        telling = (f for f in found.failures if f.reason.name == RIDGE and f.clues.gradient and f.clues.gradient.tells)
        others = [f.record for f in itertools.islice(telling, LEAST)]
    if failure.reason.name == CONJUGATE or (found.terms.returns is not Number.X and failure.reason.name in BY_GRAM):
        others = [f.record for f in found.failures if f.reason.name == failure.reason.name][:LEAST]
    return line_for(found, dict.fromkeys(record.problem for record in (failure.record, *others)))


def line_for(found: Judgement, keys: Iterable[str]) -> str:
    """The command that shows the attempts at some problems, with whatever of the terms is not the default."""
    terms, usual = found.terms, Terms()
    options = (
        ("promised", "--contract", terms.promised),
        ("lam", "--lam", f"{terms.lam}"),
        ("shapes", "--shapes", ",".join(terms.shapes)),
        ("one_right_side", "--one-right-side", ""),
        ("columns", "--columns", str(terms.columns)),
        ("refuses", "--refuses", ",".join(terms.refuses)),
        ("max_cond", "--max-cond", f"{terms.max_cond or 0:g}"),
        ("strict", "--strict", ""),
        ("arrays", "--arrays", terms.arrays),
        ("derivative", "--derivative", ""),
        ("batched", "--batched", ""),
        ("cutoff", "--cutoff", f"{terms.cutoff}"),
        ("require", "--require", terms.require or ""),
        ("allow", "--allow", ",".join(terms.allow)),
        ("device", "--device", terms.device),
        ("case_seconds", "--case-seconds", f"{terms.case_seconds:g}"),
        ("first_seconds", "--first-seconds", f"{terms.first_seconds:g}"),
        ("case_memory", "--case-memory", str(terms.case_memory >> 20)),
    )
    words = [found.target]
    for name, option, value in options:
        if getattr(terms, name) != getattr(usual, name):
            words += [option, value] if value else [option]
    quoted = " ".join(shlex.quote(word) for word in words)
    only = " ".join(f'--only "{key}"' for key in keys)
    return f"lamm-robust check {quoted} {only}"
