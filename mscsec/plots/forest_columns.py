"""The columns of a forest plot: which there are, what each prints for a study, and which go first where room is short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mscsec.effects.collect import StudyEffect
from mscsec.effects.sizes import EffectSizes
from mscsec.effects.trail import ArmData
from mscsec.errors import UnknownName
from mscsec.plots.scales import effect_head
from mscsec.plots.typeset import typeset
from mscsec.report.numbers import level, number, plain
from mscsec.synthesis.totals import Totals

Sums = Mapping[str, tuple[Totals, Totals]]  # of both sides, by subgroup; "" is all studies together

Marks = Mapping[tuple[int, int, str], str]  # letters by place of the study, side (0, 1) and figure ("n", "sd" ...)

BUILT_IN = ("study", "arms", "effect", "weight")
_HEADS = {"n": "Patients", "n_1": "n (experimental)", "n_2": "n (comparator)", "timepoint": "Time point"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of text. `cells` has the text of each study, in the order of `sizes.rows`.

    align : "left" or "right". side : "left" or "right" of the plot. over : heading over several columns.
    marks : letters of the notes on single cells, which hang behind them; empty where no cell has any.
    totals : text in the line of a pooled estimate, by name of the subgroup; "" is all studies together.
    """

    key: str
    head: str
    cells: tuple[str, ...]
    align: str = "right"
    side: str = "left"
    over: str = ""
    marks: tuple[str, ...] = ()
    totals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns in order, as asked for, and what was left out of them."""

    shown: tuple[Column, ...]
    compact: tuple[Column, ...]
    left_out: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[str, ...]:
        """Keys in order."""
        return tuple(column.key for column in self.shown)


def columns_of(
    sizes: EffectSizes,
    asked: Sequence[str],
    fields: Mapping[str, Sequence[Any]],
    weights: Sequence[Column],
    names: tuple[str, str],
    sums: Sums,
    marks: Marks,
) -> Columns:
    """The columns asked for, by key: study, arms, effect, weight, or a field of the records.

    fields : columns of the records by name. weights : one column a set of weights. names : of the two sides.
    Raises UnknownName for a field that is none.
    """
    shown: list[Column] = []
    compact: list[Column] = []
    side = "left"
    for key in asked:
        if key == "arms":
            wide, narrow = _arms(sizes.rows, names, sums, marks)
            shown += wide
            compact += narrow
        elif key == "effect":
            side = "right"
            shown.append(
                Column(
                    "effect",
                    f"{effect_head(sizes)} [{level(sizes.level)} CI]",
                    tuple("" for _ in sizes.rows),
                    side=side,
                )
            )
        elif key == "weight":
            side = "right"
            shown += weights
        elif key != "study":
            shown.append(replace(_field(key, fields), side=side))
    return Columns(tuple(shown), tuple(compact))


def _field(key: str, fields: Mapping[str, Sequence[Any]]) -> Column:
    if key not in fields:
        raise UnknownName("column", key, (*BUILT_IN, *fields))
    values = fields[key]
    numbers = all(value is None or isinstance(value, (int, float)) for value in values)
    cells = tuple("" if value is None else plain(value) if isinstance(value, float) else str(value) for value in values)
    head = _HEADS.get(key) or (key[:1].upper() + key[1:]).replace("_", " ")
    return Column(key, head, tuple(map(typeset, cells)), "right" if numbers else "left")


# --- group data ----------------------------------------------------------------------------------------------------

_WIDE = {
    "events": (("events", "Events"), ("n", "Total")),
    "rates": (("events", "Events"), ("time", "Time")),
    "means": (("mean", "Mean"), ("sd", "SD"), ("n", "Total")),
    "sizes": (("n", "Total"),),
}
_COMPACT_HEADS = {"events": "Events / total", "rates": "Events / time", "means": "Mean (SD), n", "sizes": "Total"}


def _shape(rows: Sequence[StudyEffect]) -> str | None:
    arms = [arm for row in rows for arm in (row.experimental, row.comparator)]
    if any(arm.events is not None for arm in arms):
        return "rates" if all(arm.time is not None for arm in arms if arm.events is not None) else "events"
    if any(arm.mean is not None for arm in arms):
        return "means"
    return "sizes" if any(arm.n is not None for arm in arms) else None


def _arms(
    rows: Sequence[StudyEffect], names: tuple[str, str], sums: Sums, marks: Marks
) -> tuple[list[Column], list[Column]]:
    """The groups' data in one column a figure, and the same in one column a group."""
    shape = _shape(rows)
    wide: list[Column] = []
    compact: list[Column] = []
    for place, side in enumerate(("experimental", "comparator") if shape else ()):
        assert shape is not None
        arms = [getattr(row, side) for row in rows]
        if all(figure(row, arm, what) == "" for row, arm in zip(rows, arms, strict=True) for what, _ in _WIDE[shape]):
            continue
        over = names[place] if any(_is_two(row) for row in rows) else "Group"
        of_side = {name: pair[place] for name, pair in sums.items()}
        for what, head in _WIDE[shape]:
            cells = tuple(figure(row, arm, what) for row, arm in zip(rows, arms, strict=True))
            ends = {name: _sum_words(total, what) for name, total in of_side.items()}
            letters = _letters(len(rows), place, (what,), marks)
            wide.append(Column(f"{what}_{place + 1}", head, cells, over=over, marks=letters, totals=ends))
        cells = tuple(_together(row, arm, shape) for row, arm in zip(rows, arms, strict=True))
        ends = {name: _sums_together(total, shape) for name, total in of_side.items()}
        letters = _letters(len(rows), place, [what for what, _ in _WIDE[shape]], marks)
        compact.append(Column(f"arm_{place + 1}", _COMPACT_HEADS[shape], cells, over=over, marks=letters, totals=ends))
    return wide, compact


def _is_two(row: StudyEffect) -> bool:
    """Whether an effect is one of two groups."""
    return any(getattr(row.comparator, what) is not None for what in ("n", "events", "mean", "time"))


def _letters(count: int, side: int, figures: Sequence[str], marks: Marks) -> tuple[str, ...]:
    found = tuple(
        ",".join(dict.fromkeys(marks[row, side, what] for what in figures if (row, side, what) in marks))
        for row in range(count)
    )
    return found if any(found) else ()


def _sum_words(total: Totals, what: str) -> str:
    value = getattr(total, what, None)
    return "" if value is None else plain(round(value, 2))


def _sums_together(total: Totals, shape: str) -> str:
    events, n = _sum_words(total, "events"), _sum_words(total, "n")
    if shape == "events":
        return f"{events}/{n}" if events and n else ""
    return n if shape != "rates" else ""


def figure(row: StudyEffect, arm: ArmData, what: str) -> str:
    """One figure of a group: as the paper prints it where it was taken as it stands, else rounded; empty where there is none."""
    value = getattr(arm, what)
    if value is None:
        return ""
    name = f"{arm.label}: {'SD' if what == 'sd' else what}"
    for printed in row.derivation.figures:
        if printed.name == name and printed.value == value:
            return typeset(printed.text)
    return typeset(number(value) if what in ("mean", "sd") else plain(round(value, 2)))


def _together(row: StudyEffect, arm: ArmData, shape: str) -> str:
    given = {what: figure(row, arm, what) for what, _ in _WIDE[shape]}
    if not any(given.values()):
        return ""
    if shape in ("events", "rates"):
        return "/".join(given.values())
    if shape == "sizes":
        return given["n"]
    return f"{given['mean']} ({given['sd'] or '–'}), {given['n']}"


# --- less, where room is short -------------------------------------------------------------------------------------


def reductions(columns: Columns, lights: bool) -> list[tuple[str, str]]:
    """What goes, in this order, where the page is narrow: (key of the step, words for it).

    Fields of the records from the last to the first; the groups' figures into one column a group; then without them; the
    lights of single domains; weights; lights; the effect in figures.
    """
    own = ("effect", "weight", *(column.key for column in columns.shown if column.over))
    steps = [(f"field:{key}", key) for key in reversed(columns.order) if key not in own]
    if columns.compact:
        steps += [("compact", ""), ("arms", "group data")]
    steps += [("domains", "risk of bias by domain")] if lights else []
    steps += [("weight", "weights")] if "weight" in columns.order else []
    steps += [("lights", "overall risk of bias")] if lights else []
    return [*steps, ("effect", "effects in figures")] if "effect" in columns.order else steps


def reduced(columns: Columns, steps: Sequence[tuple[str, str]]) -> Columns:
    """The columns after these steps."""
    done = {key for key, _ in steps}
    gone = {key.removeprefix("field:") for key in done}
    shown: list[Column] = []
    for column in columns.shown:
        if column.over:
            if "compact" not in done:
                shown.append(column)
            elif "arms" not in done:
                shown += [one for one in columns.compact if one not in shown]
        elif column.key not in gone:
            shown.append(column)
    return Columns(tuple(shown), columns.compact, tuple(words for _, words in steps if words))
