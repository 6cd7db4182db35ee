"""Rows of one analysis that stand apart: all rows are dealt into files by analysis, each small enough for memory."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from mscsec.batch.options import Columns
from mscsec.batch.parts import Hashes, write_bytes
from mscsec.batch.rows import Names, Reject, Rows, join

MOST_FILES = 256  # open at a time; systems allow a process about a thousand


class Piece(Protocol):
    """A part of the input that can be read by itself, in any process."""

    @property
    def size(self) -> int:
        """For a progress bar."""

    def rows(self) -> Rows:
        """Its rows."""


def hashed(groups: Names) -> Hashes:
    """A number for each name, the same in every process."""
    from pandas.util import hash_array

    return np.asarray(hash_array(np.asarray(groups, dtype=object), categorize=False), dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class SpooledPiece:
    """All rows of the analyses whose names hash to one file, in the order of the table."""

    path: str
    columns: Columns

    @property
    def size(self) -> int:
        """Bytes, for a progress bar."""
        return max(1, os.path.getsize(self.path))

    def rows(self) -> Rows:
        """The rows."""
        with open(self.path, "rb") as file:
            return join(list(_chunks(file, os.path.getsize(self.path), self.columns)), self.columns.names)


def spool(
    pieces: Iterable[Piece], columns: Columns, folder: Path, size: int, piece: int, done: Any
) -> list[SpooledPiece]:
    """Deals the rows of all pieces into files of about `piece` bytes, of `size` bytes together; calls done(bytes) after each.

    A folder that is complete already is used as it is. Half as many bytes again as the input are needed on the disk at most.
    """
    marker = folder / "complete.json"
    if marker.exists():
        files = int(json.loads(marker.read_text(encoding="utf-8"))["files"])
        return [SpooledPiece(str(folder / f"{i:03d}.rows"), columns) for i in range(files)]
    folder.mkdir(exist_ok=True)
    files = min(MOST_FILES, math.ceil(size / piece))
    paths = [folder / f"{i:03d}.rows" for i in range(files)]
    with contextlib.ExitStack() as stack:
        handles = [stack.enter_context(open(path, "wb")) for path in paths]
        for part in pieces:
            rows = part.rows()
            owner = (hashed(rows.groups) % np.uint64(files)).astype(np.int64)
            for i, handle in enumerate(handles):
                # Rows that name no analysis are reported with the first file.
                _write(handle, rows.take(np.flatnonzero(owner == i), rows.rejects if i == 0 else ()), columns)
            done(part.size)
    write_bytes(marker, json.dumps({"files": files}).encode())
    return [SpooledPiece(str(path), columns) for path in paths]


def _write(file: IO[bytes], rows: Rows, columns: Columns) -> None:
    if not len(rows) and not rows.rejects:
        return
    about = json.dumps({"groups": rows.groups.tolist(), "wrong": list(rows.wrong.items()), "rejects": rows.rejects})
    np.save(file, np.frombuffer(about.encode(), dtype=np.uint8), allow_pickle=False)
    np.save(file, rows.lines, allow_pickle=False)
    for name in columns.names:
        np.save(file, rows.numbers[name], allow_pickle=False)


def _chunks(file: IO[bytes], size: int, columns: Columns) -> Iterator[Rows]:
    while file.tell() < size:
        about = json.loads(np.load(file, allow_pickle=False).tobytes())
        lines = np.load(file, allow_pickle=False)
        numbers = {name: np.load(file, allow_pickle=False) for name in columns.names}
        yield Rows(
            np.array(about["groups"], dtype=object),
            numbers,
            lines,
            {int(i): reason for i, reason in about["wrong"]},
            [Reject(*reject) for reject in about["rejects"]],
        )
