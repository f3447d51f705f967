"""Records from rows of plain values, which are what files hold."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any, get_type_hints

from lamm_robust.values import Record

FIELDS = tuple(field for field in dataclasses.fields(Record) if field.name != "scores")
"""The fields that are columns of a row; the scores stand beside them, under their own names."""

REQUIRED = tuple(field.name for field in FIELDS if field.default is dataclasses.MISSING)
"""The names of the columns that every row has; files of earlier versions may lack the others."""

WORDS = {name: kind for name, kind in get_type_hints(Record).items() if isinstance(kind, enum.EnumType)}
"""Column → the enumeration whose words it holds."""


def record_of(row: Mapping[str, Any], scores: Mapping[str, float]) -> Record:
    """The record of a row; TypeError or KeyError if columns are missing, ValueError for a word of no enumeration."""
    known = {field.name: row[field.name] for field in FIELDS if field.name in row}
    return Record(**known | {name: kind(known[name]) for name, kind in WORDS.items() if name in known}, scores=scores)
