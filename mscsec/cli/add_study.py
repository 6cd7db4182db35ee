"""`mscsec add-study`: one record, asked for at a terminal or taken from a file; written whole and canonical, or not at all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mscsec.cli import options as opt
from mscsec.cli.base_to_write import base_to_write
from mscsec.cli.interview import confirm, interview
from mscsec.cli.output import emit, say, write_whole
from mscsec.errors import UsageError
from mscsec.problems import Problem, RecordError
from mscsec.records.models import Review, Study
from mscsec.records.reader import (
    REVIEW_FILE,
    Document,
    EvidenceBase,
    decode,
    read_file,
    read_study,
    study_findings,
)
from mscsec.records.template import template
from mscsec.records.writer import dump_study

From = Annotated[
    str | None, typer.Option("--from", metavar="FILE", help="Take the record from a YAML file, or from stdin with -.")
]
Template = Annotated[bool, typer.Option("--template", help="Print a commented skeleton of a record and stop.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the record as it would be written, and write nothing.")]


def command(
    source: From = None,
    show_template: Template = False,
    dry_run: DryRun = False,
    studies: opt.Studies = None,
    force: opt.Force = False,
) -> None:
    """Add a study record: by questions at the terminal, or from a file.

    Nothing is written before the whole record is valid and confirmed.

    \b
    Examples:
      mscsec add-study
      mscsec add-study --template > roe2021.yaml
      mscsec add-study --from roe2021.yaml
      cat record.yaml | mscsec add-study --from -
    """
    if show_template:
        emit(template("study"))
        return
    base = base_to_write(studies)
    problems: list[Problem]
    if source is None:
        if not sys.stdin.isatty():
            raise UsageError(
                "no terminal to ask at: give the record with --from FILE.yaml, or --from - for stdin. A skeleton: mscsec add-study --template"
            )
        name, problems = "<answers>", []
        text = interview(base.review, base.folder, [study.id for study in base.studies])
    elif source == "-":
        name, (text, problems) = "<stdin>", decode("<stdin>", sys.stdin.buffer.read())
    else:
        name, (text, problems) = source, read_file(source)
    if problems:
        raise RecordError(problems)
    study, document = _valid(name, text, base.review)
    target = _target(study, base, force)
    canonical = dump_study(document.root.plain())
    if dry_run or source is None:
        emit(canonical)
    if dry_run:
        return
    if source is None and not confirm(f"Write {target}?", default=True):
        say("Nothing was written.")
        raise typer.Exit(0)
    write_whole(target, canonical, force)
    say(f"Wrote {target}. Check it: mscsec check --studies {base.folder}")


def _valid(name: str, text: str, review: Review) -> tuple[Study, Document]:
    study, document, problems = read_study(name, text)
    if study is not None and document is not None:
        found = (document.problem(finding) for finding in study_findings(study, review))
        problems = [*problems, *(problem for problem in found if problem is not None)]
    if problems or study is None or document is None:
        raise RecordError(problems)
    return study, document


def _target(study: Study, base: EvidenceBase, force: bool) -> Path:
    """The file to write: named after the id, or the one that already holds it. Raises UsageError where it is taken."""
    target = Path(base.folder) / f"{study.id}.yaml"
    if target.name == REVIEW_FILE:
        raise UsageError(
            f"the id {study.id!r} would put the study into {target}, which is the protocol. Give it another id"
        )
    known = base.documents.get(study.id)
    if known is not None:
        target = Path(known.file)
    if known is not None and not force:
        raise UsageError(
            f"the id {study.id} is taken by {target}. Give the study another id, or --force to replace {target}"
        )
    if target.exists() and not force:
        raise UsageError(
            f"{target} exists already and is not overwritten. Give --force to replace it, or the study another id"
        )
    return target
