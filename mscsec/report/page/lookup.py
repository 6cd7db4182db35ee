"""The combinations of one outcome as a short text that the page's script unpacks: the digits to print, and places.

Digits are texts, made here by the same functions as everywhere else, so that the page prints what `pool` prints. A place on
the plot follows from the digits but for their rounding; the difference, mostly 0, is stored beside them.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from mscsec.arrays import Array, IntArray
from mscsec.report.numbers import number, p_value, percent, variance
from mscsec.report.page.axis import NOWHERE, OUT_LEFT, OUT_RIGHT, Axis
from mscsec.report.page.digits import coded
from mscsec.synthesis.combinations import Column, Combinations

# Field of a column, its name in the page's script, and how it is printed.
FIELDS: tuple[tuple[str, str, Callable[[float | None], str]], ...] = (
    ("estimate", "e", number),
    ("ci_low", "l", number),
    ("ci_high", "h", number),
    ("prediction_low", "pl", number),
    ("prediction_high", "ph", number),
    ("p_value", "p", p_value),
    ("tau2", "t", variance),
    ("i2", "i", percent),
)
PLACED = ("e", "l", "h", "pl", "ph")
ZERO = 5000  # code of the character for a step of 0
DASH = "–"
SEPARATOR = "|"  # between the texts of a column; JSON would write a line end as two characters


def packed(content: dict[str, Any]) -> str:
    """JSON, deflated, in base64."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def lookup(table: Combinations, axis: Axis, labels: Iterable[str]) -> dict[str, Any]:
    """What the script needs, as JSON can hold it.

    texts, places, weights : columns, each stored once; a choice names its columns by their place among them.
    texts : one line a set, between "|", or coded (see `digits`) where every set of the studies is there. places : one letter a set (see `_letters`). weights : see `_shares`; `base` names the column
    that others lean on.
    pick : for a choice whose every row is that of one of two others, which one, as a text of 0 and 1.
    """
    texts: dict[str, int] = {}
    places: dict[str, int] = {}
    shares: dict[str, int] = {}
    choices: list[dict[str, Any]] = []
    rows: list[list[tuple[str, ...]]] = []
    places_of = {choice.model: place for place, choice in enumerate(table.choices)}
    plain = _tenths(table.columns[places_of["common"]])
    base = shares.setdefault(_shares(table, plain, None), 0)
    known: dict[tuple[str, float], str] = {}
    for choice, column in zip(table.choices, table.columns, strict=True):
        lines = {name: _lines(getattr(column, field), show, column, known) for field, name, show in FIELDS}
        letters = {
            name: _letters(lines[name], getattr(column, field), axis) for field, name, _ in FIELDS if name in PLACED
        }
        found: dict[str, Any] = {"model": choice.model, "ci": choice.ci}
        found |= {name: texts.setdefault(SEPARATOR.join(of), len(texts)) for name, of in lines.items()}
        found |= {f"{name}x": places.setdefault(of, len(places)) for name, of in letters.items()}
        own = _tenths(column)
        packed_shares = _shares(table, own, None if np.array_equal(own, plain) else plain)
        found["w"] = shares.setdefault(packed_shares, len(shares))
        choices.append(found)
        rows.append(list(zip(*lines.values(), *letters.values(), strict=True)))
    used = _with_picks(choices, rows, table)
    texts, places = _kept(texts, used, [name for _, name, _ in FIELDS]), _kept(places, used, [f"{n}x" for n in PLACED])
    return {
        "labels": list(labels),
        "own": table.own,
        "sets": None if table.complete else ["".join("01"[int(one)] for one in row) for row in table.members],
        "named": [[one.key, one.name, one.row] for one in table.named],
        "axis": [axis.low, axis.high, axis.log],
        "base": base,
        "choices": choices,
        "texts": [coded(text.split(SEPARATOR)) if table.complete else text for text in texts],
        "places": list(places),
        "weights": list(shares),
    }


def _lines(
    values: Array, show: Callable[[float | None], str], column: Column, known: dict[tuple[str, float], str]
) -> list[str]:
    """One text a set; a dash where there is no number, and everywhere in a set that did not converge.

    known : texts made before, as models and intervals share most of their numbers.
    """
    none, name = show(None), show.__name__
    out = []
    for value, sound in zip(values.tolist(), column.converged.tolist(), strict=True):
        if value != value or not sound:
            out.append(none)
            continue
        text = known.get((name, value))
        if text is None:
            text = known[name, value] = show(value)
        out.append(text)
    return out


def _letters(lines: list[str], values: Array, axis: Axis) -> str:
    """By set, the step from the place that its digits give to its true one, as a character `ZERO` + step.

    "<" and ">" are a value beyond the ends of the axis whose digits are not.
    """
    read = axis.all_at(np.array([math.nan if line == DASH else float(line) for line in lines]))
    true = np.where(read == NOWHERE, NOWHERE, axis.all_at(values))
    codes = np.where(true == read, ZERO, np.where(true == OUT_LEFT, ord("<"), np.where(true == OUT_RIGHT, ord(">"), ZERO + true - read)))  # fmt: skip
    return "".join(map(chr, codes.tolist()))


def _tenths(column: Column) -> IntArray:
    """(sets, k) the shares as `percent` prints them, in tenths of a per cent."""
    scaled = 1000 * column.weights
    tenths = np.rint(scaled)
    for row, study in np.argwhere(np.abs(np.abs(scaled - tenths) - 0.5) < 1e-6).tolist():  # a tie goes as it is printed
        tenths[row, study] = round(10 * float(percent(float(column.weights[row, study]))[:-1]))
    return np.asarray(tenths, dtype=np.int64)


def _shares(table: Combinations, tenths: IntArray, base: IntArray | None) -> str:
    """The shares of one column: which sets have those of the base (a text of 0 and 1), then a text for each study.

    A study's text has one character for each set of the others that it is in: `ZERO` + the step from the set before,
    which is small, as sets that stand side by side are alike.
    """
    same = np.zeros(len(tenths), dtype=bool) if base is None else (tenths == base).all(axis=1)
    parts = ["".join("01"[int(one)] for one in same) if base is not None else ""]
    for study, inside in enumerate(table.members.T):
        steps = np.diff(tenths[inside & ~same, study], prepend=0) + ZERO
        parts.append("".join(map(chr, steps.tolist())))
    return SEPARATOR.join(parts)


def _with_picks(
    choices: list[dict[str, Any]], rows: list[list[tuple[str, ...]]], table: Combinations
) -> list[dict[str, Any]]:
    """Takes the columns from the automatic interval, which is the Wald or the Hartung-Knapp one set by set."""
    by_key = {(choice.model, choice.ci): place for place, choice in enumerate(table.choices)}
    auto, pair = by_key.get(("random", "auto")), [by_key.get(("random", key)) for key in ("wald", "hksj")]
    if auto is not None and None not in pair:
        first, second = (rows[place] for place in pair if place is not None)
        scaled = table.columns[auto].scaled.tolist()
        if all(row == (second if is_scaled else first)[at] for at, (row, is_scaled) in enumerate(zip(rows[auto], scaled, strict=True))):  # fmt: skip
            kept = {name: choices[auto][name] for name in ("model", "ci", "w")}
            choices[auto] = kept | {"pick": "".join("01"[int(one)] for one in scaled), "from": pair}
    return [choice for choice in choices if "pick" not in choice]


def _kept(columns: dict[str, int], used: list[dict[str, Any]], names: list[str]) -> dict[str, int]:
    """The columns that a choice still names, numbered anew."""
    wanted = {choice[name] for choice in used for name in names}
    kept = {text: place for text, place in columns.items() if place in wanted}
    renumbered = {place: new for new, place in enumerate(kept.values())}
    for choice in used:
        for name in names:
            choice[name] = renumbered[choice[name]]
    return kept
