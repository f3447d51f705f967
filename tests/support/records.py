"""A record to vary: every field holds something that is easily lost on the way to a file and back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from lamm_robust.values import Deficiency, Record, Regime, Status, Verdict

RECORD = Record(
    problem="polynomial points=5 degree=2 dtype=float64",
    digest="0" * 64,
    family="polynomial",
    m=5,
    n=3,
    variant="numpy-qr-float64-cpu",
    library="numpy",
    algorithm="qr",
    precision="float64",
    device="cpu",
    promises=Deficiency.FULL_RANK_ONLY,
    oracle="exact",
    rank=3,
    kappa=0.1 + 0.2,
    residual_ratio=1e-320,
    regime=Regime.RESOLVABLE,
    status=Status.SOLVED,
    verdict=Verdict.BACKWARD_STABLE,
    warned=False,
    repeatable=True,
    message='odd ✓ "text"\nwith, everything',
    reported_rank=None,
    seconds=1.5e-5,
    min_seconds=1.25e-5,
    first_call_seconds=None,
    kappa_columns=0.1 + 0.7,
    column_ratio=8.0,
    scores={"forward_error": 1 / 3, "norm_excess": -math.inf},
)

HOSTILE = "<script>alert(1)</script> | [x](y) `=cmd()` \x1b[31mred\x07\n# title"
"""What a message of a solver may hold: markup, a terminal's escapes and a formula."""


def numbered(count: int) -> list[Record]:
    return [replace(RECORD, problem=f"p{i}") for i in range(count)]


def without_times(record: Record) -> Record:
    """A record without its times, which differ from run to run."""
    return replace(record, seconds=None, min_seconds=None, first_call_seconds=None)


def rows(records: Iterable[Record]) -> list[tuple[dict[str, Any], Mapping[str, float]]]:
    """The records as the rows that files are written from."""
    return [(vars(record), record.scores) for record in records]
