"""Results directories with as many records as a profile has cases, made up: for measuring what does not solve anything.

``python -m tests.support.many DIRECTORY PROFILE`` makes four shards, 1/4 to 4/4.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from lamm_robust.provenance import environment
from lamm_robust.runs.plan import Selection, Shard
from lamm_robust.storage.journal import open_journal
from lamm_robust.values import PRECISIONS, Record, Verdict
from tests.support.kills import HEADER
from tests.support.records import RECORD

SOLVERS = ("numpy", "scipy-[a-g]*", "scipy-normal*", "scipy-pinv")
"""Thirty-five solvers in each precision: with them the full profile has 1,026,130 cases."""

SHARDS = 4
SCORES = (
    *("forward_error", "relative_error", "backward_error", "columnwise_backward_error"),
    *("residual_excess", "orthogonality", "norm_excess", "null_component"),
)


def selection(profile: str) -> Selection:
    return Selection(profile, PRECISIONS, ("cpu",), SOLVERS)


def records(part: Selection, chance: random.Random) -> Iterator[Record]:
    """A record of each case, most of them stable, with numbers of as many digits as measured ones have."""
    variants = part.variants()
    for key in part.problems():
        kappa = 10 ** chance.uniform(0, 12)
        base = replace(
            RECORD, problem=str(key), digest=f"{chance.getrandbits(256):064x}", family=key.family, m=30, n=10, rank=10,
            precision=key.dtype, kappa=kappa, kappa_columns=kappa, residual_ratio=chance.random(), message="",
        )  # fmt: skip
        for variant in variants:
            if variant.precision == key.dtype:
                verdict = Verdict.COLUMNWISE_STABLE if chance.random() < 0.9 else Verdict.INACCURATE
                yield replace(
                    base, variant=str(variant), library=variant.library, algorithm=variant.algorithm, verdict=verdict,
                    seconds=chance.random() * 1e-3, min_seconds=chance.random() * 1e-3,
                    scores={name: abs(chance.gauss(0, 1)) for name in SCORES},
                )  # fmt: skip


def make(directory: Path, profile: str) -> int:
    """Make the shards, and return the number of records."""
    count = 0
    for number in range(1, SHARDS + 1):
        part, chance = replace(selection(profile), shard=Shard(number, SHARDS)), random.Random(number)
        with open_journal(directory / str(number), {**HEADER, "profile": profile}) as journal:
            journal.note({"run": {"selection": part.facts(), "where": environment()}})
            journal.note({"with": {"workers": 1}})
            journal.note({"ended": {"absent": {}, "refused": {}}})
            left = records(part, chance)
            while some := list(islice(left, 5000)):
                journal.append(some)
                count += len(some)
    return count


if __name__ == "__main__":
    print(make(Path(sys.argv[1]), sys.argv[2]))
