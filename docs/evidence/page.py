"""Every number of a report.html's boxes, rankings, curves and headline, counted again from its records; then replays.

    python docs/evidence/page.py results/reference [--replay 100]

Shares no code with what writes the page: the records are read with pyarrow, the page with regular expressions. Exits
with 1 if a number differs, or if a case that an open box names does not replay to the verdict of its record.
"""

from __future__ import annotations

import html
import math
import random
import re
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
from page_classes import GOOD, Row, allowed, columns, full, graded, one_answer, unit

from lamm_robust import catalog
from lamm_robust.runs.replay import attempt_again

STATES = ("silent", "open", "lost", "solved", "ungraded", "unpromised")
SIGN = {"silent": "", "open": "!", "lost": "~"}


def state(r: Row) -> str:
    """What an attempt means for trust, from its verdict and regime."""
    judged = r["regime"] in ("resolvable", "deficient") and r["verdict"] != "out of contract"
    broken = r["regime"] == "undefined" and r["verdict"] in ("crashed", "timed out", "flaky", "bad output")
    if r["verdict"] == "wrong":
        return "silent"
    if (judged and r["verdict"] not in GOOD | {"inaccurate"}) or broken:
        return "open"
    if r["verdict"] == "out of contract":
        return "unpromised"
    if r["regime"] == "ambiguous":
        return "ungraded"
    return "solved" if r["verdict"] in GOOD | {"flagged"} else "lost"


def box(rows: list[Row]) -> tuple[str, str]:
    """The colour and the text of the box of these attempts."""
    counts = Counter(map(state, rows))
    worst = next((s for s in STATES if counts[s]), "unpromised")
    return worst, f"{SIGN[worst]}{counts[worst]}" if worst in SIGN else "–" if worst == "unpromised" else ""


TRAPS: tuple[Callable[[Row], bool], ...] = (
    lambda r: "offset=1700000000 " in r["problem"] and r["family"] == "offset",
    lambda r: "pattern=duplicate " in r["problem"] and r["family"] == "columns",
    lambda r: "pattern=zero " in r["problem"] and r["family"] == "columns",
    lambda r: "pattern=dummy " in r["problem"] and r["family"] == "columns",
    lambda r: r["family"] == "polynomial",
    lambda r: r["family"] == "weighted",
    lambda r: r["family"] == "tall" and r["m"] >= 100_000,
    lambda r: r["family"] == "nonfinite",
    lambda r: r["family"] == "scaled",
    lambda r: r["family"] == "degenerate" and 0 in (r["m"], r["n"]),
    lambda r: r["family"] == "nist",
    lambda r: r["family"] == "field",
)


def tables(page: str, kind: str) -> Iterator[tuple[str, list[str], dict[str, list[tuple[str, str]]]]]:
    """Caption, headings, and solver → (class, text) of its cells, of each table of a class."""
    for caption, body in re.findall(rf'<table class="{kind}">\n?<caption>(.*?)</caption>(.*?)</table>', page, re.S):
        heads = [re.sub("<.*?>", "", head) for head in re.findall(r"<th scope=\"col\".*?>(.*?)</th>", body)]
        rows = {}
        for name, cells in re.findall(r'<tr data-solver="(.*?)".*?</th>(.*?)</tr>', body, re.S):
            found = re.findall(r"<td(?: class=\"(.*?)\")?(?: data-v.*?)?>(.*?)(?=<td|</tr|\Z)", cells, re.S)
            rows[name] = [(c, re.sub("<i>.*?</i>|<.*?>", "", text).strip()) for c, text in found]
        yield caption, heads[1:], rows


def figure(value: float) -> str:
    """A number as the page writes it."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "–"
    if value == 0 or 0.01 <= value < 1000:
        return f"{value:.2g}" if value < 100 else f"{value:.0f}"
    digits, exponent = f"{value:.0e}".split("e")
    return f"{digits}e{int(exponent)}"


def by_kappa(rows: list[Row], heads: list[str], *, by_columns: bool) -> list[str]:
    """The worst error over what is allowed, by decade of κ: full rank, no edge cases, one answer."""
    worst: dict[str, float] = {}
    for r in rows:
        kappa = r["kappa_columns"] if by_columns else r["kappa"]
        resolved = by_columns or allowed(r) * unit(r) * r["kappa"] <= 0.1
        if graded(r) and full(r) and one_answer(r) and resolved:
            error = r["columnwise_forward_error" if by_columns else "forward_error"]
            head = f"1e{round(math.log10(kappa))}"
            worst[head] = max(worst.get(head, 0.0), math.inf if error is None else error / allowed(r))
    return [figure(worst[head]) if head in worst else "–" for head in heads]


def profiles(records: dict[str, list[Row]], heads: list[str], *, timed: bool) -> dict[str, list[str]]:
    """Solver → its share of problems within each factor of the best error, or of the best time among the right."""
    found: dict[str, dict[str, float]] = {}
    for name, rows in records.items():
        for r in filter(graded, rows):
            if timed and (r["seconds"] is not None or r["verdict"] not in GOOD):
                value = r["seconds"] if r["verdict"] in GOOD else math.inf
            elif not timed and full(r) and one_answer(r):
                error = r["relative_error"]
                value = math.inf if error is None or math.isnan(error) else max(error, unit(r))
            else:
                continue
            found.setdefault(name, {})[r["problem"]] = value
    best: dict[str, float] = {}
    for own in found.values():
        for problem, value in own.items():
            best[problem] = min(value, best.get(problem, math.inf))
    most = 3 if timed else 16
    factors = [10 ** (most * step / (len(heads) - 1)) for step in range(len(heads))]
    return {
        name: [f"{100 * within(found[name], best, factor):.0f} %" for factor in factors] if name in found else ["–"]
        for name in records
    }


def within(own: dict[str, float], best: dict[str, float], factor: float) -> float:
    """The share of values within a factor of the best."""
    return sum(v < math.inf and v / best[p] <= factor * (1 + 1e-12) for p, v in own.items()) / len(own)


def by_size(rows: list[Row], heads: list[str]) -> list[str]:
    """The median time where it was right, by entries of A to the nearest root of ten."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for r in filter(graded, rows):
        if r["verdict"] in GOOD and r["seconds"] is not None:
            seconds[figure(10 ** (round(2 * math.log10(r["m"] * r["n"])) / 2))].append(r["seconds"])
    return [clock(statistics.median(seconds[head])) if head in seconds else "–" for head in heads]


def clock(seconds: float) -> str:
    """A time as the page writes it."""
    scaled, name = next(
        (seconds * k, n) for k, n in ((1e6, "µs"), (1e3, "ms"), (1, "s")) if seconds * k < 1000 or k == 1
    )
    return f"{scaled:.3g} {name}"


def times(records: dict[str, list[Row]]) -> dict[str, str]:
    """Solver → its median time over that of the fastest that is right."""
    fast: dict[str, float] = {}
    timed = {
        name: [
            (r["problem"], r["seconds"])
            for r in rows
            if graded(r) and r["verdict"] in GOOD and r["seconds"] is not None
        ]
        for name, rows in records.items()
    }
    for pairs in timed.values():
        for problem, seconds in pairs:
            fast[problem] = min(seconds, fast.get(problem, math.inf))
    ratios = {name: [s / fast[p] for p, s in pairs] for name, pairs in timed.items()}
    return {name: f"{statistics.median(own):.1f}×" if own else "–" for name, own in ratios.items()}


def share(rows: list[Row], wanted: Callable[[Row], bool]) -> str:
    """How many of the rows are as wanted, as a/b."""
    return f"{sum(map(wanted, rows))}/{len(rows)}" if rows else "–"


def ranking(rows: list[Row]) -> dict[str, str]:
    """Heading → text, of the columns that are counts."""
    counts = Counter(map(state, rows))
    asked = [r for r in rows if r["verdict"] != "out of contract"]
    deficient = [r for r in asked if r["regime"] == "deficient" and not r["edge"]]
    promised = [r for r in deficient if r["promises"] != "full_rank_only"]
    return {
        "silent": str(counts["silent"]),
        "failed": str(counts["open"]),
        "ungraded": share([r for r in asked if r["regime"] == "ambiguous"], lambda r: r["verdict"] != "wrong"),
        "deficient": share(promised, lambda r: r["verdict"] in GOOD),
    }


def recount(page: str, group: str, records: dict[str, list[Row]]) -> Iterator[tuple[str, object, object]]:
    """Place, what the page says, and what the records say, of each number of one precision on one device."""
    speeds = times(records)
    for caption, heads, solvers in (t for kind in ("boxes heat", "boxes traps") for t in tables(page, kind)):
        for name, cells in solvers.items() if caption.startswith(group) else ():
            kinds = [lambda r, head=head: r["family"] == head for head in heads] if "families" in caption else TRAPS
            for head, said, holds in zip(heads, cells, kinds, strict=True):
                yield f"{group}: {name}, {head}", said, box(list(filter(holds, records[name])))
    for caption, heads, solvers in tables(page, "ranking"):
        for name, cells in solvers.items() if caption.startswith(group) else ():
            found = {
                **ranking(records[name]),
                "time": speeds[name],
                "first call": first(records[name]),
                **columns(records[name], figure),
            }
            for head, (_, text) in zip(heads, cells, strict=True):
                if head in found:
                    yield f"{group}: {name}, {head}", text, found[head]
    yield from curves(page, group, records)
    yield from headline(page, group, records)


def curves(page: str, group: str, records: dict[str, list[Row]]) -> Iterator[tuple[str, object, object]]:
    """The numbers below the charts."""
    for caption, heads, solvers in (t for t in tables(page, "numbers") if group in t[0]):
        shares = profiles(records, heads, timed="fast" in caption) if "within τ" in caption else {}
        for name, cells in solvers.items():
            if "Time against size" in caption:
                again = by_size(records[name], heads)
            else:
                again = shares.get(name) or by_kappa(records[name], heads, by_columns="one size" in caption)
            yield from zip([f"{caption}: {name}, {head}" for head in heads], [t for _, t in cells], again, strict=True)


def first(rows: list[Row]) -> str:
    """The median time of a first call."""
    known = [r["first_call_seconds"] for r in rows if r["first_call_seconds"] is not None]
    return clock(statistics.median(known)) if known else "–"


def headline(page: str, group: str, records: dict[str, list[Row]]) -> Iterator[tuple[str, object, object]]:
    """The counts in the sentences that the page begins with."""
    found = re.search(rf"<h3>{group}</h3>\n<dl class=\"short\">(.*?)</dl>", page, re.S)
    said = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", found[1])) if found else {}
    silent = {name: sum(r["verdict"] == "wrong" for r in rows) for name, rows in records.items()}
    most = max(silent, key=lambda name: (silent[name], name))
    words = (
        f"{sum(n > 0 for n in silent.values())} of {len(records)} solvers",
        f"{most} most often, in {silent[most]} of",
    )
    yield f"{group}: In silence", all(each in said["In silence"] for each in words), True
    restless = {name: sum(not r["repeatable"] for r in rows) for name, rows in records.items()}
    listed = re.findall(r"([\w-]+)(?: \(ours\))? \(at (\d+) of", said.get("Not repeatable", ""))
    yield f"{group}: Not repeatable", dict(listed), {name: str(n) for name, n in restless.items() if n}
    judged = defaultdict(list)
    for r in (r for rows in records.values() for r in rows):
        if r["regime"] in ("resolvable", "deficient") and r["verdict"] != "out of contract":
            judged[r["problem"]].append(r["verdict"] in GOOD)
    lost = sum(not any(solved) for solved in judged.values())
    start = f"{lost} of {len(judged)}" if lost else f"Each of {len(judged)}"
    yield f"{group}: Solved by nobody", said["Solved by nobody"].startswith(start), True


def main(directory: Path, replays: int) -> int:
    """Count, replay, and tell; 1 if anything differs."""
    page = (directory / "report.html").read_text(encoding="utf-8")
    groups: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    verdicts: dict[str, str] = {}
    for r in pq.read_table(directory / "records.parquet").to_pylist():
        group = f"{r['precision']} on {r['device'].upper()}"
        groups[group][f"{r['library']}-{r['algorithm']}"].append(r)
        verdicts[f"{r['problem']} @ {r['variant']}"] = r["verdict"]
    found = [triple for group, records in groups.items() for triple in recount(page, group, records)]
    wrong = [triple for triple in found if triple[1] != triple[2]]
    for triple in wrong[:20]:
        print("differs:", *triple)
    print(f"{len(found)} numbers of the page counted again: {len(wrong)} differ")
    boxes = re.findall(r'<section id=".*?">(.*?)</section>', page.partition("<aside")[2], re.S)
    lines = [re.findall(r'lamm-robust replay "(.*?)"</code>', body) for body in boxes]
    keys = [html.unescape(found[0]) for found in lines if found]
    drawn = random.Random(18).sample(keys, min(replays, len(keys)))  # noqa: S311  # a sample, and no secret
    other = []
    for key in drawn:
        again = str(attempt_again(key, catalog.find_oracle("auto").name).record.verdict)
        other += [(key, verdicts[key], again)] if again != verdicts[key] else []
    for line in other:
        print("replays otherwise:", *line)
    print(f"{len(drawn)} of {len(keys)} boxes replayed: {len(drawn) - len(other)} with the verdict shown")
    return 1 if wrong or other else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[3]) if "--replay" in sys.argv else 0))
