"""Settle claims one after the other, and write what was found into two files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from lamm_robust.claims import page
from lamm_robust.claims.finding import Finding, Table, Verdict
from lamm_robust.claims.lab import Lab
from lamm_robust.claims.page import Settled
from lamm_robust.claims.table import CLAIMS
from lamm_robust.provenance import environment
from lamm_robust.storage.files import write_text
from lamm_robust.values import AbsentError, HarnessError

MARKDOWN, JSON = "claims.md", "claims.json"


def select_numbers(numbers: Sequence[int]) -> list[int]:
    """The numbers in their order, or those of all claims if there are none; ValueError for one that no claim has."""
    if bad := [number for number in numbers if number not in CLAIMS]:
        raise ValueError(f"there is no claim {bad[0]}; they are numbered from 1 to {len(CLAIMS)}")
    return sorted(set(numbers)) or list(CLAIMS)


def settle(lab: Lab, numbers: Sequence[int], on_next: Callable[[str], None] = lambda _: None) -> list[Settled]:
    """Settle the claims of these numbers, after a call of `on_next` with each title.

    HarnessError, with the claim, if an experiment fails. Where its device is missing, a claim is not measured.
    """
    found = []
    for number in numbers:
        claim = CLAIMS[number]
        on_next(claim.title)
        try:
            finding = claim.measure(lab)
        except AbsentError as error:
            reason = str(error)
            finding = Finding(Verdict.NOT_MEASURED, "–", Table((), []), when=reason)
        except ValueError as error:
            raise HarnessError(f"claim {number} ({claim.title}) could not be measured: {error}") from error
        found.append(Settled(number, claim, finding))
    return found


def write(settled: Sequence[Settled], directory: Path) -> None:
    """Write claims.md and claims.json into the directory, which is made if need be; ValueError if it is a file."""
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"'{directory}' is not a directory; expected one for {MARKDOWN} and {JSON}")
    directory.mkdir(parents=True, exist_ok=True)
    where = environment()
    write_text(directory / MARKDOWN, page.markdown(settled, where))
    values = json.dumps(page.facts(settled, where), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(directory / JSON, values + "\n")
