"""The fields of a record as columns of plain values, which are what files hold."""

from __future__ import annotations

import dataclasses
import enum
from typing import get_type_hints

from lamm_robust.values import Record

FIELDS = tuple(field for field in dataclasses.fields(Record) if field.name != "scores")
"""The fields that are columns of a row; the scores stand beside them, under their own names."""

REQUIRED = tuple(field.name for field in FIELDS if field.default is dataclasses.MISSING)
"""The names of the columns that every row has; files of earlier versions may lack the others."""

TIMES = ("seconds", "min_seconds", "first_call_seconds")
"""The fields that are measured times, in seconds, which differ from run to run."""

WORDS = {name: kind for name, kind in get_type_hints(Record).items() if isinstance(kind, enum.EnumType)}
"""Column → the enumeration whose words it holds."""
