"""Single problems instead of a profile: each in full, or as a gate on one's own matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from lamm_robust import catalog
from lamm_robust.check.attempts import ask_all, library_of, look_again, worker_opener
from lamm_robust.check.clues import Clues
from lamm_robust.check.derivatives import wrong_derivatives
from lamm_robust.check.failures import excuse, explain, is_declined, is_shown, is_wrong_rank, shared_signs
from lamm_robust.check.terms import Terms, refuse_complex, variant_of
from lamm_robust.keys import parse_key
from lamm_robust.reports.grading import is_undefined
from lamm_robust.runs.plain import or_null, plain, x_star
from lamm_robust.runs.replay import case_text
from lamm_robust.runs.sweep import why_not_asked
from lamm_robust.scoring.records import record
from lamm_robust.scoring.truths import Known
from lamm_robust.solvers import user
from lamm_robust.text import printable
from lamm_robust.values import Case, Number, Outcome, Precision, ProblemKey, Record, Solver, Verdict


@dataclass(frozen=True, eq=False)
class Attempted:
    """One problem that the solver has attempted."""

    terms: Terms
    solver: Solver
    certified: Known
    outcome: Outcome
    record: Record
    clues: Clues | None
    """What explains its failure, with what the problems that were attempted with it show; None if it is none."""

    @cached_property
    def why(self) -> str | None:
        """Why it failed, in a sentence; None if it did not: nothing else needs an explanation."""
        if is_declined(self.record):
            return f"declined by {self.record.message}"
        return explain(self.clues, self.terms).say(self.clues) if self.clues else None

    @property
    def failed(self) -> bool:
        """Whether the attempt fails a gate: it is a failure of the class that is required, or reports a wrong rank.

        If nothing is required, forward stable is enough, and ranks do not count. A problem that it declines is none
        that it has solved.
        """
        allow, require = self.terms.allow, self.terms.require
        if is_declined(self.record):
            return "declined" not in allow
        if self.terms.derivative and wrong_derivatives([self.record]):
            return True
        if is_shown(self.record, self.terms):
            allowed = "silent" in allow and is_undefined(self.record) and self.record.verdict is Verdict.WRONG
            return not allowed
        return require is not None and is_wrong_rank(self.record) and "ranks" not in allow

    @property
    def text(self) -> str:
        """Problem, truth, answer, scores, verdict, and why it failed."""
        text = case_text(self.certified, self.solver, self.outcome, self.record)
        return f"{text}\nwhy       {printable(self.why)}" if self.why else text

    @property
    def line(self) -> str:
        """Verdict, key and reason in one line."""
        line = f"{self.record.verdict}: {self.record.problem}"
        return f"{line}: {printable(self.why)}" if self.why else line

    @property
    def facts(self) -> Mapping[str, Any]:
        """The attempt as plain JSON values, see `runs.plain`."""
        found, x = self.record, self.outcome.x
        return {
            "key": found.problem,
            "verdict": found.verdict,
            "regime": found.regime,
            "kappa": or_null(found.kappa),
            "kappa_columns": or_null(found.kappa_columns),
            "rank": found.rank,
            "reported_rank": found.reported_rank,
            "scores": {name: plain(value) for name, value in found.scores.items()},
            "x": None if x is None else plain(x.tolist()),
            "x_star": x_star(self.certified, found.precision) if self.terms.returns is Number.X else None,
            "why": self.why,
            "failed": self.failed,
        }


def read_keys(words: Sequence[str]) -> list[str]:
    """The keys that are given, each as itself or as one line of a file that ``@FILE`` names.

    Empty lines and what follows a # are left out. ValueError for a file that cannot be read or holds no key.
    """
    keys: list[str] = []
    for word in words:
        if not word.startswith("@"):
            keys.append(word)
            continue
        try:
            lines = Path(word[1:]).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:  # ValueError for what is no name of a file, or no text
            why = getattr(error, "strerror", None) or "expected the name of a text file"
            raise ValueError(f"--only {word}: cannot be read: {why}") from error
        found = [key for line in lines if (key := line.partition("#")[0].strip())]
        if not found:
            raise ValueError(f"--only {word}: it holds no key; expected one a line, # before comments")
        keys += found
    return list(dict.fromkeys(keys))


def attempt_only(target: user.Target, terms: Terms, keys: Sequence[str]) -> list[Attempted]:
    """The attempts at the problems of these keys, in their order.

    ValueError for a key that names no problem, cannot be certified, or is none that the solver takes, and as
    `check_target`.
    """
    parsed = [_parse(key) for key in keys]
    found: dict[ProblemKey, Attempted] = {}
    precisions: list[Precision] = list(dict.fromkeys(key.dtype for key in parsed))
    for precision in precisions:
        alike = [key for key in parsed if key.dtype == precision]
        found |= _attempt(target, replace(terms, precision=precision), alike)
    return [found[key] for key in parsed]


def _parse(key: str) -> ProblemKey:
    try:
        return parse_key(key)
    except ValueError as error:
        raise ValueError(f"--only '{key}': {error}") from error


def _attempt(target: user.Target, terms: Terms, keys: Sequence[ProblemKey]) -> dict[ProblemKey, Attempted]:
    refuse_complex(terms)
    library = library_of(target, terms)
    solver, truths = library.solvers[0], catalog.truths(directions=terms.derivative, penalty=terms.lam)
    known: dict[ProblemKey, Known] = {}
    for key in keys:
        certified = truths.certify(key)
        if certified is None:
            raise ValueError(f"'{key}' is not certified: {truths.refused[key]}")
        if why := why_not_asked(certified.problem, solver):
            raise ValueError(f"'{key}' is not asked: {why}")
        known[key] = certified
    cases = {key: Case(key, variant_of(solver, terms)) for key in keys}
    open_worker = worker_opener(library, terms)
    answers, stopped = ask_all(str(target), list(cases.values()), truths, open_worker)
    if stopped:
        raise KeyboardInterrupt
    outcomes = look_again(answers, truths, open_worker)
    records = {key: excuse(record(case, known[key], solver, outcomes[case]), terms) for key, case in cases.items()}
    failed = {
        key: Clues(records[key], known[key], outcomes[case], returns=terms.returns)
        for key, case in cases.items()
        if is_shown(records[key], terms)
    }
    signs = shared_signs(list(failed.values()), records.values(), terms.returns)
    clues = {key: replace(own, **signs) for key, own in failed.items()}
    return {
        key: Attempted(terms, solver, known[key], outcomes[case], records[key], clues.get(key))
        for key, case in cases.items()
    }
