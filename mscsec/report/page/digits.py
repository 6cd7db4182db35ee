"""Columns of printed numbers over every set of the studies, in two fifths of the room that their texts take.

Sets are numbered from 1 by their members, the first study being 1, the second 2, the third 4, as the table of combinations has
them. A number is foretold as the mean of those of the sets with one study less, and only how far its last digit lies from
that is kept. What the browser does to read it is arithmetic on digits, the same in every one (IEEE 754), and no statistics.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from mscsec.arrays import Array

SIGNS = "".join(chr(code) for code in range(35, 127) if code != 92)  # letters that JSON writes as they are
BASE = 80  # a step below it is one letter; the letters from BASE on say how many follow, from two
DECIMALS, EXACT = 8, 1 << 53  # more decimals, and digits that make a greater whole number, are kept as texts
_NUMBER = re.compile(r"(P = )?(-?)(\d{1,9})(?:\.(\d+))?(%?)")

Shape = tuple[str] | tuple[str, int, str]


def coded(lines: Sequence[str]) -> list[Any] | str:
    """A column as [shapes, kinds, steps]; as its lines between "|" where it has too many shapes.

    shapes : [text], or [before, decimals, after] of a text with a number. kinds : one letter of `SIGNS` a set, its place among
    the shapes. steps : for each set with a number the difference of its last digits from what was foretold, d at 0 or above
    as 2d and below as -2d - 1, in one letter or in several.
    """
    shapes: dict[Shape, int] = {}
    kinds, units, decimals = [], np.zeros(len(lines) + 1), np.zeros(len(lines) + 1, dtype=np.int64)
    has = np.zeros(len(lines) + 1, dtype=bool)
    for place, line in enumerate(lines, 1):
        shape, found = _parted(line)
        kinds.append(shapes.setdefault(shape, len(shapes)))
        if found is not None:
            units[place], decimals[place] = found
            has[place] = True
    if len(shapes) > len(SIGNS):
        return "|".join(lines)
    scale = 10.0**decimals
    told = np.floor(_foretold(np.where(has, units / scale, np.nan)) * scale + 0.5)
    steps = (units - told)[has].astype(np.int64)
    zigzag = np.where(steps < 0, -2 * steps - 1, 2 * steps)
    return [list(map(list, shapes)), "".join(SIGNS[kind] for kind in kinds), "".join(map(_letters, zigzag.tolist()))]


def _foretold(values: Array) -> Array:
    """(sets + 1,) by set, the mean over the sets with one study less that have a number, summed from the first study on; else 0."""
    sets = np.arange(len(values))
    sums, counts = np.zeros(len(values)), np.zeros(len(values))
    for study in range((len(values) - 1).bit_length()):
        less = values[sets & ~(1 << study)]
        inside = (sets >> study & 1).astype(bool) & ~np.isnan(less)
        sums += np.where(inside, less, 0.0)
        counts += inside
    return np.divide(sums, counts, out=np.zeros(len(values)), where=counts > 0)


@cache
def _parted(line: str) -> tuple[Shape, tuple[int, int] | None]:
    """The shape of a text, and its number without the point with the count of its decimals."""
    found = _NUMBER.fullmatch(line)
    if found is None:
        return (line,), None
    before, sign, whole, part, after = found.groups(default="")
    units = int(sign + whole + part)
    if len(part) > DECIMALS or abs(units) > EXACT or _joined(before, units, len(part), after) != line:  # 007, -0.00
        return (line,), None
    return (before, len(part), after), (units, len(part))


def _joined(before: str, units: int, decimals: int, after: str) -> str:
    """The text of a number, as the script of the page writes it."""
    digits = str(abs(units)).rjust(decimals + 1, "0")
    cut = len(digits) - decimals
    point = "." if decimals else ""
    return f"{before}{'-' if units < 0 else ''}{digits[:cut]}{point}{digits[cut:]}{after}"


@cache
def _letters(step: int) -> str:
    if step < BASE:
        return SIGNS[step]
    digits = []
    while step:
        step, last = divmod(step, BASE)
        digits.append(SIGNS[last])
    return SIGNS[BASE + len(digits) - 2] + "".join(reversed(digits))
