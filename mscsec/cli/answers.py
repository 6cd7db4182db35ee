"""Answers to an instrument from a YAML file, checked as a whole and written into the record in one go."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from mscsec.appraisal.from_record import record_problems
from mscsec.appraisal.instrument import Instrument
from mscsec.cli.assessing import Change, Session
from mscsec.errors import InvalidInput, MscsecError
from mscsec.problems import RecordError
from mscsec.records.checks import Finding
from mscsec.records.models import Assessment
from mscsec.records.nodes import Path, Source, parse
from mscsec.records.reader import Document, decode, read_file

_PARTS = ("aim", "deviations_addressed", "domains", "overall", "notes", "date", "version")


def from_file(session: Session, file: str) -> None:
    """Writes what `file` holds: an assessment as it stands in a record, or a mapping `answers:` by question id.

    Raises RecordError, every problem at its line of the file, where anything in it does not fit the instrument; then
    nothing is written.
    """
    text, problems = decode("<stdin>", sys.stdin.buffer.read()) if file == "-" else read_file(file)
    source = Source("<stdin>" if file == "-" else file, text)
    root = None if problems else parse(source)
    if problems or source.problems or root is None:
        raise RecordError([*problems, *source.problems] or [_whole(source, "the file is empty")])
    data = root.plain()
    if not isinstance(data, dict) or not data.keys() & {*_PARTS, "answers"}:
        raise RecordError([_whole(source, "no answers were found")])
    strangers = [key for key in data if key not in (*_PARTS, "answers", *session.head.fields())]
    if strangers:
        raise RecordError([_whole(source, f"found the key {strangers[0]!r}")])
    grouped, paths = _grouped(session.form, data)
    document = Document(source.file, text)
    wrong = _problems(session, grouped, paths, document)
    if wrong:
        raise RecordError(wrong)
    session.write(*_changes(grouped, ()))


def _whole(source: Source, found: str) -> Any:
    source.report(
        1, 1, "B003", found, f"a file of answers has some of {', '.join(_PARTS)}, or answers: by question",
        'Write answers: {"1.1": Y, "1.2": NI}',
    )  # fmt: skip
    return source.problems[-1]


def _grouped(form: Instrument, data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[Path, Path]]:
    """The file's content in the form of a record, and where what has moved stands in the file."""
    grouped = {key: data[key] for key in _PARTS if data.get(key) is not None}
    paths: dict[Path, Path] = {}
    homes = {question.id: domain.id for domain in form.all_domains() for question in domain.questions}
    answers = data.get("answers") or {}
    if not isinstance(answers, Mapping):
        answers = {}
    domains = {id: dict(part) for id, part in (grouped.get("domains") or {}).items() if isinstance(part, Mapping)}
    for question, answer in answers.items():
        home = homes.get(question, next(iter(homes.values())))
        part = domains.setdefault(home, {})
        part["answers"] = {**part.get("answers", {}), question: answer}
        paths["domains", home, "answers", question] = ("answers", question)
    if domains:
        grouped["domains"] = domains
    return grouped, paths


def _problems(session: Session, grouped: dict[str, Any], paths: dict[Path, Path], document: Document) -> list[Any]:
    """What does not fit, together with what the record has already."""
    try:
        assessment = Assessment.model_validate({**session.head.fields(), **grouped})
    except ValueError as error:
        detail = error.errors()[0] if hasattr(error, "errors") else {"loc": (), "msg": str(error)}
        finding = Finding(tuple(detail["loc"]), "B003", str(detail["msg"]), "an assessment has the form of a record's")
        return [document.problem(finding)]
    problems = [
        document.problem(_finding(paths.get(problem.path, problem.path), problem.error))
        for problem in record_problems(assessment)
    ]
    return [problem for problem in problems if problem is not None]


def _finding(path: Path, error: MscsecError) -> Finding:
    if isinstance(error, InvalidInput):
        return Finding(path, error.code, error.found, error.rule, error.instead)
    return Finding(path, error.code, error.message, "")


def _changes(value: Any, path: Path) -> Iterator[Change]:
    """Every value with its path; lists as wholes."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _changes(item, (*path, key))
    else:
        yield path, value
