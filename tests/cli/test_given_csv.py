"""Tables in CSV files: what is read, what is left out, and what is refused, each by its name and place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lamm_robust.cli.given_csv import read_csv


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def test_numbers_missing_values_text_and_dates(table: Path) -> None:
    table.write_text("day,a,site,y\n2024-01-02,1,north,3\n2024-01-03,,south,4.5\n2024-01-04,1e3,north,NA\n")
    found = read_csv(table, "y")
    assert found.names == ("a",)
    np.testing.assert_array_equal(found.A, [[1.0], [np.nan], [1000.0]])
    np.testing.assert_array_equal(found.b, [3.0, 4.5, np.nan])
    assert found.first_row == 2
    assert [note[:50] for note in found.notes] == [
        "column 'day' is left out: it holds dates ('2024-01",
        "column 'site' is left out: it holds text ('north' ",
    ]


def test_other_delimiters_and_no_names(table: Path) -> None:
    table.write_text("1;2\n3;4\n")
    found = read_csv(table, "column 2")
    assert (found.A.tolist(), found.b.tolist(), found.first_row) == ([[1.0], [3.0]], [2.0, 4.0], 1)
    table.write_text("\ufeffa\tb\n1\t2\n", encoding="utf-8")
    assert read_csv(table, "b").names == ("a",)


@pytest.mark.parametrize(
    ("content", "target", "words"),
    [
        ("a,b,y\n1,2,3\n4,5,6\n7,12.5C,8\n", "y", "column 'b' has '12.5C' in row 4 among its numbers"),
        ("a,y\n1,2\n", None, "needs --target COLUMN, the column to be fitted; there are: a, y"),
        ("a,y\n1,2\n", "z", "has no column 'z'; there are: a, y"),
        ("a,y\n1,2,3\n", "y", "row 2 has 3 entries, and there are 2 columns"),
        ("a,a\n1,2\n", "a", "has two columns 'a'"),
        ("a,y\n", "y", "has names of columns and no row"),
        ("", "y", "is empty"),
        ("a,y\n1,x\n2,z\n", "y", "the target column 'y' is left out: it holds text ('x' in row 2)"),
        ("a,y\nx,1\nz,2\n", "y", "has no column of numbers beside 'y'"),
    ],
)
def test_what_is_refused(table: Path, content: str, target: str | None, words: str) -> None:
    table.write_text(content)
    with pytest.raises(ValueError, match="table.csv") as raised:
        read_csv(table, target)
    assert words in str(raised.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00a")
    for name, words in (("none.csv", "there is no file"), ("binary.csv", "no UTF-8 text")):
        with pytest.raises(ValueError, match=words):
            read_csv(tmp_path / name, "y")
