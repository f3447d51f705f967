"""What changed between two runs of the same problems: verdicts, then accuracy, then time.

Cases are paired by their keys, so every difference is between two attempts at the same bits. A verdict counts unless
`changes.aside` says that it tells nothing; accuracy only by a whole decimal digit; time only beyond what two runs of
the same code were seen to differ by. Cases that only one run has are counted and never judged.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from lamm_robust.reports.changes import Aside, ErrorChange, Pair, Spot, aside, changed_errors, spot
from lamm_robust.reports.grading import ANSWERED, PASSES
from lamm_robust.reports.summary import simplicity
from lamm_robust.storage.files import refuse_other_versions
from lamm_robust.storage.parquet import Records, read_environment
from lamm_robust.values import Record, StoreError

SLOWER = 1.25
"""A solver is slower if both its typical and its least times are longer by more than this, with `CONFIDENCE`.

Measured as `docs/compare.md` tells: the medians of two runs of the same code on one machine differed by less.
"""

OTHERS = 5
"""Solvers of other libraries that tell, by the median of their ratios, how fast the machine was: fewer tell of
themselves."""

MANY = 8
"""Problems at which a solver began to return other bits when called again, from which on it is no chance: were either
run as likely to show it, so many of the new run alone would have a probability below half a percent."""

CONFIDENCE = Fraction(99, 100)
"""The confidence of the interval around a median ratio: its ends are order statistics, as in the sign test."""


@dataclass(frozen=True)
class Times:
    """How long a variant takes now over how long it took, over the problems that it passed in both runs."""

    variant: str
    cases: int
    median: float
    """Median over problems of the ratio of median times."""
    low: float
    high: float
    """The interval that holds the true median with `CONFIDENCE`; 0 and infinite with too few cases to tell."""
    least: float
    """Median over problems of the ratio of the least times."""
    old_seconds: float
    new_seconds: float
    library: str = ""
    others: float = 1.0
    """The median of `least` over the variants of other libraries; 1 if there are fewer than `OTHERS`."""
    same: bool = False
    """Whether nothing that the runs record differs, so that a change of time has no cause in them."""

    @property
    def slower(self) -> bool:
        """Whether the variant is slower beyond noise."""
        return self._is_beyond(max(1.0, self.others)) and not self.same

    @property
    def faster(self) -> bool:
        """Whether the variant is faster beyond noise."""
        return self._is_below(min(1.0, self.others)) and not self.same

    @property
    def noisy(self) -> bool:
        """Whether the times differ as much as a change would make them, and it was the machine."""
        return (self._is_beyond(1.0) or self._is_below(1.0)) and not (self.slower or self.faster)

    @property
    def said(self) -> str:
        """What tables say of it: slower, faster, noise, or nothing."""
        return "slower" if self.slower else "faster" if self.faster else "noise" if self.noisy else ""

    def _is_beyond(self, machine: float) -> bool:
        return min(self.low, self.least) > SLOWER * machine

    def _is_below(self, machine: float) -> bool:
        return max(self.high, self.least) < machine / SLOWER


KINDS = ("alike", "better", "worse")
"""Kinds of attempts in the picture of errors: by their verdict, if its change says something."""


@dataclass(eq=False)
class Comparison:
    """Everything that changed between two runs."""

    conditions: Mapping[str, tuple[str, str]]
    """What the runs were made with, where that differs: name → old, new."""
    unfinished: str = ""
    """Which of the runs lack planned attempts, in words."""
    merged: str = ""
    """Which of the runs were merged from several, in words."""
    cases: int = 0
    """The number of cases in both runs."""
    identical: int = 0
    """The number of cases with the same verdict and, bit for bit, the same scores in both runs."""
    alike: int = 0
    """The number of cases with the same verdict and the same scores to four digits."""
    worse: list[Pair] = field(default_factory=list)
    better: list[Pair] = field(default_factory=list)
    aside: dict[Aside, list[Pair]] = field(default_factory=lambda: {why: [] for why in Aside})
    """Changed verdicts that say nothing, by why."""
    aside_errors: Counter[Aside] = field(default_factory=Counter)
    """How many cases have errors that changed under the same verdict, and say nothing."""
    lost: list[ErrorChange] = field(default_factory=list)
    """Errors that grew under an unchanged verdict."""
    gained: list[ErrorChange] = field(default_factory=list)
    """Errors that shrank under an unchanged verdict, in cases in which none grew."""
    times: list[Times] = field(default_factory=list)
    spots: dict[str, Counter[Spot]] = field(default_factory=lambda: {kind: Counter() for kind in KINDS})
    """Kind of change → how many attempts are at each spot of the picture of errors."""
    only_old: dict[str, int] = field(default_factory=dict)
    """Variant → the number of its cases that the new run does not have."""
    only_new: dict[str, int] = field(default_factory=dict)
    """Variant → the number of its cases that the old run does not have."""
    vanished: list[str] = field(default_factory=list)
    """Variants of the old run that the new one could not measure."""
    restless: list[str] = field(default_factory=list)
    """Variants that always returned the same bits again in the old run, and do not in the new one."""

    @property
    def same(self) -> bool:
        """Whether nothing that the runs record differs: versions, code, machine, settings."""
        return not self.conditions and not self.merged

    @property
    def other_clock(self) -> str:
        """Why times cannot be compared, in words; empty if they can."""
        reasons = [f"{name}: {' → '.join(self.conditions[name])}" for name in CLOCK if name in self.conditions]
        return "; ".join(filter(None, [*reasons, self.merged]))

    def add(self, variant: str, old: Sequence[Record], new: Sequence[Record]) -> None:
        """Compare the records of a variant; StoreError if a problem has other bits in one run than in the other."""
        before = {record.problem: record for record in old}
        pairs = [Pair(before[record.problem], record) for record in new if record.problem in before]
        for pair in pairs:
            if pair.old.digest != pair.new.digest:
                problem = pair.new.problem
                raise StoreError(f"the runs cannot be compared: '{problem}' has other bits in one than in the other")
        self._add_pairs(variant, sorted(pairs, key=lambda pair: simplicity(pair.new)))
        for counts, records in ((self.only_old, old), (self.only_new, new)):
            if len(records) > len(pairs):
                counts[variant] = len(records) - len(pairs)

    def _add_pairs(self, variant: str, pairs: Sequence[Pair]) -> None:
        self.cases += len(pairs)
        self.identical += sum(not pair.step and pair.old.scores == pair.new.scores for pair in pairs)
        self.alike += sum(pair.alike for pair in pairs)
        before, after = (sum(not r.repeatable for r in run) for run in ([p.old for p in pairs], [p.new for p in pairs]))
        restless = before > 0 or after > 0
        if not before and after >= MANY:
            self.restless.append(variant)
        for pair in pairs:
            why = aside(pair, restless=restless)
            if at := spot(pair):
                kind = "alike" if why or not pair.step else "worse" if pair.step > 0 else "better"
                self.spots[kind][at] += 1
            if pair.step and why:
                self.aside[why].append(pair)
            elif pair.step:
                (self.worse if pair.step > 0 else self.better).append(pair)
            elif pair.new.verdict in ANSWERED:
                self._add_errors(pair, why)
        if times := compare_times(variant, pairs):
            self.times.append(times)

    def _add_errors(self, pair: Pair, why: Aside | None) -> None:
        lost, gained = changed_errors(pair)
        if why:
            self.aside_errors[why] += bool(lost or gained)
        else:
            self.lost += lost
            self.gained += [] if lost else gained

    def settle_times(self) -> None:
        """Tell of each variant how the times of other libraries compare: call it once, after all are added."""
        self.times = [
            replace(times, others=typical([t.least for t in self.times if t.library != times.library]), same=self.same)
            for times in self.times
        ]


def compare(old_directory: Path, new_directory: Path) -> Comparison:
    """Compare two results directories.

    StoreError if one is damaged or no results directory, if they are of different suites, or if a problem has
    other bits in one than in the other.
    """
    old, new = Records(old_directory), Records(new_directory)
    if old.facts.get("suite") != new.facts.get("suite"):
        raise StoreError(
            f"'{old_directory}' and '{new_directory}' cannot be compared: they are of suites "
            f"{old.facts.get('suite')} and {new.facts.get('suite')}, whose verdicts mean other things"
        )
    environments = []
    for directory in (old_directory, new_directory):
        with refuse_other_versions(directory):
            environments.append(Environment(directory, read_environment(directory)))
    before, after = environments
    found = Comparison(differences(before.conditions, after.conditions))
    found.unfinished = " and ".join(e.unfinished for e in environments if e.unfinished)
    found.merged = " and ".join(f"'{e.directory}' was merged from several runs" for e in environments if e.merged)
    with refuse_other_versions(new_directory):
        for variant in dict.fromkeys([*new.variants(), *old.variants()]):
            found.add(variant, old.of(variant), new.of(variant))
        found.settle_times()
        found.vanished = [variant for variant in found.only_old if variant in after.absent]
    return found


class Environment:
    """What a results directory says of how it was made, as far as comparing needs it."""

    def __init__(self, directory: Path, content: Mapping[str, Any]) -> None:
        missing = int(content["missing"])
        self.directory = directory
        self.conditions = conditions(content)
        self.unfinished = f"'{directory}' lacks {missing} planned attempts" if missing else ""
        self.merged = bool(content["merged"])
        self.absent = frozenset(content["not measured"])


CLOCK = ("processor", "workers")
"""Conditions under which times cannot be compared if they differ."""


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The conditions that differ: name → old, new; "–" where a run does not have it."""
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return {name: (old.get(name, "–"), new.get(name, "–")) for name in names}


def conditions(environment: Mapping[str, Any]) -> dict[str, str]:
    """Name → value of everything in a run's environment that can change an answer or a time."""
    workers = {worker["name"]: worker for worker in environment["workers"]}
    return {
        **{name: str(version) for name, version in environment["versions"].items()},
        **{name: str(environment[name]) for name in ("code", "commit", "processor", "system")},
        **{name: str(value) for name, value in environment["flags"].items()},
        **{name: str(value) for name, value in environment["limits"].items()},
        **run_settings(environment["run with"]),
        "oracle": str(environment["suite"]["oracle"]),
        **{f"BLAS of {name}": blas(worker["threads"]) for name, worker in workers.items()},
        **{f"device of {name}": str(worker["device"]) for name, worker in workers.items()},
    }


def run_settings(runs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Workers and limits, with all the values that they had if a run was resumed with others."""
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: ", then ".join(dict.fromkeys(str(run[name]) for run in runs)) for name in names}


def blas(pools: Sequence[Mapping[str, Any]]) -> str:
    """The names, versions and kernels of the BLAS libraries of a worker."""
    named = (f"{pool['internal_api']} {pool['version']} {pool['architecture'] or ''}".strip() for pool in pools)
    return ", ".join(sorted(set(named)))


def compare_times(variant: str, pairs: Sequence[Pair]) -> Times | None:
    """How the times of a variant compare, over the problems that it passed in both runs; None if there are none."""
    both = [pair for pair in pairs if pair.old.verdict in PASSES and pair.new.verdict in PASSES]
    medians = [(p.old.seconds, p.new.seconds) for p in both if p.old.seconds and p.new.seconds]
    least = [(p.old.min_seconds, p.new.min_seconds) for p in both if p.old.min_seconds and p.new.min_seconds]
    if not medians or not least:
        return None
    ratios = sorted(new / old for old, new in medians)
    low, high = median_interval(ratios)
    return Times(
        variant=variant,
        cases=len(ratios),
        median=statistics.median(ratios),
        low=low,
        high=high,
        least=statistics.median(new / old for old, new in least),
        old_seconds=statistics.median(old for old, _ in medians),
        new_seconds=statistics.median(new for _, new in medians),
        library=both[0].new.library,
    )


def typical(ratios: Sequence[float]) -> float:
    """The median of ratios; 1 if there are fewer than `OTHERS`."""
    return statistics.median(ratios) if len(ratios) >= OTHERS else 1.0


def median_interval(ordered: Sequence[float]) -> tuple[float, float]:
    """An interval that holds, with `CONFIDENCE`, the median of the distribution of which `ordered` is a sorted sample.

    The k-th smallest and k-th largest, for the largest k with P(Binomial(n, 1/2) < k) ≤ (1 − CONFIDENCE)/2: exact for
    any distribution (Thompson, Ann. Math. Statist. 7 (1936) 122). (0, ∞) with fewer than 8 values, which cannot tell.
    """
    n, below, k, binomial = len(ordered), 0, 0, 1
    bound = (1 - CONFIDENCE) * 2**n // 2  # whole numbers: 2¹⁰²⁴ is no float
    while (below := below + binomial) <= bound:
        binomial = binomial * (n - k) // (k + 1)  # from the one before: anew, ten thousand would take a minute
        k += 1
    return (ordered[k - 1], ordered[n - k]) if k else (0.0, math.inf)
