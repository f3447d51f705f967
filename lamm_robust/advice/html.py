"""The page of `advise` as one HTML file: the same sections, and nothing that needs a network."""

from __future__ import annotations

from html import escape

from lamm_robust.advice.advise import Advice
from lamm_robust.advice.page import headline, sections

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}body{color:#222}"
    "pre{background:#f6f6f6;padding:1rem;overflow-x:auto;font-size:.9rem}h1{font-size:1.3rem}h2{font-size:1.1rem}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#242424}}"
)


def document(advice: Advice) -> str:
    """The page as an HTML document."""
    title = escape(headline(advice))
    body = "".join(
        f"<h2>{escape(heading)}</h2>\n<pre>{escape(chr(10).join(lines))}</pre>\n" for heading, lines in sections(advice)
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>\n'
        f"<body><h1>{title}</h1>\n{body}</body></html>\n"
    )
