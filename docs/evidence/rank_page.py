"""The tables of `docs/rank.md` and `docs/pictures/rank.svg`, as functions of the CSV files in `results/rank/`."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log10, sqrt
from pathlib import Path

from markupsafe import Markup
from rank_cutoffs import METHODS, ONE_SIZE, RULES, STORED, Rule

from lamm_robust.reports.page import plot
from lamm_robust.reports.page.picture import OPENING
from lamm_robust.scoring.limits import threshold
from lamm_robust.text import markdown_table
from lamm_robust.values import PRECISIONS, UNIT_ROUNDOFF, Precision

ROOT = Path(__file__).parents[2]
PAGE, PICTURE = ROOT / "docs" / "rank.md", ROOT / "docs" / "pictures" / "rank.svg"

Row = Mapping[str, str]
Four = tuple[int, int, int, int]
"""Judged, too high, too low, and of these too low those that only units explain."""

SOLVERS: Mapping[tuple[str, str], str] = {
    ("svd", "eps"): "scipy-svd-eps",
    ("svd", "eps·max(m, n)"): "scipy-svd-size-eps",
    ("svd", "10·eps·max(m, n)"): "scipy-svd-10-size-eps",
    ("gelsy", "eps"): "scipy-gelsy",
    ("gelsy", "eps·max(m, n)"): "scipy-gelsy-size-eps",
}
"""The rules of solvers that report a rank, so that `lamm-robust replay` shows it."""

CHOSEN = (
    ("64·eps", ONE_SIZE, "svd"),
    ("64·eps", ONE_SIZE, "gelsd"),
    ("4√max(m, n)·eps", ONE_SIZE, "qr"),
    ("4√max(m, n)·eps", ONE_SIZE, "gelsy"),
    ("eps·max(m, n)", ONE_SIZE, "svd"),
    ("eps·max(m, n)", STORED, "svd"),
    ("eps", STORED, "gelsd"),
)
"""What is recommended, then what NumPy and SciPy do: rule, columns, method."""

DRAWN = ("eps", "eps·max(m, n)", "10·eps·max(m, n)", "4√max(m, n)·eps", "1e-15", "1e-6", "64·eps")
"""Rules that have a curve; the others lie between them."""


def read(folder: Path, name: str) -> list[Row]:
    """The rows of a CSV file."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def total(counts: Iterable[Row], **where: str) -> Four:
    """The counts of all rows with these words."""
    rows = [row for row in counts if all(row[name] == word for name, word in where.items())]
    judged, high, low, units = (
        sum(int(row[name]) for row in rows) for name in ("judged", "too_high", "too_low", "too_low_by_units")
    )
    return judged, high, low, units


def percent(part: int, whole: int) -> str:
    """A share: two digits, and "0" only where there is nothing."""
    return "0" if not part else f"{100 * part / whole:.2g} %"


# --- tables -----------------------------------------------------------------------------------------------------


def by_rule(folder: Path) -> str:
    """Errors of every rule on xGESDD's singular values."""
    counts, rows = read(folder, "counts"), []
    for rule in RULES:
        cells, wrong, judged = [], 0, 0
        for precision in PRECISIONS:
            for columns in (STORED, ONE_SIZE):
                of, high, low, units = total(counts, precision=precision, columns=columns, method="svd", rule=rule.name)
                cells.append(f"{high:,} / {low - units:,} + {units:,}" if columns == STORED else f"{high:,} / {low:,}")
                if columns == ONE_SIZE:
                    wrong, judged = wrong + high + low, judged + of
        rows.append([rule.name, rule.who, *cells, percent(wrong, judged)])
    header = [f"{p}, {c}" for p in PRECISIONS for c in (STORED, ONE_SIZE)]
    return markdown_table(["σ ≤ … σ₁ is zero", "whose", *header, "wrong, of one size"], rows)


def by_method(folder: Path) -> str:
    """Errors of a few rules on what other routines compute."""
    counts = read(folder, "counts")
    names = ("eps", "eps·max(m, n)", "4√max(m, n)·eps", "64·eps")
    rows = []
    for method, words in METHODS.items():
        found = [total(counts, columns=ONE_SIZE, method=method, rule=name) for name in names]
        rows.append([words, *(f"{high:,} / {low:,}" for _, high, low, _ in found)])
    return markdown_table(["of one size, both precisions", *names], rows)


def by_aspect(folder: Path) -> str:
    """Errors by rows to columns."""
    counts = read(folder, "counts")
    aspects = list(dict.fromkeys(row["aspect"] for row in counts))
    rows = []
    for rule in RULES:
        found = [total(counts, columns=ONE_SIZE, method="svd", rule=rule.name, aspect=aspect) for aspect in aspects]
        rows.append([rule.name, *(f"{high:,} / {low:,}" for _, high, low, _ in found)])
    return markdown_table(["rows to columns", *aspects], rows)


def drawn(folder: Path) -> str:
    """How many matrices there were."""
    names = ("lacking", "full", "apart", "different")
    rows = read(folder, "matrices")
    cells = [[row["precision"], row["aspect"], *(f"{int(row[name]):,}" for name in names)] for row in rows]
    sums = [f"{sum(int(row[name]) for row in rows):,}" for name in names]
    header = ["precision", "rows to columns", "lack rank", "full rank", "counted apart", "different"]
    return markdown_table(header, [*cells, ["both", "all", *sums]])


def commands(folder: Path) -> str:
    """The line that shows each rule at its simplest wrong rank, as stored and of one size."""
    found = {(row["method"], row["columns"], row["rule"]): row for row in read(folder, "simplest")}
    lines = []
    for method in ("svd", "gelsy"):
        for columns in (STORED, ONE_SIZE):
            for rule in RULES:
                row = found.get((method, columns, rule.name))
                if row:
                    where = "" if method == "svd" else " in xGELSY"
                    said = f"# {rule.name}{where}, {columns}: {row['found']} for {row['exact']}"
                    lines += [said, command(row)]
    return "```sh\n" + "\n".join(lines) + "\n```\n"


def command(row: Row) -> str:
    """The line for a wrong rank."""
    name = row["name"]
    solver = SOLVERS.get((row["method"], row["rule"])) if row["columns"] == STORED else None
    if solver and " * " not in name and not name.startswith("long "):
        precision = name.rpartition("dtype=")[2]
        return f'lamm-robust replay "{name} @ {solver}-{precision}-cpu"'
    return f"python docs/evidence/rank_rules.py {shlex.quote(name)}"


def answer(folder: Path) -> str:
    """The recommended rules beside the usual one."""
    counts, rows = read(folder, "counts"), []
    for name, columns, method in CHOSEN:
        found = [total(counts, precision=p, columns=columns, method=method, rule=name) for p in PRECISIONS]
        cells = [f"{high + low:,} of {judged:,}: {percent(high + low, judged)}" for judged, high, low, _ in found]
        rows.append([f"{name}, {columns}", METHODS[method], *cells])
    return markdown_table(["rule", "of", *(f"wrong in {precision}" for precision in PRECISIONS)], rows)


TABLES: Mapping[str, Callable[[Path], str]] = {
    "answer": answer,
    "rules": by_rule,
    "methods": by_method,
    "aspects": by_aspect,
    "matrices": drawn,
    "commands": commands,
}


def filled(text: str, folder: Path) -> str:
    """The page with the tables between its marks made again."""
    for name, table in TABLES.items():
        head, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, tail = rest.partition(f"<!-- /{name} -->")
        text = f"{head}{begin}\n{table(folder).rstrip()}\n\n{end}{tail}"
    return text


# --- the figure -------------------------------------------------------------------------------------------------

STYLE = """
text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1b1b1b } .mid { text-anchor: middle }
.end { text-anchor: end } .small { font-size: 11px; fill: #595959 } .title { font-size: 15px; font-weight: 600 }
.grid { stroke: #ddd; stroke-width: 1 } .line { fill: none; stroke-width: 1.8 } .lead { fill: none; stroke-width: 1 }
.paper { fill: #fff } .high { fill: #d55e00 } .low { fill: #0072b2 } .units { fill: #8fc7e8 }
.line.c0, .lead.c0, .line.c1, .lead.c1 { stroke-width: 4 }
.c0 { stroke: #d55e00 } .c1 { stroke: #0072b2 } .c2 { stroke: #7a5c00 } .c3 { stroke: #a0519b } .c4 { stroke: #666 }
.c5 { stroke: #007a5a } .c6 { stroke: #b08c00 } .c7 { stroke: #3d6fb5 } .c8 { stroke: #111 } .name { stroke: none }
@media (prefers-color-scheme: dark) { text { fill: #ececec } .small { fill: #b0b0b0 } .paper { fill: #141414 }
.grid { stroke: #3a3a3a } .c8 { stroke: #fff } .units { fill: #39586a } .c4 { stroke: #aaa } }
"""

LOW, HIGH = -1, 7
"""log₁₀ of the least and the largest cutoff that is drawn, in eps."""
LENGTH, STEP, NAMES, HALF = 110, 26, 160, 300
"""Length of a bar for everything, height of a rule, width of the names and of one precision, in pixels."""


def figure(folder: Path) -> str:
    """The SVG: for each precision what rules have to tell apart, beside cutoffs; and the errors of every rule."""
    gaps, counts = read(folder, "gaps"), read(folder, "counts")
    top = 34 + 2 * (plot.HEIGHT + 26)
    bottom = top + 62 + STEP * len(RULES)
    parts = [
        Markup(OPENING).format(plot.WIDTH, bottom + 10),  # noqa: S704  # our own text
        Markup("<title>Rank rules: their cutoffs beside noise and what has to be kept, and their wrong ranks</title>"),
        Markup("<style>{}</style>").format(Markup(STYLE)),  # noqa: S704
        Markup('<rect class="paper" width="{}" height="{}"/>').format(plot.WIDTH, bottom + 10),
    ]
    for place, precision in enumerate(PRECISIONS):
        y = 26 + place * (plot.HEIGHT + 26)
        title = f"{precision}: a cutoff has to lie between the two thick lines"
        parts.append(Markup('<text class="title" x="12" y="{}">{}</text>').format(y - 6, title))
        parts.append(
            Markup('<svg x="0" y="{}" width="{}" height="{}">{}</svg>').format(
                y, plot.WIDTH, plot.HEIGHT, curves(gaps, precision)
            )
        )
    return "\n".join([*parts, *bars(counts, top), Markup("</svg>\n")])


def curves(gaps: Sequence[Row], precision: Precision) -> Markup:
    """The chart of a precision: noise, what has to be kept, and cutoffs, by the longer side."""
    own = [row for row in gaps if row["precision"] == precision and row["method"] in ("svd", "gelsd")]
    noise: dict[int, float] = {}
    kept: dict[int, float] = {}
    for row in own:
        m, n = int(row["m"]), int(row["n"])
        noise[max(m, n)] = max(noise.get(max(m, n), 0.1), float(row["noise"]))
        least = 10 * threshold(precision, m, n) / 2  # a tenth is `resolves`, and eps = 2u
        kept[max(m, n)] = min(kept.get(max(m, n), least), least)
    eps, sizes = 2 * UNIT_ROUNDOFF[precision], [10 ** (e / 10) for e in range(4, 61)]
    shown: dict[str, list[tuple[float, float]]] = {
        "largest noise": [(log10(size), log10(noise[size])) for size in sorted(noise)],
        "least that must be kept": [(log10(size), log10(kept[size])) for size in sorted(kept)],
    }
    for rule in RULES:
        if rule.name in DRAWN:
            shown[rule.name] = [(log10(s), log10(share_of(rule, s, eps) / eps)) for s in sizes]
    return plot.chart(
        f"{precision}: cutoffs",
        plot.Axis("rows (columns, if wide)", 0.3, 6, plot.powers(0.3, 6)),
        plot.Axis("share of σ₁, in eps", LOW, HIGH, plot.powers(LOW, HIGH)),
        [plot.Curve(name, name, points, place, name) for place, (name, points) in enumerate(shown.items())],
    )


def share_of(rule: Rule, size: float, eps: float) -> float:
    """The cutoff of a rule for so many rows and up to four columns."""
    return rule.share(round(size), min(round(size), 4), eps)


def bars(counts: Sequence[Row], top: int) -> list[Markup]:
    """Errors of each rule on xGESDD's singular values: to the left what is too low, to the right what is too high."""
    parts = [
        Markup('<text class="title" x="12" y="{}">Wrong ranks of matrices that the precision resolves</text>').format(
            top + 6
        ),
        Markup('<text class="small" x="12" y="{}">{}</text>').format(
            top + 24,
            "above: as stored, below: columns of one size; pale: by units alone; a tenth of the length is 1 %",
        ),
    ]
    for side, precision in enumerate(PRECISIONS):
        middle = NAMES + HALF * side + HALF // 2
        parts.append(
            Markup('<text class="mid" x="{}" y="{}">too low ← {} → too high</text>').format(middle, top + 46, precision)
        )
        for place, rule in enumerate(RULES):
            y = top + 56 + STEP * place
            if side == 0:
                parts.append(Markup('<text x="12" y="{}">{}</text>').format(y + 14, rule.name))
            for lower, columns in enumerate((STORED, ONE_SIZE)):
                judged, high, low, units = total(
                    counts, precision=precision, columns=columns, method="svd", rule=rule.name
                )
                parts += bar(judged, high, low, units if columns == STORED else 0, middle, y + 10 * lower)
        line = f"M{middle} {top + 52}V{top + 56 + STEP * len(RULES)}"
        parts.append(Markup('<path class="grid" d="{}"/>').format(line))
    return parts


def bar(judged: int, high: int, low: int, units: int, middle: int, y: int) -> list[Markup]:
    """The two halves of a bar; what only units explain is pale, and outermost."""
    right, left, inner = (LENGTH * sqrt(part / judged) for part in (high, low, low - units))
    boxes = [("high", middle, right), ("units", middle - left, left - inner), ("low", middle - inner, inner)]
    words = f"{high:,} too high, {low:,} too low, {units:,} of these only because of units, of {judged:,}"
    return [
        Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="9"><title>{}</title></rect>').format(
            kind, x, y, width, words
        )
        for kind, x, width in boxes
        if width
    ]


def draw(folder: Path) -> None:
    """Write the tables of the page and the figure again."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), folder), encoding="utf-8")
    PICTURE.write_text(figure(folder), encoding="utf-8")
