"""How figures, tables and words are written, and that text from outside comes out inert."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import numpy as np
import pytest

from lamm_robust.reports.stability import SAME_KAPPA
from lamm_robust.text import (
    csv_text,
    duration,
    finite,
    inert,
    markdown_table,
    number,
    opening,
    printable,
    share,
    text_table,
    two_digits,
)
from tests.support.records import HOSTILE


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (0.123456, "0.12"),
        (12.34, "12"),
        (855.4, "855"),
        (1234.0, "1e3"),
        (1e13, "1e13"),
        (0.00123, "1e-3"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-0.25, "-0.25"),
    ],
)
def test_numbers_read_well(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1000.0, "1e3"), (999.9999, "1e3"), (1472.0, "1.5e3"), (14.72, "15"), (147.2, "150"), (0.0123, "0.012")],
)
def test_figures_with_two_digits_read_well(value: float, text: str) -> None:
    assert two_digits(value) == text
    assert two_digits(-value) == f"-{text}"


def test_a_safe_kappa_and_the_next_that_fails_are_two_figures() -> None:
    for kappa in np.geomspace(1, 1e17, 5000):
        assert two_digits(kappa) != two_digits(kappa / SAME_KAPPA)


def test_what_is_no_figure_has_no_digits() -> None:
    assert [two_digits(value) for value in (0.0, math.inf, math.nan)] == ["0", "∞", "–"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (4.2e-5, "42 µs"), (119, "119 s"), (2320, "39 min"), (9000, "2.5 h")],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_hostile_text_is_inert() -> None:
    line = inert(HOSTILE)
    assert "\n" not in line
    assert "\x1b" not in line
    assert "\x07" not in line
    assert "<script" not in line
    assert " | " not in line.replace("\\|", "")


def test_csv_cells_are_no_formulas() -> None:
    text = csv_text(["a", "b"], [["=1+1", -1.5], ["@x\nnext", "plain, with comma"]])
    rows = list(csv.reader(io.StringIO(text)))
    assert rows == [["a", "b"], ["'=1+1", "-1.5"], ["'@x next", "plain, with comma"]]


def test_printable_text_is_one_line_as_it_was() -> None:
    assert printable("a\tb\n  c\x1b[0m ✓ <x>") == "a b c [0m ✓ <x>"
    assert printable(12) == "12"


def test_shares_of_nothing_are_a_dash() -> None:
    assert (share(3, 4), share(0, 4), share(0, 0)) == ("3/4", "0/4", "–")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (math.inf, None),
        (np.float64(math.nan), None),
        (1.5, 1.5),
        ("inf", "inf"),
        ((1, -math.inf, [math.nan]), [1, None, [None]]),
        ({"a": {"b": math.inf}, "c": True}, {"a": {"b": None}, "c": True}),
    ],
)
def test_json_gets_null_for_what_it_lacks(value: Any, plain: Any) -> None:
    assert finite(value) == plain
    assert json.loads(json.dumps(finite(value), allow_nan=False)) == plain


def test_a_markdown_table() -> None:
    assert markdown_table(["a", "b"], [["1", "2"], ["3", ""]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 |  |\n"


def test_columns_are_aligned_below_headings_of_two_lines() -> None:
    assert list(text_table(["name", "of\nwhat", "much"], [["x", "long one", "1"], ["yy", "z", "10"]])) == [
        "        of",
        "  name  what      much",
        "  x     long one     1",
        "  yy    z           10",
    ]


def test_the_opening_of_a_text_ends_at_a_colon_or_after_so_many_letters() -> None:
    assert opening("LinAlgError: 3-th leading minor", 60) == "LinAlgError"
    assert opening(" no answer within 10 s", 9) == "no answer"
    assert opening("", 9) == ""
