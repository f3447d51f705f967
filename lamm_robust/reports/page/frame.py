"""What all pages have around them: a template in which text from outside is inert, and a strict content policy."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from lamm_robust.reports.page.cells import SHOWS, State
from lamm_robust.text import harmless, printable

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent


def slug(text: str) -> str:
    """A text as an id and the fragment of a link: letters, digits, dots, dashes and underscores.

    Of two texts that differ in other characters only, a few digits of a hash tell which is which.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", text)
    return plain if plain == text else f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def as_printed(lines: Iterable[str]) -> list[Markup]:
    """Lines as a terminal shows them, escaped, with the blanks between the columns of their tables."""
    return [escape(harmless(line)) for line in lines]


class Frame:
    """A template, with the style of all pages and, if it has one, its own script."""

    def __init__(self, template: str, script: str = "", folder: Path = HERE) -> None:
        """Read the template and the script, which are files of `folder`, and the style."""
        self._template = _environment(folder).get_template(template)
        style, code = _source(HERE / "report.css"), _source(folder / script) if script else ""
        self._common = {
            "style": Markup(style),  # noqa: S704  # our own file
            "script": Markup(code),  # noqa: S704  # our own file
            "style_hash": _hash(style),
            "script_hash": _hash(code),
        }

    def render(self, content: Mapping[str, Any], **more: Any) -> str:
        """The page: everything in `content` and `more` that is text from outside becomes printable, and escaped."""
        return self._template.render(self._common, **content, **more).strip() + "\n"


def _hash(text: str) -> str:
    """The source by which a content policy allows one inline script or style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def _environment(folder: Path) -> Environment:
    """The environment of a folder's templates, which may use those of this one: what comes from outside is inert."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    def inert(value: Any) -> Any:
        return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment: Environment = Environment(
        loader=FileSystemLoader([folder, HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=inert,
    )
    environment.globals.update(slug=slug, State=State, shows=SHOWS)
    return environment
