"""The page of `advise` as one HTML file: the same sections, and nothing that needs a network."""

from __future__ import annotations

from pathlib import Path

from lamm_robust.advice.advise import Advice
from lamm_robust.advice.page import headline, sections
from lamm_robust.reports.page.frame import Frame, as_printed

HERE = Path(__file__).parent


def document(advice: Advice) -> str:
    """The page as an HTML document."""
    parts = [(heading, as_printed(lines)) for heading, lines in sections(advice)]
    return Frame("advice.html", folder=HERE).render({"title": headline(advice), "made": [], "sections": parts})
