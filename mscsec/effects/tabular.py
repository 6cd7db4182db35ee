"""A plain table instead of an evidence base: one row a study, columns by name, effects out.

Columns are `study` and, by measure, `events_1 n_1 events_2 n_2`, `mean_1 sd_1 n_1 mean_2 sd_2 n_2`, `events_1 time_1
events_2 time_2`, `r n`, or `yi vi` (or `sei`). 1 is experimental, 2 is comparator.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mscsec.effects.collect import blank, study_effect, uninformative
from mscsec.effects.decimals import COMMA, advice, decimal_commas
from mscsec.effects.formula import Formula
from mscsec.effects.measures import FAMILIES, MEASURES, Measure, effect_size
from mscsec.effects.measures.effects import Effects
from mscsec.effects.reading import Gap
from mscsec.effects.select import Excluded
from mscsec.effects.sizes import EffectSizes
from mscsec.effects.trail import ArmData, Figure, Trail
from mscsec.effects.zero_cells import zero_options
from mscsec.errors import InvalidInput, UsageError
from mscsec.problems import Problem, RecordError
from mscsec.registry import choose

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "."})
_LABELS = ("study", "label", "author", "slab", "trial")
_ROUTES = (("yi", "vi"), ("yi", "sei"))


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read: columns by lower-case name, each cell with its text; `lines` are file lines, from 1.

    comma : whether its numbers are written with a decimal comma (0,25).
    """

    file: str
    columns: dict[str, list[str]]
    lines: list[int]
    comma: bool = False

    def plain(self, cell: str) -> str:
        """A cell with a decimal point where the table writes commas; text stays as it is."""
        return cell.replace(",", ".") if self.comma and COMMA.fullmatch(cell) else cell

    def names(self) -> list[str]:
        """The study column as written, else the line."""
        column = next((name for name in _LABELS if name in self.columns), None)
        given = self.columns[column] if column else [""] * len(self.lines)
        return [label or f"row {line}" for label, line in zip(given, self.lines, strict=True)]

    def labels(self) -> list[str]:
        """A name a row that no other row has: a name that stands again is numbered."""
        taken = set(self.names())
        seen: set[str] = set()
        unique = []
        for name in self.names():
            label, count = name, 1
            while label in seen or (count > 1 and label in taken):
                count += 1
                label = f"{name} ({count})"
            seen.add(label)
            unique.append(label)
        return unique

    def twins(self) -> list[tuple[int, ...]]:
        """By row, the lines of all rows that have its name; empty where no other has."""
        lines: dict[str, list[int]] = {}
        for name, line in zip(self.names(), self.lines, strict=True):
            lines.setdefault(name, []).append(line)
        return [tuple(lines[name]) if len(lines[name]) > 1 else () for name in self.names()]


def read_csv(file: str, text: str) -> Table:
    """The cells of a CSV text; comma, semicolon or tab is recognised from the header, decimal commas from the cells.

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
    return Table(
        file,
        columns,
        [line for line, _ in rows[1:]],
        bool(decimal_commas(cell for column in columns.values() for cell in column)),
    )


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
    counted: bool = False,
    zero_cells: str | None = None,
    **options: Any,
) -> EffectSizes:
    """Effects of the rows of a table.

    measure : key of MEASURES; where None, "GEN" for a table of yi, and otherwise it must be given.
    counted, zero_cells : as for `effects`; that of cochrane-2025 where None.
    Raises UsageError where columns lack, RecordError (line and column of the cell) for a cell that is no number.
    """
    row, used, computed = _columns_for(table, measure)
    arrays = _numbers(table, used)
    if "yi" in used and {"vi", "sei"} <= set(table.columns):
        both = _numbers(table, ["vi", "sei"])
        _agree(table, both["vi"], both["sei"])
    if computed:
        options = zero_options(row, zero_cells, options)
        found = _effects(table, row.key, arrays, options | {"level": level})
    else:
        if options.get("vtype") is not None:
            raise UsageError(
                f"{table.file} has the effects with their variances ({' '.join(used)}), and no use for a variance formula; leave out --vtype"
            )
        found = _effects(table, "GEN", arrays, {"level": level})
    formula = Formula(row, found, arrays) if computed else None
    rows, excluded = [], []
    twins = table.twins()
    for place, label in enumerate(table.labels()):
        blank_row = counted and not found.included[place] and uninformative(found, place)
        if found.included[place] or blank_row:
            trail = Trail()
            trail.figures += [_figure(table, name, place, arrays) for name in used]
            _flag_twins(trail, table.file, twins[place])
            one, two = (_arm(arrays, side, place) for side in ("1", "2"))
            if blank_row:
                rows.append(blank(label, label, trail, one, two))
                continue
            try:
                rows.append(study_effect(label, label, row, found, place, trail, one, two, formula))
            except Gap as gap:
                excluded.append(Excluded(label, label, str(gap)))
        else:
            why = "; ".join(notice.message for notice in found.notices(place)) or "no finite effect"
            excluded.append(Excluded(label, label, why))
    sizes = EffectSizes(
        outcome, outcome, row.key, row.name, row.back, row.null, None, "neither", None, None, None, level,
        tuple(rows), tuple(excluded), tuple(found.warnings),
    )  # fmt: skip
    return sizes.without(exclude)


def _flag_twins(trail: Trail, file: str, lines: tuple[int, ...]) -> None:
    """Marks a row whose name other rows have too: a study entered twice is a common slip of a table."""
    if lines:
        where = f"{', '.join(map(str, lines[:-1]))} and {lines[-1]}"
        text = f"the same name stands at lines {where} of {file}; each row enters as a study of its own"
        trail.flag("E232", "twin", text)


def _agree(table: Table, vi: list[float], sei: list[float]) -> None:
    """RecordError (E231) where a row's `vi` is not the square of its `sei`, with room for the rounding of both."""
    place = list(table.columns).index("sei") + 1
    problems = []
    for row, line in enumerate(table.lines):
        if math.isnan(vi[row]) or math.isnan(sei[row]):
            continue
        cell_v, cell_s = table.columns["vi"][row], table.columns["sei"][row]
        half_v, half_s = (_half_a_digit(table.plain(cell)) for cell in (cell_v, cell_s))
        low, high = max(sei[row] - half_s, 0.0) ** 2 - half_v, (sei[row] + half_s) ** 2 + half_v
        if not low * (1 - 1e-9) <= vi[row] <= high * (1 + 1e-9):
            found = f"sei is {cell_s} and vi {cell_v}"
            rule = f"vi is the square of sei, here {sei[row] ** 2:.6g}"
            problems.append(
                Problem(table.file, line, place, "E231", found, rule, "Correct one, or leave one column out")
            )
    if problems:
        raise RecordError(problems)


def _half_a_digit(cell: str) -> float:
    """Half a unit of the last digit of a number as written: 0.005 for 0.12."""
    mantissa, _, exponent = cell.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 0.5 * 10.0 ** (int(exponent or 0) - decimals)


def _effects(table: Table, key: str, arrays: dict[str, Any], options: dict[str, Any]) -> Effects:
    """The measure over all rows; RecordError with every row whose numbers no data can have, at its line and column."""
    try:
        return effect_size(key, **arrays, **options)
    except InvalidInput:
        nothing: dict[str, Any] = {name: [math.nan] for name in arrays}
        effect_size(key, **nothing, **options)  # raises where an option is at fault
        problems = []
        for place, line in enumerate(table.lines):
            own: dict[str, Any] = {name: [values[place]] for name, values in arrays.items()}
            try:
                effect_size(key, **own, **options)
            except InvalidInput as error:
                found = error.found.replace(" (study 1)", "")
                column = list(table.columns).index(_blamed(found, arrays)) + 1
                problems.append(Problem(table.file, line, column, "E231", found, error.rule, error.instead))
        if not problems:
            raise
        raise RecordError(problems) from None


def _blamed(found: str, names: Iterable[str]) -> str:
    """The column that a message speaks of: the one it names, else the events of its group."""
    known = list(names)
    group = next((side for side in ("_1", "_2") if found.endswith(side[1:])), "")
    return next(
        (name for name in known if re.search(rf"\b{name}\b", found)),
        f"events{group}" if f"events{group}" in known else known[0],
    )


def _columns_for(table: Table, measure: str | None) -> tuple[Measure, list[str], bool]:
    """The measure, the columns that are read, and whether the measure is computed from them or given as yi."""
    names = set(table.columns)
    generic = next((route for route in _ROUTES if set(route) <= names), None)
    if measure is None and generic is None:
        raise UsageError(
            f"name the measure: --measure RR, OR, RD, MD, SMD ...; or, where the table has effects and their variances (standard errors), call these columns yi vi (yi sei). It has the columns {', '.join(table.columns)}"
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
    """One side's figures; columns without a side (`events`, `n`) are those of the one group, which stands first."""
    fields = ("n", "events", "mean", "sd", "time")
    two = any(f"{field}_{each}" in arrays for field in fields for each in "12")
    ending = f"_{side}" if two else "" if side == "1" else "_none"
    return ArmData(side, **{field: _or_none(arrays, f"{field}{ending}", place) for field in fields})


def _or_none(arrays: dict[str, Any], name: str, place: int) -> float | None:
    value = arrays[name][place] if name in arrays else math.nan
    return None if math.isnan(value) else value


def _numbers(table: Table, names: Sequence[str]) -> dict[str, Any]:
    problems: list[Problem] = []
    commas: list[tuple[int, str, str]] = []
    arrays: dict[str, Any] = {}
    for name in names:
        arrays[name] = []
        for line, cell in zip(table.lines, table.columns[name], strict=True):
            value = _number(table.plain(cell))
            if value is None and COMMA.fullmatch(cell):
                commas.append((line, name, cell))
            elif value is None:
                problems.append(
                    Problem(
                        table.file,
                        line,
                        list(table.columns).index(name) + 1,
                        "E212",
                        f"{name} is {cell!r}",
                        "a number or an empty cell is wanted here",
                        "The column number counts cells, not characters",
                    )
                )
            arrays[name].append(math.nan if value is None else value)
    if commas:
        line, name, cell = commas[0]
        more = f", and {len(commas) - 1} further cells have commas" if len(commas) > 1 else ""
        place = list(table.columns).index(name) + 1
        rule = "a number or an empty cell is wanted here"
        problems.append(Problem(table.file, line, place, "E212", f"{name} is {cell!r}{more}", rule, advice(cell)))
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
