"""The table as it is handed in: a plain file, or a compressed one, which is unpacked beside the system's temporary files."""

from __future__ import annotations

import contextlib
import gzip
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

from mscsec.batch.csv_input import CsvTable, open_csv
from mscsec.batch.parquet_input import ParquetTable, open_parquet
from mscsec.batch.parts import scratch
from mscsec.errors import UsageError


@contextlib.contextmanager
def open_table(path: str | Path, called: str | None = None) -> Iterator[CsvTable | ParquetTable]:
    """The table with its column names; Parquet by its suffix, anything else is read as CSV, .gz is unpacked first.

    called : what messages call it, `path` unless given. Raises UsageError where it cannot be read.
    """
    path, called = Path(path), called or str(path)
    if not path.exists():
        raise UsageError(f"{called} does not exist")
    if path.suffix.lower() != ".gz":
        yield _opened(path, called)
        return
    with scratch() as folder:
        plain = folder / f"table{path.with_suffix('').suffix}"
        try:
            with gzip.open(path, "rb") as packed, open(plain, "wb") as copy:
                shutil.copyfileobj(packed, copy, 1 << 20)
        except (OSError, EOFError, zlib.error) as error:
            raise UsageError(f"{called} cannot be read: {error}") from None
        yield _opened(plain, called)


def _opened(path: Path, called: str) -> CsvTable | ParquetTable:
    return open_parquet(str(path), called) if path.suffix.lower() == ".parquet" else open_csv(str(path), called)
