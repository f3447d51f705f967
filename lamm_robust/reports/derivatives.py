"""What records say of derivatives: which are right, up to which κ, and a page with all of it.

A derivative is *right* if it is as near the exact one as rounding A, b and the directions explains, as forward stable
is said of x. It is asked wherever the contract promises x★ itself, and the precision resolves κ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lamm_robust.reports import grading
from lamm_robust.scoring.derivatives import WAYS
from lamm_robust.scoring.limits import threshold
from lamm_robust.scoring.verdicts import shape_of
from lamm_robust.text import inert, markdown_table, number, share
from lamm_robust.values import Deficiency, Record, Regime

PAGE = "derivatives.md"
"""The page, in a results directory whose records have any derivatives."""

ALONE = ("jvp_error", "vjp_error")
"""The ways that are not in a batch, whose axes the table shows."""

EQUAL = 1.000001
"""Singular values count as equal up to this κ: rounding orthonormal columns leaves 1 + 1e-7 in float32."""


def has_derivatives(record: Record) -> bool:
    """Whether any derivative was found, right or not."""
    return not WAYS.keys().isdisjoint(record.scores)


def is_asked(record: Record) -> bool:
    """Whether the contract promises x★ itself here, and the precision resolves κ, so that derivatives can be asked."""
    promised = record.promises != Deficiency.FULL_RANK_ONLY or record.regime == Regime.RESOLVABLE
    return promised and grading.is_judged(record) and grading.has_one_answer(record)


def worst_error(record: Record, ways: Iterable[str] = tuple(WAYS)) -> float:
    """The largest error in units of what rounding explains; NaN if there is no derivative, ∞ if one is not finite."""
    found = [record.scores[way] for way in ways if way in record.scores]
    return max(found, default=math.nan)


def is_right(record: Record) -> bool:
    """Whether every derivative that was found is right."""
    return worst_error(record) <= threshold(record.precision, record.m, record.n)


def counts(records: Iterable[Record]) -> tuple[int, int]:
    """Of the records at which a derivative was asked and found: how many are right, and how many there are."""
    found = [is_right(record) for record in records if is_asked(record) and has_derivatives(record)]
    return sum(found), len(found)


def _is_full(record: Record) -> bool:
    return record.regime == Regime.RESOLVABLE


def _has_shape(shape: str) -> Callable[[Record], bool]:
    return lambda r: _is_full(r) and not _is_equal(r) and shape_of(r.m, r.n) == shape


def _is_equal(record: Record) -> bool:
    return _is_full(record) and record.kappa <= EQUAL


AXES: Sequence[tuple[str, str, Callable[[Record], bool]]] = (
    *((shape, f"full rank, {shape}, κ above 1", _has_shape(shape)) for shape in ("tall", "square", "wide")),
    ("κ = 1", "full rank, all singular values equal, in every shape", _is_equal),
    ("deficient", "a rank below min(m, n), but not 0", lambda r: r.regime == Regime.DEFICIENT and bool(r.rank)),
    ("A = 0", "rank 0", lambda r: r.rank == 0),
)
"""Column of the table, what its problems are, and whether a record is of one of them."""

LEGEND = f"""\
Errors are in units of what rounding A, b and the directions explains, derived in `lamm_robust/scoring/derivatives.py`:
up to the *small* of the leaderboard they are right. A cell is the largest, with the number of problems at which it was
too large; *NaN* stands for what is not finite. Numbers in parentheses are of problems for which the solver promises no
x: what comes out there, all the same. *raises*: differentiating ended with an error, at all of these problems. JVP and
VJP are taken together, by A and by b.

- **right**: problems at which all derivatives that were found are right, of those where x★ is promised.
- **to κ**: every full-rank problem at or below this κ has right derivatives.
{"".join(f"- **{name}**: {meaning}.{chr(10)}" for name, meaning, _ in AXES)}\
- **forward**, **reverse**, **vmap**: the problems of all columns, by `jvp`, by `vjp`, and by `vjp` under `jax.vmap`,
  beside −A, zeros and ones (A/2 where a full rank is all that is promised something of); – where there is none.
"""

WAY_NAMES = dict(zip(WAYS, ("forward", "reverse", "vmap"), strict=True))
"""Score → the heading of its column."""


@dataclass
class Table:
    """The rows of the page, each made of the records of one variant, of which one at a time is in memory."""

    rows: dict[str, list[tuple[str, list[str]]]] = field(default_factory=dict)
    """Precision and device → the rows: the name of the solver, and its cells."""
    failures: list[Record] = field(default_factory=list)
    """Of each variant the simplest problem at which a derivative was asked and is not right."""

    def add(self, records: Sequence[Record]) -> None:
        """Add the records of one variant, if it was differentiated: some of its records have derivatives."""
        if not any(map(has_derivatives, records)):
            return
        one = records[0]
        cells = [share(*counts(records)), _to_kappa(records)]
        cells += [_cell([r for r in records if belongs(r)], ALONE) for _, _, belongs in AXES]
        cells += [_cell(records, (way,)) for way in WAYS]
        group = self.rows.setdefault(f"{one.precision} on {one.device.upper()}", [])
        group.append((f"{one.library}-{one.algorithm}", cells))
        asked = [r for r in records if is_asked(r) and has_derivatives(r) and not is_right(r)]
        self.failures += sorted(asked, key=lambda r: (r.m * r.n, r.kappa, r.problem))[:1]

    def markdown(self) -> str:
        """The page, or "" if no variant was differentiated."""
        if not self.rows:
            return ""
        heading = ["solver", "right", "to κ", *(name for name, *_ in AXES), *WAY_NAMES.values()]
        return "".join(["# Derivatives of x\n\n", LEGEND, *self._tables(heading), *self._failures()])

    def _tables(self, heading: list[str]) -> Iterator[str]:
        for title, rows in sorted(self.rows.items(), reverse=True):
            yield f"\n## {title}\n\n"
            ranked = sorted(rows, key=lambda row: _share(row[1][0]))
            yield markdown_table(heading, ([inert(name), *cells] for name, cells in ranked))

    def _failures(self) -> Iterator[str]:
        if self.failures:
            yield "\n## The simplest wrong derivative of each\n\n"
        for record in self.failures:
            said = ", ".join(f"{name} {number_of(record.scores[name])}" for name in WAYS if name in record.scores)
            yield f"- {said}: `lamm-robust replay --derivative {inert(repr(record.key))}`\n"


def _share(right: str) -> tuple[float, int]:
    """What rows are sorted by: the share of right derivatives, and of equal ones how many were asked."""
    passed, _, total = right.partition("/")
    return (-int(passed) / int(total), -int(total)) if total else (1.0, 0)


def number_of(value: float) -> str:
    """An error as tables show it: NaN where a derivative is not finite."""
    return "NaN" if math.isinf(value) else number(value)


def _to_kappa(records: Iterable[Record]) -> str:
    """The largest κ such that derivatives are right at every full-rank problem at or below it."""
    full = [(r.kappa, is_right(r)) for r in records if is_asked(r) and _is_full(r) and has_derivatives(r)]
    failed = min((kappa for kappa, right in full if not right), default=math.inf)
    safe = max((kappa for kappa, _ in full if kappa < 0.9 * failed), default=0.0)
    return number(safe) if safe else "–"


def _cell(records: Sequence[Record], ways: Sequence[str]) -> str:
    """The largest error, and how many are too large; in parentheses where nothing is promised."""
    asked = [r for r in records if is_asked(r)]
    chosen = asked or [r for r in records if r.regime != Regime.AMBIGUOUS and r.scores]
    errors = [(worst_error(r, ways), threshold(r.precision, r.m, r.n)) for r in chosen]
    found = [(error, limit) for error, limit in errors if not math.isnan(error)]
    if not found:
        return "raises" if asked and set(ways) <= set(ALONE) else "–"
    largest, wrong = max(error for error, _ in found), sum(error > limit for error, limit in found)
    text = number_of(largest) + (f", {wrong}/{len(found)}" if wrong else "")
    finite = [error for error, _ in found if math.isfinite(error)]
    if math.isinf(largest) and finite and max(finite) > 1e3:
        text += f" and {number(max(finite))}"
    return text if asked else f"({text})"
