"""`mscsec plot`: one outcome as a picture fit for print."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from mscsec.cli import options as opt
from mscsec.cli import picture_options as pic
from mscsec.cli.inputs import TableFile, read_inputs
from mscsec.cli.marks import Integrity, with_marks
from mscsec.cli.output import emit, say, say_base, write_whole
from mscsec.cli.pool import Method, choices, with_unmet
from mscsec.cli.render_plot import characters_text
from mscsec.errors import TooFewStudies, UsageError
from mscsec.plots.kinds import KINDS, Kind, Request
from mscsec.records.models import Analysis
from mscsec.records.reader import load
from mscsec.registry import choose
from mscsec.report.words import warning_words
from mscsec.synthesis.fit import fit_cells, fit_effects, with_advice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mscsec.plots.theme import Page

SUFFIXES = (".svg", ".pdf", ".png")

KindName = Annotated[
    str, typer.Argument(metavar="KIND", help=f"Kind of picture: {', '.join(KINDS)}.", autocompletion=lambda: list(KINDS))
]  # fmt: skip
PictureFile = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to FILE: .svg, .pdf or .png. Default: forest, funnel and traffic-light are drawn with characters, others into KIND.svg.",
    ),
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
    str | None,
    typer.Option("--palette", metavar="KEY", help="colour (safe for the colour-blind) or grey. Default: colour."),
]
Dpi = Annotated[int | None, typer.Option("--dpi", metavar="N", help="Dots per inch of a .png. Default: 300.")]
By = Annotated[
    str | None, typer.Option("--by", metavar="FIELD", help="Subgroups by a field of the records or of the table.")
]

ColumnsOf = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="LIST",
        help="Columns of a forest plot, in order: study, arms, effect, weight, or fields of the records (year, country, design ...). Default: study,arms,effect,weight.",
    ),
]
Sort = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="KEY",
        help="Order of the studies: record, effect, weight, precision, year, label; with a minus in front from great to small.",
    ),
]
At = Annotated[
    str | None, typer.Option("--at", metavar="LIST", help="Ticks of the axis, on the natural scale: 0.1,0.5,1,2.")
]
Limits = Annotated[
    str | None,
    typer.Option("--limits", metavar="LOW,HIGH", help="Ends of the axis, on the natural scale; arrows go beyond."),
]
Lines = Annotated[
    str | None,
    typer.Option(
        "--lines", metavar="LIST", help="Lines beside that of no effect: important (the important difference), pooled."
    ),
]
And = Annotated[
    list[str] | None,
    typer.Option(
        "--and",
        metavar="MODEL",
        help="A further pooled estimate under the first: common, random, wald, DL, MH ..., or several words as in DL,hksj. May be repeated.",
    ),
]
Names = Annotated[
    str | None,
    typer.Option("--names", metavar="ONE,TWO", help="What the two groups are called. Default: by the comparison."),
]
Favours = Annotated[
    str | None,
    typer.Option(
        "--favours",
        metavar="LEFT,RIGHT",
        help="Words left and right of no effect. Default: by the outcome's direction, where there is one.",
    ),
]
Lights = Annotated[
    str | None,
    typer.Option(
        "--lights",
        metavar="KEY",
        help="Risk of bias beside each study: auto (where it is on record), none, or an instrument such as rob2. Default: auto.",
    ),
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
    also: And = None,
    columns: ColumnsOf = None,
    sort: Sort = None,
    at: At = None,
    limits: Limits = None,
    lines: Lines = None,
    names: Names = None,
    favours: Favours = None,
    lights: Lights = None,
    integrity: Integrity = None,
    y: pic.Height = None,
    contours: pic.Contours = False,
    trim_fill: pic.TrimFill = None,
    order: pic.Order = None,
    moderator: pic.Moderator = None,
    study: pic.StudyOf = None,
    limit: pic.Subsets = None,
    tool: pic.Tool = None,
    width: Width = None,
    title: Title = None,
    palette: PaletteKey = None,
    dpi: Dpi = None,
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
      mscsec plot forest --outcome mortality_28d --and common --sort -weight
      mscsec plot forest --outcome hospital_stay --by country
      mscsec plot funnel --outcome mortality_28d
      mscsec plot funnel --outcome mortality_28d --contours -o funnel.pdf
      mscsec plot bubble --outcome mortality_28d --moderator year -o bubble.svg
      mscsec plot traffic-light --outcome mortality_28d -o bias.svg
      mscsec plot forest --table trials.csv --measure RR -o trials.png
    """
    row = choose(KINDS, kind, "kind of picture")
    text = row.text and (output is None or str(output) == "-")
    file = None if text else _target(row, output, force)
    effects = {
        "measure": measure, "comparison": comparison, "timepoint": timepoint, "design": design, "exclude": exclude,
        "level": level, "table": table,
    }  # fmt: skip
    models = {"method": method, "model": model, "tau2": tau2, "ci": ci, "prediction": prediction, "preset": preset}
    own: dict[str, Any] = {
        "by": by, "also": also, "columns": _words(columns), "sort": sort, "at": _numbers("at", at),
        "limits": _limits(limits), "lines": _words(lines), "names": _names("names", names), "favours": _names("favours", favours), "lights": lights,
        "integrity": integrity,
        "y": y, "contours": contours, "trim-fill": trim_fill, "order": order, "moderator": moderator, "study": study,
        "limit": limit, "tool": tool,
    }  # fmt: skip
    _refuse_idle(row, {"outcome": outcome} | effects, models, own)
    if file is None:
        _refuse_file_only(row, {"width": width, "palette": palette, "dpi": dpi} | own)
        page = cast("Page", None)  # characters need no page
        emit(characters_text(row, _request(row, page, studies, outcome, effects, models, own), title))
        return
    dots = 300 if dpi is None else dpi
    page = _page(width, palette or "colour", title, dots)
    request = _request(row, page, studies, outcome, effects, models, own)
    if request.sizes is not None and request.fit is not None:
        for warning in warning_words(request.sizes, with_unmet(request.fit, ci, prediction)):
            say(f"Note: {warning}")
    figure = row.draw(request)
    if unprinted := _unprinted(figure):
        say(f"Note: {unprinted}")
    write_whole(file, _drawn(figure, file, dots), force)
    say(f"Wrote {file}")


def _refuse_file_only(row: Kind, given: dict[str, Any]) -> None:
    """Options that only a file shows, refused where the picture is drawn with characters."""
    if found := _given({name: value for name, value in given.items() if name != "tool"}):
        raise UsageError(f"with {', '.join(found)} the picture goes into a file; name one, such as -o {row.key}.svg")


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


def _words(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(word.strip() for word in text.split(",") if word.strip())


def _numbers(name: str, text: str | None) -> tuple[float, ...] | None:
    try:
        found = None if text is None else tuple(float(word) for word in text.split(",") if word.strip())
    except ValueError:
        found = (math.nan,)
    if found is not None and not all(map(math.isfinite, found)):
        raise UsageError(f"--{name} is {text}; write numbers with commas between them, such as 0.1,1,10")
    return found


def _limits(text: str | None) -> tuple[float, float] | None:
    found = _numbers("limits", text)
    if found is not None and (len(found) != 2 or found[0] >= found[1]):
        raise UsageError(f"--limits is {text}; write the lower and the upper end, such as 0.1,10")
    return None if found is None else (found[0], found[1])


def _names(option: str, text: str | None) -> tuple[str, str] | None:
    found = _words(text)
    if found is not None and len(found) != 2:
        raise UsageError(f"--{option} is {text}; write two, with a comma between them, such as Secretome,Control")
    return None if found is None else (found[0], found[1])


def _given(values: dict[str, Any]) -> list[str]:
    return [f"--{'and' if name == 'also' else name}" for name, value in values.items() if value not in (None, False)]


def _refuse_idle(row: Kind, effects: dict[str, Any], models: dict[str, Any], own: dict[str, Any]) -> None:
    """Options that the picture would not use, refused rather than ignored."""
    idle = {name: value for name, value in own.items() if name not in row.options}
    idle |= {} if row.needs == "fit" else models
    idle |= effects if row.needs in ("base", "bias") else {}
    if row.needs == "bias":
        idle = {name: value for name, value in idle.items() if name not in ("outcome", "comparison")}
    if found := _given(idle):
        raise UsageError(f"{row.key} ({row.name}) has no use for {', '.join(found)}; leave {'it' if len(found) == 1 else 'them'} out")  # fmt: skip
    if own["by"] and models["method"] and models["method"].upper() not in ("IV", "INVERSE"):
        raise UsageError("--by pools the effects of each subgroup by inverse variance; leave out --method")
    if models["model"] == "common" and models["prediction"] not in (None, "none"):
        raise UsageError(
            "a common-effect model has no between-study variance, so no prediction interval; leave out --prediction"
        )


def _page(width: str | None, palette: str, title: str | None, dpi: int) -> Page:
    from mscsec.plots.theme import FEWEST_DOTS, PALETTES, Page, page_width

    if not FEWEST_DOTS <= dpi <= 2400:
        raise UsageError(f"--dpi is {dpi}; write between {FEWEST_DOTS} and 2400, such as 300")
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
    options = {name: value for name, value in own.items() if value is not None and name not in ("by", "integrity")}
    if row.needs in ("base", "bias"):
        base = load(studies)
        if studies is None:
            say_base(base)
        about = {"outcome": outcome, "comparison": effects["comparison"]}
        return Request(page, base=base, options=options, say=say, **about)
    method = models["method"]
    from_cells = method is not None and method.upper() not in ("IV", "INVERSE")
    peto = from_cells and method.upper() == "PETO" and effects["measure"] in (None, "OR", "PETO")
    inputs = read_inputs(
        outcome, "PETO" if peto else effects["measure"], studies=studies, drop00=False if from_cells else None,
        to="none" if peto else None, **{name: value for name, value in effects.items() if name != "measure"},
    )  # fmt: skip
    inputs.need_studies()
    if effects["table"] is not None and (own["integrity"] or own["lights"] not in (None, "none")):
        raise UsageError("--integrity and --lights read records; a table has none. Leave them out")
    sizes = with_marks(inputs.sizes, inputs.base) if own["integrity"] else inputs.sizes
    ratio = sizes.transform == "exp"
    for name in ("at", "limits"):
        if ratio and own[name] and min(own[name]) <= 0:
            raise UsageError(
                f"--{name} has a value of zero or below; {sizes.measure} is a ratio, so write values above zero"
            )
    if len(sizes.rows) < row.studies:
        raise TooFewStudies(row.name, row.studies, len(sizes.rows))
    asked = {name: value for name, value in models.items() if name != "method"}
    chosen = choices(Analysis() if from_cells else inputs.analysis, **asked)
    fit = None
    if row.needs == "fit":
        fit = fit_cells(sizes, method, chosen) if from_cells else with_advice(sizes, fit_effects(sizes, chosen))
    return Request(page, sizes, fit, inputs.base, chosen, inputs.columns, own["by"], options, say)


def _unprinted(figure: Figure) -> str:
    from mscsec.plots.letters import boxed, boxed_words
    from mscsec.plots.theme import words_of

    return boxed_words(boxed(words_of(figure)))


def _drawn(figure: Figure, output: Path, dpi: int) -> bytes:
    from mscsec.plots.theme import picture

    return picture(figure, output.suffix.lower()[1:], dpi)
