"""`mscsec assess`: one assessment of risk of bias, question by question at a terminal, or from a file of answers."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mscsec.appraisal.instrument import Instrument, instrument
from mscsec.appraisal.suggestions import BY_DESIGN
from mscsec.cli import options as opt
from mscsec.cli.answers import from_file
from mscsec.cli.assessing import Head, Session
from mscsec.cli.base_to_write import base_to_write
from mscsec.cli.dialogue import Dialogue, Stopped
from mscsec.cli.output import emit, say
from mscsec.cli.render_judgements import appraisal_text
from mscsec.errors import UnknownName, UsageError
from mscsec.records.models import Study

StudyId = Annotated[str, typer.Argument(metavar="STUDY", help="Study, by id.", autocompletion=opt._studies)]
Tool = Annotated[
    str | None,
    typer.Option(
        "--tool", metavar="KEY", help="Instrument: rob2, rob2-cluster, robins-i-v2 ... Default: by the study's design."
    ),
]
Result = Annotated[str | None, typer.Option("--result", metavar="OUTCOME", help="The result assessed, by its outcome.")]
Assessor = Annotated[
    str, typer.Option("--assessor", metavar="NAME", help='Who assesses; "consensus" for the agreed assessment.')
]
Answers = Annotated[
    str | None,
    typer.Option("--answers", metavar="FILE", help="Take the answers from a YAML file (- is stdin) instead of asking."),
]


def command(
    study: StudyId,
    tool: Tool = None,
    result: Result = None,
    assessor: Assessor = "A",
    timepoint: opt.Timepoint = None,
    answers: Answers = None,
    studies: opt.Studies = None,
) -> None:
    """Assess the risk of bias of one result, question by question.

    Questions that do not apply are left out. Each answer is written into the record at once, and nothing else in the
    record changes; the same command goes on where it stopped. At a question: back, ? for help, stop.

    \b
    Examples:
      mscsec assess shu2020 --tool rob2 --result mortality_28d --assessor A
      mscsec assess shu2020 --result mortality_28d --assessor consensus
      mscsec assess shu2020 --result mortality_28d --answers answers.yaml
    """
    base = base_to_write(studies)
    record = base.study(study)
    form = instrument(tool or BY_DESIGN[record.design.type])
    head = Head(form.key, _result(record, result, form), timepoint, assessor.strip() or "A")
    if answers is None and not sys.stdin.isatty():
        raise UsageError("no terminal to ask at: give the answers with --answers FILE.yaml, or --answers - for stdin")
    session = Session(base.documents[study].file, form, head)
    if answers is not None:
        from_file(session, answers)
    else:
        try:
            Dialogue(session, record, base.review.outcomes).run()
        except Stopped:
            say(f"\nStopped; every answer so far is in {session.file}. The same command goes on from here.")
            return
    emit(
        appraisal_text(
            session.appraisal(), f"{record.label}{f', {head.result}' if head.result else ''}, {head.assessor}"
        )
    )
    say(f"Wrote {session.file}")


def _result(study: Study, asked: str | None, form: Instrument) -> str | None:
    """The outcome whose result is assessed; needed where the instrument is about one result and there are several."""
    known = list(dict.fromkeys(result.outcome for result in study.results))
    if asked is not None:
        if asked not in known:
            raise UnknownName("result", asked, known)
        return asked
    if not form.unit.startswith("one result"):
        return None
    if len(known) != 1:
        raise UsageError(
            f"{form.name} assesses one result: name it with --result. {study.id} has {', '.join(known) or 'none'}"
        )
    return known[0]
