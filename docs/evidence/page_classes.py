"""Class, safe κ and the other columns of a ranking, from the rows of `records.parquet` alone.

The half of `page.py` that knows what each class asks (docs/glossary.md, *Classes*). It shares no code with what writes
the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

Row = dict[str, Any]
COLUMNWISE = {"column-wise stable"}
BACKWARD = COLUMNWISE | {"backward stable"}
GOOD = BACKWARD | {"forward stable"}
LOST = ("crashed", "timed out", "flaky", "bad output")


SINGLE = ("float32", "complex64")


def unit(r: Row) -> float:
    """The unit roundoff."""
    return 2.0 ** (-24 if r["precision"] in SINGLE else -53)


def allowed(r: Row) -> float:
    """The error that counts as rounding, in units of it."""
    growth = min(max(max(r["m"], r["n"]) / (1000 if r["precision"] in SINGLE else 1), 1), 100)
    return 10 * math.sqrt(min(r["m"], r["n"]) * growth)


def graded(r: Row) -> bool:
    """Whether the precision resolves the problem, the contract covers it, and it is no edge case."""
    return r["regime"] in ("resolvable", "deficient") and r["verdict"] != "out of contract" and not r["edge"]


def full(r: Row) -> bool:
    """Whether it has full rank and a κ."""
    return r["regime"] == "resolvable" and not math.isnan(r["kappa"])


def one_answer(r: Row) -> bool:
    """Whether x★ is the one right answer."""
    return bool(r["promises"] != "basic" or r["rank"] == r["n"])


def score(r: Row, name: str) -> float:
    """A score, ∞ where there is none."""
    return math.inf if r[name] is None else float(r[name])


def seen_as_stored(r: Row) -> bool:
    """Whether the precision resolves A without scaling its columns."""
    return math.isnan(r["kappa"]) or bool(allowed(r) * unit(r) * r["kappa"] <= 0.1)


def as_stored(r: Row) -> str | None:
    """The verdict where nothing is asked of a single column; None where nothing is asked at all."""
    if r["verdict"] in BACKWARD or (seen_as_stored(r) and not full(r)):
        return str(r["verdict"])
    length = 0.0 if r["promises"] == "basic" else score(r, "null_backward_error")
    fits = score(r, "residual_error") <= allowed(r) or score(r, "residual_excess") < 0.1
    explained = max(score(r, "backward_error"), length) <= allowed(r) and fits
    has_digits = score(r, "relative_error") < 0.1 or score(r, "forward_error") <= allowed(r)
    if explained and (has_digits or not seen_as_stored(r)):
        return "backward stable"
    fits_nothing = r["verdict"] == "wrong" and score(r, "residual_excess") >= 0.1
    return str(r["verdict"]) if seen_as_stored(r) or fits_nothing else None


def stability(rows: list[Row]) -> str:
    """The class of a solver."""
    own = list(filter(graded, rows))
    if not own:
        return "not judged"
    if any(r["verdict"] in LOST for r in own):
        return "broken"
    asked = [(r, word) for r in own if (word := as_stored(r))]
    found = {word for _, word in asked}
    found |= {"wrong" for r in rows if r["regime"] == "ambiguous" and r["verdict"] == "wrong"}
    columns = {r["verdict"] for r in own if full(r)}
    if columns and columns <= COLUMNWISE and found <= BACKWARD:
        return "column-wise stable"
    if found <= GOOD:
        return "backward stable" if found <= BACKWARD else "forward stable"
    early = any(full(r) and r["kappa"] <= unit(r) ** -0.5 and word not in GOOD for r, word in asked)
    return "unstable" if early else "conditionally stable"


def of_columns(r: Row) -> float:
    """κ with columns of one size, where it is known."""
    return float(r["kappa"] if math.isnan(r["kappa_columns"]) else r["kappa_columns"])


def up_to(pairs: Iterable[tuple[float, str]], good: set[str]) -> float:
    """The largest κ below nine tenths of the first at which something failed; 0 without any."""
    known = list(pairs)
    first = min((kappa for kappa, word in known if word not in good), default=math.inf)
    return max((kappa for kappa, _ in known if kappa < 0.9 * first), default=0.0)


def ratio(rows: list[Row]) -> float:
    """The largest ratio of column sizes below the first at which an answer was lost for that alone."""
    alone = [not seen_as_stored(r) or as_stored(r) in BACKWARD for r in rows]
    lost = [
        (r["column_ratio"], r["verdict"] not in {*GOOD, "inaccurate"} and by_columns)
        for r, by_columns in zip(rows, alone, strict=True)
    ]
    first = min((size for size, failed in lost if failed), default=math.inf)
    return max((size for size, _ in lost if size < first), default=1.0 if lost else math.nan)


def columns(rows: list[Row], figure: Callable[[float], str]) -> dict[str, str]:
    """Heading → text of the columns that a class is made of."""
    own = [r for r in rows if graded(r) and full(r)]
    stored = [(r["kappa"], word) for r in own if seen_as_stored(r) and (word := as_stored(r))]
    kappas = {
        "column-wise to κ": up_to(((of_columns(r), r["verdict"]) for r in own), COLUMNWISE),
        "backward stable to κ": up_to(stored, BACKWARD),
        "safe κ": up_to(stored, GOOD),
    }
    undefined = [r for r in rows if r["regime"] == "undefined" and r["verdict"] != "out of contract"]
    edges = [r for r in rows if r["edge"] and r["regime"] in ("resolvable", "deficient")]
    edges = [r for r in edges if r["verdict"] != "out of contract"]
    ranks = [r["rank_error"] for r in rows if r["rank_error"] is not None]
    word, size, lost = stability(rows), ratio(own), sum(r["verdict"] in LOST for r in undefined)
    backward = [r["backward_error"] for r in rows if graded(r) and r["backward_error"] is not None]
    forward = [r["forward_error"] for r in own if one_answer(r) and r["forward_error"] is not None]

    def of(passed: int, total: int) -> str:
        return f"{passed}/{total}" if total else "–"

    return {
        "class": f"{word}, {figure(size)}:1" if word in ("backward stable", "forward stable") else word,
        **{head: figure(kappa) if kappa else "–" for head, kappa in kappas.items()},
        "to ratio": figure(size),
        "NaN or ∞": of(sum(r["verdict"] == "flagged" for r in undefined), len(undefined))
        + (f", {lost} lost" if lost else ""),
        "edges": of(sum(r["verdict"] in GOOD for r in edges), len(edges)),
        "worst backward": figure(max(backward, default=math.nan)),
        "worst forward": figure(max(forward, default=math.nan)),
        "rank right": of(sum(error == 0 for error in ranks), len(ranks)),
    }
