"""The loop: every case of a plan is built, certified, attempted, scored, judged and recorded.

It takes the tables it needs as arguments and knows no family, oracle or solver by name. While workers solve, this
process certifies, and scores answers in stacks. A crash or a time-out is not believed at once: when all else is
done, such a case runs a second time, with nothing beside it, in a process of its own.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from lamm_robust.edges import edge_of
from lamm_robust.evidence import Frame, norm
from lamm_robust.metrics import STACK, score, score_each, worst
from lamm_robust.pool import Open, Pool, alone, confirmed, group_of
from lamm_robust.truncation import Truncate, selected
from lamm_robust.undefined import Undefined, identity, undefined
from lamm_robust.values import (
    UNIT_ROUNDOFF,
    AbsentError,
    Answer,
    Array,
    Case,
    Certificate,
    Contract,
    Edge,
    NotCertifiedError,
    Oracle,
    Outcome,
    Problem,
    ProblemKey,
    Record,
    Regime,
    Shape,
    Solver,
    Status,
    Variant,
)
from lamm_robust.verdicts import Limits, judge_all, limits, shape_of

SUSPECT = (Status.CRASHED, Status.TIMED_OUT)
"""Outcomes that need to be seen twice."""

PATIENCE = 1.0
"""Seconds that an answer may wait for others to be scored with it: what a kill of this process can cost."""

KEPT = 512
"""Problems kept in memory with their truth: workers go through a plan in one order, so few are needed at a time."""


@dataclass(frozen=True, eq=False)
class Certified:
    """A problem with its truth, ready to score attempts."""

    problem: Problem
    frame: Frame
    truncate: Truncate | None = None
    _selected: dict[float, Frame | None] = field(default_factory=dict)

    def selected(self, cutoff: float) -> Frame | None:
        """What is left if singular values up to cutoff·σ₁ count as zero, where that is proved; see `truncation`."""
        if self.truncate is None:
            return None
        if cutoff not in self._selected:
            self._selected[cutoff] = selected(self.problem, self.frame, cutoff, self.truncate)
        return self._selected[cutoff]

    def cutoff(self, contract: Contract) -> float | None:
        """The share of σ₁ up to which a solver takes singular values of this problem for zero; None for other rules."""
        problem = self.problem
        return contract.cutoff and contract.cutoff(problem.m, problem.n, eps_of(problem))

    def left_by(self, contract: Contract) -> Frame | None:
        """What a solver's own cutoff leaves of the problem, where there is no doubt of that."""
        cutoff = self.cutoff(contract)
        return None if cutoff is None else self.selected(cutoff)

    @property
    def truth(self) -> Certificate:
        """What is proved of the problem."""
        return self.frame.truth

    @cached_property
    def limits(self) -> Limits:
        """What a verdict needs to know."""
        return limits(self.truth, self.problem.key.dtype)

    @property
    def regime(self) -> Regime:
        """What the working precision can be asked to see."""
        return self.limits.regime

    @cached_property
    def edge(self) -> Edge:
        """Which edge case it is, if any."""
        return edge_of(self.problem, self.truth)

    @cached_property
    def residual_ratio(self) -> float:
        """The largest ‖r★‖/‖b‖ over the right-hand sides; 0 where b = 0."""
        b_norms: list[float] = norm(self.frame.b.T).tolist()
        pairs = zip(self.frame.residual_star, b_norms, strict=True)
        return max((shortest / size for shortest, size in pairs if size), default=0.0)

    @cached_property
    def facts(self) -> Mapping[str, object]:
        """The fields of a record that are the same for every attempt at the problem."""
        truth = self.truth
        return {
            **identity(self.problem),
            "oracle": truth.method,
            "rank": truth.rank,
            "kappa": self.frame.kappa if truth.kappa else math.nan,
            "residual_ratio": self.residual_ratio,
            "regime": self.regime.value,
            "edge": self.edge.value,
        }


Known = Certified | Undefined
"""What can be judged: a problem with its truth, or one of which it is known that there is none."""


class Truths:
    """Each problem built and certified, the latest ones kept; what could not be certified is kept with the reason."""

    def __init__(self, build: Callable[[ProblemKey], Problem], oracle: Oracle) -> None:
        self._build = build
        self._oracle = oracle
        self._problems: OrderedDict[ProblemKey, Problem] = OrderedDict()
        self._certified: OrderedDict[ProblemKey, Known] = OrderedDict()
        self.refused: dict[ProblemKey, str] = {}
        self.seconds = 0.0
        """Spent here, on building and certifying."""

    def problem(self, key: ProblemKey) -> Problem:
        """The problem of a key."""
        if key not in self._problems:
            start = time.perf_counter()
            self._problems[key] = self._build(key)
            self.seconds += time.perf_counter() - start
            _forget(self._problems)
        return self._problems[key]

    def certified(self, key: ProblemKey) -> Known | None:
        """The problem with its truth, or None if the oracle could not prove it; without an answer, it is not asked."""
        if key not in self._certified and key not in self.refused:
            problem = self.problem(key)
            start = time.perf_counter()
            try:
                self._certified[key] = undefined(problem) or self._proved(problem)
            except NotCertifiedError as error:
                self.refused[key] = str(error)
            self.seconds += time.perf_counter() - start
            _forget(self._certified)
        return self._certified.get(key)

    def _proved(self, problem: Problem) -> Certified:
        truth = self._oracle.certify(problem.A, problem.b)
        return Certified(problem, Frame(problem, truth), self._oracle.truncate)


def _forget(kept: OrderedDict[ProblemKey, Any]) -> None:
    """Keep the latest only."""
    while len(kept) > KEPT:
        kept.popitem(last=False)


Done = tuple[Case, Record | None]
"""A case, and its record unless there is no truth or no worker for it."""


@dataclass(eq=False)
class Scoring:
    """Answers that wait to be scored, by the shape of their problem: a stack at a time costs little more than one."""

    truths: Truths
    solver: Callable[[Variant], Solver]
    _stacks: dict[tuple[int, ...], list[tuple[Case, Known, Outcome]]] = field(default_factory=lambda: defaultdict(list))
    _oldest: float = math.inf
    """When the first of the waiting answers came."""

    def add(self, case: Case, outcome: Outcome) -> list[Done]:
        """Take in an answer; what is done by that."""
        certified = self.truths.certified(case.key)
        if certified is None:
            return [(case, None)]
        stack = self._stacks[(*certified.problem.A.shape, *certified.problem.b.shape[1:])]
        stack.append((case, certified, outcome))
        self._oldest = min(self._oldest, time.monotonic())
        return self._finish(stack) if len(stack) >= STACK else []

    def flush(self, patience: float = 0.0) -> list[Done]:
        """What has waited for too long."""
        if time.monotonic() - self._oldest < patience:
            return []
        self._oldest = math.inf
        return [done for stack in self._stacks.values() for done in self._finish(stack)]

    def _finish(self, stack: list[tuple[Case, Known, Outcome]]) -> list[Done]:
        answers, stack[:] = list(stack), []
        return list(zip((case for case, _, _ in answers), records(answers, self.solver), strict=True))


def sweep(
    cases: Sequence[Case],
    solver: Callable[[Variant], Solver],
    truths: Truths,
    open_worker: Open,
    *,
    slots: int = 1,
    suspects: Iterable[Answer] = (),
    on_suspect: Callable[[Answer], None] = lambda _: None,
    absent: dict[Variant, str],
) -> Iterator[list[Done]]:
    """Run the cases on that many workers and yield them in lists as they are done, each with its record.

    There is none without a truth (`truths.refused` says why), and for a library that turns out not to work on this
    machine, whose variants and the reason are added to `absent`. `suspects` are answers of an earlier run that
    want a second look; `on_suspect` hears of new ones. AbsentError if a worker that has worked does not start again.
    """
    scoring, doubted = Scoring(truths, solver), list(suspects)
    not_asked: list[tuple[Case, Outcome]] = []

    def problem(case: Case) -> Problem | None:
        asked = truths.problem(case.key)
        if why := not_taken(asked, solver(case.variant)):
            not_asked.append((case, Outcome(Status.NOT_ATTEMPTED, message=why)))
        return None if why else asked

    pool = Pool(cases, problem, open_worker, slots)
    try:
        for answers in pool:
            done: list[Done] = []
            for answer in answers:
                if answer.inconclusive or answer.outcome.status in SUSPECT:
                    doubted.append(answer)
                    on_suspect(answer)
                else:
                    done += scoring.add(answer.case, answer.outcome)
            for case, outcome in [pair for pair in not_asked if group_of(pair[0]) in pool.proven]:
                done += scoring.add(case, outcome)
            not_asked[:] = [pair for pair in not_asked if group_of(pair[0]) not in pool.proven]
            yield done + scoring.flush(PATIENCE)
    except AbsentError:  # a worker cannot be replaced; what was answered has its record all the same
        yield scoring.flush()
        raise
    absent |= pool.absent
    for case, outcome in not_asked:  # whose library was not needed for anything else, or is absent
        yield [(case, None)] if case.variant in pool.absent else scoring.add(case, outcome)
    yield [*scoring.flush(), *((case, None) for case in pool.skipped)]
    for answer in doubted:
        yield scoring.add(answer.case, looked_again(answer, truths, open_worker)) + scoring.flush()


def looked_again(first: Answer, truths: Truths, open_worker: Open) -> Outcome:
    """The outcome of a case that crashed, timed out, or was killed with its process: believed if it is seen twice."""
    problem = truths.problem(first.case.key)
    second = alone(first.case, problem, open_worker)
    if first.inconclusive and second.status in SUSPECT:
        first, second = Answer(first.case, second), alone(first.case, problem, open_worker)
    return confirmed(first, second)


def not_taken(problem: Problem, solver: Solver) -> str:
    """Why a solver is not asked about a problem, in words; empty if it is."""
    shape: Shape = shape_of(problem.m, problem.n)
    accepted = solver.contract.shapes
    return "" if shape in accepted else f"A is {shape}; the solver takes {' or '.join(accepted)}"


def record(case: Case, certified: Known, solver: Solver, outcome: Outcome) -> Record:
    """Score and judge one outcome."""
    return next(records([(case, certified, outcome)], lambda _: solver))


def records(answers: Sequence[tuple[Case, Known, Outcome]], solver: Callable[[Variant], Solver]) -> Iterator[Record]:
    """Score and judge outcomes at problems of one shape."""
    contracts = [solver(case.variant).contract for case, _, _ in answers]
    scores = scores_of([(certified, outcome) for _, certified, outcome in answers], contracts)
    for (case, certified, outcome), (scored, columns) in zip(answers, scores, strict=True):
        contract, variant = solver(case.variant).contract, case.variant
        yield Record(
            **certified.facts,  # type: ignore[arg-type]
            variant=str(variant),
            library=variant.library,
            algorithm=variant.algorithm,
            device=variant.device,
            promises=contract.deficiency.value,
            status=outcome.status.value,
            verdict=judge_all(contract, certified.limits, outcome, columns).value,
            warned=outcome.warned,
            repeatable=outcome.repeatable,
            message=outcome.message,
            reported_rank=outcome.rank,
            seconds=outcome.seconds,
            min_seconds=outcome.min_seconds,
            first_call_seconds=outcome.first_call_seconds,
            scores=scored,
        )


Scores = dict[str, float]


def scores_of(
    attempts: Sequence[tuple[Known, Outcome]], contracts: Sequence[Contract]
) -> list[tuple[Scores, list[Scores]]]:
    """Every score that each outcome allows, the worst over the right-hand sides and for each of them.

    Metrics need a finite x̂, rank_error a reported rank, truncated_error a cutoff where the rank is ambiguous, and all
    of them a truth.
    """
    finite = [(c.frame, o.x) for c, o in attempts if isinstance(c, Certified) and is_finite(o.x)]
    metrics = iter(score_each([frame for frame, _ in finite], [x for _, x in finite if x is not None]))
    each = [next(metrics) if isinstance(c, Certified) and is_finite(o.x) else [] for c, o in attempts]
    scores = [(worst(columns), columns) for columns in each]
    for (scored, columns), (certified, outcome), contract in zip(scores, attempts, contracts, strict=True):
        if isinstance(certified, Undefined):
            continue
        if certified.regime is Regime.AMBIGUOUS:
            cut = truncated_error(certified, outcome.x, contract)
            for target in (scored, *columns):
                target.update(cut)
        elif outcome.rank is not None:
            scored["rank_error"] = float(outcome.rank - certified.truth.rank)
    return scores


def truncated_error(certified: Certified, x: Array | None, contract: Contract) -> dict[str, float]:
    """The forward error against what the solver's own cutoff leaves of the problem."""
    if x is None or not is_finite(x):
        return {}
    frame = certified.left_by(contract)
    return {} if frame is None else {"truncated_error": score(frame, x)["forward_error"]}


def eps_of(problem: Problem) -> float:
    """The distance from 1 to the next number of its precision, which is what libraries call eps."""
    return 2 * UNIT_ROUNDOFF[problem.key.dtype]


def is_finite(x: Array | None) -> bool:
    """Whether there is an answer, and every entry of it is a number."""
    return x is not None and bool(np.isfinite(x).all())
