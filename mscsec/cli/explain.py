"""`mscsec explain`: what a problem code means, and every key of a study record or the protocol."""

from __future__ import annotations

from typing import Annotated

import typer

from mscsec.cli import options as opt
from mscsec.cli.output import document, emit, json_text, table, width, wrap
from mscsec.codes import CODES
from mscsec.errors import UsageError
from mscsec.registry import choose

CodeName = Annotated[
    str | None,
    typer.Argument(
        metavar="[CODE|study|review]",
        help="A code such as R205, or study or review for every key of such a file. Without one, all codes are listed.",
        show_default=False,
    ),
]
AsSchema = Annotated[
    bool, typer.Option("--schema", help="With study or review: the JSON Schema, for editors that complete and check.")
]
FILES = ("study", "review")


def command(code: CodeName = None, schema: AsSchema = False, json: opt.AsJson = False) -> None:
    """Explain a problem code, list all of them, or list every key of a study record or the protocol.

    \b
    Examples:
      mscsec explain R205
      mscsec explain study
      mscsec explain review --schema > review.schema.json
      mscsec explain
    """
    if code in FILES:
        _explain_file(code, schema, json)
        return
    if schema:
        raise UsageError("--schema belongs to mscsec explain study, or review")
    rooms = list(dict.fromkeys(key[0] for key in CODES))
    listed = sorted(CODES.values(), key=lambda row: (rooms.index(row.key[0]), row.key))
    rows = [choose(CODES, code, "code")] if code else listed
    if json:
        emit(json_text(document("codes", codes=rows)))
    elif code:
        emit(f"{rows[0].key}  {rows[0].title}\n\n" + "\n".join(wrap(rows[0].explanation, width())) + "\n")
    else:
        emit("\n".join(table(["Code", "Meaning"], [[row.key, row.title] for row in rows])) + "\n")


def _explain_file(kind: str, schema: bool, json: bool) -> None:
    """Every key of one kind of file: as text, as data, or as a JSON Schema."""
    from mscsec.records.fields import ROOTS, sections
    from mscsec.records.schema import review_schema, schema_text, study_schema

    if schema:
        emit(schema_text(study_schema() if kind == "study" else review_schema()))
        return
    found = sections(ROOTS[kind])
    if json:
        emit(json_text(document("fields", file=kind, sections=found)))
        return
    cells = width()
    lines = wrap(
        "Where a number stands, {value: 10, assumed: why} or {value: 10, source: {where: ...}} may stand too; null is the same as leaving a key out. * is required. A name with a capital is a section below.",
        cells,
    )
    for section in found:
        lines += ["", section.name]
        for paragraph in section.text.split("\n\n"):
            lines += wrap(f"  {' '.join(paragraph.split())}", cells, "  ")
        room = max(len(row.key) for row in section.rows) + 1
        for row in section.rows:
            lines += wrap(
                f"    {row.key + ('*' if row.required else ''):<{room}}  {row.value}", cells, " " * (room + 6)
            )
    emit("\n".join(lines) + "\n")
