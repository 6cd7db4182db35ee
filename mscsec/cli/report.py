"""`mscsec report`: a whole review as a page or a manuscript, and its tables alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from mscsec.cli import options as opt
from mscsec.cli.assessments import sound
from mscsec.cli.output import say, say_base
from mscsec.cli.report_manuscript import Written, as_docx, as_latex, as_markdown, check_free, folder_of, write_files
from mscsec.cli.report_tables import FORMATS, check_output, chosen_format, chosen_tables, write_tables
from mscsec.cli.version import __version__
from mscsec.errors import UsageError
from mscsec.records.reader import load
from mscsec.registry import by_key
from mscsec.report.numbers import count
from mscsec.synthesis.review import Synthesis, synthesise

File = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="The file to write; its suffix chooses the kind: .html, .docx, .md, .tex. With --format - or none is stdout.",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="KEY",
        help="The tables alone: md, csv (every digit kept) or latex; on stdout, or into -o.",
        autocompletion=lambda: list(FORMATS),
    ),
]
TableNames = Annotated[
    list[str] | None,
    typer.Option(
        "--table",
        metavar="NAME",
        help="With --format, a table: characteristics, effects, pooled, sensitivity, bias, findings, assumptions, integrity. May be repeated. Default: all.",
    ),
]


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of `KINDS`. key : suffix. write : the file from a synthesis. beside : kind of the pictures in a folder beside it; empty where there is none."""

    key: str
    name: str
    write: Callable[[Synthesis, Path], Written]
    beside: str = ""


def page_of(found: Synthesis) -> str:
    """The page that answers back, as `report` writes it and `serve` shows it."""
    return _page(found)[0]


def _page(found: Synthesis) -> tuple[str, str]:
    """The page, and which letters of its PRISMA diagram no typeface has."""
    from mscsec.report.page.build import review_page
    from mscsec.synthesis.certainty import bodies_of

    flow, boxes = _flow(found)
    return review_page(found, bodies_of(found), flow), boxes


def _flow(found: Synthesis) -> tuple[bytes, str]:
    """The PRISMA diagram, where the protocol has its numbers, and its letters without a typeface; only then is the drawing imported."""
    review = found.base.review
    if not review.flow.model_fields_set:
        return b"", ""
    from mscsec.plots.letters import unprinted
    from mscsec.plots.prisma import prisma
    from mscsec.plots.theme import Page, picture, words_of

    figure = prisma(Page(), review.flow, review.title)
    return picture(figure, "svg"), unprinted(words_of(figure))


def _as_page(found: Synthesis, _: Path) -> Written:
    page, boxes = _page(found)
    return Written(page, {}, boxes)


KINDS = by_key(
    Kind(".html", "a page that answers back", _as_page),
    Kind(".docx", "a manuscript in Word", as_docx),
    Kind(".md", "a manuscript in Markdown", as_markdown, beside="svg"),
    Kind(".tex", "a manuscript in LaTeX", as_latex, beside="pdf"),
)


def command(
    outcome: opt.Outcomes = None,
    form: Format = None,
    table: TableNames = None,
    studies: opt.Studies = None,
    output: File = None,
    force: opt.Force = False,
) -> None:
    """Write a whole review: methods, studies, results, sensitivity, bias, integrity and certainty; or its tables alone.

    The page (.html) needs no network. Each number in it is a link to the line of the record and the place in the paper that it
    came from; studies can be ticked off and models chosen, with numbers that were worked out beforehand.
    Results are those of the review's own analysis (analysis: in review.yaml), as mscsec pool prints them without options.
    A manuscript (.docx, .md, .tex) has the same content for print; the pictures of review.md lie in review_files/ beside it.

    \b
    Examples:
      mscsec report -o review.html
      mscsec report --outcome icu_stay --outcome mortality_28d -o review.docx
      mscsec report --studies my-review -o review.md --force
      mscsec report --format latex --table pooled -o pooled.tex
      mscsec report --format csv --table effects
    """
    if form is None and table:
        raise UsageError("--table belongs to --format md, csv or latex; a whole report has every table")
    kind: Kind | None = None
    chosen, kinds = chosen_format(form or "md"), chosen_tables(table or ())
    if form is not None:
        check_output(chosen, kinds, output)
    else:
        kind = _kind(output)
        assert output is not None
        check_free(output, kind.beside, force)
    base = load(studies)
    if studies is None:
        say_base(base)
    sound(base)
    found = synthesise(base, outcome or None, program=__version__)
    if kind is None:
        write_tables(found, chosen, kinds, output, force)
        return
    assert output is not None
    written = kind.write(found, output)
    write_files(output, written, force)
    if written.boxes:
        say(f"Note: {written.boxes}")
    beside = f" and {folder_of(output)} ({count(len(written.beside), 'picture')})" if written.beside else ""
    say(f"Wrote {output}{beside}")


def _kind(output: Path | None) -> Kind:
    """The kind that the suffix names; raises UsageError where there is none."""
    known = ", ".join(f"{row.key} ({row.name})" for row in KINDS.values())
    if output is None:
        raise UsageError(f"name the file to write: mscsec report -o review.html. Kinds: {known}")
    found = KINDS.get({".markdown": ".md", ".htm": ".html"}.get(output.suffix.lower(), output.suffix.lower()))
    if found is None:
        raise UsageError(
            f"the suffix {output.suffix!r} of {output} names no kind of report; there is {known}. Write: mscsec report -o review.html"
        )
    return found
