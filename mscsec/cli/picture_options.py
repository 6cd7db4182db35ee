"""Options of the kinds of picture that `mscsec plot` draws, but for those of the forest plot."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any

import typer

FOREST, KINDS = "Forest plot", "Other pictures"

Height = Annotated[
    str | None,
    typer.Option(
        "--y",
        metavar="KEY",
        help="Vertical axis of a funnel plot: se, precision or n. Default: se.",
        rich_help_panel=KINDS,
    ),
]
Contours = Annotated[
    bool,
    typer.Option(
        "--contours",
        help="Funnel plot with zones of the P value around no effect, at 0.10, 0.05 and 0.01.",
        rich_help_panel=KINDS,
    ),
]
TrimFill = Annotated[
    str | None,
    typer.Option(
        "--trim-fill",
        metavar="[KEY]",
        help="Funnel plot with the studies that trim and fill adds: L0 (where no key follows), R0 or Q0.",
        rich_help_panel=KINDS,
    ),
]
Order = Annotated[
    str | None,
    typer.Option(
        "--order",
        metavar="FIELD",
        help="Order of a cumulative analysis: a field that is a number. Default: year.",
        rich_help_panel=KINDS,
    ),
]
Moderator = Annotated[
    str | None,
    typer.Option(
        "--moderator",
        metavar="FIELD",
        help="Field below a bubble plot: one that is a number for every study.",
        rich_help_panel=KINDS,
    ),
]
StudyOf = Annotated[
    str | None,
    typer.Option(
        "--study",
        metavar="STUDY",
        help="GOSH plot: set the subsets with this study apart, by its id.",
        rich_help_panel=KINDS,
    ),
]
Subsets = Annotated[
    int | None,
    typer.Option(
        "--limit",
        metavar="N",
        min=1,
        help="GOSH plot: at most N subsets, drawn at random. Default: 32768.",
        rich_help_panel=KINDS,
    ),
]
Tool = Annotated[
    str | None,
    typer.Option(
        "--tool",
        metavar="KEY",
        help="Instrument of a picture of risk of bias. Default: the one most used on record.",
        rich_help_panel=KINDS,
    ),
]


@dataclass(frozen=True, slots=True, eq=False)
class OtherOptions:
    """What the other pictures show."""

    y: Height = None
    contours: Contours = False
    trim_fill: TrimFill = None
    order: Order = None
    moderator: Moderator = None
    study: StudyOf = None
    limit: Subsets = None
    tool: Tool = None

    def read(self) -> dict[str, Any]:
        """The options by name."""
        return {field.name.replace("_", "-"): getattr(self, field.name) for field in fields(self)}
