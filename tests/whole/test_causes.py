"""What is decided hangs on causes, never on the wording of a message."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from lamm_robust import catalog
from lamm_robust.check.attempts import library_of
from lamm_robust.check.failures import is_breaking
from lamm_robust.check.judgement import Judgement, judge_solver
from lamm_robust.check.terms import Terms, variant_of
from lamm_robust.keys import parse_key
from lamm_robust.solvers import user
from lamm_robust.values import Answer, Case, Cause, Outcome, Status
from lamm_robust.workers.second_look import agreement
from tests.support.house import files, module_of

EASY = "raw A=1,2;3,4;5,6 b=1,1,2 dtype=float64"
REWORDED = ("", "the process ", "MemoryError: x", "x is float32, expected float64", "no worker for x: y")
TERMS = Terms()
SOLVER = library_of(user.Target("some.module:solve", Path()), TERMS).solvers[0]


def edge_key() -> str:
    """A problem at the edge of scale, where only some failures make a solver broken."""
    truths = catalog.truths()
    for params in catalog.FAMILIES["scaled"].grid("small", "float64"):
        text = "scaled " + " ".join(f"{name}={value}" for name, value in params.items()) + " dtype=float64"
        known = truths.certify(parse_key(text))
        if known and known.facts["edge"]:
            return text
    raise AssertionError("the family of scaled problems has none at the edge")


def check(key: str, outcome: Outcome) -> Judgement:
    case = Case(parse_key(key), variant_of(SOLVER, TERMS))
    return judge_solver("solver", SOLVER, TERMS, catalog.truths(), {case: outcome}, 1)


def said(found: Judgement) -> list[object]:
    """Everything that was decided, without the words for it."""
    kinds = [(failure.record.verdict, failure.reason.name) for failure in found.failures]
    return [found.row.stability, found.passed, kinds, [is_breaking(record) for record in found.records]]


OUTCOMES = [
    Outcome(status, cause=cause)
    for status in Status
    for cause in Cause
    if status not in (Status.SOLVED, Status.NOT_ATTEMPTED)
]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda o: f"{o.status}-{o.cause or 'no cause'}")
def test_other_words_change_no_verdict_and_no_reason(outcome: Outcome) -> None:
    for key in (EASY, edge_key()):
        expected = said(check(key, outcome))
        for words in REWORDED:
            assert said(check(key, replace(outcome, message=words))) == expected


def test_what_took_its_process_along_breaks_a_solver_even_at_an_edge_case() -> None:
    raised = check(edge_key(), Outcome(Status.CRASHED))
    lost = check(edge_key(), Outcome(Status.CRASHED, cause=Cause.PROCESS_LOST))
    assert (raised.row.stability == "broken", lost.row.stability == "broken") == (False, True)
    assert [f.reason.name for f in raised.failures] == ["raised an exception"]
    assert [f.reason.name for f in lost.failures] == ["ended its process"]


def test_float32_for_float64_gets_its_hint_by_its_cause() -> None:
    hinted = check(EASY, Outcome(Status.BAD_OUTPUT, cause=Cause.FLOAT32, message="words"))
    plain = check(EASY, Outcome(Status.BAD_OUTPUT, message="x is float32, expected float64"))
    assert "jax_enable_x64" in hinted.failures[0].why
    assert "jax_enable_x64" not in plain.failures[0].why


def test_two_looks_agree_by_their_status() -> None:
    first, second = (Outcome(Status.CRASHED, message=words) for words in ("one", "another"))
    case = Case(parse_key(EASY), variant_of(SOLVER, TERMS))
    assert agreement(Answer(case, first), second) is second


def reads_words(tree: ast.AST) -> list[int]:
    """The lines on which a message is compared, searched or cut."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CUTS:
            parts = [node.func.value]
        else:
            continue
        if any(isinstance(part, ast.Attribute) and part.attr in ("message", "why", "sentence") for part in parts):
            found.append(node.lineno)
    return found


CUTS = ("startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "find", "split")


@pytest.mark.parametrize("path", files(), ids=module_of)
def test_no_code_looks_into_a_message(path: Path) -> None:
    assert reads_words(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("line", ["a.message.startswith('x')", "'x' in o.message", "why.why.removeprefix('not ')"])
def test_code_that_looks_into_a_message_is_seen(line: str) -> None:
    assert reads_words(ast.parse(line))
