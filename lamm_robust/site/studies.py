"""The pages of a study: its Markdown files as HTML, with the pictures beside them.

Markdown comes from files of this project; what is HTML in it is shown as text all the same, and only links and pictures
that lead to a file of the same study, or to the web, are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from lamm_robust.reports.page.frame import slug

if TYPE_CHECKING:
    from markdown_it.token import Token

MARKDOWN = ".md"


@dataclass(frozen=True)
class Page:
    """A page of a study: where it is in the site, its heading, and what is below."""

    path: str
    title: str
    body: Markup


def pages_of(name: str, files: Sequence[Path]) -> list[Page]:
    """The pages of a study, one for each of its Markdown files."""
    there = {file.name for file in files}
    return [_page(name, file, there) for file in files if file.suffix == MARKDOWN]


def _page(name: str, file: Path, there: set[str]) -> Page:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False, "xhtmlOut": False}).enable("table")
    tokens = reader.parse(file.read_text(encoding="utf-8"))
    title = file.stem
    if [token.type for token in tokens[:3]] == ["heading_open", "inline", "heading_close"] and tokens[0].tag == "h1":
        title, tokens = tokens[1].content, tokens[3:]
    for token in tokens:
        _keep(token.children or (), there)
    body = Markup(reader.renderer.render(list(_wrapped(tokens)), reader.options, {}))  # noqa: S704  # it escapes all text
    return Page(f"{slug(name)}/{slug(file.stem)}.html", title, body)


def _keep(tokens: Iterable[Token], there: set[str]) -> None:
    """Turn links to other pages of the study into links to theirs, and take the rest of what leads elsewhere out."""
    inert: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            target = str(token.attrs.get("href", ""))
            inert.append(target not in there and not target.startswith("https://"))
            if inert[-1]:
                token.tag, token.attrs = "span", {}
            elif target in there:
                token.attrs["href"] = _placed(target)
        elif token.type == "link_close" and inert.pop():
            token.tag = "span"
        elif token.type == "image":
            _keep_picture(token, there)


def _keep_picture(token: Token, there: set[str]) -> None:
    """A picture of the study; in place of any other one the words that describe it."""
    target = str(token.attrs.get("src", ""))
    if target in there:
        token.attrs["src"] = slug(target)
    else:
        token.type, token.tag, token.attrs = "text", "", {}


def _placed(file: str) -> str:
    """Where a file of a study is, seen from its pages."""
    path = Path(file)
    return f"{slug(path.stem)}.html" if path.suffix == MARKDOWN else slug(file)


def _wrapped(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens, with tables in what scrolls, so that no page is wider than its window."""
    from markdown_it.token import Token

    for token in tokens:
        if token.type == "table_open":
            region = {"class": "scroll", "role": "region", "aria-label": "Table", "tabindex": "0"}
            yield Token("div_open", "div", 1, attrs=dict(region), block=True)
        yield token
        if token.type == "table_close":
            yield Token("div_close", "div", -1, block=True)
