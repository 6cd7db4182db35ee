"""Judgements made elsewhere: tables for robvis, and sheets that name their columns, as assessments of our instruments.

A sheet is read by its headings: a study column, domains by id, by "Domain 1" or by name, an overall column, and signalling
questions by id ("1.1"). So is the sheet "Results" of the RoB 2 workbook (ROB2_IRPG_beta) saved as CSV, whose headings stand
in its second line: Unique ID, Study ID, Aim, 1.1, "Note for 1.1&1.2", "1.0 Algorithm result", "1.0 Assessor's Judgement" ...
"Assessor's overall Judgement". What is not recognised is reported, never guessed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mscsec.appraisal.instrument import Instrument, instrument
from mscsec.appraisal.robvis import RobvisRow, instrument_columns, read_robvis, robvis_tool
from mscsec.errors import InvalidInput
from mscsec.results import Result


@dataclass(frozen=True, slots=True)
class Imported(Result):
    """One row: the study as written there, its outcome where the sheet has one, judgements by domain or "overall",
    answers by question, and the place of the row in the table (its first line is 1).

    aim : the effect of interest, "assignment" or "adherence"; empty where the sheet does not say.
    support : notes by domain. algorithm : what the sheet's own algorithm proposes, by domain or "overall".
    """

    study: str
    outcome: str
    judgements: dict[str, str]
    answers: dict[str, str]
    row: int
    aim: str = ""
    support: dict[str, str] = field(default_factory=dict)
    algorithm: dict[str, str] = field(default_factory=dict)


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
    top = _header_line(form, lines)
    header = _tidy(lines[top])
    columns = instrument_columns(form.key)
    if columns and len(header) in (len(columns) + 2, len(columns) + 3) and _positional(header):
        rows = read_robvis(text, robvis_tool(form.key))
        return ImportedTable(
            form.key, tuple(_from_robvis(item, form, number) for number, item in enumerate(rows, 2)), ()
        )
    return _by_heading(form, header, lines[top + 1 :], top + 2)


def _tidy(cells: Sequence[str]) -> list[str]:
    """Headings with single spaces and straight apostrophes."""
    return [" ".join(cell.replace("\u2019", "'").split()) for cell in cells]


def _header_line(form: Instrument, lines: Sequence[Sequence[str]]) -> int:
    """Where the headings stand: the first of the topmost lines that names a study and a domain or question; else the first."""
    for number, cells in enumerate(lines[:_TOP]):
        names = _tidy(cells)
        folded = [name.casefold() for name in names]
        if any(name in folded for name in _STUDY) and any(
            _place(form, name) or _question(form, name) for name in names
        ):
            return number
    return 0


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
_TOP = 5  # lines above the data in which headings are looked for; the RoB 2 workbook has a line of groups above them
_AIMS = {
    "assignment": "assignment",
    "intention-to-treat": "assignment",
    "adher": "adherence",
    "per-protocol": "adherence",
}


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the columns of a sheet hold, by position."""

    study: int
    outcome: int | None
    aim: int | None
    places: dict[int, str]
    algorithm: dict[int, str]
    questions: dict[int, str]
    notes: dict[int, tuple[str, str]]  # domain, and the questions in words

    @property
    def used(self) -> set[int | None]:
        return {self.study, self.outcome, self.aim, *self.places, *self.algorithm, *self.questions, *self.notes}


def _columns(form: Instrument, header: Sequence[str]) -> _Columns:
    folded = [name.casefold() for name in header]
    study = next((folded.index(name) for name in _STUDY if name in folded), None)
    if study is None:
        raise InvalidInput(
            f"the headings are {', '.join(header)}", "one column names the study", "Call it Study", code="B301"
        )
    algorithm = {at: place for at, name in enumerate(folded) if (place := _algorithm(form, name))}
    places = {at: place for at, name in enumerate(folded) if at not in algorithm and (place := _place(form, name))}
    questions = {at: id for at, name in enumerate(header) if (id := _question(form, name))}
    if not places and not questions:
        raise InvalidInput(
            f"the headings are {', '.join(header)}",
            f"columns are domains ({', '.join(dict.fromkeys(d.id for d in form.domains))}) or questions (1.1) of {form.name}", code="B301",
        )  # fmt: skip
    return _Columns(
        study,
        next((folded.index(name) for name in _OUTCOME if name in folded), None),
        folded.index("aim") if "aim" in folded and form.key.startswith("rob2") else None,
        places,
        algorithm,
        questions,
        {at: note for at, name in enumerate(folded) if (note := _note(form, name))},
    )


def _by_heading(form: Instrument, header: Sequence[str], lines: Sequence[Sequence[str]], first: int) -> ImportedTable:
    """The rows below the headings; `first` is the line of the table that the first of them stands on."""
    columns = _columns(form, header)
    rows = []
    for number, cells in enumerate(lines, first):
        padded = [*(cell.strip() for cell in cells), *[""] * (len(header) - len(cells))]
        if not padded[columns.study] and not any(padded[at] for at in (*columns.places, *columns.questions)):
            continue  # a line below the data, such as a count
        rows.append(_row(form, columns, padded, number))
    unused = tuple(name for at, name in enumerate(header) if at not in columns.used and name)
    return ImportedTable(form.key, tuple(rows), unused)


def _row(form: Instrument, columns: _Columns, cells: Sequence[str], number: int) -> Imported:
    support: dict[str, list[str]] = {}
    for at, (domain, about) in columns.notes.items():
        if cells[at]:
            support.setdefault(domain, []).append(f"{about}: {' '.join(cells[at].split())}")
    return Imported(
        cells[columns.study],
        cells[columns.outcome] if columns.outcome is not None else "",
        {place: _judgement(form, place, cells[at], number) for at, place in columns.places.items() if cells[at]},
        {id: cells[at] for at, id in columns.questions.items() if cells[at]},
        number,
        _aim(cells[columns.aim], number) if columns.aim is not None else "",
        {domain: "; ".join(notes) for domain, notes in support.items()},
        {place: _judgement(form, place, cells[at], number) for at, place in columns.algorithm.items() if cells[at]},
    )


def _aim(words: str, row: int) -> str:
    """The aim in the words of RoB 2: "assignment to intervention (the 'intention-to-treat' effect)"."""
    if not words:
        return ""
    for part, aim in _AIMS.items():
        if part in words.casefold():
            return aim
    raise InvalidInput(
        f"row {row}: the aim is {words!r}", "it is assignment to intervention, or adhering to it", code="B301"
    )


def _algorithm(form: Instrument, heading: str) -> str:
    """The domain or "overall" that a column of the workbook's own algorithm is about; empty for any other heading."""
    if heading in ("algorithm's overall judgement", "algorithm's overall judgment"):
        return "overall"
    found = re.fullmatch(r"(\d+[a-z]?)\.0 algorithm('s)? (result|judge?ment)", heading)
    return _numbered(form, found[1]) if found else ""


def _note(form: Instrument, heading: str) -> tuple[str, str] | None:
    """The domain and the questions that a heading such as "Note for 1.1&1.2" is about."""
    found = re.fullmatch(r"notes? for ((\d+[a-z]?)\.\d+(?:\s*[&,]\s*\d+[a-z]?\.\d+)*)", heading)
    domain = _numbered(form, found[2]) if found else ""
    return (domain, ", ".join(re.split(r"\s*[&,]\s*", found[1]))) if found and domain else None


def _numbered(form: Instrument, number: str) -> str:
    return next((domain.id for domain in form.domains if domain.id.casefold() == f"d{number}"), "")


def _place(form: Instrument, heading: str) -> str:
    """The domain that a heading names, or "overall"; empty for any other heading."""
    heading = heading.casefold()
    if found := re.fullmatch(r"(\d+[a-z]?)\.0 assessor'?s? judge?ment", heading):
        return _numbered(form, found[1])
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
