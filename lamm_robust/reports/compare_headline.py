"""A comparison of two runs in three sentences, which begin the page in every form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lamm_robust.reports.changes import Pair
from lamm_robust.reports.compare import Comparison
from lamm_robust.text import count_of, inert

NAMES = 4
"""Names that a sentence lists; more are counted."""


def headline(found: Comparison) -> list[str]:
    """Three sentences: what became of verdicts, of errors and times, and what stands behind it."""
    return [_about_verdicts(found), _about_numbers(found), _about_causes(found)]


def _about_verdicts(found: Comparison) -> str:
    both = f"{found.cases} attempts that both runs made"
    gone = [f"{few(found.vanished)} could not be measured any more"] if found.vanished else []
    gone += [f"{few(found.restless)} began to return other bits for the same problem"] if found.restless else []
    if not found.worse and not found.better:
        aside = sum(map(len, found.aside.values()))
        none = f"No verdict changed at the {both}{f', but for {aside} that say nothing' if aside else ''}"
        return "; ".join([none, *gone]) + "."
    worse = f"{len(found.worse) or 'None'} of the verdicts on {both} got worse{by_solver(found.worse)}"
    return "; ".join([worse, f"{len(found.better) or 'none'} got better{by_solver(found.better)}", *gone]) + "."


def by_solver(pairs: Sequence[Pair]) -> str:
    """The solvers of cases and how many of each, in brackets; empty if there are none."""
    counts = Counter(pair.new.variant for pair in pairs)
    return f" ({few([f'{variant} {count}' for variant, count in counts.most_common()])})" if counts else ""


def _about_numbers(found: Comparison) -> str:
    lost, gained = len(found.lost), len(found.gained)
    errors = f"{count_of(lost, 'error')} grew by a digit or more" if lost else "No error grew by a digit"
    errors += f", {gained} shrank" if gained else ""
    slower = sorted((t for t in found.times if t.slower), key=lambda t: -t.median)
    faster = sorted((t for t in found.times if t.faster), key=lambda t: t.median)
    if found.other_clock:
        return f"{errors}; times cannot be compared."
    told = (("slower", slower), ("faster", faster))
    times = [f"{how}: {few([f'{t.variant} ({t.median:.2f} times)' for t in own])}" for how, own in told if own]
    return f"{errors}; {'; '.join(times) if times else f'none of {len(found.times)} solvers is slower or faster'}."


def _about_causes(found: Comparison) -> str:
    aside = sum(map(len, found.aside.values())) + found.aside_errors.total() + sum(t.noisy for t in found.times)
    told = f"; set aside, as they say nothing: {count_of(aside, 'change')}" if aside else ""
    if found.same:
        return f"Code, versions, machine and settings are the same{told}."
    changed = [name for name, pair in found.conditions.items() if "–" not in pair]
    names = [inert(name) for name in [*changed, *(name for name in found.conditions if name not in changed)]]
    differs = f"The runs differ in {few(names)}" if names else "The runs were merged from several"
    return f"{differs}{told}."


def few(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    return ", ".join(names[:NAMES]) + (f" and {len(names) - NAMES} more" if len(names) > NAMES else "")
