"""A Parquet table in pieces: runs of rows that end where an analysis ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.arrays import Array
from mscsec.batch.options import Columns
from mscsec.batch.rows import Names, Rows, without_group
from mscsec.errors import UsageError

MIN_ROWS = 250_000  # row groups smaller than this are read together; each read has a fixed cost


def need_pyarrow() -> Any:
    """The module pyarrow.parquet; raises UsageError that says how to get it."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise UsageError("Parquet files need the package pyarrow: pip install 'mscsec[parquet]', or use CSV") from None
    return pyarrow.parquet


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """A file and the names of its columns."""

    path: str
    names: tuple[str, ...]

    def pieces(self, columns: Columns, size: int) -> Iterator[ParquetPiece]:
        """Pieces of one row group or several small ones; the rows of the next row group that continue an analysis come along.

        Raises UsageError for a table without rows.
        """
        with need_pyarrow().ParquetFile(self.path) as file:
            if file.metadata.num_rows == 0:
                raise UsageError(f"{self.path} has no rows", code="E211")
            edges = np.cumsum([0, *(file.metadata.row_group(i).num_rows for i in range(file.num_row_groups))])
            total = int(edges[-1])
            start, least = 0, min(MIN_ROWS, max(1, size // 64))
            for i in range(1, file.num_row_groups):
                edge = int(edges[i])
                if edge - start >= least:
                    stop = edge + _continued(file, i, columns.group)
                    if stop < total:
                        yield ParquetPiece(self, columns, start, stop)
                        start = stop
            yield ParquetPiece(self, columns, start, total)


@dataclass(frozen=True, slots=True)
class ParquetPiece:
    """The rows from `start` to `stop` of a table, counted from 0."""

    table: ParquetTable
    columns: Columns
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Rows, for a progress bar."""
        return self.stop - self.start

    def rows(self) -> Rows:
        """The rows; a line number of the result is a row number from 1."""
        with need_pyarrow().ParquetFile(self.table.path) as file:
            edges = np.cumsum([0, *(file.metadata.row_group(i).num_rows for i in range(file.num_row_groups))])
            first = int(np.searchsorted(edges, self.start, side="right")) - 1
            last = int(np.searchsorted(edges, self.stop, side="left"))
            wanted = list(dict.fromkeys((self.columns.group, *self.columns.used)))
            read = file.read_row_groups(list(range(first, last)), columns=wanted, use_threads=False)
            read = read.slice(self.start - int(edges[first]), self.stop - self.start)
            return from_frame(read.to_pandas(), self.columns, self.start + 1)


def open_parquet(path: str) -> ParquetTable:
    """Reads the names of the columns; raises UsageError where the file is no Parquet file."""
    parquet = need_pyarrow()
    from pyarrow import ArrowInvalid

    try:
        return ParquetTable(path, tuple(parquet.read_schema(path).names))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except ArrowInvalid:
        raise UsageError(f"{path} is not a Parquet file", code="E211") from None


def _continued(file: Any, group: int, column: str) -> int:
    """How many rows from the head of a row group on belong to the last analysis of the one before."""
    before = file.read_row_group(group - 1, columns=[column]).column(0)
    last = before[len(before) - 1].as_py() if len(before) else None
    rows = 0
    for i in range(group, file.num_row_groups):
        here = file.read_row_group(i, columns=[column]).column(0).to_pandas().to_numpy(dtype=object)
        changed = np.flatnonzero(here != last)
        if len(changed):
            return rows + int(changed[0])
        rows += len(here)
    return rows


def from_frame(frame: Any, columns: Columns, first: int = 1) -> Rows:
    """Rows of a pandas data frame, numbered from `first`; a value that is no number rejects its row."""
    lines = np.arange(first, first + len(frame), dtype=np.int64)
    groups = group_names(frame[columns.group])
    numbers: dict[str, Array] = {}
    wrong: dict[int, str] = {}
    for name, column in zip(columns.names, columns.used, strict=True):
        numbers[name] = _floats(frame[column], name, wrong)
    return without_group(Rows(groups, numbers, lines, wrong))


def group_names(column: Any) -> Names:
    """The groups as text; whole numbers without a decimal point, a missing value as an empty text."""
    values = (
        column.to_numpy(dtype=object, na_value=None) if hasattr(column, "isna") else np.asarray(column, dtype=object)
    )
    return np.fromiter((_text(value) for value in values), dtype=object, count=len(values))


def _text(value: Any) -> str:
    if value is None or value != value:  # nan and NaT are not equal to themselves
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _floats(column: Any, name: str, wrong: dict[int, str]) -> Array:
    if getattr(column.dtype, "kind", "O") in "iuf":
        numbers: Array = column.to_numpy(dtype=float, na_value=np.nan)
        return numbers
    out = np.full(len(column), np.nan)
    for i, value in enumerate(column.to_numpy(dtype=object, na_value=None)):
        if value is None or value != value:
            continue
        try:
            if isinstance(value, (bool, str)):
                raise TypeError
            out[i] = float(value)
        except (TypeError, ValueError):
            wrong.setdefault(i, f"{name} is {str(value)[:40]!r}; a number or a missing value is wanted here")
    return out
