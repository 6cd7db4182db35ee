"""A CSV table in pieces: byte ranges that end where an analysis ends, each read by itself and by any process."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from mscsec.arrays import Array, BoolArray, IntArray
from mscsec.batch.options import Columns
from mscsec.batch.rows import Reject, Rows, without_group
from mscsec.effects.decimals import COMMA, POINT, advice, decimal_commas
from mscsec.errors import InvalidInput, UsageError

MISSING = ("", "na", "n/a", "nan", "null", "none", "-", ".")
_TOKENS = sorted({form(token) for token in MISSING for form in (str, str.upper, str.capitalize)} | {"NaN"})
_NUMBER = re.compile(r"[-+]?((\d+\.?\d*|\.\d+)(e[-+]?\d+)?|inf(inity)?)", re.IGNORECASE)
_DECIMALS = re.compile(rb"\d,\d|\.\d")  # what a block has where it can tell; between cells of their own in the second
_DECIMALS_QUOTED = re.compile(rb'"\s*[-+]?\d+,\d|\.\d')
_BOM = b"\xef\xbb\xbf"
# With the tab, what `str.strip` takes off in ASCII: looked for one by one, which takes a tenth of the time of a pattern.
_SPACES = (b" ", b"\v", b"\f", b"\x1c", b"\x1d", b"\x1e", b"\x1f")
_NEWLINE, _QUOTE = 10, 34


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A file with its header: `names` as they stand there, the separator, and the byte and the line where the rows begin.

    called : what messages call the file. comma : whether numbers are written with a decimal comma (0,25).
    """

    path: str
    called: str
    names: tuple[str, ...]
    delimiter: str
    start: int
    line: int = 2
    comma: bool = False

    def __post_init__(self) -> None:
        if len(self.names) < 2:
            raise UsageError(
                f"{self.called} has one column; the header names several, separated by commas, semicolons or tabs",
                code="E211",
            )

    def pieces(self, columns: Columns, size: int) -> Iterator[CsvPiece]:
        """Pieces of about `size` bytes. A cut falls where the group changes, so that an analysis is whole in its piece
        wherever its rows follow each other.

        Raises UsageError for a table without rows.
        """
        place = self.names.index(columns.group)
        end = Path(self.path).stat().st_size
        start, line = self.start, self.line
        if start >= end:
            raise UsageError(f"{self.called} has no rows under its header", code="E211")
        with open(self.path, "rb") as file:
            while start < end:
                stop = end if start + size >= end else _cut(file, start + size, place, self.delimiter)
                file.seek(start)
                lines = sum(block.count(b"\n") for block in _blocks(file, stop - start))
                yield CsvPiece(self, columns, start, stop, line)
                start, line = stop, line + lines


@dataclass(frozen=True, slots=True)
class CsvPiece:
    """The bytes from `start` to `stop` of a table; `line` is the number of their first line in the file."""

    table: CsvTable
    columns: Columns
    start: int
    stop: int
    line: int

    @property
    def size(self) -> int:
        """Bytes, for a progress bar."""
        return self.stop - self.start

    def rows(self) -> Rows:
        """The rows; a line of another number of cells, or with a cell that is no number, is rejected by its line."""
        with open(self.table.path, "rb") as file:
            file.seek(self.start)
            block = file.read(self.stop - self.start)
        return parse(block, self.table, self.columns, self.line)


def open_csv(path: str, called: str | None = None) -> CsvTable:
    """Reads the header: its separator is the one of comma, semicolon and tab that it has most of; and looks for decimal
    commas, in the first megabyte of rows that has any decimals. called : what messages call the file, where that is another name.

    Raises UsageError where the file cannot be read, is empty or is no UTF-8 text.
    """
    called = called or path
    try:
        with open(path, "rb") as file:
            raw = file.readline(1 << 20)
            line = 2
            while raw in (b"\n", b"\r\n", _BOM + b"\n", _BOM + b"\r\n"):
                raw = file.readline(1 << 20)
                line += 1
            start = file.tell()
    except OSError as error:
        raise UsageError(f"{called} cannot be read: {error.strerror}") from None
    delimiter, names = _header(raw, called)
    with open(path, "rb") as file:
        file.seek(start)
        comma = _decimal_commas(file, delimiter)
    return CsvTable(path, called, names, delimiter, start, line, comma)


def _header(raw: bytes, called: str) -> tuple[str, tuple[str, ...]]:
    """The separator and the names of the columns; one without a name is called by its place, as a spreadsheet's empty columns."""
    try:
        text = raw.removeprefix(_BOM).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise UsageError(f"{called} is not UTF-8 text; save it as CSV UTF-8", code="E211") from None
    if not text.strip() or "\0" in text:
        raise UsageError(f"{called} does not start with a line of column names", code="E211")
    if "\r" in text:
        raise UsageError(
            f"{called} ends its lines with a carriage return alone; save it with line feeds (\\n)", code="E211"
        )
    delimiter = max(",;\t", key=text.count)
    cells = _cells(text, delimiter)
    if cells is None:
        raise UsageError(f"{called}: the line of column names leaves a quote open", code="E211")
    return delimiter, tuple(name.strip() or f"column {place}" for place, name in enumerate(cells, 1))


def _decimal_commas(file: IO[bytes], delimiter: str) -> bool:
    """As `effects.decimals` has it, by the first block of rows that says so or otherwise."""
    hint = _DECIMALS_QUOTED if delimiter == "," else _DECIMALS
    while block := file.read(1 << 20):
        block += file.readline()
        if hint.search(block) is None:
            continue
        rows = csv.reader(io.StringIO(block.decode("utf-8", "replace"), newline=""), delimiter=delimiter)
        try:
            found = decimal_commas(cell.strip() for row in rows for cell in row)
        except csv.Error:  # said by its line when the rows are read
            return False
        if found is not None:
            return found
    return False


def _blocks(file: IO[bytes], size: int, step: int = 1 << 20) -> Iterator[bytes]:
    while size > 0 and (block := file.read(min(step, size))):
        size -= len(block)
        yield block


def _cut(file: IO[bytes], near: int, place: int, delimiter: str) -> int:
    """The start of the first line behind `near` whose group differs from that of the line before it."""
    file.seek(near)
    file.readline()
    current: str | None = None
    while True:
        at = file.tell()
        line = file.readline()
        if not line:
            return at
        group = _group(line, place, delimiter)
        if group is not None and current is not None and group != current:
            return at
        current = group if group is not None else current


def _group(line: bytes, place: int, delimiter: str) -> str | None:
    """The group of a line; None for one that has none, which then goes with its neighbours."""
    cells = _cells(line.decode("utf-8", "replace").rstrip("\r\n"), delimiter) or []
    return cells[place].strip() or None if place < len(cells) else None


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells of one line; None where a quote is left open, or a quoted cell is longer than the csv module reads."""
    if '"' not in text:
        return text.split(delimiter)
    reader = csv.reader([text, ""], delimiter=delimiter, skipinitialspace=True)
    try:
        cells = next(reader)
    except csv.Error:
        return None
    return cells if reader.line_num == 1 else None


# --- one piece --------------------------------------------------------------------------------------------------------


def parse(block: bytes, table: CsvTable, columns: Columns, line: int) -> Rows:
    """The rows of a block of whole lines, the first of which is line number `line`."""
    block = _clean(block, table.called, line)
    starts, cells, unsure = _layout(block, table.delimiter)
    lines = np.arange(line, line + len(starts), dtype=np.int64)
    wrong = unsure | (cells != len(table.names))
    rejects: list[Reject] = []
    if wrong.any():
        block, kept, rejects = _mended(block, starts, wrong, lines, table)
        lines = lines[kept]
    if not len(lines):
        return Rows(np.empty(0, dtype=object), dict.fromkeys(columns.names, np.empty(0)), lines, rejects=rejects)
    frame = _read(block, table, columns)
    groups = frame[columns.group].to_numpy(dtype=object)
    spaces = any(space in block for space in _SPACES)
    if spaces or not block.isascii() or (table.delimiter != "\t" and b"\t" in block):
        groups = np.fromiter((name.strip() for name in groups), dtype=object, count=len(groups))
    numbers: dict[str, Array] = {}
    wrong_cells: dict[int, str] = {}
    for name, column in zip(columns.names, columns.used, strict=True):
        numbers[name] = _floats(frame[column], column, wrong_cells, table.comma)
    return without_group(Rows(groups, numbers, lines, wrong_cells, rejects))


def _clean(block: bytes, called: str, line: int) -> bytes:
    """The block with line feeds alone at its line ends; refuses what is not UTF-8."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    if not block.isascii():
        try:
            block.decode("utf-8")
        except UnicodeDecodeError as error:
            at = line + block.count(b"\n", 0, error.start)
            raise InvalidInput(
                f"{called}:{at}: a byte that is not UTF-8",
                "a table is UTF-8 text",
                "Save it as CSV UTF-8.",
                code="E211",
            ) from None
    return block if block.endswith(b"\n") else block + b"\n"


def _layout(block: bytes, delimiter: str) -> tuple[IntArray, IntArray, BoolArray]:
    """Of each line: where it starts, its number of cells (0 for a blank one), and whether its quotes make that unsure: one is
    left open, or one stands in the middle of a cell.
    """
    raw = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(raw == _NEWLINE)
    starts = np.concatenate(([0], ends[:-1] + 1))
    commas = np.flatnonzero(raw == ord(delimiter))
    unsure = np.zeros(len(ends), dtype=bool)
    if b'"' in block:
        quotes = np.flatnonzero(raw == _QUOTE)
        before = np.searchsorted(quotes, starts)
        unsure = np.diff(np.append(before, len(quotes))) % 2 == 1
        line_of = np.searchsorted(ends, quotes)
        opening = (np.arange(len(quotes)) - before[line_of]) % 2 == 0
        unsure[line_of[opening & ~_begins(raw, quotes, delimiter)]] = True
        line_of = np.searchsorted(ends, commas)
        commas = commas[(np.searchsorted(quotes, commas) - before[line_of]) % 2 == 0]
    if len(commas) % len(ends) == 0 and len(commas):
        # Nearly always every line has as many cells; that takes two comparisons a line instead of a search.
        square = commas.reshape(len(ends), -1)
        if (square[:, 0] >= starts).all() and (square[:, -1] < ends).all():
            return starts, np.full(len(ends), square.shape[1] + 1), unsure
    cells = np.diff(np.searchsorted(commas, np.append(starts, len(block)))) + 1
    cells[ends == starts] = 0
    return starts, cells, unsure


def _begins(raw: npt.NDArray[np.uint8], quotes: IntArray, delimiter: str) -> BoolArray:
    """Whether each quote stands where a cell begins, behind a space at most, or behind another quote, which it doubles."""
    padded = np.concatenate((np.full(2, _NEWLINE, dtype=np.uint8), raw))
    edge = np.zeros(256, dtype=bool)
    edge[[_NEWLINE, ord(delimiter)]] = True
    before = padded[quotes + 1]
    begins: BoolArray = edge[before] | (before == _QUOTE) | ((before == ord(" ")) & edge[padded[quotes]])
    return begins


def _mended(
    block: bytes, starts: IntArray, wrong: BoolArray, lines: IntArray, table: CsvTable
) -> tuple[bytes, BoolArray, list[Reject]]:
    """The block with each line that is `wrong` written anew, every cell in quotes, or left out: which lines are kept, and the
    reason of each other that is not blank.
    """
    edges = np.append(starts, len(block)).tolist()
    texts = [block[start:end] for start, end in itertools.pairwise(edges)]
    kept, rejects = ~wrong, []
    for i in np.flatnonzero(wrong).tolist():
        text = texts[i].decode().rstrip("\n")
        texts[i] = b""
        if not text.strip():
            continue
        cells = _cells(text, table.delimiter)
        if cells is not None and len(cells) == len(table.names):
            kept[i] = True
            texts[i] = (table.delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n").encode()
        elif cells is None:
            reason = "a quote is left open; a cell that runs over several lines cannot be read here"
            rejects.append(Reject(int(lines[i]), "", "E230", reason))
        else:
            reason = f"found {len(cells)} {'cell' if len(cells) == 1 else 'cells'} under {len(table.names)} columns"
            rejects.append(Reject(int(lines[i]), "", "E230", reason))
    return b"".join(texts), kept, rejects


def _read(block: bytes, table: CsvTable, columns: Columns) -> Any:
    import pandas

    # pandas reads decimals to the last bit by default from 3.1 on, and warns where it is told to.
    newest = tuple(int(part) for part in pandas.__version__.split(".")[:2]) >= (3, 1)
    exact: dict[str, Any] = {} if newest else {"float_precision": "round_trip"}
    return pandas.read_csv(
        io.BytesIO(block),
        header=None,
        names=list(table.names),
        index_col=False,
        usecols=[columns.group, *columns.used],
        dtype={columns.group: object},
        sep=table.delimiter,
        decimal="," if table.comma else ".",
        skipinitialspace=True,
        skip_blank_lines=False,
        keep_default_na=False,
        na_values=dict.fromkeys(columns.used, _TOKENS),
        low_memory=False,
        engine="c",
        **exact,
    )


def _floats(column: Any, name: str, wrong: dict[int, str], comma: bool = False) -> Array:
    """A column as floats, nan where missing; cells that are no number are noted in `wrong` by their position."""
    if column.dtype.kind in "iuf":
        numbers: Array = column.to_numpy(dtype=float)
        return numbers
    cells: Sequence[Any] = column.to_numpy(dtype=object).tolist()
    values = [number(cell, comma) for cell in cells]
    for i, value in enumerate(values):
        if value is None:
            wrong.setdefault(i, f"{name} is {_refused(str(cells[i]).strip()[:40], comma)}")
    return np.array([np.nan if value is None else value for value in values])


def _refused(cell: str, comma: bool) -> str:
    """A cell that is no number, and what to write instead where that is plain."""
    rule = "a number or an empty cell is wanted here"
    instead = advice(cell)
    if comma and POINT.fullmatch(cell):
        rule = "this table writes decimal commas"
        instead = f"Write {cell.replace('.', ',')}"
    return f"{cell!r}; {rule}" + (f". {instead}" if instead else "")


def number(cell: Any, comma: bool = False) -> float | None:
    """A cell as a number: nan where missing, None where it is neither. comma : 0,25 is one and 0.25 is none."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, (int, float)):
        return float(cell)
    text = cell.strip().replace("−", "-")
    if text.casefold() in MISSING:
        return float("nan")
    if comma:
        text = text.replace(",", ".") if COMMA.fullmatch(text) else text.replace(".", ",")
    return float(text) if _NUMBER.fullmatch(text) else None
