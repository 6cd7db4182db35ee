"""Results as the bytes of a table, and the tables of all pieces as one file."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from mscsec.arrays import Array, IntArray
from mscsec.batch.analyse import Analysed
from mscsec.batch.parquet_input import need_pyarrow
from mscsec.registry import by_key

STEP = 65_536  # lines taken together where tables are merged
_PLAIN = (1e-4, 1e16)  # numbers that `repr` writes without a power of ten


class Reader(Protocol):
    """A part's table, read from its head on."""

    def take(self, n: int) -> Any:
        """The next n lines."""


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of output file.

    encode : an analysed piece as bytes, without a header. merge : parts into one file; `order` gives, for each line of the
    result, its line among those of all parts one after the other, or None for the order in which they stand.
    """

    key: str
    suffix: str
    encode: Callable[[Analysed, str], bytes]
    merge: Callable[[Sequence[Path], Path, Sequence[str], Sequence[int], IntArray | None], None]


def header(group: str, numbers: Sequence[str]) -> list[str]:
    """The columns of the result: the group as the table names it, then the numbers, then the status."""
    return [group, "k", "left_out", *numbers, "status"]


# --- CSV --------------------------------------------------------------------------------------------------------------


def encode_csv(found: Analysed, group: str) -> bytes:
    """Lines of CSV, every digit kept; what does not exist is an empty cell."""
    counts = [map(str, column.tolist()) for column in (found.k, found.left_out)]
    numbers = _digits(np.column_stack(list(found.numbers.values())))
    lines = map(
        ",".join, zip(_quoted(found.groups.tolist()), *counts, numbers, _quoted(found.status.tolist()), strict=True)
    )
    return "".join(line + "\n" for line in lines).encode()


def _digits(values: Array) -> list[str]:
    """The cells of each row of (g, n) numbers, as `repr` writes them and ten times as fast: the fewest digits that give the
    number back. Powers of ten are written otherwise in JSON, so what needs one is written by `repr` itself.
    """
    from pydantic_core import to_json

    if not len(values):
        return []
    size = np.abs(values)
    plain = ((size >= _PLAIN[0]) & (size < _PLAIN[1])) | (size == 0)
    written = to_json(np.where(plain, values, np.nan).tolist(), inf_nan_mode="null").decode()
    others = [repr(x) if math.isfinite(x) else "" for x in values[~plain].tolist()]
    between = written.removeprefix("[[").removesuffix("]]").split("null")
    return "".join(itertools.chain.from_iterable(itertools.zip_longest(between, others, fillvalue=""))).split("],[")


def _quoted(texts: Sequence[str]) -> list[str]:
    if not any(mark in "".join(texts) for mark in '",\r\n'):
        return list(texts)
    return ['"' + text.replace('"', '""') + '"' if any(mark in text for mark in '",\r\n') else text for text in texts]


def merge_csv(
    parts: Sequence[Path], target: Path, columns: Sequence[str], counts: Sequence[int], order: IntArray | None
) -> None:
    """One CSV file with a header from the lines of all parts."""
    with open(target, "wb") as out:
        out.write((",".join(_quoted(columns)) + "\n").encode())
        if order is None:
            for part in parts:
                with open(part, "rb") as file:
                    while block := file.read(1 << 20):
                        out.write(block)
            return
        files = [open(part, "rb") for part in parts]  # noqa: SIM115 (closed below, all of them)
        try:
            for lines, places in _interleaved([_CsvLines(file) for file in files], counts, order):
                flat = [line for taken in lines for line in taken]
                out.write(b"".join(flat[i] for i in places.tolist()))
        finally:
            for file in files:
                file.close()


@dataclass(slots=True)
class _CsvLines:
    file: IO[bytes]

    def take(self, n: int) -> list[bytes]:
        return [self.file.readline() for _ in range(n)]


def _interleaved(
    readers: Sequence[Reader], counts: Sequence[int], order: IntArray
) -> Iterator[tuple[list[Any], IntArray]]:
    """Step by step, the lines that come next from each part, and how to order them. Each part is in order by itself."""
    edges = np.cumsum([0, *counts])
    for start in range(0, len(order), STEP):
        window = order[start : start + STEP]
        owner = np.searchsorted(edges, window, side="right") - 1
        wanted = np.bincount(owner, minlength=len(readers)).tolist()
        taken = [reader.take(n) for reader, n in zip(readers, wanted, strict=True)]
        yield taken, np.argsort(np.argsort(window, kind="stable"), kind="stable")


# --- Parquet ----------------------------------------------------------------------------------------------------------


def encode_parquet(found: Analysed, group: str) -> bytes:
    """A Parquet file of one row group; what does not exist is null."""
    parquet = need_pyarrow()
    import pyarrow

    arrays = [
        pyarrow.array(found.groups.tolist(), pyarrow.string()),
        pyarrow.array(found.k),
        pyarrow.array(found.left_out),
    ]
    arrays += [pyarrow.array(values, mask=~np.isfinite(values)) for values in found.numbers.values()]
    arrays.append(pyarrow.array(found.status.tolist(), pyarrow.string()))
    table = pyarrow.Table.from_arrays(arrays, names=header(group, list(found.numbers)))
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    return buffer.getvalue()


def merge_parquet(
    parts: Sequence[Path], target: Path, columns: Sequence[str], counts: Sequence[int], order: IntArray | None
) -> None:
    """One Parquet file with a row group for each part, or for each step where the parts are interleaved."""
    parquet = need_pyarrow()
    import pyarrow

    with parquet.ParquetWriter(target, parquet.read_schema(parts[0])) as out:
        if order is None:
            for part in parts:
                out.write_table(parquet.read_table(part))
            return
        files = [parquet.ParquetFile(part) for part in parts]
        try:
            for tables, places in _interleaved([_ParquetLines.of(file) for file in files], counts, order):
                out.write_table(pyarrow.concat_tables(tables).take(pyarrow.array(places)))
        finally:
            for file in files:
                file.close()


@dataclass(slots=True)
class _ParquetLines:
    batches: Iterator[Any]
    held: Any

    @staticmethod
    def of(file: Any) -> _ParquetLines:
        return _ParquetLines(file.iter_batches(STEP), file.schema_arrow.empty_table())

    def take(self, n: int) -> Any:
        import pyarrow

        while self.held.num_rows < n:
            self.held = pyarrow.concat_tables([self.held, pyarrow.Table.from_batches([next(self.batches)])])
        taken, self.held = self.held.slice(0, n), self.held.slice(n)
        return taken


FORMATS = by_key(
    Format("csv", ".csv", encode_csv, merge_csv),
    Format("parquet", ".parquet", encode_parquet, merge_parquet),
)
