"""`mscsec plot`: one outcome as a picture fit for print."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from mscsec.cli import options as opt
from mscsec.cli import picture_options as pic
from mscsec.cli.groups import EffectOptions, PoolOptions, StudyOptions, expanded, given
from mscsec.cli.marks import Integrity
from mscsec.cli.output import emit, plain_text, say, say_base, write_whole
from mscsec.cli.pooled import read_pooling
from mscsec.cli.render_plot import characters_text
from mscsec.effects.sizes import EffectSizes
from mscsec.errors import TooFewStudies, UsageError
from mscsec.plots.kinds import KINDS, Kind, Request
from mscsec.records.reader import load
from mscsec.registry import choose
from mscsec.report.words import by_label, warning_words
from mscsec.synthesis.fit import with_estimates

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
        rich_help_panel=opt.SHOWN,
    ),
]
Width = Annotated[
    str | None,
    typer.Option(
        "--width",
        metavar="SIZE",
        help="1 (one column, 85 mm), 2 (two columns, 175 mm), inches, or such as 140mm. Default: what the picture needs.",
        rich_help_panel=opt.SHOWN,
    ),
]
Title = Annotated[
    str | None,
    typer.Option("--title", metavar="TEXT", help="Title. Default: the outcome's label.", rich_help_panel=opt.SHOWN),
]
PaletteKey = Annotated[
    str | None,
    typer.Option(
        "--palette",
        metavar="KEY",
        help="colour (safe for the colour-blind) or grey. Default: colour.",
        rich_help_panel=opt.SHOWN,
    ),
]
Dpi = Annotated[
    int | None,
    typer.Option("--dpi", metavar="N", help="Dots per inch of a .png. Default: 300.", rich_help_panel=opt.SHOWN),
]
ColumnsOf = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="LIST",
        help="Columns of a forest plot, in order: study, arms, effect, weight, or fields of the records (year, country, design ...). Default: study,arms,effect,weight.",
        rich_help_panel=pic.FOREST,
    ),
]
Sort = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="KEY",
        help="Order of the studies: record, effect, weight, precision, year, label; with a minus in front from great to small.",
        rich_help_panel=pic.FOREST,
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="LIST", help="Ticks of the axis, on the natural scale: 0.1,0.5,1,2.", rich_help_panel=pic.FOREST
    ),
]
Limits = Annotated[
    str | None,
    typer.Option(
        "--limits",
        metavar="LOW,HIGH",
        help="Ends of the axis, on the natural scale; arrows go beyond.",
        rich_help_panel=pic.FOREST,
    ),
]
Lines = Annotated[
    str | None,
    typer.Option(
        "--lines",
        metavar="LIST",
        help="Lines beside that of no effect: important (the important difference), pooled.",
        rich_help_panel=pic.FOREST,
    ),
]
And = Annotated[
    list[str] | None,
    typer.Option(
        "--and",
        metavar="MODEL",
        help="A further pooled estimate under the first: common, random, wald, DL, MH ..., or several words as in DL,hksj. May be repeated.",
        rich_help_panel=pic.FOREST,
    ),
]
Names = Annotated[
    str | None,
    typer.Option(
        "--names",
        metavar="ONE,TWO",
        help="What the two groups are called. Default: by the comparison.",
        rich_help_panel=pic.FOREST,
    ),
]
Favours = Annotated[
    str | None,
    typer.Option(
        "--favours",
        metavar="LEFT,RIGHT",
        help="Words left and right of no effect. Default: by the outcome's direction, where there is one.",
        rich_help_panel=pic.FOREST,
    ),
]
Lights = Annotated[
    str | None,
    typer.Option(
        "--lights",
        metavar="KEY",
        help="Risk of bias beside each study: auto (where it is on record), none, or an instrument such as rob2. Default: auto.",
        rich_help_panel=pic.FOREST,
    ),
]


@dataclass(frozen=True, slots=True, eq=False)
class ForestOptions:
    """What a forest plot shows."""

    also: And = None
    columns: ColumnsOf = None
    sort: Sort = None
    at: At = None
    limits: Limits = None
    lines: Lines = None
    names: Names = None
    favours: Favours = None
    lights: Lights = None
    integrity: Integrity = None

    def read(self) -> dict[str, Any]:
        """The options by name, lists as such; raises UsageError for one that cannot be read."""
        return {
            "also": self.also, "columns": _words(self.columns), "sort": self.sort, "at": _numbers("at", self.at),
            "limits": _limits(self.limits), "lines": _words(self.lines), "names": _names("names", self.names),
            "favours": _names("favours", self.favours), "lights": self.lights, "integrity": self.integrity,
        }  # fmt: skip


@expanded
def command(
    kind: KindName,
    studies: StudyOptions,
    effects: EffectOptions,
    asked: PoolOptions,
    forest: ForestOptions,
    others: pic.OtherOptions,
    width: Width = None,
    title: Title = None,
    palette: PaletteKey = None,
    dpi: Dpi = None,
    output: PictureFile = None,
    force: opt.Force = False,
) -> None:
    """Draw a picture of one outcome, fit for print: SVG, PDF with its fonts, or PNG.

    Options that decide the numbers are those of pool, with the same defaults, so that a picture shows what pool prints.
    Of pool's others, --compare is a table of many estimates, --baseline-risk and --sd say one in other words: none is a
    picture. An option that a kind of picture has no use for is refused.

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
    own = {**forest.read(), **others.read()}
    _refuse_idle(row, studies, effects, asked, own)
    if file is None:
        if force:
            raise UsageError("--force belongs to -o FILE; nothing is overwritten on stdout")
        untitled = {"title": title} if row.needs == "bias" else {}
        _refuse_file_only(row, {"width": width, "palette": palette, "dpi": dpi, "by": asked.by} | own | untitled)
        request = _request(row, cast("Page", None), studies, effects, asked, own)  # characters need no page
        emit(plain_text(characters_text(row, request, title)))
        _say_warnings(request)
        return
    dots = 300 if dpi is None else dpi
    page = _page(width, palette or "colour", title, dots)
    if dpi is not None and file.suffix.lower() != ".png":
        raise UsageError(f"--dpi belongs to a .png; {file} is drawn with lines")
    request = _request(row, page, studies, effects, asked, own)
    _say_warnings(request)
    figure = row.draw(request)
    if boxes := _unprinted(figure):
        say(f"Note: {boxes}")
    write_whole(file, _drawn(figure, file, dots), force)
    say(f"Wrote {file}")


def _say_warnings(request: Request) -> None:
    if request.sizes is not None and request.fit is not None:
        for warning in warning_words(request.sizes, request.fit):
            say(f"Note: {warning}")


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


def _refuse_idle(
    row: Kind, studies: StudyOptions, effects: EffectOptions, asked: PoolOptions, own: dict[str, Any]
) -> None:
    """Options that the picture would not use, refused rather than ignored."""
    idle = _given({name: value for name, value in own.items() if name not in row.options})
    if row.needs != "fit":
        wanted = ("--studies", "--outcome", "--comparison") if row.needs == "bias" else ("--studies",)
        idle += [name for name in {**given(studies), **given(effects), **given(asked)} if name not in wanted]
    idle += [name for name in given(asked) if name in ("--by", "--common-tau2") and "by" not in row.options]
    idle += [name for name in {**given(effects), **given(asked)} if name.removeprefix("--") in row.unshown]
    if found := list(dict.fromkeys(idle)):
        raise UsageError(f"{row.key} ({row.name}) has no use for {', '.join(found)}; leave {'it' if len(found) == 1 else 'them'} out")  # fmt: skip


def _page(width: str | None, palette: str, title: str | None, dpi: int) -> Page:
    from mscsec.plots.theme import FEWEST_DOTS, PALETTES, Page, page_width

    if not FEWEST_DOTS <= dpi <= 2400:
        raise UsageError(f"--dpi is {dpi}; write between {FEWEST_DOTS} and 2400, such as 300")
    return Page(page_width(width), choose(PALETTES, palette, "palette"), title)


def _request(
    row: Kind, page: Page, studies: StudyOptions, effects: EffectOptions, asked: PoolOptions, own: dict[str, Any]
) -> Request:
    """What the kind needs, read and computed."""
    options = {name: value for name, value in own.items() if value is not None and name != "integrity"}
    if row.needs in ("base", "bias"):
        base = load(studies.studies)
        if studies.studies is None:
            say_base(base)
        return Request(
            page, base=base, options=options, say=say, outcome=studies.outcome, comparison=studies.comparison
        )
    if studies.table is not None and own["lights"] not in (None, "none"):
        raise UsageError("--lights reads records; a table has none. Leave it out")
    pooling = read_pooling(studies, effects, asked, integrity=own["integrity"])
    inputs = pooling.inputs
    _above_zero(inputs.sizes, own)
    if len(inputs.sizes.rows) < row.studies:
        raise TooFewStudies(row.name, row.studies, len(inputs.sizes.rows))
    sizes, fit = inputs.sizes, pooling.result()
    if row.key != "forest":
        # The notices speak of studies by their place among all of them, which a picture of some of them does not know.
        told = tuple(replace(notice, message=by_label(sizes.labels, notice.message)) for notice in fit.warnings)
        sizes, fit = with_estimates(sizes, replace(fit, warnings=told))
    return Request(
        page, sizes, fit, inputs.base, pooling.chosen, inputs.columns, asked.by, options, say,
        common_tau2=asked.common_tau2,
    )  # fmt: skip


def _above_zero(sizes: EffectSizes, own: dict[str, Any]) -> None:
    """Raises UsageError for a place on a ratio's axis that does not exist."""
    for name in ("at", "limits"):
        if sizes.transform == "exp" and own[name] and min(own[name]) <= 0:
            raise UsageError(
                f"--{name} has a value of zero or below; {sizes.measure} is a ratio, so write values above zero"
            )


def _unprinted(figure: Figure) -> str:
    from mscsec.plots.letters import unprinted
    from mscsec.plots.theme import words_of

    return unprinted(words_of(figure))


def _drawn(figure: Figure, output: Path, dpi: int) -> bytes:
    from mscsec.plots.theme import picture

    return picture(figure, output.suffix.lower()[1:], dpi)
