"""Results directories with as many records as a profile has cases: for measuring what does not solve anything.

``python -m tests.support.many DIRECTORY PROFILE [SOLVER...]`` makes four shards, 1/4 to 4/4. The records are those of
`results/reference`, under other keys: each problem of the profile gets the attempts that were made at a problem of its
family there, so that verdicts, scores, messages and failures are as many and as long as measured ones.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from lamm_robust.provenance import environment
from lamm_robust.runs.plan import Selection, Shard
from lamm_robust.storage.journal import open_journal
from lamm_robust.storage.parquet import Records
from lamm_robust.values import PRECISIONS, Record
from tests.support.kills import HEADER, ROOT

SOLVERS = ("numpy", "scipy-[a-g]*", "scipy-normal*", "scipy-pinv")
"""Thirty-five solvers in each precision: with them the full profile has 1,026,130 cases."""

SHARDS = 4

Place = tuple[str, str]
"""A family and a precision."""

Attempts = Mapping[str, Record]
"""Variant → its record, at one problem."""


def selection(profile: str, solvers: Sequence[str] = SOLVERS) -> Selection:
    return Selection(profile, PRECISIONS, ("cpu",), tuple(solvers))


def measured(variants: Sequence[str]) -> dict[Place, list[Attempts]]:
    """What the reference holds of these variants, by family and precision: the attempts at each of its problems."""
    reference = Records(ROOT / "results" / "reference")
    found: dict[tuple[str, str], dict[str, Record]] = {}
    for variant in variants:
        for record in reference.of(variant):
            found.setdefault((record.problem, record.precision), {})[variant] = record
    places: dict[Place, list[Attempts]] = {}
    for attempts in found.values():
        one = next(iter(attempts.values()))
        places.setdefault((one.family, one.precision), []).append(attempts)
    return places


def records(part: Selection, known: Mapping[Place, Sequence[Attempts]]) -> Iterator[Record]:
    """A record of each case: those of one problem of the reference after the other, and from the first again."""
    variants, met = [str(variant) for variant in part.variants()], Counter[Place]()
    for key in part.problems():
        place, text = (key.family, key.dtype), str(key)
        attempts = known[place][met[place] % len(known[place])]
        met[place] += 1
        digest = hashlib.sha256(text.encode()).hexdigest()
        yield from (replace(attempts[v], problem=text, digest=digest) for v in variants if v in attempts)


def make(directory: Path, profile: str, solvers: Sequence[str] = SOLVERS) -> int:
    """Make the shards, and return the number of records."""
    plan, count = selection(profile, solvers), 0
    known = measured([str(variant) for variant in plan.variants()])
    for number in range(1, SHARDS + 1):
        part = replace(plan, shard=Shard(number, SHARDS))
        with open_journal(directory / str(number), {**HEADER, "profile": profile}) as journal:
            journal.note({"run": {"selection": part.facts(), "where": environment()}})
            journal.note({"with": {"workers": 1}})
            journal.note({"ended": {"absent": {}, "refused": {}}})
            left = records(part, known)
            while some := list(islice(left, 5000)):
                journal.append(some)
                count += len(some)
    return count


if __name__ == "__main__":
    print(make(Path(sys.argv[1]), sys.argv[2], sys.argv[3:] or SOLVERS))
