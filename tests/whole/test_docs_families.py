"""The page about families: every key on it builds, every family is on it, and its links are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lamm_robust.catalog import build_problem
from lamm_robust.generators import FAMILIES
from lamm_robust.keys import parse_key

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "families.md").read_text(encoding="utf-8")
KEYS = re.findall(r"`(\w+ [^`]*\bdtype=\w+)`", PAGE)


def test_there_are_keys() -> None:
    assert len(KEYS) >= 50


@pytest.mark.parametrize("text", sorted(set(KEYS)))
def test_every_key_builds_and_is_written_as_it_is_printed(text: str) -> None:
    problem = build_problem(parse_key(text))
    assert str(problem.key) == text
    assert problem.A.ndim == 2


@pytest.mark.parametrize("name", [family.name for family in FAMILIES])
def test_every_family_is_on_the_page(name: str) -> None:
    assert name in {key.split()[0] for key in KEYS}


def test_no_family_on_the_page_is_unknown() -> None:
    assert {key.split()[0] for key in KEYS} <= {family.name for family in FAMILIES}


def test_readme_links_to_the_page() -> None:
    assert "(docs/families.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
