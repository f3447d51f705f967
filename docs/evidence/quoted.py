"""Every number that README.md and results/README.md quote of the reference run, derived again from its records.

    python docs/evidence/quoted.py results/reference [--write]

Exits with 1 if a page says another number, lacks a sentence, or quotes a number that nothing here derives. With --write
the pages are made to say what the records do: numbers are mended, words are not, so read the sentences after it.
"""

from __future__ import annotations

import itertools
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from quotations import ALLOWED, QUOTATIONS, SECTIONS
from reference import Reference

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 100
"""Columns of a page, tables and code apart."""


def pattern(sentence: str) -> re.Pattern[str]:
    """The sentence as it may be broken into lines, with a group for each `{}`: a figure, as short as it can be."""
    words = (r"([^\s|]+?)".join(map(re.escape, word.split("{}"))) for word in sentence.split())
    return re.compile(r"\s+".join(words) + r"(?![\w%×/])")


def mended(text: str, sentence: str, figures: list[str]) -> tuple[str, str]:
    """The text with the figures in the sentence, and what was wrong with it ("" if nothing)."""
    found = list(pattern(sentence).finditer(text))
    if len(found) != 1:
        return text, f"is there {len(found)} times, not once: {sentence}"
    (match,) = found
    if list(match.groups()) == figures:
        return text, ""
    new, end = "", 0
    for index, figure in enumerate(figures, 1):
        new, end = new + text[end : match.start(index)] + figure, match.end(index)
    said = f"says {', '.join(match.groups())}, and the records say {', '.join(figures)}: {sentence}"
    return new + text[end:], said


def filled(text: str) -> str:
    """The text with paragraphs and points whose lines have become too long filled again."""
    lines: list[str] = []
    parts, part, code = [], 0, False
    for line in text.splitlines():
        code ^= line.startswith("```")
        alone = code or not re.match(r"[\w*(`∞ ]", line)  # tables, headings, and empty lines
        part += alone or line.startswith("* ")
        parts.append((-part if code else part, line))  # below 0: code
        part += alone
    for number, group in itertools.groupby(parts, key=lambda pair: pair[0]):
        found = [line for _, line in group]
        if number > 0 and max(map(len, found)) > WIDTH and re.match(r"[\w*(`∞]", found[0]):
            indent = "  " * found[0].startswith("* ")
            words = " ".join(" ".join(found).split())
            found = textwrap.wrap(
                words, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
            )
        lines += found
    return "\n".join(lines) + "\n"


def underived(page: str, text: str) -> Iterator[str]:
    """The numbers in the sections about the run that no quotation covers."""
    for heading in SECTIONS.get(page, ()):
        section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        if not section:
            yield f"has no section '{heading}'"
        for sentence in QUOTATIONS[page]:
            section = pattern(sentence).sub(" ", section)
        for allowed in ALLOWED:
            section = re.sub(allowed, " ", section)
        yield from (f"quotes what nothing derives: …{place}…" for place in re.findall(r".{0,40}\d.{0,20}", section))


def main() -> None:
    """Compare every page with the directory of results that is named, and mend the pages if that is asked for."""
    run, write, wrong = Reference(Path(sys.argv[1])), "--write" in sys.argv, 0
    for page, sentences in QUOTATIONS.items():
        text = (ROOT / page).read_text(encoding="utf-8")
        for sentence, derive in sentences.items():
            text, fault = mended(text, sentence, [str(figure) for figure in derive(run)])
            if fault:
                wrong += 1
                print(f"{page} {fault}")
        for fault in underived(page, text):
            wrong += 1
            print(f"{page} {fault}")
        if write:
            (ROOT / page).write_text(filled(text), encoding="utf-8")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
