"""`mscsec report`: a whole review in one file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from mscsec.cli import options as opt
from mscsec.cli.assessments import sound
from mscsec.cli.output import say, say_base, write_whole
from mscsec.cli.version import __version__
from mscsec.errors import UsageError
from mscsec.records.reader import load
from mscsec.registry import by_key
from mscsec.synthesis.review import Synthesis, synthesise

Outcomes = Annotated[
    list[str] | None,
    typer.Option(
        "--outcome", metavar="NAME", help="Outcome, as named in review.yaml. May be repeated. Default: all of them.",
        autocompletion=opt._outcomes,
    ),
]  # fmt: skip
File = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="The file to write; its suffix (.html) chooses the kind."),
]


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of `KINDS`. key : suffix. write : the file from a synthesis."""

    key: str
    name: str
    write: Callable[[Synthesis], str | bytes]


def _page(found: Synthesis) -> str:
    from mscsec.report.page.build import bodies_of, review_page

    return review_page(found, bodies_of(found), _flow(found))


def _flow(found: Synthesis) -> bytes:
    """The PRISMA diagram, where the protocol has its numbers; only then is the drawing imported."""
    review = found.base.review
    if not review.flow.model_fields_set:
        return b""
    from mscsec.plots.prisma import prisma
    from mscsec.plots.theme import Page, picture

    return picture(prisma(Page(), review.flow, review.title), "svg")


KINDS = by_key(Kind(".html", "a page that answers back", _page))


def command(
    outcome: Outcomes = None, studies: opt.Studies = None, output: File = None, force: opt.Force = False
) -> None:
    """Write a whole review into one file: methods, studies, results, sensitivity, bias, integrity and certainty.

    The page needs no network. Each number in it is a link to the line of the record and the place in the paper that it
    came from; studies can be ticked off and models chosen, with numbers that were worked out beforehand.

    \b
    Examples:
      mscsec report -o review.html
      mscsec report --outcome icu_stay --outcome mortality_28d -o review.html
      mscsec report --studies my-review -o review.html --force
    """
    kind = _kind(output)
    base = load(studies)
    if studies is None:
        say_base(base)
    sound(base)
    content = kind.write(synthesise(base, outcome or None, program=__version__))
    assert output is not None
    write_whole(output, content, force)
    say(f"Wrote {output}")


def _kind(output: Path | None) -> Kind:
    """The kind that the suffix names; raises UsageError where there is none."""
    known = ", ".join(f"{row.key} ({row.name})" for row in KINDS.values())
    if output is None:
        raise UsageError(f"name the file to write: mscsec report -o review.html. Kinds: {known}")
    found = KINDS.get(output.suffix.lower())
    if found is None:
        raise UsageError(
            f"the suffix {output.suffix!r} of {output} names no kind of report; there is {known}. Write: mscsec report -o review.html"
        )
    return found
