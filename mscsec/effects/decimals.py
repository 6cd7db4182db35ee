"""How a table writes its decimals: 0.25 or 0,25. One rule for tables of studies and for tables of many analyses."""

from __future__ import annotations

import re
from collections.abc import Iterable

COMMA = re.compile(r"[-+\u2212]?\d+,\d+([eE][-+]?\d+)?")
POINT = re.compile(r"[-+\u2212]?\d*\.\d+([eE][-+]?\d+)?")
THOUSANDS = re.compile(r"[-+\u2212]?[1-9]\d{0,2}(,\d{3})+")


def decimal_commas(cells: Iterable[str]) -> bool | None:
    """Whether numbers are written 0,25: some are, none has a point, and not all could be thousands (1,250).

    None where nothing says so or otherwise.
    """
    commas = False
    for cell in cells:
        if POINT.fullmatch(cell):
            return False
        commas = commas or (COMMA.fullmatch(cell) is not None and THOUSANDS.fullmatch(cell) is None)
    return True if commas else None


def advice(cell: str) -> str:
    """What to write instead of a cell with a comma, in a table that has decimal points; "" for any other cell."""
    if THOUSANDS.fullmatch(cell):
        return f"Write {cell.replace(',', '')} if the comma parts thousands, {cell.replace(',', '.', 1)} if it is a decimal comma"
    if COMMA.fullmatch(cell):
        return f"Write {cell.replace(',', '.')}, and a point in every number: a table has decimal points or decimal commas, not both"
    return ""
