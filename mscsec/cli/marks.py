"""Marks of studies whose recorded figures are under question, for `pool` and `bias-report`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from mscsec.cli.options import SHOWN
from mscsec.cli.output import wrap
from mscsec.records.reader import EvidenceBase

if TYPE_CHECKING:  # numpy, which a report on risk of bias does without
    from mscsec.effects.sizes import EffectSizes
    from mscsec.effects.trail import Flag

Integrity = Annotated[
    bool | None,
    typer.Option(
        "--integrity/--no-integrity",
        help="Mark studies whose figures contradict each other or raise a question. Default: in bias-report with --outcome.",
        rich_help_panel=SHOWN,
    ),
]


def integrity_marks(base: EvidenceBase, outcome: str | None) -> dict[str, Flag]:
    """The mark of each such study, by id; the checks are imported here, since most commands do without them."""
    from mscsec.integrity.review import flagged

    return flagged(base, outcome)


def with_marks(sizes: EffectSizes, base: EvidenceBase | None) -> EffectSizes:
    """The effects with the marks among their flags, so that each becomes a footnote; a table has none."""
    if base is None:
        return sizes
    marks = integrity_marks(base, sizes.outcome)
    rows = tuple(
        replace(row, flags=(*row.flags, marks[row.study])) if row.study in marks else row for row in sizes.rows
    )
    return replace(sizes, rows=rows)


def marks_lines(marks: Mapping[str, Flag], cells: int) -> list[str]:
    """One line a marked study under a heading; nothing where none is marked."""
    if not marks:
        return []
    lines = ["", "Recorded figures: ! contradict each other, ? raise a question"]
    for mark in marks.values():
        lines += wrap(f"  {mark.mark} {mark.text}", cells, "    ")
    return lines
