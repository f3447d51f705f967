"""What was found about claims: as Markdown to read, as plain JSON values, and as tables for the terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.table import Table as Terminal

from lamm_robust.claims.finding import Cell, Claim, Finding, Spread, Table, Verdict
from lamm_robust.claims.samples import RUNS
from lamm_robust.text import finite, inert, markdown_table
from lamm_robust.values import SUITE

STYLE: Mapping[Verdict, str] = {
    Verdict.HOLDS: "green",
    Verdict.ONLY_WHEN: "yellow",
    Verdict.FAILS: "red",
    Verdict.DEPENDS: "magenta",
    Verdict.UNDECIDED: "magenta",
    Verdict.NOT_MEASURED: "dim",
}
NAMES = ("pinv", "lstsq", "cond")
"""Names of functions, which keep their small letters at the beginning of a sentence."""
PLAIN = 1e-3, 1e6
"""The range of the numbers that are written without a power of ten."""


class Settled(NamedTuple):
    """A claim, its number, and what was found."""

    number: int
    claim: Claim
    finding: Finding


def markdown(settled: Sequence[Settled], where: Mapping[str, Any]) -> str:
    """The page of the claims: a summary, then each one with its sentence, experiment, verdict, numbers and replay."""
    return "".join([*_head(settled, where), *(part for one in settled for part in _section(one))])


def _head(settled: Sequence[Settled], where: Mapping[str, Any]) -> Iterator[str]:
    counts = Counter(one.finding.verdict for one in settled)
    yield "# The claims of the LAMM code notes and of the textbook chapter, settled\n\n"
    yield ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict]) + ".\n\n"
    yield (
        "Sentences are in our words. *Asked by us* are questions that the documents' claims lead to. Numbers are\n"
        "measured by `lamm-robust claims`. Those of mathematics are the same everywhere, those of accuracy up to the\n"
        "BLAS. Where LAMM's loop ends (4–6, 52) follows every rounding, and differs on another processor even with\n"
        "the same kernels. Times are those of one machine, on which other programs may have run: ratios of calls in\n"
        f"turns, and a claim on them is settled only if each of {RUNS} runs, in a process of its own, says the same.\n"
        "Several numbers are given as *middle (smallest … largest)*, times by quartiles. A *margin* says how far the\n"
        "numbers are from the limit that decides.\n\n"
    )
    versions = where["versions"]
    libraries = ", ".join(f"{name} {versions[name]}" for name in ("numpy", "scipy", "jax"))
    yield f"Measured with {libraries}, suite {SUITE}, on {inert(where['processor'])}, {where['cores']} cores.\n\n"
    rows = (
        [
            f"[{number}](#claim-{number})",
            inert(claim.title),
            claim.source,
            f"**{finding.verdict}**{condition(finding)}",
            inert(finding.decisive),
        ]
        for number, claim, finding in settled
    )
    yield markdown_table(["#", "claim", "where", "verdict", "what decides"], rows)


def _section(one: Settled) -> Iterator[str]:
    number, claim, finding = one
    yield f'\n<a id="claim-{number}"></a>\n\n## {number}. {inert(claim.title)}\n\n'
    yield f"> {inert(claim.sentence)} — *{claim.source}*\n\n"
    yield f"**Experiment.** {claim.experiment}\n\n"
    yield f"**Verdict: {inert(finding.ruling)}.** {sentence(inert(finding.decisive))}".rstrip() + "\n"
    if finding.margin:
        yield f"\n**Margin.** {sentence(inert(finding.margin))}\n"
    if finding.table.rows:
        body = ([inert(text(cell)) for cell in row] for row in finding.table.rows)
        yield "\n" + markdown_table([inert(name) for name in finding.table.header], body)
    again = (*finding.replay, f"lamm-robust claims --only {number}")
    yield "\n```sh\n" + "".join(f"{as_command(line)}\n" for line in again) + "```\n"


def condition(finding: Finding) -> str:
    """The words after the verdict: the condition, or why nothing was measured."""
    return inert(finding.ruling).removeprefix(finding.verdict)


def as_command(line: str) -> str:
    """The line for a shell: a command as it is, Python as the argument of `python -c`."""
    return f"python -c '{line}'" if line.startswith(("import ", "from ")) else line


def sentence(words: str) -> str:
    """The words with a full stop, and with a capital unless they begin with a symbol or a function."""
    if words == "–":
        return ""
    first = words.split()[0].removesuffix("'s").rstrip(",:")
    is_word = len(first) > 1 and first.isascii() and first.isalpha() and first not in NAMES
    return (words[0].upper() + words[1:] if is_word else words) + "."


def text(cell: Cell) -> str:
    """The text of a cell of a table."""
    if isinstance(cell, Spread):
        middle, low, high = (figure(value) for value in (cell.middle, cell.low, cell.high))
        return middle if low == high else f"{middle} ({low} … {high})"
    return figure(cell) if isinstance(cell, float) else str(cell)


def figure(value: float) -> str:
    """The number with three significant digits, or two and a power of ten."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0 or PLAIN[0] <= abs(value) < PLAIN[1]:
        return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def facts(settled: Sequence[Settled], where: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that was found as JSON values: a spread is [smallest, middle, largest]; ∞ and NaN are null."""
    return {
        "suite": SUITE,
        "where": dict(where),
        "claims": [
            {
                "number": number,
                "title": claim.title,
                "sentence": claim.sentence,
                "source": claim.source,
                "experiment": claim.experiment,
                "verdict": finding.verdict,
                "when": finding.when,
                "decisive": finding.decisive,
                "margin": finding.margin,
                "columns": list(finding.table.header),
                "rows": finite(finding.table.rows),
                "replay": list(finding.replay),
            }
            for number, claim, finding in settled
        ],
    }


def terminal(settled: Sequence[Settled]) -> Terminal:
    """The table with a row for each claim."""
    table = _terminal_table(["#", "claim", "verdict", "what decides"])
    table.columns[0].justify = "right"
    for number, claim, finding in settled:
        style = STYLE[finding.verdict]
        table.add_row(str(number), claim.title, f"[{style}]{finding.verdict}[/]", finding.decisive)
    return table


def numbers(table: Table) -> Terminal:
    """The numbers of one claim."""
    shown = _terminal_table(table.header)
    for row in table.rows:
        shown.add_row(*(text(cell) for cell in row))
    return shown


def _terminal_table(header: Sequence[str]) -> Terminal:
    table = Terminal(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in header:
        table.add_column(name, overflow="fold")
    return table
