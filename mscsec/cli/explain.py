"""`mscsec explain CODE`: what a problem code means and what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from mscsec.cli import options as opt
from mscsec.cli.output import document, emit, json_text, table, width, wrap
from mscsec.codes import CODES
from mscsec.registry import choose

CodeName = Annotated[
    str | None, typer.Argument(metavar="CODE", help="A code such as R205. Without one, all codes are listed.")
]


def command(code: CodeName = None, json: opt.AsJson = False) -> None:
    """Explain a problem code, or list all of them.

    \b
    Examples:
      mscsec explain R205
      mscsec explain
    """
    rooms = list(dict.fromkeys(key[0] for key in CODES))
    listed = sorted(CODES.values(), key=lambda row: (rooms.index(row.key[0]), row.key))
    rows = [choose(CODES, code, "code")] if code else listed
    if json:
        emit(json_text(document("codes", codes=rows)))
    elif code:
        emit(f"{rows[0].key}  {rows[0].title}\n\n" + "\n".join(wrap(rows[0].explanation, width())) + "\n")
    else:
        emit("\n".join(table(["Code", "Meaning"], [[row.key, row.title] for row in rows])) + "\n")
