"""Rows of the table as arrays, and the rows that cannot be used, each with its line and the reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mscsec.arrays import Array, IntArray

Names = npt.NDArray[np.object_]

# Rejects that are faults of the table; the others are studies without an estimate, such as a missing value.
FAULTS = frozenset({"E212", "E221", "E222", "E230"})


class Reject(NamedTuple):
    """A row that enters no analysis: its line in the file (in a table without lines its row), from 1, and why."""

    line: int
    group: str
    code: str
    reason: str

    @property
    def fault(self) -> bool:
        """True for a row that is wrong, False for a study that has no estimate."""
        return self.code in FAULTS


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows in the order of the table.

    groups : (n,) text, the analysis each row belongs to. numbers : by the measure's names, (n,), nan where missing.
    lines : (n,) line in the file. wrong : rows with a cell that is no number, by position, and the reason.
    rejects : rows that belong to no analysis that could be named; they are not among the n.
    """

    groups: Names
    numbers: dict[str, Array]
    lines: IntArray
    wrong: dict[int, str] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    def take(self, at: IntArray, rejects: Sequence[Reject] = ()) -> Rows:
        """The rows at ascending positions, with `rejects` for their own."""
        numbers = {name: values[at] for name, values in self.numbers.items()}
        wrong = {}
        if self.wrong:
            place = {old: new for new, old in enumerate(at.tolist())}
            wrong = {place[old]: reason for old, reason in self.wrong.items() if old in place}
        return Rows(self.groups[at], numbers, self.lines[at], wrong, list(rejects))


def join(parts: Sequence[Rows], names: Sequence[str]) -> Rows:
    """The rows of several parts, one after the other; `names` are the columns, for no parts at all."""
    if not parts:
        empty = np.empty(0)
        return Rows(np.empty(0, dtype=object), dict.fromkeys(names, empty), np.empty(0, dtype=np.int64))
    offsets = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    return Rows(
        np.concatenate([part.groups for part in parts]),
        {name: np.concatenate([part.numbers[name] for part in parts]) for name in names},
        np.concatenate([part.lines for part in parts]),
        {offset + i: why for offset, part in zip(offsets, parts, strict=False) for i, why in part.wrong.items()},
        [reject for part in parts for reject in part.rejects],
    )


def without_group(rows: Rows) -> Rows:
    """Rejects rows that name no analysis, or one with a line break in it; rows without any value at all are blank and go."""
    empty = rows.groups == ""
    together = "".join(rows.groups)
    if not empty.any() and "\n" not in together and "\r" not in together:
        return rows
    broken = np.fromiter(("\n" in name or "\r" in name for name in rows.groups), dtype=bool, count=len(rows))
    blank = empty & np.logical_and.reduce([np.isnan(values) for values in rows.numbers.values()])
    blank[list(rows.wrong)] = False
    rejects = [
        Reject(int(rows.lines[i]), "", "E221", "the row names no analysis") for i in np.flatnonzero(empty & ~blank)
    ]
    rejects += [
        Reject(
            int(rows.lines[i]), " ".join(rows.groups[i].split()), "E221", "the name of the analysis holds a line break"
        )
        for i in np.flatnonzero(broken)
    ]
    return rows.take(np.flatnonzero(~empty & ~broken), [*rows.rejects, *rejects])


def rejects_csv(rejects: Iterable[Sequence[object]]) -> bytes:
    """One row a reject, without a header."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rejects)
    return buffer.getvalue().encode()
