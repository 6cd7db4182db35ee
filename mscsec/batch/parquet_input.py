"""A Parquet table in pieces: runs of rows that end where an analysis ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mscsec.arrays import Array, IntArray
from mscsec.batch.csv_input import number
from mscsec.batch.options import Columns
from mscsec.batch.rows import Names, Rows, without_group
from mscsec.errors import InvalidInput, UsageError

STEP = 65_536  # rows read together


def need_pyarrow() -> Any:
    """The module pyarrow.parquet; raises UsageError that says how to get it."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise UsageError("Parquet files need the package pyarrow: pip install 'mscsec[parquet]', or use CSV") from None
    return pyarrow.parquet


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """A file and the names of its columns. called : what messages call it."""

    path: str
    called: str
    names: tuple[str, ...]

    def pieces(self, columns: Columns, size: int) -> Iterator[ParquetPiece]:
        """Pieces of about `size` bytes, of 32 a row: several small row groups or a part of a large one; the rows that continue the
        last analysis of a piece come along.

        Raises UsageError for a table without rows.
        """
        with _opened(self) as file:
            edges = _edges(file)
            total, rows = int(edges[-1]), max(1, size // 32)
            if total == 0:
                raise UsageError(f"{self.called} has no rows", code="E211")
            start = 0
            while start < total:
                stop = _next_cut(edges, start, rows)
                if stop < total:
                    stop += _continued(file, edges, stop, columns.group)
                yield ParquetPiece(self, columns, start, stop)
                start = stop


def _next_cut(edges: IntArray, start: int, rows: int) -> int:
    """The last edge of a row group that is not far from `rows` behind `start`, else a row within the group."""
    near = edges[(edges >= start + rows / 2) & (edges <= start + 1.5 * rows)]
    return int(near[-1]) if len(near) else min(start + rows, int(edges[-1]))


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
        with _opened(self.table) as file:
            edges = _edges(file)
            first = int(np.searchsorted(edges, self.start, side="right")) - 1
            last = int(np.searchsorted(edges, self.stop, side="left"))
            wanted = list(dict.fromkeys((self.columns.group, *self.columns.used)))
            read = file.iter_batches(STEP, row_groups=list(range(first, last)), columns=wanted, use_threads=False)
            found = _slice(read, self.start - int(edges[first]), self.stop - int(edges[first]))
        return _from_arrow(found, self.columns, self.start + 1)


def _slice(batches: Iterator[Any], start: int, stop: int) -> Any:
    """An Arrow table of the rows from `start` to `stop` of the batches; nothing behind them is read, nothing before them kept."""
    import pyarrow

    at, kept = 0, []
    for batch in batches:
        if at + len(batch) > start:
            kept.append(batch.slice(max(0, start - at), min(len(batch), stop - at) - max(0, start - at)))
        at += len(batch)
        if at >= stop:
            break
    return pyarrow.Table.from_batches(kept)


def open_parquet(path: str, called: str | None = None) -> ParquetTable:
    """Reads the names of the columns; raises UsageError where the file is no Parquet file. called : as for `open_csv`."""
    parquet = need_pyarrow()
    from pyarrow import ArrowException

    called = called or path
    try:
        return ParquetTable(path, called, tuple(parquet.read_schema(path).names))
    except OSError as error:
        raise UsageError(f"{called} cannot be read: {error.strerror or error}") from None
    except ArrowException:
        raise UsageError(f"{called} is not a Parquet file", code="E211") from None


@contextlib.contextmanager
def _opened(table: ParquetTable) -> Iterator[Any]:
    """The file; raises InvalidInput where its bytes make no sense, and leaves errors of the system as they are."""
    import pyarrow

    try:
        with need_pyarrow().ParquetFile(table.path) as file:
            yield file
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InvalidInput(
            f"{table.called} cannot be read: {(str(error) or type(error).__name__).splitlines()[0]}",
            "a Parquet file is whole",
            "Write it or fetch it anew.",
            code="E211",
        ) from None


def _edges(file: Any) -> IntArray:
    """The first row of each row group, and the number of rows."""
    return np.cumsum([0, *(file.metadata.row_group(i).num_rows for i in range(file.num_row_groups))])


def _continued(file: Any, edges: IntArray, row: int, column: str) -> int:
    """How many rows from `row` on belong to the analysis of the row before it."""
    group = int(np.searchsorted(edges, row - 1, side="right")) - 1
    batches = file.iter_batches(
        STEP, row_groups=list(range(group, file.num_row_groups)), columns=[column], use_threads=False
    )
    last: Any = None
    at = int(edges[group])
    for batch in batches:
        if at + len(batch) >= row:
            names = _names(batch.column(0).slice(max(0, row - 1 - at)))
            last = names[0] if last is None else last
            changed = np.flatnonzero(names != last)
            if len(changed):
                return max(row - 1, at) + int(changed[0]) - row
        at += len(batch)
    return int(edges[-1]) - row


def _names(column: Any) -> Names:
    """The groups of an Arrow column. Whole numbers keep every digit, beside missing values too."""
    return group_names(column.to_pandas(integer_object_nulls=True))


def _from_arrow(table: Any, columns: Columns, first: int) -> Rows:
    """Rows of an Arrow table; what pandas noted in the file of an index is not looked at."""
    frame = table.select(list(dict.fromkeys(columns.used))).to_pandas(ignore_metadata=True, use_threads=False)
    return _rows(_names(table.column(columns.group)), frame, columns, first)


def from_frame(frame: Any, columns: Columns, first: int = 1) -> Rows:
    """Rows of a pandas data frame, numbered from `first`; a value that is no number rejects its row."""
    return _rows(group_names(frame[columns.group]), frame, columns, first)


def _rows(groups: Names, frame: Any, columns: Columns, first: int) -> Rows:
    lines = np.arange(first, first + len(frame), dtype=np.int64)
    numbers: dict[str, Array] = {}
    wrong: dict[int, str] = {}
    for name, column in zip(columns.names, columns.used, strict=True):
        numbers[name] = _floats(frame[column], column, wrong)
    return without_group(Rows(groups, numbers, lines, wrong))


def group_names(column: Any) -> Names:
    """The groups as text; whole numbers without a decimal point, a missing value as an empty text."""
    values = (
        column.to_numpy(dtype=object, na_value=None) if hasattr(column, "isna") else np.asarray(column, dtype=object)
    )
    return np.fromiter((_text(value) for value in values), dtype=object, count=len(values))


def _text(value: Any) -> str:
    if _missing(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return str(value).strip()


def _floats(column: Any, name: str, wrong: dict[int, str]) -> Array:
    """A column as floats; text is read as in a CSV table with decimal points."""
    if getattr(column.dtype, "kind", "O") in "iuf":
        numbers: Array = column.to_numpy(dtype=float, na_value=np.nan)
        return numbers
    out = np.full(len(column), np.nan)
    for i, value in enumerate(column.to_numpy(dtype=object, na_value=None)):
        if _missing(value):
            continue
        found = _number(value)
        if found is None:
            wrong.setdefault(i, f"{name} is {str(value)[:40]!r}; a number or a missing value is wanted here")
        else:
            out[i] = found
    return out


def _missing(value: Any) -> bool:
    if value is None:
        return True
    different = value != value  # as nan and NaT are from themselves; of a list, an array
    return isinstance(different, bool) and different


def _number(value: Any) -> float | None:
    """A value as a number: nan where missing, None where it is neither."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, (bool, str)):
        return number(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
