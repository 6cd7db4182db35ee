"""Judgements made elsewhere: tables for robvis, and sheets that name their columns, as assessments of our instruments.

A sheet (such as the results or the data of the RoB 2 workbook saved as CSV) is read by its headings: a study column,
domains by id, by "Domain 1" or by name, an overall column, and signalling questions by id ("1.1"). What is not
recognised is reported, never guessed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mscsec.appraisal.instrument import Instrument, instrument
from mscsec.appraisal.robvis import RobvisRow, instrument_columns, read_robvis, robvis_tool
from mscsec.errors import InvalidInput
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class Imported(Result):
    """One row: the study as written there, its outcome where the sheet has one, judgements by domain or "overall",
    answers by question, and the place of the row in the table (the header is 1)."""

    study: str
    outcome: str
    judgements: dict[str, str]
    answers: dict[str, str]
    row: int


@dataclass(frozen=True, slots=True)
class ImportedTable(Result):
    """The rows of a table, and the headings that mean nothing here."""

    tool: str
    rows: tuple[Imported, ...]
    unused: tuple[str, ...]


def import_table(text: str, tool: str) -> ImportedTable:
    """The rows of a CSV table as assessments with the instrument `tool`.

    A table in robvis's own form (Study first, the template's number of columns, headings such as D1) is read by
    position, any other by its headings. Raises `UnknownName` (B001) for an instrument that does not exist and
    `InvalidInput` (B301), with the row, for a judgement that is none and a table without studies or judgements.
    """
    form = instrument(tool)
    lines = [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) if any(cell.strip() for cell in row)]
    if len(lines) < 2:
        raise InvalidInput("the table has no rows", "a header row and a row for each study", code="B301")
    header = [" ".join(cell.split()) for cell in lines[0]]
    columns = instrument_columns(form.key)
    if columns and len(header) in (len(columns) + 2, len(columns) + 3) and _positional(header):
        rows = read_robvis(text, robvis_tool(form.key))
        return ImportedTable(
            form.key, tuple(_from_robvis(item, form, number) for number, item in enumerate(rows, 2)), ()
        )
    return _by_heading(form, header, lines[1:])


def _positional(header: Sequence[str]) -> bool:
    return header[0].casefold() == "study" and all(re.fullmatch(r"[Dd]\d+[a-z]?", name) for name in header[1:3])


def _from_robvis(item: RobvisRow, form: Instrument, number: int) -> Imported:
    places = dict(zip(item.judgements, instrument_columns(form.key), strict=True))
    said = {places[head]: word for head, word in item.judgements.items() if places[head]}
    said["overall"] = item.overall
    known = {key: _judgement(form, key, word, number) for key, word in said.items() if word not in _OPEN}
    return Imported(item.study, "", known, {}, number)


_OPEN = ("No information", "Not applicable", "")
_STUDY = ("study id", "study", "study label", "reference", "trial", "unique id")
_OUTCOME = ("outcome", "outcomes")


def _by_heading(form: Instrument, header: Sequence[str], lines: Sequence[Sequence[str]]) -> ImportedTable:
    folded = [name.casefold() for name in header]
    study = next((folded.index(name) for name in _STUDY if name in folded), None)
    if study is None:
        raise InvalidInput(
            f"the headings are {', '.join(header)}", "one column names the study", "Call it Study", code="B301"
        )
    outcome = next((folded.index(name) for name in _OUTCOME if name in folded), None)
    places = {at: place for at, name in enumerate(folded) if (place := _place(form, name))}
    questions = {at: id for at, name in enumerate(header) if (id := _question(form, name))}
    if not places and not questions:
        raise InvalidInput(
            f"the headings are {', '.join(header)}",
            f"columns are domains ({', '.join(dict.fromkeys(d.id for d in form.domains))}) or questions (1.1) of {form.name}", code="B301",
        )  # fmt: skip
    used = {study, outcome, *places, *questions}
    rows = []
    for number, cells in enumerate(lines, 2):
        padded = [*(cell.strip() for cell in cells), *[""] * (len(header) - len(cells))]
        judged = {place: _judgement(form, place, padded[at], number) for at, place in places.items() if padded[at]}
        answers = {id: padded[at] for at, id in questions.items() if padded[at]}
        rows.append(Imported(padded[study], padded[outcome] if outcome is not None else "", judged, answers, number))
    unused = tuple(name for at, name in enumerate(header) if at not in used and name)
    return ImportedTable(form.key, tuple(rows), unused)


def _place(form: Instrument, heading: str) -> str:
    """The domain that a heading names, or "overall"; empty for any other heading."""
    bare = re.sub(r"\b(risk of bias|bias|judge?ment|assessor'?s?|due to|arising from|in|the|of)\b", " ", heading)
    bare = " ".join(re.sub(r"[^a-z0-9 ]", " ", bare).split())
    if bare in ("overall", "total"):
        return "overall"
    for domain in form.domains:
        name = " ".join(re.sub(r"\b(in|the|of)\b", " ", re.sub(r"[^a-z0-9 ]", " ", domain.name.casefold())).split())
        number = domain.id.casefold().removeprefix("d")
        spelled = name.replace("randomization", "randomisation")
        if (
            bare in (domain.id.casefold(), f"domain {number}", name)
            or bare.replace("randomization", "randomisation") == spelled
        ):
            return domain.id
    return ""


def _question(form: Instrument, heading: str) -> str:
    """The question that a heading names: its id alone, or with Q before it."""
    bare = heading.strip().removeprefix("Q").strip()
    return bare if bare in form.question_ids() else ""


def _judgement(form: Instrument, place: str, word: str, row: int) -> str:
    """`word` in the instrument's spelling; raises `InvalidInput` (B301) for any other."""
    known: Mapping[str, tuple[str, ...]] = {d.id: d.judgements for d in form.domains} | {
        item.id: item.judgements for item in form.overall
    }
    folded = " ".join(word.split()).casefold()
    options = known.get(place, ())
    bare = re.sub(r" (risk|risk of bias)$", "", folded)
    for option in options:
        if option.casefold() in (folded, bare):
            return option
    initials = [option for option in options if option[0].casefold() == folded]
    symbols = dict(zip("+-x", options, strict=False)) if len(options) == 3 else {}
    if len(initials) == 1 or folded in symbols:
        return initials[0] if len(initials) == 1 else symbols[folded]
    raise InvalidInput(
        f"row {row}: {place} is {word!r}", f"the judgements of {form.name} are {', '.join(options)}", code="B301"
    )
