"""A plain table instead of an evidence base: one row a study, columns by name, effects out.

Columns are `study` and, by measure, `events_1 n_1 events_2 n_2`, `mean_1 sd_1 n_1 mean_2 sd_2 n_2`, `events_1 time_1
events_2 time_2`, `r n`, or `yi vi` (or `sei`). 1 is experimental, 2 is comparator.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mscsec.effects.collect import drop_double_zeros, study_effect
from mscsec.effects.formula import Formula
from mscsec.effects.measures import FAMILIES, MEASURES, Measure, effect_size
from mscsec.effects.select import Excluded
from mscsec.effects.sizes import EffectSizes
from mscsec.effects.trail import ArmData, Figure, Trail
from mscsec.errors import UsageError
from mscsec.problems import Problem, RecordError
from mscsec.registry import choose

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "."})
_LABELS = ("study", "label", "author", "slab", "trial")
_ROUTES = (("yi", "vi"), ("yi", "sei"))


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read: columns by lower-case name, each cell with its text; `lines` are file lines, from 1."""

    file: str
    columns: dict[str, list[str]]
    lines: list[int]

    def labels(self) -> list[str]:
        """A name a row that no other row has: the study column, else the line."""
        name = next((name for name in _LABELS if name in self.columns), None)
        given = self.columns[name] if name else [""] * len(self.lines)
        seen: dict[str, int] = {}
        unique = []
        for label, line in zip(given, self.lines, strict=True):
            text = label or f"row {line}"
            seen[text] = seen.get(text, 0) + 1
            unique.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
        return unique


def read_csv(file: str, text: str) -> Table:
    """The cells of a CSV text; comma, semicolon or tab is recognised from the header.

    Raises RecordError for an empty table, a repeated column and a row of the wrong length, each with its line.
    """
    text = text.removeprefix("\ufeff")
    header_line = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=header_line.count)
    try:
        rows = [(line, row) for line, row in _rows(text, delimiter) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        problem = Problem(
            file, 1, 1, "E211", f"this is not a CSV table: {error}", "", "Check the quotes and the separators"
        )
        raise RecordError([problem]) from None
    if len(rows) < 2:
        raise RecordError(
            [
                Problem(
                    file,
                    1,
                    1,
                    "E211",
                    "the table has no rows",
                    "a header line and one line a study are wanted",
                    "Columns by measure: mscsec pool --help",
                )
            ]
        )
    header = [cell.strip().lower() for cell in rows[0][1]]
    problems = [
        Problem(file, rows[0][0], 1, "E211", f"the column {name!r} stands twice", "a column has one name", "Rename one of the two")
        for place, name in enumerate(header) if name in header[:place] and name
    ]  # fmt: skip
    problems += [
        Problem(file, line, 1, "E211", f"found {len(row)} cells under {len(header)} columns", "every row has one cell a column", "Check the separators and the quotes")
        for line, row in rows[1:] if len(row) != len(header)
    ]  # fmt: skip
    if problems:
        raise RecordError(problems)
    columns = {name: [row[place].strip() for _, row in rows[1:]] for place, name in enumerate(header)}
    return Table(file, columns, [line for line, _ in rows[1:]])


def _rows(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found = []
    start = 1
    for row in reader:
        found.append((start, row))
        start = reader.line_num + 1
    return found


def effects_from_table(
    table: Table,
    measure: str | None = None,
    *,
    outcome: str = "table",
    exclude: Sequence[str] = (),
    level: float = 0.95,
    **options: Any,
) -> EffectSizes:
    """Effects of the rows of a table.

    measure : key of MEASURES; where None, "GEN" for a table of yi, and otherwise it must be given.
    Raises UsageError where columns lack, RecordError (line and column of the cell) for a cell that is no number.
    """
    row, used, computed = _columns_for(table, measure)
    arrays = _numbers(table, used)
    if computed:
        options["drop00"] = drop_double_zeros(row, options.get("drop00"))
        found = effect_size(row.key, level=level, **arrays, **options)
    else:
        found = effect_size("GEN", level=level, **arrays)
    formula = Formula(row, found, arrays) if computed else None
    rows, excluded = [], []
    for place, label in enumerate(table.labels()):
        if found.included[place]:
            trail = Trail()
            trail.figures += [_figure(table, name, place, arrays) for name in used]
            one, two = (_arm(arrays, side, place) for side in ("1", "2"))
            rows.append(study_effect(label, label, row, found, place, trail, one, two, formula))
        else:
            why = "; ".join(notice.message for notice in found.notices(place)) or "no finite effect"
            excluded.append(Excluded(label, label, why))
    sizes = EffectSizes(
        outcome, outcome, row.key, row.name, row.back, row.null, None, "neither", None, None, None, level,
        tuple(rows), tuple(excluded), tuple(found.warnings),
    )  # fmt: skip
    return sizes.without(exclude)


def _columns_for(table: Table, measure: str | None) -> tuple[Measure, list[str], bool]:
    """The measure, the columns that are read, and whether the measure is computed from them or given as yi."""
    names = set(table.columns)
    generic = next((route for route in _ROUTES if set(route) <= names), None)
    if measure is None and generic is None:
        raise UsageError(
            f"name the measure: --measure RR, OR, RD, MD, SMD ...; the table has the columns {', '.join(table.columns)}"
        )
    row = choose(MEASURES, measure or "GEN", "measure")
    family = FAMILIES[row.family]
    usable = [name for name in family.names if name in names]
    complete = set(family.needs) <= set(usable) and (
        not family.any_of or any(set(way) <= set(usable) for way in family.any_of)
    )
    if not complete and generic is None:
        ways = " and one of: " + "; ".join(" ".join(way) for way in family.any_of) if family.any_of else ""
        raise UsageError(
            f"{row.key} ({row.name}) needs the columns {' '.join(family.needs)}{ways}, or yi vi, or yi sei; {table.file} has {', '.join(table.columns)}"
        )
    return row, usable if complete else list(generic or ()), complete


def _figure(table: Table, name: str, place: int, arrays: dict[str, Any]) -> Figure:
    return Figure(name, arrays[name][place], table.columns[name][place], (table.file, table.lines[place], name))


def _arm(arrays: dict[str, Any], side: str, place: int) -> ArmData:
    return ArmData(
        side, **{key: _or_none(arrays, f"{key}_{side}", place) for key in ("n", "events", "mean", "sd", "time")}
    )


def _or_none(arrays: dict[str, Any], name: str, place: int) -> float | None:
    value = arrays[name][place] if name in arrays else math.nan
    return None if math.isnan(value) else value


def _numbers(table: Table, names: Sequence[str]) -> dict[str, Any]:
    problems: list[Problem] = []
    arrays: dict[str, Any] = {}
    for name in names:
        arrays[name] = []
        for line, cell in zip(table.lines, table.columns[name], strict=True):
            value = _number(cell)
            if value is None:
                problems.append(
                    Problem(
                        table.file,
                        line,
                        list(table.columns).index(name) + 1,
                        "E212",
                        f"{name} is {cell!r}",
                        "a number or an empty cell is wanted here",
                        _advice(cell),
                    )
                )
            arrays[name].append(math.nan if value is None else value)
    if problems:
        raise RecordError(problems)
    return arrays


def _number(cell: str) -> float | None:
    if cell.casefold() in _MISSING:
        return math.nan
    if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", cell.replace("−", "-")):
        return None
    value = float(cell.replace("−", "-"))
    return value if math.isfinite(value) else None


def _advice(cell: str) -> str:
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+", cell):
        return f"Write {cell.replace(',', '')} if the comma parts thousands, {cell.replace(',', '.', 1)} if it is a decimal comma"
    return (
        f"Write {cell.replace(',', '.')}"
        if re.fullmatch(r"[-+]?\d+,\d+", cell)
        else "The column number counts cells, not characters"
    )
