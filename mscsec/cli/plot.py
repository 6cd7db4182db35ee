"""`mscsec plot`: one outcome as a picture fit for print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mscsec.cli import options as opt
from mscsec.cli.inputs import TableFile, read_inputs
from mscsec.cli.output import say, say_base, write_whole
from mscsec.cli.pool import Method, choices
from mscsec.errors import TooFewStudies, UsageError
from mscsec.plots.kinds import KINDS, Kind, Request
from mscsec.records.models import Analysis
from mscsec.records.reader import load
from mscsec.registry import choose
from mscsec.synthesis.fit import fit_cells, fit_effects

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mscsec.plots.theme import Page

SUFFIXES = (".svg", ".pdf", ".png")

KindName = Annotated[
    str, typer.Argument(metavar="KIND", help=f"Kind of picture: {', '.join(KINDS)}.", autocompletion=lambda: list(KINDS))
]  # fmt: skip
PictureFile = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write to FILE: .svg, .pdf or .png. Default: KIND.svg."),
]
Width = Annotated[
    str | None,
    typer.Option(
        "--width",
        metavar="SIZE",
        help="1 (one column, 85 mm), 2 (two columns, 175 mm), inches, or such as 140mm. Default: what the picture needs.",
    ),
]
Title = Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Title. Default: the outcome's label.")]
PaletteKey = Annotated[
    str, typer.Option("--palette", metavar="KEY", help="colour (safe for the colour-blind) or grey.")
]
Dpi = Annotated[int, typer.Option("--dpi", metavar="N", help="Dots per inch of a .png.")]
By = Annotated[
    str | None, typer.Option("--by", metavar="FIELD", help="Subgroups by a field of the records or of the table.")
]


def command(
    kind: KindName,
    outcome: opt.Outcome = None,
    measure: opt.Measure = None,
    method: Method = None,
    model: opt.Model = None,
    tau2: opt.Tau2 = None,
    ci: opt.Ci = None,
    prediction: opt.PredictionKey = None,
    level: opt.Level = None,
    preset: opt.Preset = None,
    by: By = None,
    width: Width = None,
    title: Title = None,
    palette: PaletteKey = "colour",
    dpi: Dpi = 300,
    comparison: opt.Comparison = None,
    timepoint: opt.Timepoint = None,
    design: opt.Designs = None,
    exclude: opt.Exclude = None,
    table: TableFile = None,
    studies: opt.Studies = None,
    output: PictureFile = None,
    force: opt.Force = False,
) -> None:
    """Draw a picture of one outcome, fit for print: SVG, PDF with its fonts, or PNG.

    \b
    Examples:
      mscsec plot forest --outcome icu_stay -o icu_stay.svg
      mscsec plot forest --outcome mortality_28d --width 2 -o figure2.pdf
      mscsec plot forest --table trials.csv --measure RR -o trials.png
    """
    row = choose(KINDS, kind, "kind of picture")
    output = _target(row, output, force)
    effects = {
        "measure": measure, "comparison": comparison, "timepoint": timepoint, "design": design, "exclude": exclude,
        "level": level, "table": table,
    }  # fmt: skip
    models = {"method": method, "model": model, "tau2": tau2, "ci": ci, "prediction": prediction, "preset": preset}
    own: dict[str, Any] = {"by": by}
    _refuse_idle(row, {"outcome": outcome} | effects, models, own)
    page = _page(width, palette, title, dpi)
    request = _request(row, page, studies, outcome, effects, models, own)
    write_whole(output, _drawn(row.draw(request), output, dpi), force)
    say(f"Wrote {output}")


def _target(row: Kind, output: Path | None, force: bool) -> Path:
    """The file to write; refused before anything is computed where it cannot be."""
    found = output or Path(f"{row.key}.svg")
    if found.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"the suffix {found.suffix!r} of {found} names no kind of picture; write {', '.join(SUFFIXES)}"
        )
    if found.is_file() and not force:
        raise UsageError(f"{found} exists already and is not overwritten. Give --force to replace it, or another name")
    return found


def _given(values: dict[str, Any]) -> list[str]:
    return [f"--{name.replace('_', '-')}" for name, value in values.items() if value not in (None, False)]


def _refuse_idle(row: Kind, effects: dict[str, Any], models: dict[str, Any], own: dict[str, Any]) -> None:
    """Options that the picture would not use, refused rather than ignored."""
    idle = {name: value for name, value in own.items() if name not in row.options}
    idle |= {} if row.needs == "fit" else models
    idle |= effects if row.needs == "base" else {}
    if found := _given(idle):
        raise UsageError(f"{row.key} ({row.name}) has no use for {', '.join(found)}; leave {'it' if len(found) == 1 else 'them'} out")  # fmt: skip
    if models["model"] == "common" and models["prediction"] not in (None, "none"):
        raise UsageError(
            "a common-effect model has no between-study variance, so no prediction interval; leave out --prediction"
        )


def _page(width: str | None, palette: str, title: str | None, dpi: int) -> Page:
    from mscsec.plots.theme import PALETTES, Page, page_width

    if not 50 <= dpi <= 2400:
        raise UsageError(f"--dpi is {dpi}; write between 50 and 2400, such as 300")
    return Page(page_width(width), choose(PALETTES, palette, "palette"), title)


def _request(
    row: Kind,
    page: Page,
    studies: Path | None,
    outcome: str | None,
    effects: dict[str, Any],
    models: dict[str, Any],
    own: dict[str, Any],
) -> Request:
    """What the kind needs, read and computed."""
    options = {name: value for name, value in own.items() if value is not None and name != "by"}
    if row.needs == "base":
        base = load(studies)
        if studies is None:
            say_base(base)
        return Request(page, base=base, options=options, say=say)
    method = models["method"]
    from_cells = method is not None and method.upper() not in ("IV", "INVERSE")
    peto = from_cells and method.upper() == "PETO" and effects["measure"] in (None, "OR", "PETO")
    inputs = read_inputs(
        outcome, "PETO" if peto else effects["measure"], studies=studies, drop00=False if from_cells else None,
        to="none" if peto else None, **{name: value for name, value in effects.items() if name != "measure"},
    )  # fmt: skip
    inputs.need_studies()
    sizes = inputs.sizes
    if len(sizes.rows) < row.studies:
        raise TooFewStudies(row.name, row.studies, len(sizes.rows))
    asked = {name: value for name, value in models.items() if name != "method"}
    chosen = choices(Analysis() if from_cells else inputs.analysis, **asked)
    fit = None
    if row.needs == "fit":
        fit = fit_cells(sizes, method, chosen) if from_cells else fit_effects(sizes, chosen)
    return Request(page, sizes, fit, inputs.base, chosen, inputs.columns, own["by"], options, say)


def _drawn(figure: Figure, output: Path, dpi: int) -> bytes:
    from mscsec.plots.theme import picture

    return picture(figure, output.suffix.lower()[1:], dpi)
