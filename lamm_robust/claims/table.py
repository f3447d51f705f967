"""Every claim, in the order in which it is numbered."""

from __future__ import annotations

from lamm_robust.claims.finding import Claim
from lamm_robust.claims.table_answers import ANSWERS
from lamm_robust.claims.table_costs import COSTS

CLAIMS: tuple[Claim, ...] = (*ANSWERS, *COSTS)
