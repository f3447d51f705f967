"""What a check says of a function's derivatives, which `--derivative` asks for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from lamm_robust.reports.derivatives import ALONE, counts, has_derivatives, is_asked, is_right, number_of
from lamm_robust.reports.summary import simplicity
from lamm_robust.scoring.derivatives import WAYS
from lamm_robust.scoring.limits import THRESHOLD_IN_WORDS
from lamm_robust.text import count_of, printable
from lamm_robust.values import Record, Status

NAMES = dict(zip(WAYS, ("forward", "in reverse", "under vmap"), strict=True))
"""Score → the way of differentiating, in words."""


def wrong_derivatives(records: Iterable[Record]) -> list[str]:
    """How many records have wrong derivatives or lack some, in words, or that none has any; nothing if all are right.

    A way in which a function is not differentiated anywhere, as forward mode of a `jax.custom_vjp`, is no fault of it.
    """
    asked = [record for record in records if is_asked(record)]
    right, total = counts(asked)
    if asked and not total:
        return ["no derivative was found"]
    wrong = [count_of(total - right, "wrong derivative")] if right < total else []
    return wrong + [
        f"no derivative {NAMES[way]} at {count_of(len(without), 'problem')}"
        for way, without in _lacking(asked)
        if way in ALONE and len(without) < len(_solved(asked))
    ]


def _solved(records: Iterable[Record]) -> list[Record]:
    """The records at which x was found, and its derivatives were asked."""
    return [record for record in records if is_asked(record) and record.status is Status.SOLVED]


def _lacking(records: Iterable[Record]) -> Iterator[tuple[str, list[Record]]]:
    """Each way of differentiating that raised somewhere, and the records at which it did."""
    solved = _solved(records)
    for way in WAYS:
        if without := [record for record in solved if way not in record.scores]:
            yield way, without


def derivative_lines(records: Sequence[Record], again: Callable[[Record], str]) -> Iterator[str]:
    """Where derivatives are right, how wrong they are, and the simplest wrong one; `again` is the command for it."""
    right, total = counts(records)
    if not total:
        said = next((record.message for record in records if record.message), "nothing was asked")
        yield f"derivative   none: {printable(said)}"
        return
    asked = [record for record in records if is_asked(record) and has_derivatives(record)]
    worst = {way: max((r.scores[way] for r in asked if way in r.scores), default=math.nan) for way in WAYS}
    errors = ", ".join(f"{number_of(error)} {NAMES[way]}" for way, error in worst.items() if not math.isnan(error))
    small = THRESHOLD_IN_WORDS[records[0].precision]
    yield f"derivative   right at {right} of {total} problems; worst error {errors} (rounding: to {small})"
    for way, without in _lacking(records):
        where = f"{len(without)} of {count_of(len(_solved(records)), 'problem')}"
        yield f"             none {NAMES[way]} at {where}: {printable(without[0].message)}"
    wrong = sorted((record for record in asked if not is_right(record)), key=simplicity)
    if wrong:
        yield f"             first wrong: {again(wrong[0])}"
