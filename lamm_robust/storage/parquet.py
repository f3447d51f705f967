"""The files that a run leaves for readers, each written to a temporary name and renamed when it is complete.

A reader finds either the old file or the new one, never half of one. Records are one Parquet file, with a checksum on
every page and, in the manifest, one over the whole, so that no damage passes unseen.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lamm_robust.storage.files import refuse_other_versions, replace_file, write_text
from lamm_robust.storage.rows import FIELDS, REQUIRED, TIMES, WORDS
from lamm_robust.values import Record, StoreError

if TYPE_CHECKING:
    import pyarrow as pa

RECORDS = "records.parquet"
ENVIRONMENT = "environment.json"
PAGE = "report.html"
MANIFEST = "manifest.sha256"
READABLE = (
    *(RECORDS, "leaderboard.md", "leaderboard.csv", "failures.md", "all-failures.md", "derivatives.md"),
    *(PAGE, ENVIRONMENT),
)
"""The files that a run writes for readers, whose checksums the manifest holds."""

BATCH = 10_000
"""Records in memory at a time while writing: some twenty megabytes."""

NUMBERS = ("int", "float", "bool")
"""Annotations of the fields of `Record` that are numbers; all others are text."""

KEPT_BITS = 14
"""Bits of a score or a time in a lean file: some four decimal digits, and a third of the size. Whole numbers up to 2¹⁴
stay what they are, and other numbers, such as κ, are kept to the last bit."""

SMALLEST = 19
"""The level of compression of a lean file: a tenth smaller than the default, for seconds more."""


def write_records(
    path: Path,
    rows: Iterable[tuple[Mapping[str, Any], Mapping[str, float]]],
    metrics: Sequence[str],
    facts: Mapping[str, str],
    *,
    lean: bool = False,
) -> int:
    """Write rows and their scores as one Parquet file, a column for each field and each metric; returns their number.

    `facts` go into the metadata of the file; `lean` rounds scores and times to `KEPT_BITS`. HarnessError if the disk
    does not take the file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "str": pa.string()}
    fields = [pa.field(f.name, types[_kind(f)]) for f in FIELDS]
    scores = [pa.field(name, pa.float64()) for name in metrics]
    schema = pa.schema([*fields, *scores], metadata={k.encode(): v.encode() for k, v in facts.items()})
    short = {*TIMES, *metrics}
    count, left = 0, iter(rows)
    with (
        replace_file(path) as temporary,
        pq.ParquetWriter(
            temporary,
            schema,
            compression="zstd",
            compression_level=SMALLEST if lean else None,
            write_page_checksum=True,
            use_dictionary=[name for name in schema.names if name not in short],  # type: ignore[arg-type]  # a stub's error
            column_encoding=dict.fromkeys(short, "BYTE_STREAM_SPLIT"),  # bytes that are 0 in all stand together
        ) as writer,
    ):
        while batch := [{**row, **score} for row, score in islice(left, BATCH)]:
            table = pa.RecordBatch.from_pylist(batch, schema=schema)
            columns = [
                _rounded(c) if lean and name in short else c
                for name, c in zip(schema.names, table.columns, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            count += len(batch)
    return count


def _rounded(column: pa.Array[Any]) -> pa.Array[Any]:
    """A column of float64, rounded to `KEPT_BITS`; NaN, ±∞ and what is missing stay what they are."""
    import pyarrow as pa

    numbers = column.to_numpy(zero_copy_only=False)  # NaN where one is missing
    mantissa, exponent = np.frexp(numbers)
    short = np.ldexp(np.rint(np.ldexp(mantissa, KEPT_BITS)), exponent - KEPT_BITS)
    rounded: pa.Array[Any] = pa.array(short, mask=~column.is_valid().to_numpy(zero_copy_only=False))
    return rounded


def _kind(field: dataclasses.Field[Any]) -> str:
    """The type of a field's column: one of `NUMBERS`, or "str"."""
    name = str(field.type).removesuffix(" | None")
    return name if name in NUMBERS else "str"


class Records:
    """The records of a results directory, in columns; iterating yields a list of records for each variant.

    A list is made when it is asked for, so that only one variant's records are in memory as objects.
    """

    def __init__(self, directory: Path) -> None:
        """Read the records of a directory; StoreError if they are not there, or not as they were written."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = directory / RECORDS
        check_manifest(directory, RECORDS)
        try:
            texts = [f.name for f in FIELDS if _kind(f) == "str"]
            table = pq.read_table(path, page_checksum_verification=True, read_dictionary=texts)
            self._table = table.unify_dictionaries()
            self._texts = dict[str, list[Any]]()
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"'{path}' is damaged: {error}; write it again from the journal") from error
        if missing := [name for name in REQUIRED if name not in self._table.column_names]:
            raise StoreError(f"'{path}' is of another version of lamm-robust: it has no column '{missing[0]}'")
        names = [f.name for f in FIELDS]
        self._metrics = [name for name in self._table.column_names if name not in names]
        self.facts = {k.decode(): v.decode() for k, v in (self._table.schema.metadata or {}).items()}
        """The metadata of the file: suite, profile and oracle."""

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def variants(self) -> list[str]:
        """The names of the variants, in the order of the file."""
        return [str(name) for name in self._table["variant"].unique().to_pylist()]

    def of(self, variant: str) -> list[Record]:
        """The records of one variant."""
        import pyarrow.compute as pc

        rows = self._table.filter(pc.field("variant") == variant)
        there = {name: _values(rows[name], self._words(name)) for name in rows.column_names}
        columns = [there.get(f.name) or itertools.repeat(f.default, rows.num_rows) for f in FIELDS]
        found = zip(*(there[name] for name in self._metrics), strict=True) if self._metrics else [()] * rows.num_rows
        scores = [{n: v for n, v in zip(self._metrics, row, strict=True) if v is not None} for row in found]
        return list(map(Record, *columns, scores))

    def _words(self, name: str) -> list[Any]:
        """The values of a column of text, enumerations among them, in the order in which the file numbers them."""
        if name not in self._texts:
            column, kind = self._table[name], WORDS.get(name, str)
            first: Any = column.chunk(0) if column.num_chunks and _is_text(column) else None
            words = first.dictionary.to_pylist() if first is not None else []  # all chunks have the same
            self._texts[name] = [word if word is None else kind(word) for word in words]
        return self._texts[name]

    def __iter__(self) -> Iterator[list[Record]]:
        return map(self.of, self.variants())


def _is_text(column: pa.ChunkedArray[Any]) -> bool:
    import pyarrow as pa

    return pa.types.is_dictionary(column.type)


def _values(column: pa.ChunkedArray[Any], words: list[Any]) -> list[Any]:
    """The values of a column, None where there is none; those of text are numbers of `words`.

    By way of NumPy: a call of Arrow for each value would take twenty times as long.
    """
    import pyarrow as pa

    array: Any = column.combine_chunks()
    numbers = array.indices if _is_text(column) else array
    known = array.is_valid().to_numpy(zero_copy_only=False)
    zero = pa.scalar(0).cast(numbers.type)  # a column with gaps would become one of floats
    values = numbers.fill_null(zero).to_numpy(zero_copy_only=False).tolist()
    if _is_text(column):
        values = [words[value] for value in values]
    return values if known.all() else [v if there else None for v, there in zip(values, known.tolist(), strict=True)]


def read_environment(directory: Path) -> dict[str, Any]:
    """The content of `environment.json`; StoreError if the file is not there, or not as it was written."""
    check_manifest(directory, ENVIRONMENT)
    with refuse_other_versions(directory / ENVIRONMENT):
        return dict(json.loads((directory / ENVIRONMENT).read_text(encoding="utf-8")))


def write_manifest(directory: Path, names: Sequence[str] = READABLE) -> None:
    """Write the SHA-256 of every file that readers may rely on, in the format that `sha256sum --check` reads."""
    files = [directory / name for name in sorted(names)]
    write_text(directory / MANIFEST, "".join(f"{_sha256(f)}  {f.name}\n" for f in files if f.exists()))


def check_manifest(directory: Path, name: str) -> None:
    """StoreError unless a file is there, and its SHA-256 is the one in the manifest of its directory."""
    try:
        lines = (directory / MANIFEST).read_text(encoding="utf-8", errors="replace").splitlines()
        found = _sha256(directory / name)
    except OSError as error:
        raise StoreError(
            f"cannot read '{error.filename}': {error.strerror}; expected a directory of results"
        ) from error
    if f"{found}  {name}" not in lines:
        raise StoreError(
            f"'{directory / name}' is damaged: its SHA-256 is not the one in {MANIFEST}; "
            f"`lamm-robust tables {directory}` writes it again from the journal"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
