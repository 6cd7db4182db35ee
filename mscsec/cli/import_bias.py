"""`mscsec import-bias`: judgements made elsewhere, shown, and on request written into the records."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from mscsec.appraisal.engine import appraise
from mscsec.appraisal.from_record import RecordProblem, record_problems
from mscsec.appraisal.imported import Imported, ImportedTable, import_table
from mscsec.appraisal.instrument import Instrument, instrument
from mscsec.cli import options as opt
from mscsec.cli.assessing import Change, Head, Session
from mscsec.cli.output import csv_text, document, emit, json_text, output_kind, say, say_base, table
from mscsec.errors import InvalidInput, MscsecError, UnknownName, UsageError
from mscsec.problems import RecordError
from mscsec.records.models import Assessment, Study
from mscsec.records.reader import EvidenceBase, decode, load, read_file
from mscsec.report.numbers import count

File = Annotated[
    str, typer.Argument(metavar="FILE", help="CSV: a table for robvis, or a sheet of the RoB 2 workbook (- is stdin).")
]
Tool = Annotated[str, typer.Option("--tool", metavar="KEY", help="Instrument of the judgements.")]
Result = Annotated[
    str | None,
    typer.Option("--result", metavar="OUTCOME", help="The outcome assessed, where the table has no column for it."),
]
Assessor = Annotated[str, typer.Option("--assessor", metavar="NAME", help="Under whose name they are recorded.")]
Write = Annotated[bool, typer.Option("--write", help="Write them into the records; nothing else in a record changes.")]


def command(
    file: File,
    tool: Tool = "rob2",
    result: Result = None,
    assessor: Assessor = "imported",
    write: Write = False,
    studies: opt.Studies = None,
    json: opt.AsJson = False,
    csv: opt.AsCsv = False,
) -> None:
    """Bring in judgements of risk of bias made elsewhere: a robvis table or a sheet of the RoB 2 workbook as CSV.

    Studies are matched by id, then by label. Every row is checked before one is written.

    \b
    Examples:
      mscsec import-bias rob2.csv --tool rob2 --result mortality_28d
      mscsec import-bias rob2.csv --result mortality_28d --assessor B --write
    """
    kind = output_kind(None, json=json, csv=csv)
    found = import_table(_text(file), instrument(tool).key)
    base = load(studies)
    if studies is None:
        say_base(base)
    pairs = [(row, *_match(row, base, result)) for row in found.rows]
    if found.unused:
        say(f"Columns without a meaning here: {', '.join(found.unused)}")
    for text in _unlike(found):
        say(text)
    emit(_shown(found, [(row, study, outcome) for row, study, outcome in pairs], kind))
    if write:
        _write(pairs, base, found.tool, assessor)
    else:
        say(_what_to_add([(study, outcome) for _, study, outcome in pairs], instrument(tool), base))


def _what_to_add(pairs: list[tuple[Study, str | None]], form: Instrument, base: EvidenceBase) -> str:
    """What the command line lacks for these judgements to be written."""
    if form.unit.startswith("one result") and any(outcome is None for _, outcome in pairs):
        reported = [{result.outcome for result in study.results} for study, outcome in pairs if outcome is None]
        common = [name for name in base.review.outcomes if all(name in names for names in reported)]
        choices = f" ({', '.join(common)})" if common else ""
        return f"Nothing was written. The table does not say which outcome was assessed: add --result OUTCOME{choices} and --write"
    return "Nothing was written; --write puts them into the records."


def _unlike(found: ImportedTable) -> Iterator[str]:
    """Where the algorithm of the sheet and ours propose different judgements from the same answers."""
    for row in found.rows:
        if not row.algorithm or not row.answers:
            continue
        settings = {"aim": row.aim} if row.aim else None
        try:
            ours = appraise(found.tool, row.answers, settings=settings)
        except MscsecError:  # an answer that is no option is refused, with its row, when it is to be written
            continue
        proposed = {item.id: item.proposed for item in ours.items}
        for place, word in row.algorithm.items():
            if place in proposed and proposed[place] not in (None, word):
                yield f"Row {row.row}, {place}: the table's algorithm gives {word}, the answers give {proposed[place]} here"


def _text(file: str) -> str:
    if file == "-":
        text, problems = decode("<stdin>", sys.stdin.buffer.read(), mark_allowed=True)
    else:
        text, problems = read_file(file, mark_allowed=True)
    if problems:
        raise RecordError(problems)
    return text


def _match(row: Imported, base: EvidenceBase, result: str | None) -> tuple[Study, str | None]:
    """The study and the result that a row is about."""
    folded = row.study.casefold()
    study = next((one for one in base.studies if one.id == folded), None)
    labelled = [one for one in base.studies if one.label.casefold() == folded]
    if study is None and len(labelled) == 1:
        study = labelled[0]
    if study is None:
        if len(labelled) > 1:
            ids = ", ".join(one.id for one in labelled)
            raise InvalidInput(
                f"row {row.row}: {row.study} is the label of {ids}",
                "a label names one study",
                "Write the id",
                code="B302",
            )
        raise UnknownName(f"study in row {row.row}", row.study, [one.id for one in base.studies] + [one.label for one in base.studies], code="B302")  # fmt: skip
    outcome = result or _outcome(row.outcome, base)
    known = [one.outcome for one in study.results]
    if outcome is not None and outcome not in known:
        raise UnknownName(f"result of {study.id}", outcome, dict.fromkeys(known))
    return study, outcome


def _outcome(written: str, base: EvidenceBase) -> str | None:
    """The outcome that a sheet names, by its name or its label in the protocol."""
    for name, plan in base.review.outcomes.items():
        if written.casefold() in (name, plan.label.casefold()):
            return name
    if written:
        raise UnknownName("outcome", written, base.review.outcomes)
    return None


def _shown(found: ImportedTable, pairs: list[tuple[Imported, Study, str | None]], kind: str) -> str:
    places = list(dict.fromkeys(place for row, _, _ in pairs for place in row.judgements))
    rows = [
        [study.id, outcome or "", *(row.judgements.get(place, "") for place in places), str(len(row.answers) or "")]
        for row, study, outcome in pairs
    ]
    head = ["study", "result", *places, "answers"]
    if kind == "json":
        matched = [{"study": study.id, "result": outcome, "imported": row} for row, study, outcome in pairs]
        return json_text(document("import-bias", tool=found.tool, rows=matched))
    if kind == "csv":
        return csv_text(head, rows)
    return "\n".join(table(head, rows)) + "\n"


def _write(pairs: list[tuple[Imported, Study, str | None]], base: EvidenceBase, tool: str, assessor: str) -> None:
    """All rows or none: each new record is made and read again before the first is written."""
    if base.shipped:
        raise UsageError("the evidence base inside the package is not written to; name a folder with --studies")
    form = instrument(tool)
    made: list[tuple[Study, Head, list[Change]]] = []
    for row, study, outcome in pairs:
        head = Head(tool, outcome, None, assessor)
        if any(head.names(item) for item in study.risk_of_bias) or any(
            one is study and h == head for one, h, _ in made
        ):
            raise UsageError(
                f"{study.id} has an assessment with {tool} by {assessor} of {outcome or 'the study'} already; choose another --assessor"
            )
        if form.unit.startswith("one result") and outcome is None:
            raise UsageError(f"{form.name} assesses one result: name it with --result")
        made.append((study, head, list(_changes(row, form, head))))
    for study, head, changes in made:
        Session(base.documents[study.id].file, form, head).write(*changes)
    say(f"Wrote {count(len(made), 'assessment')}; check them: mscsec check --studies {base.folder}")


def _changes(row: Imported, form: Instrument, head: Head) -> Iterator[Change]:
    """What goes into the record for one row; a departure from the algorithm says that its reason is not in the table."""
    homes = {question.id: domain.id for domain in form.all_domains() for question in domain.questions}
    domains: dict[str, Any] = {}
    if row.aim:
        yield ("aim",), row.aim
    for id, answer in row.answers.items():
        domains.setdefault(homes[id], {}).setdefault("answers", {})[id] = answer
    for id in row.support:
        domains.setdefault(id, {})
    overall: dict[str, str] = {}
    for place, word in row.judgements.items():
        (overall if place == "overall" else domains.setdefault(place, {}))["judgement"] = word
    aim = row.aim or None
    for problem in _problems(head, domains, overall, aim):
        if problem.error.code != "B004":
            raise InvalidInput(f"row {row.row}: {problem.error.message}", "", code="B301")
        part = overall if problem.path[0] == "overall" else domains[problem.path[1]]
        part["reason"] = f"as in row {row.row} of the imported table, which gives no reason"
    for problem in _problems(
        head, domains, overall, aim
    ):  # an override in a domain can change what is proposed overall
        part = overall if problem.path[0] == "overall" else domains[problem.path[1]]
        part["reason"] = f"as in row {row.row} of the imported table, which gives no reason"
    for id, content in domains.items():
        for name, item in content.get("answers", {}).items():
            yield ("domains", id, "answers", name), item
        if id in row.support:
            yield ("domains", id, "support"), row.support[id]
        yield from ((("domains", id, name), content[name]) for name in ("judgement", "reason") if name in content)
    yield from ((("overall", name), item) for name, item in overall.items())


def _problems(
    head: Head, domains: dict[str, Any], overall: dict[str, str], aim: str | None
) -> tuple[RecordProblem, ...]:
    fields = {**head.fields(), "aim": aim, "domains": domains, "overall": overall or None}
    return record_problems(Assessment.model_validate(fields))
