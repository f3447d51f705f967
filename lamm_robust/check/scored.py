"""The records of one solver's outcomes, made while it is at work on others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lamm_robust.scoring.records import Done, Scoring, Undone
from lamm_robust.scoring.truths import Truths
from lamm_robust.values import Answer, Case, Outcome, Record, Solver, Variant
from lamm_robust.workers.second_look import is_doubtful

PATIENCE = 0.1
"""Seconds that an answer waits for others of its shape, since a stack costs little more than one: a check takes a few
seconds, and what waits until its end is waited for."""

Outcomes = dict[Case, Outcome]
"""How each attempt of one solver ended."""


class Scored:
    """Scores outcomes as they come; problems whose truth cannot be proved have no record."""

    def __init__(self, truths: Truths, solver: Callable[[Variant], Solver]) -> None:
        self._scoring = Scoring(truths, solver)
        self._found: dict[Case, Record | None] = {}

    def hear(self, answers: Sequence[Answer]) -> None:
        """Score answers, but those that get a second look, and some of those that came before."""
        for answer in answers:
            if not is_doubtful(answer):
                self._add(answer.case, answer.outcome)
        self._keep(self._scoring.flush(PATIENCE))

    def records(self, outcomes: Mapping[Case, Outcome]) -> list[Record]:
        """The records of these outcomes, in their order; each that was heard of is the outcome that was heard."""
        for case, outcome in outcomes.items():
            if case not in self._found:
                self._add(case, outcome)
        self._keep(self._scoring.flush())
        return [found for case in outcomes if (found := self._found[case])]

    def _add(self, case: Case, outcome: Outcome) -> None:
        self._found[case] = None
        self._keep(self._scoring.add(case, outcome))

    def _keep(self, done: Sequence[Done | Undone]) -> None:
        self._found |= {one.case: one.record for one in done if isinstance(one, Done)}
