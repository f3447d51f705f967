"""The words of the page: a glossary, and what a pointer on a word shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lamm_robust.reports.leaderboard import WORDS


@dataclass(frozen=True)
class Word:
    """An entry of the glossary."""

    name: str
    meaning: str


OWN = (
    Word("κ", "The condition number: the largest over the smallest non-zero singular value of A, certified."),
    Word(
        "silent failure",
        "A finite answer, no warning, and no correct digit, of x as a whole or of an entry, where one is to be had; or "
        "a finite answer where there is none.",
    ),
    Word("promised", "What the contract of a solver covers: its shapes, and what it returns where A lacks full rank."),
    Word("family", "A recipe for problems; `lamm-robust list families` says what each makes."),
    Word("ungraded", "A problem whose κ is beyond the precision: only a fit is asked, and there was one, or an error."),
    Word("edge case", "A matrix without rows or columns, or numbers whose squares over- or underflow."),
    Word(
        "performance profile",
        "For each factor τ, the share of problems at which a solver is within τ of the best (Dolan and Moré, 2002).",
    ),
)
"""The words that only the page uses, or that the leaderboard explains elsewhere."""


def glossary() -> list[Word]:
    """The words of the page and those of the leaderboard, one meaning each, without markup."""
    entries = (" ".join(entry.split()) for entry in re.split(r"^- ", WORDS, flags=re.MULTILINE) if entry.strip())
    known = {word.name for word in OWN}
    words = list(OWN)
    for entry in entries:
        if match := re.match(r"\*\*(.+?)\*\*:? ?(.*)", entry):
            name, meaning = match[1], match[2].replace("**", "").replace("*", "")
            words += [] if name in known else [Word(name, meaning[:1].upper() + meaning[1:])]
    return words
