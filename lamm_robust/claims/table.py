"""Every claim, in the order of the numbers by which results/claims.md is cited."""

from __future__ import annotations

from lamm_robust.claims import (
    algebra,
    bowl,
    dropping,
    fit,
    gram,
    growth,
    library,
    loop,
    loop_speed,
    orthogonal,
    pinv,
    programs,
    rank,
    timing,
)
from lamm_robust.claims.finding import Claim

SUBJECTS = (
    *(algebra, bowl, fit),
    *(dropping, pinv, rank, gram, orthogonal, library),
    *(timing, programs, growth, loop, loop_speed),
)
"""The files that end with claims: in rationals, against certified truth, and with a clock."""

CLAIMS: dict[int, Claim] = dict(sorted(entry for subject in SUBJECTS for entry in subject.CLAIMS.items()))
