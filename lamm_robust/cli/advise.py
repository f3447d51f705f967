"""The command `advise`: where a problem of one's own comes from, and where the advice on it goes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lamm_robust.defaults import Exit
from lamm_robust.terminal import say
from lamm_robust.text import json_text

if TYPE_CHECKING:
    from lamm_robust.advice.data import Data


@click.command(short_help="Which call to type for a matrix of your own, and why.")
@click.argument("files", nargs=-1, required=True, metavar="FILE [FILE_B]")
@click.option("--target", metavar="COLUMN", help="The column of a CSV file that is to be fitted: b.")
@click.option("--constant", is_flag=True, help="Add a column of ones to A.")
@click.option("--only", multiple=True, metavar="GLOB", help="Only these solvers, as in `run --solver`; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--html", metavar="FILE", help="Write the page as HTML, too.")
def advise(
    files: tuple[str, ...], target: str | None, constant: bool, only: tuple[str, ...], as_json: bool, html: str | None
) -> None:
    """Say which least-squares call to type for the problem in FILE, and why: proved, tried and ranked.

    FILE is an .npz or .json file with A and b (or X and y), two .npy files, A and b, a CSV file with --target, or text
    such as 'A=1,2;3,4;5,6 b=1,2,4'. Rows with missing values are left out, and named.
    """
    from lamm_robust.advice import advise as advice
    from lamm_robust.advice.html import document
    from lamm_robust.advice.page import facts, text
    from lamm_robust.console import open_console
    from lamm_robust.storage.files import require_place, write_text

    if html:
        require_place("--html", Path(html))
    given = _read(files, target)
    with open_console(err=True).status("reading") as status:
        found = advice.advise(with_constant(given) if constant else given, only, status.update)
    say(json_text(facts(found)) if as_json else text(found))
    if html:
        write_text(Path(html), document(found))
    sys.exit(Exit.DONE if found.recommended else Exit.NOTHING_RAN)


def _read(files: tuple[str, ...], target: str | None) -> Data:
    """The problem in one file or two, or in text; ValueError that says what is wrong and accepted."""
    from lamm_robust.advice.data import Data
    from lamm_robust.cli.given import read
    from lamm_robust.cli.given_csv import read_csv

    if len(files) > 2:
        raise ValueError(f"{len(files)} files are given; accepted are one, or two .npy files with A and b")
    if len(files) == 1 and files[0].lower().endswith((".csv", ".tsv")):
        return read_csv(Path(files[0]), target)
    if target is not None:
        raise ValueError("--target names a column of a CSV file; expected is a file that ends in .csv or .tsv")
    given = read(files[0])
    A, b = given.A, given.b
    if len(files) == 2:
        if b is not None:
            raise ValueError(f"{given.source} has a b of its own; accepted is a second file only beside an .npy file")
        b = read(files[1]).A
    if b is None:
        raise ValueError(f"{given.source} has no b; expected is one beside A, or a second .npy file with it")
    if given.weights:
        raise ValueError(f"{given.source} has weights; multiply the rows of A and b by √w instead")
    if given.constraints:
        raise ValueError(f"{given.source} has constraints C and d; advice is about min ‖Ax − b‖ without any")
    columns = A.shape[1] if A.ndim == 2 else 0
    return Data(given.source, A, b, tuple(f"A[:, {j}]" for j in range(columns)), notes=given.notes)


def with_constant(data: Data) -> Data:
    """The problem with a first column of ones."""
    from dataclasses import replace

    import numpy as np

    if data.A.ndim != 2:
        return data
    ones = np.ones((len(data.A), 1), data.A.dtype)
    return replace(data, A=np.hstack([ones, data.A]), names=("constant", *data.names))
