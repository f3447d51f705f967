"""Records for the page that people look at, and a reader of the page that shares no code with what writes it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any

from lamm_robust.reports.page.portraits import Gallery
from lamm_robust.reports.page.report import Meanings, report_html
from lamm_robust.reports.summary import Summary, summarise
from lamm_robust.values import Cause, Deficiency, Edge, Record, Regime, Status, Verdict
from tests.support.records import RECORD

FAMILIES = ("polynomial", "columns", "offset", "nonfinite", "degenerate")
SOLVERS = (("numpy", "lstsq"), ("numpy", "normal-lu"), ("torch", "gelsy"), ("jax", "solve"), ("scipy", "qr"))

# what can come together: regime, edge, verdict
JUDGED = (*Verdict,)
KINDS: Sequence[tuple[Regime, Edge, tuple[Verdict, ...]]] = (
    (Regime.RESOLVABLE, Edge.NONE, JUDGED[:3] * 3 + JUDGED[4:]),
    (Regime.DEFICIENT, Edge.NONE, JUDGED[1:3] * 2 + JUDGED[4:]),
    (Regime.RESOLVABLE, Edge.SCALE, JUDGED[:3] + JUDGED[4:8]),
    (Regime.AMBIGUOUS, Edge.NONE, (Verdict.BACKWARD_STABLE, Verdict.INACCURATE, Verdict.WRONG, Verdict.REFUSED)),
    (Regime.UNDEFINED, Edge.NONE, (Verdict.FLAGGED, Verdict.FLAGGED, Verdict.WRONG, Verdict.CRASHED)),
)
NO_ANSWER = frozenset(JUDGED[6:])


def records() -> list[Record]:
    """A few hundred records in which all that can come together does, at both precisions: the same every time."""
    return [
        _record(library, algorithm, precision, family, number)
        for precision in ("float64", "float32")
        for place, (library, algorithm) in enumerate(SOLVERS)
        for family in FAMILIES
        for number in range(24)
        if (place + number) % 7  # not everyone tries everything
    ]


def _record(library: str, algorithm: str, precision: Any, family: str, number: int) -> Record:
    mixed = hash_of(f"{library} {algorithm} {precision} {family} {number}")
    regime, edge, verdicts = KINDS[hash_of(f"{family} {number}") % len(KINDS)]  # a fact about the problem
    verdict = verdicts[mixed % len(verdicts)]
    if algorithm == "solve":
        verdict = verdicts[0]
    defined, answered = regime != Regime.UNDEFINED, verdict not in NO_ANSWER
    kappa = 10.0 ** (number % 8) * 1.1 if defined else math.nan
    error = 10.0 ** (mixed % 19 - 15)
    scores = {"relative_error": error, "forward_error": error * 1e13, "columnwise_forward_error": error * 1e12}
    return replace(
        RECORD,
        problem=f"{family} pattern={('zero', 'duplicate')[number % 2]} offset=1700000000 n={number} dtype={precision}",
        family=family,
        m=10 + 90 * (number % 3),
        variant=f"{library}-{algorithm}-{precision}-cpu",
        library=library,
        algorithm=algorithm,
        precision=precision,
        promises=Deficiency.FULL_RANK_ONLY if algorithm in ("qr", "normal-lu") else Deficiency.MINIMUM_NORM,
        rank=3 if defined else None,
        kappa=kappa,
        kappa_columns=kappa if regime == Regime.DEFICIENT or not defined else kappa / 2,
        regime=regime,
        edge=edge,
        status=Status.SOLVED if answered else Status.REFUSED,
        verdict=verdict,
        cause=Cause.NONE,
        message="" if answered else "LinAlgError: Singular matrix",
        seconds=1e-5 * (1 + mixed % 50) if answered else None,
        scores=scores if answered and defined else {},
    )


def hash_of(text: str) -> int:
    """A number that mixes the letters of a text, the same in every process."""
    value = 7
    for letter in text:
        value = (value * 1_000_003 + ord(letter)) % 998_244_353
    return value


ENVIRONMENT: Mapping[str, Any] = {
    "versions": {"python": "3.11.7", "numpy": "2.4.6", "scipy": "absent"},
    "processor": "Processor 9000",
    "suite": {"suite": "2026.1", "profile": "quick", "oracle": "auto"},
    "workers": [{"started": "2026-11-29T18:59:41+00:00", "device": "cpu"}],
    "limits": {"case seconds": 60.0},
    "flags": {"OMP_NUM_THREADS": "1"},
    "missing": 0,
    "not measured": {"jax-qr-float64-gpu": "not measured: no GPU found"},
}
MEANINGS = Meanings({"offset": "huge offsets"}, {"numpy-lstsq": "numpy.linalg.lstsq"})


def grouped(every: Sequence[Record]) -> list[list[Record]]:
    names = dict.fromkeys(record.variant for record in every)
    return [[record for record in every if record.variant == name] for name in names]


def made(every: Sequence[Record]) -> tuple[Summary, Gallery]:
    gallery = Gallery()
    return summarise(grouped(every), also=gallery.add), gallery


def page(
    every: Sequence[Record], title: str = "A title", environment: Mapping[str, Any] = ENVIRONMENT, **more: Any
) -> str:
    return report_html(title, *made(every), environment, more.get("meanings", MEANINGS))


@dataclass
class Element:
    """An element of the page."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, with single blanks."""
        return " ".join("".join(c if isinstance(c, str) else c.text for c in self.children).split())

    @property
    def shown(self) -> str:
        """The text without what only screen readers say."""
        return " ".join("".join(c if isinstance(c, str) else c.shown for c in self.children if not _spoken(c)).split())

    def all(self, tag: str = "", **attributes: str) -> Iterator[Element]:
        """The elements in it, of a tag, and with words in attributes."""
        for child in self.children:
            if isinstance(child, Element):
                fits = all(word in child.attributes.get(name, "").split() for name, word in attributes.items())
                if fits and tag in ("", child.tag):
                    yield child
                yield from child.all(tag, **attributes)

    def one(self, tag: str = "", **attributes: str) -> Element:
        (found,) = self.all(tag, **attributes)
        return found


def _spoken(child: Element | str) -> bool:
    return isinstance(child, Element) and child.tag == "i"


class _Reader(HTMLParser):
    VOID = frozenset({"meta", "input", "br", "wbr", "link", "img"})
    IMPLIED = frozenset({"li", "td"})  # whose end may be left out before the next one, and before that of the parent

    def __init__(self) -> None:
        super().__init__()
        self.stack = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.IMPLIED and self.stack[-1].tag == tag:
            self.stack.pop()
        made = Element(tag, {name: value or "" for name, value in attrs})
        self.stack[-1].children.append(made)
        if tag not in self.VOID:
            self.stack.append(made)

    def handle_endtag(self, tag: str) -> None:
        if self.stack[-1].tag in self.IMPLIED and self.stack[-1].tag != tag:
            self.stack.pop()
        assert self.stack[-1].tag == tag, f"</{tag}> closes <{self.stack[-1].tag}>"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        self.stack[-1].children.append(data)


def read(html: str) -> Element:
    """The elements of a page; AssertionError if they do not nest."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    (root,) = reader.stack
    return root


def table(root: Element, kind: str, caption: str) -> dict[tuple[str, str], Element]:
    """(name of the row, heading) → the cell, of the table of a class whose caption begins so."""
    (found,) = (t for t in root.all("table", **{"class": kind}) if t.one("caption").text.startswith(caption))
    heads = [head.text for head in found.one("thead").all("th")]
    cells: dict[tuple[str, str], Element] = {}
    for row in found.one("tbody").all("tr"):
        name, own = row.attributes["data-solver"], [c for c in row.children if isinstance(c, Element)]
        assert len(own) == len(heads)
        cells |= {(name, head): cell for head, cell in zip(heads[1:], own[1:], strict=True)}
    assert Counter(heads).most_common(1)[0][1] == 1
    return cells
